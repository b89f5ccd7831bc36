//! Jobs from wherever they were written.

use std::{collections::BTreeMap, io::Read};

use adt_intake::{MannerOverrides, Overrides, Row, SingleJob, from_bytes, from_file, from_flags, from_json};
use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    args::{Common, Jobs, Single},
    env::JSON_ARGS,
    settings::Settings,
};

/// Every row of whatever was given: a file, standard input, JSON text, flags, or the original's variable.
pub(crate) fn rows(
    jobs: &Jobs,
    common: &Common,
    vars: &BTreeMap<String, String>,
    settings: &Settings,
) -> Result<Vec<Row>, Fault> {
    let cwd = working_folder()?;
    let over = overrides(jobs, settings);
    let single = flags(&jobs.single, common);
    let list = jobs.list.as_ref().or(jobs.csv_file.as_ref());
    if let (true, Some(flag)) = (list.is_some() || jobs.json_args.is_some(), any_flag(&jobs.single)) {
        return Err(Fault::new(
            Class::BadInput,
            format!("`{flag}` describes one job, and a list is given too"),
        )
        .help("give either a list or the flags of one job"));
    }
    if let Some(path) = list {
        return if path == "-" { from_stdin(&cwd, &over) } else { from_file(path, &cwd, &over) };
    }
    if let Some(text) = &jobs.json_args {
        return Ok(from_json(text, "--json-args", &cwd, &over));
    }
    if any_flag(&jobs.single).is_some() {
        return Ok(from_flags(&single, &cwd, &over));
    }
    match vars.get(JSON_ARGS) {
        Some(text) => Ok(from_json(text, JSON_ARGS, &cwd, &over)),
        None => Err(Fault::new(Class::BadInput, "no jobs are given")
            .help("name a CSV or JSON file, `-` for standard input, `--json-args JSON`, or the flags of one job; see `--help`")),
    }
}

fn from_stdin(cwd: &Utf8Path, over: &Overrides) -> Result<Vec<Row>, Fault> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|e| Fault::io("cannot read standard input", e))?;
    Ok(from_bytes(&bytes, "standard input", cwd, over))
}

fn working_folder() -> Result<Utf8PathBuf, Fault> {
    let cwd = std::env::current_dir().map_err(|e| Fault::io("cannot tell the working folder", e))?;
    Utf8PathBuf::from_path_buf(cwd).map_err(|path| {
        Fault::new(
            Class::BadInput,
            format!("the name of the working folder `{}` is not UTF-8", path.display()),
        )
    })
}

fn overrides(jobs: &Jobs, settings: &Settings) -> Overrides {
    let manner = &jobs.flags.manner;
    Overrides {
        dry_run: jobs.flags.dry_run,
        compress_raw_data: jobs.flags.compress_raw_data,
        skip_staging: jobs.flags.skip_staging,
        force_cloud_sync: jobs.flags.force_cloud_sync,
        metadata_dir_force: jobs.flags.metadata_dir_force,
        manner: MannerOverrides {
            schema: manner.schema,
            metadata_api: manner.metadata_api,
            metadata_missing: manner.metadata_missing,
            video_encryption: manner.video_encryption,
            strict_compat: manner.strict_compat,
            links: manner.links,
            allow_empty: manner.allow_empty,
        },
        defaults: settings.manner,
        about: settings.about.clone(),
    }
}

fn flags(single: &Single, common: &Common) -> SingleJob {
    let single = single.clone();
    SingleJob {
        acq_datetime: single.acq_datetime,
        s3_bucket: single.s3_bucket,
        platform: single.platform,
        modalities: single.modalities,
        endpoints_parameters: single.endpoints_parameters,
        subject_id: single.subject_id,
        log_level: common.log_level.clone(),
        temp_directory: single.temp_directory,
        behavior_dir: single.behavior_dir,
        metadata_dir: single.metadata_dir,
        codeocean_process_capsule_id: single.codeocean_process_capsule_id,
    }
}

/// The first flag of a single job that is set.
fn any_flag(single: &Single) -> Option<&'static str> {
    [
        ("--acq-datetime", &single.acq_datetime),
        ("--s3-bucket", &single.s3_bucket),
        ("--platform", &single.platform),
        ("--modalities", &single.modalities),
        ("--endpoints-parameters", &single.endpoints_parameters),
        ("--subject-id", &single.subject_id),
        ("--temp-directory", &single.temp_directory),
        ("--behavior-dir", &single.behavior_dir),
        ("--metadata-dir", &single.metadata_dir),
        ("--codeocean-process-capsule-id", &single.codeocean_process_capsule_id),
    ]
    .into_iter()
    .find_map(|(flag, value)| value.is_some().then_some(flag))
}
