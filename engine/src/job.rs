//! A job at work: its stages, one after the other, and what their steps share.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use adt_ledger::{JobId, RunId};
use adt_metadata::{Document, Parts};
use adt_model::{Class, Fault, JobSpec, Plan, Stage, StageName, Step, What};
use adt_services::ServiceOptions;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::{
    Ctx,
    build::Building,
    course::retries,
    delivery::Delivery,
    prepare::Prepared,
    standing, steps,
    steps::{EphysMade, ImagesMade, Zipped},
};

/// A job at work: what its steps share.
pub struct Job {
    /// Everything that comes from outside.
    pub ctx: Arc<Ctx>,
    /// What was asked for; none where there is no session, but a folder and a place to put it.
    pub spec: Option<JobSpec>,
    /// What is being done.
    pub plan: Plan,
    /// The way to the asset at its destination.
    pub asset: Arc<Delivery>,
    /// The way into the temporary folder, when the asset is built there first.
    pub building: Option<Building>,
    /// The job in the ledger; none in a dry run.
    pub row: Option<JobId>,
    /// This run in the ledger.
    pub run: RunId,
    /// What the zip steps did, by step, for `processing.json`.
    pub zipped: Mutex<BTreeMap<String, Zipped>>,
    /// What the steps that compress recordings did, by step, for `processing.json`.
    pub ephys: Mutex<BTreeMap<String, EphysMade>>,
    /// Called when one of these steps has ended.
    pub(crate) ephys_ended: Notify,
    /// What the steps that write images did, by step, for `processing.json`.
    pub images: Mutex<BTreeMap<String, ImagesMade>>,
    /// What of the source is not in the asset although it ought to be; such an asset gets no record.
    pub(crate) lacking: Mutex<Vec<String>>,
    /// What was told while the job ran, for its closing row.
    pub(crate) told: Mutex<Vec<String>>,
    /// The documents written so far, for the record.
    pub parts: Mutex<Parts>,
    /// What the services have answered.
    pub prepared: Prepared,
    /// When it began, for documents.
    pub started: Timestamp,
}

impl Job {
    /// The session, for steps that describe one.
    pub(crate) fn session(&self) -> Result<&JobSpec, Fault> {
        self.spec.as_ref().ok_or_else(|| Fault::new(Class::Bug, "there is no session to describe"))
    }

    /// Where the objects of the data and document stages go.
    pub fn out(&self) -> &Arc<Delivery> {
        self.building.as_ref().map_or(&self.asset, |building| &building.delivery)
    }

    /// Keeps a document for the record; one that the record has no place for only stands beside it.
    pub(crate) fn documents(&self, name: &str, document: Document) {
        let _ = self.parts.lock().expect("nobody panics while holding it").put(name, document);
    }

    /// Tells something that a person should know although nothing failed.
    pub(crate) fn note(&self, text: &str) {
        self.ctx.tell(&self.plan.name, None, What::Note { text: text.to_owned() });
        self.told.lock().expect("nobody panics while holding it").push(text.to_owned());
    }

    /// Parts of the source that are not in the asset although they ought to be: everything else is finished, then the job fails.
    pub(crate) fn missing(&self, what: &[String]) {
        self.lacking.lock().expect("nobody panics while holding it").extend_from_slice(what);
    }

    /// Whether all of the source is in the asset.
    fn is_whole(&self) -> Result<(), Fault> {
        let lacking = self.lacking.lock().expect("nobody panics while holding it");
        let Some(first) = lacking.first() else { return Ok(()) };
        let more = lacking.len() - 1;
        let more = if more == 0 { String::new() } else { format!("; and {more} more, in the notes") };
        Err(Fault::new(Class::Corrupt, format!("the asset is not whole: {first}{more}")).help(
            "everything else is saved; mend the source and run the same command again, or accept what is missing (recordings: \
             `accept_unread_streams` in `extra_configs`, or `--config-file` of `adt ephys compress`; images: \
             `exclude_patterns`, or `--exclude`)",
        ))
    }

    /// Tells that something is tried again.
    pub(crate) fn tell_retry(&self, text: &str) {
        self.ctx.tell(&self.plan.name, None, What::Retry { text: text.to_owned() });
    }

    /// When the making of what a step makes was begun, by this attempt or by one that was killed or ran elsewhere.
    pub(crate) fn begun(&self, step: &str) -> Result<Timestamp, Fault> {
        let begun = self.row.map(|row| self.ctx.ledger.step_begun(row, step)).transpose()?.flatten();
        Ok(begun.unwrap_or_else(|| (self.ctx.clock)()))
    }

    /// How services are asked for this job.
    pub(crate) fn service_options(&self) -> ServiceOptions {
        ServiceOptions {
            on_retry: retries(&self.ctx, self.plan.name.clone()),
            ..self.ctx.services.options.clone()
        }
    }
}

/// One stage after the other.
pub(crate) async fn perform_stages(job: &Job) -> Result<(), Fault> {
    for stage in &job.plan.stages {
        if stage.name == StageName::Record {
            job.is_whole()?;
        }
        job.ctx.stop.check()?;
        if stage.name == StageName::Verify
            && let Some(row) = job.row.filter(|_| !job.ctx.settings.no_list)
        {
            standing::abort_left_over(row, &job.asset).await?;
        }
        perform_stage(stage, job).await?;
    }
    // Where there is no record, this is where it is told.
    job.is_whole()
}

/// The steps of a stage overlap; the first fault ends the stage, the others' confirmed objects stay in the ledger.
async fn perform_stage(stage: &Stage, job: &Job) -> Result<(), Fault> {
    futures::future::try_join_all(stage.steps.iter().map(|step| perform_step(step, job))).await.map(drop)
}

/// One step, told and recorded before and after.
async fn perform_step(step: &Step, job: &Job) -> Result<(), Fault> {
    let (ctx, name) = (&job.ctx, &job.plan.name);
    ctx.tell(name, Some(&step.id), What::StepStarted);
    if let Some(row) = job.row {
        ctx.ledger.begin_step(row, job.run, &step.id, (ctx.clock)())?;
    }
    let outcome = steps::perform(step, job).await;
    if let Some(row) = job.row {
        ctx.ledger.end_step(row, job.run, &step.id, (ctx.clock)(), outcome.as_ref())?;
    }
    outcome?;
    ctx.tell(name, Some(&step.id), What::StepFinished);
    Ok(())
}
