//! The documents of `metadata_dir` go to the asset's root as they are.

use adt_metadata::{Parts, check_document};
use adt_model::{Class, Crc64, DocumentFacts, Fault, Key};
use camino::Utf8Path;

use crate::{job::Job, survey::read_document};

pub(super) async fn perform(from: &Utf8Path, documents: &[DocumentFacts], job: &Job) -> Result<(), Fault> {
    for document in documents {
        let path = from.join(&document.name);
        let bytes = read_document(&path)?;
        if Crc64(adt_codec::crc64(&bytes)) != document.crc64 {
            let what = format!("`{path}` changed after it was checked");
            return Err(Fault::new(Class::Corrupt, what).help("run the same command again"));
        }
        if Parts::has_place(&document.name) {
            let read = check_document(&document.name, &bytes, &job.session()?.subject_id)?;
            job.documents(&document.name, read);
        }
        let key = Key::parse(document.name.as_str()).map_err(|e| {
            Fault::new(Class::BadInput, format!("`{path}` cannot be an object's name")).because(e)
        })?;
        job.out().bytes(&key, bytes.into(), None).await?;
    }
    Ok(())
}
