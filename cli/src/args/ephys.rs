//! Recordings of electrodes.

use adt_model::{Aligned, ChunkLength, Lsb, ProbeStreams};
use camino::Utf8PathBuf;
use clap::{Args as ClapArgs, Subcommand, ValueEnum, ValueHint};

use super::{OfSource, Tuning, word};

#[derive(Debug, Subcommand)]
pub(crate) enum Ephys {
    /// Compress a session into Zarr stores that spikeinterface loads, beside a copy with the first frames of each recording
    ///
    /// Stores go to `ecephys_compressed` of the destination, one for each experiment and stream; everything else of the session, and the
    /// first frames of each recording, to `ecephys_clipped`. Every chunk is decompressed again and compared before it counts. Running the
    /// same command again goes on where it was.
    #[command(
        after_help = "Examples:\n  adt ephys compress /data/session s3://bucket/asset\n  adt ephys compress s3://raw/session s3://bucket/asset --work-folder /scratch\n  adt ephys compress /data/session /archive/asset --codec zstd --level 9\n  adt ephys compress /data/session /archive/asset --streams '*ProbeA*' --experiments 1\n  adt ephys compress /data/session /archive/asset --dry-run"
    )]
    Compress(EphysCompress),
    /// Restore the original session, byte for byte, from a compressed asset
    ///
    /// Each file is compared with the SHA-256 that was recorded when it was compressed, before it becomes visible; damage is reported with
    /// stream, segment and chunk. What else belongs to the session comes from the clipped copy beside the stores. A file that is already
    /// there with the same content is kept, so the same command again resumes.
    #[command(
        after_help = "Examples:\n  adt ephys restore s3://bucket/asset /data/again\n  adt ephys restore s3://bucket/asset /data/again --dry-run\n  adt ephys restore /archive/asset/ecephys_compressed/experiment1_ProbeA.zarr /data/one"
    )]
    Restore(EphysRestore),
    /// Check that a compressed asset is whole and can be restored byte for byte; write nothing
    ///
    /// Every chunk is decoded, every recording is compared with its SHA-256, and so is every file of the clipped copy. What is damaged, missing
    /// or not part of the asset is named, and the exit code is 1.
    #[command(
        after_help = "Examples:\n  adt ephys verify s3://bucket/asset\n  adt ephys verify /archive/asset --json"
    )]
    Verify(EphysVerify),
    /// Show what is in a session or in a compressed asset: streams, channels, rate, duration, bytes, step of the converter
    #[command(
        after_help = "Examples:\n  adt ephys info /data/session\n  adt ephys info s3://bucket/asset\n  adt ephys info /data/session --json | jq .streams"
    )]
    Info(EphysInfo),
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct EphysCompress {
    /// The session: a folder or `s3://bucket/prefix`; it is only read
    ///
    /// A session in a bucket is first downloaded to `--work-folder`, checked, and removed from there when the asset is complete.
    #[arg(value_name = "SRC", value_hint = ValueHint::DirPath)]
    pub source: String,
    /// Where the asset goes: a folder or `s3://bucket/prefix`
    #[arg(value_name = "DST", value_hint = ValueHint::DirPath)]
    pub destination: String,
    /// How traces are compressed [default: wavpack]
    #[arg(long, value_enum)]
    pub codec: Option<EphysCodec>,
    /// How hard: wavpack 1 to 4 [default: 3], blosc 0 to 9 [default: 5], zstd 1 to 22 [default: 3]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub level: Option<u8>,
    /// How long a chunk of traces is, such as `1s` or `500ms`; longer ones suit slow streams (LFP) [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = chunk_duration, hide_short_help = true)]
    pub chunk_duration: Option<ChunkLength>,
    /// Frames of each recording in the clipped copy, at most [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), hide_short_help = true)]
    pub clip_frames: Option<u64>,
    /// What is done about the converter's step: exact, spikeinterface (LOSSY) or none [default: exact]
    ///
    /// exact: samples are stored as numbers of steps where it is proven that all of them come back bit for bit, else as they are.
    /// spikeinterface: `correct_lsb` of that package, for comparison. It is often LOSSY: such a stream cannot be restored; how many
    /// samples are lost is noted in the store. none: samples are stored as they are.
    #[arg(long, value_name = "MODE", value_parser = word::<Lsb>)]
    pub lsb: Option<Lsb>,
    /// Store only these streams, such as `ProbeA` or `*ProbeA*`
    ///
    /// Names are those of `adt ephys info`, whole or from the folder on (`Neuropix-PXI-100.ProbeA`, `ProbeA`); patterns have `*`, `?` and
    /// `[…]`. The flag may be repeated, and names may be separated by commas. A name or pattern that matches nothing is an error. What is not
    /// chosen is listed before the work, at its end and in the record; the clipped copy still has its first frames.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub streams: Vec<String>,
    /// Store only these experiments, such as `experiment1` or `1`
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub experiments: Vec<String>,
    /// Store only these channels, such as `CH*`; NOT RESTORABLE
    ///
    /// SYNC lines are kept. A recording without some of its channels cannot be restored from the asset.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub channels: Vec<String>,
    /// Take electrode positions from this file of probeinterface
    ///
    /// For streams whose settings describe no probe (see `--probe-file-for`).
    /// `device_channel_indices` of the file counts the channels of a stream from 0, SYNC lines apart. Each electrode channel must have one
    /// contact.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub probe_file: Option<Utf8PathBuf>,
    /// The streams that `--probe-file` is for: missing (those without a probe in their settings) or all [default: missing]
    #[arg(long, value_name = "WHICH", value_parser = word::<ProbeStreams>, hide_short_help = true)]
    pub probe_file_for: Option<ProbeStreams>,
    /// Refuse the session, before any work, if timestamps of a stream are not aligned: true, main or false [default: false]
    ///
    /// true: aligned after the recording (`TIMESTAMPS_ADJUSTED.flag` or `original_timestamps.npy`), or to Harp time while recording
    /// (`SYNC_STATUS` in `settings.xml`). main: alignment to the main stream while recording is enough.
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = word::<Aligned>, hide_short_help = true)]
    pub require_aligned_timestamps: Option<Aligned>,
    /// The same and more from a file of JSON or YAML, with the names of the Python original (what a job list calls `extra_configs`)
    ///
    /// Flags win over it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config_file: Option<Utf8PathBuf>,
    /// Where a session from a bucket is downloaded to; it needs as much space as the session [default: the folder for temporary files]
    ///
    /// The space is checked before the download. What an interrupted command leaves there is used when the same command is run again.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, hide_short_help = true)]
    pub work_folder: Option<Utf8PathBuf>,
    /// Complete an asset that exists already: only what differs is sent, nothing is deleted
    #[arg(long)]
    pub force: bool,
    /// Read, compress and count everything; write nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub of_source: OfSource,
    #[command(flatten)]
    pub tuning: Tuning,
}

