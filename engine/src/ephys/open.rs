//! The stores of recordings that a place holds, and what each of them says of itself.

use std::collections::{BTreeMap, BTreeSet};

use adt_formats::{
    ephys_store::{FrameArray, Record, SegmentArrays, Stored},
    session_files,
};
use adt_model::{Class, Fault, Key, Location};
use adt_store::{Found, Place};
use futures::StreamExt;
use serde_json::Value;
use tokio::runtime::Handle;

use super::unpack::unpack;
use crate::delivery::off_the_reactor;

const COMPRESSED: &str = "ecephys_compressed";
const CLIPPED: &str = "ecephys_clipped";
const DOCUMENTS: [&str; 3] = [".zarray", ".zattrs", ".zgroup"];
const CONSOLIDATED: &str = ".zmetadata";
/// Objects beside the stores that are named, at most.
const MOST_STRAYS: usize = 1000;

/// Whether a folder's name is one of those that an asset has for recordings.
pub(super) fn is_made_by_us(name: &str) -> bool {
    name.starts_with(CLIPPED) || name.starts_with(COMPRESSED)
}

/// The stores of one session, and the clipped copy of it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// What the names of its folders end in, mostly nothing: an asset may hold several sessions.
    pub number: String,
    pub stores: Vec<Seen>,
    /// Of the clipped copy, by the key within the session.
    pub clipped: BTreeMap<Key, Found>,
    /// The list of the session's files, which newer assets have.
    pub files: Option<Found>,
    /// Objects beside the stores that belong to none.
    pub strays: Vec<Key>,
}

impl Session {
    /// Whether its stores lie in a folder as assets have it.
    pub(super) fn is_of_an_asset(&self) -> bool {
        let prefixes = self.stores.iter().filter_map(|seen| seen.prefix.as_ref());
        prefixes.into_iter().any(|prefix| prefix.as_str().starts_with(COMPRESSED))
    }
}

/// A store as a listing shows it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Where in the place; `None` if it is the place.
    pub prefix: Option<Key>,
    pub bytes: u64,
    /// Zarr's documents, relative to the store.
    pub documents: BTreeSet<String>,
}

impl Seen {
    pub(super) fn place(&self, place: &Place) -> Place {
        self.prefix.as_ref().map_or_else(|| place.clone(), |prefix| place.below(prefix))
    }

    /// As a person finds it.
    pub(super) fn name(&self, place: &Place) -> String {
        self.prefix.as_ref().map_or_else(|| place.location().to_string(), ToString::to_string)
    }
}

/// Lists a place: an asset, its folder of stores, or one store. No session is no fault here.
pub(super) async fn sessions(place: &Place) -> Result<Vec<Session>, Fault> {
    let mut listing = Listing { one_store: is_named_store(place.location()), ..Listing::default() };
    let mut pages = place.list();
    while let Some(page) = pages.next().await {
        page?.into_iter().for_each(|found| listing.add(found));
    }
    Ok(listing.finish())
}

/// The name ends in `.zarr`.
fn is_named_store(location: &Location) -> bool {
    location.to_string().trim_end_matches('/').strip_suffix(".zarr").is_some()
}

/// By prefix.
type StoresSeen = BTreeMap<Option<Key>, Seen>;

#[derive(Default)]
struct OfSession {
    stores: StoresSeen,
    clipped: BTreeMap<Key, Found>,
    files: Option<Found>,
    strays: Vec<Key>,
}

#[derive(Default)]
struct Listing {
    one_store: bool,
    /// By number.
    asset: BTreeMap<String, OfSession>,
    /// What lies in no folder of an asset.
    loose: StoresSeen,
}

