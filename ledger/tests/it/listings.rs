use adt_ledger::{ObjectState, Reconciled, Stat};
use rstest::rstest;

use crate::{all, begin, desk, key, object, plan};

type Listed = (&'static str, u64, Option<&'static str>);

/// One confirmed object `k` of 5 bytes, against one listing.
#[rstest]
#[case::as_sent(Some("e"), &[("k", 5, Some("e"))], 0, 0, true)]
#[case::listing_has_no_version(Some("e"), &[("k", 5, None)], 0, 0, true)]
#[case::record_has_no_version(None, &[("k", 5, Some("e"))], 0, 0, true)]
#[case::gone(Some("e"), &[], 1, 0, false)]
#[case::other_size(Some("e"), &[("k", 6, Some("e"))], 1, 1, false)]
#[case::other_version(Some("e"), &[("k", 5, Some("f"))], 1, 1, false)]
#[case::other_letters(Some("e"), &[("K", 5, Some("e"))], 1, 1, false)]
#[case::a_stranger_beside(Some("e"), &[("k", 5, Some("e")), ("s", 1, None)], 0, 1, true)]
#[case::the_last_word_counts(Some("e"), &[("k", 9, None), ("k", 5, Some("e"))], 0, 0, true)]
fn one_object_against_a_listing(
    #[case] etag: Option<&str>,
    #[case] listed: &[Listed],
    #[case] confirmed_gone: u64,
    #[case] seen: u64,
    #[case] still_confirmed: bool,
) {
    let desk = desk();
    desk.ledger.confirmed(desk.job, object("k", 5, etag)).unwrap();
    let (_, other) = begin(&desk.ledger, &plan("b"));
    desk.ledger.confirmed(other, object("untouched", 1, None)).unwrap();
    let mut listing = desk.ledger.listing(desk.job).unwrap();
    listing.add(listed.iter().map(|(k, size, etag)| (key(k), *size, etag.map(str::to_owned)))).unwrap();

    let wrong = listing.verify(10).unwrap();
    assert_eq!(wrong.is_empty(), still_confirmed);
    if let [wrong] = &wrong[..] {
        assert_eq!((wrong.key.as_str(), wrong.expected.size), ("k", 5));
        let found = listed.iter().find(|(k, ..)| *k == "k");
        let found = found.map(|(_, size, etag)| Stat { size: *size, etag: etag.map(str::to_owned) });
        assert_eq!(wrong.found, found);
    }
    assert_eq!(listing.reconcile().unwrap(), Reconciled { confirmed_gone, seen });
    let confirmed = |job| all(&desk.ledger, job).iter().filter(|r| r.state == ObjectState::Confirmed).count();
    assert_eq!((confirmed(desk.job), confirmed(other)), (usize::from(still_confirmed), 1));
}

#[test]
fn what_is_seen_follows_the_last_listing() {
    let desk = desk();
    for (size, etag) in [(1, "x"), (2, "y")] {
        let mut listing = desk.ledger.listing(desk.job).unwrap();
        listing.add([(key("s"), size, Some(etag.to_owned()))]).unwrap();
        assert_eq!(listing.reconcile().unwrap().seen, 1);
        let rows = all(&desk.ledger, desk.job);
        assert_eq!(
            (rows[0].size, rows[0].etag.as_deref(), rows[0].state),
            (size, Some(etag), ObjectState::Seen)
        );
    }
    assert_eq!(desk.ledger.totals(desk.job).unwrap().objects, 0);
    desk.ledger.confirmed(desk.job, object("s", 2, Some("y"))).unwrap();
    assert_eq!(desk.ledger.totals(desk.job).unwrap().objects, 1);
    desk.ledger.listing(desk.job).unwrap().reconcile().unwrap();
    assert_eq!(all(&desk.ledger, desk.job), []);
}

#[test]
fn a_listing_of_many_pages_is_held_against_many_objects() {
    let desk = desk();
    let name = |i: u64| format!("{:03}/{i:06}", i % 100);
    (0..20_000).for_each(|i| desk.ledger.confirmed(desk.job, object(&name(i), i, None)).unwrap());
    let mut listing = desk.ledger.listing(desk.job).unwrap();
    for page in 0..20 {
        let found = (page * 1000..(page + 1) * 1000).filter(|i| i % 10 != 3);
        listing.add(found.map(|i| (key(&name(i)), i, None))).unwrap();
    }
    let wrong = listing.verify(7).unwrap();
    assert_eq!((wrong.len(), wrong[0].key.as_str()), (7, "003/000003"));
    assert_eq!(listing.reconcile().unwrap(), Reconciled { confirmed_gone: 2000, seen: 0 });
}
