mod systems;

use super::{super::probe::Probe, name::Matched, *};
use adt_testkit::open_ephys::{ProbeSpec, settings};
use proptest::prelude::*;
use rstest::rstest;

const NP2: (f64, f64, f64) = (8.0, 32.0, 15.0);
const OPTO: (f64, f64, f64) = (11.0, 32.0, 20.0);

/// A probe of 8 channels, called by the y of its first contact.
fn spec(name: &str, y: f64) -> ProbeSpec {
    let mut spec = ProbeSpec::new(name, "NP2004", 8, NP2);
    for site in &mut spec.sites {
        site.1 += y;
    }
    spec
}

fn text(streams: &[&str], probes: &[ProbeSpec]) -> String {
    settings("0.6.4", "0.5.0", streams, probes)
}

fn find(text: &str, name: &str, rate: f64, channels: &[&str]) -> Result<Probe, String> {
    matched(text, name, rate, channels).map(|matched| matched.probe)
}

fn matched(text: &str, name: &str, rate: f64, channels: &[&str]) -> Result<Matched, String> {
    let stream = name.rsplit_once('.').map_or(name, |(_, own)| own);
    let node = "Record Node 101";
    let wanted =
        Wanted { node, name, stream, sample_rate: rate, channels: channels.to_vec(), electrodes: None };
    Settings::parse(text).map_err(|error| error.to_string())?.probe(&wanted)
}

const EIGHT: [&str; 8] = ["CH1", "CH2", "CH3", "CH4", "CH5", "CH6", "CH7", "CH8"];

fn first_y(found: Result<Probe, String>) -> Result<f64, String> {
    found.map(|probe| probe.contacts[0].y)
}

#[rstest]
#[case::by_name("Neuropix-PXI-100.ProbeB", Ok(30.0))]
#[case::spike_band("Neuropix-PXI-100.ProbeB-AP", Ok(30.0))]
#[case::low_band("Neuropix-PXI-100.ProbeB-LFP", Ok(30.0))]
#[case::a_longer_name("Neuropix-PXI-100.ProbeB2-AP", Ok(60.0))]
#[case::as_a_part("Neuropix-PXI-100.filtered ProbeB", Ok(30.0))]
#[case::nobody("Neuropix-PXI-100.ProbeC", Err("no probe of the settings matches the stream's name"))]
fn a_stream_finds_its_probe(#[case] stream: &str, #[case] expected: Result<f64, &str>) {
    // In this order, for the settings have them so.
    let streams = ["ProbeB-AP", "ProbeB-LFP", "ProbeB2-AP", "ProbeA", "PXIe-ADC"];
    let probes = [spec("ProbeB", 30.0), spec("ProbeB2", 60.0), spec("ProbeA", 90.0)];
    let found = first_y(find(&text(&streams, &probes), stream, 30_000.0, &EIGHT));
    assert_eq!(found, expected.map_err(str::to_owned));
}

#[test]
fn a_name_given_by_a_person_counts_and_so_does_the_place() {
    let text = text(&["left-AP", "right-AP"], &[spec("left", 30.0), spec("right", 60.0)])
        .replace("custom_probe_name=\"20403311721\"", "custom_probe_name=\"M2\"");
    for (stream, y) in [("X-1.M2-AP", 60.0), ("X-1.right-AP", 60.0), ("X-1.left-AP", 30.0)] {
        assert_eq!(first_y(find(&text, stream, 30_000.0, &EIGHT)), Ok(y), "{stream}");
    }
}

#[test]
fn more_probes_than_streams_are_not_told_by_place() {
    let text = text(&["ProbeA"], &[spec("x", 30.0), spec("ProbeA", 60.0)]);
    assert!(find(&text, "X-1.ProbeA", 30_000.0, &EIGHT).unwrap_err().contains("matches the stream"));
    let named = text.replace("custom_probe_name=\"20403311721\"", "custom_probe_name=\"ProbeA\"");
    assert_eq!(first_y(find(&named, "X-1.ProbeA", 30_000.0, &EIGHT)), Ok(60.0));
}

