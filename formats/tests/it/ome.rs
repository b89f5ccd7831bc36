//! Image metadata: ours, the original's, and what others write.

use adt_formats::{
    ome::{
        Channel, Colour, Image, Method, Origin, Version, Window,
        neuroglancer::{Tile, channel_of, state},
        parse,
    },
    zarr::{
        ArrayMeta, Blosc, BloscCodec, Compressor, Dtype, Separator, Shuffle, python_json,
        python_json_in_order,
    },
};
use rstest::rstest;
use serde_json::{Map, Number, Value, json};

pub(crate) fn image(name: &str, voxel: [f64; 3], origin: Option<[f64; 3]>, levels: Vec<[u64; 3]>) -> Image {
    let method = Method {
        kind: "mean".to_owned(),
        description: "each voxel is the mean of a window of the level before".to_owned(),
        method: "adt".to_owned(),
        version: "0.1.0".to_owned(),
        settings: Map::from_iter([("edge".to_owned(), json!("crop"))]),
    };
    let window = Window { min: 0.0, max: 65_535.0, start: 96.0, end: 412.0 };
    let channel = Channel { label: "488".to_owned(), colour: Colour::of_wavelength(488), window };
    Image { name: name.to_owned(), voxel, origin, depth: 9, levels, channels: vec![channel], method }
}

fn text(attributes: Map<String, Value>) -> String {
    String::from_utf8(python_json(&attributes.into())).unwrap()
}

#[test]
fn the_originals_texts_are_written_byte_for_byte() {
    let tiff = image("ij.zarr", [1.0; 3], None, vec![[1; 3], [2; 3]]);
    assert_eq!(text(tiff.as_the_original(Origin::Tile)), include_str!("ome_golden/tiff_zattrs.json"));
    let name = "tile_X_0000_Y_0001_Z_0000_ch_488.zarr";
    let levels = vec![[1; 3], [2; 3], [4; 3]];
    let imaris = image(name, [1.0, 0.75, 0.75], Some([30.0, 20.0, 10.0]), levels);
    assert_eq!(text(imaris.as_the_original(Origin::Tile)), include_str!("ome_golden/imaris_zattrs.json"));
}

#[rstest]
#[case::computed(true)]
#[case::copied(false)]
fn the_original_tells_of_n5_that_it_computed(#[case] computed: bool) {
    let image = image("out_n5_1", [2.0, 0.6, 0.5], None, vec![[1; 3], [2; 3]]);
    let attributes = image.as_the_original(Origin::N5 { computed });
    let multiscale = &attributes["multiscales"][0];
    assert_eq!(multiscale["name"], "/");
    assert_eq!(
        multiscale["datasets"][0]["coordinateTransformations"][0]["scale"],
        json!([1.0, 1.0, 2.0, 0.6, 0.5])
    );
    assert_eq!(attributes["omero"]["channels"][0]["label"], "Channel:out_n5_1:0");
    let expected = json!({
        "args": null, "description": "Pyramid generated with xarray_multiscale", "kwargs": {},
        "method": "xarray_multiscale.reducers.windowed_mean", "version": "1.1.0",
    });
    assert_eq!(multiscale.get("metadata"), computed.then_some(&expected));
}

#[test]
fn arrays_of_version_2_are_described_as_the_original_does() {
    let blosc = Blosc { blocksize: 0, clevel: 1, cname: BloscCodec::Zstd, shuffle: Shuffle::Byte };
    let meta = ArrayMeta::new(vec![1, 1, 9, 21, 33], vec![1, 1, 4, 8, 8], Dtype::U16).unwrap();
    let meta = meta.compressed(Some(Compressor::Blosc(blosc))).separated(Separator::Slash);
    let text = String::from_utf8(python_json(&meta.to_value())).unwrap();
    assert_eq!((text.as_str(), text.len()), (include_str!("ome_golden/tiff_zarray.json"), 432));
}

#[rstest]
#[case::no_origin(None, [0.0, 0.0, 0.0])]
#[case::origin(Some([30.0, 20.0, 10.0]), [30.0, 20.0, 10.0])]
fn every_level_begins_half_a_window_further(#[case] origin: Option<[f64; 3]>, #[case] first: [f64; 3]) {
    let levels = vec![[1; 3], [1, 2, 2], [2, 4, 4], [2, 12, 4]];
    let image = image("x", [2.0, 0.5, 0.6], origin, levels);
    let expected = [[0.0; 3], [0.0, 0.25, 0.3], [1.0, 0.75, 0.9], [1.0, 2.75, 0.9]];
    for version in [Version::V04, Version::V05] {
        let read = &parse("x", &image.attributes(version)).unwrap()[0];
        for (level, shift) in expected.iter().enumerate() {
            let wanted: [f64; 3] = std::array::from_fn(|axis| first[axis] + shift[axis]);
            for (got, wanted) in read.origin(level).unwrap().iter().zip(wanted) {
                assert!((got - wanted).abs() < 1e-12, "{level}: {got} is not {wanted}");
            }
            assert_eq!(read.voxel(level).unwrap().map(f64::to_bits), image.scale(level).map(f64::to_bits));
        }
        assert_eq!(read.datasets[0].translation[..2], [0.0; 2]);
        assert_eq!(read.channels[0].label.as_deref(), Some("488"));
        assert_eq!(read.channels[0].color.as_deref(), Some("59d5f8"));
    }
}

