//! Settings of several systems and programs, written by hand: what each stream's channels are.

use super::super::{Settings, Wanted};
use rstest::rstest;

/// Attributes for each channel.
fn each(channels: std::ops::Range<u32>, value: impl Fn(u32) -> String) -> String {
    channels.map(|channel| format!(" CH{channel}=\"{}\"", value(channel))).collect::<Vec<_>>().concat()
}

/// A 2.0 with eight channels, from a row on.
fn probe(extra: &str, row: u32) -> String {
    let x = each(0..8, |channel| (8 + 32 * (channel % 2)).to_string());
    let y = each(0..8, |channel| (15 * (channel / 2 + row)).to_string());
    let banks = each(0..8, |_| "0".to_owned());
    format!(
        "<NP_PROBE probe_part_number=\"NP2004\" probe_serial_number=\"20403311{row:03}\" {extra}><CHANNELS{banks}/><ELECTRODE_XPOS{x}/>\
         <ELECTRODE_YPOS{y}/></NP_PROBE>"
    )
}

fn streams(names: &[&str], inside: &str) -> String {
    let one = |name: &&str| format!("<STREAM name=\"{name}\" channel_count=\"8\">{inside}</STREAM>");
    names.iter().map(one).collect::<Vec<_>>().concat()
}

fn processor(name: &str, id: u32, inside: &str) -> String {
    format!("<PROCESSOR name=\"{name}\" nodeId=\"{id}\" libraryVersion=\"0.7.0\">{inside}</PROCESSOR>")
}

fn file(gui: &str, chains: &[&[String]]) -> String {
    let chain = |chain: &&[String]| format!("<SIGNALCHAIN>{}</SIGNALCHAIN>", chain.concat());
    let chains: String = chains.iter().map(chain).collect();
    format!("<SETTINGS><INFO><VERSION>{gui}</VERSION></INFO>{chains}</SETTINGS>")
}

fn system(names: &[&str], probes: &[String]) -> String {
    processor("Neuropix-PXI", 100, &format!("{}<EDITOR>{}</EDITOR>", streams(names, ""), probes.concat()))
}

/// Contact IDs, or why there are none.
fn ids(text: &str, node: &str, name: &str, channels: &[&str]) -> Result<Vec<String>, String> {
    let wanted = Wanted {
        node,
        name,
        stream: name.split_once('.').map_or(name, |(_, own)| own),
        sample_rate: if name.ends_with("LFP") { 2500.0 } else { 30_000.0 },
        channels: channels.to_vec(),
        electrodes: None,
    };
    let found = Settings::parse(text).map_err(|error| error.to_string())?.probe(&wanted)?;
    Ok(found.probe.contacts.into_iter().map(|contact| contact.id).collect())
}

fn same(found: Result<Vec<String>, String>, expected: Result<Vec<u32>, &str>) {
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            assert_eq!(found, expected.iter().map(|electrode| format!("e{electrode}")).collect::<Vec<_>>());
        }
        (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
        (found, expected) => panic!("{found:?}, not {expected:?}"),
    }
}

const EIGHT: [&str; 8] = ["CH0", "CH1", "CH2", "CH3", "CH4", "CH5", "CH6", "CH7"];
const LETTERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// `channels` of GUI 1.0 are those that are left out.
#[rstest]
#[case::all("", &EIGHT, Ok(vec![0, 1, 2, 3, 4, 5, 6, 7]))]
#[case::left_out("1,2,3,4,5", &["CH5", "CH6", "CH7"], Ok(vec![5, 6, 7]))]
#[case::without_numbers("2,3,4,6,7,8", &["a", "b"], Ok(vec![0, 4]))]
#[case::kept_by_the_names("2,4", &["CH1", "CH3"], Ok(vec![1, 3]))]
#[case::another_count("1,2", &["CH0", "CH1", "CH2"], Err("keep 6 of its channels, the stream has 3"))]
#[case::other_names("1,2,3,4,5", &["CH0", "CH1", "CH2"], Err("not those of the channels"))]
fn what_a_record_node_of_gui_1_keeps(
    #[case] left_out: &str,
    #[case] channels: &[&str],
    #[case] expected: Result<Vec<u32>, &str>,
) {
    let parameters = format!("<PARAMETERS channels=\"{left_out}\" sync_line=\"0\"/>");
    let states = "<CUSTOM_PARAMETERS><STREAM name=\"ProbeA\" recording_state=\"ALL\"/></CUSTOM_PARAMETERS>";
    let node = processor("Record Node", 101, &(streams(&["ProbeA"], &parameters) + states));
    let text = file("1.0.1", &[&[system(&["ProbeA"], &[probe("", 0)]), node]]);
    same(ids(&text, "Record Node 101", "Neuropix-PXI-100.ProbeA", channels), expected);
}

