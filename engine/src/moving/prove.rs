//! One side is held against the other, byte for byte: by the checksums that servers keep where the two can be compared, by reading where
//! they cannot.

use std::sync::Arc;

use adt_formats::{
    SteadyFile,
    folder::{Entry, EntryKind},
};
use adt_model::{Class, Fault, Key};
use adt_store::{Found, Place, Sums};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tokio::task::JoinSet;

use super::{
    item::{Item, Selection},
    manifest::{self, Noted},
    pairs::{Next, Pair, Pairs, Remark},
    side::{End, missing},
};
use crate::{Ctx, budget::Budget, delivery::off_the_reactor};

/// How much of a file or an object is held at once.
const STRIDE: u64 = 1 << 20;
const PIECE: u64 = 8 << 20;
/// Pieces of one object that are asked for at once.
const AHEAD: usize = 4;

/// What is to be proven.
pub struct Asked {
    /// What ought to be there.
    pub source: Source,
    /// What is there.
    pub destination: End,
    /// What of both is meant.
    pub selection: Selection,
    /// Read every object of both sides, also where servers keep checksums.
    pub download: bool,
    /// Where the list of what was proven goes.
    pub manifest: Option<Box<dyn std::io::Write + Send>>,
}

/// What ought to be there.
pub enum Source {
    /// Another place.
    Place(End),
    /// A list that was written earlier.
    Manifest(camino::Utf8PathBuf),
}

/// One object that is not as it ought to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// Its name.
    pub path: String,
    /// What is wrong.
    #[serde(flatten)]
    pub what: Finding,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// The destination lacks it.
    Missing,
    /// The source lacks it.
    Extra,
    /// The bytes are others.
    Different {
        /// How that is known.
        why: String,
    },
    /// It could not be found out.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The whole account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Objects that are the same.
    pub same: u64,
    /// Bytes that are the same.
    pub bytes: u64,
    /// Objects whose sameness both sides' servers vouch for.
    pub by_kept_checksums: u64,
    /// Objects of which files of this machine (or a manifest) were held against a server's checksum.
    pub by_reading_files: u64,
    /// Objects that had to be downloaded, since the two sides keep no checksum in common.
    pub by_downloading: u64,
    /// The destination lacks so many.
    pub missing: u64,
    /// The source lacks so many.
    pub extra: u64,
    /// So many are others.
    pub different: u64,
    /// Of so many it could not be found out.
    pub unknown: u64,
    /// Objects of `by_downloading` whose place keeps no checksum that the downloaded bytes could be checked by.
    pub unchecked: u64,
}

impl Report {
    /// Whether the destination holds the source; more than that may be there.
    pub fn holds(&self) -> bool {
        self.missing + self.different + self.unknown == 0
    }
}

enum How {
    Kept,
    Files,
    Downloaded {
        /// The downloaded bytes match a checksum that their place keeps.
        checked: bool,
    },
}

