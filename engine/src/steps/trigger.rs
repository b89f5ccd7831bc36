//! The pipeline is started: once each time an asset becomes complete, over all runs that this takes.
//!
//! The intent is on the disk before the request is sent. Code Ocean keeps no key by which it would know a request again, so where an
//! answer was lost it is asked what runs, and only when that is certain is the request sent again. A job that was complete and is
//! begun again (by force) has a new generation:
//!
//! | the ledger says of this generation | and | then |
//! |---|---|---|
//! | nothing | an earlier one was started for this very record | nothing |
//! | nothing, or refused | | send |
//! | started | | nothing |
//! | intended | Code Ocean lists a run with the same parameter | keep that |
//! | intended | it lists no such run | send |
//! | intended | it does not list | unknown: not repeated without `--retrigger` |

use adt_ledger::{JobId, TriggerRow, TriggerState};
use adt_model::{Class, Crc64, Fault, Key, Location, Trigger, What};
use adt_plan::RECORD;
use adt_services::code_ocean::{CodeOcean, Failure, Lookup, Request, request, run_url};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::job::Job;

/// Requests that may have arrived and did not; more of them mean that Code Ocean is not well.
const TRIES: u32 = 3;

/// A request whose answer was lost is looked for so often, after one, two and three times the settling time: a list may lag behind.
const LOOKS: u32 = 3;

pub(super) async fn perform(trigger: &Trigger, job: &Job) -> Result<Value, Fault> {
    let (bucket, prefix) = bucket_and_prefix(&job.plan.asset);
    let request = request(trigger, &bucket, &prefix, job.ctx.version);
    let Some(row) = job.row else {
        job.note(&format!("would send to {}: {}", run_url(&trigger.domain)?, request.body()));
        return Ok(json!({}));
    };
    let token = job
        .prepared
        .token
        .clone()
        .ok_or_else(|| Fault::new(Class::Bug, "a pipeline is to be started without a token"))?;
    let code_ocean = CodeOcean::open(&trigger.domain, token, &job.service_options())?;
    let generation = job.ctx.ledger.generation(row)?;
    let start = Start { job, row, generation, record: record(row, job)?, request, code_ocean };
    let computation = start.once().await.map_err(|fault| start.uploaded(fault))?;
    Ok(json!({ "computation": computation }))
}

/// The checksum of the record that completes the asset.
fn record(row: JobId, job: &Job) -> Result<Crc64, Fault> {
    let key = Key::parse(RECORD).expect("the record's name is a key");
    job.ctx.ledger.flush()?;
    let object = job.ctx.ledger.object(row, &key)?;
    object
        .and_then(|object| object.crc64)
        .ok_or_else(|| Fault::new(Class::Bug, format!("the ledger does not know the asset's `{RECORD}`")))
}

