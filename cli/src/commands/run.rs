//! `adt run`

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{Asked, Stop};
use adt_ledger::Ledger;
use adt_model::{JobSpec, LogLevel, ProblemKind};

use super::{BAD_INPUT, FAILED, look::unforgiven, sorted, tell};
use crate::{
    args::{Common, Run},
    input, secrets, settings, show, stop, wire,
};

type Vars = BTreeMap<String, String>;

pub(super) fn run(asked: &Run, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let settings = settings::resolve(common, &asked.tuning, vars)?;
    let (specs, mut problems) = sorted(input::rows(&asked.jobs, common, vars, &settings)?);
    for spec in &specs {
        problems.extend(adt_plan::obstacles(spec));
        problems.extend(secrets::problems(spec, vars));
    }
    if problems.iter().any(|problem| problem.kind != ProblemKind::SourceMissing) {
        tell(&problems, common);
        return Ok(BAD_INPUT);
    }
    let known = Ledger::open_existing(&settings.ledger)?;
    let problems = unforgiven(problems, &specs, known.as_ref())?;
    if !problems.is_empty() {
        tell(&problems, common);
        return Ok(BAD_INPUT);
    }
    let told = show::reporter(common, settings.log_level.unwrap_or_else(|| most_said(&specs)));
    let ways = wire::Ways { fail_fast: asked.fail_fast, retrigger: asked.retrigger, no_list: asked.no_list };
    let ctx = wire::ctx(&settings, vars, ways, told, Stop::default())?;
    let wanted = Asked { jobs: specs, command: command_line(asked) };
    let summary = match stop::drive(&ctx, adt_engine::run(wanted, Arc::clone(&ctx))) {
        Ok(summary) => summary,
        // The ledger cannot be written any more; jobs may have begun.
        Err(error) => {
            show::error(&error.into());
            return Ok(FAILED);
        }
    };
    show::ended(&summary, common);
    Ok(summary.exit_code() as u8)
}

/// When nobody says otherwise, the job that asks for most is heard.
fn most_said(specs: &[JobSpec]) -> LogLevel {
    specs.iter().map(|spec| spec.log_level).min().unwrap_or_default()
}

/// The command as the ledger keeps it: JSON text is left out, since it may hold secrets.
fn command_line(asked: &Run) -> String {
    let jobs = &asked.jobs;
    let list = jobs.list.as_ref().or(jobs.csv_file.as_ref());
    let mut words = vec!["adt run".to_owned()];
    words.extend(list.map(ToString::to_string));
    let flags = [
        ("--json-args …", jobs.json_args.is_some()),
        ("--dry-run", jobs.flags.dry_run),
        ("--compress-raw-data", jobs.flags.compress_raw_data),
        ("--force-cloud-sync", jobs.flags.force_cloud_sync),
        ("--skip-staging", jobs.flags.skip_staging),
        ("--metadata-dir-force", jobs.flags.metadata_dir_force),
        ("--strict-compat", jobs.flags.manner.strict_compat),
        ("--allow-empty", jobs.flags.manner.allow_empty),
        ("--fail-fast", asked.fail_fast),
        ("--retrigger", asked.retrigger),
        ("--no-list", asked.no_list),
    ];
    words.extend(jobs.flags.manner.links.map(|links| format!("--links {links}")));
    words.extend(flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag.to_owned()));
    words.join(" ")
}
