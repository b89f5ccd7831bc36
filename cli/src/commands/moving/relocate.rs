//! `adt move`

use std::sync::Arc;

use adt_engine::{Ctx, moving};
use adt_model::{Class, Fault};
use adt_store::Looks;

use super::{Vars, copy, ctx, end::Typed, service};
use crate::{
    args::{Common, Copy},
    commands::{DONE, FAILED, ephys::drive},
    show,
};

pub(crate) fn run(asked: &Copy, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let ctx = ctx(&asked.tuning, &asked.clouds, &asked.from_side, &asked.rates, common, vars)?;
    match drive(&ctx, Box::pin(moved(asked, common, &ctx))) {
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

async fn moved(asked: &Copy, common: &Common, ctx: &Arc<Ctx>) -> Result<u8, Fault> {
    if asked.source == "-" || asked.destination == "-" {
        return Err(
            Fault::new(Class::BadInput, "`-` cannot be moved").help("`adt copy` reads and writes `-`")
        );
    }
    if asked.comparing.no_list {
        let what =
            "`--no-list` proves nothing about the destination, so that nothing may be deleted at the source";
        return Err(Fault::new(Class::BadInput, what).help("omit `--no-list`, or use `adt copy`"));
    }
    let typed = Typed::read(&asked.source)?;
    let (from, to) = (typed.location.clone(), Typed::read(&asked.destination)?.location);
    // Two endpoints may be two names of one service, and then the copy would be the original.
    let one_service = service::is_one(&ctx.source.environment, &ctx.store.environment);
    if !one_service && moving::overlap(&from, &to) {
        let what =
            format!("`{from}` and `{to}` may be the same place under two endpoints, so nothing is moved");
        return Err(Fault::new(Class::BadInput, what)
            .help("use `adt copy` and `adt verify`, then delete the source yourself"));
    }
    let command = format!("adt move {from} {to}");
    if !asked.comparing.dry_run && ctx.ledger.was_done_by(&command)? && !typed.holds_anything(ctx).await? {
        if !common.quiet {
            show::say(&format!(
                "`{from}` is already moved to `{to}` by an earlier run: nothing is left to move"
            ));
        }
        return Ok(DONE);
    }
    let wanted = copy::wanted(asked, None, Looks::Needed, ctx).await?;
    let mut departed = None;
    let clear = async {
        if copy::listed(&wanted, asked, common, ctx).await? != DONE {
            let what = "the copy could not be verified, so nothing was deleted at the source";
            return Err(Fault::new(Class::Corrupt, what));
        }
        let kept = departed.insert(moving::clear_source(&wanted, ctx).await?).kept;
        if kept == 0 { Ok(()) } else { Err(still_there(kept)) }
    };
    let summary = moving::copy_then(wanted.clone(), &command, clear, Arc::clone(ctx)).await?;
    show::ended(&summary, common);
    if let Some(departed) = departed.filter(|departed| !common.quiet || departed.kept > 0) {
        show::say(&said(departed, asked.comparing.dry_run));
    }
    Ok(summary.exit_code() as u8)
}

fn still_there(kept: u64) -> Fault {
    let what = format!("{} could not be moved and stays at the source", show::count(kept, "object"));
    Fault::new(Class::Corrupt, what).help("see the messages above; the same command again moves the rest")
}

fn said(departed: moving::Departed, dry_run: bool) -> String {
    let verb = if dry_run { "would be deleted" } else { "deleted" };
    let deleted = format!("{} {verb} at the source", show::count(departed.deleted, "object"));
    match departed.kept {
        0 => deleted,
        kept => format!("{deleted}, {} kept there", show::count(kept, "object")),
    }
}
