use adt_model::{Class, Fault};
use jiff::Timestamp;

use super::{Account, bearer::Bearer, cli, managed};
use crate::{Environment, oauth};

/// What tokens are asked for, in every cloud of Azure.
pub(super) const RESOURCE: &str = "https://storage.azure.com/";
const SCOPE: &str = "https://storage.azure.com/.default";
const AUTHORITY: &str = "https://login.microsoftonline.com";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where a token is looked for, in the order of Azure's own libraries: a service principal or a workload identity of the
/// environment, a managed identity, the Azure CLI.
pub(super) struct Identity {
    pub(super) environment: Environment,
    pub(super) http: reqwest::Client,
}

impl Identity {
    /// The first token that is found. An identity that is set up but does not work is a fault, not a reason to go on
    /// with another one.
    pub(super) async fn find(&self, account: &Account, now: Timestamp) -> Result<Bearer, Fault> {
        if let Some(bearer) = self.of_environment(now).await? {
            return Ok(bearer);
        }
        let managed = match managed::token(self, now).await? {
            Ok(bearer) => return Ok(bearer),
            Err(why) => why,
        };
        match cli::token(&self.environment, now).await? {
            Ok(bearer) => Ok(bearer),
            Err(why) => Err(nothing(account, &managed, &why)),
        }
    }

    /// `AZURE_CLIENT_SECRET` or `AZURE_FEDERATED_TOKEN_FILE`, each with `AZURE_TENANT_ID` and `AZURE_CLIENT_ID`.
    async fn of_environment(&self, now: Timestamp) -> Result<Option<Bearer>, Fault> {
        let var = |name| self.environment.var(name).map(str::trim);
        let (secret, file) = (var("AZURE_CLIENT_SECRET"), var("AZURE_FEDERATED_TOKEN_FILE"));
        let set = match (secret, file, var("AZURE_CLIENT_CERTIFICATE_PATH")) {
            (Some(_), ..) => "AZURE_CLIENT_SECRET",
            (None, Some(_), _) => "AZURE_FEDERATED_TOKEN_FILE",
            (None, None, Some(_)) => {
                let what =
                    "AZURE_CLIENT_CERTIFICATE_PATH is set, and signing in by a certificate is not built in";
                return Err(Fault::new(Class::BadInput, what).help("use AZURE_CLIENT_SECRET or `az login`"));
            }
            (None, None, None) => return Ok(None),
        };
        let need = |name| {
            let missing = || Fault::new(Class::BadInput, format!("{set} is set, but {name} is not"));
            var(name).ok_or_else(missing)
        };
        let (tenant, client) = (need("AZURE_TENANT_ID")?, need("AZURE_CLIENT_ID")?);
        let mut form = vec![("grant_type", "client_credentials"), ("client_id", client), ("scope", SCOPE)];
        let assertion = match (secret, file) {
            (None, Some(file)) => self.assertion(file)?,
            _ => String::new(),
        };
        match secret {
            Some(secret) => form.push(("client_secret", secret)),
            None => {
                form.extend([("client_assertion_type", ASSERTION), ("client_assertion", assertion.trim())]);
            }
        }
        let authority = var("AZURE_AUTHORITY_HOST").unwrap_or(AUTHORITY).trim_end_matches('/');
        let url = format!("{authority}/{tenant}/oauth2/v2.0/token");
        let what = format!("application `{client}` of tenant `{tenant}` ({set})");
        let granted = oauth::exchange(&self.http, &url, &form, &what, now).await?;
        Ok(Some(Bearer::of(granted, what, now)))
    }

    /// The token that a cluster puts into a file, read anew each time, as it is replaced there.
    fn assertion(&self, file: &str) -> Result<String, Fault> {
        let path = self.environment.path(file);
        fs_err::read_to_string(&path)
            .map_err(|error| Fault::io(format!("cannot read AZURE_FEDERATED_TOKEN_FILE `{path}`"), error))
    }
}

fn nothing(account: &Account, managed: &str, cli: &str) -> Fault {
    let what = format!("no Azure credentials were found for account `{}`", account.name);
    let others = account.others.as_deref().map_or_else(String::new, |others| format!("{others}; "));
    Fault::new(Class::Missing, what).help(format!(
        "{others}run `az login`, or set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, or \
         add `--no-sign-request` for a public container; looked at these, AZURE_CLIENT_SECRET and \
         AZURE_FEDERATED_TOKEN_FILE, a managed identity ({managed}), and the Azure CLI ({cli})"
    ))
}
