//! From the words of `adt submit` to what stands at the destinations before anybody works.

use std::sync::Arc;

use adt_engine::{
    Ctx,
    imaging::alone::plan_of,
    moving::Asked as Moved,
    shares::{self, WorkPlan},
};
use adt_model::{Fault, Location, Plan};
use adt_store::Looks;
use camino::Utf8Path;

use super::{
    Vars,
    jobs::{self, Asked},
};
use crate::{
    args::{Common, Submit, Tuning},
    commands::{
        ephys::{absolute, drive, location},
        imaging::convert,
        moving, tell,
    },
    settings, show,
};

/// What is to be done at a destination, and the words that end it on any machine.
pub(super) struct Wanted {
    what: What,
    again: Vec<String>,
}

enum What {
    Asset(Box<Plan>),
    Move(Box<Moved>),
}

/// What is to be done for each asset that is not complete; `None` after the list's problems were told.
pub(super) fn plans(
    asked: &Submit,
    common: &Common,
    vars: &Vars,
    ctx: &Arc<Ctx>,
) -> anyhow::Result<Option<Vec<Wanted>>> {
    match Asked::parse(&asked.what)? {
        Asked::Images(images, n5) => {
            let unsaid = images.of_source.links.is_none();
            let setting = settings::resolve(common, &Tuning::default(), vars)?.manner.links;
            let mut images = convert::asked(&images, n5, setting)?;
            images.resume = true;
            let mut again = again(asked, &images.source)?;
            if unsaid {
                // Another machine may have another setting.
                again.extend(["--links".to_owned(), images.links.to_string()]);
            }
            let what = What::Asset(Box::new(drive(ctx, plan_of(images, ctx))?));
            Ok(Some(vec![Wanted { what, again }]))
        }
        Asked::Move(copy, delete) => {
            let ctx = moving::tuned(Arc::clone(ctx), &copy.clouds, &copy.from_side, &copy.rates)?;
            let what =
                What::Move(Box::new(drive(&ctx, moving::copy::wanted(&copy, delete, Looks::Needed, &ctx))?));
            let again = again_of_places(&asked.what, [&copy.source, &copy.destination])?;
            Ok(Some(vec![Wanted { what, again }]))
        }
        Asked::List(run) => {
            let (mut specs, problems) = jobs::specs(&run, common, vars)?;
            if !problems.is_empty() {
                tell(&problems, common);
                return Ok(None);
            }
            let list = run.jobs.list.clone().or_else(|| run.jobs.csv_file.clone()).unwrap_or_default();
            let again = again(asked, &absolute(&list)?)?;
            let mut plans = Vec::new();
            for spec in &mut specs {
                spec.force_cloud_sync |= asked.force;
                match drive(ctx, shares::session(spec, ctx))? {
                    Some(plan) => {
                        let what = What::Asset(Box::new(plan));
                        plans.push(Wanted { what, again: again.clone() });
                    }
                    None => show::say(&format!("{} is complete already", spec.asset_name())),
                }
            }
            Ok(Some(plans))
        }
    }
}

/// The words that end the work on any machine: paths do not depend on the working folder.
fn again(asked: &Submit, path: &Utf8Path) -> Result<Vec<String>, Fault> {
    let mut words = asked.what.clone();
    for word in &mut words {
        if let Ok(full) = absolute(Utf8Path::new(word.as_str()))
            && full == path
        {
            *word = full.into_string();
        }
    }
    // A destination that is a folder, too.
    if words.first().is_some_and(|word| word == "imaging")
        && let Some(last) = words.iter_mut().skip(2).filter(|word| !word.starts_with('-')).nth(1)
        && let Location::Folder(folder) = location(last)?
    {
        *last = folder.into_string();
    }
    Ok(words)
}

/// The same for places that are folders here.
fn again_of_places(words: &[String], places: [&String; 2]) -> Result<Vec<String>, Fault> {
    let mut words = words.to_vec();
    for word in words.iter_mut().filter(|word| places.contains(&&**word)) {
        if let Location::Folder(folder) = location(word)? {
            let end = if word.ends_with(['/', std::path::MAIN_SEPARATOR]) { "/" } else { "" };
            *word = format!("{}{end}", folder.as_str().trim_end_matches('/'));
        }
    }
    Ok(words)
}

pub(super) fn planned(plans: Vec<Wanted>, asked: &Submit, ctx: &Arc<Ctx>) -> Result<Vec<WorkPlan>, Fault> {
    let mut works = Vec::new();
    for Wanted { what, again } in plans {
        works.push(match what {
            What::Asset(plan) => drive(ctx, shares::prepare(*plan, again, asked.force, ctx))?,
            What::Move(moved) => drive(ctx, shares::prepare_move(*moved, again, asked.force, ctx))?,
        });
    }
    Ok(works)
}
