//! zarr-python, tensorstore, ome-zarr-py and the schemas of NGFF find in every pyramid what tifffile wrote.

use rstest::rstest;

use crate::imaging_session::{Microscope, Rule, nothing_is_left_over};

/// Chunks and pieces of work so small that every image has many of them.
#[rstest]
#[case::as_the_original(Rule::USUAL, &["--chunk-shape", "4,8,16", "--item-size", "1KiB"], 72)]
#[case::of_version_3(
    Rule { edge: "partial", rounding: "nearest-even", factors: "2,2,2", zarr: "3" },
    &["--chunk-shape", "8,8,8", "--item-size", "1KiB"],
    85
)]
#[case::factors_of_their_own(
    Rule { edge: "partial", rounding: "floor", factors: "1,2,3", zarr: "2" },
    &["--chunk-shape", "4,8,16", "--item-size", "1KiB", "--codec", "lz4"],
    131
)]
#[case::shards_of_their_own(
    Rule { edge: "crop", rounding: "nearest-even", factors: "3,2,2", zarr: "3" },
    &["--chunk-shape", "4,8,16", "--shard-shape", "4,16,32", "--item-size", "4KiB"],
    71
)]
#[case::more_levels_than_there_are_voxels(
    Rule { edge: "partial", rounding: "floor", factors: "2,2,2", zarr: "2" },
    &["--chunk-shape", "16,16,16", "--n-levels", "9"],
    225
)]
#[case::one_piece_of_work(Rule::USUAL, &["--n-levels", "3"], 75)]
fn every_level_is_what_the_rule_makes_of_the_source(
    #[case] rule: Rule,
    #[case] flags: &[&str],
    #[case] levels: u32,
) {
    let microscope = Microscope::new("matrix");
    microscope.convert(rule, flags).ends(0);
    nothing_is_left_over(&microscope.made());
    let said = microscope.check(&microscope.made(), rule, &[]);
    assert_eq!(said, format!("25 images, {levels} levels"));
}

/// What napari and others read with; the axes that it wants are there.
#[rstest]
fn ome_zarr_py_opens_both_versions(#[values("2", "3")] zarr: &'static str) {
    let microscope = Microscope::new("few");
    let rule = Rule { zarr, ..Rule::USUAL };
    microscope.convert(rule, &["--chunk-shape", "4,8,16"]).ends(0);
    assert_eq!(microscope.check(&microscope.made(), rule, &["READER"]), "3 images, 9 levels");
}
