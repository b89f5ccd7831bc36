//! What every place promises, as one suite.

use std::{sync::Arc, time::Duration};

use adt_net::Environment;
use adt_store::{Held, Place, Proof, StoreOptions, Unfinished, Verdict, compare};
use adt_testkit::stores::Store;
use camino::Utf8Path;
use futures::StreamExt;
use jiff::Timestamp;
use rstest::rstest;

use crate::{
    azure::{ACCOUNT, azure, azure_by_signature},
    setup::{block, key, list, meta, names, noise, open, options},
};

const TIME: &str = "2023-10-12T08:32:18.123456Z";
const MIB: usize = 1 << 20;

/// Names that go wrong where encoding, ordering or prefixes are careless; in byte order.
const ODD: [&str; 12] = [
    "a b/c d.txt",
    "a#b",
    "a%2Fb",
    "a+b",
    "a-b",
    "a/b",
    "a/b-c/d",
    "a/b.c",
    "a~b",
    "q?x=1&y=2",
    "ü/ö",
    "データ.bin",
];

/// `strict` for places that are ours: a server that is somebody else's may show an object before it is whole.
async fn suite(place: &Place, strict: bool) {
    whole_objects(place).await;
    odd_names(&place.below(&key("odd"))).await;
    only_what_is_below(place).await;
    parts(place, strict).await;
    many(&place.below(&key("many"))).await;
    unfinished(place).await;
    rehearsal(place).await;
}

async fn whole_objects(place: &Place) {
    for (name, size) in [("empty", 0), ("small", 10), ("large", 3 * MIB + 1)] {
        let (name, sent) = (key(name), block(noise(size, 7)));
        let receipt = place.put(&name, sent.clone(), &meta(TIME)).await.unwrap();
        assert_eq!((receipt.size, receipt.crc64), (size as u64, sent.crc64));
        let found = place.head(&name).await.unwrap().unwrap();
        assert_eq!((found.size, &found.etag, &found.key), (size as u64, &receipt.etag, &name));
        assert_eq!(found.modified.map(to_micros), Some(to_micros(TIME.parse().unwrap())));
        assert!(found.crc64.is_none_or(|crc| crc == sent.crc64));
        assert_eq!(compare(&found, size as u64, found.modified, Some(sent.crc64), None), Verdict::Same);
        assert_eq!(place.get(&name, None).await.unwrap(), sent.bytes);
        if size > 0 {
            assert_eq!(place.get(&name, Some(1..size as u64)).await.unwrap(), sent.bytes.slice(1..));
            assert!(place.get(&name, Some(1..size as u64 + 1)).await.is_err());
        }
    }
    let again = place.put(&key("small"), block("other"), &meta(TIME)).await.unwrap();
    assert_eq!((again.size, place.get(&key("small"), None).await.unwrap().as_ref()), (5, &b"other"[..]));
    for name in ["empty", "small", "large"] {
        place.delete(&key(name)).await.unwrap();
        place.delete(&key(name)).await.unwrap();
        assert!(place.head(&key(name)).await.unwrap().is_none());
    }
    assert!(place.get(&key("small"), None).await.is_err());
}

/// To the microsecond: finer grain is not kept everywhere.
fn to_micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

async fn odd_names(place: &Place) {
    for (index, name) in ODD.iter().rev().enumerate() {
        if fits(place, name) {
            place.put(&key(name), block(vec![1; index]), &meta(TIME)).await.unwrap();
        }
    }
    let wanted: Vec<_> = ODD.into_iter().filter(|name| fits(place, name)).collect();
    assert_eq!(names(place).await, wanted);
    for name in wanted {
        assert_eq!(place.head(&key(name)).await.unwrap().unwrap().key, key(name));
        place.delete(&key(name)).await.unwrap();
    }
    assert!(names(place).await.is_empty());
}

/// A folder has no file `a/b` beside a folder `a/b`, and Windows has fewer names still.
fn fits(place: &Place, name: &str) -> bool {
    let folder = matches!(place.location(), adt_model::Location::Folder(_));
    !folder || !cfg!(windows) || !name.contains(['?', '*', ':', '"', '<', '>', '|'])
}

async fn only_what_is_below(place: &Place) {
    let asset = place.below(&key("asset"));
    for name in ["asset/x", "asset_sorted/x", "assets"] {
        place.put(&key(name), block(name.as_bytes().to_vec()), &meta(TIME)).await.unwrap();
    }
    assert_eq!(names(&asset).await, ["x"]);
    let (found, receipt) =
        (list(&asset).await.remove(0), place.head(&key("asset/x")).await.unwrap().unwrap());
    assert_eq!((found.size, found.etag), (receipt.size, receipt.etag));
    assert!(names(&place.below(&key("nothing"))).await.is_empty());
    for name in ["asset/x", "asset_sorted/x", "assets"] {
        place.delete(&key(name)).await.unwrap();
    }
}