/// Holds the destination against the source. `tell` hears of everything that is wrong, in no order.
pub async fn prove(
    mut asked: Asked,
    ctx: &Arc<Ctx>,
    tell: &mut (dyn FnMut(Wrong) + Send),
) -> Result<Report, Fault> {
    let (listing, from) = match &asked.source {
        Source::Place(end) => (end.items(&asked.selection), Some(end.place.clone())),
        Source::Manifest(path) => {
            if !manifest::is_counted(path)? {
                let text = format!(
                    "the manifest `{path}` does not say how many objects it has, so that a missing end would not be noticed"
                );
                ctx.tell("", None, adt_model::What::Note { text });
            }
            (manifest::items(path.clone(), &asked.selection), None)
        }
    };
    let mut pairs = Pairs::new(listing, asked.destination.items(&asked.selection), None);
    if let (Source::Place(End { only: Some(_), .. }), Some(_)) = (&asked.source, &asked.destination.only) {
        pairs = pairs.alike();
    }
    let to = asked.destination.place.clone();
    let mut account = Account { report: Report::default(), found: 0, tell };
    let mut list = manifest::Writer::new(asked.manifest.take())?;
    let mut flying = JoinSet::new();
    let (mut number, mut outside) = (0, 0_u64);
    while let Some(next) = pairs.next().await? {
        ctx.stop.check()?;
        match next {
            Next::Remark(Remark::LeftOut { path, why }) => {
                ctx.tell("", None, adt_model::What::Note { text: format!("left out: {path}: {why}") });
            }
            Next::Remark(Remark::Fault(fault) | Remark::There(fault)) => {
                account.wrong(String::new(), Finding::Unknown { why: fault.line() });
            }
            // Left out by its size or time.
            Next::Pair(pair)
                if pair
                    .source
                    .as_ref()
                    .or(pair.there.as_ref())
                    .is_some_and(|item| !asked.selection.bounds.hold(&item.found())) =>
            {
                outside += 1;
            }
            Next::Pair(pair) => match (&pair.source, &pair.there) {
                (Some(source), None) => account.wrong(source.key().to_string(), Finding::Missing),
                (None, Some(there)) => account.wrong(there.key().to_string(), Finding::Extra),
                _ => {
                    let (from, to, order) = (from.clone(), to.clone(), number);
                    let (download, budget) = (asked.download, ctx.budget.clone());
                    number += 1;
                    flying.spawn(async move {
                        let sides = Sides { from: from.as_ref(), to: &to, download, budget };
                        (order, held(*pair, &sides).await)
                    });
                }
            },
        }
        while flying.len() >= ctx.settings.lanes {
            account.land(&mut flying, &mut list).await?;
        }
    }
    while !flying.is_empty() {
        account.land(&mut flying, &mut list).await?;
    }
    if number == 0 && account.found == 0 && account.report.holds() && account.report.extra > 0 {
        return Err(nothing_there(from.as_ref(), &to, account.report.extra));
    }
    list.finish()?;
    if account.found == 0 && account.report == Report::default() {
        return Err(match (outside, &asked.selection.choice) {
            (0, None) => missing(from.as_ref().unwrap_or(&to)),
            _ => none_selected(outside, from.as_ref().unwrap_or(&to)),
        });
    }
    Ok(account.report)
}

/// The source has nothing, and the destination has something: a disk that is not mounted looks so, and a misspelt prefix.
fn nothing_there(from: Option<&Place>, to: &Place, extra: u64) -> Fault {
    let from = from.map_or_else(|| "the manifest".to_owned(), |from| format!("`{}`", from.location()));
    let objects = if extra == 1 { "1 object".to_owned() } else { format!("{extra} objects") };
    let what =
        format!("{from} lists 0 objects and `{}` {objects}, so that nothing was compared", to.location());
    Fault::new(Class::Missing, what)
        .help("check the place that is compared with, and whether its disk is mounted")
}

/// Nothing was compared, which proves nothing.
fn none_selected(outside: u64, place: &Place) -> Fault {
    let of = if outside == 0 { String::new() } else { format!("of {outside} ") };
    let what = format!("0 {of}objects of `{}` are selected, so that nothing was compared", place.location());
    Fault::new(Class::Missing, what).help("check `--include`, `--exclude` and the bounds of size and age")
}

type Held = (u64, (Noted, Result<(Option<bool>, How, String), Fault>));

struct Account<'a> {
    report: Report,
    found: u64,
    tell: &'a mut (dyn FnMut(Wrong) + Send),
}

