//! A list of objects with their checksums, one JSON object a line in byte order of paths, with which a dataset can be proven years later:
//! `{"path": "a/b", "size": 3, "crc64nvme": "…", "crc32c": "…", "md5": "…"}`; checksums in hexadecimal digits, at least one of them.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
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

/// The first line. Its name sorts before `path`, so that sorted lines stay in this order.
#[derive(Serialize, Deserialize)]
struct Head {
    manifest: u32,
}

/// The last line, by which a list that was cut off is noticed. Its name sorts after `path`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Total {
    objects: u64,
    bytes: u64,
}

/// The line that holds it.
#[derive(Serialize, Deserialize)]
struct End {
    total: Total,
}

/// The version of lists with a first and a last line of their own.
const VERSION: u32 = 2;

impl Total {
    fn add(&mut self, noted: &Noted) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(noted.size);
    }
}

/// Writes a list in the order in which objects were begun, whatever order they end in.
pub(super) struct Writer {
    to: Option<Box<dyn Write + Send>>,
    next: u64,
    total: Total,
    /// What has ended before its turn.
    waiting: BTreeMap<u64, Option<Noted>>,
}

impl Writer {
    pub(super) fn new(to: Option<Box<dyn Write + Send>>) -> Result<Self, Fault> {
        let mut writer = Self { to, next: 0, total: Total::default(), waiting: BTreeMap::new() };
        writer.line(&Head { manifest: VERSION })?;
        Ok(writer)
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Fault> {
        let Some(to) = &mut self.to else { return Ok(()) };
        let mut text = serde_json::to_vec(line).expect("texts and numbers are JSON");
        text.push(b'\n');
        to.write_all(&text).map_err(failed)
    }

    /// Number `order` has ended: with `None` it is not listed.
    pub(super) fn put(&mut self, order: u64, noted: Option<Noted>) -> Result<(), Fault> {
        if self.to.is_none() {
            return Ok(());
        }
        self.waiting.insert(order, noted);
        while let Some(noted) = self.waiting.remove(&self.next) {
            self.next += 1;
            if let Some(noted) = noted {
                self.total.add(&noted);
                self.line(&line(noted))?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), Fault> {
        let total = self.total;
        self.line(&End { total })?;
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

/// Whether a list says how many objects it has: those that earlier versions wrote do not, and one of them may have been cut off.
pub(super) fn is_counted(path: &Utf8PathBuf) -> Result<bool, Fault> {
    let failed = |e| Fault::io(format!("cannot read the manifest `{path}`"), e);
    let mut first = String::new();
    // A first line is short.
    BufReader::new(fs_err::File::open(path).map_err(failed)?)
        .take(256)
        .read_line(&mut first)
        .map_err(failed)?;
    Ok(serde_json::from_str::<Head>(&first).is_ok())
}

fn read(path: &Utf8PathBuf, each: &mut dyn FnMut(Noted) -> bool) -> Result<(), Fault> {
    let failed = |e| Fault::io(format!("cannot read the manifest `{path}`"), e);
    let file = BufReader::new(fs_err::File::open(path).map_err(failed)?);
    let (mut last, mut counted): (Option<Key>, _) = (None, false);
    let (mut found, mut total) = (Total::default(), None);
    for (number, text) in file.lines().enumerate() {
        let text = text.map_err(failed)?;
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |why: String| {
            Fault::new(Class::BadInput, format!("line {} of the manifest `{path}`: {why}", number + 1))
        };
        if number == 0
            && let Ok(Head { manifest }) = serde_json::from_str(&text)
        {
            if manifest != VERSION {
                return Err(wrong(format!("version {manifest} is not known"))
                    .help("use the version of adt that wrote the manifest, or a later one"));
            }
            counted = true;
            continue;
        }
        if total.is_some() {
            return Err(wrong("there is a line after the total".into()).help("write the manifest anew"));
        }
        if let Ok(End { total: stated }) = serde_json::from_str(&text) {
            total = Some(stated);
            continue;
        }
        let noted = noted(&text).map_err(wrong)?;
        found.add(&noted);
        if last.as_ref().is_some_and(|last| *last >= noted.path) {
            return Err(wrong("the paths are not in byte order".into())
                .help("`LC_ALL=C sort` brings the lines of a manifest into order"));
        }
        last = Some(noted.path.clone());
        if !each(noted) {
            return Ok(());
        }
    }
    whole(path, found, total, counted)?;
    if last.is_none() {
        let what = format!("the manifest `{path}` names no object");
        return Err(Fault::new(Class::BadInput, what).help("check that it was written to its end"));
    }
    Ok(())
}

/// Fails where lines are missing.
fn whole(path: &Utf8PathBuf, found: Total, total: Option<Total>, counted: bool) -> Result<(), Fault> {
    let objects = |count: u64| format!("{count} object{}", if count == 1 { "" } else { "s" });
    let named = objects(found.objects);
    let what = match total {
        None if counted => format!("the manifest `{path}` was cut off after {named}: it has no last line"),
        Some(total) if total != found => format!(
            "the manifest `{path}` names {named} ({} bytes), and its last line states {} ({} bytes)",
            found.bytes,
            objects(total.objects),
            total.bytes
        ),
        _ => return Ok(()),
    };
    Err(Fault::new(Class::BadInput, what).help("take a complete copy of the manifest, or write it anew"))
}

fn noted(text: &str) -> Result<Noted, String> {
    let line: Line = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let path = Key::object(line.path).map_err(|e| e.to_string())?;
    let crc32c = match line.crc32c {
        Some(text) => Some(u32::from_str_radix(&text, 16).map_err(|_| format!("`{text}` is not a CRC-32C"))?),
        None => None,
    };
    let md5 = match line.md5 {
        Some(text) => Some(adt_store::etag_md5(&text).ok_or_else(|| format!("`{text}` is not an MD5"))?),
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
        let mut writer = Writer::new(Some(Box::new(fs_err::File::create(&path).unwrap()))).unwrap();
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
        // `LC_ALL=C sort` changes nothing.
        let text = fs_err::read_to_string(&path).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, text.lines().collect::<Vec<_>>());
        assert!(is_counted(&path).unwrap());
    }

    const A: &str = r#"{"path":"a","size":1,"crc32c":"1"}"#;
    const B: &str = r#"{"path":"b","size":2,"crc32c":"2"}"#;
    const HEAD: &str = r#"{"manifest":2}"#;

    #[rstest]
    #[case::whole(&[HEAD, A, B, r#"{"total":{"objects":2,"bytes":3}}"#], None)]
    #[case::of_an_earlier_version(&[A, B], None)]
    #[case::cut_off_at_a_line(&[HEAD, A], Some("was cut off after 1 object"))]
    #[case::cut_off_in_a_line(&[HEAD, A, r#"{"path":"b","si"#], Some("line 3"))]
    #[case::cut_off_in_the_total(&[HEAD, A, B, r#"{"total":{"obj"#], Some("line 4"))]
    #[case::a_line_is_missing(&[HEAD, B, r#"{"total":{"objects":2,"bytes":3}}"#], Some("states 2 objects"))]
    #[case::a_line_is_missing_in_the_middle_of_others(&[A, r#"{"total":{"objects":2,"bytes":3}}"#], Some("states 2 objects"))]
    #[case::another_size(&[HEAD, A, r#"{"total":{"objects":1,"bytes":7}}"#], Some("7 bytes"))]
    #[case::something_follows(&[HEAD, A, r#"{"total":{"objects":1,"bytes":1}}"#, B], Some("after the total"))]
    #[case::a_later_version(&[r#"{"manifest":3}"#, A], Some("version 3"))]
    #[case::no_objects(&[HEAD, r#"{"total":{"objects":0,"bytes":0}}"#], Some("names no object"))]
    fn a_list_that_was_cut_off_is_refused(#[case] lines: &[&str], #[case] said: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("list")).unwrap();
        fs_err::write(&path, lines.join("\n")).unwrap();
        let read = read(&path, &mut |_| true).map_err(|fault| fault.line());
        match (read, said) {
            (Ok(()), None) => assert_eq!(is_counted(&path).unwrap(), lines[0] == HEAD),
            (Err(line), Some(said)) => assert!(line.contains(said), "{line}"),
            (read, said) => panic!("{read:?} {said:?}"),
        }
    }

    #[rstest]
    #[case::no_json("path", "line 1")]
    #[case::no_checksum(r#"{"path":"a","size":1}"#, "has no checksum")]
    #[case::no_key(r#"{"path":"","size":1,"md5":"d41d8cd98f00b204e9800998ecf8427e"}"#, "line 1")]
    #[case::odd_checksum(r#"{"path":"a","size":1,"md5":"x"}"#, "is not an MD5")]
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
