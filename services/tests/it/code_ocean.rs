use std::{sync::Arc, time::Duration};

use adt_model::{Class, Secret, Trigger};
use adt_services::{
    ServiceOptions,
    code_ocean::{CodeOcean, Failure, Lookup, Request, request, run_url},
};
use adt_testkit::services::{CodeOceanServer, Listing, Reply, Run};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use crate::setup::{hasty, nobody, options, patient};

const TOKEN: &str = "cop_canary";
/// The same as the header has it, before padding.
const ENCODED: &str = "Y29wX2NhbmFyeT";

fn server() -> CodeOceanServer {
    CodeOceanServer::start(TOKEN).unwrap()
}

fn open(url: &str, options: &ServiceOptions) -> CodeOcean {
    CodeOcean::open(url, Secret::new(TOKEN), options).unwrap()
}

fn order(prefix: &str) -> Request {
    let trigger = Trigger {
        domain: "https://codeocean.lab.org".into(),
        capsule: "trigger-capsule".into(),
        version: None,
        process_capsule: None,
        job_type: "SmartSPIM".into(),
        modalities: vec!["SPIM".into()],
    };
    request(&trigger, "some-bucket", prefix, "0.1.0")
}

/// Some moments ago, as a ledger would have it.
fn before() -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs(1)
}

fn no_secret(text: &str) {
    assert!(!text.contains("canary") && !text.contains(ENCODED), "{text}");
}

#[tokio::test]
async fn an_order_is_sent_as_the_original_sent_it() {
    let server = server();
    let order = order("asset");
    let started = open(&format!("{}/", server.url()), &hasty()).run(&order).await.unwrap();
    assert_eq!(started.id.as_deref(), Some("computation-1"));
    assert_eq!(started.state.as_deref(), Some("initializing"));
    let accepted = server.accepted();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].body, order.body());
    assert_eq!(accepted[0].parameters, [order.parameter()]);
    let seen = &server.requests()[0];
    assert_eq!(seen.line(), "POST /api/v1/computations");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("authorization"), Some("Basic Y29wX2NhbmFyeTo="));
    assert_eq!(run_url(&server.url()).unwrap(), format!("{}/api/v1/computations", server.url()));
}

#[rstest]
#[case::bad_request(Reply::json(400, r#"{"message":"no such version"}"#), Class::Refused, "no such version")]
#[case::token(
    Reply::json(401, r#"{"message":"bad cop_canary"}"#),
    Class::Refused,
    "the Code Ocean token is refused: POST http"
)]
#[case::rights(Reply::html(403), Class::Refused, "may not do this")]
#[case::capsule(
    Reply::json(404, r#"{"message":"not found"}"#),
    Class::Missing,
    "no capsule `trigger-capsule` at http"
)]
#[case::invalid(Reply::json(422, r#"{"message":"odd"}"#), Class::Refused, "odd")]
#[case::busy(Reply::json(429, "{}"), Class::Transient, "busy")]
#[case::maintenance(Reply::json(503, "{}").header("retry-after", "9"), Class::Transient, "busy")]
#[case::moved(Reply::empty(308).header("location", "/elsewhere"), Class::BadInput, "/elsewhere` (308)")]
#[tokio::test]
async fn what_certainly_did_not_start_is_refused(
    #[case] reply: Reply,
    #[case] class: Class,
    #[case] what: &str,
) {
    let server = server();
    server.always(Run::refuse(reply));
    let failure = open(&server.url(), &hasty()).run(&order("asset")).await.unwrap_err();
    let Failure::Refused(fault) = &failure else { panic!("{failure:?}") };
    assert!(fault.class() == class && fault.line().contains(what), "{fault:?}");
    no_secret(&format!("{failure:?} {:?}", fault.advice()));
    assert_eq!((server.lines().len(), server.accepted().len()), (1, 0));
}

