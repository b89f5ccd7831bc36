//! AWS Parameter Store and AWS Secrets Manager.

mod attempt;
mod complaint;
mod connection;
mod scene;
mod wanted;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use adt_model::{Class, Fault, Secret};
use tokio::sync::OnceCell;

use crate::ServiceOptions;
use connection::Connection;
use wanted::Wanted;

/// The parameters and secrets that a run needs, fetched once for each name however many jobs ask for it.
///
/// Cheap to clone; all clones share what was fetched. Whoever asks while a name is being fetched waits for the same answer.
/// An answer holds for the whole run, and so does a refusal (no such name, not allowed); what may pass (no connection, a
/// service that is down) is asked again by whoever comes next.
///
/// Credentials come from the places where AWS's own tools look. The region is that of an ARN, else `AWS_REGION`,
/// `AWS_DEFAULT_REGION`, the profile's `region`. There is no default region: a name may exist in several with different
/// values, and the wrong one would be worse than none. Endpoints can be set by `AWS_ENDPOINT_URL_SSM`,
/// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL` or a profile, as for AWS's tools.
#[derive(Clone)]
pub struct AwsSecrets(Arc<Shared>);

/// A name that is being fetched, or was.
type Answer = Arc<OnceCell<Result<Secret, Fault>>>;

struct Shared {
    options: ServiceOptions,
    connection: OnceLock<Result<Connection, Fault>>,
    answers: Mutex<HashMap<Wanted, Answer>>,
}

impl AwsSecrets {
    /// Opens nothing and looks for nothing yet.
    pub fn new(options: ServiceOptions) -> Self {
        Self(Arc::new(Shared { options, connection: OnceLock::new(), answers: Mutex::default() }))
    }

    /// The value of a parameter, by its name (with or without `:version`) or ARN. One that is kept encrypted has to be
    /// asked for with `decrypt`; without it that is a fault, since what AWS answers then is not the value.
    pub async fn parameter(&self, name: &str, decrypt: bool) -> Result<Secret, Fault> {
        self.get(Wanted::Parameter { name: name.trim().to_owned(), decrypt }).await
    }

    /// The text of a secret, by its name or ARN, in its current version. A secret that holds bytes is a fault.
    pub async fn secret(&self, id: &str) -> Result<Secret, Fault> {
        self.get(Wanted::Secret { id: id.trim().to_owned() }).await
    }

    async fn get(&self, wanted: Wanted) -> Result<Secret, Fault> {
        let answer = Arc::clone(self.answers().entry(wanted.clone()).or_default());
        // When the one who asks goes away, the next of those who wait asks in its place.
        let result = answer.get_or_init(|| self.ask(&wanted)).await.clone();
        if result.as_ref().is_err_and(may_pass) {
            let mut answers = self.answers();
            if answers.get(&wanted).is_some_and(|known| Arc::ptr_eq(known, &answer)) {
                answers.remove(&wanted);
            }
        }
        result
    }

    async fn ask(&self, wanted: &Wanted) -> Result<Secret, Fault> {
        let open = || Connection::open(self.0.options.clone());
        let connection = self.0.connection.get_or_init(open).as_ref().map_err(Fault::clone)?;
        connection.ask(wanted).await
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<Wanted, Answer>> {
        self.0.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn may_pass(fault: &Fault) -> bool {
    matches!(fault.class(), Class::Transient | Class::Cancelled)
}

impl fmt::Debug for AwsSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSecrets").finish_non_exhaustive()
    }
}
