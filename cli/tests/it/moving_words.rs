//! What the moving commands say where nothing is selected, where something is in the way, and where a source stays.

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::moving::{Kind, Site};

fn site() -> Site {
    let site = Site::new();
    for name in ["a", "deep/b"] {
        site.desk.write(&format!("work/from/{name}"), name);
    }
    site.adt(&["copy", "from", "s3://recordings/from"]).ends(0);
    site
}

/// Exit code 0: nothing that was asked for is missing. A comparison of nothing proves nothing.
#[rstest]
#[case::sizes(&["--min-size", "1GiB"], "0 of 2 objects", "0 of 2 objects")]
#[case::ages(&["--min-age", "10w"], "0 of 2 objects", "0 of 2 objects")]
#[case::dates(&["--max-age", "2100-01-01"], "0 of 2 objects", "0 of 2 objects")]
#[case::globs(&["--include", "*.tif"], "0 objects of", "0 objects of")]
#[case::all_excluded(&["--exclude", "**"], "0 objects of", "0 objects of")]
fn nothing_that_is_selected_is_said(
    #[case] flags: &[&str],
    #[case] copied: &str,
    #[case] compared: &str,
    #[values("from", "s3://recordings/from")] source: &str,
) {
    let site = site();
    for verb in ["copy", "sync", "move"] {
        let said = site.adt(&[&[verb, source, "there"], flags].concat()).ends(0);
        assert!(said.stderr.contains(copied) && said.stderr.contains("selected"), "{verb} {said:#?}");
    }
    assert!(!site.desk.root.join("work/there").exists());
    site.adt(&["copy", "from", "there"]).ends(0);
    site.adt(&[&["verify", source, "there"], flags].concat())
        .ends(2)
        .says(compared)
        .says("nothing was compared");
}

#[test]
fn an_empty_folder_is_said_to_have_no_objects() {
    let site = site();
    fs::create_dir_all(site.desk.root.join("work/empty")).unwrap();
    site.adt(&["copy", "empty", "there"]).ends(0).says("has no objects");
}

/// A disk that is not mounted, and a misspelt prefix, prove nothing about what is at the destination.
#[rstest]
#[case::folder("empty", "from")]
#[case::prefix("s3://recordings/form", "from")]
#[case::of_a_bucket("empty", "s3://recordings/from")]
fn a_source_without_objects_proves_nothing(#[case] source: &str, #[case] destination: &str) {
    let site = site();
    fs::create_dir_all(site.desk.root.join("work/empty")).unwrap();
    let said = site.adt(&["verify", source, destination, "--manifest", "list"]).ends(2);
    said.says("lists 0 objects").says("2 objects").says("nothing was compared");
    site.adt(&["verify", destination, "--manifest", "list"]).ends(2);
}

#[rstest]
#[case::nothing("", "names no file")]
#[case::empty_lines("\n\r\n", "names no file")]
#[case::a_mark_only("\u{feff}\n", "names no file")]
#[case::absolute("a\n/data/from/a\n", "must be relative to SRC")]
#[case::a_folder("deep/\n", "names a folder")]
fn a_list_of_names_that_cannot_be_meant_is_refused(#[case] text: &str, #[case] said: &str) {
    let site = site();
    site.desk.write("work/list", text);
    let said = site.adt(&["copy", "from", "there", "--files-from", "list"]).ends(2).says(said);
    assert!(said.stderr.contains("help: ") && !said.stderr.contains("empty part"), "{said:#?}");
}

#[rstest]
#[case::a_folder(&["clean", "nowhere"], "does not exist")]
#[case::a_folder_in_a_dry_run(&["clean", "nowhere/deeper", "--dry-run"], "does not exist")]
#[case::a_file(&["clean", "from/a"], "is not a folder")]
#[case::a_prefix(&["clean", "s3://recordings/nowhere"], "no object and no unfinished upload")]
fn cleaning_what_is_not_there_is_refused(#[case] args: &[&str], #[case] said: &str) {
    site().adt(args).ends(2).says(said).says("help: ");
}

