use std::fmt;

use adt_model::{Class, Fault, Secret};

use super::connection_string::{self, ConnectionString};
use crate::{Endpoint, Environment, connect::is_loopback, plain};

/// The account of every storage emulator.
pub(super) const DEVELOPMENT: &str = "devstoreaccount1";
/// Its key, which is published and opens nothing but emulators.
pub(super) const DEVELOPMENT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const ACCOUNT: &str = "AZURE_STORAGE_ACCOUNT";
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
    /// Which other accounts the environment speaks of, for people who wonder why it does not count.
    pub(super) others: Option<String>,
    /// Signatures and tokens may go without TLS.
    pub(super) plain: bool,
}

impl Account {
    /// What the environment says of the account: `AZURE_STORAGE_CONNECTION_STRING` if it is this account's, then
    /// `AZURE_STORAGE_KEY` and `AZURE_STORAGE_SAS_TOKEN` unless `AZURE_STORAGE_ACCOUNT` names another one. Nothing is
    /// asked of any server; where nothing is written down, [`super::Access`] looks for an identity.
    pub fn choose(name: &str, environment: &Environment) -> Result<Self, Fault> {
        let written =
            environment.var(connection_string::VARIABLE).map(ConnectionString::parse).transpose()?;
        let others = others(name, written.as_ref(), environment);
        let Some(written) = written.filter(|written| written.account == name) else {
            let endpoint = configured(name, environment)?;
            return Ok(Self { others, ..Self::by_variables(name, endpoint, environment) });
        };
        if written.key.is_none() && written.sas.is_none() {
            return Ok(Self { others, ..Self::by_variables(name, written.endpoint, environment) });
        }
        let source = || format!("the environment ({})", connection_string::VARIABLE);
        let key = written.key.map(|key| (key, source()));
        let sas = written.sas.map(|sas| (sas, source()));
        let plain = plain::is_allowed(environment);
        Ok(Self { name: name.to_owned(), endpoint: written.endpoint, key, sas, others: None, plain })
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
        if key.is_none() && sas.is_none() && name == DEVELOPMENT && is_loopback(bare_host(&endpoint)) {
            key = Some((Secret::new(DEVELOPMENT_KEY), "the emulator's well-known key".to_owned()));
        }
        Self {
            name: name.to_owned(),
            endpoint,
            key,
            sas,
            others: None,
            plain: plain::is_allowed(environment),
        }
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
        if self.trusted() || self.plain {
            return Ok(());
        }
        let what =
            format!("`{}` would be sent a token or a shared access signature without TLS", self.endpoint());
        Err(Fault::new(Class::Refused, what)
            .help("use an `https://` endpoint; on a network that you trust, allow it with `--allow-http`"))
    }
}

