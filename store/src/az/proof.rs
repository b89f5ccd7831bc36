//! How it is known that the service holds the right bytes.

use std::sync::atomic::Ordering;

use adt_model::{Class, Crc64, Fault};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;

use super::{metadata::md5, read, server::Client};
use crate::{
    Block, Found, Proof, checksum,
    exchange::{Answer, Deed, Kind, Request, Trouble},
    part_size::part_size,
};

/// The header that carries the service's own CRC-64 both ways.
const CRC64: &str = "x-ms-content-crc64";

/// Base64 of the little-endian bytes.
///
/// The service's CRC-64 has the reflected polynomial 0x9A6C9329AC4BC9B5, with all bits set before and inverted after: it is
/// CRC-64/NVME, in another byte order than S3's. Sources: the Go SDK's `TransferValidationTypeCRC64` (polynomial and order), and the
/// values in the tests of the Java SDK's `StorageCrc64Calculator`, of which one is repeated below.
fn to_wire(crc: Crc64) -> String {
    BASE64_STANDARD.encode(crc.0.to_le_bytes())
}

fn from_wire(text: &str) -> Option<Crc64> {
    let bytes = BASE64_STANDARD.decode(text.trim()).ok()?;
    Some(Crc64(u64::from_le_bytes(bytes.try_into().ok()?)))
}

/// What an answer to a put says of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Right(Proof),
    Wrong,
    /// Nothing.
    Silent,
}

/// Reads an answer to a put of a block or a blob. Both sums are of what the server got, not of what it was told. `own` is the block's MD5,
/// where it was computed already.
pub(super) async fn word(client: &Client, answer: &Answer, block: &Block, own: Option<[u8; 16]>) -> Word {
    if let Some(there) = answer.header(CRC64).and_then(from_wire) {
        client.server.confirms.store(true, Ordering::Relaxed);
        return if there == block.crc64 { Word::Right(Proof::Checksum) } else { Word::Wrong };
    }
    let Some(there) = md5(answer.header("content-md5")) else { return Word::Silent };
    let own = match own {
        Some(own) => own,
        None => checksum::md5(block.bytes.clone()).await,
    };
    if there == own { Word::Right(Proof::EtagMd5) } else { Word::Wrong }
}

/// The `ETag` of an answer to a put: the service always gives one.
pub(super) fn etag_of(client: &Client, request: &Request, answer: &Answer) -> Result<String, Fault> {
    answer.etag().ok_or_else(|| client.strange(request, "it has no ETag"))
}

/// Proves a blob that was put whole by looking at it again: the MD5 that the server made, else all its bytes. `None` when they are not
/// the right ones. Our own metadata is no proof: it came with the bytes.
pub(super) async fn look_again(
    client: &Client,
    full: &str,
    block: &Block,
    own: [u8; 16],
) -> Result<Option<(Found, Proof)>, Fault> {
    let size = block.bytes.len() as u64;
    let Some(found) = read::head(client, full).await?.filter(|found| found.size == size) else {
        return Ok(None);
    };
    if let Some(there) = found.md5 {
        return Ok((there == own).then_some((found, Proof::EtagMd5)));
    }
    let right = read_back(client, full, &found).await? == block.crc64;
    Ok(right.then_some((found, Proof::ReadBack)))
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

/// Sends a block or a blob with its checksum, or without if the server has shown that it refuses that: one that does not know the header
/// gets none from then on.
pub(super) async fn send_block(client: &Client, request: Request, block: &Block) -> Result<Answer, Trouble> {
    if client.server.plain.load(Ordering::Relaxed) {
        return client.send(&request).await;
    }
    match client.send(&request.clone().header(CRC64, to_wire(block.crc64))).await {
        Err(trouble) if trouble.kind() == Some(Kind::Features) => {
            // It may be about something else; then it is refused again, in words that fit better.
            let answer = client.send(&request).await?;
            client.server.plain.store(true, Ordering::Relaxed);
            Ok(answer)
        }
        other => other,
    }
}

/// Takes all metadata away from a version whose bytes are wrong, so that nothing says they are right.
pub(super) async fn disown(client: &Client, full: &str, etag: Option<&str>) {
    let Some(etag) = etag else { return };
    let request = Request::new(Deed::Describe, Method::PUT, Some(full.to_owned()))
        .query("comp", "metadata")
        .header("if-match", format!("\"{etag}\""));
    // What is told is that the bytes are wrong, whatever becomes of this.
    let _ = client.send(&request).await;
}

/// The fault for bytes that the service does not hold as they were sent, though it said so.
pub(super) fn corrupt(client: &Client, full: &str) -> Fault {
    let target = client.server.shown(full);
    Fault::new(Class::Corrupt, format!("`{target}` does not hold the bytes that were sent")).help(
        "run the same command again; if it happens again, the server or a device before it damages data",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_sum_is_ours_in_another_order() {
        let crc = checksum::crc64(b"Hello World!");
        assert_eq!(crc.0, 208_604_604_655_264_165);
        assert_eq!(to_wire(crc), BASE64_STANDARD.encode(208_604_604_655_264_165_u64.to_le_bytes()));
        assert_eq!(from_wire(&to_wire(crc)), Some(crc));
    }
}
