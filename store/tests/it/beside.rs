//! What is kept beside an object's bytes, and what servers want beside a request.

use std::collections::BTreeMap;

use adt_model::Class;
use adt_store::{Found, ObjectMeta, Place};
use rstest::rstest;

use crate::{
    azure::{ACCOUNT, azure},
    server::{Asked, Reply, Scripted, agree, refuse, tell},
    setup::{block, key, open, options},
};

const ETAG: &str = "\"8d777f385d3dfec8815d20f7496026dc\"";

/// What a person has written beside `page.json`.
fn meta() -> ObjectMeta {
    ObjectMeta {
        content_type: Some("application/json".into()),
        cache_control: Some("no-cache, max-age=0".into()),
        content_encoding: Some("gzip".into()),
        content_disposition: Some("attachment; filename=\"x.json\"".into()),
        content_language: Some("de".into()),
        tags: Some(BTreeMap::from([("project".into(), "brain & body".into())])),
        user: BTreeMap::from([("rig".into(), "3".into())]),
        ..ObjectMeta::default()
    }
}

/// The same as headers of a request, without a prefix for those of a browser.
const FIELDS: [(&str, &str); 5] = [
    ("content-type", "application/json"),
    ("cache-control", "no-cache, max-age=0"),
    ("content-encoding", "gzip"),
    ("content-disposition", "attachment; filename=\"x.json\""),
    ("content-language", "de"),
];

async fn s3(server: &Scripted) -> Place {
    open("s3://lab/x", &options(&server.endpoint, "key", "secret")).await
}

fn header(asked: &Asked, name: &str) -> String {
    asked.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

fn said(prefix: &str) -> Vec<(String, String)> {
    FIELDS.iter().map(|(name, value)| (format!("{prefix}{name}"), (*value).to_owned())).collect()
}

/// Whole, in parts, and by a copy of the server's that replaces what stands beside the source.
#[tokio::test]
async fn s3_gets_all_of_it_with_every_kind_of_write() {
    let server = Scripted::start(|_, asked| match asked.method.as_str() {
        "POST" => tell(
            "<InitiateMultipartUploadResult><Bucket>lab</Bucket><Key>x/a</Key><UploadId>1</UploadId></InitiateMultipartUploadResult>",
        ),
        "PUT" if asked.headers.contains_key("x-amz-copy-source") => {
            tell(&format!("<CopyObjectResult><ETag>{ETAG}</ETag><LastModified>2023-10-12T08:32:18Z</LastModified></CopyObjectResult>"))
        }
        _ => agree(&[("etag", ETAG), ("content-length", "4")]),
    })
    .await;
    let place = s3(&server).await;
    place.put(&key("a"), block("data"), &meta()).await.unwrap();
    place.begin(&key("a"), &meta()).await.unwrap();
    let source = Found { etag: Some(ETAG.trim_matches('"').into()), ..Found::new(key("b"), 4) };
    place.copy(&key("a"), &place, &source, Some(&meta())).await.unwrap().unwrap();
    for asked in server.asked() {
        for (name, value) in said("") {
            assert_eq!(header(&asked, &name), value, "{} {name}", asked.method);
        }
        assert_eq!(header(&asked, "x-amz-meta-rig"), "3");
        assert_eq!(header(&asked, "x-amz-meta-mtime"), "", "nobody has dated it");
        assert_eq!(header(&asked, "x-amz-tagging"), "project=brain%20%26%20body");
        let copies = asked.headers.contains_key("x-amz-copy-source");
        assert_eq!(header(&asked, "x-amz-tagging-directive"), if copies { "REPLACE" } else { "" });
    }
}

#[tokio::test]
async fn azure_gets_all_of_it() {
    let server =
        Scripted::start(|_, _| agree(&[("content-md5", "jXd/OF09/siBXSD3SWAm3A=="), ("etag", "\"0x1\"")]))
            .await;
    let place = open(&format!("az://{ACCOUNT}/lab/x"), &azure(&server.endpoint)).await;
    place.put(&key("a"), block("data"), &meta()).await.unwrap();
    let asked = server.asked().remove(0);
    for (name, value) in said("x-ms-blob-") {
        assert_eq!(header(&asked, &name), value, "{name}");
    }
    assert_eq!(header(&asked, "x-ms-tags"), "project=brain%20%26%20body");
}

/// What was written is what is read.
#[rstest]
#[case::s3("s3://lab/x".to_owned())]
#[case::azure(format!("az://{ACCOUNT}/lab/x"))]
#[tokio::test]
async fn all_of_it_is_read_again(#[case] location: String) {
    let server = Scripted::start(|_, asked| {
        if asked.target.contains("tag") {
            let root = if asked.target.contains("comp=") { "Tags" } else { "Tagging" };
            let tag = "<Tag><Key>project</Key><Value>brain &amp; body</Value></Tag>";
            return tell(&format!("<{root}><TagSet>{tag}</TagSet></{root}>"));
        }
        let mut headers = FIELDS.map(|(name, value)| (name, value.to_owned())).to_vec();
        headers.extend([("x-amz-meta-rig", "3".into()), ("x-ms-meta-rig", "3".into())]);
        headers.extend([("content-length", "4".into()), ("etag", ETAG.into())]);
        Reply::Say(200, headers, String::new())
    })
    .await;
    let options = if location.starts_with("s3") {
        options(&server.endpoint, "key", "secret")
    } else {
        azure(&server.endpoint)
    };
    let place = open(&location, &options).await;
    let mut found = *place.head(&key("a")).await.unwrap().unwrap().meta.unwrap();
    found.tags = Some(place.tags(&key("a")).await.unwrap());
    assert_eq!(format!("{found:?}"), format!("{:?}", meta()));
}

/// Servers with object lock, or with older firmware.
#[rstest]
#[case::minio(400, "MissingContentMD5", "Missing required header for this request: Content-Md5.")]
#[case::aws(
    400,
    "InvalidRequest",
    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
)]
#[case::older(400, "InvalidArgument", "Content-MD5 must be specified")]
#[tokio::test]
async fn content_md5_is_sent_to_a_bucket_that_asks_for_it(
    #[case] status: u16,
    #[case] code: &'static str,
    #[case] message: &'static str,
) {
    let server = Scripted::start(move |_, asked| {
        if asked.method == "POST" && asked.target.contains("uploads") {
            return tell("<InitiateMultipartUploadResult><Bucket>lab</Bucket><Key>x/a</Key><UploadId>1</UploadId></InitiateMultipartUploadResult>");
        }
        if asked.headers.get("content-md5").is_none_or(|md5| md5 != "jXd/OF09/siBXSD3SWAm3A==") {
            let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            return Reply::Say(status, Vec::new(), body);
        }
        agree(&[("etag", ETAG)])
    })
    .await;
    let place = s3(&server).await;
    for _ in 0..2 {
        place.put(&key("a"), block("data"), &ObjectMeta::default()).await.unwrap();
    }
    let upload = place.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    upload.put_part(1, 0, block("data")).await.unwrap();
    // Refused once, then learned.
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn what_is_archived_has_to_be_restored_first() {
    let server = Scripted::saying([refuse(403, "InvalidObjectState")]).await;
    let fault = s3(&server).await.get(&key("a"), None).await.unwrap_err();
    assert_eq!((fault.class(), server.asked().len()), (Class::Refused, 1));
    let help = fault.advice().unwrap();
    assert!(help.starts_with("archived: restore it first") && help.contains("restore-object"), "{help}");
}
