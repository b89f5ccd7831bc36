//! Electrodes of probes: those that probeinterface reads, for settings of every kind; and what is said where they are not known.

use std::process::Command;

use adt_testkit::{
    open_ephys::{Gui, ProbeSpec, Site, StreamSpec},
    oracle,
};
use camino::Utf8Path;
use fs_err as fs;
use serde_json::{Value, json};

use crate::{
    desk::Said,
    ephys_session::{AP, LFP, NODE, Rig, ap, lfp, np1},
};

/// A probe as settings have it: an element, and its channels in any order.
struct Probe {
    part: &'static str,
    serial: u32,
    extra: &'static str,
    sites: Vec<(u32, Site)>,
    /// Of a Quad Base, whose channels are named with their shank.
    shank: Option<u32>,
}

impl Probe {
    fn new(part: &'static str, (left, x_pitch, y_pitch): (f64, f64, f64)) -> Self {
        let sites = (0..).zip(ProbeSpec::new("", part, 384, (left, x_pitch, y_pitch)).sites).collect();
        Self { part, serial: 20_403_000 + part.len() as u32, extra: "", sites, shank: None }
    }

    fn with(mut self, change: impl Fn(u32, &mut Site)) -> Self {
        self.sites.iter_mut().for_each(|(channel, site)| change(*channel, site));
        self
    }

    fn serial(self, serial: u32, extra: &'static str) -> Self {
        Self { serial, extra, ..self }
    }

    fn xml(&self) -> String {
        let end = self.shank.map_or_else(String::new, |shank| format!("_{shank}"));
        let row = |value: &dyn Fn(&Site) -> String| -> String {
            self.sites
                .iter()
                .map(|(channel, site)| format!(" CH{channel}{end}=\"{}\"", value(site)))
                .collect::<Vec<_>>()
                .concat()
        };
        let banks = row(&|site| match (site.2, self.shank) {
            (Some(shank), None) => format!("0:{shank}"),
            _ => "0".to_owned(),
        });
        let shank = self.shank.map_or_else(String::new, |shank| format!("shank=\"{shank}\""));
        format!(
            "<NP_PROBE slot=\"2\" port=\"1\" dock=\"1\" probe_serial_number=\"{}\" probe_part_number=\"{}\" headstage_part_number=\"NPM_HS_31\" {} {shank}>\
             <CHANNELS{banks}/><ELECTRODE_XPOS{}/><ELECTRODE_YPOS{}/></NP_PROBE>",
            self.serial,
            self.part,
            self.extra,
            row(&|site| site.0.to_string()),
            row(&|site| site.1.to_string()),
        )
    }
}

/// Rows 0, 2, 4 … of a 1.0 are moved.
fn staggered(channel: u32, site: &mut Site) {
    site.0 += if (channel / 2).is_multiple_of(2) { 16.0 } else { 0.0 };
}

/// A quarter of the channels on each shank; the settings name all of them.
fn on_four_shanks(channel: u32, site: &mut Site) {
    let shank = channel / 96;
    *site = (site.0 + 250.0 * f64::from(shank), 15.0 * f64::from(channel % 96 / 2), Some(shank));
}

fn streams(names: &[(&str, u32)], inside: &str) -> String {
    let rate = |name: &str| if name.ends_with("LFP") { "2500.0" } else { "30000.0" };
    let one = |(name, channels): &(&str, u32)| {
        format!(
            "<STREAM name=\"{name}\" sample_rate=\"{}\" channel_count=\"{channels}\">{inside}</STREAM>",
            rate(name)
        )
    };
    names.iter().map(one).collect()
}

fn processor(name: &str, id: u32, inside: &str) -> String {
    let id = if name.contains('/') { format!("NodeId=\"{id}\"") } else { format!("nodeId=\"{id}\"") };
    format!("<PROCESSOR name=\"{name}\" libraryVersion=\"0.7.0\" {id}>{inside}</PROCESSOR>")
}

fn system(name: &str, named: &[(&str, u32)], probes: &str) -> String {
    processor(name, 100, &format!("{}<EDITOR>{probes}</EDITOR>", streams(named, "")))
}

