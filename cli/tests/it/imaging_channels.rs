//! Channels that lie plane by plane in one file, backgrounds, and metadata as the Python original writes it.

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Said, differing, digest},
    imaging_session::{Microscope, Rule, nothing_is_left_over},
};

const SMALL: [&str; 4] = ["--chunk-shape", "4,8,8", "--item-size", "1KiB"];

/// Nine planes of two channels, eight of three.
#[rstest]
fn each_channel_of_an_interleaved_file_is_an_image(#[values("2", "3")] zarr: &'static str) {
    let microscope = Microscope::new("interleaved");
    let rule = Rule { zarr, ..Rule::USUAL };
    microscope.convert(rule, &SMALL).ends(0);
    assert_eq!(microscope.check(&microscope.made(), rule, &[]), "5 images, 15 levels");
}

/// 16 and 8 bits; a background that is larger is cropped, a smaller one is continued, and both are told.
#[test]
fn backgrounds_are_subtracted_before_the_pyramid() {
    let microscope = Microscope::new("backgrounds");
    let folder = microscope.session.join("derivatives");
    let said = microscope.convert(Rule::USUAL, &[&SMALL[..], &["--bkg-img-dir", folder.as_str()]].concat());
    said.ends(0).says("it is cropped from the origin").says("its edge is continued");
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "4 images, 12 levels");
}

#[test]
fn a_tile_without_its_background_is_not_converted() {
    let microscope = Microscope::new("one_background");
    let folder = microscope.session.join("derivatives");
    let said = microscope.convert(Rule::USUAL, &[&SMALL[..], &["--bkg-img-dir", folder.as_str()]].concat());
    said.ends(1).says("tile_X_0009_Y_0000_Z_0000_ch_488.tiff` has no background");
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "4 images, 12 levels");
    nothing_is_left_over(&microscope.made());
}

/// What the original wrote for the same image, byte for byte.
#[test]
fn strict_metadata_is_that_of_the_original() {
    let microscope = Microscope::new("golden");
    let flags = ["--strict-compat", "--n-levels", "2", "--chunk-shape", "4,8,8"];
    microscope.convert(Rule::USUAL, &flags).ends(0);
    let golden = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/it/ome_golden");
    for (made, file) in [
        (".zgroup", "zgroup.json"),
        ("ij.zarr/.zgroup", "zgroup.json"),
        ("ij.zarr/.zattrs", "tiff_zattrs.json"),
        ("ij.zarr/0/.zarray", "tiff_zarray.json"),
    ] {
        let made = fs::read_to_string(microscope.made().join(made)).unwrap();
        assert_eq!(made, fs::read_to_string(golden.join(file)).unwrap().trim_end(), "{file}");
    }
    // The files that the original writes, no more and no less.
    let chunks = 3 * 3 * 5 + 4;
    assert_eq!(digest(&microscope.made()).len(), chunks + 5);
}

/// Without flags too, pixels and arrays are where the original puts them.
#[test]
fn only_descriptions_differ_from_the_original() {
    let microscope = Microscope::new("golden");
    let flags = ["--n-levels", "2", "--chunk-shape", "4,8,8"];
    microscope.convert(Rule::USUAL, &flags).ends(0);
    let (other, ledger) = (microscope.desk.root.join("strict"), microscope.desk.root.join("strict.sqlite"));
    let more = ["--strict-compat", "--ledger", ledger.as_str()];
    Said::of(&mut microscope.command(&other, Rule::USUAL, &[&flags[..], &more].concat())).ends(0);
    let differing = differing(&digest(&microscope.made()), &digest(&other));
    assert_eq!(differing, ["ij.zarr/.zattrs"]);
}

/// A row for each image, those of one file too, in the columns of the original.
#[test]
fn the_table_has_a_row_for_each_image() {
    let microscope = Microscope::new("interleaved");
    let table = microscope.desk.root.join("tile-metrics.csv");
    microscope.convert(Rule::USUAL, &[&SMALL[..], &["--metrics-file", table.as_str()]].concat()).ends(0);
    let text = fs::read_to_string(&table).unwrap();
    let columns = "test_number,chunks,tile,n_levels,shape,dtype,write_time,bytes_read,write_bps,bytes_stored,storage_ratio";
    assert_eq!(text.lines().next(), Some(columns));
    let rows: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), 5, "{text}");
    let first = "0,\"(1, 1, 4, 8, 8)\",tile_X_0000_Y_0001_Z_0002_ch_488.zarr,3,\"(1, 1, 5, 21, 33)\",uint16,";
    assert!(rows[0].starts_with(first), "{text}");
    let stored: u64 = rows[0].rsplit(',').nth(1).unwrap().parse().unwrap();
    let group = digest(&microscope.made().join("tile_X_0000_Y_0001_Z_0002_ch_488.zarr"));
    let chunks = group.iter().filter(|(key, _)| !key.contains("/.z") && !key.starts_with('.'));
    assert_eq!(stored, chunks.map(|(_, (size, _))| size).sum::<u64>());
}
