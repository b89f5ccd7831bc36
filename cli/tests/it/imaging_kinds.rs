//! What is not TIFF: Imaris, the planes of SmartSPIM, N5.

use rstest::rstest;

use crate::{
    desk::Said,
    imaging_session::{Microscope, Rule, nothing_is_left_over},
};

#[rstest]
#[case::imaris("imaris", "1 images, 3 levels")]
#[case::smartspim("smartspim", "2 images, 6 levels")]
fn others_become_the_same_pyramids(
    #[case] what: &str,
    #[case] expected: &str,
    #[values("2", "3")] zarr: &'static str,
) {
    let microscope = Microscope::new(what);
    let rule = Rule { zarr, ..Rule::USUAL };
    microscope.convert(rule, &["--chunk-shape", "4,8,16", "--item-size", "1KiB"]).ends(0);
    assert_eq!(microscope.check(&microscope.made(), rule, &[]), expected);
    nothing_is_left_over(&microscope.made());
}

/// The dataset becomes the destination itself; blocks that are missing are black.
#[rstest]
fn an_n5_dataset_becomes_one_image(#[values("", "s0")] of: &str) {
    let microscope = Microscope::new("n5");
    let (source, made) = (microscope.session.join(of), microscope.made());
    let flags = ["--chunk-shape", "4,8,16", "--item-size", "1KiB"];
    let verb = ["imaging", "n5", source.as_str(), made.as_str()];
    Said::of(&mut microscope.desk.adt(&[&verb[..], &flags].concat())).ends(0);
    assert_eq!(microscope.check(&made, Rule::USUAL, &[]), "1 images, 3 levels");
    nothing_is_left_over(&made);
}
