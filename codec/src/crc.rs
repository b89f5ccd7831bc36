use crc_fast::{CrcAlgorithm, Digest, checksum, checksum_combine};

/// CRC-64/NVME of all bytes, the checksum S3 calls `CRC64NVME`. Of no bytes: 0.
pub fn crc64(bytes: &[u8]) -> u64 {
    checksum(CrcAlgorithm::Crc64Nvme, bytes)
}

/// CRC-64/NVME of a text whose first part has checksum `a` and whose last `len_b` bytes have checksum `b`.
pub fn crc64_combine(a: u64, b: u64, len_b: u64) -> u64 {
    checksum_combine(CrcAlgorithm::Crc64Nvme, a, b, len_b)
}

/// The same of CRC-32C.
pub fn crc32c_combine(a: u32, b: u32, len_b: u64) -> u32 {
    checksum_combine(CrcAlgorithm::Crc32Iscsi, u64::from(a), u64::from(b), len_b) as u32
}

/// CRC-64/NVME of bytes that come piece by piece.
#[derive(Clone, Debug)]
pub struct Crc64Digest(Digest);

impl Default for Crc64Digest {
    fn default() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Nvme))
    }
}

impl Crc64Digest {
    /// Of no bytes so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of everything so far; more may follow.
    pub fn finish(&self) -> u64 {
        self.0.finalize()
    }
}

/// CRC-32/ISO-HDLC of all bytes, the checksum inside zip and gzip. Of no bytes: 0.
pub fn crc32(bytes: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32IsoHdlc, bytes) as u32
}

/// CRC-32C (Castagnoli) of all bytes, the checksum of a Zarr shard's index. Of no bytes: 0.
pub fn crc32c(bytes: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

/// CRC-32 of a text whose first part has checksum `a` and whose last `len_b` bytes have checksum `b`.
pub fn crc32_combine(a: u32, b: u32, len_b: u64) -> u32 {
    checksum_combine(CrcAlgorithm::Crc32IsoHdlc, u64::from(a), u64::from(b), len_b) as u32
}

/// CRC-32C of bytes that come piece by piece.
#[derive(Clone, Debug)]
pub struct Crc32cDigest(Digest);

impl Default for Crc32cDigest {
    fn default() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc32Iscsi))
    }
}

impl Crc32cDigest {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all of them.
    pub fn finish(&self) -> u32 {
        self.0.finalize() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing(b"", 0, 0, 0)]
    #[case::catalogue_check(b"123456789", 0xAE8B_1486_0A79_9888, 0xCBF4_3926, 0xE306_9283)]
    fn known_values(#[case] bytes: &[u8], #[case] long: u64, #[case] short: u32, #[case] castagnoli: u32) {
        assert_eq!((crc64(bytes), crc32(bytes), crc32c(bytes)), (long, short, castagnoli));
    }

    /// Reflected polynomials of the two checksums, highest power left out.
    const NVME: u64 = 0x9A6C_9329_AC4B_C9B5;
    const ISO_HDLC: u64 = 0xEDB8_8320;

    /// `a * b` modulo the polynomial, reflected: bit `width - 1` is the constant term.
    fn product(a: u64, mut b: u64, poly: u64, width: u32) -> u64 {
        (0..width).rev().fold(0, |sum, bit| {
            let sum = if a >> bit & 1 == 1 { sum ^ b } else { sum };
            b = (b >> 1) ^ if b & 1 == 1 { poly } else { 0 };
            sum
        })
    }

    /// What combining means: the first checksum, shifted by `8 * len` bits, plus the second.
    fn slow_combine(a: u64, b: u64, len: u64, poly: u64, width: u32) -> u64 {
        let mut square = 1 << (width - 2);
        let mut shift = 1 << (width - 1);
        let mut bits = u128::from(len) * 8;
        while bits > 0 {
            if bits & 1 == 1 {
                shift = product(shift, square, poly, width);
            }
            square = product(square, square, poly, width);
            bits >>= 1;
        }
        product(a, shift, poly, width) ^ b
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_whole(bytes in proptest::collection::vec(any::<u8>(), 0..5000), cut in 0_usize..5000) {
            let (a, b) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(crc64_combine(crc64(a), crc64(b), b.len() as u64), crc64(&bytes));
            prop_assert_eq!(crc32_combine(crc32(a), crc32(b), b.len() as u64), crc32(&bytes));
            prop_assert_eq!(crc32c_combine(crc32c(a), crc32c(b), b.len() as u64), crc32c(&bytes));
            let mut digest = Crc64Digest::new();
            digest.update(a);
            digest.update(b);
            prop_assert_eq!(digest.finish(), crc64(&bytes));
        }

        #[test]
        fn large_lengths_combine_as_the_definition_says(
            a: u64, b: u64, len in prop_oneof![Just(0_u64), Just(1 << 32), 0..1_u64 << 20, 1_u64 << 31..1 << 48]
        ) {
            prop_assert_eq!(crc64_combine(a, b, len), slow_combine(a, b, len, NVME, 64));
            let (a, b) = (a as u32, b as u32);
            let slow = slow_combine(u64::from(a), u64::from(b), len, ISO_HDLC, 32);
            prop_assert_eq!(u64::from(crc32_combine(a, b, len)), slow);
        }
    }
}
