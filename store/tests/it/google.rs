//! What is Google's own: its token, its sessions, its ways of saying no.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_model::{Class, Fault};
use adt_net::Environment;
use adt_store::{Held, ObjectMeta, Place, Proof, Receipt, StoreOptions};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::StreamExt;
use jiff::Timestamp;
use rstest::rstest;

use crate::{
    server::{Asked, Reply, Scripted, agree},
    setup::{block, key, list, listening, meta, names, noise, open},
};

const STEP: usize = 256 << 10;
const DATA: &[u8] = b"data";
const TIME: &str = "2023-10-12T08:32:18.123456Z";

/// Options for an emulator.
pub(crate) fn google(endpoint: &str) -> StoreOptions {
    let vars = [("STORAGE_EMULATOR_HOST".to_owned(), endpoint.to_owned())].into();
    let mut options = StoreOptions::new(Environment { vars, home: None }, Arc::new(Timestamp::now));
    options.retry_time = Duration::from_mins(1);
    // The emulator answers one request after the other, and drops connections when many knock at once.
    options.lanes = 4;
    options
}

/// What the suite for all places does not look at, on a real emulator.
pub(crate) async fn emulated(place: &Place) {
    copies(place).await;
    beside(place).await;
    place.make_folder(&key("folder")).await.unwrap();
    assert!(names(place).await.is_empty());
    steps(place).await;
}

async fn copies(place: &Place) {
    place.put(&key("a b/ü#1"), block(noise(1 << 20, 5)), &meta(TIME)).await.unwrap();
    let source = place.head(&key("a b/ü#1")).await.unwrap().unwrap();
    assert!(place.copies_from(place));
    let copied = place.copy(&key("to/b"), place, &source, None).await.unwrap().unwrap();
    assert_eq!((copied.size, copied.proof), (1 << 20, Proof::Checksum));
    let found = place.head(&key("to/b")).await.unwrap().unwrap();
    assert_eq!((found.etag, found.crc32c, found.modified), (copied.etag, source.crc32c, source.modified));
    assert_eq!(place.get_of(&source, 0..source.size).await.unwrap(), noise(1 << 20, 5));
    for name in ["a b/ü#1", "to/b"] {
        place.delete(&key(name)).await.unwrap();
    }
}

