use rstest::rstest;

use crate::client::{Bench, crc64};

const MIN: usize = 5 << 20;

/// Begins an upload and sends parts of these sizes, part `n` full of the byte `n`; the id and each ETag.
async fn begun(bench: &Bench, sizes: &[usize]) -> (String, Vec<String>) {
    let reply = bench.send("POST", "/b/k?uploads", &[("x-amz-meta-a", "1")], b"").await;
    let id = reply.all("UploadId")[0].to_owned();
    let mut etags = Vec::new();
    for (i, size) in sizes.iter().enumerate() {
        let uri = format!("/b/k?partNumber={}&uploadId={id}", i + 1);
        let part = vec![i as u8 + 1; *size];
        let reply = bench.send("PUT", &uri, &[("x-amz-checksum-crc64nvme", &crc64(&part))], &part).await;
        etags.push(reply.header("etag").to_owned());
    }
    (id, etags)
}

fn document(parts: &[(usize, &str)]) -> Vec<u8> {
    let part = |(number, etag): &(usize, &str)| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>", etag.replace('"', "&quot;"))
    };
    let parts: String = parts.iter().map(part).collect();
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>").into_bytes()
}

#[tokio::test]
async fn a_completed_upload_is_one_object() {
    let bench = Bench::new().await;
    let (id, etags) = begun(&bench, &[MIN, MIN, 7]).await;
    assert!(!bench.root.join("b/k").exists(), "visible before it is whole");
    let whole: Vec<u8> = [vec![1; MIN], vec![2; MIN], vec![3; 7]].concat();
    let body = document(&[(1, &etags[0]), (2, &etags[1]), (3, &etags[2])]);
    let uri = format!("/b/k?uploadId={id}");
    let reply = bench.send("POST", &uri, &[("x-amz-checksum-crc64nvme", &crc64(&whole))], &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.all("ChecksumCRC64NVME"), [crc64(&whole)]);
    assert_eq!(reply.all("ChecksumType"), ["FULL_OBJECT"]);
    assert!(reply.header("etag").ends_with("-3\""));
    assert!(std::fs::read(bench.root.join("b/k")).unwrap() == whole);
    let head = bench.send("HEAD", "/b/k", &[("x-amz-checksum-mode", "ENABLED")], b"").await;
    assert_eq!(
        (head.header("x-amz-checksum-crc64nvme"), head.header("x-amz-meta-a")),
        (&*crc64(&whole), "1")
    );
    assert_eq!(bench.send("POST", &uri, &[], &body).await.verdict(), (404, "NoSuchUpload"));
    assert_eq!(bench.server.tally().stored["b/k"].completed, 1);
}

#[rstest]
#[case::wrong_order(&[MIN, 5], &[2, 1], "", "InvalidPartOrder")]
#[case::never_sent(&[MIN], &[1, 2], "", "InvalidPart")]
#[case::too_small(&[5, 5], &[1, 2], "", "EntityTooSmall")]
#[case::wrong_checksum(&[MIN, 5], &[1, 2], "AAAAAAAAAAA=", "BadDigest")]
#[case::no_parts(&[MIN], &[], "", "MalformedXML")]
#[tokio::test]
async fn a_wrong_completion_changes_nothing(
    #[case] sizes: &[usize],
    #[case] numbers: &[usize],
    #[case] checksum: &str,
    #[case] code: &str,
) {
    let bench = Bench::new().await;
    let (id, etags) = begun(&bench, sizes).await;
    let named: Vec<_> =
        numbers.iter().map(|n| (*n, etags.get(n - 1).map_or("\"none\"", String::as_str))).collect();
    let uri = format!("/b/k?uploadId={id}");
    let headers: &[_] = if checksum.is_empty() { &[] } else { &[("x-amz-checksum-crc64nvme", checksum)] };
    assert_eq!(bench.send("POST", &uri, headers, &document(&named)).await.verdict(), (400, code));
    assert!(!bench.root.join("b/k").exists());
    assert_eq!(bench.send("GET", &uri, &[], b"").await.all("PartNumber").len(), sizes.len());
}

#[tokio::test]
async fn a_part_of_another_etag_is_not_taken_and_abort_forgets_all() {
    let bench = Bench::new().await;
    let (id, _) = begun(&bench, &[3]).await;
    let uri = format!("/b/k?uploadId={id}");
    let body = document(&[(1, "\"0123456789abcdef0123456789abcdef\"")]);
    assert_eq!(bench.send("POST", &uri, &[], &body).await.verdict(), (400, "InvalidPart"));
    assert_eq!(bench.send("DELETE", &uri, &[], b"").await.status, 204);
    assert_eq!(bench.send("GET", "/b?uploads", &[], b"").await.all("UploadId").len(), 0);
    assert_eq!(std::fs::read_dir(bench.root.join(".s3/uploads")).unwrap().count(), 0);
}