fn record_node(named: &[(&str, u32)], state: &str) -> String {
    let one = |(name, _): &(&str, u32)| {
        format!("<STREAM name=\"{name}\" source_node_id=\"100\" recording_state=\"{state}\"/>")
    };
    let states: String = named.iter().map(one).collect();
    processor(
        "Record Node",
        101,
        &format!("{}<CUSTOM_PARAMETERS>{states}</CUSTOM_PARAMETERS>", streams(named, "")),
    )
}

fn file(gui: &str, chains: &[&[String]]) -> String {
    let chain = |chain: &&[String]| format!("<SIGNALCHAIN>{}</SIGNALCHAIN>", chain.concat());
    let chains: String = chains.iter().map(chain).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SETTINGS><INFO><VERSION>{gui}</VERSION></INFO>{chains}</SETTINGS>"
    )
}

/// A system and a record node that keeps all of it.
fn plain(gui: &str, name: &str, named: &[(&str, u32)], probes: &[Probe]) -> String {
    let inside: String = probes.iter().map(Probe::xml).collect();
    let inside = if gui.starts_with('1') {
        format!("<CUSTOM_PARAMETERS>{inside}</CUSTOM_PARAMETERS>")
    } else {
        inside
    };
    file(gui, &[&[system(name, named, &inside), record_node(named, "ALL")]])
}

fn selected(electrode: impl Fn(u32) -> u32) -> String {
    let all: String = (0..384)
        .map(|channel| format!(" CH{channel}=\"{}\"", electrode(channel)))
        .collect::<Vec<_>>()
        .concat();
    format!("<SELECTED_ELECTRODES{all}/>")
}

fn onix(names: &[&str], devices: &str) -> String {
    let listed: Vec<_> = names.iter().map(|name| (*name, 384)).collect();
    let devices = format!("<CUSTOM_PARAMETERS>{devices}</CUSTOM_PARAMETERS>");
    file("1.0.1", &[&[system("ONIX Source", &listed, &devices), record_node(&listed, "ALL")]])
}

