//! Encrypted zips are read by `pyzipper`, by Python's `zipfile`, and by ourselves.

use std::{
    process::Command,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use adt_formats::{
    folder::{Entry, EntryKind},
    zip::{EncryptOptions, ZipSummary, decrypt, zip_encrypted},
};
use adt_model::{Class, Fault, Idle, Key, Pulse, Secret, VideoEncryption};
use adt_testkit::oracle;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use rstest::rstest;

use VideoEncryption::{Aes256, ZipCrypto};

const MIB: usize = 1 << 20;
pub(crate) const PASSWORD: &str = "Käse 42";

pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    /// A video with this content, modified at an odd second.
    pub(crate) fn video(&self, content: &[u8]) -> Entry {
        let path = self.path("body.mp4");
        std::fs::write(&path, content).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_697_099_539);
        std::fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        entry(&path)
    }

    pub(crate) fn zip(&self, file: &Entry, options: &EncryptOptions) -> Utf8PathBuf {
        let (bytes, summary) = zipped(file, options, 2, &Idle).unwrap();
        let sizes = (summary.entries, summary.bytes_in, summary.bytes_out);
        assert_eq!(sizes, (1, file.size, bytes.len() as u64));
        let path = self.path("body.zip");
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn entry(path: &Utf8Path) -> Entry {
    let metadata = std::fs::metadata(path).unwrap();
    Entry {
        key: Key::parse(path.file_name().unwrap()).unwrap(),
        path: path.to_owned(),
        kind: EntryKind::File,
        size: metadata.len(),
        modified: Timestamp::try_from(metadata.modified().unwrap()).unwrap(),
        changed: None,
        mode: None,
    }
}

pub(crate) fn options(encryption: VideoEncryption) -> EncryptOptions {
    EncryptOptions::new(encryption, Secret::new(PASSWORD), [3; 16], 6, "body.mp4", TimeZone::UTC)
}

fn zipped(
    file: &Entry,
    options: &EncryptOptions,
    threads: usize,
    pulse: &dyn Pulse,
) -> Result<(Vec<u8>, ZipSummary), Fault> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut bytes = Vec::new();
    let mut out = |piece: bytes::Bytes| {
        bytes.extend_from_slice(&piece);
        Ok(())
    };
    let summary = zip_encrypted(file, &mut out, &pool, pulse, options)?;
    Ok((bytes, summary))
}

/// Bytes of which deflate can take `spare` bits of eight.
pub(crate) fn noise(length: usize, spare: u32) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u8 >> spare
    };
    (0..length).map(|_| next()).collect()
}

static PYZIPPER: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    oracle::program(&oracle::venv(&folder, &["pyzipper==0.4.0"]).unwrap(), "python")
});

/// Reads a zip by `pyzipper`, which checks what there is to check, into a file.
fn read_by_pyzipper(zip: &Utf8Path, password: &str, to: &Utf8Path) {
    let script = "import sys, pyzipper\n\
        z = pyzipper.AESZipFile(sys.argv[1])\n\
        (i,) = z.infolist()\n\
        assert i.flag_bits & 1, 'not encrypted'\n\
        open(sys.argv[3], 'wb').write(z.read(i, pwd=sys.argv[2].encode()))";
    run(Command::new(&*PYZIPPER).args(["-c", script, zip.as_str(), password, to.as_str()]));
}

