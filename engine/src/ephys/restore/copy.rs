//! The files of a clipped copy that are whole: everything but its samples.

use std::sync::Arc;

use adt_model::{Fault, Key};
use adt_store::{Found, Place};
use futures::StreamExt;

use super::content::{Wanted, stands};
use crate::{delivery::Delivery, pieces::crc64};

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
    let Copy { found, to } = file;
    if out.place().head(to).await?.is_some() {
        let wanted = Wanted::Crc64(crc64(from, found).await?);
        if stands(out.place(), to, found.size, wanted, force).await? {
            out.keeps(to, found.size, found.size);
            return Ok(true);
        }
    }
    // What the place sends has to be the object that was listed, in size, version and checksum.
    out.send_object(from, found, to).await.map(|()| false)
}
