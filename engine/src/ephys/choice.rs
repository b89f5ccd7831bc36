//! Which recordings of a session are stored: what `experiments`, `streams` and `channels` choose.
//!
//! What is not chosen is never left out silently: each stream and channel becomes a [`Left`], which a plan, a check and the record name.

use std::{collections::BTreeSet, fmt};

use adt_formats::{
    ephys::{self, Channel, ChannelKind, Session, Stream, StreamName, Weight},
    folder::Rules,
    pattern,
};
use adt_model::{ByteSize, Class, EphysChoice, Fault, Pulse};
use camino::Utf8Path;

use super::describe::columns;

/// So many names are listed in a message.
const NAMED: usize = 24;

/// Something of a session that is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// What its store is or would be called.
    pub store: String,
    /// Keys of its files in the session.
    pub files: Vec<String>,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// A whole stream, not chosen by this key.
    Stream { bytes: u64, key: &'static str },
    /// Channels of a stream whose others are stored.
    Channels { names: Vec<String>, of: usize },
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = &self.store;
        match &self.what {
            What::Stream { bytes, key } => {
                write!(f, "`{store}` ({}): not chosen by `{key}`", ByteSize(*bytes))
            }
            What::Channels { names, of } => {
                let left = names.len();
                let which = listed(names.iter().map(String::as_str));
                write!(f, "{left} of {of} channels of `{store}`: not chosen by `channels` ({which})")
            }
        }
    }
}

/// Opens a session and keeps what is chosen of it; the rest is in the list.
pub(crate) fn open(
    folder: &Utf8Path,
    rules: &Rules,
    choice: &EphysChoice,
    pulse: &dyn Pulse,
) -> Result<(Session, Vec<Left>), Fault> {
    let mut session = ephys::open(folder, rules, pulse)?;
    let left = choose(&mut session, choice)?;
    Ok((session, left))
}

/// Removes from the session what is not chosen. A name or pattern that matches nothing is a fault that lists what there is.
pub(crate) fn choose(session: &mut Session, choice: &EphysChoice) -> Result<Vec<Left>, Fault> {
    if choice.is_all() {
        return Ok(Vec::new());
    }
    matches_something(session, choice)?;
    let mut left = Vec::new();
    for experiment in &mut session.experiments {
        let number = experiment.number;
        experiment.streams.retain_mut(|stream| {
            let key = not_chosen(stream, number, choice);
            if let Some(key) = key {
                let bytes = stream.segments.iter().map(|segment| segment.dat.size).sum();
                left.push(Left::of(stream, What::Stream { bytes, key }));
            } else {
                left.extend(cut(stream, choice));
            }
            key.is_none()
        });
    }
    for problem in &mut session.problems {
        let about = problem.stream.as_ref().filter(|_| problem.weight == Weight::Unread);
        if about.is_some_and(|name| !has_experiment(choice, name) || !has_stream(choice, &names_of(name))) {
            problem.weight = Weight::Noted;
        }
    }
    let unread = session.problems.iter().any(|problem| problem.weight == Weight::Unread);
    if session.streams().next().is_none() && !unread {
        let what = format!("`{}`: `experiments`, `streams` and `channels` choose no recording", session.root);
        return Err(Fault::new(Class::BadInput, what).help("choose a stream that the experiment has"));
    }
    Ok(left)
}

/// Whether a channel of a stored stream is chosen.
pub(super) fn has_channel(choice: &EphysChoice, channel: &Channel) -> bool {
    chosen(&choice.channels, &[&channel.id, &channel.name])
}

impl Left {
    fn of(stream: &Stream, what: What) -> Self {
        let files = stream.segments.iter().map(|segment| segment.dat.key.to_string());
        Self { store: stream.store_name(), files: files.collect(), what }
    }
}

fn chosen(patterns: &[String], names: &[&str]) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| is_meant(pattern, names))
}

/// A name that has characters of a pattern in it is still a name.
fn is_meant(pattern: &str, names: &[&str]) -> bool {
    names.iter().any(|name| pattern == *name || pattern::matches(pattern, name))
}

fn name_of(stream: &Stream, number: u64) -> StreamName {
    StreamName {
        acquisition: stream.acquisition.clone(),
        experiment: stream.experiment.clone(),
        number,
        name: stream.name.clone(),
    }
}

/// How an experiment may be called: `experiment1`, `1`, with its acquisition's folder where there are several.
fn has_experiment(choice: &EphysChoice, name: &StreamName) -> bool {
    choice.experiments.is_empty() || choice.experiments.iter().any(|pattern| is_experiment(pattern, name))
}

