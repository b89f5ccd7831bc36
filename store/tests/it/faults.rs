//! What servers and networks do wrong, and what becomes of it.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use adt_model::Class;
use adt_store::{ObjectMeta, Place, Proof, StoreOptions};
use futures::StreamExt;
use rstest::rstest;

use crate::{
    server::{Asked, Reply, Scripted, agree, refuse, tell},
    setup::{block, key, listening, names, open, options},
};

/// MD5 and CRC-64/NVME of `data`.
const MD5: &str = "\"8d777f385d3dfec8815d20f7496026dc\"";
const DATA: &str = "data";

fn crc(bytes: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(adt_codec::crc64(bytes.as_bytes()).to_be_bytes())
}

fn quick(server: &Scripted) -> StoreOptions {
    let mut options = options(&server.endpoint, "key", "canary-secret");
    options.request_timeout = Duration::from_millis(500);
    options.retry_time = Duration::from_secs(5);
    options
}

async fn place(server: &Scripted) -> Place {
    open("s3://lab/x", &quick(server)).await
}

async fn put(place: &Place) -> Result<adt_store::Receipt, adt_model::Fault> {
    place.put(&key("a"), block(DATA), &ObjectMeta::default()).await
}

#[rstest]
#[case::slow_down(refuse(503, "SlowDown"))]
#[case::too_many(refuse(429, ""))]
#[case::internal(refuse(500, "InternalError"))]
#[case::gateway(refuse(502, ""))]
#[case::damaged_on_the_way(refuse(400, "BadDigest"))]
#[case::request_timeout(refuse(400, "RequestTimeout"))]
#[case::hung_up(Reply::HangUp)]
#[case::stalled(Reply::Stall)]
#[tokio::test]
async fn what_may_pass_is_tried_again_and_told(#[case] fault: Reply) {
    let good = agree(&[("x-amz-checksum-crc64nvme", &crc(DATA)), ("etag", MD5)]);
    let server = Scripted::saying([fault.clone(), fault, good]).await;
    let (options, notes) = listening(quick(&server));
    let receipt = put(&open("s3://lab/x", &options).await).await.unwrap();
    assert_eq!((receipt.proof, server.asked().len()), (Proof::Checksum, 3));
    let notes = notes.lock().unwrap();
    assert!(notes.first().is_some_and(|note| note.contains("s3://lab/x/a")), "{notes:?}");
}

#[rstest]
#[case::overloaded(refuse(503, "SlowDown"), Class::Transient, "SlowDown")]
#[case::hung_up(Reply::HangUp, Class::Transient, "tries in")]
#[case::damaged(refuse(400, "BadDigest"), Class::Corrupt, "checksum")]
#[tokio::test]
async fn patience_ends_and_says_how_often(#[case] fault: Reply, #[case] class: Class, #[case] word: &str) {
    let server = Scripted::saying([fault]).await;
    let mut options = quick(&server);
    options.retry_time = Duration::from_millis(900);
    let fault = put(&open("s3://lab/x", &options).await).await.unwrap_err();
    assert_eq!(fault.class(), class);
    assert!(fault.line().contains(word) && server.asked().len() > 1, "{fault:?}");
}

#[rstest]
#[case::denied(refuse(403, "AccessDenied"), Class::Refused)]
#[case::no_bucket(refuse(404, "NoSuchBucket"), Class::Missing)]
#[case::wrong_secret(refuse(403, "SignatureDoesNotMatch"), Class::Refused)]
#[case::expired(refuse(400, "ExpiredToken"), Class::Refused)]
#[case::other_region(refuse(301, "PermanentRedirect"), Class::Refused)]
#[tokio::test]
async fn what_will_not_pass_is_asked_once(#[case] refusal: Reply, #[case] class: Class) {
    let server = Scripted::saying([refusal]).await;
    let fault = put(&place(&server).await).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (class, 1));
    assert!(fault.advice().is_some(), "{fault:?}");
    assert!(!format!("{fault:?}{:?}", fault.advice()).contains("canary"), "{fault:?}");
}

