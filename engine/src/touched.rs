//! Files of a complete asset's source whose size and time are the same as before, and of which something was changed since.
//!
//! A change of permissions does that, and so do other bytes under the old time. What went as it was is read again and compared with the checksum
//! of what was sent. What became part of something else (a zip, a store) cannot be compared so cheaply: it is named.

use std::sync::Arc;

use adt_formats::folder::{self, Entry, EntryKind, Walked};
use adt_ledger::{JobRow, ObjectState};
use adt_model::{Action, Change, Class, Fault, FolderWork, Key, Plan, change_mark};
use camino::Utf8PathBuf;
use jiff::Timestamp;

use crate::{
    Ctx,
    delivery::{checksum, off_the_reactor, same_mark},
    rules,
    steps::entries::arriving,
};

/// Fails where a file holds other bytes than were sent. What else was touched comes back as notes, which say `again`: how the asset is made
/// again.
pub(crate) async fn since_done(
    plan: &Plan,
    row: &JobRow,
    again: &str,
    ctx: &Arc<Ctx>,
) -> Result<Vec<String>, Fault> {
    let mut notes = Vec::new();
    for step in plan.stages.iter().flat_map(|stage| &stage.steps) {
        match &step.action {
            Action::CopyFolder { folder, under } => copied(folder, under, row, ctx).await?,
            action => {
                let Some(folder) = made_from(action) else { continue };
                if let Some(touched) = touched(folder, row.begun_at, ctx).await? {
                    notes.push(note(&touched, again));
                }
            }
        }
    }
    Ok(notes)
}

fn made_from(action: &Action) -> Option<&FolderWork> {
    match action {
        Action::ZipFolder { folder, .. }
        | Action::CompressEphys { folder, .. }
        | Action::WriteOmeZarr { folder, .. }
        | Action::SendBehavior { folder, .. } => Some(folder),
        _ => None,
    }
}

fn note(Touched { files, first }: &Touched, again: &str) -> String {
    let named = match files {
        1 => format!("`{first}` has"),
        2 => format!("`{first}` and 1 other file have"),
        more => format!("`{first}` and {} other files have", more - 1),
    };
    format!(
        "{named} changed since the asset was completed, with the same size and time: perhaps only the permissions, perhaps the bytes, which were not compared; {again}"
    )
}

/// Compares the files of a folder that was copied, as far as something of them has changed.
async fn copied(folder: &FolderWork, under: &Key, row: &JobRow, ctx: &Arc<Ctx>) -> Result<(), Fault> {
    let work = folder.clone();
    let mut files = arriving(move || entries(&work));
    while let Some(entry) = files.recv().await {
        let entry = entry?;
        ctx.stop.check()?;
        let Some(object) = ctx.ledger.object(row.id, &under.join(&entry.key))? else { continue };
        let mark = entry.changed.map(change_mark);
        let same = same_mark(object.source_etag.as_deref(), mark.as_deref());
        let (ObjectState::Confirmed, false, Some(sent)) = (object.state, same, object.crc64) else {
            continue;
        };
        if checksum(&entry).await? != sent {
            return Err(replaced(&entry));
        }
        ctx.ledger.confirmed(row.id, adt_ledger::ObjectRow { source_etag: mark, ..object })?;
    }
    Ok(())
}

fn replaced(entry: &Entry) -> Fault {
    let what = format!(
        "`{}` holds other bytes than those that an earlier run sent, with the same size and time",
        entry.path
    );
    Fault::new(Class::Conflict, what)
        .help("set `force_cloud_sync` to send what differs, or choose another name")
}

/// Files of a folder of which something was changed.
pub(crate) struct Touched {
    pub(crate) files: u64,
    /// One of them.
    first: Utf8PathBuf,
}

/// What of a folder has changed since a moment; `None` for nothing.
pub(crate) async fn touched(
    folder: &FolderWork,
    since: Timestamp,
    ctx: &Arc<Ctx>,
) -> Result<Option<Touched>, Fault> {
    let (folder, stop) = (folder.clone(), ctx.stop.clone());
    off_the_reactor(move || {
        let mut touched: Option<Touched> = None;
        for entry in entries(&folder) {
            stop.check()?;
            let entry = entry?;
            if matches!(entry.changed, Some(Change::At(changed)) if changed > since) {
                touched.get_or_insert(Touched { files: 0, first: entry.path }).files += 1;
            }
        }
        Ok(touched)
    })
    .await
}

fn entries(folder: &FolderWork) -> impl Iterator<Item = Result<Entry, Fault>> + use<> {
    // A source that is one file is not walked; what it became is known by its time.
    let walk = folder.source.is_dir().then(|| folder::walk(&folder.source, &rules::of(folder)));
    walk.into_iter().flatten().filter_map(|walked| match walked {
        Ok(Walked::Entry(entry)) if entry.kind == EntryKind::File => Some(Ok(entry)),
        Ok(_) => None,
        Err(fault) => Some(Err(fault)),
    })
}
