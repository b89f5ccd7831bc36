//! PKWARE's traditional cipher (APPNOTE 6.1). Weak: a few known bytes of the content give the keys away.

use adt_model::Secret;

use super::salt::Salt;

/// Bytes before the content: eleven random ones, and one by which a reader knows most wrong passwords.
pub(super) const BEFORE: usize = 12;

/// The three keys, which every byte of the content moves on.
pub(super) struct Traditional([u32; 3]);

impl Traditional {
    /// With what comes before the content. `check` is what a reader expects of the last byte of it.
    pub(super) fn new(password: &Secret, salt: &Salt, check: u8) -> (Self, Vec<u8>) {
        let mut cipher = Self([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        for &byte in password.expose().as_bytes() {
            cipher.turn(byte);
        }
        let mut before = salt[..BEFORE - 1].to_vec();
        before.push(check);
        cipher.apply(&mut before);
        (cipher, before)
    }

    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            let plain = *byte;
            let word = (self.0[2] | 2) & 0xffff;
            *byte ^= (word.wrapping_mul(word ^ 1) >> 8) as u8;
            self.turn(plain);
        }
    }

    fn turn(&mut self, plain: u8) {
        let [a, b, c] = &mut self.0;
        *a = crc(*a, plain);
        *b = b.wrapping_add(*a & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *c = crc(*c, (*b >> 24) as u8);
    }
}

/// One step of CRC-32, without the inversions at both ends.
fn crc(state: u32, byte: u8) -> u32 {
    state >> 8 ^ TABLE[usize::from(state as u8 ^ byte)]
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut value = i as u32;
        let mut bit = 0;
        while bit < 8 {
            value = value >> 1 ^ if value & 1 == 1 { 0xedb8_8320 } else { 0 };
            bit += 1;
        }
        table[i] = value;
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::encrypted::cipher::tests::{CONTENT, hex};

    /// By Python, and read back by its `zipfile._ZipDecrypter`.
    #[test]
    fn a_known_content_becomes_known_bytes() {
        let salt = std::array::from_fn(|i| i as u8);
        let (mut cipher, before) = Traditional::new(&Secret::new("Käse 42"), &salt, 0x77);
        assert_eq!(before[..], hex("50186de0b4e72134b83218cf"));
        let mut bytes = CONTENT;
        cipher.apply(&mut bytes);
        let known = "144d8c85c03325326f6eaaad8597edaea13af3521fd658dd8db5ea8760e819dc5c8012ee9a79f018";
        assert_eq!(bytes[..], hex(known));
    }
}
