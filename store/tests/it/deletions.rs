//! Answers to deletions: only one that says it is done counts, or the absence of the object.

use adt_model::Class;
use adt_store::Place;
use http::Method;
use rstest::rstest;

use crate::{
    azure::{ACCOUNT, azure},
    google::google,
    server::{Reply, Scripted},
    setup::{key, open, options},
};

#[derive(Clone, Copy, Debug)]
enum Cloud {
    S3,
    Google,
    Azure,
}

const HTML: &str = "<!DOCTYPE html><html><body>please log in</body></html>";

/// An object as an answer about it describes it, or its absence.
fn look(cloud: Cloud, there: bool) -> Reply {
    let say = |status, headers: Vec<(&'static str, String)>, body: &str| {
        Reply::Say(status, headers, body.to_owned())
    };
    match (cloud, there) {
        (Cloud::Google, true) => say(
            200,
            Vec::new(),
            r#"{"kind": "storage#object", "name": "x/a", "size": "4", "generation": "1"}"#,
        ),
        (Cloud::Google, false) => {
            say(404, Vec::new(), r#"{"error": {"code": 404, "message": "No such object: lab/x/a"}}"#)
        }
        (_, true) => say(200, vec![("etag", "\"e\"".to_owned()), ("content-length", "0".to_owned())], ""),
        (_, false) => say(404, Vec::new(), ""),
    }
}

async fn place(cloud: Cloud, status: u16, body: &'static str, there: bool) -> (Scripted, Place) {
    let server = Scripted::start(move |_, asked| match asked.method {
        Method::DELETE => Reply::Say(status, Vec::new(), body.to_owned()),
        _ => look(cloud, there),
    })
    .await;
    let place = match cloud {
        Cloud::S3 => open("s3://lab/x", &options(&server.endpoint, "key", "secret")).await,
        Cloud::Google => open("gs://lab/x", &google(&server.endpoint)).await,
        Cloud::Azure => open(&format!("az://{ACCOUNT}/lab/x"), &azure(&server.endpoint)).await,
    };
    (server, place)
}

#[rstest]
#[case::s3(Cloud::S3, 204, "", true, true)]
#[case::s3_that_says_ok(Cloud::S3, 200, "", false, true)]
#[case::a_proxy_before_s3_that_says_ok(Cloud::S3, 200, "", true, false)]
#[case::a_page_before_s3(Cloud::S3, 200, HTML, false, false)]
#[case::s3_that_accepts(Cloud::S3, 202, "", false, false)]
#[case::s3_with_an_error_in_a_200(Cloud::S3, 200, "<Error><Code>InternalError</Code></Error>", true, false)]
#[case::google(Cloud::Google, 204, "", true, true)]
#[case::google_that_says_ok(Cloud::Google, 200, "", false, true)]
#[case::a_proxy_before_google_that_says_ok(Cloud::Google, 200, "", true, false)]
#[case::a_page_before_google(Cloud::Google, 200, HTML, false, false)]
#[case::google_with_an_error_in_a_200(Cloud::Google, 200, r#"{"error": {"code": 503}}"#, true, false)]
#[case::azure(Cloud::Azure, 202, "", true, true)]
#[case::azure_that_says_ok(Cloud::Azure, 200, "", false, false)]
#[case::a_page_before_azure(Cloud::Azure, 202, HTML, true, false)]
#[tokio::test]
async fn a_deletion_counts_when_it_is_said_or_seen(
    #[case] cloud: Cloud,
    #[case] status: u16,
    #[case] body: &'static str,
    #[case] there: bool,
    #[case] done: bool,
) {
    let (_server, place) = place(cloud, status, body, there).await;
    let deleted = place.delete(&key("a")).await;
    assert_eq!(
        deleted.as_ref().map_err(adt_model::Fault::class),
        if done { Ok(&()) } else { Err(Class::Refused) },
        "{deleted:?}"
    );
}
