//! `adt check`

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{Ctx, Stop, survey};
use adt_model::{Fault, JobSpec, Problem, ProblemKind, Standing};

use super::{BAD_INPUT, DONE, sorted, tell};
use crate::{
    args::{Common, Jobs},
    input, secrets, settings, show, wire,
};

pub(super) fn run(jobs: &Jobs, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let settings = settings::resolve(common, &jobs.tuning, vars)?;
    let (specs, mut problems) = sorted(input::rows(jobs, common, vars)?);
    for spec in &specs {
        problems.extend(adt_plan::obstacles(spec));
        problems.extend(secrets::problems(spec, vars));
    }
    let ctx = wire::ctx(&settings, vars, false, Arc::new(|_| {}), Stop::default())?;
    let runtime = wire::runtime()?;
    for spec in &specs {
        // A row whose text is already wrong would only say the same again.
        if !problems.iter().any(|problem| problem.origin == spec.origin) {
            problems.extend(runtime.block_on(look(spec, &ctx)));
        }
    }
    if problems.is_empty() {
        let n = specs.len();
        show::say(&format!("{n} job{} checked: no problems", if n == 1 { "" } else { "s" }));
        return Ok(DONE);
    }
    tell(&problems, common);
    Ok(BAD_INPUT)
}

/// What the world has against the job.
async fn look(spec: &JobSpec, ctx: &Arc<Ctx>) -> Vec<Problem> {
    match survey::whole(spec, ctx).await {
        Err(fault) => vec![from_fault(spec, "", None, &fault)],
        Ok((_, Some(fault))) => {
            vec![from_fault(spec, "s3_bucket", Some(spec.destination.to_string()), &fault)]
        }
        Ok((facts, None)) if !spec.force_cloud_sync => in_the_way(spec, facts.standing).into_iter().collect(),
        Ok(_) => Vec::new(),
    }
}

fn in_the_way(spec: &JobSpec, standing: Standing) -> Option<Problem> {
    let what = match standing {
        Standing::Foreign => "exists already and was not begun by this ledger",
        Standing::DoneOtherwise => "is complete since an earlier run, and its input has changed since",
        _ => return None,
    };
    Some(Problem {
        origin: spec.origin.clone(),
        column: "s3_bucket".into(),
        value: Some(spec.destination.to_string()),
        what: format!("`{}` {what}", spec.asset()),
        valid: "`force_cloud_sync` completes it (only what differs is sent)".into(),
        kind: ProblemKind::World,
    })
}

fn from_fault(spec: &JobSpec, column: &str, value: Option<String>, fault: &Fault) -> Problem {
    Problem {
        origin: spec.origin.clone(),
        column: column.to_owned(),
        value,
        what: fault.line(),
        valid: fault.advice().unwrap_or_default().to_owned(),
        kind: ProblemKind::World,
    }
}
