//! What a person should know before a job starts: everything the job asks for that will not happen, and everything left out.

use adt_model::{
    Choice, DocumentSource, EphysFacts, Facts, FolderFacts, JobSpec, LeftOut, ModalitySpec, Schema, Standing,
    TileFacts, Transform, VideoEncryption,
};
use camino::Utf8Path;

use crate::{RECORD, documents};

/// Images that are named in the notes; the rest is counted.
const NAMED: usize = 20;

pub(crate) fn notes(spec: &JobSpec, facts: &Facts, choices: &[Choice]) -> Vec<String> {
    let mut notes = Vec::new();
    standing(spec, facts, &mut notes);
    if spec.modalities.is_empty() {
        notes.push("no modality is named: only metadata is uploaded".into());
    }
    folders(spec, facts, &mut notes);
    notes.extend(facts.remarks.iter().cloned());
    services(spec, facts, &mut notes);
    without_effect(spec, &mut notes);
    sources(spec, facts, choices, &mut notes);
    said_of_the_data(spec, choices, &mut notes);
    notes
}

/// Where the description's values come from, unless they are built in.
fn said_of_the_data(spec: &JobSpec, choices: &[Choice], notes: &mut Vec<String>) {
    let brought =
        |choice: &Choice| choice.name == documents::DESCRIPTION && choice.from == DocumentSource::Folder;
    let effect =
        if choices.iter().any(brought) { ", without effect: `data_description.json` is brought" } else { "" };
    let idle = |name: &str| name == "tags" && spec.manner.schema == Schema::V1;
    for (inherited, from) in [(false, "the job"), (true, "`[defaults]` of the configuration")] {
        let set = spec.about.set().filter(|(name, _)| spec.about.inherits(name) == inherited && !idle(name));
        let set: Vec<_> = set.map(|(name, value)| format!("{name} = `{value}`")).collect();
        if !set.is_empty() {
            notes.push(format!("data_description.json: {} (from {from}{effect})", set.join(", ")));
        }
    }
    if spec.about.set().any(|(name, _)| idle(name)) {
        notes.push("`tags` of the configuration have no effect: schema v1 has none".into());
    }
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
        folder(modality.folder.as_str(), &modality.source, seen, !modality.compress_raw_data, notes);
        configs(modality, notes);
        recordings(modality, seen, notes);
        images(modality, seen, notes);
    }
    notes.extend(facts.passed_over.lines().into_iter().map(|line| format!("metadata_dir: left out: {line}")));
    if let (Some(dir), Some(behavior)) = (&spec.behavior_dir, &facts.behavior) {
        folder("behavior_dir", dir, &behavior.folder, true, notes);
        let (count, named) = &behavior.unsealed;
        if *count > 0 {
            let more = if *count > named.len() as u64 { ", …" } else { "" };
            notes.push(format!(
                "behavior_dir: {count} that look like videos go UNENCRYPTED ({}{more}): only .mp4, .mov, .wmv and .avi are encrypted",
                named.join(", ")
            ));
        }
    }
}

/// What of the sources will not be in the asset, each with the folder's name before it.
pub(crate) fn left_out(spec: &JobSpec, facts: &Facts) -> LeftOut {
    let mut all = LeftOut::default();
    for (modality, seen) in spec.modalities.iter().zip(&facts.folders) {
        all.add_all(modality.folder.as_str(), &seen.left_out);
    }
    if let Some(behavior) = &facts.behavior {
        all.add_all("behavior_dir", &behavior.folder.left_out);
    }
    all.add_all("metadata_dir", &facts.passed_over);
    all
}

/// What of a folder is left out or met twice, and whether it holds files.
fn folder(name: &str, source: &Utf8Path, seen: &FolderFacts, as_it_is: bool, notes: &mut Vec<String>) {
    notes.extend(seen.left_out.lines().into_iter().map(|line| format!("{name}: left out: {line}")));
    for path in &seen.set_aside {
        notes.push(format!(
            "{name}: `{path}` is the `behavior_dir`: it is uploaded below `behavior/`, videos encrypted"
        ));
    }
    for line in seen.repeated.lines() {
        notes.push(format!("{name}: uploaded under two names: {line}"));
    }
    if seen.files == 0 && seen.set_aside.is_empty() {
        notes.push(format!("{name}: `{source}` holds no file"));
    }
    if seen.empty_folders > 0 && as_it_is {
        let n = match seen.empty_folders {
            1 => "1 empty folder".to_owned(),
            n => format!("{n} empty folders"),
        };
        notes.push(format!("{name}: {n} cannot be kept outside a zip: object stores have no folders"));
    }
}

fn configs(modality: &ModalitySpec, notes: &mut Vec<String>) {
    if (modality.modality.is_ecephys() || modality.modality.is_imaging()) && modality.compress_raw_data {
        return;
    }
    if modality.extra_configs.is_some() {
        let way = if modality.compress_raw_data { "a zipped folder" } else { "a folder sent as it is" };
        notes.push(format!("{}: `extra_configs` has no meaning for {way} and is not read", modality.folder));
    }
}

/// The note about recordings that will be in no store.
pub(crate) fn not_compressed(modality: &ModalitySpec, ephys: &EphysFacts, unread: &str) -> String {
    let then = if ephys.config.accept_unread { "accepted" } else { "the job will fail, the rest is saved" };
    format!("{}: NOT COMPRESSED: {unread} ({then})", modality.folder)
}

/// What is odd about the recordings, and what of them will be missing.
fn recordings(modality: &ModalitySpec, seen: &FolderFacts, notes: &mut Vec<String>) {
    let Some(ephys) = &seen.ephys else { return };
    notes.extend(ephys.unread.iter().map(|unread| not_compressed(modality, ephys, unread)));
    notes.extend(ephys.left_out.iter().map(|left| format!("{}: not stored: {left}", modality.folder)));
    notes.extend(ephys.odd.iter().map(|odd| format!("{}: {odd}", modality.folder)));
}

