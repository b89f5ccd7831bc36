//! The HTTP client: one pool of connections, TLS by rustls with the machine's own trusted certificates.

use std::{error::Error, time::Duration};

use adt_model::{Class, Fault};
use reqwest::{Client, NoProxy, Proxy, redirect};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{Environment, trust};

/// The variable of the setting `ca_file`, under which the program hands the setting in.
pub const CA_FILE: &str = "ADT_CA_FILE";
const SETTING: &str = "`ca_file`";
/// The variable of AWS's own tools.
const AWS_CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// `secure` says whether TLS will be needed; without it a machine that has no certificates at all can still be used.
pub fn client(environment: &Environment, lanes: usize, secure: bool) -> Result<Client, Fault> {
    // The first one in a process stays; ring is the only one that is compiled in.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("adt/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_mins(1))
        .connect_timeout(Duration::from_secs(15))
        // Servers commonly close idle connections after a minute or so; ours go first.
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(lanes.max(1))
        // Only what was handed in counts, not what the process happens to have.
        .no_proxy();
    for proxy in proxies(environment)? {
        builder = builder.proxy(proxy);
    }
    if let Some((named, path)) = named_file(environment) {
        let own = certificates(named, path)?;
        let tls = trust::config(own).map_err(|error| {
            Fault::new(Class::BadInput, format!("{named} `{path}` cannot be used")).because(error)
        })?;
        builder = builder.tls_backend_preconfigured(tls);
    } else if !secure {
        builder = builder.tls_certs_only([]);
    }
    if let (true, Some(path)) = (secure, environment.var("SSL_CERT_FILE")) {
        // The library reads it, and does without what it cannot read.
        certificates("SSL_CERT_FILE", path)?;
    }
    builder.build().map_err(|error| {
        Fault::new(Class::Missing, "cannot prepare TLS connections").because(error).help(
            "install the system's certificates (package `ca-certificates`), or name a file with `--ca-file`",
        )
    })
}

/// Fails where the setting `ca_file` names a file without certificates.
pub fn check_ca_file(environment: &Environment) -> Result<(), Fault> {
    let Some(path) = environment.var(CA_FILE) else { return Ok(()) };
    certificates(SETTING, path).map(drop)
}

/// The file of a person's own certificate authorities, and what names it. The setting comes before the variable of AWS's tools.
fn named_file(environment: &Environment) -> Option<(&'static str, &str)> {
    let named = [(SETTING, CA_FILE), (AWS_CA_BUNDLE, AWS_CA_BUNDLE)];
    named.into_iter().find_map(|(named, variable)| Some((named, environment.var(variable)?)))
}

/// What a file holds; at least one certificate.
fn certificates(named: &str, path: &str) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = fs_err::read(path).map_err(|e| Fault::io(format!("cannot read {named} `{path}`"), e))?;
    let none = || {
        Fault::new(Class::BadInput, format!("{named} `{path}` holds no certificates"))
            .help("name a file in PEM format, with `-----BEGIN CERTIFICATE-----` in it")
    };
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(found) if found.is_empty() => Err(none()),
        Ok(found) => Ok(found),
        Err(error) => Err(none().because(error)),
    }
}

type Make = fn(&str) -> reqwest::Result<Proxy>;

/// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not. Loopback is never asked for by a proxy.
fn proxies(environment: &Environment) -> Result<Vec<Proxy>, Fault> {
    let either = |name: &str| environment.var(name).or_else(|| environment.var(&name.to_lowercase()));
    let except = either("NO_PROXY").unwrap_or_default();
    let except =
        NoProxy::from_string(&format!("localhost,127.0.0.0/8,::1,169.254.169.254,169.254.170.2,{except}"));
    let kinds: [(&str, Make); 3] = [
        ("HTTPS_PROXY", |url| Proxy::https(url)),
        ("HTTP_PROXY", |url| Proxy::http(url)),
        ("ALL_PROXY", |url| Proxy::all(url)),
    ];
    kinds
        .into_iter()
        .filter_map(|(name, make)| Some((name, make, either(name)?)))
        .map(|(name, make, url)| {
            let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
            let proxy = make(&url).map_err(|_| {
                // The text may hold a password, and the cause may hold the text.
                Fault::new(Class::BadInput, format!("{name} is not the address of a proxy"))
                    .help("write `http://host:port`")
            })?;
            Ok(proxy.no_proxy(except.clone()))
        })
        .collect()
}

