//! Parameters and secrets: what is asked, what is made of each answer, and how often.

mod moto;
mod server;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_model::{Class, Fault, Secret};
use adt_net::Environment;
use adt_services::{AwsSecrets, ServiceOptions};
use futures::future::join_all;
use jiff::Timestamp;
use rstest::rstest;

use server::{Reply, Scripted};

/// Must be in no text.
const CANARY: &str = "canary-7f3a";

fn environment(vars: &[(&str, &str)]) -> Environment {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment { vars, home: None }
}

fn options(endpoint: &str, more: &[(&str, &str)]) -> ServiceOptions {
    let mut vars = vec![
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", CANARY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "us-west-2"),
    ];
    vars.extend(more);
    let mut options = ServiceOptions::new(environment(&vars), Arc::new(Timestamp::now));
    options.retry_time = Duration::from_secs(10);
    options
}

fn secrets(server: &Scripted) -> AwsSecrets {
    AwsSecrets::new(options(&server.endpoint, &[]))
}

fn parameter(value: &str) -> Reply {
    let value =
        serde_json::json!({"Parameter": {"Name": "x", "Type": "String", "Value": value, "Version": 1}});
    Reply::Say(200, value.to_string())
}

fn refuse(status: u16, kind: &str) -> Reply {
    Reply::Say(status, serde_json::json!({"__type": kind, "message": "no."}).to_string())
}

fn html(status: u16) -> Reply {
    Reply::Say(status, format!("<html><body>{CANARY}</body></html>"))
}

fn shown(fault: &Fault) -> String {
    format!("{fault:?} {:?}", fault.advice())
}

