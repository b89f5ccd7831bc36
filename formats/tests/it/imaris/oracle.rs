//! Files that h5py wrote, compared voxel by voxel with what it reads.

use std::{fs, process::Command, thread};

use adt_formats::image::{Region, SizeSource, Volume};
use adt_testkit::{Seed, oracle};
use camino::Utf8Path;
use serde_json::Value;

use super::{all, open, region};

const PACKAGES: [&str; 3] = ["h5py==3.16.0", "hdf5plugin==7.1.0", "numpy"];

#[test]
fn files_of_h5py() {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let venv = oracle::venv(&folder, &PACKAGES).unwrap();
    let files = tempfile::tempdir().unwrap();
    let files = Utf8Path::from_path(files.path()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/imaris/oracle.py");
    let out = Command::new(oracle::program(&venv, "python")).args([script, files.as_str()]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(files.join("cases.json")).unwrap()).unwrap();
    assert!(cases.len() > 100, "{} cases", cases.len());
    for case in &cases {
        let name = case["file"].as_str().unwrap();
        let opened = open(&files.join(format!("{name}.ims")));
        if let Some(words) = case.get("refused") {
            let fault = opened.err().unwrap_or_else(|| panic!("{name} was taken"));
            assert!(fault.line().contains(words.as_str().unwrap()), "{name}: {}", fault.line());
            assert_eq!(format!("{:?}", fault.class()), case["kind"].as_str().unwrap(), "{name}");
            continue;
        }
        let imaris = opened.unwrap_or_else(|fault| panic!("{name}: {}", fault.line()));
        let raw = fs::read(files.join(format!("{name}.raw"))).unwrap();
        facts(name, &imaris, case);
        let found = all(&imaris).unwrap_or_else(|fault| panic!("{name}: {}", fault.line()));
        assert!(found == raw, "{name}");
        // Opened anew, so that both threads want the places of chunks that nobody knows yet.
        let imaris = open(&files.join(format!("{name}.ims"))).unwrap();
        let (imaris, raw) = (&imaris, &raw[..]);
        thread::scope(|scope| {
            (0..2).for_each(|seed| drop(scope.spawn(move || regions(name, imaris, raw, seed))));
        });
        imaris.finish().unwrap();
    }
}

fn facts(name: &str, volume: &dyn Volume, case: &Value) {
    let list = |key: &str| serde_json::from_value::<Vec<f64>>(case[key].clone()).unwrap();
    let shape: Vec<u64> = serde_json::from_value(case["shape"].clone()).unwrap();
    assert_eq!(volume.shape().to_vec(), shape, "{name}");
    assert_eq!(volume.dtype().to_string(), case["dtype"].as_str().unwrap(), "{name}");
    let voxel = volume.voxel();
    let sides = [voxel.z, voxel.y, voxel.x].map(|side| side.unwrap());
    assert!(sides.iter().all(|side| side.from == SizeSource::Imaris));
    assert_eq!(sides.map(|side| side.micrometres).to_vec(), list("voxel"), "{name}");
    assert_eq!(volume.origin().map(Option::unwrap).to_vec(), list("origin"), "{name}");
    let channels: Vec<String> = serde_json::from_value(case["channels"].clone()).unwrap();
    assert_eq!((volume.channels(), volume.notes()), (channels, Vec::new()), "{name}");
}

/// Some regions of any size at any place, and one chunk's.
fn regions(name: &str, volume: &dyn Volume, raw: &[u8], seed: u64) {
    let mut seed = Seed::new(raw.len() as u64 + seed);
    let [times, channels, size @ ..] = volume.shape();
    let mut reader = volume.reader();
    let piece = volume.piece();
    let first = region(0, 0, piece.map(|side| 0..side));
    let mut any = || {
        let mut range = |size| {
            let start = seed.below(size);
            start..start + seed.below(size - start + 1)
        };
        let ranges = size.map(&mut range);
        region(seed.below(times), seed.below(channels), ranges)
    };
    for region in (0..20).map(|_| any()).chain([first]) {
        let mut out = vec![0x55; region.voxels() as usize * volume.dtype().size()];
        reader.read(&region, &mut out).unwrap();
        assert!(out == part(volume, &region, raw), "{name} {region:?}");
    }
}

/// A region of all voxels.
fn part(volume: &dyn Volume, region: &Region, raw: &[u8]) -> Vec<u8> {
    let ([_, channels, planes, rows, columns], width) = (volume.shape(), volume.dtype().size());
    let mut out = Vec::new();
    for z in region.z.clone() {
        for y in region.y.clone() {
            let row = (((region.t * channels + region.c) * planes + z) * rows + y) * columns;
            let place = |x| (row + x) as usize * width;
            out.extend(&raw[place(region.x.start)..place(region.x.end)]);
        }
    }
    out
}
