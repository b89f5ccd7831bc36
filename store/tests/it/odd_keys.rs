//! Keys that no path can be: buckets keep them as they are, folders refuse them by name.

use std::sync::Arc;

use adt_model::{Class, Key};
use adt_net::Environment;
use adt_store::StoreOptions;
use adt_testkit::stores::Store;
use camino::Utf8Path;
use jiff::Timestamp;
use rstest::rstest;

use crate::setup::{block, list, meta, names, open, options};

const TIME: &str = "2023-10-12T08:32:18Z";

/// In byte order.
const KEYS: [&str; 5] = ["//double", "/abs", "a//b", "dir/end/", "x/..y/..."];
/// Those with parts that URLs drop.
const DOTS: [&str; 4] = ["./here", "a/../b", "a/.", "b/./../c"];

fn key(text: &str) -> Key {
    Key::object(text).unwrap()
}

#[rstest]
#[case::moto(Store::Moto, &["./here", "a/../b", "a/.", "b/./../c", "z\\..\\up"])]
// Its emulator closes the connection for parts `..`.
#[case::google(Store::Gcs, &["./here", "a/."])]
#[case::azure(Store::Azurite, &[])]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_keep_them(#[case] store: Store, #[case] more: &[&'static str]) {
    let work = tempfile::tempdir().unwrap();
    let programs = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let running = store.start(&programs, Utf8Path::from_path(work.path()).unwrap()).unwrap();
    let environment = Environment { vars: running.environment.clone(), home: None };
    let place =
        open(&format!("{}/deep", running.root), &StoreOptions::new(environment, Arc::new(Timestamp::now)))
            .await;
    let copies = open(
        &format!("{}/copies", running.root),
        &StoreOptions::new(
            Environment { vars: running.environment.clone(), home: None },
            Arc::new(Timestamp::now),
        ),
    )
    .await;
    let mut keys = KEYS.to_vec();
    keys.extend(more);
    keys.sort_unstable();
    for name in &keys {
        place.put(&key(name), block(format!("body of {name}")), &meta(TIME)).await.unwrap();
    }
    assert_eq!(names(&place).await, keys);
    for found in list(&place).await {
        let name = found.key.to_string();
        assert_eq!(place.get(&found.key, None).await.unwrap(), format!("body of {name}"), "{name}");
        let head = place.head(&found.key).await.unwrap().unwrap();
        assert_eq!((head.size, head.key.as_str()), (found.size, &*name));
        if copies.copies_from(&place) {
            let copied = copies.copy(&found.key, &place, &found, None).await.unwrap();
            assert!(copied.is_none_or(|copied| copied.size == found.size), "{name}");
        }
        place.delete(&found.key).await.unwrap();
    }
    assert!(names(&place).await.is_empty());
    let left = names(&copies).await;
    assert!(left.is_empty() || left == keys, "{left:?}");
}

/// Azure reads `.`, `..` and backslashes in a path as Windows does, so another blob would be written.
#[tokio::test]
async fn azure_is_not_asked_for_what_it_would_rename() {
    let mut options = options("http://unused", "", "");
    options.environment.vars.insert("AZURE_STORAGE_KEY".into(), "a2V5".into());
    options.anonymous = true;
    let place = open("az://account/container", &options).await;
    for name in DOTS.into_iter().chain(["z\\up"]) {
        let fault = place.put(&key(name), block("x"), &meta(TIME)).await.unwrap_err();
        assert_eq!(fault.class(), Class::BadInput, "{name}: {fault}");
        assert!(fault.line().contains(name) && fault.advice().is_some(), "{fault}");
    }
}

#[tokio::test]
async fn folders_refuse_them_and_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let inside = root.join("inside");
    let place = open(inside.as_str(), &options("http://unused", "", "")).await;
    let slashes = KEYS.iter().filter(|name| name.split('/').any(|part| matches!(part, "" | "." | "..")));
    for name in slashes.chain(&DOTS).chain(&["../up", "..", "/etc/adt", ".adt-0123456789abcdef-x.part"]) {
        for place in [&place, &place.below(&key("a/b"))] {
            let fault = place.put(&key(name), block("x"), &meta(TIME)).await.unwrap_err();
            assert_eq!(fault.class(), Class::BadInput, "{name}: {fault}");
            assert!(fault.line().contains(name), "{fault}");
            assert!(place.begin(&key(name), &meta(TIME)).await.is_err());
            assert!(place.clone().rehearsing().put(&key(name), block("x"), &meta(TIME)).await.is_err());
            assert!(place.delete(&key(name)).await.is_err());
            assert!(place.make_folder(&key(name)).await.is_err());
            assert!(place.get(&key(name), None).await.is_err());
        }
    }
    let below = place.below(&key("../beside"));
    assert!(below.put(&key("x"), block("x"), &meta(TIME)).await.is_err());
    assert!(!root.join("beside").exists() && !inside.exists());
}
