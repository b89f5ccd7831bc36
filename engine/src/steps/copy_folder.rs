//! Every file of a folder becomes an object of the same relative name.

use adt_model::{Fault, FolderWork, Key};

use super::entries::send_all;
use crate::{job::Job, rules};

pub(super) async fn perform(folder: &FolderWork, under: &Key, job: &Job) -> Result<(), Fault> {
    send_all(&folder.source, rules::of(folder), |key| under.join(key), job.out()).await
}
