//! Answers that are not what was asked for: a status that says well, and a body or a header that says something else.

use std::time::Duration;

use adt_model::{Class, Fault};
use adt_store::{Found, ObjectMeta, Place, StoreOptions};
use futures::StreamExt;
use rstest::rstest;

use crate::{
    azure::{ACCOUNT, azure},
    google::google,
    server::{Reply, Scripted, agree, tell},
    setup::{block, key, open, options},
};

const DATA: &str = "data";
const MD5: &str = "\"8d777f385d3dfec8815d20f7496026dc\"";
const HTML: &str = "<!DOCTYPE html><html><head><meta charset=utf-8></head><body>please log in</body></html>";
const ERROR: &str =
    "<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>we broke</Message></Error>";

#[derive(Clone, Copy, Debug)]
enum Cloud {
    S3,
    Google,
    Azure,
}

async fn place(cloud: Cloud, server: &Scripted) -> Place {
    let (location, mut options): (String, StoreOptions) = match cloud {
        Cloud::S3 => ("s3://lab/x".into(), options(&server.endpoint, "key", "secret")),
        Cloud::Google => ("gs://lab/x".into(), google(&server.endpoint)),
        Cloud::Azure => (format!("az://{ACCOUNT}/lab/x"), azure(&server.endpoint)),
    };
    options.request_timeout = Duration::from_millis(500);
    options.retry_time = Duration::from_millis(200);
    open(&location, &options).await
}

/// Lists to the end, or to the fault that ends it.
async fn listed(place: &Place) -> Result<Vec<String>, Fault> {
    let (mut names, mut pages) = (Vec::new(), std::pin::pin!(place.list()));
    while let Some(page) = pages.next().await {
        names.extend(page?.into_iter().map(|found| found.key.to_string()));
    }
    Ok(names)
}

/// What holds for every fault about a strange answer: it names the thing, says that the answer is strange, and what to check.
fn is_named(fault: &Fault, target: &str) {
    assert_eq!(fault.class(), Class::Refused, "{fault:?}");
    assert!(fault.line().contains(target), "{fault:?}");
    assert!(fault.line().contains("not what was asked for"), "{fault:?}");
    assert!(fault.advice().is_some_and(|advice| advice.contains("proxy or login page")), "{fault:?}");
}

/// A good page with one name, where more is to come.
fn first_page(cloud: Cloud) -> String {
    match cloud {
        Cloud::S3 => "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken><Contents><Key>x/b</Key><Size>1</Size></Contents></ListBucketResult>".into(),
        Cloud::Google => r#"{"kind": "storage#objects", "nextPageToken": "t1", "items": [{"name": "x/b", "size": "1"}]}"#.into(),
        Cloud::Azure => "<EnumerationResults><Blobs><Blob><Name>x/b</Name><Properties><Content-Length>1</Content-Length></Properties></Blob></Blobs><NextMarker>t1</NextMarker></EnumerationResults>".into(),
    }
}

fn folders(cloud: Cloud) -> String {
    match cloud {
        Cloud::S3 => "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".into(),
        Cloud::Google => r#"{"kind": "storage#objects"}"#.into(),
        Cloud::Azure => String::new(),
    }
}

fn s3(inside: &str) -> String {
    format!("<ListBucketResult>{inside}</ListBucketResult>")
}

fn contents(key: &str) -> String {
    format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>")
}

const END: &str = "<IsTruncated>false</IsTruncated>";

