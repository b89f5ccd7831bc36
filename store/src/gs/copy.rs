//! Copies that the server makes by itself.

use adt_model::{Class, Fault, Key, Secret};
use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{
    GoogleBucket,
    read::{changed, corrupt},
    resource::{Resource, described, document},
};
use crate::{
    Copied, Found, ObjectMeta, Proof,
    exchange::{Body, Deed, Kind, Request, Trouble},
};

/// A request for a copy may well take half a minute, as Google says; so much is added to the usual time, in bytes of an answer.
const PATIENCE: u64 = 8 << 20;

/// How far the server has come.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Rewrite {
    done: bool,
    #[serde(rename = "rewriteToken")]
    token: Option<String>,
    resource: Option<Resource>,
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
        match self.rewrite(&request).await {
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

    /// Large objects that go elsewhere take more than one request; each says where the next goes on.
    async fn rewrite(&self, request: &Request) -> Result<Resource, Trouble> {
        let mut token: Option<String> = None;
        loop {
            let mut asked = request.clone();
            if let Some(token) = &token {
                asked = asked.query("rewriteToken", token.as_str());
            }
            let answer = self.client.send(&asked).await?;
            let rewrite: Rewrite = document(&self.client, &asked, &answer)?;
            match (rewrite.done, rewrite.resource, rewrite.token) {
                (true, Some(resource), _) => return Ok(resource),
                (false, _, Some(next)) => token = Some(next),
                _ => {
                    let what =
                        format!("the copy to `{}` neither ended nor goes on", self.client.target(request));
                    return Err(Fault::new(Class::Refused, what).into());
                }
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
