//! The services around the jobs of a run, and the secrets they need.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use adt_model::{Class, Fault, Secret, SecretRef};
use adt_net::Environment;
use adt_services::{AwsSecrets, ServiceOptions};

/// What the jobs of a run share: each parameter and each secret is asked for once.
#[derive(Clone, Debug)]
pub struct Services {
    /// How services are asked.
    pub options: ServiceOptions,
    /// Parameters and secrets of AWS.
    pub aws: AwsSecrets,
    /// How long after a request without an answer a service is asked what became of it.
    pub settle: Duration,
    /// Services that have used up a job's patience.
    silent: Arc<Mutex<BTreeSet<String>>>,
}

/// How long a service that was silent for one job may take to answer the next one, which asks once.
const SHORT: Duration = Duration::from_secs(5);

impl Services {
    /// Nothing is asked yet.
    pub fn new(options: ServiceOptions) -> Self {
        let settle = options.request_timeout / 6;
        Self { aws: AwsSecrets::new(options.clone()), options, settle, silent: Arc::default() }
    }

    /// How the service at `domain` is asked: with little patience when it has just been silent for another job, so that a list of a
    /// hundred rows does not wait a hundred times for the same service. `told` hears of requests that are tried again.
    pub fn options_for(&self, domain: &str, told: Arc<dyn Fn(&str) + Send + Sync>) -> ServiceOptions {
        let mut options = ServiceOptions { on_retry: told, ..self.options.clone() };
        if self.silent.lock().unwrap_or_else(PoisonError::into_inner).contains(domain) {
            options.retry_time = Duration::ZERO;
            options.request_timeout = options.request_timeout.min(SHORT);
        }
        options
    }

    /// Remembers whether the service at `domain` has answered.
    pub fn answered<T>(&self, domain: &str, result: Result<T, Fault>) -> Result<T, Fault> {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Err(fault) if fault.class() == Class::Transient => {
                silent.insert(domain.to_owned());
            }
            _ => {
                silent.remove(domain);
            }
        }
        result
    }

    /// A secret's text, wherever it is kept.
    pub async fn secret(&self, needed: &Needed, reference: &SecretRef) -> Result<Secret, Fault> {
        let fetched = match reference {
            SecretRef::Ssm { name, key } => (self.aws.parameter(name, true).await?, key),
            SecretRef::SecretsManager { id, key } => (self.aws.secret(id).await?, key),
            local => {
                return at_hand(needed, local, &self.options.environment)
                    .map(|found| found.expect("what is not kept by AWS is at hand"));
            }
        };
        let (text, key) = fetched;
        let found = member(&text, reference, key.as_deref(), needed)?;
        not_empty(found, needed)
    }
}

/// A secret that a job needs.
#[derive(Clone, Copy, Debug)]
pub struct Needed {
    /// The column that names it.
    pub column: &'static str,
    /// What it is called inside the JSON of a parameter, where nobody says otherwise.
    pub usual_key: &'static str,
}

impl Needed {
    /// Encrypts behaviour videos.
    pub const PASSWORD: Self = Self { column: "video_encryption_password", usual_key: "password" };
    /// Allows triggering.
    pub const TOKEN: Self = Self { column: "codeocean_api_token", usual_key: "CODEOCEAN_READWRITE_TOKEN" };
}

/// A secret that is written down, in a variable or in a file; `None` for one that AWS keeps.
pub fn at_hand(
    needed: &Needed,
    reference: &SecretRef,
    environment: &Environment,
) -> Result<Option<Secret>, Fault> {
    let column = needed.column;
    let secret = match reference {
        SecretRef::Inline(secret) => secret.clone(),
        SecretRef::Env(name) => Secret::new(environment.var(name).ok_or_else(|| {
            let what = format!("`{column}`: the environment variable `{name}` is not set");
            Fault::new(Class::Missing, what).help(format!("set `{name}`"))
        })?),
        SecretRef::File(path) => {
            let text = fs_err::read_to_string(path).map_err(|e| {
                // The file's own text must not be part of a message, so the cause is told by its kind.
                Fault::new(Class::Missing, format!("`{column}`: cannot read `{path}` ({})", e.kind()))
                    .help("name a text file that you may read")
            })?;
            Secret::new(text.trim_end_matches(['\r', '\n']))
        }
        SecretRef::Ssm { .. } | SecretRef::SecretsManager { .. } => return Ok(None),
    };
    not_empty(secret, needed).map(Some)
}