fn objects(inside: &str) -> String {
    format!(r#"{{"kind": "storage#objects", {inside}}}"#)
}

fn item(name: &str) -> String {
    format!(r#"{{"name": "{name}", "size": "1"}}"#)
}

fn blobs(names: &[&str], more: &str) -> String {
    let blob = |name: &&str| {
        format!("<Blob><Name>{name}</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>")
    };
    let inside = names.iter().map(blob).collect::<Vec<_>>().concat();
    format!("<EnumerationResults><Blobs>{inside}</Blobs><NextMarker>{more}</NextMarker></EnumerationResults>")
}

/// The second page is not one, or not the one that was asked for: the listing ends with a fault, never as if it were complete.
#[rstest]
#[case::s3_html(Cloud::S3, HTML.to_owned(), "an HTML page")]
#[case::s3_error(Cloud::S3, ERROR.to_owned(), "an error, `InternalError`")]
#[case::s3_nothing(Cloud::S3, String::new(), "it is empty")]
#[case::s3_json(Cloud::S3, "{}".to_owned(), "JSON")]
#[case::s3_another_root(Cloud::S3, "<Foo/>".to_owned(), "`Foo`")]
#[case::s3_another_list(Cloud::S3, format!("<ListPartsResult>{END}</ListPartsResult>"), "`ListPartsResult`")]
#[case::s3_empty_root(Cloud::S3, s3(""), "IsTruncated")]
#[case::s3_neither_true_nor_false(Cloud::S3, s3("<IsTruncated>maybe</IsTruncated>"), "IsTruncated")]
#[case::s3_cut_off(Cloud::S3, s3("<IsTruncated>true</IsTruncated>"), "where it continues")]
#[case::s3_torn(Cloud::S3, format!("<ListBucketResult>{END}<Contents>"), "cannot be read")]
#[case::s3_no_size(Cloud::S3, s3(&format!("{END}<Contents><Key>x/c</Key></Contents>")), "`Contents`")]
#[case::s3_no_name(Cloud::S3, s3(&format!("{END}<Contents><Size>1</Size></Contents>")), "`Contents`")]
#[case::s3_size_beyond_numbers(Cloud::S3, s3(&format!("{END}<Contents><Key>x/c</Key><Size>18446744073709551616</Size></Contents>")), "`Contents`")]
#[case::s3_elsewhere(Cloud::S3, s3(&format!("{END}{}", contents("y/c"))), "does not begin with")]
#[case::s3_another_prefix(Cloud::S3, s3(&format!("{END}<Prefix>y/</Prefix>")), "another prefix")]
#[case::s3_fewer_than_it_says(Cloud::S3, s3(&format!("{END}<KeyCount>2</KeyCount>{}", contents("x/c"))), "KeyCount")]
#[case::s3_the_same_page(Cloud::S3, s3(&format!("{END}{}", contents("x/b"))), "twice")]
#[case::s3_disorder(Cloud::S3, s3(&format!("{END}{}{}", contents("x/d"), contents("x/c"))), "byte order")]
#[case::s3_the_same_token(Cloud::S3, s3(&format!("<IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken>{}", contents("x/c"))), "token")]
#[case::s3_too_many(Cloud::S3, s3(&format!("{END}{}", contents("x/c").repeat(100_001))), "more than 100000")]
#[case::google_html(Cloud::Google, HTML.to_owned(), "an HTML page")]
#[case::google_error(Cloud::Google, r#"{"error": {"code": 500}}"#.to_owned(), "kind")]
#[case::google_nothing(Cloud::Google, String::new(), "it is empty")]
#[case::google_empty_object(Cloud::Google, "{}".to_owned(), "kind")]
#[case::google_list(Cloud::Google, "[]".to_owned(), "kind")]
#[case::google_login(Cloud::Google, r#"{"login": "https://sso.example"}"#.to_owned(), "kind")]
#[case::google_another_kind(Cloud::Google, r#"{"kind": "storage#buckets", "items": []}"#.to_owned(), "`storage#buckets`")]
#[case::google_torn(Cloud::Google, r#"{"kind": "storage#objects", "items": ["#.to_owned(), "cannot be read")]
#[case::google_no_size(Cloud::Google, objects(r#""items": [{"name": "x/c"}]"#), "its size")]
#[case::google_no_name(Cloud::Google, objects(r#""items": [{"size": "1"}]"#), "its name")]
#[case::google_elsewhere(Cloud::Google, objects(&format!(r#""items": [{}]"#, item("y/c"))), "does not begin with")]
#[case::google_the_same_page(Cloud::Google, objects(&format!(r#""items": [{}]"#, item("x/b"))), "twice")]
#[case::google_disorder(Cloud::Google, objects(&format!(r#""items": [{}, {}]"#, item("x/d"), item("x/c"))), "byte order")]
#[case::google_the_same_token(Cloud::Google, objects(&format!(r#""nextPageToken": "t1", "items": [{}]"#, item("x/c"))), "token")]
#[case::google_too_many(Cloud::Google, objects(&format!(r#""items": [{}]"#, vec!["{}"; 20_001].join(","))), "too many entries")]
#[case::azure_html(Cloud::Azure, HTML.to_owned(), "an HTML page")]
#[case::azure_error(Cloud::Azure, ERROR.to_owned(), "an error, `InternalError`")]
#[case::azure_nothing(Cloud::Azure, String::new(), "it is empty")]
#[case::azure_empty_root(Cloud::Azure, "<EnumerationResults/>".to_owned(), "`Blobs`")]
#[case::azure_error_inside(Cloud::Azure, format!("<EnumerationResults>{}</EnumerationResults>", &ERROR[21..]), "`Blobs`")]
#[case::azure_no_marker(Cloud::Azure, "<EnumerationResults><Blobs/></EnumerationResults>".to_owned(), "`NextMarker`")]
#[case::azure_no_blobs(Cloud::Azure, "<EnumerationResults><NextMarker/></EnumerationResults>".to_owned(), "`Blobs`")]
#[case::azure_no_size(Cloud::Azure, "<EnumerationResults><Blobs><Blob><Name>x/c</Name></Blob></Blobs><NextMarker/></EnumerationResults>".to_owned(), "`Blob`")]
#[case::azure_elsewhere(Cloud::Azure, blobs(&["y/c"], ""), "does not begin with")]
#[case::azure_the_same_page(Cloud::Azure, blobs(&["x/b"], ""), "twice")]
#[case::azure_disorder(Cloud::Azure, blobs(&["x/d", "x/c"], ""), "byte order")]
#[case::azure_the_same_marker(Cloud::Azure, blobs(&["x/c"], "t1"), "token")]
#[tokio::test]
async fn a_page_that_is_none_never_ends_a_listing(
    #[case] cloud: Cloud,
    #[case] second: String,
    #[case] why: &str,
) {
    let (first, folders) = (first_page(cloud), folders(cloud));
    let server = Scripted::start(move |index, asked| match index {
        0 => tell(&first),
        _ if asked.target.contains("delimiter=") => tell(&folders),
        _ => tell(&second),
    })
    .await;
    let fault = listed(&place(cloud, &server).await).await.unwrap_err();
    is_named(&fault, "lab");
    assert!(fault.line().contains(why), "{why}: {fault:?}");
}

/// The same bodies as the first answer.
#[rstest]
fn a_first_page_that_is_none(
    #[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud,
    #[values(
        HTML,
        ERROR,
        "",
        "{}",
        "[]",
        "<Foo/>",
        "{\"error\": {}}",
        "<ListBucketResult/>",
        "<EnumerationResults/>"
    )]
    body: &str,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Scripted::saying([tell(body)]).await;
        is_named(&listed(&place(cloud, &server).await).await.unwrap_err(), "lab");
    });
}

