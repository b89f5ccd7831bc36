use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use super::{
    loopback::{Loopback, Service, locked},
    reply::{Reply, Seen},
};

/// Subject 987654 of schema 0.26.5, from the recorded runs.
pub const SUBJECT_V1: &str = include_str!("golden/subject_v1.json");
/// Its procedures.
pub const PROCEDURES_V1: &str = include_str!("golden/procedures_v1.json");
/// A subject of schema 2.x.
pub const SUBJECT_V2: &str = include_str!("golden/subject_v2.json");
/// Its procedures.
pub const PROCEDURES_V2: &str = include_str!("golden/procedures_v2.json");

/// Who pays for the project `Test Project`, in schema 2.x.
pub const FUNDING_V2: &str = r#"[{"object_type": "Funding", "funder": {"name": "Allen Institute", "abbreviation": "AI", "registry": "Research Organization Registry (ROR)", "registry_identifier": "03cpe7c52"}, "grant_number": null, "fundee": null}]"#;
/// Who leads it.
pub const INVESTIGATORS_V2: &str = r#"[{"object_type": "Person", "name": "A Person", "registry": "Open Researcher and Contributor ID (ORCID)", "registry_identifier": null}]"#;

/// What the framework of the service says of an address that it has no route for.
const NO_ROUTE: &str = r#"{"detail":"Not Found"}"#;
/// What the second language says of what it does not find: mind the capital.
const NOT_FOUND_V2: &str = r#"{"detail":"Not found"}"#;

/// The first language's envelope around a document in JSON, or around `null`.
pub fn envelope(message: &str, data: &str) -> String {
    format!(r#"{{"message":"{message}","data":{data}}}"#)
}

/// What a metadata service answers, by path.
///
/// The replies to a path are played in order and the last one stays. A path that is not listed is answered with 404 as
/// the service's framework does, unless the script speaks that path's language.
#[derive(Clone, Debug, Default)]
pub struct MetadataScript {
    replies: BTreeMap<String, Vec<Reply>>,
    v1: bool,
    v2: bool,
}

impl MetadataScript {
    /// A server that knows no address at all.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// A server of 2024: subject and procedures 987654 in their envelopes; 404 for everybody else.
    pub fn v1() -> Self {
        Self { v1: true, ..Self::default() }
            .on("/subject/987654", [Reply::json(200, envelope("Valid Model.", SUBJECT_V1))])
            .on("/procedures/987654", [Reply::json(200, envelope("Valid Model.", PROCEDURES_V1))])
    }

    /// A server with the second language alone: the 2.x documents of 987654, and the project `Test Project`.
    pub fn v2() -> Self {
        Self { v2: true, ..Self::default() }
            .on("/api/v2/healthcheck", [Reply::json(200, r#"{"status":"OK"}"#)])
            .on("/api/v2/subject/987654", [Reply::json(200, SUBJECT_V2)])
            .on("/api/v2/procedures/987654", [Reply::json(200, PROCEDURES_V2)])
            .on("/api/v2/funding/Test%20Project", [Reply::json(200, FUNDING_V2)])
            .on("/api/v2/investigators/Test%20Project", [Reply::json(200, INVESTIGATORS_V2)])
    }

    /// The service of today: both languages.
    pub fn both() -> Self {
        let mut both = Self::v2();
        both.v1 = true;
        both.replies.extend(Self::v1().replies);
        both
    }

    /// What a path, percent-encoded and without a query, is answered with, in place of what was told before.
    #[must_use]
    pub fn on(mut self, path: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.replies.insert(path.to_owned(), replies.into_iter().collect());
        self
    }

    fn next(&mut self, path: &str) -> Reply {
        match self.replies.get_mut(path) {
            Some(replies) if replies.len() > 1 => replies.remove(0),
            Some(replies) => replies.first().cloned().unwrap_or_else(|| Reply::json(404, NO_ROUTE)),
            None => self.unlisted(path),
        }
    }

    fn unlisted(&self, path: &str) -> Reply {
        let mut segments = path.split('/').skip(1);
        let first = segments.next().unwrap_or_default();
        let v1 = self.v1 && matches!(first, "subject" | "procedures" | "funding");
        let v2 = self.v2 && path.starts_with("/api/v2/") && path != "/api/v2/healthcheck";
        match (v1, v2) {
            (true, _) => Reply::json(404, envelope("No Data Found.", "null")),
            (_, true) => Reply::json(404, NOT_FOUND_V2),
            _ => Reply::json(404, NO_ROUTE),
        }
    }
}

/// A metadata service on loopback; it ends when it is dropped.
pub struct MetadataServer {
    script: Arc<Mutex<MetadataScript>>,
    server: Loopback,
}

struct Scripted(Arc<Mutex<MetadataScript>>);

impl Service for Scripted {
    fn handle(&self, seen: &Seen) -> Reply {
        locked(&self.0).next(seen.path())
    }
}

impl MetadataServer {
    /// Answers by a script.
    pub fn start(script: MetadataScript) -> io::Result<Self> {
        let script = Arc::new(Mutex::new(script));
        let server = Loopback::start(Arc::new(Scripted(Arc::clone(&script))))?;
        Ok(Self { script, server })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Answers by another script from now on.
    pub fn now(&self, script: MetadataScript) {
        *locked(&self.script) = script;
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Seen> {
        self.server.seen()
    }

    /// `GET /subject/987654?pickle=False` of every request so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Seen::line).collect()
    }
}
