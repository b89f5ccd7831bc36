//! Zips are read by Python's `zipfile` and by Info-ZIP's `unzip`.

use std::{collections::BTreeMap, process::Command};

use adt_formats::{
    folder::{Rules, Walked, walk},
    zip::{ZipOptions, ZipSummary, zip_folder},
};
use adt_model::{Class, Fault, Idle, Pulse};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use rstest::rstest;

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    fn file(&self, name: &str, content: &[u8]) {
        let path = self.path("source").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn zip(&self, options: &ZipOptions, threads: usize) -> Result<(Vec<u8>, ZipSummary), Fault> {
        self.zip_watched(options, threads, &Idle)
    }

    fn zip_watched(
        &self,
        options: &ZipOptions,
        threads: usize,
        pulse: &dyn Pulse,
    ) -> Result<(Vec<u8>, ZipSummary), Fault> {
        let source = self.path("source");
        std::fs::create_dir_all(&source).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let entries = walk(&source, &Rules::default()).filter_map(|walked| match walked {
            Ok(Walked::Entry(entry)) => Some(Ok(entry)),
            Ok(Walked::LeftOut { .. } | Walked::Repeated { .. }) => None,
            Err(fault) => Some(Err(fault)),
        });
        let mut bytes = Vec::new();
        let mut out = |piece: bytes::Bytes| {
            bytes.extend_from_slice(&piece);
            Ok(())
        };
        let summary = zip_folder(entries, &mut out, &pool, pulse, options)?;
        Ok((bytes, summary))
    }

    fn written(&self, options: &ZipOptions) -> Utf8PathBuf {
        let (bytes, summary) = self.zip(options, 2).unwrap();
        assert_eq!(summary.bytes_out, bytes.len() as u64);
        let path = self.path("out.zip");
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn options(level: u8) -> ZipOptions {
    ZipOptions::new(level, "session", TimeZone::UTC)
}

/// Bytes that deflate shrinks somewhat, and never the same twice.
fn noise(length: usize, mut seed: u32) -> Vec<u8> {
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8 & 0x1f
    };
    (0..length).map(|_| next()).collect()
}

fn python(script: &str, arguments: &[&str]) -> String {
    let output = Command::new("python3").arg("-c").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Name → size and CRC-32, by Python, which checks the content against both.
fn read_by_python(zip: &Utf8Path) -> BTreeMap<String, (u64, String)> {
    let script = "import sys, zipfile, zlib\n\
        z = zipfile.ZipFile(sys.argv[1])\n\
        assert z.testzip() is None\n\
        for i in z.infolist(): print(i.filename, i.file_size, zlib.crc32(z.read(i)), sep='\\t')";
    let text = python(script, &[zip.as_str()]);
    let row = |line: &str| {
        let cells: Vec<_> = line.split('\t').collect();
        (cells[0].to_owned(), (cells[1].parse().unwrap(), cells[2].to_owned()))
    };
    text.lines().map(row).collect()
}

fn crc(bytes: &[u8]) -> String {
    adt_codec::crc32(bytes).to_string()
}

fn unzip_is_content(zip: &Utf8Path) {
    let output = Command::new("unzip").arg("-tqq").arg(zip).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn a_bit_of_everything(desk: &Desk) -> BTreeMap<String, Vec<u8>> {
    let contents = [
        ("empty.bin", Vec::new()),
        ("small.csv", b"a,b\n1,2\n".repeat(40)),
        (
            "random #1 (100%)+.bin",
            (0..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
        ),
        ("Käfig/täktung – 日本.txt", b"hello".to_vec()),
        ("deep/er/one-block.bin", noise(1 << 20, 1)),
        ("deep/er/one-more.bin", noise((1 << 20) + 1, 2)),
        ("deep/large.bin", noise(5_300_000, 3)),
        ("deep/zeros.bin", vec![0; 3 << 20]),
    ];
    for (name, content) in &contents {
        desk.file(name, content);
    }
    std::fs::create_dir_all(desk.path("source").join("nothing/here")).unwrap();
    contents.into_iter().map(|(name, content)| (format!("session/{name}"), content)).collect()
}

#[rstest]
#[case::usual(options(6))]
#[case::fast(options(1))]
#[case::small(options(9))]
#[case::zip64_everywhere(options(6).zip64_from(0))]
#[case::zip64_for_the_large(options(6).zip64_from(2 << 20))]
fn python_and_unzip_read_every_kind_of_entry(#[case] options: ZipOptions) {
    let desk = Desk::new();
    let contents = a_bit_of_everything(&desk);
    let zip = desk.written(&options);
    let mut wanted: BTreeMap<_, _> =
        contents.iter().map(|(name, content)| (name.clone(), (content.len() as u64, crc(content)))).collect();
    wanted.insert("session/nothing/here/".to_owned(), (0, "0".to_owned()));
    assert_eq!(read_by_python(&zip), wanted);
    unzip_is_content(&zip);
}

#[test]
fn threads_do_not_change_a_byte() {
    let desk = Desk::new();
    a_bit_of_everything(&desk);
    let one = desk.zip(&options(6), 1).unwrap();
    assert!(one == desk.zip(&options(6), 4).unwrap());
    assert!(one == desk.zip(&options(6), 3).unwrap());
}

#[test]
fn an_empty_folder_is_a_valid_zip() {
    let desk = Desk::new();
    let zip = desk.written(&options(6));
    assert_eq!(read_by_python(&zip), BTreeMap::new());
}

#[test]
fn times_and_permissions_are_kept() {
    let desk = Desk::new();
    desk.file("run.sh", b"#!/bin/sh\n");
    let path = desk.path("source").join("run.sh");
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_697_099_539);
    std::fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o750)).unwrap();
    let zip = desk.written(&options(6));
    let script = "import sys, zipfile\n\
        i = zipfile.ZipFile(sys.argv[1]).infolist()[0]\n\
        print(*i.date_time, oct(i.external_attr >> 16), hex(i.flag_bits))";
    let mode = if cfg!(unix) { "0o100750" } else { "0o100644" };
    assert_eq!(python(script, &[zip.as_str()]), format!("2023 10 12 8 32 18 {mode} 0x800\n"));
    let out = desk.path("unpacked");
    assert!(Command::new("unzip").arg("-qq").arg(&zip).arg("-d").arg(&out).status().unwrap().success());
    let unpacked = std::fs::metadata(out.join("session/run.sh")).unwrap();
    assert_eq!(unpacked.modified().unwrap(), modified, "to the odd second, by the Unix time");
}

#[test]
fn more_entries_than_sixteen_bits_count() {
    let desk = Desk::new();
    for i in 0..66_000 {
        if i % 1000 == 0 {
            std::fs::create_dir_all(desk.path("source").join(format!("{:02}", i / 1000))).unwrap();
        }
        std::fs::write(desk.path("source").join(format!("{:02}/{i}", i / 1000)), b"").unwrap();
    }
    let zip = desk.written(&options(1));
    assert_eq!(read_by_python(&zip).len(), 66_000);
}

struct StopAfter(std::sync::atomic::AtomicI64);

impl Pulse for StopAfter {
    fn beat(&self, bytes: u64) -> Result<(), Fault> {
        let left = self.0.fetch_sub(bytes.cast_signed(), std::sync::atomic::Ordering::Relaxed);
        if left <= 0 { Err(Fault::new(Class::Cancelled, "stopped")) } else { Ok(()) }
    }
}

#[test]
fn a_pulse_stops_it() {
    let desk = Desk::new();
    a_bit_of_everything(&desk);
    let fault = desk.zip_watched(&options(6), 2, &StopAfter(2_000_000.into())).unwrap_err();
    assert_eq!(fault.class(), Class::Cancelled);
}

#[test]
fn a_file_that_grows_after_the_listing_ends_it() {
    let desk = Desk::new();
    desk.file("a.bin", &noise(3 << 20, 1));
    let source = desk.path("source");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let entries: Vec<_> = walk(&source, &Rules::default()).collect();
    desk.file("a.bin", &noise((3 << 20) + 7, 1));
    let entries = entries.into_iter().filter_map(|walked| match walked {
        Ok(Walked::Entry(entry)) => Some(Ok(entry)),
        _ => None,
    });
    let fault = zip_folder(entries, &mut |_| Ok(()), &pool, &Idle, &options(6)).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt);
    assert!(fault.line().contains("a.bin"), "{}", fault.line());
}

