//! Tokens of OAuth 2 (RFC 6749): a form is posted, a document with a token comes back.

use adt_model::{Class, Fault, Secret};
use jiff::{SignedDuration, Timestamp};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::{Endpoint, encode, fetch};

/// A token that somebody gave.
pub(crate) struct Granted {
    pub(crate) token: Secret,
    pub(crate) expires: Option<Timestamp>,
}

/// Posts a form to a server that gives tokens; `what` names in a fault whose token is asked for. Where anybody on the way
/// could read the form, nothing is sent.
pub(crate) async fn exchange(
    http: &reqwest::Client,
    url: &str,
    form: &[(&str, &str)],
    what: &str,
    now: Timestamp,
) -> Result<Granted, Fault> {
    only_trusted(url, what)?;
    let request = http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(encoded(form));
    ask(request, what, now).await
}

/// Sends a request that is answered with a token.
pub(crate) async fn ask(request: RequestBuilder, what: &str, now: Timestamp) -> Result<Granted, Fault> {
    let fetched = fetch::fetch(what, request).await?;
    let document: Option<Value> = serde_json::from_slice(&fetched.body).ok();
    let granted =
        document.filter(|_| fetched.status.is_success()).and_then(|document| granted(&document, now));
    granted.ok_or_else(|| fetched.refused(what))
}

/// Refuses a server that would be sent secrets without TLS.
pub(crate) fn only_trusted(url: &str, what: &str) -> Result<(), Fault> {
    if Endpoint::parse(url, what)?.trusted {
        return Ok(());
    }
    Err(Fault::new(Class::Refused, format!("{what} would be asked of `{url}`, without TLS")))
}

/// Names and values of a form, or of a query.
pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encode::query(value));
    form.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// In every spelling in use: Azure writes numbers as texts, and sometimes only when the token ends; Google's service
/// accounts have names of their own.
fn granted(document: &Value, now: Timestamp) -> Option<Granted> {
    let seconds = |name: &str| {
        let value = document.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    };
    let token = ["access_token", "accessToken"].iter().find_map(|name| document.get(*name)?.as_str())?;
    let lasts = seconds("expires_in")
        .and_then(|lasts| now.checked_add(SignedDuration::from_secs(lasts)).ok())
        .or_else(|| Timestamp::from_second(seconds("expires_on")?).ok())
        .or_else(|| document.get("expireTime")?.as_str()?.parse().ok());
    (!token.is_empty()).then(|| Granted { token: Secret::new(token), expires: lasts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}"#, Ok(Some(4600)))]
    #[case(r#"{"access_token": "t", "expires_in": "3600", "expires_on": "9"}"#, Ok(Some(4600)))]
    #[case(r#"{"access_token": "t", "expires_on": "1700000000"}"#, Ok(Some(1_700_000_000)))]
    #[case(
        r#"{"accessToken": "t", "expiresOn": "2030-01-01 10:00:00.0", "expires_on": 1700000000}"#,
        Ok(Some(1_700_000_000))
    )]
    #[case(r#"{"accessToken": "t", "expireTime": "1970-01-01T01:00:00Z"}"#, Ok(Some(3600)))]
    #[case(r#"{"access_token": "t"}"#, Ok(None))]
    #[case(r#"{"access_token": ""}"#, Err(()))]
    #[case(r#"{"error": "invalid_grant"}"#, Err(()))]
    fn answers_of_every_spelling_are_read(#[case] body: &str, #[case] ends: Result<Option<i64>, ()>) {
        let document = serde_json::from_str(body).unwrap();
        let found = granted(&document, Timestamp::from_second(1000).unwrap());
        assert_eq!(found.map(|granted| granted.expires.map(Timestamp::as_second)).ok_or(()), ends);
    }

    #[rstest]
    #[case("https://oauth2.googleapis.com/token", true)]
    #[case("http://127.0.0.1:9/token", true)]
    #[case("http://example.org/token", false)]
    #[case("nonsense", false)]
    fn secrets_go_only_where_they_are_safe(#[case] url: &str, #[case] allowed: bool) {
        assert_eq!(only_trusted(url, "a test").is_ok(), allowed);
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(encoded(&[("a", "x y"), ("b", "&=+")]), "a=x%20y&b=%26%3D%2B");
    }
}
