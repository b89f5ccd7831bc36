//! Credentials go to another computer only over TLS, unless a person allows otherwise.

use std::sync::{Mutex, PoisonError};

use adt_model::{Class, Fault};
use reqwest::Url;

use crate::{Environment, connect::is_loopback};

/// Where it is allowed.
const VARIABLE: &str = "ADT_ALLOW_HTTP";
/// Servers that a person has been told of.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether a URL leads to another computer without TLS.
pub fn is_plain(url: &str) -> bool {
    url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
        && Url::parse(url).is_ok_and(|url| !url.host_str().is_some_and(is_loopback))
}

/// Whether a person allows credentials to go over plain HTTP.
pub fn is_allowed(environment: &Environment) -> bool {
    environment
        .var(VARIABLE)
        .is_some_and(|value| ["true", "1", "yes", "on"].contains(&value.trim().to_ascii_lowercase().as_str()))
}

/// Refuses to send credentials to `server` where they could be read on the way. Where that is allowed, a note for the person, once for
/// each server.
pub fn carry(environment: &Environment, server: &str) -> Result<Option<String>, Fault> {
    if !is_plain(server) {
        return Ok(None);
    }
    if !is_allowed(environment) {
        let what = format!("credentials would go to `{server}` without encryption, readable on the network");
        return Err(Fault::new(Class::Refused, what).help(
            "use an `https://` address; on a network that you trust, allow it with `--allow-http` (setting `allow_http`, variable ADT_ALLOW_HTTP)",
        ));
    }
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.iter().any(|known| known == server) {
        return Ok(None);
    }
    told.push(server.to_owned());
    Ok(Some(format!("credentials go to `{server}` without encryption, as `--allow-http` allows")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn environment(allow: Option<&str>) -> Environment {
        let vars = allow.map(|value| (VARIABLE.to_owned(), value.to_owned())).into_iter().collect();
        Environment { vars, home: None }
    }

    #[rstest]
    #[case("http://minio.lab:9000/x", true)]
    #[case("HTTP://minio.lab", true)]
    #[case("http://10.1.2.3", true)]
    #[case("http://localhost.lab.org", true)]
    #[case("https://minio.lab", false)]
    #[case("http://127.0.0.1:9000", false)]
    #[case("http://localhost:9000", false)]
    #[case("http://[::1]:9000", false)]
    fn another_computer_without_tls(#[case] url: &str, #[case] plain: bool) {
        assert_eq!(is_plain(url), plain);
        assert_eq!(carry(&environment(None), url).is_err(), plain);
        assert_eq!(carry(&environment(Some("no")), url).is_err(), plain);
        assert!(carry(&environment(Some("true")), url).is_ok());
    }

    #[test]
    fn it_is_said_once_for_each_server() {
        let allowed = environment(Some("1"));
        let note = |server| carry(&allowed, server).unwrap();
        assert!(note("http://once.lab").is_some_and(|note| note.contains("`http://once.lab`")));
        assert_eq!(note("http://once.lab"), None);
        assert!(note("http://other.lab").is_some());
    }
}
