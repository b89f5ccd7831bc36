//! What Azure Blob Storage does that no emulator shows, and what its emulator shows beside the common suite.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use adt_model::{Class, Crc64, Fault};
use adt_net::Environment;
use adt_store::{Held, ObjectMeta, Place, Proof, Receipt, StoreOptions};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures::StreamExt;
use jiff::Timestamp;
use rstest::rstest;

use crate::{
    server::{Asked, Reply, Scripted, agree, refuse, tell},
    setup::{block, key, list, listening, meta, names, noise, open},
};

/// The account of every storage emulator, and its published key.
pub(crate) const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const DATA: &str = "data";
/// MD5 of `data`, as Azure writes it.
const MD5: &str = "jXd/OF09/siBXSD3SWAm3A==";
const TIME: &str = "2023-10-12T08:32:18.5Z";

/// The account at an emulator, or at a scripted server.
pub(crate) fn azure(endpoint: &str) -> StoreOptions {
    with_secret(endpoint, &format!("AccountName={ACCOUNT};AccountKey={KEY}"))
}

/// The same by a shared access signature.
pub(crate) fn azure_by_signature(endpoint: &str, signature: &str) -> StoreOptions {
    with_secret(endpoint, &format!("AccountName={ACCOUNT};SharedAccessSignature={signature}"))
}

fn with_secret(endpoint: &str, secret: &str) -> StoreOptions {
    let text = format!("DefaultEndpointsProtocol=http;{secret};BlobEndpoint={endpoint}/{ACCOUNT};");
    let vars = BTreeMap::from([("AZURE_STORAGE_CONNECTION_STRING".to_owned(), text)]);
    let mut options = StoreOptions::new(Environment { vars, home: None }, Arc::new(Timestamp::now));
    options.retry_time = Duration::from_secs(30);
    options
}

async fn place(server: &Scripted) -> Place {
    open(&format!("az://{ACCOUNT}/lab/x"), &azure(&server.endpoint)).await
}

async fn put(place: &Place) -> Result<Receipt, Fault> {
    place.put(&key("a"), block(DATA), &meta(TIME)).await
}

/// The service's CRC-64: ours, the least byte first.
fn crc(bytes: &str) -> String {
    BASE64_STANDARD.encode(adt_codec::crc64(bytes.as_bytes()).to_le_bytes())
}

fn digits(bytes: &[u8]) -> String {
    format!("{:016x}", adt_codec::crc64(bytes))
}

/// What the service does: it says the checksum of what it got, and refuses another.
fn honest(asked: &Asked) -> Reply {
    let crc = BASE64_STANDARD.encode(adt_codec::crc64(&asked.body).to_le_bytes());
    if asked.headers["x-ms-content-crc64"] != crc.as_str() {
        return refuse(400, "Crc64Mismatch");
    }
    Reply::Say(201, vec![("etag", "\"0x1\"".into()), ("x-ms-content-crc64", crc)], String::new())
}

fn is_list(asked: &Asked) -> bool {
    asked.target.contains("comp=blocklist")
}

fn has(asked: &Asked, name: &str) -> bool {
    asked.headers.contains_key(name)
}

#[tokio::test]
async fn a_put_is_confirmed_by_the_services_own_checksum() {
    let server = Scripted::start(|_, asked| honest(asked)).await;
    let receipt = put(&place(&server).await).await.unwrap();
    assert_eq!((receipt.proof, receipt.etag.as_deref()), (Proof::Checksum, Some("0x1")));
    let asked = server.asked().remove(0);
    assert_eq!(asked.target, format!("/{ACCOUNT}/lab/x/a"));
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-ms-blob-type"), "BlockBlob");
    assert_eq!(header("x-ms-version"), "2023-11-03");
    assert_eq!(header("x-ms-blob-content-type"), "application/octet-stream");
    assert_eq!(header("x-ms-meta-mtime"), "1697099538.5");
    assert_eq!(header("x-ms-meta-crc64nvme"), digits(DATA.as_bytes()));
    assert!(header("x-ms-date").ends_with(" GMT") && header("authorization").starts_with("SharedKey "));
}

/// How a put is proven when its answer holds no CRC-64.
#[rstest]
#[case::md5_in_the_answer(Some(MD5), None, "", Ok(Proof::EtagMd5), 1)]
#[case::md5_of_the_blob(None, Some(MD5), "", Ok(Proof::EtagMd5), 2)]
#[case::nothing_then_read_back(None, None, DATA, Ok(Proof::ReadBack), 3)]
#[case::other_md5_in_the_answer(Some("AAAAAAAAAAAAAAAAAAAAAA=="), None, "", Err(Class::Corrupt), 4)]
#[case::other_md5_of_the_blob(None, Some("AAAAAAAAAAAAAAAAAAAAAA=="), "", Err(Class::Corrupt), 7)]
#[case::other_bytes_are_there(None, None, "dato", Err(Class::Corrupt), 10)]
#[tokio::test]
async fn silence_is_no_proof(
    #[case] answered: Option<&'static str>,
    #[case] kept: Option<&'static str>,
    #[case] bytes: &'static str,
    #[case] proof: Result<Proof, Class>,
    #[case] requests: usize,
) {
    let server = Scripted::start(move |_, asked| {
        let mut headers = vec![("etag", "\"0x1\"".to_owned())];
        // Our own word beside the blob is no proof.
        headers.push(("x-ms-meta-crc64nvme", digits(DATA.as_bytes())));
        let md5 = if asked.method == "PUT" { answered } else { kept };
        headers.extend(md5.map(|md5| ("content-md5", md5.to_owned())));
        match asked.method.as_str() {
            "HEAD" => headers.push(("content-length", "4".to_owned())),
            "GET" => headers.push(("content-range", "bytes 0-3/4".to_owned())),
            _ => {}
        }
        let body = if asked.method == "GET" { bytes } else { "" };
        Reply::Say(200, headers, body.to_owned())
    })
    .await;
    let got = put(&place(&server).await).await;
    assert_eq!(got.map(|receipt| receipt.proof).map_err(|fault| fault.class()), proof);
    assert_eq!(server.asked().len(), requests);
}

