use adt_model::{Class, Fault, Key};
use http::Method;

use super::{
    Container,
    label::Label,
    metadata::{FOLDER, described},
    proof::{Word, corrupt, disown, etag_of, look_again, send_block, word},
};
use crate::{
    Block, ObjectMeta, Proof, Receipt, checksum,
    exchange::{Body, Deed, Kind, Request},
    part_size::MIB,
};

/// How often bytes are sent again when the service does not hold them.
pub(super) const SENDS: u32 = 3;
/// The most bytes of one put ("Scalability and performance targets for Blob storage" in Azure's documentation).
const MAX_PUT: u64 = 5_000 * MIB;

impl Container {
    /// An empty folder, as Azure's own tools mark one; an account with real folders makes one of it. What stands there already stays.
    pub(crate) async fn make_folder(&self, key: &Key) -> Result<(), Fault> {
        let request = Request::new(Deed::Put, Method::PUT, Some(self.full(key)?))
            .header("x-ms-blob-type", "BlockBlob")
            .header(format!("x-ms-meta-{FOLDER}"), "true")
            .header("if-none-match", "*");
        match self.client.send(&request).await {
            Err(trouble) if trouble.kind() == Some(Kind::Condition) => Ok(()),
            other => self.client.without_document(&request, &other?),
        }
    }

    pub(crate) async fn put(&self, key: &Key, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        let full = self.full(key)?;
        let size = block.bytes.len() as u64;
        if size > MAX_PUT {
            let what = format!("`{full}` has {size} bytes; one put takes at most {MAX_PUT}");
            return Err(Fault::new(Class::Bug, what));
        }
        let request = Request::new(Deed::Put, Method::PUT, Some(full.clone()))
            .header("x-ms-blob-type", "BlockBlob")
            .body(Body::Data(block.bytes.clone()));
        let (mut wrong, md5) = (None, checksum::md5(block.bytes.clone()).await);
        for _ in 0..SENDS {
            let label = Label { crc64: block.crc64, size, md5: Some(md5), at: self.client.server.now() };
            let request = described(request.clone(), meta, Some(&label));
            let answer = send_block(&self.client, request.clone(), &block).await?;
            self.client.without_document(&request, &answer)?;
            let proven = match word(&self.client, &answer, &block, Some(md5)).await {
                Word::Right(proof) => Some((Some(etag_of(&self.client, &request, &answer)?), proof)),
                Word::Wrong => None,
                Word::Silent if !self.client.may_look() => {
                    Some((Some(etag_of(&self.client, &request, &answer)?), Proof::Accepted))
                }
                Word::Silent => {
                    let again = look_again(&self.client, &full, &block, md5).await?;
                    again.map(|(found, proof)| (found.etag, proof))
                }
            };
            if let Some((etag, proof)) = proven {
                return Ok(Receipt { size, crc64: block.crc64, etag, proof });
            }
            wrong = answer.etag();
        }
        disown(&self.client, &full, wrong.as_deref()).await;
        Err(corrupt(&self.client, &full))
    }
}
