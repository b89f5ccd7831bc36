//! `settings.xml`: the signal chain, and in it the probes.

mod entry;
mod name;
pub(super) mod opto;
pub(super) mod xml;

use std::{fs::File, io::Read};

use adt_model::{Class, Fault};
use camino::Utf8Path;

use entry::ProbeEntry;
pub(super) use name::Wanted;
use xml::Element;

/// A probe takes about 25 kB; anything near this is no settings file.
pub(super) const LONGEST: u64 = 32 << 20;

/// What a settings file says about probes.
#[derive(Debug)]
pub(super) struct Settings {
    /// `None` when no processor of probes is in the chain.
    probes: Option<Vec<ProbeEntry>>,
    /// `nodeId` of each record node.
    record_nodes: Vec<String>,
    recorded: Vec<Recorded>,
}

/// Which channels a record node keeps of a stream.
#[derive(Debug)]
struct Recorded {
    /// `nodeId` of the record node.
    node: String,
    stream: String,
    /// `nodeId` of the processor that the stream comes from, where the settings say it.
    source: Option<String>,
    /// A digit for each channel; `None` for all.
    state: Option<String>,
}

/// Dotted numbers, as far as they are numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(Vec<u32>);

impl Version {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let leading = |part: &str| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse::<u32>().ok()
        };
        let mut numbers: Vec<_> = text.trim().trim_start_matches('v').split('.').map_while(leading).collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        text.trim().trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()).then_some(Self(numbers))
    }
}

/// The text of a settings file; bytes that are no UTF-8 become `�`.
pub(super) fn text(path: &Utf8Path) -> Result<String, Fault> {
    let cannot = |error| Fault::io(format!("`{path}` cannot be read"), error);
    let mut bytes = Vec::new();
    File::open(path).map_err(cannot)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        let what = format!("`{path}` is longer than any settings file ({} MiB)", LONGEST >> 20);
        return Err(Fault::new(Class::Corrupt, what));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

impl Settings {
    /// Wrong electrodes of Neuropixels Opto probes are put right on the way, see [`opto::corrected`].
    pub(super) fn parse(text: &str) -> Result<Self, xml::XmlError> {
        let corrected = opto::corrected(text)?;
        let root = Element::parse(corrected.as_deref().unwrap_or(text))?;
        let gui = root.child("INFO").and_then(|info| info.child("VERSION"));
        let gui = gui.and_then(|version| Version::parse(&version.text));
        let processors: Vec<_> = root.all("SIGNALCHAIN").flat_map(|chain| chain.all("PROCESSOR")).collect();
        let called = |p: &&&Element, word: &str| p.get("name").is_some_and(|name| name.contains(word));
        let probes: Vec<_> =
            processors.iter().filter(|p| called(p, "Neuropix-PXI") || called(p, "OneBox")).collect();
        let entries = probes.iter().flat_map(|processor| entry::entries(processor, gui.as_ref())).collect();
        let nodes: Vec<_> = processors.iter().filter(|p| called(p, "Record Node")).collect();
        Ok(Self {
            probes: (!probes.is_empty()).then_some(entries),
            record_nodes: nodes.iter().map(|node| node_id(node).to_owned()).collect(),
            recorded: nodes.iter().flat_map(|node| recorded(node)).collect(),
        })
    }

    /// Which of the channels a stream has the record node keeps; `None` for all.
    ///
    /// A record node that the settings know counts alone, whatever others keep. The folder of a node may have been renamed: then the
    /// only record node of the settings counts.
    fn kept(&self, wanted: &Wanted) -> Option<Vec<usize>> {
        let id = wanted.node.rsplit(' ').next().unwrap_or_default();
        let known = self.record_nodes.iter().any(|node| node == id);
        let id = match self.record_nodes.as_slice() {
            [only] if !known => only,
            _ => id,
        };
        let source = wanted.processor();
        let of_source = |recorded: &Recorded| match (&recorded.source, source) {
            (Some(its), Some(wanted)) => its == wanted,
            _ => true,
        };
        let mine = |recorded: &&Recorded| {
            recorded.node == id && recorded.stream == wanted.stream && of_source(recorded)
        };
        let state = self.recorded.iter().find(mine)?.state.as_ref()?;
        let on = state.bytes().enumerate().filter(|(_, digit)| *digit == b'1');
        Some(on.map(|(channel, _)| channel).collect())
    }
}

fn node_id(processor: &Element) -> &str {
    processor.get("nodeId").or_else(|| processor.get("NodeId")).unwrap_or_default()
}

fn recorded(node: &Element) -> Vec<Recorded> {
    let Some(parameters) = node.child("CUSTOM_PARAMETERS") else { return Vec::new() };
    let one = |stream: &Element| {
        let state = stream.get("recording_state")?;
        let digits = !state.is_empty() && state.bytes().all(|digit| matches!(digit, b'0' | b'1'));
        Some(Recorded {
            node: node_id(node).to_owned(),
            stream: stream.get("name").unwrap_or_default().to_owned(),
            source: stream.get("source_node_id").map(str::to_owned),
            state: digits.then(|| state.to_owned()),
        })
    };
    parameters.all("STREAM").filter_map(one).collect()
}

#[cfg(test)]
mod tests;