/// A Channel Map with these places, before a record node that keeps these of what it gets.
fn mapped(places: &[u32], off: &[u32], state: &str, is_before: bool) -> String {
    let channel =
        |place: &u32| format!("<CH index=\"{place}\" enabled=\"{}\"/>", u32::from(!off.contains(place)));
    let list: String = places.iter().map(channel).collect();
    let map = streams(&["ProbeA", "ADC"], "<PARAMETERS enable_stream=\"1\"/>")
        + &format!(
            "<CUSTOM_PARAMETERS><STREAM>{list}</STREAM><STREAM><CH index=\"0\"/></STREAM></CUSTOM_PARAMETERS>"
        );
    let map = processor("Channel Map", 109, &map);
    let kept = format!(
        "<CUSTOM_PARAMETERS><STREAM name=\"ProbeA\" recording_state=\"{state}\"/></CUSTOM_PARAMETERS>"
    );
    let node = processor("Record Node", 101, &(streams(&["ProbeA", "ADC"], "") + &kept));
    let source = system(&["ProbeA", "PXIe-ADC"], &[probe("", 0)]);
    let chain = if is_before { [source, map, node] } else { [source, node, map] };
    file("0.6.7", &[&chain])
}

#[rstest]
#[case::order(&[7, 6, 5, 4, 3, 2, 1, 0], &[], "ALL", &LETTERS, Ok(vec![7, 6, 5, 4, 3, 2, 1, 0]))]
#[case::the_names_agree(&[7, 6, 5, 4, 3, 2, 1, 0], &[], "ALL", &["CH7", "CH6", "CH5", "CH4", "CH3", "CH2", "CH1", "CH0"], Ok(vec![7, 6, 5, 4, 3, 2, 1, 0]))]
#[case::some_are_off(&[3, 2, 1, 0], &[2], "ALL", &["a", "b", "c"], Ok(vec![3, 1, 0]))]
#[case::a_part_of_the_map(&[7, 6, 5, 4, 3, 2, 1, 0], &[], "11000001", &["a", "b", "c"], Ok(vec![7, 6, 0]))]
#[case::a_part_with_names(&[4, 5, 6, 7, 0, 1, 2, 3], &[], "11110000", &["CH5", "CH6", "CH7", "CH8"], Ok(vec![4, 5, 6, 7]))]
#[case::other_channels(&[4, 5, 6, 7, 0, 1, 2, 3], &[], "11110000", &["CH0", "CH1", "CH2", "CH3"], Err("not those of the channels"))]
#[case::other_count(&[4, 5, 6, 7], &[], "ALL", &LETTERS, Err("keep 4 of its channels, the stream has 8"))]
fn a_channel_map_before_the_record_node(
    #[case] places: &[u32],
    #[case] off: &[u32],
    #[case] state: &str,
    #[case] channels: &[&str],
    #[case] expected: Result<Vec<u32>, &str>,
) {
    let name = "Neuropix-PXI-100.ProbeA";
    same(ids(&mapped(places, off, state, true), "Record Node 101", name, channels), expected);
}

#[test]
fn a_channel_map_behind_the_record_node_has_no_effect() {
    let text = mapped(&[7, 6, 5, 4, 3, 2, 1, 0], &[], "ALL", false);
    same(
        ids(&text, "Record Node 101", "Neuropix-PXI-100.ProbeA", &LETTERS),
        Ok(vec![0, 1, 2, 3, 4, 5, 6, 7]),
    );
}

/// Numbers of record nodes that begin alike, folders with underscores, nodes in several chains.
#[rstest]
#[case::its_own("Record Node 11", &["CH0", "CH1"], Ok(vec![0, 1]))]
#[case::a_longer_number("Record Node 111", &["CH6", "CH7"], Ok(vec![6, 7]))]
#[case::a_shorter_number("Record Node 1", &EIGHT, Ok(vec![0, 1, 2, 3, 4, 5, 6, 7]))]
#[case::underscores("Record_Node_111", &["CH6", "CH7"], Ok(vec![6, 7]))]
#[case::not_of_another("Record Node 11", &["CH6", "CH7"], Err("not those of the channels"))]
#[case::unknown("Record Node 7", &EIGHT, Ok(vec![0, 1, 2, 3, 4, 5, 6, 7]))]
fn record_nodes_are_told_apart(
    #[case] node: &str,
    #[case] channels: &[&str],
    #[case] expected: Result<Vec<u32>, &str>,
) {
    let keeps = |id: u32, state: &str| {
        let kept = format!(
            "<CUSTOM_PARAMETERS><STREAM name=\"ProbeA\" source_node_id=\"100\" recording_state=\"{state}\"/></CUSTOM_PARAMETERS>"
        );
        processor("Record Node", id, &kept)
    };
    let chain = [system(&["ProbeA"], &[probe("", 0)]), keeps(1, "ALL"), keeps(11, "11000000")];
    let text = file("0.6.7", &[&[keeps(12, "NONE")], &chain, &[keeps(111, "00000011")]]);
    same(ids(&text, node, "Neuropix-PXI-100.ProbeA", channels), expected);
}

