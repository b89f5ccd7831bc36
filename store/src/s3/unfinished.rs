use adt_model::{Fault, Key};
use adt_net::xml::Element;
use http::Method;
use jiff::Timestamp;

use super::{
    Bucket,
    list::{is_encoded, name},
    server::Client,
};
use crate::{
    Unfinished,
    exchange::{Answer, Deed, Items, Kind, Request},
};

/// Where a listing of uploads continues: after a key, and of that key after an upload.
type Marker = (String, String);

/// Pages that may follow each other without an upload.
const EMPTY: u32 = 100;

/// A page of uploads.
struct Page {
    uploads: Vec<Upload>,
    encoded: bool,
    next: Option<Marker>,
}

struct Upload {
    key: String,
    id: String,
    since: Option<Timestamp>,
}

impl Bucket {
    /// Multipart uploads below this place, by all programs.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        self.unfinished_at(&self.stem()).await
    }

    /// Multipart uploads below this place whose whole keys begin so.
    pub(super) async fn unfinished_at(&self, prefix: &str) -> Result<Vec<Unfinished>, Fault> {
        let (stem, mut all, mut empty) = (self.stem(), Vec::new(), 0);
        let mut marker: Option<Marker> = None;
        loop {
            let request = uploads(prefix, marker.as_ref());
            let answer = self.client.send(&request).await?;
            let page = Page::read(&self.client, &request, &answer)?;
            drop(answer);
            empty = if page.uploads.is_empty() { empty + 1 } else { 0 };
            for upload in page.uploads {
                let full = name(&upload.key, page.encoded);
                // Some servers do not look at the prefix.
                if let Some(Ok(key)) =
                    full.as_deref().and_then(|full| full.strip_prefix(&stem)).map(Key::object)
                {
                    all.push(Unfinished { key, upload_id: upload.id, since: upload.since });
                }
            }
            let Some(next) = page.next else { return Ok(all) };
            if marker.as_ref().is_some_and(|marker| next.0 < marker.0 || next == *marker) || empty >= EMPTY {
                return Err(self
                    .client
                    .strange(&request, "it makes no progress: its markers or pages repeat"));
            }
            marker = Some(next);
        }
    }

    /// Throws an unfinished upload away; one that is not there counts as thrown away.
    pub(crate) async fn abort(&self, unfinished: &Unfinished) -> Result<(), Fault> {
        self.abort_upload(&unfinished.key, &unfinished.upload_id).await
    }

    pub(super) async fn abort_upload(&self, key: &Key, id: &str) -> Result<(), Fault> {
        let request = Request::new(Deed::Abort, Method::DELETE, Some(self.full(key)?)).query("uploadId", id);
        match self.client.send(&request).await {
            Err(trouble) if trouble.kind() == Some(Kind::NoUpload) => Ok(()),
            other => self.client.without_document(&request, &other?),
        }
    }
}

fn uploads(prefix: &str, marker: Option<&Marker>) -> Request {
    let request = Request::new(Deed::ListUploads, Method::GET, None)
        .query("uploads", "")
        .query("encoding-type", "url")
        .query("prefix", prefix);
    match marker {
        Some((key, id)) => request.query("key-marker", key.as_str()).query("upload-id-marker", id.as_str()),
        None => request,
    }
}

impl Page {
    fn read(client: &Client, request: &Request, answer: &Answer) -> Result<Self, Fault> {
        let kind = Items { root: "ListMultipartUploadsResult", depth: 1, names: &["Upload"] };
        let (root, uploads) = client.items(request, answer, kind, Upload::read)?;
        let encoded = is_encoded(&root);
        // Some servers leave it out at the end; then the bucket's name shows that it is a list of uploads.
        let named = || root.value("Bucket").map(|_| false);
        let next = match root.truth("IsTruncated").or_else(named) {
            Some(false) => None,
            Some(true) => {
                let key = root.value("NextKeyMarker").and_then(|key| name(key, encoded));
                let key = key.ok_or_else(|| {
                    client.strange(request, "it is truncated and does not say where it continues")
                })?;
                Some((key, root.value("NextUploadIdMarker").unwrap_or_default().to_owned()))
            }
            None => {
                return Err(client.strange(request, "it does not say whether it is complete (`IsTruncated`)"));
            }
        };
        Ok(Self { uploads, encoded, next })
    }
}

impl Upload {
    fn read(upload: &mut Element) -> Option<Self> {
        let key = upload.take_text("Key")?;
        let since = upload.value("Initiated").and_then(|text| text.parse().ok());
        Some(Self { key, id: upload.value("UploadId")?.to_owned(), since })
    }
}
