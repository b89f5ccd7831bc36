//! Files that tifffile wrote, compared sample by sample.

use std::{fs, process::Command};

use adt_formats::tiff::{Dtype, Voxel};
use adt_testkit::oracle;
use camino::Utf8Path;
use serde_json::Value;

use super::{all, open};

fn dtype(name: &str) -> Dtype {
    let all = [Dtype::U8, Dtype::I8, Dtype::U16, Dtype::I16, Dtype::U32, Dtype::I32, Dtype::F32, Dtype::F64];
    all.into_iter().find(|dtype| dtype.to_string() == name).unwrap()
}

fn sides(voxel: Voxel) -> [Option<f64>; 3] {
    [voxel.z, voxel.y, voxel.x].map(|side| side.map(|side| side.micrometres))
}

#[test]
fn files_of_tifffile() {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let venv = oracle::venv(&folder, &["tifffile==2026.3.3", "imagecodecs==2026.3.6", "numpy"]).unwrap();
    let files = tempfile::tempdir().unwrap();
    let files = Utf8Path::from_path(files.path()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tiff/oracle.py");
    let out = Command::new(oracle::program(&venv, "python")).args([script, files.as_str()]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(files.join("cases.json")).unwrap()).unwrap();
    assert!(cases.len() > 100, "{} cases", cases.len());
    for case in &cases {
        let name = case["file"].as_str().unwrap();
        let tiff = open(&files.join(name)).unwrap_or_else(|fault| panic!("{name}: {}", fault.line()));
        let shape: Vec<u64> = serde_json::from_value(case["shape"].clone()).unwrap();
        assert_eq!(tiff.shape().to_vec(), shape, "{name}");
        assert_eq!(tiff.dtype(), dtype(case["dtype"].as_str().unwrap()), "{name}");
        assert!(all(&tiff).unwrap() == fs::read(files.join(format!("{name}.raw"))).unwrap(), "{name}");
        if let Some(expected) = case.get("voxel") {
            let expected: [Option<f64>; 3] = serde_json::from_value(expected.clone()).unwrap();
            for (found, expected) in sides(tiff.voxel()).into_iter().zip(expected) {
                let near = found.zip(expected).is_some_and(|(a, b)| (a - b).abs() < 1e-6 * b);
                assert!(near || found == expected, "{name}: {found:?} instead of {expected:?}");
            }
        }
    }
}
