use adt_codec::lsb::{Histograms, exact::find};
use adt_formats::ephys::{self, ChannelKind, Weight};
use adt_model::{Aligned, Class, Fault, Idle, LeftOut, Pulse, SourceLinks};
use camino::Utf8Path;
use serde::Serialize;

use super::Problem;
use crate::{Stop, rules};

/// Seconds of a stream that are looked at for the step of its converter.
const SECONDS: f64 = 3.0;

/// Values that are read at once.
const BLOCK: usize = 1 << 20;

/// A folder as Open Ephys or SpikeGLX wrote it.
#[derive(Debug, Serialize)]
pub struct Session {
    /// The folder.
    pub folder: String,
    /// By node, experiment and number.
    pub recordings: Vec<Recording>,
    /// Experiment by experiment.
    pub streams: Vec<Stream>,
    /// What is odd, and what cannot be read.
    pub problems: Vec<Problem>,
    /// What of the folder was not read.
    pub left_out: LeftOut,
}

/// What one record node kept between two starts of recording, or SpikeGLX at one gate and trigger.
#[derive(Debug, Serialize)]
pub struct Recording {
    /// `Record Node 101`; empty before GUI 0.5.
    pub node: String,
    /// `experiment1`
    pub experiment: String,
    /// `recording1`, or `g0_t0`
    pub recording: String,
    /// `Open Ephys` or `SpikeGLX`.
    pub program: &'static str,
    /// Of the program, `0.6.0`; empty when it is not said.
    pub gui_version: String,
}

/// A stream of one experiment, over all of its recordings.
#[derive(Debug, Serialize)]
pub struct Stream {
    /// `experiment1`
    pub experiment: String,
    /// With its node, as readers call it.
    pub name: String,
    /// Hertz.
    pub sample_rate: f64,
    /// How many columns of each kind.
    pub channels: Channels,
    /// Recordings.
    pub segments: u64,
    /// Of all recordings.
    pub frames: u64,
    /// Of all recordings.
    pub seconds: f64,
    /// Of all files of samples.
    pub bytes: u64,
    /// What the settings say of its synchronisation (GUI 1.1 and later).
    pub sync_status: Option<String>,
    /// Whether its timestamps were aligned after every recording.
    pub timestamps_adjusted: bool,
    /// Of a Neuropixels stream whose settings tell it.
    pub probe: Option<Probe>,
    /// Of the electrodes' converter; `None` where there are no electrodes, or no samples.
    pub lsb: Option<Step>,
}

/// Columns by what is on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Channels {
    /// Voltages at electrodes.
    pub electrode: u64,
    /// Analogue inputs.
    pub analog: u64,
    /// Auxiliary inputs of headstages.
    pub auxiliary: u64,
    /// Words of digital inputs.
    pub digital: u64,
    /// Synchronisation lines.
    pub sync: u64,
    /// Counted, and not described.
    pub undescribed: u64,
}

/// A probe in short.
#[derive(Debug, Serialize)]
pub struct Probe {
    /// `ProbeB`
    pub name: String,
    /// `Neuropixels 2.0 - Single Shank`
    pub model: String,
    /// As written.
    pub part_number: Option<String>,
    /// As written.
    pub serial_number: String,
}

/// The step of a converter, as far as a few seconds tell it.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Seconds looked at.
    pub sampled_seconds: f64,
    /// Counts of one step; `None` where there is none to be used.
    pub counts: Option<f64>,
    /// The same in microvolts, of the first electrode.
    pub microvolts: Option<f64>,
    /// Why there is none.
    pub why: Option<String>,
}

/// Looks at a session, and at the first seconds of each stream.
pub(super) fn look(
    folder: &Utf8Path,
    links: SourceLinks,
    aligned: Aligned,
    stop: &Stop,
) -> Result<Session, Fault> {
    let rules = rules::of_command(links, None)?;
    let session = ephys::open(folder, &rules, &Watched(stop))?;
    let left_out = rules::left_out(folder, &rules)?;
    let problem = |problem: &ephys::Problem| Problem::new(&problem.fault, problem.weight == Weight::Unread);
    let mut problems: Vec<_> = session.problems.iter().map(problem).collect();
    let mut streams = Vec::new();
    for found in session.streams() {
        problems.extend(times(found, aligned, stop)?);
        let lsb = lsb(found, stop).unwrap_or_else(|fault| {
            problems.push(Problem::new(&fault, true));
            None
        });
        stop.check()?;
        streams.push(stream(found, lsb));
    }
    let recordings = session.experiments.iter().flat_map(|experiment| {
        experiment.recordings.iter().map(|recording| Recording {
            node: recording.node.clone(),
            experiment: experiment.name.clone(),
            recording: recording.name.clone(),
            program: recording.program,
            gui_version: recording.gui_version.clone(),
        })
    });
    Ok(Session { folder: folder.to_string(), recordings: recordings.collect(), streams, problems, left_out })
}

