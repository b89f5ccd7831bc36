//! Zstandard frames as numcodecs' `Zstd` writes them: one frame that names its length, without checksum.

use zstd_safe::{
    CCtx, DCtx, InBuffer, OutBuffer, compress_bound, find_frame_compressed_size, get_frame_content_size,
};

use crate::FrameError;

/// Writes frames. Keeps its tables and a buffer of a frame's length; keep one for each thread.
pub struct Encoder {
    level: i32,
    context: CCtx<'static>,
    frame: Vec<u8>,
}

impl Encoder {
    /// For a level of zstd: 1 (fast) to 22 (small), negative for faster still, 0 for zstd's own choice; numbers outside count
    /// as the nearest.
    pub fn new(level: i32) -> Self {
        let level = level.clamp(zstd_safe::min_c_level(), zstd_safe::max_c_level());
        Self { level, context: CCtx::create(), frame: Vec::new() }
    }

    /// Appends the frame of these bytes to `out`. It depends on the bytes and the level alone.
    pub fn encode(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        self.frame.clear();
        self.frame.reserve(compress_bound(bytes.len()));
        self.context
            .compress(&mut self.frame, bytes, self.level)
            .map_err(|_| FrameError::TooLong(bytes.len()))?;
        out.extend_from_slice(&self.frame);
        Ok(())
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("level", &self.level).finish_non_exhaustive()
    }
}

/// Reads frames, also several one after the other and such that do not name their length. Keep one for each thread.
#[derive(Default)]
pub struct Decoder {
    context: DCtx<'static>,
}

impl Decoder {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decompresses into `out`, which must be filled exactly.
    pub fn decode_into(&mut self, frame: &[u8], out: &mut [u8]) -> Result<(), FrameError> {
        if frame.is_empty() {
            return Err(FrameError::Truncated("header"));
        }
        let found = self.context.decompress(out, frame).map_err(damage)?;
        if found != out.len() {
            return Err(FrameError::Length { wanted: out.len(), found });
        }
        Ok(())
    }

