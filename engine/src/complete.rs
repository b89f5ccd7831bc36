//! What is left to do for an asset that is complete: most often nothing, sometimes its pipeline.

use std::sync::Arc;

use adt_ledger::{JobId, JobRow, JobState, Ledger, ObjectState, TriggerRow, TriggerState};
use adt_model::{Class, Facts, Fault, JobEnd, JobSpec, Key, StageName, Standing};
use adt_plan::{RECORD, obstacles, plan};
use adt_store::Place;

use crate::{
    attempt::{Attempt, without_obstacles},
    course::Work,
    prepare,
    standing::{self, Since},
};

/// Whether the ledger knows an asset as complete, whatever became of its pipeline.
pub fn is_complete(row: &JobRow, ledger: &Ledger) -> Result<bool, Fault> {
    if row.state == JobState::Done || !row.state.is_begun() {
        return Ok(row.state == JobState::Done);
    }
    let record = Key::parse(RECORD).expect("the record's name is a key");
    let object = ledger.object(row.id, &record)?;
    Ok(object.is_some_and(|object| object.state == ObjectState::Confirmed))
}

impl Attempt<'_> {
    /// What became of the asset; without a look at the destination, nothing did.
    async fn since_done(&self, row: JobId, place: &Place) -> Result<Since, Fault> {
        let ctx = &self.course.ctx;
        if ctx.settings.no_list {
            return Ok(Since::Whole);
        }
        standing::since_done(row, place, &ctx.ledger, &ctx.stop).await
    }

    /// What is left to do for a job that is done; `None` when it can be skipped.
    pub(crate) async fn left_to_do(
        &mut self,
        row: JobId,
        place: &Place,
    ) -> Result<Option<&'static str>, Fault> {
        let (spec, ctx) = (self.spec, Arc::clone(&self.course.ctx));
        match self.since_done(row, place).await? {
            Since::Replaced(key) => return Err(standing::replaced(&key, place.location())),
            Since::Lacking => {
                let why =
                    "it was complete, and objects of it are gone from the destination: they are sent again";
                return Ok(Some(why));
            }
            Since::Whole => {}
        }
        if spec.dry_run || self.is_started(row)? {
            return Ok(None);
        }
        // A parameter that may ask for a pipeline is read only where none was started.
        let (resolved, _) = ctx.stop.or(prepare::resolve(spec, &ctx.services)).await?;
        let wanted = resolved.endpoints.wants_pipeline();
        Ok(wanted.then_some("it is complete since an earlier run, and its pipeline was never started"))
    }

    /// Whether the destination holds everything that was sent.
    pub(crate) async fn is_whole(&self, row: &JobRow, place: &Place) -> Result<bool, Fault> {
        let ctx = &self.course.ctx;
        Ok(standing::since_done(row.id, place, &ctx.ledger, &ctx.stop).await? == Since::Whole)
    }

    /// Whether the asset is complete and a folder it was made from is gone: people delete raw data after the upload.
    pub(crate) fn is_complete_without_source(&self, row: &JobRow) -> Result<bool, Fault> {
        let (spec, ctx) = (self.spec, Arc::clone(&self.course.ctx));
        let mut folders = spec.modalities.iter().map(|modality| &modality.source).chain(&spec.behavior_dir);
        if spec.force_cloud_sync || folders.all(|folder| folder.exists()) {
            return Ok(false);
        }
        let done = row.state == JobState::Done;
        Ok(done || !spec.dry_run && is_complete(row, &ctx.ledger)?)
    }

    /// Starts the pipeline of a complete asset whose source is gone or whose record an earlier process wrote, where that is still to be done.
    pub(crate) async fn only_the_pipeline(&mut self, row: &JobRow, place: Place) -> Result<JobEnd, Fault> {
        let (spec, ctx) = (self.spec, Arc::clone(&self.course.ctx));
        if self.since_done(row.id, &place).await? != Since::Whole {
            let asset = place.location();
            let what = format!("`{asset}` does not hold all that was sent any more, and its source is gone");
            let help = "put the source back, then run the same command again";
            return Err(Fault::new(Class::Missing, what).help(help));
        }
        let done = row.state == JobState::Done;
        if done && (spec.dry_run || self.is_started(row.id)?) {
            return Ok(self.course.skip(row.id, spec.dry_run));
        }
        let (resolved, _) = ctx.stop.or(prepare::resolve(spec, &ctx.services)).await?;
        if done && !resolved.endpoints.wants_pipeline() {
            return Ok(self.course.skip(row.id, spec.dry_run));
        }
        let mut plan = plan(&resolved, &Facts::default());
        // What its documents lack does not matter any more.
        plan.obstacles = obstacles(&resolved);
        without_obstacles(&plan)?;
        plan.stages.retain(|stage| stage.name == StageName::Trigger);
        let why = if self.recorded { "an earlier run wrote its record" } else { "its source is gone" };
        plan.notes = vec![format!("{why}; it is complete, and only its pipeline is left")];
        let prepared = ctx.stop.or(prepare::for_pipeline(&resolved, &ctx.services)).await?;
        self.course.announce(&plan, true);
        let (fingerprint, standing) = (row.fingerprint.clone(), Standing::Begun);
        self.course
            .perform(
                Work { spec: Some(resolved), plan, fingerprint, prepared, standing, resumed: true },
                place,
            )
            .await
    }

    /// Whether the asset's pipeline was started; a list that asks for another one is told so.
    fn is_started(&mut self, row: JobId) -> Result<bool, Fault> {
        let triggers = self.course.ctx.ledger.triggers(row)?;
        let started = triggers.iter().rev().find(|trigger| trigger.state == TriggerState::Started);
        let retrigger = self.course.ctx.settings.retrigger;
        if let Some(note) = started.and_then(|started| asks_otherwise(self.spec, started, retrigger)) {
            self.course.note(&note);
        }
        Ok(started.is_some())
    }
}

/// What a list asks of a pipeline that was started already, when that is something else.
fn asks_otherwise(spec: &JobSpec, started: &TriggerRow, retrigger: bool) -> Option<String> {
    let sent: serde_json::Value = serde_json::from_str(&started.request).ok()?;
    let was = |key: &str| sent.get("trigger_codeocean_job")?.get(key)?.as_str().map(str::to_owned);
    let endpoints = &spec.endpoints;
    let differs = |now: &Option<String>, key| now.is_some() && *now != was(key);
    if differs(&endpoints.codeocean_trigger_capsule_id, "capsule_id")
        || differs(&endpoints.codeocean_process_capsule_id, "process_capsule_id")
    {
        return Some(
            "its pipeline was started with other capsules than the list names now; it is not started again"
                .into(),
        );
    }
    retrigger.then(|| "its pipeline was started; `--retrigger` is for one of which that is not known".into())
}
