//! Datasets of N5 that zarr-python and tensorstore wrote, compared voxel by voxel with what they were given.

use std::{fs, process::Command};

use adt_formats::{
    image::{Region, Volume as _},
    n5::N5,
};
use adt_testkit::oracle;
use camino::Utf8Path;
use rstest::rstest;
use serde_json::Value;

#[rstest]
#[case::zarr("zarr", &["zarr==2.16.1", "numcodecs==0.11.0", "numpy==1.26.1", "fsspec==2024.2.0"], 40)]
#[case::tensorstore("tensorstore", &["tensorstore==0.1.86", "numpy==2.3.5"], 40)]
fn datasets_of_others(#[case] writer: &str, #[case] packages: &[&str], #[case] least: usize) {
    let venv = oracle::venv(&Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles"), packages).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/n5/oracle.py");
    let out = Command::new(oracle::program(&venv, "python"))
        .args([script, writer, folder.as_str()])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("cases.json")).unwrap()).unwrap();
    assert!(cases.len() >= least, "{} cases", cases.len());
    for case in &cases {
        let name = case["folder"].as_str().unwrap();
        let n5 = N5::open(&folder.join(name)).unwrap_or_else(|fault| panic!("{name}: {}", fault.line()));
        let shape: Vec<u64> = serde_json::from_value(case["shape"].clone()).unwrap();
        assert_eq!(n5.shape().to_vec(), shape, "{name}");
        assert_eq!(n5.dtype().to_string(), case["dtype"].as_str().unwrap(), "{name}");
        assert!(all(name, &n5) == fs::read(folder.join(format!("{name}.raw"))).unwrap(), "{name}");
        n5.finish().unwrap();
    }
}

/// All voxels, channel by channel.
fn all(name: &str, n5: &N5) -> Vec<u8> {
    let [times, channels, z, y, x] = n5.shape();
    let (mut out, mut reader) = (Vec::new(), n5.reader());
    for t in 0..times {
        for c in 0..channels {
            let region = Region { t, c, z: 0..z, y: 0..y, x: 0..x };
            let mut part = vec![0x55; region.voxels() as usize * n5.dtype().size()];
            let read = reader.read(&region, &mut part);
            assert!(read.is_ok(), "{name}: {read:?}");
            out.append(&mut part);
        }
    }
    out
}
