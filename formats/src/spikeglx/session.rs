use std::collections::{BTreeMap, BTreeSet};

use adt_model::{Class, Fault, Pulse};

use super::{
    name::{Name, Trigger},
    pair::Pair,
    survey::Survey,
};
use crate::{
    folder::Rules,
    open_ephys::{self, Experiment, Problem, Recording, Session, Stream, number_repeated},
};

/// What makes files of one experiment: where the run is, its name, and whether CatGT joined its triggers.
type Run = (String, String, bool);

impl Survey {
    /// The recordings of SpikeGLX; of the samples nothing is read. Everything that is wrong becomes one of [`Session::problems`].
    pub(crate) fn session(&self, rules: &Rules, pulse: &dyn Pulse) -> Result<Session, Fault> {
        let mut problems: Vec<_> =
            self.faults.iter().map(|fault| Problem::unread(&self.root, fault.clone())).collect();
        let mut pairs = Vec::new();
        for files in self.files(pulse, &mut problems)? {
            let mut notes = Vec::new();
            let path = &files.entry.path;
            match Pair::of(&files.bin, &files.entry, &files.meta, &mut notes) {
                Ok(pair) => {
                    let fault = |note: &String| Fault::new(Class::Corrupt, format!("`{path}`: {note}"));
                    problems.extend(notes.iter().map(|note| Problem::noted(path, fault(note))));
                    pairs.push(pair);
                }
                Err(fault) => problems.push(Problem::unread(&files.bin.path, fault)),
            }
        }
        let experiments = experiments(pairs, &mut problems);
        Ok(Session { root: self.root.clone(), rules: rules.clone(), experiments, problems })
    }
}

fn experiments(pairs: Vec<Pair>, problems: &mut Vec<Problem>) -> Vec<Experiment> {
    let apart = apart(&pairs);
    let mut runs: BTreeMap<Run, Vec<Pair>> = BTreeMap::new();
    for pair in pairs {
        let place = if apart { acquisition(&pair) } else { String::new() };
        runs.entry((place, pair.name.run.clone(), pair.name.is_catgt())).or_default().push(pair);
    }
    let numbered = (1..).zip(runs);
    numbered.map(|(number, (run, pairs))| experiment(number, run, pairs, problems)).collect()
}

/// Whether one file of a run is there twice, in folders of different places. The probes of one run may be in several places.
fn apart(pairs: &[Pair]) -> bool {
    let mut seen = BTreeMap::new();
    pairs.iter().any(|pair| {
        let place = acquisition(pair);
        let Name { run, gate, trigger, device } = &pair.name;
        seen.insert((run, gate, trigger, device), place.clone()).is_some_and(|other| other != place)
    })
}

/// The folder that the folders of a run (`run_g0`, `catgt_run_g0`, `run_g0_imec0`) are in.
fn acquisition(pair: &Pair) -> String {
    let is_of_run = |part: &str| {
        let part = part.strip_prefix("catgt_").or_else(|| part.strip_prefix("supercat_")).unwrap_or(part);
        part.strip_prefix(pair.name.run.as_str()).is_some_and(|rest| rest.starts_with("_g"))
    };
    let mut parts: Vec<_> = pair.folder.split('/').filter(|part| !part.is_empty()).collect();
    while parts.last().is_some_and(|part| is_of_run(part)) {
        parts.pop();
    }
    parts.join("/")
}

fn experiment(
    number: u64,
    (acquisition, run, is_catgt): Run,
    mut pairs: Vec<Pair>,
    problems: &mut Vec<Problem>,
) -> Experiment {
    pairs.sort_by_key(|pair| (pair.name.gate, pair.name.trigger, pair.name.device.clone()));
    let name = if is_catgt { format!("{run}_tcat") } else { run };
    let mut experiment =
        Experiment { name, number, acquisition, recordings: Vec::new(), streams: Vec::new() };
    let mut parts: Vec<(Option<u64>, Option<Trigger>)> =
        pairs.iter().map(|pair| (pair.name.gate, pair.name.trigger)).collect();
    parts.dedup();
    let (mut probes, mut refused) = (BTreeMap::new(), BTreeSet::new());
    for mut pair in pairs {
        let part = (pair.name.gate, pair.name.trigger);
        pair.segment.number =
            (1..).zip(&parts).find(|(_, known)| **known == part).map_or(0, |(number, _)| number);
        if experiment.recordings.last().is_none_or(|last| last.number != pair.segment.number) {
            experiment.recordings.push(recording(&pair));
        }
        let (path, catgt) = (pair.segment.dat.path.clone(), pair.name.is_catgt());
        let there = (pair.name.device.to_string(), pair.segment.number);
        if let Err(fault) = join(&mut experiment, pair, &mut probes, problems) {
            refused.insert(there);
            problems.push(Problem::unread(&path, fault));
        } else if catgt {
            let what = format!("`{path}` was made by CatGT; it is not what was recorded");
            problems.push(Problem::noted(&path, Fault::new(Class::Corrupt, what)));
        }
    }
    gaps(&experiment, &refused, problems);
    skipped_triggers(&experiment, &parts, problems);
    experiment.streams.sort_by(|a, b| a.name.cmp(&b.name));
    experiment
}

