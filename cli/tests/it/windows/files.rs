//! Files of Windows: in use, replaced, temporary.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    time::SystemTime,
};

use camino::Utf8Path;
use fs_err as fs;

use super::wine::{Rig, windows};
use crate::desk::digest;

/// A program of Windows that has a file for itself.
struct Holder(Child);

impl Holder {
    /// `None` where the program was not built.
    fn of(rig: &Rig, path: &Utf8Path) -> Option<Self> {
        let mut command = rig.holder()?;
        let mut held =
            command.arg(windows(path)).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(held.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said.trim(), "held");
        Some(Self(held))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn a_file_that_another_program_has_open_is_said_to_be_so() {
    let Some(rig) = Rig::new() else { return };
    let held = rig.desk.write("source/held.txt", "h");
    rig.desk.write("source/free.txt", "f");
    let Some(holder) = Holder::of(&rig, &held) else { return };
    let moves = rig.moves(&["copy", &rig.path("source"), "s3://recordings/x"]).ends(1).sends(&["free.txt"]);
    assert_eq!(moves.failed.iter().collect::<Vec<_>>(), ["held.txt"]);
    let said = &moves.said.stdout;
    assert!(said.contains("another program has the file open") && !said.contains("os error"), "{said}");
    drop(holder);
    rig.moves(&["copy", &rig.path("source"), "s3://recordings/x"]).ends(0).sends(&["held.txt"]);
}

/// What is there stays whole where it cannot be replaced.
#[test]
fn a_file_that_is_open_at_the_destination_is_not_replaced_in_part() {
    let Some(rig) = Rig::new() else { return };
    rig.desk.write("source/held.txt", "new content");
    rig.adt(&["copy", &rig.path("source"), "s3://recordings/x"]).ends(0);
    let held = rig.desk.write("there/held.txt", "h");
    let Some(holder) = Holder::of(&rig, &held) else { return };
    let moves = rig.moves(&["copy", "s3://recordings/x", &rig.path("there")]).ends(1);
    drop(holder);
    assert_eq!(moves.failed.iter().collect::<Vec<_>>(), ["held.txt"]);
    assert!(moves.said.stdout.contains("another program has"), "{moves:#?}");
    assert_eq!(fs::read_to_string(&held).unwrap(), "h");
    assert_eq!(fs::read_dir(rig.desk.root.join("there")).unwrap().count(), 1);
    rig.moves(&["copy", "s3://recordings/x", &rig.path("there")]).ends(0);
    assert_eq!(fs::read_to_string(&held).unwrap(), "new content");
}

/// Other bytes with the size and time of those that were sent.
#[test]
fn a_file_that_takes_the_place_of_another_is_sent() {
    let Some(rig) = Rig::new() else { return };
    let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let write = |name: &str, text: &str| {
        let path = rig.desk.write(name, text);
        fs::OpenOptions::new().write(true).open(&path).unwrap().file().set_modified(time).unwrap();
        path
    };
    let path = write("source/x", "one");
    let args = ["sync", &rig.path("source"), "s3://recordings/x"];
    rig.moves(&args).ends(0).sends(&["x"]);
    rig.moves(&args).ends(0).sends(&[]);
    fs::rename(write("other", "two"), &path).unwrap();
    rig.moves(&args).ends(0).sends(&["x"]);
    assert_eq!(fs::read_to_string(rig.desk.root.join("store/recordings/x/x")).unwrap(), "two");
    // Written within the file, with the time set back: only the bytes tell.
    write("source/x", "six");
    rig.moves(&[&args[..], &["--checksum"]].concat()).ends(0).sends(&["x"]);
}

#[test]
fn a_file_that_is_replaced_appears_whole_and_leaves_no_temporary_file() {
    let Some(rig) = Rig::new() else { return };
    rig.desk.write("source/a/x.bin", "new");
    rig.desk.write("there/a/x.bin", "older content");
    let args = ["sync", &rig.path("source"), &rig.path("there")];
    rig.moves(&args).ends(0).sends(&["a/x.bin"]);
    assert_eq!(digest(&rig.desk.root.join("there")), digest(&rig.desk.root.join("source")));
    rig.moves(&args).ends(0).sends(&[]);
}
