use adt_model::Fault;

use super::{Bad, Cursor, Source, damaged, unfit};
use crate::SteadyFile;

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Longest superblock that is read: version 1, with the entry of the first group.
const LENGTH: u64 = 128;

impl Source {
    /// Finds the superblock: at the beginning, or behind a block of the user's at a power of two from 512 on.
    pub(in super::super) fn open(file: SteadyFile) -> Result<Self, Fault> {
        let mut source = Self { file, base: 0, root: 0, checked: true };
        match source.superblock() {
            Ok(()) => Ok(source),
            Err(bad) => Err(source.fault(bad)),
        }
    }

    fn superblock(&mut self) -> Result<(), Bad> {
        if self.file.size() == 0 {
            return Err(damaged("it is empty"));
        }
        let mut at = 0;
        while at < self.file.size() {
            let bytes = self.up_to(at, LENGTH)?;
            if let Some(rest) = bytes.strip_prefix(SIGNATURE) {
                return self.superblock_at(Cursor(rest), &bytes);
            }
            at = (at * 2).max(512);
        }
        Err(damaged("it is no HDF5 file"))
    }

    fn superblock_at(&mut self, mut rest: Cursor<'_>, whole: &[u8]) -> Result<(), Bad> {
        let version = rest.u8()?;
        let newer = match version {
            0 | 1 => false,
            2 | 3 => true,
            other => return Err(unfit(format!("it is HDF5 with a superblock of version {other}"))),
        };
        if !newer {
            rest.skip(4)?;
        }
        let widths = (rest.u8()?, rest.u8()?);
        if widths != (8, 8) {
            let (addresses, lengths) = widths;
            return Err(unfit(format!("its addresses have {addresses} bytes and its lengths {lengths}")));
        }
        let end = if newer {
            let flags = rest.u8()?;
            if version == 3 && flags & 1 != 0 {
                return Err(damaged("a program has it open, or did not close it"));
            }
            self.newer(rest, whole)?
        } else {
            self.older(version, rest)?
        };
        if end > self.file.size() {
            let size = self.file.size();
            return Err(damaged(format!("it ends too early ({size} bytes of {end})")));
        }
        Ok(())
    }

    /// Versions 0 and 1, behind the widths. Where the file should end.
    fn older(&mut self, version: u8, mut rest: Cursor<'_>) -> Result<u64, Bad> {
        rest.skip(if version == 0 { 9 } else { 13 })?;
        self.base = rest.u64()?;
        rest.skip(8)?;
        let end = rest.u64()?;
        rest.skip(16)?;
        self.root = rest.u64()?;
        Ok(end)
    }

    /// Versions 2 and 3, behind the flags.
    fn newer(&mut self, mut rest: Cursor<'_>, whole: &[u8]) -> Result<u64, Bad> {
        self.base = rest.u64()?;
        rest.skip(8)?;
        let end = rest.u64()?;
        self.root = rest.u64()?;
        let length = whole.len() - rest.0.len() + 4;
        self.proven(whole.get(..length).ok_or_else(|| damaged("its superblock is cut off"))?)?;
        Ok(end)
    }
}
