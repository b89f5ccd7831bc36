use std::{fmt, str::FromStr};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::Crc64;

/// How a session's continuous recordings are stored: what a job's `extra_configs` or the flags of `adt ephys compress` say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EphysConfig {
    /// How traces are compressed.
    pub codec: TraceCodec,
    /// How long a chunk of traces is.
    pub chunk: ChunkLength,
    /// What is done about the step of the converter.
    pub lsb: Lsb,
    /// Frames of each `continuous.dat` in the clipped copy, at most.
    pub clip_frames: u64,
    /// For [`Lsb::Spikeinterface`] only: where it looks for the step.
    pub sample: LsbSample,
    /// Whether recordings that cannot be read are accepted: reported, but not a failure of the job.
    pub accept_unread: bool,
    /// Which recordings are stored.
    #[serde(default, skip_serializing_if = "EphysChoice::is_all")]
    pub choice: EphysChoice,
    /// Electrode positions for streams whose settings have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_file: Option<ProbeFile>,
    /// Which recordings are refused because their timestamps are not aligned.
    #[serde(default)]
    pub aligned: Aligned,
}

/// Which recordings of a session are stored: names, or patterns with `*`, `?` and `[…]`. An empty list chooses everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EphysChoice {
    /// Streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<String>,
    /// Experiments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<String>,
    /// Channels of the streams that are stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
}

impl EphysChoice {
    /// Whether everything is stored.
    pub fn is_all(&self) -> bool {
        self.streams.is_empty() && self.experiments.is_empty() && self.channels.is_empty()
    }
}

/// A file of probeinterface that describes the electrodes of streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeFile {
    /// Where it is.
    pub path: Utf8PathBuf,
    /// Which streams it is for.
    pub streams: ProbeStreams,
    /// Checksum of its content, once the session was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc64: Option<Crc64>,
}

impl Default for EphysConfig {
    fn default() -> Self {
        Self {
            codec: TraceCodec::default(),
            chunk: ChunkLength::default(),
            lsb: Lsb::default(),
            clip_frames: 100,
            sample: LsbSample::default(),
            accept_unread: false,
            choice: EphysChoice::default(),
            probe_file: None,
            aligned: Aligned::default(),
        }
    }
}

crate::manner::words! {
    /// The streams that a probe file is for.
    ProbeStreams {
        /// Those with electrodes whose own settings describe no probe.
        #[default]
        Missing = "missing",
        /// All with electrodes that are stored.
        All = "all",
    }
}

/// How traces are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "id", rename_all = "kebab-case")]
pub enum TraceCodec {
    /// Lossless WavPack.
    Wavpack {
        /// 1, fast, to 4, very high.
        level: u8,
    },
    /// Blosc, bit for bit as numcodecs writes it.
    Blosc {
        /// What is inside.
        cname: BloscName,
        /// 0, stored, to 9.
        level: u8,
        /// How bytes are moved before.
        shuffle: BloscShuffle,
    },
    /// Bare Zstandard frames.
    Zstd {
        /// 1 to 22.
        level: i32,
    },
}

/// WavPack, level 3: what the Python original means to write.
impl Default for TraceCodec {
    fn default() -> Self {
        Self::Wavpack { level: 3 }
    }
}

impl fmt::Display for TraceCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wavpack { level } => write!(f, "wavpack level {level}"),
            Self::Blosc { cname, level, .. } => write!(f, "blosc {} level {level}", cname.as_str()),
            Self::Zstd { level } => write!(f, "zstd level {level}"),
        }
    }
}

/// How long a chunk is, in one of the ways of spikeinterface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChunkLength {
    /// Microseconds.
    Micros(u64),
    /// Frames.
    Frames(u64),
    /// Bytes of samples.
    Bytes(u64),
}

/// One second.
impl Default for ChunkLength {
    fn default() -> Self {
        Self::Micros(1_000_000)
    }
}

