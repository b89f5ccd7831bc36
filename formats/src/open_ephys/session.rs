use std::collections::{BTreeMap, BTreeSet};

use adt_model::{Class, Fault, Pulse};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Channel, Experiment, Problem, Segment, Stream, StreamName,
    aligned::SyncStates,
    channel::{ChannelKind, number_repeated},
    oebin::{self, Continuous, Structure},
    place::Place,
    probes::Probes,
    recording,
    tree::Tree,
};
use crate::{
    SteadyFile,
    folder::{Entry, Rules},
};

/// A folder with recordings of the Open Ephys GUI in its binary format, from 0.4 on.
#[derive(Clone, Debug)]
pub struct Session {
    /// The folder.
    pub root: Utf8PathBuf,
    /// What of it is taken along.
    pub rules: Rules,
    /// By number.
    pub experiments: Vec<Experiment>,
    /// What is odd, and what could not be read.
    pub problems: Vec<Problem>,
}

/// A recording that was found, and its file.
struct Found<'a> {
    place: Place,
    oebin: &'a Entry,
    structure: Structure,
}

impl Session {
    /// Looks through the whole folder; of the samples nothing is read. Beats once for each thing met.
    ///
    /// A folder without a single `structure.oebin` is `Missing`. Everything else that is wrong becomes one of
    /// [`Session::problems`], and the rest is read.
    pub fn open(root: &Utf8Path, rules: &Rules, pulse: &dyn Pulse) -> Result<Self, Fault> {
        let tree = Tree::survey(root, rules, pulse)?;
        let absolute = root
            .canonicalize_utf8()
            .map_err(|error| Fault::io(format!("`{root}` cannot be found"), error))?;
        if tree.named("structure.oebin").next().is_none() {
            return Err(nothing(tree));
        }
        let mut problems: Vec<_> =
            tree.faults.iter().map(|fault| Problem::unread(root, fault.clone())).collect();
        let mut claimed = BTreeSet::new();
        let mut found = Vec::new();
        for entry in tree.named("structure.oebin") {
            pulse.beat(0)?;
            match recording(&absolute, entry) {
                Ok(one) => {
                    problems.extend(one.structure.has_rest.then(|| rest(entry)));
                    found.push(one);
                }
                Err(fault) => {
                    let folder = entry.key.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
                    claimed.extend(tree.below(folder).map(|entry| entry.key.clone()));
                    problems.push(Problem::unread(&entry.path, fault));
                }
            }
        }
        let experiments = experiments(&tree, found, &mut claimed, &mut problems);
        for dat in tree.named("continuous.dat").filter(|dat| !claimed.contains(&dat.key)) {
            let what = format!("`{}` is described by no `structure.oebin`", dat.path);
            problems.push(Problem::unread(&dat.path, Fault::new(Class::Missing, what)));
        }
        let mut session = Self { root: root.to_owned(), rules: rules.clone(), experiments, problems };
        session.uneven();
        Ok(session)
    }

    /// All streams, experiment by experiment.
    pub fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.experiments.iter().flat_map(|experiment| &experiment.streams)
    }

    /// Notes streams that only some of the experiments have: often on purpose, and neo reads no such session.
    fn uneven(&mut self) {
        let all: BTreeSet<_> = self.streams().map(|stream| stream.name.clone()).collect();
        let mut notes = Vec::new();
        for experiment in &self.experiments {
            for name in &all {
                if experiment.streams.iter().all(|stream| stream.name != *name) {
                    let what =
                        format!("`{}` has no stream `{name}`, which another experiment has", experiment.name);
                    notes.push(Problem::noted(&self.root, Fault::new(Class::Missing, what)));
                }
            }
        }
        self.problems.append(&mut notes);
    }
}

fn rest(oebin: &Entry) -> Problem {
    let what = format!("`{}` has more text after the description of the recording", oebin.path);
    let help = "the description is read, and the rest is not: the end of an older file, as a crash leaves it";
    Problem::noted(&oebin.path, Fault::new(Class::Corrupt, what).help(help))
}

fn nothing(tree: Tree) -> Fault {
    if let Some(fault) = tree.faults.into_iter().next() {
        return fault;
    }
    let fault = Fault::new(Class::Missing, format!("`{}` holds no recording of Open Ephys", tree.root));
    match tree.older {
        Some(file) => fault
            .help(format!("`{file}` is of the older format, which is not read; record in the binary format")),
        None => fault.help("a recording has a `structure.oebin` in …/experiment1/recording1"),
    }
}

