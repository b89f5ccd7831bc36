//! A server that confirms an object and loses it, or half of it: never called done.

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{ASSET, Desk, Job, RECORD, Said},
    moving::Site,
};

/// What becomes of an object as soon as it is stored.
type Loss = fn(&Utf8Path);

fn dropped(path: &Utf8Path) {
    let _ = fs::remove_file(path);
}

fn halved(path: &Utf8Path) {
    let size = fs::metadata(path).map_or(0, |data| data.len());
    if size == ORIGINAL {
        fs::File::options().write(true).open(path).unwrap().set_len(size / 2).unwrap();
    }
}

/// Same length, other bytes, another version.
fn replaced(path: &Utf8Path) {
    if fs::read(path).is_ok_and(|bytes| bytes[0] == b'x') {
        fs::write(path, vec![b'y'; ORIGINAL as usize]).unwrap();
    }
}

const ORIGINAL: u64 = 1000;

/// A desk whose server loses one object, by its path in the bucket, before the request that follows.
fn losing(lost: &'static str, happens: Loss) -> Desk {
    let desk = Desk::watched(move |store| {
        let path = store.join("recordings").join(lost);
        if path.exists() {
            happens(&path);
        }
    });
    for name in ["a", "b", "deep/c"] {
        desk.write(&format!("work/source/{name}"), &"x".repeat(ORIGINAL as usize));
    }
    desk
}

#[rstest]
#[case::a_folder(&["copy", "source", "s3://recordings/to"], "to/b")]
#[case::the_last_object(&["copy", "source", "s3://recordings/to"], "to/deep/c")]
#[case::a_sync(&["sync", "source", "s3://recordings/to"], "to/b")]
#[case::with_a_deletion(&["sync", "source", "s3://recordings/to", "--delete", "--max-delete", "1"], "to/b")]
#[case::one_file(&["copy", "source/b", "s3://recordings/to/b"], "to/b")]
fn an_object_that_is_lost_after_it_was_confirmed_is_named(
    #[case] args: &[&str],
    #[case] lost: &'static str,
    #[values(dropped as Loss, halved as Loss, replaced as Loss)] loss: Loss,
) {
    let desk = losing(lost, loss);
    // What is superfluous stays, too.
    desk.write("store/recordings/to/zz", "superfluous");
    for _ in 0..2 {
        let said = Said::of(&mut desk.adt(args)).ends(1).says(&format!("s3://recordings/{lost}"));
        assert!(said.stdout.contains("1 of "), "{said:#?}");
        assert!(desk.root.join("store/recordings/to/zz").exists());
    }
}

#[rstest]
fn a_stream_that_is_lost_is_named(#[values(dropped as Loss, halved as Loss)] loss: Loss) {
    let desk = losing("piped", loss);
    let input = fs::File::open(desk.root.join("work/source/a")).unwrap();
    let mut command = desk.adt(&["copy", "-", "s3://recordings/piped"]);
    command.stdin(std::process::Stdio::from(input.into_file()));
    Said::of(&mut command).ends(1).says("s3://recordings/piped");
}

/// It is written last, after the listing was compared with everything else.
#[rstest]
#[case::dropped(dropped, "is missing")]
#[case::halved(|path: &Utf8Path| {
    if fs::read(path).is_ok_and(|bytes| bytes.ends_with(b"}\n") || bytes.ends_with(b"}")) {
        fs::write(path, "{").unwrap();
    }
}, "is not what was sent")]
fn a_record_that_is_lost_is_no_complete_asset(#[case] loss: Loss, #[case] said: &str) {
    const LOST: &str = "behavior_714321_2024-05-06_07-08-09/metadata.nd.json";
    assert_eq!(LOST, format!("{ASSET}/{RECORD}"));
    let desk = losing(LOST, loss);
    let job = Job::new().copy("behavior", desk.root.join("work/source"));
    for _ in 0..2 {
        desk.run(&job, &[]).ends(1).says(&format!("{LOST}` {said}"));
    }
}

/// Files that are removed at once, while the others come: the third is asked for when one of the first two is there.
#[test]
fn a_file_that_is_lost_is_named() {
    let desk = Desk::watched(|store| {
        for name in ["a", "b"] {
            let _ = fs::remove_file(store.parent().unwrap().join("work/to").join(name));
        }
    });
    for name in ["a", "b", "c"] {
        desk.write(&format!("store/recordings/from/{name}"), name);
    }
    let args = ["copy", "s3://recordings/from", "to", "--lanes", "1"];
    Said::of(&mut desk.adt(&args)).ends(1).says("` is missing");
}

/// One listing where there is nothing to do, one more where something was sent.
#[test]
fn the_destination_is_listed_once_more_after_sending() {
    let site = Site::new();
    for name in ["a", "b"] {
        site.desk.write(&format!("work/source/{name}"), name);
    }
    let mut before = 0;
    for (listings, change) in [(2, ""), (1, ""), (2, "c")] {
        if !change.is_empty() {
            site.desk.write(&format!("work/source/{change}"), "more");
        }
        site.adt(&["sync", "source", "s3://recordings/to"]).ends(0);
        let listed = site.desk.tally().count("ListObjectsV2");
        assert_eq!(listed - before, listings, "{change}");
        before = listed;
    }
}
