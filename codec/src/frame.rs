/// Why a frame of compressed bytes is not written or not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// More bytes than the format can hold in one frame.
    #[error("{0} bytes are more than one frame can hold")]
    TooLong(usize),
    /// The bytes end before the named part of the frame.
    #[error("the frame ends within its {0}")]
    Truncated(&'static str),
    /// A generation of the format that is not known here.
    #[error("the frame is of format version {0}")]
    Version(u8),
    /// A compressor that is not built in.
    #[error("the frame is compressed with {0}, which is not supported")]
    Compressor(&'static str),
    /// The bytes contradict themselves.
    #[error("the frame is damaged: {0}")]
    Damaged(&'static str),
    /// The frame is whole, but does not hold as much as it must.
    #[error("the frame holds {found} bytes instead of {wanted}")]
    Length {
        /// What the caller has room for.
        wanted: usize,
        /// What the frame says, or what came out.
        found: usize,
    },
    /// The frame says that it holds more than the caller allows.
    #[error("the frame holds more than the {0} bytes that are allowed")]
    Limit(usize),
}
