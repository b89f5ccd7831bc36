use adt_model::{EphysConfig, Fault, FolderWork, Key};
use serde_json::Value;

use crate::job::Job;

pub(super) async fn perform(
    _step: &str,
    _folder: &FolderWork,
    _under: &Key,
    _config: &EphysConfig,
    job: &Job,
) -> Result<Value, Fault> {
    job.ctx.stop.or(async { Ok(Value::Null) }).await
}