/// Of two systems that call their probes alike, GUI 1.0 does not say whose stream a record node keeps.
#[rstest]
#[case::names_tell("OneBox-101.ProbeA", &["CH6", "CH7", "CH0", "CH1", "CH2", "CH3", "CH4", "CH5"], Ok(vec![22, 23, 16, 17, 18, 19, 20, 21]))]
#[case::nothing_tells("OneBox-101.ProbeA", &LETTERS, Err("several things"))]
fn streams_of_one_name_in_one_record_node(
    #[case] stream: &str,
    #[case] channels: &[&str],
    #[case] expected: Result<Vec<u32>, &str>,
) {
    let onebox =
        system(&["ProbeA"], &[probe("", 8)]).replace("Neuropix-PXI\" nodeId=\"100", "OneBox\" nodeId=\"101");
    let kept = streams(&["ProbeA"], "<PARAMETERS channels=\"1\"/>")
        + &streams(&["ProbeA"], "<PARAMETERS channels=\"2\"/>");
    let text = file(
        "1.0.0",
        &[&[system(&["ProbeA"], &[probe("", 0)]), onebox, processor("Record Node", 102, &kept)]],
    );
    same(ids(&text, "Record Node 102", stream, channels), expected);
}

/// Names that people gave, serial numbers, two probes on one base station.
#[rstest]
#[case::place("Neuropix-PXI-100.left-AP", Ok(vec![0]))]
#[case::place_of_the_second("Neuropix-PXI-100.right", Ok(vec![8]))]
#[case::serial_number("Neuropix-PXI-100.20403311004", Ok(vec![8]))]
#[case::a_part_of_a_word("Neuropix-PXI-100.leftover", Err("no probe of the settings matches"))]
#[case::a_word("Neuropix-PXI-100.left filtered", Ok(vec![0]))]
#[case::both("Neuropix-PXI-100.left right", Err("several probes match"))]
fn names_of_streams(#[case] stream: &str, #[case] expected: Result<Vec<u32>, &str>) {
    let probes = [probe("slot=\"3\" port=\"1\" dock=\"1\"", 0), probe("slot=\"3\" port=\"1\" dock=\"2\"", 4)];
    let text = file("0.6.7", &[&[system(&["left-AP", "left-LFP", "right"], &probes)]]);
    same(ids(&text, "", stream, &EIGHT).map(|ids| ids[..1].to_vec()), expected);
}

#[test]
fn one_custom_name_for_two_probes() {
    let probes = [probe("custom_probe_name=\"M2\"", 0), probe("custom_probe_name=\"M2\"", 4)];
    let text = file("0.6.7", &[&[system(&["ProbeA", "ProbeB"], &probes)]]);
    for (stream, first) in [("ProbeA", "e0"), ("ProbeB", "e8")] {
        assert_eq!(ids(&text, "", &format!("Neuropix-PXI-100.{stream}"), &EIGHT).unwrap()[0], first);
    }
    assert!(ids(&text, "", "Neuropix-PXI-100.M2", &EIGHT).unwrap_err().contains("several probes match"));
}

/// Two 1.0 with their bands are the streams `0` to `3`; a 2.0 has one.
#[rstest]
#[case::first("0", 30_000.0, Some("e0"))]
#[case::its_low_band("1", 2500.0, Some("e0"))]
#[case::second("2", 30_000.0, Some("e8"))]
#[case::not_the_band("3", 30_000.0, None)]
fn streams_called_by_numbers(#[case] stream: &str, #[case] rate: f64, #[case] first: Option<&str>) {
    // NP1015 has no stagger.
    let np1 = |row: u32| {
        let y = |row: u32| each(0..8, |channel| (20 * (channel / 2 + row)).to_string());
        let old = each(0..8, |channel| (15 * (channel / 2 + row)).to_string());
        probe("", row).replace("NP2004", "NP1015").replace(&old, &y(row))
    };
    let text = file("0.6.0", &[&[system(&["0", "1", "2", "3"], &[np1(0), np1(4)])]]);
    let wanted = Wanted {
        node: "",
        name: &format!("Neuropix-PXI-100.{stream}"),
        stream,
        sample_rate: rate,
        channels: EIGHT.to_vec(),
        electrodes: None,
    };
    let found = Settings::parse(&text).unwrap().probe(&wanted);
    assert_eq!(found.ok().map(|found| found.probe.contacts[0].id.clone()).as_deref(), first);
}

