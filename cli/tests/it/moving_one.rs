//! One file or object, `-`, and what a slash at the end means.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::Said,
    moving::{Kind, Site},
};

fn site() -> Site {
    let site = Site::new();
    site.desk.write("work/list.json", "{\"n\": 1}");
    site
}

#[rstest]
#[case::into_a_prefix("s3://recordings/p/", "p/list.json")]
#[case::as_a_name("s3://recordings/p", "p")]
#[case::as_a_deep_name("s3://recordings/p/q.json", "p/q.json")]
#[case::into_a_bucket("s3://recordings", "list.json")]
#[case::into_a_bucket_with_a_slash("s3://recordings/", "list.json")]
fn a_file_into_a_bucket(#[case] to: &str, #[case] key: &str) {
    let site = site();
    site.adt(&["copy", "list.json", to]).ends(0);
    assert_eq!(fs::read_to_string(site.stored(key)).unwrap(), "{\"n\": 1}");
    site.adt(&["verify", "list.json", &format!("s3://recordings/{key}")]).ends(0).says("1 object the same");
}

#[rstest]
#[case::here(".", "work/list.json")]
#[case::into_a_folder("there", "work/there/list.json")]
#[case::into_a_folder_with_a_slash("there/", "work/there/list.json")]
#[case::into_a_folder_that_is_made("new/", "work/new/list.json")]
#[case::as_a_name("other.json", "work/other.json")]
#[case::as_a_name_in_a_folder_that_is_made("new/other.json", "work/new/other.json")]
fn an_object_onto_a_disk(#[case] to: &str, #[case] path: &str) {
    let site = site();
    site.adt(&["copy", "list.json", "s3://recordings/deep/"]).ends(0);
    fs::remove_file(site.desk.root.join("work/list.json")).unwrap();
    fs::create_dir_all(site.desk.root.join("work/there")).unwrap();
    site.adt(&["copy", "s3://recordings/deep/list.json", to]).ends(0);
    assert_eq!(fs::read_to_string(site.desk.root.join(path)).unwrap(), "{\"n\": 1}");
    let again = site.moves("home", &["copy", "s3://recordings/deep/list.json", to]).ends(0);
    assert_eq!((again.sent.len(), again.kept.len()), (0, 1), "{again:#?}");
}

#[test]
fn an_object_within_a_bucket() {
    let site = site();
    site.adt(&["copy", "list.json", "s3://recordings/a"]).ends(0);
    site.adt(&["copy", "s3://recordings/a", "s3://recordings/b/"]).ends(0);
    site.adt(&["copy", "s3://recordings/a", "s3://recordings/c/d"]).ends(0);
    for key in ["b/a", "c/d"] {
        assert_eq!(fs::read_to_string(site.stored(key)).unwrap(), "{\"n\": 1}");
    }
    site.adt(&["copy", "s3://recordings/a", "s3://recordings/a"]).ends(2);
}

/// An object and a folder of the same name: either may be meant.
#[test]
fn an_object_that_is_a_prefix_too_is_not_guessed_at() {
    let Some(site) = Site::with(&[Kind::Gs]) else { return };
    let file = site.desk.write("work/list.json", "{}");
    let root = site.place(Kind::Gs, "p");
    site.adt(&["copy", file.as_str(), &root]).ends(0);
    site.adt(&["copy", file.as_str(), &format!("{root}/")]).ends(0);
    site.adt(&["copy", &root, "out"]).ends(2).says(&format!("write `{root}/`"));
    site.adt(&["copy", file.as_str(), &root]).ends(2).says(&format!("write `{root}/`"));
    site.moves("home", &["copy", &format!("{root}/"), "out/"]).ends(0).sends(&["list.json"]);
    site.moves("home", &["copy", "gs://lab/", "whole/", "--include", "/p"]).ends(1);
}

fn piped(mut command: Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may end before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    out
}

#[rstest]
fn standard_input_and_output(#[values(Kind::Disk, Kind::S3, Kind::Gs, Kind::Az)] kind: Kind) {
    let Some(site) = Site::with(&[kind]) else { return };
    for (name, size) in [("few", 5), ("many", 30 << 20)] {
        let mut bytes = vec![0; size];
        adt_testkit::Seed::new(3).fill(&mut bytes);
        let place = site.place(kind, &format!("in/{name}"));
        Said::from(piped(site.on("home", &["copy", "-", &place]), &bytes)).ends(0);
        let out = site.on("home", &["copy", &place, "-"]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(out.stdout == bytes, "{name}: {} bytes", out.stdout.len());
    }
}

/// What a failed program before `|` leaves.
#[rstest]
fn empty_standard_input_replaces_nothing(#[values(Kind::Disk, Kind::S3)] kind: Kind) {
    let site = site();
    let place = site.place(kind, "in/x");
    Said::from(piped(site.on("home", &["copy", "-", &place]), b"kept")).ends(0);
    for there in [&place, &site.place(kind, "in/new")] {
        Said::from(piped(site.on("home", &["copy", "-", there]), b""))
            .ends(2)
            .says("standard input is empty");
    }
    assert_eq!(site.adt(&["copy", &place, "-"]).ends(0).stdout, "kept");
    assert_eq!(site.adt(&["ls", &site.place(kind, "in")]).stdout.matches("new").count(), 0);
}

#[rstest]
#[case::a_prefix("s3://recordings/p/", "needs a name")]
#[case::a_bucket("s3://recordings", "needs a name")]
#[case::a_folder(".", "needs a name")]
#[case::itself("-", "both `-`")]
fn standard_input_needs_a_name(#[case] to: &str, #[case] said: &str) {
    let site = site();
    Said::from(piped(site.on("home", &["copy", "-", to]), b"x")).ends(2).says(said);
}

#[test]
fn standard_output_takes_one_object() {
    let site = site();
    site.adt(&["copy", "list.json", "s3://recordings/p/"]).ends(0);
    site.adt(&["copy", "s3://recordings/p", "-"]).ends(2).says("takes one object");
    site.adt(&["copy", "s3://recordings/nothing", "-"]).says("nothing");
    let out = site.adt(&["copy", "list.json", "-"]).ends(0);
    assert_eq!(out.stdout, "{\"n\": 1}");
    site.adt(&["sync", "-", "s3://recordings/x", "--delete"]).ends(2).says("nothing to remove");
}
