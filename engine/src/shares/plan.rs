//! What stands in `.adt-work/` beside an unfinished asset.

use adt_codec::Sha256;
use adt_ledger::ObjectRow;
use adt_model::{Action, ByteSize, Class, Crc64, Fault, FolderWork, Key, Location, Plan, StageName};
use adt_store::{Block, ObjectMeta, Place};
use bytes::Bytes;
use camino::Utf8Path;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The folder of plan, markers and logs.
pub(super) const FOLDER: &str = ".adt-work";

/// The plan's name in it.
pub(super) const PLAN: &str = "plan.json";

/// Bytes of a plan, at most: the first keys of millions of batches.
const LARGEST_PLAN: u64 = 256 << 20;

/// Bytes of a marker, at most: a batch has a thousand objects.
const LARGEST_MARKER: u64 = 32 << 20;

/// Words of the command that a plan keeps, at most; each of 1 KiB on average.
const WORDS: usize = 1000;

/// Units of a plan, stages of a unit, and items of a stage, at most.
const UNITS: usize = 10_000;
const STAGES: usize = 64;
const ITEMS: u64 = 1 << 24;
const ITEMS_OF_IMAGES: u64 = 1 << 48;

/// Raised when the meaning of what stands in the folder changes.
const VERSION: u32 = 1;

/// What is shared, as it was decided once for all processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkPlan {
    /// Of this file's meaning.
    pub version: u32,
    /// The program that made it.
    pub program: String,
    /// Whatever decides the items and the bytes of their objects.
    pub hash: String,
    /// The words after `adt` that end the work where all items are done.
    pub again: Vec<String>,
    /// What will be done, of which the units are a part.
    pub plan: Plan,
    /// What is shared.
    pub units: Vec<Unit>,
}

/// A step of the plan that is cut into items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its step in the plan.
    pub step: String,
    /// Whatever decides the bytes of its objects.
    pub hash: String,
    /// Items of each stage; a stage begins when all items of the one before are done.
    pub items: Vec<u64>,
    /// Bytes that the items of each stage read, about.
    pub bytes: Vec<u64>,
    /// Of objects that are moved: the first key of each item.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "adt_model::object_keys")]
    pub starts: Vec<Key>,
}

/// What the items of a unit are.
pub(super) enum Kind<'a> {
    /// Parts of a step.
    Step(&'a Action, &'a FolderWork),
    /// Objects that are moved, from each of these keys to the next.
    Objects(&'a [Key]),
}

/// What an item made: the content of its marker, written when the destination has confirmed all of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Made {
    /// What the destination confirmed.
    pub objects: Vec<ObjectRow>,
    /// What the step would have told of itself.
    pub account: Value,
    /// Bytes of the source.
    pub read: u64,
    /// When it was begun.
    pub began: Timestamp,
    /// When it was done.
    pub ended: Timestamp,
}

/// Why an item could not be done, by whoever tried last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failed {
    /// On which machine.
    pub host: String,
    /// When.
    pub at: Timestamp,
    /// The fault, and what a person can do.
    pub fault: String,
}

impl WorkPlan {
    pub(super) fn new(plan: Plan, units: Vec<Unit>, again: Vec<String>, version: &str) -> Self {
        let hash = hash_of(version, &units);
        Self { version: VERSION, program: format!("adt {version}"), hash, again, plan, units }
    }

    /// What the journal calls this very plan.
    pub(super) fn mark(&self) -> String {
        hash(&serde_json::to_string(self).expect("records of plain fields"))
    }

    /// What tells this very plan from any other, for those who may not trust the place it was found at: SHA-256 in hexadecimal digits.
    pub fn digest(&self) -> String {
        sha256(&serde_json::to_vec(self).expect("records of plain fields"))
    }

