//! Bits, lowest first.

/// Gathers bits into bytes.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    at: usize,
    held: u64,
    count: u32,
}

impl BitWriter {
    /// Makes sure of room for so many bytes, and the word beyond.
    pub(super) fn reserve(&mut self, bytes: usize) {
        let room = self.at + bytes + 8;
        if self.bytes.len() < room {
            self.bytes.resize(room.max(self.bytes.len() * 3 / 2), 0);
        }
    }

    /// Adds up to 56 bits, for which there is room. The bits of `value` beyond `count` are zero.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        self.bytes[self.at..self.at + 8].copy_from_slice(&self.held.to_le_bytes());
        self.at += (self.count >> 3) as usize;
        self.held >>= self.count & !7;
        self.count &= 7;
    }

    /// Adds a number by its length and its bits below the first.
    pub(super) fn put_gamma(&mut self, value: u32) {
        let length = 32 - value.leading_zeros();
        self.put((1 << length) - 1, length + 1);
        if length > 1 {
            self.put(u64::from(value) & ((1 << (length - 1)) - 1), length - 1);
        }
    }

    /// The bytes, filled with ones to an even number.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.reserve(2);
        if self.count > 0 {
            self.put((1 << (8 - self.count)) - 1, 8 - self.count);
        }
        if self.at % 2 == 1 {
            self.put(0xFF, 8);
        }
        self.bytes.truncate(self.at);
        self.bytes
    }
}

/// Takes bits from bytes; beyond their end come zeros.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, held: 0, count: 0 }
    }

    /// Holds at least 56 bits now.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let next = match self.bytes.get(self.at..self.at + 8) {
            Some(next) => u64::from_le_bytes(next.try_into().expect("eight bytes were asked for")),
            None => self.tail(),
        };
        self.held |= next << self.count;
        self.at += ((63 - self.count) >> 3) as usize;
        self.count |= 0x38;
    }

    #[cold]
    fn tail(&self) -> u64 {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte))
    }

    /// Bits held, the next one lowest.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.held
    }

    /// Drops bits that are held.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.held >>= count;
        self.count -= count;
    }

    /// The next bits, up to as many as are held.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u64 {
        let bits = self.held & ((1 << count) - 1);
        self.skip(count);
        bits
    }

    /// A number written by [`BitWriter::put_gamma`]; none if no 32-bit number begins so.
    pub(super) fn gamma(&mut self) -> Option<u32> {
        self.refill();
        let length = self.peek().trailing_ones();
        if length > 32 {
            return None;
        }
        self.skip(length + 1);
        if length < 2 {
            return Some(length);
        }
        self.refill();
        let below = self.take(length - 1) as u32;
        Some(below | 1 << (length - 1))
    }

    /// More bits were taken than there are.
    pub(super) fn overrun(&self) -> bool {
        self.at * 8 - self.count as usize > self.bytes.len() * 8
    }
}