/// The note about an image that will be in no group.
pub(crate) fn not_converted(modality: &ModalitySpec, unread: &str) -> String {
    format!("{}: NOT CONVERTED: {unread} (the job will fail, the rest is saved)", modality.folder)
}

/// What becomes of a folder with images, and why; what is odd about them.
fn images(modality: &ModalitySpec, seen: &FolderFacts, notes: &mut Vec<String>) {
    let Some(imaging) = &seen.imaging else { return };
    let name = &modality.folder;
    let mut note = |text: &str| notes.push(format!("{name}: {text}"));
    match (imaging.config.transform, imaging.tiles.len()) {
        (Transform::Zip, _) => note("`transform` is zip: images go into the zip as they are"),
        (Transform::None, _) => note("`transform` is none: images are sent as they are"),
        (Transform::Zarr, 0) if imaging.unread.is_empty() && !imaging.taken.is_empty() => {
            note("every image is excluded: none is converted or sent");
        }
        (Transform::Zarr, 0) => {
            note("there is no image that can be read: the folder is zipped");
            imaging.unread.iter().for_each(|unread| note(unread));
        }
        (Transform::Zarr, count) => {
            imaging.tiles.iter().take(NAMED).for_each(|tile| note(&described(tile)));
            if count > NAMED {
                note(&format!("{} more images", count - NAMED));
            }
            note("the images themselves are not uploaded: every voxel is in their groups");
            notes.extend(imaging.unread.iter().map(|unread| not_converted(modality, unread)));
        }
    }
    notes.extend(imaging.odd.iter().map(|odd| format!("{name}: {odd}")));
}

fn described(tile: &TileFacts) -> String {
    let shape = tile.shape.map(|extent| extent.to_string()).join("×");
    let sizes = if tile.levels == 1 { "size" } else { "sizes" };
    format!("`{}` of {shape} {} in {} {sizes}", tile.group, tile.dtype, tile.levels)
}

fn services(spec: &JobSpec, facts: &Facts, notes: &mut Vec<String>) {
    let e = &spec.endpoints;
    if let Some(name) = &e.aws_param_store_name {
        notes.push(format!(
            "parameter `{name}` is read before anything is sent: services that it names are not part of this plan"
        ));
    } else if !e.wants_pipeline() {
        notes.push("no Code Ocean settings: no pipeline is triggered".into());
    }
    if let (Some(domain), None) = (&e.metadata_service_domain, &facts.gathered) {
        let asked: Vec<_> =
            documents::to_ask(spec, &facts.documents).iter().map(|name| format!("`{name}`")).collect();
        if !asked.is_empty() {
            notes.push(format!("{domain} is asked for {} before anything is sent", asked.join(" and ")));
        }
    }
    if let (Some(behavior), VideoEncryption::ZipCrypto) = (&facts.behavior, spec.manner.video_encryption)
        && behavior.videos > 0
    {
        notes.push("zipcrypto is a weak cipher: use it only for readers that cannot open AES".into());
    }
}

/// What old job lists say that means nothing here, or nothing yet.
fn without_effect(spec: &JobSpec, notes: &mut Vec<String>) {
    if let (Some(temp), true) = (&spec.temp_directory, spec.modalities.iter().any(|m| m.skip_staging)) {
        notes.push(format!("`skip_staging` has no effect: the asset is built below `{temp}` first"));
    }
    if spec.metadata_dir_force && spec.metadata_dir.is_none() {
        notes.push("`metadata_dir_force` has no effect without a `metadata_dir`".into());
    }
}

/// Where the documents come from: one line for each source that is not this program, and each remark.
fn sources(spec: &JobSpec, facts: &Facts, choices: &[Choice], notes: &mut Vec<String>) {
    for choice in choices {
        if let Some(remark) = &choice.remark {
            notes.push(format!("{}: {remark}", choice.name));
        }
    }
    let named = |from| {
        let names = choices.iter().filter(|c| c.from == from).map(|c| format!("`{}`", c.name));
        names.collect::<Vec<_>>().join(" and ")
    };
    let (service, missing) = (named(DocumentSource::Service), named(DocumentSource::Missing));
    if let (Some(domain), Some(_), false) =
        (&spec.endpoints.metadata_service_domain, &facts.gathered, service.is_empty())
    {
        notes.push(format!("{service}: from {domain}"));
    }
    let folder = named(DocumentSource::Folder);
    if let (Some(dir), false) = (&spec.metadata_dir, folder.is_empty()) {
        notes.push(format!("{folder}: from `{dir}`"));
    }
    // What a parameter may still bring is not missing.
    if !missing.is_empty() && spec.endpoints.aws_param_store_name.is_none() {
        let looked = match (&spec.endpoints.metadata_service_domain, &spec.metadata_dir) {
            (None, None) => "no metadata service and no `metadata_dir` is named".to_owned(),
            (None, Some(dir)) => format!("not in `{dir}`, and no metadata service is named"),
            (Some(_), None) => "the metadata service has none, and no `metadata_dir` is named".to_owned(),
            (Some(_), Some(dir)) => format!("neither the metadata service nor `{dir}` has one"),
        };
        notes.push(format!("{missing}: the asset does without, and its record says so ({looked})"));
    }
    if facts.documents.iter().any(|document| document.name == RECORD) {
        notes.push(format!("`{RECORD}` of the metadata folder is not used: the tool writes its own"));
    }
    notes.extend(facts.gathered.iter().flat_map(|gathered| gathered.notes.iter().cloned()));
}