fn not_empty(secret: Secret, needed: &Needed) -> Result<Secret, Fault> {
    if secret.is_empty() {
        let what = format!("`{}` is empty", needed.column);
        return Err(Fault::new(Class::BadInput, what).help("a secret has at least one character"));
    }
    Ok(secret)
}

/// Parameters of the lab hold JSON, those of others the bare text.
fn member(text: &Secret, reference: &SecretRef, key: Option<&str>, needed: &Needed) -> Result<Secret, Fault> {
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text.expose()).ok();
    let (column, usual) = (needed.column, needed.usual_key);
    match (object, key) {
        (None, None) => Ok(text.clone()),
        (None, Some(key)) => {
            let what = format!("`{column}`: `{reference}` is no JSON object, so it has no member `{key}`");
            Err(Fault::new(Class::BadInput, what).help(format!(
                "its value must be JSON such as {{\"{key}\": \"…\"}}; for one that is the bare text, write `{column}` = `{}`",
                reference.to_string().split('#').next().unwrap_or_default()
            )))
        }
        (Some(object), key) => {
            let wanted = key.unwrap_or(usual);
            let found = object.get(wanted).and_then(serde_json::Value::as_str);
            found.map(Secret::new).ok_or_else(|| {
                let what = format!("`{column}`: `{reference}` is a JSON object without a text `{wanted}`");
                Fault::new(Class::Missing, what)
                    .help("name the member behind a `#`, such as `ssm:/lab/token#value`")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, reference: &str) -> Result<String, String> {
        let reference: SecretRef = reference.parse().unwrap();
        let key = match &reference {
            SecretRef::Ssm { key, .. } => key.clone(),
            _ => None,
        };
        member(&Secret::new(text), &reference, key.as_deref(), &Needed::PASSWORD)
            .map(|secret| secret.expose().to_owned())
            .map_err(|fault| fault.line())
    }

    #[test]
    fn a_parameter_is_a_text_or_an_object_that_holds_it() {
        assert_eq!(read("canary", "ssm:/p"), Ok("canary".into()));
        assert_eq!(read(r#"{"password": "canary"}"#, "ssm:/p"), Ok("canary".into()));
        assert_eq!(read(r#"{"x": "canary"}"#, "ssm:/p#x"), Ok("canary".into()));
        for (text, reference) in
            [(r#"{"x": "canary"}"#, "ssm:/p"), ("canary", "ssm:/p#x"), (r#"{"x": ["canary"]}"#, "ssm:/p#x")]
        {
            let line = read(text, reference).unwrap_err();
            assert!(line.contains(reference) && !line.contains("canary"), "{line}");
        }
    }

    #[test]
    fn what_is_at_hand_is_taken_without_its_line_end_and_never_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs_err::write(&path, "canary\r\n").unwrap();
        let mut environment = Environment::default();
        environment.vars.insert("TOKEN".into(), "canary".into());
        let take = |text: &str| at_hand(&Needed::TOKEN, &text.parse().unwrap(), &environment);
        let file = format!("file:{}", path.display());
        for text in ["canary", "env:TOKEN", &file] {
            assert_eq!(take(text).unwrap().unwrap().expose(), "canary");
        }
        assert!(take("ssm:/t").unwrap().is_none());
        fs_err::write(&path, "\n").unwrap();
        for text in ["env:NONE", &file, "file:/nowhere"] {
            assert!(take(text).unwrap_err().line().contains("codeocean_api_token"));
        }
    }
}
