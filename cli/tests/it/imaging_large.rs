//! Files of gigabytes: offsets that need more than 32 bits.

use crate::imaging_session::{Microscope, Rule, python};

/// 12 GiB, of which a few pages are on the disk.
#[test]
fn planes_far_beyond_4_gib_are_found() {
    let microscope = Microscope::new("sparse");
    microscope.convert(Rule::USUAL, &["--chunk-shape", "8,16,16"]).ends(0);
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "1 images, 3 levels");
}

#[test]
#[ignore = "gigabytes and minutes"]
fn imagej_writes_one_page_for_more_than_4_gib() {
    let microscope = Microscope::new("one_page");
    microscope.convert(Rule::USUAL, &["--chunk-shape", "64,256,256", "--n-levels", "2"]).ends(0);
    let group = microscope.made().join("one_page.zarr");
    let file = microscope.session.join("one_page.tif");
    let planes = ["0", "1", "2048", "2049", "2050", "2198", "2199"];
    let said = python("imaging_planes.py", &[&[group.as_str(), file.as_str(), "1024"], &planes[..]].concat());
    assert_eq!(said, "2200 planes");
}
