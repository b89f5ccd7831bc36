use std::sync::Arc;

use adt_model::{Fault, Secret};
use jiff::{SignedDuration, Timestamp};

use super::{Account, bearer::Bearer, identity::Identity, shared_key};
use crate::{Environment, kept::Kept};

/// Requests that were under way when a token was refused are over within about this time.
const SETTLING: SignedDuration = SignedDuration::from_secs(10);

/// A request as it will be sent, but for what allows it.
pub struct Unsigned<'a> {
    /// `GET`, `PUT`, …
    pub method: &'a str,
    /// The whole URL, encoded, with its query and without a shared access signature.
    pub url: &'a str,
    /// Lower-case names; all that will be sent of `x-ms-*` (with `x-ms-date` and `x-ms-version`), `content-*`,
    /// `range` and `if-*`.
    pub headers: &'a [(&'a str, &'a str)],
}

/// What is to be added to a request.
pub struct Authorized {
    /// Header fields, with lower-case names.
    pub headers: Vec<(&'static str, Secret)>,
    /// A shared access signature: `name=value` pairs to be added to the URL's query, after `?` or `&`.
    pub query: Option<Secret>,
    /// Where it was found, for people.
    pub source: String,
}

/// What allows requests to an account, shared by all of them.
pub struct Access {
    account: Account,
    identity: Identity,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    kept: Kept<Bearer>,
}

impl Access {
    /// Nothing is looked for yet. `http` is what services that give tokens are asked with.
    pub fn new(
        account: &Account,
        environment: Environment,
        http: reqwest::Client,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        let identity = Identity { environment, http };
        Self { account: account.clone(), identity, clock, kept: Kept::empty() }
    }

    /// What makes the server accept a request: a signature by the account's key, a shared access signature, or the token
    /// of an identity, in this order. Only one request at a time looks for a token; the others wait for what it finds.
    pub async fn authorize(&self, request: &Unsigned<'_>) -> Result<Authorized, Fault> {
        if let Some((key, source)) = &self.account.key {
            return shared_key::authorize(&self.account, key, source, request);
        }
        self.account.protected()?;
        if let Some((sas, source)) = &self.account.sas {
            return Ok(Authorized { headers: vec![], query: Some(sas.clone()), source: source.clone() });
        }
        let now = (self.clock)();
        let bearer = self.kept.get(now, || self.identity.find(&self.account, now)).await?;
        let value = Secret::new(format!("Bearer {}", bearer.token.expose()));
        Ok(Authorized { headers: vec![("authorization", value)], query: None, source: bearer.source.clone() })
    }

    /// Forgets a token that the server refused with 401. One that was found just now is kept: it has taken the place of
    /// the one that others of the same moment were refused with.
    pub async fn forget(&self) {
        let now = (self.clock)();
        if let Some(bearer) = self.kept.current().await.filter(|bearer| bearer.since + SETTLING <= now) {
            self.kept.forget(&bearer).await;
        }
    }
}
