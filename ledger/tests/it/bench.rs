//! Numbers for a person: `cargo test -p adt-ledger --release -- --ignored --nocapture bench`.

use std::time::Instant;

use adt_ledger::Ledger;

use crate::{begin, desk, file, key, object, plan};

const OBJECTS: u64 = 200_000;

fn name(i: u64) -> String {
    format!("SPIM/tile_x_{:04}_y_0000/{}/{}/{i}", i / 1000, i / 100 % 10, i / 10 % 10)
}

/// High-water mark of the process, as Linux tells it.
fn peak() -> String {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("?").to_owned()
}

#[test]
#[ignore = "a measurement, not a test"]
fn objects_a_second() {
    let desk = desk();
    let before = peak();
    let start = Instant::now();
    for i in 0..OBJECTS {
        desk.ledger
            .confirmed(desk.job, object(&name(i), i, Some("\"d41d8cd98f00b204e9800998ecf8427e\"")))
            .unwrap();
    }
    desk.ledger.flush().unwrap();
    println!("{OBJECTS} confirmed + flush: {:.2?}; {before} before, {} after", start.elapsed(), peak());

    let start = Instant::now();
    for i in 0..OBJECTS {
        assert!(desk.ledger.object(desk.job, &key(&name(i * 7919 % OBJECTS))).unwrap().is_some());
    }
    println!("one look-up: {:.2?}", start.elapsed() / OBJECTS as u32);

    let start = Instant::now();
    desk.ledger.totals(desk.job).unwrap();
    println!("totals: {:.2?}", start.elapsed());

    let start = Instant::now();
    let mut listing = desk.ledger.listing(desk.job).unwrap();
    for page in 0..OBJECTS / 1000 {
        listing.add((page * 1000..page * 1000 + 1000).map(|i| (key(&name(i)), i, None))).unwrap();
    }
    println!("listing taken down: {:.2?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(listing.verify(10).unwrap(), []);
    println!("verified: {:.2?}", start.elapsed());
    let start = Instant::now();
    listing.reconcile().unwrap();
    println!("reconciled: {:.2?}; {}", start.elapsed(), peak());
}

#[test]
#[ignore = "a measurement, not a test"]
fn one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&file(&folder)).unwrap();
    let (_, job) = begin(&ledger, &plan("a"));
    let start = Instant::now();
    for i in 0..10_000 {
        ledger.confirmed(job, object(&name(i), i, None)).unwrap();
        ledger.flush().unwrap();
    }
    println!("confirmed + flush, one by one: {:.2?} each", start.elapsed() / 10_000);
}