async fn parts(place: &Place, strict: bool) {
    let (name, bytes) = (key("parts/big.bin"), noise(12 * MIB + 5, 3));
    let upload = place.begin(&name, &meta(TIME)).await.unwrap();
    let pieces: Vec<_> = bytes.chunks(5 * MIB).map(|piece| block(piece.to_vec())).collect();
    // The last first, and one of them twice: order and repetition are the caller's business.
    let sent = pieces
        .iter()
        .enumerate()
        .rev()
        .map(|(i, piece)| upload.put_part(i as u32 + 1, (i * 5 * MIB) as u64, piece.clone()));
    let mut receipts = futures::future::try_join_all(sent).await.unwrap();
    receipts.reverse();
    receipts[1] = upload.put_part(2, 5 * MIB as u64, pieces[1].clone()).await.unwrap();
    let early = place.head(&name).await.unwrap();
    assert!(!strict || early.is_none(), "an object is visible before it is whole");
    let receipt = upload.complete(&receipts).await.unwrap();
    assert_eq!((receipt.size, receipt.crc64), (bytes.len() as u64, block(bytes.clone()).crc64));
    assert!(matches!(receipt.proof, Proof::Checksum | Proof::EtagMd5 | Proof::ReadBack | Proof::Renamed));
    let found = place.head(&name).await.unwrap().unwrap();
    assert_eq!((found.size, &found.etag), (receipt.size, &receipt.etag));
    assert_eq!(found.modified.map(to_micros), Some(to_micros(TIME.parse().unwrap())));
    assert_eq!(place.get(&name, None).await.unwrap(), bytes);
    if receipt.proof != Proof::Renamed {
        // An answer that was lost: the same completion once more.
        assert_eq!(upload.complete(&receipts).await.unwrap().crc64, receipt.crc64);
    }
    place.delete(&name).await.unwrap();
}

/// More than one page of a listing, with folders and files that sort between each other.
async fn many(place: &Place) {
    let mut wanted: Vec<String> = (0..1205).map(|i| format!("{}/{:02}", i / 100, i % 100)).collect();
    wanted.extend((0..13).map(|i| format!("{i}-x")));
    let puts = futures::stream::iter(wanted.clone()).map(|name| async move {
        place.put(&key(&name), block("x"), &meta(TIME)).await.unwrap();
    });
    puts.buffer_unordered(16).collect::<Vec<_>>().await;
    wanted.sort_unstable();
    assert_eq!(names(place).await, wanted);
    let deletes =
        futures::stream::iter(wanted).map(|name| async move { place.delete(&key(&name)).await.unwrap() });
    deletes.buffer_unordered(16).collect::<Vec<_>>().await;
}

async fn unfinished(place: &Place) {
    let (name, place) = (key("in/left.bin"), place.below(&key("left")));
    let upload = place.begin(&name, &meta(TIME)).await.unwrap();
    let first = block(noise(5 * MIB, 9));
    let receipt = upload.put_part(1, 0, first.clone()).await.unwrap();
    assert!(names(&place).await.is_empty());
    let resumed = place.resume(&name, upload.id(), &meta(TIME)).await.unwrap();
    if let Some((upload, held)) = resumed {
        match held {
            Held::Parts(parts) => {
                assert_eq!((parts.len(), parts[0].number, parts[0].size), (1, 1, 5 * MIB as u64));
                assert_eq!(parts[0].etag, receipt.etag);
            }
            // What is not a whole step of the server's was held back; its part is sent again.
            Held::Bytes(bytes) => {
                assert!((1..=5 * MIB as u64).contains(&bytes), "{bytes}");
                assert_eq!(upload.put_part(1, 0, first.clone()).await.unwrap(), receipt);
            }
            Held::Unknown => {
                assert!(upload.holds(&receipt, 0).await.unwrap());
                let other = adt_store::PartReceipt { crc64: adt_model::Crc64(1), ..receipt.clone() };
                assert!(!upload.holds(&other, 0).await.unwrap());
            }
        }
        let second = upload.put_part(2, 5 * MIB as u64, block("end")).await.unwrap();
        let whole = upload.complete(&[receipt, second]).await.unwrap();
        assert_eq!(whole.size, 5 * MIB as u64 + 3);
        place.delete(&name).await.unwrap();
        assert!(place.resume(&name, upload.id(), &meta(TIME)).await.unwrap().is_none());
    } else {
        upload.abort().await.unwrap();
    }
    let left = place.begin(&name, &meta(TIME)).await.unwrap();
    left.put_part(1, 0, first).await.unwrap();
    let mut found = place.unfinished().await.unwrap();
    if matches!(place.location(), adt_model::Location::Gs { .. }) {
        // Google lists no sessions.
        assert!(found.is_empty());
        found.push(Unfinished::named(name, left.id()));
    }
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].upload_id, left.id());
    drop(left);
    place.abort(&found[0]).await.unwrap();
    assert!(place.unfinished().await.unwrap().is_empty());
    place.abort(&found[0]).await.unwrap();
}

