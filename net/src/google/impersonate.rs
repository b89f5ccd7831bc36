//! One identity asks for the token of a service account ("service account impersonation").

use adt_model::Fault;
use serde_json::json;

use super::file::Document;
use crate::oauth::{self, Granted};

/// How long the token is to hold.
const HOLDS: &str = "3600s";

pub(super) async fn granted(
    document: &Document<'_>,
    url: &str,
    first: &Granted,
    scope: &str,
    source: &str,
) -> Result<(Granted, String), Fault> {
    let name = url.rsplit('/').next().unwrap_or_default().trim_end_matches(":generateAccessToken");
    let what = format!("service account `{name}` by {source}");
    oauth::only_trusted(url, &what)?;
    let delegates = document.json.get("delegates").cloned().unwrap_or_else(|| json!([]));
    let body = json!({"scope": [scope], "lifetime": HOLDS, "delegates": delegates});
    let request = document
        .chain
        .http
        .post(url)
        .header("content-type", "application/json")
        .bearer_auth(first.token.expose())
        .body(body.to_string());
    Ok((oauth::ask(request, &what, document.now).await?, what))
}
