use std::ops::Range;

use adt_codec::crc32c;
use adt_model::{Class, Fault};

/// Bytes of an index for each chunk: where it begins and how long it is.
pub(super) const ENTRY: u64 = 16;

/// Both numbers of a chunk that is not there.
const MISSING: u64 = u64::MAX;

/// Where the chunks of a shard are that is being written: one after the other from the shard's beginning, then the index.
///
/// Holds no chunk, so that a shard can leave as it is made.
#[derive(Clone, Debug)]
pub struct ShardWriter {
    index: Vec<u8>,
    left: usize,
    end: u64,
}

impl ShardWriter {
    /// Of a shard of so many chunks.
    pub fn new(chunks: usize) -> Self {
        Self { index: Vec::with_capacity(chunks * ENTRY as usize + 4), left: chunks, end: 0 }
    }

    /// Notes the next chunk in C order: its bytes once encoded, `None` if it is not written. Returns where it begins.
    ///
    /// Panics when the shard has all its chunks.
    pub fn push(&mut self, bytes: Option<u64>) -> u64 {
        self.left = self.left.checked_sub(1).expect("a shard is given no more chunks than it has");
        let begin = self.end;
        let (offset, length) = bytes.map_or((MISSING, MISSING), |bytes| (begin, bytes));
        self.index.extend_from_slice(&offset.to_le_bytes());
        self.index.extend_from_slice(&length.to_le_bytes());
        self.end += bytes.unwrap_or_default();
        begin
    }

    /// Bytes of all chunks so far.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// The index and its CRC-32C, which follow the last chunk. A shard without a chunk is not to be written at all.
    ///
    /// Panics when the shard lacks chunks.
    pub fn finish(mut self) -> Vec<u8> {
        assert_eq!(self.left, 0, "a shard is given all its chunks");
        self.index.extend_from_slice(&crc32c(&self.index).to_le_bytes());
        self.index
    }
}

/// Where the chunks of a shard are that is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardIndex(Vec<Option<Range<u64>>>);

impl ShardIndex {
    /// Reads the index of a shard `key` of so many bytes. `index` is [`super::ArrayMeta::index_range`] of it.
    ///
    /// Every chunk it tells of lies within the shard.
    pub fn parse(key: &str, index: &[u8], checksum: bool, bytes: u64) -> Result<Self, Fault> {
        let broken =
            |why: String| Fault::new(Class::Corrupt, format!("cannot use the index of `{key}`: {why}"));
        let entries = if checksum {
            let (entries, sum) =
                index.split_last_chunk::<4>().ok_or_else(|| broken("it is too short".to_owned()))?;
            if crc32c(entries) != u32::from_le_bytes(*sum) {
                return Err(broken("its checksum differs".to_owned()));
            }
            entries
        } else {
            index
        };
        let (entries, rest) = entries.as_chunks::<{ ENTRY as usize }>();
        if !rest.is_empty() {
            return Err(broken(format!("{} bytes are too many", rest.len())));
        }
        let span = |(number, entry): (usize, &[u8; ENTRY as usize])| {
            let (offset, length) = entry.split_at(8);
            let read =
                |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte));
            match (read(offset), read(length)) {
                (MISSING, MISSING) => Ok(None),
                (offset, length) => match offset.checked_add(length) {
                    Some(end) if end <= bytes => Ok(Some(offset..end)),
                    _ => Err(broken(format!("chunk {number} lies beyond the {bytes} bytes"))),
                },
            }
        };
        Ok(Self(entries.iter().enumerate().map(span).collect::<Result<_, _>>()?))
    }

    /// Where a chunk is in the shard; `None` where it was not written, or there is none of that number.
    pub fn span(&self, number: usize) -> Option<Range<u64>> {
        self.0.get(number)?.clone()
    }

    /// How many chunks it tells of, written or not.
    pub fn chunks(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    proptest! {
        #[test]
        fn what_is_written_is_found(chunks in prop::collection::vec(prop::option::of(0..1000_u64), 0..20)) {
            let mut writer = ShardWriter::new(chunks.len());
            let begins: Vec<_> = chunks.iter().map(|bytes| writer.push(*bytes)).collect();
            let body = writer.bytes();
            let tail = writer.finish();
            let index = ShardIndex::parse("c/0", &tail, true, body + tail.len() as u64).unwrap();
            prop_assert_eq!(index.chunks(), chunks.len());
            for (number, (bytes, begin)) in chunks.iter().zip(begins).enumerate() {
                prop_assert_eq!(index.span(number), bytes.map(|bytes| begin..begin + bytes));
            }
            prop_assert_eq!(index.span(chunks.len()), None);
        }

        #[test]
        fn foreign_bytes_are_an_error_at_worst(bytes: Vec<u8>, checksum: bool, size: u64) {
            if let Ok(index) = ShardIndex::parse("c/0", &bytes, checksum, size) {
                prop_assert!((0..index.chunks()).all(|n| index.span(n).is_none_or(|span| span.end <= size)));
            }
        }
    }

    /// Two chunks of 3 and 5 bytes and one between that is missing, by the letter of the specification.
    #[test]
    fn the_index_is_as_specified() {
        let mut writer = ShardWriter::new(3);
        for chunk in [Some(3), None, Some(5)] {
            writer.push(chunk);
        }
        let index = writer.finish();
        let numbers: [u64; 6] = [0, 3, u64::MAX, u64::MAX, 3, 5];
        let expected: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(index[..48], expected);
        assert_eq!(index[48..], crc32c(&expected).to_le_bytes());
    }

    #[rstest]
    #[case::flipped(&|index: &mut Vec<u8>| index[3] ^= 1, "its checksum differs")]
    #[case::short(&|index: &mut Vec<u8>| index.truncate(3), "it is too short")]
    fn a_damaged_index_is_named(#[case] damage: &dyn Fn(&mut Vec<u8>), #[case] why: &str) {
        let mut writer = ShardWriter::new(1);
        writer.push(Some(10));
        let mut index = writer.finish();
        damage(&mut index);
        let line = ShardIndex::parse("0/c/0", &index, true, 30).unwrap_err().line();
        assert_eq!(line, format!("cannot use the index of `0/c/0`: {why}"));
    }

    #[rstest]
    #[case::beyond(5, 30)]
    #[case::overflowing(u64::MAX, 30)]
    fn a_chunk_beyond_the_shard_is_named(#[case] offset: u64, #[case] length: u64) {
        let index: Vec<u8> = [offset, length].iter().flat_map(|number| number.to_le_bytes()).collect();
        let line = ShardIndex::parse("c/0", &index, false, 30).unwrap_err().line();
        assert_eq!(line, "cannot use the index of `c/0`: chunk 0 lies beyond the 30 bytes");
    }
}