fn read_by_zipfile(zip: &Utf8Path, password: &str, to: &Utf8Path) {
    let script = "import sys, zipfile\n\
        z = zipfile.ZipFile(sys.argv[1])\n\
        (i,) = z.infolist()\n\
        assert i.flag_bits & 1, 'not encrypted'\n\
        open(sys.argv[3], 'wb').write(z.read(i, pwd=sys.argv[2].encode()))";
    run(Command::new("python3").args(["-c", script, zip.as_str(), password, to.as_str()]));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[rstest]
#[case::empty(&[])]
#[case::one_byte(b"v")]
#[case::small_and_stored(&noise(5000, 0))]
#[case::small_and_deflated(&noise(5000, 3))]
#[case::one_block(&noise(MIB, 3))]
#[case::large_and_stored(&noise(2 * MIB + 77_777, 0))]
#[case::large_and_deflated(&noise(2 * MIB + 77_777, 3))]
fn other_tools_and_we_read_it(
    #[case] content: &[u8],
    #[values(Aes256, ZipCrypto)] encryption: VideoEncryption,
    #[values(u64::from(u32::MAX), 0)] zip64_from: u64,
) {
    let desk = Desk::new();
    let zip = desk.zip(&desk.video(content), &options(encryption).zip64_from(zip64_from));
    let back = desk.path("back.mp4");
    read_by_pyzipper(&zip, PASSWORD, &back);
    assert!(std::fs::read(&back).unwrap() == content);
    if encryption == ZipCrypto {
        read_by_zipfile(&zip, PASSWORD, &back);
        assert!(std::fs::read(&back).unwrap() == content);
        let unzip = Command::new("unzip").args(["-tqq", "-P", PASSWORD, zip.as_str()]).status().unwrap();
        assert!(unzip.success());
    }
    let done = decrypt(&zip, &Secret::new(PASSWORD), &desk.path("into"), &Idle).unwrap();
    assert_eq!((done.files, done.bytes, done.already), (1, content.len() as u64, 0));
    let written = desk.path("into/body.mp4");
    assert!(std::fs::read(&written).unwrap() == content);
    let modified = std::fs::metadata(written).unwrap().modified().unwrap();
    assert_eq!(modified, std::fs::metadata(desk.path("body.mp4")).unwrap().modified().unwrap());
}

#[rstest]
#[case::encoded_video(&noise(3 * MIB, 0), 3 * MIB, 3 * MIB + 1000)]
#[case::raw_video(&noise(3 * MIB, 4), MIB, 2 * MIB)]
#[case::a_little_spare(&[noise(3 * MIB, 0), vec![0; 64 << 10]].concat(), 3 * MIB, 4 * MIB)]
fn what_deflate_does_not_shrink_is_stored(#[case] content: &[u8], #[case] from: usize, #[case] to: usize) {
    let desk = Desk::new();
    let (bytes, _) = zipped(&desk.video(content), &options(Aes256), 2, &Idle).unwrap();
    assert!((from..to).contains(&bytes.len()), "{}", bytes.len());
}

#[rstest]
fn threads_and_runs_do_not_change_a_byte(
    #[values(Aes256, ZipCrypto)] encryption: VideoEncryption,
    #[values(0, 3)] spare: u32,
) {
    let desk = Desk::new();
    let file = desk.video(&noise(7 * MIB + 1, spare));
    let options = options(encryption);
    let one = zipped(&file, &options, 1, &Idle).unwrap();
    assert!(one == zipped(&file, &options, 4, &Idle).unwrap());
    assert!(one == zipped(&file, &options, 3, &Idle).unwrap());
}

#[rstest]
fn the_content_is_nowhere_to_be_seen(#[values(Aes256, ZipCrypto)] encryption: VideoEncryption) {
    let desk = Desk::new();
    let content = noise(2 * MIB, 0);
    let (bytes, _) = zipped(&desk.video(&content), &options(encryption), 2, &Idle).unwrap();
    let seen = content.chunks(64 << 10).any(|chunk| {
        let needle = &chunk[..16];
        bytes.windows(16).any(|window| window == needle)
    });
    assert!(!seen);
}

#[rstest]
#[case::no_password(|options: &mut EncryptOptions| options.password = Secret::new(""))]
#[case::no_name(|options: &mut EncryptOptions| options.entry_name = String::new())]
#[case::endless_name(|options: &mut EncryptOptions| options.entry_name = "n".repeat(70_000))]
fn bad_options_are_refused_before_a_byte_is_written(#[case] spoil: fn(&mut EncryptOptions)) {
    let desk = Desk::new();
    let mut options = options(Aes256);
    spoil(&mut options);
    let fault = zipped(&desk.video(b"video"), &options, 1, &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
}

#[rstest]
fn a_file_that_is_not_the_listed_one_is_corrupt(#[values(10, 3 * MIB)] length: usize) {
    let desk = Desk::new();
    let mut file = desk.video(&noise(length, 0));
    file.size += 1;
    assert_eq!(zipped(&file, &options(Aes256), 1, &Idle).unwrap_err().class(), Class::Corrupt);
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
fn a_file_that_grows_meanwhile_is_corrupt(#[values(1, 4)] threads: usize) {
    let desk = Desk::new();
    let file = desk.video(&noise(5 * MIB, 0));
    let meddler = Meddler(file.path.clone());
    assert_eq!(zipped(&file, &options(Aes256), threads, &meddler).unwrap_err().class(), Class::Corrupt);
}

/// Cancels when its bytes are spent.
struct StopAfter(AtomicU64);

impl Pulse for StopAfter {
    fn beat(&self, bytes: u64) -> Result<(), Fault> {
        let seen = self.0.fetch_add(bytes, Ordering::Relaxed);
        if seen > MIB as u64 { Err(Fault::new(Class::Cancelled, "stopped")) } else { Ok(()) }
    }
}

#[test]
fn a_pulse_stops_both_ways_and_leaves_nothing() {
    let desk = Desk::new();
    let file = desk.video(&noise(5 * MIB, 0));
    let stop = || StopAfter(AtomicU64::new(0));
    assert_eq!(zipped(&file, &options(Aes256), 2, &stop()).unwrap_err().class(), Class::Cancelled);
    let zip = desk.zip(&file, &options(Aes256));
    let into = desk.path("into");
    let fault = decrypt(&zip, &Secret::new(PASSWORD), &into, &stop()).unwrap_err();
    assert_eq!(fault.class(), Class::Cancelled);
    assert_eq!(std::fs::read_dir(into).unwrap().count(), 0);
}

/// 4 GiB + 1 that are not there: `cargo test -p adt-formats --release -- --ignored more_than_four`.
#[rstest]
#[ignore = "some minutes, and 4 GiB of disk"]
fn more_than_four_gibibytes(#[values(Aes256, ZipCrypto)] encryption: VideoEncryption) {
    let desk = Desk::new();
    let path = desk.path("body.mp4");
    let sparse = std::fs::File::create(&path).unwrap();
    sparse.set_len((4 << 30) + 1).unwrap();
    // Noise where the samples are taken, so that it is stored.
    let noise = noise(MIB, 0);
    for i in 0..8 {
        let at = (((4_u64 << 30) + 1 - (256 << 10)) / 7) * i;
        #[cfg(unix)]
        std::os::unix::fs::FileExt::write_all_at(&sparse, &noise[..256 << 10], at).unwrap();
        #[cfg(windows)]
        std::os::windows::fs::FileExt::seek_write(&sparse, &noise[..256 << 10], at).unwrap();
    }
    drop(sparse);
    let zip = desk.path("body.zip");
    let mut out = std::fs::File::create(&zip).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut write = |piece: bytes::Bytes| {
        std::io::Write::write_all(&mut out, &piece).unwrap();
        Ok(())
    };
    let summary = zip_encrypted(&entry(&path), &mut write, &pool, &Idle, &options(encryption)).unwrap();
    assert!(summary.bytes_out > 4 << 30);
    let script = "import sys, pyzipper\n\
        z = pyzipper.AESZipFile(sys.argv[1])\n\
        (i,) = z.infolist()\n\
        f = z.open(i, pwd=sys.argv[2].encode()); o = open(sys.argv[3], 'rb')\n\
        for _ in range(64): assert f.read(1 << 20) == o.read(1 << 20)\n\
        assert i.file_size == (4 << 30) + 1";
    run(Command::new(&*PYZIPPER).args(["-c", script, zip.as_str(), PASSWORD, path.as_str()]));
    let into = desk.path("into");
    std::fs::create_dir(&into).unwrap();
    std::fs::rename(path, into.join("body.mp4")).unwrap();
    let done = decrypt(&zip, &Secret::new(PASSWORD), &into, &Idle).unwrap();
    assert_eq!((done.bytes, done.already), ((4 << 30) + 1, 1), "compared with what is there, byte by byte");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_content_comes_back(
        base in prop::sample::select(vec![0_usize, 16, 8 << 10, 32 << 10, MIB, 2 * MIB]),
        off in -17_isize..=17,
        spare in 0_u32..8,
        level in 1_u8..=9,
        zipcrypto in any::<bool>(),
        zip64_from in prop::sample::select(vec![0, 1000, u64::from(u32::MAX)]),
        password in "[^\0]{1,80}",
        seed in any::<[u8; 16]>(),
    ) {
        let desk = Desk::new();
        let content = noise(base.saturating_add_signed(off), spare);
        let encryption = if zipcrypto { ZipCrypto } else { Aes256 };
        let password = Secret::new(password);
        let made = EncryptOptions::new(encryption, password.clone(), seed, level, "a/b.avi", TimeZone::UTC);
        let zip = desk.zip(&desk.video(&content), &made.zip64_from(zip64_from));
        let done = decrypt(&zip, &password, &desk.path("into"), &Idle).unwrap();
        prop_assert_eq!((done.files, done.bytes), (1, content.len() as u64));
        prop_assert!(std::fs::read(desk.path("into/a/b.avi")).unwrap() == content);
    }
}
