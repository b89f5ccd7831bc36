//! `adt copy`, `sync`, `move`, `verify`, `ls`, `clean`

mod clean;
pub(super) mod copy;
mod end;
mod ls;
mod names;
mod pipe;
mod relocate;
mod service;
mod verify;

pub(super) use clean::run as clean;
pub(super) use copy::{run as copy, sync};
pub(super) use ls::run as ls;
pub(super) use relocate::run as relocate;
pub(super) use verify::run as verify;

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{
    Ctx, Pace, Stop,
    moving::{Bounds, Selection},
};
use adt_formats::folder::{Choice, Links};
use adt_intake::Globs;
use adt_model::{Class, Fault, Key};
use adt_store::{Encryption, FolderLinks, MIN_PART, StoreOptions};
use jiff::Timestamp;

use crate::{
    args::{Clouds, Common, FromSide, LinksChoice, Rates, Selecting, Tuning},
    settings, show, wire,
};

pub(super) type Vars = BTreeMap<String, String>;

/// Everything a move needs.
fn ctx(
    tuning: &Tuning,
    clouds: &Clouds,
    from_side: &FromSide,
    rates: &Rates,
    common: &Common,
    vars: &Vars,
) -> Result<Arc<Ctx>, Fault> {
    let settings = settings::resolve(common, tuning, vars)?;
    let told = show::reporter(common, settings.log_level.unwrap_or_default());
    let ctx = wire::ctx(&settings, vars, wire::Ways::default(), told, Stop::default())?;
    tuned(ctx, clouds, from_side, rates)
}

/// The same with clouds asked as the person wants it.
pub(super) fn tuned(
    ctx: Arc<Ctx>,
    clouds: &Clouds,
    from_side: &FromSide,
    rates: &Rates,
) -> Result<Arc<Ctx>, Fault> {
    let mut ctx = Arc::unwrap_or_clone(ctx);
    ctx.store = asked(clouds, ctx.store)?;
    ctx.source = asked(clouds, ctx.source)?;
    let (there, here) = service::environments(&ctx.store.environment, clouds, from_side)?;
    (ctx.store.environment, ctx.source.environment) = (there, here);
    if let Some(rate) = rates.bandwidth {
        if rate.0 == 0 {
            return Err(Fault::new(Class::BadInput, "`--bandwidth 0` would move nothing")
                .help("write bytes a second, such as 50MiB, or omit it"));
        }
        ctx.pace = Pace::new(rate.0);
    }
    if let Some(size) = rates.part_size {
        if !(MIN_PART..=1 << 30).contains(&size.0) {
            let what = format!("`--part-size {size}` is not valid");
            return Err(Fault::new(Class::BadInput, what).help("write a size from 5MiB to 1GiB"));
        }
        ctx.settings.part_size = Some(size.0);
    }
    Ok(Arc::new(ctx))
}

fn asked(clouds: &Clouds, options: StoreOptions) -> Result<StoreOptions, Fault> {
    let encryption = match clouds.encryption.as_deref() {
        None => None,
        Some("service") => Some(Encryption::Service),
        Some(text) => {
            let id = text.strip_prefix("key:").filter(|id| !id.is_empty()).ok_or_else(|| {
                let what = format!("`--encryption {text}` is not valid");
                Fault::new(Class::BadInput, what).help("write `service` or `key:ID`")
            })?;
            Some(Encryption::Key(id.to_owned()))
        }
    };
    Ok(StoreOptions {
        anonymous: clouds.no_sign_request,
        requester_pays: clouds.requester_pays,
        tags: clouds.tags,
        storage_class: clouds.storage_class.clone(),
        encryption,
        ..options
    })
}

/// How a destination is opened: links in a folder are not followed there unless that is asked for.
fn at_destination(links: LinksChoice, ctx: &Ctx) -> StoreOptions {
    let folder_links = match links {
        LinksChoice::FollowAtDestination => FolderLinks::Always,
        _ => FolderLinks::Never,
    };
    StoreOptions { folder_links, ..ctx.store.clone() }
}

fn selection(selecting: &Selecting, empty_dirs: bool, now: Timestamp) -> Result<Selection, Fault> {
    let globs = Globs::new(&selecting.globs)?;
    let links = match selecting.links {
        LinksChoice::Follow | LinksChoice::FollowAtDestination => Links::Follow,
        LinksChoice::Skip => Links::Skip,
        LinksChoice::KeepAsObject => Links::Keep,
    };
    let (takes, enters) = (globs.clone(), globs.clone());
    let choice = Choice {
        takes: Arc::new(move |path| takes.takes(path)),
        enters: Arc::new(move |folder| enters.enters(folder)),
    };
    let takes = move |key: &Key| globs.takes(key.as_str());
    let bounds = Bounds {
        min_size: selecting.min_size.map(|size| size.0),
        max_size: selecting.max_size.map(|size| size.0),
        since: selecting.max_age.map(|age| age.moment(now)),
        before: selecting.min_age.map(|age| age.moment(now)),
    };
    let choice = (!selecting.globs.is_empty()).then_some(choice);
    Ok(Selection { takes: Arc::new(takes), choice, links, empty_dirs, bounds })
}