impl Account<'_> {
    fn wrong(&mut self, path: String, what: Finding) {
        let report = &mut self.report;
        *match &what {
            Finding::Missing => &mut report.missing,
            Finding::Extra => &mut report.extra,
            Finding::Different { .. } => &mut report.different,
            Finding::Unknown { .. } => &mut report.unknown,
        } += 1;
        (self.tell)(Wrong { path, what });
    }

    async fn land(&mut self, flying: &mut JoinSet<Held>, list: &mut manifest::Writer) -> Result<(), Fault> {
        let Some(landed) = flying.join_next().await else { return Ok(()) };
        let (order, (noted, held)) =
            landed.map_err(|e| Fault::new(Class::Bug, "comparing an object ended in a panic").because(e))?;
        self.found += 1;
        let path = noted.path.to_string();
        match held {
            Ok((Some(true), how, _)) => {
                self.report.same += 1;
                self.report.bytes = self.report.bytes.saturating_add(noted.size);
                self.report.unchecked += u64::from(matches!(how, How::Downloaded { checked: false }));
                *match how {
                    How::Kept => &mut self.report.by_kept_checksums,
                    How::Files => &mut self.report.by_reading_files,
                    How::Downloaded { .. } => &mut self.report.by_downloading,
                } += 1;
                return list.put(order, Some(noted));
            }
            Ok((Some(false), _, why)) => self.wrong(path, Finding::Different { why }),
            Ok((None, _, why)) => self.wrong(path, Finding::Unknown { why }),
            Err(fault) if matches!(fault.class(), Class::Cancelled | Class::Bug) => return Err(fault),
            Err(fault) => self.wrong(path, Finding::Unknown { why: fault.line() }),
        }
        list.put(order, None)
    }
}

/// Both places, and how they are looked at.
struct Sides<'a> {
    /// None for a manifest.
    from: Option<&'a Place>,
    to: &'a Place,
    download: bool,
    budget: Budget,
}

async fn held(pair: Pair, sides: &Sides<'_>) -> (Noted, Result<(Option<bool>, How, String), Fault>) {
    let (Some(source), Some(there)) = (&pair.source, &pair.there) else {
        let noted = Noted::new(Key::parse("?").expect("a letter is a key"), 0);
        return (noted, Err(Fault::new(Class::Bug, "one side only")));
    };
    let mut noted = Noted::new(source.key().clone(), source.size());
    let held = compare(source, there, sides, &mut noted).await;
    (noted, held)
}

async fn compare(
    source: &Item,
    there: &Item,
    sides: &Sides<'_>,
    noted: &mut Noted,
) -> Result<(Option<bool>, How, String), Fault> {
    if source.size() != there.size() {
        let why = format!("{} B here, {} B there", source.size(), there.size());
        return Ok((Some(false), How::Kept, why));
    }
    let mut here = kept(source, sides.from, sides.download).await?;
    let mut over_there = kept(there, Some(sides.to), sides.download).await?;
    let (mut how, mut checked) = (How::Kept, true);
    let readable = |item: &Item| matches!(item, Item::File(_));
    // Files of this machine first: that costs no transfer.
    for all in [false, true] {
        if let Some(same) = here.agree(&over_there) {
            noted.sums = here.and(&over_there);
            return Ok((Some(same), how, "the checksums differ".into()));
        }
        let read_too = [
            (readable(source) || all).then_some((source, sides.from, true)),
            (readable(there) || all).then_some((there, Some(sides.to), false)),
        ];
        for (item, place, first) in read_too.into_iter().flatten() {
            let (own, other) = if first { (&mut here, &over_there) } else { (&mut over_there, &here) };
            if let Some((sums, safe)) = read(item, place, other, &sides.budget).await? {
                (*own, checked) = (sums, checked && safe);
            }
        }
        how = if all { How::Downloaded { checked } } else { How::Files };
    }
    noted.sums = here.and(&over_there);
    match here.agree(&over_there) {
        Some(same) => Ok((Some(same), how, "the bytes differ".into())),
        None => Ok((None, how, "there is no checksum to compare with".into())),
    }
}

/// Whether the destination's object has the source's bytes, by checksums; `None` where that cannot be told, with why.
pub(super) async fn same_bytes(
    (source, from): (&Item, &Place),
    (there, to): (&Item, &Place),
    budget: &Budget,
) -> Result<(Option<bool>, String), Fault> {
    let sides = Sides { from: Some(from), to, download: false, budget: budget.clone() };
    let mut noted = Noted::new(source.key().clone(), source.size());
    compare(source, there, &sides, &mut noted).await.map(|(same, _, why)| (same, why))
}

