use std::time::Duration;

use adt_model::{Class, Fault, MetadataApi, Schema};
use adt_services::metadata_service::{Answer, Language, MetadataService};
use adt_testkit::services::{
    FUNDING_V2, INVESTIGATORS_V2, MetadataScript, MetadataServer, PROCEDURES_V1, Reply, SUBJECT_V1,
    SUBJECT_V2, envelope,
};
use rstest::rstest;

use crate::setup::{hasty, nobody, options, patient};

const ID: &str = "987654";
const V1: &str = "/subject/987654";
const V2: &str = "/api/v2/subject/987654";

fn server(script: MetadataScript) -> MetadataServer {
    MetadataServer::start(script).unwrap()
}

fn open(server: &MetadataServer, api: MetadataApi, schema: Schema) -> MetadataService {
    MetadataService::open(&server.url(), api, schema, &hasty()).unwrap()
}

/// What one language makes of one reply to the question for the subject.
async fn subject(language: Language, reply: Reply) -> Result<Answer, Fault> {
    let (api, schema, path, script) = match language {
        Language::V1 => (MetadataApi::V1, Schema::V1, V1, MetadataScript::v1()),
        Language::V2 => (MetadataApi::V2, Schema::V2, V2, MetadataScript::v2()),
    };
    let server = server(script.on(path, [reply]));
    open(&server, api, schema).subject(ID).await
}

/// The text and the remark of what must have been found.
#[expect(clippy::panic, reason = "what was not found is a failure with its place")]
fn found(answer: Result<Answer, Fault>) -> (String, String) {
    match answer {
        Ok(Answer::Found { text, remark, .. }) => (text, remark.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

#[expect(clippy::panic, reason = "what was found all the same is a failure with its place")]
fn missing(answer: Result<Answer, Fault>) -> String {
    match answer {
        Ok(Answer::Missing { said }) => said,
        other => panic!("{other:?}"),
    }
}

/// Unknown fields, digits and order that no model would keep.
const ODD: &str = r#"{"subject_id": "987654", "zebra": 1.10, "alpha": 12345678901234567890123, "ü": null}"#;

#[rstest]
#[case::valid(200, "Valid Model.", ODD, "")]
#[case::several_one_entry(300, "Multiple Items Found.", &format!("[{ODD}]"), "")]
#[case::several_ours_second(300, "Multiple", &format!(r#"[{{"subject_id": "1"}}, {ODD}]"#),
    "2 documents came: the one of `987654` is used")]
#[case::several_the_same(300, "Multiple", &format!("[{ODD}, {ODD}]"), "2 documents came: the one of `987654` is used")]
#[case::several_of_ours(300, "Multiple", &format!(r#"[{ODD}, {{"subject_id": "987654"}}]"#),
    "2 documents came, 2 of `987654`: the first is used")]
#[case::several_none_ours(300, "Multiple", &format!("[{ODD}, {ODD}]").replace(r#""987654""#, r#""1""#),
    "2 documents came and none is of `987654`: the first is used")]
