use std::collections::BTreeMap;

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Problem, Stream,
    settings::{self, Settings, Wanted},
};

/// Finds the probes of streams; each settings file is read once.
#[derive(Debug, Default)]
pub(super) struct Probes {
    read: BTreeMap<Utf8PathBuf, Option<Settings>>,
}

impl Probes {
    /// Gives a Neuropixels stream its probe, or notes why it has none.
    pub(super) fn find(&mut self, stream: &mut Stream, problems: &mut Vec<Problem>) {
        if !is_neuropixels(stream) {
            return;
        }
        let settings =
            self.read.entry(stream.settings.clone()).or_insert_with(|| match read(&stream.settings) {
                Ok(settings) => Some(settings),
                Err(fault) => {
                    problems.push(Problem::noted(&stream.settings, fault));
                    None
                }
            });
        // Its absence is told already.
        let Some(settings) = settings else { return };
        let wanted = Wanted {
            node: &stream.node,
            name: &stream.name,
            stream: &stream.own_name,
            sample_rate: stream.sample_rate,
            channels: stream.electrodes(),
            electrodes: stream.electrode_numbers(),
        };
        match settings.probe(&wanted) {
            Ok(probe) => stream.probe = Some(probe),
            Err(why) => {
                let what =
                    format!("`{}` tells no probe of the stream `{}`: {why}", stream.settings, stream.name);
                let help = "the stream is read without positions of its electrodes";
                problems.push(Problem::noted(&stream.settings, Fault::new(Class::Missing, what).help(help)));
            }
        }
    }
}

fn is_neuropixels(stream: &Stream) -> bool {
    let device = |word: &str| stream.source.contains(word) || stream.name.contains(word);
    (device("Neuropix") || device("OneBox"))
        && !stream.own_name.contains("ADC")
        && !stream.electrodes().is_empty()
}

fn read(path: &Utf8Path) -> Result<Settings, Fault> {
    let text = settings::text(path)?;
    Settings::parse(&text).map_err(|error| {
        Fault::new(Class::Corrupt, format!("`{path}` tells nothing about probes")).because(error)
    })
}
