use adt_model::{Class, Fault, Secret};
use jiff::Timestamp;

use super::{Keys, process, role, sso};
use crate::{Environment, aws::Profiles};

/// A role that is assumed through a role that is assumed …; longer chains are loops.
const LONGEST_CHAIN: usize = 5;

/// Where keys are looked for, in the order of AWS's own tools: the environment, the profile, a web identity, a container,
/// an instance.
pub(super) struct Chain {
    pub(super) environment: Environment,
    pub(super) http: reqwest::Client,
}

impl Chain {
    pub(super) fn new(environment: Environment, http: reqwest::Client) -> Self {
        Self { environment, http }
    }

    /// The first keys that are found. A source that is set up but does not work is a fault, not a reason to go on with
    /// another identity.
    pub(super) async fn find(&self, now: Timestamp) -> Result<Keys, Fault> {
        if let Some(keys) = self.environment_keys() {
            return Ok(keys);
        }
        let profiles = Profiles::load(&self.environment);
        let name = profiles.current();
        if self.environment.var("AWS_PROFILE").is_some() && !profiles.has(name) {
            let (config, credentials) = (&profiles.config_file, &profiles.credentials_file);
            let what =
                format!("AWS_PROFILE names `{name}`, which is neither in `{config}` nor in `{credentials}`");
            return Err(Fault::new(Class::Missing, what));
        }
        if let Some(keys) = self.profile_keys(&profiles, name, now, 0).await? {
            return Ok(keys);
        }
        if let Some(keys) = role::from_environment(self, &profiles).await? {
            return Ok(keys);
        }
        if let Some(keys) = self.container_keys().await? {
            return Ok(keys);
        }
        match self.instance_keys().await? {
            Some(keys) => Ok(keys),
            None => Err(self.nothing(&profiles)),
        }
    }

    pub(super) fn environment_keys(&self) -> Option<Keys> {
        Some(Keys {
            access_key: self.environment.var("AWS_ACCESS_KEY_ID")?.trim().to_owned(),
            secret: Secret::new(self.environment.var("AWS_SECRET_ACCESS_KEY")?.trim()),
            token: self.environment.var("AWS_SESSION_TOKEN").map(|token| Secret::new(token.trim())),
            expires: None,
            source: "the environment (AWS_ACCESS_KEY_ID)".into(),
        })
    }

    /// What a profile leads to: a role, single sign-on, keys that are written down, a program.
    pub(super) async fn profile_keys(
        &self,
        profiles: &Profiles,
        name: &str,
        now: Timestamp,
        depth: usize,
    ) -> Result<Option<Keys>, Fault> {
        if depth > LONGEST_CHAIN {
            return Err(Fault::new(
                Class::BadInput,
                format!("profile `{name}` leads to itself by source_profile"),
            ));
        }
        if profiles.value(name, "role_arn").is_some() {
            // A future that may hold itself has to be on the heap.
            return Box::pin(role::from_profile(self, profiles, name, now, depth)).await.map(Some);
        }
        if profiles.value(name, "sso_account_id").is_some() {
            return sso::keys(self, profiles, name, now).await.map(Some);
        }
        if let Some(keys) = written_down(profiles, name) {
            return Ok(Some(keys));
        }
        match profiles.value(name, "credential_process") {
            Some(command) => process::keys(command, name).await.map(Some),
            None => Ok(None),
        }
    }

    fn nothing(&self, profiles: &Profiles) -> Fault {
        let (name, config, credentials) =
            (profiles.current(), &profiles.config_file, &profiles.credentials_file);
        let instance = if self.instance_is_off() { "switched off" } else { "no answer" };
        Fault::new(Class::Missing, "no AWS credentials were found").help(format!(
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; looked at the environment, profile `{name}` \
             in `{config}` and `{credentials}`, AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_CREDENTIALS_*, and the \
             instance's metadata ({instance})"
        ))
    }
}

pub(super) fn written_down(profiles: &Profiles, name: &str) -> Option<Keys> {
    Some(Keys {
        access_key: profiles.value(name, "aws_access_key_id")?.to_owned(),
        secret: Secret::new(profiles.value(name, "aws_secret_access_key")?),
        token: profiles.value(name, "aws_session_token").map(Secret::new),
        expires: None,
        source: format!("profile `{name}`"),
    })
}
