//! Images that are not as they should be: refused by name before anything of theirs is written, and no other suffers.

use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Said, digest},
    imaging_session::{Microscope, Rule, nothing_is_left_over},
};

const SMALL: [&str; 4] = ["--chunk-shape", "4,8,16", "--item-size", "1KiB"];

/// Files that are refused, and a part of the reason.
const REFUSED: [(&str, &str); 13] = [
    ("cut.tif", "ends before"),
    ("cut_header.tif", "no page"),
    ("cut_deflate.tif", "lies beyond the end"),
    ("no_tiff.tif", "does not begin as one"),
    ("empty.tif", "is empty"),
    ("beyond.tif", "lies beyond the end"),
    ("twin.tiff", "would all become `twin.zarr`"),
    ("sample_ch_488_561.tif", "does not tell its place"),
    ("double.tif", "float64"),
    ("complex.tif", "not supported"),
    ("u64.tif", "not supported"),
    ("no_imaris.ims", "not supported"),
    ("text.h5", "no HDF5"),
];

fn refused(said: &str, file: &str, reason: &str) -> bool {
    said.lines().any(|line| line.contains("NOT CONVERTED") && line.contains(file) && line.contains(reason))
}

#[test]
fn what_is_broken_is_refused_by_name_and_the_others_are_converted() {
    let microscope = Microscope::new("bad");
    let said = microscope.convert(Rule::USUAL, &SMALL).ends(1);
    for (file, reason) in REFUSED {
        assert!(refused(&said.stderr, file, reason), "{file}: {}", said.stderr);
    }
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "2 images, 6 levels");
    nothing_is_left_over(&microscope.made());
}

#[test]
fn a_rehearsal_names_them_too_and_writes_nothing() {
    let microscope = Microscope::new("bad");
    let said = microscope.convert(Rule::USUAL, &["--dry-run"]);
    for (file, reason) in REFUSED {
        assert!(refused(&said.stderr, file, reason), "{file}: {}", said.stderr);
    }
    assert!(!microscope.made().exists());
}

/// What is left out on purpose is not missed.
#[test]
fn excluded_images_are_not_missed() {
    let microscope = Microscope::new("bad");
    let patterns: Vec<_> = REFUSED
        .iter()
        .map(|(file, _)| format!("--exclude=*/{}", file.replace("twin.tiff", "twin.*")))
        .collect();
    let patterns: Vec<_> = patterns.iter().map(String::as_str).collect();
    microscope.convert(Rule::USUAL, &[&SMALL[..], &patterns].concat()).ends(0);
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "2 images, 6 levels");
}

/// Each refused alone: nothing is begun.
#[rstest]
#[case::no_image("notes.txt", "no image")]
#[case::one_that_is_broken("tile.tif", "no TIFF")]
#[case::an_empty_one("empty.tif", "is empty")]
fn a_source_without_an_image_is_an_error(#[case] file: &str, #[case] reason: &str) {
    let microscope = Microscope::new("nothing");
    let text = if file == "empty.tif" { "" } else { "this is no TIFF" };
    microscope.desk.write(&format!("rig/session/{file}"), text);
    let said = microscope.convert(Rule::USUAL, &[]);
    assert!(matches!(said.code, Some(1 | 2)), "{said:#?}");
    said.says(reason);
    assert!(!microscope.made().exists());
}

#[rstest]
#[case::no_voxel(&["--voxel-size", "0,1,1"], "greater than 0")]
#[case::two_voxels(&["--voxel-size", "1,1"], "three lengths")]
#[case::no_chunk(&["--chunk-shape", "0,8,8"], "0")]
#[case::shards_of_version_2(&["--zarr-format", "2", "--shard-shape", "8,8,8"], "Zarr 2 has no shards")]
#[case::no_whole_chunks(
    &["--zarr-format", "3", "--chunk-shape", "4,8,8", "--shard-shape", "6,8,8"],
    "whole chunks"
)]
#[case::no_level(&["--n-levels", "0"], "--n-levels")]
#[case::no_folder_of_backgrounds(&["--bkg-img-dir", "nowhere"], "nowhere")]
fn flags_that_make_no_sense_are_refused(#[case] flags: &[&str], #[case] reason: &str) {
    let microscope = Microscope::new("golden");
    let verb = ["imaging", "zarr", microscope.session.as_str(), "made"];
    let said = Said::of(&mut microscope.desk.adt(&[&verb, flags].concat()));
    assert!(matches!(said.code, Some(1 | 2)), "{said:#?}");
    said.says(reason);
    assert!(!microscope.desk.root.join("work/made").exists());
}

/// The document says 0: it is not believed.
#[test]
fn a_voxel_of_no_size_in_the_document_is_not_taken() {
    let microscope = Microscope::new("golden");
    let scale = r#"{"tiles": [{"file_name": "ij.tif", "coordinate_transformations": [{"type": "scale", "scale": [0, 1, 1]}]}]}"#;
    fs::write(microscope.session.join("acquisition.json"), scale).unwrap();
    microscope.convert(Rule::USUAL, &SMALL).ends(0);
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "1 images, 3 levels");
}

#[test]
fn nothing_of_the_source_is_written_to() {
    let microscope = Microscope::new("two_good");
    let before = digest(&microscope.session);
    microscope.convert(Rule::USUAL, &SMALL).ends(0);
    assert_eq!(digest(&microscope.session), before);
}
