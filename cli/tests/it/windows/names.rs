//! Keys as file names on Windows: nothing outside of the destination, nothing lost, each refused key named.

use std::collections::BTreeSet;

use adt_testkit::lies::{Cloud, LyingServer};
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use super::wine::Rig;

fn server(keys: &[&str]) -> LyingServer {
    let server = LyingServer::start(Cloud::S3, []).unwrap();
    for key in keys {
        server.put(&format!("x/{key}"), (*key).to_owned());
    }
    server
}

/// Every file and folder below a folder, as this machine sees them.
fn all(folder: &Utf8Path) -> BTreeSet<String> {
    fn below(folder: &Utf8Path, root: &Utf8Path, found: &mut BTreeSet<String>) {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            found.insert(entry.path().strip_prefix(root).unwrap().to_string());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                below(entry.path(), root, found);
            }
        }
    }
    let mut found = BTreeSet::new();
    below(folder, folder, &mut found);
    found
}

/// Keys that Windows would write elsewhere, under another name, or to a device.
const REFUSED: [&str; 29] = [
    "C:/evil_drive.txt",
    "c:evil",
    "..\\..\\evil_up.txt",
    "\\\\server\\share\\x",
    "\\evil_root",
    "/abs",
    "/x",
    "../up",
    "./here",
    "a//b",
    "space ",
    "space /in",
    "dot.",
    "dots.../in",
    "CON",
    "aux.txt",
    "nul/in",
    "Com1.log",
    "LPT¹",
    "what?",
    "star*",
    "a|b",
    "quote\"",
    "<angle>",
    "a:stream",
    "dir:$DATA",
    "tab\t",
    "line\n",
    ".adt-000000000000002a-b.part",
];

const KEPT: [&str; 9] =
    ["console", "com10", "ü/ö", "データ", "a b/c d", ".hidden", "a#b%20+~", "caf\u{e9}", "cafe\u{301}"];

#[test]
fn a_key_that_no_name_of_windows_can_be_fails_by_name_and_the_others_arrive() {
    let Some(rig) = Rig::new() else { return };
    let server = server(&[&REFUSED[..], &KEPT[..]].concat());
    let drive = || all(&rig.drive()).into_iter().filter(|name| name.contains("evil")).count();
    let moves = rig.moves_with(&server, &["copy", "s3://lab/x", &rig.path("deep\\er\\there")]).ends(1);
    assert_eq!(moves.failed, REFUSED.map(str::to_owned).into(), "{:#?}", moves.said);
    assert_eq!(moves.sent, KEPT.map(str::to_owned).into(), "{:#?}", moves.said);
    let deep = rig.desk.root.join("deep");
    let files: BTreeSet<_> = all(&deep).into_iter().filter(|name| deep.join(name).is_file()).collect();
    assert_eq!(files, KEPT.map(|key| format!("er/there/{key}")).into());
    for key in KEPT {
        assert_eq!(fs::read_to_string(deep.join("er/there").join(key)).unwrap(), key);
    }
    let around: BTreeSet<_> = all(&rig.desk.root).into_iter().filter(|name| !name.contains('/')).collect();
    assert_eq!(around, ["deep", "home", "store", "work"].map(str::to_owned).into());
    assert_eq!(drive(), 0);
    // What is left out does not fail.
    let args = ["copy", "s3://lab/x", &rig.path("chosen"), "--include", "con*"];
    rig.moves_with(&server, &args).ends(0).sends(&["console"]);
}

/// Before anything is written.
#[rstest]
#[case::files(&["A.txt", "a.txt"])]
#[case::folders(&["Dir/x", "dir/y"])]
#[case::other_letters(&["ÜBER", "über"])]
fn names_that_differ_by_case_alone_are_named_first(#[case] keys: &[&str]) {
    let Some(rig) = Rig::new() else { return };
    let server = server(&[keys, &["other"]].concat());
    let there = rig.path("there");
    let args = ["copy", "s3://lab/x", &there];
    let moves = rig.moves_with(&server, &args);
    assert!(matches!(moves.said.code, Some(1 | 2)), "{moves:#?}");
    let said = format!("{}{}", moves.said.stdout, moves.said.stderr);
    assert!(keys.iter().all(|key| said.contains(key.split('/').next().unwrap())), "{said}");
    assert_eq!(all(&rig.desk.root.join("there")), BTreeSet::new());
    let first = format!("/{}", keys[0]);
    rig.moves_with(&server, &[&args[..], &["--exclude", &first]].concat()).ends(0);
    assert_eq!(all(&rig.desk.root.join("there")).iter().filter(|name| *name == keys[0]).count(), 0);
    assert!(
        rig.desk.root.join("there").join(keys[1]).is_file() && rig.desk.root.join("there/other").is_file()
    );
}