#[rstest]
#[case(Version::V04, "0.4")]
#[case(Version::V05, "0.5")]
fn the_version_is_said_where_it_belongs(#[case] version: Version, #[case] said: &str) {
    let attributes = image("x", [1.0; 3], None, vec![[1; 3]]).attributes(version);
    let read = &parse("x", &attributes).unwrap()[0];
    assert_eq!((read.version.as_str(), read.name.as_deref()), (said, Some("x")));
    assert_eq!(attributes.contains_key("ome"), version == Version::V05);
}

#[test]
fn transformations_of_the_whole_image_come_after_those_of_a_level() {
    let attributes = json!({"multiscales": [{
        "axes": [{"name": "z", "type": "space", "unit": "nanometer"}, {"name": "Y"}, {"name": "x", "unit": "millimeter"}],
        "datasets": [{"path": "s0", "coordinateTransformations": [
            {"type": "scale", "scale": [100, 2, 3]}, {"type": "translation", "translation": [10, 1, 1]}]}],
        "coordinateTransformations": [{"type": "identity"}, {"type": "scale", "scale": [2, 1, 1]},
            {"type": "translation", "translation": [1000, 0, 0]}],
    }]});
    let read = &parse(".zattrs", attributes.as_object().unwrap()).unwrap()[0];
    assert_eq!(read.datasets[0].scale, [200.0, 2.0, 3.0]);
    assert_eq!(read.datasets[0].translation, [1020.0, 1.0, 1.0]);
    assert_eq!(read.voxel(0), Some([0.2, 2.0, 3000.0]));
    assert_eq!(read.voxel(1), None);
}

#[rstest]
#[case::lengths(json!({"multiscales": [{"axes": [{"name": "x"}], "datasets": [{"path": "0", "coordinateTransformations": [
    {"type": "scale", "scale": [1, 2]}]}]}]}), "cannot use the image in `.zattrs`: dataset `0` has 2 numbers for 1 axes")]
#[case::empty(json!({"multiscales": [{"axes": [], "datasets": []}]}), "cannot use the image in `.zattrs`: an image has no datasets")]
#[case::axes(json!({"multiscales": [{"datasets": []}]}), "cannot read the image in `.zattrs`: missing field `axes`")]
fn what_is_no_image_is_named(#[case] attributes: Value, #[case] line: &str) {
    assert_eq!(parse(".zattrs", attributes.as_object().unwrap()).unwrap_err().line(), line);
}

#[test]
fn attributes_without_an_image_are_no_image() {
    assert_eq!(parse(".zattrs", &Map::new()).unwrap(), []);
}

#[test]
fn the_state_is_the_originals_but_for_the_bucket() {
    let tile =
        |n: u8| Tile { name: format!("tile_X_000{n}_Y_0001_Z_0000_ch_488.zarr"), voxel: [1.0, 0.75, 0.75] };
    let container = "s3://aind-open-data/nl/SPIM.ome.zarr".parse().unwrap();
    let document =
        "s3://aind-open-data/exaSPIM_125L_2022-08-05_17-25-36/process_output.json".parse().unwrap();
    let range = [Number::from(0), Number::from_f64(200.0).unwrap()];
    let state = state(&[tile(1), tile(0)], &container, &document, &range);
    let text = String::from_utf8(python_json_in_order(&state, 4)).unwrap();
    assert_eq!(text, include_str!("ome_golden/process_output.json"));
}

#[test]
fn channels_are_layers_in_the_order_in_which_they_are_seen() {
    let names = ["b_ch_561.zarr", "a_ch_488.zarr", "c_CH_561.zarr", "d.zarr"];
    let tiles: Vec<_> = names.iter().map(|name| Tile { name: (*name).to_owned(), voxel: [1.0; 3] }).collect();
    let (container, document) = ("gs://bucket/x".parse().unwrap(), "gs://bucket/y".parse().unwrap());
    let state = state(&tiles, &container, &document, &[0.into(), 1.into()]);
    let layers = state["layers"].as_array().unwrap();
    let seen: Vec<_> =
        layers.iter().map(|layer| (&layer["name"], layer["source"].as_array().unwrap().len())).collect();
    assert_eq!(seen, [(&json!("CH_488"), 1), (&json!("CH_561"), 2), (&json!("image"), 1)]);
    assert_eq!(layers[1]["source"][0]["url"], "zarr://gs://bucket/x/b_ch_561.zarr");
}

#[rstest]
#[case("tile_X_0000_ch_488.zarr", Some(488))]
#[case("CH_405_ch_488", Some(405))]
#[case("ch_x_ch_7", Some(7))]
#[case("Ch_488", None)]
#[case("ch_", None)]
#[case("é_ch_1", Some(1))]
#[case("", None)]
fn the_channel_is_in_the_name(#[case] name: &str, #[case] channel: Option<u32>) {
    assert_eq!(channel_of(name), channel);
}
