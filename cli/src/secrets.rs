//! Secrets given by reference are looked up before a job starts, so that a wrong reference is found then and not at the end.

use std::collections::BTreeMap;

use adt_model::{JobSpec, Problem, ProblemKind, Secret, SecretRef};

/// What is wrong with the references of a job; a secret's text is never part of it.
pub(crate) fn problems(spec: &JobSpec, vars: &BTreeMap<String, String>) -> Vec<Problem> {
    let fields = [
        ("video_encryption_password", &spec.endpoints.video_encryption_password),
        ("codeocean_api_token", &spec.endpoints.codeocean_api_token),
    ];
    let problem = |(column, reference): (&str, &Option<SecretRef>)| {
        let (what, valid) = look_up(reference.as_ref()?, vars).err()?;
        Some(Problem {
            origin: spec.origin.clone(),
            column: column.to_owned(),
            value: None,
            what,
            valid,
            kind: ProblemKind::World,
        })
    };
    fields.into_iter().filter_map(problem).collect()
}

/// The secret's text; `None` for one that only the parameter store can tell.
fn look_up(
    reference: &SecretRef,
    vars: &BTreeMap<String, String>,
) -> Result<Option<Secret>, (String, String)> {
    match reference {
        SecretRef::Inline(secret) => Ok(Some(secret.clone())),
        SecretRef::Env(name) => match vars.get(name).filter(|v| !v.is_empty()) {
            Some(text) => Ok(Some(Secret::new(text.as_str()))),
            None => Err((format!("the environment variable `{name}` is not set"), format!("set `{name}`"))),
        },
        SecretRef::File(path) => match fs_err::read_to_string(path) {
            Ok(text) if text.trim_end_matches(['\r', '\n']).is_empty() => {
                Err((format!("`{path}` is empty"), "a file that holds the secret".into()))
            }
            Ok(text) => Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n'])))),
            Err(e) => {
                Err((format!("cannot read `{path}` ({})", e.kind()), "a file that you may read".into()))
            }
        },
        SecretRef::Ssm(_) => Ok(None),
    }
}