#[tokio::test]
async fn a_wrong_checksum_is_sent_again_then_corrupt_and_nothing_vouches_for_it() {
    let wrong = agree(&[("x-ms-content-crc64", &crc("dato")), ("etag", "\"0x2\"")]);
    let good = agree(&[("x-ms-content-crc64", &crc(DATA)), ("etag", "\"0x2\"")]);
    let server = Scripted::saying([wrong.clone(), good]).await;
    assert_eq!(put(&place(&server).await).await.unwrap().proof, Proof::Checksum);
    let server = Scripted::saying([wrong]).await;
    assert_eq!(put(&place(&server).await).await.unwrap_err().class(), Class::Corrupt);
    let last = server.asked().pop().unwrap();
    assert!(last.target.ends_with("/a?comp=metadata"), "{}", last.target);
    assert_eq!(last.headers["if-match"], "\"0x2\"");
    assert!(!has(&last, "x-ms-meta-crc64nvme") && !has(&last, "x-ms-meta-mtime"));
}

#[tokio::test]
async fn a_server_that_refuses_checksum_headers_gets_none_from_then_on() {
    let server = Scripted::start(|_, asked| {
        if has(asked, "x-ms-content-crc64") {
            refuse(400, "UnsupportedHeader")
        } else {
            agree(&[("content-md5", MD5), ("etag", "\"0x1\"")])
        }
    })
    .await;
    let place = place(&server).await;
    for _ in 0..2 {
        assert_eq!(put(&place).await.unwrap().proof, Proof::EtagMd5);
    }
    assert_eq!(server.asked().len(), 3);
}

#[rstest]
#[case::busy(refuse(503, "ServerBusy"))]
#[case::slow(refuse(500, "OperationTimedOut"))]
#[case::damaged_on_the_way(refuse(400, "Crc64Mismatch"))]
#[case::hung_up(Reply::HangUp)]
#[tokio::test]
async fn what_may_pass_is_tried_again_and_told(#[case] fault: Reply) {
    let server = Scripted::start(move |n, asked| if n == 0 { fault.clone() } else { honest(asked) }).await;
    let (options, notes) = listening(azure(&server.endpoint));
    put(&open(&format!("az://{ACCOUNT}/lab/x"), &options).await).await.unwrap();
    let notes = notes.lock().unwrap();
    assert!(notes.first().is_some_and(|note| note.contains("az://devstoreaccount1/lab/x/a")), "{notes:?}");
}

#[rstest]
#[case::denied(
    refuse(403, "AuthorizationPermissionMismatch"),
    Class::Refused,
    "Storage Blob Data Contributor"
)]
#[case::no_container(refuse(404, "ContainerNotFound"), Class::Missing, "container `lab`")]
#[case::archived(refuse(409, "BlobArchived"), Class::Refused, "archived: restore it first")]
#[case::expired(refuse(401, "InvalidAuthenticationInfo"), Class::Refused, "az login")]
#[tokio::test]
async fn what_will_not_pass_is_asked_once(#[case] refusal: Reply, #[case] class: Class, #[case] help: &str) {
    let server = Scripted::saying([refusal]).await;
    let fault = put(&place(&server).await).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (class, 1));
    assert!(fault.advice().is_some_and(|advice| advice.contains(help)), "{:?}", fault.advice());
}

