//! Downloaded bytes that are not those the place has stated a checksum for.

use adt_model::Class;
use adt_store::{Fate, Found, ObjectMeta, Place};
use rstest::rstest;

use crate::{
    azure::{ACCOUNT, azure},
    google::google,
    server::{Reply, Scripted, agree, refuse, tell},
    setup::{block, key, list, open, options},
};

/// MD5 of `data`, as S3 writes it.
const ETAG: &str = "\"8d777f385d3dfec8815d20f7496026dc\"";
/// The same as Azure and Google write it.
const MD5: &str = "jXd/OF09/siBXSD3SWAm3A==";

fn crc64(bytes: &str) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(adt_codec::crc64(bytes.as_bytes()).to_be_bytes())
}

async fn s3(headers: Vec<(&'static str, String)>, bytes: &'static str) -> (Scripted, Place) {
    let server = Scripted::start(move |_, _| Reply::Say(200, headers.clone(), bytes.to_owned())).await;
    let place = open("s3://lab/x", &options(&server.endpoint, "key", "secret")).await;
    (server, place)
}

#[rstest]
#[case::its_etag_is_the_md5(vec![("etag", ETAG)], "data", true)]
#[case::twice_the_same_wrong_bytes(vec![("etag", ETAG)], "dato", false)]
#[case::encrypted_by_the_service(vec![("etag", ETAG), ("x-amz-server-side-encryption", "AES256")], "dato", false)]
#[case::encrypted_by_a_key_service(vec![("etag", ETAG), ("x-amz-server-side-encryption", "aws:kms")], "dato", true)]
#[case::encrypted_twice(vec![("etag", ETAG), ("x-amz-server-side-encryption", "aws:kms:dsse")], "dato", true)]
#[case::encrypted_by_the_client(vec![("etag", ETAG), ("x-amz-server-side-encryption-customer-algorithm", "AES256")], "dato", true)]
#[case::of_parts(vec![("etag", "\"8d777f385d3dfec8815d20f7496026dc-2\"")], "dato", true)]
#[case::nothing_stated(vec![("etag", "\"opaque\"")], "dato", true)]
#[tokio::test]
async fn s3_bytes_have_to_match_the_md5_unless_the_answer_says_why_not(
    #[case] headers: Vec<(&'static str, &'static str)>,
    #[case] bytes: &'static str,
    #[case] taken: bool,
) {
    let headers = headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let (_server, place) = s3(headers, bytes).await;
    let got = place.get(&key("a"), None).await.map_err(|fault| fault.class());
    assert_eq!(
        got.as_deref().map_err(|class| *class),
        if taken { Ok(bytes.as_bytes()) } else { Err(Class::Corrupt) }
    );
}

/// What an earlier answer about the same version has stated counts also where this one has lost it.
#[rstest]
#[case::an_etag("dato", Found { etag: Some("8d777f385d3dfec8815d20f7496026dc".into()), ..Found::new(key("a"), 4) }, Err(Class::Corrupt))]
#[case::a_checksum("dato", Found { crc64: Some(block("data").crc64), ..Found::new(key("a"), 4) }, Err(Class::Corrupt))]
#[case::both_right("data", Found { crc64: Some(block("data").crc64), ..Found::new(key("a"), 4) }, Ok(true))]
#[case::none("dato", Found::new(key("a"), 4), Ok(false))]
#[tokio::test]
async fn what_was_stated_before_counts(
    #[case] bytes: &'static str,
    #[case] found: Found,
    #[case] checked: Result<bool, Class>,
) {
    let (_server, place) =
        s3(vec![("last-modified", "Thu, 12 Oct 2023 08:32:18 GMT".to_owned())], bytes).await;
    let whole = place.whole(found).await;
    assert_eq!(whole.map(|whole| whole.checked).map_err(|fault| fault.class()), checked);
}

/// A way that damages bytes now and then is not the end of an object.
#[tokio::test]
async fn what_comes_right_when_asked_again_is_taken() {
    let right = vec![("etag", ETAG.to_owned()), ("x-amz-checksum-crc64nvme", crc64("data"))];
    let replies = ["dato", "dat0", "data"].map(|bytes| Reply::Say(200, right.clone(), bytes.to_owned()));
    let server = Scripted::saying(replies).await;
    let place = open("s3://lab/x", &options(&server.endpoint, "key", "secret")).await;
    assert_eq!(place.get(&key("a"), None).await.unwrap(), "data");
}

/// The listing has the MD5 of every blob; the answer with its bytes has lost it.
#[rstest]
#[case::right("data", Ok(true))]
#[case::damaged("dato", Err(Class::Corrupt))]
#[tokio::test]
async fn azures_listing_counts_where_the_answer_states_nothing(
    #[case] bytes: &'static str,
    #[case] checked: Result<bool, Class>,
) {
    let document = format!(
        "<EnumerationResults><Blobs><Blob><Name>x/a</Name><Properties><Content-Length>4</Content-Length><Content-MD5>{MD5}</Content-MD5><Etag>0x1</Etag></Properties></Blob></Blobs><NextMarker/></EnumerationResults>"
    );
    let server = Scripted::start(move |_, asked| {
        if asked.target.contains("comp=list") {
            return tell(&document);
        }
        Reply::Say(200, vec![("etag", "\"0x1\"".to_owned())], bytes.to_owned())
    })
    .await;
    let place = open(&format!("az://{ACCOUNT}/lab/x"), &azure(&server.endpoint)).await;
    let found = list(&place).await.remove(0);
    let whole = place.whole(found).await;
    assert_eq!(whole.map(|whole| whole.checked).map_err(|fault| fault.class()), checked);
}

#[rstest]
#[case::md5_alone(vec![("x-goog-hash", format!("md5={MD5}"))], "data", true)]
#[case::another_md5(vec![("x-goog-hash", format!("md5={MD5}"))], "dato", false)]
#[case::nothing(Vec::new(), "dato", true)]
#[tokio::test]
async fn googles_md5_counts_where_there_is_no_crc32c(
    #[case] headers: Vec<(&'static str, String)>,
    #[case] bytes: &'static str,
    #[case] taken: bool,
) {
    let server = Scripted::start(move |_, _| Reply::Say(200, headers.clone(), bytes.to_owned())).await;
    let place = open("gs://lab/x", &google(&server.endpoint)).await;
    assert_eq!(place.get(&key("a"), None).await.is_ok(), taken);
}

/// 2 to the 63rd and more: no size, and no number of ours.
#[rstest]
#[case::just_too_many("9223372036854775808")]
#[case::all_bits("18446744073709551615")]
#[case::below_nothing("-1")]
#[tokio::test]
async fn a_size_that_no_object_can_have_is_refused(#[case] size: &'static str) {
    let s3 = format!(
        "<ListBucketResult><Name>lab</Name><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount><Contents><Key>x/a</Key><Size>{size}</Size><ETag>e</ETag><LastModified>2023-10-12T08:32:18Z</LastModified></Contents></ListBucketResult>"
    );
    let az = format!(
        "<EnumerationResults><Blobs><Blob><Name>x/a</Name><Properties><Content-Length>{size}</Content-Length><Etag>0x1</Etag></Properties></Blob></Blobs><NextMarker/></EnumerationResults>"
    );
    let gs = format!(
        r#"{{"kind": "storage#objects", "items": [{{"name": "x/a", "size": "{size}", "generation": "1"}}]}}"#
    );
    for (location, document) in
        [("s3://lab/x", s3), (&*format!("az://{ACCOUNT}/lab/x"), az), ("gs://lab/x", gs)]
    {
        let server = Scripted::start(move |_, _| tell(&document)).await;
        let options = match &location[..2] {
            "s3" => options(&server.endpoint, "key", "secret"),
            "az" => azure(&server.endpoint),
            _ => google(&server.endpoint),
        };
        let place = open(location, &options).await;
        let fault = futures::StreamExt::next(&mut place.list()).await.unwrap().unwrap_err();
        assert_eq!(fault.class(), Class::Refused, "{location}: {fault:?}");
    }
}

/// The server has forgotten the upload: its parts have to be sent again in another one.
#[rstest]
#[case::while_parts_are_sent(true, refuse(404, "NoSuchUpload"), Fate::Gone)]
#[case::at_its_end(false, refuse(404, "NoSuchUpload"), Fate::Gone)]
#[case::refused_for_another_reason(true, refuse(403, "AccessDenied"), Fate::Open)]
#[tokio::test]
async fn an_upload_that_is_gone_says_so(#[case] part: bool, #[case] refusal: Reply, #[case] fate: Fate) {
    let server = Scripted::start(move |_, asked| match asked.method.as_str() {
        "POST" if asked.target.contains("uploads") => {
            tell("<InitiateMultipartUploadResult><Bucket>lab</Bucket><Key>x/a</Key><UploadId>1</UploadId></InitiateMultipartUploadResult>")
        }
        "PUT" if !part => agree(&[("etag", "\"p\""), ("x-amz-checksum-crc64nvme", &crc64("data"))]),
        "HEAD" => refuse(404, ""),
        _ => refusal.clone(),
    })
    .await;
    let place = open("s3://lab/x", &options(&server.endpoint, "key", "secret")).await;
    let upload = place.begin(&key("a"), &ObjectMeta::default()).await.unwrap();
    let sent = upload.put_part(1, 0, block("data")).await;
    let ended = match sent {
        Ok(receipt) => upload.complete(&[receipt]).await.map(drop),
        Err(fault) => Err(fault),
    };
    assert!(ended.is_err());
    assert_eq!(upload.fate(), fate);
}
