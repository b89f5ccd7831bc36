//! Folders: what is visible, what is left behind, what stands in the way.

use adt_model::{Class, Crc64};
use adt_store::{Block, ObjectMeta, Place};
use camino::{Utf8Path, Utf8PathBuf};
use futures::StreamExt;

use crate::setup::{block, key, names, open, options};

struct Lab {
    root: Utf8PathBuf,
    place: Place,
    _folder: tempfile::TempDir,
}

async fn lab() -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap().to_owned();
    let place = open(root.as_str(), &options("http://unused", "", "")).await;
    Lab { root, place, _folder: folder }
}

fn files(root: &Utf8Path) -> Vec<String> {
    let entries = fs_err::read_dir(root).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn bytes_that_changed_on_the_way_are_not_written() {
    let lab = lab().await;
    let wrong = Block { bytes: "data".into(), crc64: Crc64(1) };
    let fault = lab.place.put(&key("a"), wrong, &ObjectMeta::default()).await.unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt);
    assert!(files(&lab.root).is_empty());
}

#[tokio::test]
async fn a_file_where_a_folder_must_be_is_a_fault_that_leaves_nothing() {
    let lab = lab().await;
    let meta = ObjectMeta::default();
    lab.place.put(&key("a"), block("file"), &meta).await.unwrap();
    assert!(lab.place.put(&key("a/b"), block("x"), &meta).await.is_err());
    assert!(lab.place.head(&key("a/b")).await.unwrap().is_none());
    lab.place.put(&key("d/e"), block("x"), &meta).await.unwrap();
    let fault = lab.place.put(&key("d"), block("x"), &meta).await.unwrap_err();
    assert!(fault.line().contains("/d`"), "{fault:?}");
    assert_eq!(files(&lab.root), ["a", "d"]);
}

#[tokio::test]
async fn parts_that_do_not_tile_are_not_published() {
    let lab = lab().await;
    let upload = lab.place.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    let first = upload.put_part(1, 0, block("12345")).await.unwrap();
    let gap = upload.put_part(2, 6, block("7")).await.unwrap();
    assert!(upload.complete(&[first.clone(), gap]).await.is_err());
    assert!(upload.complete(std::slice::from_ref(&first)).await.is_err());
    let second = upload.put_part(2, 5, block("67")).await.unwrap();
    assert_eq!(upload.complete(&[first, second]).await.unwrap().size, 7);
    assert_eq!(files(&lab.root), ["a"]);
}

#[tokio::test]
async fn only_our_own_temporary_files_can_be_aborted() {
    let lab = lab().await;
    lab.place.put(&key("a.part"), block("x"), &ObjectMeta::default()).await.unwrap();
    assert!(lab.place.unfinished().await.unwrap().is_empty());
    let other = adt_store::Unfinished::named(key("a.part"), "");
    assert!(lab.place.abort(&other).await.is_err());
    assert_eq!(files(&lab.root), ["a.part"]);
}

/// A ledger knows an unfinished write by the object it was to become, not by its temporary name.
#[tokio::test]
async fn an_unfinished_write_can_be_aborted_by_its_object() {
    let lab = lab().await;
    let upload = lab.place.begin(&key("deep/a.bin"), &ObjectMeta::default()).await.unwrap();
    let upload_id = upload.id().to_owned();
    let elsewhere = adt_store::Unfinished::named(key("deep/a.bin"), format!("../deep/{upload_id}"));
    assert!(lab.place.abort(&elsewhere).await.is_err());
    let [found] = &lab.place.unfinished().await.unwrap()[..] else { panic!("one is unfinished") };
    assert_eq!((found.key.as_str(), &found.upload_id), ("deep/a.bin", &upload_id));
    lab.place.abort(&adt_store::Unfinished::named(key("deep/a.bin"), upload_id)).await.unwrap();
    assert!(lab.place.unfinished().await.unwrap().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_unless_they_lead_back_or_nowhere() {
    use std::os::unix::fs::symlink;
    let lab = lab().await;
    lab.place.put(&key("real/x"), block("x"), &ObjectMeta::default()).await.unwrap();
    symlink(lab.root.join("real"), lab.root.join("link")).unwrap();
    assert_eq!(names(&lab.place).await, ["link/x", "real/x"]);
    for (target, name) in [("..", "real/up"), ("nowhere", "real/dangling")] {
        symlink(target, lab.root.join(name)).unwrap();
        let pages: Vec<_> = lab.place.list().collect().await;
        assert!(pages.last().unwrap().is_err(), "{name}");
        fs_err::remove_file(lab.root.join(name)).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn names_that_are_not_utf8_are_named_not_skipped() {
    use std::os::unix::ffi::OsStrExt;
    let lab = lab().await;
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs_err::write(lab.root.as_std_path().join(name), "x").unwrap();
    let pages: Vec<_> = lab.place.list().collect().await;
    let fault = pages.into_iter().next().unwrap().unwrap_err();
    assert!(fault.class() == Class::BadInput && fault.line().contains("caf"), "{fault:?}");
}
