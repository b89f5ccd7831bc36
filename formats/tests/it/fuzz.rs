//! Damaged files and metadata by the million, see `adt_testkit::fuzz`. Descriptions and settings of recordings, which have no
//! door of their own, are tried beside their parsers.

use std::{
    fs::{self, File},
    io::{Seek as _, Write as _},
    path::Path,
};

use adt_formats::{
    SteadyFile,
    ephys_store::{SegmentArrays, Stored, StoredSamples},
    npy::Npy,
    zarr::{ArrayMeta, python_json},
};
use adt_model::{Fault, Key};
use adt_testkit::fuzz::{Corpus, fuzz};
use camino::Utf8Path;
use jiff::Timestamp;

use super::{
    ephys_store::{Objects, description, storage, write},
    zarr::golden,
};

/// What a parser of a few kilobytes may allocate.
const ROOM: u64 = 16 << 20;

/// What a store's small arrays may take, whatever few bytes say of them.
const ARRAYS: u64 = 128 << 20;

/// Pieces that mean something in JSON and in Zarr's documents.
const WORDS: [&str; 16] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "18446744073709551615",
    "\"<U1\"",
    "\"|b1\"",
    "\\u0000",
    "2147483647",
];

fn array(version: u8, descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = header.len() as u32;
    let mut bytes = [b"\x93NUMPY", &[version, 0][..]].concat();
    bytes.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// Reads what the header promises, as far as a few hundred values go.
fn read(path: &Utf8Path, size: u64, modified: Timestamp) -> Result<(), Fault> {
    let npy = Npy::open(SteadyFile::open(path, size, modified)?)?;
    let some = npy.items().min(300) as usize;
    let first = npy.items() - some as u64;
    let integers = npy.integers(first, &mut vec![0; some]);
    let floats = npy.floats(first, &mut vec![0.0; some]);
    let text = if some > 0 { npy.text(first).map(drop) } else { integers.clone().or(floats.clone()) };
    integers.or(floats).or(text)
}

#[test]
fn npy_files() {
    let numbers: Vec<u8> = (0..40_i64).flat_map(i64::to_le_bytes).collect();
    let good = vec![
        array(1, "<i8", "(40,)", &numbers),
        array(1, "<f8", "(40,)", &numbers),
        array(2, ">i2", "(20, 8)", &numbers),
        array(3, "|u1", "(320,)", &numbers),
        array(1, "|b1", "()", &[1]),
        array(1, "|S9", "(30,)", &numbers[..270]),
        array(1, "<U3", "(2,)", "x\0\0\0y\0\0\0z\0\0\0u\0\0\0\0\0\0\0\0\0\0\0".as_bytes()),
    ];
    let words = [
        "'descr'",
        "(",
        ")",
        ",",
        "18446744073709551615",
        "4611686018427387904",
        "0",
        "'|S0'",
        "'<U",
        "True",
        "L",
    ];
    let corpus = Corpus::new(good).with_words(&words);
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("array.npy");
    let mut file = File::create(&path).unwrap();
    fuzz("fuzz::npy_files", ROOM, |seed| {
        let bytes = corpus.changed(seed);
        file.rewind().unwrap();
        file.write_all(&bytes).unwrap();
        // Never cut to nothing first: some file systems wait for the disk then.
        file.set_len(bytes.len() as u64).unwrap();
        let seen = file.metadata().unwrap();
        read(&path, seen.len(), seen.modified().unwrap().try_into().unwrap()).is_ok()
    });
}

fn documents(below: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.ends_with("zarray.json") {
            found.push(fs::read(path).unwrap());
        }
    }
    found
}

#[test]
fn metadata_of_arrays() {
    let corpus = Corpus::new(documents(&golden())).with_words(&WORDS);
    let mut items = Vec::new();
    fuzz("fuzz::metadata_of_arrays", ROOM, |seed| {
        let Ok(meta) = ArrayMeta::parse(".zarray", &corpus.changed(seed)) else { return false };
        // What was read can be written, and read again as the same.
        let again = ArrayMeta::parse(".zarray", &python_json(&meta.to_value())).unwrap();
        assert_eq!(again.to_value(), meta.to_value());
        let chunk = vec![0; if meta.chunk_bytes() <= 1 << 16 { meta.chunk_bytes() } else { 0 }];
        for index in meta.chunk_indices().take(3) {
            let region = meta.region(&index);
            assert!(Key::parse(meta.chunk_name(&index)).is_ok());
            assert_eq!(meta.crop(&region, &chunk, &mut items).is_ok(), chunk.len() == meta.chunk_bytes());
        }
        true
    });
}

/// Looks at all that a store tells.
fn look(objects: &Objects) -> Result<(), Fault> {
    let stored = Stored::open(&|key| Ok(objects.get(key).cloned()), &|_, bytes, _| Ok(bytes.to_vec()))?;
    if let Some(record) = stored.record() {
        drop(StoredSamples::of(record));
    }
    for array in stored.segments().iter().flat_map(SegmentArrays::all) {
        array.chunks().take(3).for_each(drop);
    }
    Ok(())
}

#[test]
fn stores_of_recordings() {
    let mut about = description();
    about.probes[0].geometry.retain(|key, _| key.starts_with("contact_positions"));
    let whole = write(&about, &storage(), &<[u8]>::to_vec);
    let mut bare = whole.clone();
    bare.remove(&Key::parse(".zmetadata").unwrap());
    // Of the long arrays nothing but the metadata is read.
    let read = |key: &Key| !key.as_str().contains("_seg") || key.file_name().starts_with('.');
    let keys: Vec<_> = whole.keys().filter(|key| read(key)).cloned().collect();
    let corpora: Vec<_> =
        keys.iter().map(|key| Corpus::new(vec![whole[key].to_vec()]).with_words(&WORDS)).collect();
    let all = keys.iter().position(|key| key.as_str() == ".zmetadata").unwrap();
    fuzz("fuzz::stores_of_recordings", ARRAYS, |seed| {
        let consolidated = seed.below(2) == 0;
        let at = if consolidated { all } else { seed.below(keys.len() as u64) as usize };
        let mut objects = if consolidated { whole.clone() } else { bare.clone() };
        objects.insert(keys[at].clone(), corpora[at].changed(seed).into());
        if !consolidated {
            objects.remove(&keys[all]);
        }
        look(&objects).is_ok()
    });
}
