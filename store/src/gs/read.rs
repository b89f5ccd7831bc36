use std::ops::Range;

use adt_model::{Class, Crc64, Fault, Key};
use bytes::Bytes;
use http::{Method, StatusCode};

use super::{
    GoogleBucket,
    resource::{FIELDS, Resource, crc32c_from_wire, md5_from_wire, resource},
    server::Client,
};
use crate::{
    Found, checksum,
    exchange::{Answer, Deed, Kind, Request, damaged, gives_range},
    part_size::part_size,
};

impl GoogleBucket {
    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        let full = self.full(key)?;
        let Some(resource) = head(&self.client, &full).await? else { return Ok(None) };
        resource.found(key.clone()).map(Some).ok_or_else(|| {
            let request = Request::new(Deed::Head, Method::GET, Some(full));
            self.client.strange(&request, "it has no size")
        })
    }

    /// With `of` only the very version that was found will do.
    pub(crate) async fn get(
        &self,
        key: &Key,
        range: Option<Range<u64>>,
        of: Option<&Found>,
    ) -> Result<Bytes, Fault> {
        get(&self.client, &self.full(key)?, range, of).await
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let (client, full) = (&self.client, self.full(key)?);
        let request = Request::new(Deed::Delete, Method::DELETE, Some(full.clone()));
        let answer = match client.send(&request).await {
            Err(trouble) if trouble.kind() == Some(Kind::NoObject) => return Ok(()),
            other => other?,
        };
        let gone = client.says_deleted(&request, &answer, StatusCode::NO_CONTENT)?;
        if gone || head(client, &full).await?.is_none() { Ok(()) } else { Err(client.not_deleted(&request)) }
    }
}

/// How often an object is read that does not match its checksum: what was damaged on the way may come whole the next time.
const READS: u32 = 3;

/// What the server says of an object, by its whole name.
pub(super) async fn head(client: &Client, full: &str) -> Result<Option<Resource>, Fault> {
    let request = Request::new(Deed::Head, Method::GET, Some(full.to_owned()))
        .query("fields", format!("kind,{FIELDS}"));
    match client.send(&request).await {
        Err(trouble) if trouble.status() == 404 => Ok(None),
        Err(trouble) => Err(trouble.fault),
        Ok(answer) => resource(client, &request, &answer).map(Some),
    }
}

/// An object's bytes, or those of a range that is not empty; held against the server's checksum if they are all of it.
pub(super) async fn get(
    client: &Client,
    full: &str,
    range: Option<Range<u64>>,
    of: Option<&Found>,
) -> Result<Bytes, Fault> {
    let mut request = Request::new(Deed::Get, Method::GET, Some(full.to_owned()))
        .query("alt", "media")
        // What is kept packed is moved packed; without this it would be unpacked on the way.
        .header("accept-encoding", "gzip");
    if let Some(generation) = of.and_then(|found| found.etag.as_deref()) {
        request = request.query("generation", generation);
    }
    let Some(range) = range else {
        if let Some(found) = of {
            request = request.answer_size(found.size);
        }
        for _ in 0..READS {
            let answer = of_that_version(client, &request, of).await?;
            if matches(&answer, of).await {
                return Ok(answer.body);
            }
        }
        return Err(damaged(&client.target(&request)));
    };
    request = request
        .header("range", format!("bytes={}-{}", range.start, range.end - 1))
        .answer_size(range.end - range.start);
    let answer = of_that_version(client, &request, of).await?;
    if !gives_range(&answer, &range, of.map(|found| found.size)) {
        let (Range { start, end }, got) = (range, answer.body.len());
        let what = format!("`{}` gave {got} bytes for {start}..{end}", client.target(&request));
        return Err(Fault::new(Class::Corrupt, what));
    }
    Ok(answer.body)
}

/// A version that is not there any more has been replaced, or deleted.
async fn of_that_version(client: &Client, request: &Request, of: Option<&Found>) -> Result<Answer, Fault> {
    let wanted = of.and_then(|found| found.etag.as_deref());
    let answer = match client.send(request).await {
        Err(trouble) if wanted.is_some() && trouble.kind() == Some(Kind::NoObject) => {
            return Err(changed(&client.target(request)));
        }
        other => other?,
    };
    // Emulators do not look at the generation that is asked for.
    let given = answer.header("x-goog-generation");
    if wanted.is_some_and(|wanted| given.is_some_and(|given| given != wanted)) {
        return Err(changed(&client.target(request)));
    }
    Ok(answer)
}

/// Whether the bytes of an answer match every size and checksum that is stated for the object: by the answer, and by an earlier one.
async fn matches(answer: &Answer, of: Option<&Found>) -> bool {
    let all = answer.headers.get_all("x-goog-hash");
    let stated = || all.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let crc32c = stated().find_map(|value| crc32c_from_wire(value.trim().strip_prefix("crc32c=")?));
    let md5 = stated().find_map(|value| md5_from_wire(value.trim().strip_prefix("md5=")?));
    let whole = of.is_none_or(|found| found.size == answer.body.len() as u64);
    if answer.status != StatusCode::OK || !whole {
        return false;
    }
    let mut sums = [crc32c, of.and_then(|found| found.crc32c)].into_iter().flatten().peekable();
    if sums.peek().is_some() {
        let here = adt_codec::crc32c(&answer.body);
        return sums.all(|there| there == here);
    }
    let mut md5s = [md5, of.and_then(|found| found.md5)].into_iter().flatten().peekable();
    match md5s.peek() {
        Some(_) => {
            let here = checksum::md5(answer.body.clone()).await;
            md5s.all(|there| there == here)
        }
        None => true,
    }
}

/// The checksum of a version's bytes, read in pieces.
pub(super) async fn read_back(
    client: &Client,
    full: &str,
    size: u64,
    generation: Option<String>,
) -> Result<Crc64, Fault> {
    let key = Key::object(full).map_err(|e| Fault::new(Class::Bug, "a key that is none").because(e))?;
    let found = Found { etag: generation, ..Found::new(key, size) };
    let piece = part_size(Some(0));
    let (mut at, mut crc) = (0, Crc64::EMPTY);
    while at < size {
        let end = size.min(at + piece);
        let bytes = get(client, full, Some(at..end), Some(&found)).await?;
        crc = checksum::crc64_combine(crc, checksum::crc64(&bytes), end - at);
        at = end;
    }
    Ok(crc)
}

/// The fault for an object that is not the version any more that was found.
pub(super) fn changed(target: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("`{target}` was changed while it was read"))
        .help("run the same command again when nobody writes it any more")
}

/// The fault for bytes that a server does not hold as they were sent, though it said so.
pub(super) fn corrupt(client: &Client, full: &str) -> Fault {
    let target = client.target(&Request::new(Deed::Put, Method::POST, Some(full.to_owned())));
    Fault::new(Class::Corrupt, format!("`{target}` does not hold the bytes that were sent")).help(
        "run the same command again; if it happens again, the server or a device before it damages data",
    )
}
