//! Every chunk of traces is a WavPack file of its own.

use rstest::rstest;

use crate::ephys_session::{Readers, Rig, neuropixels};

/// libwavpack by itself, and as both versions of its Python package call it.
#[rstest]
fn libwavpack_decodes_every_chunk(#[values("1", "2", "3", "4")] level: &str) {
    let rig = Rig::new();
    neuropixels(&rig);
    rig.compress(&["--level", level, "--chunk-duration", "20ms"]).ends(0);
    let stores = rig.stores();
    let original: u32 = Readers::Original.run("chunks.py", &[stores.as_str(), "wvunpack"]).parse().unwrap();
    let today: u32 = Readers::Today.run("chunks.py", &[stores.as_str()]).parse().unwrap();
    assert_eq!((original, today), (33, 33));
}
