//! Copies that the server makes by itself.

use adt_model::{Fault, Key, Secret};
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    GoogleBucket,
    read::{changed, corrupt},
    resource::{Kinded, Resource, Size, check, described, document},
};
use crate::{
    Copied, Found, ObjectMeta, Proof,
    exchange::{Body, Deed, Kind, Request, Trouble},
};

/// A request for a copy may well take half a minute, as Google says; so much is added to the usual time, in bytes of an answer.
const PATIENCE: u64 = 8 << 20;

/// The least that a request which does not end a copy has to add; Google copies in multiples of it.
const STEP: u64 = 1 << 20;
/// Requests in a row that may add less before a copy counts as stuck.
const IDLE: u32 = 10;

/// How far the server has come.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rewrite {
    kind: String,
    done: bool,
    #[serde(rename = "rewriteToken")]
    token: Option<String>,
    total_bytes_rewritten: Option<Size>,
    object_size: Option<Size>,
    resource: Option<Resource>,
}

impl Kinded for Rewrite {
    const KIND: &str = "storage#rewriteResponse";

    fn kind(&self) -> &str {
        &self.kind
    }
}

impl GoogleBucket {
    pub(crate) fn copies_from(&self, from: &Self) -> bool {
        self.client.server.base == from.client.server.base
    }

    /// Without `meta` the copy keeps what is beside the source. `None` when the server may not read the source for it.
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
        let (full, theirs) = (self.full(key)?, from.full(&source.key)?);
        let (here, there) = (&self.client.server, &from.client.server);
        let url = format!("{}/rewriteTo/{}", there.object(&theirs), here.path(&full));
        let mut request = Request::new(Deed::Copy, Method::POST, Some(full.clone()))
            .at(&Secret::new(url))
            .answer_size((source.size / 64).max(PATIENCE));
        if let Some(generation) = &source.etag {
            request = request.query("sourceGeneration", generation.as_str());
        }
        if let Some(beside) = self.beside(from, source, meta).await? {
            request = request
                .header("content-type", "application/json; charset=UTF-8")
                .body(Body::Document(beside.to_string().into()));
        }
        match self.rewrite(&request, source.size).await {
            Ok(resource) => self.proven(&full, source, &resource).map(Some),
            Err(trouble) => match trouble.kind() {
                Some(Kind::NoObject) if source.etag.is_some() => {
                    Err(changed(&from.client.target(&Request::new(Deed::Get, Method::GET, Some(theirs)))))
                }
                // On the bytes' way over this machine it will show which of the two places refuses what.
                Some(Kind::Denied | Kind::NoObject | Kind::NoBucket | Kind::Features) => Ok(None),
                _ => Err(trouble.fault),
            },
        }
    }

    /// What is to stand beside the copy where that is not what stands beside the source. A document replaces all of it, so it names all.
    async fn beside(
        &self,
        from: &Self,
        source: &Found,
        meta: Option<&ObjectMeta>,
    ) -> Result<Option<Value>, Fault> {
        let class = self.client.server.storage_class();
        match (meta, class) {
            (Some(meta), _) => Ok(Some(described(meta, class).into())),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let kept = match &source.meta {
                    Some(meta) => Some(meta.clone()),
                    None => from.head(&source.key).await?.and_then(|found| found.meta),
                };
                Ok(Some(described(&kept.unwrap_or_default(), class).into()))
            }
        }
    }

    /// Large objects that go elsewhere take more than one request; each says where the next one continues, and how far it has come.
    async fn rewrite(&self, request: &Request, size: u64) -> Result<Resource, Trouble> {
        let strange = |why: &str| Trouble::from(self.client.strange(request, why));
        let (mut token, mut written, mut idle): (Option<String>, u64, u32) = (None, 0, 0);
        loop {
            let mut asked = request.clone();
            if let Some(token) = &token {
                asked = asked.query("rewriteToken", token.as_str());
            }
            let answer = self.client.send(&asked).await?;
            let rewrite: Rewrite = document(&self.client, &asked, &answer)?;
            if rewrite.object_size.and_then(|stated| stated.number()).is_some_and(|stated| stated != size) {
                return Err(strange("it copies an object of another size"));
            }
            match (rewrite.done, rewrite.resource, rewrite.token) {
                (true, Some(resource), _) => {
                    check(&self.client, request, &resource)?;
                    return Ok(resource);
                }
                (false, _, Some(next)) => token = Some(next),
                _ => return Err(strange("the copy has neither ended nor does it say where it continues")),
            }
            let now = rewrite.total_bytes_rewritten.and_then(|total| total.number()).unwrap_or_default();
            if now > size {
                return Err(strange("it has copied more than there is"));
            }
            idle = if now >= written.saturating_add(STEP) { 0 } else { idle + 1 };
            written = written.max(now);
            if idle >= IDLE {
                return Err(strange("the copy makes no progress"));
            }
        }
    }

    fn proven(&self, full: &str, source: &Found, resource: &Resource) -> Result<Copied, Fault> {
        let wrong = || Err(corrupt(&self.client, full));
        if resource.size() != Some(source.size) {
            return wrong();
        }
        let proof = match (resource.crc32c(), source.crc32c) {
            (Some(here), Some(there)) if here == there => Proof::Checksum,
            (Some(_), Some(_)) => return wrong(),
            _ => Proof::ServerCopy,
        };
        Ok(Copied { size: source.size, crc64: None, etag: resource.generation(), proof })
    }
}
