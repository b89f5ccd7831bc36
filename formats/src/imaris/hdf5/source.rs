use adt_model::{Class, Fault};

use super::checksum::lookup3;
use crate::SteadyFile;

/// No piece of the metadata is longer.
const LONGEST: u64 = 16 << 20;

/// A file whose first bytes are those of HDF5.
#[derive(Debug)]
pub(in super::super) struct Source {
    pub(in super::super) file: SteadyFile,
    /// Where address 0 lies in the file.
    pub(super) base: u64,
    /// The header of the first group.
    pub(in super::super) root: u64,
    /// Whether checksums are compared; not where parsers are tried on changed bytes.
    pub(in super::super) checked: bool,
}

/// Why a part of a file cannot be used.
#[derive(Debug)]
pub(in super::super) enum Bad {
    /// The bytes contradict themselves or are missing.
    Damaged(String),
    /// Sound, but not for us.
    Unfit(String),
    /// Sound, but not of Imaris: what it lacks.
    Foreign(String),
    /// The file could not be read.
    Unread(Fault),
}

impl From<Fault> for Bad {
    fn from(fault: Fault) -> Self {
        Self::Unread(fault)
    }
}

pub(in super::super) fn damaged(why: impl Into<String>) -> Bad {
    Bad::Damaged(why.into())
}

pub(in super::super) fn unfit(why: impl Into<String>) -> Bad {
    Bad::Unfit(why.into())
}

pub(in super::super) fn foreign(lacking: impl Into<String>) -> Bad {
    Bad::Foreign(lacking.into())
}

impl Bad {
    /// The same, with the part of the file that it is about.
    pub(in super::super) fn within(self, part: &str) -> Self {
        match self {
            Self::Damaged(why) => Self::Damaged(format!("{why} in {part}")),
            Self::Unfit(why) => Self::Unfit(format!("{why} in {part}")),
            other @ (Self::Foreign(_) | Self::Unread(_)) => other,
        }
    }
}

impl Source {
    /// With the name of the file.
    pub(in super::super) fn fault(&self, bad: Bad) -> Fault {
        let path = self.file.path();
        match bad {
            Bad::Damaged(why) => {
                Fault::new(Class::Corrupt, format!("`{path}` is no Imaris file that can be read: {why}"))
            }
            Bad::Unfit(why) => Fault::new(
                Class::BadInput,
                format!("`{path}` is an Imaris file that is not supported: {why}"),
            ),
            Bad::Foreign(lacking) => Fault::new(
                Class::BadInput,
                format!("`{path}` is an HDF5 file, but not of Imaris: it lacks {lacking}"),
            ),
            Bad::Unread(fault) => fault,
        }
    }

    /// The place of an address in the file, if so many bytes lie there.
    pub(in super::super) fn place(&self, address: u64, length: u64) -> Option<u64> {
        let place = self.base.checked_add(address)?;
        place.checked_add(length).is_some_and(|end| end <= self.file.size()).then_some(place)
    }

    /// The bytes at an address.
    pub(super) fn bytes(&self, address: u64, length: u64) -> Result<Vec<u8>, Bad> {
        if length > LONGEST {
            return Err(damaged(format!("a part of its index has {length} bytes")));
        }
        let Some(place) = self.place(address, length) else {
            return Err(damaged("a part of its index lies beyond the end"));
        };
        let mut bytes = vec![0; length as usize];
        self.file.read_at(place, &mut bytes)?;
        Ok(bytes)
    }

    /// The bytes at an address, fewer if the file ends before.
    pub(super) fn up_to(&self, address: u64, length: u64) -> Result<Vec<u8>, Bad> {
        let rest = self.base.checked_add(address).and_then(|place| self.file.size().checked_sub(place));
        self.bytes(address, length.min(rest.unwrap_or(length)))
    }

    /// Splits off the checksum at the end and compares it.
    pub(super) fn proven<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Bad> {
        let Some((rest, sum)) = bytes.split_last_chunk() else {
            return Err(damaged("a part of its index has no checksum"));
        };
        self.compare(lookup3(rest), u32::from_le_bytes(*sum))?;
        Ok(rest)
    }

    pub(super) fn compare(&self, found: u32, noted: u32) -> Result<(), Bad> {
        if self.checked && found != noted {
            return Err(damaged("a part of its index does not match its checksum"));
        }
        Ok(())
    }
}
