use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use super::*;
use crate::{
    Environment,
    replies::{Reply, Server},
};
use adt_model::{Class, Fault};
use jiff::Timestamp;
use rstest::rstest;

const GIVEN: &str = r#"{"access_token": "canary", "expires_in": "3599", "token_type": "Bearer"}"#;
const IMDS: &str = "GET /metadata/identity/oauth2/token?resource=https%3A%2F%2Fstorage.azure.com%2F";
const KNOCK: &str = "GET /metadata/identity/oauth2/token?api-version=2018-02-01 ";
const GET: Unsigned<'_> =
    Unsigned { method: "GET", url: "https://lab.blob.core.windows.net/c?restype=container", headers: &[] };

/// Where nobody listens: a machine without metadata.
const NOBODY: &str = "http://127.0.0.1:9";

fn environment(vars: &[(&str, &str)]) -> Environment {
    let mut vars: Vec<_> = vars.to_vec();
    if !vars.iter().any(|(name, _)| *name == "AZURE_POD_IDENTITY_AUTHORITY_HOST") {
        vars.push(("AZURE_POD_IDENTITY_AUTHORITY_HOST", NOBODY));
    }
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment { vars, home: None }
}

fn access_at(vars: &[(&str, &str)], clock: Arc<AtomicI64>) -> Access {
    let environment = environment(vars);
    let account = Account::choose("lab", &environment).unwrap();
    let http = crate::connect::client(&environment, 1, false).unwrap();
    let clock = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
    Access::new(&account, environment, http, Arc::new(clock))
}

async fn ask(vars: &[(&str, &str)]) -> Result<Authorized, Fault> {
    access_at(vars, Arc::new(AtomicI64::new(1_700_000_000))).authorize(&GET).await
}

fn header(authorized: &Authorized) -> &str {
    assert_eq!(authorized.headers[0].0, "authorization");
    authorized.headers[0].1.expose()
}

fn given(begin: &'static str) -> Reply {
    (begin, 200, "", GIVEN.to_owned())
}

#[tokio::test]
async fn a_key_signs_and_a_signature_goes_into_the_query() {
    let signed = ask(&[("AZURE_STORAGE_KEY", "a2V5")]).await.unwrap();
    assert!(header(&signed).starts_with("SharedKey lab:") && signed.query.is_none());
    assert_eq!(signed.source, "the environment (AZURE_STORAGE_KEY)");
    let sas = ask(&[("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=x%3D")]).await.unwrap();
    assert_eq!((sas.headers.len(), sas.query.unwrap().expose()), (0, "sv=1&sig=x%3D"));
}

#[rstest]
#[case(&[("AZURE_CLIENT_SECRET", "s+1")], "&client_secret=s%2B1")]
#[case(&[("AZURE_FEDERATED_TOKEN_FILE", "FILE")],
    "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=theirs")]
#[tokio::test]
async fn an_application_signs_in(#[case] vars: &[(&str, &str)], #[case] sent: &str) {
    let server = Server::new(vec![given("POST /ten/oauth2/v2.0/token ")]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(file.path(), "theirs\n").unwrap();
    let path = file.path().to_str().unwrap();
    let mut vars: Vec<_> =
        vars.iter().map(|(name, value)| (*name, if *value == "FILE" { path } else { *value })).collect();
    let authority = format!("{}/", server.base);
    vars.extend([
        ("AZURE_TENANT_ID", "ten"),
        ("AZURE_CLIENT_ID", "app"),
        ("AZURE_AUTHORITY_HOST", &authority),
    ]);
    let authorized = ask(&vars).await.unwrap();
    assert_eq!(header(&authorized), "Bearer canary");
    assert!(authorized.source.contains("`app`"), "{}", authorized.source);
    let form = "grant_type=client_credentials&client_id=app&scope=https%3A%2F%2Fstorage.azure.com%2F.default";
    assert!(server.seen()[0].ends_with(&format!("{form}{sent}")), "{:?}", server.seen());
}

#[tokio::test]
async fn a_token_is_kept_until_it_ages_or_is_refused_but_not_thrown_away_by_a_crowd() {
    let server = Server::new(vec![(KNOCK, 400, "", String::new()), given(IMDS)]).await;
    let clock = Arc::new(AtomicI64::new(0));
    let access = access_at(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &server.base)], Arc::clone(&clock));
    let asked = || server.seen().iter().filter(|request| request.starts_with(IMDS)).count();
    for (seconds, forget, count) in [
        (0, false, 1),
        (3000, true, 1),
        (3000, false, 2),
        (3001, true, 2),
        (3001, false, 2),
        (6400, false, 3),
    ] {
        clock.store(seconds, Ordering::Relaxed);
        if forget {
            access.forget().await;
        } else {
            access.authorize(&GET).await.unwrap();
        }
        assert_eq!(asked(), count, "after {seconds} s");
    }
    assert!(server.seen()[1].contains("metadata: true"));
}

