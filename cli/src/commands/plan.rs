//! `adt plan`

use std::collections::BTreeMap;

use adt_engine::prepare;
use adt_model::{Class, Facts, JobSpec, Plan};
use camino::Utf8Path;

use adt_plan::cluster::simulate::{Load, load};

use super::{BAD_INPUT, DONE, check::from_fault, cluster, look::Look, sorted, tell};
use crate::{
    args::{Common, Planned, Tuning},
    input, settings, show,
};

pub(super) fn run(asked: &Planned, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let jobs = &asked.jobs;
    let settings = settings::resolve(common, &Tuning::default(), vars)?;
    let (specs, written) = sorted(input::rows(jobs, common, vars, &settings)?);
    let mut look = Look::new(&settings, vars)?;
    let problems = look.unforgiven(written, &specs)?;
    let mut obstacles = false;
    for spec in &specs {
        let plan = planned(spec, &mut look);
        obstacles |= !plan.obstacles.is_empty();
        match asked.simulate_nodes {
            Some(tasks) if plan.obstacles.is_empty() => simulated(plan, tasks, common, vars)?,
            _ if common.json => show::json_line(&plan),
            _ => show::out(&format!("{}\n", show::plan(&plan))),
        }
    }
    if !problems.is_empty() {
        tell(&problems, common);
    } else if specs.is_empty() && !common.quiet {
        show::say("the list holds no jobs");
    }
    Ok(if problems.is_empty() && !obstacles { DONE } else { BAD_INPUT })
}

/// The plan for what can be seen now. A folder that is here and is not what the job says keeps it from starting; what cannot be seen from
/// here becomes a note.
fn planned(spec: &JobSpec, look: &mut Look) -> Plan {
    let (mut plan, fault) = match look.at(spec) {
        Ok((facts, fault)) => {
            let mut plan = adt_plan::plan(spec, &facts);
            plan.obstacles.extend(prepare::unknown_word(spec, &facts));
            let destination = Some(spec.destination.to_string());
            (plan, fault.map(|fault| ("destination", "s3_bucket".to_owned(), destination, fault)))
        }
        Err(amiss) => {
            let plan = adt_plan::plan(spec, &Facts::default());
            (plan, Some(("source", amiss.column, amiss.value, amiss.fault)))
        }
    };
    let Some((side, column, value, fault)) = fault else { return plan };
    // A plan is also made where there is no network, no credentials and no source. A refusal, or a folder here that is not what the job says,
    // keeps the job from running.
    let here = side == "source" && value.as_ref().is_some_and(|path| Utf8Path::new(path).exists());
    if matches!(fault.class(), Class::Transient | Class::Missing) && !here {
        plan.notes.insert(0, format!("the {side} could not be read: {}", fault.line()));
    } else {
        plan.obstacles.push(from_fault(spec, &column, value, &fault));
    }
    plan
}

/// How the work would fall on so many tasks.
fn simulated(plan: Plan, tasks: u64, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let (name, work) = (plan.name.clone(), cluster::units(plan, common, vars)?);
    let stages: Vec<_> = (0..work.stages())
        .map(|stage| {
            let of =
                |unit: &adt_engine::shares::Unit| Some((*unit.items.get(stage)?, *unit.bytes.get(stage)?));
            load(&work.units.iter().filter_map(of).collect::<Vec<_>>(), tasks)
        })
        .collect();
    if common.json {
        let stage = |load: &Load| {
            let Load { items, bytes, most_items, longest, idle } = load;
            serde_json::json!({ "items": items, "bytes": bytes, "most_items": most_items, "longest": longest, "idle": idle })
        };
        let stages: Vec<_> = stages.iter().map(stage).collect();
        show::json_line(&serde_json::json!({ "name": name, "tasks": tasks, "stages": stages }));
        return Ok(());
    }
    show::out(&show::simulated(&name, tasks, &stages));
    Ok(())
}
