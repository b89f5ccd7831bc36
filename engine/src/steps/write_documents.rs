//! `data_description.json` and `processing.json` are generated from the job and from what its steps did.

use adt_metadata::{Document, Made, ProcessInput, ProcessingInput, Settings, data_description, processing};
use adt_model::{Action, Class, Fault, Key, ModalitySpec};

use super::zip_folder::Zipped;
use crate::job::Job;

pub(super) async fn perform(names: &[String], job: &Job) -> Result<(), Fault> {
    for name in names {
        let document = match name.as_str() {
            "data_description.json" => data_description(&job.spec),
            "processing.json" => processed(job),
            other => return Err(Fault::new(Class::Bug, format!("nobody knows how to write `{other}`"))),
        };
        let key = Key::parse(name.as_str()).expect("the two names above are keys");
        job.out().bytes(&key, document.text().into(), None).await?;
        job.documents(name, document);
    }
    Ok(())
}

/// One entry for each folder that was transformed, in the job's order.
fn processed(job: &Job) -> Document {
    let zipped = job.zipped.lock().expect("nobody panics while holding it");
    let processes = job.plan.stages.iter().flat_map(|stage| &stage.steps).filter_map(|step| {
        let Action::ZipFolder { key, .. } = &step.action else { return None };
        let modality = job.spec.modalities.iter().find(|m| step.id == format!("zip {}", m.folder))?;
        Some(process(modality, key, zipped.get(&step.id)?))
    });
    let input = ProcessingInput { job: &job.spec, version: job.ctx.version, processes: processes.collect() };
    processing(&input)
}

fn process<'a>(modality: &'a ModalitySpec, key: &Key, zipped: &Zipped) -> ProcessInput<'a> {
    ProcessInput {
        modality,
        started: zipped.started,
        ended: zipped.ended,
        settings: Settings { container: "zip".into(), codec: "deflate".into(), level: zipped.level },
        made: Made {
            object: key.clone(),
            objects: 1,
            entries: zipped.entries,
            bytes_in: zipped.bytes_in,
            bytes_out: zipped.bytes_out,
            checksum: Some(zipped.crc64),
        },
    }
}
