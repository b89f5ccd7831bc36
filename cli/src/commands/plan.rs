//! `adt plan`

use std::collections::BTreeMap;

use adt_model::{Facts, JobSpec, Plan};

use super::{BAD_INPUT, DONE, look::Look, sorted, tell};
use crate::{
    args::{Common, Jobs, Tuning},
    input, settings, show,
};

pub(super) fn run(jobs: &Jobs, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let settings = settings::resolve(common, &Tuning::default(), vars)?;
    let (specs, written) = sorted(input::rows(jobs, common, vars, settings.manner)?);
    let mut look = Look::new(&settings, vars)?;
    let problems = look.unforgiven(written, &specs)?;
    let mut obstacles = false;
    for spec in &specs {
        let plan = planned(spec, &mut look);
        obstacles |= !plan.obstacles.is_empty();
        if common.json { show::json_line(&plan) } else { show::out(&format!("{}\n", show::plan(&plan))) }
    }
    if !problems.is_empty() {
        tell(&problems, common);
    } else if specs.is_empty() && !common.quiet {
        show::say("the list holds no jobs");
    }
    Ok(if problems.is_empty() && !obstacles { DONE } else { BAD_INPUT })
}

/// The plan for what can be seen now; what cannot be seen becomes a note.
fn planned(spec: &JobSpec, look: &mut Look) -> Plan {
    match look.at(spec) {
        Ok((facts, None)) => adt_plan::plan(spec, &facts),
        Ok((facts, Some(fault))) => {
            let mut plan = adt_plan::plan(spec, &facts);
            plan.notes.insert(0, format!("the destination could not be looked at: {}", fault.line()));
            plan
        }
        Err(amiss) => {
            let mut plan = adt_plan::plan(spec, &Facts::default());
            plan.notes.insert(0, format!("the source could not be looked at: {}", amiss.fault.line()));
            plan
        }
    }
}
