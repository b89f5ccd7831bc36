//! Secrets given by reference are looked up before a list starts, so that a wrong reference is found then and not at the end.

use std::collections::BTreeMap;

use adt_engine::services::{Needed, at_hand};
use adt_model::{JobSpec, Problem, ProblemKind, SecretRef};

use crate::env;

/// What is wrong with the references of a job that this machine can resolve; a secret's text is never part of it.
pub(crate) fn problems(spec: &JobSpec, vars: &BTreeMap<String, String>) -> Vec<Problem> {
    let environment = env::handed_in(vars);
    let fields = [
        (Needed::PASSWORD, &spec.endpoints.video_encryption_password),
        (Needed::TOKEN, &spec.endpoints.codeocean_api_token),
    ];
    let problem = |(needed, reference): (Needed, &Option<SecretRef>)| {
        let fault = at_hand(&needed, reference.as_ref()?, &environment).err()?;
        let prefix = format!("`{}`: ", needed.column);
        let line = fault.line();
        Some(Problem {
            origin: spec.origin.clone(),
            column: needed.column.to_owned(),
            value: None,
            what: line.strip_prefix(&prefix).unwrap_or(&line).to_owned(),
            valid: fault.advice().unwrap_or_default().to_owned(),
            kind: ProblemKind::World,
        })
    };
    fields.into_iter().filter_map(problem).collect()
}
