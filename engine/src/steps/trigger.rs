//! The pipeline is started: once for each generation of an asset, over any number of processes, ledgers and machines.
//!
//! Code Ocean has no key that makes a repeated order harmless. Before the order is sent, a claim is written beside the asset
//! ([`crate::claims`]) and the intent into the ledger. Where an order's outcome is not known, Code Ocean is asked what runs; where that
//! does not settle it either, nothing is ordered again.
//!
//! | the ledger says of this generation | the claims say | then |
//! |---|---|---|
//! | started | | nothing |
//! | nothing, and an earlier generation was started for this very record | | nothing |
//! | | started | nothing, and that is said |
//! | | ordering, or unreadable | keep what Code Ocean lists; else unknown |
//! | ordering | none | keep what Code Ocean lists; else unknown |
//! | nothing, or refused | none | claim, then order |
//!
//! Unknown ends the job; with `--retrigger` a person has looked, and it is claimed and ordered once more.

use std::{collections::BTreeSet, time::Duration};

use adt_ledger::{JobId, TriggerRow, TriggerState};
use adt_model::{Class, Crc64, Fault, Key, Location, Trigger, What};
use adt_plan::RECORD;
use adt_services::code_ocean::{CodeOcean, Failure, Lookup, Request, request, run_url, runs_url};
use adt_store::StoreOptions;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    claims::{self, Claim, Claims, Found, State, unknown},
    course::retries,
    ctx::interrupted,
    job::Job,
};

/// A run is looked for after waits of so many settling times: a list may lag behind.
const LOOKS: [u32; 4] = [1, 2, 3, 6];

/// How often claims at the same time as those of others are withdrawn and made again.
const CLAIMS: u32 = 20;

/// After a stop was asked for, an order that is on its way may be answered for so long.
const GRACE: Duration = Duration::from_millis(1500);

/// Clocks of machines may differ by so much.
const APART: SignedDuration = SignedDuration::from_mins(15);

pub(super) async fn perform(trigger: &Trigger, job: &Job) -> Result<Value, Fault> {
    let (bucket, prefix) = bucket_and_prefix(&job.plan.asset);
    let request = request(trigger, &bucket, &prefix, job.ctx.version);
    let Some(row) = job.row else {
        job.note(&format!("would send to {}: {}", run_url(&trigger.domain)?, request.body()));
        return Ok(json!({}));
    };
    let start = Start::new(trigger, job, row, request).await?;
    let computation = start.once().await.map_err(|trouble| start.uploaded(trouble))?;
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

/// Why the pipeline is not known to be started.
struct Trouble {
    fault: Fault,
    /// Whether it may be started all the same.
    unknown: bool,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self { fault, unknown: false }
    }
}

/// What became of an order without an answer.
enum Became {
    Started(Option<String>),
    /// Whoever had claimed it ordered nothing.
    Withdrawn,
    /// Nothing is known, for this reason.
    Unknown(String),
}

struct Start<'a> {
    job: &'a Job,
    row: JobId,
    generation: u64,
    record: Crc64,
    request: Request,
    code_ocean: CodeOcean,
    claims: Claims,
    /// What the ledger says: earlier generations, and this one.
    earlier: Vec<TriggerRow>,
    own: Option<TriggerRow>,
    /// Of the asset's input.
    fingerprint: String,
    look: String,
}

impl<'a> Start<'a> {
    async fn new(trigger: &Trigger, job: &'a Job, row: JobId, request: Request) -> Result<Self, Fault> {
        let token = job.prepared.token.clone();
        let token =
            token.ok_or_else(|| Fault::new(Class::Bug, "a pipeline is to be started without a token"))?;
        let code_ocean = CodeOcean::open(&trigger.domain, token, &job.service_options())?;
        let (ctx, asset) = (&job.ctx, &job.plan.asset);
        let generation = ctx.ledger.generation(row)?;
        let record = record(row, job)?;
        let mut earlier = ctx.ledger.triggers(row)?;
        let own = earlier.pop_if(|row| row.generation == generation);
        let fingerprint = ctx.ledger.job(asset)?.map(|row| row.fingerprint).unwrap_or_default();
        let options = StoreOptions { on_retry: retries(ctx, job.plan.name.clone()), ..ctx.store.clone() };
        let claims = Claims::open(asset, &options).await?;
        let before = earlier.iter().rev().find(|row| row.state == TriggerState::Started);
        let key = order_key(asset, &fingerprint, before.map(|row| row.record));
        let request = request.with_key(&key);
        let look = runs_url(&trigger.domain, request.capsule())?;
        Ok(Self {
            job,
            row,
            generation,
            record,
            request,
            code_ocean,
            claims,
            earlier,
            own,
            fingerprint,
            look,
        })
    }

