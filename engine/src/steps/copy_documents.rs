//! The documents of `metadata_dir` go to the asset's root as they are, but for a byte order mark.

use adt_metadata::{Parts, check_document};
use adt_model::{Class, Crc64, DocumentFacts, Fault, Key};
use camino::Utf8Path;

use crate::{
    job::Job,
    survey::{BYTE_ORDER_MARK, read_document},
};

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
        job.out().bytes(&key, unmarked(bytes).into(), None).await?;
    }
    Ok(())
}

/// Without a byte order mark: Python's `json` refuses a file that begins with one.
fn unmarked(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    bytes
}
