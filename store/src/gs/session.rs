//! The talk with a resumable session. Its address is a secret: whoever knows it may write the object.

use adt_model::{Class, Fault, Key, Secret};
use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::{
    GoogleBucket,
    resource::{Resource, described, resource},
    server::{Client, Google},
    upload::GoogleUpload,
};
use crate::{
    Held, ObjectMeta, Unfinished,
    exchange::{Answer, Body, Deed, Kind, Request, Trouble},
};

/// All but an object's last bytes go in multiples of this.
pub(super) const STEP: u64 = 256 << 10;
/// "More is to come", as an answer.
const INCOMPLETE: u16 = 308;
/// "Closed by the client", as an answer to a cancellation.
const CANCELLED: u16 = 499;

/// What a session has come to.
#[derive(Debug)]
pub(super) enum Progress {
    /// It holds so many bytes from the beginning, and waits for more.
    Persisted(u64),
    /// The object is there.
    Whole(Box<Resource>),
}

/// An object's session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) full: String,
    pub(super) url: Secret,
}

impl GoogleBucket {
    pub(crate) async fn begin(&self, key: &Key, meta: &ObjectMeta) -> Result<GoogleUpload, Fault> {
        let full = self.full(key)?;
        let mut beside = described(meta, self.client.server.storage_class());
        beside.insert("name".to_owned(), full.clone().into());
        let request = Request::new(Deed::Begin, Method::POST, Some(full.clone()))
            .query("uploadType", "resumable")
            .header("content-type", "application/json; charset=UTF-8")
            .body(Body::Document(Value::from(beside).to_string().into()));
        let answer = self.client.send(&request).await?;
        let url = answer.header("location").filter(|url| self.client.server.has_session(url));
        let Some(url) = url else {
            let what = format!("the server began no upload of `{}`", self.client.target(&request));
            return Err(Fault::new(Class::Refused, what)
                .help("check that the endpoint speaks the JSON API of Google Cloud Storage"));
        };
        let session = Session { full, url: Secret::new(url) };
        Ok(GoogleUpload::new(self, session, 0))
    }

    /// Takes a session up where it was left; `None` when it is over, however it ended. What stands beside the object was said when it was
    /// begun.
    pub(crate) async fn resume(
        &self,
        key: &Key,
        id: &str,
        _meta: &ObjectMeta,
    ) -> Result<Option<(GoogleUpload, Held)>, Fault> {
        if !self.client.server.has_session(id) {
            return Ok(None);
        }
        let session = Session { full: self.full(key)?, url: Secret::new(id) };
        match session.status(&self.client).await {
            Ok(Progress::Persisted(bytes)) => {
                Ok(Some((GoogleUpload::new(self, session, bytes), Held::Bytes(bytes))))
            }
            Ok(Progress::Whole(_)) => Ok(None),
            // One that the server makes nothing of is of no use either.
            Err(trouble) if is_over(&trouble) || trouble.status() == 400 => Ok(None),
            Err(trouble) => Err(trouble.fault),
        }
    }

    /// Always empty: Google lists no sessions. Those that nobody takes up end by themselves after a week.
    #[expect(clippy::unused_async, reason = "other places have to ask")]
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        Ok(Vec::new())
    }

    /// Throws an unfinished upload away; one that is not there counts as thrown away.
    pub(crate) async fn abort(&self, unfinished: &Unfinished) -> Result<(), Fault> {
        if !self.client.server.has_session(&unfinished.upload_id) {
            return Ok(());
        }
        let session =
            Session { full: self.full(&unfinished.key)?, url: Secret::new(unfinished.upload_id.as_str()) };
        session.cancel(&self.client).await
    }
}

impl Google {
    /// Whether an address can be that of a session here; the ledger may remember one of another server.
    fn has_session(&self, url: &str) -> bool {
        if self.emulated {
            return url.starts_with("http://") || url.starts_with("https://");
        }
        let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#', ':']).next());
        host.is_some_and(|host| host == "googleapis.com" || host.ends_with(".googleapis.com"))
    }
}