    fn key(&self) -> &str {
        self.request.key().unwrap_or_default()
    }

    async fn once(&self) -> Result<Option<String>, Trouble> {
        match &self.own {
            Some(row) if row.state == TriggerState::Started => return Ok(row.computation.clone()),
            Some(_) => {}
            // A forced run that found nothing to change has left the record as it was.
            None => {
                let same =
                    |row: &&TriggerRow| row.record == self.record && row.state == TriggerState::Started;
                if let Some(row) = self.earlier.last().filter(same) {
                    return Ok(row.computation.clone());
                }
            }
        }
        let found = self.job.ctx.stop.or(self.claims.read()).await?;
        if let Some(claim) = self.started_by(&found) {
            return Ok(self.was_started(claim)?);
        }
        let open = self.open(&found);
        let sent = self.own.as_ref().filter(|row| row.state == TriggerState::Intended);
        if sent.is_some() || !open.is_empty() {
            match self.became(sent, &open).await? {
                Became::Started(id) => return Ok(self.started(id, open.first().copied()).await?),
                Became::Withdrawn => {}
                // A person has looked, and says that nothing runs.
                Became::Unknown(_) if self.job.ctx.settings.retrigger => {}
                Became::Unknown(why) => return Err(self.unknown(&why)),
            }
        }
        let seen = found.iter().map(|found| found.name.clone()).collect();
        self.order(&seen).await
    }

    /// Whether a claim is for the same start as this one. Unless an asset that was complete is made anew (by force, or because objects of
    /// it were gone), there is only one; else it is one for the same input, later than the last start that this ledger knows.
    fn is_ours(&self, claim: &Claim) -> bool {
        let renewed = self.job.plan.force || self.generation > 0;
        let before = self.earlier.iter().rev().find(|row| row.state == TriggerState::Started);
        let is_later = before.and_then(|row| row.at).is_none_or(|at| claim.at > at);
        claim.key == self.key() || !renewed || claim.fingerprint == self.fingerprint && is_later
    }

