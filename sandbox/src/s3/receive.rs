use std::io::Write as _;

use bytes::Bytes;
use fs_err as fs;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Incoming as Body;
use md5::{Digest as _, Md5};

use super::{
    checksum::{Algorithm, Checksum, hex},
    chunked::Unchunk,
    disk::{Disk, Incoming},
    record::base64_header,
    refusal::Refusal,
    signature::Signed,
};

/// No document of a request is longer: 10,000 parts, or 1,000 keys to delete.
const DOCUMENT_LIMIT: usize = 8 << 20;

/// What a request says about its body before it comes.
struct Announced {
    /// Bytes of data, framing not counted.
    length: u64,
    framing: Framing,
    md5: Option<Vec<u8>>,
    sha256: Option<String>,
    /// The client's checksum, with its value unless that comes as a trailer.
    checksum: Option<(Algorithm, Option<String>)>,
}

enum Framing {
    Plain,
    Chunked(Box<Unchunk>),
}

/// A body on disk that is what its request said it would be.
pub(crate) struct Received {
    pub(crate) file: Incoming,
    pub(crate) size: u64,
    /// MD5, as an ETag has it.
    pub(crate) etag: String,
    /// CRC64NVME, base64.
    pub(crate) crc64: String,
    /// The checksum that the client named, verified; CRC64NVME when it named none.
    pub(crate) algorithm: Algorithm,
    pub(crate) checksum: String,
}

/// Streams a body to a file of temporary name and holds it against everything the request says about it.
pub(crate) async fn receive(
    disk: &Disk,
    headers: &HeaderMap,
    signed: &Signed,
    body: &mut Body,
) -> Result<Received, Refusal> {
    let mut announced = Announced::read(headers, signed)?;
    let file = disk.incoming();
    let mut sums = Sums::new(&announced, fs::File::create(file.path())?);
    while let Some(block) = next(body).await? {
        match &mut announced.framing {
            Framing::Plain => sums.take(&block)?,
            Framing::Chunked(unchunk) => unchunk.push(&block, &mut |data| sums.take(data))?,
        }
    }
    if let Framing::Chunked(unchunk) = &announced.framing {
        unchunk.finish()?;
        announced.take_trailers(&unchunk.trailers.clone());
    }
    sums.finish(&announced, file)
}

/// Reads a short body whole, under the same checks.
pub(crate) async fn receive_document(
    headers: &HeaderMap,
    signed: &Signed,
    body: &mut Body,
) -> Result<Vec<u8>, Refusal> {
    let announced = Announced::read(headers, signed)?;
    let mut document = Vec::new();
    while let Some(block) = next(body).await? {
        document.extend_from_slice(&block);
        if document.len() > DOCUMENT_LIMIT {
            return Err(Refusal::bad("MaxMessageLengthExceeded", "the document is too long"));
        }
    }
    if announced.md5.as_ref().is_some_and(|md5| Md5::digest(&document)[..] != md5[..]) {
        return Err(Refusal::digest("Content-MD5"));
    }
    if announced.sha256.as_ref().is_some_and(|sha| *sha != super::signature::sha256_hex(&document)) {
        return Err(wrong_payload_hash());
    }
    Ok(document)
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| Refusal::bad("IncompleteBody", format!("the body broke off: {e}")))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

fn wrong_payload_hash() -> Refusal {
    Refusal::bad("XAmzContentSHA256Mismatch", "`x-amz-content-sha256` is not that of the bytes received")
}

