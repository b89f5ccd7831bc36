//! The files of a clipped copy: those that are whole are copied, all of them are checked.

use std::sync::Arc;

use adt_formats::session_files::Sum;
use adt_model::{Class, Fault, Key};
use adt_store::{Found, Place};
use futures::StreamExt;

use super::content::{Wanted, stands};
use crate::{
    delivery::{Delivery, proven},
    pieces::{crc64, sha256},
};

/// A file and where it goes.
pub(super) struct Copy {
    pub found: Found,
    pub to: Key,
    /// What proves its content, where that was recorded.
    pub sum: Option<Sum>,
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
    let Copy { found, to, sum } = file;
    if let Some(sum) = sum {
        let wanted = Wanted::Sha256(&sum.sha256);
        if stands(out.place(), to, sum.bytes, wanted, force).await? {
            // What is at the destination proves nothing about the copy.
            return check(from, found, sum).await.map(|()| {
                out.keeps(to, found.size, found.size);
                true
            });
        }
        let sent = out.send_proven(from, found, to, &sum.sha256).await;
        return sent.map(|()| false).map_err(|fault| damaged(found, fault));
    }
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

/// Whether an object of the copy is what was recorded.
pub(super) async fn check(from: &Place, found: &Found, sum: &Sum) -> Result<(), Fault> {
    let content = async { proven(&sha256(from, found).await?, &sum.sha256) };
    content.await.map_err(|fault| damaged(found, fault))
}

/// Names the object whose content is not what was recorded.
fn damaged(found: &Found, fault: Fault) -> Fault {
    if fault.class() != Class::Corrupt {
        return fault;
    }
    let what = format!("`{}` is damaged", found.key);
    Fault::new(Class::Corrupt, what).because(fault).help("take it from another copy of the asset")
}

/// Compares objects with what was recorded, many at once; those that differ.
pub(super) async fn check_all(
    from: &Place,
    objects: Vec<(Found, Sum)>,
    out: &Arc<Delivery>,
) -> Vec<(Key, Fault)> {
    let lanes = out.ctx().settings.lanes.max(1);
    let each = objects.into_iter().map(|(found, sum)| {
        let (from, stop) = (from.clone(), out.ctx().stop.clone());
        async move {
            let done = match stop.check() {
                Ok(()) => check(&from, &found, &sum).await,
                Err(stopped) => Err(stopped),
            };
            done.err().map(|fault| (found.key, fault))
        }
    });
    let found: Vec<_> = futures::stream::iter(each).buffered(lanes).collect().await;
    found.into_iter().flatten().collect()
}
