use rstest::rstest;

use crate::client::{Bench, crc64};

#[rstest]
#[case::no_bucket("PUT", "/none/k", &[], 404, "NoSuchBucket")]
#[case::no_key("GET", "/b/none", &[], 404, "NoSuchKey")]
#[case::bucket_again("PUT", "/b", &[], 409, "BucketAlreadyOwnedByYou")]
#[case::below_a_file("PUT", "/b/file/x", &[], 400, "InvalidRequest")]
#[case::over_a_folder("PUT", "/b/folder", &[], 400, "InvalidRequest")]
#[case::up("PUT", "/b/../x", &[], 400, "InvalidArgument")]
#[case::taken("PUT", "/b/file", &[("if-none-match", "*")], 412, "PreconditionFailed")]
#[case::free("PUT", "/b/free", &[("if-none-match", "*")], 200, "")]
#[case::subresource("GET", "/b/file?acl", &[], 501, "NotImplemented")]
#[case::behind_the_end("GET", "/b/file", &[("range", "bytes=9-")], 416, "InvalidRange")]
#[case::copy("PUT", "/b/copy", &[("x-amz-copy-source", "b/file")], 200, "")]
#[case::delete_nothing("DELETE", "/b/none", &[], 204, "")]
#[tokio::test]
async fn answers(
    #[case] method: &str,
    #[case] uri: &str,
    #[case] headers: &[(&str, &str)],
    #[case] status: u16,
    #[case] code: &str,
) {
    let bench = Bench::new().await;
    bench.send("PUT", "/b/file", &[], b"1").await;
    bench.send("PUT", "/b/folder/x", &[], b"2").await;
    let reply = bench.send(method, uri, headers, b"").await;
    assert_eq!(reply.verdict(), (status, code), "{}", reply.text);
    assert_eq!(std::fs::read(bench.root.join("b/file")).unwrap(), b"1");
    assert!(!bench.root.join("x").exists());
}

#[tokio::test]
async fn another_server_on_the_folder_knows_everything() {
    let bench = Bench::new().await;
    bench.send("PUT", "/b/k", &[("x-amz-meta-a", "1")], b"hello").await;
    let id = bench.send("POST", "/b/up?uploads", &[], b"").await.all("UploadId")[0].to_owned();
    bench.send("PUT", &format!("/b/up?partNumber=1&uploadId={id}"), &[], b"part").await;
    let bench = bench.restarted().await;
    assert_eq!(bench.send("HEAD", "/b/k", &[], b"").await.header("x-amz-meta-a"), "1");
    assert_eq!(bench.send("GET", "/b?uploads", &[], b"").await.all("Key"), ["up"]);
    assert_eq!(bench.send("GET", &format!("/b/up?uploadId={id}"), &[], b"").await.all("Size"), ["4"]);
}

#[tokio::test]
async fn a_file_changed_by_hand_is_told_as_it_is() {
    let bench = Bench::new().await;
    bench.send("PUT", "/b/k", &[], b"hello").await;
    std::fs::write(bench.root.join("b/k"), b"Hello!").unwrap();
    std::fs::create_dir_all(bench.root.join("b/by hand")).unwrap();
    std::fs::write(bench.root.join("b/by hand/x"), b"x").unwrap();
    for (uri, bytes) in [("/b/k", &b"Hello!"[..]), ("/b/by%20hand/x", b"x")] {
        let reply = bench.send("HEAD", uri, &[("x-amz-checksum-mode", "ENABLED")], b"").await;
        assert_eq!(reply.header("x-amz-checksum-crc64nvme"), crc64(bytes));
        assert_eq!(reply.header("content-length"), bytes.len().to_string());
    }
}

#[tokio::test]
async fn emptied_folders_go_with_the_last_object() {
    let bench = Bench::new().await;
    bench.send("PUT", "/b/d/e/f", &[], b"1").await;
    let delete = b"<Delete><Object><Key>d/e/f</Key></Object><Object><Key>none</Key></Object></Delete>";
    let reply = bench.send("POST", "/b?delete", &[], delete).await;
    assert_eq!(reply.all("Key"), ["d/e/f", "none"]);
    assert!(!bench.root.join("b/d").exists() && bench.root.join("b").is_dir());
    assert!(!bench.root.join(".s3/objects/b/d").exists());
}