impl Listing {
    fn add(&mut self, found: Found) {
        let key = found.key.as_str().to_owned();
        self.one_store |= key == ".zgroup" || key == ".zattrs" || key == CONSOLIDATED;
        if self.one_store {
            count(self.loose.entry(None).or_default(), &key, found.size);
            return;
        }
        let Some((first, rest)) = key.split_once('/') else { return };
        if let (Some(number), Ok(inside)) = (first.strip_prefix(CLIPPED), Key::parse(rest)) {
            let session = self.asset.entry(number.to_owned()).or_default();
            if rest == session_files::NAME {
                session.files = Some(found);
            } else {
                session.clipped.insert(inside, found);
            }
        } else if let Some((prefix, inside)) = split_store(&key) {
            let stores = match first.strip_prefix(COMPRESSED) {
                Some(number) => &mut self.asset.entry(number.to_owned()).or_default().stores,
                None => &mut self.loose,
            };
            let seen = stores
                .entry(Some(prefix.clone()))
                .or_insert_with(|| Seen { prefix: Some(prefix), ..Seen::default() });
            count(seen, inside, found.size);
        } else if let Some(number) = first.strip_prefix(COMPRESSED) {
            let session = self.asset.entry(number.to_owned()).or_default();
            if session.strays.len() < MOST_STRAYS {
                session.strays.push(found.key);
            }
        }
    }

    fn finish(self) -> Vec<Session> {
        let made = |(number, seen): (String, OfSession)| {
            let OfSession { stores, clipped, files, strays } = seen;
            Session { number, stores: stores.into_values().collect(), clipped, files, strays }
        };
        let is_one = |session: &Session| !session.stores.is_empty() || session.files.is_some();
        let sessions: Vec<_> = self.asset.into_iter().map(made).filter(is_one).collect();
        if !sessions.is_empty() || self.loose.is_empty() {
            return sessions;
        }
        vec![Session { stores: self.loose.into_values().collect(), ..Session::default() }]
    }
}

fn count(seen: &mut Seen, inside: &str, bytes: u64) {
    seen.bytes += bytes;
    if DOCUMENTS.contains(&inside.rsplit('/').next().unwrap_or_default()) || inside == CONSOLIDATED {
        seen.documents.insert(inside.to_owned());
    }
}

/// `a/b.zarr/c/0.0` is `c/0.0` of the store `a/b.zarr`.
fn split_store(key: &str) -> Option<(Key, &str)> {
    let end = key.find(".zarr/")? + ".zarr".len();
    Some((Key::parse(&key[..end]).ok()?, &key[end + 1..]))
}

/// Reads everything of a store but its long arrays.
pub(super) async fn open(place: &Place) -> Result<Stored, Fault> {
    let (place, runtime) = (place.clone(), Handle::current());
    off_the_reactor(move || {
        let get = |key: &Key| match runtime.block_on(place.get(key, None)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(fault) if fault.class() == Class::Missing => Ok(None),
            Err(fault) => Err(fault),
        };
        Stored::open(&get, &unpack)
    })
    .await
}

/// The documents of which the consolidated metadata say something else, or that are not there: one of the two is damaged.
pub(super) async fn contradictions(seen: &Seen, place: &Place, lanes: usize) -> Result<Vec<String>, Fault> {
    if !seen.documents.contains(CONSOLIDATED) {
        return Ok(vec![CONSOLIDATED.to_owned()]);
    }
    let whole = document(place, CONSOLIDATED).await?;
    let consolidated = whole.as_ref().and_then(|whole| whole.get("metadata")?.as_object());
    let Some(consolidated) = consolidated else { return Ok(vec![CONSOLIDATED.to_owned()]) };
    let listed = seen.documents.iter().filter(|name| *name != CONSOLIDATED);
    let names: BTreeSet<String> = listed.chain(consolidated.keys()).cloned().collect();
    let compare = |name: String| {
        let place = place.clone();
        async move { Ok((document(&place, &name).await?, name)) }
    };
    let compared: Vec<Result<(Option<Value>, String), Fault>> =
        futures::stream::iter(names.into_iter().map(compare)).buffered(lanes.max(1)).collect().await;
    let mut differing = Vec::new();
    for one in compared {
        let (there, name) = one?;
        if there.is_none() || there.as_ref() != consolidated.get(&name) {
            differing.push(name);
        }
    }
    Ok(differing)
}

