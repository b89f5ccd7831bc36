//! What stands in `.adt-work/` beside an unfinished asset.

use adt_ledger::ObjectRow;
use adt_model::{Action, ByteSize, Class, Crc64, Fault, FolderWork, Key, Plan, StageName};
use adt_store::{Block, ObjectMeta, Place};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The folder of plan, markers and logs.
pub(super) const FOLDER: &str = ".adt-work";

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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
        let text = serde_json::to_string(&(version, &units)).expect("records of plain fields");
        Self { version: VERSION, program: format!("adt {version}"), hash: hash(&text), again, plan, units }
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

/// The plan that stands at `place`, if there is one. One that another version of this program made is refused.
pub async fn read(place: &Place) -> Result<Option<WorkPlan>, Fault> {
    let key = key("plan.json");
    let text = match place.get(&key, None).await {
        Ok(text) => text,
        Err(fault) if fault.class() == Class::Missing && place.head(&key).await?.is_none() => {
            return Ok(None);
        }
        Err(fault) => return Err(fault),
    };
    let of = place.location();
    let unreadable = |e| {
        Fault::new(Class::BadInput, format!("the plan of `{of}` cannot be read")).because(e).help(ANOTHER)
    };
    let value: Value = serde_json::from_slice(&text).map_err(unreadable)?;
    if value.get("version") != Some(&VERSION.into()) {
        let by = value.get("program").and_then(Value::as_str).unwrap_or("another program");
        return Err(Fault::new(Class::BadInput, format!("the plan of `{of}` was made by {by}")).help(ANOTHER));
    }
    serde_json::from_value(value).map(Some).map_err(unreadable)
}

const ANOTHER: &str = "plan again with this program (`adt submit … --force`), or use the one that made it";

/// The content of a marker.
pub(super) async fn made(place: &Place, key: &Key) -> Result<Made, Fault> {
    let text = place.get(key, None).await?;
    serde_json::from_slice(&text)
        .map_err(|e| Fault::new(Class::Corrupt, format!("`{key}` is no marker")).because(e))
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
