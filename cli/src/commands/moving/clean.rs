//! `adt clean`

use adt_engine::{Ctx, moving};
use adt_model::{Class, Fault, Key, Location};
use adt_store::Place;
use camino::Utf8Path;

use super::{Vars, ctx, end::Typed, service};
use crate::{
    args::{Clean, Common, FromSide, Rates},
    commands::{DONE, FAILED, ephys::drive},
    show,
};

pub(crate) fn run(asked: &Clean, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let ctx = ctx(&asked.tuning, &asked.clouds, &FromSide::default(), &Rates::default(), common, vars)?;
    let typed = Typed::read(&asked.location)?;
    let location = typed.location.clone();
    service::check(&asked.clouds, &FromSide::default(), &location, None)?;
    let (dry_run, json) = (asked.dry_run, common.json);
    let mut tell = |key: &Key, id: &str| {
        if json {
            show::json_line(&serde_json::json!({"path": key.as_str(), "upload": id, "dry_run": dry_run}));
        } else {
            show::row(&format!("{}  {key}", if dry_run { "would go" } else { "thrown away" }));
        }
    };
    let work = async {
        let place = Place::open(&location, &ctx.store).await?;
        if let Location::Folder(path) = &location {
            is_folder(path)?;
        }
        let count = moving::clean(&place, dry_run, &mut tell).await?;
        // A bucket that answers is there, although it may be empty.
        if count == 0 && !location.is_folder() && location.above().is_some() {
            holds_objects(&typed, &ctx).await?;
        }
        Ok(count)
    };
    match drive(&ctx, work) {
        Ok(count) => {
            if !common.quiet {
                let verb = if dry_run { "would be thrown away" } else { "thrown away" };
                show::say(&format!("{} {verb}", show::count(count, "unfinished upload")));
            }
            Ok(DONE)
        }
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

fn is_folder(path: &Utf8Path) -> Result<(), Fault> {
    match fs_err::metadata(path) {
        Ok(data) if data.is_dir() => Ok(()),
        Ok(_) => {
            Err(Fault::new(Class::BadInput, format!("`{path}` is not a folder"))
                .help("name the folder above it"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Fault::new(Class::Missing, format!("the folder `{path}` does not exist"))
                .help("check the path"))
        }
        Err(error) => Err(Fault::io(format!("cannot look at `{path}`"), error)),
    }
}

/// Called when nothing unfinished was found: without any object the name may be misspelt.
async fn holds_objects(typed: &Typed, ctx: &Ctx) -> Result<(), Fault> {
    match typed.holds_anything(ctx).await {
        // Credentials may have the right to list uploads, and not objects.
        Err(fault) if fault.class() != Class::Refused => Err(fault),
        Ok(false) => {
            let what =
                format!("there is nothing at `{}`: no object and no unfinished upload", typed.location);
            Err(Fault::new(Class::Missing, what).help("check the name; upper and lower case are different"))
        }
        _ => Ok(()),
    }
}