/// The chunks of small arrays that are not as they were written, or not there.
pub(super) async fn damaged(stored: &Stored, place: &Place, lanes: usize) -> Result<Vec<String>, Fault> {
    let noted: Vec<_> = stored.record().into_iter().flat_map(Record::objects).collect();
    let check = |(name, sum): (&str, u64)| {
        let (place, name) = (place.clone(), name.to_owned());
        async move {
            let Ok(key) = Key::parse(name.as_str()) else { return Ok(Some(name)) };
            match place.get(&key, None).await {
                Ok(bytes) => Ok((adt_codec::crc64(&bytes) != sum).then_some(name)),
                Err(fault) if fault.class() == Class::Missing => Ok(Some(name)),
                Err(fault) => Err(fault),
            }
        }
    };
    let checked: Vec<Result<_, Fault>> =
        futures::stream::iter(noted.into_iter().map(check)).buffered(lanes.max(1)).collect().await;
    checked.into_iter().filter_map(Result::transpose).collect()
}

/// What a store has and what it ought to have.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// Objects that are not part of it.
    pub extra: Vec<String>,
    /// Objects that are not there.
    pub missing: Vec<String>,
}

/// Compares the objects of a store with those that its description names.
pub(super) async fn differences(stored: &Stored, place: &Place) -> Result<Differences, Fault> {
    let chunks = stored.segments().iter().flat_map(SegmentArrays::all).flat_map(FrameArray::chunks);
    let small = stored.record().into_iter().flat_map(Record::objects).map(|(key, _)| key.to_owned());
    let mut wanted: BTreeSet<String> = chunks.map(|chunk| chunk.key.to_string()).chain(small).collect();
    let mut found = Differences::default();
    let mut pages = place.list();
    while let Some(page) = pages.next().await {
        for object in page? {
            let key = object.key.as_str();
            let is_document = DOCUMENTS.contains(&key.rsplit('/').next().unwrap_or_default());
            if !wanted.remove(key) && !is_document && key != CONSOLIDATED {
                found.extra.push(key.to_owned());
            }
        }
    }
    found.missing = wanted.into_iter().collect();
    Ok(found)
}

/// `None` for what is no JSON, or not there.
async fn document(place: &Place, name: &str) -> Result<Option<Value>, Fault> {
    let Ok(key) = Key::parse(name) else { return Ok(None) };
    match place.get(&key, None).await {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(fault) if fault.class() == Class::Missing => Ok(None),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(keys: &[&str]) -> Vec<(String, Vec<String>, usize)> {
        let mut listing = Listing::default();
        for key in keys {
            let key = Key::parse(*key).unwrap();
            listing.add(Found::new(key, 1));
        }
        let store = |seen: &Seen| seen.prefix.as_ref().map_or(String::new(), ToString::to_string);
        let sessions = listing.finish().into_iter();
        sessions.map(|s| (s.number.clone(), s.stores.iter().map(store).collect(), s.clipped.len())).collect()
    }

    #[test]
    fn stores_are_found_in_an_asset_in_its_folder_and_alone() {
        let asset =
            ["SPIM.zarr/.zgroup", "ecephys_clipped/a/settings.xml", "ecephys_compressed/e.zarr/.zgroup"];
        assert_eq!(listed(&asset), [(String::new(), vec!["ecephys_compressed/e.zarr".into()], 1)]);
        let two = ["ecephys_compressed/e.zarr/.zgroup", "ecephys_compressed1/x/f.zarr/t/0.0"];
        assert_eq!(listed(&two).len(), 2);
        assert_eq!(listed(&["e.zarr/.zgroup", "f.zarr/t/0.0"])[0].1, ["e.zarr", "f.zarr"]);
        assert_eq!(listed(&[".zattrs", ".zgroup", "t/0.0"])[0].1, [""]);
        assert_eq!(listed(&["a/structure.oebin"]).len(), 0);
    }
}
