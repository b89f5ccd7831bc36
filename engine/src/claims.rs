//! Who may order a pipeline: small objects beside the asset, by which processes with different ledgers on different machines agree.
//!
//! ```text
//! s3://bucket/lab/<asset>                                          the asset
//! s3://bucket/lab/.adt/pipelines/<asset>/<key>-<claim>.json        one claim of one process
//! ```
//!
//! No store needs to support conditional writes for this. A process writes its own claim, then lists all claims. It may order only if no
//! other claim appeared since it looked first; otherwise it withdraws its own and looks again. Of two processes that write at the same
//! time, the one that lists last sees the claim of the other, so at most one orders. This needs a store whose listing shows what was
//! written before (S3, Google Cloud Storage, Azure Blob and local file systems do; a network file system that caches folders may not).

use std::collections::BTreeSet;

use adt_model::{Class, Crc64, Fault, Key, Location};
use adt_store::{Block, ObjectMeta, Place, StoreOptions};
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The folder of all claims, beside the assets.
const FOLDER: &str = ".adt/pipelines";

/// No claim of ours is larger.
const LARGEST: u64 = 64 << 10;

/// More claims than that for one asset are not ours.
const MOST: usize = 1000;

/// What a claim says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// The order is sent, or is about to be; whether it arrived is not known.
    Ordering,
    /// The pipeline was started.
    Started,
    /// Nothing was started: the order was refused or never sent.
    Withdrawn,
}

/// One process's claim to order the pipeline of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// Which generation of the asset.
    pub key: String,
    /// The asset's input.
    pub fingerprint: String,
    /// How it stands.
    pub state: State,
    /// When it was made.
    pub at: Timestamp,
    /// The program that made it.
    pub program: String,
    /// What is ordered, without the token.
    pub request: String,
    /// Where a person sees what runs.
    pub look: String,
    /// What Code Ocean calls the computation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub computation: Option<String>,
}

/// A claim that was found; `None` for one that cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub name: Key,
    pub claim: Option<Claim>,
}

/// The claims of one asset.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    place: Place,
}

impl Claims {
    pub(crate) async fn open(asset: &Location, options: &StoreOptions) -> Result<Self, Fault> {
        let folder = key(FOLDER);
        let home = match asset.above() {
            Some((above, name)) => above.join(&folder).join(&name),
            None => asset.join(&folder),
        };
        Ok(Self { place: Place::open(&home, options).await? })
    }

    /// Where they are, for people.
    pub(crate) fn location(&self) -> &Location {
        self.place.location()
    }

    /// All claims but withdrawn ones.
    pub(crate) async fn read(&self) -> Result<Vec<Found>, Fault> {
        let mut found = Vec::new();
        for (name, size) in self.names().await? {
            let claim = match self.one(&name, size).await {
                Ok(claim) => claim,
                // Withdrawn since it was listed.
                Err(fault) if fault.class() == Class::Missing => continue,
                Err(fault) => return Err(fault),
            };
            if claim.as_ref().is_none_or(|claim| claim.state != State::Withdrawn) {
                found.push(Found { name, claim });
            }
        }
        Ok(found)
    }

    async fn names(&self) -> Result<Vec<(Key, u64)>, Fault> {
        let mut names = Vec::new();
        let mut pages = self.place.list();
        while let Some(page) = pages.try_next().await? {
            names.extend(page.into_iter().map(|object| (object.key, object.size)));
            if names.len() > MOST {
                let what = format!("`{}` holds more than {MOST} objects", self.location());
                return Err(Fault::new(Class::Conflict, what).help("remove what does not belong there"));
            }
        }
        Ok(names)
    }