#[rstest]
#[case::refused(refuse(403, "AuthenticationFailed"))]
#[case::no_answer(Reply::HangUp)]
#[case::no_xml(tell("?"))]
#[tokio::test]
async fn a_shared_access_signature_is_sent_and_never_shown(#[case] reply: Reply) {
    let server = Scripted::saying([reply]).await;
    let mut options = azure_by_signature(&server.endpoint, "?sv=2023-11-03&sig=canary%3D");
    options.retry_time = Duration::from_millis(300);
    let (options, notes) = listening(options);
    let place = open(&format!("az://{ACCOUNT}/lab/x"), &options).await;
    let from = adt_store::Found::new(key("b"), 4);
    let mut faults = vec![put(&place).await.err(), place.head(&key("a")).await.err()];
    faults.push(place.get(&key("a"), Some(0..5)).await.err());
    faults.push(place.copy(&key("a"), &place, &from, None).await.err());
    faults.push(place.list().next().await.unwrap().err());
    let shown = format!("{faults:?} {:?} {place:?}", notes.lock().unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(faults.iter().any(Option::is_some));
    for asked in server.asked() {
        assert!(asked.target.ends_with("sv=2023-11-03&sig=canary%3D"), "{}", asked.target);
        assert!(!has(&asked, "authorization"));
        let source = asked.headers.get("x-ms-copy-source").map(|source| source.to_str().unwrap());
        assert!(source.is_none_or(|url| url.ends_with("/lab/x/b?sv=2023-11-03&sig=canary%3D")), "{source:?}");
    }
}

#[rstest]
#[case::too_long(&"ü".repeat(1023), "", "1025 characters")]
#[case::beside_it("a", "größer", "x-ms-meta-note")]
#[tokio::test]
async fn what_azure_does_not_keep_is_refused_by_name_before_it_is_sent(
    #[case] name: &str,
    #[case] note: &str,
    #[case] words: &str,
) {
    let server = Scripted::saying([refuse(500, "")]).await;
    let mut meta = ObjectMeta::default();
    meta.user.insert("note".into(), note.into());
    let fault = place(&server).await.put(&key(name), block(DATA), &meta).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (Class::BadInput, 0));
    assert!(fault.line().contains(words), "{fault:?}");
}

/// A service that confirms blocks or not, answers lists of blocks in order, and then holds `object` with our checksum of `vouched`; of
/// the right bytes it lists the blocks.
async fn committing(
    confirms: bool,
    lists: Vec<Reply>,
    object: &'static str,
    vouched: Option<&'static str>,
) -> Scripted {
    let (count, sent) = (AtomicUsize::new(0), std::sync::Mutex::new(Vec::new()));
    Scripted::start(move |_, asked| match asked.method.as_str() {
        "GET" if is_list(asked) && object == DATA => list_of_blocks(&sent.lock().unwrap()),
        "PUT" if asked.target.contains("blockid=") && sent.lock().unwrap().is_empty() => {
            sent.lock().unwrap().push(block_of(asked));
            if confirms { honest(asked) } else { agree(&[("etag", "\"0x2\"")]) }
        }
        "PUT" if is_list(asked) => lists[count.fetch_add(1, Ordering::Relaxed).min(lists.len() - 1)].clone(),
        "PUT" if asked.target.contains("blockid=") && confirms => honest(asked),
        "PUT" => agree(&[("etag", "\"0x2\"")]),
        "HEAD" if object.is_empty() => refuse(404, ""),
        "HEAD" => {
            let mut headers = vec![("content-length", object.len().to_string()), ("etag", "\"0x1\"".into())];
            headers.extend(vouched.map(|bytes| ("x-ms-meta-crc64nvme", digits(bytes.as_bytes()))));
            Reply::Say(200, headers, String::new())
        }
        _ => Reply::Say(206, vec![("etag", "\"0x1\"".into())], object.to_owned()),
    })
    .await
}

fn block_of(asked: &Asked) -> String {
    let id = asked.target.split("blockid=").nth(1).unwrap().split('&').next().unwrap();
    id.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/")
}

fn list_of_blocks(names: &[String]) -> Reply {
    let blocks = names.iter().map(|name| format!("<Block><Name>{name}</Name><Size>4</Size></Block>"));
    let blocks: String = blocks.collect();
    tell(&format!("<BlockList><CommittedBlocks>{blocks}</CommittedBlocks></BlockList>"))
}

fn committed() -> Reply {
    agree(&[("etag", "\"0x1\"")])
}

#[rstest]
#[case::blocks_are_confirmed(true, vec![committed()], DATA, None, Ok(Proof::Checksum))]
#[case::blocks_are_not(false, vec![committed()], DATA, None, Ok(Proof::ReadBack))]
#[case::other_bytes(false, vec![committed()], "dato", None, Err(Class::Corrupt))]
#[case::too_short(true, vec![committed()], "dat", None, Err(Class::Corrupt))]
#[case::somebody_wrote_over_it(true, vec![agree(&[("etag", "\"0x9\"")])], DATA, None, Err(Class::Corrupt))]
#[case::busy(true, vec![refuse(503, "ServerBusy"), committed()], DATA, None, Ok(Proof::Checksum))]
#[case::the_answer_was_lost(true, vec![Reply::HangUp, refuse(400, "InvalidBlockList")], DATA, Some(DATA), Ok(Proof::Checksum))]
#[case::lost_and_unvouched(false, vec![Reply::HangUp, refuse(400, "InvalidBlockList")], DATA, None, Ok(Proof::ReadBack))]
#[case::blocks_were_dropped(true, vec![refuse(400, "InvalidBlockList")], "", None, Err(Class::Missing))]
#[case::another_blob_is_there(true, vec![refuse(400, "InvalidBlockList")], "dato", Some("dato"), Err(Class::Missing))]
#[tokio::test]
async fn completions(
    #[case] confirms: bool,
    #[case] lists: Vec<Reply>,
    #[case] object: &'static str,
    #[case] vouched: Option<&'static str>,
    #[case] proof: Result<Proof, Class>,
) {
    let server = committing(confirms, lists, object, vouched).await;
    let upload = place(&server).await.begin(&key("a"), &meta(TIME)).await.unwrap();
    let part = upload.put_part(1, 0, block(DATA)).await.unwrap();
    let got = upload.complete(&[part]).await;
    assert_eq!(got.map(|receipt| receipt.proof).map_err(|fault| fault.class()), proof);
    let asked = server.asked();
    let list = asked.iter().find(|asked| is_list(asked)).unwrap();
    assert_eq!(list.headers["x-ms-blob-content-type"], "application/octet-stream");
    // What is not proven is not vouched for, until it is.
    assert_eq!(has(list, "x-ms-meta-crc64nvme"), confirms);
    let later = asked.iter().find(|asked| asked.target.contains("comp=metadata"));
    if proof == Ok(Proof::ReadBack) && vouched.is_none() && object == DATA && asked.len() == 6 {
        let later = later.unwrap();
        assert!(has(later, "x-ms-meta-crc64nvme") && has(later, "x-ms-meta-mtime"));
    }
}

