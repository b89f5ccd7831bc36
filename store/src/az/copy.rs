//! Copies that the service makes by itself.

use std::{sync::atomic::Ordering, time::Duration};

use adt_model::{Class, Fault, Key};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::Method;
use tokio::time::Instant;

use super::{
    Container,
    metadata::{fields as fields_of, labelled, tagged},
    proof::corrupt,
    read,
    server::{COPY_SOURCE, Client},
};
use crate::{
    Copied, Found, ObjectMeta, Proof,
    exchange::{Answer, Deed, Kind, Request, Trouble},
};

/// Between two looks at a copy that is not done: at first, and at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// Looks without any progress before a copy counts as stuck: about ten minutes.
const PATIENCE: u32 = 120;
/// Bytes a second that a pending copy has to copy on average, after ten minutes.
const SLOWEST: u64 = 1 << 20;

impl Container {
    pub(crate) fn copies_from(&self, from: &Self) -> bool {
        self.client.server.reaches(&from.client.server)
    }

    /// Without `meta` the copy keeps what is beside the source. `None` when the service may not read the source.
    pub(crate) async fn copy(
        &self,
        key: &Key,
        from: &Self,
        source: &Found,
        meta: Option<&ObjectMeta>,
    ) -> Result<Option<Copied>, Fault> {
        if !self.copies_from(from) {
            return Ok(None);
        }
        let (client, full, theirs) = (&self.client, self.full(key)?, from.full(&source.key)?);
        let mut request = Request::new(Deed::Copy, Method::PUT, Some(full.clone()))
            .header(COPY_SOURCE, from.client.server.url(Some(&theirs)))
            .answer_size(source.size / 64);
        if let Some(etag) = &source.etag {
            request = request.header("x-ms-source-if-match", format!("\"{etag}\""));
        }
        // Said again rather than copied: our checksum beside the source was written for the source.
        let meta = meta.or(source.meta.as_deref());
        if let Some(meta) = meta {
            request = tagged(labelled(request, meta, None), meta);
        }
        let done = match client.send(&request).await {
            Ok(answer) => wait(client, &request, answer, source.size).await,
            Err(trouble) => Err(trouble),
        };
        let found = match done {
            Ok(found) => found,
            Err(trouble) => return self.refused(trouble, &from.client.server.shown(&theirs)),
        };
        if found.size != source.size {
            return Err(corrupt(client, &full));
        }
        let found = match meta {
            Some(meta) => settle(client, &full, found, meta).await?,
            None => found,
        };
        let proof = match (found.md5, source.md5) {
            (Some(here), Some(there)) if here == there => Proof::EtagMd5,
            (Some(_), Some(_)) => return Err(corrupt(client, &full)),
            _ => Proof::ServerCopy,
        };
        // What the service does not vouch for is not known of the copy.
        let crc64 = source.crc64.filter(|_| proof == Proof::EtagMd5);
        Ok(Some(Copied { size: found.size, crc64, etag: found.etag, proof }))
    }

    fn refused(&self, trouble: Trouble, source: &str) -> Result<Option<Copied>, Fault> {
        match trouble.kind() {
            Some(Kind::Condition) => Err(read::changed(source)),
            Some(Kind::Features) => {
                self.client.server.no_copies.store(true, Ordering::Relaxed);
                Ok(None)
            }
            // On the bytes' way over this machine it will show which of the two places refuses what.
            Some(Kind::NoObject | Kind::NoBucket) => Ok(None),
            _ if matches!(trouble.status(), 401 | 403) => {
                self.client.server.no_copies.store(true, Ordering::Relaxed);
                Ok(None)
            }
            _ if trouble.complaint.as_ref().is_some_and(|c| c.code == "CannotVerifyCopySource") => Ok(None),
            _ => Err(trouble.fault),
        }
    }
}