/// The checksums that come without reading.
async fn kept(item: &Item, place: Option<&Place>, download: bool) -> Result<Sums, Fault> {
    match (item, place) {
        (Item::Noted(noted), _) => Ok(noted.sums),
        (Item::Object(_), _) if download => Ok(Sums::default()),
        (Item::Object(found), Some(place)) if found.crc64.is_none() && found.crc32c.is_none() => {
            let now = place.head(&found.key).await?;
            Ok(Sums::kept(&now.filter(|now| now.etag == found.etag).unwrap_or_else(|| found.clone())))
        }
        (item, _) => Ok(Sums::kept(&item.found())),
    }
}

/// Reads a side once, for checksums that can be compared with `other`; says whether the place itself states one that they match. What a
/// manifest names cannot be read.
async fn read(
    item: &Item,
    place: Option<&Place>,
    other: &Sums,
    budget: &Budget,
) -> Result<Option<(Sums, bool)>, Fault> {
    match (item, place) {
        (Item::Object(found), Some(place)) => {
            let _permit = budget.take(found.size.min(AHEAD as u64 * PIECE)).await;
            read_object(place, found, other).await.map(Some)
        }
        _ => Ok(read_like(item, other).await?.map(|sums| (sums, true))),
    }
}

/// Reads a file of this machine once, for checksums that can be compared with `other`; objects of buckets are not read.
pub(super) async fn read_like(item: &Item, other: &Sums) -> Result<Option<Sums>, Fault> {
    match item {
        Item::File(entry) if entry.kind == EntryKind::File => read_file(entry, other).await.map(Some),
        Item::File(entry) if entry.kind == EntryKind::Link => {
            let target = fs_err::read_link(&entry.path);
            let target =
                target.map_err(|e| Fault::io(format!("cannot read the link `{}`", entry.path), e))?;
            let mut digests = other.like();
            digests.update(target.to_string_lossy().as_bytes());
            Ok(Some(digests.finish()))
        }
        _ => Ok(None),
    }
}

async fn read_file(entry: &Entry, other: &Sums) -> Result<Sums, Fault> {
    let (entry, mut digests) = (entry.clone(), other.like());
    off_the_reactor(move || {
        let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
        let mut bytes = vec![0; STRIDE.min(entry.size) as usize];
        let mut at = 0;
        while at < entry.size {
            let n = STRIDE.min(entry.size - at);
            file.read_at(at, &mut bytes[..n as usize])?;
            digests.update(&bytes[..n as usize]);
            at += n;
        }
        file.finish()?;
        Ok(digests.finish())
    })
    .await
}

async fn read_object(place: &Place, found: &Found, other: &Sums) -> Result<(Sums, bool), Fault> {
    if found.size <= PIECE {
        let whole = place.whole(found.clone()).await?;
        let mut digests = other.like();
        digests.update(&whole.bytes);
        return Ok((digests.finish(), whole.checked));
    }
    // A listing need not state what an answer about the object does.
    let now = if Sums::stated(found).is_empty() {
        place.head(&found.key).await?.filter(|now| now.etag == found.etag)
    } else {
        None
    };
    let stated = Sums::stated(now.as_ref().unwrap_or(found));
    let range = |n: u64| n * PIECE..found.size.min((n + 1) * PIECE);
    let sums = stream::iter(0..found.size.div_ceil(PIECE))
        .map(|n| place.get_of(found, range(n)))
        .buffered(AHEAD)
        .try_fold(other.like().and_like(&stated), |mut digests, bytes| async move {
            digests.update(&bytes);
            Ok(digests)
        })
        .await?
        .finish();
    if !stated.is_empty() && stated.agree(&sums) != Some(true) {
        let what = "its bytes do not match the checksum that the place itself states for it";
        return Err(Fault::new(Class::Corrupt, what));
    }
    Ok((sums, !stated.is_empty()))
}
