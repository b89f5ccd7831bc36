//! How it is known that a server holds the right bytes.

use std::sync::atomic::Ordering;

use adt_model::{Class, Crc64, Fault};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;

use super::{read, server::Client};
use crate::{
    Block, Found, Proof, checksum,
    exchange::{Answer, Deed, Kind, Request, Trouble},
    part_size::part_size,
};

/// The header that carries CRC-64/NVME both ways.
pub(super) const CRC64: &str = "x-amz-checksum-crc64nvme";

/// What an answer to a put says of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Right(Proof),
    Wrong,
    /// Nothing: the server ignores checksums, and its `ETag` is not (or not seen to be) the MD5.
    Silent,
}

/// Reads an answer to a put of a block.
pub(super) async fn word(answer: &Answer, block: &Block) -> Word {
    if let Some(there) = answer.header(CRC64).and_then(checksum::crc64_from_wire) {
        return if there == block.crc64 { Word::Right(Proof::Checksum) } else { Word::Wrong };
    }
    match answer.etag().as_deref().and_then(checksum::md5_from_etag) {
        Some(there) if there == checksum::md5(block.bytes.clone()).await => Word::Right(Proof::EtagMd5),
        // Encrypted buckets have `ETag`s that look like an MD5 and are none.
        _ => Word::Silent,
    }
}

/// The `ETag` of an answer to a put: every server gives one.
pub(super) fn etag_of(client: &Client, request: &Request, answer: &Answer) -> Result<String, Fault> {
    answer.etag().ok_or_else(|| client.strange(request, "it has no ETag"))
}

/// Proves an object by looking at it again: its checksum if the server has one, else all its bytes. `None` when they are
/// not the right ones.
pub(super) async fn look_again(
    client: &Client,
    full: &str,
    size: u64,
    crc64: Crc64,
) -> Result<Option<(Found, Proof)>, Fault> {
    let Some(found) = read::head(client, full).await? else { return Ok(None) };
    if found.size != size {
        return Ok(None);
    }
    match found.crc64 {
        Some(there) => Ok((there == crc64).then_some((found, Proof::Checksum))),
        None => Ok((read_back(client, full, &found).await? == crc64).then_some((found, Proof::ReadBack))),
    }
}

/// The checksum of a version's bytes, read in pieces.
pub(super) async fn read_back(client: &Client, full: &str, found: &Found) -> Result<Crc64, Fault> {
    let (size, piece) = (found.size, part_size(Some(0)));
    let (mut at, mut crc) = (0, Crc64::EMPTY);
    while at < size {
        let end = size.min(at + piece);
        let bytes = read::get(client, full, Some(at..end), Some(found)).await?;
        crc = checksum::crc64_combine(crc, checksum::crc64(&bytes), end - at);
        at = end;
    }
    Ok(crc)
}

/// Sends a block with its checksum, or without if the server has shown that it refuses that.
pub(super) async fn send_block(client: &Client, request: Request, block: &Block) -> Result<Answer, Trouble> {
    with_or_without(client, |checksums| {
        let request = request.clone();
        if checksums { request.header(CRC64, checksum::crc64_to_wire(block.crc64)) } else { request }
    })
    .await
    .map(|(answer, _)| answer)
}

/// Sends a request that writes. A bucket that wants `Content-MD5` with it gets that, and from then on with every such request: object lock
/// of some servers wants it, and so does older firmware.
pub(super) async fn send(client: &Client, request: &Request) -> Result<Answer, Trouble> {
    if client.server.wants_md5.load(Ordering::Relaxed) {
        return client.send(&with_md5(request).await).await;
    }
    match client.send(request).await {
        Err(trouble) if trouble.kind() == Some(Kind::WantsMd5) => {
            let answer = client.send(&with_md5(request).await).await?;
            client.server.wants_md5.store(true, Ordering::Relaxed);
            Ok(answer)
        }
        other => other,
    }
}

async fn with_md5(request: &Request) -> Request {
    let md5 = checksum::md5(request.body.bytes()).await;
    request.clone().header("content-md5", BASE64_STANDARD.encode(md5))
}

/// Sends a request in its form with checksum headers; a server that does not know them gets the form without, from then
/// on. Says which form was answered.
pub(super) async fn with_or_without(
    client: &Client,
    form: impl Fn(bool) -> Request,
) -> Result<(Answer, bool), Trouble> {
    if client.server.plain.load(Ordering::Relaxed) {
        return send(client, &form(false)).await.map(|answer| (answer, false));
    }
    match send(client, &form(true)).await {
        Err(trouble) if trouble.kind() == Some(Kind::Features) => {
            // It may be about something else; then it is refused again, in words that fit better.
            let answer = send(client, &form(false)).await?;
            client.server.plain.store(true, Ordering::Relaxed);
            Ok((answer, false))
        }
        other => other.map(|answer| (answer, true)),
    }
}

/// The fault for bytes that a server does not hold as they were sent, though it said so.
pub(super) fn corrupt(client: &Client, full: &str) -> Fault {
    let target = client.target(&Request::new(Deed::Put, Method::PUT, Some(full.to_owned())));
    Fault::new(Class::Corrupt, format!("`{target}` does not hold the bytes that were sent")).help(
        "run the same command again; if it happens again, the server or a device before it damages data",
    )
}
