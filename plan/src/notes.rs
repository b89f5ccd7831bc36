//! What a person should know before a job starts: everything the job asks for that will not happen, and everything left out.

use adt_model::{Facts, JobSpec, ModalitySpec, Standing};

pub(crate) fn notes(spec: &JobSpec, facts: &Facts) -> Vec<String> {
    let mut notes = Vec::new();
    standing(spec, facts, &mut notes);
    if spec.modalities.is_empty() {
        notes.push("no modality is named: only metadata is uploaded".into());
    }
    folders(spec, facts, &mut notes);
    services(spec, &mut notes);
    without_effect(spec, &mut notes);
    documents(spec, facts, &mut notes);
    notes
}

fn standing(spec: &JobSpec, facts: &Facts, notes: &mut Vec<String>) {
    let asset = spec.asset();
    match (facts.standing, spec.force_cloud_sync) {
        (Standing::Free, _) => {}
        (Standing::Begun, _) => notes.push("an earlier run began this asset: it goes on where it was".into()),
        (Standing::Done, false) => notes.push("complete since an earlier run: nothing will be done".into()),
        (Standing::DoneOtherwise, false) => notes.push(
            "complete since an earlier run, but the input has changed: refused unless `force_cloud_sync` is set".into(),
        ),
        (Standing::Foreign, false) => {
            notes.push(format!("`{asset}` exists already: refused unless `force_cloud_sync` is set"));
        }
        (_, true) => notes.push("`force_cloud_sync`: what differs at the destination is replaced, nothing is deleted".into()),
    }
}

fn folders(spec: &JobSpec, facts: &Facts, notes: &mut Vec<String>) {
    for (modality, seen) in spec.modalities.iter().zip(&facts.folders) {
        let name = &modality.folder;
        for left_out in &seen.left_out {
            notes.push(format!("{name}: left out: {left_out}"));
        }
        let more = seen.left_out_count.saturating_sub(seen.left_out.len() as u64);
        if more > 0 {
            notes.push(format!("{name}: {more} more left out"));
        }
        if seen.files == 0 {
            notes.push(format!("{name}: `{}` holds no file", modality.source));
        }
        if seen.empty_folders > 0 && !modality.compress_raw_data {
            let n = match seen.empty_folders {
                1 => "1 empty folder".to_owned(),
                n => format!("{n} empty folders"),
            };
            notes.push(format!("{name}: {n} cannot be kept outside a zip: object stores have no folders"));
        }
        configs(modality, notes);
    }
}

fn configs(modality: &ModalitySpec, notes: &mut Vec<String>) {
    if modality.extra_configs.is_some() {
        let way = if modality.compress_raw_data { "a zipped folder" } else { "a folder sent as it is" };
        notes.push(format!("{}: `extra_configs` has no meaning for {way} and is not read", modality.folder));
    }
}

fn services(spec: &JobSpec, notes: &mut Vec<String>) {
    let e = &spec.endpoints;
    if let Some(name) = &e.aws_param_store_name {
        notes.push(format!(
            "parameter store `{name}` is not asked by this version: set what is needed in the job list"
        ));
    }
    let pipeline = e.codeocean_domain.is_some()
        || e.codeocean_trigger_capsule_id.is_some()
        || e.codeocean_process_capsule_id.is_some();
    notes.push(if pipeline {
        "Code Ocean is not called by this version: no pipeline is triggered".into()
    } else {
        "no Code Ocean settings: no pipeline is triggered".into()
    });
    if e.metadata_service_domain.is_some() {
        notes.push(
            "the metadata service is not called by this version: documents come from `metadata_dir`".into(),
        );
    }
    if let Some(dir) = &spec.behavior_dir {
        notes.push(format!(
            "behaviour data in `{dir}` is NOT uploaded: it is left out of every modality, and encrypting it is not in this version"
        ));
    }
}

/// What old job lists say that means nothing here, or nothing yet.
fn without_effect(spec: &JobSpec, notes: &mut Vec<String>) {
    if let (Some(temp), true) = (&spec.temp_directory, spec.modalities.iter().any(|m| m.skip_staging)) {
        notes.push(format!("`skip_staging` has no effect: the asset is built below `{temp}` first"));
    }
    if spec.metadata_dir_force {
        notes.push(
            "`metadata_dir_force` has no effect in this version: the metadata folder always counts".into(),
        );
    }
}

fn documents(spec: &JobSpec, facts: &Facts, notes: &mut Vec<String>) {
    let missing: Vec<_> = ["subject.json", "procedures.json"]
        .into_iter()
        .filter(|name| !facts.documents.iter().any(|d| d.name == *name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        notes.push(match &spec.metadata_dir {
            Some(dir) => {
                format!("{} not found in `{dir}`: the record will say what is missing", missing.join(" and "))
            }
            None => format!("no `metadata_dir`: the asset gets no {}", missing.join(" and no ")),
        });
    }
    for document in facts.documents.iter().filter(|d| !crate::documents::is_brought(&d.name)) {
        notes
            .push(format!("`{}` of the metadata folder is not used: the tool writes its own", document.name));
    }
}