/// A codec for traces
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EphysCodec {
    /// Lossless `WavPack`: smallest
    Wavpack,
    /// Blosc with zstd and bit shuffle, as the Python original really wrote it
    Blosc,
    /// Plain Zstandard
    Zstd,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct EphysRestore {
    /// An asset, its folder `ecephys_compressed`, or one store (`….zarr`): a folder or `s3://bucket/prefix`; it is only read
    #[arg(value_name = "SRC", value_hint = ValueHint::DirPath)]
    pub source: String,
    /// Becomes the session's folder: a folder or `s3://bucket/prefix`
    #[arg(value_name = "DST", value_hint = ValueHint::DirPath)]
    pub destination: String,
    /// Replace files that are there with another content
    #[arg(long)]
    pub force: bool,
    /// List what would be written, with sizes, and what cannot be restored; decode and write nothing
    ///
    /// Missing and extra objects are reported. Damage inside an object shows only when it is read: see `adt ephys verify`.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct EphysVerify {
    /// An asset, its folder `ecephys_compressed`, or one store (`….zarr`): a folder or `s3://bucket/prefix`; it is only read
    #[arg(value_name = "SRC", value_hint = ValueHint::DirPath)]
    pub source: String,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct EphysInfo {
    /// A session's folder, a compressed asset, its folder `ecephys_compressed`, or one store: a folder or `s3://bucket/prefix`
    #[arg(value_name = "SRC", value_hint = ValueHint::DirPath)]
    pub source: String,
    /// Report streams whose timestamps are not aligned, and end with 1 if there are any: true, main or false [default: false]
    ///
    /// See `adt ephys compress --help`.
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = word::<Aligned>)]
    pub require_aligned_timestamps: Option<Aligned>,
    #[command(flatten)]
    pub of_source: OfSource,
}

/// A duration as spikeinterface writes it.
fn chunk_duration(text: &str) -> Result<ChunkLength, String> {
    text.parse()
        .map_err(|()| "write seconds or milliseconds, such as `1s` or `500ms`, an hour at most".to_owned())
}