async fn beside(place: &Place) {
    let user = [("lab".to_owned(), "ü x".to_owned())].into();
    let packed = ObjectMeta {
        content_type: Some("application/json".into()),
        cache_control: Some("no-store".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        user,
        ..meta(TIME)
    };
    place.put(&key("packed"), block("not really gzip"), &packed).await.unwrap();
    let (found, listed) = (place.head(&key("packed")).await.unwrap().unwrap(), list(place).await.remove(0));
    for one in [found, listed.clone()] {
        assert_eq!(format!("{:?}", one.meta.unwrap()), format!("{packed:?}"));
    }
    assert_eq!(listed.crc32c, Some(adt_codec::crc32c(b"not really gzip")));
    let whole = place.whole(listed).await.unwrap();
    assert_eq!((&whole.bytes[..], whole.found.size), (&b"not really gzip"[..], 15));
    assert!(whole.checked);
    place.delete(&key("packed")).await.unwrap();
}

/// Sizes around the steps that a session takes, in parts of odd sizes.
async fn steps(place: &Place) {
    let sizes = [1, STEP - 1, STEP, STEP + 1, 2 * STEP, 3 * STEP + 7];
    for (total, part) in
        sizes.iter().flat_map(|total| [STEP / 2 + 1, STEP, 2 * STEP].map(|part| (*total, part)))
    {
        let bytes = noise(total, 11);
        let upload = place.begin(&key("steps"), &meta(TIME)).await.unwrap();
        let mut parts = Vec::new();
        for (index, piece) in bytes.chunks(part).enumerate() {
            let sent = upload.put_part(index as u32 + 1, (index * part) as u64, block(piece.to_vec()));
            parts.push(sent.await.unwrap());
            assert!(place.head(&key("steps")).await.unwrap().is_none());
        }
        let receipt = upload.complete(&parts).await.unwrap();
        assert_eq!((receipt.size, receipt.proof), (total as u64, Proof::Checksum), "{total} in {part}");
        assert_eq!(place.get(&key("steps"), None).await.unwrap(), bytes);
        place.delete(&key("steps")).await.unwrap();
    }
}

async fn place(server: &Scripted) -> Place {
    let mut options = google(&server.endpoint);
    options.request_timeout = Duration::from_millis(500);
    options.retry_time = Duration::from_secs(3);
    open("gs://lab/x", &options).await
}

async fn put(place: &Place) -> Result<Receipt, Fault> {
    place.put(&key("a"), block(DATA), &ObjectMeta::default()).await
}

fn wire(crc: u32) -> String {
    BASE64_STANDARD.encode(crc.to_be_bytes())
}

/// An object as the server describes it.
fn object(name: &str, bytes: &[u8]) -> String {
    let (size, crc) = (bytes.len(), wire(adt_codec::crc32c(bytes)));
    format!(
        r#"{{"kind": "storage#object", "name": "{name}", "size": "{size}", "generation": "1700000000000001", "crc32c": "{crc}"}}"#
    )
}

fn say(status: u16, body: impl Into<String>) -> Reply {
    Reply::Say(status, Vec::new(), body.into())
}

fn refuse(status: u16, reason: &str, message: &str) -> Reply {
    say(
        status,
        format!(
            r#"{{"error": {{"code": {status}, "message": "{message}", "errors": [{{"reason": "{reason}"}}]}}}}"#
        ),
    )
}

#[tokio::test]
async fn a_put_sends_its_checksum_and_holds_the_answers_against_it() {
    let server = Scripted::saying([say(200, object("x/a", DATA))]).await;
    let receipt = put(&place(&server).await).await.unwrap();
    assert_eq!(
        (receipt.size, receipt.proof, receipt.etag.as_deref()),
        (4, Proof::Checksum, Some("1700000000000001"))
    );
    let asked = server.asked().remove(0);
    assert_eq!(asked.target, "/upload/storage/v1/b/lab/o?uploadType=multipart");
    let body = String::from_utf8(asked.body.to_vec()).unwrap();
    assert!(body.contains(&format!("\"crc32c\":\"{}\"", wire(adt_codec::crc32c(DATA)))), "{body}");
    assert!(body.contains("\"name\":\"x/a\"") && body.contains("\r\n\r\ndata\r\n--"), "{body}");
}

#[rstest]
#[case::another_checksum(object("x/a", b"date"))]
#[case::another_size(object("x/a", b"dat"))]
#[case::another_md5(r#"{"kind": "storage#object", "name": "x/a", "size": "4", "md5Hash": "AAAAAAAAAAAAAAAAAAAAAA=="}"#.to_owned())]
#[tokio::test]
async fn what_is_not_what_was_sent_is_corrupt(#[case] answer: String) {
    let server = Scripted::saying([say(200, answer)]).await;
    let fault = put(&place(&server).await).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (Class::Corrupt, 3));
    assert!(fault.line().contains("gs://lab/x/a"), "{fault:?}");
}

#[rstest]
#[case::md5(
    r#"{"kind": "storage#object", "name": "x/a", "size": "4", "md5Hash": "jXd/OF09/siBXSD3SWAm3A=="}"#,
    Proof::EtagMd5
)]
#[case::nothing_but_the_size(r#"{"kind": "storage#object", "name": "x/a", "size": "4"}"#, Proof::ReadBack)]
#[tokio::test]
async fn what_the_server_is_silent_about_is_proven_otherwise(#[case] answer: &str, #[case] proof: Proof) {
    let server = Scripted::saying([say(200, answer), say(206, "data")]).await;
    assert_eq!(put(&place(&server).await).await.unwrap().proof, proof);
}

#[rstest]
#[case::rate_limit(refuse(403, "rateLimitExceeded", "slower"))]
#[case::too_many(refuse(429, "", ""))]
#[case::backend(refuse(503, "backendError", ""))]
#[case::damaged(refuse(400, "invalid", "Provided CRC32C 'a' doesn't match calculated CRC32C 'b'."))]
#[case::hung_up(Reply::HangUp)]
#[tokio::test]
async fn what_may_pass_is_tried_again_and_told(#[case] fault: Reply) {
    let server = Scripted::saying([fault.clone(), fault, say(200, object("x/a", DATA))]).await;
    let (options, notes) = listening(google(&server.endpoint));
    put(&open("gs://lab/x", &options).await).await.unwrap();
    assert_eq!(server.asked().len(), 3);
    assert!(notes.lock().unwrap().iter().all(|note| note.contains("gs://lab/x/a")));
}

