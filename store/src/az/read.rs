use std::{collections::BTreeMap, ops::Range};

use adt_model::{Class, Fault, Key};
use bytes::Bytes;
use http::{Method, StatusCode};

use super::{
    Container,
    blocks::{self, Origin},
    metadata::{self, Described, is_folder},
    server::Client,
};
use crate::{
    Found, checksum,
    exchange::{Answer, Deed, Kind, Request, damaged, gives_range},
    part_size::stated_size,
    tags,
};

impl Container {
    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        let found = head(&self.client, &self.full(key)?).await?;
        Ok(found.map(|found| Found { key: key.clone(), ..found }))
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

    /// All of the version that was found, with what stands beside it.
    pub(crate) async fn whole(&self, found: Found) -> Result<(Bytes, Found), Fault> {
        let answer = get_whole(&self.client, &self.full(&found.key)?, Some(&found)).await?;
        let (now, claim) = metadata::found(found.key, found.size, &answer);
        // Bytes that have the claimed checksum prove the claim.
        let claim = claim.filter(|claim| checksum::crc64(&answer.body) == *claim);
        let (md5, crc64) = (now.md5.or(found.md5), now.crc64.or(found.crc64).or(claim));
        Ok((answer.body, Found { crc64, md5, ..now }))
    }

    pub(crate) async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Fault> {
        let request = Request::new(Deed::Tags, Method::GET, Some(self.full(key)?)).query("comp", "tags");
        let answer = self.client.send(&request).await?;
        self.client.document(&request, &answer, "Tags").map(|root| tags::read(&root))
    }

    /// A blob with snapshots is not removed: they would have to go too, which nobody has asked for; the refusal is told.
    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let request = Request::new(Deed::Delete, Method::DELETE, Some(self.full(key)?));
        match self.client.send(&request).await {
            Err(trouble) if trouble.status() == 404 && trouble.kind() != Some(Kind::NoBucket) => Ok(()),
            other => deleted(&self.client, &request, &other?),
        }
    }
}

/// The service accepts a removal with 202 and nothing else.
pub(super) fn deleted(client: &Client, request: &Request, answer: &Answer) -> Result<(), Fault> {
    if answer.status == StatusCode::ACCEPTED {
        return client.without_document(request, answer);
    }
    Err(client.strange(request, &format!("it has the status {}", answer.status.as_u16())))
}

/// What the service says of a blob, by its whole name. A checksum of ours that nothing else proves is compared with the blob's blocks.
pub(super) async fn head(client: &Client, full: &str) -> Result<Option<Found>, Fault> {
    let Some((found, claim)) = look(client, full).await? else { return Ok(None) };
    let Some(claim) = claim else { return Ok(Some(found)) };
    let proven = blocks::origin(client, full, &found).await? == Origin::Ours(claim);
    let crc64 = proven.then_some(claim);
    let noted = found.meta.as_ref().and_then(|meta| meta.modified);
    Ok(Some(Found { crc64, modified: noted.filter(|_| crc64.is_some()), ..found }))
}

/// The same without a further request.
pub(super) async fn look(client: &Client, full: &str) -> Result<Option<Described>, Fault> {
    let request = Request::new(Deed::Head, Method::HEAD, Some(full.to_owned()));
    match client.send(&request).await {
        Err(trouble) if trouble.status() == 404 => Ok(None),
        answer => {
            let (found, claim) = described(client, full, &answer?)?;
            // What stands for a folder is no file of anybody.
            let folder = found.size == 0 && found.meta.as_ref().is_some_and(|meta| is_folder(&meta.user));
            Ok((!folder).then_some((found, claim)))
        }
    }
}

/// A blob as an answer to HEAD describes it.
pub(super) fn described(client: &Client, full: &str, answer: &Answer) -> Result<Described, Fault> {
    let strange = |why| client.strange(&Request::new(Deed::Head, Method::HEAD, Some(full.to_owned())), why);
    let Some(size) = answer.header("content-length").and_then(stated_size) else {
        return Err(strange("it has no size (`Content-Length`)"));
    };
    if answer.status != StatusCode::OK
        || (answer.etag().is_none() && answer.header("last-modified").is_none())
    {
        return Err(strange("it describes no blob: it has neither ETag nor Last-Modified"));
    }
    Ok(metadata::found(parsed(full)?, size, answer))
}

