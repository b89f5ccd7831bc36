//! What this version cannot do, and what a job lacks. Said before anything starts, never discovered half way.

use adt_model::{Facts, JobSpec, Problem, ProblemKind, Schema, Transform};

use crate::{
    notes::{not_compressed, not_converted},
    pipeline,
};

/// Everything about `spec` that keeps it from being started; needs no look at the world.
pub fn obstacles(spec: &JobSpec) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some(behavior) = &spec.behavior_dir {
        let inside = spec.modalities.iter().filter(|m| m.source.starts_with(behavior));
        found.extend(inside.map(|m| {
            problem(
                spec,
                &m.source_column,
                Some(m.source.to_string()),
                "the folder lies inside `behavior_dir`, whose videos must not be uploaded as they are",
                "a folder outside it, or another `behavior_dir`",
            )
        }));
    }
    found.extend(pipeline::lacking(spec).into_iter().map(|(column, value, valid)| {
        let what =
            if value.is_none() { "is needed to start a pipeline" } else { "is no version of a capsule" };
        problem(spec, column, value, what, valid)
    }));
    found.extend(schema(spec));
    found
}

/// Recordings that cannot be read, each with the note that says the same: such a job saves the rest and then fails, unless that is accepted.
pub fn unread(spec: &JobSpec, facts: &Facts) -> Vec<(String, Problem)> {
    let folders = spec.modalities.iter().zip(&facts.folders);
    let ephys = folders.filter_map(|(modality, seen)| Some((modality, seen.ephys.as_ref()?)));
    let images = spec.modalities.iter().zip(&facts.folders);
    let images = images
        .filter_map(|(modality, seen)| Some((modality, seen.imaging.as_ref()?)))
        .filter(|(_, imaging)| imaging.config.transform == Transform::Zarr && !imaging.tiles.is_empty());
    let images = images.flat_map(|(modality, imaging)| {
        imaging.unread.iter().map(move |what| {
            let value = Some(modality.source.to_string());
            let valid =
                "everything else would be saved; leave it out with `exclude_patterns` in `extra_configs`";
            let problem = problem(spec, &modality.source_column, value, what, valid);
            (not_converted(modality, what), Problem { kind: ProblemKind::World, ..problem })
        })
    });
    let refused = ephys.filter(|(_, ephys)| !ephys.config.accept_unread);
    let each =
        refused.flat_map(|(modality, ephys)| ephys.unread.iter().map(move |what| (modality, ephys, what)));
    each.map(|(modality, ephys, what)| {
        let valid = "everything else would be saved; `accept_unread_streams` in `extra_configs` accepts it";
        let value = Some(modality.source.to_string());
        let problem = Problem {
            kind: ProblemKind::World,
            ..problem(spec, &modality.source_column, value, what, valid)
        };
        (not_compressed(modality, ephys, what), problem)
    })
    .chain(images)
    .collect()
}

/// What only a look at the folders can tell.
pub(crate) fn seen(spec: &JobSpec, facts: &Facts) -> Vec<Problem> {
    let mut found = without_files(spec, facts);
    let endpoints = &spec.endpoints;
    let videos = facts.behavior.as_ref().map_or(0, |behavior| behavior.videos);
    if videos > 0 && endpoints.video_encryption_password.is_none() && endpoints.aws_param_store_name.is_none()
    {
        found.push(problem(
            spec,
            "video_encryption_password",
            None,
            "is needed to encrypt the videos of `behavior_dir`",
            "a password, or better where it is: `env:NAME`, `file:PATH`, `ssm:/path`, `secretsmanager:name`",
        ));
    }
    let described = facts.documents.iter().any(|document| document.name == "data_description.json");
    if spec.manner.schema == Schema::V2 && !described {
        found.extend(undescribed(spec));
    }
    found
}

/// Source folders in which there is no file to upload: mostly a wrong path, or a disk that is not mounted.
fn without_files(spec: &JobSpec, facts: &Facts) -> Vec<Problem> {
    if spec.manner.allow_empty {
        return Vec::new();
    }
    let modalities = spec.modalities.iter().zip(&facts.folders);
    let sources =
        modalities.map(|(modality, seen)| (modality.source_column.as_str(), &modality.source, seen));
    let behavior = spec.behavior_dir.as_ref().zip(facts.behavior.as_ref());
    let behavior = behavior.map(|(dir, seen)| ("behavior_dir", dir, &seen.folder));
    let empty = sources.chain(behavior).filter(|(_, _, seen)| seen.files == 0 && seen.set_aside.is_empty());
    let problems = empty.map(|(column, source, seen)| {
        let what = match seen.left_out.named.first() {
            None => "the folder holds no file".to_owned(),
            Some(first) => format!("the folder holds no file to upload; left out: {first}"),
        };
        let valid = "check the path, and that its disk is mounted; `allow_empty` = true uploads the session without these files";
        problem(spec, column, Some(source.to_string()), &what, valid)
    });
    problems.collect()
}

/// What a description of schema v2 must say; who leads and who pays may be the metadata service's to tell.
fn undescribed(spec: &JobSpec) -> impl Iterator<Item = Problem> {
    let told =
        spec.endpoints.metadata_service_domain.is_some() || spec.endpoints.aws_param_store_name.is_some();
    let needed = [
        ("project_name", spec.project_name.is_none(), "the project's name"),
        ("investigators", !told && spec.people.investigators.is_empty(), "full names, separated by `;`"),
        ("funding_source", !told && spec.people.funding.is_empty(), "who pays, such as `Allen Institute`"),
    ];
    needed.into_iter().filter(|(_, lacks, _)| *lacks).map(|(column, _, valid)| {
        let valid = format!("{valid}, or a `data_description.json` in `metadata_dir`");
        problem(spec, column, None, "is needed by documents of schema v2", &valid)
    })
}

fn schema(spec: &JobSpec) -> Option<Problem> {
    let both = spec.manner.schema == Schema::V2 && spec.manner.strict_compat;
    both.then(|| {
        problem(
            spec,
            "schema",
            Some("v2".into()),
            "the original's documents are of schema v1",
            "`schema` = v1, or no `strict_compat`",
        )
    })
}

fn problem(spec: &JobSpec, column: &str, value: Option<String>, what: &str, valid: &str) -> Problem {
    Problem {
        origin: spec.origin.clone(),
        column: column.to_owned(),
        value,
        what: what.to_owned(),
        valid: valid.to_owned(),
        kind: ProblemKind::World,
    }
}
