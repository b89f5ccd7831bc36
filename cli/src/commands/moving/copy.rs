//! `adt copy` and `adt sync`

use std::sync::Arc;

use adt_engine::{
    Ctx, Summary,
    moving::{self, Asked, Comparison, Deletion, End, Selection},
};
use adt_model::{Class, Fault};

use super::{Vars, ctx, end::Typed, pipe, selection, verify};
use crate::{
    args::{Common, Copy, Sync},
    commands::{FAILED, ephys::drive},
    show,
};

pub(crate) fn sync(asked: &Sync, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    run(&asked.copy, asked.deletion(), common, vars)
}

/// With `delete`, what the source does not have is deleted at the destination, as far as that is allowed.
pub(crate) fn run(
    asked: &Copy,
    delete: Option<Deletion>,
    common: &Common,
    vars: &Vars,
) -> anyhow::Result<u8> {
    let ctx = ctx(&asked.tuning, &asked.clouds, &asked.rates, common, vars)?;
    let piped = asked.source == "-" || asked.destination == "-";
    if piped && delete.is_some() {
        return Err(Fault::new(Class::BadInput, "`-` is one object; there is nothing to remove").into());
    }
    match drive(&ctx, Box::pin(moved(asked, delete, common, &ctx))) {
        Ok(code) => Ok(code),
        Err(fault)
            if matches!(fault.class(), Class::BadInput | Class::Missing | Class::Bug | Class::Cancelled) =>
        {
            Err(fault.into())
        }
        Err(fault) => {
            show::error(&fault.into());
            Ok(FAILED)
        }
    }
}

async fn moved(asked: &Copy, delete: Option<Deletion>, common: &Common, ctx: &Arc<Ctx>) -> Result<u8, Fault> {
    match (asked.source.as_str(), asked.destination.as_str()) {
        ("-", "-") => return Err(Fault::new(Class::BadInput, "source and destination are both `-`")),
        ("-", destination) => return pipe::in_from(destination, asked, common, ctx).await,
        (source, "-") => return pipe::out_of(source, ctx).await,
        _ => {}
    }
    let wanted = wanted(asked, delete, ctx).await?;
    let verb = if delete.is_some() { "sync --delete" } else { "copy" };
    let command = format!("adt {verb} {} {}", wanted.shown, Typed::read(&asked.destination)?.location);
    perform(wanted, &command, asked, common, ctx).await.map(|(_, code)| code)
}

/// What is moved, from what was typed.
pub(in crate::commands) async fn wanted(
    asked: &Copy,
    delete: Option<Deletion>,
    ctx: &Arc<Ctx>,
) -> Result<Asked, Fault> {
    let (from, to) = (Typed::read(&asked.source)?, Typed::read(&asked.destination)?);
    moving::apart(&from.location, &to.location, delete.is_some())?;
    let source = from.source(ctx).await?;
    let (destination, called) = match &source.only {
        Some(name) => {
            let (end, called) = to.for_one(name, ctx).await?;
            (end, Some(called))
        }
        None => (End::open(&to.location, &ctx.store).await?, None),
    };
    Ok(Asked {
        shown: from.location.to_string(),
        source,
        destination,
        called,
        selection: selection(&asked.selecting, asked.comparing.empty_dirs)?,
        comparison: comparison(asked),
        delete,
        dry_run: asked.comparing.dry_run,
    })
}

/// Moves it, and holds the destination against the source afterwards where that is asked for.
pub(in crate::commands) async fn perform(
    wanted: Asked,
    command: &str,
    asked: &Copy,
    common: &Common,
    ctx: &Arc<Ctx>,
) -> Result<(Summary, u8), Fault> {
    let Asked { source, destination, called, selection, .. } = wanted.clone();
    let summary = moving::copy(wanted, command, Arc::clone(ctx)).await?;
    show::ended(&summary, common);
    let code = summary.exit_code() as u8;
    let code = match &asked.comparing.manifest {
        Some(path) if code == 0 && !asked.comparing.dry_run => {
            let there = match called {
                Some(key) => destination.only(key),
                None => destination,
            };
            listed(source, there, selection, path, common, ctx).await?
        }
        _ => code,
    };
    Ok((summary, code))
}

async fn listed(
    source: End,
    destination: End,
    selection: Selection,
    path: &camino::Utf8Path,
    common: &Common,
    ctx: &Arc<Ctx>,
) -> Result<u8, Fault> {
    if source.only != destination.only {
        return Err(Fault::new(
            Class::BadInput,
            "a manifest is of folders, or of an object that keeps its name",
        ));
    }
    let asked = moving::Proof {
        source: moving::Source::Place(source),
        destination,
        selection,
        download: false,
        manifest: Some(verify::created(path)?),
    };
    verify::proven(asked, common, ctx).await
}

fn comparison(asked: &Copy) -> Comparison {
    match (asked.comparing.checksum, asked.comparing.size_only) {
        (true, _) => Comparison::Checksum,
        (_, true) => Comparison::SizeOnly,
        _ => Comparison::Usual,
    }
}
