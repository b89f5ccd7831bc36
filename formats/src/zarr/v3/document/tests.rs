use rstest::rstest;

use super::*;
use crate::zarr::{Blosc, BloscCodec, Compressor, Shuffle};

/// What the original's compressor is in version 3.
fn usual() -> Compressor {
    Compressor::Blosc(Blosc { blocksize: 0, clevel: 1, cname: BloscCodec::Zstd, shuffle: Shuffle::Byte })
}

fn image() -> ArrayMeta {
    ArrayMeta::new(vec![1, 1, 9, 21, 33], vec![1, 1, 4, 8, 8], Dtype::U16)
        .unwrap()
        .compressed(Some(usual()))
        .sharded(vec![1, 1, 8, 16, 16])
        .unwrap()
        .named(&["t", "c", "z", "y", "x"])
        .unwrap()
}

const IMAGE: &str = r#"{
  "zarr_format": 3,
  "node_type": "array",
  "shape": [
    1,
    9
  ],
  "data_type": "uint16",
  "chunk_grid": {
    "name": "regular",
    "configuration": {
      "chunk_shape": [
        1,
        8
      ]
    }
  },
  "chunk_key_encoding": {
    "name": "default",
    "configuration": {
      "separator": "/"
    }
  },
  "fill_value": 0,
  "codecs": [
    {
      "name": "sharding_indexed",
      "configuration": {
        "chunk_shape": [
          1,
          4
        ],
        "codecs": [
          {
            "name": "bytes",
            "configuration": {
              "endian": "little"
            }
          },
          {
            "name": "blosc",
            "configuration": {
              "typesize": 2,
              "cname": "zstd",
              "clevel": 1,
              "shuffle": "shuffle",
              "blocksize": 0
            }
          }
        ],
        "index_codecs": [
          {
            "name": "bytes",
            "configuration": {
              "endian": "little"
            }
          },
          {
            "name": "crc32c"
          }
        ],
        "index_location": "end"
      }
    }
  ],
  "attributes": {},
  "dimension_names": [
    "y",
    "x"
  ]
}"#;

#[test]
fn the_text_of_an_array_is_always_the_same() {
    let meta = ArrayMeta::new(vec![1, 9], vec![1, 4], Dtype::U16).unwrap().compressed(Some(usual()));
    let meta = meta.sharded(vec![1, 8]).unwrap().named(&["y", "x"]).unwrap();
    assert_eq!(String::from_utf8(text(&meta.to_value())).unwrap(), IMAGE);
    assert_eq!(ArrayMeta::parse("zarr.json", IMAGE.as_bytes()).unwrap(), meta);
}

#[rstest]
#[case::sharded(image())]
#[case::chunks(ArrayMeta::new(vec![5], vec![2], Dtype::F32).unwrap().filled(Fill::Float(f64::INFINITY)).unwrap())]
#[case::zstd(ArrayMeta::new(vec![5], vec![2], Dtype::U8).unwrap().compressed(Some(Compressor::Zstd(3))))]
#[case::gzip(ArrayMeta::new(vec![5], vec![2], Dtype::I64).unwrap().compressed(Some(
    Compressor::Other("gzip".into(), Map::from_iter([("level".into(), json!(5)), ("id".into(), json!("gzip"))]))
)))]
#[case::scalar(ArrayMeta::new(vec![], vec![], Dtype::F64).unwrap())]
fn what_is_written_is_read(#[case] meta: ArrayMeta) {
    assert_eq!(ArrayMeta::parse("zarr.json", &text(&meta.to_value())).unwrap(), meta);
}

/// Puts `value` at a place of the usual document, or takes away what is there.
fn changed(place: &str, value: Value) -> Vec<u8> {
    let mut document = image().to_value();
    let (above, name) = place.rsplit_once('/').unwrap();
    let object = document.pointer_mut(above).unwrap();
    match object.as_object_mut() {
        Some(object) if value.is_null() => drop(object.shift_remove(name)),
        _ => object[name] = value,
    }
    text(&document)
}

const INSIDE: &str = "/codecs/0/configuration";

#[rstest]
#[case::no_separator("/chunk_key_encoding/configuration", json!({}), "c/0/0/1/1/2")]
#[case::dots("/chunk_key_encoding/configuration", json!({"separator": "."}), "c.0.0.1.1.2")]
#[case::version_2("/chunk_key_encoding", json!({"name": "v2"}), "0.0.1.1.2")]
#[case::no_names("/dimension_names", json!(null), "c/0/0/1/1/2")]
#[case::no_attributes("/attributes", json!(null), "c/0/0/1/1/2")]
#[case::later_keys("/consolidated_metadata", json!({}), "c/0/0/1/1/2")]
fn what_others_write_is_read(#[case] place: &str, #[case] value: Value, #[case] name: &str) {
    let meta = ArrayMeta::parse("zarr.json", &changed(place, value)).unwrap();
    assert_eq!(meta.object_name(&[0, 0, 1, 1, 2]), name);
}

