use base64::{Engine as _, prelude::BASE64_STANDARD};
use crc_fast::CrcAlgorithm;
use serde::{Deserialize, Serialize};

/// A checksum that a client may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Crc64nvme,
    Crc32c,
    Crc32,
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 4] = [Self::Crc64nvme, Self::Crc32c, Self::Crc32, Self::Sha256];

    /// As in `x-amz-checksum-algorithm`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc64nvme => "CRC64NVME",
            Self::Crc32c => "CRC32C",
            Self::Crc32 => "CRC32",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header, or trailer, that carries its value.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element that carries its value in documents.
    pub(crate) fn element(self) -> &'static str {
        match self {
            Self::Crc64nvme => "ChecksumCRC64NVME",
            Self::Crc32c => "ChecksumCRC32C",
            Self::Crc32 => "ChecksumCRC32",
            Self::Sha256 => "ChecksumSHA256",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn from_header(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.header().eq_ignore_ascii_case(name))
    }

    /// What this is called in `crc-fast`; checksums that are no CRC cannot be combined.
    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Sha256 => None,
        }
    }

    /// Base64 of the big-endian bytes of a CRC.
    fn written(self, crc: u64) -> String {
        match self {
            Self::Crc64nvme => BASE64_STANDARD.encode(crc.to_be_bytes()),
            _ => BASE64_STANDARD.encode((crc as u32).to_be_bytes()),
        }
    }

    /// The checksum of a whole from those of its parts, in order, each with its length.
    pub(crate) fn combine(self, parts: &[(String, u64)]) -> Option<String> {
        let algorithm = self.crc()?;
        let mut whole = crc_fast::checksum(algorithm, b"");
        for (value, length) in parts {
            let bytes = BASE64_STANDARD.decode(value).ok()?;
            let crc = bytes.iter().fold(0, |crc, byte| crc << 8 | u64::from(*byte));
            whole = crc_fast::checksum_combine(algorithm, whole, crc, *length);
        }
        Some(self.written(whole))
    }

    /// The checksum of the parts' checksums, with their number: what S3 calls composite.
    pub(crate) fn composite(self, parts: &[(String, u64)]) -> Option<String> {
        let mut sum = Checksum::new(self);
        for (value, _) in parts {
            sum.update(&BASE64_STANDARD.decode(value).ok()?);
        }
        Some(format!("{}-{}", sum.finish(), parts.len()))
    }
}

/// A checksum being computed.
pub(crate) enum Checksum {
    Crc(Algorithm, Box<crc_fast::Digest>),
    Sha(Box<ring::digest::Context>),
}

impl Checksum {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm.crc() {
            Some(crc) => Self::Crc(algorithm, Box::new(crc_fast::Digest::new(crc))),
            None => Self::Sha(Box::new(ring::digest::Context::new(&ring::digest::SHA256))),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, digest) => digest.update(bytes),
            Self::Sha(context) => context.update(bytes),
        }
    }

    /// As it stands in headers: base64.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Crc(algorithm, digest) => algorithm.written(digest.finalize()),
            Self::Sha(context) => BASE64_STANDARD.encode(context.finish()),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::crc64("CRC64NVME", "rosUhgp5mIg=")] // check value ae8b14860a799888 of the CRC catalogue
    #[case::crc32c("CRC32C", "4waSgw==")]
    #[case::crc32("CRC32", "y/Q5Jg==")]
    fn check_values_hold_and_combine(#[case] name: &str, #[case] value: &str) {
        let algorithm = Algorithm::from_name(name).unwrap();
        let sum = |bytes: &[u8]| {
            let mut sum = Checksum::new(algorithm);
            sum.update(bytes);
            (sum.finish(), bytes.len() as u64)
        };
        assert_eq!(sum(b"123456789").0, value);
        assert_eq!(algorithm.combine(&[sum(b"1234"), sum(b""), sum(b"56789")]).unwrap(), value);
    }
}