/// Blocks that the service confirmed need not be read back by a later run; those of a silent server do.
#[rstest]
#[case::confirmed(true, Proof::Checksum)]
#[case::silent(false, Proof::ReadBack)]
#[tokio::test]
async fn what_an_earlier_run_sent_is_worth_what_was_known_of_it(
    #[case] confirms: bool,
    #[case] proof: Proof,
) {
    let server = committing(confirms, vec![committed()], DATA, None).await;
    let earlier = place(&server).await;
    // The service shows that it confirms with the first block.
    let upload = earlier.begin(&key("a"), &meta(TIME)).await.unwrap();
    upload.put_part(9, 0, block("x")).await.unwrap();
    let part = upload.put_part(1, 0, block(DATA)).await.unwrap();
    let (name, id) = (part.etag.clone(), upload.id().to_owned());
    let theirs = BASE64_STANDARD.encode("000001");
    let document = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><UncommittedBlocks><Block><Name>{theirs}</Name><Size>7</Size></Block><Block><Name>{name}</Name><Size>4</Size></Block></UncommittedBlocks></BlockList>"
    );
    let listing = Scripted::start(move |_, asked| match asked.method.as_str() {
        "GET" if asked.target.contains("blocklisttype=committed") => {
            list_of_blocks(std::slice::from_ref(&name))
        }
        "GET" if is_list(asked) => tell(&document),
        "GET" => Reply::Say(206, vec![("etag", "\"0x1\"".into())], DATA.to_owned()),
        "HEAD" => agree(&[("content-length", "4"), ("etag", "\"0x1\"")]),
        _ => committed(),
    })
    .await;
    let later = place(&listing).await;
    let (upload, held) = later.resume(&key("a"), &id, &meta(TIME)).await.unwrap().unwrap();
    let Held::Parts(parts) = held else { panic!("{held:?}") };
    let known = confirms.then(|| Crc64(adt_codec::crc64(DATA.as_bytes())));
    assert_eq!((parts.len(), parts[0].number, parts[0].size, parts[0].crc64), (1, 1, 4, known));
    assert_eq!(parts[0].etag, part.etag);
    assert_eq!(upload.complete(&[part]).await.unwrap().proof, proof);
    let list = listing.asked().into_iter().find(|asked| asked.method == "PUT").unwrap();
    assert!(has(&list, "x-ms-meta-mtime"));
    assert!(later.resume(&key("a"), "0000000000000000", &meta(TIME)).await.unwrap().is_none());
}

fn blobs(inside: &str) -> Reply {
    tell(&format!(
        "\u{feff}<?xml version=\"1.0\"?><EnumerationResults><Blobs>{inside}</Blobs><NextMarker/></EnumerationResults>"
    ))
}

fn blob(name: &str) -> String {
    format!("<Blob><Name>{name}</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>")
}

#[rstest]
#[case::html(tell("<html><body>login</body></html>"), true)]
#[case::nothing(tell(""), true)]
#[case::no_blobs(blobs(""), false)]
#[case::names_from_elsewhere(blobs(&blob("y/a")), true)]
#[case::no_size(blobs("<Blob><Name>x/a</Name></Blob>"), true)]
#[case::a_console_marker(
    blobs("<Blob><Name>x/</Name><Properties><Content-Length>0</Content-Length></Properties></Blob>"),
    false
)]
#[tokio::test]
async fn listings_that_cannot_be_used_are_faults(#[case] reply: Reply, #[case] fault: bool) {
    let server = Scripted::saying([reply]).await;
    let pages: Vec<_> = place(&server).await.list().collect().await;
    assert_eq!(pages.iter().any(Result::is_err), fault, "{pages:?}");
    assert!(pages.iter().all(Result::is_err));
}