/// The shanks of a Quad Base are streams: an entry for each, or one for all; names with the shank, or without.
#[rstest]
#[case::entries(&["P-1", "P-2"], true)]
#[case::entries_and_one_name(&["P", "P"], true)]
#[case::one_entry(&["P-1", "P-2"], false)]
#[case::one_entry_and_one_name(&["P", "P"], false)]
fn shanks_of_a_quad_base(#[case] names: &[&str], #[case] is_each: bool) {
    let keys = |shank: u32, value: &dyn Fn(u32) -> u32| -> String {
        (0..4)
            .map(|channel| format!(" CH{channel}_{shank}=\"{}\"", value(channel)))
            .collect::<Vec<_>>()
            .concat()
    };
    let x = |shank: u32| keys(shank, &|channel| 27 + 32 * (channel % 2) + 250 * shank);
    let y = |shank: u32| keys(shank, &|channel| 15 * (channel / 2));
    let banks = |shank: u32| keys(shank, &|_| 0);
    let one = |shanks: &[u32], extra: &str| {
        let all =
            |row: &dyn Fn(u32) -> String| shanks.iter().map(|shank| row(*shank)).collect::<Vec<_>>().concat();
        format!(
            "<NP_PROBE probe_part_number=\"NP2020\" probe_serial_number=\"220531\" {extra}><CHANNELS{}/><ELECTRODE_XPOS{}/><ELECTRODE_YPOS{}/></NP_PROBE>",
            all(&banks),
            all(&x),
            all(&y)
        )
    };
    let probes = if is_each {
        vec![one(&[0], "shank=\"0\""), one(&[1], "shank=\"1\"")]
    } else {
        vec![one(&[0, 1], "")]
    };
    let text = file("1.0.0", &[&[system(names, &probes)]]);
    for (shank, stream) in ["P-1", "P-2"].into_iter().enumerate() {
        let found = ids(&text, "", &format!("Neuropix-PXI-100.{stream}"), &EIGHT[..4]).unwrap();
        assert_eq!(found, (0..4).map(|electrode| format!("s{shank}e{electrode}")).collect::<Vec<_>>());
    }
}

fn selected(first: u32) -> String {
    format!("<SELECTED_ELECTRODES{}/>", each(0..8, |channel| (first + channel).to_string()))
}

const ONIX: &str = "PortB-Neuropixels1.0eHeadstage-Probe";
const TWINS: [&str; 4] = [
    "PortA-Neuropixels2.0eHeadstage-Neuropixels2.0-Probe0",
    "PortA-Neuropixels2.0eHeadstage-Neuropixels2.0-Probe1",
    "PortB-Neuropixels2.0eHeadstage-Neuropixels2.0-Probe0",
    "PortB-Neuropixels2.0eHeadstage-Neuropixels2.0-Probe1",
];

fn onix(names: &[String], devices: &str) -> String {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let inside =
        format!("{}<EDITOR><CUSTOM_PARAMETERS>{devices}</CUSTOM_PARAMETERS></EDITOR>", streams(&names, ""));
    file("1.0.1", &[&[processor("ONIX Source", 100, &inside)]])
}

