//! The files of a clipped copy that are whole: everything but its samples.

use std::sync::Arc;

use adt_model::{Class, Crc64, Fault, Key};
use adt_store::{Found, Place};
use futures::StreamExt;
use tokio::runtime::Handle;

use super::content::{PIECE, Pieces, Wanted, crc64, stands};
use crate::delivery::Delivery;

/// A file and where it goes.
pub(super) struct Copy {
    pub found: Found,
    pub to: Key,
}

/// Copies all files, many at once, and says what became of each: whether it stood there already, or why it is not there.
pub(super) async fn copy_all(
    from: &Place,
    files: Vec<Copy>,
    out: &Arc<Delivery>,
    force: bool,
) -> Vec<(Copy, Result<bool, Fault>)> {
    let lanes = out.ctx().settings.lanes.max(1);
    let each = files.into_iter().map(|file| {
        let (from, out) = (from.clone(), Arc::clone(out));
        async move {
            let done = match out.ctx().stop.check() {
                Ok(()) => copy(&from, &file, &out, force).await,
                Err(stopped) => Err(stopped),
            };
            (file, done)
        }
    });
    futures::stream::iter(each).buffered(lanes).collect().await
}

async fn copy(from: &Place, file: &Copy, out: &Arc<Delivery>, force: bool) -> Result<bool, Fault> {
    let Found { key, size, modified, .. } = &file.found;
    if out.place().head(&file.to).await?.is_some() {
        let wanted = Wanted::Crc64(crc64(from, key, *size).await?);
        if stands(out.place(), &file.to, *size, wanted, force).await? {
            out.keeps(&file.to, *size, *size);
            return Ok(true);
        }
    }
    if *size <= PIECE {
        let _permit = out.ctx().budget.take(*size).await;
        // What the server sends has to be the object that was listed, in size, version and checksum.
        let bytes = from.whole(file.found.clone()).await?.bytes;
        out.counters().read(*size);
        out.bytes(&file.to, bytes, *modified).await?;
        return Ok(false);
    }
    long(from, file, out).await.map(|()| false)
}

async fn long(from: &Place, file: &Copy, out: &Arc<Delivery>) -> Result<(), Fault> {
    let (place, key, size) = (from.clone(), file.found.key.clone(), file.found.size);
    let recorded = from.head(&key).await?.and_then(|found| found.crc64);
    let (runtime, counters, stop) = (Handle::current(), Arc::clone(out.counters()), out.ctx().stop.clone());
    let identity = file.found.etag.clone().unwrap_or_default();
    let work = move |outlet: &mut crate::bridge::Outlet| {
        let mut crc = adt_codec::Crc64Digest::new();
        let mut pieces = Pieces::new(&place, &key, size);
        while let Some(bytes) = runtime.block_on(pieces.next())? {
            stop.check()?;
            crc.update(&bytes);
            counters.read(bytes.len() as u64);
            outlet.write(&bytes)?;
        }
        match recorded {
            Some(recorded) if recorded != Crc64(crc.finish()) => Err(Fault::new(
                Class::Corrupt,
                format!("`{}` is not what was written there (CRC-64)", place.location().join(&key)),
            )),
            _ => Ok(()),
        }
    };
    out.stream(&file.to, &identity, work).await.map(drop)
}
