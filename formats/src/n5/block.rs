use std::{
    fs::File,
    io::{ErrorKind, Read},
};

use adt_codec::{blosc, zstd};
use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::{
    N5,
    attributes::{Attributes, Compression},
    lz4,
};

/// What a compressor may add to bytes that cannot be compressed, besides a sixteenth of them.
const OVERHEAD: u64 = 1 << 16;

/// Reads blocks. Keeps its buffers.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    stored: Vec<u8>,
    blosc: blosc::Decoder,
    zstd: zstd::Decoder,
    /// The samples of the last block, little-endian.
    pub(super) samples: Vec<u8>,
}

/// The file of a block, numbered along t, c, z, y and x.
pub(super) fn path(n5: &N5, number: [u64; 5]) -> Utf8PathBuf {
    let mut path = n5.folder.clone();
    number.iter().rev().take(n5.attributes.axes).for_each(|number| path.push(number.to_string()));
    path
}

impl Decoder {
    /// Voxels of the block along t, c, z, y and x; none where it was never written.
    pub(super) fn read(
        &mut self,
        attributes: &Attributes,
        path: &Utf8Path,
    ) -> Result<Option<[u64; 5]>, Fault> {
        let corrupt = |why: String| Fault::new(Class::Corrupt, format!("the N5 block `{path}`: {why}"));
        let cannot = |error| Fault::io(format!("the N5 block `{path}` cannot be read"), error);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot(error)),
        };
        let length = file.metadata().map_err(cannot)?.len();
        let largest = attributes.block.iter().product::<u64>() * attributes.dtype.size() as u64;
        let largest = largest + largest / 16 + OVERHEAD;
        if length > largest {
            return Err(corrupt(format!("it has {length} bytes, more than any block of this dataset")));
        }
        self.stored.clear();
        self.stored.reserve_exact(length as usize);
        file.take(largest).read_to_end(&mut self.stored).map_err(cannot)?;
        let (size, data) = header(attributes, &self.stored).map_err(corrupt)?;
        let bytes = size.iter().product::<u64>() as usize * attributes.dtype.size();
        self.samples.resize(bytes, 0);
        let (compression, data) = (attributes.compression, &self.stored[data..]);
        decode(compression, data, &mut self.samples, &mut self.blosc, &mut self.zstd).map_err(corrupt)?;
        swap(&mut self.samples, attributes.dtype.size());
        Ok(Some(size))
    }
}

/// Voxels of a block, and where its data begins.
fn header(attributes: &Attributes, stored: &[u8]) -> Result<([u64; 5], usize), String> {
    let short = "it ends within its header";
    let u16_at = |at: usize| stored.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
    let u32_at = |at: usize| stored.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let (mode, axes) = (u16_at(0).ok_or(short)?, u16_at(2).ok_or(short)?);
    if mode > 1 {
        return Err(format!("its header says mode {mode}, which is not known"));
    }
    if usize::from(axes) != attributes.axes {
        return Err(format!("its header says {axes} axes instead of {}", attributes.axes));
    }
    let (mut size, mut at) = ([1; 5], 4);
    for (side, most) in size.iter_mut().zip(attributes.block).rev().take(attributes.axes) {
        *side = u64::from(u32_at(at).ok_or(short)?);
        if *side == 0 || *side > most {
            return Err(format!("its header says {side} voxels along an axis where blocks have {most}"));
        }
        at += 4;
    }
    if mode == 1 {
        let (count, voxels) = (u32_at(at).ok_or(short)?, size.iter().product::<u64>());
        if u64::from(count) != voxels {
            return Err(format!("its header says {count} samples for {voxels} voxels"));
        }
        at += 4;
    }
    Ok((size, at))
}

fn decode(
    compression: Compression,
    data: &[u8],
    out: &mut [u8],
    blosc: &mut blosc::Decoder,
    zstd: &mut zstd::Decoder,
) -> Result<(), String> {
    match compression {
        Compression::Raw if data.len() == out.len() => out.copy_from_slice(data),
        Compression::Raw => {
            return Err(format!("it has {} bytes of voxels instead of {}", data.len(), out.len()));
        }
        Compression::Gzip => inflate(MultiGzDecoder::new(data), out)?,
        Compression::Zlib => inflate(ZlibDecoder::new(data), out)?,
        Compression::Zstd => zstd.decode_into(data, out).map_err(|error| error.to_string())?,
        Compression::Blosc => blosc.decode_into(data, out).map_err(|error| error.to_string())?,
        Compression::Lz4 => lz4::decode(data, out)?,
    }
    Ok(())
}

/// To the end of the stream, where its checksum is.
fn inflate(mut stream: impl Read, out: &mut [u8]) -> Result<(), String> {
    let damaged = |error: std::io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => "its compressed bytes end too early (Deflate)".to_owned(),
        _ => "its compressed bytes are damaged (Deflate)".to_owned(),
    };
    stream.read_exact(out).map_err(damaged)?;
    match stream.read(&mut [0]).map_err(damaged)? {
        0 => Ok(()),
        _ => Err("more comes out of it than it has voxels (Deflate)".to_owned()),
    }
}

/// Big-endian samples to little-endian ones.
fn swap(samples: &mut [u8], size: usize) {
    match size {
        2 => samples.as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse()),
        4 => samples.as_chunks_mut::<4>().0.iter_mut().for_each(|sample| sample.reverse()),
        8 => samples.as_chunks_mut::<8>().0.iter_mut().for_each(|sample| sample.reverse()),
        _ => {}
    }
}
