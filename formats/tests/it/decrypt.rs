//! What other tools wrote is read, and what nobody should have written is refused.

use std::io::Write;

use adt_formats::zip::decrypt;
use adt_model::{Class, Fault, Idle, Secret, VideoEncryption};
use camino::{Utf8Path, Utf8PathBuf};
use proptest::prelude::*;
use rstest::rstest;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::encrypted::{Desk, PASSWORD, noise, options};

/// Made by other tools; `foreign/make.py` says how.
fn foreign(name: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/foreign").join(name)
}

fn body() -> Vec<u8> {
    (0..=255).cycle().take(2048).collect()
}

fn secret() -> Secret {
    Secret::new(PASSWORD)
}

/// Names of all files below a folder, with their content.
fn tree(folder: &Utf8Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in folder.read_dir_utf8().into_iter().flatten() {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_owned();
            found
                .extend(tree(&path).into_iter().map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            found.push((path.file_name().unwrap().to_owned(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn several() -> Vec<(String, Vec<u8>)> {
    vec![
        ("body.mp4".into(), body()),
        ("eye/empty.mp4".into(), Vec::new()),
        ("eye/left.mp4".into(), b"left".to_vec()),
    ]
}

#[rstest]
#[case::the_original("pyminizip.zip", vec![("body.mp4".into(), body())])]
#[case::the_original_with_a_folder("pyminizip-level9.zip", vec![("cam/body.mp4".into(), body())])]
#[case::info_zip("info-zip.zip", vec![("body.mp4".into(), body())])]
#[case::seven_zip_aes256("7zip-aes256.zip", vec![("body.mp4".into(), body())])]
#[case::seven_zip_aes128("7zip-aes128.zip", vec![("body.mp4".into(), body())])]
#[case::seven_zip_zipcrypto("7zip-zipcrypto.zip", vec![("body.mp4".into(), body())])]
#[case::aes128_ae1_deflated("pyzipper-aes128-ae1.zip", several())]
#[case::aes192_ae2_deflated("pyzipper-aes192-ae2.zip", several())]
#[case::aes256_ae1_stored("pyzipper-aes256-ae1.zip", several())]
#[case::aes256_ae2_deflated("pyzipper-aes256-ae2.zip", several())]
fn zips_of_other_tools_are_read(#[case] name: &str, #[case] wanted: Vec<(String, Vec<u8>)>) {
    let desk = Desk::new();
    let into = desk.path("into");
    let secret = if name.starts_with("7zip") { Secret::new("Kaese 42") } else { secret() };
    let done = decrypt(&foreign(name), &secret, &into, &Idle).unwrap();
    let bytes: usize = wanted.iter().map(|(_, content)| content.len()).sum();
    assert_eq!((done.files, done.bytes, done.already), (wanted.len() as u64, bytes as u64, 0));
    assert!(tree(&into) == wanted);
    let again = decrypt(&foreign(name), &secret, &into, &Idle).unwrap();
    assert_eq!((again.files, again.already), (wanted.len() as u64, wanted.len() as u64));
    assert!(tree(&into) == wanted);
}

#[rstest]
fn a_wrong_password_is_told_as_such(
    #[values("pyminizip.zip", "info-zip.zip", "pyzipper-aes128-ae1.zip", "pyzipper-aes256-ae2.zip")]
    name: &str,
) {
    let desk = Desk::new();
    let zip = foreign(name);
    let fault = decrypt(&zip, &Secret::new("Kase 42"), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Refused, "{fault:?}");
    assert_eq!(fault.line(), format!("wrong password for `body.mp4` of `{zip}`"));
    assert!(tree(&desk.path("into")).is_empty());
}

/// Of 600 wrong passwords about two are not known as such by the old cipher.
#[test]
fn no_wrong_password_yields_a_file() {
    let desk = Desk::new();
    for i in 0..600 {
        let fault =
            decrypt(&foreign("pyminizip.zip"), &Secret::new(format!("{i}")), &desk.path("into"), &Idle)
                .unwrap_err();
        assert!(matches!(fault.class(), Class::Refused | Class::Corrupt), "{fault:?}");
        assert!(fault.line().contains("password"), "{fault:?}");
    }
    assert!(tree(&desk.path("into")).is_empty());
}

#[test]
fn an_empty_password_is_bad_input() {
    let desk = Desk::new();
    let fault = decrypt(&foreign("info-zip.zip"), &Secret::new(""), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
}

#[rstest]
#[case::nothing(b"")]
#[case::text(b"a,b\n1,2\n")]
#[case::half_a_mark(b"PK")]
fn what_is_not_a_zip_is_bad_input(#[case] content: &[u8]) {
    let desk = Desk::new();
    let path = desk.path("a.zip");
    std::fs::write(&path, content).unwrap();
    let fault = decrypt(&path, &secret(), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!((fault.class(), fault.line()), (Class::BadInput, format!("`{path}` is not a zip file")));
}

#[test]
fn a_zip_that_is_not_there_is_missing() {
    let desk = Desk::new();
    let fault = decrypt(&desk.path("a.zip"), &secret(), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Missing);
}

#[rstest]
fn a_zip_that_was_cut_short_is_corrupt(
    #[values("pyminizip.zip", "pyzipper-aes256-ae1.zip")] name: &str,
    #[values(4, 40, 200, 400)] length: usize,
) {
    let desk = Desk::new();
    let path = desk.path("a.zip");
    std::fs::write(&path, &std::fs::read(foreign(name)).unwrap()[..length]).unwrap();
    let fault = decrypt(&path, &secret(), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt, "{fault:?}");
    assert!(tree(&desk.path("into")).is_empty());
}

#[rstest]
fn a_flipped_bit_of_the_content_is_corrupt(
    #[values(VideoEncryption::Aes256, VideoEncryption::ZipCrypto)] encryption: VideoEncryption,
    #[values(0, 3)] spare: u32,
) {
    let desk = Desk::new();
    let zip = desk.zip(&desk.video(&noise(50_000, spare)), &options(encryption));
    let mut bytes = std::fs::read(&zip).unwrap();
    bytes[20_000] ^= 4;
    std::fs::write(&zip, bytes).unwrap();
    let fault = decrypt(&zip, &secret(), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt, "{fault:?}");
    assert_eq!(tree(&desk.path("into")), [], "no file that is not whole");
}

/// A plain zip with one entry of this name.
fn named(desk: &Desk, name: &str) -> Utf8PathBuf {
    let path = desk.path("a.zip");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("fine.mp4", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"fine").unwrap();
    zip.start_file("XXXXXXXXXXXX", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"evil").unwrap();
    zip.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // By hand: the library would not write such names.
    let padded = format!("{name:x<12}");
    for at in 0..bytes.len() - 12 {
        if &bytes[at..at + 12] == b"XXXXXXXXXXXX" {
            bytes[at..at + 12].copy_from_slice(padded.as_bytes());
        }
    }
    std::fs::write(&path, bytes).unwrap();
    path
}

#[rstest]
#[case::up("../")]
#[case::up_from_below("a/../../")]
#[case::absolute("/tmp/")]
#[case::drive("C:/")]
#[case::windows("..\\")]
#[case::up_at_last("a/b/c/d/e/..")]
fn names_that_lead_out_are_refused_before_anything_is_written(#[case] name: &str) {
    let desk = Desk::new();
    let fault = decrypt(&named(&desk, name), &secret(), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Refused, "{fault:?}");
    assert!(tree(&desk.path("into")).is_empty());
    assert_eq!(tree(&desk.path("")).len(), 1, "only the zip");
}

#[test]
fn links_are_refused() {
    let desk = Desk::new();
    let fault = decrypt(&foreign("link.zip"), &secret(), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Refused);
    assert!(fault.line().contains("`link`"));
}

#[rstest]
#[case::another_size(b"mine".to_vec())]
#[case::the_same_size(vec![9; 2048])]
fn a_file_that_stands_there_is_kept(#[case] mine: Vec<u8>) {
    let desk = Desk::new();
    let into = desk.path("into");
    std::fs::create_dir(&into).unwrap();
    std::fs::write(into.join("body.mp4"), &mine).unwrap();
    let fault = decrypt(&foreign("pyzipper-aes256-ae2.zip"), &secret(), &into, &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Conflict, "{fault:?}");
    assert!(fault.advice().is_some());
    assert_eq!(tree(&into), [("body.mp4".to_owned(), mine)]);
}

#[test]
fn a_content_that_is_longer_than_told_is_corrupt() {
    let desk = Desk::new();
    let path = desk.path("bomb.zip");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("bomb", SimpleFileOptions::default()).unwrap();
    zip.write_all(&vec![0; 4 << 20]).unwrap();
    zip.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let size = (4_u32 << 20).to_le_bytes();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == size {
            bytes[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        }
    }
    std::fs::write(&path, bytes).unwrap();
    let fault = decrypt(&path, &secret(), &desk.path("into"), &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt, "{fault:?}");
    assert!(tree(&desk.path("into")).is_empty());
}

/// What a spoiled zip may do: end in a fault that is not our own mistake, or write what lies below the folder.
fn survives(bytes: &[u8]) -> Result<(), Fault> {
    let desk = Desk::new();
    let path = desk.path("a.zip");
    std::fs::write(&path, bytes).unwrap();
    let done = decrypt(&path, &secret(), &desk.path("into"), &Idle);
    let beside = std::fs::read_dir(desk.path("")).unwrap().count();
    assert!(beside <= 2, "something was written beside the folder");
    done.map(|_| ())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spoiled_zips_end_in_a_fault(
        name in prop::sample::select(vec![
            "pyminizip.zip", "info-zip.zip", "pyzipper-aes128-ae1.zip", "pyzipper-aes256-ae2.zip", "link.zip",
        ]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        tail in prop::collection::vec((0_usize..220, any::<u8>()), 0..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = std::fs::read(foreign(name)).unwrap();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // The directory is at the end, and the most worth spoiling.
        for (back, value) in tail {
            let at = bytes.len().saturating_sub(back + 1);
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(fault) = survives(&bytes) {
            prop_assert_ne!(fault.class(), Class::Bug, "{:?}", fault);
        }
    }

    #[test]
    fn noise_ends_in_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..600), zip in any::<bool>()) {
        let head: &[u8] = if zip { b"PK\x03\x04" } else { b"" };
        prop_assert!(survives(&[head, &bytes].concat()).is_err());
    }
}

/// A zip with one encrypted video.
fn video(folder: &Utf8Path, name: &str, content: &[u8]) -> Utf8PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("cam.mp4.zip");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = SimpleFileOptions::default().with_aes_encryption(zip::AesMode::Aes256, PASSWORD);
    zip.start_file(name, options).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap();
    path
}

fn temp() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
    (folder, root)
}

#[rstest]
#[case::of_one_size(b"video of A", b"video of B")]
#[case::of_two_sizes(b"video of A", b"longer video of B")]
fn the_second_video_of_one_name_is_refused(#[case] a: &[u8], #[case] b: &[u8]) {
    let (_folder, root) = temp();
    let (first, second) = (video(&root.join("A"), "cam.mp4", a), video(&root.join("B"), "cam.mp4", b));
    let both = root.join("both");
    decrypt(&first, &secret(), &both, &Idle).unwrap();
    let fault = decrypt(&second, &secret(), &both, &Idle).unwrap_err();
    assert_eq!(fault.class(), Class::Conflict);
    assert_eq!(tree(&both), [("cam.mp4".to_owned(), a.to_vec())]);
    assert_eq!(decrypt(&first, &secret(), &both, &Idle).unwrap().already, 1);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn a_decrypted_video_is_its_owners_alone() {
        let (_folder, root) = temp();
        decrypt(&video(&root, "cam.mp4", b"v"), &secret(), &root.join("out"), &Idle).unwrap();
        assert_eq!(std::fs::metadata(root.join("out/cam.mp4")).unwrap().mode() & 0o777, 0o600);
    }

    #[rstest]
    #[case::folder("eye/cam.mp4", "eye")]
    #[case::deeper_folder("eye/left/cam.mp4", "eye/left")]
    #[case::file("cam.mp4", "cam.mp4")]
    fn nothing_is_written_through_a_link(#[case] name: &str, #[case] link: &str) {
        let (_folder, root) = temp();
        let (zip, out, outside) = (video(&root, name, b"v"), root.join("out"), root.join("outside"));
        std::fs::create_dir_all(out.join(link).parent().unwrap()).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        symlink(if link == "cam.mp4" { outside.join("new") } else { outside.clone() }, out.join(link))
            .unwrap();
        let fault = decrypt(&zip, &secret(), &out, &Idle).unwrap_err();
        assert_eq!(fault.class(), Class::Conflict, "{fault}");
        assert!(tree(&outside).is_empty());
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_is_in_use_stays() {
        let (_folder, root) = temp();
        let (zip, out) = (video(&root, "cam.mp4", b"v"), root.join("out"));
        std::fs::create_dir_all(&out).unwrap();
        let owner = adt_codec::crc64(out.join("cam.mp4").as_str().as_bytes()) >> 32;
        let name = |number: u64| adt_model::temporary::beside(&out.join("cam.mp4"), number);
        let (ours, used, other) = (name(owner << 32 | 1), name(owner << 32 | 2), name((owner ^ 1) << 32));
        for path in [&ours, &used, &other] {
            std::fs::write(path, "x").unwrap();
        }
        let held = std::fs::File::open(&used).unwrap();
        held.lock().unwrap();
        decrypt(&zip, &secret(), &out, &Idle).unwrap();
        assert!(!ours.exists() && used.exists() && other.exists());
    }
}
