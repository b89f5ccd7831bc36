use super::{Bad, damaged};

/// Reads little-endian numbers from the front of some bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Bad> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| damaged("a part of its index is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn skip(&mut self, length: usize) -> Result<(), Bad> {
        self.take(length).map(drop)
    }

    /// An unsigned number of up to eight bytes.
    pub(super) fn number(&mut self, length: usize) -> Result<u64, Bad> {
        Ok(self.take(length)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Bad> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Bad> {
        Ok(self.number(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Bad> {
        Ok(self.number(4)? as u32)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Bad> {
        self.number(8)
    }

    /// Refuses other bytes than these.
    pub(super) fn expect(&mut self, what: &[u8]) -> Result<(), Bad> {
        if self.take(what.len())? == what {
            return Ok(());
        }
        let name = String::from_utf8_lossy(what).into_owned();
        Err(damaged(format!("a part of its index is missing (`{}`)", name.escape_default())))
    }
}
