//! What need not be moved.

use adt_formats::folder::EntryKind;
use adt_ledger::{ObjectRow, ObjectState};
use adt_model::{Crc64, Fault, change_mark, same_version, without_change};
use adt_store::{Found, Place, Sums};
use jiff::Timestamp;

use super::{item::Item, pairs::Pair, prove::read_like};
use crate::delivery::same_mark;

/// How two objects of the same size are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// By a checksum where both sides keep a comparable one, else by modification time.
    #[default]
    Usual,
    /// By checksum; files are read.
    Checksum,
    /// Not at all.
    SizeOnly,
}

/// What a look at two listings and the ledger says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glance {
    Same,
    Different,
    /// The listings do not tell; look closer.
    Unknown,
}

/// Times closer than this are the same: some tools keep no more than milliseconds.
const TIME_GRAIN_NANOS: i128 = 1_000_000;

/// The first row that can decide does. A size is known on both sides; of files of this machine only the time is.
///
/// | both sides | equal | not equal |
/// |---|---|---|
/// | the destination has none | | Different |
/// | size | next row | Different |
/// | `--size-only` | Same | |
/// | the ledger made it from this version of the source, and it still stands (not with `--checksum`) | Same | next row |
/// | CRC-64/NVME, CRC-32C or MD5 of the whole object | Same | Different |
/// | `ETag`s of S3 | Same | next row: encrypted and multipart objects have others |
/// | modification time to the millisecond (not with `--checksum`, nor where a recorded file was changed since) | Same | Different |
/// | neither says a time of its source: the destination was written after the source (not with `--checksum`) | Same | Different |
/// | none of them | Unknown | |
pub(super) fn glance(pair: &Pair, how: Comparison) -> Glance {
    let (Some(source), Some(there)) = (&pair.source, &pair.there) else { return Glance::Different };
    if there.is_link() {
        return Glance::Different;
    }
    if let Some(same) = same_link(source, there) {
        return if same { Glance::Same } else { Glance::Different };
    }
    if source.size() != there.size() {
        return Glance::Different;
    }
    if how == Comparison::SizeOnly || (how == Comparison::Usual && history(pair) == History::MadeFromIt) {
        return Glance::Same;
    }
    judged(&source.found(), &there.found(), closely(pair, source, there, how))
}

/// How closely two things are compared. A time that is the recorded one does not count where something of the file has changed since: bytes
/// can be replaced without changing it.
fn closely(pair: &Pair, source: &Item, there: &Item, how: Comparison) -> Comparison {
    if how == Comparison::Usual && history(pair) == History::Touched {
        return Comparison::Checksum;
    }
    of_links(source, there, how)
}

/// A link and the object that stands for it: the text decides, which is read quickly; the link's time is when it was made.
fn of_links(source: &Item, there: &Item, how: Comparison) -> Comparison {
    let link = |item: &Item| matches!(item, Item::File(entry) if entry.kind == EntryKind::Link);
    if link(source) || link(there) { Comparison::Checksum } else { how }
}

/// The rows of the table that need nothing but what is known of both.
fn judged(source: &Found, there: &Found, how: Comparison) -> Glance {
    let by_sums = Sums::kept(source).agree(&Sums::kept(there));
    if let Some(same) = by_sums {
        return if same { Glance::Same } else { Glance::Different };
    }
    if source.etag.is_some() && source.etag == there.etag {
        return Glance::Same;
    }
    match by_time(source, there).filter(|_| how == Comparison::Usual) {
        Some(true) => Glance::Same,
        Some(false) => Glance::Different,
        None => Glance::Unknown,
    }
}

/// Whether times say that both are the same. A listing that leaves out what stands beside an object does not say that there is no time, and one
/// that shows a time of which it is not proven that it belongs to the object's bytes does not either.
fn by_time(source: &Found, there: &Found) -> Option<bool> {
    let noted = |found: &Found| found.meta.as_ref().is_none_or(|meta| meta.modified.is_some());
    let dateless = |found: &Found| found.modified.is_none() && !noted(found);
    match (source.modified, there.modified) {
        (Some(here), Some(there)) => Some(near(here, there)),
        // A copy in a folder has the time at which the source was written.
        (None, Some(there)) if dateless(source) => Some(near(source.written?, there)),
        (None, None) if dateless(source) && dateless(there) => Some(source.written? <= there.written?),
        _ => None,
    }
}

/// Links that are kept are equal when they lead to the same; between a link and an object sizes and times decide.
fn same_link(source: &Item, there: &Item) -> Option<bool> {
    let target = |item: &Item| match item {
        Item::File(entry) if entry.kind == EntryKind::Link => Some(fs_err::read_link(&entry.path).ok()),
        _ => None,
    };
    Some(target(source)?? == target(there)??)
}

/// Whether an earlier run sent this very version of the source, as far as the ledger knows.
pub(super) fn sent_before(pair: &Pair) -> bool {
    match (&pair.source, pair.known.as_ref().filter(|row| row.state == ObjectState::Confirmed)) {
        (Some(source), Some(row)) => is_unchanged(source, row) && !is_touched(source, row),
        _ => false,
    }
}

/// By size and time of a file, or by the version of an object.
fn is_unchanged(source: &Item, row: &ObjectRow) -> bool {
    match source {
        Item::File(entry) => {
            row.source_size == Some(entry.size) && row.source_modified == Some(entry.modified)
        }
        Item::Object(found) => found.etag.is_some() && row.source_etag == found.etag,
        Item::Noted(_) => false,
    }
}

