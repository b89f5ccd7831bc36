use std::time::Duration;

use adt_model::Fault;
use jiff::Timestamp;
use reqwest::RequestBuilder;

use super::{Token, chain::Chain};
use crate::{body, oauth};

/// The address of `metadata.google.internal`; by its address it is found, or found missing, without asking for a name.
const ADDRESS: &str = "169.254.169.254";
/// Outside of Google's cloud nobody answers; that must not take long.
const KNOCK: Duration = Duration::from_secs(1);
/// Both sides say with it that they know whom they speak to.
const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");
/// Bytes of an account's name that are read.
const SHOWN: u64 = 4 << 10;
const ACCOUNT: &str = "/computeMetadata/v1/instance/service-accounts/default/";

/// The token of the service account of the machine that we run on; where there is none, why.
pub(super) async fn token(chain: &Chain, now: Timestamp) -> Result<Result<Token, &'static str>, Fault> {
    let var = |name| chain.environment.var(name);
    if var("NO_GCE_CHECK").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(Err("switched off"));
    }
    let host = var("GCE_METADATA_HOST").unwrap_or(ADDRESS).trim_end_matches('/');
    let base = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
    let get = |path: &str| chain.http.get(format!("{base}{ACCOUNT}{path}")).header(FLAVOR.0, FLAVOR.1);
    let name = match knock(|| get("email")).await {
        Ok(name) => name,
        Err(why) => return Ok(Err(why)),
    };
    let what = "the metadata server";
    let granted = oauth::ask(get("token"), what, now).await?;
    Ok(Ok(Token {
        bearer: granted.token,
        expires: granted.expires,
        source: format!("service account `{name}` of {what}"),
        quota_project: None,
    }))
}

/// Whether Google's metadata server answers, and for which service account.
async fn knock(ask: impl Fn() -> RequestBuilder) -> Result<String, &'static str> {
    for _ in 0..2 {
        let Ok(answer) = ask().timeout(KNOCK).send().await else { continue };
        if answer.headers().get(FLAVOR.0).is_none_or(|flavor| flavor != FLAVOR.1) {
            return Err("another server answers there");
        }
        if !answer.status().is_success() {
            return Err("it names no service account");
        }
        let name = body::beginning(answer, SHOWN, KNOCK).await;
        return Ok(crate::one_line(&String::from_utf8_lossy(&name)));
    }
    Err("no answer")
}
