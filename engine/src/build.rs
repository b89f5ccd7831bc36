//! The temporary folder in which an asset is built first, when a job names a `temp_directory`.
//!
//! It is in the ledger before it exists, so that a run that was killed leaves nothing behind for good: the next run of the job
//! removes it. Only a folder that was made here is ever removed.

use std::{sync::Arc, time::Duration};

use adt_ledger::{JobId, Ledger};
use adt_model::{Class, Fault, Location};
use adt_store::Place;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    Ctx,
    delivery::{Address, Counters, Delivery},
};

/// What every such folder's name begins with.
const PREFIX: &str = "adt-";

/// How often, and how far apart, a folder is tried to be removed, and how often it must be found gone when writes may be under way.
const TRIES: u32 = 20;
const LOOKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);

/// A folder being built; removed when dropped.
pub struct Building {
    /// Where it is.
    pub folder: Utf8PathBuf,
    /// The way into it.
    pub delivery: Arc<Delivery>,
    /// Nothing is being written any more.
    pub quiet: bool,
    ledger: Ledger,
    job: JobId,
}

impl Building {
    /// Removes what an earlier run left, then makes a fresh folder below `temp`.
    pub(crate) async fn begin(
        job: JobId,
        temp: &Utf8Path,
        name: &str,
        ctx: &Arc<Ctx>,
    ) -> Result<Self, Fault> {
        if let Some(old) = ctx.ledger.building(job)? {
            remove(&old)?;
        }
        let id = (ctx.new_id)().simple().to_string();
        let folder = temp.join(format!("{PREFIX}{name}-{}", &id[..8]));
        ctx.ledger.set_building(job, &folder)?;
        fs_err::create_dir(&folder).map_err(|e| Fault::io(format!("cannot create `{folder}`"), e))?;
        let place = Place::open(&Location::Folder(folder.clone()), &ctx.store).await?;
        let address = Address { job: name.to_owned(), place, row: None, look: false, mark: None };
        // What is built is counted when it is uploaded, so it counts into nobody's progress here.
        let delivery = Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::new(Counters::default())));
        Ok(Self { folder, delivery, quiet: false, ledger: ctx.ledger.clone(), job })
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        // After a fault, a write that was under way may still end, and would bring the folder back.
        let mut looks = if self.quiet { 1 } else { LOOKS };
        for _ in 0..TRIES {
            if remove(&self.folder).is_ok() {
                looks -= 1;
            }
            if looks == 0 {
                // What cannot be removed stays in the ledger, and the next run of the job tries again.
                let _ = self.ledger.clear_building(self.job);
                break;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// Removes a folder that was made here. Anything else of that name is left alone and told.
fn remove(folder: &Utf8Path) -> Result<(), Fault> {
    let ours = folder.file_name().is_some_and(|name| name.starts_with(PREFIX));
    let metadata = match fs_err::symlink_metadata(folder) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Fault::io(format!("cannot look at `{folder}`"), e)),
    };
    if !ours || !metadata.is_dir() {
        return Err(Fault::new(
            Class::Conflict,
            format!("`{folder}` is not a temporary folder of this program"),
        ));
    }
    fs_err::remove_dir_all(folder).map_err(|e| Fault::io(format!("cannot remove `{folder}`"), e))
}
