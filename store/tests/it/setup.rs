use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use adt_model::{Crc64, Key, Location};
use adt_net::Environment;
use adt_store::{Block, Found, ObjectMeta, Place, StoreOptions};
use bytes::Bytes;
use futures::StreamExt;
use jiff::Timestamp;

pub(crate) fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub(crate) fn block(bytes: impl Into<Bytes>) -> Block {
    let bytes = bytes.into();
    Block { crc64: Crc64(adt_codec::crc64(&bytes)), bytes }
}

/// Bytes that are no repetition, so that a swapped or lost piece shows.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub(crate) fn meta(text: &str) -> ObjectMeta {
    let content_type = Some("application/octet-stream".into());
    ObjectMeta { modified: Some(text.parse().unwrap()), content_type, ..ObjectMeta::default() }
}

/// An S3 endpoint with a pair of keys.
pub(crate) fn options(endpoint: &str, access_key: &str, secret: &str) -> StoreOptions {
    let mut vars = BTreeMap::new();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        vars.insert(name.to_owned(), value.to_owned());
    }
    let mut options = StoreOptions::new(Environment { vars, home: None }, Arc::new(Timestamp::now));
    options.retry_time = Duration::from_secs(10);
    options
}

/// Options whose notes about retries are kept.
pub(crate) fn listening(mut options: StoreOptions) -> (StoreOptions, Arc<Mutex<Vec<String>>>) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&notes);
    options.on_retry = Arc::new(move |note| sink.lock().unwrap().push(note.to_owned()));
    (options, notes)
}

pub(crate) async fn open(location: &str, options: &StoreOptions) -> Place {
    Place::open(&location.parse::<Location>().unwrap(), options).await.unwrap()
}

pub(crate) async fn list(place: &Place) -> Vec<Found> {
    let mut all = Vec::new();
    let mut pages = place.list();
    while let Some(page) = pages.next().await {
        all.extend(page.unwrap());
    }
    all
}

pub(crate) async fn names(place: &Place) -> Vec<String> {
    list(place).await.into_iter().map(|found| found.key.to_string()).collect()
}