#[test]
fn other_forms_of_shards_are_read() {
    let mut document = image().to_value();
    document["codecs"] = json!([
        {"name": "transpose", "configuration": {"order": [0, 1, 2, 3, 4]}},
        {"name": "sharding_indexed", "configuration": {
            "chunk_shape": [1, 1, 4, 8, 8],
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "gzip", "configuration": {"level": 1}},
                "crc32c"],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "index_location": "start",
        }},
    ]);
    let meta = ArrayMeta::parse("zarr.json", &text(&document)).unwrap();
    assert!(meta.has_checksums() && !meta.index_has_checksum());
    assert_eq!(meta.index_range(1000), Some(0..128));
    assert_eq!(meta.layout().compressor().map(Compressor::id), Some("gzip"));
    assert_eq!(meta.names(), Some(vec!["t", "c", "z", "y", "x"]));
}

#[rstest]
#[case::version("/zarr_format", json!(2), "a `zarr_format` other than 3 is not supported: 2")]
#[case::group("/node_type", json!("group"), "a node that is no array is not supported: \"group\"")]
#[case::dtype("/data_type", json!("float16"), "the data type is not supported: \"float16\"")]
#[case::structure("/data_type", json!({"name": "struct"}), "the data type is not supported: {\"name\":\"struct\"}")]
#[case::grid("/chunk_grid/name", json!("rectangular"), "the chunk grid is not supported: \"rectangular\"")]
#[case::keys("/chunk_key_encoding/name", json!("hilbert"), "the encoding of chunk keys is not supported: \"hilbert\"")]
#[case::fill("/fill_value", json!("0x00"), "fill value \"0x00\" does not fit dtype `<u2`")]
#[case::codec("/codecs", json!(["vlen-utf8"]), "the chain of codecs is not supported: [\"vlen-utf8\"]")]
#[case::codecs("/codecs", json!({}), "the list of codecs is not supported: {}")]
#[case::twice("/codecs", json!([{"name": "bytes", "configuration": {"endian": "little"}}, "gzip", "zstd"]),
    "the chain of codecs is not supported: [\"bytes\",\"gzip\",\"zstd\"]")]
#[case::order("/codecs", json!([{"name": "transpose", "configuration": {"order": [4, 3, 2, 1, 0]}}]),
    "the order of axes is not supported: [4,3,2,1,0]")]
#[case::endian("/codecs", json!([{"name": "bytes", "configuration": {"endian": "big"}}]),
    "the order of bytes is not supported: \"big\"")]
#[case::names("/dimension_names", json!(["x"]), "1 dimension names for 5 axes")]
#[case::transformer("/storage_transformers", json!([{"name": "x"}]), "a storage transformer is not supported: {\"name\":\"x\"}")]
#[case::part(&format!("{INSIDE}/chunk_shape"), json!([1, 1, 3, 8, 8]),
    "shards of [1, 1, 8, 16, 16] are not made of whole chunks of [1, 1, 3, 8, 8]")]
#[case::place(&format!("{INSIDE}/index_location"), json!("middle"), "the place of the index is not supported: \"middle\"")]
#[case::shuffled(&format!("{INSIDE}/codecs/1/configuration/shuffle"), json!("both"),
    "the shuffle of `blosc` is not supported: \"both\"")]
fn what_is_not_supported_is_named(#[case] place: &str, #[case] value: Value, #[case] why: &str) {
    let fault = ArrayMeta::parse("0/zarr.json", &changed(place, value)).unwrap_err();
    assert_eq!(fault.line(), format!("cannot use `0/zarr.json`: {why}"));
}

#[test]
fn a_fill_value_must_be_said() {
    let mut document = image().to_value();
    document["fill_value"] = Value::Null;
    let line = ArrayMeta::parse("zarr.json", &text(&document)).unwrap_err().line();
    assert_eq!(line, "cannot use `zarr.json`: fill value null does not fit dtype `<u2`");
}

#[test]
fn groups_have_attributes() {
    let attributes_of_it = Map::from_iter([("ome".to_owned(), json!({"version": "0.5"}))]);
    let document = text(&group(&attributes_of_it));
    assert_eq!(attributes("zarr.json", &document).unwrap(), attributes_of_it);
    assert_eq!(attributes("zarr.json", br#"{"zarr_format": 3, "node_type": "group"}"#).unwrap(), Map::new());
    assert!(attributes("zarr.json", br#"{"zarr_format": 2}"#).is_err());
    assert!(attributes("zarr.json", b"{").is_err());
}