#[tokio::test]
async fn a_listing_brings_what_stands_beside_each_blob() {
    let page = |inside: &str, marker: &str| {
        tell(&format!(
            "<EnumerationResults><Blobs>{inside}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
        ))
    };
    let first = format!(
        "<Blob><Name>x/a</Name><Properties><Last-Modified>Thu, 12 Oct 2023 08:32:18 GMT</Last-Modified><Etag>0x8D</Etag><Content-Length>4</Content-Length><Content-Type>text/plain</Content-Type><Content-MD5>{MD5}</Content-MD5></Properties><Metadata><Crc64nvme>{}</Crc64nvme><crc64nvme_of>4,8d777f385d3dfec8815d20f7496026dc,1</crc64nvme_of><mtime>1697099538.5</mtime><Lab>b &amp; c</Lab></Metadata></Blob>",
        digits(DATA.as_bytes())
    );
    let odd = "<Blob><Name Encoded=\"true\">x/b%20+%EF%BF%BE</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>";
    let server = Scripted::saying([page(&first, "m/1="), page(odd, "")]).await;
    let found = list(&place(&server).await).await;
    assert_eq!((found[0].etag.as_deref(), found[0].md5), (Some("0x8D"), Some(md5())));
    assert_eq!(found[0].crc64, Some(Crc64(adt_codec::crc64(DATA.as_bytes()))));
    assert_eq!(found[0].modified, Some(TIME.parse().unwrap()));
    assert_eq!(found[0].written, Some("2023-10-12T08:32:18Z".parse().unwrap()));
    let beside = found[0].meta.clone().unwrap();
    assert_eq!(beside.content_type.as_deref(), Some("text/plain"));
    assert_eq!(beside.user, BTreeMap::from([("lab".to_owned(), "b & c".to_owned())]));
    assert_eq!(found[1].key.as_str(), "b +\u{fffe}");
    let asked = server.asked();
    assert!(asked[0].target.contains("include=metadata") && asked[0].target.contains("prefix=x%2F"));
    assert!(asked[1].target.contains("marker=m%2F1%3D"));
}

fn md5() -> [u8; 16] {
    BASE64_STANDARD.decode(MD5).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn names_out_of_order_are_a_fault() {
    let page = |name: &str, marker: &str| {
        let inside = blob(name);
        tell(&format!(
            "<EnumerationResults><Blobs>{inside}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
        ))
    };
    let server = Scripted::saying([page("x/b", "1"), page("x/a", "")]).await;
    let pages: Vec<_> = place(&server).await.list().collect().await;
    assert!(pages[0].is_ok() && pages[1].is_err());
}

/// An account with real folders lists `a/b` before `a-b`; a merge with another listing needs bytes' order.
#[tokio::test]
async fn folders_are_listed_one_by_one_where_an_account_has_them() {
    let folder = |name: &str| {
        format!(
            "<Blob><Name>{name}</Name><Properties><Content-Length>0</Content-Length><ResourceType>directory</ResourceType></Properties></Blob>"
        )
    };
    let below = |name: &str| format!("<BlobPrefix><Name>{name}/</Name></BlobPrefix>");
    let server = Scripted::start(move |_, asked| {
        let prefix = asked.target.split("prefix=").nth(1).unwrap().split('&').next().unwrap();
        match (asked.target.contains("delimiter=%2F"), asked.target.contains("marker="), prefix) {
            (false, true, _) => blobs(
                &[folder("x/a"), blob("x/a/b"), folder("x/a/c"), blob("x/a/c/d"), blob("x/a-b")].concat(),
            ),
            // What fits into a page is not looked into any further.
            (false, false, "x%2Fa%2Fc%2F") => {
                blobs(&[blob("x/a/c/d/e"), folder("x/a/c/d"), blob("x/a/c/d.e")].concat())
            }
            (false, false, "x%2Fz%2F") => blobs(&folder("x/z/empty")),
            (false, false, _) => tell(&format!(
                "<EnumerationResults><Blobs>{}</Blobs><NextMarker>1</NextMarker></EnumerationResults>",
                blob("x/0")
            )),
            (true, _, "x%2F") => {
                blobs(&[blob("x/0"), folder("x/a"), below("x/a"), blob("x/a-b"), below("x/z")].concat())
            }
            (true, _, "x%2Fa%2F") => blobs(&[blob("x/a/b"), below("x/a/c")].concat()),
            _ => refuse(400, "InvalidUri"),
        }
    })
    .await;
    assert_eq!(names(&place(&server).await).await, ["0", "a-b", "a/b", "a/c/d.e", "a/c/d/e"]);
}

/// What stands beside a blob of four bytes, and whether they are taken.
#[rstest]
#[case::our_checksum(DATA, "4,-,1697099538", None, true)]
#[case::another_checksum_for_these_very_bytes("dato", "4,-,1697099538", None, false)]
#[case::another_checksum_that_has_outlived_its_bytes("dato", "4,-,1697000000", None, true)]
#[case::another_checksum_of_another_md5(
    "dato",
    "4,00000000000000000000000000000000,1697099538",
    Some(MD5),
    true
)]
#[case::the_services_md5_is_another(DATA, "4,-,1697099538", Some("AAAAAAAAAAAAAAAAAAAAAA=="), false)]
#[tokio::test]
async fn a_blobs_bytes_have_to_match_what_is_stated_for_them(
    #[case] vouched: &'static str,
    #[case] made_for: &'static str,
    #[case] md5: Option<&'static str>,
    #[case] right: bool,
) {
    let server = Scripted::start(move |_, _| {
        let mut headers = vec![
            ("x-ms-meta-crc64nvme", digits(vouched.as_bytes())),
            ("x-ms-meta-crc64nvme_of", made_for.to_owned()),
            ("last-modified", "Thu, 12 Oct 2023 08:32:18 GMT".to_owned()),
        ];
        headers.extend(md5.map(|md5| ("content-md5", md5.to_owned())));
        Reply::Say(200, headers, DATA.to_owned())
    })
    .await;
    let place = place(&server).await;
    assert_eq!(place.get(&key("a"), None).await.map_err(|fault| fault.class()).is_ok(), right);
}

