use adt_model::{Class, Crc64, Fault, Key};
use bytes::Bytes;
use http::Method;

use super::{
    Bucket,
    proof::{Word, corrupt, etag_of, look_again, send_block, word},
};
use crate::{
    Block, ObjectMeta, Proof, Receipt,
    exchange::{Body, Deed, Request},
    mtime,
    part_size::MAX_PUT,
    tags,
};

/// How often bytes are sent again when the server does not hold them.
const SENDS: u32 = 3;

impl Bucket {
    pub(crate) async fn make_folder(&self, key: &Key) -> Result<(), Fault> {
        let full = format!("{}/", self.full(key)?);
        let empty = Block { bytes: Bytes::new(), crc64: Crc64::EMPTY };
        let request = Request::new(Deed::Put, Method::PUT, Some(full)).body(Body::Data(Bytes::new()));
        let answer = send_block(&self.client, request.clone(), &empty).await?;
        self.client.without_document(&request, &answer)?;
        etag_of(&self.client, &request, &answer).map(drop)
    }

    pub(crate) async fn put(&self, key: &Key, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        let full = self.full(key)?;
        let size = block.bytes.len() as u64;
        if size > MAX_PUT {
            let what = format!("`{full}` has {size} bytes; one put takes at most {MAX_PUT}");
            return Err(Fault::new(Class::Bug, what));
        }
        let request = described(Request::new(Deed::Put, Method::PUT, Some(full.clone())), meta)
            .body(Body::Data(block.bytes.clone()));
        for _ in 0..SENDS {
            let answer = send_block(&self.client, request.clone(), &block).await?;
            self.client.without_document(&request, &answer)?;
            let (etag, proof) = match word(&answer, &block).await {
                Word::Wrong => continue,
                Word::Right(proof) => (Some(etag_of(&self.client, &request, &answer)?), proof),
                Word::Silent if !self.client.may_look() => {
                    (Some(etag_of(&self.client, &request, &answer)?), Proof::Accepted)
                }
                Word::Silent => match look_again(&self.client, &full, size, block.crc64).await? {
                    None => continue,
                    Some((found, proof)) => (found.etag, proof),
                },
            };
            return Ok(Receipt { size, crc64: block.crc64, etag, proof });
        }
        Err(corrupt(&self.client, &full))
    }
}

/// A request with what is kept beside the object's bytes.
pub(super) fn described(mut request: Request, meta: &ObjectMeta) -> Request {
    if let Some(time) = meta.modified {
        request = request.header("x-amz-meta-mtime", mtime::to_text(time));
    }
    let fields = [
        ("content-type", meta.content_type.as_deref()),
        ("cache-control", meta.cache_control.as_deref()),
        ("content-encoding", meta.content_encoding.as_deref()),
        ("content-disposition", meta.content_disposition.as_deref()),
        ("content-language", meta.content_language.as_deref()),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    for (name, value) in &meta.user {
        request = request.header(format!("x-amz-meta-{name}"), value);
    }
    match &meta.tags {
        Some(tags) if !tags.is_empty() => request.header("x-amz-tagging", tags::to_wire(tags)),
        _ => request,
    }
}