    /// The folders that its steps read.
    pub fn folders(&self) -> impl Iterator<Item = &Utf8Path> {
        let steps = self.plan.stages.iter().flat_map(|stage| &stage.steps);
        steps.filter_map(|step| match &step.action {
            Action::CopyFolder { folder, .. }
            | Action::ZipFolder { folder, .. }
            | Action::CompressEphys { folder, .. }
            | Action::ClipEphys { folder, .. }
            | Action::WriteOmeZarr { folder, .. }
            | Action::SendBehavior { folder, .. } => Some(folder.source.as_path()),
            Action::CopyDocuments { from, .. } => Some(from.as_path()),
            _ => None,
        })
    }

    /// How many stages are shared.
    pub fn stages(&self) -> usize {
        self.units.iter().map(|unit| unit.items.len()).max().unwrap_or_default()
    }

    /// Items of a stage, of all units.
    pub fn items(&self, stage: usize) -> u64 {
        self.units.iter().filter_map(|unit| unit.items.get(stage)).sum()
    }

    /// Bytes that a stage reads, about.
    pub fn bytes(&self, stage: usize) -> u64 {
        self.units.iter().filter_map(|unit| unit.bytes.get(stage)).sum()
    }

    /// Whether objects are moved, and no asset is made.
    pub fn is_move(&self) -> bool {
        self.units.iter().any(|unit| !unit.starts.is_empty())
    }

    /// Whether it makes an asset that has a record.
    pub fn has_record(&self) -> bool {
        self.plan.stages.iter().any(|stage| stage.name == StageName::Record)
    }

    /// Whether the same is asked for as by `other`: of the same sources, to be stored in the same way, whatever they hold by now.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        let steps = |work: &Self| -> Vec<_> {
            heavy(&work.plan).map(|(step, action, _)| (step.to_owned(), whatever_it_holds(action))).collect()
        };
        let moves = |work: &Self| work.is_move().then(|| work.again.clone());
        self.program == other.program && moves(self) == moves(other) && steps(self) == steps(other)
    }

    /// What a unit does.
    pub(super) fn kind<'a>(&'a self, unit: &'a Unit) -> Result<Kind<'a>, Fault> {
        if !unit.starts.is_empty() {
            return Ok(Kind::Objects(&unit.starts));
        }
        heavy(&self.plan)
            .find(|(step, ..)| *step == unit.step)
            .map(|(_, action, folder)| Kind::Step(action, folder))
            .ok_or_else(|| Fault::new(Class::BadInput, format!("the plan has no step `{}`", unit.step)))
    }
}

/// The steps that are cut into items: whatever reads much and needs no secret.
pub(super) fn heavy(plan: &Plan) -> impl Iterator<Item = (&str, &Action, &FolderWork)> {
    let data = plan.stages.iter().filter(|stage| stage.name == StageName::Data);
    data.flat_map(|stage| &stage.steps).filter_map(|step| match &step.action {
        action @ (Action::CopyFolder { folder, .. }
        | Action::ZipFolder { folder, .. }
        | Action::CompressEphys { folder, .. }
        | Action::WriteOmeZarr { folder, .. }) => Some((step.id.as_str(), action, folder)),
        _ => None,
    })
}

/// An action without what the survey counted in its folder.
fn whatever_it_holds(action: &Action) -> Action {
    let mut action = action.clone();
    let folder = match &mut action {
        Action::CopyFolder { folder, .. } | Action::ZipFolder { folder, .. } => folder,
        Action::CompressEphys { folder, streams: counted, .. }
        | Action::WriteOmeZarr { folder, tiles: counted, .. } => {
            *counted = 0;
            folder
        }
        _ => return action,
    };
    (folder.files, folder.bytes, folder.fingerprint) = (0, ByteSize(0), String::new());
    action
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(bytes);
    digest.finish()
}

/// The plan at `place`, if there is one. One that another version of this program made is refused, and so is one that is not of this
/// place or that adt would not have written: whoever may write at the destination may have changed it.
pub async fn read(place: &Place) -> Result<Option<WorkPlan>, Fault> {
    let Some(text) = bounded(place, &key(PLAN), LARGEST_PLAN).await? else { return Ok(None) };
    parse(&text, place.location()).map(Some)
}