/// Pages without a name, each with a new token, come to an end; so do folders inside of folders.
#[rstest]
#[case::s3(Cloud::S3)]
#[case::google(Cloud::Google)]
#[case::azure(Cloud::Azure)]
#[tokio::test]
async fn empty_pages_without_end_are_given_up(#[case] cloud: Cloud) {
    let server = Scripted::start(move |index, _| {
        tell(&match cloud {
            Cloud::S3 => s3(&format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>t{index}</NextContinuationToken>"
            )),
            Cloud::Google => objects(&format!(r#""nextPageToken": "t{index}""#)),
            Cloud::Azure => blobs(&[], &format!("t{index}")),
        })
    })
    .await;
    let fault = listed(&place(cloud, &server).await).await.unwrap_err();
    is_named(&fault, "lab");
    assert!(fault.line().contains("1000 pages in a row are empty"), "{fault:?}");
}

#[rstest]
#[case::the_same_marker(
    "<Blob><Name>x/d</Name><Properties><Content-Length>0</Content-Length><ResourceType>directory</ResourceType></Properties></Blob>",
    "m"
)]
#[case::ever_deeper("", "")]
#[case::outside("<BlobPrefix><Name>y/</Name></BlobPrefix>", "")]
#[case::itself("<BlobPrefix><Name>x/</Name></BlobPrefix>", "")]
#[tokio::test]
async fn folders_of_an_account_come_to_an_end(#[case] inside: &'static str, #[case] marker: &'static str) {
    let folder = "<Blob><Name>x/0</Name><Properties><Content-Length>0</Content-Length><ResourceType>directory</ResourceType></Properties></Blob>";
    let server = Scripted::start(move |index, asked| {
        let prefix = asked.target.split("prefix=").nth(1).unwrap().split('&').next().unwrap().replace("%2F", "/");
        let inside = match (index, inside) {
            (0, _) => folder.to_owned(),
            (_, "") => format!("<BlobPrefix><Name>{prefix}deeper/</Name></BlobPrefix>"),
            (_, inside) => inside.to_owned(),
        };
        let marker = if index == 0 || asked.target.contains("delimiter") { marker } else { "more" };
        tell(&format!("<EnumerationResults><Blobs>{inside}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"))
    })
    .await;
    is_named(&listed(&place(Cloud::Azure, &server).await).await.unwrap_err(), "lab");
}

