//! Keys in byte order, kept in a few bytes each: only what differs from the key before.

use adt_model::Key;

/// Keys in byte order, each with a checksum of the version that was listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Superfluous {
    /// For each key: bytes it shares with the one before, number of its other bytes, these, the version.
    bytes: Vec<u8>,
    last: String,
    count: u64,
}

impl Superfluous {
    /// A key that does not follow the one before is not kept: it is not known whether it is superfluous.
    pub(super) fn push(&mut self, key: &Key, version: u64) {
        let key = key.as_str();
        if self.count > 0 && key <= self.last.as_str() {
            return;
        }
        let shared = key.bytes().zip(self.last.bytes()).take_while(|(a, b)| a == b).count();
        let own = &key.as_bytes()[shared..];
        number(&mut self.bytes, shared);
        number(&mut self.bytes, own.len());
        self.bytes.extend_from_slice(own);
        self.bytes.extend_from_slice(&version.to_le_bytes());
        key.clone_into(&mut self.last);
        self.count += 1;
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.count
    }

    /// Every key with its version, in byte order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, u64)> {
        let (mut rest, mut last) = (self.bytes.as_slice(), Vec::new());
        std::iter::from_fn(move || {
            let (shared, own) = (taken(&mut rest)?, taken(&mut rest)?);
            let (name, after) = rest.split_at_checked(own)?;
            let (version, after) = after.split_first_chunk()?;
            last.truncate(shared);
            last.extend_from_slice(name);
            rest = after;
            Some((String::from_utf8(last.clone()).ok()?, u64::from_le_bytes(*version)))
        })
    }

    /// Those that `other` has too, in the same version.
    pub(super) fn in_both(&self, other: &Self) -> Self {
        let mut both = Self::default();
        let mut others = other.iter().peekable();
        for (key, version) in self.iter() {
            while others.next_if(|(theirs, _)| *theirs < key).is_some() {}
            if others.peek().is_some_and(|(theirs, listed)| *theirs == key && *listed == version)
                && let Ok(key) = Key::parse(key)
            {
                both.push(&key, version);
            }
        }
        both
    }
}

/// Seven bits in a byte, the lowest first; the highest bit says that more follow.
fn number(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn taken(bytes: &mut &[u8]) -> Option<usize> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(texts: &[(String, u64)]) -> Superfluous {
        let mut keys = Superfluous::default();
        for (text, version) in texts {
            keys.push(&Key::parse(text.clone()).unwrap(), *version);
        }
        keys
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(set in proptest::collection::btree_map("[a-c\u{e4}]{1,200}", any::<u64>(), 0..50)) {
            let texts: Vec<_> = set.into_iter().collect();
            let kept = keys(&texts);
            prop_assert_eq!(kept.iter().collect::<Vec<_>>(), texts.clone());
            prop_assert_eq!(kept.len(), texts.len() as u64);
        }
    }

    #[test]
    fn a_key_that_comes_late_or_twice_is_not_kept() {
        let kept = keys(&[("b".into(), 1), ("a".into(), 2), ("b".into(), 3), ("c".into(), 4)]);
        assert_eq!(kept.iter().collect::<Vec<_>>(), [("b".to_owned(), 1), ("c".to_owned(), 4)]);
    }

    #[test]
    fn a_chunk_of_an_array_takes_few_bytes() {
        let texts: Vec<_> = (0..1000).map(|n| (format!("image.zarr/0/0/0/12/{n:04}"), 1)).collect();
        assert!(keys(&texts).bytes.len() < 1000 * 13);
    }
}