#[rstest]
#[case::a_folder("from")]
#[case::a_prefix("s3://recordings/from")]
#[case::an_object("s3://recordings/from/a")]
fn cleaning_what_is_there_finds_nothing(#[case] place: &str) {
    site().adt(&["clean", place]).ends(0).says("0 unfinished uploads");
}

/// What a rerun cannot change is not answered with "run the same command again".
#[rstest]
#[case::a_file_where_a_folder_is_wanted(&["copy", "from", "there"], "there/deep", false)]
#[case::a_folder_where_a_file_is_wanted(&["copy", "from", "there"], "there/a", true)]
#[case::a_file_as_the_destination(&["copy", "s3://recordings/from", "there"], "there", false)]
#[case::a_folder_for_an_object(&["sync", "s3://recordings/from", "there"], "there/deep/b", true)]
fn what_is_in_the_way_is_named_with_what_to_do(
    #[case] args: &[&str],
    #[case] path: &str,
    #[case] is_folder: bool,
) {
    let site = site();
    if is_folder {
        site.desk.write(&format!("work/{path}/kept"), "kept");
    } else {
        site.desk.write(&format!("work/{path}"), "kept");
    }
    let said = site.adt(args).ends(1).says(path).says("rename");
    assert!(!said.stderr.contains("again to resume"), "{said:#?}");
    let kept = site.desk.root.join("work").join(path);
    let kept = if is_folder { kept.join("kept") } else { kept };
    assert_eq!(fs::read_to_string(kept).unwrap(), "kept");
}

/// An object and others below its name: a folder cannot have both.
#[test]
fn a_file_and_a_folder_of_one_name_are_named() {
    let site = Site::new();
    // A store of objects has both; ours keeps them as files, so the names come from a list.
    site.desk.write("store/recordings/x/run/1", "one");
    site.desk.write("work/there/run", "a file");
    let said = site.adt(&["copy", "s3://recordings/x", "there"]).ends(1).says("run/1").says("exclude");
    assert!(!said.stderr.contains("again to resume"), "{said:#?}");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_text_is_explained_without_a_bucket() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let site = site();
    let bad = site.desk.root.join("work/from").as_std_path().join(OsStr::from_bytes(b"caf\xe9"));
    if std::fs::write(bad, "x").is_err() {
        return;
    }
    let said = site.adt(&["copy", "from", "there"]).ends(1).says("is not UTF-8").says("rename or exclude it");
    assert!(!said.stderr.contains("bucket"), "{said:#?}");
}

