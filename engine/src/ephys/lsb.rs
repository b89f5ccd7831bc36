//! What is done about the step of the converter.

use adt_codec::lsb::{
    Histograms,
    exact::{self, Codes},
    spikeinterface::{Correction, Estimate, sample_starts},
};
use adt_formats::{
    ephys::{ChannelKind, Stream},
    ephys_store::{Columns, StoredSamples},
};
use adt_model::{Class, EphysConfig, Fault, Lsb, LsbSample, Pulse};

use super::{describe::channels, measure::Count};

/// What becomes of the samples of the traces.
#[derive(Clone, Debug)]
pub(super) enum Coding {
    /// They are stored as they are.
    Raw,
    /// Codes are stored.
    Codes(Codes),
    /// What spikeinterface makes of them is stored.
    Corrected(Correction),
}

impl Coding {
    /// What is stored for these samples. Codes that would not come back are a fault.
    pub(super) fn apply(&self, samples: &mut Vec<i16>, spare: &mut Vec<i16>) -> Result<(), Fault> {
        match self {
            Self::Raw => return Ok(()),
            Self::Codes(codes) => {
                spare.resize(samples.len(), 0);
                codes.encode(samples, spare).map_err(changed)?;
            }
            Self::Corrected(correction) => {
                spare.resize(samples.len(), 0);
                correction.apply(samples, spare).map_err(changed)?;
            }
        }
        std::mem::swap(samples, spare);
        Ok(())
    }
}

/// The step was found in all samples, so one without a code was not among them.
fn changed(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::new(Class::Bug, "samples are not those that the converter's step was found in").because(error)
}

/// Before the first reading: what is counted in it, or why nothing is.
pub(super) fn before(
    stream: &Stream,
    columns: &Columns,
    config: &EphysConfig,
    pulse: &dyn Pulse,
) -> Result<(Count, Option<String>), Fault> {
    let nothing = |why: &str| Ok((Count::No, Some(why.to_owned())));
    match config.lsb {
        Lsb::None => Ok((Count::No, None)),
        Lsb::Exact => {
            let electrodes = |(_, channel): &(usize, &_)| kind(channel) == ChannelKind::Electrode;
            let counted: Vec<_> =
                channels(stream, columns).enumerate().filter(electrodes).map(|(at, _)| at).collect();
            if counted.is_empty() {
                return nothing("no channel is an electrode");
            }
            Ok((Count::Values(Histograms::new(columns.traces.len(), &counted)), None))
        }
        // The original knows analogue inputs by the name alone.
        Lsb::Spikeinterface if ["NI-DAQ", "nidq", "obx"].iter().any(|word| stream.name.contains(word)) => {
            nothing("an NI-DAQ device has no electrodes")
        }
        Lsb::Spikeinterface => match estimate(stream, columns, config.sample, pulse)? {
            Ok(Estimate::Correct(correction)) => Ok((Count::Lost(correction, 0), None)),
            Ok(Estimate::OneCount) => nothing("the step is one count"),
            Ok(Estimate::NoStep) => nothing("no step was found"),
            Err(why) => nothing(&why),
        },
    }
}

fn kind(channel: &adt_formats::ephys::Channel) -> ChannelKind {
    channel.kind
}

/// After the first reading: what the traces will hold.
pub(super) fn after(
    count: Count,
    why: Option<String>,
    width: usize,
) -> Result<(StoredSamples, Coding), Fault> {
    match count {
        Count::No => Ok((StoredSamples::Raw { why }, Coding::Raw)),
        Count::Values(histograms) => match exact::find(&histograms) {
            Err(refusal) => Ok((StoredSamples::Raw { why: Some(refusal.to_string()) }, Coding::Raw)),
            Ok(step) => {
                let coding = codes(width, &step)?;
                Ok((StoredSamples::Codes(step), coding))
            }
        },
        Count::Lost(correction, lost) => {
            let (step, offsets) = (correction.step(), correction.offsets().to_vec());
            Ok((StoredSamples::Corrected { step, offsets, lost }, Coding::Corrected(correction)))
        }
    }
}

/// The same coding for whoever was told what the first reading found.
pub(super) fn again(
    samples: &StoredSamples,
    stream: &Stream,
    columns: &Columns,
    config: &EphysConfig,
    pulse: &dyn Pulse,
) -> Result<Coding, Fault> {
    match samples {
        StoredSamples::Raw { .. } => Ok(Coding::Raw),
        StoredSamples::Codes(step) => codes(columns.traces.len(), step),
        // Step and offsets do not tell which columns take part, but the chunks it was found in are always the same.
        StoredSamples::Corrected { .. } => match before(stream, columns, config, pulse)?.0 {
            Count::Lost(correction, _) => Ok(Coding::Corrected(correction)),
            Count::No | Count::Values(_) => {
                Err(Fault::new(Class::Corrupt, "the step that was found at first is not found again")
                    .help("wait until the rig has finished writing, then submit it again"))
            }
        },
    }
}

fn codes(width: usize, step: &exact::Step) -> Result<Coding, Fault> {
    Codes::new(width, step)
        .map(Coding::Codes)
        .map_err(|e| Fault::new(Class::Bug, "a step that was proven is not usable").because(e))
}

/// What spikeinterface finds: it looks at chunks drawn at random, always the same ones. In words why it finds nothing at all.
fn estimate(
    stream: &Stream,
    columns: &Columns,
    sample: LsbSample,
    pulse: &dyn Pulse,
) -> Result<Result<Estimate, String>, Fault> {
    let frames: Vec<_> = stream.segments.iter().map(|segment| segment.frames).collect();
    let drawn = match sample_starts(&frames, sample.frames, sample.chunks as usize, 0) {
        Ok(drawn) => drawn,
        Err(none) => return Ok(Err(none.to_string())),
    };
    let all: Vec<_> = (0..columns.traces.len()).collect();
    let mut histograms = Histograms::new(all.len(), &all);
    let (mut frames, mut traces, mut sync) = (Vec::new(), Vec::new(), Vec::new());
    for (segment, starts) in stream.segments.iter().zip(&drawn.starts) {
        let samples = segment.open()?;
        frames.resize(drawn.chunk as usize * segment.columns, 0);
        for start in starts {
            pulse.beat(0)?;
            samples.read(*start, &mut frames)?;
            columns.split(&frames, &mut traces, &mut sync);
            histograms.count(&traces).map_err(changed)?;
        }
    }
    Ok(Ok(Correction::estimate(&histograms)))
}
