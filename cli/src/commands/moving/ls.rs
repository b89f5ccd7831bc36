//! `adt ls`

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{Ctx, moving};
use adt_model::{ByteSize, Class, Fault};
use adt_store::Found;
use serde::Serialize;

use super::{Vars, ctx, end::Typed, selection, service};
use crate::{
    args::{Common, FromSide, Ls, Rates},
    commands::{DONE, FAILED, ephys::drive},
    show,
};

/// One line with `--json`.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
}

pub(crate) fn run(asked: &Ls, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let ctx = ctx(&asked.tuning, &asked.clouds, &FromSide::default(), &Rates::default(), common, vars)?;
    match drive(&ctx, Box::pin(listed(asked, common, &ctx))) {
        Ok(()) => Ok(DONE),
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

async fn listed(asked: &Ls, common: &Common, ctx: &Arc<Ctx>) -> Result<(), Fault> {
    let typed = Typed::read(&asked.location)?;
    service::check(&asked.clouds, &FromSide::default(), &typed.location, None)?;
    let end = typed.source(&ctx.source).await?;
    let selection = selection(&asked.selecting, false, (ctx.clock)())?;
    // What lies in a folder is counted for it; folders come in the order of their names.
    let mut folders: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let (mut objects, mut bytes) = (0, 0);
    let mut each = |found: Found| {
        ctx.stop.check()?;
        objects += 1;
        bytes += found.size;
        if let Some((folder, _)) = found.key.as_str().split_once('/').filter(|_| !asked.recursive) {
            let sum = folders.entry(format!("{folder}/")).or_default();
            *sum = (sum.0 + 1, sum.1 + found.size);
        } else {
            let modified = found.modified.or(found.written);
            tell(&Line { path: found.key.as_str(), size: found.size, modified, objects: None }, common);
        }
        Ok(())
    };
    moving::list(&end, &selection, &mut each).await?;
    for (path, (objects, size)) in &folders {
        tell(&Line { path, size: *size, modified: None, objects: Some(*objects) }, common);
    }
    if objects == 0 {
        return Err(Fault::new(Class::Missing, format!("there is nothing at `{}`", asked.location)));
    }
    if !common.json && !common.quiet {
        show::say(&format!("{}, {}", show::count(objects, "object"), ByteSize(bytes)));
    }
    Ok(())
}

fn tell(line: &Line<'_>, common: &Common) {
    if common.json {
        return show::json_line(line);
    }
    let when = match (line.modified, line.objects) {
        (Some(time), _) => format!("{time:.0}"),
        (None, Some(objects)) => show::count(objects, "object"),
        _ => String::new(),
    };
    show::row(&format!("{:>12}  {when:<20}  {}", ByteSize(line.size).to_string(), line.path));
}