#[rstest]
#[case::v1e(
    "<NEUROPIXELSV1E name=\"Probe\" idx=\"512\" probePartNumber=\"PRB_1_4_0480_1_C\" isEnabled=\"1\">{}</NEUROPIXELSV1E>"
)]
#[case::v1f(
    "<NEUROPIXELSV1F name=\"Probe\" idx=\"512\" probePartNumber=\"NP1010\" isEnabled=\"1\">{}</NEUROPIXELSV1F>"
)]
#[case::without_a_port("<NEUROPIXELSV1E name=\"Probe\" probePartNumber=\"NP1010\">{}</NEUROPIXELSV1E>")]
#[case::other_letters(
    "<NeuropixelsV1e Name=\"Probe\" Idx=\"512\" ProbePartNumber=\"NP1010\">{}</NeuropixelsV1e>"
)]
fn probes_of_onix(#[case] device: &str) {
    let names = ["AP", "LFP"].map(|band| format!("{ONIX}-{band}"));
    let names = [names.as_slice(), &["PortB-Neuropixels1.0eHeadstage-BNO055".to_owned()]].concat();
    let channels: Vec<_> = (0..8).map(|channel| format!("{ONIX}-AP{channel}")).collect();
    let channels: Vec<_> = channels.iter().map(String::as_str).collect();
    let chosen = selected(384);
    for chosen in
        [chosen.clone(), chosen.replace("SELECTED_ELECTRODES", "Selected_Electrodes").replace(" CH", " ch")]
    {
        let text = onix(&names, &device.replace("{}", &chosen));
        for band in ["AP", "LFP"] {
            let found = ids(&text, "Record Node 102", &format!("ONIX_Source-100.{ONIX}-{band}"), &channels);
            same(found, Ok(vec![384, 385, 386, 387, 388, 389, 390, 391]));
        }
    }
}

/// Two headstages with two probes each; the second probe of port B is not there.
#[rstest]
#[case::first(TWINS[0], Ok(vec![0]))]
#[case::second(TWINS[1], Ok(vec![8]))]
#[case::alone(TWINS[2], Ok(vec![24]))]
#[case::not_there(TWINS[3], Err("no probe of the settings matches"))]
fn headstages_with_two_probes(#[case] stream: &str, #[case] expected: Result<Vec<u32>, &str>) {
    let probe = |place: u32, serial: u32, first: u32| {
        format!(
            "<PROBE{place} probeSerialNumber=\"{serial}\" probePartNumber=\"NP2004\">{}</PROBE{place}>",
            selected(first)
        )
    };
    let devices = format!(
        "<NEUROPIXELSV2E idx=\"256\" isEnabled=\"1\">{}{}</NEUROPIXELSV2E><NEUROPIXELSV2E idx=\"512\" isEnabled=\"1\">{}{}</NEUROPIXELSV2E>",
        probe(0, 11, 0),
        probe(1, 12, 8),
        probe(0, 0, 16),
        probe(1, 14, 24)
    );
    let names: Vec<_> = TWINS[..3].iter().map(|name| (*name).to_owned()).collect();
    let found = ids(&onix(&names, &devices), "", &format!("ONIX_Source-100.{stream}"), &EIGHT);
    same(found.map(|ids| ids[..1].to_vec()), expected);
}

#[test]
fn electrodes_with_numbers_count_more_than_positions() {
    let text = file(
        "1.0.0",
        &[&[system(&["ProbeA"], &[probe("", 0).replace("</NP_PROBE>", &(selected(100) + "</NP_PROBE>"))])]],
    );
    let found = ids(&text, "", "Neuropix-PXI-100.ProbeA", &EIGHT);
    same(found, Ok(vec![100, 101, 102, 103, 104, 105, 106, 107]));
}

/// An entry without positions has the electrodes that the recording names, if it has a part number.
#[rstest]
#[case::known("NP2014", Some([1280, 7, 3]), Ok(vec!["s1e0", "s0e7", "s0e3"]))]
#[case::part_is_not_known("NP9999", Some([1, 7, 3]), Err("`NP9999` is not known"))]
#[case::no_such_electrode("NP2004", Some([1, 7, 1280]), Err("has no electrode"))]
#[case::not_named("NP2004", None, Err("it has no `CHANNELS`"))]
fn settings_without_positions(
    #[case] part: &str,
    #[case] electrodes: Option<[u32; 3]>,
    #[case] expected: Result<Vec<&str>, &str>,
) {
    let bare = format!("<NP_PROBE probe_part_number=\"{part}\" probe_serial_number=\"20403311\"/>");
    let text = file("0.6.7", &[&[system(&["ProbeA"], &[bare])]]);
    let wanted = Wanted {
        node: "",
        name: "Neuropix-PXI-100.ProbeA",
        stream: "ProbeA",
        sample_rate: 30_000.0,
        channels: vec!["AP4", "AP1", "AP3"],
        electrodes: electrodes.map(Vec::from),
    };
    match (Settings::parse(&text).unwrap().probe(&wanted), expected) {
        (Ok(found), Ok(expected)) => {
            let contacts = found.probe.contacts;
            assert!(contacts.iter().map(|contact| contact.id.as_str()).eq(expected));
            assert!(contacts.iter().map(|contact| contact.channel).eq([3, 0, 2]));
            assert!(found.notes[0].contains("those of `structure.oebin`"), "{:?}", found.notes);
        }
        (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
        (found, _) => panic!("{found:?}"),
    }
}