/// How a put is proven when its answer holds no checksum.
#[rstest]
#[case::etag_is_the_md5(MD5, None, "", Ok(Proof::EtagMd5), 1)]
#[case::opaque_then_head_has_it("\"opaque\"", Some(DATA), "", Ok(Proof::Checksum), 2)]
#[case::other_md5_then_head_has_it(
    "\"00000000000000000000000000000000\"",
    Some(DATA),
    "",
    Ok(Proof::Checksum),
    2
)]
#[case::nothing_then_read_back("\"opaque\"", None, DATA, Ok(Proof::ReadBack), 3)]
#[case::head_has_another("\"opaque\"", Some("dato"), "", Err(Class::Corrupt), 6)]
#[case::other_bytes_are_there("\"opaque\"", None, "dato", Err(Class::Corrupt), 9)]
#[tokio::test]
async fn silence_is_no_proof(
    #[case] etag: &'static str,
    #[case] head: Option<&'static str>,
    #[case] bytes: &'static str,
    #[case] proof: Result<Proof, Class>,
    #[case] requests: usize,
) {
    let server = Scripted::start(move |_, asked| match asked.method.as_str() {
        "PUT" => agree(&[("etag", etag)]),
        "HEAD" => {
            let mut headers = vec![("etag", etag.to_owned()), ("content-length", "4".to_owned())];
            headers.extend(head.map(|bytes| ("x-amz-checksum-crc64nvme", crc(bytes))));
            Reply::Say(200, headers, String::new())
        }
        _ => tell(bytes),
    })
    .await;
    let got = put(&place(&server).await).await;
    assert_eq!(got.map(|receipt| receipt.proof).map_err(|fault| fault.class()), proof);
    assert_eq!(server.asked().len(), requests);
}

#[tokio::test]
async fn a_wrong_checksum_in_the_answer_is_sent_again_then_corrupt() {
    let wrong = agree(&[("x-amz-checksum-crc64nvme", &crc("dato")), ("etag", MD5)]);
    let good = agree(&[("x-amz-checksum-crc64nvme", &crc(DATA)), ("etag", MD5)]);
    let server = Scripted::saying([wrong.clone(), good]).await;
    assert_eq!(put(&place(&server).await).await.unwrap().proof, Proof::Checksum);
    let server = Scripted::saying([wrong]).await;
    assert_eq!(put(&place(&server).await).await.unwrap_err().class(), Class::Corrupt);
}

