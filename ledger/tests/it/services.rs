use adt_ledger::{Ledger, SeedRow, TriggerState};
use adt_model::Crc64;

use crate::{at, desk, file};

#[test]
fn a_trigger_is_known_before_it_is_sent_and_after_it_is_settled() {
    let desk = desk();
    desk.ledger.trigger_intended(desk.job, Crc64(1), "{}", at(2)).unwrap();
    // Another handle sees it at once: the process may die in the next instant.
    let other = Ledger::open_existing(&file(&desk.folder)).unwrap().unwrap();
    let [row] = &other.triggers(desk.job).unwrap()[..] else { panic!("one trigger") };
    assert_eq!(
        (row.state, row.intended_at, row.computation.as_deref()),
        (TriggerState::Intended, at(2), None)
    );
    desk.ledger.trigger_settled(desk.job, Crc64(1), TriggerState::Started, Some("c1"), at(3)).unwrap();
    desk.ledger.trigger_intended(desk.job, Crc64(2), "{}", at(4)).unwrap();
    let rows = other.triggers(desk.job).unwrap();
    let states: Vec<_> = rows.iter().map(|r| (r.record, r.state, r.computation.as_deref())).collect();
    assert_eq!(
        states,
        [(Crc64(1), TriggerState::Started, Some("c1")), (Crc64(2), TriggerState::Intended, None)]
    );
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
