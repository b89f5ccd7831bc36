use adt_model::{Class, Fault, Secret};
use jiff::Timestamp;

use super::Keys;
use crate::{Environment, s3::profile::Profiles};

/// Where keys are looked for, in the order of AWS's own tools: environment, profile, container, instance.
pub(crate) struct Chain {
    pub(super) environment: Environment,
    pub(super) http: reqwest::Client,
}

impl Chain {
    pub(crate) fn new(environment: Environment, http: reqwest::Client) -> Self {
        Self { environment, http }
    }

    /// The first keys that are found. A source that is set up but does not work is a fault, not a reason to go on with
    /// another identity.
    pub(super) async fn find(&self, now: Timestamp) -> Result<Keys, Fault> {
        let _ = (now, &self.http);
        if let Some(keys) = self.from_environment() {
            return Ok(keys);
        }
        let profiles = Profiles::load(&self.environment);
        if let Some(keys) = from_profile(&profiles) {
            return Ok(keys);
        }
        Err(Fault::new(Class::Missing, "no AWS credentials were found"))
    }

    fn from_environment(&self) -> Option<Keys> {
        Some(Keys {
            access_key: self.environment.var("AWS_ACCESS_KEY_ID")?.trim().to_owned(),
            secret: Secret::new(self.environment.var("AWS_SECRET_ACCESS_KEY")?.trim()),
            token: self.environment.var("AWS_SESSION_TOKEN").map(|token| Secret::new(token.trim())),
            expires: None,
            source: "the environment (AWS_ACCESS_KEY_ID)".into(),
        })
    }
}

fn from_profile(profiles: &Profiles) -> Option<Keys> {
    let name = profiles.current();
    Some(Keys {
        access_key: profiles.value(name, "aws_access_key_id")?.to_owned(),
        secret: Secret::new(profiles.value(name, "aws_secret_access_key")?),
        token: profiles.value(name, "aws_session_token").map(Secret::new),
        expires: None,
        source: format!("profile `{name}`"),
    })
}