#[rstest]
#[case::reset(Run::accept_then(Reply::reset()), 1, "broke off")]
#[case::reset_before(Run::refuse(Reply::reset()), 0, "broke off")]
#[case::internal(
    Run::accept_then(Reply::json(500, r#"{"message":"oops cop_canary"}"#)),
    1,
    "answered 500: oops ***"
)]
#[case::gateway(Run::refuse(Reply::html(502)), 0, "answered 502: an HTML page")]
#[case::unavailable(Run::refuse(Reply::html(503)), 0, "answered 503")]
#[case::gateway_late(Run::accept_then(Reply::empty(504)), 1, "answered 504: an empty answer")]
#[case::not_json(Run::accept_then(Reply::html(200)), 1, "names no computation")]
#[case::nothing(Run::accept_then(Reply::empty(200)), 1, "names no computation")]
#[case::no_computation(Run::accept_then(Reply::json(200, r#"{"message":"hm"}"#)), 1, "names no computation")]
#[case::see_other(Run::accept_then(Reply::empty(303).header("location", "/x")), 1, "(303)")]
#[tokio::test]
async fn what_may_have_started_is_unknown_and_never_repeated(
    #[case] run: Run,
    #[case] accepted: usize,
    #[case] what: &str,
) {
    let server = server();
    server.always(run);
    let (options, told) = patient();
    let failure = open(&server.url(), &options).run(&order("asset")).await.unwrap_err();
    let Failure::Unknown(fault) = &failure else { panic!("{failure:?}") };
    assert!(fault.line().contains(what), "{fault:?}");
    no_secret(&format!("{failure:?} {told:?}"));
    assert_eq!((server.lines().len(), server.accepted().len()), (1, accepted));
}

#[rstest]
#[case::told_late(Run::accept_then(Reply::hang()), 1)]
#[case::heard_late(Run::accept().before(Duration::from_mins(1)), 0)]
#[tokio::test]
async fn silence_is_unknown(#[case] run: Run, #[case] accepted: usize) {
    let server = server();
    server.always(run);
    let options = options(Duration::from_secs(30), Duration::from_millis(300)).0;
    let failure = open(&server.url(), &options).run(&order("asset")).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Unknown(fault) if fault.line().contains("within 0.3 s")),
        "{failure:?}"
    );
    assert_eq!((server.lines().len(), server.accepted().len()), (1, accepted));
}