/// Settings by name; probeinterface reads all of them.
fn settings_of_every_kind() -> Vec<(&'static str, String)> {
    let np1 = || Probe::new("PRB_1_4_0480_1_C", (11.0, 32.0, 20.0)).with(staggered);
    let np2 = || Probe::new("NP2004", (27.0, 32.0, 15.0));
    let four = || Probe::new("NP2014", (8.0, 32.0, 15.0)).with(on_four_shanks);
    let bands = [("ProbeA-AP", 385), ("ProbeA-LFP", 385)];
    let one = [("ProbeA", 384)];
    let long = |part, pitch| Probe::new(part, (11.0, pitch, 20.0));
    let mut jumbled = four();
    jumbled.sites.rotate_left(200);
    let shifted = Probe::new("NP2010", (8.0, 32.0, 15.0)).with(|channel, site| {
        on_four_shanks(channel, site);
        site.1 += 250.0 * f64::from(channel / 96);
    });
    let quad = (0..4).map(|shank| {
        let moved =
            Probe::new("NP2020", (27.0, 32.0, 15.0)).with(|_, site| site.0 += 250.0 * f64::from(shank));
        Probe { shank: Some(shank), ..moved }
    });
    let quad: Vec<_> = quad.collect();
    let shanks = [("P-1", 384), ("P-2", 384), ("P-3", 384), ("P-4", 384)];
    let ultra = Probe::new("NP1110", (12.0, 6.0, 6.0)).with(|channel, site| {
        *site = (12.0 + 6.0 * f64::from(channel % 8), 6.0 * f64::from(channel / 8), None);
    });
    let column =
        Probe::new("NP1121", (6.0, 0.0, 3.0)).with(|channel, site| site.1 = 3.0 * f64::from(channel));
    let map: String = (0..384)
        .rev()
        .map(|channel| format!("<CH index=\"{channel}\" enabled=\"1\"/>"))
        .collect::<Vec<_>>()
        .concat();
    let map = format!("{}<CUSTOM_PARAMETERS><STREAM>{map}</STREAM></CUSTOM_PARAMETERS>", streams(&one, ""));
    let mapped = [
        system("OneBox", &one, &four().xml()),
        processor("Channel Map", 109, &map),
        record_node(&one, "ALL"),
    ];
    let part = "01".repeat(192);
    let kept = [system("Neuropix-PXI", &bands, &np1().xml()), record_node(&bands, &part)];
    let other = [processor("NI-DAQmx", 105, ""), record_node(&[], "ALL").replace("\"101\"", "\"108\"")];
    let two = [system("Neuropix-PXI", &one, &np2().xml()), record_node(&one, "ALL")];
    let v1 = format!(
        "<NEUROPIXELSV1E name=\"Probe\" idx=\"512\" probeSerialNumber=\"19051\" probePartNumber=\"NP1010\" isEnabled=\"1\">{}</NEUROPIXELSV1E>",
        selected(|channel| 384 + channel)
    );
    let v2 = format!(
        "<NEUROPIXELSV2E idx=\"256\" isEnabled=\"1\"><PROBE0 probeSerialNumber=\"11\" probePartNumber=\"NP2004\">{}</PROBE0>\
         <PROBE1 probeSerialNumber=\"12\" probePartNumber=\"NP2013\">{}</PROBE1></NEUROPIXELSV2E>",
        selected(|channel| 2 * channel),
        selected(|channel| channel / 96 * 1280 + 96 + channel % 96)
    );
    let headstage = |end: &str| format!("PortA-Neuropixels2.0eHeadstage-Neuropixels2.0-{end}");
    let headstage2 = ["PortB-Neuropixels1.0eHeadstage-Probe-AP", "PortB-Neuropixels1.0eHeadstage-Probe-LFP"];
    vec![
        ("bands with a synchronisation line", plain("0.6.7", "Neuropix-PXI", &bands, &[np1()])),
        ("channels in another order", plain("0.6.7", "Neuropix-PXI", &one, &[jumbled])),
        ("one onebox", plain("0.6.7", "OneBox", &one, &[four()])),
        ("gui 0.5", plain("0.5.5", "Sources/Neuropix-PXI", &[], &[shifted])),
        (
            "two probes of gui 1",
            plain(
                "1.0.1",
                "Neuropix-PXI",
                &[("B", 384), ("A", 384)],
                &[np2(), Probe::new("NP1016", (27.0, 32.0, 20.0)).serial(7, "")],
            ),
        ),
        (
            "one is off",
            plain(
                "0.6.7",
                "Neuropix-PXI",
                &one,
                &[four().serial(9, "isEnabled=\"0\""), np2().serial(8, "isEnabled=\"1\"")],
            ),
        ),
        ("long", plain("0.6.7", "Neuropix-PXI", &one, &[long("NP1032", 103.0)])),
        ("staggered and long", plain("0.6.7", "Neuropix-PXI", &one, &[long("NP1030", 87.0).with(staggered)])),
        ("opto", plain("0.6.7", "Neuropix-PXI", &one, &[long("NP1300", 48.0)])),
        ("ultra", plain("0.6.7", "Neuropix-PXI", &one, &[ultra])),
        ("ultra with one column", plain("0.6.7", "Neuropix-PXI", &one, &[column])),
        ("quad base", plain("1.0.0", "Neuropix-PXI", &shanks, &quad)),
        ("a channel map", file("0.6.7", &[&mapped])),
        ("a part is kept", file("0.6.3", &[&kept])),
        ("two signal chains", file("0.6.6", &[&other, &two])),
        ("onix 1", onix(&headstage2, &v1)),
        ("onix 2", onix(&[&headstage("Probe0"), &headstage("Probe1")], &v2)),
    ]
}

#[test]
fn electrodes_are_those_of_probeinterface() {
    let rig = Rig::new();
    let all = settings_of_every_kind();
    for (name, text) in &all {
        let folder = rig.session.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("settings.xml"), text).unwrap();
    }
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let python = oracle::program(&oracle::venv(&folder, &["probeinterface==0.4.2"]).unwrap(), "python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/compare-probes");
    let arguments = ["--here", "--adt", env!("CARGO_BIN_EXE_adt"), rig.session.as_str()];
    let out = Command::new(python).arg(script).args(arguments).output().unwrap();
    let table = String::from_utf8_lossy(&out.stdout);
    let rows: Vec<_> = table.lines().skip(2).collect();
    let differ: Vec<_> = rows.iter().filter(|row| !row.ends_with("| equal |")).collect();
    assert!(
        differ.is_empty() && out.status.success(),
        "{differ:#?}\n{}",
        String::from_utf8_lossy(&out.stderr)
    );
    for (name, _) in &all {
        assert!(rows.iter().any(|row| row.contains(name)), "no stream of `{name}`:\n{table}");
    }
}

