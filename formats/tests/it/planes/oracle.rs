//! Planes that Pillow, `OpenCV` and libpng wrote, compared voxel by voxel.

use std::{fs, process::Command};

use adt_formats::{
    image::{self, Region},
    microscope::{Found, FoundKind},
};
use adt_testkit::oracle;
use camino::Utf8Path;
use serde_json::Value;

use super::read;

const PACKAGES: [&str; 5] = [
    "pillow==12.0.0",
    "imagecodecs==2026.3.6",
    "opencv-python-headless==4.12.0.88",
    "tifffile==2026.3.3",
    "numpy==2.2.6",
];

#[test]
fn planes_of_others() {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let venv = oracle::venv(&folder, &PACKAGES).unwrap();
    let stacks = tempfile::tempdir().unwrap();
    let stacks = Utf8Path::from_path(stacks.path()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/planes/oracle.py");
    let out =
        Command::new(oracle::program(&venv, "python")).args([script, stacks.as_str()]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(stacks.join("cases.json")).unwrap()).unwrap();
    assert!(cases.len() > 30, "{} cases", cases.len());
    for case in &cases {
        let name = case["folder"].as_str().unwrap();
        let found = Found {
            path: stacks.join(name),
            key: name.to_owned(),
            kind: FoundKind::Planes,
            groups: Vec::new(),
        };
        let planes = image::open(&found).unwrap_or_else(|fault| panic!("{name}: {}", fault.line()));
        let [z, y, x]: [u64; 3] = serde_json::from_value(case["shape"].clone()).unwrap();
        assert_eq!(planes.shape(), [1, 1, z, y, x], "{name}");
        assert_eq!(planes.dtype().to_string(), case["dtype"].as_str().unwrap(), "{name}");
        assert_eq!(planes.voxel().z.map(|side| side.micrometres), Some(2.0), "{name}");
        let raw = fs::read(stacks.join(format!("{name}.raw"))).unwrap();
        let whole = Region { t: 0, c: 0, z: 0..z, y: 0..y, x: 0..x };
        assert!(read(&*planes, &whole).unwrap() == raw, "{name}");
        let part = Region { y: y / 3..y, x: 0..x.div_ceil(2), ..whole };
        let size = planes.dtype().size();
        let rows = raw.chunks_exact(x as usize * size).enumerate();
        let rows = rows.filter(|(row, _)| *row as u64 % y >= y / 3);
        let expected: Vec<u8> =
            rows.flat_map(|(_, row)| &row[..x.div_ceil(2) as usize * size]).copied().collect();
        assert!(read(&*planes, &part).unwrap() == expected, "{name}: {part:?}");
        planes.finish().unwrap();
    }
}
