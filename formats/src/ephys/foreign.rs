//! Formats that are not read, by the names of their files.

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};

use crate::folder::Entry;

/// Ending, format, and what to do instead.
const ENDINGS: [(&str, &str, &str); 9] = [
    ("continuous", "the older format of Open Ephys (`.continuous`)", "record in the GUI's binary format"),
    ("rhd", "Intan's format (`.rhd`)", "record with the Open Ephys GUI in its binary format"),
    ("rhs", "Intan's format (`.rhs`)", "record with the Open Ephys GUI in its binary format"),
    (
        "nwb",
        "the NWB format",
        "take the recording that it was made from, or record in the GUI's binary format",
    ),
    ("nev", "Blackrock's format", "take a recording of the Open Ephys GUI (binary format) or of SpikeGLX"),
    ("ns5", "Blackrock's format", "take a recording of the Open Ephys GUI (binary format) or of SpikeGLX"),
    ("ns6", "Blackrock's format", "take a recording of the Open Ephys GUI (binary format) or of SpikeGLX"),
    ("ncs", "Neuralynx's format", "take a recording of the Open Ephys GUI (binary format) or of SpikeGLX"),
    ("plx", "Plexon's format", "take a recording of the Open Ephys GUI (binary format) or of SpikeGLX"),
];

/// How Bonsai's ONIX workflows name what they write: `np2-a-amplifier_0.raw`, `rhd2164-clock_0.raw`.
const ONIX: [&str; 5] = ["amplifier", "clock", "hubclock", "np1", "np2"];

/// The first file of a format that is not read.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    first: Option<(Utf8PathBuf, &'static str, &'static str)>,
}

impl Foreign {
    pub(super) fn see(&mut self, entry: &Entry) {
        if self.first.is_none()
            && let Some((format, help)) = format(entry.key.file_name())
        {
            self.first = Some((entry.path.clone(), format, help));
        }
    }

    /// Why nothing is read from a folder.
    pub(super) fn nothing(self, root: &Utf8Path) -> Fault {
        let what = format!("`{root}` holds no recording of Open Ephys (binary format) or SpikeGLX");
        let fault = Fault::new(Class::Missing, what);
        match self.first {
            Some((file, format, help)) => fault.help(format!("`{file}` is in {format}, which adt does not read; {help}")),
            None => fault.help(
                "a recording of Open Ephys has a `structure.oebin` in …/experiment1/recording1, one of SpikeGLX `.bin` files with `.meta` files",
            ),
        }
    }
}

fn format(name: &str) -> Option<(&'static str, &'static str)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    if let Some((_, format, help)) = ENDINGS.iter().find(|(known, ..)| *known == ending) {
        return Some((format, help));
    }
    let is_onix = ending == "raw" && ONIX.iter().any(|word| stem.to_ascii_lowercase().contains(word));
    is_onix.then_some((
        "the raw format of ONIX (Bonsai)",
        "record with the ONIX Source of the Open Ephys GUI in its binary format",
    ))
}