    fn started_by<'f>(&self, found: &'f [Found]) -> Option<&'f Claim> {
        let claims = found.iter().filter_map(|found| found.claim.as_ref());
        claims.filter(|claim| self.is_ours(claim)).find(|claim| claim.state == State::Started)
    }

    /// Claims whose outcome is not known. One that cannot be read may be for this start.
    fn open<'f>(&self, found: &'f [Found]) -> Vec<&'f Found> {
        let is_open = |claim: &Claim| claim.state == State::Ordering && self.is_ours(claim);
        found.iter().filter(|found| found.claim.as_ref().is_none_or(is_open)).collect()
    }

    fn unknown(&self, why: &str) -> Trouble {
        Trouble { fault: unknown(why, &self.look), unknown: true }
    }

    /// What is not done, or not known to be done, is only the last step.
    fn uploaded(&self, Trouble { fault, unknown }: Trouble) -> Fault {
        if fault.class() == Class::Cancelled {
            return fault;
        }
        let asset = &self.job.plan.asset;
        let what = if unknown {
            format!("`{asset}` is complete, and whether its pipeline is started is not known")
        } else {
            format!("`{asset}` is complete, but its pipeline is not started")
        };
        let help = fault.advice().unwrap_or("run the same command again: only this step is left").to_owned();
        Fault::new(fault.class(), what).because(fault).help(help)
    }

    /// Claims the order, then sends it. Claims in `seen` are settled, or a person has looked.
    async fn order(&self, seen: &BTreeSet<Key>) -> Result<Option<String>, Trouble> {
        let (ctx, look) = (&self.job.ctx, self.look.clone());
        for attempt in 1..=CLAIMS {
            ctx.stop.check()?;
            let claim = Claim {
                key: self.key().to_owned(),
                fingerprint: self.fingerprint.clone(),
                state: State::Ordering,
                at: (ctx.clock)(),
                program: format!("adt {}", ctx.version),
                request: self.request.parameter().to_owned(),
                look: look.clone(),
                computation: None,
            };
            let id = (ctx.new_id)();
            let name = claims::name(self.key(), &id.simple().to_string());
            if self.claims.make(&name, &claim, seen).await? {
                return self.send(Found { name, claim: Some(claim) }).await;
            }
            // Another process claims it at this moment, and has seen this claim or is ordering by now.
            let wait = Duration::from_millis(100 + (id.as_u128() % 400) as u64) * attempt;
            let waiting = async {
                tokio::time::sleep(wait).await;
                Ok(())
            };
            ctx.stop.or(waiting).await?;
            let found = ctx.stop.or(self.claims.read()).await?;
            if let Some(claim) = self.started_by(&found) {
                return Ok(self.was_started(claim)?);
            }
            let open: Vec<_> =
                self.open(&found).into_iter().filter(|found| !seen.contains(&found.name)).collect();
            match self.became(None, &open).await? {
                Became::Started(id) => return Ok(self.started(id, open.first().copied()).await?),
                Became::Withdrawn => {}
                Became::Unknown(why) => return Err(self.unknown(&why)),
            }
        }
        Err(Fault::new(Class::Transient, "other processes are starting the same pipeline").into())
    }

    async fn send(&self, own: Found) -> Result<Option<String>, Trouble> {
        let ctx = &self.job.ctx;
        let (record, since) = (self.record, (ctx.clock)());
        ctx.ledger.trigger_intended(self.row, self.generation, record, self.request.parameter(), since)?;
        let answer = tokio::select! {
            answer = self.code_ocean.run(&self.request) => answer,
            () = self.out_of_grace() => return Err(interrupted().into()),
        };
        match answer {
            Ok(started) => Ok(self.started(started.id, Some(&own)).await?),
            Err(Failure::Refused(fault)) => {
                let (generation, now) = (self.generation, (ctx.clock)());
                ctx.ledger.trigger_settled(self.row, generation, TriggerState::Refused, None, now)?;
                if let Some(claim) = &own.claim {
                    self.claims.withdraw(&own.name, claim).await?;
                }
                Err(fault.into())
            }
            Err(Failure::Unknown(fault)) => {
                self.job.tell_retry(&format!("{}; asking what became of it", fault.line()));
                match self.became(None, &[&own]).await? {
                    Became::Started(id) => Ok(self.started(id, Some(&own)).await?),
                    Became::Withdrawn => Err(self.unknown(&fault.line())),
                    Became::Unknown(why) => Err(self.unknown(&format!("{}; {why}", fault.line()))),
                }
            }
        }
    }

    /// Ends a while after a stop was asked for.
    async fn out_of_grace(&self) {
        self.job.ctx.stop.gently.cancelled().await;
        tokio::time::sleep(GRACE).await;
    }

    /// What the orders of this ledger (`sent`) and of these claims became. Ends at once where a stop is asked for.
    async fn became(&self, sent: Option<&TriggerRow>, open: &[&Found]) -> Result<Became, Trouble> {
        if sent.is_none() && open.is_empty() {
            return Ok(Became::Withdrawn);
        }
        let ctx = &self.job.ctx;
        let settle = ctx.services.settle;
        let claims = || open.iter().filter_map(|found| found.claim.as_ref());
        let latest = claims().map(|claim| claim.at).chain(sent.map(|row| row.intended_at)).max();
        let age = latest.map_or(SignedDuration::MAX, |at| (ctx.clock)().duration_since(at));
        let lag = settle * LOOKS.iter().sum::<u32>();
        // What was ordered long ago is listed by now, or never.
        let is_old = age > SignedDuration::try_from(lag).unwrap_or_default();
        let looks = if is_old { &[0][..] } else { &LOOKS[..] };
        let mut why = "it is not listed".to_owned();
        for wait in looks {
            let looking = async {
                tokio::time::sleep(settle * *wait).await;
                self.looked(sent, open).await
            };
            match ctx.stop.or(looking).await? {
                Became::Unknown(reason) => why = reason,
                became => return Ok(became),
            }
        }
        Ok(Became::Unknown(why))
    }

    /// One look at the claims and at Code Ocean.
    async fn looked(&self, sent: Option<&TriggerRow>, open: &[&Found]) -> Result<Became, Fault> {
        let now = self.claims.read().await?;
        if let Some(claim) = self.started_by(&now) {
            return Ok(Became::Started(claim.computation.clone()));
        }
        let is_left = |found: &&Found| now.iter().any(|other| other.name == found.name);
        let left: Vec<_> = open.iter().copied().filter(is_left).collect();
        if left.is_empty() && sent.is_none() {
            return Ok(Became::Withdrawn);
        }
        let claims = || left.iter().filter_map(|found| found.claim.as_ref());
        let since = claims().map(|claim| claim.at.saturating_sub(APART).unwrap_or(Timestamp::MIN));
        let since = since.chain(sent.map(|row| row.intended_at)).min().unwrap_or(Timestamp::MIN);
        // It may have been sent by another version of this program, in other words.
        let texts: BTreeSet<&str> = claims()
            .map(|claim| claim.request.as_str())
            .chain(sent.map(|row| row.request.as_str()))
            .chain([self.request.parameter()])
            .collect();
        let ledger = self.earlier.iter().filter_map(|row| row.computation.clone());
        let claimed = now.iter().filter_map(|found| found.claim.as_ref()?.computation.clone());
        let others: BTreeSet<String> = ledger.chain(claimed).collect();
        let mut why = "Code Ocean does not list it".to_owned();
        for text in texts {
            let Some(request) = Request::of_parameter(text) else { continue };
            match self.code_ocean.find(&request.with_key(self.key()), since).await {
                Ok(Lookup::Found(runs)) => {
                    if let Some(run) = runs.into_iter().find(|run| !others.contains(&run.id)) {
                        return Ok(Became::Started(Some(run.id)));
                    }
                }
                Ok(Lookup::None) => {}
                Ok(Lookup::CannotTell(reason)) => why = reason,
                Err(fault) => return Ok(Became::Unknown(fault.line())),
            }
        }
        Ok(Became::Unknown(why))
    }

    /// Keeps what is known now: in the ledger, in the claim, in the computation's name.
    async fn started(
        &self,
        computation: Option<String>,
        by: Option<&Found>,
    ) -> Result<Option<String>, Fault> {
        self.keep(computation.as_deref())?;
        if let Some(Found { name, claim: Some(claim) }) = by {
            let claim = Claim { state: State::Started, computation: computation.clone(), ..claim.clone() };
            if let Err(fault) = self.claims.write(name, &claim).await {
                self.job.note(&format!("the pipeline's claim could not be updated: {}", fault.line()));
            }
        }
        if let Some(id) = &computation {
            let naming = self.code_ocean.name(id, &self.job.plan.name, self.key());
            tokio::select! {
                () = naming => {}
                () = self.job.ctx.stop.gently.cancelled() => {}
            }
        }
        let named = computation.as_ref().map(|id| format!(" as computation {id}")).unwrap_or_default();
        let text = format!("the pipeline is started{named}");
        self.job.ctx.tell(&self.job.plan.name, Some("trigger"), What::Note { text });
        Ok(computation)
    }

    /// Another process has started it.
    fn was_started(&self, claim: &Claim) -> Result<Option<String>, Fault> {
        self.keep(claim.computation.as_deref())?;
        let named = claim.computation.as_ref().map(|id| format!(" as computation {id}")).unwrap_or_default();
        self.job.note(&format!(
            "the pipeline was already started{named} (ordered {:.0}); it is not started again",
            claim.at
        ));
        Ok(claim.computation.clone())
    }

    fn keep(&self, computation: Option<&str>) -> Result<(), Fault> {
        let (ledger, now) = (&self.job.ctx.ledger, (self.job.ctx.clock)());
        if self.own.as_ref().is_none_or(|row| row.state != TriggerState::Intended) {
            let parameter = self.request.parameter();
            ledger.trigger_intended(self.row, self.generation, self.record, parameter, now)?;
        }
        ledger.trigger_settled(self.row, self.generation, TriggerState::Started, computation, now)
    }
}

