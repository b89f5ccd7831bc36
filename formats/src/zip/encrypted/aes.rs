//! `WinZip`'s AES-256 (AE-2): <https://www.winzip.com/en/support/aes-encryption/>.

use adt_model::Secret;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::salt::Salt;

/// Bytes before the content: the salt, and two by which a reader knows a wrong password.
pub(super) const BEFORE: usize = 18;
/// Bytes after the content, by which a reader knows that nothing was changed.
pub(super) const AFTER: usize = 10;

const ROUNDS: u32 = 1000;
const KEY: usize = 32;

/// AES-256 in counter mode, and a code over what comes of it.
pub(super) struct Aes {
    stream: ctr::Ctr128LE<::aes::Aes256>,
    mac: Hmac<Sha1>,
}

impl Aes {
    /// With what comes before the content.
    pub(super) fn new(password: &Secret, salt: &Salt) -> (Self, Vec<u8>) {
        let mut keys = Zeroizing::new([0; 2 * KEY + 2]);
        let made = pbkdf2::pbkdf2::<Hmac<Sha1>>(password.expose().as_bytes(), salt, ROUNDS, keys.as_mut());
        made.expect("HMAC takes a key of any length");
        // The counter is little-endian, and the first block is number 1.
        let mut first = [0; 16];
        first[0] = 1;
        let stream =
            KeyIvInit::new_from_slices(&keys[..KEY], &first).expect("the lengths are those of AES-256");
        let mac = KeyInit::new_from_slice(&keys[KEY..2 * KEY]).expect("HMAC takes a key of any length");
        let before = [&salt[..], &keys[2 * KEY..]].concat();
        (Self { stream, mac }, before)
    }

    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        // In steps that stay in the cache until the code has been taken over them.
        for step in bytes.chunks_mut(8 << 10) {
            self.stream.apply_keystream(step);
            self.mac.update(step);
        }
    }

    /// What comes after the content.
    pub(super) fn end(self) -> Vec<u8> {
        self.mac.finalize().into_bytes()[..AFTER].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::encrypted::cipher::tests::{CONTENT, hex};

    /// By Python: `hashlib.pbkdf2_hmac`, `Cryptodome.Cipher.AES` with a little-endian counter from 1, `hmac`.
    #[test]
    fn a_known_content_becomes_known_bytes() {
        let salt = std::array::from_fn(|i| i as u8);
        let (mut aes, before) = Aes::new(&Secret::new("Käse 42"), &salt);
        assert_eq!(before[..], hex("000102030405060708090a0b0c0d0e0f2293"));
        let mut bytes = CONTENT;
        let (first, second) = bytes.split_at_mut(17);
        aes.apply(first);
        aes.apply(second);
        let known = "a3e4ae8564f3e6e36d6a8a30a3f9ba934f295151ae6134195e018d9b2591a93dbb0d79855c7f9456";
        assert_eq!(bytes[..], hex(known));
        assert_eq!(aes.end()[..], hex("8d54410d1e0915dac3b1"));
    }
}