#[case::invalid(
    406,
    "Validation Errors: 1\\nfield",
    ODD,
    "the document does not validate (Validation Errors: 1 field)"
)]
#[case::partial(
    207,
    "Some failed.",
    ODD,
    "the document is partial: some of the service's sources failed (Some failed.)"
)]
#[case::not_validated(
    422,
    "Valid Request Format.",
    ODD,
    "the service did not validate the document (Valid Request Format.)"
)]
#[tokio::test]
async fn the_envelopes_data_is_kept_as_it_was_written(
    #[case] status: u16,
    #[case] message: &str,
    #[case] data: &str,
    #[case] remark: &str,
) {
    let (text, said) = found(subject(Language::V1, Reply::json(status, envelope(message, data))).await);
    let odd = if data.contains(r#""987654""#) { ODD.to_owned() } else { ODD.replace("987654", "1") };
    assert_eq!((text, said), (odd, remark.to_owned()));
}

#[rstest]
#[case::nothing(404, &envelope("No Data Found.", "null"), "answered 404: No Data Found.")]
#[case::invalid_without_data(406, &envelope("Validation Errors", "null"), "answered 406: Validation Errors")]
#[tokio::test]
async fn what_the_envelope_has_not_is_missing(#[case] status: u16, #[case] body: &str, #[case] said: &str) {
    let answer = missing(subject(Language::V1, Reply::json(status, body)).await);
    assert!(answer.starts_with("GET http://127.0.0.1:") && answer.ends_with(said), "{answer}");
    assert!(answer.contains("/subject/987654?pickle=False "), "{answer}");
}

#[rstest]
#[case::without_data(Reply::json(200, r#"{"message": "Valid Model."}"#), Class::Corrupt, "holds no data")]
#[case::null(Reply::json(200, envelope("Valid Model.", "null")), Class::Corrupt, "holds no data")]
#[case::a_list(
    Reply::json(200, envelope("", "[{}, {}]")),
    Class::Corrupt,
    "list of 2 where one document is expected"
)]
#[case::no_entries(Reply::json(300, envelope("", "[]")), Class::Corrupt, "an empty list")]
#[case::no_objects(Reply::json(300, envelope("", "[1]")), Class::Corrupt, "other things than documents")]
#[case::a_text(Reply::json(200, envelope("", "\"x\"")), Class::Corrupt, "no JSON object")]
#[case::bare_list(Reply::json(200, "[]"), Class::BadInput, "that is no answer")]
#[case::html(Reply::html(200), Class::BadInput, "answered 200: an HTML page: `<!DOCTYPE html>")]
#[case::html_404(Reply::html(404), Class::BadInput, "answered 404: an HTML page")]
#[case::empty(Reply::empty(200), Class::BadInput, "answered 200: an empty answer")]
#[case::broken(
    Reply::json(200, r#"{"message": "Valid", "data": {"subject_id": "98"#),
    Class::BadInput,
    "that is no answer"
)]
#[case::no_content(Reply::empty(204), Class::BadInput, "answered 204")]
#[case::bad_request(
    Reply::json(400, envelope("Bad Request.", "null")),
    Class::BadInput,
    "answered 400: Bad Request."
)]
#[case::detail(Reply::json(422, r#"{"detail": [{"msg": "odd"}]}"#), Class::BadInput, "answered 422")]
#[case::partial_nothing(
    Reply::json(207, envelope("Errors.", "null")),
    Class::Transient,
    "answered 207: Errors."
)]
#[case::unauthorised(Reply::json(401, r#"{"detail": "who?"}"#), Class::Refused, "answered 401: who?")]
#[case::forbidden(Reply::html(403), Class::Refused, "answered 403")]
#[case::too_many(Reply::empty(429), Class::Transient, "answered 429")]
#[case::internal(
    Reply::json(500, envelope("Internal Server Error.", "null")),
    Class::Transient,
    "answered 500: Internal Server Error., 1 try in 0 s"
)]
#[case::gateway(Reply::html(502), Class::Transient, "answered 502: an HTML page")]
#[case::unavailable(
    Reply::json(503, envelope("Connection Error.", "null")),
    Class::Transient,
    "answered 503"
)]
#[case::reset(Reply::reset(), Class::Transient, "broke off its answer: GET http://127.0.0.1:")]
#[case::login_page(Reply::empty(302).header("location", "https://login.lab.org/in?token=canary"), Class::BadInput,
    "on to `https://login.lab.org/in` (302)")]
#[case::no_route(
    Reply::json(404, r#"{"detail":"Not Found"}"#),
    Class::BadInput,
    "there is no metadata service that knows subjects"
)]
#[tokio::test]
async fn every_other_answer_is_one_clear_fault(
    #[case] reply: Reply,
    #[case] class: Class,
    #[case] what: &str,
    #[values(Language::V1)] language: Language,
) {
    let fault = subject(language, reply).await.unwrap_err();
    assert_eq!(fault.class(), class, "{fault:?}");
    let line = fault.line();
    assert!(line.contains(what) && line.contains("/subject/987654"), "{line}");
    assert!(!line.contains('\n') && line.chars().count() < 500 && !line.contains("canary"), "{line}");
}

#[rstest]
#[case::valid(Reply::json(200, ODD), "")]
#[case::invalid(Reply::json(400, ODD).header("x-error-message", "[{\"loc\":  1}]"),
    "the document does not validate ([{\"loc\": 1}])")]
