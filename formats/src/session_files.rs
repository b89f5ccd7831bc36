//! What a compressed asset says about every file of its session: where its content is, and the SHA-256 that proves it.
//!
//! The samples are in stores, each with the checksums of its own recordings; everything else is in the clipped copy. With this list, a
//! file of the copy that is damaged, missing or extra is seen, and the first frames of a recording are never taken for all of it.

use std::collections::BTreeMap;

use adt_codec::Sha256;
use serde::{Deserialize, Serialize};

/// Its name, in the clipped copy.
pub const NAME: &str = "adt_session_files.json";
/// The attribute of a store's record that says that its asset has this list: without it, the asset is not whole.
pub const MARK: &str = "session_files";
/// Longer lists are not read: it has some hundred bytes for each file.
pub const LONGEST: u64 = 512 << 20;
const LAYOUT: u32 = 1;

/// Every file of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFiles {
    /// The program that made the asset.
    pub program: String,
    /// By path.
    pub files: Vec<SessionFile>,
    /// Folders in which there is no file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_folders: Vec<String>,
    /// Every object of the clipped copy but this list, by its key there.
    pub copy: BTreeMap<String, Sum>,
}

/// A file of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFile {
    /// Relative to the session's folder.
    pub path: String,
    /// Of the whole file.
    pub bytes: u64,
    /// The object of the clipped copy that is the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// The store that holds its samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Why it cannot be restored from this asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// A recording that is in the copy as a whole, since its samples could not be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
}

/// What proves the content of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Its bytes.
    pub bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

impl Sum {
    /// Of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        let mut sha = Sha256::new();
        sha.update(bytes);
        Self { bytes: bytes.len() as u64, sha256: sha.finish() }
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    layout: u32,
    /// SHA-256 of `session` as compact JSON.
    sha256: String,
    session: SessionFiles,
}

impl SessionFiles {
    /// Puts everything into its order.
    pub fn sort(&mut self) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.empty_folders.sort_unstable();
    }

    /// The document. Equal lists give equal bytes.
    pub fn write(&self) -> serde_json::Result<Vec<u8>> {
        let document = Document { layout: LAYOUT, sha256: self.sum()?, session: self.clone() };
        serde_json::to_vec_pretty(&document)
    }

    /// Reads a document; the error says why it cannot be used.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            layout: u32,
        }
        let damaged = |error: serde_json::Error| format!("it is damaged: {error}");
        let head: Head = serde_json::from_slice(text).map_err(damaged)?;
        if head.layout != LAYOUT {
            return Err(format!("its layout is {}, and this program knows {LAYOUT}", head.layout));
        }
        let document: Document = serde_json::from_slice(text).map_err(damaged)?;
        if document.session.sum().map_err(damaged)? != document.sha256 {
            return Err("it is damaged: its SHA-256 differs".to_owned());
        }
        Ok(document.session)
    }

    fn sum(&self) -> serde_json::Result<String> {
        Ok(Sum::of(&serde_json::to_vec(self)?).sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> SessionFiles {
        let file = |path: &str| SessionFile { path: path.to_owned(), bytes: 3, ..SessionFile::default() };
        SessionFiles {
            program: "adt 1.0.0".to_owned(),
            files: vec![
                SessionFile { copy: Some("a".to_owned()), ..file("a") },
                SessionFile { store: Some("s.zarr".to_owned()), ..file("é\n/continuous.dat") },
            ],
            empty_folders: vec!["events".to_owned()],
            copy: BTreeMap::from([("a".to_owned(), Sum::of(b"abc"))]),
        }
    }

    #[test]
    fn a_list_comes_back_and_every_changed_byte_is_seen() {
        let text = some().write().unwrap();
        assert_eq!(SessionFiles::read(&text), Ok(some()));
        for at in 0..text.len() {
            let mut broken = text.clone();
            broken[at] ^= 1;
            // A blank between two values says nothing.
            assert!(
                broken[at].is_ascii_whitespace()
                    || SessionFiles::read(&broken) != Ok(some())
                    || text[at] == b' ',
                "{at}"
            );
            if let Ok(read) = SessionFiles::read(&broken) {
                assert_eq!(read, some(), "{at}");
            }
        }
    }

    #[test]
    fn another_layout_is_named() {
        let why = SessionFiles::read(br#"{"layout": 2, "sessions": []}"#).unwrap_err();
        assert_eq!(why, "its layout is 2, and this program knows 1");
    }
}
