use adt_model::{Class, Fault};

use crate::SteadyFile;

/// Bytes read ahead of a directory that stands alone.
const NEAR: usize = 1 << 10;
/// Bytes read ahead where directories stand one after the other.
const AHEAD: usize = 1 << 16;

/// A file whose first bytes are those of a TIFF.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: SteadyFile,
    pub(super) order: Order,
    /// `BigTIFF`: counts and offsets of 64 bits.
    pub(super) big: bool,
    /// Where the first directory lies.
    pub(super) first: u64,
}

impl Source {
    /// Reads the header (TIFF 6.0, section 2; `BigTIFF`).
    pub(super) fn open(file: SteadyFile) -> Result<Self, Fault> {
        let mut start = [0; 16];
        let size = file.size();
        let held = size.min(16) as usize;
        file.read_at(0, &mut start[..held])?;
        let order = if start.starts_with(b"MM") { Order::Big } else { Order::Little };
        let version = order.number(&start[2..4]);
        let mut source = Self { file, order, big: version == 43, first: 0 };
        if size == 0 {
            return Err(source.corrupt("it is empty"));
        }
        if !matches!(&start[..2], b"II" | b"MM") || !matches!(version, 42 | 43) {
            return Err(source.corrupt("it does not begin as one"));
        }
        if source.big && (order.number(&start[4..6]), order.number(&start[6..8])) != (8, 0) {
            return Err(source.corrupt("its offsets are not of 8 bytes"));
        }
        let first = if source.big { &start[8..16] } else { &start[4..8] };
        source.first = order.number(first);
        if source.first == 0 || held < 8 {
            return Err(source.corrupt("it has no page"));
        }
        Ok(source)
    }

    /// The bytes contradict themselves or are missing.
    pub(super) fn corrupt(&self, why: impl std::fmt::Display) -> Fault {
        Fault::new(Class::Corrupt, format!("`{}` is no TIFF that can be read: {why}", self.file.path()))
    }

    /// Sound, but not for us.
    pub(super) fn unfit(&self, why: impl std::fmt::Display) -> Fault {
        Fault::new(Class::BadInput, format!("`{}` is a TIFF that is not supported: {why}", self.file.path()))
    }

    /// Whether that many bytes lie there.
    pub(super) fn holds(&self, offset: u64, length: u64) -> bool {
        offset.checked_add(length).is_some_and(|end| end <= self.file.size())
    }
}

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// Up to eight bytes as an unsigned number.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, join),
            Self::Big => bytes.iter().fold(0, join),
        }
    }
}

/// A piece of the file in memory, so that directories beside each other cost one read.
#[derive(Debug, Default)]
pub(super) struct Window {
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// The `length` bytes at `offset`, which the file must hold.
    pub(super) fn get(&mut self, source: &Source, offset: u64, length: usize) -> Result<&[u8], Fault> {
        let inside = |window: &Self| {
            let from = offset.checked_sub(window.start)?;
            (from + length as u64 <= window.bytes.len() as u64).then_some(from as usize)
        };
        if inside(self).is_none() {
            if !source.holds(offset, length as u64) {
                return Err(
                    source.corrupt(format!("it ends before byte {}", offset.saturating_add(length as u64)))
                );
            }
            let end = self.start + self.bytes.len() as u64;
            let beside = offset >= self.start && offset < end + AHEAD as u64 && !self.bytes.is_empty();
            let wanted = length.max(if beside { AHEAD } else { NEAR }) as u64;
            self.bytes.resize(wanted.min(source.file.size() - offset) as usize, 0);
            self.start = offset;
            if let Err(fault) = source.file.read_at(offset, &mut self.bytes) {
                self.bytes.clear();
                return Err(fault);
            }
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..from + length])
    }
}