impl Announced {
    fn read(headers: &HeaderMap, signed: &Signed) -> Result<Self, Refusal> {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let payload = text("x-amz-content-sha256").unwrap_or("");
        let (framing, length) = match payload {
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => (Some(None), "x-amz-decoded-content-length"),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
                (Some(Some(signed.clone())), "x-amz-decoded-content-length")
            }
            other if other.starts_with("STREAMING-") => {
                return Err(Refusal::not_implemented(format!("bodies of the kind `{other}`")));
            }
            _ => (None, "content-length"),
        };
        let length = text(length).and_then(|n| n.parse().ok()).ok_or_else(|| {
            Refusal::new(
                http::StatusCode::LENGTH_REQUIRED,
                "MissingContentLength",
                format!("`{length}` is needed"),
            )
        })?;
        let sha256 = (framing.is_none() && payload != "UNSIGNED-PAYLOAD").then(|| payload.to_owned());
        Ok(Self {
            length,
            framing: framing
                .map_or(Framing::Plain, |signed| Framing::Chunked(Box::new(Unchunk::new(signed)))),
            md5: text("content-md5").map(base64_header).transpose()?,
            sha256,
            checksum: announced_checksum(headers)?,
        })
    }

    fn take_trailers(&mut self, trailers: &[(String, String)]) {
        if let Some((algorithm, value @ None)) = &mut self.checksum {
            *value = trailers.iter().find(|(name, _)| name == algorithm.header()).map(|(_, v)| v.clone());
        }
    }
}

/// The checksum that headers carry, or that a trailer will.
fn announced_checksum(headers: &HeaderMap) -> Result<Option<(Algorithm, Option<String>)>, Refusal> {
    let trailer = headers.get("x-amz-trailer").and_then(|v| v.to_str().ok());
    let carried = headers.iter().find_map(|(name, value)| {
        let word = name.as_str().strip_prefix("x-amz-checksum-")?;
        (!["algorithm", "mode", "type"].contains(&word)).then(|| (name.as_str(), value.to_str().ok()))
    });
    let (name, value) = match (carried, trailer) {
        (Some((name, value)), _) => (name, value.map(str::to_owned)),
        (None, Some(name)) => (name.trim(), None),
        (None, None) => return Ok(None),
    };
    let algorithm = Algorithm::from_header(name)
        .ok_or_else(|| Refusal::not_implemented(format!("this server does not compute `{name}`")))?;
    Ok(Some((algorithm, value)))
}

/// Everything that is computed while a body comes.
struct Sums {
    file: fs::File,
    size: u64,
    md5: Md5,
    crc64: Checksum,
    sha256: Option<ring::digest::Context>,
    other: Option<Checksum>,
}

impl Sums {
    fn new(announced: &Announced, file: fs::File) -> Self {
        let other = announced.checksum.as_ref().map(|(algorithm, _)| *algorithm);
        Self {
            file,
            size: 0,
            md5: Md5::new(),
            crc64: Checksum::new(Algorithm::Crc64nvme),
            sha256: announced.sha256.as_ref().map(|_| ring::digest::Context::new(&ring::digest::SHA256)),
            other: other.filter(|a| *a != Algorithm::Crc64nvme).map(Checksum::new),
        }
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.size += data.len() as u64;
        self.md5.update(data);
        self.crc64.update(data);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(data);
        }
        if let Some(other) = &mut self.other {
            other.update(data);
        }
        Ok(self.file.write_all(data)?)
    }

    fn finish(self, announced: &Announced, file: Incoming) -> Result<Received, Refusal> {
        if self.size != announced.length {
            let text = format!("{} bytes were announced, {} came", announced.length, self.size);
            return Err(Refusal::bad("IncompleteBody", text));
        }
        let md5 = self.md5.finalize();
        if announced.md5.as_ref().is_some_and(|given| given[..] != md5[..]) {
            return Err(Refusal::digest("Content-MD5"));
        }
        let sha256 = self.sha256.map(|context| hex(context.finish().as_ref()));
        if sha256 != announced.sha256 {
            return Err(wrong_payload_hash());
        }
        let crc64 = self.crc64.finish();
        let algorithm = announced.checksum.as_ref().map_or(Algorithm::Crc64nvme, |(a, _)| *a);
        let checksum = self.other.map_or_else(|| crc64.clone(), Checksum::finish);
        match &announced.checksum {
            Some((_, Some(given))) if *given != checksum => return Err(Refusal::digest(algorithm.header())),
            Some((_, None)) => {
                return Err(Refusal::bad("MalformedTrailerError", "the announced trailer did not come"));
            }
            _ => {}
        }
        Ok(Received { file, size: self.size, etag: hex(&md5), crc64, algorithm, checksum })
    }
}
