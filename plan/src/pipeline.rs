//! What starts the pipeline, and what a job lacks that is to start one.

use adt_model::{Action, Endpoints, JobSpec, Stage, StageName, Trigger};

/// The last stage of a job that is to start a pipeline and has all that is needed for it.
pub(crate) fn stage(spec: &JobSpec) -> Option<Stage> {
    let trigger = trigger(spec)?;
    Some(crate::single(StageName::Trigger, "trigger", Action::Trigger(trigger)))
}

fn trigger(spec: &JobSpec) -> Option<Trigger> {
    let endpoints = &spec.endpoints;
    let process_capsule = endpoints.codeocean_process_capsule_id.clone();
    let job_type = match &process_capsule {
        Some(_) => "run_generic_pipeline",
        None => spec.platform.abbreviation(),
    };
    Some(Trigger {
        domain: endpoints.codeocean_domain.clone()?,
        capsule: endpoints.codeocean_trigger_capsule_id.clone()?,
        version: version(endpoints).ok()?,
        process_capsule,
        job_type: job_type.to_owned(),
        modalities: spec.modalities.iter().map(|m| m.modality.abbreviation().to_owned()).collect(),
    })
}

/// Capsules are versioned by whole numbers, sometimes written `v2` or `2.0`; `Err` is the text that is neither.
fn version(endpoints: &Endpoints) -> Result<Option<u64>, String> {
    let Some(text) = &endpoints.codeocean_trigger_capsule_version else { return Ok(None) };
    let digits = text.trim().trim_start_matches(['v', 'V']);
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    digits.parse().map(Some).map_err(|_| text.clone())
}

/// Columns of what is missing or wrong, with what they must hold; nothing for a job that starts no pipeline. What a parameter may
/// still bring is not missing.
pub(crate) fn lacking(spec: &JobSpec) -> Vec<(&'static str, Option<String>, &'static str)> {
    let endpoints = &spec.endpoints;
    if !endpoints.wants_pipeline() {
        return Vec::new();
    }
    let mut found = Vec::new();
    if endpoints.aws_param_store_name.is_none() {
        let needed = [
            (
                "codeocean_domain",
                endpoints.codeocean_domain.is_none(),
                "Code Ocean's address, such as `https://codeocean.lab.org`",
            ),
            (
                "codeocean_trigger_capsule_id",
                endpoints.codeocean_trigger_capsule_id.is_none(),
                "the id of the capsule that starts the pipeline",
            ),
            (
                "codeocean_api_token",
                endpoints.codeocean_api_token.is_none(),
                "a token, or better where it is: `env:NAME`, `file:PATH`, `ssm:/path`, `secretsmanager:name`",
            ),
        ];
        found.extend(
            needed.into_iter().filter(|(_, lacks, _)| *lacks).map(|(column, _, valid)| (column, None, valid)),
        );
    }
    if let Err(text) = version(endpoints) {
        found.push(("codeocean_trigger_capsule_version", Some(text), "a whole number"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("3", Ok(Some(3)))]
    #[case(" v2 ", Ok(Some(2)))]
    #[case("2.0", Ok(Some(2)))]
    #[case("2.1", Err("2.1".to_owned()))]
    #[case("latest", Err("latest".to_owned()))]
    fn versions_are_whole_numbers(#[case] text: &str, #[case] read: Result<Option<u64>, String>) {
        let endpoints =
            Endpoints { codeocean_trigger_capsule_version: Some(text.into()), ..Endpoints::default() };
        assert_eq!(version(&endpoints), read);
    }
}
