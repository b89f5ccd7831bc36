use adt_codec::{Crc32cDigest, Crc64Digest};
use adt_model::Crc64;
use md5::{Digest, Md5};

use crate::{Found, checksum::md5_from_etag};

/// The checksums of one object that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// CRC-64/NVME.
    pub crc64: Option<Crc64>,
    /// CRC-32C.
    pub crc32c: Option<u32>,
    /// MD5.
    pub md5: Option<[u8; 16]>,
    /// An `ETag` that may be the MD5; when it is another, that says nothing.
    pub perhaps_md5: Option<[u8; 16]>,
}

impl Sums {
    /// Those that a server keeps.
    pub fn kept(found: &Found) -> Self {
        let perhaps_md5 = found.etag.as_deref().and_then(md5_from_etag);
        Self { crc64: found.crc64, crc32c: found.crc32c, md5: found.md5, perhaps_md5 }
    }

    /// Those that downloaded bytes have to match. An `ETag` is one of them unless the answer about the object says why it is not an MD5.
    pub fn stated(found: &Found) -> Self {
        let etag = || found.etag.as_deref().filter(|_| found.etag_is_md5).and_then(md5_from_etag);
        let md5 = found.md5.or_else(etag);
        Self { crc64: found.crc64, crc32c: found.crc32c, md5, perhaps_md5: None }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether both are of the same bytes; `None` when they have no kind in common.
    pub fn agree(&self, other: &Self) -> Option<bool> {
        if let (Some(a), Some(b)) = (self.crc64, other.crc64) {
            return Some(a == b);
        }
        if let (Some(a), Some(b)) = (self.crc32c, other.crc32c) {
            return Some(a == b);
        }
        if let (Some(a), Some(b)) = (self.md5, other.md5) {
            return Some(a == b);
        }
        let md5 = |sums: &Self| sums.md5.or(sums.perhaps_md5);
        match (md5(self), md5(other)) {
            (Some(a), Some(b)) if a == b => Some(true),
            _ => None,
        }
    }

    /// What is known of one of two objects that are the same.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            crc64: self.crc64.or(other.crc64),
            crc32c: self.crc32c.or(other.crc32c),
            md5: self.md5.or(other.md5).or(self.perhaps_md5.filter(|md5| other.perhaps_md5 == Some(*md5))),
            perhaps_md5: None,
        }
    }

    /// Digests of the kinds that can be compared with these; always of CRC-64.
    pub fn like(&self) -> Digests {
        let crc32c = self.crc64.is_none() && self.crc32c.is_some();
        let md5 = self.crc64.is_none() && self.crc32c.is_none() && self.md5.or(self.perhaps_md5).is_some();
        Digests {
            crc64: Crc64Digest::default(),
            crc32c: crc32c.then(Crc32cDigest::default),
            md5: md5.then(Md5::default),
        }
    }
}

/// Checksums of bytes that come piece by piece.
#[derive(Clone, Debug)]
pub struct Digests {
    crc64: Crc64Digest,
    crc32c: Option<Crc32cDigest>,
    md5: Option<Md5>,
}

impl Digests {
    /// Digests that can be compared with these sums, too.
    #[must_use]
    pub fn and_like(mut self, other: &Sums) -> Self {
        let Self { crc32c, md5, .. } = other.like();
        self.crc32c = self.crc32c.or(crc32c);
        self.md5 = self.md5.or(md5);
        self
    }

    /// The next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.crc64.update(bytes);
        if let Some(crc32c) = &mut self.crc32c {
            crc32c.update(bytes);
        }
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// What all of them come to.
    pub fn finish(self) -> Sums {
        Sums {
            crc64: Some(Crc64(self.crc64.finish())),
            crc32c: self.crc32c.map(|digest| digest.finish()),
            md5: self.md5.map(|digest| digest.finalize().into()),
            perhaps_md5: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const A: [u8; 16] = [1; 16];
    const B: [u8; 16] = [2; 16];

    fn sums(
        crc64: Option<u64>,
        crc32c: Option<u32>,
        md5: Option<[u8; 16]>,
        perhaps: Option<[u8; 16]>,
    ) -> Sums {
        Sums { crc64: crc64.map(Crc64), crc32c, md5, perhaps_md5: perhaps }
    }

    #[rstest]
    #[case::nothing(sums(None, None, None, None), sums(Some(1), None, None, None), None)]
    #[case::crc64(sums(Some(1), None, None, Some(A)), sums(Some(1), None, None, Some(B)), Some(true))]
    #[case::other_crc64(sums(Some(1), Some(1), None, None), sums(Some(2), Some(1), None, None), Some(false))]
    #[case::crc32c(sums(None, Some(1), Some(A), None), sums(Some(2), Some(2), Some(A), None), Some(false))]
    #[case::md5(sums(None, None, Some(A), None), sums(None, None, Some(A), None), Some(true))]
    #[case::other_md5(sums(None, None, Some(A), None), sums(None, None, Some(B), None), Some(false))]
    #[case::etags(sums(None, None, None, Some(A)), sums(None, None, None, Some(A)), Some(true))]
    #[case::other_etags_say_nothing(sums(None, None, None, Some(A)), sums(None, None, Some(B), None), None)]
    fn the_strongest_kind_in_common_decides(#[case] a: Sums, #[case] b: Sums, #[case] same: Option<bool>) {
        assert_eq!((a.agree(&b), b.agree(&a)), (same, same));
    }

    #[rstest]
    #[case::nothing_said_against_it("8d777f385d3dfec8815d20f7496026dc", true, true)]
    #[case::encrypted_by_a_key_service("8d777f385d3dfec8815d20f7496026dc", false, false)]
    #[case::of_parts("8d777f385d3dfec8815d20f7496026dc-2", true, false)]
    #[case::opaque("0x8DA7C0A6D1B5E00", true, false)]
    fn an_etag_is_an_md5_unless_its_answer_or_its_form_says_otherwise(
        #[case] etag: &str,
        #[case] etag_is_md5: bool,
        #[case] stated: bool,
    ) {
        let found = Found { etag: Some(etag.into()), etag_is_md5, ..Found::new("a".parse().unwrap(), 4) };
        assert_eq!(Sums::stated(&found).md5.is_some(), stated);
        assert_eq!(Sums::stated(&found).is_empty(), !stated);
    }

    #[rstest]
    #[case::crc64(sums(Some(0), Some(0), None, None), (false, false))]
    #[case::crc32c(sums(None, Some(0), Some(A), None), (true, false))]
    #[case::md5(sums(None, None, None, Some(A)), (false, true))]
    fn what_is_computed_is_what_can_be_compared(#[case] other: Sums, #[case] kinds: (bool, bool)) {
        let mut digests = other.like();
        digests.update(b"1234");
        digests.update(b"56789");
        let made = digests.finish();
        assert_eq!(made.crc64, Some(Crc64(0xae8b_1486_0a79_9888)));
        assert_eq!((made.crc32c.is_some(), made.md5.is_some()), kinds);
        assert!(made.crc32c.is_none_or(|crc| crc == 0xe306_9283));
    }
}