/// The probe that a store has, if any.
fn probe(rig: &Rig, store: &str) -> Option<Value> {
    let text = fs::read_to_string(rig.stores().join(format!("{store}.zarr/.zattrs"))).unwrap();
    let attributes: Value = serde_json::from_str(&text).unwrap();
    attributes["probe"]["probes"].get(0).cloned()
}

fn ids(rig: &Rig, stream: &str) -> Vec<String> {
    let probe = probe(rig, &format!("experiment1_{NODE}#{stream}")).unwrap();
    serde_json::from_value(probe["contact_ids"].clone()).unwrap()
}

fn times(said: &Said, text: &str) -> usize {
    said.stderr.matches(text).count()
}

/// Both bands, two recordings, two experiments and two record nodes are one probe.
#[test]
fn one_note_for_a_probe_with_what_to_do() {
    let rig = Rig::new();
    for (node, number) in [
        (NODE, (1, 1)),
        (NODE, (1, 2)),
        (NODE, (2, 1)),
        ("Record Node 102", (1, 1)),
        ("Record Node 102", (2, 1)),
    ] {
        rig.record(node, number, Gui::V06, &[ap(40), lfp(10)]);
    }
    for name in ["settings.xml", "settings_2.xml"] {
        let other = np1("ProbeB");
        rig.settings(name, &["ProbeB-AP", "ProbeB-LFP", "ProbeC"], &[other.clone(), other]);
        fs::copy(rig.session.join(NODE).join(name), rig.session.join("Record Node 102").join(name)).unwrap();
    }
    let said = rig.compress(&[]).ends(0);
    assert_eq!(times(&said, "no electrode positions"), 1, "{}", said.stderr);
    let said = said.says("and 3 other settings files").says("help: ");
    let info = Said::of(&mut rig.desk.adt(&["ephys", "info", rig.session.as_str()])).ends(0);
    assert_eq!(info.stdout.matches("no electrode positions").count(), 1, "{}", info.stdout);
    drop(said);
}

#[test]
fn a_part_that_is_not_known_keeps_the_positions_of_the_settings() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[ap(40), lfp(10)]);
    let mut unknown = np1("ProbeA");
    "NP7777".clone_into(&mut unknown.part_number);
    rig.settings("settings.xml", &["ProbeA-AP", "ProbeA-LFP"], &[unknown]);
    let said = rig.compress(&[]).ends(0).says("the part number `NP7777` is not known");
    assert_eq!(times(&said, "NP7777"), 1, "{}", said.stderr);
    let probe = probe(&rig, &format!("experiment1_{NODE}#{LFP}")).unwrap();
    assert_eq!(probe["contact_positions"][3], json!([32.0, 20.0]));
    assert_eq!(ids(&rig, AP)[..2], ["c0", "c1"]);
}

/// Two channels are missing in the settings, and all are recorded.
#[test]
fn channels_that_the_settings_lack() {
    for is_indexed in [true, false] {
        let rig = Rig::new();
        let folder =
            rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe("Neuropix-PXI-100.ProbeA", 384, 40)]);
        rig.settings(
            "settings.xml",
            &["ProbeA"],
            &[ProbeSpec::new("ProbeA", "NP2003", 384, (8.0, 32.0, 15.0))],
        );
        let file = rig.session.join(NODE).join("settings.xml");
        let text = fs::read_to_string(&file).unwrap();
        let text: String = text
            .split(' ')
            .filter(|word| !word.starts_with("CH17=") && !word.starts_with("CH230="))
            .collect::<Vec<_>>()
            .join(" ");
        fs::write(&file, text).unwrap();
        if is_indexed {
            number_electrodes(&folder, |channel| channel);
        }
        rig.compress(&[]).ends(0).says("the settings lack CH17 (e17), CH230 (e230)");
        assert_eq!(
            ids(&rig, "Neuropix-PXI-100.ProbeA"),
            (0..384).map(|n| format!("e{n}")).collect::<Vec<_>>()
        );
    }
}