    /// Decompresses into `out` (what was there is gone), whatever the length is up to `limit` bytes.
    ///
    /// After an error `out` is of no use. No more than `limit` is allocated for the bytes, and at most 128 MiB for the window of
    /// a frame without length.
    pub fn decode(&mut self, frame: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), FrameError> {
        out.clear();
        if frame.is_empty() {
            return Err(FrameError::Truncated("header"));
        }
        let length = get_frame_content_size(frame).map_err(|_| FrameError::Damaged("no zstd frame"))?;
        let alone = find_frame_compressed_size(frame).is_ok_and(|size| size == frame.len());
        match length {
            Some(length) if alone => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > limit {
                    return Err(FrameError::Limit(limit));
                }
                out.reserve_exact(length);
                let found = self.context.decompress(out, frame).map_err(damage)?;
                if found == length { Ok(()) } else { Err(FrameError::Length { wanted: length, found }) }
            }
            _ => self.stream(frame, limit, out),
        }
    }

    /// The way for frames of unknown length: `out` grows as they turn out to be longer.
    fn stream(&mut self, frames: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), FrameError> {
        self.context.reset(zstd_safe::ResetDirective::SessionOnly).map_err(damage)?;
        let mut input = InBuffer::around(frames);
        loop {
            // One byte beyond the limit tells a frame that is too long from one that just fits.
            let room = out.len().max(DCtx::out_size()).min(limit.saturating_add(1).saturating_sub(out.len()));
            out.reserve_exact(room);
            let before = (input.pos(), out.len());
            let position = out.len();
            let mut output = OutBuffer::around_pos(out, position);
            let hint = self.context.decompress_stream(&mut output, &mut input).map_err(damage)?;
            if out.len() > limit {
                return Err(FrameError::Limit(limit));
            }
            if input.pos() == frames.len() && hint == 0 {
                return Ok(());
            }
            if before == (input.pos(), out.len()) {
                return Err(FrameError::Truncated("blocks"));
            }
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// zstd's own words for what is wrong.
fn damage(code: zstd_safe::ErrorCode) -> FrameError {
    FrameError::Damaged(zstd_safe::get_error_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(bytes: &[u8], level: i32) -> Vec<u8> {
        let mut frame = Vec::new();
        Encoder::new(level).encode(bytes, &mut frame).unwrap();
        frame
    }

    /// A frame as a stream writes it: no length in its header.
    fn without_length(bytes: &[u8]) -> Vec<u8> {
        let mut context = CCtx::create();
        let mut frame = Vec::with_capacity(compress_bound(bytes.len()));
        for piece in bytes.chunks(7000) {
            let position = frame.len();
            let mut output = OutBuffer::around_pos(&mut frame, position);
            let mut input = InBuffer::around(piece);
            context.compress_stream(&mut output, &mut input).unwrap();
        }
        let position = frame.len();
        context.end_stream(&mut OutBuffer::around_pos(&mut frame, position)).unwrap();
        assert_eq!(get_frame_content_size(&frame).unwrap(), None);
        frame
    }

    #[test]
    fn the_frame_names_its_length_and_has_no_checksum() {
        let frame = encoded(&[7; 1000], 1);
        assert_eq!(get_frame_content_size(&frame).unwrap(), Some(1000));
        assert_eq!(frame[4] & 0b100, 0);
    }

    #[test]
    fn frames_without_length_and_in_a_row_are_read_up_to_the_limit() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        let frames = [without_length(&bytes), encoded(b"and more", 3)].concat();
        let whole = [&bytes[..], b"and more"].concat();
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        decoder.decode(&frames, whole.len(), &mut out).unwrap();
        assert_eq!(out, whole);
        let less = whole.len() - 1;
        assert_eq!(decoder.decode(&frames, less, &mut out), Err(FrameError::Limit(less)));
        assert!(decoder.decode(&frames[..frames.len() - 1], whole.len(), &mut out).is_err());
        let mut exact = vec![0; whole.len()];
        decoder.decode_into(&frames, &mut exact).unwrap();
        assert_eq!(exact, whole);
        assert!(decoder.decode_into(&frames, &mut exact[..less]).is_err());
    }

    #[test]
    fn a_frame_that_claims_much_is_refused_before_memory_is_taken() {
        // Magic, single segment with eight bytes of length, the length, and no block.
        let frame = [&[0x28, 0xB5, 0x2F, 0xFD, 0xE0][..], &(1_u64 << 50).to_le_bytes()].concat();
        let mut out = Vec::new();
        assert!(Decoder::new().decode(&frame, 1 << 20, &mut out).is_err());
        assert!(out.capacity() < 2 << 20);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in proptest::collection::vec(0_u8..5, 0..20_000), level in -5..23_i32) {
            let frame = encoded(&bytes, level);
            let mut decoder = Decoder::new();
            let mut out = Vec::new();
            decoder.decode(&frame, bytes.len(), &mut out).unwrap();
            prop_assert_eq!(&out, &bytes);
            let mut exact = vec![0; bytes.len()];
            decoder.decode_into(&frame, &mut exact).unwrap();
            prop_assert_eq!(&exact, &bytes);
        }

        #[test]
        fn foreign_bytes_are_an_error_at_worst(
            bytes in proptest::collection::vec(0_u8..5, 0..3000), at: prop::sample::Index, new: u8, keep: prop::sample::Index,
        ) {
            let mut frame = encoded(&bytes, 3);
            let place = at.index(frame.len());
            frame[place] = new;
            frame.truncate(keep.index(frame.len()) + 1);
            let mut out = Vec::new();
            if Decoder::new().decode(&frame, 10_000, &mut out).is_ok() {
                prop_assert!(out.len() <= 10_000);
            }
        }
    }
}
