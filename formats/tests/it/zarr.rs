//! Metadata that zarr-python and others wrote, and metadata that nobody should have written.

use std::path::{Path, PathBuf};

use adt_formats::zarr::{ArrayMeta, Compressor, Dtype, Fill, Separator, Wavpack, python_json};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

/// Documents of stores that SpikeInterface wrote (`.zarray` is `zarray.json` there; long lists of probes are cut).
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ephys_store_golden")
}

fn documents(below: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(documents(&path, name));
        } else if path.ends_with(name) {
            found.push(path);
        }
    }
    found
}

#[test]
fn arrays_of_spikeinterface_are_read_and_written_with_the_same_bytes() {
    let documents = documents(&golden(), "zarray.json");
    assert!(documents.len() > 20, "{documents:?}");
    for path in documents {
        let text = std::fs::read(&path).unwrap();
        let parsed = ArrayMeta::parse(".zarray", &text);
        if path.parent().unwrap().ends_with("contact_vector") {
            let line = parsed.unwrap_err().line();
            assert!(line.starts_with("cannot use `.zarray`: dtype `[[\"probe_index\",\"<i8\"]"), "{line}");
            continue;
        }
        let written = python_json(&parsed.unwrap().to_value());
        assert_eq!(String::from_utf8(written), String::from_utf8(text), "{}", path.display());
    }
}

#[test]
fn attributes_are_written_with_the_same_bytes() {
    for path in documents(&golden(), "zattrs.json") {
        let text = std::fs::read_to_string(&path).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(String::from_utf8(python_json(&value)).unwrap(), text, "{}", path.display());
    }
}

fn document() -> Value {
    json!({
        "chunks": [40, 8], "compressor": null, "dtype": "<i2", "fill_value": 0, "filters": null, "order": "C",
        "shape": [100, 8], "zarr_format": 2
    })
}

#[test]
fn every_part_of_an_array_is_kept() {
    let meta = ArrayMeta::new(vec![2, 3, 5, 4000, 3000], vec![1, 1, 1, 64, 128], Dtype::U16)
        .unwrap()
        .filled(Fill::Integer(7))
        .unwrap()
        .separated(Separator::Slash)
        .compressed(Some(Compressor::Wavpack(Wavpack::lossless(2))));
    let text = python_json(&meta.to_value());
    assert!(String::from_utf8(text.clone()).unwrap().contains("\"dimension_separator\": \"/\""));
    assert_eq!(ArrayMeta::parse(".zarray", &text).unwrap(), meta);
    assert_eq!(meta.chunk_name(&[1, 2, 4, 62, 23]), "1/2/4/62/23");
    assert_eq!(meta.region(&[1, 2, 4, 62, 23]).shape, [1, 1, 1, 32, 56]);
}

#[rstest]
#[case::version("/zarr_format", json!(3), "Zarr format 3 is not supported, only 2")]
#[case::order("/order", json!("F"), "order `F` is not supported, only `C`")]
#[case::filters("/filters", json!([{"id": "delta"}]), r#"filters are not supported: [{"id":"delta"}]"#)]
#[case::dtype("/dtype", json!(">i2"), "dtype `>i2` is not supported")]
#[case::structure("/dtype", json!([["x", "<f8"]]), r#"dtype `[["x","<f8"]]` is not supported"#)]
#[case::separator("/dimension_separator", json!("-"), "dimension separator `-` is neither `.` nor `/`")]
#[case::axes("/shape", json!([1]), "the shape has 1 axes and the chunks have 2")]
#[case::empty_chunk("/chunks", json!([0, 8]), "a chunk is empty along axis 0")]
#[case::huge_chunk("/chunks", json!([1_u64 << 40, 1 << 30]), "a chunk is larger than 2147483647 bytes")]
#[case::huge_array("/shape", json!([u64::MAX, 2]), "the array is too large to count its items")]
#[case::hidden_huge_array("/shape", json!([0, u64::MAX]), "the array is too large to count its items")]
#[case::fill("/fill_value", json!(99_999), "fill value 99999 does not fit dtype `<i2`")]
#[case::compressor("/compressor", json!({"id": "blosc", "shuffle": 3}), "compressor `blosc` is not understood")]
#[case::negative("/shape", json!([-1, 8]), "cannot read `a/.zarray`: invalid value")]
fn what_is_not_supported_is_named(#[case] at: &str, #[case] value: Value, #[case] expected: &str) {
    let mut document = document();
    document[at.trim_start_matches('/')] = value;
    let line = ArrayMeta::from_value("a/.zarray", document).unwrap_err().line();
    assert!(line.contains(expected) && line.contains("`a/.zarray`"), "{line}");
}