impl ChunkLength {
    /// Frames of a chunk of so many channels, at least one. A duration is cut off to whole frames.
    pub fn frames(self, sampling_frequency: f64, channels: usize) -> u64 {
        let frames = match self {
            Self::Micros(micros) => (micros as f64 / 1e6 * sampling_frequency) as u64,
            Self::Frames(frames) => frames,
            Self::Bytes(bytes) => bytes / (2 * channels.max(1) as u64),
        };
        frames.max(1)
    }
}

/// A duration as spikeinterface writes it: `1s`, `0.5s`, `500ms`.
impl FromStr for ChunkLength {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        let (number, scale) = match text.strip_suffix("ms") {
            Some(number) => (number, 1e3),
            None => (text.strip_suffix('s').ok_or(())?, 1e6),
        };
        let micros = number.trim().parse::<f64>().map_err(|_| ())? * scale;
        // An hour of 384 channels is 80 GB: more than that is surely a slip.
        if (1.0..=3.6e9).contains(&micros) { Ok(Self::Micros(micros.round() as u64)) } else { Err(()) }
    }
}

impl fmt::Display for ChunkLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Micros(micros) if micros % 1_000_000 == 0 => write!(f, "{}s", micros / 1_000_000),
            Self::Micros(micros) => write!(f, "{}ms", *micros as f64 / 1e3),
            Self::Frames(frames) => write!(f, "{frames} frames"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
        }
    }
}

/// Where `correct_lsb` of spikeinterface looks for the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LsbSample {
    /// Chunks drawn in each segment.
    pub chunks: u32,
    /// Frames of each.
    pub frames: u64,
}

impl Default for LsbSample {
    fn default() -> Self {
        Self { chunks: 100, frames: 10_000 }
    }
}

crate::manner::words! {
    /// What is done about the step of the converter, which is several counts of what was recorded.
    Lsb {
        /// Samples are stored as numbers of steps where all of them come back bit for bit, else as they are.
        #[default]
        Exact = "exact",
        /// `correct_lsb` of spikeinterface: the median is taken off, then the samples are divided by the step. Often lossy.
        Spikeinterface = "spikeinterface" | "si",
        /// Samples are stored as they are.
        None = "none" | "raw",
    }
}

crate::manner::words! {
    /// How timestamps must be aligned for recordings to be compressed.
    Aligned {
        /// No check.
        #[default]
        Any = "false" | "no" | "off" | "0",
        /// To Harp time while recording, or afterwards.
        Harp = "true" | "harp" | "yes" | "on" | "1",
        /// To Harp time or to the main stream while recording, or afterwards.
        Main = "main",
    }
}

crate::manner::words! {
    /// What is inside a Blosc frame.
    BloscName {
        /// Zstandard.
        #[default]
        Zstd = "zstd",
        /// LZ4.
        Lz4 = "lz4",
    }
}

crate::manner::words! {
    /// How Blosc moves bytes before it compresses them.
    BloscShuffle {
        /// Bits.
        #[default]
        Bit = "bit" | "bitshuffle" | "2",
        /// Bytes.
        Byte = "byte" | "shuffle" | "1",
        /// Not at all.
        None = "none" | "noshuffle" | "0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_spikeinterface_writes_them() {
        assert_eq!("1s".parse(), Ok(ChunkLength::default()));
        assert_eq!("500ms".parse::<ChunkLength>().map(|c| c.frames(30_000.0, 384)), Ok(15_000));
        assert_eq!("0.1s".parse::<ChunkLength>().map(|c| c.frames(2_500.0, 384)), Ok(250));
        for wrong in ["", "1", "s", "-1s", "0s", "1m", "1e9s", "nan s"] {
            assert_eq!(wrong.parse::<ChunkLength>(), Err(()), "{wrong}");
        }
        assert_eq!(ChunkLength::Micros(10_000_000).to_string(), "10s");
        assert_eq!(ChunkLength::Bytes(100_000_000).frames(30_000.0, 384), 130_208);
    }
}
