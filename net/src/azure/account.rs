use std::fmt;

use adt_model::{Class, Fault, Secret};

use super::connection_string::{self, ConnectionString};
use crate::{Endpoint, Environment, connect::is_loopback};

/// The account of every storage emulator.
pub(super) const DEVELOPMENT: &str = "devstoreaccount1";
/// Its key, which is published and opens nothing but emulators.
pub(super) const DEVELOPMENT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Where an account's own server is named; the first that is set counts.
const ENDPOINTS: [&str; 3] =
    ["AZURE_STORAGE_BLOB_ENDPOINT", "AZURE_STORAGE_SERVICE_ENDPOINT", "AZURE_STORAGE_ENDPOINT"];

/// An account of `az://account/container`: its server, and what of its secrets is written down for it.
///
/// Its `Debug` shows its name and its endpoint and nothing else.
#[derive(Clone)]
pub struct Account {
    pub(super) name: String,
    pub(super) endpoint: Endpoint,
    /// An account's key or a shared access signature, and where it was found.
    pub(super) key: Option<(Secret, String)>,
    pub(super) sas: Option<(Secret, String)>,
}

impl Account {
    /// What the environment says of the account: `AZURE_STORAGE_CONNECTION_STRING` if it is this account's, then
    /// `AZURE_STORAGE_KEY` and `AZURE_STORAGE_SAS_TOKEN` unless `AZURE_STORAGE_ACCOUNT` names another one. Nothing is
    /// asked of any server; where nothing is written down, [`super::Access`] looks for an identity.
    pub fn choose(name: &str, environment: &Environment) -> Result<Self, Fault> {
        let written = match environment.var(connection_string::VARIABLE) {
            Some(text) => Some(ConnectionString::parse(text)?).filter(|written| written.account == name),
            None => None,
        };
        if let Some(written) = written {
            let source = || format!("the environment ({})", connection_string::VARIABLE);
            let key = written.key.map(|key| (key, source()));
            let sas = written.sas.map(|sas| (sas, source()));
            if key.is_some() || sas.is_some() {
                return Ok(Self { name: name.to_owned(), endpoint: written.endpoint, key, sas });
            }
            return Ok(Self::by_variables(name, written.endpoint, environment));
        }
        Ok(Self::by_variables(name, configured(name, environment)?, environment))
    }

    fn by_variables(name: &str, endpoint: Endpoint, environment: &Environment) -> Self {
        let meant = ours(name, environment);
        let first = |names: &[&str]| {
            let found = names.iter().find_map(|name| Some((environment.var(name)?.trim(), *name)));
            let (value, variable) = found.filter(|_| meant)?;
            Some((Secret::new(value.trim_start_matches('?')), format!("the environment ({variable})")))
        };
        let mut key = first(&["AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY"]);
        let sas = first(&["AZURE_STORAGE_SAS_TOKEN"]);
        let host = endpoint.host.rsplit_once(':').map_or(endpoint.host.as_str(), |(host, _)| host);
        if key.is_none() && sas.is_none() && name == DEVELOPMENT && is_loopback(host) {
            key = Some((Secret::new(DEVELOPMENT_KEY), "the emulator's well-known key".to_owned()));
        }
        Self { name: name.to_owned(), endpoint, key, sas }
    }

    /// As in `az://account/container`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Scheme, host and path of the account without a slash at the end: `https://account.blob.core.windows.net`, or an
    /// emulator's `http://127.0.0.1:10000/account`. A container follows after a slash.
    pub fn endpoint(&self) -> &str {
        &self.endpoint.base
    }

    /// The connection protects bodies (TLS), or nobody can be on it (loopback).
    pub fn trusted(&self) -> bool {
        self.endpoint.trusted
    }

    /// Signatures and tokens that can be read on the way could be used by others; a key signs and is not sent.
    pub(super) fn protected(&self) -> Result<(), Fault> {
        if self.trusted() {
            return Ok(());
        }
        let what =
            format!("`{}` would be sent a token or a shared access signature without TLS", self.endpoint());
        Err(Fault::new(Class::Refused, what).help("use an `https://` endpoint, or the account's key"))
    }
}

/// Whether the environment's secrets are this account's.
fn ours(name: &str, environment: &Environment) -> bool {
    environment.var("AZURE_STORAGE_ACCOUNT").is_none_or(|account| account.trim() == name)
}

/// The endpoint that somebody set, if it can be this account's, else Azure's own. Emulators serve accounts by their
/// paths; where only their host is named, the account is added.
fn configured(name: &str, environment: &Environment) -> Result<Endpoint, Fault> {
    let wanted = format!("account `{name}`");
    let set = ENDPOINTS.iter().find_map(|variable| Some((*variable, environment.var(variable)?)));
    if let Some((variable, url)) = set.filter(|_| ours(name, environment)) {
        let endpoint = Endpoint::parse(url, &format!("{wanted} ({variable})"))?;
        let named = connection_string::named_by(&endpoint);
        if named == name || !names_an_account(&endpoint) {
            return if by_path(&endpoint) {
                Endpoint::parse(&format!("{}/{name}", endpoint.base), &wanted)
            } else {
                Ok(endpoint)
            };
        }
    }
    Endpoint::parse(&format!("https://{name}.blob.core.windows.net"), &wanted)
}

/// Azure's own hosts and emulators' paths name an account; a host of somebody's own does not.
fn names_an_account(endpoint: &Endpoint) -> bool {
    endpoint.host.contains(".blob.") || has_path(endpoint)
}

/// A host that is an address, or this machine, and no path: an emulator whose account is not named yet.
fn by_path(endpoint: &Endpoint) -> bool {
    let host = endpoint.host.rsplit_once(':').map_or(endpoint.host.as_str(), |(host, _)| host);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    !has_path(endpoint) && (is_loopback(host) || bare.parse::<std::net::IpAddr>().is_ok())
}

fn has_path(endpoint: &Endpoint) -> bool {
    endpoint.base.split_once("://").is_some_and(|(_, place)| place.contains('/'))
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("endpoint", &self.endpoint.base)
            .finish_non_exhaustive()
    }
}
