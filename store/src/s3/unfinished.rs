use adt_model::{Fault, Key};
use http::Method;

use super::{
    Bucket,
    list::{document, is_encoded, name},
};
use crate::{
    Unfinished,
    exchange::{Deed, Kind, Request},
};

impl Bucket {
    /// Multipart uploads below this place, by whomever.
    pub(crate) async fn unfinished(&self) -> Result<Vec<Unfinished>, Fault> {
        let stem = self.stem();
        let mut all = Vec::new();
        let mut marker: Option<(String, String)> = None;
        loop {
            let mut request = Request::new(Deed::ListUploads, Method::GET, None)
                .query("uploads", "")
                .query("encoding-type", "url")
                .query("prefix", stem.clone());
            if let Some((key, id)) = &marker {
                request = request.query("key-marker", key.clone()).query("upload-id-marker", id.clone());
            }
            let answer = self.client.send(&request).await?;
            let root = document(&self.client, &request, &answer)?;
            let encoded = is_encoded(&root);
            for upload in root.all("Upload") {
                let full = upload.child("Key").and_then(|key| name(&key.text, encoded));
                // Some servers do not look at the prefix.
                let key = full.as_deref().and_then(|full| full.strip_prefix(&stem)).map(Key::parse);
                if let (Some(Ok(key)), Some(id)) = (key, upload.value("UploadId")) {
                    let since = upload.value("Initiated").and_then(|text| text.parse().ok());
                    all.push(Unfinished { key, upload_id: id.to_owned(), since });
                }
            }
            let next = root.value("NextKeyMarker").and_then(|key| name(key, encoded));
            let next = next.map(|key| (key, root.value("NextUploadIdMarker").unwrap_or_default().to_owned()));
            if !root.is_true("IsTruncated") || next.is_none() || next == marker {
                return Ok(all);
            }
            marker = next;
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
            other => other.map(drop).map_err(Fault::from),
        }
    }
}