/// Pipelines read S3; elsewhere the whole location stands where the bucket would.
fn bucket_and_prefix(asset: &Location) -> (String, String) {
    match asset {
        Location::S3 { bucket, prefix } => {
            (bucket.clone(), prefix.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        other => {
            let text = other.to_string();
            match text.rsplit_once('/') {
                Some((parent, name)) => (parent.to_owned(), name.to_owned()),
                None => (String::new(), text),
            }
        }
    }
}

struct Start<'a> {
    job: &'a Job,
    row: JobId,
    generation: u64,
    record: Crc64,
    request: Request,
    code_ocean: CodeOcean,
}

impl Start<'_> {
    async fn once(&self) -> Result<Option<String>, Fault> {
        let mut earlier = self.job.ctx.ledger.triggers(self.row)?;
        let own = earlier.pop_if(|row| row.generation == self.generation);
        match own {
            Some(row) if row.state == TriggerState::Started => return Ok(row.computation),
            Some(row) if row.state == TriggerState::Intended => {
                // It may have been sent by another version of this program, in other words.
                let sent = Request::of_parameter(&row.request).unwrap_or_else(|| self.request.clone());
                if let Some(found) = self.became(&sent, row.intended_at, &earlier).await? {
                    return self.started(found);
                }
            }
            Some(_) => {}
            // A forced run that found nothing to change has left the record as it was.
            None => {
                let same =
                    |row: &&TriggerRow| row.record == self.record && row.state == TriggerState::Started;
                if let Some(row) = earlier.last().filter(same) {
                    return Ok(row.computation.clone());
                }
            }
        }
        self.send(&earlier).await
    }

    /// What is not done, or not known to be done, is only the last step.
    fn uploaded(&self, fault: Fault) -> Fault {
        if fault.class() == Class::Cancelled {
            return fault;
        }
        let asset = &self.job.plan.asset;
        let rows = self.job.ctx.ledger.triggers(self.row).unwrap_or_default();
        let intended = rows.last().is_some_and(|row| row.state == TriggerState::Intended);
        let what = if intended {
            format!("`{asset}` is complete, and whether its pipeline is started is not known")
        } else {
            format!("`{asset}` is complete, but its pipeline is not started")
        };
        let help = fault.advice().unwrap_or("run the same command again: only this is done then").to_owned();
        Fault::new(fault.class(), what).because(fault).help(help)
    }

    async fn send(&self, earlier: &[TriggerRow]) -> Result<Option<String>, Fault> {
        let ctx = &self.job.ctx;
        let since = (ctx.clock)();
        let (record, parameter) = (self.record, self.request.parameter());
        ctx.ledger.trigger_intended(self.row, self.generation, record, parameter, since)?;
        for attempt in 1.. {
            ctx.stop.check()?;
            match self.code_ocean.run(&self.request).await {
                Ok(started) => return self.started(started.id),
                Err(Failure::Refused(fault)) => {
                    let now = (ctx.clock)();
                    ctx.ledger.trigger_settled(
                        self.row,
                        self.generation,
                        TriggerState::Refused,
                        None,
                        now,
                    )?;
                    return Err(fault);
                }
                Err(Failure::Unknown(fault)) => {
                    self.job.tell_retry(&format!("{}; asking what became of it", fault.line()));
                    if let Some(found) = self.became(&self.request, since, earlier).await? {
                        return self.started(found);
                    }
                    if attempt == TRIES {
                        return Err(fault);
                    }
                }
            }
        }
        Err(Fault::new(Class::Bug, "an endless loop has ended"))
    }

    /// The run that a request without an answer became; `Some(None)` is one without a name, `None` none at all.
    async fn became(
        &self,
        sent: &Request,
        since: Timestamp,
        earlier: &[TriggerRow],
    ) -> Result<Option<Option<String>>, Fault> {
        let settle = self.job.ctx.services.settle;
        for look in 1..=LOOKS {
            // A request that is on its way may still arrive.
            tokio::time::sleep(settle * look).await;
            if let Some(found) = self.listed(sent, since, earlier).await? {
                return Ok(Some(found));
            }
            let age = (self.job.ctx.clock)().duration_since(since);
            if age > SignedDuration::try_from(settle * (LOOKS * (LOOKS + 1) / 2)).unwrap_or_default() {
                break;
            }
        }
        Ok(None)
    }

    async fn listed(
        &self,
        sent: &Request,
        since: Timestamp,
        earlier: &[TriggerRow],
    ) -> Result<Option<Option<String>>, Fault> {
        let others: Vec<_> = earlier.iter().filter_map(|row| row.computation.as_deref()).collect();
        let why = match self.code_ocean.find(sent, since).await {
            Ok(Lookup::Found(runs)) => {
                let ours = runs.into_iter().find(|run| !others.contains(&run.id.as_str()));
                return Ok(ours.map(|run| Some(run.id)));
            }
            Ok(Lookup::None) => return Ok(None),
            Ok(Lookup::CannotTell(why)) => unknown(&why),
            Err(fault) => fault,
        };
        // A person has looked, and says that nothing runs.
        if self.job.ctx.settings.retrigger { Ok(None) } else { Err(why) }
    }

    fn started(&self, computation: Option<String>) -> Result<Option<String>, Fault> {
        let ctx = &self.job.ctx;
        let id = computation.as_deref();
        ctx.ledger.trigger_settled(self.row, self.generation, TriggerState::Started, id, (ctx.clock)())?;
        let named = id.map(|id| format!(" as computation {id}")).unwrap_or_default();
        ctx.tell(
            &self.job.plan.name,
            Some("trigger"),
            What::Note { text: format!("the pipeline is started{named}") },
        );
        Ok(computation)
    }
}

fn unknown(why: &str) -> Fault {
    let what = format!("whether the pipeline was started is unknown, so it is not repeated ({why})");
    Fault::new(Class::Conflict, what)
        .help("look at Code Ocean; if it does not run, run the same command with `--retrigger`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_and_what_is_below_it() {
        let split = |text: &str| bucket_and_prefix(&text.parse().unwrap());
        assert_eq!(split("s3://some-bucket/a_1"), ("some-bucket".into(), "a_1".into()));
        assert_eq!(split("s3://some-bucket/lab/a_1"), ("some-bucket".into(), "lab/a_1".into()));
        assert_eq!(split("file:///archive/a_1").1, "a_1");
    }
}
