use std::ops::Range;

use adt_model::{Class, Fault, Key};
use bytes::Bytes;
use http::{Method, StatusCode};

use super::{
    Bucket,
    client::Client,
    proof::{CRC64, corrupt},
    request::{Answer, Deed, Request},
};
use crate::{Found, checksum, mtime};

impl Bucket {
    pub(crate) async fn head(&self, key: &Key) -> Result<Option<Found>, Fault> {
        let found = head(&self.client, &self.full(key)?).await?;
        Ok(found.map(|found| Found { key: key.clone(), ..found }))
    }

    pub(crate) async fn get(&self, key: &Key, range: Option<Range<u64>>) -> Result<Bytes, Fault> {
        get(&self.client, &self.full(key)?, range).await
    }

    pub(crate) async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let request = Request::new(Deed::Delete, Method::DELETE, Some(self.full(key)?));
        match self.client.send(&request).await {
            Err(trouble) if trouble.status() == 404 && trouble.code() != "NoSuchBucket" => Ok(()),
            other => other.map(drop).map_err(Fault::from),
        }
    }
}

/// What a server says of an object, by its whole key.
pub(super) async fn head(client: &Client, full: &str) -> Result<Option<Found>, Fault> {
    let key = Key::parse(full).map_err(|e| Fault::new(Class::Bug, "a key that is none").because(e))?;
    let request = Request::new(Deed::Head, Method::HEAD, Some(full.to_owned()))
        .header("x-amz-checksum-mode", "ENABLED");
    let answer = match client.send(&request).await {
        Err(trouble) if trouble.status() == 404 => return Ok(None),
        other => other?,
    };
    let Some(size) = answer.header("content-length").and_then(|text| text.parse().ok()) else {
        let what = format!("the answer about `{}` has no size", client.target(&request));
        return Err(Fault::new(Class::Refused, what));
    };
    let modified = answer.header(&format!("x-amz-meta-{}", mtime::KEY)).and_then(mtime::from_text);
    Ok(Some(Found { key, size, etag: answer.etag(), modified, crc64: whole_checksum(&answer) }))
}

/// The checksum of the whole object, if that is what the answer holds. Of a multipart object whose kind of checksum is not
/// said, it may be one of checksums.
fn whole_checksum(answer: &Answer) -> Option<adt_model::Crc64> {
    let crc = answer.header(CRC64).and_then(checksum::crc64_from_wire)?;
    let whole = match answer.header("x-amz-checksum-type") {
        Some(kind) => kind.eq_ignore_ascii_case("FULL_OBJECT"),
        None => !answer.etag().is_some_and(|etag| etag.contains('-')),
    };
    whole.then_some(crc)
}

/// An object's bytes, or those of a range that is not empty; held against the server's checksum if they are all of it.
pub(super) async fn get(client: &Client, full: &str, range: Option<Range<u64>>) -> Result<Bytes, Fault> {
    let mut request = Request::new(Deed::Get, Method::GET, Some(full.to_owned()));
    match &range {
        Some(range) => {
            request = request
                .header("range", format!("bytes={}-{}", range.start, range.end - 1))
                .answer_size(range.end - range.start);
        }
        None => request = request.header("x-amz-checksum-mode", "ENABLED"),
    }
    let answer = client.send(&request).await?;
    let Some(range) = range else {
        if whole_checksum(&answer).is_some_and(|crc| crc != checksum::crc64(&answer.body)) {
            return Err(corrupt(client, full));
        }
        return Ok(answer.body);
    };
    let stated = answer.header("content-range").map(str::to_owned);
    let bytes = answer.body;
    if bytes.len() as u64 != range.end - range.start || !begins_at(&range, answer.status, stated.as_deref()) {
        let (Range { start, end }, got) = (range, bytes.len());
        let what = format!("`{}` gave {got} bytes for {start}..{end}", client.target(&request));
        return Err(Fault::new(Class::Corrupt, what));
    }
    Ok(bytes)
}

/// Whether an answer holds what was asked for, not as many bytes from elsewhere. Some servers send the range with a 200.
fn begins_at(range: &Range<u64>, status: StatusCode, stated: Option<&str>) -> bool {
    match stated
        .and_then(|text| text.trim_start_matches("bytes").trim().split('-').next()?.parse::<u64>().ok())
    {
        Some(start) => start == range.start,
        None => status == StatusCode::PARTIAL_CONTENT || range.start == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(206, Some("bytes 5-9/100"), true)]
    #[case(206, Some("bytes 0-4/100"), false)]
    #[case(200, Some("bytes 5-9/100"), true)]
    #[case(206, None, true)]
    #[case(200, None, false)]
    fn bytes_from_elsewhere_are_not_taken(
        #[case] status: u16,
        #[case] stated: Option<&str>,
        #[case] right: bool,
    ) {
        assert_eq!(begins_at(&(5..10), StatusCode::from_u16(status).unwrap(), stated), right);
    }
}