/// What was copied and stays is told apart from what was not copied.
#[rstest]
fn a_move_says_what_was_copied_and_stays(#[values(Kind::Disk, Kind::S3)] to: Kind) {
    let site = site();
    let there = site.place(to, "there");
    site.desk.write("work/old/a", "other");
    site.adt(&["copy", "old", &there]).ends(0);
    let said = site.adt(&["move", "from", &there, "--ignore-existing"]).ends(1);
    let words = "SOURCE KEPT: a: the destination has other bytes";
    let said = said.says(words).says("1 object deleted at the source, 1 object kept there");
    assert!(!said.stderr.contains("NOT MOVED"), "{said:#?}");
    assert!(site.desk.root.join("work/from/a").exists());
    // The record says so too, and what follows can succeed.
    site.adt(&["history"]).ends(0).says("FAILED").says("stays at the source");
    let said = site.adt(&["move", "from", &there, "--ignore-existing", "--json"]).ends(1);
    assert!(said.stdout.contains(r#""end":"failed""#), "{said:#?}");
    site.adt(&["move", "from", &there]).ends(0).says("1 object deleted at the source");
}

/// A folder that takes no deletion.
#[cfg(target_os = "linux")]
#[test]
fn a_source_that_cannot_be_deleted_is_said_to_be_copied() {
    let desk = crate::desk::Desk::watched(|store| {
        let (moved, source) = (store.join("recordings/there/b"), store.parent().unwrap().join("work/from/a"));
        if moved.exists() && source.exists() {
            fs::write(source, "changed").unwrap();
        }
    });
    for name in ["a", "b"] {
        desk.write(&format!("work/from/{name}"), name);
    }
    let said =
        crate::desk::Said::of(&mut desk.adt(&["move", "from", "s3://recordings/there", "--lanes", "1"]));
    let said = said.ends(1);
    // Compared before the change, or after it.
    let words = [
        "source kept: a: it has changed",
        "SOURCE KEPT: a: it has changed",
        "SOURCE KEPT: a: the destination has other",
    ];
    assert!(words.iter().any(|words| said.stderr.contains(words)), "{said:#?}");
}

/// A link at a destination that is replaced or deleted is kept as a link.
#[cfg(unix)]
#[rstest]
fn links_are_kept_in_the_backup(
    #[values("old", "s3://recordings/old")] backup: &str,
    #[values("outside/x", "../nowhere")] target: &str,
) {
    let site = site();
    site.desk.write("work/outside/x", "x");
    let link = |name: &str| {
        let path = site.desk.root.join("work/there").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::os::unix::fs::symlink(target, path).unwrap();
    };
    let is_kept = |name: &str| match backup {
        "old" => fs::read_link(site.desk.root.join("work/old").join(name))
            .is_ok_and(|to| to == Utf8Path::new(target)),
        _ => fs::read_to_string(site.stored("old").join(format!("{name}.rclonelink")))
            .is_ok_and(|to| to == target),
    };
    link("a");
    link("deep/gone");
    let args = ["sync", "from", "there", "--delete", "--max-delete", "5", "--backup-dir", backup];
    site.adt(&[&args[..], &["--dry-run"]].concat()).ends(0);
    assert!(!is_kept("a") && !is_kept("deep/gone"));
    site.adt(&args).ends(0);
    assert!(is_kept("a") && is_kept("deep/gone"), "{target}");
    assert_eq!(fs::read_to_string(site.desk.root.join("work/there/a")).unwrap(), "a");
    assert_eq!(fs::read_to_string(site.desk.root.join("work/outside/x")).unwrap(), "x");
    // The same link once more is kept already; another one is not put in its place.
    fs::remove_file(site.desk.root.join("work/there/a")).unwrap();
    link("a");
    site.adt(&args).ends(0);
    fs::remove_file(site.desk.root.join("work/there/a")).unwrap();
    fs_err::os::unix::fs::symlink("elsewhere", site.desk.root.join("work/there/a")).unwrap();
    site.adt(&args).ends(1).says("exists already").says("--backup-dir");
    assert!(is_kept("a"));
}

/// A list of checksums that has lost its end.
#[rstest]
#[case::cut_at_a_line(|text: &str| text.split_inclusive('\n').take(2).collect(), 2, "was cut off after 1 object")]
#[case::a_line_lost(|text: &str| text.split_inclusive('\n').enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| line).collect(), 2, "states 2 objects")]
#[case::of_an_earlier_version(|text: &str| text.split_inclusive('\n').filter(|line| line.contains("path")).collect(), 0, "does not say how many objects")]
#[case::whole(str::to_owned, 0, "2 objects the same")]
fn a_manifest_that_was_cut_off_is_noticed(
    #[case] change: fn(&str) -> String,
    #[case] code: i32,
    #[case] said: &str,
) {
    let site = site();
    site.adt(&["verify", "from", "s3://recordings/from", "--manifest", "list"]).ends(0);
    let list = site.desk.root.join("work/list");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, change(&text)).unwrap();
    site.adt(&["verify", "s3://recordings/from", "--manifest", "list"]).ends(code).says(said);
}