async fn rehearsal(place: &Place) {
    place.put(&key("real"), block("real"), &meta(TIME)).await.unwrap();
    let dry = place.clone().rehearsing();
    let receipt = dry.put(&key("dry"), block("dry"), &meta(TIME)).await.unwrap();
    assert_eq!((receipt.size, receipt.proof), (3, Proof::Rehearsed));
    let upload = dry.begin(&key("dry"), &meta(TIME)).await.unwrap();
    let part = upload.put_part(1, 0, block("dry")).await.unwrap();
    assert_eq!(upload.complete(&[part]).await.unwrap().crc64, block("dry").crc64);
    dry.delete(&key("real")).await.unwrap();
    assert_eq!(dry.get(&key("real"), None).await.unwrap().as_ref(), b"real");
    assert!(place.head(&key("dry")).await.unwrap().is_none());
    place.delete(&key("real")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("not yet/there");
    let place = open(root.to_str().unwrap(), &options("http://unused", "", "")).await;
    suite(&place, true).await;
}

/// `ADT_TEST_S3=endpoint|bucket|key|secret` names a server that is already running, with an empty bucket;
/// `ADT_TEST_CA` the file of its certificate's authority, if it needs one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_server_conforms() {
    let Ok(text) = std::env::var("ADT_TEST_S3") else { return };
    let [endpoint, bucket, access_key, secret] = text.split('|').collect::<Vec<_>>()[..] else {
        panic!("ADT_TEST_S3 is `endpoint|bucket|key|secret`")
    };
    let mut options = options(endpoint, access_key, secret);
    options
        .environment
        .vars
        .extend(std::env::var("ADT_TEST_CA").map(|path| ("AWS_CA_BUNDLE".to_owned(), path)));
    let place = open(&format!("s3://{bucket}/deep/prefix ü"), &options).await;
    suite(&place, false).await;
}

/// `ADT_TEST_AZURE=endpoint|container` names the storage emulator and an empty container of its well-known account, which is opened with
/// its published key; with a third part, with this shared access signature.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn azure_conforms() {
    let Ok(text) = std::env::var("ADT_TEST_AZURE") else { return };
    let options = match text.split('|').collect::<Vec<_>>()[..] {
        [endpoint, _] => azure(endpoint),
        [endpoint, _, sas] => azure_by_signature(endpoint, sas),
        _ => panic!("ADT_TEST_AZURE is `endpoint|container`, or `endpoint|container|signature`"),
    };
    let container = text.split('|').nth(1).unwrap();
    let place = open(&format!("az://{ACCOUNT}/{container}/deep/prefix ü"), &options).await;
    suite(&place, true).await;
    crate::azure::emulated(&place).await;
}

/// Other people's servers, none of which shows everything: rclone keeps no checksums, moto checks none, the emulators are not the clouds.
#[rstest]
#[case::rclone(Store::Rclone)]
#[case::moto(Store::Moto)]
#[case::google(Store::Gcs)]
#[case::azure(Store::Azurite)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_peoples_servers_conform(#[case] store: Store) {
    let work = tempfile::tempdir().unwrap();
    let programs = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let running = store.start(&programs, Utf8Path::from_path(work.path()).unwrap()).unwrap();
    let environment = Environment { vars: running.environment.clone(), home: None };
    let mut options = StoreOptions::new(environment, Arc::new(Timestamp::now));
    options.retry_time = Duration::from_mins(1);
    if store == Store::Gcs {
        // It answers one request after the other, and forgets connections when many knock at once.
        (options.lanes, options.request_timeout) = (4, Duration::from_secs(5));
    }
    let place = open(&format!("{}/deep/prefix ü", running.root), &options).await;
    suite(&place, matches!(store, Store::Gcs | Store::Azurite)).await;
    match store {
        Store::Gcs => crate::google::emulated(&place).await,
        Store::Azurite => crate::azure::emulated(&place).await,
        Store::Rclone | Store::Moto => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_server_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    fs_err::create_dir(root.join("lab")).unwrap();
    let settings = adt_sandbox::ServerOptions::new("key", "secret", Arc::new(Timestamp::now));
    let server = adt_sandbox::Server::start(root, settings).await.unwrap();
    let place = open("s3://lab/deep/prefix ü", &options(&server.endpoint(), "key", "secret")).await;
    suite(&place, true).await;
    server.stop().await;
}