    async fn one(&self, name: &Key, size: u64) -> Result<Option<Claim>, Fault> {
        if size > LARGEST {
            return Ok(None);
        }
        let text = self.place.get(name, None).await?;
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Writes `claim` under the name `own`. `false`, and withdrawn, where a claim that is not in `seen` appeared meanwhile.
    pub(crate) async fn make(&self, own: &Key, claim: &Claim, seen: &BTreeSet<Key>) -> Result<bool, Fault> {
        self.write(own, claim).await?;
        let listed = self.read().await;
        let (mut is_listed, mut others) = (false, 0_u64);
        for found in listed.iter().flatten() {
            is_listed |= found.name == *own;
            others += u64::from(found.name != *own && !seen.contains(&found.name));
        }
        if is_listed && others == 0 {
            return Ok(true);
        }
        self.withdraw(own, claim).await?;
        listed?;
        if is_listed {
            return Ok(false);
        }
        let what = format!("`{}` does not list the object that was just written there", self.location());
        Err(Fault::new(Class::Corrupt, what).help("check the endpoint: its listings cannot be trusted"))
    }

    /// Says what became of a claim.
    pub(crate) async fn write(&self, own: &Key, claim: &Claim) -> Result<(), Fault> {
        let bytes = serde_json::to_vec_pretty(claim).expect("a record of plain fields");
        let crc64 = Crc64(adt_codec::crc64(&bytes));
        let meta = ObjectMeta { content_type: Some("application/json".into()), ..ObjectMeta::default() };
        self.place.put(own, Block { bytes: bytes.into(), crc64 }, &meta).await.map(drop)
    }

    /// Nothing was ordered by this claim. Not every role may delete, so it is overwritten first.
    pub(crate) async fn withdraw(&self, own: &Key, claim: &Claim) -> Result<(), Fault> {
        self.write(own, &Claim { state: State::Withdrawn, ..claim.clone() }).await?;
        let _ = self.place.delete(own).await;
        Ok(())
    }
}

/// The name of a claim.
pub(crate) fn name(order: &str, claim: &str) -> Key {
    key(&format!("{order}-{claim}.json"))
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("words, digits and slashes")
}

/// Whether an order for the pipeline of `asset` was made whose outcome is not known, and where to look.
pub async fn undecided(asset: &Location, options: &StoreOptions) -> Result<Option<String>, Fault> {
    let claims = Claims::open(asset, options).await?;
    let found = claims.read().await?;
    let started = |found: &Found| found.claim.as_ref().is_some_and(|claim| claim.state == State::Started);
    if found.is_empty() || found.iter().any(started) {
        return Ok(None);
    }
    let look = found.into_iter().find_map(|found| Some(found.claim?.look));
    Ok(Some(look.unwrap_or_else(|| claims.location().to_string())))
}

/// The fault where it cannot be known whether a pipeline was started.
pub fn unknown(why: &str, look: &str) -> Fault {
    let what = format!("unknown whether the pipeline was started, so it is not repeated ({why})");
    Fault::new(Class::Refused, what).help(format!(
        "look here for a run of this asset: {look} ; only if there is none, run the same command with `--retrigger`"
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use adt_net::Environment;
    use camino::Utf8Path;

    use super::*;

    fn claim(state: State) -> Claim {
        Claim {
            key: "k".into(),
            fingerprint: "f".into(),
            state,
            at: Timestamp::UNIX_EPOCH,
            program: "adt".into(),
            request: "{}".into(),
            look: "https://ocean".into(),
            computation: None,
        }
    }

    async fn claims(root: &std::path::Path) -> Claims {
        let root = Utf8Path::from_path(root).unwrap();
        let options = StoreOptions::new(Environment::default(), Arc::new(Timestamp::now));
        Claims::open(&Location::Folder(root.join("asset")), &options).await.unwrap()
    }

    /// Many processes at the same moment, again and again: never two that may order.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_claims_at_the_same_time_one_at_most_is_granted() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..60_u64 {
            let asset = folder.path().join(round.to_string());
            let all = (0..4_u64).map(|process| {
                let asset = asset.clone();
                tokio::spawn(async move {
                    let claims = claims(&asset).await;
                    let seen = claims.read().await.unwrap();
                    if !seen.is_empty() {
                        return false;
                    }
                    let own = name("k", &format!("{process}"));
                    claims.make(&own, &claim(State::Ordering), &BTreeSet::new()).await.unwrap()
                })
            });
            let granted = futures::future::join_all(all).await;
            let granted = granted.into_iter().filter(|granted| *granted.as_ref().unwrap()).count();
            assert!(granted <= 1, "round {round}: {granted} were granted");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_counts_as_a_claim_and_what_is_withdrawn_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let claims = claims(folder.path()).await;
        let own = name("k", "0");
        assert!(claims.make(&own, &claim(State::Ordering), &BTreeSet::new()).await.unwrap());
        claims.withdraw(&own, &claim(State::Ordering)).await.unwrap();
        claims.write(&name("k", "1"), &claim(State::Withdrawn)).await.unwrap();
        assert!(claims.read().await.unwrap().is_empty());
        let home = folder.path().join(".adt/pipelines/asset");
        fs_err::write(home.join("k-2.json"), "{\"state\":").unwrap();
        fs_err::write(home.join("k-3.json"), vec![b' '; 70_000]).unwrap();
        let found = claims.read().await.unwrap();
        assert!(found.len() == 2 && found.iter().all(|found| found.claim.is_none()), "{found:?}");
        assert!(!claims.make(&own, &claim(State::Ordering), &BTreeSet::new()).await.unwrap());
        let seen = found.into_iter().map(|found| found.name).collect();
        assert!(claims.make(&own, &claim(State::Ordering), &seen).await.unwrap());
    }
}
