//! The directory at the end of a zip file, kept compactly while the entries are written.

use bytes::Bytes;

/// Segments of this size never move in memory while the directory grows.
const SEGMENT: usize = 1 << 20;

/// Lines of the directory, in order.
#[derive(Default)]
pub(super) struct Directory {
    full: Vec<Bytes>,
    open: Vec<u8>,
    pub(super) entries: u64,
    pub(super) size: u64,
}

impl Directory {
    pub(super) fn add(&mut self, line: &[u8]) {
        if self.open.len() + line.len() > SEGMENT {
            self.full.push(std::mem::take(&mut self.open).into());
        }
        self.open.extend(line);
        self.entries += 1;
        self.size += line.len() as u64;
    }

    /// All of it, in pieces.
    pub(super) fn pieces(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        let last = Bytes::from(std::mem::take(&mut self.open));
        std::mem::take(&mut self.full).into_iter().chain(std::iter::once(last))
    }
}