impl Session {
    fn request(&self, deed: Deed, method: Method) -> Request {
        Request::new(deed, method, Some(self.full.clone())).at(&self.url).welcome(INCOMPLETE)
    }

    /// What the server has of the object by now.
    pub(super) async fn status(&self, client: &Client) -> Result<Progress, Trouble> {
        let request = self.request(Deed::ListParts, Method::PUT).header("content-range", "bytes */*");
        let answer = client.send(&request).await?;
        Ok(progress(client, &request, &answer)?)
    }

    /// Sends bytes that follow `at`; `end` says how many there are in all, and with them how the checksum has to be.
    ///
    /// A refusal need not mean that nothing has come: the session itself is asked.
    pub(super) async fn send(
        &self,
        client: &Client,
        at: u64,
        bytes: Bytes,
        end: Option<(u64, Option<String>)>,
    ) -> Result<Progress, Trouble> {
        let deed = if end.is_some() { Deed::Complete } else { Deed::PutPart };
        let (total, hash) = match end {
            Some((total, hash)) => (total.to_string(), hash),
            None => ("*".to_owned(), None),
        };
        let run = match bytes.len() as u64 {
            0 => "*".to_owned(),
            length => format!("{at}-{}", at + length - 1),
        };
        let mut request = self
            .request(deed, Method::PUT)
            .header("content-range", format!("bytes {run}/{total}"))
            .body(Body::Data(bytes));
        if let Some(hash) = hash {
            request = request.header("x-goog-hash", hash);
        }
        match client.send(&request).await {
            Ok(answer) => match progress(client, &request, &answer)? {
                // Once in a very long while the answer does not say what has come.
                Progress::Persisted(bytes) if bytes < at => self.status(client).await,
                progress => Ok(progress),
            },
            Err(trouble) if trouble.complaint.is_some() && !is_over(&trouble) => {
                match self.status(client).await {
                    Ok(Progress::Persisted(bytes)) if bytes <= at => Err(trouble),
                    Ok(progress) => Ok(progress),
                    Err(_) => Err(trouble),
                }
            }
            Err(trouble) => Err(trouble),
        }
    }

    pub(super) async fn cancel(&self, client: &Client) -> Result<(), Fault> {
        let request = Request::new(Deed::Abort, Method::DELETE, Some(self.full.clone()))
            .at(&self.url)
            .welcome(CANCELLED)
            .header("content-length", "0");
        match client.send(&request).await {
            Err(trouble) if is_over(&trouble) || trouble.status() == 400 => Ok(()),
            // The emulator knows no cancellation (501).
            Err(trouble) if client.server.emulated && trouble.kind() == Some(Kind::Features) => Ok(()),
            other => other.map(drop).map_err(Fault::from),
        }
    }
}

fn progress(client: &Client, request: &Request, answer: &Answer) -> Result<Progress, Fault> {
    if answer.status.as_u16() == INCOMPLETE {
        return Ok(Progress::Persisted(persisted(answer.header("range"))));
    }
    Ok(Progress::Whole(Box::new(resource(client, request, answer)?)))
}

/// Whether the server does not know a session any more: cancelled, too old, or (where it was told so later) completed.
pub(super) fn is_over(trouble: &Trouble) -> bool {
    matches!(trouble.status(), 404 | 410 | CANCELLED)
}

/// What `range: bytes=0-N` says. Nothing has come where there is none; the emulator then says `0-0`, which is never meant: whoever
/// sends a byte twice is understood.
fn persisted(range: Option<&str>) -> u64 {
    let last = range.and_then(|text| text.trim().rsplit('-').next()?.parse::<u64>().ok());
    last.map_or(0, |last| if last == 0 { 0 } else { last + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None, 0)]
    #[case(Some("bytes=0-0"), 0)]
    #[case(Some("bytes=0-262143"), 262_144)]
    #[case(Some("0-262143"), 262_144)]
    #[case(Some("none"), 0)]
    fn what_has_come_is_read(#[case] range: Option<&str>, #[case] bytes: u64) {
        assert_eq!(persisted(range), bytes);
    }
}
