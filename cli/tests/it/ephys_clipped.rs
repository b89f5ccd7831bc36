//! The clipped copy is the session, but short.

use adt_testkit::{
    open_ephys::{Gui, StreamSpec},
    tree,
};
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::ephys_session::{NODE, Readers, Rig, neuropixels};

/// Recordings shorter than what is asked for, exactly as long, and longer; two nodes with one stream name.
fn lengths(rig: &Rig) {
    for (recording, frames) in [(1, 99), (2, 100), (3, 101)] {
        for (node, channels) in [(NODE, 6), ("Record Node 99", 4)] {
            let stream = StreamSpec::probe("Neuropix-PXI-100.ProbeA", channels, frames).with_sync("SYNC");
            rig.record(node, (1, recording), Gui::V06, &[stream, StreamSpec::ni_daq(3, 1)]);
        }
    }
}

/// Since neo 0.14 a SYNC line is a stream of its own.
#[rstest]
#[case::neuropixels(neuropixels, &[], 100, [12, 16])]
#[case::lengths(lengths, &[], 100, [12, 18])]
#[case::lengths_of_ten(lengths, &["--clip-frames", "10"], 10, [12, 18])]
fn neo_and_spikeinterface_read_the_clipped_session(
    #[case] session: fn(&Rig),
    #[case] flags: &[&str],
    #[case] frames: u64,
    #[case] held: [u32; 2],
) {
    let rig = Rig::new();
    session(&rig);
    fs::create_dir_all(rig.session.join("behavior videos")).unwrap();
    fs::write(rig.session.join("behavior videos/body #1.avi"), [7; 5000]).unwrap();
    rig.compress(&[flags, &["--chunk-duration", "30ms"]].concat()).ends(0);
    for (readers, held) in [Readers::Original, Readers::Today].into_iter().zip(held) {
        let (session, clipped) = (rig.session.as_str(), rig.clipped());
        let said = readers.run("clipped.py", &[session, clipped.as_str(), &frames.to_string(), "sync"]);
        assert_eq!(said, held.to_string(), "{readers:?}");
    }
    let whole = tree::digest(&rig.session).unwrap();
    let mut short = tree::digest(&rig.clipped()).unwrap();
    assert!(short.remove("adt_session_files.json").is_some());
    assert!(whole.keys().eq(short.keys()));
    for (key, stat) in &whole {
        assert!(Utf8Path::new(key).extension() == Some("dat") || short[key] == *stat, "{key}");
    }
}
