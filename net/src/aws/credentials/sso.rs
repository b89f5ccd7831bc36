use adt_model::{Class, Fault, Secret};
use camino::Utf8PathBuf;
use jiff::Timestamp;
use ring::digest;

use super::{Chain, Keys};
use crate::{aws::Profiles, encode, fetch, hex, plain};

/// Keys by single sign-on: the token that `aws sso login` left behind, exchanged for a role's keys.
pub(super) async fn keys(
    chain: &Chain,
    profiles: &Profiles,
    name: &str,
    now: Timestamp,
) -> Result<Keys, Fault> {
    let session = profiles.value(name, "sso_session");
    let heading = session.map(|session| format!("sso-session {session}"));
    let value = |key: &str| {
        let found = heading.as_ref().and_then(|heading| profiles.other(heading, key));
        found.or_else(|| profiles.value(name, key)).ok_or_else(|| {
            Fault::new(Class::BadInput, format!("profile `{name}` has no `{key}`"))
                .help("run `aws configure sso`")
        })
    };
    let token = token(chain, session.map_or_else(|| value("sso_start_url"), Ok)?, name, now)?;
    let region = value("sso_region")?;
    let base = chain.environment.var("AWS_ENDPOINT_URL_SSO").map(str::to_owned);
    let base = base.unwrap_or_else(|| format!("https://portal.sso.{region}.amazonaws.com"));
    plain::carry(&chain.environment, &base)?;
    let (role, account) = (encode::query(value("sso_role_name")?), encode::query(value("sso_account_id")?));
    let url = format!("{base}/federation/credentials?role_name={role}&account_id={account}");
    let what = format!("single sign-on for profile `{name}`");
    let request = chain.http.get(url).header("x-amz-sso_bearer_token", token.expose());
    let fetched = fetch::fetch(&what, request).await?;
    let document: Option<serde_json::Value> = serde_json::from_slice(&fetched.body).ok();
    let keys = document.and_then(|json| Keys::from_json(json.get("roleCredentials")?, what.clone()));
    keys.filter(|_| fetched.status.is_success()).ok_or_else(|| fetched.refused(&what).help(login(name)))
}

/// The token in the cache of AWS's own tools, whose file is named after the session (or the start URL of old profiles).
fn token(chain: &Chain, session: &str, name: &str, now: Timestamp) -> Result<Secret, Fault> {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, session.as_bytes());
    let home = chain.environment.home.clone().unwrap_or_else(|| Utf8PathBuf::from("~"));
    let path = home.join(".aws/sso/cache").join(format!("{}.json", hex(digest.as_ref())));
    let missing = |why: &str| {
        Fault::new(Class::Refused, format!("profile `{name}` signs in by single sign-on, {why}"))
            .help(login(name))
    };
    let text = fs_err::read(&path).map_err(|_| missing("and nobody is signed in"))?;
    let document: serde_json::Value =
        serde_json::from_slice(&text).map_err(|_| missing("but its cache cannot be read"))?;
    let field = |key: &str| document.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    // Old versions wrote `UTC` for `Z`.
    let expires: Option<Timestamp> = field("expiresAt").replace("UTC", "Z").parse().ok();
    if expires.is_none_or(|end| end <= now) {
        return Err(missing("and the sign-in has expired"));
    }
    Ok(Secret::new(field("accessToken")))
}

fn login(name: &str) -> String {
    format!("run `aws sso login --profile {name}`, then the same command again")
}