/// The content of an object that is read into memory as a whole; `None` where it is gone.
pub(super) async fn bounded(place: &Place, key: &Key, most: u64) -> Result<Option<Bytes>, Fault> {
    let Some(found) = place.head(key).await? else { return Ok(None) };
    if found.size > most {
        let what =
            format!("`{}/{key}` has {} bytes; adt writes at most {most} there", place.location(), found.size);
        return Err(Fault::new(Class::BadInput, what).help(ANOTHER));
    }
    match place.get(key, None).await {
        Err(fault) if fault.class() == Class::Missing => Ok(None),
        text => text.map(Some),
    }
}

#[derive(Deserialize)]
struct Head {
    version: Option<u64>,
    program: Option<String>,
}

pub(super) fn parse(text: &[u8], of: &Location) -> Result<WorkPlan, Fault> {
    let unreadable = |e| {
        Fault::new(Class::BadInput, format!("the plan of `{of}` cannot be read")).because(e).help(ANOTHER)
    };
    let head: Head = serde_json::from_slice(text).map_err(unreadable)?;
    if head.version != Some(VERSION.into()) {
        let by = head.program.unwrap_or_else(|| "another program".to_owned());
        return Err(Fault::new(Class::BadInput, format!("the plan of `{of}` was made by {by}")).help(ANOTHER));
    }
    let plan: WorkPlan = serde_json::from_slice(text).map_err(unreadable)?;
    match wrong(&plan, of) {
        None => Ok(plan),
        Some(what) => {
            let what = format!("the plan of `{of}` was changed, or adt did not write it: {what}");
            Err(Fault::new(Class::BadInput, what).help(ANOTHER))
        }
    }
}

const ANOTHER: &str = "plan again with this program (`adt submit … --force`), or use the one that made it";

/// Why a plan is not one that this program makes for this place.
fn wrong(work: &WorkPlan, of: &Location) -> Option<String> {
    if !is_same(&work.plan.asset, of) {
        return Some(format!("it is for `{}`", work.plan.asset));
    }
    let version = work.program.strip_prefix("adt ").unwrap_or_default();
    if work.hash != hash_of(version, &work.units) {
        return Some("its hash is not that of its units".to_owned());
    }
    if work.again.len() > WORDS || work.again.iter().map(String::len).sum::<usize>() > WORDS << 10 {
        return Some("its command is too long".to_owned());
    }
    if work.units.len() > UNITS || work.is_move() && work.units.len() > 1 {
        return Some(format!("it has {} units", work.units.len()));
    }
    if let Some((unit, what)) = work.units.iter().find_map(|unit| Some((unit, odd(work, unit)?))) {
        return Some(format!("unit `{}`: {what}", unit.step.escape_debug()));
    }
    let sum = |of: fn(&Unit) -> &[u64]| {
        work.units.iter().flat_map(of).try_fold(0, |sum: u64, n| sum.checked_add(*n))
    };
    let all = (sum(|unit| &unit.items), sum(|unit| &unit.bytes));
    matches!(all, (None, _) | (_, None)).then(|| "its items are too many".to_owned())
}

fn odd(work: &WorkPlan, unit: &Unit) -> Option<String> {
    let Ok(kind) = work.kind(unit) else { return Some("the plan has no such step".to_owned()) };
    if unit.items.len() > STAGES || unit.bytes.len() > STAGES {
        return Some(format!("{} stages", unit.items.len()));
    }
    // Of images, items are not looked at one by one.
    let images = matches!(kind, Kind::Step(Action::WriteOmeZarr { .. }, _));
    let most = if images { ITEMS_OF_IMAGES } else { ITEMS };
    if let Some(items) = unit.items.iter().find(|items| **items > most) {
        return Some(format!("{items} items"));
    }
    let hash = match kind {
        Kind::Step(action, _) => hash_of_step(action, &unit.items),
        Kind::Objects(starts) => {
            if unit.items != [starts.len() as u64] || !starts.is_sorted() || unit.bytes.len() != 1 {
                return Some("its batches are not in order".to_owned());
            }
            hash_of_move(&work.plan.origin.source, starts, unit.bytes[0])
        }
    };
    (unit.hash != hash).then(|| "its hash is not that of its work".to_owned())
}

