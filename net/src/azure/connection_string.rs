use std::collections::BTreeMap;

use adt_model::{Class, Fault, Secret};

use super::account::{DEVELOPMENT, DEVELOPMENT_KEY};
use crate::Endpoint;

/// The variable, as Azure's own tools and libraries name it.
pub(super) const VARIABLE: &str = "AZURE_STORAGE_CONNECTION_STRING";
const USUAL_SUFFIX: &str = "core.windows.net";

/// What a connection string says of one account's blobs.
pub(super) struct ConnectionString {
    pub(super) account: String,
    pub(super) endpoint: Endpoint,
    pub(super) key: Option<Secret>,
    pub(super) sas: Option<Secret>,
}

impl ConnectionString {
    /// `Name=value` between semicolons. Nothing of what is refused is shown: it may hold a key.
    ///
    /// Source: "Configure Azure Storage connection strings" in Azure's documentation.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let fields = fields(text)?;
        let value = |name: &str| fields.get(name).copied().filter(|value| !value.is_empty());
        if value("usedevelopmentstorage").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return development(value("developmentstorageproxyuri"));
        }
        let endpoint = match (value("blobendpoint"), value("accountname")) {
            (Some(url), _) => Endpoint::parse(url, &format!("blobs ({VARIABLE})"))?,
            (None, Some(account)) => {
                let scheme = value("defaultendpointsprotocol").unwrap_or("https");
                let suffix = value("endpointsuffix").unwrap_or(USUAL_SUFFIX);
                let url = format!("{scheme}://{account}.blob.{suffix}");
                Endpoint::parse(&url, &format!("account `{account}` ({VARIABLE})"))?
            }
            (None, None) => return Err(wrong("has neither `AccountName` nor `BlobEndpoint`")),
        };
        let account = match value("accountname") {
            Some(account) => account.to_owned(),
            None => named_by(&endpoint).to_owned(),
        };
        let sas = value("sharedaccesssignature").map(|sas| Secret::new(sas.trim_start_matches('?')));
        Ok(Self { account, endpoint, key: value("accountkey").map(Secret::new), sas })
    }
}

fn fields(text: &str) -> Result<BTreeMap<String, &str>, Fault> {
    text.split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').ok_or_else(|| wrong("has a part without `=`"))?;
            Ok((name.trim().to_lowercase(), value.trim()))
        })
        .collect()
}

fn wrong(why: &str) -> Fault {
    Fault::new(Class::BadInput, format!("{VARIABLE} {why}")).help(
        "copy it from the portal, or from `az storage account show-connection-string`, and quote it: it holds semicolons",
    )
}

/// `UseDevelopmentStorage=true`: the emulator at its usual place, or behind another host.
fn development(proxy: Option<&str>) -> Result<ConnectionString, Fault> {
    let host = proxy.unwrap_or("http://127.0.0.1").trim_end_matches('/');
    let url = format!("{host}:10000/{DEVELOPMENT}");
    Ok(ConnectionString {
        account: DEVELOPMENT.to_owned(),
        endpoint: Endpoint::parse(&url, &format!("the storage emulator ({VARIABLE})"))?,
        key: Some(Secret::new(DEVELOPMENT_KEY)),
        sas: None,
    })
}

/// The account whose endpoint this is: the first segment of its path, as emulators have it, else the first label of its host.
pub(super) fn named_by(endpoint: &Endpoint) -> &str {
    let place = endpoint.base.split_once("://").map_or(endpoint.base.as_str(), |(_, place)| place);
    match place.split_once('/') {
        Some((_, path)) => path.split('/').next().unwrap_or_default(),
        None => place.split(['.', ':']).next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "DefaultEndpointsProtocol=https;AccountName=lab;AccountKey=a2V5==;EndpointSuffix=core.windows.net",
        "lab",
        "https://lab.blob.core.windows.net",
        Some("a2V5=="),
        None
    )]
    #[case(
        "accountname=lab;accountkey=a2V5;",
        "lab",
        "https://lab.blob.core.windows.net",
        Some("a2V5"),
        None
    )]
    #[case(
        "DefaultEndpointsProtocol=http; AccountName=lab; EndpointSuffix=core.chinacloudapi.cn",
        "lab",
        "http://lab.blob.core.chinacloudapi.cn",
        None,
        None
    )]
    #[case(
        "BlobEndpoint=https://lab.blob.core.windows.net/;SharedAccessSignature=?sv=1&sig=x%3D",
        "lab",
        "https://lab.blob.core.windows.net",
        None,
        Some("sv=1&sig=x%3D")
    )]
    #[case(
        "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;AccountKey=a2V5",
        "devstoreaccount1",
        "http://127.0.0.1:10000/devstoreaccount1",
        Some("a2V5"),
        None
    )]
    #[case(
        "UseDevelopmentStorage=true",
        "devstoreaccount1",
        "http://127.0.0.1:10000/devstoreaccount1",
        Some(DEVELOPMENT_KEY),
        None
    )]
    #[case(
        "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://rig/",
        "devstoreaccount1",
        "http://rig:10000/devstoreaccount1",
        Some(DEVELOPMENT_KEY),
        None
    )]
    fn a_string_says_account_endpoint_and_secret(
        #[case] text: &str,
        #[case] account: &str,
        #[case] base: &str,
        #[case] key: Option<&str>,
        #[case] sas: Option<&str>,
    ) {
        let parsed = ConnectionString::parse(text).unwrap();
        assert_eq!((parsed.account.as_str(), parsed.endpoint.base.as_str()), (account, base));
        assert_eq!(parsed.key.as_ref().map(Secret::expose), key);
        assert_eq!(parsed.sas.as_ref().map(Secret::expose), sas);
    }

    #[rstest]
    fn what_cannot_be_meant_is_refused_and_not_shown(
        #[values("canary", "AccountKey=canary", "AccountName=lab;canary", "BlobEndpoint=https://u:canary@x")]
        text: &str,
    ) {
        let fault = ConnectionString::parse(text).err().unwrap();
        assert_eq!(fault.class(), Class::BadInput);
        assert!(fault.line().contains(VARIABLE) && !fault.line().contains("canary"), "{fault:?}");
    }
}