#[tokio::test]
async fn a_parameter_is_asked_for_as_aws_wants_it() {
    let server = Scripted::saying([parameter("{\"a\": \"ü\"}")]).await;
    let value = secrets(&server).parameter(" /lab/endpoints ", false).await.unwrap();
    assert_eq!(value.expose(), "{\"a\": \"ü\"}");
    let asked = server.asked().remove(0);
    assert_eq!(asked.target, "POST /");
    assert_eq!(asked.body, r#"{"Name":"/lab/endpoints","WithDecryption":false}"#);
    assert_eq!(asked.header("x-amz-target"), "AmazonSSM.GetParameter");
    assert_eq!(asked.header("content-type"), "application/x-amz-json-1.1");
    let authorization = asked.header("authorization");
    assert!(
        authorization.contains(
            "/us-west-2/ssm/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target,"
        ),
        "{authorization}"
    );
}

#[tokio::test]
async fn a_secret_is_asked_for_as_aws_wants_it() {
    let answer = serde_json::json!({"ARN": "arn:…", "Name": "lab", "SecretString": CANARY, "VersionStages": ["AWSCURRENT"]});
    let server = Scripted::saying([Reply::Say(200, answer.to_string())]).await;
    assert_eq!(secrets(&server).secret("lab/token").await.unwrap(), Secret::new(CANARY));
    let asked = server.asked().remove(0);
    assert_eq!(asked.body, r#"{"SecretId":"lab/token"}"#);
    assert_eq!(asked.header("x-amz-target"), "secretsmanager.GetSecretValue");
    assert!(asked.header("authorization").contains("/us-west-2/secretsmanager/aws4_request,"));
}

#[tokio::test]
async fn each_service_may_have_its_own_endpoint() {
    let (ssm, sm) = (Scripted::saying([parameter("p")]).await, Scripted::saying([refuse(400, "X")]).await);
    let secrets = AwsSecrets::new(options(
        "http://127.0.0.1:1",
        &[("AWS_ENDPOINT_URL_SSM", &ssm.endpoint), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &sm.endpoint)],
    ));
    secrets.parameter("p", true).await.unwrap();
    secrets.secret("s").await.unwrap_err();
    assert_eq!((ssm.asked().len(), sm.asked().len()), (1, 1));
}

#[rstest]
#[case::throttled(refuse(400, "ThrottlingException"))]
#[case::too_many(Reply::Say(429, String::new()))]
#[case::internal(refuse(500, "com.amazonaws.ssm#InternalServerError"))]
#[case::gateway(html(502))]
#[case::hung_up(Reply::HangUp)]
#[case::stalled(Reply::Stall)]
#[tokio::test]
async fn what_may_pass_is_tried_again_and_told(#[case] trouble: Reply) {
    let server = Scripted::saying([trouble.clone(), trouble, parameter(CANARY)]).await;
    let (notes, mut options) = (Arc::new(Mutex::new(Vec::new())), options(&server.endpoint, &[]));
    let sink = Arc::clone(&notes);
    options.on_retry = Arc::new(move |note| sink.lock().unwrap().push(note.to_owned()));
    options.request_timeout = Duration::from_secs(2);
    let value = AwsSecrets::new(options).parameter("/lab/x", true).await.unwrap();
    let notes = notes.lock().unwrap().clone();
    assert_eq!((value.expose(), server.asked().len(), notes.len()), (CANARY, 3, 2));
    assert!(
        notes.iter().all(|note| note.contains("parameter `/lab/x`") && !note.contains(CANARY)),
        "{notes:?}"
    );
}

#[rstest]
#[case::gateway(html(502), "502")]
#[case::throttled(refuse(400, "ThrottlingException"), "ThrottlingException")]
#[case::stalled(Reply::Stall, "no whole answer")]
#[tokio::test]
async fn patience_ends_and_is_not_held_against_the_name(#[case] trouble: Reply, #[case] word: &str) {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let state = Arc::clone(&down);
    let server = Scripted::start(move |_, _| {
        if state.load(std::sync::atomic::Ordering::Relaxed) { trouble.clone() } else { parameter("v") }
    })
    .await;
    let mut options = options(&server.endpoint, &[]);
    (options.retry_time, options.request_timeout) = (Duration::from_millis(1200), Duration::from_secs(1));
    let secrets = AwsSecrets::new(options);
    let fault = secrets.parameter("/lab/x", true).await.unwrap_err();
    assert_eq!(fault.class(), Class::Transient);
    assert!(fault.line().contains("`/lab/x`") && fault.line().contains(word), "{fault:?}");
    assert!(fault.line().contains("tries in") && !shown(&fault).contains(CANARY), "{fault:?}");
    down.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(secrets.parameter("/lab/x", true).await.unwrap().expose(), "v");
}

#[rstest]
#[case::bare(refuse(400, "ParameterNotFound"), Class::Missing, "ParameterNotFound")]
#[case::spaced(refuse(400, "com.amazonaws.ssm#ParameterNotFound"), Class::Missing, "ParameterNotFound")]
#[case::not_allowed(refuse(400, "AccessDeniedException"), Class::Refused, "ssm:GetParameter")]
#[case::unknown_key(refuse(400, "UnrecognizedClientException"), Class::Refused, "the environment")]
#[case::wrong_key(refuse(400, "InvalidSignatureException"), Class::Refused, "secret key")]
#[case::ill_named(refuse(400, "ValidationException"), Class::BadInput, "name")]
#[case::expired_without_a_token(refuse(400, "ExpiredTokenException"), Class::Refused, "expired")]
#[case::a_page(html(200), Class::Refused, "AWS_ENDPOINT_URL_S3")]
#[case::a_page_that_is_not_there(html(404), Class::Refused, "AWS_ENDPOINT_URL_S3")]
#[case::empty(Reply::Say(200, String::new()), Class::Refused, "does not answer")]
#[case::another_document(Reply::Say(200, format!("[\"{CANARY}\"]")), Class::Refused, "does not answer")]
#[case::encrypted(
    Reply::Say(200, format!(r#"{{"Parameter":{{"Type":"SecureString","Value":"{CANARY}"}}}}"#)),
    Class::BadInput,
    "SecureString"
)]
#[case::endless(Reply::Say(200, CANARY.repeat(200_000)), Class::Refused, "longer than")]
#[tokio::test]
async fn what_will_not_pass_is_asked_once_in_a_run(
    #[case] reply: Reply,
    #[case] class: Class,
    #[case] word: &str,
) {
    let server = Scripted::saying([reply]).await;
    let secrets = secrets(&server);
    for _ in 0..3 {
        let fault = secrets.clone().parameter("/lab/x", false).await.unwrap_err();
        assert_eq!(fault.class(), class, "{fault:?}");
        let text = shown(&fault);
        assert!(text.contains("parameter `/lab/x`") && text.contains(word), "{text}");
        assert!(!text.contains(CANARY) && !format!("{secrets:?}").contains(CANARY), "{text}");
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn however_many_ask_at_once_a_name_is_fetched_once() {
    let server = Scripted::start(|_, asked| parameter(&asked.body)).await;
    let secrets = secrets(&server);
    let all = join_all((0..50).map(|_| secrets.parameter("/lab/x", true))).await;
    assert!(all.into_iter().all(|value| value.unwrap().expose().contains("/lab/x")));
    assert_eq!(server.asked().len(), 1);
    // Other names, and the same one in its other form, are other things.
    secrets.parameter("/lab/x", false).await.unwrap();
    secrets.parameter("/lab/y", true).await.unwrap();
    secrets.parameter("/lab/x", true).await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn those_who_wait_share_a_failure_too() {
    let server = Scripted::saying([html(503)]).await;
    let mut options = options(&server.endpoint, &[]);
    options.retry_time = Duration::ZERO;
    let secrets = AwsSecrets::new(options);
    let all = join_all((0..50).map(|_| secrets.parameter("/lab/x", true))).await;
    assert!(all.iter().all(|value| value.as_ref().is_err_and(|fault| fault.class() == Class::Transient)));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn when_the_one_who_asks_goes_away_the_next_asks() {
    let server = Scripted::saying([Reply::Stall, parameter("v")]).await;
    let secrets = secrets(&server);
    let (one, two) = (secrets.clone(), secrets.clone());
    let first = tokio::spawn(async move { one.parameter("/lab/x", true).await });
    server.has_been_asked(1).await;
    let second = tokio::spawn(async move { two.parameter("/lab/x", true).await });
    tokio::task::yield_now().await;
    first.abort();
    assert_eq!(second.await.unwrap().unwrap().expose(), "v");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn keys_that_have_expired_are_replaced_once() {
    let keys = |access_key: &str| {
        let keys = serde_json::json!({"AccessKeyId": access_key, "SecretAccessKey": CANARY, "Token": CANARY,
            "Expiration": "2999-01-01T00:00:00Z"});
        Reply::Say(200, keys.to_string())
    };
    let server = Scripted::start(move |index, asked| match asked.target.as_str() {
        "GET /keys" => keys(if index == 0 { "OLD" } else { "NEW" }),
        _ if asked.header("authorization").contains("Credential=NEW/") => parameter("v"),
        _ => refuse(400, "ExpiredTokenException"),
    })
    .await;
    let url = format!("{}/keys", server.endpoint);
    let mut options = options(&server.endpoint, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]);
    options.environment.vars.remove("AWS_ACCESS_KEY_ID");
    assert_eq!(AwsSecrets::new(options).parameter("x", true).await.unwrap().expose(), "v");
    assert_eq!(server.asked().len(), 4);
    assert_eq!(server.asked()[3].header("x-amz-security-token"), CANARY);
}

#[rstest]
#[case::by_name("/lab/x", "/us-west-2/")]
#[case::by_arn("arn:aws:ssm:eu-central-1:123456789012:parameter/lab/x", "/eu-central-1/")]
#[tokio::test]
async fn the_region_of_an_arn_wins(#[case] name: &str, #[case] region: &str) {
    let server = Scripted::saying([parameter("v")]).await;
    secrets(&server).parameter(name, false).await.unwrap();
    let asked = server.asked().remove(0);
    assert!(asked.header("authorization").contains(region) && asked.body.contains(name), "{asked:?}");
}

#[rstest]
#[case::no_region("x", "", Class::Missing, "AWS_REGION")]
#[case::a_host_for_a_region(
    "arn:aws:ssm:evil.example/:1:parameter/x",
    "us-west-2",
    Class::BadInput,
    "no region"
)]
#[case::another_service("arn:aws:s3:::bucket", "us-west-2", Class::BadInput, "not of `ssm`")]
#[case::no_name(" ", "us-west-2", Class::BadInput, "empty")]
#[tokio::test]
async fn what_cannot_be_asked_is_not(
    #[case] name: &str,
    #[case] region: &str,
    #[case] class: Class,
    #[case] word: &str,
) {
    let server = Scripted::saying([parameter("v")]).await;
    let secrets = AwsSecrets::new(options(&server.endpoint, &[("AWS_REGION", region)]));
    let fault = secrets.parameter(name, false).await.unwrap_err();
    assert_eq!(fault.class(), class, "{fault:?}");
    assert!(shown(&fault).contains(word), "{}", shown(&fault));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn without_credentials_the_fault_says_where_was_looked() {
    let server = Scripted::saying([parameter("v")]).await;
    let mut options = options(&server.endpoint, &[]);
    options.environment.vars.remove("AWS_ACCESS_KEY_ID");
    let fault = AwsSecrets::new(options).parameter("x", false).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (Class::Missing, 0));
    assert!(fault.advice().unwrap().contains("AWS_ACCESS_KEY_ID"), "{fault:?}");
}

#[tokio::test]
async fn moto_answers_as_aws_does() {
    let moto = tokio::task::spawn_blocking(moto::Moto::start).await.unwrap();
    let secrets = AwsSecrets::new(options(&moto.url, &[]));
    assert_eq!(secrets.parameter("/adt/plain", false).await.unwrap().expose(), r#"{"a":1}"#);
    assert_eq!(secrets.parameter("/adt/plain", true).await.unwrap().expose(), r#"{"a":1}"#);
    assert_eq!(secrets.parameter("/adt/kept", true).await.unwrap().expose(), "kept-value");
    assert_eq!(secrets.parameter("/adt/kept", false).await.unwrap_err().class(), Class::BadInput);
    assert_eq!(secrets.secret("adt/secret").await.unwrap().expose(), "secret-value");
    let arn = "arn:aws:ssm:us-west-2:123456789012:parameter/adt/plain";
    assert_eq!(secrets.parameter(arn, false).await.unwrap().expose(), r#"{"a":1}"#);
    for fault in [
        secrets.parameter("/adt/nothing", true).await.unwrap_err(),
        secrets.secret("adt/nothing").await.unwrap_err(),
    ] {
        assert_eq!(fault.class(), Class::Missing, "{}", shown(&fault));
        assert!(fault.line().contains("nothing` in us-west-2"), "{}", shown(&fault));
    }
}
