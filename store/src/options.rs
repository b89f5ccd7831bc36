use std::{fmt, sync::Arc, time::Duration};

use adt_model::{Fault, Folding};
use adt_net::Environment;
use jiff::Timestamp;

/// Hears a text.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// How a place behaves. Everything that a library must not fetch for itself (environment, clock) comes in here.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a wish of its own, and any of them goes with any other"
)]
#[derive(Clone)]
pub struct StoreOptions {
    /// The most requests under way at once, for each place that was opened. The number in use falls when the server
    /// asks for fewer and rises again afterwards.
    pub lanes: usize,
    /// How long a request is tried again, counted from its first failure.
    pub retry_time: Duration,
    /// How long one attempt may take when there is no body; a body adds its size at 256 KiB/s.
    pub request_timeout: Duration,
    /// Sign the SHA-256 of every body, also where the connection protects it already (TLS, loopback).
    pub sign_payload: bool,
    /// Send no credentials: for public buckets.
    pub anonymous: bool,
    /// Requests are paid by who asks, where the bucket's owner wants that.
    pub requester_pays: bool,
    /// The storage class (S3, Google) or access tier (Azure) of what is written; the bucket's own without it.
    pub storage_class: Option<String>,
    /// Copy the tags of objects, too: a request more for each, and rights to read and to write tags.
    pub tags: bool,
    /// How the server encrypts what is written; the bucket's own way without it.
    pub encryption: Option<Encryption>,
    /// Where credentials, endpoints and proxies are looked up.
    pub environment: Environment,
    /// The time of day, for signatures and for the age of credentials.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Whether a place that is written to is looked at, too.
    pub looks: Looks,
    /// What becomes of links in folders of this machine.
    pub folder_links: FolderLinks,
    /// Which names the file system of a folder does not tell apart; found out by the first write where nothing is said.
    pub folding: Option<Folding>,
    /// Is told of each object whose name no path can have, and the listing goes on without it; where nobody is, the listing fails.
    pub on_odd: Option<Arc<dyn Fn(Fault) + Send + Sync>>,
    /// Is told of each marker of a folder in a bucket (an empty object whose name ends with a slash): its relative name without that slash.
    /// A listing leaves markers out.
    pub on_folder: Option<Tell>,
    /// Is told one line, naming what and why, when requests are tried again: at most one a second for each place.
    pub on_retry: Tell,
}

/// Whether a place is listed, and asked for what was written there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looks {
    /// It is.
    #[default]
    Needed,
    /// It is; where that is refused, the help names `--no-list`.
    Avoidable,
    /// It is not: credentials may only write. What was written is proven by the answers to the requests that wrote it, or not at all.
    None,
}

/// What becomes of symbolic links in a folder that is a place. The folder itself may always be one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FolderLinks {
    /// They are followed to read, and nothing is written or removed through them.
    #[default]
    Read,
    /// They are neither listed nor followed: a destination.
    Never,
    /// They are followed to write, too, because a person asked for it.
    Always,
}

/// How a server encrypts an object at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// With keys of the service (`AES256` of S3; what Google and Azure do anyway).
    Service,
    /// With a key of the cloud's key service: its id or ARN (`aws:kms`), its resource name (Google); of Azure an encryption scope.
    Key(String),
}

impl StoreOptions {
    /// The defaults: 32 lanes, 180 s of patience, 30 s for an attempt, nobody told of retries.
    pub fn new(environment: Environment, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self {
            lanes: 32,
            retry_time: Duration::from_mins(3),
            request_timeout: Duration::from_secs(30),
            sign_payload: false,
            anonymous: false,
            requester_pays: false,
            storage_class: None,
            tags: false,
            encryption: None,
            environment,
            clock,
            looks: Looks::default(),
            folder_links: FolderLinks::default(),
            folding: None,
            on_odd: None,
            on_folder: None,
            on_retry: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("lanes", &self.lanes)
            .field("retry_time", &self.retry_time)
            .field("request_timeout", &self.request_timeout)
            .field("sign_payload", &self.sign_payload)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let mut environment = Environment::default();
        environment.vars.insert("AWS_SECRET_ACCESS_KEY".into(), "canary".into());
        let options = StoreOptions::new(environment, Arc::new(|| Timestamp::UNIX_EPOCH));
        let shown = format!("{options:?}");
        assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("canary"), "{shown}");
    }
}
