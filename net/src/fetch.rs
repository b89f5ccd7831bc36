use std::time::Duration;

use adt_model::{Class, Fault};
use bytes::Bytes;
use http::StatusCode;

use crate::{Said, one_line, xml::Element};

const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a service for credentials, a few times if it is not well. Any status is an answer.
pub(crate) async fn fetch(
    what: &str,
    request: reqwest::RequestBuilder,
) -> Result<(StatusCode, Bytes), Fault> {
    let failed = || Fault::new(Class::Transient, format!("cannot get credentials from {what}"));
    for attempt in 1.. {
        let Some(copy) = request.try_clone() else { break };
        let answer = match copy.timeout(PATIENCE).send().await {
            Ok(answer) => {
                let status = answer.status();
                answer.bytes().await.map(|body| (status, body))
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok((status, _)) if attempt < TRIES && (status.is_server_error() || status.as_u16() == 429) => {}
            Ok(answer) => return Ok(answer),
            Err(_) if attempt < TRIES => {}
            Err(error) => return Err(failed().because(error.without_url())),
        }
        tokio::time::sleep(Duration::from_millis(200) * attempt * attempt).await;
    }
    Err(failed())
}

/// The fault for an answer that holds no credentials. Only the error's own words are shown: the rest may hold keys.
pub(crate) fn refused(what: &str, status: StatusCode, body: &[u8]) -> Fault {
    let said = from_xml(body)
        .or_else(|| from_json(body))
        .map_or_else(|| format!("HTTP {}", status.as_u16()), |said| one_line(&said));
    let unwell = status.is_server_error() || status.as_u16() == 429;
    let class = if unwell { Class::Transient } else { Class::Refused };
    Fault::new(class, format!("{what} gave no credentials")).because(Said(said))
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
        let fault = refused("the service", StatusCode::UNAUTHORIZED, body.as_bytes());
        assert_eq!(fault.line(), format!("the service gave no credentials: {said}"));
    }
}
