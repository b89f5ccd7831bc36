//! The verbs of a plan, one file each. A step may be run twice: the second time finds its own work done.

mod clip_ephys;
mod compress_ephys;
mod copy_documents;
mod copy_folder;
pub(crate) mod entries;
mod send_behavior;
mod trigger;
mod upload_built;
mod verify;
mod write_documents;
mod write_ome_zarr;
mod write_record;
mod zip_folder;

use adt_model::{Action, Fault, Step};
use serde_json::{Value, json};

use crate::job::Job;

pub use compress_ephys::EphysMade;
pub use write_ome_zarr::ImagesMade;
pub use zip_folder::Zipped;
pub(crate) use zip_folder::zip;

/// Performs one step of a job. What it returns is the step's own account, which the ledger keeps.
pub(crate) async fn perform(step: &Step, job: &Job) -> Result<Value, Fault> {
    let () = match &step.action {
        Action::CopyFolder { folder, under } => copy_folder::perform(folder, under, job).await?,
        Action::ZipFolder { folder, key, entry_root, .. } => {
            return zip_folder::perform(&step.id, folder, key, entry_root, job).await;
        }
        Action::CompressEphys { folder, under, config, .. } => {
            return compress_ephys::perform(&step.id, folder, under, config, job).await;
        }
        Action::WriteOmeZarr { folder, n5, under, config, metrics, .. } => {
            let asked = write_ome_zarr::Asked {
                folder,
                n5: *n5,
                under: under.as_ref(),
                config,
                metrics: metrics.as_deref(),
            };
            return write_ome_zarr::perform(&step.id, &asked, job).await;
        }
        Action::ClipEphys { folder, under, frames, choice } => {
            clip_ephys::perform(&step.id, folder, under, *frames, choice, job).await?;
        }
        Action::SendBehavior { folder, videos, under, encryption } => {
            send_behavior::perform(folder, *videos, under, *encryption, job).await?;
        }
        Action::CopyDocuments { from, documents } => copy_documents::perform(from, documents, job).await?,
        Action::WriteDocuments { names } => write_documents::perform(names, job).await?,
        Action::UploadBuilt => upload_built::perform(job).await?,
        Action::Verify => verify::perform(job).await?,
        Action::WriteRecord => write_record::perform(job).await?,
        Action::Trigger(trigger) => return trigger::perform(trigger, job).await,
    };
    Ok(json!({}))
}