/// GUI 0.5 numbers streams: a 1.0 has two, a 2.0 has one.
#[rstest]
#[case::first_spikes("100.0", 30_000.0, Ok(0.0))]
#[case::first_low_band("100.1", 2500.0, Ok(0.0))]
#[case::second("100.2", 30_000.0, Ok(30.0))]
#[case::third_spikes("100.3", 30_000.0, Ok(80.0))]
#[case::not_the_low_band("100.1", 30_000.0, Err(()))]
#[case::beyond("100.5", 30_000.0, Err(()))]
#[case::another_processor("107.0", 30_000.0, Err(()))]
fn streams_without_names_go_by_number(
    #[case] number: &str,
    #[case] rate: f64,
    #[case] expected: Result<f64, ()>,
) {
    let np1 = |y: f64| {
        let mut spec = ProbeSpec::new("", "NP1010", 8, (11.0, 32.0, 20.0));
        for (n, site) in spec.sites.iter_mut().enumerate() {
            // Every other row of a 1.0 is moved.
            site.0 += if n % 4 < 2 { 16.0 } else { 0.0 };
            site.1 += y;
        }
        spec
    };
    let text = settings("0.5.5", "0.4.0", &[], &[np1(0.0), spec("", 30.0), np1(80.0)]);
    let found = first_y(find(&text, &format!("Record Node 101#Neuropix-PXI-{number}"), rate, &EIGHT));
    assert_eq!(found.map_err(|_| ()), expected);
}

#[test]
fn probes_of_gui_1_lie_deeper_and_may_be_off() {
    let text = text(&["ProbeA", "ProbeB"], &[spec("off", 90.0), spec("ProbeA", 30.0), spec("ProbeB", 60.0)])
        .replace("<NEUROPIXELS_EDITOR MainSyncSlot=\"0\"/>", "<CUSTOM_PARAMETERS>")
        .replace(
            "      </EDITOR>\n    </PROCESSOR>\n    <PROCESSOR name=\"Record",
            "</CUSTOM_PARAMETERS></EDITOR>\n    </PROCESSOR>\n    <PROCESSOR name=\"Record",
        )
        .replacen("<NP_PROBE ", "<NP_PROBE isEnabled=\"0\" ", 1);
    assert_eq!(first_y(find(&text, "X-1.ProbeA", 30_000.0, &EIGHT)), Ok(30.0));
    assert_eq!(first_y(find(&text, "X-1.ProbeB", 30_000.0, &EIGHT)), Ok(60.0));
}

/// Two systems in one record node may call their probes alike; the processor's number tells them apart.
#[rstest]
#[case::first("OneBox-100.ProbeA", Ok(30.0))]
#[case::second("OneBox-101.ProbeA", Ok(60.0))]
#[case::low_band_of_the_second("OneBox-101.ProbeA-LFP", Ok(60.0))]
#[case::neither("OneBox-102.ProbeA", Err(()))]
#[case::no_number("ProbeA", Err(()))]
fn probes_of_one_name_are_told_apart_by_their_processors(
    #[case] stream: &str,
    #[case] expected: Result<f64, ()>,
) {
    let first = text(&["ProbeA"], &[spec("ProbeA", 30.0)]);
    let second = text(&["ProbeA"], &[spec("ProbeA", 60.0)]).replace("nodeId=\"100\"", "nodeId=\"101\"");
    let chain = |text: &str| {
        let (from, to) = (text.find("<SIGNALCHAIN").unwrap(), text.find("</SETTINGS>").unwrap());
        text[from..to].to_owned()
    };
    let both = first.replace("</SETTINGS>", &format!("{}</SETTINGS>", chain(&second)));
    assert_eq!(first_y(find(&both, stream, 30_000.0, &EIGHT)).map_err(|_| ()), expected);
}

/// Of a processor with one probe, every stream is that probe's.
#[rstest]
#[case::the_only_probe("Neuropix-PXI-100.0", 1, Ok(30.0))]
#[case::its_other_band("Neuropix-PXI-100.1", 1, Ok(30.0))]
#[case::one_of_two("Neuropix-PXI-100.0", 2, Err(()))]
#[case::another_processor("Neuropix-PXI-107.0", 1, Err(()))]
fn streams_that_are_called_by_numbers(
    #[case] stream: &str,
    #[case] probes: usize,
    #[case] expected: Result<f64, ()>,
) {
    let probes = [spec("x", 30.0), spec("y", 60.0)].into_iter().take(probes).collect::<Vec<_>>();
    let text = text(&["0", "1", "2"], &probes);
    assert_eq!(first_y(find(&text, stream, 30_000.0, &EIGHT)).map_err(|_| ()), expected);
}

