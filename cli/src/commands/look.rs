//! What `check` and `plan` may know: the rig's folders, the ledger when there is one, the destination. Nothing is written.

use std::{collections::BTreeMap, time::Duration};

use adt_engine::{
    Stop,
    complete::is_complete,
    prepare, probe,
    services::Services,
    standing::{self, Since},
    survey::{self, Amiss},
};
use adt_ledger::{JobRow, Ledger};
use adt_model::{Class, Facts, Fault, JobSpec, LeftOut, Location, Problem, ProblemKind, Standing};
use adt_store::{Place, StoreOptions};

use jiff::tz::TimeZone;

use crate::{settings::Settings, wire};

/// A person waits for the answer, so a destination that does not answer is not asked for as long as a run would.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) struct Look {
    runtime: tokio::runtime::Runtime,
    ledger: Option<Ledger>,
    store: StoreOptions,
    services: Services,
    /// Destinations that may be written to.
    writable: Vec<Location>,
    /// Destinations that cannot be used at all are asked once, not for each of a hundred rows.
    refused: Vec<(Location, Fault)>,
}

impl Look {
    pub(super) fn new(settings: &Settings, vars: &BTreeMap<String, String>) -> Result<Self, Fault> {
        let patient = Settings { retry_time: settings.retry_time.min(PATIENCE), ..settings.clone() };
        Ok(Self {
            runtime: wire::runtime()?,
            ledger: Ledger::open_existing(&settings.ledger)?,
            store: wire::store(&patient, vars),
            services: wire::services(&patient, vars),
            writable: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// What can be seen; the destination's fault is given beside the rest, since both can be told.
    pub(super) fn at(&mut self, spec: &JobSpec) -> Result<(Facts, Option<Fault>), Amiss> {
        let unread = |fault| Amiss { column: String::new(), value: None, fault };
        let row = self.row(spec).map_err(unread)?;
        let done = is_done(row.as_ref(), self.ledger.as_ref()).map_err(unread)?;
        let mut facts = match self.runtime.block_on(survey::local(spec, &Stop::default())) {
            // People delete raw data after the upload and run the same list again.
            Err(amiss) if amiss.fault.class() == Class::Missing && !spec.force_cloud_sync && done => {
                return Ok((Facts { standing: Standing::Done, ..Facts::default() }, None));
            }
            seen => seen?,
        };
        if let Some((_, fault)) = self.refused.iter().find(|(location, _)| *location == spec.destination) {
            return Ok((facts, Some(fault.clone())));
        }
        match self.runtime.block_on(asked(spec, &facts, row.as_ref(), &self.store)) {
            Ok(standing) => {
                facts.standing = standing;
                Ok((facts, None))
            }
            Err(fault) => {
                self.refused.push((spec.destination.clone(), fault.clone()));
                Ok((facts, Some(fault)))
            }
        }
    }

    /// What the services have against a job, with the columns that name them; and where nothing has, whether the destination may be
    /// written to. Nothing is left behind.
    pub(super) fn ask(&mut self, spec: &JobSpec, facts: &Facts) -> Asked {
        let resolved = match self.runtime.block_on(prepare::resolve(spec, &self.services)) {
            Ok((resolved, _)) => resolved,
            Err(fault) => return Asked { faults: vec![("aws_param_store_name", fault)], ..Asked::default() },
        };
        let obstacles = adt_plan::plan(&resolved, facts).obstacles;
        if !obstacles.is_empty() {
            return Asked { obstacles, ..Asked::default() };
        }
        let (prepared, mut faults) =
            self.runtime.block_on(prepare::examine(&resolved, facts, &self.services, &TimeZone::system()));
        if let Some(fault) = self.write_fault(spec) {
            faults.push(("s3_bucket", fault));
        }
        let facts = Facts { gathered: Some(prepared.gathered), ..facts.clone() };
        let plan = adt_plan::plan(&resolved, &facts);
        Asked { obstacles, faults, notes: plan.notes, left_out: plan.left_out }
    }

    fn write_fault(&mut self, spec: &JobSpec) -> Option<Fault> {
        if self.writable.contains(&spec.destination) {
            return None;
        }
        let asset = spec.asset();
        let probe = probe::writable(&asset, uuid::Uuid::new_v4(), &self.store);
        match self.runtime.block_on(probe) {
            Ok(()) => {
                self.writable.push(spec.destination.clone());
                None
            }
            Err(fault) => Some(fault),
        }
    }

    /// What was replaced at the destination of a job that is done, or why that cannot be told; a run would end with it.
    pub(super) fn since_done(&self, spec: &JobSpec) -> Result<(), Fault> {
        let (Some(ledger), Some(row)) = (&self.ledger, self.row(spec)?) else { return Ok(()) };
        let asset = spec.asset();
        let looked = async {
            let place = Place::open(&asset, &self.store).await?;
            standing::since_done(row.id, &place, ledger, &Stop::default()).await
        };
        match self.runtime.block_on(looked)? {
            Since::Replaced(key) => Err(standing::replaced(&key, &asset)),
            Since::Whole | Since::Lacking => Ok(()),
        }
    }

    fn row(&self, spec: &JobSpec) -> Result<Option<JobRow>, Fault> {
        Ok(self.ledger.as_ref().map(|ledger| ledger.job(&spec.asset())).transpose()?.flatten())
    }

    /// Problems without those that a run forgives.
    pub(super) fn unforgiven(
        &self,
        problems: Vec<Problem>,
        specs: &[JobSpec],
    ) -> Result<Vec<Problem>, Fault> {
        unforgiven(problems, specs, self.ledger.as_ref())
    }
}

/// What was found by asking around.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// What the job still lacks when its parameter has been read.
    pub obstacles: Vec<Problem>,
    /// What was answered amiss, with the column that names who was asked.
    pub faults: Vec<(&'static str, Fault)>,
    /// What a person should know although nothing is wrong.
    pub notes: Vec<String>,
    /// What of the sources would not be uploaded.
    pub left_out: LeftOut,
}

async fn asked(
    spec: &JobSpec,
    facts: &Facts,
    row: Option<&JobRow>,
    store: &StoreOptions,
) -> Result<Standing, Fault> {
    let place = Place::open(&spec.asset(), store).await?;
    survey::standing(spec, facts, row, &place, &Stop::default()).await
}

fn is_done(row: Option<&JobRow>, ledger: Option<&Ledger>) -> Result<bool, Fault> {
    match (row, ledger) {
        (Some(row), Some(ledger)) => is_complete(row, ledger),
        _ => Ok(false),
    }
}

/// A missing source is no problem when the ledger knows the asset as complete.
pub(super) fn unforgiven(
    problems: Vec<Problem>,
    specs: &[JobSpec],
    ledger: Option<&Ledger>,
) -> Result<Vec<Problem>, Fault> {
    let mut left = Vec::new();
    for problem in problems {
        let spec = specs.iter().find(|spec| spec.origin == problem.origin);
        let row = match (spec, ledger) {
            (Some(spec), Some(ledger)) if problem.kind == ProblemKind::SourceMissing => {
                ledger.job(&spec.asset())?
            }
            _ => None,
        };
        if !is_done(row.as_ref(), ledger)? {
            left.push(problem);
        }
    }
    Ok(left)
}
