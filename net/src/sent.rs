//! What of a request is secret: no message may repeat it.

use adt_model::{Redactor, is_secret_name};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::HeaderMap;
use serde_json::Value;

/// A larger body holds data, not credentials.
const LONGEST_BODY: usize = 1 << 20;

/// A redactor for whatever is said about a request that goes out like this.
pub fn secrets_of(url: &str, headers: &HeaderMap, body: &[u8]) -> Redactor {
    let mut hidden = Redactor::default();
    of_url(url, &mut hidden);
    for (name, value) in headers {
        if let (true, Ok(value)) = (value.is_sensitive() || is_secret_name(name.as_str()), value.to_str()) {
            of_header(value, &mut hidden);
        }
    }
    if body.len() <= LONGEST_BODY {
        of_body(body, &mut hidden);
    }
    hidden
}

/// The same for a request of the HTTP client.
pub fn secrets_of_request(request: &reqwest::Request) -> Redactor {
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    secrets_of(request.url().as_str(), request.headers(), body)
}

/// Everything that is written in the query of a URL which is itself a secret: who knows it may write.
pub fn secrets_of_session(url: &str, hidden: &mut Redactor) {
    for (_, value) in query(url).filter(|(name, value)| *name != "name" && value.len() >= 12) {
        hidden.hide(value);
    }
}

fn of_url(url: &str, hidden: &mut Redactor) {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let host = place.split(['/', '?']).next().unwrap_or_default();
    if let Some((user, _)) = host.rsplit_once('@') {
        hidden.hide(user);
        hidden.hide(user.split_once(':').map_or("", |(_, password)| password));
    }
    for (_, value) in query(url).filter(|(name, _)| is_secret_name(name)) {
        hidden.hide(value);
    }
}

fn query(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| pair.split_once('='))
}

/// A value, or a scheme with its credential.
fn of_header(value: &str, hidden: &mut Redactor) {
    // Of AWS's the signature alone is secret; the rest is words that a refusal may need.
    if value.starts_with("AWS4-") {
        hidden.hide(value.rsplit_once("Signature=").map_or(value, |(_, signature)| signature));
        return;
    }
    let credential = value.split_once(' ').map_or(value, |(_, credential)| credential);
    hidden.hide(credential);
    if value.starts_with("SharedKey") {
        hidden.hide(credential.rsplit_once(':').map_or("", |(_, signature)| signature));
    }
    if let Some(pair) = value.strip_prefix("Basic ").and_then(|text| BASE64_STANDARD.decode(text).ok()) {
        let pair = String::from_utf8_lossy(&pair);
        match pair.split_once(':') {
            Some((token, "")) => hidden.hide(token),
            Some((_, password)) => hidden.hide(password),
            None => hidden.hide(&pair),
        }
    }
}

/// A form, or a document of JSON.
fn of_body(body: &[u8], hidden: &mut Redactor) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    if text.trim_start().starts_with(['{', '[']) {
        of_json(&serde_json::from_str(text).unwrap_or_default(), hidden);
    } else if text.contains('=') && !text.contains(['<', '\n']) {
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            if is_secret_name(name) {
                hidden.hide(value);
            }
        }
    }
}

fn of_json(value: &Value, hidden: &mut Redactor) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_secret_name(name) => hidden.hide(text),
                    value => of_json(value, hidden),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| of_json(value, hidden)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::bearer("https://h/", &[("authorization", "Bearer canary-123456")], "")]
    #[case::basic("https://h/", &[("authorization", "Basic Y2FuYXJ5LTEyMzQ1Njo=")], "")]
    #[case::basic_with_user("https://h/", &[("authorization", "Basic dTpjYW5hcnktMTIzNDU2")], "")]
    #[case::shared_key("https://h/", &[("authorization", "SharedKey account:canary-123456")], "")]
    #[case::aws("https://h/", &[("authorization", "AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=host, Signature=canary-123456")], "")]
    #[case::session_token("https://h/", &[("x-amz-security-token", "canary-123456")], "")]
    #[case::metadata("http://h/", &[("x-aws-ec2-metadata-token", "canary-123456")], "")]
    #[case::slurm("http://h/", &[("X-SLURM-USER-TOKEN", "canary-123456")], "")]
    #[case::sas("https://h/c?sv=1&sig=canary-123456&se=2", &[], "")]
    #[case::presigned("https://h/c?X-Amz-Signature=canary-123456", &[], "")]
    #[case::session("https://h/c?upload_id=canary-123456", &[], "")]
    #[case::user("https://user:canary-123456@h/c", &[], "")]
    #[case::form("https://h/", &[], "grant_type=x&client_secret=canary-123456&scope=a")]
    #[case::json("https://h/", &[], r#"{"job": {"environment": {"SLURM_JWT": "canary-123456"}}}"#)]
    fn what_is_sent_as_a_secret_is_masked(
        #[case] url: &str,
        #[case] headers: &[(&str, &str)],
        #[case] body: &str,
    ) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        let hidden = secrets_of(url, &map, body.as_bytes());
        for said in ["no canary-123456 here", "no Y2FuYXJ5LTEyMzQ1Ng== here", "no canary%2D123456 here"] {
            let shown = hidden.clean(said);
            assert!(shown.starts_with("no ***") && shown.ends_with(" here"), "{shown}");
        }
        assert_eq!(
            hidden.clean("the region host account user is wrong"),
            "the region host account user is wrong"
        );
    }

    #[test]
    fn a_session_is_hidden_whatever_its_parameters_are_called() {
        let mut hidden = Redactor::default();
        secrets_of_session("https://h/o?name=lab/a-long-name&odd=canary-123456", &mut hidden);
        assert_eq!(hidden.clean("lab/a-long-name canary-123456"), "lab/a-long-name ***");
    }
}
