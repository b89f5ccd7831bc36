//! An identity of somewhere else ("workload identity federation"): its token is exchanged for one of Google's.

use adt_model::{Class, Fault, Secret};
use serde_json::{Value, json};

use super::file::Document;
use crate::{fetch, oauth::Granted};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) async fn granted(document: &Document<'_>, scope: &str) -> Result<(Granted, String), Fault> {
    let what = format!("the external account of `{}`", document.path);
    let subject = subject(document, &what).await?;
    let options =
        document.get("workforce_pool_user_project").map(|id| json!({"userProject": id}).to_string());
    let mut form = vec![
        ("grant_type", GRANT),
        ("requested_token_type", ACCESS_TOKEN),
        ("audience", document.need("audience")?),
        ("scope", scope),
        ("subject_token_type", document.need("subject_token_type")?),
        ("subject_token", subject.expose()),
    ];
    form.extend(options.as_deref().map(|options| ("options", options)));
    Ok((document.exchange(document.need("token_url")?, &form, &what).await?, what))
}

/// The token of the other side, from a file or a service.
async fn subject(document: &Document<'_>, what: &str) -> Result<Secret, Fault> {
    let source = document.json.get("credential_source").unwrap_or(&Value::Null);
    let text = |name: &str| source.get(name).and_then(Value::as_str);
    let found = match (text("file"), text("url")) {
        (Some(file), _) => {
            let path = document.chain.environment.path(file);
            fs_err::read(&path)
                .map_err(|error| Fault::io(format!("cannot read the token `{path}` of {what}"), error))?
        }
        (None, Some(url)) if text("environment_id").is_none() => {
            let mut request = document.chain.http.get(url);
            for (name, value) in source.get("headers").and_then(Value::as_object).into_iter().flatten() {
                // Whatever it is called, it may be a credential.
                if let Ok(mut value) = http::HeaderValue::from_str(value.as_str().unwrap_or_default()) {
                    value.set_sensitive(true);
                    request = request.header(name, value);
                }
            }
            let fetched = fetch::fetch(what, request).await?;
            if !fetched.status.is_success() {
                return Err(fetched.refused(what));
            }
            fetched.body.to_vec()
        }
        _ => {
            let why = "takes its token from AWS, a program or a certificate, which is not built in";
            return Err(document.wrong(why).help(
                "use one with a file or a url, or a service account's key, or `gcloud auth application-default login`",
            ));
        }
    };
    let format = source.get("format").unwrap_or(&Value::Null);
    read(&found, format).ok_or_else(|| Fault::new(Class::Refused, format!("no token was found for {what}")))
}

/// A token by itself, or a field of a document.
fn read(found: &[u8], format: &Value) -> Option<Secret> {
    let text = std::str::from_utf8(found).ok()?;
    let token = if format.get("type").and_then(Value::as_str) == Some("json") {
        let document: Value = serde_json::from_str(text).ok()?;
        document.get(format.get("subject_token_field_name")?.as_str()?)?.as_str()?.to_owned()
    } else {
        text.trim().to_owned()
    };
    (!token.is_empty()).then(|| Secret::new(token))
}