/// Another program has replaced the bytes and kept the metadata.
#[rstest]
#[case::right("4,8d777f385d3dfec8815d20f7496026dc,1697000000", Some(MD5), true)]
#[case::nothing_proves_it("4,-,1697099538", None, false)]
#[case::rewritten_later("4,-,1697099530", None, false)]
#[case::put_whole_since("4,-,1697099538", Some(MD5), false)]
#[case::of_another_size("5,-,1697099538", None, false)]
#[tokio::test]
async fn metadata_that_has_outlived_its_bytes_is_not_believed(
    #[case] made_for: &'static str,
    #[case] md5: Option<&'static str>,
    #[case] believed: bool,
) {
    let labels = format!(
        "<crc64nvme>{}</crc64nvme><crc64nvme_of>{made_for}</crc64nvme_of><mtime>1</mtime>",
        digits(DATA.as_bytes())
    );
    let listed = format!(
        "<Blob><Name>x/a</Name><Properties><Content-Length>4</Content-Length><Etag>0x1</Etag><Content-MD5>{}</Content-MD5><Last-Modified>Thu, 12 Oct 2023 08:32:18 GMT</Last-Modified></Properties><Metadata>{labels}</Metadata></Blob>",
        md5.unwrap_or_default()
    );
    let server = Scripted::start(move |_, asked| {
        if asked.method == "GET" {
            return blobs(&listed);
        }
        let mut headers = vec![
            ("content-length", "4".to_owned()),
            ("last-modified", "Thu, 12 Oct 2023 08:32:18 GMT".to_owned()),
            ("x-ms-meta-crc64nvme", digits(DATA.as_bytes())),
            ("x-ms-meta-crc64nvme_of", made_for.to_owned()),
            ("x-ms-meta-mtime", "1".to_owned()),
        ];
        headers.extend(md5.map(|md5| ("content-md5", md5.to_owned())));
        Reply::Say(200, headers, String::new())
    })
    .await;
    let place = place(&server).await;
    for found in [list(&place).await.remove(0), place.head(&key("a")).await.unwrap().unwrap()] {
        assert_eq!((found.crc64.is_some(), found.modified.is_some()), (believed, believed), "{found:?}");
    }
}

/// Blocks that the service has put together in another order than the list said, or of which it does not show the order.
#[rstest]
#[case::as_asked(&[0, 1], "datadato", Ok(Proof::Checksum))]
#[case::another_order(&[1, 0], "datodata", Err(Class::Corrupt))]
#[case::one_twice(&[0, 0], "datadata", Err(Class::Corrupt))]
#[case::not_shown_and_right(&[], "datadato", Ok(Proof::ReadBack))]
#[case::not_shown_and_in_another_order(&[], "datodata", Err(Class::Corrupt))]
#[tokio::test]
async fn blocks_in_another_order_are_noticed(
    #[case] order: &'static [usize],
    #[case] object: &'static str,
    #[case] proof: Result<Proof, Class>,
) {
    let sent = std::sync::Mutex::new(Vec::new());
    let server = Scripted::start(move |_, asked| match asked.method.as_str() {
        "PUT" if asked.target.contains("blockid=") => {
            sent.lock().unwrap().push(block_of(asked));
            honest(asked)
        }
        "GET" if is_list(asked) => {
            let sent = sent.lock().unwrap();
            list_of_blocks(&order.iter().map(|at| sent[*at].clone()).collect::<Vec<_>>())
        }
        "HEAD" => agree(&[("content-length", "8"), ("etag", "\"0x1\"")]),
        "GET" => Reply::Say(206, vec![("etag", "\"0x1\"".into())], object.to_owned()),
        _ => committed(),
    })
    .await;
    let upload = place(&server).await.begin(&key("a"), &meta(TIME)).await.unwrap();
    let parts = [
        upload.put_part(1, 0, block(DATA)).await.unwrap(),
        upload.put_part(2, 4, block("dato")).await.unwrap(),
    ];
    let got = upload.complete(&parts).await;
    assert_eq!(got.map(|receipt| receipt.proof).map_err(|fault| fault.class()), proof);
}