#[tokio::test]
async fn a_server_that_refuses_checksum_headers_gets_none_from_then_on() {
    let server = Scripted::start(|_, asked| {
        let has = asked.headers.contains_key("x-amz-checksum-crc64nvme");
        if has { refuse(501, "NotImplemented") } else { agree(&[("etag", MD5)]) }
    })
    .await;
    let place = place(&server).await;
    for _ in 0..2 {
        assert_eq!(put(&place).await.unwrap().proof, Proof::EtagMd5);
    }
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_bucket_of_another_region_is_followed_once() {
    let server = Scripted::start(|_, asked| {
        let authorization = asked.headers["authorization"].to_str().unwrap();
        if authorization.contains("/eu-west-1/s3/") {
            return agree(&[("x-amz-checksum-crc64nvme", &crc(DATA)), ("etag", MD5)]);
        }
        let header = vec![("x-amz-bucket-region", "eu-west-1".to_owned())];
        Reply::Say(400, header, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>".to_owned())
    })
    .await;
    let place = place(&server).await;
    put(&place).await.unwrap();
    put(&place).await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

const BEGUN: &str =
    "<InitiateMultipartUploadResult><UploadId>id 1</UploadId></InitiateMultipartUploadResult>";

fn completed(inside: &str) -> Reply {
    tell(&format!("<CompleteMultipartUploadResult><ETag>e-1</ETag>{inside}</CompleteMultipartUploadResult>"))
}

/// A multipart server whose completion is answered by `complete`, in order.
async fn completing(complete: Vec<Reply>, object: &'static str) -> Scripted {
    let count = AtomicUsize::new(0);
    Scripted::start(move |_, asked: &Asked| match asked.method.as_str() {
        "POST" if asked.target.contains("uploads") => tell(BEGUN),
        "POST" => complete[count.fetch_add(1, Ordering::Relaxed).min(complete.len() - 1)].clone(),
        "PUT" => agree(&[("etag", "\"p\""), ("x-amz-checksum-crc64nvme", &crc(DATA))]),
        "HEAD" if object.is_empty() => refuse(404, ""),
        "HEAD" => {
            let headers = [("content-length", &*object.len().to_string()), ("etag", "\"e-1\"")];
            agree(&headers)
        }
        _ => tell(object),
    })
    .await
}

#[rstest]
#[case::an_error_in_a_200(vec![tell("<Error><Code>InternalError</Code></Error>"), completed("")], DATA, Ok(Proof::Checksum))]
#[case::the_answer_was_lost(vec![Reply::HangUp, refuse(404, "NoSuchUpload")], DATA, Ok(Proof::ReadBack))]
#[case::it_was_aborted(vec![refuse(404, "NoSuchUpload")], "", Err(Class::Missing))]
#[case::another_object_is_there(vec![refuse(404, "NoSuchUpload")], "dato", Err(Class::Missing))]
#[case::too_short(vec![completed("")], "dat", Err(Class::Corrupt))]
#[case::another_checksum(vec![completed("<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>")], "dato", Err(Class::Corrupt))]
#[case::a_checksum_of_another_kind(vec![completed("<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME>")], DATA, Ok(Proof::ReadBack))]
#[tokio::test]
async fn completions(
    #[case] replies: Vec<Reply>,
    #[case] object: &'static str,
    #[case] proof: Result<Proof, Class>,
) {
    let server = completing(replies, object).await;
    let upload = place(&server).await.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    assert_eq!(upload.id(), "id 1");
    let part = upload.put_part(1, 0, block(DATA)).await.unwrap();
    let got = upload.complete(&[part]).await;
    assert_eq!(got.map(|receipt| receipt.proof).map_err(|fault| fault.class()), proof);
}

#[tokio::test]
async fn an_upload_whose_parts_cannot_be_listed_is_aborted() {
    let server = Scripted::start(|_, asked| match asked.method.as_str() {
        "GET" => refuse(501, "NotImplemented"),
        _ => refuse(204, ""),
    })
    .await;
    assert!(place(&server).await.resume(&key("a"), "id", &ObjectMeta::default()).await.unwrap().is_none());
    assert_eq!(server.asked().last().unwrap().method, "DELETE");
}

#[tokio::test]
async fn pages_follow_each_other_by_their_token() {
    let page = |key: &str, more: &str| {
        tell(&format!(
            "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>{key}</Key><Size>1</Size></Contents>{more}</ListBucketResult>"
        ))
    };
    let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken>";
    // A long listing is looked at for folders between which it could be cut.
    let folders = || tell("<ListBucketResult><EncodingType>url</EncodingType></ListBucketResult>");
    let end = "<IsTruncated>false</IsTruncated>";
    let server = Scripted::saying([page("x/a%2Bb", more), folders(), page("x/c+d", end)]).await;
    assert_eq!(names(&place(&server).await).await, ["a+b", "c d"]);
    assert!(server.asked()[1].target.contains("delimiter=%2F"));
    assert!(server.asked()[2].target.contains("continuation-token=t%2F1%3D"));
    let disordered = Scripted::saying([page("x/b", more), folders(), page("x/a", end)]).await;
    let pages: Vec<_> = place(&disordered).await.list().collect().await;
    assert!(pages[0].is_ok() && pages[1].is_err());
}

#[tokio::test]
async fn a_key_that_is_too_long_is_refused_by_name_before_it_is_sent() {
    let server = Scripted::saying([refuse(500, "")]).await;
    let long = key(&"ü".repeat(600));
    let fault = place(&server).await.put(&long, block(DATA), &ObjectMeta::default()).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (Class::BadInput, 0));
    assert!(fault.line().contains("1202 bytes"), "{fault:?}");
}

#[tokio::test]
async fn a_range_that_the_server_ignores_is_never_mistaken_for_it() {
    let server = Scripted::saying([tell("0123456789")]).await;
    let place = place(&server).await;
    for range in [0..5, 5..10, 1..11] {
        assert!(place.get(&key("a"), Some(range)).await.is_err());
    }
    assert_eq!(place.get(&key("a"), Some(0..10)).await.unwrap().as_ref(), b"0123456789");
}

#[tokio::test]
async fn bodies_are_signed_only_when_asked_for_on_a_safe_line() {
    let server = Scripted::saying([agree(&[("x-amz-checksum-crc64nvme", &crc(DATA)), ("etag", MD5)])]).await;
    put(&place(&server).await).await.unwrap();
    let mut options = quick(&server);
    options.sign_payload = true;
    put(&open("s3://lab/x", &options).await).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
    assert_eq!(
        asked[1].headers["x-amz-content-sha256"],
        "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"
    );
    assert!(asked.iter().all(|asked| asked.body == DATA && asked.headers["content-length"] == "4"));
}
