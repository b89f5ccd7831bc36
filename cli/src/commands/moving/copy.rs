//! `adt copy` and `adt sync`

use std::sync::Arc;

use adt_engine::{
    Ctx, Summary,
    moving::{self, Asked, Comparison, Deletion, End},
};
use adt_model::{Class, Fault};
use adt_store::{Looks, Place, StoreOptions};

use super::{Vars, at_destination, ctx, end::Typed, names, pipe, selection, service, verify};
use crate::{
    args::{Common, Copy, LinksChoice, Sync},
    commands::{DONE, FAILED, ephys::drive},
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
    let ctx = ctx(&asked.tuning, &asked.clouds, &asked.from_side, &asked.rates, common, vars)?;
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
        ("-", destination) => {
            piped(asked)?;
            return pipe::in_from(destination, asked, common, ctx).await;
        }
        (source, "-") => {
            piped(asked)?;
            return pipe::out_of(source, asked, ctx).await;
        }
        _ => {}
    }
    let looks = match (asked.comparing.no_list, delete.is_some()) {
        (true, _) => Looks::None,
        (false, false) => Looks::Avoidable,
        (false, true) => Looks::Needed,
    };
    let wanted = wanted(asked, delete, looks, ctx).await?;
    let verb = if delete.is_some() { "sync --delete" } else { "copy" };
    let command = format!("adt {verb} {} {}", wanted.shown, Typed::read(&asked.destination)?.location);
    perform(wanted, &command, asked, common, ctx).await.map(|(_, code)| code)
}

/// What is moved, from what was typed.
pub(in crate::commands) async fn wanted(
    asked: &Copy,
    delete: Option<Deletion>,
    looks: Looks,
    ctx: &Arc<Ctx>,
) -> Result<Asked, Fault> {
    let (from, to) = (Typed::read(&asked.source)?, Typed::read(&asked.destination)?);
    service::check(&asked.clouds, &asked.from_side, &from.location, Some(&to.location))?;
    let one_service = service::is_one(&ctx.source.environment, &ctx.store.environment);
    if one_service {
        moving::apart(&from.location, &to.location, delete.is_some())?;
    }
    let no_list = asked.comparing.no_list;
    let options = StoreOptions { looks, ..at_destination(asked.selecting.links, ctx) };
    let source = from.source(&ctx.source).await?;
    let (source, destination, called) = match (source.only.clone(), &asked.files_from) {
        (Some(_), Some(_)) => {
            let what =
                format!("`{}` is one object, and `--files-from` names objects of a folder", asked.source);
            return Err(Fault::new(Class::BadInput, what).help("omit `--files-from`, or name the folder"));
        }
        (Some(name), None) => {
            let (end, called) = to.for_one(&name, no_list, &options).await?;
            (source, end, Some(called))
        }
        (None, Some(list)) => {
            let names = Arc::new(names::read(list)?);
            let end = End::open(&to.location, &options).await?;
            (source.naming(Arc::clone(&names), true), end.naming(names, false), None)
        }
        (None, None) => (source, End::open(&to.location, &options).await?, None),
    };
    let within = match &called {
        Some(called) if one_service => {
            moving::distinct(&from.location, &destination.place.location().join(called))?;
            None
        }
        None if one_service => moving::within(&from.location, &to.location),
        _ => None,
    };
    let backup = match &asked.comparing.backup_dir {
        Some(text) => Some(backup(text, &from, &to, ctx).await?),
        None => None,
    };
    if asked.files_from.is_some() && asked.selecting.links == LinksChoice::KeepAsObject {
        let what = "`--files-from` names files, and `--links keep-as-object` gives links other names";
        return Err(Fault::new(Class::BadInput, what).help("omit one of them"));
    }
    Ok(Asked {
        shown: from.location.to_string(),
        source,
        destination,
        called,
        selection: selection(&asked.selecting, asked.comparing.empty_dirs, (ctx.clock)())?,
        comparison: comparison(asked),
        delete,
        dry_run: asked.comparing.dry_run,
        no_list,
        ignore_existing: asked.comparing.ignore_existing,
        backup,
        within,
    })
}

/// What is one object has no use for flags that are for many, or for what is there already.
fn piped(asked: &Copy) -> Result<(), Fault> {
    let Copy { selecting, comparing, .. } = asked;
    let bounded = [selecting.min_size.is_some(), selecting.max_size.is_some()];
    let aged = [selecting.min_age.is_some(), selecting.max_age.is_some()];
    let flags = [
        ("--files-from", asked.files_from.is_some()),
        ("--ignore-existing", comparing.ignore_existing),
        ("--backup-dir", comparing.backup_dir.is_some()),
        ("--min-size` or `--max-size", bounded.contains(&true)),
        ("--min-age` or `--max-age", aged.contains(&true)),
        ("--no-list", comparing.no_list && asked.destination == "-"),
        ("--dry-run", comparing.dry_run && asked.destination == "-"),
        ("--include` or `--exclude", !selecting.globs.is_empty()),
        ("--empty-dirs", comparing.empty_dirs),
        ("--checksum", comparing.checksum),
        ("--size-only", comparing.size_only),
        ("--manifest", comparing.manifest.is_some()),
    ];
    match flags.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => {
            Err(Fault::new(Class::BadInput, format!("`{flag}` does nothing with `-`")).help("omit it"))
        }
        None => Ok(()),
    }
}

/// Where what is replaced or deleted goes: beside both sides, never below one of them.
async fn backup(text: &str, from: &Typed, to: &Typed, ctx: &Arc<Ctx>) -> Result<Place, Fault> {
    let location = Typed::read(text)?.location;
    for (side, other) in [("source", &from.location), ("destination", &to.location)] {
        if moving::overlap(&location, other) {
            let what = format!("`--backup-dir {text}` and the {side} `{other}` overlap");
            return Err(Fault::new(Class::BadInput, what).help("name a location outside of both sides"));
        }
    }
    Place::open(&location, &ctx.store).await
}

/// Moves it, and holds the destination against the source afterwards where that is asked for.
pub(in crate::commands) async fn perform(
    wanted: Asked,
    command: &str,
    asked: &Copy,
    common: &Common,
    ctx: &Arc<Ctx>,
) -> Result<(Summary, u8), Fault> {
    let summary = moving::copy(wanted.clone(), command, Arc::clone(ctx)).await?;
    show::ended(&summary, common);
    let code = summary.exit_code() as u8;
    let code = if code == DONE { listed(&wanted, asked, common, ctx).await? } else { code };
    Ok((summary, code))
}

/// Compares both sides and writes the manifest, where one was asked for.
pub(super) async fn listed(
    wanted: &Asked,
    asked: &Copy,
    common: &Common,
    ctx: &Arc<Ctx>,
) -> Result<u8, Fault> {
    let Some(path) = asked.comparing.manifest.as_ref().filter(|_| !asked.comparing.dry_run) else {
        return Ok(DONE);
    };
    let Asked { source, destination, called, selection, .. } = wanted.clone();
    let destination = match called {
        Some(key) => destination.only(key),
        None => destination,
    };
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