#[test]
fn too_many_axes_are_refused() {
    let error = ArrayMeta::new(vec![1; 33], vec![1; 33], Dtype::U8).unwrap_err();
    assert_eq!(error.to_string(), "33 axes are more than the 32 that NumPy allows");
}

/// Mostly documents that nearly make sense.
fn foreign() -> impl Strategy<Value = Value> {
    let number = prop_oneof![0..5_u64, any::<u64>(), Just(1 << 31)];
    let list = prop::collection::vec(number, 0..4);
    let dtype = prop::sample::select(vec!["<i2", "|u1", "<f8", "<U3", "|b1", "<U9999999", ">f8", "é"]);
    let fill =
        prop::sample::select(vec![json!(0), json!(null), json!("NaN"), json!(-1), json!(true), json!([])]);
    (list.clone(), list, dtype, fill).prop_map(|(shape, chunks, dtype, fill)| {
        json!({
            "chunks": chunks, "compressor": null, "dtype": dtype, "fill_value": fill, "order": "C",
            "shape": shape, "zarr_format": 2
        })
    })
}

proptest! {
    #[test]
    fn foreign_metadata_is_refused_or_counted(document in foreign()) {
        if let Ok(meta) = ArrayMeta::from_value(".zarray", document) {
            let last: Vec<u64> = meta.grid().iter().map(|count| count.saturating_sub(1)).collect();
            let region = meta.region(&last);
            prop_assert!(region.shape.iter().zip(meta.chunks()).all(|(items, chunk)| items <= chunk));
            prop_assert!(meta.chunk_bytes() < 1 << 31);
            prop_assert_eq!(meta.chunk_indices().next().is_none(), meta.chunk_count() == 0);
            // By text: not a number is a fill value, and equals nothing.
            let again = ArrayMeta::from_value(".zarray", meta.to_value()).unwrap();
            prop_assert_eq!(again.to_value(), meta.to_value());
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(ArrayMeta::parse(".zarray", &bytes).is_err());
    }

    #[test]
    fn chunks_hold_the_whole_array(
        (shape, chunks) in (1..4_usize).prop_flat_map(|axes| (
            prop::collection::vec(0..7_u64, axes), prop::collection::vec(1..5_u64, axes),
        ))
    ) {
        let meta = ArrayMeta::new(shape, chunks, Dtype::U16).unwrap().filled(Fill::Integer(0x0102)).unwrap();
        let (mut chunk, mut back, mut total) = (Vec::new(), Vec::new(), 0);
        for index in meta.chunk_indices() {
            let region = meta.region(&index);
            let count = region.shape.iter().product::<u64>() as usize;
            let items: Vec<u8> = (0..count * 2).map(|byte| byte as u8 | 0x80).collect();
            meta.pad(&region, &items, &mut chunk).unwrap();
            prop_assert_eq!(chunk.len(), meta.chunk_bytes());
            let padding = chunk.iter().filter(|byte| **byte < 0x80).count();
            prop_assert_eq!(padding, chunk.len() - items.len());
            meta.crop(&region, &chunk, &mut back).unwrap();
            prop_assert_eq!(&back, &items);
            total += count as u64;
        }
        prop_assert_eq!(total, meta.shape().iter().product::<u64>());
    }
}