/// Each record node counts for itself.
#[rstest]
#[case::keeps_a_part("Record Node 101", &["CH2", "CH5"], Some(vec!["e1", "e4"]))]
#[case::keeps_all("Record Node 102", &EIGHT, Some(vec!["e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7"]))]
#[case::not_what_the_other_keeps("Record Node 102", &["CH2", "CH5"], None)]
#[case::says_nothing("Record Node 103", &EIGHT, Some(vec!["e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7"]))]
fn what_a_record_node_keeps_is_its_own(
    #[case] node: &str,
    #[case] channels: &[&str],
    #[case] expected: Option<Vec<&str>>,
) {
    let other = "<PROCESSOR name=\"Record Node\" nodeId=\"102\"><CUSTOM_PARAMETERS><STREAM name=\"ProbeA\" \
                 recording_state=\"ALL\"/></CUSTOM_PARAMETERS></PROCESSOR><PROCESSOR name=\"Record Node\" nodeId=\"103\"/>";
    let text = text(&["ProbeA"], &[spec("ProbeA", 0.0)])
        .replace("\"ALL\"", "\"01001000\"")
        .replace("</SIGNALCHAIN>", &format!("{other}</SIGNALCHAIN>"));
    let name = "Neuropix-PXI-100.ProbeA";
    let wanted = Wanted {
        node,
        name,
        stream: "ProbeA",
        sample_rate: 30_000.0,
        channels: channels.to_vec(),
        electrodes: None,
    };
    let found = Settings::parse(&text).unwrap().probe(&wanted).ok();
    let ids =
        found.map(|found| found.probe.contacts.into_iter().map(|contact| contact.id).collect::<Vec<_>>());
    assert_eq!(ids, expected.map(|ids| ids.into_iter().map(str::to_owned).collect()));
}