#[case::invalid_without_reason(Reply::json(400, ODD), "the document does not validate")]
#[tokio::test]
async fn the_bare_document_is_kept_as_it_was_written(#[case] reply: Reply, #[case] remark: &str) {
    let (text, said) = found(subject(Language::V2, reply).await);
    assert_eq!((text.as_str(), said.as_str()), (ODD, remark));
}

#[rstest]
#[case::nothing(404, r#"{"detail":"Not found"}"#, "/api/v2/subject/987654 answered 404: Not found")]
#[case::not_numeric(406, r#"{"detail":"must be numeric"}"#, "answered 406: must be numeric")]
#[tokio::test]
async fn what_the_second_language_has_not_is_missing(
    #[case] status: u16,
    #[case] body: &str,
    #[case] said: &str,
) {
    let answer = missing(subject(Language::V2, Reply::json(status, body)).await);
    assert!(answer.ends_with(said), "{answer}");
}

#[rstest]
#[case::null(Reply::json(200, "null"), Class::Corrupt, "holds no data")]
#[case::a_list(Reply::json(200, "[{}]"), Class::Corrupt, "list of 1 where one document is expected")]
#[case::html(Reply::html(200), Class::BadInput, "an HTML page")]
#[case::empty(Reply::empty(200), Class::BadInput, "an empty answer")]
#[case::bad_request(Reply::json(400, r#"{"detail":"odd"}"#), Class::BadInput, "answered 400: odd")]
#[case::internal(Reply::json(500, r#"{"detail":"oops"}"#), Class::Transient, "answered 500: oops")]
#[case::no_route(
    Reply::json(404, r#"{"detail":"Not Found"}"#),
    Class::BadInput,
    "there is no metadata service"
)]
#[tokio::test]
async fn every_other_bare_answer_is_one_clear_fault(
    #[case] reply: Reply,
    #[case] class: Class,
    #[case] what: &str,
) {
    let fault = subject(Language::V2, reply).await.unwrap_err();
    assert!(fault.class() == class && fault.line().contains(what), "{fault:?}");
}

#[tokio::test]
async fn golden_answers_come_through_whole() {
    let server = server(MetadataScript::both());
    let first = open(&server, MetadataApi::Auto, Schema::V1);
    assert_eq!(found(first.subject(ID).await), (SUBJECT_V1.to_owned(), String::new()));
    assert_eq!(found(first.procedures(ID).await), (PROCEDURES_V1.to_owned(), String::new()));
    let second = open(&server, MetadataApi::Auto, Schema::V2);
    assert_eq!(found(second.subject(ID).await), (SUBJECT_V2.to_owned(), String::new()));
    assert_eq!(found(second.funding("Test Project").await).0, FUNDING_V2);
    assert_eq!(found(second.investigators("Test Project").await).0, INVESTIGATORS_V2);
    assert_eq!(
        server.lines(),
        [
            "GET /subject/987654?pickle=False",
            "GET /procedures/987654?pickle=False",
            "GET /api/v2/subject/987654",
            "GET /api/v2/funding/Test%20Project",
            "GET /api/v2/investigators/Test%20Project",
        ]
    );
}

#[tokio::test]
async fn ids_are_encoded_and_lead_nowhere_else() {
    let server = server(MetadataScript::v1());
    let service = open(&server, MetadataApi::V1, Schema::V1);
    missing(service.subject("a/b ?ü").await);
    assert_eq!(server.lines(), ["GET /subject/a%2Fb%20%3F%C3%BC?pickle=False"]);
    for id in ["", ".", ".."] {
        assert_eq!(service.subject(id).await.unwrap_err().class(), Class::BadInput);
    }
    assert_eq!(server.lines().len(), 1);
}

#[rstest]
#[case::wanted_first(MetadataScript::both(), Schema::V1, Language::V1, 1)]
#[case::wanted_second(MetadataScript::both(), Schema::V2, Language::V2, 1)]
#[case::only_the_second(MetadataScript::v2(), Schema::V1, Language::V2, 2)]
#[case::only_the_first(MetadataScript::v1(), Schema::V2, Language::V1, 2)]
#[tokio::test]
async fn auto_asks_in_the_other_language_and_remembers(
    #[case] script: MetadataScript,
    #[case] schema: Schema,
    #[case] spoken: Language,
    #[case] asked: usize,
) {
    let server = server(script);
    let service = open(&server, MetadataApi::Auto, schema);
    for more in 0..3 {
        match service.clone().subject(ID).await.unwrap() {
            Answer::Found { api, .. } => assert_eq!(api, spoken),
            Answer::Missing { said } => panic!("{said}"),
        }
        assert_eq!(server.lines().len(), asked + more, "{:?}", server.lines());
    }
}

