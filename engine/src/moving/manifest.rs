//! A list of objects with their checksums, one JSON object a line in byte order of paths, with which a dataset can be proven years later:
//! `{"path": "a/b", "size": 3, "crc64nvme": "…", "crc32c": "…", "md5": "…"}`; checksums in hexadecimal digits, at least one of them.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
};

use adt_model::{Class, Crc64, Fault, Key};
use adt_store::Sums;
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{
    item::{Item, Selection},
    side::{Listing, Met},
};

/// One object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Noted {
    pub(super) path: Key,
    pub(super) size: u64,
    pub(super) sums: Sums,
}

impl Noted {
    pub(super) fn new(path: Key, size: u64) -> Self {
        Self { path, size, sums: Sums::default() }
    }
}

/// A line as it is written.
#[derive(Serialize, Deserialize)]
struct Line {
    path: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    crc64nvme: Option<Crc64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    md5: Option<String>,
}

/// Writes a list in the order in which objects were begun, whatever order they end in.
pub(super) struct Writer {
    to: Option<Box<dyn Write + Send>>,
    next: u64,
    /// What has ended before its turn.
    waiting: BTreeMap<u64, Option<Noted>>,
}

impl Writer {
    pub(super) fn new(to: Option<Box<dyn Write + Send>>) -> Self {
        Self { to, next: 0, waiting: BTreeMap::new() }
    }

    /// Number `order` has ended: with `None` it is not listed.
    pub(super) fn put(&mut self, order: u64, noted: Option<Noted>) -> Result<(), Fault> {
        let Some(to) = &mut self.to else { return Ok(()) };
        self.waiting.insert(order, noted);
        while let Some(noted) = self.waiting.remove(&self.next) {
            self.next += 1;
            if let Some(noted) = noted {
                let mut text = serde_json::to_vec(&line(noted)).expect("texts and numbers are JSON");
                text.push(b'\n');
                to.write_all(&text).map_err(failed)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), Fault> {
        self.to.as_mut().map_or(Ok(()), |to| to.flush().map_err(failed))
    }
}

fn failed(error: std::io::Error) -> Fault {
    Fault::io("cannot write the manifest", error)
}

fn line(noted: Noted) -> Line {
    let Noted { path, size, sums } = noted;
    let md5 = sums.md5.map(|md5| format!("{:032x}", u128::from_be_bytes(md5)));
    Line {
        path: path.to_string(),
        size,
        crc64nvme: sums.crc64,
        crc32c: sums.crc32c.map(|crc| format!("{crc:08x}")),
        md5,
    }
}

/// What a list names, while it is read.
pub(super) fn items(path: Utf8PathBuf, selection: &Selection) -> Listing {
    const BATCH: usize = 512;
    let (sender, receiver) = mpsc::channel(4);
    let selection = selection.clone();
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::new();
        let read = read(&path, &mut |noted| {
            if (selection.takes)(&noted.path) {
                batch.push(Met::Item(Item::Noted(noted)));
            }
            // Nobody listens any more: the work has ended.
            batch.len() < BATCH || sender.blocking_send(Ok(std::mem::take(&mut batch))).is_ok()
        });
        let _ = sender.blocking_send(read.map(|()| batch));
    });
    receiver
}

fn read(path: &Utf8PathBuf, each: &mut dyn FnMut(Noted) -> bool) -> Result<(), Fault> {
    let failed = |e| Fault::io(format!("cannot read the manifest `{path}`"), e);
    let file = BufReader::new(fs_err::File::open(path).map_err(failed)?);
    let mut last: Option<Key> = None;
    for (number, text) in file.lines().enumerate() {
        let text = text.map_err(failed)?;
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |why: String| {
            Fault::new(Class::BadInput, format!("line {} of the manifest `{path}`: {why}", number + 1))
        };
        let noted = noted(&text).map_err(wrong)?;
        if last.as_ref().is_some_and(|last| *last >= noted.path) {
            return Err(wrong("the paths are not in byte order".into())
                .help("`LC_ALL=C sort` brings the lines of a manifest into order"));
        }
        last = Some(noted.path.clone());
        if !each(noted) {
            break;
        }
    }
    if last.is_none() {
        let what = format!("the manifest `{path}` names no object");
        return Err(Fault::new(Class::BadInput, what).help("check that it was written to its end"));
    }
    Ok(())
}

fn noted(text: &str) -> Result<Noted, String> {
    let line: Line = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let path = Key::object(line.path).map_err(|e| e.to_string())?;
    let crc32c = match line.crc32c {
        Some(text) => Some(u32::from_str_radix(&text, 16).map_err(|_| format!("`{text}` is no CRC-32C"))?),
        None => None,
    };
    let md5 = match line.md5 {
        Some(text) => Some(adt_store::etag_md5(&text).ok_or_else(|| format!("`{text}` is no MD5"))?),
        None => None,
    };
    let sums = Sums { crc64: line.crc64nvme, crc32c, md5, perhaps_md5: None };
    if sums == Sums::default() {
        return Err(format!("`{path}` has no checksum"));
    }
    Ok(Noted { path, size: line.size, sums })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn what_is_written_is_read_again_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("list")).unwrap();
        let sums = Sums { crc64: Some(Crc64(7)), crc32c: Some(8), md5: Some([9; 16]), perhaps_md5: None };
        let noted = |name: &str| Noted { path: name.parse().unwrap(), size: 3, sums };
        let mut writer = Writer::new(Some(Box::new(fs_err::File::create(&path).unwrap())));
        for (order, listed) in [(2, Some(noted("ü/b"))), (0, Some(noted("a"))), (1, None)] {
            writer.put(order, listed).unwrap();
        }
        writer.finish().unwrap();
        let mut all = Vec::new();
        read(&path, &mut |noted| {
            all.push(noted);
            true
        })
        .unwrap();
        assert_eq!(all, [noted("a"), noted("ü/b")]);
    }

    #[rstest]
    #[case::no_json("path", "line 1")]
    #[case::no_checksum(r#"{"path":"a","size":1}"#, "has no checksum")]
    #[case::no_key(r#"{"path":"","size":1,"md5":"d41d8cd98f00b204e9800998ecf8427e"}"#, "line 1")]
    #[case::odd_checksum(r#"{"path":"a","size":1,"md5":"x"}"#, "is no MD5")]
    #[case::order(
        "{\"path\":\"b\",\"size\":1,\"crc32c\":\"1\"}\n{\"path\":\"a\",\"size\":1,\"crc32c\":\"1\"}",
        "line 2"
    )]
    fn a_list_that_cannot_be_meant_says_where(#[case] text: &str, #[case] said: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("list")).unwrap();
        fs_err::write(&path, text).unwrap();
        let fault = read(&path, &mut |_| true).unwrap_err();
        assert!(fault.line().contains(said), "{}", fault.line());
    }
}