/// What `structure.oebin` says of each channel outranks names and what the settings say is kept.
#[rstest]
#[case::as_the_probe_has_them("NP2004", &[384, 385, 386], Ok(vec!["e384", "e385", "e386"]))]
#[case::mapped_and_a_part("NP2004", &[391, 384, 388], Ok(vec!["e391", "e384", "e388"]))]
#[case::not_in_use("NP2004", &[384, 385, 500], Err("electrode 500"))]
#[case::one_twice("NP2004", &[384, 385, 385], Err("for two channels"))]
#[case::of_another_shank("NP2014", &[2944, 2945, 2946], Ok(vec!["s2e384", "s2e385", "s2e386"]))]
#[case::without_its_shank("NP2014", &[384, 385, 386], Err("electrode 384"))]
#[case::quad_base("NP2020", &[2946, 2945, 2944], Ok(vec!["s2e386", "s2e385", "s2e384"]))]
fn electrodes_that_the_recording_names_are_those_of_its_channels(
    #[case] part: &str,
    #[case] electrodes: &[u32],
    #[case] expected: Result<Vec<&str>, &str>,
) {
    let mut probe = spec("ProbeA", 2880.0);
    probe.part_number = part.to_owned();
    if part != "NP2004" {
        for site in &mut probe.sites {
            *site = (site.0 + 500.0, site.1, Some(2));
        }
    }
    let text = text(&["ProbeA"], &[probe]).replace("\"ALL\"", "\"11100000\"");
    let wanted = Wanted {
        node: "Record Node 101",
        name: "Neuropix-PXI-100.ProbeA",
        stream: "ProbeA",
        sample_rate: 30_000.0,
        channels: vec!["CH7", "CH3", "CH5"],
        electrodes: Some(electrodes.to_vec()),
    };
    match (Settings::parse(&text).unwrap().probe(&wanted), expected) {
        (Ok(Matched { probe, .. }), Ok(ids)) => {
            assert!(probe.contacts.iter().map(|contact| contact.id.as_str()).eq(ids));
            assert!(
                probe.contacts.iter().all(|contact| contact.y >= 2880.0 && contact.x >= 0.0),
                "{probe:?}"
            );
        }
        (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
        (found, _) => panic!("{found:?}"),
    }
}

#[test]
fn only_recorded_channels_have_contacts() {
    // A digit more than electrodes: the synchronisation column.
    let text = text(&["ProbeA"], &[spec("ProbeA", 0.0)]).replace("\"ALL\"", "\"010010001\"");
    let probe = find(&text, "X-1.ProbeA", 30_000.0, &["CH2", "CH5"]).unwrap();
    let contacts: Vec<_> = probe.contacts.iter().map(|c| (c.channel, c.id.as_str())).collect();
    assert_eq!(contacts, [(1, "e1"), (4, "e4")]);
    assert_eq!(probe.inter_sample_shift("ProbeA"), [0.0, 0.125]);
}

#[rstest]
#[case::in_order(&EIGHT, Some([0, 1, 2, 3, 4, 5, 6, 7]))]
#[case::from_zero(&["A1", "A0", "A2", "A3", "A4", "A5", "A6", "A7"], Some([1, 0, 2, 3, 4, 5, 6, 7]))]
#[case::turned(&["CH8", "CH7", "CH6", "CH5", "CH4", "CH3", "CH2", "CH1"], Some([7, 6, 5, 4, 3, 2, 1, 0]))]
#[case::no_numbers(&["a", "b", "c", "d", "e", "f", "g", "h"], Some([0, 1, 2, 3, 4, 5, 6, 7]))]
#[case::not_all(&["CH9", "CH7", "CH6", "CH5", "CH4", "CH3", "CH2", "CH1"], None)]
#[case::twice(&["CH1", "CH1", "CH2", "CH3", "CH4", "CH5", "CH6", "CH7"], None)]
fn a_channel_map_moves_contacts(#[case] channels: &[&str], #[case] expected: Option<[u32; 8]>) {
    let found = find(&text(&["ProbeA"], &[spec("ProbeA", 0.0)]), "X-1.ProbeA", 30_000.0, channels);
    let found = found.map(|probe| probe.contacts.iter().map(|contact| contact.channel).collect::<Vec<_>>());
    assert_eq!(found.ok(), expected.map(Vec::from));
}

#[rstest]
#[case::old_plugin(|t: String| t.replace("0.5.0", "0.3.2"), "from version 0.3.3 on")]
#[case::no_plugin_version(|t: String| t.replace("libraryVersion", "version"), "from version 0.3.3 on")]
#[case::no_processor(|t: String| t.replace("\"Neuropix-PXI\"", "\"Rhythm FPGA\""), "no processor")]
#[case::no_positions(|t: String| t.replace("ELECTRODE_YPOS", "OTHER"), "no `CHANNELS`")]
#[case::a_channel_too_few(|t: String| t.replacen(" CH7=", " X=", 1), "other channels")]
#[case::no_number(|t: String| t.replacen("CH0=\"8\"", "CH0=\"NaN\"", 1), "`CH0` is at `NaN`, `0`")]
#[case::shanks_missing(|t: String| t.replace("NP2004", "NP2014").replace("0.6.4", "0.5.5"), "do not name them")]
#[case::one_place(|t: String| t.replacen("CH1=\"40\"", "CH1=\"8\"", 1), "two channels are on one electrode")]
#[case::fewer_contacts(|t: String| t.replace("\"ALL\"", "\"1100000\""), "keep 2 of its channels, the stream has 8")]
#[case::cut(|mut t: String| { t.truncate(900); t }, "")]
#[case::another_make(|_| "<?xml version=\"1.0\"?><session><SETTINGS/></session>".to_owned(), "not a settings file")]
#[case::no_xml(|_| "{\"a\": 1}".to_owned(), "not a settings file")]
#[case::nothing(|_| String::new(), "not a settings file")]
fn what_tells_no_probe_is_told(#[case] change: fn(String) -> String, #[case] word: &str) {
    let text = change(text(&["ProbeA"], &[spec("ProbeA", 0.0)]));
    let why = find(&text, "X-1.ProbeA", 30_000.0, &EIGHT).unwrap_err();
    assert!(why.contains(word), "{why}");
}

#[test]
fn opto_probes_are_put_right_and_nothing_else_changes() {
    let mut wrong = ProbeSpec::new("ProbeA", "NP1300", 384, OPTO);
    wrong.headstage = "NPM_HS_OPTO_01".to_owned();
    let text = settings(
        "0.6.4",
        "0.4.0",
        &["ProbeA", "ProbeB"],
        &[wrong, ProbeSpec::new("ProbeB", "NP1010", 384, OPTO)],
    );
    let right = opto::corrected(&text).unwrap().unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let changed: Vec<_> = lines(&text).into_iter().zip(lines(&right)).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), 1, "y is right already");
    assert!(changed[0].1.trim_start().starts_with("<ELECTRODE_XPOS CH0=\"11\" CH1=\"59\" CH2=\"11\""));
    assert!(changed[0].1.ends_with("CH383=\"59\"/>"));
    assert_eq!(opto::corrected(&right).unwrap(), None, "twice is once");
    assert_eq!(
        opto::corrected(&text.replace("\"0.4.0\"", "\"0.4.1\"")).unwrap(),
        None,
        "a newer plugin is right"
    );
    assert_eq!(opto::corrected(&text.replace("OPTO", "HS")).unwrap(), None);
    let channels: Vec<_> = (1..=384).map(|n| format!("CH{n}")).collect();
    let channels: Vec<_> = channels.iter().map(String::as_str).collect();
    let probe = find(&text, "X-1.ProbeA", 30_000.0, &channels).unwrap();
    let last = &probe.contacts[383];
    assert_eq!((last.x as i64, last.y as i64, last.id.as_str()), (48, 3820, "e383"));
}

