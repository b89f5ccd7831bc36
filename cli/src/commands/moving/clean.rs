//! `adt clean`

use adt_engine::moving;
use adt_model::{Class, Key};
use adt_store::Place;

use super::{Vars, ctx, service};
use crate::{
    args::{Clean, Common, FromSide, Rates},
    commands::{
        DONE, FAILED,
        ephys::{drive, location},
    },
    show,
};

pub(crate) fn run(asked: &Clean, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let ctx = ctx(&asked.tuning, &asked.clouds, &FromSide::default(), &Rates::default(), common, vars)?;
    let location = location(&asked.location)?;
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
        moving::clean(&place, dry_run, &mut tell).await
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