fn recording<'a>(root: &Utf8Path, entry: &'a Entry) -> Result<Found<'a>, Fault> {
    let corrupt = |why: String| Fault::new(Class::Corrupt, format!("`{}` is not read: {why}", entry.path));
    let place = Place::of(root, entry.key.as_str()).map_err(corrupt)?;
    if entry.size > oebin::LONGEST {
        return Err(corrupt(format!("{} bytes are too many for a description", entry.size)));
    }
    let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
    let mut bytes = vec![0; entry.size as usize];
    file.read_at(0, &mut bytes)?;
    file.finish()?;
    let structure = oebin::parse(&bytes).map_err(|error| {
        Fault::new(Class::Corrupt, format!("`{}` does not describe a recording", entry.path)).because(error)
    })?;
    Ok(Found { place, oebin: entry, structure })
}

/// Recordings by experiment, and their streams.
fn experiments(
    tree: &Tree,
    mut found: Vec<Found>,
    claimed: &mut BTreeSet<adt_model::Key>,
    problems: &mut Vec<Problem>,
) -> Vec<Experiment> {
    if !apart(&found) {
        for one in &mut found {
            one.place.acquisition.clear();
        }
    }
    let mut groups: BTreeMap<(String, u64, String), Vec<Found>> = BTreeMap::new();
    for one in found {
        let place = &one.place;
        let key = (place.acquisition.clone(), place.experiment_number, place.experiment.clone());
        groups.entry(key).or_default().push(one);
    }
    let (mut probes, mut states) = (Probes::default(), SyncStates::default());
    let mut made = Vec::new();
    for ((acquisition, number, name), mut group) in groups {
        group.sort_by(|a, b| {
            let order = |one: &Found| (one.place.recording_number, one.place.node.clone());
            order(a).cmp(&order(b))
        });
        let mut experiment =
            Experiment { name, number, acquisition, recordings: Vec::new(), streams: Vec::new() };
        for one in &group {
            experiment.recordings.push(recording::recording(tree, &one.place, &one.structure.gui_version));
            add(tree, one, &mut experiment, claimed, problems);
        }
        for stream in &mut experiment.streams {
            probes.find(stream);
            stream.sync_status = states.of(stream);
        }
        recording::gaps(&experiment, tree, problems);
        experiment.streams.sort_by(|a, b| a.name.cmp(&b.name));
        made.push(experiment);
    }
    problems.extend(probes.problems());
    made
}

/// Whether several acquisitions lie in the folder, so that one experiment of one node is there twice. Nodes that were only kept in
/// folders of their own are one acquisition.
fn apart(found: &[Found]) -> bool {
    let mut seen = BTreeMap::new();
    found.iter().any(|one| {
        let Place { acquisition, node, experiment, .. } = &one.place;
        seen.insert((node, experiment), acquisition).is_some_and(|other| other != acquisition)
    })
}

/// Adds one recording's streams.
fn add(
    tree: &Tree,
    found: &Found,
    experiment: &mut Experiment,
    claimed: &mut BTreeSet<adt_model::Key>,
    problems: &mut Vec<Problem>,
) {
    let place = &found.place;
    let mut names = BTreeSet::new();
    for entry in &found.structure.continuous {
        let parts = [place.key.as_str(), "continuous", &entry.folder];
        let folder = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
        let dat = tree.file(&format!("{folder}/continuous.dat"));
        claimed.extend(dat.map(|dat| dat.key.clone()));
        if entry.is_off && dat.is_none_or(|dat| dat.size == 0) {
            let what = format!(
                "`{}`: the stream `{}` has no channels; nothing of it was recorded",
                found.oebin.path, entry.folder
            );
            problems.push(Problem::noted(&found.oebin.path, Fault::new(Class::Missing, what)));
            continue;
        }
        let new = names.insert(place.stream_name(&entry.folder));
        let read = || {
            let oebin = &found.oebin.path;
            let corrupt = |why: &str| Fault::new(Class::Corrupt, format!("`{oebin}`: {why}"));
            let described = entry.stream.as_ref().map_err(|why| corrupt(why))?;
            if !new {
                return Err(corrupt(&format!("the stream `{}` is there twice", entry.folder)));
            }
            let recording = (place.recording.as_str(), place.recording_number);
            let segment = Segment::of(tree, recording, folder, described, problems)?;
            join(experiment, found, described, segment, problems)
        };
        if let Err(fault) = read() {
            let stream = StreamName {
                acquisition: place.acquisition.clone(),
                experiment: place.experiment.clone(),
                number: place.experiment_number,
                name: place.stream_name(&entry.folder),
            };
            problems.push(Problem::unread(&found.oebin.path, fault).of(stream));
        }
    }
}

