use adt_ledger::Ledger;
use adt_model::Class;
use rstest::rstest;

use crate::{all, asset, begin, file, object, plan};

#[test]
fn a_ledger_is_made_with_its_folders_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    Ledger::open(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &camino::Utf8Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    }
    assert!(path.is_file());
}

#[test]
fn what_was_queued_is_there_after_the_last_handle_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&file(&folder)).unwrap();
    let (_, job) = begin(&ledger, &plan("a"));
    for i in 0..10_000 {
        ledger.confirmed(job, object(&format!("{i:05}"), i, None)).unwrap();
    }
    drop(ledger);
    let ledger = Ledger::open_existing(&file(&folder)).unwrap().unwrap();
    assert_eq!(ledger.totals(job).unwrap().objects, 10_000);
}

#[test]
fn nothing_is_made_where_only_reading_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Ledger::open_existing(&file(&folder)).unwrap().is_none());
    assert!(!file(&folder).parent().unwrap().exists());
}

#[test]
fn a_ledger_opened_for_reading_refuses_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let (_, job) = begin(&Ledger::open(&file(&folder)).unwrap(), &plan("a"));
    let ledger = Ledger::open_existing(&file(&folder)).unwrap().unwrap();
    assert!(ledger.job(&asset("a")).unwrap().is_some());
    let fault = ledger.confirmed(job, object("k", 1, None)).unwrap_err();
    assert_eq!(fault.class(), Class::Refused);
    assert_eq!(ledger.listing(job).unwrap().verify(9).unwrap(), []);
    assert_eq!(ledger.listing(job).unwrap().reconcile().unwrap_err().class(), Class::Refused);
}

#[rstest]
#[case::a_text(b"subject,session\n1,2\n".repeat(99), Class::Corrupt)]
#[case::one_byte(b"x".to_vec(), Class::Corrupt)]
#[case::a_cut_database(b"SQLite format 3\0".to_vec(), Class::Corrupt)]
fn what_is_no_ledger_is_named_and_left_alone(#[case] bytes: Vec<u8>, #[case] class: Class) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, &bytes).unwrap();
    for fault in [Ledger::open(&path).unwrap_err(), Ledger::open_existing(&path).unwrap_err()] {
        assert_eq!(fault.class(), class, "{fault:?}");
        assert!(fault.line().contains(path.as_str()));
        assert!(fault.advice().is_some());
    }
    assert_eq!(fs_err::read(&path).unwrap(), bytes);
}

#[rstest]
#[case::of_another_program("CREATE TABLE moz_places (id)", Class::Corrupt, "not a ledger")]
#[case::of_another_program_with_a_version("PRAGMA user_version = 1", Class::Corrupt, "not a ledger")]
#[case::of_a_newer_program(
    "PRAGMA user_version = 99; PRAGMA application_id = 0x6164744C",
    Class::Refused,
    "version 99"
)]
fn a_database_we_do_not_understand_is_left_alone(
    #[case] sql: &str,
    #[case] class: Class,
    #[case] says: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let before = fs_err::read(&path).unwrap();
    for fault in [Ledger::open(&path).unwrap_err(), Ledger::open_existing(&path).unwrap_err()] {
        assert_eq!(fault.class(), class);
        assert!(fault.line().contains(says) && fault.line().contains(path.as_str()), "{fault:?}");
    }
    assert_eq!(fs_err::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_page_is_said_to_be_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let ledger = Ledger::open(&path).unwrap();
    let (_, job) = begin(&ledger, &plan("a"));
    (0..5000).for_each(|i| ledger.confirmed(job, object(&format!("{i:05}"), i, None)).unwrap());
    drop(ledger);
    let mut bytes = fs_err::read(&path).unwrap();
    let end = bytes.len();
    bytes[end / 2..end].fill(0xA5);
    fs_err::write(&path, bytes).unwrap();
    let fault = Ledger::open(&path).unwrap().totals(job).unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt, "{fault:?}");
}

#[test]
fn many_may_make_the_same_ledger_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let path = &path;
            scope.spawn(move || {
                let ledger = Ledger::open(path).unwrap();
                let (_, job) = begin(&ledger, &plan(name));
                for i in 0..500 {
                    ledger.confirmed(job, object(&format!("{i:03}"), i, None)).unwrap();
                }
                assert_eq!(all(&ledger, job).len(), 500);
            });
        }
    });
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.history(&adt_ledger::HistoryFilter::default()).unwrap().len(), 8);
}

/// What would have to be in the sources for a secret to get in.
#[test]
fn no_call_takes_a_secret() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    for entry in fs_err::read_dir(sources).unwrap() {
        let text = fs_err::read_to_string(entry.unwrap().path()).unwrap();
        for word in ["SecretRef", "Secret,", "JobSpec", "expose("] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
