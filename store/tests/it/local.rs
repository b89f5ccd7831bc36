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

#[cfg(unix)]
mod links {
    use super::*;
    use adt_store::{FolderLinks, StoreOptions};
    use rstest::rstest;
    use std::os::unix::fs::symlink;

    /// A folder with `link`, which leads to a folder outside that holds `x`, and `file`, which leads to `x` itself.
    async fn linked(links: FolderLinks) -> (Lab, Utf8PathBuf) {
        let lab = lab().await;
        let (inside, outside) = (lab.root.join("inside"), lab.root.join("outside"));
        for folder in [&inside, &outside] {
            fs_err::create_dir(folder).unwrap();
        }
        fs_err::write(outside.join("x"), "x").unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink(outside.join("x"), inside.join("file")).unwrap();
        let options = StoreOptions { folder_links: links, ..options("http://unused", "", "") };
        let place = open(inside.as_str(), &options).await;
        (Lab { place, ..lab }, outside)
    }

    #[rstest]
    #[tokio::test]
    async fn nothing_is_changed_behind_one(
        #[values(FolderLinks::Read, FolderLinks::Never)] links: FolderLinks,
    ) {
        let (lab, outside) = linked(links).await;
        let (place, meta) = (&lab.place, ObjectMeta::default());
        let temporary = outside.join(".adt-00000000000000ff-y.part");
        fs_err::write(&temporary, "y").unwrap();
        fs_err::create_dir(outside.join("empty")).unwrap();
        assert!(place.put(&key("link/y"), block("y"), &meta).await.is_err());
        assert!(place.begin(&key("link/y"), &meta).await.is_err());
        assert!(place.below(&key("link")).put(&key("y"), block("y"), &meta).await.is_err());
        assert!(place.link(&key("link/l.rclonelink"), "x".into()).await.is_err());
        assert!(place.make_folder(&key("link/new")).await.is_err());
        assert!(place.make_folder(&key("link")).await.is_err());
        assert!(place.delete(&key("link/x")).await.is_err());
        assert!(place.prune(&key("link")).await.is_err());
        assert!(place.prune_above(&key("link/empty/x")).await.is_err());
        assert!(place.unfinished().await.unwrap().is_empty());
        let left = adt_store::Unfinished::named(key("link/y"), ".adt-00000000000000ff-y.part");
        assert!(place.abort(&left).await.is_err());
        assert_eq!(files(&outside), [".adt-00000000000000ff-y.part", "empty", "x"]);
    }

    #[tokio::test]
    async fn one_that_stands_for_a_file_is_replaced_and_removed_itself() {
        let (lab, outside) = linked(FolderLinks::Never).await;
        lab.place.put(&key("file"), block("new"), &ObjectMeta::default()).await.unwrap();
        assert!(!lab.root.join("inside/file").is_symlink());
        lab.place.delete(&key("link")).await.unwrap();
        assert!(!lab.root.join("inside/link").is_symlink());
        assert_eq!(fs_err::read_to_string(outside.join("x")).unwrap(), "x");
    }

    #[rstest]
    #[case::read(FolderLinks::Read, &["file", "link/x"])]
    #[case::never(FolderLinks::Never, &[])]
    #[case::always(FolderLinks::Always, &["file", "link/x"])]
    #[tokio::test]
    async fn a_destination_does_not_see_what_is_behind_one(
        #[case] links: FolderLinks,
        #[case] seen: &[&str],
    ) {
        let (lab, outside) = linked(links).await;
        assert_eq!(names(&lab.place).await, seen);
        for name in ["file", "link/x"] {
            assert_eq!(lab.place.head(&key(name)).await.unwrap().is_some(), seen.contains(&name), "{name}");
        }
        let written = lab.place.put(&key("link/y"), block("y"), &ObjectMeta::default()).await;
        assert_eq!(written.is_ok(), links == FolderLinks::Always);
        assert_eq!(outside.join("y").exists(), links == FolderLinks::Always);
    }

    /// It is looked at again before a large file gets its name.
    #[tokio::test]
    async fn a_folder_that_becomes_a_link_meanwhile_is_noticed() {
        let (lab, outside) = linked(FolderLinks::Read).await;
        let upload = lab.place.begin(&key("folder/large"), &ObjectMeta::default()).await.unwrap();
        let part = upload.put_part(1, 0, block("data")).await.unwrap();
        let folder = lab.root.join("inside/folder");
        fs_err::rename(&folder, lab.root.join("moved")).unwrap();
        symlink(&outside, &folder).unwrap();
        assert!(upload.complete(&[part]).await.is_err());
        assert_eq!(files(&outside), ["x"]);
    }
}

#[tokio::test]
async fn temporary_files_of_the_same_work_are_removed_and_no_others() {
    let lab = lab().await;
    let meta = ObjectMeta::default();
    let mine = lab.place.clone().owned_by("copy of a");
    let kept = mine.begin(&key("kept"), &meta).await.unwrap();
    let left = mine.below(&key("sub")).begin(&key("left"), &meta).await.unwrap();
    let other = lab.place.clone().owned_by("copy of b").begin(&key("other"), &meta).await.unwrap();
    let nobody = lab.place.begin(&key("nobody"), &meta).await.unwrap();
    assert_eq!(mine.tidy(&[kept.id().to_owned()]).await.unwrap(), 1);
    assert!(files(&lab.root.join("sub")).is_empty(), "{}", left.id());
    let mut expected = [kept.id(), other.id(), nobody.id()].map(str::to_owned).to_vec();
    expected.push("sub".into());
    expected.sort();
    assert_eq!(files(&lab.root), expected);
}

/// Times of files can be set; when something of them was changed cannot.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_rewritten_at_its_time_has_another_version() {
    let lab = lab().await;
    let meta =
        ObjectMeta { modified: Some("2020-01-01T00:00:00Z".parse().unwrap()), ..ObjectMeta::default() };
    let receipt = lab.place.put(&key("a"), block("old"), &meta).await.unwrap();
    let before = lab.place.head(&key("a")).await.unwrap().unwrap();
    assert_eq!(receipt.etag, before.etag);
    fs_err::write(lab.root.join("a"), "new").unwrap();
    let file = fs_err::File::options().write(true).open(lab.root.join("a")).unwrap();
    file.file().set_modified(meta.modified.unwrap().into()).unwrap();
    let after = lab.place.head(&key("a")).await.unwrap().unwrap();
    assert_eq!((before.size, before.modified), (after.size, after.modified));
    assert_ne!(before.etag, after.etag);
}
