//! Electrode positions from a file of probeinterface, for streams whose settings have none.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use fs_err as fs;
use rstest::rstest;
use serde_json::{Value, json};

use crate::ephys_session::{NODE, Readers, Rig, np1};

const BOARD: &str = "Acquisition_Board-100.Rhythm Data";
const STORE: &str = "experiment1_Record Node 101#Acquisition_Board-100.Rhythm Data.zarr";

fn probe(name: &str, wiring: &[i64]) -> Value {
    let each = |value: &dyn Fn(usize) -> Value| -> Value { (0..wiring.len()).map(value).collect() };
    json!({
        "ndim": 2, "si_units": "um", "annotations": {"name": name, "manufacturer": "a lab"}, "contact_annotations": {},
        "contact_positions": each(&|n| json!([(n % 2) as f64 * 30.0, n as f64 * 25.5])),
        "contact_plane_axes": each(&|_| json!([[1.0, 0.0], [0.0, 1.0]])),
        "contact_shapes": each(&|_| json!("circle")),
        "contact_shape_params": each(&|_| json!({"radius": 7.5})),
        "device_channel_indices": wiring,
        "contact_ids": each(&|n| json!(format!("{name}{n}"))),
        "shank_ids": each(&|_| json!("")),
    })
}

/// The same, one millimetre to the right.
fn moved(name: &str, wiring: &[i64]) -> Value {
    let mut probe = probe(name, wiring);
    for position in probe["contact_positions"].as_array_mut().unwrap() {
        position[0] = json!(position[0].as_f64().unwrap() + 1000.0);
    }
    probe
}

fn rig(probes: &[Value]) -> (Rig, String) {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(BOARD, 8, 200)]);
    let text = json!({"specification": "probeinterface", "version": "0.2.21", "probes": probes}).to_string();
    let file = rig.desk.write("probe.json", &text).to_string();
    (rig, file)
}

#[rstest]
#[case::in_order(vec![probe("a", &[0, 1, 2, 3, 4, 5, 6, 7])])]
#[case::wired_otherwise(vec![probe("a", &[7, 2, -1, 0, 1, 6, 5, 4, 3, -1])])]
#[case::two_probes(vec![probe("a", &[6, 4, 2, 0]), moved("b", &[1, 3, 5, 7])])]
fn spikeinterface_reads_the_positions_of_the_file(
    #[case] probes: Vec<Value>,
    #[values(Readers::Original, Readers::Today)] readers: Readers,
) {
    let (rig, file) = rig(&probes);
    rig.compress(&["--probe-file", &file]).ends(0);
    let (store, stream) = (rig.stores().join(STORE), format!("{NODE}#{BOARD}"));
    let said = readers.run("probe_file.py", &[rig.session.as_str(), store.as_str(), &stream, &file]);
    assert_eq!(said, "8");
}

#[rstest]
#[case::too_many(vec![probe("a", &[0, 1, 2, 3, 4, 5, 6, 7, 8])], "channel 8, which does not exist: 9 wired contacts for 8 electrode channels")]
#[case::too_few(vec![probe("a", &[0, 1, 2])], "channel 3 has no contact: 3 wired contacts for 8 electrode channels")]
#[case::twice(vec![probe("a", &[0, 0])], "names channel 0 twice")]
#[case::overlapping(vec![probe("a", &[0, 1]), probe("b", &[2, 3])], "probes 0 and 1 overlap")]
#[case::not_wired(vec![probe("a", &[-1, -1])], "no contact is wired to a channel")]
#[case::no_probe(vec![], "not a file of probeinterface with at least one probe")]
fn a_file_that_does_not_fit_is_refused_before_any_work(#[case] probes: Vec<Value>, #[case] says: &str) {
    let (rig, file) = rig(&probes);
    rig.compress(&["--probe-file", &file]).ends(2).says(says);
    assert!(!rig.stores().exists());
}

#[test]
fn a_probe_of_the_settings_stays_unless_it_is_to_be_replaced() {
    let rig = Rig::new();
    let stream = "Neuropix-PXI-100.ProbeA";
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(stream, 384, 60)]);
    rig.settings("settings.xml", &["ProbeA"], &[np1("ProbeA")]);
    let wiring: Vec<i64> = (0..384).rev().collect();
    let text = json!({"specification": "probeinterface", "probes": [probe("a", &wiring)]}).to_string();
    let file = rig.desk.write("probe.json", &text).to_string();
    rig.compress(&["--probe-file", &file]).ends(2).says("no stream takes").says("probe_file_for: all");
    rig.compress(&["--probe-file", &file, "--probe-file-for", "all"]).ends(0);
    let attributes = rig.stores().join(format!("experiment1_{NODE}#{stream}.zarr/.zattrs"));
    let attributes: Value = serde_json::from_slice(&fs::read(attributes).unwrap()).unwrap();
    assert_eq!(attributes["probe"]["probes"][0]["contact_ids"][0], "a383");
    rig.compress(&["--probe-file-for", "all"]).ends(2).says("needs `--probe-file`");
}

/// Two probes would silently have the same positions.
#[test]
fn streams_that_share_the_probe_of_a_file_are_named() {
    let (rig, file) = rig(&[probe("a", &[7, 6, 5, 4, 3, 2, 1, 0])]);
    let boards = [StreamSpec::probe(BOARD, 8, 200), StreamSpec::probe("Acquisition_Board-101.B", 8, 200)];
    rig.record(NODE, (1, 1), Gui::V06, &boards);
    let said = rig.compress(&["--probe-file", &file]).ends(0);
    let said = said.says("`probe_file` gives one probe to 2 streams").says("Acquisition_Board-101.B");
    assert_eq!((said.stdout + &said.stderr).matches("gives one probe to").count(), 1);
}

#[test]
fn a_file_may_be_for_channels_that_are_chosen() {
    let (rig, file) = rig(&[probe("a", &[3, 2, 1, 0])]);
    rig.compress(&["--probe-file", &file]).ends(2).says("channel 4 has no contact");
    rig.compress(&["--probe-file", &file, "--channels", "CH1,CH2,CH3,CH4"]).ends(0);
}