/// What a copy inside the service is worth: the MD5 of both sides, not the labels that were copied along.
#[rstest]
#[case::both_state_it(Some(MD5), Some([0x8d, 0x77, 0x7f, 0x38, 0x5d, 0x3d, 0xfe, 0xc8, 0x81, 0x5d, 0x20, 0xf7, 0x49, 0x60, 0x26, 0xdc]), "4", Ok(Some(Proof::EtagMd5)))]
#[case::neither_states_one(None, None, "4", Ok(Some(Proof::ServerCopy)))]
#[case::they_differ(Some(MD5), Some([1; 16]), "4", Err(Class::Corrupt))]
#[case::shorter(None, None, "3", Err(Class::Corrupt))]
#[tokio::test]
async fn a_copy_is_proven_by_what_the_service_states(
    #[case] there: Option<&'static str>,
    #[case] here: Option<[u8; 16]>,
    #[case] size: &'static str,
    #[case] proof: Result<Option<Proof>, Class>,
) {
    let server = Scripted::start(move |_, _| {
        let mut headers = vec![
            ("x-ms-copy-id", "7".to_owned()),
            ("x-ms-copy-status", "success".to_owned()),
            ("content-length", size.to_owned()),
            ("etag", "\"0x2\"".to_owned()),
            ("x-ms-meta-crc64nvme", digits(DATA.as_bytes())),
        ];
        headers.extend(there.map(|md5| ("content-md5", md5.to_owned())));
        Reply::Say(200, headers, String::new())
    })
    .await;
    let place = place(&server).await;
    let crc64 = Some(block(DATA).crc64);
    let source = adt_store::Found { md5: here, crc64, ..adt_store::Found::new(key("b"), 4) };
    let copied = place.copy(&key("a"), &place, &source, None).await;
    let known = copied.as_ref().ok().and_then(|copied| copied.as_ref()?.crc64);
    assert_eq!(known.is_some(), proof == Ok(Some(Proof::EtagMd5)), "{copied:?}");
    assert_eq!(copied.map(|c| c.map(|c| c.proof)).map_err(|fault| fault.class()), proof);
}

#[rstest]
#[case::at_once(vec![], Ok(Some(Proof::ServerCopy)))]
#[case::after_a_while(vec!["pending", "pending"], Ok(Some(Proof::ServerCopy)))]
#[case::failed(vec!["pending", "failed"], Err(Class::Transient))]
#[tokio::test]
async fn copies(#[case] states: Vec<&'static str>, #[case] proof: Result<Option<Proof>, Class>) {
    let looks = AtomicUsize::new(0);
    let server = Scripted::start(move |_, asked| {
        let state = match asked.method.as_str() {
            "HEAD" => states.get(looks.fetch_add(1, Ordering::Relaxed)).copied().unwrap_or("success"),
            _ => "pending",
        };
        agree(&[
            ("x-ms-copy-id", "7"),
            ("x-ms-copy-status", state),
            ("content-length", "4"),
            ("etag", "\"0x2\""),
        ])
    })
    .await;
    let place = place(&server).await;
    let source = adt_store::Found { etag: Some("0x1".into()), ..adt_store::Found::new(key("b c"), 4) };
    let copied = place.copy(&key("a"), &place, &source, None).await;
    let copied = copied.map(|copied| copied.map(|copied| copied.proof)).map_err(|fault| fault.class());
    assert_eq!(copied, proof);
    let asked = server.asked().remove(0);
    let from = format!("{}/{ACCOUNT}/lab/x/b%20c", server.endpoint);
    assert_eq!(asked.headers["x-ms-copy-source"], from.as_str());
    assert_eq!(asked.headers["x-ms-source-if-match"], "\"0x1\"");
}

#[rstest]
#[case::changed(refuse(412, "SourceConditionNotMet"), Err(Class::Corrupt))]
#[case::may_not_be_read(refuse(403, "CannotVerifyCopySource"), Ok(()))]
#[case::not_known(refuse(501, "NotImplemented"), Ok(()))]
#[tokio::test]
async fn copies_that_the_service_refuses(#[case] reply: Reply, #[case] result: Result<(), Class>) {
    let server = Scripted::saying([reply]).await;
    let place = place(&server).await;
    let copied = place.copy(&key("a"), &place, &adt_store::Found::new(key("b"), 4), None).await;
    assert_eq!(copied.map(|none| assert!(none.is_none())).map_err(|fault| fault.class()), result);
}

#[tokio::test]
async fn blocks_of_another_upload_are_not_dropped_with_ours() {
    let names = ["0123456789abcdefc000000010000000000000000", "fedcba9876543210c000000010000000000000000"];
    let blocks = names
        .map(|name| format!("<Block><Name>{}</Name><Size>4</Size></Block>", BASE64_STANDARD.encode(name)));
    let document =
        format!("<BlockList><UncommittedBlocks>{}</UncommittedBlocks></BlockList>", blocks.concat());
    let uncommitted =
        "<Blob><Name>x/a</Name><Properties><Content-Length>0</Content-Length></Properties></Blob>";
    let server = Scripted::start(move |_, asked| match asked.method.as_str() {
        "GET" if is_list(asked) => tell(&document),
        "GET" => blobs(uncommitted),
        _ => refuse(500, "InternalError"),
    })
    .await;
    let place = place(&server).await;
    let unfinished = place.unfinished().await.unwrap();
    assert_eq!(unfinished.iter().map(|one| &one.upload_id[..4]).collect::<Vec<_>>(), ["0123", "fedc"]);
    place.abort(&unfinished[0]).await.unwrap();
}

/// What the emulator can show beside the common suite.
pub(crate) async fn emulated(place: &Place) {
    assert!(place.list().next().await.is_none());
    beside(&place.below(&key("beside"))).await;
    copied(&place.below(&key("copied"))).await;
    folders(&place.below(&key("folders"))).await;
    uploads(&place.below(&key("uploads"))).await;
}

