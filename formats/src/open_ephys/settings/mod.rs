//! `settings.xml`: the signal chain, and in it the probes.

mod chain;
mod columns;
mod entry;
mod name;
mod onix;
pub(super) mod opto;
pub(super) mod xml;

use std::{fs::File, io::Read};

use adt_model::{Class, Fault};
use camino::Utf8Path;

use chain::Chain;
use entry::Source;
pub(super) use entry::probe_of;
pub(super) use name::Wanted;
use xml::Element;

/// A probe takes about 25 kB; anything near this is no settings file.
pub(super) const LONGEST: u64 = 32 << 20;

/// Processors that probes are connected to have one of these in their names, in any letter case.
const SYSTEMS: [&str; 3] = ["neuropix-pxi", "onebox", "onix"];

/// What a settings file says about probes.
#[derive(Debug)]
pub(super) struct Settings {
    sources: Vec<Source>,
    chains: Vec<Chain>,
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
        let processors = root.all("SIGNALCHAIN").flat_map(|chain| chain.all("PROCESSOR"));
        let is_system = |processor: &&Element| {
            let name = processor.get("name").unwrap_or_default().to_ascii_lowercase();
            SYSTEMS.iter().any(|word| name.contains(word))
        };
        let sources = processors.filter(is_system).map(|processor| Source::of(processor, gui.as_ref()));
        Ok(Self { sources: sources.collect(), chains: root.all("SIGNALCHAIN").map(Chain::of).collect() })
    }
}

fn node_id(processor: &Element) -> &str {
    processor.get("nodeId").unwrap_or_default()
}

#[cfg(test)]
mod tests;
