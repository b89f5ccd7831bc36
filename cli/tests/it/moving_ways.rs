//! Ways of moving: two services, lists of names, bounds, backups, credentials that may only write, and `adt move`.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Desk, Job, RECORD, Said},
    moving::{Kind, Site, set_time},
};

/// Every file below a folder, with its text.
fn held(folder: &Utf8Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            names.extend(held(path).into_iter().map(|name| format!("{}/{name}", entry.file_name())));
        } else {
            names.insert(format!("{}={}", entry.file_name(), fs::read_to_string(path).unwrap()));
        }
    }
    names
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn ago(path: &Utf8Path, hours: u64) {
    set_time(path, SystemTime::now() - Duration::from_secs(hours * 3600));
}

/// Two servers that have a bucket of one name.
#[rstest]
#[case::by_address(&["--source-endpoint-url", "THEIRS"])]
#[case::by_both_addresses(&["--source-endpoint-url", "THEIRS", "--endpoint-url", "OURS"])]
#[case::by_profile(&["--source-profile", "theirs"])]
#[case::by_both_profiles(&["--source-profile", "theirs", "--profile", "ours"])]
fn two_services_of_s3_copy_to_each_other(#[case] flags: &[&str]) {
    let (ours, theirs) = (Desk::new(), Desk::new());
    for name in ["a", "deep/b"] {
        theirs.write(&format!("store/recordings/x/{name}"), name);
    }
    theirs.write("store/recordings/x/large", &"l".repeat(20 << 20));
    let profile = |name: &str, endpoint: &str| {
        format!(
            "[profile {name}]\nregion = us-east-1\nendpoint_url = {endpoint}\naws_access_key_id = sandbox\naws_secret_access_key = {}\n",
            crate::desk::SECRET_KEY
        )
    };
    ours.write(
        "home/.aws/config",
        &(profile("ours", &ours.endpoint()) + &profile("theirs", &theirs.endpoint())),
    );
    let flags: Vec<_> = flags
        .iter()
        .map(|flag| flag.replace("THEIRS", &theirs.endpoint()).replace("OURS", &ours.endpoint()))
        .collect();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let place = "s3://recordings/x";
    let adt = |args: &[&str]| Said::of(&mut ours.adt(&[args, &flags].concat()));
    adt(&["copy", place, place]).ends(0).says("3 objects sent");
    assert_eq!(held(&ours.root.join("store/recordings/x")), held(&theirs.root.join("store/recordings/x")));
    adt(&["verify", place, place]).ends(0).says("3 objects the same");
    adt(&["sync", place, place]).ends(0).says("0 objects sent");
    assert_eq!(theirs.tally().count("PutObject") + ours.tally().count("CopyObject"), 0);
    // Within one service it is one place.
    Said::of(&mut ours.adt(&["copy", place, place])).ends(2).says("source and destination");
}

#[rstest]
#[case::no_such_profile(&["copy", "s3://recordings/x", "out", "--source-profile", "nobody"], "`--source-profile nobody`")]
#[case::a_folder_has_no_profile(&["copy", "work", "s3://recordings/x", "--source-profile", "default"], "--source-profile")]
#[case::a_folder_has_no_address(&["copy", "s3://recordings/x", "out", "--source-endpoint-url", "http://x", "--endpoint-url", "http://y"], "`--endpoint-url` is for S3")]
#[case::age(&["copy", "work", "s3://recordings/x", "--max-age", "old"], "36h")]
#[case::size(&["copy", "work", "s3://recordings/x", "--max-size", "big"], "--max-size")]
#[case::no_list_deletes_nothing(&["sync", "work", "s3://recordings/x", "--no-list", "--delete"], "--no-list")]
#[case::no_list_compares_nothing(&["copy", "work", "s3://recordings/x", "--no-list", "--checksum"], "--no-list")]
#[case::a_list_deletes_nothing(&["sync", "work", "s3://recordings/x", "--files-from", "list", "--delete"], "--files-from")]
#[case::no_list_of_names(&["copy", ".", "s3://recordings/x", "--files-from", "nowhere"], "--files-from")]
#[case::a_backup_inside(&["copy", ".", "s3://recordings/x", "--backup-dir", "s3://recordings/x/old"], "overlap")]
#[case::a_backup_around(&["copy", ".", "s3://recordings/x", "--backup-dir", "s3://recordings"], "overlap")]
#[case::a_stream_has_no_list(&["copy", "-", "s3://recordings/x", "--files-from", "list"], "does nothing with `-`")]
#[case::a_stream_is_not_moved(&["move", "-", "s3://recordings/x"], "cannot be moved")]
#[case::a_move_must_be_proven(&["move", ".", "s3://recordings/x", "--no-list"], "--no-list")]
fn what_does_not_go_together_is_said(#[case] args: &[&str], #[case] said: &str) {
    let site = Site::new();
    site.desk.write("work/list", "a\n");
    site.adt(args).ends(2).says(said);
}