#[tokio::test]
async fn an_app_asks_its_own_service() {
    let server =
        Server::new(vec![given("GET /msi?resource=https%3A%2F%2Fstorage.azure.com%2F&client_id=me&")]).await;
    let endpoint = format!("{}/msi", server.base);
    let vars =
        [("IDENTITY_ENDPOINT", endpoint.as_str()), ("IDENTITY_HEADER", "h"), ("AZURE_CLIENT_ID", "me")];
    assert_eq!(header(&ask(&vars).await.unwrap()), "Bearer canary");
    assert!(server.seen()[0].contains("x-identity-header: h"));
}

#[cfg(unix)]
#[rstest]
#[case(r#"echo '{"accessToken": "canary", "expires_on": 1700003600}'"#, Ok(()))]
#[case(r#"echo '{"accessToken": "canary", "expiresOn": "2023-11-14 22:00:00.0"}'"#, Ok(()))]
#[case("echo canary", Err("the Azure CLI (it printed no token)"))]
#[case(
    "echo canary; echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1",
    Err("the Azure CLI (Please run 'az login' to setup account)")
)]
#[tokio::test]
async fn a_person_signs_in_by_the_azure_cli(#[case] script: &str, #[case] expected: Result<(), &str>) {
    let folder = tempfile::tempdir().unwrap();
    // A program that was written just now cannot always be run: another thread's child may still hold it open.
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/src/azure/test_az.sh");
    std::os::unix::fs::symlink(program, folder.path().join("az")).unwrap();
    fs_err::write(folder.path().join("script"), script).unwrap();
    let found = ask(&[("PATH", folder.path().to_str().unwrap())]).await;
    match expected {
        Ok(()) => assert_eq!(header(&found.unwrap()), "Bearer canary"),
        Err(why) => {
            let fault = found.err().unwrap();
            let advice = fault.advice().unwrap();
            assert!(advice.contains(why) && !advice.contains("canary"), "{advice}");
        }
    }
}

#[tokio::test]
async fn where_nothing_is_found_the_fault_says_where_was_looked() {
    let vars = [("AZURE_STORAGE_ACCOUNT", "other"), ("AZURE_STORAGE_KEY", "canary")];
    let fault = ask(&vars).await.err().unwrap();
    let line = "no Azure credentials were found for account `lab`";
    assert_eq!((fault.class(), fault.line().as_str()), (Class::Missing, line));
    for part in [
        "AZURE_STORAGE_ACCOUNT is of account `other`",
        "az login",
        "--no-sign-request",
        "AZURE_CLIENT_SECRET",
        "a managed identity (no answer)",
        "the Azure CLI (`az` is not installed)",
    ] {
        assert!(fault.advice().unwrap().contains(part), "{part}: {:?}", fault.advice());
    }
}

#[rstest]
#[case(&[("AZURE_CLIENT_SECRET", "canary")], Class::BadInput, "AZURE_TENANT_ID is not")]
#[case(&[("AZURE_CLIENT_CERTIFICATE_PATH", "x.pem")], Class::BadInput, "AZURE_CLIENT_CERTIFICATE_PATH")]
#[case(&[("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/t"), ("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")],
    Class::Missing, "/nowhere/t")]
#[case(&[("AZURE_CLIENT_SECRET", "canary"), ("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"),
    ("AZURE_AUTHORITY_HOST", "http://example.org")], Class::Refused, "without TLS")]
#[case(&[("AZURE_STORAGE_ENDPOINT", "http://example.org"), ("AZURE_STORAGE_SAS_TOKEN", "canary")],
    Class::Refused, "without TLS")]
#[tokio::test]
async fn what_is_set_up_wrongly_is_refused_and_not_shown(
    #[case] vars: &[(&str, &str)],
    #[case] class: Class,
    #[case] why: &str,
) {
    let fault = ask(vars).await.err().unwrap();
    assert_eq!(fault.class(), class);
    assert!(fault.line().contains(why) && !fault.line().contains("canary"), "{fault:?}");
}

#[rstest]
#[case(404, "a managed identity (no answer)")]
#[case(
    400,
    "a managed identity (the machine's managed identity gave no credentials: invalid_request: Identity not found)"
)]
#[tokio::test]
async fn a_machine_need_not_have_an_identity(#[case] knock: u16, #[case] why: &str) {
    let refusal = r#"{"error": "invalid_request", "error_description": "Identity not found"}"#;
    let server =
        Server::new(vec![(KNOCK, knock, "", String::new()), (IMDS, 400, "", refusal.to_owned())]).await;
    let fault = ask(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &server.base)]).await.err().unwrap();
    assert!(fault.advice().unwrap().contains(why), "{:?}", fault.advice());
}