/// Whether two locations are the same place; folders may be spelled in several ways.
pub fn is_same(one: &Location, other: &Location) -> bool {
    let real = |location: &Location| match location {
        Location::Folder(path) => path.canonicalize_utf8().ok(),
        _ => None,
    };
    one == other || matches!((real(one), real(other)), (Some(one), Some(other)) if one == other)
}

/// The content of a marker.
pub(super) async fn made(place: &Place, key: &Key) -> Result<Made, Fault> {
    let text = bounded(place, key, LARGEST_MARKER).await?.ok_or_else(|| {
        Fault::new(Class::Transient, format!("`{key}` was removed while the work was finished"))
            .help("run the same command again")
    })?;
    let no_marker = || Fault::new(Class::Corrupt, format!("`{key}` is not a marker"));
    let made: Made = serde_json::from_slice(&text).map_err(|e| no_marker().because(e))?;
    let largest = made.objects.iter().flat_map(|object| [object.size, object.source_size.unwrap_or(0)]).max();
    if largest.unwrap_or(0).max(made.read) > i64::MAX as u64 {
        return Err(no_marker());
    }
    Ok(made)
}

pub(super) async fn put(place: &Place, key: &Key, value: &impl Serialize) -> Result<(), Fault> {
    let bytes = serde_json::to_vec(value).expect("a record of plain fields");
    let crc64 = Crc64(adt_codec::crc64(&bytes));
    place.put(key, Block { bytes: bytes.into(), crc64 }, &ObjectMeta::default()).await.map(drop)
}

/// Whether it is plan, marker or log.
pub(super) fn is_ours(key: &Key) -> bool {
    key.as_str().split('/').next() == Some(FOLDER)
}

/// A name below the folder.
pub(super) fn key(name: &str) -> Key {
    Key::parse(format!("{FOLDER}/{name}")).expect("words, numbers and slashes")
}

/// The marker of an item: a folder for each stage, the unit's hash, the item's number in the unit.
pub(super) fn marker(stage: usize, unit: &Unit, item: u64) -> Key {
    key(&format!("stage-{stage}/{}-{item}.done", unit.hash))
}

/// Where it is told that an item could not be done.
pub(super) fn failure(stage: usize, unit: &Unit, item: u64) -> Key {
    key(&format!("failed/stage-{stage}-{}-{item}.json", unit.hash))
}

fn hash_of(version: &str, units: &[Unit]) -> String {
    hash(&serde_json::to_string(&(version, units)).expect("records of plain fields"))
}

/// Of a step's unit.
pub(super) fn hash_of_step(action: &Action, items: &[u64]) -> String {
    hash(&serde_json::to_string(&(action, items)).expect("records of plain fields"))
}

/// Of the unit of objects that are moved from `source`.
pub(super) fn hash_of_move(source: &str, starts: &[Key], bytes: u64) -> String {
    hash(&serde_json::to_string(&(source, starts, bytes)).expect("texts and numbers"))
}

pub(super) fn hash(text: &str) -> String {
    format!("{:016x}", adt_codec::crc64(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::imaging::Share;

    /// Units lie one after the other; an item's share follows from its place among all of them.
    #[test]
    fn every_item_of_every_unit_is_in_one_share() {
        for units in [&[1_u64][..], &[3, 0, 5, 1], &[7, 7], &[0]] {
            for of in 1..12 {
                let mut before = 0;
                for items in units {
                    for item in 0..*items {
                        let owners =
                            (0..of).filter(|number| Share { number: *number, of }.has(before + item));
                        assert_eq!(owners.count(), 1, "{units:?} {of} {item}");
                    }
                    before += items;
                }
            }
        }
    }
}
