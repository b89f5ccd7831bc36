//! `NumPy`'s `.npy` files, format versions 1.0 to 3.0, read in ranges: what Open Ephys keeps sample numbers, times and events in.
//!
//! Read are booleans, integers and floats of both byte orders, bytes (`S`) and text (`U`) as strings, in C order (a vector may say
//! Fortran order, which is the same there). Records (structured types), objects, complex numbers and dates are refused by name.

mod header;
mod literal;

use adt_model::{Class, Fault};

use crate::SteadyFile;

pub use header::{Dtype, Header, Kind};

/// Items are read this many bytes at a time.
const BLOCK: usize = 1 << 16;

/// An open `.npy` file. Nothing but its header is in memory.
#[derive(Debug)]
pub struct Npy {
    file: SteadyFile,
    header: Header,
    items: u64,
}

fn unusable(file: &SteadyFile, why: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("`{}` is not an array that can be read: {why}", file.path()))
}

impl Npy {
    /// Reads the header. A file that is not an array, that holds what cannot be read here, or whose header counts more values than the file
    /// holds is `Corrupt`.
    pub fn open(file: SteadyFile) -> Result<Self, Fault> {
        let (npy, holds) = Self::begin(file)?;
        if npy.header.items > holds {
            let why = format!("its header promises {} values, it holds {holds}", npy.header.items);
            return Err(npy.unusable(&why));
        }
        Ok(npy)
    }

    /// Reads the header, and counts the values of a vector by the size of the file: a recorder that crashes leaves an old count in the
    /// header. [`header`](Self::header) keeps what the header says.
    pub fn open_by_size(file: SteadyFile) -> Result<Self, Fault> {
        let (mut npy, holds) = Self::begin(file)?;
        if npy.header.shape.len() == 1 {
            npy.items = holds;
        } else if npy.header.items > holds {
            let why = format!("its header promises {} values, it holds {holds}", npy.header.items);
            return Err(npy.unusable(&why));
        }
        Ok(npy)
    }

    /// The header, and how many values the file has room for.
    fn begin(file: SteadyFile) -> Result<(Self, u64), Fault> {
        let mut start = vec![0; file.size().min(header::PREFIX as u64) as usize];
        file.read_at(0, &mut start)?;
        let (offset, length) = header::extent(&start).map_err(|why| unusable(&file, &why))?;
        if offset + length > file.size() {
            return Err(unusable(&file, "it ends inside its header"));
        }
        let mut text = vec![0; length as usize];
        file.read_at(offset, &mut text)?;
        let header = Header::parse(&text, offset + length).map_err(|why| unusable(&file, &why))?;
        let holds = (file.size() - header.data_offset) / header.dtype.size.max(1);
        Ok((Self { items: header.items, file, header }, holds))
    }

    fn unusable(&self, why: &str) -> Fault {
        unusable(&self.file, why)
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of values, all dimensions together.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Fills `out` with the values from `first` on, exactly. Floats, text and integers beyond `i64` are a fault.
    pub fn integers(&self, first: u64, out: &mut [i64]) -> Result<(), Fault> {
        let Dtype { kind, size, big_endian } = self.header.dtype;
        if !matches!(kind, Kind::Bool | Kind::Signed | Kind::Unsigned) {
            return Err(self.other("whole numbers"));
        }
        if (kind, size, big_endian) == (Kind::Signed, 8, false) {
            return self
                .each(first, out, |bytes| bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)));
        }
        self.each(first, out, |bytes| match (kind, integer(bytes, big_endian)) {
            (Kind::Bool, value) => Some(i64::from(value != 0)),
            (Kind::Signed, value) => {
                let unused = 64 - 8 * size as u32;
                Some((value << unused).cast_signed() >> unused)
            }
            (_, value) => i64::try_from(value).ok(),
        })
    }

    /// Fills `out` with the values from `first` on, integers rounded to the nearest `f64` as `NumPy`'s `astype` does. Text is a fault.
    pub fn floats(&self, first: u64, out: &mut [f64]) -> Result<(), Fault> {
        let Dtype { kind, size, big_endian } = self.header.dtype;
        if matches!(kind, Kind::Bytes | Kind::Text) {
            return Err(self.other("numbers"));
        }
        if (kind, size, big_endian) == (Kind::Float, 8, false) {
            return self
                .each(first, out, |bytes| bytes.first_chunk().map(|bytes| f64::from_le_bytes(*bytes)));
        }
        self.each(first, out, |bytes| {
            let bits = integer(bytes, big_endian);
            Some(match kind {
                Kind::Float if size == 4 => f64::from(f32::from_bits(bits as u32)),
                Kind::Float => f64::from_bits(bits),
                Kind::Signed => {
                    let unused = 64 - 8 * size as u32;
                    ((bits << unused).cast_signed() >> unused) as f64
                }
                Kind::Bool => f64::from(u8::from(bits != 0)),
                _ => bits as f64,
            })
        })
    }

    /// The text at `index`, without the zeros that fill it up. Bytes that are no UTF-8, and code points that are none, become `�`.
    /// Numbers are a fault, and so is a text longer than 1 MiB.
    pub fn text(&self, index: u64) -> Result<String, Fault> {
        let Dtype { kind, size, big_endian } = self.header.dtype;
        if !matches!(kind, Kind::Bytes | Kind::Text) || size > 1 << 20 {
            return Err(self.other("short texts"));
        }
        let mut bytes = vec![0; size as usize];
        self.within(index, 1)?;
        self.file.read_at(self.header.data_offset + index * size, &mut bytes)?;
        let text = if kind == Kind::Bytes {
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            let letters = bytes.chunks_exact(4).map(|unit| integer(unit, big_endian) as u32);
            letters.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        };
        Ok(text.trim_end_matches('\0').to_owned())
    }

    /// Call after the last read, see [`SteadyFile::finish`].
    pub fn finish(&self) -> Result<(), Fault> {
        self.file.finish()
    }

    fn each<T>(&self, first: u64, out: &mut [T], value: impl Fn(&[u8]) -> Option<T>) -> Result<(), Fault> {
        self.within(first, out.len() as u64)?;
        let size = self.header.dtype.size as usize;
        let mut block = vec![0; BLOCK.min(out.len() * size)];
        let mut offset = self.header.data_offset + first * size as u64;
        for some in out.chunks_mut(BLOCK / size) {
            let bytes = &mut block[..some.len() * size];
            self.file.read_at(offset, bytes)?;
            for (item, bytes) in some.iter_mut().zip(bytes.chunks_exact(size)) {
                *item = value(bytes).ok_or_else(|| self.other("whole numbers below 2^63"))?;
            }
            offset += bytes.len() as u64;
        }
        Ok(())
    }

    fn within(&self, first: u64, count: u64) -> Result<(), Fault> {
        if first.checked_add(count).is_some_and(|end| end <= self.items) {
            return Ok(());
        }
        let what = format!("`{}` has {} values, not {count} from {first} on", self.file.path(), self.items);
        Err(Fault::new(Class::Bug, what))
    }

    fn other(&self, wanted: &str) -> Fault {
        let what = format!("`{}` holds `{}`, not {wanted}", self.file.path(), self.header.dtype);
        Fault::new(Class::Corrupt, what)
    }
}

/// Up to eight bytes as an unsigned number.
fn integer(bytes: &[u8], big_endian: bool) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

#[cfg(test)]
mod tests;
