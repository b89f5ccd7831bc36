//! The metadata service: what the lab knows of a subject and of a project.
//!
//! It speaks two languages. The first wraps a document in an envelope and says by the status how much it is worth; the
//! second answers with the bare document. What came back is kept as it was written, unknown fields and digits included.

mod answer;
mod choose;
mod v1;
mod v2;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use adt_model::{Class, Fault, MetadataApi, Schema};
use http::StatusCode;
use serde::de::IgnoredAny;

pub use answer::{Answer, Language};
use choose::Want;

use crate::{
    ServiceOptions,
    http::{Ask, Patience, Reply, Server},
};

const NAME: &str = "the metadata service";
/// The least time for procedures: the service gathers them from several slow sources, and its own client waits this long.
const PROCEDURES: Duration = Duration::from_mins(5);

/// A metadata service. Clones share connections and what was learned of the server.
#[derive(Clone)]
pub struct MetadataService(Arc<Inner>);

struct Inner {
    server: Server,
    api: MetadataApi,
    schema: Schema,
    /// The language that the server has answered in: 0 not known yet, else 1 or 2.
    speaks: AtomicU8,
}

/// How one language answered.
enum Heard {
    Answer(Answer),
    /// The server does not know the address: it may speak the other language.
    NoSuchRoute(String),
}

impl MetadataService {
    /// A service at an http or https address, with a base path or without. Nothing is asked yet.
    ///
    /// With `auto`, the language of `schema` is asked first and the other where the server does not know the first;
    /// which one it was is remembered. A redirect is followed within the server and to the same host's https; one
    /// that leads elsewhere, such as to a login page, is a fault that names where.
    pub fn open(
        domain: &str,
        api: MetadataApi,
        schema: Schema,
        options: &ServiceOptions,
    ) -> Result<Self, Fault> {
        let server = Server::open(NAME, domain, options)?;
        Ok(Self(Arc::new(Inner { server, api, schema, speaks: AtomicU8::new(0) })))
    }

    /// The subject's document.
    pub async fn subject(&self, id: &str) -> Result<Answer, Fault> {
        self.0.document(&Want::subject(id)).await
    }

    /// The subject's procedures. One attempt may take five minutes.
    pub async fn procedures(&self, id: &str) -> Result<Answer, Fault> {
        self.0.document(&Want::procedures(id)).await
    }

    /// Who pays for a project: always the text of a list.
    pub async fn funding(&self, project: &str) -> Result<Answer, Fault> {
        self.0.list(&Want::funding(project)).await
    }

    /// Who leads a project: the text of a list. Only the second language knows; in the first nothing is asked.
    pub async fn investigators(&self, project: &str) -> Result<Answer, Fault> {
        let first = *self.0.order().first().unwrap_or(&Language::V1);
        if first == Language::V1 {
            let said = format!("{} knows no investigators in its v1 language", self.0.server.address.shown());
            return Ok(Answer::Missing { said });
        }
        let want = Want::investigators(project);
        match self.0.hear(&want, Language::V2).await? {
            Heard::Answer(answer) => Ok(answer),
            Heard::NoSuchRoute(said) => Ok(Answer::Missing { said }),
        }
    }

    /// Whether a metadata service answers at the address, for a check before any work.
    pub async fn reachable(&self) -> Result<(), Fault> {
        let segments: &[&str] = match self.0.order().first() {
            Some(Language::V2) => &["api", "v2", "healthcheck"],
            _ => &["healthcheck"],
        };
        let reply = self.0.get(segments, None, self.0.server.options.request_timeout).await?;
        // Older servers have no such page; that they say so in JSON shows that it is one of them.
        let known = reply.status.is_success() || reply.status == StatusCode::NOT_FOUND;
        let json = serde_json::from_slice::<IgnoredAny>(&reply.body).is_ok();
        if known && json { Ok(()) } else { Err(no_service(&reply)) }
    }
}

impl Inner {
    /// A document that every server has a route for.
    async fn document(&self, want: &Want<'_>) -> Result<Answer, Fault> {
        let mut heard = Vec::new();
        for language in self.order() {
            match self.hear(want, language).await? {
                Heard::Answer(answer) => return Ok(answer),
                Heard::NoSuchRoute(said) => heard.push(said),
            }
        }
        let what = format!("there is no metadata service that knows {}s: {}", want.noun(), heard.join(", "));
        let fixed = match self.api {
            MetadataApi::Auto => "check the address and its path",
            MetadataApi::V1 | MetadataApi::V2 => {
                "check the address and its path, or set `metadata_api = auto`"
            }
        };
        Err(Fault::new(Class::BadInput, what).help(fixed))
    }

    /// A list that older servers do not have.
    async fn list(&self, want: &Want<'_>) -> Result<Answer, Fault> {
        let mut last = String::new();
        for language in self.order() {
            match self.hear(want, language).await? {
                Heard::Answer(answer) => return Ok(answer),
                Heard::NoSuchRoute(said) => last = said,
            }
        }
        Ok(Answer::Missing { said: last })
    }

    /// The languages to ask in, the likelier first.
    fn order(&self) -> Vec<Language> {
        use Language::{V1, V2};
        match (self.api, self.speaks.load(Ordering::Relaxed), self.schema) {
            (MetadataApi::V1, ..) => vec![V1],
            (MetadataApi::V2, ..) => vec![V2],
            (MetadataApi::Auto, 1, _) | (MetadataApi::Auto, 0, Schema::V1) => vec![V1, V2],
            (MetadataApi::Auto, ..) => vec![V2, V1],
        }
    }

    async fn hear(&self, want: &Want<'_>, language: Language) -> Result<Heard, Fault> {
        let (segments, query) = want.route(language);
        let time = self.server.options.request_timeout.max(want.patience());
        let reply = self.get(&segments, query, time).await?;
        let heard = match language {
            Language::V1 => v1::judge(want, &reply)?,
            Language::V2 => v2::judge(want, &reply)?,
        };
        if matches!(heard, Heard::Answer(_)) {
            let number = if language == Language::V1 { 1 } else { 2 };
            self.speaks.store(number, Ordering::Relaxed);
        }
        Ok(heard)
    }

    async fn get(&self, segments: &[&str], query: Option<&str>, time: Duration) -> Result<Reply, Fault> {
        let Some(url) = self.server.address.at(segments, query) else {
            let what = format!("{NAME} cannot be asked for `{}`", segments.last().unwrap_or(&""));
            return Err(Fault::new(Class::BadInput, what));
        };
        let ask = Ask::get(url, time);
        let outcome = self.server.ask(&ask, Patience::Question).await;
        let reply = outcome
            .result
            .map_err(|trouble| self.server.unanswered(&ask.shown(), trouble, &outcome.tries))?;
        match reply.status.as_u16() {
            401 | 403 => Err(Fault::new(Class::Refused, said(&reply))
                .help("this program sends the metadata service no credentials; ask for access without")),
            408 | 429 | 500..=599 => {
                Err(Fault::new(Class::Transient, format!("{}{}", said(&reply), outcome.tries)))
            }
            _ => Ok(reply),
        }
    }
}

/// `GET https://… answered 404: No Data Found.`
fn said(reply: &Reply) -> String {
    format!("{}: {}", reply.said(), reply.excerpt())
}

/// The fault of an answer that no metadata service gives.
fn no_service(reply: &Reply) -> Fault {
    Fault::new(Class::BadInput, format!("that is no answer of a metadata service: {}", said(reply)))
        .help("check the address and its path; a proxy or a login page may answer in its place")
}
