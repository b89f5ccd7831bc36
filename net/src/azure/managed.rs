//! A managed identity: of an app (its own service), or of a machine (its metadata, "IMDS").

use std::time::Duration;

use adt_model::{Class, Fault};
use jiff::Timestamp;

use super::{
    bearer::Bearer,
    identity::{Identity, RESOURCE},
};
use crate::oauth;

const MACHINE: &str = "http://169.254.169.254";
const PATH: &str = "/metadata/identity/oauth2/token";
/// Outside of Azure nobody answers; that must not take long.
const KNOCK: Duration = Duration::from_secs(1);

/// The token of the identity; where there is none, why.
pub(super) async fn token(identity: &Identity, now: Timestamp) -> Result<Result<Bearer, String>, Fault> {
    let var = |name| identity.environment.var(name);
    let mut query = vec![("resource", RESOURCE)];
    query.extend(var("AZURE_CLIENT_ID").map(|client| ("client_id", client)));
    if let (Some(endpoint), Some(header)) = (var("IDENTITY_ENDPOINT"), var("IDENTITY_HEADER")) {
        query.push(("api-version", "2019-08-01"));
        let url = format!("{endpoint}?{}", oauth::encoded(&query));
        let what = "the app's managed identity (IDENTITY_ENDPOINT)";
        let granted =
            oauth::ask(identity.http.get(url).header("x-identity-header", header), what, now).await?;
        return Ok(Ok(Bearer::of(granted, what.to_owned(), now)));
    }
    let base = var("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or(MACHINE).trim_end_matches('/');
    if !is_azure(identity, base).await {
        return Ok(Err("no answer".to_owned()));
    }
    query.push(("api-version", "2018-02-01"));
    let url = format!("{base}{PATH}?{}", oauth::encoded(&query));
    let what = "the machine's managed identity";
    match oauth::ask(identity.http.get(url).header("metadata", "true"), what, now).await {
        Ok(granted) => Ok(Ok(Bearer::of(granted, what.to_owned(), now))),
        // A machine of Azure need not have an identity.
        Err(fault) if fault.class() == Class::Refused => Ok(Err(fault.line())),
        Err(fault) => Err(fault),
    }
}

/// Azure's service asks for the header that is missing here; those of other clouds answer otherwise.
async fn is_azure(identity: &Identity, base: &str) -> bool {
    let knock = identity.http.get(format!("{base}{PATH}?api-version=2018-02-01")).timeout(KNOCK);
    knock.send().await.is_ok_and(|answer| answer.status().as_u16() == 400)
}