/// What is wrong with the time files of a stream; all of each is read.
fn times(stream: &ephys::Stream, aligned: Aligned, stop: &Stop) -> Result<Vec<Problem>, Fault> {
    let mut problems = Vec::new();
    for segment in &stream.segments {
        match segment.clock(stream.sample_rate, &Watched(stop)) {
            Ok(clock) => problems.extend(clock.findings.into_iter().map(|finding| {
                Problem::new(
                    &Fault::new(Class::Corrupt, format!("`{}`: {}", finding.path, finding.what)),
                    false,
                )
            })),
            Err(fault) if fault.class() == Class::Cancelled => return Err(fault),
            Err(fault) => problems.push(Problem::new(&fault, true)),
        }
        problems.extend(stream.not_aligned(segment, aligned).map(|why| {
            let (name, recording) = (&stream.name, &segment.recording);
            let what = format!("`{name}` of {}, {recording} is not aligned: {why}", stream.experiment);
            Problem::new(&Fault::new(Class::BadInput, what), true)
        }));
    }
    Ok(problems)
}

/// Stops a long walk when a person asks for it.
struct Watched<'a>(&'a Stop);

impl Pulse for Watched<'_> {
    fn beat(&self, bytes: u64) -> Result<(), Fault> {
        self.0.check()?;
        Idle.beat(bytes)
    }
}

fn stream(stream: &ephys::Stream, lsb: Option<Step>) -> Stream {
    let frames = stream.frames();
    Stream {
        experiment: stream.experiment.clone(),
        name: stream.name.clone(),
        sample_rate: stream.sample_rate,
        channels: channels(stream),
        segments: stream.segments.len() as u64,
        frames,
        seconds: frames as f64 / stream.sample_rate,
        bytes: stream.segments.iter().map(|segment| segment.dat.size).sum(),
        sync_status: stream.sync_status.clone(),
        timestamps_adjusted: stream.segments.iter().all(|segment| segment.adjusted.is_adjusted()),
        probe: stream.probe.as_ref().map(|probe| Probe {
            name: probe.name.clone(),
            model: probe.model_name.clone(),
            part_number: probe.part_number.clone(),
            serial_number: probe.serial_number.clone(),
        }),
        lsb,
    }
}

fn channels(stream: &ephys::Stream) -> Channels {
    let mut count = Channels::default();
    for channel in &stream.channels {
        *match channel.kind {
            ChannelKind::Electrode => &mut count.electrode,
            ChannelKind::Analog => &mut count.analog,
            ChannelKind::Auxiliary => &mut count.auxiliary,
            ChannelKind::Digital => &mut count.digital,
            ChannelKind::Sync => &mut count.sync,
            ChannelKind::Undescribed => &mut count.undescribed,
        } += 1;
    }
    count
}

/// The step in the first seconds of the first recording that has any.
fn lsb(stream: &ephys::Stream, stop: &Stop) -> Result<Option<Step>, Fault> {
    let electrodes = || stream.channels.iter().enumerate().filter(|(_, c)| c.kind == ChannelKind::Electrode);
    let columns: Vec<usize> = electrodes().map(|(column, _)| column).collect();
    let segment = stream.segments.iter().find(|segment| segment.frames > 0);
    let (Some(segment), Some((_, first))) = (segment, electrodes().next()) else { return Ok(None) };
    let columns: Vec<usize> = columns.into_iter().filter(|column| *column < segment.columns).collect();
    let frames = segment.frames.min((SECONDS * stream.sample_rate).max(1.0) as u64);
    let mut histograms = Histograms::new(segment.columns, &columns);
    let samples = segment.open()?;
    let rows = (BLOCK / segment.columns).max(1) as u64;
    let mut block = Vec::new();
    for start in (0..frames).step_by(rows as usize) {
        stop.check()?;
        block.resize(rows.min(frames - start) as usize * segment.columns, 0);
        samples.read(start, &mut block)?;
        // The block is made of whole frames, so nothing is ragged.
        let _ = histograms.count(&block);
    }
    samples.finish()?;
    let sampled_seconds = frames as f64 / stream.sample_rate;
    Ok(Some(match find(&histograms) {
        Ok(found) => {
            let microvolts = Some(found.gain_to_uv(first.gain_to_uv()));
            Step { sampled_seconds, counts: Some(found.counts), microvolts, why: None }
        }
        Err(refusal) => {
            Step { sampled_seconds, counts: None, microvolts: None, why: Some(refusal.to_string()) }
        }
    }))
}
