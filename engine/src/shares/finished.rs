//! What says that shared copying is done, once the plan is gone. An asset has its record for that; copied objects have nothing of the kind,
//! so a small object beside the destination says it to processes with other ledgers.
//!
//! ```text
//! s3://bucket/data/<name>                       the destination
//! s3://bucket/data/.adt/finished/<name>.json    when it was done, and what was there then
//! ```

use adt_model::{Class, Fault, Key, Location};
use adt_store::{Place, StoreOptions};
use futures::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::{WorkPlan, bounded, put};

/// The folder of all of them, beside the destinations.
const FOLDER: &str = ".adt/finished";

/// None of ours is larger.
const LARGEST: u64 = 64 << 10;

/// What was there when the copying was done.
#[derive(Debug, Serialize, Deserialize)]
struct Finished {
    /// Where the objects came from.
    source: String,
    /// When.
    at: Timestamp,
    /// Objects of the destination.
    objects: u64,
}

/// Where it is said, and under which name; nowhere for a whole bucket, which has nothing beside it.
async fn beside(destination: &Location, options: &StoreOptions) -> Result<Option<(Place, Key)>, Fault> {
    let Some((above, name)) = destination.above() else { return Ok(None) };
    let key = |text: String| {
        Key::parse(text).map_err(|error| Fault::new(Class::Bug, "a name that is not a key").because(error))
    };
    let place = Place::open(&above.join(&key(FOLDER.to_owned())?), options).await?;
    Ok(Some((place, key(format!("{name}.json"))?)))
}

/// Says that everything of a plan that copies objects is done. Its destination has all of them.
pub async fn say_finished(
    place: &Place,
    plan: &WorkPlan,
    options: &StoreOptions,
    at: Timestamp,
) -> Result<(), Fault> {
    if !plan.is_move() {
        return Ok(());
    }
    let Some((folder, name)) = beside(place.location(), options).await? else { return Ok(()) };
    let finished = Finished { source: plan.plan.origin.source.clone(), at, objects: objects(place).await? };
    put(&folder, &name, &finished).await
}

/// What is planned anew is not done.
pub(super) async fn forget_finished(destination: &Location, options: &StoreOptions) -> Result<(), Fault> {
    match beside(destination, options).await? {
        Some((folder, name)) if folder.head(&name).await?.is_some() => folder.delete(&name).await,
        _ => Ok(()),
    }
}

/// Whether copying into this place is done, and everything that was there then still is.
pub(super) async fn is_finished(place: &Place, options: &StoreOptions) -> Result<bool, Fault> {
    let Some((folder, name)) = beside(place.location(), options).await? else { return Ok(false) };
    let Some(text) = bounded(&folder, &name, LARGEST).await? else { return Ok(false) };
    let Ok(finished) = serde_json::from_slice::<Finished>(&text) else { return Ok(false) };
    let there = objects(place).await?;
    if there >= finished.objects {
        return Ok(true);
    }
    let what = format!(
        "copying from `{}` was done at {:.0} with {} objects in `{}`, and {there} are there now",
        finished.source,
        finished.at,
        finished.objects,
        place.location()
    );
    Err(Fault::new(Class::Missing, what).help("`adt submit` plans the copying anew"))
}

/// How many objects a place has; those of the work itself do not count.
async fn objects(place: &Place) -> Result<u64, Fault> {
    let (mut count, mut pages) = (0, place.list());
    while let Some(page) = pages.try_next().await? {
        count += page.iter().filter(|found| !super::plan::is_ours(&found.key)).count() as u64;
    }
    Ok(count)
}
