//! SpikeInterface, of the original's time and of today, loads every store, and finds in it what it reads of the session itself.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use fs_err as fs;
use rstest::rstest;

use crate::ephys_session::{NODE, Readers, Rig, convert, dat, neuropixels, np2};

/// How a generation of readers reads a session's times, if it reads the session at all.
type Reads = &'static str;

/// With a time for each frame.
const SYNC: Reads = "sync";
/// With the first frame's.
const START: Reads = "start";
/// Not at all: stores are held against JSON and NumPy alone.
const NONE: Reads = "none";

/// Experiments with several recordings, whose numbers are not one after the other and sort otherwise as text.
fn numbers(rig: &Rig) {
    for number in [(2, 1), (2, 2), (10, 1), (10, 2), (1, 1), (1, 2)] {
        let frames = 90 + 10 * number.0 + number.1;
        rig.record(NODE, number, Gui::V06, &[StreamSpec::probe("Neuropix-PXI-100.ProbeA", 6, frames)]);
    }
}

/// A recording that was thrown away leaves a gap.
fn gap(rig: &Rig) {
    for number in [(1, 1), (1, 3)] {
        let streams = [
            StreamSpec::probe("Neuropix-PXI-100.ProbeA", 6, 50 * number.1).with_sync("SYNC"),
            StreamSpec::ni_daq(3, 70),
        ];
        rig.record(NODE, number, Gui::V06, &streams);
    }
}

/// Streams of one name, which differ in their channels.
fn two_nodes(rig: &Rig) {
    let stream = |channels| StreamSpec::probe("Neuropix-PXI-100.ProbeA", channels, 80 + channels as u64);
    rig.record(NODE, (1, 1), Gui::V06, &[stream(6)]);
    rig.record("Record Node 99", (1, 1), Gui::V06, &[stream(4)]);
}

fn four_shanks(rig: &Rig) {
    let streams = ["Neuropix-PXI-100.ProbeA", "Neuropix-PXI-100.ProbeB"];
    let recorded = rig.record(NODE, (1, 1), Gui::V06, &streams.map(|name| StreamSpec::probe(name, 384, 400)));
    for name in streams {
        convert(&dat(&recorded, name), 384, 384, 3.912_5);
    }
    rig.settings("settings.xml", &["ProbeA", "ProbeB"], &[np2("ProbeA"), np2("ProbeB")]);
}

fn gui_05(rig: &Rig) {
    for number in [(1, 1), (1, 2)] {
        let streams =
            [StreamSpec::probe("Neuropix-PXI-100.0", 5, 120).with_sync("SYNC"), StreamSpec::ni_daq(3, 40)];
        rig.record(NODE, number, Gui::V05, &streams);
    }
}

fn gui_04(rig: &Rig) {
    for number in [(1, 1), (2, 1)] {
        rig.record("", number, Gui::V04, &[StreamSpec::probe("Rhythm_FPGA-100.0", 16, 500)]);
    }
}

/// One channel, few, an odd number, more than libwavpack's encoder takes, fewer frames than it takes, a single one.
fn shapes(rig: &Rig) {
    let streams = [("One", 1, 1000), ("Odd", 3, 901), ("Wide", 5000, 20), ("Short", 4, 5), ("Single", 2, 1)];
    let stream =
        |(name, channels, frames)| StreamSpec::probe(&format!("Neuropix-PXI-100.{name}"), channels, frames);
    rig.record(NODE, (1, 1), Gui::V06, &streams.map(stream));
}

/// Chunks longer than a WavPack block can be.
fn long(rig: &Rig) {
    let name = "Neuropix-PXI-100.ProbeA";
    let recorded = rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(name, 2, 370_001)]);
    convert(&dat(&recorded, name), 2, 2, 2.343_75 / 0.195);
}

/// A headstage with its accelerometer, and the board's analogue inputs.
fn inputs(rig: &Rig) {
    let mut stream = StreamSpec::probe("Acquisition_Board-100.Rhythm", 16, 300);
    stream.channels.extend((1..=3).map(|n| (format!("AUX{n}"), 0.000_037_4)));
    stream.channels.extend((1..=8).map(|n| (format!("ADC{n}"), 0.000_152_587)));
    rig.record(NODE, (1, 1), Gui::V06, &[stream]);
}

/// Seconds that are not one for each frame are not used.
fn other_times(rig: &Rig) {
    let recorded = rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe("Neuropix-PXI-100.ProbeA", 6, 90)]);
    let shorter = rig.record(NODE, (9, 1), Gui::V06, &[StreamSpec::probe("Neuropix-PXI-100.ProbeA", 6, 80)]);
    let [seconds, others] = [recorded, shorter.clone()]
        .map(|recording| recording.join("continuous/Neuropix-PXI-100.ProbeA/timestamps.npy"));
    fs::copy(others, seconds).unwrap();
    fs::remove_dir_all(shorter.parent().unwrap()).unwrap();
}

