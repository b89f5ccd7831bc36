//! `adt plan`

use std::{collections::BTreeMap, sync::Arc};

use adt_engine::{Ctx, Stop, survey};
use adt_model::{Facts, JobSpec, Plan};

use super::{BAD_INPUT, DONE, sorted, tell};
use crate::{
    args::{Common, Jobs},
    input, settings, show, wire,
};

pub(super) fn run(jobs: &Jobs, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let settings = settings::resolve(common, &jobs.tuning, vars)?;
    let (specs, problems) = sorted(input::rows(jobs, common, vars)?);
    let ctx = wire::ctx(&settings, vars, false, Arc::new(|_| {}), Stop::default())?;
    let runtime = wire::runtime()?;
    let mut obstacles = false;
    for spec in &specs {
        let plan = runtime.block_on(planned(spec, &ctx));
        obstacles |= !plan.obstacles.is_empty();
        if common.json { show::json_line(&plan) } else { show::out(&format!("{}\n", show::plan(&plan))) }
    }
    if !problems.is_empty() {
        tell(&problems, common);
    }
    Ok(if problems.is_empty() && !obstacles { DONE } else { BAD_INPUT })
}

/// The plan for what can be seen now; what cannot be seen becomes a note.
async fn planned(spec: &JobSpec, ctx: &Arc<Ctx>) -> Plan {
    match survey::whole(spec, ctx).await {
        Ok((facts, None)) => adt_plan::plan(spec, &facts),
        Ok((facts, Some(fault))) => {
            let mut plan = adt_plan::plan(spec, &facts);
            plan.notes.insert(0, format!("the destination could not be looked at: {}", fault.line()));
            plan
        }
        Err(fault) => {
            let mut plan = adt_plan::plan(spec, &Facts::default());
            plan.notes.insert(0, format!("the source could not be looked at: {}", fault.line()));
            plan
        }
    }
}
