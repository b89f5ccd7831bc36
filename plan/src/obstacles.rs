//! What this version cannot do. Said before anything starts, never discovered half way.

use adt_model::{JobSpec, Location, ModalitySpec, Problem, ProblemKind};

/// Everything about `spec` that keeps it from being started; needs no look at the world.
pub fn obstacles(spec: &JobSpec) -> Vec<Problem> {
    let mut found: Vec<_> =
        spec.modalities.iter().filter(|m| needs_transform(m)).map(|m| transform_missing(spec, m)).collect();
    if let Location::Gs { .. } | Location::Az { .. } = spec.destination {
        found.push(problem(
            spec,
            "s3_bucket",
            spec.destination.to_string(),
            "this version writes to S3 and to folders only",
            "a bucket's bare name, `s3://bucket/prefix` or `file:///folder`",
        ));
    }
    if let Some(behavior) = &spec.behavior_dir {
        let inside = spec.modalities.iter().filter(|m| m.source.starts_with(behavior));
        found.extend(inside.map(|m| {
            problem(
                spec,
                &m.source_column,
                m.source.to_string(),
                "the folder lies inside `behavior_dir`, whose data must not be uploaded as it is",
                "a folder outside it, or another `behavior_dir`",
            )
        }));
    }
    found
}

/// Extracellular electrophysiology is not zipped: its compression is a transcoding of its own.
pub(crate) fn needs_transform(modality: &ModalitySpec) -> bool {
    modality.modality.is_ecephys() && modality.compress_raw_data
}

fn transform_missing(spec: &JobSpec, modality: &ModalitySpec) -> Problem {
    problem(
        spec,
        &modality.source_column,
        modality.source.to_string(),
        "compressing ecephys (Open Ephys to Zarr with WavPack) is not in this version",
        "`compress_raw_data` = false for this modality sends the folder as it is",
    )
}

fn problem(spec: &JobSpec, column: &str, value: String, what: &str, valid: &str) -> Problem {
    Problem {
        origin: spec.origin.clone(),
        column: column.to_owned(),
        value: Some(value),
        what: what.to_owned(),
        valid: valid.to_owned(),
        kind: ProblemKind::World,
    }
}