/// The copy when it is there. A copy inside an account is nearly always there with the first answer.
async fn wait(client: &Client, copy: &Request, answer: Answer, size: u64) -> Result<Found, Trouble> {
    let Some(id) = answer.header("x-ms-copy-id").map(str::to_owned) else {
        return Err(client.strange(copy, "it names no copy (`x-ms-copy-id`)").into());
    };
    client.without_document(copy, &answer)?;
    let full = copy.key.as_deref().unwrap_or_default();
    let (mut pause, mut done, mut idle) = (LOOK.0, None, 0);
    let (began, time) = (Instant::now(), Duration::from_secs(600 + size / SLOWEST));
    loop {
        let request = Request::new(Deed::Head, Method::HEAD, Some(full.to_owned()));
        let answer = client.send(&request).await?;
        let value = |name: &str| answer.header(name).map(str::to_owned);
        if value("x-ms-copy-id").as_deref() != Some(&id) {
            return Err(read::changed(&client.target(&request)).into());
        }
        match value("x-ms-copy-status").as_deref() {
            None | Some("success") => {
                return read::described(client, full, &answer).map(|(found, _)| found).map_err(Trouble::from);
            }
            Some("pending") if idle < PATIENCE && began.elapsed() < time => {}
            Some(status) => {
                let why = value("x-ms-copy-status-description").unwrap_or_default();
                let what = format!("the copy to `{}` is {status} {why}", client.target(&request));
                return Err(Fault::new(Class::Transient, what.trim_end().to_owned()).into());
            }
        }
        let now = progress(value("x-ms-copy-progress").as_deref(), size);
        let now = now.map_err(|why| client.strange(copy, why))?;
        idle = if now > done { 0 } else { idle + 1 };
        done = done.max(now);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LOOK.1);
    }
}

/// How many bytes of a copy are done, by `DONE/ALL`; it is of this many bytes.
fn progress(text: Option<&str>, size: u64) -> Result<Option<u64>, &'static str> {
    let Some(text) = text else { return Ok(None) };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let stated = text.split_once('/').and_then(|(done, all)| Some((number(done)?, number(all)?)));
    match stated {
        None => Err("its progress cannot be read"),
        Some((_, all)) if all != size => Err("it copies a blob of another size"),
        Some((done, all)) if done > all => Err("it has copied more than there is"),
        Some((done, _)) => Ok(Some(done)),
    }
}

/// Sees to it that a copy has what is to stand beside it. A copy takes media type and the like from its source always, and metadata too
/// where none was given.
async fn settle(client: &Client, full: &str, found: Found, meta: &ObjectMeta) -> Result<Found, Fault> {
    let has = found.meta.clone().unwrap_or_default();
    let request = |part: &'static str| {
        let request = Request::new(Deed::Describe, Method::PUT, Some(full.to_owned()));
        request.query("comp", part)
    };
    let mut changed = false;
    let bare = labelled(request("metadata"), meta, None);
    if bare.headers.is_empty() && (found.crc64.is_some() || has.modified.is_some() || !has.user.is_empty()) {
        client.send(&bare).await?;
        changed = true;
    }
    let fields = |meta: &ObjectMeta| {
        let ObjectMeta { content_type, cache_control, content_encoding, .. } = meta.clone();
        let ObjectMeta { content_disposition, content_language, .. } = meta.clone();
        (content_type, cache_control, content_encoding, content_disposition, content_language)
    };
    if fields(meta) != fields(&has) {
        // What is not said again is gone with the others.
        let fields = fields_of(request("properties"), meta);
        client
            .send(&match found.md5 {
                Some(md5) => fields.header("x-ms-blob-content-md5", BASE64_STANDARD.encode(md5)),
                None => fields,
            })
            .await?;
        changed = true;
    }
    if !changed {
        return Ok(found);
    }
    let now = read::head(client, full).await?.filter(|now| now.size == found.size);
    now.ok_or_else(|| corrupt(client, full))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::none(None, Ok(None))]
    #[case::some(Some("3/10"), Ok(Some(3)))]
    #[case::all(Some("10/10"), Ok(Some(10)))]
    #[case::another_size(Some("3/99"), Err(()))]
    #[case::more_than_all(Some("11/10"), Err(()))]
    #[case::no_numbers(Some("most/10"), Err(()))]
    #[case::no_fraction(Some("3"), Err(()))]
    fn the_progress_of_a_copy_is_of_its_source(
        #[case] text: Option<&str>,
        #[case] done: Result<Option<u64>, ()>,
    ) {
        assert_eq!(progress(text, 10).map_err(|_| ()), done);
    }
}
