use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};

use adt_codec::crc32;
use adt_model::{Class, Fault};
use png::{Decoder, DecodingError, Limits};

use super::{Form, LARGEST_PLANE, too_large};
use crate::{SteadyFile, image::Dtype};

/// The signature, and the chunk `IHDR` with its length and checksum (PNG, sections 5.2 and 11.2.1).
const HEADER: usize = 33;
const SIGNATURE: &[u8; 16] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";

/// Deflate makes at most so many bytes of one (a symbol of two bits for 258 bytes).
const MOST: u64 = 1032;

/// Bytes read at once.
const PIECE: usize = 1 << 18;

/// Bytes that may be kept of chunks that are no samples.
const ASIDE: usize = 1 << 20;

/// What the first bytes of a PNG of grey samples tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) form: Form,
}

impl Header {
    /// Damaged ones are `Corrupt`; colours and depths that are not read, and planes that are too large, `BadInput`.
    pub(super) fn read(file: &SteadyFile) -> Result<Self, Fault> {
        let mut bytes = [0; HEADER];
        let held = file.size().min(HEADER as u64) as usize;
        file.read_at(0, &mut bytes[..held])?;
        if bytes[..8] != SIGNATURE[..8] {
            return Err(corrupt(file, "it does not begin as one"));
        }
        if held < HEADER {
            return Err(corrupt(file, "it ends in its header"));
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if bytes[..16] != *SIGNATURE || number(29) != crc32(&bytes[12..29]) {
            return Err(corrupt(file, "its header is damaged"));
        }
        let [width, height] = [number(16), number(20)].map(u64::from);
        let dtype = dtype(bytes[24], bytes[25]).map_err(|what| {
            let path = file.path();
            Fault::new(Class::BadInput, format!("`{path}` is {what}, only grey of 8 or 16 bits is read"))
        })?;
        let form = Form { height, width, dtype };
        if width == 0 || height == 0 {
            return Err(corrupt(file, format!("it is {form}")));
        }
        match form.bytes() {
            Some(needed) if needed <= LARGEST_PLANE => {
                if needed > file.size().saturating_mul(MOST) {
                    let size = file.size();
                    return Err(corrupt(file, format!("{form} do not come out of its {size} bytes")));
                }
            }
            _ => return Err(too_large(file.path(), form)),
        }
        Ok(Self { form })
    }
}

fn dtype(depth: u8, colour: u8) -> Result<Dtype, String> {
    let name = match (colour, depth) {
        (0, 8) => return Ok(Dtype::U8),
        (0, 16) => return Ok(Dtype::U16),
        (0, _) => "grey",
        (2, _) => "RGB",
        (3, _) => "of a palette",
        (4, _) => "grey with alpha",
        (6, _) => "RGB with alpha",
        _ => return Err(format!("of the unknown colour type {colour}")),
    };
    Err(format!("{name} ({depth} bits)"))
}

/// Fills `out`, which is as long as the plane, with little-endian samples. All checksums of the file are checked.
pub(super) fn decode(file: &SteadyFile, header: Header, out: &mut [u8]) -> Result<(), Fault> {
    let form = header.form;
    let row = form.width as usize * form.dtype.size();
    let input = BufReader::with_capacity(PIECE, At { file, at: 0 });
    let mut decoder = Decoder::new_with_limits(input, Limits { bytes: row + ASIDE });
    decoder.ignore_checksums(false);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let damaged = |error| damaged(file, error);
    let mut reader = decoder.read_info().map_err(damaged)?;
    if reader.info().animation_control.is_some_and(|animation| animation.num_frames > 1) {
        let what = format!("`{}` is animated: a plane must be one image", file.path());
        return Err(Fault::new(Class::BadInput, what));
    }
    if reader.output_buffer_size() != Some(out.len()) {
        return Err(corrupt(file, "it has two headers"));
    }
    reader.next_frame(out).map_err(damaged)?;
    reader.finish().map_err(damaged)?;
    if form.dtype == Dtype::U16 {
        out.as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse());
    }
    Ok(())
}

fn corrupt(file: &SteadyFile, why: impl std::fmt::Display) -> Fault {
    Fault::new(Class::Corrupt, format!("`{}` is no PNG that can be read: {why}", file.path()))
}

fn damaged(file: &SteadyFile, error: DecodingError) -> Fault {
    let DecodingError::IoError(error) = error else {
        return Fault::new(Class::Corrupt, format!("`{}` is no PNG that can be read", file.path()))
            .because(error);
    };
    if error.kind() == ErrorKind::UnexpectedEof {
        return corrupt(file, "it ends too early");
    }
    match error.downcast::<Fault>() {
        Ok(fault) => fault,
        Err(error) => Fault::io(format!("cannot read `{}`", file.path()), error),
    }
}

/// A place in a file.
#[derive(Debug)]
struct At<'a> {
    file: &'a SteadyFile,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.size().saturating_sub(self.at).min(buffer.len() as u64);
        self.file.read_at(self.at, &mut buffer[..length as usize]).map_err(io::Error::other)?;
        self.at += length;
        Ok(length as usize)
    }
}

impl Seek for At<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.size().checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
