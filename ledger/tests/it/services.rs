use adt_ledger::{Ledger, SeedRow, TriggerState};
use adt_model::{Crc64, JobEnd, Moved};

use crate::{at, desk, file};

#[test]
fn a_trigger_is_known_before_it_is_sent_and_after_it_is_settled() {
    let desk = desk();
    let intend = |second| desk.ledger.trigger_intended(desk.job, 0, Crc64(1), "{}", at(second)).unwrap();
    intend(2);
    // Another handle sees it at once: the process may die in the next instant.
    let other = Ledger::open_existing(&file(&desk.folder)).unwrap().unwrap();
    let only = || {
        let rows = other.triggers(desk.job).unwrap();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        (row.state, row.intended_at, row.computation.clone())
    };
    assert_eq!(only(), (TriggerState::Intended, at(2), None));
    desk.ledger.trigger_settled(desk.job, 0, TriggerState::Refused, None, at(3)).unwrap();
    intend(4);
    assert_eq!(only(), (TriggerState::Intended, at(2), None));
    desk.ledger.trigger_settled(desk.job, 0, TriggerState::Started, Some("c1"), at(5)).unwrap();
    assert_eq!(only(), (TriggerState::Started, at(2), Some("c1".into())));
}

#[test]
fn only_a_job_that_was_complete_begins_a_new_generation() {
    let desk = desk();
    let again = |second| {
        let run = desk.ledger.begin_run(at(second), "adt run", "0.1.0").unwrap();
        desk.ledger.begin_job(run, &crate::plan("a"), "f1", at(second)).unwrap();
        (run, desk.ledger.generation(desk.job).unwrap())
    };
    let end = |run, end, second| {
        desk.ledger.end_job(desk.job, run, at(second), end, &Moved::default(), None).unwrap();
    };
    end(desk.run, JobEnd::Failed, 2);
    let (run, generation) = again(3);
    assert_eq!(generation, 0);
    end(run, JobEnd::Done, 4);
    assert_eq!(again(5).1, 1);
    assert_eq!(again(6).1, 1);
}

#[test]
fn a_seed_is_kept_for_its_job_and_replaced() {
    let desk = desk();
    assert_eq!(desk.ledger.seed(desk.job).unwrap(), None);
    for byte in [1, 2] {
        let row = SeedRow { seed: [byte; 16], check: [byte; 8] };
        desk.ledger.keep_seed(desk.job, row).unwrap();
        assert_eq!(desk.ledger.seed(desk.job).unwrap(), Some(row));
    }
}

#[test]
fn a_ledger_of_version_1_is_brought_up_and_keeps_what_it_knew() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    let old = rusqlite::Connection::open(path.as_std_path()).unwrap();
    old.execute_batch(include_str!("../../src/schema.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO jobs (asset, name, state, fingerprint, plan, begun_at)
             VALUES ('s3://bucket/a', 'a', 'done', 'f', '{}', '2026-01-01T00:00:00Z');
         PRAGMA user_version = 1; PRAGMA application_id = 0x6164744C;",
    )
    .unwrap();
    drop(old);
    let ledger = Ledger::open(&path).unwrap();
    let job = ledger.job(&crate::asset("a")).unwrap().unwrap();
    assert_eq!(ledger.triggers(job.id).unwrap(), []);
}
