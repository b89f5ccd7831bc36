//! Files of gigabytes: offsets that need more than 32 bits.

use std::{process::Stdio, time::Duration};

use rstest::rstest;

use crate::imaging_session::{Microscope, Rule, python};

/// 12 GiB, of which a few pages are on the disk.
#[test]
fn planes_far_beyond_4_gib_are_found() {
    let microscope = Microscope::new("sparse");
    microscope.convert(Rule::USUAL, &["--chunk-shape", "8,16,16"]).ends(0);
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "1 images, 3 levels");
}

/// What an item is made of and what leaves of it are held at once: the one must not wait for the other's room.
#[rstest]
fn an_item_that_fills_the_memory_ends(
    #[values("1", "2")] cpus: &str,
    #[values("32MiB", "64MiB", "96MiB")] memory: &str,
) {
    let microscope = Microscope::new("two_larger");
    let flags = ["--cpus", cpus, "--memory", memory];
    let mut command = microscope.command(microscope.made(), Rule::USUAL, &flags);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut seconds = 0;
    while child.try_wait().unwrap().is_none() && seconds < 60 {
        std::thread::sleep(Duration::from_secs(1));
        seconds += 1;
    }
    // One that waits for ever.
    let _ = child.kill();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(microscope.check(&microscope.made(), Rule::USUAL, &[]), "2 images, 4 levels");
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
