//! Credentials files: what they say, and how a token is had for it.
//!
//! Source: "Application Default Credentials" in Google Cloud's documentation, and AIP-4110 to AIP-4117.

use adt_model::{Class, Fault};
use camino::Utf8Path;
use jiff::Timestamp;
use serde_json::Value;

use super::{Token, chain::Chain, external, impersonate, service_account};
use crate::oauth::{self, Granted};

/// Reading and writing objects.
const STORAGE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
/// Everything; wanted where one identity asks for the token of another.
const EVERYTHING: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKENS: &str = "https://oauth2.googleapis.com/token";

/// One of the identities that files describe.
pub(super) struct Document<'a> {
    pub(super) chain: &'a Chain,
    pub(super) path: &'a Utf8Path,
    pub(super) json: &'a Value,
    pub(super) now: Timestamp,
}

/// The token for what a file says.
pub(super) async fn token(
    chain: &Chain,
    path: &Utf8Path,
    text: &str,
    now: Timestamp,
) -> Result<Token, Fault> {
    let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| {
        let what = format!("`{path}` is no credentials file of Google Cloud: it is not JSON");
        Fault::new(Class::BadInput, what)
            .help("download the key again, or run `gcloud auth application-default login`")
    })?;
    let document = Document { chain, path, json: &json, now };
    let (granted, source) = match document.get("service_account_impersonation_url") {
        Some(url) => {
            let first = match document.get("type") {
                Some("impersonated_service_account") => document.within("source_credentials")?,
                _ => Document { ..document },
            };
            let (granted, source) = first.granted(EVERYTHING).await?;
            impersonate::granted(&document, url, &granted, STORAGE, &source).await?
        }
        None => document.granted(STORAGE).await?,
    };
    let quota_project = document.get("quota_project_id").map(str::to_owned);
    Ok(Token { bearer: granted.token, expires: granted.expires, source, quota_project })
}

impl<'a> Document<'a> {
    /// A text that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.json.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// A text that has to be there.
    pub(super) fn need(&self, name: &str) -> Result<&'a str, Fault> {
        self.get(name).ok_or_else(|| self.wrong(&format!("has no `{name}`")))
    }

    pub(super) fn wrong(&self, why: &str) -> Fault {
        Fault::new(Class::BadInput, format!("the credentials file `{}` {why}", self.path))
    }

    /// Credentials within credentials.
    fn within(&self, name: &str) -> Result<Self, Fault> {
        let json = self.json.get(name).ok_or_else(|| self.wrong(&format!("has no `{name}`")))?;
        Ok(Self { json, ..*self })
    }

    /// The token of the identity itself, and where it comes from.
    async fn granted(&self, scope: &str) -> Result<(Granted, String), Fault> {
        match self.need("type")? {
            "service_account" => service_account::granted(self, scope).await,
            "authorized_user" => self.of_person().await,
            "external_account" => external::granted(self, scope).await,
            other => Err(self
                .wrong(&format!("is of the kind `{other}`, which is not known here"))
                .help("use a service account's key, or run `gcloud auth application-default login`")),
        }
    }

    /// A person who signed in by gcloud.
    async fn of_person(&self) -> Result<(Granted, String), Fault> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.need("client_id")?),
            ("client_secret", self.need("client_secret")?),
            ("refresh_token", self.need("refresh_token")?),
        ];
        let what = format!("the sign-in in `{}`", self.path);
        let granted = self.exchange(self.get("token_uri").unwrap_or(TOKENS), &form, &what).await;
        let granted = granted.map_err(|fault| match fault.class() {
            Class::Refused => {
                fault.help("run `gcloud auth application-default login`, then the same command again")
            }
            _ => fault,
        })?;
        Ok((granted, what))
    }

    pub(super) async fn exchange(
        &self,
        url: &str,
        form: &[(&str, &str)],
        what: &str,
    ) -> Result<Granted, Fault> {
        oauth::exchange(&self.chain.http, url, form, what, self.now).await
    }
}
