use adt_model::{Fault, Secret};
use adt_services::ServiceOptions;
use std::collections::BTreeMap;
pub struct RestJob {
    pub name: String,
    pub partition: String,
    pub nodes: u32,
    pub tasks: u32,
    pub cpus_per_task: u32,
    pub memory_per_cpu: u64,
    pub time_limit: u64,
    pub array: Option<String>,
    pub dependency: Option<String>,
    pub environment: BTreeMap<String, String>,
    pub current_working_directory: String,
    pub standard_output: String,
    pub requeue: bool,
}
pub struct SlurmRest;
impl SlurmRest {
    pub fn new(_: &str, _: &str, _: Secret, _: ServiceOptions) -> Result<Self, Fault> {
        Err(Fault::new(adt_model::Class::BadInput, "`--via rest` is not built yet").help("`--via sbatch`"))
    }
    pub async fn ping(&self) -> Result<(), Fault> {
        Ok(())
    }
    pub async fn submit(&self, _: &str, _: &RestJob) -> Result<u64, Fault> {
        Ok(0)
    }
    pub async fn cancel(&self, _: u64) -> Result<(), Fault> {
        Ok(())
    }
    pub async fn state(&self, _: u64) -> Result<String, Fault> {
        Ok(String::new())
    }
}
