use std::time::Duration;

use adt_model::{Class, Fault};
use bytes::Bytes;
use http::StatusCode;

use crate::{Said, xml::Element};

const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a service for credentials, a few times if it is not well. Any status is an answer.
pub(super) async fn fetch(
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
pub(super) fn refused(what: &str, status: StatusCode, body: &[u8]) -> Fault {
    let root = Element::parse(body).ok();
    let error = root.as_ref().map(|root| root.child("Error").unwrap_or(root));
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let said = error
        .and_then(|error| Some(format!("{}: {}", error.value("Code")?, error.value("Message")?)))
        .or_else(|| Some(json?.get("message")?.as_str()?.to_owned()))
        .unwrap_or_else(|| format!("HTTP {}", status.as_u16()));
    Fault::new(Class::Refused, format!("{what} gave no credentials")).because(Said(said))
}
