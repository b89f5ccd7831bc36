//! Job + facts → plan, purely.
//!
//! Nothing here touches the world: the same job and the same facts always give the same plan. `adt plan` prints the value,
//! the ledger keeps it, the engine performs it.

mod behavior;
pub mod cluster;
mod documents;
mod ephys;
mod fingerprint;
pub mod imaging;
mod microscopy;
mod notes;
mod obstacles;
mod pipeline;

use adt_model::{
    Action, ByteSize, Facts, FolderFacts, FolderWork, JobSpec, Key, ModalitySpec, Plan, Stage, StageName,
    Step, Transform,
};

pub use documents::{Answer, OF_THE_SERVICE, choose, to_ask};
pub use fingerprint::fingerprint;
pub use obstacles::{obstacles, unread};

/// The object that is written last and marks an asset as complete.
pub const RECORD: &str = "metadata.nd.json";

/// What will be done for `spec`, given `facts`.
///
/// `facts.folders` must be in the order of `spec.modalities`; a modality without facts (its folder was not looked at) is planned with zero counts.
pub fn plan(spec: &JobSpec, facts: &Facts) -> Plan {
    let mut obstacles = obstacles(spec);
    obstacles.extend(obstacles::seen(spec, facts));
    let documents = documents::choices(spec, facts);
    let mut data = data_steps(spec, facts);
    data.extend(behavior::step(spec, facts));
    // What is clipped is counted where it is compressed.
    let counted = data.iter().filter(|step| !matches!(step.action, Action::ClipEphys { .. }));
    let folders = counted.filter_map(|step| step.action.folder());
    let (files, bytes) = folders.fold((0, 0), |(f, b), w| (f + w.files, b + w.bytes.0));
    let mut stages = vec![
        Stage { name: StageName::Data, steps: data },
        Stage { name: StageName::Documents, steps: documents::steps(spec, facts, &documents) },
    ];
    if spec.temp_directory.is_some() {
        stages.push(single(StageName::Upload, "upload", Action::UploadBuilt));
    }
    stages.push(single(StageName::Verify, "verify", Action::Verify));
    stages.push(single(StageName::Record, "record", Action::WriteRecord));
    stages.extend(pipeline::stage(spec));
    Plan {
        origin: spec.origin.clone(),
        name: spec.asset_name(),
        asset: spec.asset(),
        dry_run: spec.dry_run,
        force: spec.force_cloud_sync,
        temp_directory: spec.temp_directory.clone(),
        files,
        bytes: ByteSize(bytes),
        schema: spec.manner.schema,
        brought: facts.documents.clone(),
        stages,
        notes: notes::notes(spec, facts, &documents),
        left_out: notes::left_out(spec, facts),
        documents,
        obstacles,
    }
}

fn single(name: StageName, id: &str, action: Action) -> Stage {
    Stage { name, steps: vec![Step { id: id.to_owned(), action }] }
}

fn data_steps(spec: &JobSpec, facts: &Facts) -> Vec<Step> {
    let unseen = FolderFacts::default();
    let facts_of = facts.folders.iter().map(Some).chain(std::iter::repeat(None));
    spec.modalities
        .iter()
        .zip(facts_of)
        .flat_map(|(modality, seen)| modality_steps(modality, seen.unwrap_or(&unseen), spec, facts))
        .collect()
}

fn modality_steps(modality: &ModalitySpec, seen: &FolderFacts, spec: &JobSpec, facts: &Facts) -> Vec<Step> {
    let source = if seen.path.as_str().is_empty() { modality.source.clone() } else { seen.path.clone() };
    let folder = FolderWork {
        leave_out: behavior::leave_out(&source, facts.behavior.as_ref().map(|b| b.folder.path.as_path())),
        files: seen.files,
        bytes: ByteSize(seen.bytes),
        fingerprint: seen.fingerprint.clone(),
        shielded: facts.shielded.clone(),
        links: spec.manner.links,
        source,
    };
    if !modality.compress_raw_data {
        let action = Action::CopyFolder { folder, under: modality.folder.clone() };
        return vec![Step { id: format!("copy {}", modality.folder), action }];
    }
    if let Some(steps) = microscopy::steps(modality, &folder, seen.imaging.as_ref()) {
        return steps;
    }
    if seen.imaging.as_ref().is_some_and(|imaging| imaging.config.transform == Transform::None) {
        let action = Action::CopyFolder { folder, under: modality.folder.clone() };
        return vec![Step { id: format!("copy {}", modality.folder), action }];
    }
    if modality.modality.is_ecephys() {
        return ephys::steps(modality, folder, seen.ephys.as_ref());
    }
    let root = folder_name(modality, &folder);
    let file = Key::parse(format!("{root}.zip")).expect("one path component with a suffix is a key");
    let action = Action::ZipFolder { folder, key: modality.folder.join(&file), entry_root: root };
    vec![Step { id: format!("zip {}", modality.folder), action }]
}

/// The source folder's own name: what the zip file is called and what its entries begin with.
fn folder_name(modality: &ModalitySpec, folder: &FolderWork) -> String {
    let own = |path: &camino::Utf8Path| path.file_name().map(str::to_owned);
    own(&modality.source)
        .or_else(|| own(&folder.source))
        .unwrap_or_else(|| modality.modality.abbreviation().to_owned())
}

#[cfg(test)]
mod tests;
