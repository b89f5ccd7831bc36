use adt_model::{Class, Crc64, Fault, Key};
use bytes::{BufMut, Bytes, BytesMut};
use http::Method;
use serde_json::Value;

use super::{
    GoogleBucket,
    read::{corrupt, read_back},
    resource::{Resource, crc32c_to_wire, described, resource},
    server::Client,
};
use crate::{
    Block, ObjectMeta, Proof, Receipt, checksum,
    exchange::{Body, Deed, Request},
};

/// How often bytes are sent again when the server does not hold them.
const SENDS: u32 = 3;
const TYPE: &str = "application/octet-stream";

impl GoogleBucket {
    pub(crate) async fn make_folder(&self, key: &Key) -> Result<(), Fault> {
        let full = format!("{}/", self.full(key)?);
        let empty = Block { bytes: Bytes::new(), crc64: Crc64::EMPTY };
        self.put_named(full, empty, &ObjectMeta::default()).await.map(drop)
    }

    pub(crate) async fn put(&self, key: &Key, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        self.put_named(self.full(key)?, block, meta).await
    }

    async fn put_named(&self, full: String, block: Block, meta: &ObjectMeta) -> Result<Receipt, Fault> {
        let client = &self.client;
        let crc32c = adt_codec::crc32c(&block.bytes);
        let request = self.insertion(&full, &block, meta, crc32c);
        for _ in 0..SENDS {
            let answer = client.send(&request).await?;
            let resource = resource(client, &request, &answer)?;
            let Some(proof) = proof(client, &full, &resource, &block, crc32c).await? else { continue };
            let size = block.bytes.len() as u64;
            return Ok(Receipt { size, crc64: block.crc64, etag: resource.generation(), proof });
        }
        Err(corrupt(client, &full))
    }

    /// One request with what is beside the object and its bytes: `multipart/related` of two parts.
    fn insertion(&self, full: &str, block: &Block, meta: &ObjectMeta, crc32c: u32) -> Request {
        let mut beside = described(meta, self.client.server.storage_class());
        beside.insert("name".to_owned(), full.into());
        // The server refuses bytes that are others.
        beside.insert("crc32c".to_owned(), crc32c_to_wire(crc32c).into());
        let kind = meta.content_type.as_deref().filter(|kind| !kind.contains(['\r', '\n'])).unwrap_or(TYPE);
        let boundary = boundary(self.client.number(), &block.bytes);
        let head = format!(
            "--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n{}\r\n--{boundary}\r\ncontent-type: {kind}\r\n\r\n",
            Value::from(beside),
        );
        let mut body = BytesMut::with_capacity(head.len() + block.bytes.len() + boundary.len() + 8);
        body.put(head.as_bytes());
        body.put(&block.bytes[..]);
        body.put(format!("\r\n--{boundary}--\r\n").as_bytes());
        Request::new(Deed::Put, Method::POST, Some(full.to_owned()))
            .query("uploadType", "multipart")
            .header("content-type", format!("multipart/related; boundary={boundary}"))
            .body(Body::Data(body.freeze()))
    }
}

/// A line that is not in the bytes. With 64 bits by chance it is not; the look makes it sure where it is cheap.
fn boundary(number: u64, bytes: &[u8]) -> String {
    const LOOK: usize = 64 << 10;
    let mut boundary = format!("adt-{number:016x}");
    while bytes.len() <= LOOK && bytes.windows(boundary.len()).any(|run| run == boundary.as_bytes()) {
        boundary.push('x');
    }
    boundary
}

/// How an answer shows that the server holds a block; `None` when it holds something else.
async fn proof(
    client: &Client,
    full: &str,
    resource: &Resource,
    block: &Block,
    crc32c: u32,
) -> Result<Option<Proof>, Fault> {
    let size = block.bytes.len() as u64;
    if resource.size() != Some(size) {
        return Ok(None);
    }
    if let Some(there) = resource.crc32c() {
        return Ok((there == crc32c).then_some(Proof::Checksum));
    }
    match resource.md5() {
        Some(there) => Ok((there == checksum::md5(block.bytes.clone()).await).then_some(Proof::EtagMd5)),
        None if !client.may_look() => Ok(Some(Proof::Accepted)),
        None => match read_back(client, full, size, resource.generation()).await {
            Ok(crc64) => Ok((crc64 == block.crc64).then_some(Proof::ReadBack)),
            Err(fault) if fault.class() == Class::Corrupt => Ok(None),
            Err(fault) => Err(fault),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_not_in_the_bytes() {
        let plain = boundary(7, b"data");
        assert_eq!(plain, "adt-0000000000000007");
        let longer = boundary(7, plain.as_bytes());
        assert!(longer.len() > plain.len());
    }
}