/// Names at which a long listing is cut belong to one of the two runs beside them, also when they are objects.
#[rstest]
#[case::s3(Cloud::S3)]
#[case::google(Cloud::Google)]
#[tokio::test]
async fn a_long_listing_leaves_out_no_name(#[case] cloud: Cloud) {
    const ALL: [&str; 7] = ["x/0", "x/a/1", "x/b", "x/b/1", "x/b/2", "x/c/1", "x/d"];
    let met = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let server = Scripted::start(move |_, asked| {
        let target = asked.target.replace("%2F", "/");
        let value =
            |name: &str| target.split(['?', '&']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        let mut all: Vec<(String, u32)> = ALL.iter().map(|name| ((*name).to_owned(), 1)).collect();
        all.extend(["x/a/", "x/b/", "x/c/"].map(|name| (name.to_owned(), 0)));
        all.sort_unstable();
        let after = value("start-after").or(value("continuation-token")).unwrap_or_default();
        let from = value("pageToken").or(value("startOffset")).unwrap_or_default();
        let until = value("endOffset").unwrap_or("~");
        let left: Vec<_> = all
            .into_iter()
            .filter(|(name, _)| name.as_str() > after && name.as_str() >= from && name.as_str() < until)
            .collect();
        let (page, rest) = left.split_at(left.len().min(2));
        let folders = value("delimiter").is_some();
        tell(&match cloud {
            Cloud::S3 if folders => s3(&["a", "b", "c"]
                .map(|f| format!("<CommonPrefixes><Prefix>x/{f}/</Prefix></CommonPrefixes>"))
                .concat()),
            Cloud::S3 => {
                let inside = page
                    .iter()
                    .map(|(name, size)| format!("<Contents><Key>{name}</Key><Size>{size}</Size></Contents>"));
                let inside = inside.collect::<Vec<_>>().concat();
                let more = match rest {
                    [] => END.to_owned(),
                    _ => format!(
                        "<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>",
                        page[1].0
                    ),
                };
                s3(&format!("{inside}{more}"))
            }
            _ if folders => objects(r#""prefixes": ["x/a/", "x/b/", "x/c/"]"#),
            _ => {
                let items: Vec<_> = page
                    .iter()
                    .map(|(name, size)| format!(r#"{{"name": "{name}", "size": "{size}"}}"#))
                    .collect();
                let more = rest
                    .first()
                    .map(|(next, _)| format!(r#", "nextPageToken": "{next}""#))
                    .unwrap_or_default();
                objects(&format!(r#""items": [{}] {more}"#, items.join(",")))
            }
        })
    })
    .await;
    let (location, mut options) = match cloud {
        Cloud::S3 => ("s3://lab/x", options(&server.endpoint, "key", "secret")),
        _ => ("gs://lab/x", google(&server.endpoint)),
    };
    let heard = std::sync::Arc::clone(&met);
    options.on_folder = Some(std::sync::Arc::new(move |name| heard.lock().unwrap().push(name.to_owned())));
    let names = listed(&open(location, &options).await).await.unwrap();
    assert_eq!(names, ALL.map(|name| &name[2..]));
    let mut met = met.lock().unwrap().clone();
    met.sort();
    assert_eq!(met, ["a", "b", "c"]);
}

async fn put(place: &Place) -> Result<(), Fault> {
    place.put(&key("a"), block(DATA), &ObjectMeta::default()).await.map(drop)
}

async fn copy(place: &Place) -> Result<(), Fault> {
    let source = Found { etag: Some("0x1".into()), ..Found::new(key("b"), 4) };
    place.copy(&key("a"), place, &source, None).await.map(drop)
}

async fn part(place: &Place) -> Result<(), Fault> {
    let upload = place.begin(&key("a"), &ObjectMeta::default()).await?;
    upload.put_part(1, 0, block(DATA)).await.map(drop)
}

async fn complete(place: &Place) -> Result<(), Fault> {
    let upload = place.begin(&key("a"), &ObjectMeta::default()).await?;
    let sent = upload.put_part(1, 0, block(DATA)).await?;
    upload.complete(&[sent]).await.map(drop)
}

async fn resume(place: &Place) -> Result<(), Fault> {
    place.resume(&key("a"), "0123456789abcdef", &ObjectMeta::default()).await.map(drop)
}

/// Every other request is answered 200 with something else: none of them counts as done.
#[rstest]
fn an_answer_with_another_body_never_counts(
    #[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud,
    #[values("put", "part", "complete", "copy", "head", "delete", "unfinished", "resume", "whole")]
    deed: &str,
    #[values(HTML, "<Foo/>", "{\"error\": {\"code\": 500}}", "[]")] body: &str,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Scripted::saying([tell(body)]).await;
        let place = place(cloud, &server).await;
        let fault = match deed {
            "put" => put(&place).await.unwrap_err(),
            "part" => part(&place).await.unwrap_err(),
            "complete" => complete(&place).await.unwrap_err(),
            "copy" => copy(&place).await.unwrap_err(),
            "head" => place.head(&key("a")).await.unwrap_err(),
            "delete" => place.delete(&key("a")).await.unwrap_err(),
            // Google lists no uploads, and looks at no session of another server.
            "unfinished" | "resume" if matches!(cloud, Cloud::Google) => return,
            "unfinished" => place.unfinished().await.unwrap_err(),
            "resume" => resume(&place).await.unwrap_err(),
            _ => place.get_of(&Found::new(key("a"), 3), 0..3).await.unwrap_err(),
        };
        assert_ne!(fault.class(), Class::Transient, "{fault:?}");
    });
}

const BEGUN: &str =
    "<InitiateMultipartUploadResult><Key>x/a</Key><UploadId>id</UploadId></InitiateMultipartUploadResult>";

/// S3's answers about one object, each with one thing wrong in it.
#[rstest]
#[case::a_put_without_etag("put", agree(&[]))]
#[case::a_put_with_a_page("put", Reply::Say(200, vec![("etag", MD5.into())], HTML.into()))]
#[case::no_upload_id(
    "begin",
    tell("<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>")
)]
#[case::an_upload_of_another_key(
    "begin",
    tell(
        "<InitiateMultipartUploadResult><Key>x/b</Key><UploadId>1</UploadId></InitiateMultipartUploadResult>"
    )
)]
#[case::a_part_without_etag("part", agree(&[("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")]))]
#[case::a_part_with_a_page("part", Reply::Say(200, vec![("etag", MD5.into())], HTML.into()))]
#[case::completed_without_etag("complete", tell("<CompleteMultipartUploadResult/>"))]
#[case::completed_another_key(
    "complete",
    tell("<CompleteMultipartUploadResult><Key>x/b</Key><ETag>e-1</ETag></CompleteMultipartUploadResult>")
)]
#[case::completed_a_copy("complete", tell("<CopyObjectResult><ETag>e-1</ETag></CopyObjectResult>"))]
#[case::completed_nothing("complete", tell(""))]
#[case::copied_without_etag("copy", tell("<CopyObjectResult/>"))]
#[case::copied_a_part("copy", tell("<CopyPartResult><ETag>e</ETag></CopyPartResult>"))]
#[case::copied_nothing("copy", tell(""))]
#[case::a_head_of_nothing("head", agree(&[("content-length", "4")]))]
#[case::a_head_of_a_part("head", Reply::Say(206, vec![("content-length", "4".into()), ("etag", MD5.into())], String::new()))]
#[case::parts_of_another_upload(
    "resume",
    tell("<ListPartsResult><UploadId>other</UploadId><IsTruncated>false</IsTruncated></ListPartsResult>")
)]
#[case::parts_of_another_key(
    "resume",
    tell("<ListPartsResult><Key>x/b</Key><IsTruncated>false</IsTruncated></ListPartsResult>")
)]
#[case::parts_without_an_end("resume", tell("<ListPartsResult/>"))]
#[case::parts_that_are_neither_whole_nor_not(
    "resume",
    tell("<ListPartsResult><Key>x/a</Key></ListPartsResult>")
)]
#[case::parts_that_make_no_progress(
    "resume",
    tell("<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>")
)]
#[case::the_same_parts_again(
    "resume",
    tell(
        "<ListPartsResult><IsTruncated>true</IsTruncated><Part><PartNumber>1</PartNumber><Size>4</Size><ETag>p</ETag></Part></ListPartsResult>"
    )
)]
#[case::a_part_without_size(
    "resume",
    tell(
        "<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><ETag>p</ETag></Part></ListPartsResult>"
    )
)]
#[case::uploads_without_an_end("unfinished", tell("<ListMultipartUploadsResult/>"))]
#[case::uploads_cut_off(
    "unfinished",
    tell("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>")
)]
#[case::uploads_with_the_same_marker(
    "unfinished",
    tell(
        "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>x/a</NextKeyMarker></ListMultipartUploadsResult>"
    )
)]
#[case::an_upload_without_id(
    "unfinished",
    tell(
        "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>x/a</Key></Upload></ListMultipartUploadsResult>"
    )
)]
#[tokio::test]
async fn answers_of_s3_are_checked(#[case] deed: &'static str, #[case] lie: Reply) {
    let server = Scripted::start(move |_, asked| match (asked.method.as_str(), deed) {
        ("POST", "part" | "complete") if asked.target.contains("uploads") => tell(BEGUN),
        ("PUT", "complete") => agree(&[("etag", MD5)]),
        _ => lie.clone(),
    })
    .await;
    let place = place(Cloud::S3, &server).await;
    let fault = match deed {
        "put" => put(&place).await.unwrap_err(),
        "begin" | "part" => part(&place).await.unwrap_err(),
        "complete" => complete(&place).await.unwrap_err(),
        "copy" => copy(&place).await.unwrap_err(),
        "head" => place.head(&key("a")).await.unwrap_err(),
        "resume" => resume(&place).await.unwrap_err(),
        _ => place.unfinished().await.unwrap_err(),
    };
    assert!(matches!(fault.class(), Class::Refused | Class::Corrupt), "{fault:?}");
}