/// What an order is recognised by: the same for every process that makes the asset of the same input; `before` is the record that the
/// same ledger had a pipeline started for earlier.
fn order_key(asset: &Location, fingerprint: &str, before: Option<Crc64>) -> String {
    let text = json!([asset.to_string(), fingerprint, before.map(|record| record.to_string())]).to_string();
    let half = |salt: &str| adt_codec::crc64(format!("{salt}{text}{salt}").as_bytes());
    format!("{:016x}{:016x}", half("adt"), half("order"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_asset_input_and_what_was_started_before() {
        let asset = |text: &str| text.parse::<Location>().unwrap();
        let keys = [
            order_key(&asset("s3://b/a"), "1", None),
            order_key(&asset("s3://b/a2"), "1", None),
            order_key(&asset("s3://b/a"), "2", None),
            order_key(&asset("s3://b/a"), "1", Some(Crc64(7))),
        ];
        assert_eq!(keys[0], order_key(&asset("s3://b/a"), "1", None));
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert!(keys.iter().all(|key| key.len() == 32));
    }

    #[test]
    fn a_bucket_and_what_is_below_it() {
        let split = |text: &str| bucket_and_prefix(&text.parse().unwrap());
        assert_eq!(split("s3://some-bucket/a_1"), ("some-bucket".into(), "a_1".into()));
        assert_eq!(split("s3://some-bucket/lab/a_1"), ("some-bucket".into(), "lab/a_1".into()));
        assert_eq!(split("file:///archive/a_1").1, "a_1");
    }
}