/// A file that ends inside a frame.
fn cut_off(rig: &Rig) {
    let name = "Neuropix-PXI-100.ProbeA";
    let recorded = rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(name, 6, 90)]);
    let mut bytes = fs::read(dat(&recorded, name)).unwrap();
    bytes.extend([1, 2, 3, 4, 5]);
    fs::write(dat(&recorded, name), bytes).unwrap();
}

/// A stream in which nothing was recorded: neither generation opens the file.
fn empty(rig: &Rig) {
    let streams = [StreamSpec::probe("Neuropix-PXI-100.ProbeA", 6, 0), StreamSpec::ni_daq(3, 70)];
    rig.record(NODE, (1, 1), Gui::V06, &streams);
}

/// `stored` counts the stores by how their samples are stored.
#[rstest]
#[case::neuropixels(neuropixels, "none", [SYNC, SYNC], "6 raw")]
#[case::neuropixels_by_steps(neuropixels, "exact", [SYNC, SYNC], "4 exact, 2 raw")]
#[case::numbers(numbers, "none", [SYNC, SYNC], "3 raw")]
#[case::numbers_by_steps(numbers, "exact", [SYNC, SYNC], "3 exact")]
#[case::gap(gap, "exact", [NONE, SYNC], "1 exact, 1 raw")]
#[case::two_nodes(two_nodes, "none", [SYNC, SYNC], "2 raw")]
#[case::four_shanks(four_shanks, "none", [SYNC, SYNC], "2 raw")]
#[case::four_shanks_by_steps(four_shanks, "exact", [SYNC, SYNC], "2 exact")]
#[case::gui_05(gui_05, "none", [SYNC, SYNC], "2 raw")]
#[case::gui_04(gui_04, "exact", [START, START], "2 exact")]
#[case::shapes(shapes, "none", [SYNC, SYNC], "5 raw")]
#[case::shapes_by_steps(shapes, "exact", [SYNC, SYNC], "4 exact, 1 raw")]
#[case::inputs(inputs, "none", [SYNC, SYNC], "1 raw")]
#[case::inputs_by_steps(inputs, "exact", [SYNC, SYNC], "1 exact")]
#[case::other_times(other_times, "none", [SYNC, SYNC], "1 raw")]
#[case::cut_off(cut_off, "none", [NONE, NONE], "1 raw")]
#[case::empty(empty, "none", [NONE, NONE], "2 raw")]
fn both_generations_of_spikeinterface_load_what_they_read(
    #[case] session: fn(&Rig),
    #[case] lsb: &str,
    #[case] reads: [Reads; 2],
    #[case] stored: &str,
) {
    let rig = Rig::new();
    session(&rig);
    loaded(&rig, lsb, "30ms", reads, stored);
}

#[test]
fn chunks_longer_than_a_block_of_wavpack_are_loaded() {
    let rig = Rig::new();
    long(&rig);
    loaded(&rig, "exact", "10s", [SYNC, SYNC], "1 exact");
}

#[track_caller]
fn loaded(rig: &Rig, lsb: &str, chunk: &str, reads: [Reads; 2], stored: &str) {
    rig.compress(&["--lsb", lsb, "--chunk-duration", chunk]).ends(0);
    for (readers, reads) in [Readers::Original, Readers::Today].into_iter().zip(reads) {
        let said = readers.run("stores.py", &[rig.session.as_str(), rig.stores().as_str(), lsb, reads]);
        assert_eq!(said, stored, "{readers:?}");
    }
}

/// Bit for bit, gains too, and the record counts the samples that are lost by it.
#[rstest]
#[case::neuropixels(neuropixels, "2 raw, 4 spikeinterface")]
#[case::four_shanks(four_shanks, "2 spikeinterface")]
#[case::drawn_at_random(long, "1 spikeinterface")]
#[case::shapes(shapes, "1 raw, 4 spikeinterface")]
fn the_step_of_spikeinterface_is_taken_as_spikeinterface_takes_it(
    #[case] session: fn(&Rig),
    #[case] stored: &str,
) {
    let rig = Rig::new();
    session(&rig);
    rig.compress(&["--lsb", "spikeinterface", "--chunk-duration", "30ms"]).ends(0);
    let said = Readers::Original
        .run("stores.py", &[rig.session.as_str(), rig.stores().as_str(), "spikeinterface", NONE]);
    assert_eq!(said, stored);
}

#[rstest]
fn other_codecs_are_loaded_too(
    #[values(&["blosc", "5"], &["zstd", "3"], &["wavpack", "1"], &["wavpack", "4"])] codec: &[&str; 2],
) {
    let rig = Rig::new();
    neuropixels(&rig);
    rig.compress(&["--lsb", "none", "--codec", codec[0], "--level", codec[1], "--chunk-duration", "30ms"])
        .ends(0);
    let [session, stores] = [&rig.session, &rig.stores()].map(ToString::to_string);
    for readers in [Readers::Original, Readers::Today] {
        assert_eq!(readers.run("stores.py", &[&session, &stores, "none", SYNC]), "6 raw");
    }
    let arrays: u32 = Readers::Zarr3.run("zarr3.py", &[&session, &stores]).parse().unwrap();
    assert!(arrays > 100, "{arrays} arrays");
}