fn object(fields: &str) -> String {
    format!(r#"{{"kind": "storage#object", {fields}}}"#)
}

fn rewrite(fields: &str) -> Reply {
    tell(&format!(r#"{{"kind": "storage#rewriteResponse", {fields}}}"#))
}

#[rstest]
#[case::a_put_of_another_object("put", tell(&object(r#""name": "x/b", "size": "4""#)))]
#[case::a_put_without_kind("put", tell(r#"{"name": "x/a", "size": "4"}"#))]
#[case::a_put_without_size("put", tell(&object(r#""name": "x/a""#)))]
#[case::another_object("head", tell(&object(r#""name": "x/b", "size": "4""#)))]
#[case::a_listing("head", tell(&objects(r#""name": "x/a", "size": "4""#)))]
#[case::a_copy_of_another_object("copy", rewrite(&format!(r#""done": true, "resource": {}"#, object(r#""name": "x/b", "size": "4""#))))]
#[case::a_copy_of_another_size("copy", rewrite(r#""done": false, "rewriteToken": "t", "objectSize": "5""#))]
#[case::a_copy_of_more_than_there_is(
    "copy",
    rewrite(r#""done": false, "rewriteToken": "t", "totalBytesRewritten": "5""#)
)]
#[case::a_copy_without_progress(
    "copy",
    rewrite(r#""done": false, "rewriteToken": "t", "totalBytesRewritten": "4""#)
)]
#[case::a_copy_without_token("copy", rewrite(r#""done": false"#))]
#[case::a_copy_without_object("copy", rewrite(r#""done": true"#))]
#[tokio::test]
async fn answers_of_google_are_checked(#[case] deed: &str, #[case] lie: Reply) {
    let server = Scripted::saying([lie]).await;
    let place = place(Cloud::Google, &server).await;
    let fault = match deed {
        "put" => put(&place).await.unwrap_err(),
        "copy" => place.copy(&key("a"), &place, &Found::new(key("b"), 4), None).await.unwrap_err(),
        _ => place.head(&key("a")).await.unwrap_err(),
    };
    is_named(&fault, "gs://lab/x/a");
    assert!(server.asked().len() <= 10, "{} requests", server.asked().len());
}

#[rstest]
#[case::a_removal_with_another_status("delete", agree(&[]))]
#[case::a_removal_with_a_page("delete", Reply::Say(202, Vec::new(), HTML.into()))]
#[case::a_put_without_etag("put", agree(&[("content-md5", "jXd/OF09/siBXSD3SWAm3A==")]))]
#[case::a_put_with_a_page("put", Reply::Say(201, vec![("etag", "\"0x1\"".into())], HTML.into()))]
#[case::a_copy_that_is_none("copy", agree(&[("etag", "\"0x1\"")]))]
#[case::a_head_of_nothing("head", agree(&[("content-length", "4")]))]
#[case::no_list_of_blocks("resume", tell("<BlockList/>"))]
#[case::a_block_without_size(
    "resume",
    tell("<BlockList><UncommittedBlocks><Block><Name>x</Name></Block></UncommittedBlocks></BlockList>")
)]
#[tokio::test]
async fn answers_of_azure_are_checked(#[case] deed: &str, #[case] lie: Reply) {
    let server = Scripted::saying([lie]).await;
    let place = place(Cloud::Azure, &server).await;
    let fault = match deed {
        "put" => put(&place).await.unwrap_err(),
        "copy" => copy(&place).await.unwrap_err(),
        "delete" => place.delete(&key("a")).await.unwrap_err(),
        "resume" => resume(&place).await.unwrap_err(),
        _ => place.head(&key("a")).await.unwrap_err(),
    };
    is_named(&fault, &format!("az://{ACCOUNT}/lab/x/a"));
}