#[tokio::test]
async fn a_missing_subject_is_not_asked_for_twice() {
    let server = server(MetadataScript::both());
    let said = missing(open(&server, MetadataApi::Auto, Schema::V2).subject("1").await);
    assert!(said.ends_with("/api/v2/subject/1 answered 404: Not found"), "{said}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_something_else_is_told_with_both_questions() {
    let server = server(MetadataScript::nothing());
    let fault = open(&server, MetadataApi::Auto, Schema::V1).subject(ID).await.unwrap_err();
    assert!(fault.line().contains(V1) && fault.line().contains(V2), "{fault:?}");
    assert_eq!(fault.class(), Class::BadInput);
}

#[rstest]
#[case::one(200, r#"{"funder": 1.0}"#, r#"[{"funder": 1.0}]"#)]
#[case::several(300, r#"[{"funder": 1}, {"funder": 2}]"#, r#"[{"funder": 1}, {"funder": 2}]"#)]
#[case::listed(200, r#"[{"funder": 1}]"#, r#"[{"funder": 1}]"#)]
#[tokio::test]
async fn funding_is_always_a_list(#[case] status: u16, #[case] data: &str, #[case] list: &str) {
    let server = server(MetadataScript::v1().on("/funding/P", [Reply::json(status, envelope("", data))]));
    let service = open(&server, MetadataApi::V1, Schema::V1);
    assert_eq!(found(service.funding("P").await), (list.to_owned(), String::new()));
}

#[tokio::test]
async fn a_project_that_nobody_entered_is_missing() {
    let script = MetadataScript::v2()
        .on("/api/v2/funding/P", [Reply::json(200, "[]")])
        .on("/api/v2/investigators/P", [Reply::json(406, r#"{"detail":"needs a sub-project"}"#)]);
    let server = server(script);
    let service = open(&server, MetadataApi::V2, Schema::V2);
    assert!(missing(service.funding("P").await).ends_with("answered 200: `[]`"));
    assert!(missing(service.investigators("P").await).ends_with("needs a sub-project"));
}

#[tokio::test]
async fn old_servers_know_no_funding_and_are_not_asked_for_investigators() {
    let server = server(MetadataScript::nothing().on(V1, [Reply::json(200, envelope("", SUBJECT_V1))]));
    let service = open(&server, MetadataApi::Auto, Schema::V1);
    missing(service.funding("P").await);
    let asked = server.lines().len();
    assert!(missing(service.investigators("P").await).contains("knows no investigators"));
    assert_eq!(server.lines().len(), asked);
}

#[rstest]
#[case::internal(500)]
#[case::unavailable(503)]
#[case::busy(429)]
#[tokio::test]
async fn what_may_pass_is_asked_again(#[case] status: u16) {
    let ill = Reply::json(status, envelope("Ill.", "null"));
    let replies = [ill.clone(), Reply::reset(), ill, Reply::json(200, envelope("", SUBJECT_V1))];
    let server = server(MetadataScript::v1().on(V1, replies));
    let (options, told) = patient();
    let service = MetadataService::open(&server.url(), MetadataApi::V1, Schema::V1, &options).unwrap();
    assert_eq!(found(service.subject(ID).await).0, SUBJECT_V1);
    assert_eq!(server.lines().len(), 4);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 3);
    assert!(
        told[0].starts_with(&format!("the metadata service answered {status}: GET http://127")),
        "{told:?}"
    );
    assert!(told[1].contains("broke off"), "{told:?}");
}

#[tokio::test]
async fn a_time_that_the_server_names_is_waited_for() {
    let busy = Reply::empty(503).header("retry-after", "1");
    let server = server(MetadataScript::v1().on(V1, [busy, Reply::json(200, envelope("", SUBJECT_V1))]));
    let (options, told) = patient();
    let service = MetadataService::open(&server.url(), MetadataApi::V1, Schema::V1, &options).unwrap();
    found(service.subject(ID).await);
    assert!(told.lock().unwrap()[0].ends_with("trying again in 1.0 s"), "{told:?}");
}

#[tokio::test]
async fn a_time_beyond_the_budget_does_not_count() {
    let busy = Reply::empty(503).header("retry-after", "86400");
    let server = server(MetadataScript::v1().on(V1, [busy]));
    let (options, told) = options(Duration::from_millis(300), Duration::from_secs(30));
    let service = MetadataService::open(&server.url(), MetadataApi::V1, Schema::V1, &options).unwrap();
    let fault = service.subject(ID).await.unwrap_err();
    assert!(fault.class() == Class::Transient && fault.line().contains("2 tries"), "{fault:?}");
    assert_eq!(told.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let server = server(MetadataScript::v1().on(V1, [Reply::hang()]));
    let options = options(Duration::ZERO, Duration::from_millis(100)).0;
    let service = MetadataService::open(&server.url(), MetadataApi::V1, Schema::V1, &options).unwrap();
    let fault = service.subject(ID).await.unwrap_err();
    assert!(fault.class() == Class::Transient && fault.line().contains("within 0.1 s"), "{fault:?}");
}

#[tokio::test]
async fn procedures_may_take_their_time() {
    let slow = Reply::json(200, envelope("", PROCEDURES_V1)).after(Duration::from_millis(400));
    let server = server(MetadataScript::v1().on("/procedures/987654", [slow]));
    let options = options(Duration::ZERO, Duration::from_millis(100)).0;
    let service = MetadataService::open(&server.url(), MetadataApi::V1, Schema::V1, &options).unwrap();
    assert_eq!(found(service.procedures(ID).await).0, PROCEDURES_V1);
}

#[tokio::test]
async fn nobody_listening_is_said_with_the_cause() {
    let (_kept, url) = nobody();
    let service = MetadataService::open(&url, MetadataApi::Auto, Schema::V1, &hasty()).unwrap();
    let fault = service.subject(ID).await.unwrap_err();
    assert_eq!(fault.class(), Class::Transient);
    assert!(
        fault.line().starts_with("cannot reach the metadata service: GET http://127.0.0.1:"),
        "{fault:?}"
    );
    assert!(fault.line().to_lowercase().contains("refused") && fault.advice().is_some(), "{fault:?}");
    assert_eq!(service.reachable().await.unwrap_err().class(), Class::Transient);
}

#[tokio::test]
async fn redirects_within_the_host_are_followed() {
    let script = MetadataScript::v1()
        .on(V1, [Reply::empty(307).header("location", "/there/subject/")])
        .on("/there/subject/", [Reply::json(200, envelope("", SUBJECT_V1))])
        .on("/procedures/987654", [Reply::empty(301).header("location", "/procedures/987654")]);
    let server = server(script);
    let service = open(&server, MetadataApi::V1, Schema::V1);
    assert_eq!(found(service.subject(ID).await).0, SUBJECT_V1);
    let fault = service.procedures(ID).await.unwrap_err();
    assert!(fault.class() == Class::BadInput && server.lines().len() < 10, "{fault:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_held() {
    let long = format!(r#""{}""#, "x".repeat(65 << 20));
    let server = server(MetadataScript::v1().on(V1, [Reply::json(200, envelope("", &long))]));
    let fault = open(&server, MetadataApi::V1, Schema::V1).subject(ID).await.unwrap_err();
    assert!(fault.class() == Class::Corrupt && fault.line().contains("more than 32 MiB"), "{fault:?}");
}

#[rstest]
#[case::today(MetadataScript::both(), Schema::V2, true)]
#[case::old(MetadataScript::v1(), Schema::V1, true)]
#[case::old_asked_for_the_second(MetadataScript::v1(), Schema::V2, true)]
#[case::a_web_page(MetadataScript::v1().on("/healthcheck", [Reply::html(200)]), Schema::V1, false)]
#[case::ill(MetadataScript::v1().on("/healthcheck", [Reply::json(503, "{}")]), Schema::V1, false)]
#[case::forbidden(MetadataScript::v1().on("/healthcheck", [Reply::json(403, "{}")]), Schema::V1, false)]
#[tokio::test]
async fn a_service_is_reachable_when_it_answers_as_one(
    #[case] script: MetadataScript,
    #[case] schema: Schema,
    #[case] well: bool,
) {
    let server = server(script);
    assert_eq!(open(&server, MetadataApi::Auto, schema).reachable().await.is_ok(), well);
}
