use adt_ledger::{PartRow, UploadRow};
use adt_model::Crc64;

use crate::{at, desk, key};

fn upload(name: &str, id: &str) -> UploadRow {
    UploadRow {
        key: key(name),
        upload_id: id.into(),
        part_size: 8 << 20,
        source_size: Some(100 << 20),
        source_modified: Some(at(3)),
        source_etag: None,
        at: at(4),
    }
}

fn part(number: u32) -> PartRow {
    PartRow {
        number,
        size: 8 << 20,
        crc64: Crc64(u64::MAX - u64::from(number)),
        etag: format!("\"{number}\""),
    }
}

#[test]
fn an_upload_is_known_with_its_parts_until_it_ends() {
    let desk = desk();
    desk.ledger.upload_begun(desk.job, upload("big", "u1")).unwrap();
    for number in [3, 1, 2, 3] {
        let part = part(number);
        desk.ledger.part_confirmed(desk.job, &key("big"), number, part.size, part.crc64, &part.etag).unwrap();
    }
    let known = desk.ledger.upload(desk.job, &key("big")).unwrap();
    assert_eq!(known, Some((upload("big", "u1"), vec![part(1), part(2), part(3)])));
    desk.ledger.upload_begun(desk.job, upload("also", "u2")).unwrap();
    assert_eq!(desk.ledger.uploads(desk.job).unwrap(), [upload("also", "u2"), upload("big", "u1")]);
    desk.ledger.upload_ended(desk.job, &key("big")).unwrap();
    assert_eq!(desk.ledger.uploads(desk.job).unwrap(), [upload("also", "u2")]);
    assert_eq!(desk.ledger.upload(desk.job, &key("big")).unwrap(), None);
}

#[test]
fn a_new_upload_of_a_key_starts_without_parts() {
    let desk = desk();
    desk.ledger.upload_begun(desk.job, upload("big", "u1")).unwrap();
    desk.ledger.part_confirmed(desk.job, &key("big"), 1, 5, Crc64(1), "e").unwrap();
    desk.ledger.upload_begun(desk.job, upload("big", "u2")).unwrap();
    assert_eq!(desk.ledger.upload(desk.job, &key("big")).unwrap(), Some((upload("big", "u2"), vec![])));
}

#[test]
fn a_part_that_comes_after_the_end_is_not_kept() {
    let desk = desk();
    desk.ledger.upload_begun(desk.job, upload("big", "u1")).unwrap();
    desk.ledger.upload_ended(desk.job, &key("big")).unwrap();
    desk.ledger.part_confirmed(desk.job, &key("big"), 1, 5, Crc64(1), "e").unwrap();
    desk.ledger.flush().unwrap();
    assert_eq!(desk.ledger.upload(desk.job, &key("big")).unwrap(), None);
}
