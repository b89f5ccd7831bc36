use rstest::rstest;

use crate::client::{Bench, crc64, path, send};

const HELLO_MD5: &str = "XUFAKrxLKna5cZ2REBfFkg==";
const HELLO_SHA: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

#[rstest]
#[case::none("x-none", "", 200, "")]
#[case::crc64("x-amz-checksum-crc64nvme", "M3eFcAZSQlc=", 200, "")]
#[case::crc64_wrong("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", 400, "BadDigest")]
#[case::crc32("x-amz-checksum-crc32", "NhCmhg==", 200, "")]
#[case::crc32c_wrong("x-amz-checksum-crc32c", "NhCmhg==", 400, "BadDigest")]
#[case::sha1("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=", 501, "NotImplemented")]
#[case::md5("content-md5", HELLO_MD5, 200, "")]
#[case::md5_wrong("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", 400, "BadDigest")]
#[case::md5_no_base64("content-md5", "hello", 400, "InvalidDigest")]
#[case::payload("x-amz-content-sha256", HELLO_SHA, 200, "")]
#[case::payload_wrong(
    "x-amz-content-sha256",
    "0000000000000000000000000000000000000000000000000000000000000000",
    400,
    "XAmzContentSHA256Mismatch"
)]
#[tokio::test]
async fn a_body_is_held_against_its_checksum(
    #[case] name: &str,
    #[case] value: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let bench = Bench::new().await;
    let reply = bench.send("PUT", "/b/k", &[(name, value)], b"hello").await;
    assert_eq!(reply.verdict(), (status, code), "{}", reply.text);
    assert_eq!(bench.root.join("b/k").exists(), status == 200);
    if name.starts_with("x-amz-checksum") && status == 200 {
        assert_eq!(reply.header(name), value);
    }
    assert_eq!(std::fs::read_dir(bench.root.join(".s3/incoming")).unwrap().count(), 0);
}

#[rstest]
#[case::wrong_secret(("key", "other"), "SignatureDoesNotMatch")]
#[case::wrong_key(("other", "secret"), "InvalidAccessKeyId")]
#[tokio::test]
async fn only_the_right_signature_gets_in(#[case] credentials: (&str, &str), #[case] code: &str) {
    let bench = Bench::new().await;
    let reply = send(&bench.server.endpoint(), credentials, "PUT", "/b/k", &[], b"x").await;
    assert_eq!(reply.verdict(), (403, code));
}

#[tokio::test]
async fn what_was_put_is_what_is_got() {
    let bench = Bench::new().await;
    let headers = [("x-amz-meta-rig", "323_EPHYS1"), ("content-type", "text/csv")];
    for key in ["ü ö/#%+ 1.csv", "a&b<c>", "deep/er/est/x", ".hidden"] {
        bench.send("PUT", &path(key), &headers, key.as_bytes()).await;
        let reply = bench.send("GET", &path(key), &[("x-amz-checksum-mode", "ENABLED")], b"").await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, key));
        assert_eq!(reply.header("x-amz-meta-rig"), "323_EPHYS1");
        assert_eq!(reply.header("content-type"), "text/csv");
        assert_eq!(reply.header("x-amz-checksum-crc64nvme"), crc64(key.as_bytes()));
        assert_eq!(bench.server.tally().stored[&format!("b/{key}")].put, 1);
    }
    let part = bench.send("GET", &path(".hidden"), &[("range", "bytes=1-3")], b"").await;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, "hid"));
    assert_eq!(part.header("content-range"), "bytes 1-3/7");
}

#[rstest]
#[case::plain("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "M3eFcAZSQlc=", 200, "")]
#[case::wrong_trailer("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "AAAAAAAAAAA=", 400, "BadDigest")]
#[case::unsigned_chunks("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "M3eFcAZSQlc=", 403, "SignatureDoesNotMatch")]
#[tokio::test]
async fn a_chunked_body_is_unwrapped(
    #[case] kind: &str,
    #[case] sum: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let bench = Bench::new().await;
    let body = format!("3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc64nvme:{sum}\r\n\r\n");
    let headers = [
        ("x-amz-content-sha256", kind),
        ("x-amz-decoded-content-length", "5"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-trailer", "x-amz-checksum-crc64nvme"),
    ];
    let reply = bench.send("PUT", "/b/k", &headers, body.as_bytes()).await;
    assert_eq!(reply.verdict(), (status, code), "{}", reply.text);
    if status == 200 {
        assert_eq!(std::fs::read(bench.root.join("b/k")).unwrap(), b"hello");
    }
}
