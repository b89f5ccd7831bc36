//! `adt check`

use std::collections::BTreeMap;

use adt_model::{Fault, JobSpec, LeftOut, Problem, ProblemKind, Standing};

use super::{BAD_INPUT, DONE, look::Look, sorted, tell};
use crate::{
    args::{Common, Jobs, Tuning},
    input, secrets, settings, show,
};

pub(super) fn run(jobs: &Jobs, common: &Common, vars: &BTreeMap<String, String>) -> anyhow::Result<u8> {
    let settings = settings::resolve(common, &Tuning::default(), vars)?;
    let (specs, written) = sorted(input::rows(jobs, common, vars, &settings)?);
    let mut look = Look::new(&settings, vars)?;
    let mut problems = look.unforgiven(written, &specs)?;
    for spec in &specs {
        problems.extend(adt_plan::obstacles(spec));
        problems.extend(secrets::problems(spec, vars));
    }
    let (mut notes, mut left_out) = (BTreeMap::new(), LeftOut::default());
    for spec in &specs {
        // A row whose text is already wrong would only say the same again.
        if !problems.iter().any(|problem| problem.origin == spec.origin) {
            problems.extend(seen(spec, &mut look, &mut notes, &mut left_out));
        }
    }
    if !common.quiet {
        show::notes(&notes);
    }
    if !left_out.is_empty() {
        show::left_out(&left_out, common.quiet);
    }
    if problems.is_empty() {
        if !common.quiet {
            show::say(&match specs.len() as u64 {
                0 => "the list holds no jobs".to_owned(),
                n => format!("{} checked: no problems", show::count(n, "job")),
            });
        }
        return Ok(DONE);
    }
    tell(&problems, common);
    Ok(BAD_INPUT)
}

/// What the world has against the job: its folders and destination, then the services around it.
fn seen(
    spec: &JobSpec,
    look: &mut Look,
    notes: &mut BTreeMap<String, u64>,
    left_out: &mut LeftOut,
) -> Vec<Problem> {
    let (facts, fault) = match look.at(spec) {
        Err(amiss) => return vec![from_fault(spec, &amiss.column, amiss.value, &amiss.fault)],
        Ok(seen) => seen,
    };
    // Services are not asked for a job that is done.
    if facts.standing == Standing::Done && !spec.force_cloud_sync {
        let fault = look.since_done(spec).err();
        return fault
            .map(|fault| from_fault(spec, "s3_bucket", named(spec, "s3_bucket"), &fault))
            .into_iter()
            .collect();
    }
    let destination =
        fault.map(|fault| from_fault(spec, "s3_bucket", Some(spec.destination.to_string()), &fault));
    let unreachable = destination.is_some();
    let mut found: Vec<_> = destination.into_iter().collect();
    if !unreachable && !spec.force_cloud_sync {
        found.extend(in_the_way(spec, facts.standing));
    }
    let asked = look.ask(spec, &facts);
    left_out.add_all(&spec.asset_name(), &asked.left_out);
    found.extend(asked.obstacles);
    let (told, unread): (Vec<_>, Vec<_>) = adt_plan::unread(spec, &facts).into_iter().unzip();
    found.extend(unread);
    for note in asked.notes.into_iter().filter(|note| !told.contains(note)) {
        *notes.entry(note).or_default() += 1;
    }
    let told = asked.faults.into_iter().filter(|(column, _)| !(unreachable && *column == "s3_bucket"));
    found.extend(told.map(|(column, fault)| from_fault(spec, column, named(spec, column), &fault)));
    found
}

/// What the column says, where that is no secret.
fn named(spec: &JobSpec, column: &str) -> Option<String> {
    let endpoints = &spec.endpoints;
    match column {
        "s3_bucket" => Some(spec.destination.to_string()),
        "aws_param_store_name" => endpoints.aws_param_store_name.clone(),
        "codeocean_domain" => endpoints.codeocean_domain.as_deref().map(without_credentials),
        "metadata_service_domain" => endpoints.metadata_service_domain.as_deref().map(without_credentials),
        _ => None,
    }
}

/// An address without what somebody wrote before an `@`.
fn without_credentials(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://…{}", &address[..scheme], &address[at..]),
        (None, Some(at)) => format!("…{}", &address[at..]),
        _ => address.to_owned(),
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

/// A fault, at the column that it is about.
pub(super) fn from_fault(spec: &JobSpec, column: &str, value: Option<String>, fault: &Fault) -> Problem {
    Problem {
        origin: spec.origin.clone(),
        column: column.to_owned(),
        value,
        what: fault.line(),
        valid: fault.advice().unwrap_or_default().to_owned(),
        kind: ProblemKind::World,
    }
}
