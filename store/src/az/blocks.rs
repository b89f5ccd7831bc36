//! Blocks that no list names yet: how ours are called, and which there are.

use std::fmt::Write;

use adt_model::{Crc64, Fault};
use adt_net::xml::{Element, escaped};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Method;

use super::server::Client;
use crate::{
    Found, checksum,
    exchange::{Body, Deed, Items, Kind, Request},
    part_size::stated_size,
};

/// What the name of a block of ours says: 16 hexadecimal digits of the upload, `c` or `-`, the number in 8 digits, the checksum in 16.
///
/// The service keeps of a block nothing but name and size, so that a later run could not tell which bytes it holds. All names of a blob's
/// blocks must be of one length ("Put Block" in Azure's REST reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) upload: String,
    /// `c`: the service was sent the checksum and had shown before that it looks at it, so a block that is there has the right bytes.
    pub(super) checked: bool,
    pub(super) number: u32,
    pub(super) crc64: Crc64,
}

impl Name {
    /// As requests and lists have it.
    pub(super) fn to_wire(&self) -> String {
        let Self { upload, checked, number, crc64 } = self;
        let mark = if *checked { 'c' } else { '-' };
        BASE64_STANDARD.encode(format!("{upload}{mark}{number:08}{:016x}", crc64.0))
    }

    /// The inverse; `None` for blocks of other programs.
    pub(super) fn from_wire(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() == 41 && text.is_ascii())?;
        let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let (upload, mark, number, crc) = (&text[..16], &text[16..17], &text[17..25], &text[25..]);
        let ours = hex(upload)
            && matches!(mark, "c" | "-")
            && hex(crc)
            && number.bytes().all(|b| b.is_ascii_digit());
        Some(Self {
            upload: upload.to_owned(),
            checked: mark == "c",
            number: number.parse().ok()?,
            crc64: Crc64(u64::from_str_radix(crc, 16).ok()?),
        })
        .filter(|_| ours)
    }
}

/// The names and sizes of a blob's blocks that no list names yet; none where there is neither blob nor block.
pub(super) async fn uncommitted(client: &Client, full: &str) -> Result<Vec<(String, u64)>, Fault> {
    let request = listing(full, "uncommitted");
    let answer = match client.send(&request).await {
        Err(trouble) if trouble.status() == 404 && trouble.kind() != Some(Kind::NoBucket) => {
            return Ok(Vec::new());
        }
        other => other?,
    };
    let kind = Items { root: "BlockList", depth: 2, names: &["Block"] };
    let (root, blocks) = client.items(&request, &answer, kind, named)?;
    match root.child("UncommittedBlocks") {
        Some(_) => Ok(blocks),
        None => Err(client.strange(&request, "it lacks the element `UncommittedBlocks`")),
    }
}

/// Whether a blob consists of these blocks in this order; `None` where the service does not show it, or the blob is of another version than
/// `etag`.
pub(super) async fn consists_of(
    client: &Client,
    full: &str,
    etag: Option<&str>,
    blocks: impl Iterator<Item = &str>,
) -> Result<Option<bool>, Fault> {
    let Some(Committed { blocks: there, alone }) = committed(client, full, etag).await? else {
        return Ok(None);
    };
    if there.is_empty() {
        return Ok(None);
    }
    let same = there.iter().map(|(name, _)| name.as_str()).eq(blocks);
    // A service that lists other blocks with them has not said what the blob consists of.
    Ok((same || alone).then_some(same))
}

/// What the service shows of how a blob came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It consists of blocks of one upload of ours, in their order; their names say the checksum of the whole.
    Ours(Crc64),
    /// It consists of others, or was put whole.
    Other,
    /// The service does not show it, or the blob is of another version by now.
    Unknown,
}

/// Where the bytes of a version come from.
pub(super) async fn origin(client: &Client, full: &str, found: &Found) -> Result<Origin, Fault> {
    let Some(there) = committed(client, full, found.etag.as_deref()).await? else {
        return Ok(Origin::Unknown);
    };
    Ok(match there.origin(found.size) {
        // Blocks of two lists cannot be told apart.
        Origin::Other if !there.alone => Origin::Unknown,
        origin => origin,
    })
}

/// What a blob consists of.
struct Committed {
    blocks: Vec<(String, u64)>,
    /// The service has sent no list of other blocks with them. Azurite always sends one, which is empty mostly; what it names is in `blocks` too,
    /// and then their sizes are not those of the blob.
    alone: bool,
}

impl Committed {
    fn origin(&self, size: u64) -> Origin {
        self.checksum(size).map_or(Origin::Other, Origin::Ours)
    }