/// What is there by another spelling is never written over.
#[test]
fn a_file_of_the_destination_keeps_its_spelling_and_its_bytes() {
    let Some(rig) = Rig::new() else { return };
    let server = server(&["readme.txt", "folder/x"]);
    rig.desk.write("there/README.txt", "mine");
    rig.desk.write("there/Folder/y", "mine");
    let moves = rig.moves_with(&server, &["copy", "s3://lab/x", &rig.path("there")]);
    assert!(matches!(moves.said.code, Some(1 | 2)), "{moves:#?}");
    let there = rig.desk.root.join("there");
    assert_eq!(all(&there), ["Folder", "Folder/y", "README.txt"].map(str::to_owned).into());
    assert_eq!(fs::read_to_string(there.join("README.txt")).unwrap(), "mine");
}

/// The composed and the decomposed form of a letter are two names there.
#[rstest]
#[case::into_an_empty_folder(&[])]
#[case::beside_others(&["Other.txt"])]
fn both_forms_of_a_letter_are_kept(#[case] there: &[&str]) {
    let Some(rig) = Rig::new() else { return };
    let server = server(&["caf\u{e9}.bin", "cafe\u{301}.bin"]);
    for name in there {
        rig.desk.write(&format!("there/{name}"), "mine");
    }
    rig.moves_with(&server, &["copy", "s3://lab/x", &rig.path("there")])
        .ends(0)
        .sends(&["cafe\u{301}.bin", "caf\u{e9}.bin"]);
    assert_eq!(all(&rig.desk.root.join("there")).len(), 2 + there.len());
}

/// The short name that Windows gives to a file or a folder with a long one.
fn short_name(rig: &Rig, folder: &str, long: &str) -> String {
    let said = rig.other("cmd").args(["/c", "dir", "/x", &rig.path(folder)]).output().unwrap();
    let shown = String::from_utf8_lossy(&said.stdout).into_owned();
    let columns = shown.lines().find_map(|line| line.trim_end().strip_suffix(long));
    columns.and_then(|columns| columns.split_whitespace().last()).unwrap().to_owned()
}

#[rstest]
#[case::a_file("a long name of a file.text", "")]
#[case::a_folder("a long name of a folder/in", "/in")]
fn a_short_name_of_another_file_is_refused(#[case] there: &str, #[case] tail: &str) {
    let Some(rig) = Rig::new() else { return };
    rig.desk.write(&format!("there/{there}"), "mine");
    let long = there.split('/').next().unwrap();
    let key = format!("{}{tail}", short_name(&rig, "there", long));
    assert!(key.contains('~'), "{key}");
    let server = server(&[&key, "other"]);
    let folder = rig.path("there");
    for from in ["s3://lab/x".to_owned(), format!("s3://lab/x/{key}")] {
        let to = if from.ends_with(&key) { format!("{folder}\\") } else { folder.clone() };
        // One object of that name goes to the folder itself.
        if tail.is_empty() || from == "s3://lab/x" {
            let moves = rig.moves_with(&server, &["copy", &from, &to]).ends(1);
            assert_eq!(moves.failed.iter().collect::<Vec<_>>(), [&key], "{:#?}", moves.said);
            assert!(moves.said.stdout.contains(long), "{:#?}", moves.said);
        }
    }
    let there = rig.desk.root.join("there").join(there);
    assert_eq!(fs::read_to_string(there).unwrap(), "mine");
    assert_eq!(fs::read_to_string(rig.desk.root.join("there/other")).unwrap(), "other");
}

/// A name that only looks like one is a name like every other.
#[test]
fn a_name_with_a_tilde_that_is_free_is_written() {
    let Some(rig) = Rig::new() else { return };
    let server = server(&["PROGRA~1", "Program Files", "notes.txt~"]);
    let args = ["copy", "s3://lab/x", &rig.path("there")];
    rig.moves_with(&server, &args).ends(0).sends(&["PROGRA~1", "Program Files", "notes.txt~"]);
    rig.moves_with(&server, &args).ends(0).sends(&[]);
}

/// More than the 260 characters of Windows' own programs.
#[test]
fn long_paths_come_and_go() {
    let Some(rig) = Rig::new() else { return };
    let key = format!("{}/end.bin", vec!["folder_with_a_long_name_".repeat(3); 6].join("/"));
    let server = server(&[&key]);
    let args = ["sync", "s3://lab/x", &rig.path("there")];
    rig.moves_with(&server, &args).ends(0).sends(&[&key]);
    assert_eq!(fs::read_to_string(rig.desk.root.join("there").join(&key)).unwrap(), key);
    rig.moves_with(&server, &args).ends(0).sends(&[]);
    rig.moves_with(&server, &["copy", &rig.path("there"), "s3://lab/back"]).ends(0).sends(&[&key]);
    assert!(server.objects().contains_key(&format!("back/{key}")));
}

#[test]
fn a_part_of_more_than_255_letters_is_named() {
    let Some(rig) = Rig::new() else { return };
    let (fits, long) = ("ö".repeat(120), "x".repeat(256));
    let server = server(&[&fits, &long]);
    let moves = rig.moves_with(&server, &["copy", "s3://lab/x", &rig.path("there")]).ends(1);
    assert_eq!(moves.failed.iter().collect::<Vec<_>>(), [&long]);
    moves.sends(&[&fits]);
}
