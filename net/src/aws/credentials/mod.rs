//! Who we are to AWS: the chain of places where its own tools look, and the keys that were found, kept until they age.

mod chain;
mod container;
mod instance;
mod process;
mod role;
mod sso;

use std::{fmt, sync::Arc};

use adt_model::{Fault, Secret};
use jiff::Timestamp;

use crate::{
    Environment,
    kept::{Ends, Kept},
};

use chain::Chain;

/// A pair of keys. Its `Debug` shows where they come from and nothing else.
#[derive(Clone)]
pub struct Keys {
    /// Its public half.
    pub access_key: String,
    /// Its other half.
    pub secret: Secret,
    /// What goes with keys that were lent for a while.
    pub token: Option<Secret>,
    /// When they end, if they do.
    pub expires: Option<Timestamp>,
    /// Where they were found, for people.
    pub source: String,
}

impl Keys {
    /// From a document of a service or a program; `None` when it lacks a part. Names are tried in every spelling in use.
    fn from_json(document: &serde_json::Value, source: String) -> Option<Self> {
        let text = |names: [&str; 2]| {
            names.iter().find_map(|name| document.get(name)?.as_str()).filter(|text| !text.is_empty())
        };
        let expires = text(["Expiration", "expiration"]).and_then(|text| text.parse().ok());
        // SSO writes milliseconds.
        let millis = document.get("expiration").and_then(serde_json::Value::as_i64);
        Some(Self {
            access_key: text(["AccessKeyId", "accessKeyId"])?.to_owned(),
            secret: Secret::new(text(["SecretAccessKey", "secretAccessKey"])?),
            token: text(["SessionToken", "sessionToken"])
                .or_else(|| text(["Token", "token"]))
                .map(Secret::new),
            expires: expires.or_else(|| Timestamp::from_millisecond(millis?).ok()),
            source,
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Ends for Keys {
    fn ends(&self) -> Option<Timestamp> {
        self.expires
    }
}

/// The keys in use, shared by all requests to a server.
pub struct Credentials {
    chain: Chain,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    kept: Kept<Keys>,
}

impl Credentials {
    /// Nothing is looked for yet. `http` is what services that give credentials are asked with.
    pub fn new(
        environment: Environment,
        http: reqwest::Client,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        Self { chain: Chain::new(environment, http), clock, kept: Kept::empty() }
    }

    /// Keys that are good for a while. Only one request at a time looks for new ones; the others wait for what it finds.
    pub async fn get(&self) -> Result<Arc<Keys>, Fault> {
        let now = (self.clock)();
        self.kept.get(now, || self.chain.find(now)).await
    }

    /// Forgets keys that the server called expired, unless others have already taken their place.
    pub async fn forget(&self, refused: &Arc<Keys>) {
        self.kept.forget(refused).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_every_spelling_are_read_and_nothing_is_shown() {
        let upper = serde_json::json!({"AccessKeyId": "A", "SecretAccessKey": "canary", "Token": "canary",
            "Expiration": "2030-01-01T00:00:00Z"});
        let lower = serde_json::json!({"accessKeyId": "A", "secretAccessKey": "canary", "sessionToken": "canary",
            "expiration": 1_893_456_000_000_i64});
        for document in [upper, lower] {
            let keys = Keys::from_json(&document, "a test".into()).unwrap();
            assert_eq!(keys.expires, Some("2030-01-01T00:00:00Z".parse().unwrap()));
            assert!(keys.token.is_some() && !format!("{keys:?}").contains("canary"));
        }
        assert!(Keys::from_json(&serde_json::json!({"AccessKeyId": "A"}), String::new()).is_none());
    }
}