#[rstest]
fn only_the_files_of_a_list_are_moved(
    #[values(Kind::Disk, Kind::S3)] from: Kind,
    #[values(Kind::Disk, Kind::S3)] to: Kind,
) {
    let site = Site::new();
    let source = match from {
        Kind::S3 => site.stored("from"),
        _ => site.desk.root.join("from"),
    };
    for name in ["a", "b", "deep/c", "deep/d"] {
        let path = source.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    let (from, there) = (site.place(from, "from"), site.place(to, "there"));
    let list = site.desk.write("list", "deep/c\r\n\n./a\n");
    let args = ["copy", &from, &there, "--files-from", list.as_str()];
    let before = site.desk.tally().count("ListObjectsV2");
    site.moves("home", &args).ends(0).sends(&["a", "deep/c"]);
    site.moves("home", &args).ends(0).sends(&[]);
    let listed = site.desk.tally().count("ListObjectsV2") - before;
    // To know whether a location is one object, or holds any.
    assert!(listed <= 2, "{listed}");
    fs::write(&list, "b\nmissing\ndeep\n").unwrap();
    let partly = site.moves("home", &args).ends(1).sends(&["b"]);
    assert!(partly.said.stdout.contains("/missing`"), "{partly:#?}");
}

#[rstest]
fn what_exists_is_kept_whatever_it_is(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    site.desk.write("work/from/a", "new");
    site.desk.write("work/old/a", "old one");
    let there = site.place(to, "there");
    site.adt(&["copy", "old", &there]).ends(0);
    site.desk.write("work/from/b", "new");
    site.moves("home", &["copy", "from", &there, "--ignore-existing"]).ends(0).sends(&["b"]);
    site.moves("home", &["copy", "from/a", &format!("{there}/a"), "--ignore-existing"]).ends(0).sends(&[]);
    site.moves("home", &["copy", "from", &there]).ends(0).sends(&["a"]);
}

/// What the bounds leave out is neither sent nor deleted.
#[rstest]
#[case::max_age(&["--max-age", "36h"], &["small", "young"])]
#[case::min_age(&["--min-age", "36h"], &["old"])]
#[case::max_size(&["--max-size", "3"], &["small"])]
#[case::min_size(&["--min-size", "4"], &["old", "young"])]
#[case::both(&["--min-size", "4", "--max-age", "2d"], &["young"])]
#[case::a_date(&["--min-age", "2020-01-01"], &[])]
fn only_objects_within_bounds_are_moved(
    #[case] flags: &[&str],
    #[case] sent: &[&str],
    #[values(Kind::Disk, Kind::S3)] to: Kind,
) {
    let site = Site::new();
    for (name, text, hours) in [("old", "older", 100), ("young", "younger", 1), ("small", "s", 1)] {
        ago(&site.desk.write(&format!("work/from/{name}"), text), hours);
    }
    let there = site.place(to, "there");
    site.moves("home", &[&["sync", "from", &there, "--delete"], flags].concat()).ends(0).sends(sent);
    // All of it is there now; nothing of it is superfluous, within the bounds or not.
    site.adt(&["copy", "from", &there]).ends(0);
    site.moves("home", &[&["sync", "from", &there, "--delete"], flags].concat())
        .ends(0)
        .sends(&[])
        .deletes(&[]);
    if sent.is_empty() {
        return;
    }
    site.adt(&[&["verify", "from", &there], flags].concat()).says(&format!(
        "{} object{} the same",
        sent.len(),
        if sent.len() == 1 { "" } else { "s" }
    ));
    // The time of an upload is now.
    if to == Kind::Disk || !flags.iter().any(|flag| flag.ends_with("age")) {
        let listed = site.adt(&[&["ls", &there, "--json"], flags].concat());
        assert_eq!(listed.stdout.lines().count(), sent.len(), "{listed:#?}");
    }
}

#[rstest]
fn what_is_replaced_or_deleted_is_kept_in_the_backup(
    #[values(Kind::Disk, Kind::S3)] to: Kind,
    #[values(Kind::Disk, Kind::S3)] kept: Kind,
) {
    let site = Site::new();
    for (name, text) in [("same", "same"), ("deep/changed", "before"), ("gone", "gone")] {
        site.desk.write(&format!("work/from/{name}"), text);
    }
    let (there, backup) = (site.place(to, "there"), site.place(kept, "backup"));
    site.adt(&["copy", "from", &there]).ends(0);
    site.desk.write("work/from/deep/changed", "afterwards");
    fs::remove_file(site.desk.root.join("work/from/gone")).unwrap();
    let args = ["sync", "from", &there, "--delete", "--backup-dir", &backup];
    let folder = |kind, name: &str| match kind {
        Kind::S3 => site.stored(name),
        _ => site.desk.root.join(name),
    };
    site.adt(&[&args[..], &["--dry-run"]].concat()).ends(0);
    assert!(!folder(kept, "backup").exists());
    site.moves("home", &args).ends(0).sends(&["deep/changed"]).deletes(&["gone"]);
    assert_eq!(held(&folder(kept, "backup")), set(&["deep/changed=before", "gone=gone"]));
    assert_eq!(held(&folder(to, "there")), set(&["deep/changed=afterwards", "same=same"]));
    // What is kept once is never replaced.
    site.desk.write("work/from/deep/changed", "once more");
    site.moves("home", &args).ends(1).sends(&[]);
    assert_eq!(held(&folder(kept, "backup")), set(&["deep/changed=before", "gone=gone"]));
    assert_eq!(held(&folder(to, "there")), set(&["deep/changed=afterwards", "same=same"]));
}

/// Nothing is asked of the destination but to take what is sent.
#[rstest]
#[case::a_folder(&["copy", "from", "s3://recordings/there", "--no-list"], &["there/a", "there/deep/b"])]
#[case::a_sync(&["sync", "from", "s3://recordings/there", "--no-list"], &["there/a", "there/deep/b"])]
#[case::one_file(&["copy", "from/a", "s3://recordings/there/a", "--no-list"], &["there/a"])]
#[case::one_file_into(&["copy", "from/a", "s3://recordings/there/", "--no-list"], &["there/a"])]
fn credentials_that_may_only_write_are_enough(#[case] args: &[&str], #[case] stored: &[&str]) {
    let site = Site::new();
    for name in ["a", "deep/b"] {
        site.desk.write(&format!("work/from/{name}"), name);
    }
    let said = site.moves("home", args).ends(0);
    assert!(said.notes.iter().any(|note| note.contains("was not looked at (`--no-list`)")), "{said:#?}");
    for name in stored {
        assert!(site.stored(name).exists(), "{name}");
    }
    let tally = site.desk.tally();
    for operation in ["ListObjectsV2", "HeadObject", "GetObject", "ListMultipartUploads"] {
        assert_eq!(tally.count(operation), 0, "{operation}");
    }
    // What this computer sent is not sent again, but what has changed is.
    site.moves("home", args).ends(0).sends(&[]);
    site.desk.write("work/from/a", "changed");
    site.moves("home", args).ends(0).sends(&["a"]);
}

#[test]
fn a_job_is_done_with_credentials_that_may_only_write() {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("source"));
    desk.run(&job, &["--no-list"]).ends(0).says("the destination is not looked at (`--no-list`)");
    assert!(desk.asset().join(RECORD).is_file());
    desk.run(&job, &["--no-list"]).ends(0).says("done by an earlier run");
    let tally = desk.tally();
    for operation in ["ListObjectsV2", "HeadObject", "GetObject", "ListMultipartUploads"] {
        assert_eq!(tally.count(operation), 0, "{operation}");
    }
}