fn is_experiment(pattern: &str, name: &StreamName) -> bool {
    let below = format!("{}/{}", name.acquisition, name.experiment);
    is_meant(pattern, &[&name.experiment, &name.number.to_string(), &below])
}

/// How a stream may be called: `Record Node 101#Neuropix-PXI-100.ProbeA`, its folder, or `ProbeA`.
fn names_of(name: &StreamName) -> Vec<&str> {
    let folder = name.name.split_once('#').map_or(name.name.as_str(), |(_, folder)| folder);
    let own = folder.split_once('.').map_or(folder, |(_, own)| own);
    vec![&name.name, folder, own]
}

fn has_stream(choice: &EphysChoice, names: &[&str]) -> bool {
    chosen(&choice.streams, names)
}

/// The key that keeps a stream out of the stores.
fn not_chosen(stream: &Stream, number: u64, choice: &EphysChoice) -> Option<&'static str> {
    let name = name_of(stream, number);
    if !has_experiment(choice, &name) {
        return Some("experiments");
    }
    if !has_stream(choice, &names_of(&name)) {
        return Some("streams");
    }
    columns(stream, choice).traces.is_empty().then_some("channels")
}

/// Keeps the contacts of the chosen channels, and says which channels are not stored.
fn cut(stream: &mut Stream, choice: &EphysChoice) -> Option<Left> {
    let columns = columns(stream, choice);
    if columns.left_out.is_empty() {
        return None;
    }
    if let Some(probe) = &mut stream.probe {
        // A contact for each electrode, in their order.
        let electrodes = stream.channels.iter().filter(|channel| channel.kind == ChannelKind::Electrode);
        let mut kept = electrodes.map(|channel| has_channel(choice, channel));
        probe.contacts.retain(|_| kept.next().unwrap_or(false));
    }
    let of = columns.left_out.len() + columns.traces.len();
    let names = columns.left_out.into_iter().map(|column| column.name).collect();
    Some(Left::of(stream, What::Channels { names, of }))
}

/// Each name or pattern must match: a slip would otherwise leave out what was meant.
fn matches_something(session: &Session, choice: &EphysChoice) -> Result<(), Fault> {
    let numbered = session.experiments.iter().flat_map(|experiment| {
        experiment.streams.iter().map(|stream| (name_of(stream, experiment.number), Some(stream)))
    });
    let broken = session.problems.iter().filter(|problem| problem.weight == Weight::Unread);
    let broken = broken.filter_map(|problem| Some((problem.stream.clone()?, None)));
    let all: Vec<(StreamName, Option<&Stream>)> = numbered.chain(broken).collect();
    for pattern in &choice.experiments {
        let found = all.iter().any(|(name, _)| is_experiment(pattern, name));
        let there = all.iter().map(|(name, _)| name.experiment.as_str());
        found.then_some(()).ok_or_else(|| nothing("experiments", pattern, "experiments", there))?;
    }
    let of_experiments: Vec<_> = all.iter().filter(|(name, _)| has_experiment(choice, name)).collect();
    for pattern in &choice.streams {
        let found = of_experiments.iter().any(|(name, _)| is_meant(pattern, &names_of(name)));
        let there = of_experiments.iter().map(|(name, _)| name.name.as_str());
        found.then_some(()).ok_or_else(|| nothing("streams", pattern, "streams", there))?;
    }
    let stored = of_experiments.iter().filter(|(name, _)| has_stream(choice, &names_of(name)));
    let streams: Vec<&Stream> = stored.filter_map(|(_, stream)| *stream).collect();
    let all_channels = EphysChoice::default();
    let channels: Vec<&Channel> = streams
        .iter()
        .flat_map(|stream| columns(stream, &all_channels).traces.into_iter().map(|at| &stream.channels[at]))
        .collect();
    for pattern in &choice.channels {
        let found = channels.iter().any(|channel| is_meant(pattern, &[&channel.id, &channel.name]));
        let there = channels.iter().map(|channel| channel.id.as_str());
        // A stream that cannot be read may have it.
        let known = found || streams.is_empty();
        known.then_some(()).ok_or_else(|| nothing("channels", pattern, "channels", there))?;
    }
    Ok(())
}

fn nothing<'a>(key: &str, pattern: &str, noun: &str, there: impl Iterator<Item = &'a str>) -> Fault {
    let mut seen = BTreeSet::new();
    let there = listed(there.filter(|name| seen.insert(*name)));
    Fault::new(Class::BadInput, format!("`{key}`: `{pattern}` matches nothing"))
        .help(format!("the {noun} are: {there}"))
}

/// The first names of many.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names.peekable();
    let first: Vec<_> = names.by_ref().take(NAMED).collect();
    let rest = names.count();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}