#[test]
fn an_opto_tag_that_does_not_close_itself_stays_open() {
    let mut wrong = ProbeSpec::new("ProbeA", "NP1300", 2, OPTO);
    wrong.headstage = "OPTO".to_owned();
    let text = settings("0.6.4", "0.4.0", &["ProbeA"], &[wrong]);
    let text = text.replace("CH1=\"43\"/>", "CH1=\"43\"></ELECTRODE_XPOS>");
    let right = opto::corrected(&text).unwrap().unwrap();
    assert!(right.contains("CH383=\"59\"></ELECTRODE_XPOS>") && right.contains("CH383=\"3820\"/>"));
    Settings::parse(&right).unwrap();
}

#[rstest]
#[case("0.6.0", "0.6", true)]
#[case("0.6.4", "0.10.0", false)]
#[case("v1.0.1-dev", "1.0.1", true)]
#[case("0.7.0-API8", "0.7.0", true)]
fn versions(#[case] a: &str, #[case] b: &str, #[case] equal: bool) {
    let (a, b) = (Version::parse(a).unwrap(), Version::parse(b).unwrap());
    assert_eq!((a == b, a < b), (equal, !equal));
    assert_eq!(Version::parse("unknown"), None);
}

proptest! {
    #[test]
    fn foreign_texts_never_panic(text in "\\PC{0,200}", at in 0usize..4000, letters in "[<>&\"'/= a-zA-Z0-9:.-]{0,6}") {
        let mut opto = ProbeSpec::new("ProbeA", "NP1300", 4, OPTO);
        opto.headstage = "OPTO".to_owned();
        let mut good = settings("0.5.5", "0.4.0", &[], &[opto]);
        drop(Settings::parse(&text));
        drop(opto::corrected(&format!("OPTO{text}")));
        let at = at % good.len();
        good.replace_range(at..=at, &letters);
        drop(opto::corrected(&good));
        drop(find(&good, "Record Node 101#Neuropix-PXI-100.0", 30_000.0, &["CH1", "CH3", "CH2", "CH4"]));
        good.truncate(at);
        drop(Settings::parse(&good));
    }

    #[test]
    fn deep_texts_never_overflow(depth in 0usize..3000) {
        drop(Settings::parse(&("<SETTINGS>".to_owned() + &"<PROCESSOR>".repeat(depth))));
        drop(Settings::parse(&("<SETTINGS>".to_owned() + &"<x>".repeat(depth))));
    }
}