/// Appends to a file when the first bytes of it are worked on.
struct Meddler(Utf8PathBuf);

impl Pulse for Meddler {
    fn beat(&self, _bytes: u64) -> Result<(), Fault> {
        let mut file = std::fs::File::options().append(true).open(&self.0).unwrap();
        std::io::Write::write_all(&mut file, b"more").unwrap();
        Ok(())
    }
}

#[rstest]
fn a_file_that_grows_while_it_is_zipped_ends_it(#[values(1, 4)] threads: usize) {
    let desk = Desk::new();
    desk.file("a.bin", &noise(5 << 20, 1));
    let meddler = Meddler(desk.path("source").join("a.bin"));
    let fault = desk.zip_watched(&options(1), threads, &meddler).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_tree_comes_back(
        files in prop::collection::btree_map("[a-z]{1,6}", prop::collection::vec(any::<u8>(), 0..4000), 0..12),
        level in 1_u8..=9,
        limit in prop::sample::select(vec![0, 1000, u64::from(u32::MAX)]),
    ) {
        let desk = Desk::new();
        for (name, content) in &files {
            desk.file(name, content);
        }
        let zip = desk.written(&options(level).zip64_from(limit));
        let wanted: BTreeMap<_, _> =
            files.iter().map(|(n, c)| (format!("session/{n}"), (c.len() as u64, crc(c)))).collect();
        prop_assert_eq!(read_by_python(&zip), wanted);
    }
}