/// Writes `electrode_index` into a recording's description.
fn number_electrodes(folder: &Utf8Path, electrode: impl Fn(usize) -> usize) {
    let path = folder.join("structure.oebin");
    let mut oebin: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (channel, described) in
        oebin["continuous"][0]["channels"].as_array_mut().unwrap().iter_mut().enumerate()
    {
        described["channel_metadata"] = json!([{"name": "electrode_index", "identifier": "neuropixels.electrode_index", "value": [electrode(channel)]}]);
    }
    fs::write(path, oebin.to_string()).unwrap();
}

/// What the recording and its settings say of electrodes must be one thing.
#[test]
fn electrodes_that_the_settings_do_not_use_are_no_probe() {
    let rig = Rig::new();
    let folder = rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe("Neuropix-PXI-100.ProbeA", 384, 40)]);
    rig.settings("settings.xml", &["ProbeA"], &[ProbeSpec::new("ProbeA", "NP2003", 384, (8.0, 32.0, 15.0))]);
    number_electrodes(&folder, |channel| channel + 384);
    rig.compress(&[]).ends(0).says("names electrode 384, which the probe does not use by the settings");
    assert_eq!(probe(&rig, &format!("experiment1_{NODE}#Neuropix-PXI-100.ProbeA")), None);
}

#[test]
fn other_devices_of_onix_are_not_missed() {
    let rig = Rig::new();
    let at = "PortB-Neuropixels1.0eHeadstage";
    let stream = |name: &str, channels, rate| StreamSpec {
        processor: "ONIX Source".to_owned(),
        sample_rate: rate,
        ..StreamSpec::probe(&format!("ONIX_Source-100.{at}-{name}"), channels, 20)
    };
    let streams =
        [stream("Probe-AP", 384, 30_000.0), stream("Probe-LFP", 384, 2500.0), stream("BNO055", 18, 100.0)];
    rig.record(NODE, (1, 1), Gui::V06, &streams);
    let device = format!(
        "<NEUROPIXELSV1E name=\"Probe\" probeSerialNumber=\"1\" probePartNumber=\"PRB_1_4_0480_1_C\" isEnabled=\"1\">{}</NEUROPIXELSV1E>",
        selected(|channel| 384 + channel)
    );
    let names = ["Probe-AP", "Probe-LFP", "BNO055"].map(|name| format!("{at}-{name}"));
    let text = onix(&names.each_ref().map(String::as_str), &device);
    fs::write(rig.session.join(NODE).join("settings.xml"), text).unwrap();
    let said = rig.compress(&[]).ends(0);
    assert_eq!(times(&said, "electrode"), 0, "{}", said.stderr);
    for band in ["AP", "LFP"] {
        let found = ids(&rig, &format!("ONIX_Source-100.{at}-Probe-{band}"));
        assert_eq!((found.len(), found[0].as_str(), found[383].as_str()), (384, "e384", "e767"));
    }
    assert_eq!(probe(&rig, &format!("experiment1_{NODE}#ONIX_Source-100.{at}-BNO055")), None);
}

/// A folder of a long acquisition that was begun anew has no settings of its own.
#[test]
fn settings_in_the_first_folder_only() {
    let rig = Rig::new();
    for folder in ["M_001", "M_002"] {
        adt_testkit::open_ephys::recording(
            &rig.session.join(folder),
            NODE,
            (1, 1),
            Gui::V06,
            &[ap(40), lfp(10)],
        )
        .unwrap();
    }
    let text =
        adt_testkit::open_ephys::settings("0.6.4", "0.5.0", &["ProbeA-AP", "ProbeA-LFP"], &[np1("ProbeA")]);
    fs::write(rig.session.join("M_001").join(NODE).join("settings.xml"), text).unwrap();
    let said = rig.compress(&[]).ends(0).says("there is no settings file").says("M_002");
    assert_eq!(times(&said, "no electrode positions"), 1, "{}", said.stderr);
    assert!(probe(&rig, &format!("M_001/experiment1_{NODE}#{AP}")).is_some());
    assert_eq!(probe(&rig, &format!("M_002/experiment1_{NODE}#{AP}")), None);
}
