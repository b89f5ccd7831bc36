use std::sync::atomic::{AtomicI64, Ordering};

use super::{service_account::tests::PEM, *};
use crate::replies::{Reply, Server};
use adt_model::Class;
use rstest::rstest;
use serde_json::{Value, json};

const GIVEN: &str = r#"{"access_token": "canary", "expires_in": 3599, "token_type": "Bearer"}"#;

/// A person's home without anything, and a metadata server that does not exist unless `vars` name one.
struct Home {
    folder: tempfile::TempDir,
    vars: Vec<(&'static str, String)>,
}

impl Home {
    fn new(vars: &[(&'static str, &str)]) -> Self {
        let vars = vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { folder: tempfile::tempdir().unwrap(), vars }
    }

    /// With `GOOGLE_APPLICATION_CREDENTIALS` of this content.
    fn with_file(document: &Value) -> Self {
        let mut home = Self::new(&[]);
        let path = home.folder.path().join("key.json");
        fs_err::write(&path, document.to_string()).unwrap();
        home.vars.push((chain::FILE, path.to_str().unwrap().to_owned()));
        home
    }

    fn tokens_at(&self, clock: Arc<AtomicI64>) -> Tokens {
        let home = Some(self.folder.path().to_str().unwrap().into());
        let mut environment = Environment { home, ..Environment::default() };
        environment.vars.insert("NO_GCE_CHECK".into(), "true".into());
        for (name, value) in &self.vars {
            environment.vars.insert((*name).to_owned(), value.clone());
        }
        if environment.var("GCE_METADATA_HOST").is_some() {
            environment.vars.remove("NO_GCE_CHECK");
        }
        let http = crate::connect::client(&environment, 1, false).unwrap();
        let clock = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
        Tokens::new(environment, http, Arc::new(clock))
    }

    fn tokens(&self) -> Tokens {
        self.tokens_at(Arc::new(AtomicI64::new(1_700_000_000)))
    }
}

fn given(begin: &'static str) -> Reply {
    (begin, 200, "", GIVEN.to_owned())
}

fn person(server: &Server) -> Value {
    json!({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r+1",
        "quota_project_id": "lab", "token_uri": format!("{}/token", server.base)})
}

#[tokio::test]
async fn a_service_account_signs_and_its_token_is_kept_until_it_ages_or_is_refused() {
    let server = Server::new(vec![given("POST /token ")]).await;
    let home =
        Home::with_file(&json!({"type": "service_account", "client_email": "rig@lab", "private_key": PEM,
        "private_key_id": "k", "token_uri": format!("{}/token", server.base)}));
    let clock = Arc::new(AtomicI64::new(1_700_000_000));
    let tokens = home.tokens_at(Arc::clone(&clock));
    let first = tokens.get().await.unwrap().unwrap();
    assert_eq!(first.expires.unwrap().as_second(), 1_700_003_599);
    assert!(first.source.contains("rig@lab") && !format!("{first:?}").contains("canary"), "{first:?}");
    for (seconds, asked) in [(0, 1), (3000, 1), (3400, 2), (3500, 2)] {
        clock.store(1_700_000_000 + seconds, Ordering::Relaxed);
        tokens.get().await.unwrap();
        assert_eq!(server.seen().len(), asked, "after {seconds} s");
    }
    tokens.forget(&tokens.get().await.unwrap().unwrap()).await;
    tokens.get().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(
        seen[0].contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey")
    );
}

#[tokio::test]
async fn a_person_signs_in_by_gcloud() {
    let server = Server::new(vec![given("POST /token ")]).await;
    let home = Home::new(&[]);
    let folder = home.folder.path().join(".config/gcloud");
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::write(folder.join("application_default_credentials.json"), person(&server).to_string()).unwrap();
    // On Windows gcloud's folder lies elsewhere.
    let mut home = home;
    home.vars.push(("CLOUDSDK_CONFIG", folder.to_str().unwrap().to_owned()));
    let token = home.tokens().get().await.unwrap().unwrap();
    assert_eq!((token.bearer.expose(), token.quota_project.as_deref()), ("canary", Some("lab")));
    assert!(
        server.seen()[0]
            .ends_with("grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=r%2B1")
    );
}

#[tokio::test]
async fn an_expired_sign_in_says_what_to_run() {
    let refusal = r#"{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}"#;
    let server = Server::new(vec![("POST /token ", 400, "", refusal.to_owned())]).await;
    let fault = Home::with_file(&person(&server)).tokens().get().await.unwrap_err();
    assert_eq!(fault.class(), Class::Refused);
    assert!(fault.line().ends_with("invalid_grant: Token has been expired or revoked"), "{fault:?}");
    assert!(fault.advice().unwrap().contains("gcloud auth application-default login"));
}

#[rstest]
#[case(json!({"file": "token.txt"}), "subject_token=theirs")]
#[case(json!({"file": "token.json", "format": {"type": "json", "subject_token_field_name": "jwt"}}), "subject_token=theirs")]
#[case(json!({"url": "/theirs", "headers": {"x-lab": "1"}}), "subject_token=by-url")]
#[tokio::test]
async fn an_external_account_exchanges_its_token_and_becomes_a_service_account(
    #[case] mut source: Value,
    #[case] sent: &str,
) {
    let lent = r#"{"accessToken": "canary", "expireTime": "2023-11-14T23:13:20Z"}"#.to_owned();
    let server = Server::new(vec![
        given("POST /sts "),
        ("POST /as/rig@lab:generateAccessToken ", 200, "", lent),
        ("GET /theirs ", 200, "", "by-url\n".to_owned()),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("token.txt"), "theirs\n").unwrap();
    fs_err::write(folder.path().join("token.json"), r#"{"jwt": "theirs"}"#).unwrap();
    if let Some(file) = source.get("file").and_then(Value::as_str) {
        source["file"] = json!(folder.path().join(file).to_str().unwrap());
    } else {
        source["url"] = json!(format!("{}/theirs", server.base));
    }
    let home = Home::with_file(
        &json!({"type": "external_account", "audience": "//iam/x", "subject_token_type": "jwt",
        "token_url": format!("{}/sts", server.base), "credential_source": source,
        "service_account_impersonation_url": format!("{}/as/rig@lab:generateAccessToken", server.base)}),
    );
    let token = home.tokens().get().await.unwrap().unwrap();
    assert_eq!(token.expires.unwrap().as_second(), 1_700_003_600);
    assert!(token.source.contains("rig@lab"), "{}", token.source);
    let seen = server.seen();
    let exchange = seen.iter().find(|request| request.starts_with("POST /sts")).unwrap();
    assert!(exchange.contains(sent) && exchange.contains("cloud-platform"), "{exchange}");
    let last = seen.last().unwrap();
    assert!(
        last.contains("authorization: Bearer canary") && last.contains("devstorage.read_write"),
        "{last}"
    );
}

#[tokio::test]
async fn a_sign_in_can_stand_for_a_service_account() {
    let server = Server::new(vec![given("POST /token "), given("POST /as/rig:generateAccessToken ")]).await;
    let home = Home::with_file(
        &json!({"type": "impersonated_service_account", "source_credentials": person(&server),
        "service_account_impersonation_url": format!("{}/as/rig:generateAccessToken", server.base)}),
    );
    let token = home.tokens().get().await.unwrap().unwrap();
    assert!(token.source.starts_with("service account `rig`"), "{}", token.source);
}

#[rstest]
#[case("metadata-flavor: Google\r\n", 200, None)]
#[case("metadata-flavor: Google\r\n", 404, Some("it names no service account"))]
#[case("", 200, Some("another server answers there"))]
#[tokio::test]
async fn a_machine_of_google_has_a_service_account(
    #[case] flavor: &'static str,
    #[case] status: u16,
    #[case] why: Option<&str>,
) {
    const ACCOUNT: &str = "GET /computeMetadata/v1/instance/service-accounts/default/email ";
    let token = given("GET /computeMetadata/v1/instance/service-accounts/default/token ");
    let server = Server::new(vec![(ACCOUNT, status, flavor, "vm@lab".to_owned()), token]).await;
    let home = Home::new(&[("GCE_METADATA_HOST", server.base.trim_start_matches("http://"))]);
    let found = home.tokens().get().await;
    assert!(server.seen()[0].contains("metadata-flavor: Google"));
    match why {
        None => assert!(found.unwrap().unwrap().source.contains("vm@lab")),
        Some(why) => assert!(found.unwrap_err().advice().unwrap().contains(why)),
    }
}

#[tokio::test]
async fn where_nothing_is_found_the_fault_says_where_was_looked() {
    let fault = Home::new(&[]).tokens().get().await.unwrap_err();
    assert_eq!(
        (fault.class(), fault.line().as_str()),
        (Class::Missing, "no Google Cloud credentials were found")
    );
    for part in [
        "gcloud auth application-default login",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "--no-sign-request",
        "application_default_credentials.json",
        "metadata server (switched off)",
    ] {
        assert!(fault.advice().unwrap().contains(part), "{part}: {:?}", fault.advice());
    }
}

#[tokio::test]
async fn an_emulator_is_asked_without_a_token() {
    assert!(Home::new(&[("STORAGE_EMULATOR_HOST", "x:1")]).tokens().get().await.unwrap().is_none());
}

#[rstest]
#[case(json!("canary"), "has no `type`")]
#[case(json!({"type": "service_account"}), "has no `client_email`")]
#[case(json!({"type": "service_account", "client_email": "e", "token_uri": "https://x", "private_key": "canary"}), "is no key in PEM")]
#[case(json!({"type": "gdch_service_account"}), "is of the kind `gdch_service_account`")]
#[case(json!({"type": "external_account", "credential_source": {"environment_id": "aws1", "url": "http://169.254.169.254"}}), "not built in")]
#[case(json!({"type": "impersonated_service_account", "service_account_impersonation_url": "https://x"}), "has no `source_credentials`")]
#[case(json!({"type": "authorized_user", "client_id": "c", "client_secret": "canary", "refresh_token": "canary", "token_uri": "http://example.org"}), "without TLS")]
#[tokio::test]
async fn files_that_cannot_be_used_are_refused_and_not_shown(#[case] document: Value, #[case] why: &str) {
    let fault = Home::with_file(&document).tokens().get().await.unwrap_err();
    assert!(fault.line().contains(why) && fault.line().contains("key.json"), "{fault:?}");
    assert!(!fault.line().contains("canary"), "{fault:?}");
}

#[rstest]
#[case("/nowhere/key.json", Class::Missing, "/nowhere/key.json")]
#[case(r#"{"private_key": "canary"}"#, Class::BadInput, "holds a document")]
#[tokio::test]
async fn a_file_that_is_named_has_to_be_there(#[case] named: &str, #[case] class: Class, #[case] why: &str) {
    let fault = Home::new(&[(chain::FILE, named)]).tokens().get().await.unwrap_err();
    assert_eq!(fault.class(), class);
    assert!(fault.line().contains(chain::FILE) && fault.line().contains(why), "{fault:?}");
    assert!(!fault.line().contains("canary"), "{fault:?}");
}