/// Whether a host is this machine, by its name alone.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The fault for a connection that could not be had, or broke. `what` says what was wanted, `server` whom it was asked of.
pub fn unreachable(what: String, server: &str, error: reqwest::Error) -> Fault {
    let (certificate, connect) = (is_about_certificates(&error), error.is_connect());
    let class = if certificate { Class::Refused } else { Class::Transient };
    let fault = Fault::new(class, what).because(error.without_url());
    if certificate {
        fault.help(format!(
            "{server} shows a certificate that this machine does not trust; name the file of its certificate authority with `--ca-file` (setting `ca_file`, variable AWS_CA_BUNDLE)"
        ))
    } else if connect {
        fault.help(format!("check the network, and that {server} is the right endpoint"))
    } else {
        fault
    }
}

/// Whether it is the server's certificate that keeps a connection from being had.
pub fn is_about_certificates(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
            return true;
        }
        // An `io::Error` does not name what it wraps as its source, but what lies behind that.
        cause = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn with(vars: &[(&str, &str)]) -> Environment {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Environment { vars, home: None }
    }

    #[rstest]
    #[case(&[], 0)]
    #[case(&[("HTTPS_PROXY", "http://proxy:3128")], 1)]
    #[case(&[("https_proxy", "proxy:3128"), ("HTTP_PROXY", "http://u:p@proxy"), ("NO_PROXY", "lab.org")], 2)]
    fn proxies_come_from_what_was_handed_in(#[case] vars: &[(&str, &str)], #[case] count: usize) {
        assert_eq!(proxies(&with(vars)).unwrap().len(), count);
        client(&with(vars), 4, false).unwrap();
    }

    #[rstest]
    #[case::empty("")]
    #[case::something_else("not a certificate\n")]
    #[case::a_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    #[case::cut("-----BEGIN CERTIFICATE-----\nAAAA\n")]
    fn a_file_without_certificates_is_refused_by_its_name(
        #[case] text: &str,
        #[values("ADT_CA_FILE", "AWS_CA_BUNDLE", "SSL_CERT_FILE")] variable: &str,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs_err::write(&path, text).unwrap();
        let path = path.to_str().unwrap();
        let fault = client(&with(&[(variable, path)]), 1, true).unwrap_err();
        assert_eq!(fault.class(), Class::BadInput);
        let line = fault.line();
        let named = if variable == CA_FILE { SETTING } else { variable };
        assert_eq!(check_ca_file(&with(&[(variable, path)])).is_err(), variable == CA_FILE);
        assert!(line.contains(named) && line.contains(path) && line.contains("no certificates"), "{line}");
    }

    #[test]
    fn the_setting_comes_before_the_variable_of_aws() {
        let of =
            |vars: &[(&str, &str)]| named_file(&with(vars)).map(|(named, path)| (named, path.to_owned()));
        assert_eq!(of(&[(AWS_CA_BUNDLE, "a"), (CA_FILE, "b")]), Some((SETTING, "b".to_owned())));
        assert_eq!(of(&[(AWS_CA_BUNDLE, "a"), (CA_FILE, "")]), Some((AWS_CA_BUNDLE, "a".to_owned())));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_proxy_that_cannot_be_meant_is_refused_without_showing_it() {
        let fault = proxies(&with(&[("ALL_PROXY", "http://canary:canary@:::")])).unwrap_err();
        assert!(fault.line().contains("ALL_PROXY") && !fault.line().contains("canary"), "{fault:?}");
    }
}
