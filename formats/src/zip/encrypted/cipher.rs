//! What makes bytes unreadable, whichever way was chosen.

use adt_model::{Secret, VideoEncryption};

use super::{
    aes::{self, Aes},
    salt::Salt,
    traditional::{self, Traditional},
};

/// Encrypts the content of one entry, piece after piece.
pub(super) enum Cipher {
    Aes(Box<Aes>),
    Traditional(Traditional),
}

impl Cipher {
    /// With what comes before the content. `check` is for the traditional cipher: the upper byte of the entry's DOS time, since its
    /// checksum is not known yet (what Info-ZIP and its heirs expect of entries with a data descriptor).
    pub(super) fn new(
        encryption: VideoEncryption,
        password: &Secret,
        salt: &Salt,
        check: u8,
    ) -> (Self, Vec<u8>) {
        match encryption {
            VideoEncryption::Aes256 => {
                let (aes, before) = Aes::new(password, salt);
                (Self::Aes(Box::new(aes)), before)
            }
            VideoEncryption::ZipCrypto => {
                let (traditional, before) = Traditional::new(password, salt, check);
                (Self::Traditional(traditional), before)
            }
        }
    }

    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        match self {
            Self::Aes(aes) => aes.apply(bytes),
            Self::Traditional(traditional) => traditional.apply(bytes),
        }
    }

    /// What comes after the content.
    pub(super) fn end(self) -> Vec<u8> {
        match self {
            Self::Aes(aes) => aes.end(),
            Self::Traditional(_) => Vec::new(),
        }
    }
}

/// Bytes that encryption adds to a content.
pub(super) fn overhead(encryption: VideoEncryption) -> u64 {
    let bytes = match encryption {
        VideoEncryption::Aes256 => aes::BEFORE + aes::AFTER,
        VideoEncryption::ZipCrypto => traditional::BEFORE,
    };
    bytes as u64
}

#[cfg(test)]
pub(super) mod tests {
    pub(in super::super) const CONTENT: [u8; 40] = {
        let mut content = [0; 40];
        let mut i = 0;
        while i < 40 {
            content[i] = i as u8;
            i += 1;
        }
        content
    };

    /// Bytes from their hexadecimal form.
    pub(in super::super) fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
