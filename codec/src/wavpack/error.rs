use thiserror::Error;

/// Why samples could not be packed or a stream not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// Samples that do not fill whole frames, no channel, or no frame at all.
    #[error("{samples} samples are no whole frames of {channels} channels")]
    Shape {
        /// Samples given.
        samples: usize,
        /// Channels of a frame.
        channels: usize,
    },
    /// More frames than a stream can count (2³² − 2), or a block that came out larger than any reader takes.
    #[error("more than a wavpack stream can hold")]
    TooLong,
    /// No block where one should begin, or a block, a part of it or a whole channel is cut short.
    #[error("block {block} of the wavpack stream is cut short or not there")]
    Truncated {
        /// Blocks before it.
        block: usize,
    },
    /// A legal stream of a kind that never holds lossless 16-bit samples, or of a later version.
    #[error("block {block} of the wavpack stream has {what}, which is not read here")]
    Unsupported {
        /// Blocks before it.
        block: usize,
        /// What is not read.
        what: &'static str,
    },
    /// Parts that contradict each other.
    #[error("block {block} of the wavpack stream has a malformed {what}")]
    Malformed {
        /// Blocks before it.
        block: usize,
        /// The part.
        what: &'static str,
    },
    /// The bytes or the samples are not those that were written.
    #[error("block {block} of the wavpack stream does not match its checksum")]
    Checksum {
        /// Blocks before it.
        block: usize,
    },
    /// The stream holds more, or other, than the caller expects.
    #[error("the wavpack stream declares {frames} frames of {channels} channels, not what is expected here")]
    Unexpected {
        /// Frames it declares.
        frames: u64,
        /// Channels it declares.
        channels: usize,
    },
}