#[rstest]
fn what_was_moved_is_no_longer_at_the_source(
    #[values(Kind::Disk, Kind::S3)] from: Kind,
    #[values(Kind::Disk, Kind::S3)] to: Kind,
) {
    let site = Site::new();
    let folder = |kind, name: &str| match kind {
        Kind::S3 => site.stored(name),
        _ => site.desk.root.join(name),
    };
    let (here, over_there) = (folder(from, "from"), folder(to, "there"));
    for name in ["a", "deep/b", "deep/stays.tmp"] {
        let path = here.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    let (source, there) = (site.place(from, "from"), site.place(to, "there"));
    let args = ["move", &source, &there, "--exclude", "*.tmp"];
    site.adt(&[&args[..], &["--dry-run"]].concat())
        .ends(0)
        .says("would delete deep/b")
        .says("2 objects would be deleted");
    assert_eq!((held(&here).len(), held(&over_there).len()), (3, 0));
    site.moves("home", &args).ends(0).sends(&["a", "deep/b"]).deletes(&["a", "deep/b"]);
    assert_eq!(held(&here), set(&["deep/stays.tmp=deep/stays.tmp"]));
    assert_eq!(held(&over_there), set(&["a=a", "deep/b=deep/b"]));
    let one = [&source, "/deep/stays.tmp"].concat();
    site.adt(&["move", &one, &format!("{there}/renamed")]).ends(0).says("1 object deleted at the source");
    assert!(held(&here).is_empty() && over_there.join("renamed").is_file());
}

/// Bytes that the destination does not have, under whatever time or size.
#[rstest]
fn what_the_destination_does_not_have_stays(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = Site::new();
    let there = site.place(to, "there");
    for (name, text) in [("a", "here"), ("b", "here")] {
        ago(&site.desk.write(&format!("work/from/{name}"), text), 1);
    }
    site.adt(&["copy", "from", &there]).ends(0);
    let path = site.desk.root.join("work/from/a");
    fs::write(&path, "else").unwrap();
    let moved = site.moves("another", &["move", "from", &there, "--ignore-existing"]).ends(1).deletes(&["b"]);
    assert!(moved.stays.contains("a"), "{moved:#?}");
    assert_eq!(held(&site.desk.root.join("work/from")), set(&["a=else"]));
}

/// A file changes after it was copied, before it is deleted.
#[test]
fn what_changes_in_between_stays() {
    let desk = Desk::watched(|store| {
        let (moved, source) = (store.join("recordings/there/b"), store.parent().unwrap().join("work/from/a"));
        if moved.exists() && source.exists() {
            fs::write(source, "changed").unwrap();
        }
    });
    for name in ["a", "b"] {
        desk.write(&format!("work/from/{name}"), name);
    }
    Said::of(&mut desk.adt(&["move", "from", "s3://recordings/there", "--lanes", "1"])).ends(1);
    assert_eq!(held(&desk.root.join("work/from")), set(&["a=changed"]));
}

/// A link at the destination that leads back to the source makes no copy of it.
#[cfg(unix)]
#[rstest]
#[case::a_file("work/to/a", "../from/a")]
#[case::a_folder("work/to/sub", "../from/sub")]
fn a_source_that_is_its_own_copy_stays(#[case] link: &str, #[case] target: &str) {
    let site = Site::new();
    let files = [site.desk.write("work/from/a", "a"), site.desk.write("work/from/sub/b", "b")];
    site.desk.write("work/to/other", "o");
    fs_err::os::unix::fs::symlink(target, site.desk.root.join(link)).unwrap();
    let moved = site.moves("home", &["move", "from", "to", "--links", "follow-at-destination"]).ends(1);
    assert_eq!(moved.deleted.len(), 1, "{moved:#?}");
    let kept: Vec<_> = files.iter().filter(|file| file.is_file()).collect();
    assert_eq!(kept.len(), 1, "{moved:#?}");
    assert!(moved.stays.iter().all(|name| kept[0].as_str().ends_with(name.as_str())), "{moved:#?}");
}

#[rstest]
#[case::a_bandwidth_of_nothing(&["copy", "from", "to", "--bandwidth", "0"])]
#[case::a_manifest_of_nothing(&["verify", "from", "--manifest", "empty.jsonl"])]
fn what_cannot_do_anything_is_refused(#[case] words: &[&str]) {
    let site = Site::new();
    site.desk.write("work/from/a", "a");
    site.desk.write("work/empty.jsonl", "");
    site.moves("home", words).ends(2);
}

/// Two endpoints may be two names of one service.
#[test]
fn one_place_under_two_endpoints_is_not_moved() {
    let site = Site::new();
    let words =
        ["move", "s3://recordings/x", "s3://recordings/x", "--source-endpoint-url", "http://127.0.0.1:9"];
    site.moves("home", &words).ends(2);
}

/// A folder behind a link: a dry run, and the move itself, leave it and name it.
#[cfg(unix)]
#[test]
fn a_link_to_a_folder_of_the_source_itself_is_no_error() {
    let site = Site::new();
    site.desk.write("work/from/sub/c", "c");
    fs_err::os::unix::fs::symlink("sub", site.desk.root.join("work/from/ls")).unwrap();
    site.moves("home", &["move", "from", "to", "--dry-run"]).ends(0).deletes(&["sub/c"]);
    site.moves("home", &["move", "from", "to"]).ends(0).deletes(&["sub/c"]);
    assert!(site.desk.root.join("work/to/ls/c").is_file());
}

/// The file that a link leads to is not the source's to delete.
#[cfg(unix)]
#[test]
fn what_is_reached_through_a_link_stays() {
    let site = Site::new();
    site.desk.write("work/from/a", "a");
    let outside = site.desk.write("work/outside/b", "b");
    fs_err::os::unix::fs::symlink("../outside", site.desk.root.join("work/from/link")).unwrap();
    let moved = site.moves("home", &["move", "from", "s3://recordings/there"]).ends(0);
    assert!(moved.notes.iter().any(|note| note.contains("link/b is reached through a link")), "{moved:#?}");
    moved.sends(&["a", "link/b"]).deletes(&["a"]);
    assert!(outside.is_file());
}
