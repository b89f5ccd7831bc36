//! The ledger from outside: one file in a temporary folder, sometimes a second process.
#![expect(clippy::unwrap_used, reason = "what these tests share is outside of their functions")]

mod bench;
mod child;
mod claims;
mod files;
mod jobs;
mod listings;
mod objects;
mod services;
mod uploads;

use adt_ledger::{JobId, Ledger, ObjectRow, ObjectState, RunId};
use adt_model::{ByteSize, Crc64, Key, Location, Origin, Plan};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

/// A ledger in its own folder, with one job begun.
struct Desk {
    folder: tempfile::TempDir,
    ledger: Ledger,
    run: RunId,
    job: JobId,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&file(&folder)).unwrap();
    let (run, job) = begin(&ledger, &plan("a"));
    Desk { folder, ledger, run, job }
}

fn file(folder: &tempfile::TempDir) -> Utf8PathBuf {
    Utf8Path::from_path(folder.path()).unwrap().join("state/ledger.sqlite")
}

fn begin(ledger: &Ledger, plan: &Plan) -> (RunId, JobId) {
    let run = ledger.begin_run(at(0), "adt upload jobs.csv", "0.1.0").unwrap();
    (run, ledger.begin_job(run, plan, "f1", at(1)).unwrap().0)
}

fn plan(name: &str) -> Plan {
    Plan {
        origin: Origin { source: "jobs.csv".into(), row: Some(2) },
        name: name.into(),
        asset: asset(name),
        dry_run: false,
        force: false,
        temp_directory: None,
        files: 1,
        bytes: ByteSize(1),
        schema: adt_model::Schema::V1,
        brought: vec![],
        documents: vec![],
        stages: vec![],
        notes: vec![],
        left_out: adt_model::LeftOut::default(),
        obstacles: vec![],
    }
}

fn asset(name: &str) -> Location {
    format!("s3://bucket/{name}").parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 123_456_789).unwrap()
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn object(name: &str, size: u64, etag: Option<&str>) -> ObjectRow {
    ObjectRow {
        key: key(name),
        size,
        crc64: Some(Crc64(size.wrapping_mul(0x9E37_79B9_7F4A_7C15))),
        etag: etag.map(str::to_owned),
        source_modified: Some(at(5)),
        source_etag: None,
        source_size: Some(size),
        state: ObjectState::Confirmed,
        at: Some(at(6)),
    }
}

fn all(ledger: &Ledger, job: JobId) -> Vec<ObjectRow> {
    let mut rows = Vec::new();
    ledger
        .objects(job, &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
    rows
}