/// The variables that speak of another account than the one that is meant.
fn others(name: &str, written: Option<&ConnectionString>, environment: &Environment) -> Option<String> {
    let written = written.map(|written| (connection_string::VARIABLE, written.account.as_str()));
    let variable = environment.var(ACCOUNT).map(|account| (ACCOUNT, account.trim()));
    let all: Vec<String> = [written, variable]
        .into_iter()
        .flatten()
        .filter(|(_, account)| *account != name)
        .map(|(variable, account)| format!("{variable} is of account `{account}`"))
        .collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Whether the environment's secrets are this account's.
fn ours(name: &str, environment: &Environment) -> bool {
    environment.var(ACCOUNT).is_none_or(|account| account.trim() == name)
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
    let host = bare_host(endpoint);
    !has_path(endpoint) && (is_loopback(host) || host.parse::<std::net::IpAddr>().is_ok())
}

/// A host without its port and brackets.
fn bare_host(endpoint: &Endpoint) -> &str {
    let host = endpoint.host.as_str();
    match host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit())) {
        Some((host, _)) => host.trim_start_matches('[').trim_end_matches(']'),
        None => host.trim_start_matches('[').trim_end_matches(']'),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const USUAL: &str = "https://lab.blob.core.windows.net";

    fn choose(name: &str, vars: &[(&str, &str)]) -> Account {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Account::choose(name, &Environment { vars, home: None }).unwrap()
    }

    #[rstest]
    #[case(&[], USUAL)]
    #[case(&[("AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;EndpointSuffix=x.org;AccountKey=k")], USUAL)]
    #[case(&[("AZURE_STORAGE_CONNECTION_STRING", "AccountName=lab;EndpointSuffix=x.org")], "https://lab.blob.x.org")]
    #[case(&[("AZURE_STORAGE_ENDPOINT", "https://lab.blob.core.chinacloudapi.cn/")], "https://lab.blob.core.chinacloudapi.cn")]
    #[case(&[("AZURE_STORAGE_ENDPOINT", "https://other.blob.core.windows.net")], USUAL)]
    #[case(&[("AZURE_STORAGE_SERVICE_ENDPOINT", "http://127.0.0.1:10000")], "http://127.0.0.1:10000/lab")]
    #[case(&[("AZURE_STORAGE_BLOB_ENDPOINT", "http://[::1]:10000")], "http://[::1]:10000/lab")]
    #[case(&[("AZURE_STORAGE_BLOB_ENDPOINT", "http://localhost:10000/lab")], "http://localhost:10000/lab")]
    #[case(&[("AZURE_STORAGE_BLOB_ENDPOINT", "http://localhost:10000/other")], USUAL)]
    #[case(&[("AZURE_STORAGE_BLOB_ENDPOINT", "https://data.lab.org")], "https://data.lab.org")]
    #[case(&[("AZURE_STORAGE_BLOB_ENDPOINT", "https://data.lab.org"), ("AZURE_STORAGE_ACCOUNT", "other")], USUAL)]
    fn an_account_is_where_the_environment_says_or_with_azure(
        #[case] vars: &[(&str, &str)],
        #[case] endpoint: &str,
    ) {
        assert_eq!(choose("lab", vars).endpoint(), endpoint);
    }

    #[rstest]
    #[case("lab", &[("AZURE_STORAGE_KEY", "k")], Some("k"), None)]
    #[case("lab", &[("AZURE_STORAGE_ACCOUNT", "lab"), ("AZURE_STORAGE_ACCOUNT_KEY", "k")], Some("k"), None)]
    #[case("lab", &[("AZURE_STORAGE_ACCOUNT", "other"), ("AZURE_STORAGE_KEY", "k")], None, None)]
    #[case("lab", &[("AZURE_STORAGE_SAS_TOKEN", "?sv=1")], None, Some("sv=1"))]
    #[case("lab", &[("AZURE_STORAGE_CONNECTION_STRING", "AccountName=lab;AccountKey=c"), ("AZURE_STORAGE_KEY", "k")], Some("c"), None)]
    #[case("lab", &[("AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;AccountKey=c"), ("AZURE_STORAGE_KEY", "k")], Some("k"), None)]
    #[case("lab", &[("AZURE_STORAGE_CONNECTION_STRING", "AccountName=lab"), ("AZURE_STORAGE_KEY", "k")], Some("k"), None)]
    #[case("devstoreaccount1", &[], None, None)]
    #[case("devstoreaccount1", &[("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:9")], Some(DEVELOPMENT_KEY), None)]
    #[case("devstoreaccount1", &[("AZURE_STORAGE_ENDPOINT", "http://[::1]:9")], Some(DEVELOPMENT_KEY), None)]
    #[case("devstoreaccount1", &[("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:9"), ("AZURE_STORAGE_KEY", "k")], Some("k"), None)]
    #[case("devstoreaccount1", &[("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")], Some(DEVELOPMENT_KEY), None)]
    fn secrets_are_used_for_the_account_they_belong_to(
        #[case] name: &str,
        #[case] vars: &[(&str, &str)],
        #[case] key: Option<&str>,
        #[case] sas: Option<&str>,
    ) {
        let account = choose(name, vars);
        assert_eq!(account.key.as_ref().map(|(key, _)| key.expose()), key);
        assert_eq!(account.sas.as_ref().map(|(sas, _)| sas.expose()), sas);
        assert!(key.is_none_or(|key| !format!("{account:?}").contains(&format!("\"{key}\""))));
    }

    #[test]
    fn secrets_of_other_accounts_are_spoken_of() {
        let vars = [
            ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=a;AccountKey=c"),
            ("AZURE_STORAGE_ACCOUNT", "b"),
        ];
        let others = choose("lab", &vars).others;
        let said =
            "AZURE_STORAGE_CONNECTION_STRING is of account `a`; AZURE_STORAGE_ACCOUNT is of account `b`";
        assert_eq!(others.as_deref(), Some(said));
    }
}