#[tokio::test]
async fn a_pending_copy_is_of_its_source_or_none() {
    let server = Scripted::start(move |index, _| {
        let progress = format!("{index}/99");
        agree(&[
            ("x-ms-copy-id", "7"),
            ("x-ms-copy-status", "pending"),
            ("x-ms-copy-progress", &progress),
            ("content-length", "4"),
            ("etag", "\"0x2\""),
        ])
    })
    .await;
    let fault = copy(&place(Cloud::Azure, &server).await).await.unwrap_err();
    is_named(&fault, "/lab/x/a");
    assert_eq!(server.asked().len(), 2);
}

/// A good document with one thing changed in it; the same seed changes the same thing.
fn mutant(good: &str, seed: u64) -> String {
    let number = |n: u64| (seed ^ n).wrapping_mul(6_364_136_223_846_793_005).rotate_right(29) as usize;
    let mut bytes = good.as_bytes().to_vec();
    let at = number(1) % bytes.len();
    let end = (at + 1 + number(2) % 40).min(bytes.len());
    match number(3) % 4 {
        0 => bytes.truncate(at),
        1 => bytes[at] = b"<>/&;\"{}[],:09a\xff\0"[number(4) % 18],
        2 => drop(bytes.drain(at..end)),
        _ => {
            let again = bytes[at..end].to_vec();
            bytes.splice(end..end, again);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whatever a server makes of a good document: it is read or refused, in few requests, and never a panic.
#[rstest]
#[case::s3_list(Cloud::S3, "list", first_page(Cloud::S3))]
#[case::s3_begin(Cloud::S3, "begin", BEGUN.to_owned())]
#[case::s3_copy(Cloud::S3, "copy", "<CopyObjectResult><LastModified>2024-01-01T00:00:00Z</LastModified><ETag>&quot;e&quot;</ETag></CopyObjectResult>".to_owned())]
#[case::s3_parts(Cloud::S3, "resume", "<ListPartsResult><UploadId>0123456789abcdef</UploadId><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>4</Size><ETag>p</ETag><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME></Part></ListPartsResult>".to_owned())]
#[case::s3_uploads(Cloud::S3, "unfinished", "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextKeyMarker>x/a%20b</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker><Upload><Key>x/a%20b</Key><UploadId>1</UploadId><Initiated>2024-01-01T00:00:00Z</Initiated></Upload></ListMultipartUploadsResult>".to_owned())]
#[case::google_list(Cloud::Google, "list", first_page(Cloud::Google))]
#[case::google_object(Cloud::Google, "head", object(r#""name": "x/a", "size": "4", "crc32c": "4waSgw==", "md5Hash": "jXd/OF09/siBXSD3SWAm3A==", "updated": "2024-01-01T00:00:00Z", "metadata": {"mtime": "1.5"}"#))]
#[case::google_copy(Cloud::Google, "copy", format!(r#"{{"kind": "storage#rewriteResponse", "done": true, "objectSize": "4", "resource": {}}}"#, object(r#""name": "x/a", "size": "4""#)))]
#[case::azure_list(Cloud::Azure, "list", first_page(Cloud::Azure))]
#[case::azure_blocks(Cloud::Azure, "resume", "<BlockList><UncommittedBlocks><Block><Name>MDEyMzQ1Njc4OWFiY2RlZmMwMDAwMDAwMTAwMDAwMDAwMDAwMDAwMDA=</Name><Size>4</Size></Block></UncommittedBlocks></BlockList>".to_owned())]
#[case::azure_uploads(Cloud::Azure, "unfinished", blobs(&["x/b", "x/c"], ""))]
#[tokio::test]
async fn mutated_documents_are_read_or_refused(
    #[case] cloud: Cloud,
    #[case] deed: &str,
    #[case] good: String,
) {
    const MUTANTS: u64 = 200;
    let seed = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let now = std::sync::Arc::clone(&seed);
    let server =
        Scripted::start(move |_, _| tell(&mutant(&good, now.load(std::sync::atomic::Ordering::Relaxed))))
            .await;
    let place = place(cloud, &server).await;
    for n in 0..MUTANTS {
        seed.store(n, std::sync::atomic::Ordering::Relaxed);
        // Either end is right; what counts is that there is one.
        match deed {
            "list" => drop(listed(&place).await),
            "begin" => drop(place.begin(&key("a"), &ObjectMeta::default()).await),
            "copy" => drop(place.copy(&key("a"), &place, &Found::new(key("b"), 4), None).await),
            "resume" => drop(resume(&place).await),
            "unfinished" => drop(place.unfinished().await),
            _ => drop(place.head(&key("a")).await),
        }
    }
    let asked = server.asked().len() as u64;
    assert!(asked < 20 * MUTANTS, "{asked} requests");
}
