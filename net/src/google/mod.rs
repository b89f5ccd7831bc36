//! Who we are to Google Cloud, and where its storage is.

mod chain;
mod endpoint;
mod external;
mod file;
mod impersonate;
mod metadata;
mod service_account;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use adt_model::{Fault, Secret};
use jiff::Timestamp;

use crate::{
    Environment,
    kept::{Ends, Kept},
};

use chain::Chain;
pub use endpoint::endpoint;

/// What requests are allowed by. Its `Debug` shows where it comes from and nothing else.
#[derive(Clone)]
pub struct Token {
    /// What stands after `Bearer ` in the `authorization` header.
    pub bearer: Secret,
    /// When it ends, if it does.
    pub expires: Option<Timestamp>,
    /// Where it was found, for people.
    pub source: String,
    /// The project that requests are counted against, to be sent as `x-goog-user-project` where there is one
    /// (`GOOGLE_CLOUD_QUOTA_PROJECT`, or `quota_project_id` of a credentials file).
    pub quota_project: Option<String>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Ends for Token {
    fn ends(&self) -> Option<Timestamp> {
        self.expires
    }
}

/// The token in use, shared by all requests.
///
/// It is looked for where Google's own libraries look ("application default credentials"): the file that
/// `GOOGLE_APPLICATION_CREDENTIALS` names, the file that gcloud leaves behind, the metadata server of a machine in
/// Google's cloud.
pub struct Tokens {
    chain: Chain,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    kept: Kept<Token>,
}

impl Tokens {
    /// Nothing is looked for yet. `http` is what services that give tokens are asked with.
    pub fn new(
        environment: Environment,
        http: reqwest::Client,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        Self { chain: Chain { environment, http }, clock, kept: Kept::empty() }
    }

    /// A token that is good for a while; `None` when requests are to be sent without one, as an emulator
    /// (`STORAGE_EMULATOR_HOST`) wants them. Only one request at a time looks for a new token; the others wait for
    /// what it finds.
    pub async fn get(&self) -> Result<Option<Arc<Token>>, Fault> {
        if self.chain.environment.var(endpoint::EMULATOR).is_some() {
            return Ok(None);
        }
        let now = (self.clock)();
        self.kept.get(now, || self.chain.find(now)).await.map(Some)
    }

    /// Forgets a token that the server refused with 401, unless another has already taken its place.
    pub async fn forget(&self, refused: &Arc<Token>) {
        self.kept.forget(refused).await;
    }
}