    fn checksum(&self, size: u64) -> Option<Crc64> {
        let (mut whole, mut crc, mut last) = (0_u64, Crc64::EMPTY, None::<Name>);
        for (name, size) in &self.blocks {
            let name = Name::from_wire(name)?;
            let follows = |last: &Name| last.upload == name.upload && last.number < name.number;
            if !last.as_ref().is_none_or(follows) {
                return None;
            }
            whole = whole.checked_add(*size)?;
            crc = checksum::crc64_combine(crc, name.crc64, *size);
            last = Some(name);
        }
        (whole == size && last.is_some()).then_some(crc)
    }
}

/// `None` where the service does not show what a blob consists of, or the blob is of another version than `etag`.
async fn committed(client: &Client, full: &str, etag: Option<&str>) -> Result<Option<Committed>, Fault> {
    let request = listing(full, "committed");
    let answer = match client.send(&request).await {
        Err(trouble) if matches!(trouble.status(), 400..500) => return Ok(None),
        other => other?,
    };
    // The answer says which version of the blob it is about.
    if etag.is_some() && answer.etag().is_some() && answer.etag().as_deref() != etag {
        return Ok(None);
    }
    let kind = Items { root: "BlockList", depth: 2, names: &["Block"] };
    let Ok((root, blocks)) = client.items(&request, &answer, kind, named) else { return Ok(None) };
    if root.child("CommittedBlocks").is_none() {
        return Ok(None);
    }
    Ok(Some(Committed { blocks, alone: root.child("UncommittedBlocks").is_none() }))
}

fn listing(full: &str, kind: &'static str) -> Request {
    Request::new(Deed::ListParts, Method::GET, Some(full.to_owned()))
        .query("comp", "blocklist")
        .query("blocklisttype", kind)
}

fn named(block: &mut Element) -> Option<(String, u64)> {
    Some((block.value("Name")?.to_owned(), stated_size(block.value("Size")?)?))
}

/// The request that makes a blob of blocks, which are given as requests have them.
pub(super) fn commit<'a>(deed: Deed, full: &str, blocks: impl Iterator<Item = &'a str>) -> Request {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
    for block in blocks {
        // Writing to a string cannot fail.
        let _ = write!(text, "<Latest>{}</Latest>", escaped(block));
    }
    text.push_str("</BlockList>");
    Request::new(deed, Method::PUT, Some(full.to_owned()))
        .query("comp", "blocklist")
        .body(Body::Document(Bytes::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    fn a_name_can_be_read(#[values(true, false)] checked: bool) {
        let name = Name { upload: "0123456789abcdef".into(), checked, number: 7, crc64: Crc64(0xff) };
        assert_eq!(Name::from_wire(&name.to_wire()), Some(name));
    }

    fn block(upload: &str, number: u32, bytes: &[u8]) -> (String, u64) {
        let name = Name { upload: upload.into(), checked: false, number, crc64: checksum::crc64(bytes) };
        (name.to_wire(), bytes.len() as u64)
    }

    const OURS: &str = "0123456789abcdef";
    const THEIRS: &str = "fedcba9876543210";

    #[rstest]
    #[case::in_their_order(vec![block(OURS, 1, b"12345"), block(OURS, 2, b"6789")], true)]
    #[case::with_a_gap(vec![block(OURS, 1, b"12345"), block(OURS, 7, b"6789")], true)]
    #[case::in_another_order(vec![block(OURS, 2, b"12345"), block(OURS, 1, b"6789")], false)]
    #[case::twice(vec![block(OURS, 1, b"12345"), block(OURS, 1, b"6789")], false)]
    #[case::of_two_uploads(vec![block(OURS, 1, b"12345"), block(THEIRS, 2, b"6789")], false)]
    #[case::of_another_program(vec![block(OURS, 1, b"12345"), ("MDAwMDAx".into(), 4)], false)]
    #[case::of_another_size(vec![block(OURS, 1, b"12345")], false)]
    #[case::beyond_all_numbers(vec![block(OURS, 1, b"12345"), (block(OURS, 2, b"").0, u64::MAX)], false)]
    #[case::none(vec![], false)]
    fn blocks_of_one_upload_say_the_checksum_of_the_whole(
        #[case] blocks: Vec<(String, u64)>,
        #[case] said: bool,
    ) {
        let sum = Committed { blocks, alone: true }.checksum(9);
        assert_eq!(sum, said.then(|| checksum::crc64(b"123456789")));
    }

    #[rstest]
    fn blocks_of_others_are_not_ours(
        #[values("", "not base64", "MDAwMDAx", "MDEyMzQ1Njc4OWFiY2RlZngwMDAwMDAwNzAwMDAwMDAwMDAwMDAwZmY=")]
        text: &str,
    ) {
        assert_eq!(Name::from_wire(text), None);
    }
}
