//! Whatever names, cells and servers say, a terminal gets no character that moves its cursor, colours it, hides or reorders its text.

#![cfg(unix)]

use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::desk::{Desk, Job, Said};

/// Erases the screen; rings; a C1 control; reorders; takes no room; breaks the line.
const NAME: &str = "a\u{1b}[2J\u{7}\u{9b}31m\u{202e}gnp\u{200b}\u{2066}\u{85}\nerror: forged";
const SHOWN: &str = r"a\u{1b}[2J\u{7}\u{9b}31m\u{202e}gnp\u{200b}\u{2066}\u{85}\nerror: forged";

#[track_caller]
fn is_harmless(text: &str) {
    let harmful = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(text.chars().find(harmful), None, "{text:?}");
    assert!(!text.lines().any(|line| line == "error: forged"), "{text}");
}

impl Said {
    #[track_caller]
    fn harms_nothing(self) -> Self {
        is_harmless(&self.stdout);
        is_harmless(&self.stderr);
        self
    }
}

#[rstest]
#[case::listing(&["ls", "odd"], 0)]
#[case::whole_listing(&["ls", "-r", "odd"], 0)]
#[case::copy(&["copy", "odd", "out", "--log-level", "debug"], 0)]
#[case::dry_run(&["copy", "odd", "out", "--dry-run", "--log-level", "debug"], 0)]
#[case::verify(&["verify", "odd", "other"], 1)]
#[case::delete(&["sync", "odd", "other", "--delete", "--log-level", "info"], 0)]
#[case::inside(&["copy", "odd/deep", "out", "--log-level", "debug"], 0)]
fn names_of_files_are_escaped(#[case] words: &[&str], #[case] code: i32) {
    let desk = Desk::new();
    for folder in ["odd", "odd/deep", "other"] {
        fs::create_dir_all(desk.root.join("work").join(folder)).unwrap();
        fs::write(desk.root.join("work").join(folder).join(NAME), folder).unwrap();
    }
    fs::write(desk.root.join("work/other").join(NAME.replace('a', "b")), "b").unwrap();
    let words: Vec<_> = words.iter().filter(|word| **word != "-r").copied().collect();
    let said = Said::of(&mut desk.adt(&words)).ends(code).harms_nothing().says(&SHOWN[1..]);
    let json = Said::of(&mut desk.adt(&[&words[..], &["--json"]].concat()));
    is_harmless(&json.stdout);
    is_harmless(&json.stderr);
    drop(said);
}

#[test]
fn names_in_json_are_exact() {
    let desk = Desk::new();
    fs::create_dir_all(desk.root.join("work/odd")).unwrap();
    fs::write(desk.root.join("work/odd").join(NAME), "x").unwrap();
    let said = Said::of(&mut desk.adt(&["ls", "odd", "--json"])).ends(0).harms_nothing();
    let line: Value = serde_json::from_str(said.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(line["path"], NAME);
}

#[rstest]
#[case::cell("platform", "behav\u{1b}[31mior")]
#[case::cell_that_reorders("subject_id", "12\u{202e}34/")]
#[case::header("\u{1b}]0;title\u{7}", "x")]
#[case::path("metadata_dir", "/no\u{9b}2J/where")]
fn cells_are_escaped(#[case] column: &str, #[case] cell: &str) {
    let desk = Desk::new();
    let list = desk.list(Job::new().with(column, cell));
    for words in [&["check", list.as_str()][..], &["run", list.as_str()], &["check", list.as_str(), "--json"]]
    {
        Said::of(&mut desk.adt(words)).ends(2).harms_nothing();
    }
}

#[test]
fn what_is_left_out_is_escaped_wherever_it_is_named() {
    let desk = Desk::new();
    let session = desk.root.join("work/session");
    fs::create_dir_all(&session).unwrap();
    fs::write(session.join("own"), "own").unwrap();
    fs_err::os::unix::fs::symlink("/no\u{1b}[2J/where", session.join(NAME)).unwrap();
    let job = Job::new().copy("behavior", &session);
    let list = desk.list(&job);
    for command in ["check", "plan"] {
        Said::of(&mut desk.adt(&[command, list.as_str()])).ends(0).harms_nothing().says(SHOWN);
    }
    desk.run(&job, &[]).ends(0).harms_nothing().says(SHOWN);
    Said::of(&mut desk.adt(&["history", "714321"])).ends(0).harms_nothing();
}

#[rstest]
#[case::command(&["fo\u{1b}[2Jo"])]
#[case::flag(&["ls", "--fo\u{1b}[2J"])]
#[case::value(&["run", "--links", "fo\u{1b}[2J"])]
#[case::file(&["run", "no\u{1b}[2J\nsuch.csv"])]
#[case::location(&["ls", "s3://no\u{9b}2J"])]
#[case::settings(&["settings", "--config", "no\u{202e}file"])]
fn what_was_typed_is_escaped(#[case] words: &[&str]) {
    let desk = Desk::new();
    Said::of(&mut desk.adt(words)).harms_nothing();
}

/// A table pads its cells, and a field of a format may not be wider than 65535.
#[test]
fn a_very_long_name_does_not_end_the_program() {
    let desk = Desk::new();
    let long = format!("s3://recordings/{}", vec!["x".repeat(200); 400].join("/"));
    desk.write("work/session/own", "own");
    let job = Job::new().copy("behavior", "session").with("s3_bucket", &long);
    let said = desk.run(&job, &[]);
    assert!(said.code.is_some_and(|code| code < 3), "{:?}", said.code);
    let said = Said::of(&mut desk.adt(&["history"]));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.lines().take(2).all(|line| line.chars().count() < 400), "{}", said.stdout.len());
}