/// Whether something of a file was changed since it was recorded.
fn is_touched(source: &Item, row: &ObjectRow) -> bool {
    match source {
        Item::File(entry) => {
            !same_mark(row.source_etag.as_deref(), entry.changed.map(change_mark).as_deref())
        }
        _ => false,
    }
}

/// What an earlier run says of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum History {
    /// It made what is there from this very version of the source.
    MadeFromIt,
    /// It did, by sizes and times; one of the two files was changed since, if only in its permissions.
    Touched,
    /// Nothing that helps.
    Other,
}

fn history(pair: &Pair) -> History {
    let (Some(source), Some(there)) = (&pair.source, &pair.there) else { return History::Other };
    let Some(row) = pair.known.as_ref().filter(|row| row.state == ObjectState::Confirmed) else {
        return History::Other;
    };
    let (Some(recorded), Some(now)) = (row.etag.as_deref(), there.version()) else { return History::Other };
    if matches!(there, Item::Noted(_)) {
        return History::Other;
    }
    let is_file = matches!(there, Item::File(_));
    let stands = if is_file { without_change(recorded) == without_change(&now) } else { recorded == now };
    if !stands || !is_unchanged(source, row) || row.size != there.size() {
        return History::Other;
    }
    if is_touched(source, row) || is_file && !same_version(recorded, &now) {
        History::Touched
    } else {
        History::MadeFromIt
    }
}

/// What a closer look has found out.
pub(super) struct Looked {
    pub(super) same: bool,
    pub(super) source: Found,
    pub(super) there: Found,
}

/// Looks at what listings do not tell, and reads files of this machine where only their bytes can decide. What stays unknown is
/// different: better moved once too often.
pub(super) async fn look(pair: &Pair, how: Comparison, from: &Place, to: &Place) -> Result<Looked, Fault> {
    let (Some(source), Some(there)) = (&pair.source, &pair.there) else {
        return Err(Fault::new(adt_model::Class::Bug, "a look at one side only"));
    };
    let (source_found, there_found) = (told(source, from).await?, told(there, to).await?);
    let mut judged = judged(&source_found, &there_found, closely(pair, source, there, how));
    let mut crc64 = there_found.crc64;
    if judged == Glance::Unknown {
        let (mut here, mut over_there) = (Sums::kept(&source_found), Sums::kept(&there_found));
        here = read_like(source, &over_there).await?.unwrap_or(here);
        over_there = read_like(there, &here).await?.unwrap_or(over_there);
        let known = pair.known.as_ref().filter(|_| stands_as_known(pair, &there_found));
        let agree = here.agree(&over_there).or_else(|| {
            let known: Option<Crc64> = known.and_then(|row| row.crc64);
            Some(here.crc64? == known?)
        });
        judged = match agree {
            Some(true) => Glance::Same,
            _ => Glance::Different,
        };
        crc64 = crc64.or(over_there.crc64).or(here.crc64);
    }
    // A file is known again by its version.
    let mark = match source {
        Item::File(entry) => entry.changed.map(change_mark),
        _ => source_found.etag.clone(),
    };
    Ok(Looked {
        same: judged == Glance::Same,
        source: Found { etag: mark, ..source_found },
        there: Found { etag: there_found.etag.clone().or_else(|| there.version()), crc64, ..there_found },
    })
}

fn stands_as_known(pair: &Pair, there: &Found) -> bool {
    pair.known.as_ref().is_some_and(|row| {
        row.state == ObjectState::Confirmed && row.etag.is_some() && row.etag == there.etag
    })
}

/// With what a listing of a bucket leaves out.
async fn told(item: &Item, place: &Place) -> Result<Found, Fault> {
    match item {
        Item::Object(found)
            if found.modified.is_none() || found.crc64.is_none() && found.crc32c.is_none() =>
        {
            Ok(place
                .head(&found.key)
                .await?
                .filter(|now| now.etag == found.etag)
                .unwrap_or_else(|| found.clone()))
        }
        item => Ok(item.found()),
    }
}

fn near(a: Timestamp, b: Timestamp) -> bool {
    (a.as_nanosecond() - b.as_nanosecond()).abs() < TIME_GRAIN_NANOS
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_store::ObjectMeta;
    use rstest::rstest;

    /// Modified, written, and whether what stands beside it is known.
    fn found(modified: Option<i64>, written: Option<i64>, described: bool) -> Found {
        let time = |second: i64| Timestamp::from_second(second).unwrap();
        Found {
            modified: modified.map(time),
            written: written.map(time),
            meta: described.then(|| Box::new(ObjectMeta::default())),
            ..Found::new("a".parse().unwrap(), 4)
        }
    }

    #[rstest]
    #[case::both_dated(found(Some(5), Some(9), true), found(Some(5), Some(1), true), Some(true))]
    #[case::dated_otherwise(found(Some(5), Some(1), true), found(Some(6), Some(9), true), Some(false))]
    #[case::undated_and_copied_later(found(None, Some(5), true), found(None, Some(7), true), Some(true))]
    #[case::undated_and_newer(found(None, Some(8), true), found(None, Some(7), true), Some(false))]
    #[case::undated_in_a_folder(found(None, Some(5), true), found(Some(5), None, false), Some(true))]
    #[case::a_listing_does_not_say(found(None, Some(5), false), found(None, Some(7), false), None)]
    #[case::only_the_source_is_dated(found(Some(5), None, false), found(None, Some(7), true), None)]
    fn times_tell_what_was_copied_without_one_being_invented(
        #[case] source: Found,
        #[case] there: Found,
        #[case] same: Option<bool>,
    ) {
        assert_eq!(by_time(&source, &there), same);
    }
}