#[rstest]
#[case::denied(refuse(403, "forbidden", "no"), Class::Refused, "storage.objects.create")]
#[case::no_bucket(refuse(404, "notFound", "The specified bucket does not exist."), Class::Missing, "`lab`")]
#[case::expired(refuse(401, "authError", "no"), Class::Refused, "gcloud auth application-default login")]
#[tokio::test]
async fn refusals_say_what_to_do(#[case] reply: Reply, #[case] class: Class, #[case] help: &str) {
    let server = Scripted::saying([reply]).await;
    let fault = put(&place(&server).await).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (class, 1));
    assert!(fault.advice().unwrap().contains(help), "{:?}", fault.advice());
}

#[tokio::test]
async fn a_whole_object_is_held_against_its_checksum() {
    let hash = |bytes: &[u8]| format!("crc32c={},md5=x", wire(adt_codec::crc32c(bytes)));
    let tell = |hash: String| Reply::Say(200, vec![("x-goog-hash", hash)], "data".to_owned());
    let server = Scripted::saying([tell(hash(DATA)), tell(hash(b"date"))]).await;
    let place = place(&server).await;
    assert_eq!(place.get(&key("a/b"), None).await.unwrap(), DATA);
    assert_eq!(server.asked()[0].target, "/storage/v1/b/lab/o/x%2Fa%2Fb?alt=media");
    assert_eq!(server.asked()[0].headers["accept-encoding"], "gzip");
    assert_eq!(place.get(&key("a/b"), None).await.unwrap_err().class(), Class::Corrupt);
}

#[rstest]
#[case::gone(refuse(404, "notFound", "No such object: lab/x/a"))]
#[case::another(Reply::Say(206, vec![("x-goog-generation", "8".to_owned())], "at".to_owned()))]
#[tokio::test]
async fn another_generation_is_not_taken(#[case] reply: Reply) {
    let found = object("x/a", DATA);
    let server = Scripted::saying([say(200, found), reply]).await;
    let place = place(&server).await;
    let found = place.head(&key("a")).await.unwrap().unwrap();
    let fault = place.get_of(&found, 1..3).await.unwrap_err();
    assert!(fault.class() == Class::Corrupt && fault.line().contains("was changed"), "{fault:?}");
    assert!(server.asked()[1].target.ends_with("?alt=media&generation=1700000000000001"));
}

#[rstest]
#[case::short(206, Some("bytes 1-1/4"), "a")]
#[case::elsewhere(206, Some("bytes 0-1/4"), "da")]
#[case::everything(200, None, "data")]
#[tokio::test]
async fn bytes_that_were_not_asked_for_are_not_taken(
    #[case] status: u16,
    #[case] range: Option<&str>,
    #[case] body: &str,
) {
    let headers = range.map(|range| ("content-range", range.to_owned())).into_iter().collect();
    let server = Scripted::saying([Reply::Say(status, headers, body.to_owned())]).await;
    assert!(place(&server).await.get(&key("a"), Some(1..3)).await.is_err());
}

