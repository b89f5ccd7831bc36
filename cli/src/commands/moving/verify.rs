//! `adt verify`

use std::{io::Write, sync::Arc};

use adt_engine::{
    Ctx,
    moving::{self, Finding, Proof, Report, Source, Wrong},
};
use adt_model::{ByteSize, Class, Fault};
use camino::Utf8Path;

use super::{Vars, ctx, end::Typed, selection, service};
use crate::{
    args::{Common, Rates, Verify},
    commands::{
        DONE, FAILED,
        ephys::{absolute, drive},
    },
    show,
};

pub(crate) fn run(asked: &Verify, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let ctx = ctx(&asked.tuning, &asked.clouds, &asked.from_side, &Rates::default(), common, vars)?;
    match drive(&ctx, Box::pin(verified(asked, common, &ctx))) {
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

async fn verified(asked: &Verify, common: &Common, ctx: &Arc<Ctx>) -> Result<u8, Fault> {
    let first = Typed::read(&asked.source)?;
    let second = asked.destination.as_deref().map(Typed::read).transpose()?;
    let there = second.as_ref().map(|there| &there.location);
    service::check(&asked.clouds, &asked.from_side, &first.location, there)?;
    let first = first.source(&ctx.source).await?;
    let (source, destination, manifest) = match (&second, &asked.manifest) {
        (Some(there), manifest) => {
            let mut there = there.source(&ctx.store).await?;
            // One object keeps its name below a folder, as it does when it is copied.
            if there.only.is_none() {
                there.only.clone_from(&first.only);
            }
            let manifest = manifest.as_deref().map(created).transpose()?;
            (Source::Place(first), there, manifest)
        }
        (None, Some(manifest)) => (Source::Manifest(absolute(manifest)?), first, None),
        (None, None) => {
            let fault =
                Fault::new(Class::BadInput, "there is one place only, and nothing to hold it against");
            return Err(fault.help("name a second place, or a list with `--manifest FILE`"));
        }
    };
    let selection = selection(&asked.selecting, false, (ctx.clock)())?;
    proven(Proof { source, destination, selection, download: asked.download, manifest }, common, ctx).await
}

/// Where a list goes. It is written as it is found out, so that it ends where the work ended.
pub(super) fn created(path: &Utf8Path) -> Result<Box<dyn Write + Send>, Fault> {
    let file = fs_err::File::create(path).map_err(|e| Fault::io("cannot write the manifest", e))?;
    Ok(Box::new(std::io::BufWriter::new(file)))
}

pub(super) async fn proven(asked: Proof, common: &Common, ctx: &Arc<Ctx>) -> Result<u8, Fault> {
    let json = common.json;
    let mut tell = |wrong: Wrong| {
        if json {
            show::json_line(&wrong);
        } else {
            show::row(&line(&wrong));
        }
    };
    let report = moving::prove(asked, ctx, &mut tell).await?;
    if json {
        show::json_line(&report);
    }
    if !common.quiet || !report.holds() {
        let text = account(&report);
        if json { show::say(&text) } else { show::row(&text) }
    }
    Ok(if report.holds() { DONE } else { FAILED })
}

fn line(wrong: &Wrong) -> String {
    let path = if wrong.path.is_empty() { "(a name)" } else { &wrong.path };
    match &wrong.what {
        Finding::Missing => format!("missing    {path}"),
        Finding::Extra => format!("extra      {path}"),
        Finding::Different { why } => format!("DIFFERENT  {path}: {why}"),
        Finding::Unknown { why } => format!("UNKNOWN    {path}: {why}"),
    }
}

fn account(report: &Report) -> String {
    let how: Vec<_> = [
        (report.by_kept_checksums, "by the checksums that both sides keep"),
        (report.by_reading_files, "by reading files of this machine"),
        (report.by_downloading, "by downloading"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, how)| format!("{count} {how}"))
    .collect();
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
    let wrong: Vec<_> = [
        (report.missing, "missing"),
        (report.different, "different"),
        (report.unknown, "could not be compared"),
        (report.extra, "extra"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    let wrong = if wrong.is_empty() { "nothing else".to_owned() } else { wrong.join(", ") };
    format!(
        "{} the same, {}{how}; {wrong}{}",
        show::count(report.same, "object"),
        ByteSize(report.bytes),
        show::unchecked(report.unchecked)
    )
}
