use adt_ledger::{JobId, ObjectRow};
use adt_model::{Class, Fault};

use crate::{all, begin, desk, key, object, plan};

#[test]
fn an_object_is_kept_in_full_and_replaced() {
    let desk = desk();
    let bare = ObjectRow {
        crc64: None,
        source_modified: None,
        source_etag: None,
        source_size: None,
        at: None,
        ..object("dir/ü ö#%", i64::MAX as u64, None)
    };
    for row in [object("dir/ü ö#%", 7, Some("\"e\"")), bare] {
        desk.ledger.confirmed(desk.job, row.clone()).unwrap();
        desk.ledger.flush().unwrap();
        assert_eq!(desk.ledger.object(desk.job, &row.key).unwrap(), Some(row));
    }
    desk.ledger.forget(desk.job, &key("dir/ü ö#%")).unwrap();
    desk.ledger.flush().unwrap();
    assert_eq!(desk.ledger.object(desk.job, &key("dir/ü ö#%")).unwrap(), None);
}

#[test]
fn objects_come_in_byte_order_and_only_those_of_the_job() {
    let desk = desk();
    let names = ["é", "a/b", "a", "a.b", "Z", "10", "9"];
    for name in names {
        desk.ledger.confirmed(desk.job, object(name, 1, None)).unwrap();
    }
    let (_, other) = begin(&desk.ledger, &plan("b"));
    desk.ledger.confirmed(other, object("m", 1, None)).unwrap();
    let mut sorted = names;
    sorted.sort_unstable_by_key(|name| name.as_bytes().to_vec());
    let found: Vec<_> = all(&desk.ledger, desk.job).into_iter().map(|row| row.key.to_string()).collect();
    assert_eq!(found, sorted);
}

#[test]
fn a_walk_may_use_the_ledger_and_ends_at_the_first_fault() {
    let desk = desk();
    for name in ["a", "b", "c"] {
        desk.ledger.confirmed(desk.job, object(name, 1, None)).unwrap();
    }
    let mut seen = 0;
    let result = desk.ledger.objects(desk.job, &mut |row| {
        seen += 1;
        assert!(desk.ledger.object(desk.job, &row.key)?.is_some());
        desk.ledger.forget(desk.job, &row.key)?;
        desk.ledger.flush()?;
        if seen == 2 { Err(Fault::new(Class::Cancelled, "enough")) } else { Ok(()) }
    });
    assert_eq!((seen, result.unwrap_err().class()), (2, Class::Cancelled));
    assert_eq!(all(&desk.ledger, desk.job).len(), 1);
}

#[test]
fn totals_do_not_depend_on_the_order_of_confirmation() {
    let desk = desk();
    let (_, other) = begin(&desk.ledger, &plan("b"));
    for i in 0..100 {
        desk.ledger.confirmed(desk.job, object(&format!("k{i}"), i, None)).unwrap();
        desk.ledger.confirmed(other, object(&format!("k{}", 99 - i), 99 - i, Some("other"))).unwrap();
    }
    let totals = desk.ledger.totals(desk.job).unwrap();
    assert_eq!((totals.objects, totals.bytes), (100, 4950));
    assert_eq!(desk.ledger.totals(other).unwrap(), totals);
    desk.ledger.confirmed(other, object("k5", 6, None)).unwrap();
    assert_ne!(desk.ledger.totals(other).unwrap().manifest, totals.manifest);
}

#[test]
fn the_manifest_checksum_is_the_documented_one() {
    let desk = desk();
    desk.ledger.confirmed(desk.job, object("b", 2, None)).unwrap();
    desk.ledger.confirmed(desk.job, ObjectRow { crc64: None, ..object("a", 1, None) }).unwrap();
    let crc64 = object("b", 2, None).crc64.unwrap();
    let text = format!("a\0{}\0\nb\0{}\0{crc64}\n", 1, 2);
    assert_eq!(desk.ledger.totals(desk.job).unwrap().manifest.0, adt_codec::crc64(text.as_bytes()));
}

#[test]
fn a_queued_write_that_fails_is_told_to_everyone_who_comes_later() {
    let desk = desk();
    desk.ledger.confirmed(JobId(4711), object("k", 1, None)).unwrap();
    assert_eq!(desk.ledger.flush().unwrap_err().class(), Class::Bug);
    assert!(desk.ledger.confirmed(desk.job, object("k", 1, None)).is_err());
    assert!(desk.ledger.begin_run(crate::at(1), "x", "y").is_err());
}

#[test]
fn an_awaited_write_that_fails_is_told_to_its_asker_alone() {
    let desk = desk();
    desk.ledger.confirmed(desk.job, object("k", 1, None)).unwrap();
    let run = adt_ledger::RunId(4711);
    let fault = desk.ledger.begin_job(run, &plan("z"), "f", crate::at(1)).unwrap_err();
    assert_eq!(fault.class(), Class::Bug);
    assert_eq!(desk.ledger.job(&crate::asset("z")).unwrap(), None);
    assert_eq!(all(&desk.ledger, desk.job).len(), 1);
}
