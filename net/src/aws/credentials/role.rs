//! Roles that are assumed: with other keys, or with a token that a cluster puts into a file.

use std::fmt::Write;

use adt_model::{Class, Fault, Secret};
use jiff::Timestamp;

use super::{Chain, Keys, chain::written_down};
use crate::{
    aws::{self, Post, Profiles},
    encode, fetch, plain,
    xml::Element,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`, as EKS sets them.
pub(super) async fn from_environment(chain: &Chain, profiles: &Profiles) -> Result<Option<Keys>, Fault> {
    let var = |name| chain.environment.var(name);
    let (Some(file), Some(role)) = (var("AWS_WEB_IDENTITY_TOKEN_FILE"), var("AWS_ROLE_ARN")) else {
        return Ok(None);
    };
    let session = var("AWS_ROLE_SESSION_NAME").unwrap_or("adt");
    with_token(chain, profiles, file, role, session).await.map(Some)
}

/// The role that a profile names, by its `source_profile`, its `credential_source` or its `web_identity_token_file`.
pub(super) async fn from_profile(
    chain: &Chain,
    profiles: &Profiles,
    name: &str,
    now: Timestamp,
    depth: usize,
) -> Result<Keys, Fault> {
    let value = |key| profiles.value(name, key);
    let role = value("role_arn").unwrap_or_default();
    let session = value("role_session_name").unwrap_or("adt");
    if let Some(file) = value("web_identity_token_file") {
        return with_token(chain, profiles, file, role, session).await;
    }
    if value("mfa_serial").is_some() {
        let what = format!("profile `{name}` wants a code from a device, which cannot be asked for here");
        return Err(Fault::new(Class::Refused, what).help(
            "export the keys of a session, such as by `aws configure export-credentials --format env`",
        ));
    }
    let source = source(chain, profiles, name, now, depth).await?.ok_or_else(|| {
        let what = format!("profile `{name}` names a role and no working source of keys to assume it with");
        Fault::new(Class::Missing, what).help("add `source_profile` or `credential_source` to it")
    })?;
    let mut form = vec![("RoleArn", role), ("RoleSessionName", session)];
    form.extend(value("duration_seconds").map(|seconds| ("DurationSeconds", seconds)));
    form.extend(value("external_id").map(|id| ("ExternalId", id)));
    ask(chain, profiles, "AssumeRole", &form, role, Some((&source, now))).await
}

async fn source(
    chain: &Chain,
    profiles: &Profiles,
    name: &str,
    now: Timestamp,
    depth: usize,
) -> Result<Option<Keys>, Fault> {
    match (profiles.value(name, "source_profile"), profiles.value(name, "credential_source")) {
        (Some(source), _) if source == name => Ok(written_down(profiles, name)),
        (Some(source), _) => chain.profile_keys(profiles, source, now, depth + 1).await,
        (None, Some("Environment")) => Ok(chain.environment_keys()),
        (None, Some("EcsContainer")) => chain.container_keys().await,
        (None, Some("Ec2InstanceMetadata")) => chain.instance_keys().await,
        _ => Ok(None),
    }
}

async fn with_token(
    chain: &Chain,
    profiles: &Profiles,
    file: &str,
    role: &str,
    session: &str,
) -> Result<Keys, Fault> {
    let path = chain.environment.path(file);
    let token = fs_err::read_to_string(&path)
        .map_err(|error| Fault::io(format!("cannot read the web identity token `{path}`"), error))?;
    let form = [("RoleArn", role), ("RoleSessionName", session), ("WebIdentityToken", token.trim())];
    ask(chain, profiles, "AssumeRoleWithWebIdentity", &form, role, None).await
}

/// Asks STS; signed where there are keys to sign with.
async fn ask(
    chain: &Chain,
    profiles: &Profiles,
    action: &str,
    form: &[(&str, &str)],
    role: &str,
    signer: Option<(&Keys, Timestamp)>,
) -> Result<Keys, Fault> {
    let (base, region) = endpoint(chain, profiles);
    let mut body = format!("Action={action}&Version=2011-06-15");
    for (name, value) in form {
        // Writing to a string cannot fail.
        let _ = write!(body, "&{name}={}", encode::query(value));
    }
    let headers = [("content-type", FORM)];
    let request = match signer {
        Some((keys, now)) => {
            let post = Post { base: &base, region: &region, service: "sts", headers: &headers, body: &body };
            post.signed(&chain.http, keys, now)
        }
        None => chain.http.post(format!("{base}/")).header("content-type", FORM).body(body),
    };
    plain::carry(&chain.environment, &base)?;
    let what = format!("role `{role}`");
    let fetched = fetch::fetch(&what, request).await?;
    let root = Element::parse(&fetched.body).ok();
    let found = root.as_ref().and_then(|root| root.child(&format!("{action}Result"))?.child("Credentials"));
    let keys = found.and_then(|found| {
        Some(Keys {
            access_key: found.value("AccessKeyId")?.to_owned(),
            secret: Secret::new(found.value("SecretAccessKey")?),
            token: found.value("SessionToken").map(Secret::new),
            expires: found.value("Expiration").and_then(|text| text.parse().ok()),
            source: what.clone(),
        })
    });
    keys.filter(|_| fetched.status.is_success()).ok_or_else(|| fetched.refused(&what))
}

/// Scheme and host of STS, without a slash at the end, and the region to sign for.
fn endpoint(chain: &Chain, profiles: &Profiles) -> (String, String) {
    let var = |name| chain.environment.var(name);
    let region = aws::region(&chain.environment, profiles).unwrap_or("us-east-1");
    let base = match var("AWS_ENDPOINT_URL_STS").or_else(|| var("AWS_ENDPOINT_URL")) {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("https://sts.{region}.{}", aws::domain(region)),
    };
    (base, region.to_owned())
}