#[tokio::test]
async fn what_was_put_off_is_tried_again() {
    let server = server();
    let later = Run::refuse(Reply::json(503, "{}").header("retry-after", "0"));
    server.next([Run::refuse(Reply::json(429, "{}")), later]);
    let (options, told) = patient();
    open(&server.url(), &options).run(&order("asset")).await.unwrap();
    assert_eq!((server.lines().len(), server.accepted().len()), (3, 1));
    no_secret(&told.lock().unwrap().join("\n"));
    assert_eq!(told.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_listening_has_started_nothing() {
    let (options, told) = options(Duration::from_millis(300), Duration::from_secs(30));
    let (_kept, url) = nobody();
    let failure = open(&url, &options).run(&order("asset")).await.unwrap_err();
    let Failure::Refused(fault) = &failure else { panic!("{failure:?}") };
    assert!(
        fault.class() == Class::Transient && fault.line().contains("cannot reach Code Ocean"),
        "{fault:?}"
    );
    assert!(!told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_run_whose_answer_was_lost_is_found() {
    let server = server();
    server.next([Run::accept(), Run::accept_then(Reply::reset())]);
    let ocean = open(&server.url(), &hasty());
    ocean.run(&order("another asset")).await.unwrap();
    assert_eq!(ocean.find(&order("asset"), before()).await.unwrap(), Lookup::None);
    ocean.run(&order("asset")).await.unwrap_err();
    let Lookup::Found(runs) = ocean.find(&order("asset"), before()).await.unwrap() else { panic!() };
    assert_eq!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["computation-2"]);
    assert!(runs[0].created.is_some());
    assert_eq!(server.lines()[1], "GET /api/v1/capsules/trigger-capsule/computations");
}

#[rstest]
#[case::fast(3600)]
#[case::slow(-3600)]
#[tokio::test]
async fn a_rig_with_a_wrong_clock_finds_what_it_started_and_nothing_older(#[case] ahead: i64) {
    let server = server();
    let ahead = SignedDuration::from_secs(ahead);
    let mut options = hasty();
    options.clock = Arc::new(move || Timestamp::now() + ahead);
    let ocean = open(&server.url(), &options);
    ocean.run(&order("asset")).await.unwrap();
    let ours = Timestamp::now() + ahead;
    assert!(matches!(ocean.find(&order("asset"), ours).await.unwrap(), Lookup::Found(_)));
    let later = ours + SignedDuration::from_mins(10);
    assert_eq!(ocean.find(&order("asset"), later).await.unwrap(), Lookup::None);
}

#[rstest]
#[case::not_there(Listing::Unavailable(404), "answered 404")]
#[case::not_made(Listing::Unavailable(501), "answered 501")]
#[case::not_allowed(Listing::Unavailable(403), "answered 403")]
#[case::odd(Listing::Unavailable(200), "no list of computations")]
#[case::a_page(Listing::WebPage, "no list of computations")]
#[case::bare(Listing::WithoutParameters, "without what they were given")]
#[tokio::test]
async fn a_server_that_does_not_list_is_said_to_be_one(#[case] listing: Listing, #[case] why: &str) {
    let server = server();
    let ocean = open(&server.url(), &hasty());
    ocean.run(&order("asset")).await.unwrap();
    server.list(listing);
    match ocean.find(&order("asset"), before()).await.unwrap() {
        Lookup::CannotTell(said) => assert!(said.contains(why), "{said}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_list_that_is_ill_is_a_fault_and_not_an_answer() {
    let server = server();
    server.list(Listing::Unavailable(503));
    let fault = open(&server.url(), &hasty()).find(&order("asset"), before()).await.unwrap_err();
    assert_eq!(fault.class(), Class::Transient);
}

#[tokio::test]
async fn token_and_capsule_are_checked_without_running_anything() {
    let server = server();
    server.know(&["trigger-capsule"]);
    let ocean = open(&server.url(), &hasty());
    ocean.check("trigger-capsule").await.unwrap();
    let fault = ocean.check("other").await.unwrap_err();
    assert!(fault.class() == Class::Missing && fault.line().contains("no capsule `other`"), "{fault:?}");
    server.list(Listing::WebPage);
    let fault = ocean.check("trigger-capsule").await.unwrap_err();
    assert!(
        fault.class() == Class::BadInput && fault.line().contains("that is no answer of Code Ocean"),
        "{fault:?}"
    );
    assert_eq!(ocean.check("").await.unwrap_err().class(), Class::BadInput);

    let stranger = CodeOcean::open(&server.url(), Secret::new("cop_old_canary"), &hasty()).unwrap();
    let fault = stranger.check("trigger-capsule").await.unwrap_err();
    assert!(
        fault.class() == Class::Refused && fault.line().contains("the Code Ocean token is refused"),
        "{fault:?}"
    );
    no_secret(&format!("{fault:?}"));
    assert!(server.accepted().is_empty());
}

#[rstest]
#[case("https://co.lab.org", "", Class::Missing)]
#[case("co.lab.org", TOKEN, Class::BadInput)]
#[case("https://cop_canary:@co.lab.org", TOKEN, Class::BadInput)]
fn what_cannot_be_meant_is_found_before_anything_is_asked(
    #[case] url: &str,
    #[case] token: &str,
    #[case] class: Class,
) {
    let fault = CodeOcean::open(url, Secret::new(token), &hasty()).err().unwrap();
    assert_eq!(fault.class(), class);
    no_secret(&format!("{fault:?}"));
}
