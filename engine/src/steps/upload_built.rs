//! What stands in the temporary folder is sent to the destination.

use adt_formats::folder::Rules;
use adt_model::{Class, Fault};

use super::entries::send_all;
use crate::job::Job;

pub(super) async fn perform(job: &Job) -> Result<(), Fault> {
    // A dry run builds nothing: its steps lead to the (rehearsing) destination at once.
    let Some(building) = &job.building else {
        return if job.plan.dry_run {
            Ok(())
        } else {
            Err(Fault::new(Class::Bug, "there is no temporary folder to upload"))
        };
    };
    send_all(&building.folder, Rules::default(), Clone::clone, &job.asset).await
}
