use std::time::Duration;

use adt_model::{Class, Fault, Redactor};
use bytes::Bytes;
use http::StatusCode;

use crate::{
    Said,
    body::{self, Broken},
    said_by, secrets_of_request,
    xml::Element,
};

const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer that may hold credentials; such answers have some kilobytes.
pub(crate) const MOST: u64 = 1 << 20;

/// What a service answered, and what was sent to it.
pub(crate) struct Fetched {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    hidden: Redactor,
}

/// Asks a service for credentials, a few times if it is not well. Any status is an answer.
pub(crate) async fn fetch(what: &str, request: reqwest::RequestBuilder) -> Result<Fetched, Fault> {
    let failed = || Fault::new(Class::Transient, format!("cannot get credentials from {what}"));
    let (http, request) = request.build_split();
    let request = request.map_err(|error| failed().because(error.without_url()))?;
    let hidden = secrets_of_request(&request);
    for attempt in 1.. {
        let Some(mut copy) = request.try_clone() else { break };
        *copy.timeout_mut() = Some(PATIENCE);
        match whole(&http, copy).await {
            Ok((status, _)) if attempt < TRIES && (status.is_server_error() || status.as_u16() == 429) => {}
            Ok((status, body)) => return Ok(Fetched { status, body, hidden }),
            Err(Broken::Network(_) | Broken::Late(_)) if attempt < TRIES => {}
            Err(Broken::Network(error)) => return Err(failed().because(error.without_url())),
            Err(Broken::Late(time)) => {
                let said = format!("no complete answer within {} s", time.as_secs());
                return Err(failed().because(Said(said)));
            }
            Err(Broken::Long(most)) => {
                let what =
                    format!("{what} gave no credentials: its answer is longer than {} MiB", most >> 20);
                return Err(Fault::new(Class::Refused, what)
                    .help("check that this address is the right one; another server may answer there"));
            }
        }
        tokio::time::sleep(Duration::from_millis(200) * attempt * attempt).await;
    }
    Err(failed())
}

async fn whole(http: &reqwest::Client, request: reqwest::Request) -> Result<(StatusCode, Bytes), Broken> {
    let answer = http.execute(request).await.map_err(Broken::Network)?;
    let status = answer.status();
    body::collect(answer, MOST, PATIENCE).await.map(|body| (status, body))
}

impl Fetched {
    /// The fault for an answer that holds no credentials. Only the error's own words are shown: the rest may hold keys.
    pub(crate) fn refused(&self, what: &str) -> Fault {
        let said = from_xml(&self.body)
            .or_else(|| from_json(&self.body))
            .map_or_else(|| format!("HTTP {}", self.status.as_u16()), |said| said_by(&self.hidden, &said));
        let unwell = self.status.is_server_error() || self.status.as_u16() == 429;
        let class = if unwell { Class::Transient } else { Class::Refused };
        Fault::new(class, format!("{what} gave no credentials")).because(Said(said))
    }
}

/// As STS writes an error.
fn from_xml(body: &[u8]) -> Option<String> {
    let root = Element::parse(body).ok()?;
    let error = root.child("Error").unwrap_or(&root);
    Some(format!("{}: {}", error.value("Code")?, error.value("Message")?))
}

/// In the spellings of single sign-on, of OAuth (RFC 6749, section 5.2) and of Google's own interfaces.
fn from_json(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = |path: &str| json.pointer(path)?.as_str().map(str::to_owned);
    let said = ["/message", "/error/message", "/error_description", "/error"].into_iter().find_map(text)?;
    match text("/error") {
        Some(code) if code != said => Some(format!("{code}: {said}")),
        _ => Some(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::good(200)]
    #[case::refusal(403)]
    #[tokio::test]
    async fn a_long_answer_is_not_read(#[case] status: u16) {
        let long = "x".repeat(MOST as usize + 1);
        let server = crate::replies::Server::new(vec![("GET", status, "", long)]).await;
        let http = crate::connect::client(&crate::Environment::default(), 1, false).unwrap();
        let fault = fetch("the service", http.get(&server.base)).await.err().unwrap();
        assert!(fault.line().contains("the service") && fault.line().contains("1 MiB"), "{fault:?}");
        assert_eq!((fault.class(), server.seen().len()), (Class::Refused, 1));
    }

    #[rstest]
    #[case("<R><Error><Code>AccessDenied</Code><Message>no</Message></Error></R>", "AccessDenied: no")]
    #[case(r#"{"message": "Session token not found"}"#, "Session token not found")]
    #[case(
        r#"{"error": "invalid_grant", "error_description": "Bad\r\nRequest."}"#,
        "invalid_grant: Bad Request"
    )]
    #[case(r#"{"error": {"code": 403, "message": "denied"}}"#, "denied")]
    #[case(r#"{"error": "invalid_client"}"#, "invalid_client")]
    #[case(r#"{"access_token": "canary"}"#, "HTTP 401")]
    #[case("canary", "HTTP 401")]
    fn only_the_words_of_an_error_are_shown(#[case] body: &str, #[case] said: &str) {
        let fetched = Fetched {
            status: StatusCode::UNAUTHORIZED,
            body: Bytes::copy_from_slice(body.as_bytes()),
            hidden: Redactor::default(),
        };
        let fault = fetched.refused("the service");
        assert_eq!(fault.line(), format!("the service gave no credentials: {said}"));
    }
}