fn recording(pair: &Pair) -> Recording {
    Recording {
        name: pair.name.part(),
        number: pair.segment.number,
        node: String::new(),
        folder: pair.folder.clone(),
        program: "SpikeGLX",
        gui_version: pair.version.clone(),
        events: Vec::new(),
    }
}

/// Makes a pair a segment of its stream: a new one, or one with the same channels of the same probe at the same rate.
fn join(
    experiment: &mut Experiment,
    pair: Pair,
    serials: &mut BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Result<(), Fault> {
    let Pair { name, rate, channels, segment, probe, meta, .. } = pair;
    let device = name.device.to_string();
    let serial = probe.as_ref().map(|probe| probe.serial_number.clone()).unwrap_or_default();
    let mut stream = Stream {
        name: device.clone(),
        node: String::new(),
        experiment: experiment.name.clone(),
        acquisition: experiment.acquisition.clone(),
        source: "SpikeGLX".to_owned(),
        own_name: device.clone(),
        sample_rate: rate,
        channels,
        segments: Vec::new(),
        settings: meta.path.clone(),
        sync_status: None,
        probe,
    };
    let repeated = number_repeated(&mut stream.channels);
    let Some(first) = experiment.streams.iter_mut().find(|other| other.name == device) else {
        if !repeated.is_empty() {
            let what = format!("`{}` has channels of one name: {}", meta.path, repeated.join(", "));
            problems.push(Problem::noted(&meta.path, Fault::new(Class::Corrupt, what)));
        }
        stream.segments.push(segment);
        experiment.streams.push(stream);
        serials.insert(device, serial);
        return Ok(());
    };
    let path = &segment.dat.path;
    if let Some(same) = first.segments.iter().find(|known| known.number == segment.number) {
        let what = format!(
            "`{path}` is not read: `{}` is the same stream at the same gate and trigger",
            same.dat.path
        );
        return Err(Fault::new(Class::Conflict, what).help("keep one of the two in the session's folder"));
    }
    let known = serials.get(&device).map_or("", String::as_str);
    if let Some(difference) = difference(first, &stream, known, &serial) {
        let before = &first.segments[0].dat.path;
        let what =
            format!("`{path}` is not read as a segment of `{device}`: {difference} than in `{before}`");
        return Err(Fault::new(Class::Corrupt, what)
            .help("compress the gates of each setting as a session of their own"));
    }
    first.segments.push(segment);
    Ok(())
}

/// What keeps two files from being segments of one stream.
fn difference(first: &Stream, second: &Stream, serial: &str, other: &str) -> Option<String> {
    if serial != other {
        return Some(format!("it has another probe (serial number `{other}`, not `{serial}`)"));
    }
    if let Some(difference) = open_ephys::difference(first, second) {
        return Some(format!("it has {difference}"));
    }
    let (ours, others) = (first.probe.as_ref()?, second.probe.as_ref()?);
    let differs = ours.contacts.iter().zip(&others.contacts).find(|(a, b)| a != b);
    differs.map(|(a, b)| {
        format!("channel {} is connected to another electrode (`{}`, not `{}`)", a.channel, b.id, a.id)
    })
}

/// Notes streams that have no file for a gate and trigger which others have. A file that was refused is there.
fn gaps(experiment: &Experiment, refused: &BTreeSet<(String, u64)>, problems: &mut Vec<Problem>) {
    for stream in &experiment.streams {
        let read: BTreeSet<_> = stream.segments.iter().map(|segment| segment.number).collect();
        let is_there =
            |number: u64| read.contains(&number) || refused.contains(&(stream.name.clone(), number));
        for recording in experiment.recordings.iter().filter(|recording| !is_there(recording.number)) {
            let what = format!(
                "the run `{}` has no file of the stream `{}` at {}, where other streams have one",
                experiment.name, stream.name, recording.name
            );
            problems.push(Problem::noted(&stream.settings, Fault::new(Class::Missing, what)));
        }
    }
}

/// Notes triggers that are missing between others of their gate, from 0 on.
fn skipped_triggers(
    experiment: &Experiment,
    parts: &[(Option<u64>, Option<Trigger>)],
    problems: &mut Vec<Problem>,
) {
    let mut gates: BTreeMap<Option<u64>, BTreeSet<u64>> = BTreeMap::new();
    for (gate, trigger) in parts {
        if let Some(Trigger::Number(number)) = trigger {
            gates.entry(*gate).or_default().insert(*number);
        }
    }
    for (gate, triggers) in gates {
        let mut expected = 0;
        let mut skipped = Vec::new();
        for trigger in triggers {
            match trigger - expected {
                0 => {}
                1 => skipped.push(format!("t{expected}")),
                _ => skipped.push(format!("t{expected} to t{}", trigger - 1)),
            }
            expected = trigger.saturating_add(1);
        }
        let path = experiment.streams.first().map(|stream| stream.settings.clone());
        if let (false, Some(path)) = (skipped.is_empty(), path) {
            let gate = gate.map(|gate| format!(" at g{gate}")).unwrap_or_default();
            let what = format!("the run `{}`{gate} has no files of {}", experiment.name, skipped.join(", "));
            let help = "copy them from the recording computer, if they were recorded";
            problems.push(Problem::noted(&path, Fault::new(Class::Missing, what).help(help)));
        }
    }
}
