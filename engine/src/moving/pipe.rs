//! An object that comes from a stream whose end nobody knows.

use std::sync::Arc;

use adt_ledger::{ObjectRow, ObjectState};
use adt_model::{Fault, Key};
use adt_store::{Place, Proof, Receipt};
use bytes::Bytes;

use super::confirm;
use crate::{
    Ctx,
    alone::name,
    course::Course,
    delivery::{Address, Delivery},
};

/// Sends what `read` hands over as the object `key`, in memory and in parts; it becomes visible when `read` has ended well. With `ask`, the
/// destination is asked for it afterwards. The bytes that were sent.
pub async fn from_reader(
    place: Place,
    key: &Key,
    ask: bool,
    ctx: Arc<Ctx>,
    read: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> + Send + 'static,
) -> Result<u64, Fault> {
    let run = ctx.ledger.begin_run(
        (ctx.clock)(),
        &format!("adt copy - {}/{key}", place.location()),
        ctx.version,
    )?;
    let course = Course::new(name(place.location()), run, &ctx);
    let address = Address { job: course.name.clone(), place, row: None, look: false, mark: None };
    let out = Delivery::new(Arc::clone(&ctx), address, Arc::clone(course.counters()));
    let stop = ctx.stop.clone();
    let sent = out.stream_once(key, "standard input", move |outlet| {
        read(&mut |bytes| {
            stop.check()?;
            outlet.write(&Bytes::copy_from_slice(bytes))
        })
    });
    let sent = async {
        let ((), receipt) = sent.await?;
        if ask && receipt.proof != Proof::Rehearsed {
            confirm::ask_or_list(out.place(), &row(key, &receipt)).await?;
        }
        Ok(receipt.size)
    };
    let sent = course.watch().over(Box::pin(sent)).await;
    ctx.ledger.end_run(run, (ctx.clock)(), i32::from(sent.is_err()))?;
    sent
}

fn row(key: &Key, receipt: &Receipt) -> ObjectRow {
    ObjectRow {
        key: key.clone(),
        size: receipt.size,
        crc64: Some(receipt.crc64),
        etag: receipt.etag.clone(),
        source_modified: None,
        source_size: None,
        source_etag: None,
        state: ObjectState::Confirmed,
        at: None,
    }
}