fn page(names: &[&str], more: &str) -> Reply {
    let items: Vec<_> = names.iter().map(|name| object(name, DATA)).collect();
    say(200, format!(r#"{{"kind": "storage#objects", "items": [{}] {more}}}"#, items.join(", ")))
}

#[tokio::test]
async fn pages_follow_each_other_by_their_token() {
    let more = r#", "nextPageToken": "t/1=""#;
    let other = r#", "nextPageToken": "u""#;
    // A long listing is looked at for folders between which it could be cut.
    let server = Scripted::saying([
        page(&["x/a+b"], more),
        say(200, r#"{"kind": "storage#objects"}"#),
        page(&[], other),
        page(&["x/c d"], ""),
    ])
    .await;
    assert_eq!(names(&place(&server).await).await, ["a+b", "c d"]);
    let asked = server.asked();
    assert!(asked[0].target.contains("prefix=x%2F") && !asked[0].target.contains("pageToken"));
    assert!(asked[1].target.contains("delimiter=%2F"));
    assert!(asked[2].target.contains("pageToken=t%2F1%3D") && asked[3].target.contains("pageToken=u"));
    for second in [page(&["x/a"], ""), page(&["x/c"], more)] {
        let server =
            Scripted::saying([page(&["x/b"], more), say(200, r#"{"kind": "storage#objects"}"#), second])
                .await;
        let pages: Vec<_> = place(&server).await.list().collect().await;
        assert!(pages[0].is_ok() && pages[1].is_err());
    }
}

#[tokio::test]
async fn a_long_listing_is_cut_at_its_folders() {
    const ALL: [&str; 8] = ["x/0", "x/a/1", "x/a/2", "x/b/1", "x/b/2", "x/b.c", "x/c/1", "x/d"];
    let server = Scripted::start(|_, asked| {
        let target = asked.target.replace("%2F", "/");
        let value =
            |name: &str| target.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        if value("delimiter").is_some() {
            return say(200, r#"{"kind": "storage#objects", "prefixes": ["x/a/", "x/b/", "x/c/"]}"#);
        }
        let mut names = ALL;
        names.sort_unstable();
        let from = value("pageToken").or(value("startOffset")).unwrap_or_default();
        let until = value("endOffset").unwrap_or("~");
        let left: Vec<_> = names.into_iter().filter(|name| *name >= from && *name < until).collect();
        let more = left.get(2).map(|next| format!(r#", "nextPageToken": "{next}""#)).unwrap_or_default();
        page(&left[..left.len().min(2)], &more)
    })
    .await;
    let mut wanted = ALL.map(|name| name.trim_start_matches("x/"));
    wanted.sort_unstable();
    assert_eq!(names(&place(&server).await).await, wanted);
    let asked = server.asked();
    let runs = asked.iter().filter(|asked| asked.target.contains("startOffset=")).count();
    assert!(runs >= 3, "{runs} requests for runs");
    assert!(asked.iter().any(|asked| asked.target.contains("endOffset=x%2Fb%2F")));
}

/// A server of one session, with the faults that it is told to have.
struct Sessions {
    held: Mutex<Vec<u8>>,
    /// The most that it takes of each request.
    takes: Mutex<usize>,
    /// How many requests it refuses after it has taken their bytes.
    loses: Mutex<usize>,
    total: usize,
}

const SECRET: &str = "canary-session";

impl Sessions {
    fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { held: Mutex::default(), takes: Mutex::new(usize::MAX), loses: Mutex::new(0), total })
    }

    async fn start(self: &Arc<Self>) -> Scripted {
        let this = Arc::clone(self);
        Scripted::start(move |_, asked| this.answer(asked)).await
    }

    fn answer(&self, asked: &Asked) -> Reply {
        if asked.target.contains("uploadType=resumable") {
            let url = format!("http://{}/s?upload_id={SECRET}", asked.headers["host"].to_str().unwrap());
            return agree(&[("location", &url)]);
        }
        let mut held = self.held.lock().unwrap();
        let Some(range) = asked.headers.get("content-range") else {
            return say(200, object("x/a", &held));
        };
        let (run, total) = range.to_str().unwrap().trim_start_matches("bytes ").split_once('/').unwrap();
        let start = run.split_once('-').map_or(held.len(), |(start, _)| start.parse().unwrap());
        assert!(start <= held.len(), "bytes are left out");
        assert!(total != "*" || asked.body.len().is_multiple_of(STEP), "{} bytes", asked.body.len());
        let fresh = asked.body.get(held.len() - start..).unwrap_or_default();
        held.extend_from_slice(&fresh[..fresh.len().min(*self.takes.lock().unwrap())]);
        let mut loses = self.loses.lock().unwrap();
        if !asked.body.is_empty() && *loses > 0 {
            *loses -= 1;
            return say(400, "upload_id=canary-session is odd");
        }
        if held.len() == self.total && (total != "*" || run == "*") {
            return say(200, object("x/a", &held));
        }
        match held.len() {
            0 => say(308, ""),
            length => Reply::Say(308, vec![("range", format!("bytes=0-{}", length - 1))], String::new()),
        }
    }
}

#[rstest]
#[case::everything(usize::MAX, 0)]
#[case::a_step_at_a_time(STEP, 0)]
#[case::answers_are_lost(usize::MAX, 2)]
#[case::odd_amounts(STEP + 1, 0)]
#[tokio::test]
async fn parts_come_in_order_whatever_the_server_takes_at_once(#[case] takes: usize, #[case] loses: usize) {
    let bytes = noise(5 * STEP + 9, 4);
    let sessions = Sessions::new(bytes.len());
    (*sessions.takes.lock().unwrap(), *sessions.loses.lock().unwrap()) = (takes, loses);
    let server = sessions.start().await;
    let upload = place(&server).await.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    let part = 2 * STEP;
    let sent = bytes.chunks(part).enumerate().rev().map(|(index, piece)| {
        upload.put_part(index as u32 + 1, (index * part) as u64, block(piece.to_vec()))
    });
    let mut parts = futures::future::try_join_all(sent).await.unwrap();
    parts.reverse();
    assert!(sessions.held.lock().unwrap().len() < bytes.len(), "all has been sent before it is complete");
    let receipt = upload.complete(&parts).await.unwrap();
    assert_eq!((receipt.size, receipt.crc64), (bytes.len() as u64, block(bytes.clone()).crc64));
    assert_eq!(receipt.proof, Proof::Checksum);
    assert_eq!(*sessions.held.lock().unwrap(), bytes);
    assert_eq!(upload.complete(&parts).await.unwrap().crc64, receipt.crc64);
}

#[tokio::test]
async fn parts_behind_one_that_fails_do_not_wait_for_ever() {
    let sessions = Sessions::new(4 * STEP);
    *sessions.takes.lock().unwrap() = 0;
    let server = sessions.start().await;
    let upload = place(&server).await.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    let bytes = noise(2 * STEP, 4);
    let parts = [1, 2].map(|number: u32| {
        upload.put_part(number, u64::from(number - 1) * bytes.len() as u64, block(bytes.clone()))
    });
    for ended in futures::future::join_all(parts).await {
        let fault = ended.unwrap_err();
        assert!(fault.class() == Class::Transient && fault.line().contains("gs://lab/x/a"), "{fault:?}");
    }
    // When the server is well again, the same parts go on.
    *sessions.takes.lock().unwrap() = usize::MAX;
    let first = upload.put_part(1, 0, block(bytes.clone())).await.unwrap();
    let second = upload.put_part(2, bytes.len() as u64, block(bytes.clone())).await.unwrap();
    assert_eq!(upload.complete(&[first, second]).await.unwrap().size, 4 * STEP as u64);
}

#[tokio::test]
async fn an_upload_is_taken_up_where_the_server_left_it() {
    let bytes = noise(3 * STEP + 1, 4);
    let sessions = Sessions::new(bytes.len());
    let server = sessions.start().await;
    let place = place(&server).await;
    let upload = place.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    let first = upload.put_part(1, 0, block(bytes[..2 * STEP].to_vec())).await.unwrap();
    let id = upload.id().to_owned();
    drop(upload);
    let (upload, held) = place.resume(&key("a"), &id, &ObjectMeta::default()).await.unwrap().unwrap();
    assert_eq!(held, Held::Bytes(STEP as u64));
    let again = upload.put_part(1, 0, block(bytes[..2 * STEP].to_vec())).await.unwrap();
    let second = upload.put_part(2, 2 * STEP as u64, block(bytes[2 * STEP..].to_vec())).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(upload.complete(&[first, second]).await.unwrap().proof, Proof::Checksum);
    assert!(place.resume(&key("a"), &id, &ObjectMeta::default()).await.unwrap().is_none());
    let sent: usize = server.asked().iter().skip(1).map(|asked| asked.body.len()).sum();
    assert_eq!(sent, bytes.len(), "bytes were sent twice");
}

#[tokio::test]
async fn a_session_that_holds_other_bytes_is_given_up() {
    let sessions = Sessions::new(STEP);
    let server = sessions.start().await;
    let upload = place(&server).await.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    let mut part = upload.put_part(1, 0, block(noise(STEP, 4))).await.unwrap();
    part.etag = "00000000".to_owned();
    assert_eq!(upload.complete(&[part]).await.unwrap_err().class(), Class::Corrupt);
}

#[rstest]
#[case::gone(say(410, "upload_id=canary-session"))]
#[case::unknown(say(404, "<p>/s?upload_id=canary-session</p>"))]
#[case::refused(say(400, "upload_id=canary-session"))]
#[case::hung_up(Reply::HangUp)]
#[case::stalled(Reply::Stall)]
#[tokio::test]
async fn a_sessions_address_is_never_shown(#[case] reply: Reply) {
    let sessions = Sessions::new(0);
    let begun = Mutex::new(false);
    let server = Scripted::start(move |_, asked| {
        if std::mem::replace(&mut *begun.lock().unwrap(), true) {
            reply.clone()
        } else {
            sessions.answer(asked)
        }
    })
    .await;
    let mut options = google(&server.endpoint);
    options.request_timeout = Duration::from_millis(200);
    options.retry_time = Duration::from_millis(500);
    let (options, notes) = listening(options);
    let place = open("gs://lab/x", &options).await;
    let upload = place.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    assert!(upload.id().contains(SECRET));
    let fault = upload.put_part(1, 0, block(noise(2 * STEP, 4))).await.unwrap_err();
    let aborted = upload.abort().await.map_or_else(|fault| format!("{fault:?}"), |()| String::new());
    let notes = notes.lock().unwrap();
    let shown = format!("{fault:?} {:?} {aborted} {upload:?} {place:?} {notes:?}", fault.advice());
    assert!(!shown.contains(SECRET) && shown.contains("gs://lab/x/a"), "{shown}");
}

#[tokio::test]
async fn who_pays_has_to_be_known() {
    let server = Scripted::saying([say(200, object("x/a", DATA))]).await;
    let mut options = google(&server.endpoint);
    options.requester_pays = true;
    let fault = put(&open("gs://lab/x", &options).await).await.unwrap_err();
    assert!(fault.advice().unwrap().contains("GOOGLE_CLOUD_PROJECT"), "{fault:?}");
    options.environment.vars.insert("GOOGLE_CLOUD_PROJECT".to_owned(), "lab-1".to_owned());
    options.storage_class = Some("NEARLINE".to_owned());
    options.encryption = Some(adt_store::Encryption::Key("projects/p/k".to_owned()));
    put(&open("gs://lab/x", &options).await).await.unwrap();
    let asked = server.asked().remove(0);
    assert!(asked.target.ends_with("?kmsKeyName=projects%2Fp%2Fk&uploadType=multipart&userProject=lab-1"));
    assert!(String::from_utf8_lossy(&asked.body).contains("\"storageClass\":\"NEARLINE\""));
}

#[tokio::test]
async fn a_long_copy_goes_on_by_its_token() {
    let end = format!(
        r#"{{"kind": "storage#rewriteResponse", "done": true, "resource": {}}}"#,
        object("x/b", DATA)
    );
    let server = Scripted::saying([
        say(200, object("x/a", DATA)),
        say(
            200,
            r#"{"kind": "storage#rewriteResponse", "done": false, "rewriteToken": "t", "objectSize": "4"}"#,
        ),
        say(200, end),
    ])
    .await;
    let place = place(&server).await;
    let source = place.head(&key("a")).await.unwrap().unwrap();
    let copied = place.copy(&key("b"), &place, &source, None).await.unwrap().unwrap();
    assert_eq!((copied.size, copied.proof), (4, Proof::Checksum));
    let asked = server.asked();
    let address = "/storage/v1/b/lab/o/x%2Fa/rewriteTo/b/lab/o/x%2Fb?";
    assert_eq!(asked[1].target, format!("{address}sourceGeneration=1700000000000001"));
    assert_eq!(asked[2].target, format!("{address}rewriteToken=t&sourceGeneration=1700000000000001"));
    let gone =
        Scripted::saying([say(200, object("x/a", DATA)), refuse(404, "notFound", "No such object")]).await;
    let place = self::place(&gone).await;
    let source = place.head(&key("a")).await.unwrap().unwrap();
    assert_eq!(place.copy(&key("b"), &place, &source, None).await.unwrap_err().class(), Class::Corrupt);
}
