//! What a person meets who got something wrong: one clear line, an exit code, no panic, no secret.

use rstest::rstest;

use crate::{desk::SECRET_KEY, desk::Said, moving::Site};

fn site() -> Site {
    let site = Site::new();
    site.desk.write("source/a", "a");
    site.adt(&["copy", site.desk.root.join("source").as_str(), "s3://recordings/there"]).ends(0);
    site
}

#[track_caller]
fn plain(said: Said, code: i32, word: &str) {
    let said = said.ends(code).says(word);
    let all = format!("{}{}", said.stdout, said.stderr);
    assert!(!all.contains("panicked") && !all.contains(SECRET_KEY), "{said:#?}");
    assert!(said.stderr.lines().count() + said.stdout.lines().count() < 15, "{said:#?}");
}

/// 2 where nothing was begun, 1 where something that was begun could not be done.
#[rstest]
#[case::missing_bucket(&["copy", "SOURCE", "s3://nobucket/x"], 1, "nobucket")]
#[case::missing_bucket_as_a_source(&["copy", "s3://nobucket/x", "OUT"], 1, "nobucket")]
#[case::missing_bucket_listed(&["ls", "s3://nobucket"], 2, "nobucket")]
#[case::missing_prefix(&["copy", "s3://recordings/nothing", "OUT"], 1, "there is nothing at `s3://recordings/nothing`")]
#[case::missing_prefix_listed(&["ls", "s3://recordings/nothing"], 2, "there is nothing at")]
#[case::missing_folder(&["copy", "/nowhere/at/all", "s3://recordings/x"], 2, "/nowhere/at/all")]
#[case::missing_folder_verified(&["verify", "/nowhere/at/all", "s3://recordings/there"], 2, "/nowhere/at/all")]
#[case::one_slash(&["copy", "SOURCE", "s3:/recordings/x"], 2, "s3://recordings/x")]
#[case::no_bucket(&["copy", "SOURCE", "s3://"], 2, "bucket")]
#[case::another_word(&["copy", "SOURCE", "s4://recordings"], 2, "s4")]
#[case::encryption(&["copy", "SOURCE", "s3://recordings/x", "--encryption", "rot13"], 2, "write `service` or `key:ID`")]
#[case::no_key(&["copy", "SOURCE", "s3://recordings/x", "--encryption", "key:"], 2, "write `service` or `key:ID`")]
#[case::part_size(&["copy", "SOURCE", "s3://recordings/x", "--part-size", "1"], 2, "from 5MiB to 1GiB")]
#[case::part_size_words(&["copy", "SOURCE", "s3://recordings/x", "--part-size", "many"], 2, "--part-size")]
#[case::bandwidth(&["copy", "SOURCE", "s3://recordings/x", "--bandwidth", "fast"], 2, "--bandwidth")]
#[case::glob(&["copy", "SOURCE", "s3://recordings/x", "--exclude", "[a"], 2, "[a")]
#[case::glob_of_ls(&["ls", "s3://recordings", "--include", "{a"], 2, "{a")]
#[case::links(&["copy", "SOURCE", "s3://recordings/x", "--links", "eat"], 2, "keep-as-object")]
#[case::both_comparisons(&["sync", "SOURCE", "s3://recordings/x", "--checksum", "--size-only"], 2, "--size-only")]
#[case::max_delete_alone(&["sync", "SOURCE", "s3://recordings/x", "--max-delete", "3"], 2, "--delete")]
#[case::one_place(&["verify", "SOURCE"], 2, "--manifest")]
#[case::no_manifest(&["verify", "SOURCE", "--manifest", "/nowhere/list"], 2, "/nowhere/list")]
#[case::a_file_above(&["copy", "SOURCE", "SOURCE/a/below"], 2, "is inside")]
fn what_is_wrong_is_said(#[case] args: &[&str], #[case] code: i32, #[case] word: &str) {
    let site = site();
    let (source, out) = (site.desk.root.join("source"), site.desk.root.join("out"));
    let args: Vec<_> =
        args.iter().map(|arg| arg.replace("SOURCE", source.as_str()).replace("OUT", out.as_str())).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    plain(site.adt(&args), code, word);
    assert!(!out.exists());
}

#[rstest]
#[case::wrong_secret("sandbox", "canary-wrong-secret")]
#[case::wrong_key("somebody", "canary-wrong-secret")]
fn a_wrong_key_is_refused(#[case] id: &str, #[case] secret: &str) {
    let site = site();
    let source = site.desk.root.join("source");
    for args in [
        &["copy", source.as_str(), "s3://recordings/x"][..],
        &["copy", "s3://recordings/there", "out"],
        &["ls", "s3://recordings"],
        &["clean", "s3://recordings"],
    ] {
        let mut command = site.on("home", args);
        command.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
        let said = Said::of(&mut command);
        assert!(!format!("{said:?}").contains("canary"), "{said:#?}");
        plain(said, 1, "s3://recordings");
    }
}

#[test]
fn without_any_key_it_is_said_where_one_was_looked_for() {
    let site = site();
    let mut command = site.on("home", &["ls", "s3://recordings"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    plain(Said::of(&mut command), 2, "AWS_ACCESS_KEY_ID");
}

/// Nobody may write there, not even root.
#[cfg(target_os = "linux")]
#[test]
fn a_destination_that_takes_nothing() {
    let site = site();
    let source = site.desk.root.join("source");
    plain(site.adt(&["copy", source.as_str(), "/proc/adt"]), 1, "/proc/adt");
    plain(site.adt(&["copy", "s3://recordings/there", "/proc/adt"]), 1, "/proc/adt");
    plain(site.adt(&["copy", "s3://recordings/there/a", "/proc/adt/"]), 1, "/proc/adt");
}

/// Where a folder has to be, a file is.
#[test]
fn a_file_in_the_way() {
    let site = site();
    let way = site.desk.write("way", "kept");
    plain(site.adt(&["copy", "s3://recordings/there", way.as_str()]), 1, "way");
    assert_eq!(fs_err::read_to_string(way).unwrap(), "kept");
}
