//! The stores of recordings that a place holds, and what each of them says of itself.

use std::collections::{BTreeMap, BTreeSet};

use adt_formats::ephys_store::{Record, Stored};
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

/// The stores of one session, and the clipped copy of it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// What the names of its folders end in, mostly nothing: an asset may hold several sessions.
    pub number: String,
    pub stores: Vec<Seen>,
    /// Of the clipped copy, by the key within the session.
    pub clipped: BTreeMap<Key, Found>,
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
struct Listing {
    one_store: bool,
    /// By number.
    asset: BTreeMap<String, (StoresSeen, BTreeMap<Key, Found>)>,
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
            self.asset.entry(number.to_owned()).or_default().1.insert(inside, found);
        } else if let Some((prefix, inside)) = split_store(&key) {
            let stores = match first.strip_prefix(COMPRESSED) {
                Some(number) => &mut self.asset.entry(number.to_owned()).or_default().0,
                None => &mut self.loose,
            };
            let seen = stores
                .entry(Some(prefix.clone()))
                .or_insert_with(|| Seen { prefix: Some(prefix), ..Seen::default() });
            count(seen, inside, found.size);
        }
    }

    fn finish(self) -> Vec<Session> {
        let made = |(number, (stores, clipped)): (_, (BTreeMap<_, _>, _))| Session {
            number,
            stores: stores.into_values().collect(),
            clipped,
        };
        let sessions: Vec<_> = self.asset.into_iter().map(made).filter(|s| !s.stores.is_empty()).collect();
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
