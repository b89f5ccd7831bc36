//! The folder of a run: scripts, logs, what was submitted, how it ended.

use adt_engine::{run::Row, shares::WorkPlan};
use adt_ledger::TriggerRow;
use adt_model::{Class, Ended, Fault, Location};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::args::Via;

/// What was submitted: `run.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Submitted {
    pub program: String,
    pub command: String,
    pub at: Timestamp,
    pub via: Via,
    /// One for each asset.
    pub chains: Vec<Chain>,
    /// Those of no asset: `--job-cmd`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<Job>,
}

impl Submitted {
    /// Nothing yet, by `command`.
    pub(super) fn by(via: Via, command: String, at: Timestamp) -> Self {
        let program = concat!("adt ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { program, command, at, via, chains: Vec::new(), jobs: Vec::new() }
    }

    /// Numbers of all jobs.
    pub(super) fn ids(&self) -> Vec<u64> {
        self.chains.iter().flat_map(|chain| &chain.jobs).chain(&self.jobs).map(|job| job.id).collect()
    }
}

/// The jobs that make one asset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chain {
    pub name: String,
    pub destination: Location,
    pub jobs: Vec<Job>,
}

/// A job of the scheduler.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub script: String,
    pub id: u64,
}

/// How an asset ended: `ended/<name>.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct End {
    pub name: String,
    pub asset: String,
    pub ended: Ended,
    pub at: Timestamp,
    pub notes: Vec<String>,
    /// How the start of its pipeline stands, where it was to be started.
    #[serde(default)]
    pub trigger: Option<TriggerRow>,
}

/// Makes `parent/YYYYmmdd_HHMMSS`, or with a number behind it where that is taken.
pub(super) fn make(parent: &Utf8Path) -> Result<Utf8PathBuf, Fault> {
    fs_err::create_dir_all(parent).map_err(|e| Fault::io("cannot make the folder of runs", e))?;
    let name = Zoned::now().strftime("%Y%m%d_%H%M%S").to_string();
    for number in 0..1000 {
        let folder = parent.join(if number == 0 { name.clone() } else { format!("{name}_{number}") });
        match std::fs::create_dir(&folder) {
            Ok(()) => {
                for inner in ["scripts", "logs", "conf", "ended"] {
                    fs_err::create_dir(folder.join(inner))
                        .map_err(|e| Fault::io("cannot make the run's folder", e))?;
                }
                return Ok(folder);
            }
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Fault::io(format!("cannot make the run's folder `{folder}`"), e)),
        }
    }
    Err(Fault::new(Class::Refused, format!("`{parent}` is full of runs of this second")))
}

pub(super) fn write(run: &Utf8Path, submitted: &Submitted) -> Result<(), Fault> {
    whole(&run.join("run.json"), submitted)
}

pub(super) fn read(run: &Utf8Path) -> Result<Submitted, Fault> {
    let path = run.join("run.json");
    let text = match fs_err::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Fault::new(Class::Missing, format!("`{run}` is not the folder of a submitted run"))
                .help("`adt submit` says where it is"));
        }
        Err(e) => return Err(Fault::io("cannot read the run", e)),
    };
    serde_json::from_slice(&text)
        .map_err(|e| Fault::new(Class::Corrupt, format!("`{path}` cannot be read")).because(e))
}

/// Writes down how an asset ended.
pub(super) fn ended(
    run: &Utf8Path,
    row: &Row,
    trigger: Option<TriggerRow>,
    at: Timestamp,
) -> Result<(), Fault> {
    let Row { name, asset, ended, notes, .. } = row.clone();
    let path = path_of(run, &asset);
    whole(&path, &End { name, asset, ended, at, notes, trigger })
}

/// How an asset ended, if it did.
pub(super) fn end_of(run: &Utf8Path, destination: &Location) -> Result<Option<End>, Fault> {
    let path = path_of(run, &destination.to_string());
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|e| Fault::new(Class::Corrupt, format!("`{path}` cannot be read")).because(e)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::io(format!("cannot read `{path}`"), e)),
    }
}

/// Whether this run has finished the asset already: a task that is requeued must not fail for that.
pub(super) fn is_finished(run: Option<&Utf8Path>, destination: &Location) -> Result<bool, Fault> {
    let Some(run) = run else { return Ok(false) };
    Ok(end_of(run, destination)?.is_some_and(|end| end.ended.fault.is_none()))
}

/// Two assets of one name may be in one list, in two buckets.
fn path_of(run: &Utf8Path, asset: &str) -> Utf8PathBuf {
    let last = asset.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
    let sum: u64 = asset
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    run.join("ended").join(format!("{last}-{sum:016x}.json"))
}

/// What was planned for an asset.
pub(super) fn plan_of(run: &Utf8Path, destination: &Location) -> Result<Option<WorkPlan>, Fault> {
    let text =
        fs_err::read(run.join("conf/plan.json")).map_err(|e| Fault::io("cannot read the run's plans", e))?;
    let plans: Vec<WorkPlan> = serde_json::from_slice(&text)
        .map_err(|e| Fault::new(Class::Corrupt, format!("the plans of `{run}` cannot be read")).because(e))?;
    Ok(plans.into_iter().find(|plan| plan.plan.asset == *destination))
}

/// A reader sees all of it or nothing.
fn whole(path: &Utf8Path, value: &impl Serialize) -> Result<(), Fault> {
    let text = serde_json::to_vec_pretty(value).expect("records of plain fields");
    let beside = path.with_extension("part");
    fs_err::write(&beside, text).map_err(|e| Fault::io("cannot write into the run's folder", e))?;
    fs_err::rename(&beside, path).map_err(|e| Fault::io("cannot write into the run's folder", e))
}
