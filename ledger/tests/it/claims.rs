use adt_ledger::Ledger;
use adt_model::Class;

use crate::{asset, child::Child, desk};

#[test]
fn an_asset_is_claimed_once_until_the_claim_is_dropped() {
    let desk = desk();
    let other = Ledger::open(desk.ledger.path()).unwrap();
    let claim = desk.ledger.claim(&asset("a")).unwrap();
    let fault = other.claim(&asset("a")).unwrap_err();
    assert_eq!(fault.class(), Class::Conflict);
    assert!(fault.line().contains("s3://bucket/a"), "{fault:?}");
    #[cfg(unix)]
    assert!(fault.line().contains(&format!("process {} ", std::process::id())), "{fault:?}");
    let _beside = other.claim(&asset("b")).unwrap();
    drop(claim);
    drop(other.claim(&asset("a")).unwrap());
    drop(desk.ledger.claim(&asset("a")).unwrap());
    assert!(desk.folder.path().exists());
}

#[test]
fn a_killed_process_leaves_its_rows_and_loses_its_claim() {
    let desk = desk();
    let child = Child::start(desk.ledger.path());
    let fault = desk.ledger.claim(&asset("child")).unwrap_err();
    assert_eq!(fault.class(), Class::Conflict);
    #[cfg(unix)]
    assert!(fault.line().contains(&format!("process {} ", child.id())), "{fault:?}");
    child.kill();
    drop(desk.ledger.claim(&asset("child")).unwrap());
    let job = desk.ledger.job(&asset("child")).unwrap().unwrap();
    let totals = desk.ledger.totals(job.id).unwrap();
    assert!(totals.objects >= 1000, "{totals:?}");
}

#[test]
fn rows_of_a_killed_process_are_there_when_nobody_else_had_the_file_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = crate::file(&folder);
    Child::start(&path).kill();
    let ledger = Ledger::open(&path).unwrap();
    let job = ledger.job(&asset("child")).unwrap().unwrap();
    assert!(ledger.totals(job.id).unwrap().objects >= 1000);
}
