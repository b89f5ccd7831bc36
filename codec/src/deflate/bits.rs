/// Writes codes of 1..=57 bits, lowest bit first, into room that the caller has made large enough.
pub(super) struct BitWriter<'a> {
    room: &'a mut [u8],
    at: usize,
    held: u64,
    count: u32,
}

/// Bytes of room needed beyond the last written one: whole words are stored.
pub(super) const SLACK: usize = 8;

impl<'a> BitWriter<'a> {
    /// Goes on with the `count` (0..=7) bits held back by an earlier writer.
    pub(super) fn new(room: &'a mut [u8], held: u64, count: u32) -> Self {
        Self { room, at: 0, held, count }
    }

    /// Adds bits without storing them; at most 56 between two calls of [`Self::store`].
    #[inline]
    pub(super) fn add(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
    }

    /// Stores all whole bytes.
    #[inline]
    pub(super) fn store(&mut self) {
        self.room[self.at..self.at + 8].copy_from_slice(&self.held.to_le_bytes());
        self.at += (self.count >> 3) as usize;
        self.held >>= self.count & !7;
        self.count &= 7;
    }

    #[inline]
    pub(super) fn put(&mut self, bits: u64, count: u32) {
        self.add(bits, count);
        self.store();
    }

    /// Fills the current byte with zeros.
    pub(super) fn align(&mut self) {
        self.count = (self.count + 7) & !7;
        self.store();
    }

    /// Copies bytes; the writer must be aligned.
    pub(super) fn copy(&mut self, bytes: &[u8]) {
        self.room[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Bytes stored, and the bits held back with their count (0..=7).
    pub(super) fn finish(self) -> (usize, u64, u32) {
        (self.at, self.held, self.count)
    }
}
