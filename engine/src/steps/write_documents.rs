//! What the metadata service answered is written, and what the tool generates: a description before any work, and `processing.json` from
//! what the steps did.

use adt_metadata::{Document, Made, ProcessInput, ProcessingInput, Settings, processing};
use adt_model::{Action, Class, Fault, Key, ModalitySpec};

use super::zip_folder::Zipped;
use crate::job::Job;

pub(super) async fn perform(names: &[String], job: &Job) -> Result<(), Fault> {
    for name in names {
        let document = match (name.as_str(), job.prepared.documents.get(name)) {
            (_, Some(prepared)) => prepared.clone(),
            ("processing.json", None) => processed(job),
            (other, None) => {
                return Err(Fault::new(Class::Bug, format!("nobody knows how to write `{other}`")));
            }
        };
        let key = Key::parse(name.as_str()).expect("the names of documents are keys");
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
    let input = ProcessingInput {
        job: &job.spec,
        version: job.ctx.version,
        began: job.started,
        written: (job.ctx.clock)(),
        processes: processes.collect(),
    };
    processing(&input)
}

fn process<'a>(modality: &'a ModalitySpec, key: &Key, zipped: &Zipped) -> ProcessInput<'a> {
    ProcessInput {
        modality,
        started: zipped.started,
        ended: zipped.ended,
        settings: Settings {
            container: "zip".into(),
            codec: "deflate".into(),
            level: Some(i32::from(zipped.level)),
            ..Settings::default()
        },
        made: Made {
            object: key.clone(),
            objects: 1,
            entries: zipped.entries,
            bytes_in: zipped.bytes_in,
            bytes_out: zipped.bytes_out,
            checksum: Some(zipped.crc64),
        },
        notes: None,
    }
}