fn parsed(full: &str) -> Result<Key, Fault> {
    Key::object(full).map_err(|error| Fault::new(Class::Bug, "a key that is none").because(error))
}

/// A blob's bytes, or those of a range that is not empty.
pub(super) async fn get(
    client: &Client,
    full: &str,
    range: Option<Range<u64>>,
    of: Option<&Found>,
) -> Result<Bytes, Fault> {
    let Some(range) = range else { return Ok(get_whole(client, full, of).await?.body) };
    let length = range.end - range.start;
    let request = Request::new(Deed::Get, Method::GET, Some(full.to_owned()))
        .header("range", format!("bytes={}-{}", range.start, range.end - 1))
        .answer_size(length);
    let answer = of_that_version(client, request, of).await?;
    if !gives_range(&answer, &range, of.map(|found| found.size)) {
        let (Range { start, end }, got) = (range, answer.body.len());
        let target = client.server.shown(full);
        return Err(Fault::new(Class::Corrupt, format!("`{target}` gave {got} bytes for {start}..{end}")));
    }
    Ok(answer.body)
}

/// How often a blob is read that does not match its checksum: what was damaged on the way may come whole the next time.
const READS: u32 = 3;

/// The answer with all of a blob, whose bytes match every checksum that is stated for them.
async fn get_whole(client: &Client, full: &str, of: Option<&Found>) -> Result<Answer, Fault> {
    let mut request = Request::new(Deed::Get, Method::GET, Some(full.to_owned()));
    if let Some(found) = of {
        request = request.answer_size(found.size);
    }
    for _ in 0..READS {
        let answer = of_that_version(client, request.clone(), of).await?;
        if answer.status != StatusCode::OK {
            return Err(client.strange(&request, "it is not the whole blob"));
        }
        if matches(client, full, &answer, of).await? {
            return Ok(answer);
        }
    }
    Err(damaged(&client.server.shown(full)))
}

/// Whether an answer's bytes have the size and the MD5 that the service states for the blob, in this answer or in an earlier one about
/// the same version: not every answer arrives with all its headers. Our own checksum decides where there is no MD5; one that is only claimed
/// decides unless the blob consists of other blocks than those that it was written for.
async fn matches(client: &Client, full: &str, answer: &Answer, of: Option<&Found>) -> Result<bool, Fault> {
    let size = answer.body.len() as u64;
    if of.is_some_and(|found| found.size != size) {
        return Ok(false);
    }
    let (now, claim) = metadata::found(parsed(full)?, size, answer);
    let stated = |sum: fn(&Found) -> Option<[u8; 16]>| [sum(&now), of.and_then(sum)].into_iter().flatten();
    let mut md5s = stated(|found| found.md5).peekable();
    if md5s.peek().is_some() {
        let here = checksum::md5(answer.body.clone()).await;
        return Ok(md5s.all(|there| there == here));
    }
    let sums = [now.crc64, of.and_then(|found| found.crc64)];
    let here = checksum::crc64(&answer.body);
    match (sums, claim) {
        ([None, None], Some(claim)) if claim != here => {
            let origin = blocks::origin(client, full, &now).await?;
            Ok(origin == Origin::Other || matches!(origin, Origin::Ours(crc64) if crc64 != claim))
        }
        (sums, _) => Ok(sums.into_iter().flatten().all(|there| there == here)),
    }
}

async fn of_that_version(client: &Client, mut request: Request, of: Option<&Found>) -> Result<Answer, Fault> {
    let wanted = of.and_then(|found| found.etag.as_deref());
    if let Some(etag) = wanted {
        request = request.header("if-match", format!("\"{etag}\""));
    }
    let answer = match client.send(&request).await {
        Err(trouble) if trouble.kind() == Some(Kind::Condition) => {
            return Err(changed(&client.target(&request)));
        }
        other => other?,
    };
    // Not every server looks at `if-match`.
    if wanted.is_some_and(|wanted| answer.etag().is_some_and(|etag| etag != wanted)) {
        return Err(changed(&client.target(&request)));
    }
    Ok(answer)
}

/// The fault for a blob that is not the version any more that was found.
pub(super) fn changed(target: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("`{target}` was changed while it was read"))
        .help("run the same command again when nobody writes it any more")
}
