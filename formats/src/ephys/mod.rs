//! Recordings of electrodes in a folder, whichever program wrote them.
//!
//! [`open`] finds recordings of the Open Ephys GUI in its binary format and of SpikeGLX. Both become one [`Session`]: experiments with streams,
//! streams with segments, segments with a file of interleaved little-endian `i16`.
//!
//! Formats that are not read are refused by their names.

mod foreign;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use adt_model::{Class, Fault, Pulse};
use camino::Utf8Path;

pub use crate::open_ephys::{
    Adjusted, Channel, ChannelKind, Clipped, ClippedFile, Clock, Contact, Content, Counting, Ends,
    EventFolder, Experiment, Finding, Probe, Problem, Recording, Samples, Segment, Session, Stream,
    StreamName, TimeFile, TimeSource, Units, Weight, clipped,
};
use crate::{folder::Rules, spikeglx};

/// Looks through the whole folder; of the samples nothing is read. Beats once for each thing met.
///
/// A folder without any recording that is read is `Missing`. Everything else that is wrong becomes one of [`Session::problems`], and the
/// rest is read.
pub fn open(root: &Utf8Path, rules: &Rules, pulse: &dyn Pulse) -> Result<Session, Fault> {
    let mut open_ephys = false;
    let mut foreign = foreign::Foreign::default();
    let survey = spikeglx::Survey::walk(root, rules, pulse, |entry| {
        open_ephys |= entry.key.file_name() == "structure.oebin";
        foreign.see(entry);
    })?;
    let mut session = match (open_ephys, survey.has_spikeglx()) {
        (true, false) => return Session::open(root, rules, pulse),
        (false, true) => survey.session(rules, pulse)?,
        (true, true) => merged(Session::open(root, rules, pulse)?, survey.session(rules, pulse)?),
        (false, false) => {
            return Err(survey.faults.into_iter().next().unwrap_or_else(|| foreign.nothing(root)));
        }
    };
    one_store_each(&mut session);
    Ok(session)
}

/// Whether a file of this name holds samples that a store holds too, so that a part of it must never pass for the whole.
pub fn holds_samples(file_name: &str) -> bool {
    file_name == "continuous.dat" || spikeglx::holds_samples(file_name)
}

/// Recordings of both programs. What was odd about the folder was found twice.
fn merged(mut session: Session, other: Session) -> Session {
    let known: BTreeSet<_> = session.problems.iter().map(|problem| problem.fault.line()).collect();
    session.experiments.extend(other.experiments);
    session
        .problems
        .extend(other.problems.into_iter().filter(|problem| !known.contains(&problem.fault.line())));
    session
}

/// Of two streams whose stores would have one name, the second is not read.
fn one_store_each(session: &mut Session) {
    let mut names = BTreeSet::new();
    for experiment in &mut session.experiments {
        experiment.streams.retain(|stream| {
            let name = stream.store_name();
            if names.insert(name.clone()) {
                return true;
            }
            let what =
                format!("`{}` is not read: another recording has the name `{name}` too", stream.settings);
            let fault = Fault::new(Class::Conflict, what).help("compress the two as sessions of their own");
            session.problems.push(Problem::unread(&stream.settings, fault));
            false
        });
    }
}