async fn beside(place: &Place) {
    let mut sent = meta(TIME);
    sent.cache_control = Some("no-store".into());
    sent.user = BTreeMap::from([("lab-name".into(), "a, b = c".into()), ("Plain".into(), String::new())]);
    let crc64 = block(DATA).crc64;
    place.put(&key("a"), block(DATA), &sent).await.unwrap();
    let found = place.head(&key("a")).await.unwrap().unwrap();
    let listed = list(place).await.remove(0);
    for found in [found, listed] {
        let kept = found.meta.unwrap();
        assert_eq!((found.crc64, found.md5, found.modified), (Some(crc64), Some(md5()), sent.modified));
        assert_eq!(
            (kept.content_type, kept.cache_control),
            (sent.content_type.clone(), sent.cache_control.clone())
        );
        assert_eq!(kept.user.get("lab_name").map(String::as_str), Some("a, b = c"));
    }
    place.delete(&key("a")).await.unwrap();
}

async fn copied(place: &Place) {
    place.put(&key("from/a b+c"), block(DATA), &meta(TIME)).await.unwrap();
    let from = place.below(&key("from"));
    let source = list(&from).await.remove(0);
    let same = place.copy(&key("same"), &from, &source, None).await.unwrap().unwrap();
    assert_eq!((same.size, same.crc64, same.proof), (4, source.crc64, Proof::EtagMd5));
    let found = place.head(&key("same")).await.unwrap().unwrap();
    assert_eq!((found.etag, found.modified, found.md5), (same.etag, source.modified, source.md5));
    let mut other = ObjectMeta { content_type: Some("text/plain".into()), ..meta("2024-01-01T00:00:00Z") };
    other.user.insert("new".into(), "1".into());
    let replaced = place.copy(&key("other"), &from, &source, Some(&other)).await.unwrap().unwrap();
    let found = place.head(&key("other")).await.unwrap().unwrap();
    assert_eq!((found.etag.clone(), found.modified, found.md5), (replaced.etag, other.modified, source.md5));
    assert_eq!(place.get_of(&found, 0..4).await.unwrap(), DATA);
    assert_eq!(found.meta.unwrap().user, other.user);
    place.put(&key("from/a b+c"), block("newer"), &meta(TIME)).await.unwrap();
    let fault = place.copy(&key("late"), &from, &source, None).await.unwrap_err();
    assert_eq!(fault.class(), Class::Corrupt, "{fault:?}");
    assert!(place.get_of(&source, 0..2).await.is_err());
    for name in ["from/a b+c", "same", "other"] {
        place.delete(&key(name)).await.unwrap();
    }
}

async fn folders(place: &Place) {
    for name in ["a/b", "a-b", "a.b/c", "z"] {
        place.put(&key(name), block(DATA), &meta(TIME)).await.unwrap();
    }
    for name in ["empty", "a"] {
        place.make_folder(&key(name)).await.unwrap();
        place.make_folder(&key(name)).await.unwrap();
    }
    assert_eq!(names(place).await, ["a-b", "a.b/c", "a/b", "z"]);
    assert!(place.head(&key("empty")).await.unwrap().is_none());
    assert!(place.unfinished().await.unwrap().is_empty());
    for name in ["a/b", "a-b", "a.b/c", "z", "a", "empty"] {
        place.delete(&key(name)).await.unwrap();
    }
}

async fn uploads(place: &Place) {
    let name = key("a");
    let upload = place.begin(&name, &meta(TIME)).await.unwrap();
    let part = upload.put_part(1, 0, block(noise(100, 1))).await.unwrap();
    let (id, unknown) = (upload.id().to_owned(), ObjectMeta::default());
    drop(upload);
    // What stands beside the blob is told again; the wrong bytes under the same number are another block.
    let (upload, held) = place.resume(&name, &id, &meta(TIME)).await.unwrap().unwrap();
    assert!(matches!(held, Held::Parts(parts) if parts.len() == 1 && parts[0].etag == part.etag));
    let other = upload.put_part(1, 0, block(noise(100, 2))).await.unwrap();
    assert_ne!(other.etag, part.etag);
    upload.complete(std::slice::from_ref(&part)).await.unwrap();
    let found = place.head(&name).await.unwrap().unwrap();
    assert_eq!((found.modified, found.crc64), (meta(TIME).modified, Some(part.crc64)));
    assert!(place.resume(&name, &id, &unknown).await.unwrap().is_none());
    // Where a blob stands, an abort leaves it alone.
    let upload = place.begin(&name, &unknown).await.unwrap();
    upload.put_part(1, 0, block("other")).await.unwrap();
    assert!(place.unfinished().await.unwrap().is_empty());
    upload.abort().await.unwrap();
    assert_eq!(place.get(&name, None).await.unwrap(), noise(100, 1));
    // Nothing at all makes an empty blob.
    let upload = place.begin(&key("nothing"), &meta(TIME)).await.unwrap();
    let part = upload.put_part(1, 0, block("")).await.unwrap();
    assert_eq!(upload.complete(&[part]).await.unwrap().size, 0);
    for name in ["a", "nothing"] {
        place.delete(&key(name)).await.unwrap();
    }
}
