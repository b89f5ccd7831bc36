use std::collections::BTreeMap;

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Problem, Stream,
    settings::{self, Settings, Wanted, probe_of},
};

/// Streams that a note names.
const NAMED: usize = 4;

/// Finds the probes of streams; each settings file is read once, and what is odd about a probe is said once.
#[derive(Debug, Default)]
pub(super) struct Probes {
    read: BTreeMap<Utf8PathBuf, Result<Settings, String>>,
    /// By probe and what there is to say, in this order: the streams that it is true of.
    notes: Vec<Note>,
}

#[derive(Debug)]
struct Note {
    /// See [`key`]; empty where it is true of a whole settings file.
    probe: (String, String),
    what: What,
    streams: Vec<String>,
    files: Vec<Utf8PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// Why there are no positions.
    Missing(String),
    /// What a person should know about them.
    Odd(String),
}

impl Probes {
    /// Gives a Neuropixels stream its probe, or notes why it has none.
    pub(super) fn find(&mut self, stream: &mut Stream) {
        if !is_neuropixels(stream) {
            return;
        }
        let settings = self.read.entry(stream.settings.clone()).or_insert_with(|| read(&stream.settings));
        let wanted = Wanted {
            node: &stream.node,
            name: &stream.name,
            stream: &stream.own_name,
            sample_rate: stream.sample_rate,
            channels: stream.electrodes(),
            electrodes: stream.electrode_numbers(),
        };
        let matched = settings.as_ref().map_err(Clone::clone).and_then(|settings| settings.probe(&wanted));
        match matched {
            Ok(matched) => {
                matched.notes.into_iter().for_each(|note| self.note(stream, What::Odd(note)));
                stream.probe = Some(matched.probe);
            }
            Err(why) => self.note(stream, What::Missing(why)),
        }
    }

    fn note(&mut self, stream: &Stream, what: What) {
        let is_of_file = self.read.get(&stream.settings).is_none_or(Result::is_err);
        let probe = if is_of_file { (String::new(), String::new()) } else { key(stream) };
        let place = self.notes.iter().position(|note| note.probe == probe && note.what == what);
        let place = place.unwrap_or_else(|| {
            self.notes.push(Note { probe, what, streams: Vec::new(), files: Vec::new() });
            self.notes.len() - 1
        });
        let note = &mut self.notes[place];
        if !note.streams.contains(&stream.name) {
            note.streams.push(stream.name.clone());
        }
        if !note.files.contains(&stream.settings) {
            note.files.push(stream.settings.clone());
        }
    }

    /// One note for each probe and cause, over all bands, record nodes, recordings and experiments.
    pub(super) fn problems(self) -> impl Iterator<Item = Problem> {
        self.notes.into_iter().map(|note| {
            let file = note.files.first().cloned().unwrap_or_default();
            let others = match note.files.len() {
                0 | 1 => String::new(),
                2 => " and 1 other settings file".to_owned(),
                count => format!(" and {} other settings files", count - 1),
            };
            let named: Vec<_> = note.streams.iter().take(NAMED).map(|stream| format!("`{stream}`")).collect();
            let more = note.streams.len() - named.len();
            let word = if note.streams.len() == 1 { "stream" } else { "streams" };
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let streams = format!("{word} {}{more}", named.join(", "));
            let fault = match note.what {
                What::Missing(why) => {
                    let what = format!("no electrode positions for the {streams}: {why} (`{file}`{others})");
                    let help = "the samples are stored without a probe: give one with `probe_file`, or attach it when you load the recording";
                    Fault::new(Class::Missing, what).help(help)
                }
                What::Odd(what) => {
                    Fault::new(Class::Corrupt, format!("electrodes of the {streams}: {what} (`{file}`{others})"))
                }
            };
            Problem::noted(file, fault)
        })
    }
}

/// Processor and name of a probe, without node and band.
fn key(stream: &Stream) -> (String, String) {
    let folder = stream.name.rsplit('#').next().unwrap_or_default();
    let source = folder.strip_suffix(stream.own_name.as_str()).unwrap_or_default();
    (source.to_owned(), probe_of(&stream.own_name).to_owned())
}

/// Streams of probes: those of a Neuropixels system that have electrodes, which the converters of a `OneBox` do not. An ONIX system has other devices
/// too, so the stream must be called after a probe.
fn is_neuropixels(stream: &Stream) -> bool {
    let [source, name, own] =
        [&stream.source, &stream.name, &stream.own_name].map(|text| text.to_ascii_lowercase());
    let device = |word: &str| source.contains(word) || name.contains(word);
    let is_probe =
        if device("onix") { own.contains("probe") } else { device("neuropix") || device("onebox") };
    is_probe && !stream.electrodes().is_empty()
}

/// What a settings file says, or why it says nothing.
fn read(path: &Utf8Path) -> Result<Settings, String> {
    if let Ok(false) = path.try_exists() {
        return Err("there is no settings file".to_owned());
    }
    let text = settings::text(path).map_err(|fault| fault.line())?;
    Settings::parse(&text).map_err(|error| error.to_string())
}
