//! `metadata.nd.json`, written last: the mark of a complete asset.

use adt_ledger::ObjectState;
use adt_metadata::{RecordInput, record, status};
use adt_model::{Class, Fault, Key, What};
use adt_plan::RECORD;
use uuid::Uuid;

use crate::{job::Job, moving::confirm};

pub(super) async fn perform(job: &Job) -> Result<(), Fault> {
    let key = Key::parse(RECORD).expect("the record's name is a key");
    if stands_for_the_same(&key, job)? {
        return Ok(());
    }
    let parts = job.parts.lock().expect("nobody panics while holding it").clone();
    let schema = job.plan.schema;
    for reason in status(schema, &parts).1 {
        job.ctx.tell(&job.plan.name, None, What::Note { text: format!("{RECORD}: {reason}") });
    }
    let now = (job.ctx.clock)();
    let document = record(&RecordInput {
        schema,
        strict_compat: job.session()?.manner.strict_compat,
        // The same asset has the same identity, however often its record is written.
        id: Uuid::new_v5(&Uuid::NAMESPACE_URL, job.plan.asset.to_string().as_bytes()),
        name: job.plan.name.clone(),
        created: now,
        last_modified: now,
        location: job.plan.asset.clone(),
        parts,
    });
    job.asset.bytes(&key, document.text().into(), None).await?;
    stands_as_written(&key, job).await
}

/// It is written after everything else was looked for, so it is looked for by itself. What is not there is forgotten: the next run writes it.
async fn stands_as_written(key: &Key, job: &Job) -> Result<(), Fault> {
    let Some(row) = job.row.filter(|_| !job.ctx.settings.no_list) else { return Ok(()) };
    job.ctx.ledger.flush()?;
    let Some(object) = job.ctx.ledger.object(row, key)? else { return Ok(()) };
    let asked = confirm::ask_or_list(job.asset.place(), &object).await;
    if asked.as_ref().is_err_and(|fault| fault.class() == Class::Corrupt) {
        job.ctx.ledger.forget(row, key)?;
    }
    asked
}

/// An earlier run wrote the record, it still stands, and this run has changed nothing.
fn stands_for_the_same(key: &Key, job: &Job) -> Result<bool, Fault> {
    let Some(row) = job.row.filter(|_| job.asset.counters().now().objects_sent == 0) else {
        return Ok(false);
    };
    let Some(object) = job.ctx.ledger.object(row, key)? else { return Ok(false) };
    let stands = object.state == ObjectState::Confirmed;
    if stands {
        job.asset.keeps(key, object.size, 0);
    }
    Ok(stands)
}
