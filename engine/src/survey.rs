//! A read-only look at the world: folders are counted, documents are read, the destination is asked what it holds.

mod brought;

use adt_formats::{
    folder::{self, EntryKind, Rules, Walked},
    is_other_video, is_video,
};
use adt_intake::{ephys_config, imaging_config};
use adt_ledger::{JobRow, JobState};
use adt_model::{
    BehaviorFacts, Class, EphysConfig, EphysFacts, Facts, Fault, FolderFacts, Idle, ImagingConfig,
    ImagingFacts, JobSpec, Location, ModalitySpec, Pulse, Standing, Transform,
};
use adt_plan::fingerprint;
use adt_store::Place;
use camino::{Utf8Path, Utf8PathBuf};
use futures::StreamExt;

use crate::{Stop, ctx::interrupted, ephys, imaging, rules};

pub(crate) use brought::{BYTE_ORDER_MARK, read_document};

/// Files that a note names.
const NAMED: usize = 3;

/// What is wrong with a folder of a job, and the column that names the folder.
#[derive(Debug)]
pub struct Amiss {
    /// The column, key or flag.
    pub column: String,
    /// What it says.
    pub value: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl From<Amiss> for Fault {
    fn from(amiss: Amiss) -> Self {
        amiss.fault
    }
}

/// Everything about the rig's side: folders and documents. Nothing is asked of the network.
pub async fn local(spec: &JobSpec, stop: &Stop) -> Result<Facts, Amiss> {
    let (spec, stop) = (spec.clone(), stop.clone());
    tokio::task::spawn_blocking(move || look(&spec, &Watched(stop))).await.map_err(|e| Amiss {
        column: String::new(),
        value: None,
        fault: Fault::new(Class::Bug, "the survey ended in a panic").because(e),
    })?
}

/// Stops a long walk when a person asks for it; nobody counts its bytes.
struct Watched(Stop);

impl Pulse for Watched {
    fn beat(&self, bytes: u64) -> Result<(), Fault> {
        self.0.check()?;
        Idle.beat(bytes)
    }
}

fn look(spec: &JobSpec, pulse: &dyn Pulse) -> Result<Facts, Amiss> {
    let at = |column: &str, folder: &Utf8Path| {
        let (column, value) = (column.to_owned(), Some(folder.to_string()));
        move |fault| Amiss { column, value, fault }
    };
    let shielded = rules::shielded(spec).map_err(|fault| Amiss {
        column: "behavior_dir".to_owned(),
        value: None,
        fault,
    })?;
    let rules = Rules { leave_out: Vec::new(), shielded: shielded.clone(), links: spec.manner.links.into() };
    let behavior = match spec.behavior_dir.as_deref() {
        Some(dir) => Some(behavior(dir, &rules, spec, pulse).map_err(at("behavior_dir", dir))?),
        None => None,
    };
    let leave_out = behavior.iter().map(|behavior| behavior.folder.path.clone()).collect();
    let rules = Rules { leave_out, ..rules };
    let mut folders = Vec::new();
    for modality in &spec.modalities {
        let seen = source(&modality.source, &rules, spec, pulse);
        let mut seen = seen.map_err(at(&modality.source_column, &modality.source))?;
        if modality.modality.is_ecephys() && modality.compress_raw_data {
            seen.ephys = Some(recordings(modality, &seen.path, &rules, pulse)?);
        }
        if modality.modality.is_imaging() && modality.compress_raw_data {
            seen.imaging = Some(images(modality, &seen.path, &rules, pulse)?);
        }
        folders.push(seen);
    }
    let brought::Brought { documents, passed_over, remarks } = match spec.metadata_dir.as_deref() {
        Some(dir) => brought::documents(dir, &rules, spec).map_err(at("metadata_dir", dir))?,
        None => brought::Brought::default(),
    };
    let standing = Standing::Free;
    Ok(Facts { folders, documents, remarks, standing, behavior, gathered: None, shielded, passed_over })
}

/// The recordings of a modality's folder, and how they will be stored.
fn recordings(
    modality: &ModalitySpec,
    folder: &Utf8Path,
    rules: &Rules,
    pulse: &dyn Pulse,
) -> Result<EphysFacts, Amiss> {
    let amiss = |column: String, path: &Utf8Path| {
        let value = Some(path.to_string());
        move |fault| Amiss { column, value, fault }
    };
    let column = modality.source_column.clone();
    let (config, without_effect) = match &modality.extra_configs {
        Some(path) => ephys_config(path).map_err(amiss(column.replace("source", "extra_configs"), path))?,
        None => (EphysConfig::default(), Vec::new()),
    };
    let looked = ephys::look(folder, rules, config, pulse).map_err(|fault| match fault.class() {
        Class::Missing => {
            let help = fault.advice().unwrap_or_default();
            let help = format!("{help}; with `compress_raw_data` = false the folder is sent as it is");
            fault.help(help)
        }
        _ => fault,
    });
    let (mut seen, glances) = looked.map_err(amiss(column, &modality.source))?;
    seen.odd.extend(glances.into_iter().chain(without_effect));
    Ok(seen)
}

/// The images of a modality's folder, and what becomes of them.
fn images(
    modality: &ModalitySpec,
    folder: &Utf8Path,
    rules: &Rules,
    pulse: &dyn Pulse,
) -> Result<ImagingFacts, Amiss> {
    let amiss = |column: String, path: &Utf8Path| {
        let value = Some(path.to_string());
        move |fault| Amiss { column, value, fault }
    };
    let column = modality.source_column.clone();
    let (config, without_effect) = match &modality.extra_configs {
        Some(path) => imaging_config(path).map_err(amiss(column.replace("source", "extra_configs"), path))?,
        None => (ImagingConfig::default(), Vec::new()),
    };
    if config.transform != Transform::Zarr {
        return Ok(ImagingFacts { config, odd: without_effect, ..ImagingFacts::default() });
    }
    let asked = imaging::Asked { source: folder, rules, n5: false, under: None, config: &config };
    let looked = imaging::look(&asked).map_err(amiss(column.clone(), &modality.source))?;
    let Some(seen) = looked else {
        return Ok(ImagingFacts { config, odd: without_effect, ..ImagingFacts::default() });
    };
    let mut facts = seen.facts(&config);
    let mut without = rules.clone();
    without.leave_out.extend(facts.taken.iter().cloned());
    let rest = counted(folder.to_owned(), &without, pulse).map_err(amiss(column, &modality.source))?;
    facts.rest = (rest.files, rest.bytes, rest.fingerprint);
    facts.odd.extend(without_effect);
    Ok(facts)
}

/// The folder of a modality.
fn source(folder: &Utf8Path, rules: &Rules, spec: &JobSpec, pulse: &dyn Pulse) -> Result<FolderFacts, Fault> {
    let path = canonical(folder)?;
    if rules.leave_out.iter().any(|dir| path.starts_with(dir)) {
        return Err(Fault::new(Class::BadInput, format!("`{path}` lies inside `behavior_dir`"))
            .help("behaviour data is never uploaded as it is: name another folder"));
    }
    if let Some(written) = written_folders(spec)?.into_iter().find(|folder| folder.starts_with(&path)) {
        return Err(Fault::new(Class::BadInput, format!("`{written}` lies inside the source `{path}`"))
            .help("source data is only read: name a destination and a `temp_directory` outside it"));
    }
    counted(path, rules, pulse)
}

pub(crate) fn counted(path: Utf8PathBuf, rules: &Rules, pulse: &dyn Pulse) -> Result<FolderFacts, Fault> {
    let counted = folder::count(&path, rules, pulse)?;
    Ok(FolderFacts {
        path,
        files: counted.files,
        bytes: counted.bytes,
        empty_folders: counted.empty_folders,
        left_out: counted.left_out,
        set_aside: counted.set_aside.named,
        repeated: counted.repeated,
        fingerprint: counted.fingerprint,
        ephys: None,
        imaging: None,
    })
}

/// The behaviour folder, with its videos counted. Two files that would become one object cannot both be kept.
fn behavior(
    dir: &Utf8Path,
    rules: &Rules,
    spec: &JobSpec,
    pulse: &dyn Pulse,
) -> Result<BehaviorFacts, Fault> {
    let path = canonical(dir)?;
    let (mut videos, mut unsealed) = (0, (0, Vec::new()));
    for walked in folder::walk(&path, rules) {
        pulse.beat(0)?;
        let Walked::Entry(entry) = walked? else { continue };
        if entry.kind != EntryKind::File {
            continue;
        }
        let mut name = entry.key.to_string();
        if is_video(&name) {
            videos += 1;
            name.push_str(".zip");
            distinct(&entry.path, &path.join(&name))?;
        } else if is_other_video(&name) {
            unsealed.0 += 1;
            if unsealed.1.len() < NAMED {
                unsealed.1.push(name.clone());
            }
        }
        for modality in spec.modalities.iter().filter(|m| m.folder.as_str() == "behavior") {
            let source = canonical(&modality.source)?;
            let other = if modality.compress_raw_data {
                source.file_name().filter(|own| name == format!("{own}.zip")).map(|_| source.clone())
            } else {
                Some(source.join(&name)).filter(|other| !other.starts_with(&path))
            };
            other.map_or(Ok(()), |other| distinct(&entry.path, &other))?;
        }
    }
    Ok(BehaviorFacts { folder: counted(path, rules, pulse)?, videos, unsealed })
}

fn distinct(one: &Utf8Path, other: &Utf8Path) -> Result<(), Fault> {
    if !other.exists() {
        return Ok(());
    }
    let what = format!("`{one}` and `{other}` would become the same object below `behavior/`");
    Err(Fault::new(Class::BadInput, what).help("rename one of them"))
}

/// Folders the job writes into, absolute and without links; one that does not exist yet is named below its nearest folder that does.
fn written_folders(spec: &JobSpec) -> Result<Vec<Utf8PathBuf>, Fault> {
    let destination = match &spec.destination {
        Location::Folder(path) => Some(path.as_path()),
        _ => None,
    };
    destination.into_iter().chain(spec.temp_directory.as_deref()).map(real).collect()
}

/// Absolute and without links, also for what does not exist yet: then below its nearest folder that does.
pub(crate) fn real(path: &Utf8Path) -> Result<Utf8PathBuf, Fault> {
    let known = path.ancestors().find(|p| p.exists()).unwrap_or(path);
    let rest = path.strip_prefix(known).unwrap_or_else(|_| Utf8Path::new(""));
    Ok(if known.exists() { canonical(known)?.join(rest) } else { path.to_owned() })
}

pub(crate) fn canonical(path: &Utf8Path) -> Result<Utf8PathBuf, Fault> {
    let real = fs_err::canonicalize(path.as_std_path())
        .map_err(|e| Fault::io(format!("cannot find `{path}`"), e))?;
    Utf8PathBuf::from_path_buf(real).map_err(|real| {
        Fault::new(Class::BadInput, format!("the name of `{}` is not UTF-8", real.display()))
            .help("rename it, or reach it by another path")
    })
}

/// What stands under the asset's name: `row` is what the ledger knows of it; where that does not decide, the destination is asked.
pub async fn standing(
    spec: &JobSpec,
    facts: &Facts,
    row: Option<&JobRow>,
    place: &Place,
    stop: &Stop,
) -> Result<Standing, Fault> {
    standing_of(row, || fingerprint(&adt_plan::plan(spec, facts)), place, stop).await
}

/// The same for what has this fingerprint now.
pub(crate) async fn standing_of(
    row: Option<&JobRow>,
    fingerprint: impl FnOnce() -> String,
    place: &Place,
    stop: &Stop,
) -> Result<Standing, Fault> {
    stop.check()?;
    match row {
        Some(row) if row.state == JobState::Done => {
            let same = row.fingerprint == fingerprint();
            return Ok(if same { Standing::Done } else { Standing::DoneOtherwise });
        }
        Some(row) if row.state.is_begun() => return Ok(Standing::Begun),
        _ => {}
    }
    let first = tokio::select! {
        page = first_page(place) => page?,
        () = stop.now.cancelled() => return Err(interrupted()),
    };
    Ok(if first { Standing::Foreign } else { Standing::Free })
}

async fn first_page(place: &Place) -> Result<bool, Fault> {
    let mut pages = std::pin::pin!(place.list());
    while let Some(page) = pages.next().await {
        if !page?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