/// Makes a segment part of its stream: a new one, or one with the same channels at the same rate.
fn join(
    experiment: &mut Experiment,
    found: &Found,
    described: &Continuous,
    segment: Segment,
    problems: &mut Vec<Problem>,
) -> Result<(), Fault> {
    let mut stream = new_stream(experiment, found, described, segment.columns);
    let repeated = number_repeated(&mut stream.channels);
    if let Some(other) = experiment.streams.iter_mut().find(|other| other.name == stream.name) {
        if let Some(difference) = difference(other, &stream) {
            let what = format!(
                "`{}` has {difference} than the recordings of `{}` before it",
                segment.dat.path, other.name
            );
            return Err(Fault::new(Class::Corrupt, what));
        }
        other.segments.push(segment);
        return Ok(());
    }
    if !repeated.is_empty() {
        let what = format!("`{}` has channels of one name: {}", found.oebin.path, repeated.join(", "));
        problems.push(Problem::noted(&found.oebin.path, Fault::new(Class::Corrupt, what)));
    }
    stream.segments.push(segment);
    experiment.streams.push(stream);
    Ok(())
}

/// What keeps two recordings from being segments of one stream. The free text of a channel does not.
pub(crate) fn difference(first: &Stream, second: &Stream) -> Option<String> {
    let (rate, other) = (first.sample_rate, second.sample_rate);
    if rate.to_bits() != other.to_bits() {
        return Some(format!("another sample rate ({other} Hz, not {rate} Hz)"));
    }
    let (count, others) = (first.channels.len(), second.channels.len());
    if count != others {
        return Some(format!("another number of channels ({others}, not {count})"));
    }
    let mut pairs = first.channels.iter().zip(&second.channels);
    let (one, other) = pairs.find(|(one, other)| !one.is_like(other))?;
    let name = if one.name == other.name {
        format!("`{}`", one.name)
    } else {
        format!("`{}` in place of `{}`", other.name, one.name)
    };
    Some(format!("another channel ({name}: {other}, not {one})"))
}

fn new_stream(experiment: &Experiment, found: &Found, described: &Continuous, columns: usize) -> Stream {
    let source = format!("{} {}", described.source_processor_name, described.folder_name);
    let mut channels: Vec<_> =
        described.channels.iter().take(columns).map(|channel| Channel::new(channel, &source)).collect();
    channels.extend((channels.len()..columns).map(|column| Channel::undescribed(column + 1)));
    let last = described.folder_name.rsplit('/').next().unwrap_or_default();
    let own = last.split_once('.').map_or(last, |(_, own)| own);
    Stream {
        name: found.place.stream_name(&described.folder_name),
        node: found.place.node.clone(),
        experiment: experiment.name.clone(),
        acquisition: experiment.acquisition.clone(),
        source: described.source_processor_name.clone(),
        own_name: if described.stream_name.is_empty() {
            own.to_owned()
        } else {
            described.stream_name.clone()
        },
        sample_rate: described.sample_rate,
        channels,
        segments: Vec::new(),
        settings: found.place.settings(),
        sync_status: None,
        probe: None,
    }
}

impl Stream {
    /// Names of the channels that are electrodes.
    pub(super) fn electrodes(&self) -> Vec<&str> {
        let electrodes = self.channels.iter().filter(|channel| channel.kind == ChannelKind::Electrode);
        electrodes.map(|channel| channel.name.as_str()).collect()
    }

    /// Which electrodes they are, where `structure.oebin` says it of each.
    pub(super) fn electrode_numbers(&self) -> Option<Vec<u32>> {
        let electrodes = self.channels.iter().filter(|channel| channel.kind == ChannelKind::Electrode);
        electrodes.map(|channel| channel.electrode).collect()
    }
}
