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
    recorded: Vec<Recorded>,
}

/// Which channels a record node keeps of a stream.
#[derive(Debug)]
struct Recorded {
    /// `nodeId` of the record node.
    node: String,
    stream: String,
    /// A digit for each channel.
    state: String,
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
        let nodes = processors.iter().filter(|p| called(p, "Record Node"));
        Ok(Self {
            probes: (!probes.is_empty()).then_some(entries),
            recorded: nodes.flat_map(|node| recorded(node)).collect(),
        })
    }

    /// Which of the channels a stream has the record node keeps; `None` for all.
    fn kept(&self, node: &str, stream: &str) -> Option<Vec<usize>> {
        let id = node.rsplit(' ').next().unwrap_or_default();
        let mine = |recorded: &&Recorded| recorded.node == id && recorded.stream == stream;
        let first = |recorded: &&Recorded| recorded.stream == stream;
        let recorded = self.recorded.iter().find(mine).or_else(|| self.recorded.iter().find(first))?;
        let on = recorded.state.bytes().enumerate().filter(|(_, digit)| *digit == b'1');
        Some(on.map(|(channel, _)| channel).collect())
    }
}

fn recorded(node: &Element) -> Vec<Recorded> {
    let Some(parameters) = node.child("CUSTOM_PARAMETERS") else { return Vec::new() };
    let one = |stream: &Element| {
        let state = stream.get("recording_state")?;
        let digits = !state.is_empty() && state.bytes().all(|digit| matches!(digit, b'0' | b'1'));
        digits.then(|| Recorded {
            node: node.get("nodeId").or_else(|| node.get("NodeId")).unwrap_or_default().to_owned(),
            stream: stream.get("name").unwrap_or_default().to_owned(),
            state: state.to_owned(),
        })
    };
    parameters.all("STREAM").filter_map(one).collect()
}

#[cfg(test)]
mod tests;
