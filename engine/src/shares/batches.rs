//! The files of a folder, cut into batches: the same batches for whoever walks the same folder.

/// Files of a batch, at most.
const FILES: u64 = 1000;

/// Bytes after which a batch is full.
const BYTES: u64 = 1 << 30;

/// Numbers the files of a walk.
#[derive(Debug, Default)]
pub(super) struct Batches {
    files: u64,
    bytes: u64,
    number: u64,
}

impl Batches {
    /// The batch of the next file.
    pub(super) fn next(&mut self, size: u64) -> u64 {
        if self.files == FILES || (self.files > 0 && self.bytes + size > BYTES) {
            (self.files, self.bytes) = (0, 0);
            self.number += 1;
        }
        self.files += 1;
        self.bytes += size;
        self.number
    }

    /// How many there are, after the last file.
    pub(super) fn count(&self) -> u64 {
        self.number + u64::from(self.files > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_files_or_by_bytes() {
        let mut batches = Batches::default();
        assert_eq!(batches.count(), 0);
        let numbers: Vec<_> = (0..2500).map(|_| batches.next(1)).collect();
        assert_eq!((numbers[999], numbers[1000], numbers[2499], batches.count()), (0, 1, 2, 3));
        let mut batches = Batches::default();
        let large = [BYTES - 1, 1, 1, BYTES * 3, 5].map(|size| batches.next(size));
        assert_eq!((large, batches.count()), ([0, 0, 1, 2, 3], 4));
    }
}
