//! What moving bytes costs the client, against a server that drains and forgets. Run by hand, in release:
//! `ADT_TEST_SINK=http://127.0.0.1:9490 cargo test --release -p adt-store --test it measure -- --ignored --nocapture --test-threads 1`

use std::time::Instant;

use adt_store::ObjectMeta;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use crate::setup::{block, key, noise, open, options};

const PART: usize = 8 << 20;

async fn timed(what: &str, work: impl Future<Output = ()>) {
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    work.await;
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!("{what}: wall {wall:.2} s, cpu {cpu:.2} s, peak {} MB", peak_megabytes());
}

/// User and system time of this process; 0 where there is no `/proc`.
fn cpu_seconds() -> f64 {
    let text = fs_err::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.rsplit(')').next().unwrap_or("").split_whitespace().map(|f| f.parse().unwrap_or(0.0)).collect();
    fields.get(11..13).map_or(0.0, |times| times.iter().sum::<f64>() / 100.0)
}

fn peak_megabytes() -> u64 {
    let text = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("");
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement; needs a server named in ADT_TEST_SINK"]
async fn one_large_object() {
    let sink = std::env::var("ADT_TEST_SINK").unwrap();
    let place = open("s3://bench/measure", &options(&sink, "key", "secret")).await;
    let source = noise(PART, 1);
    timed("1 x 2 GiB in parts of 8 MiB", async {
        let upload = place.begin(&key("big"), &ObjectMeta::default()).await.unwrap();
        let parts: Vec<_> = futures::stream::iter(1..=256u32)
            .map(|number| {
                // A copy and a checksum for each part, as a reader makes them.
                let part = block(Bytes::copy_from_slice(&source));
                upload.put_part(number, u64::from(number - 1) * PART as u64, part)
            })
            .buffered(12)
            .try_collect()
            .await
            .unwrap();
        println!("{:?}", upload.complete(&parts).await.map(|receipt| receipt.proof));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement; needs a server named in ADT_TEST_SINK"]
async fn ten_thousand_small_objects() {
    let sink = std::env::var("ADT_TEST_SINK").unwrap();
    let place = open("s3://bench/measure", &options(&sink, "key", "secret")).await;
    let source = noise(64 << 10, 1);
    timed("10,000 x 64 KiB", async {
        futures::stream::iter(0..10_000)
            .for_each_concurrent(32, |index| {
                let part = block(Bytes::copy_from_slice(&source));
                let (place, name) = (&place, key(&format!("small/{index:05}")));
                async move {
                    place.put(&name, part, &ObjectMeta::default()).await.unwrap();
                }
            })
            .await;
    })
    .await;
}
