//! Salts that never serve two contents.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::EncryptOptions;
use crate::folder::Entry;

/// Bytes of a salt for AES-256; the traditional cipher takes eleven of them.
pub(super) type Salt = [u8; 16];

/// The salt of one zip: the first 16 bytes of HMAC-SHA1, keyed by the seed, over all that decides the encrypted bytes but the
/// password. The same file under another name, time, level or version of this program has another one.
pub(super) fn salt(file: &Entry, deflate: bool, options: &EncryptOptions) -> Salt {
    let mut mac = Hmac::<Sha1>::new_from_slice(&options.seed).expect("HMAC takes a key of any length");
    let size = file.size.to_string();
    let modified = file.modified.as_nanosecond().to_string();
    let method = if deflate { format!("deflate {}", options.level) } else { "stored".to_owned() };
    let said = [
        options.encryption.as_str(),
        file.key.as_str(),
        &options.entry_name,
        &size,
        &modified,
        &method,
        env!("CARGO_PKG_VERSION"),
    ];
    for text in said {
        mac.update(&(text.len() as u64).to_le_bytes());
        mac.update(text.as_bytes());
    }
    let mut salt = Salt::default();
    salt.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    salt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::EntryKind;
    use adt_model::{Key, Secret, VideoEncryption};
    use jiff::{Timestamp, tz::TimeZone};
    use rstest::rstest;

    fn file() -> Entry {
        Entry {
            key: Key::parse("cam1/body.mp4").unwrap(),
            path: "/rig/cam1/body.mp4".into(),
            kind: EntryKind::File,
            size: 7,
            modified: Timestamp::UNIX_EPOCH,
            changed: None,
            mode: None,
        }
    }

    fn options() -> EncryptOptions {
        let password = Secret::new("x");
        EncryptOptions::new(VideoEncryption::Aes256, password, [7; 16], 6, "body.mp4", TimeZone::UTC)
    }

    #[rstest]
    #[case::another_file(|file: &mut Entry, _: &mut EncryptOptions| file.key = Key::parse("cam2/body.mp4").unwrap())]
    #[case::another_size(|file: &mut Entry, _: &mut EncryptOptions| file.size = 8)]
    #[case::another_time(|file: &mut Entry, _: &mut EncryptOptions| file.modified = Timestamp::from_nanosecond(1).unwrap())]
    #[case::another_name(|_: &mut Entry, options: &mut EncryptOptions| options.entry_name = "b".into())]
    #[case::another_level(|_: &mut Entry, options: &mut EncryptOptions| options.level = 5)]
    #[case::another_cipher(|_: &mut Entry, options: &mut EncryptOptions| options.encryption = VideoEncryption::ZipCrypto)]
    #[case::another_seed(|_: &mut Entry, options: &mut EncryptOptions| options.seed[0] = 8)]
    fn two_contents_never_share_a_salt(#[case] change: fn(&mut Entry, &mut EncryptOptions)) {
        let (mut entry, mut opts) = (file(), options());
        let before = salt(&entry, true, &opts);
        assert_eq!(before, salt(&file(), true, &options()));
        assert_ne!(before, salt(&entry, false, &opts));
        change(&mut entry, &mut opts);
        assert_ne!(before, salt(&entry, true, &opts));
    }
}
