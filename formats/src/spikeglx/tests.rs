//! Sessions of SpikeGLX, good ones and odd ones; `.meta` files with bytes changed at random, see `adt_testkit::fuzz`.

use adt_model::Idle;
use adt_testkit::{
    fuzz::{Corpus, fuzz},
    spikeglx::FileSpec,
};
use camino::{Utf8Path, Utf8PathBuf};
use rstest::rstest;

use super::{columns::Columns, gains::gains, imro::Imro, meta::Meta, name::Name, probe::probe};
use crate::{
    ephys::{ChannelKind, Session, Weight, open},
    folder::Rules,
};

/// A folder with recordings.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    fn write(&self, folder: &str, spec: &FileSpec) -> Utf8PathBuf {
        spec.write(&self.root().join(folder)).unwrap()
    }

    fn open(&self) -> Session {
        open(self.root(), &Rules::default(), &Idle).unwrap()
    }
}

/// All problems in words, each with its weight.
fn said(session: &Session) -> String {
    let line = |problem: &crate::ephys::Problem| {
        let word = if problem.weight == Weight::Unread { "NOT READ" } else { "note" };
        let advice = problem.fault.advice().unwrap_or_default();
        format!("{word}: {} ({advice})\n", problem.fault.line())
    };
    session.problems.iter().map(line).collect()
}

/// Stores, with the recordings that are their segments.
fn stores(session: &Session) -> Vec<String> {
    let stream = |stream: &crate::ephys::Stream| {
        let segments: Vec<_> = stream.segments.iter().map(|segment| segment.recording.as_str()).collect();
        format!("{} [{}]", stream.store_name(), segments.join(" "))
    };
    session.streams().map(stream).collect()
}

#[rstest]
#[case::flat(["", "", "", ""])]
#[case::run_folder(["run_g0"; 4])]
#[case::probe_folders(["run_g0", "run_g0/run_g0_imec0", "run_g0/run_g0_imec0", "run_g0/run_g0_imec1"])]
#[case::two_drives(["c/run_g0", "c/run_g0/run_g0_imec0", "c/run_g0/run_g0_imec0", "d/run_g0/run_g0_imec1"])]
fn a_run_is_found_wherever_its_files_are(#[case] folders: [&str; 4]) {
    let desk = Desk::new();
    let part = "run_g0_t0";
    let files = [
        FileSpec::nidq(part, 20),
        FileSpec::np1(part, 0, "ap", 30),
        FileSpec::np1(part, 0, "lf", 5),
        FileSpec::np2(part, 1, 30),
    ];
    for (folder, spec) in folders.iter().zip(&files) {
        desk.write(folder, spec);
    }
    let session = desk.open();
    assert_eq!(said(&session), "");
    let expected =
        ["run_imec0.ap [g0_t0]", "run_imec0.lf [g0_t0]", "run_imec1.ap [g0_t0]", "run_nidq [g0_t0]"];
    assert_eq!(stores(&session), expected);
    let frames: Vec<_> = session.streams().map(crate::ephys::Stream::frames).collect();
    assert_eq!(frames, [30, 5, 30, 20]);
}

#[test]
fn channels_are_called_as_spikeinterface_calls_them() {
    let desk = Desk::new();
    desk.write("", &FileSpec::np1("run_g0_t0", 0, "lf", 4));
    desk.write("", &FileSpec::nidq("run_g0_t0", 4));
    desk.write("", &FileSpec::obx("run_g0_t0", 0, 4));
    let session = desk.open();
    let shown = |name: &str, at: usize| {
        let stream = session.streams().find(|stream| stream.name == name).unwrap();
        let channel = &stream.channels[at];
        (channel.id.clone(), channel.name.clone(), channel.kind, channel.gain_to_uv())
    };
    let expected = |id: &str, name: &str, kind, gain| (id.to_owned(), name.to_owned(), kind, gain);
    assert_eq!(
        shown("imec0.lf", 7),
        expected("imec0.lf#LF7", "LF7", ChannelKind::Electrode, 0.6 / 512.0 * (1.0 / 250.0) * 1e6)
    );
    assert_eq!(shown("imec0.lf", 384).2, ChannelKind::Sync);
    assert_eq!(shown("nidq", 7), expected("nidq#XA7", "XA7", ChannelKind::Analog, 5.0 / 32_768.0 * 1e6));
    assert_eq!(shown("nidq", 8).2, ChannelKind::Digital);
    assert_eq!(shown("obx0", 12).2, ChannelKind::Digital);
    assert_eq!(shown("obx0", 13).2, ChannelKind::Sync);
    let starts: Vec<_> =
        session.streams().map(|stream| stream.segments[0].t_start(stream.sample_rate).unwrap()).collect();
    assert_eq!(starts, [305_280.0 / 2500.0, 305_280.0 / 30_000.0, 305_280.0 / 30_303.0]);
}

#[test]
fn gates_and_triggers_are_segments_in_their_order() {
    let desk = Desk::new();
    for part in ["g0_t0", "g0_t10", "g0_t9", "g2_t0", "g10_t0"] {
        let number: u64 = part.bytes().map(u64::from).sum();
        desk.write(&format!("run_{}", &part[..2]), &FileSpec::np2(&format!("run_{part}"), 0, number));
    }
    let session = desk.open();
    assert_eq!(stores(&session), ["run_imec0.ap [g0_t0 g0_t9 g0_t10 g2_t0 g10_t0]"]);
    assert!(
        said(&session).contains("note: the run `run` at g0 has no files of t1 to t8"),
        "{}",
        said(&session)
    );
}

#[test]
fn runs_and_joined_triggers_are_experiments_of_their_own() {
    let desk = Desk::new();
    for part in ["a b_g0_t0", "a b_g0_tcat", "c.d_g0_t0"] {
        desk.write("x", &FileSpec::nidq(part, 9));
    }
    let session = desk.open();
    assert_eq!(stores(&session), ["a b_nidq [g0_t0]", "a b_tcat_nidq [g0_tcat]", "c.d_nidq [g0_t0]"]);
    assert!(said(&session).contains("was made by CatGT"), "{}", said(&session));
}

#[test]
fn one_run_in_two_places_is_two_acquisitions() {
    let desk = Desk::new();
    for folder in ["monday/run_g0", "tuesday/run_g0"] {
        desk.write(folder, &FileSpec::nidq("run_g0_t0", 9));
    }
    assert_eq!(stores(&desk.open()), ["monday/run_nidq [g0_t0]", "tuesday/run_nidq [g0_t0]"]);
}

/// What is wrong, how it is reported, and how many streams are still read.
#[rstest]
#[case::no_meta(|_: &Desk, bin: &Utf8Path| std::fs::remove_file(bin.with_extension("meta")).unwrap(), "NOT READ", "its `.meta` file is missing", 1)]
#[case::no_bin(|_: &Desk, bin: &Utf8Path| std::fs::remove_file(bin).unwrap(), "NOT READ", "its `.bin` file is missing", 1)]
#[case::mtscomp(|_: &Desk, bin: &Utf8Path| std::fs::rename(bin, bin.with_extension("cbin")).unwrap(), "NOT READ", "compressed by mtscomp", 1)]
#[case::not_a_meta(|_: &Desk, bin: &Utf8Path| std::fs::write(bin.with_extension("meta"), "guid: 3\n").unwrap(), "NOT READ", "does not describe a recording", 1)]
#[case::cut(|_: &Desk, bin: &Utf8Path| cut(bin, 770 * 10 + 5), "note", "has 7705 bytes, but `fileSizeBytes=23100`: 20 frames (0.001 s) are missing", 2)]
#[case::cut_inside_a_frame(|_: &Desk, bin: &Utf8Path| cut(bin, 770 * 10 + 5), "note", "5 bytes follow 10 whole frames", 2)]
#[case::longer(|_: &Desk, bin: &Utf8Path| cut(bin, 770 * 31), "note", "1 frame (0.000 s) longer than what was recorded", 2)]
#[case::one_byte_short(|_: &Desk, bin: &Utf8Path| cut(bin, 770 * 30 - 1), "note", "1 byte is missing", 2)]
#[case::some_bytes_more(|_: &Desk, bin: &Utf8Path| cut(bin, 770 * 30 + 333), "note", "333 bytes are more than were recorded", 2)]
#[case::empty(|_: &Desk, bin: &Utf8Path| cut(bin, 0), "NOT READ", "has 0 bytes, less than a frame, but 23100 bytes were recorded", 1)]
#[case::less_than_a_frame(|_: &Desk, bin: &Utf8Path| cut(bin, 5), "NOT READ", "has 5 bytes, less than a frame", 1)]
fn a_file_that_is_wrong_is_reported_and_the_others_are_read(
    #[case] wrong: fn(&Desk, &Utf8Path),
    #[case] weight: &str,
    #[case] says: &str,
    #[case] read: usize,
) {
    let desk = Desk::new();
    desk.write("run_g0", &FileSpec::nidq("run_g0_t0", 20));
    let bin = desk.write("run_g0", &FileSpec::np2("run_g0_t0", 0, 30));
    wrong(&desk, &bin);
    let session = desk.open();
    let report = said(&session);
    assert!(report.lines().any(|line| line.starts_with(weight) && line.contains(says)), "{report}");
    assert_eq!(session.streams().count(), read, "{report}");
}

fn cut(bin: &Utf8Path, bytes: usize) {
    let mut content = std::fs::read(bin).unwrap();
    content.resize(bytes, 1);
    std::fs::write(bin, content).unwrap();
}

/// Two sources that say different things: what is done about it.
#[rstest]
#[case::interrupted(|s: FileSpec| s.without("fileSizeBytes").without("fileTimeSecs"), "note: ", "the run was interrupted. All 30 frames")]
#[case::no_first_sample(|s: FileSpec| s.without("firstSample"), "note: ", "it has no `firstSample`")]
#[case::another_count(|s: FileSpec| s.with("nSavedChans", "384"), "note: ", "`nSavedChans=384`, but `snsApLfSy` counts 385 channels, and so do")]
#[case::count_unconfirmed(|s: FileSpec| s.with("nSavedChans", "384").without("fileTimeSecs"), "NOT READ", "no other source shows which is right")]
#[case::count_of_others(|s: FileSpec| s.with("snsApLfSy", "383,0,1"), "NOT READ", "`fileSizeBytes` and `fileTimeSecs` are those of 385 values")]
#[case::described_but_not_saved(|s: FileSpec| s.with("snsApLfSy", "383,0,1").with("nSavedChans", "384"), "NOT READ", "384 channels are described, but")]
#[case::other_duration(|s: FileSpec| s.with("fileTimeSecs", "0.00117"), "note: ", "is not that of `fileTimeSecs`")]
#[case::other_band(|s: FileSpec| s.with("snsApLfSy", "0,384,1"), "NOT READ", "is the other band")]
#[case::other_device(|s: FileSpec| s.with("typeThis", "nidq"), "NOT READ", "`typeThis=nidq`")]
#[case::other_names(|s: FileSpec| s.with("snsApLfSy", "384,0,1").with("~snsChanMap", &swapped()), "NOT READ", "column 0 is one of AP by `snsApLfSy`, but `snsChanMap` calls it `SY0`")]
#[case::other_subset(|s: FileSpec| s.with("snsSaveChanSubset", "1:384"), "note: ", "lists 383 channels of AP, but 384 were saved")]
#[case::another_probe(|s: FileSpec| s.with("fileName", "D:/run_g0_t0.imec7.ap.bin"), "note: ", "it was recorded as `imec7.ap`")]
#[case::another_trigger(|s: FileSpec| s.with("fileName", "D:\\x\\run_g3_t0.imec0.ap.bin"), "note: ", "its name says `g0_t0`, but it was recorded as `g3_t0`")]
#[case::two_values(|s: FileSpec| s.with("imSampRate\u{20}", "29999"), "note: ", "`imSampRate` has two different values")]
#[case::no_rate(|s: FileSpec| s.without("imSampRate"), "NOT READ", "it has no `imSampRate`")]
#[case::rate_of_0(|s: FileSpec| s.with("imSampRate", "0"), "NOT READ", "not a number above 0")]
#[case::no_counts(|s: FileSpec| s.without("snsApLfSy"), "NOT READ", "it has no `snsApLfSy`")]
#[case::no_channels(|s: FileSpec| s.with("snsApLfSy", "0,0,0"), "NOT READ", "counts 0 channels")]
#[case::no_map(|s: FileSpec| s.with("~snsChanMap", "(384,0,1)(AP0;0:0)"), "note: ", "`snsChanMap` has 1 entry for 385 channels")]
#[case::no_table(|s: FileSpec| s.without("~imroTbl"), "note: ", "positions of its electrodes are not known: it has no `imroTbl`")]
#[case::other_geometry(|s: FileSpec| s.with("~snsGeomMap", &geometry(15)), "note: ", "channel 5 is connected to `s0e5`, 30 µm from the tip, by `imroTbl`; `snsGeomMap` says 45 µm")]
#[case::other_shank(|s: FileSpec| edited(s, "~imroTbl", "(9 0 0 0 9)", "(9 1 0 0 200)"), "note: ", "channel 9 is on shank 1 by `imroTbl` and on shank 0 by `snsGeomMap`")]
#[case::other_rows(|s: FileSpec| s.without("~snsGeomMap").with("~snsShankMap", &shanks()), "note: ", "`snsShankMap` says shank 0, row 7; `imroTbl` is used")]
#[case::unknown_part(|s: FileSpec| s.with("imDatPrb_pn", "NP9999"), "note: ", "the part number `NP9999` is not known: the electrodes are where `snsGeomMap` says")]
#[case::unknown_part_without_a_map(|s: FileSpec| s.with("imDatPrb_pn", "NP9999").without("~snsGeomMap"), "note: ", "not known, and there is no `snsGeomMap`")]
#[case::another_part(|s: FileSpec| s.with("imDatPrb_pn", "NP1000"), "note: ", "but a NP1000 has 1 shank")]
fn sources_that_disagree(#[case] change: fn(FileSpec) -> FileSpec, #[case] weight: &str, #[case] says: &str) {
    let desk = Desk::new();
    desk.write("run_g0", &change(FileSpec::np2("run_g0_t0", 0, 30)));
    let session = desk.open();
    let report = said(&session);
    assert!(report.lines().any(|line| line.starts_with(weight) && line.contains(says)), "{report}");
    assert_eq!(session.streams().count(), usize::from(weight != "NOT READ"), "{report}");
}

fn edited(spec: FileSpec, key: &str, from: &str, to: &str) -> FileSpec {
    let value = spec.meta(key).replace(from, to);
    spec.with(key, &value)
}

fn swapped() -> String {
    let names = (0..384).map(|n| format!("(AP{n};{n}:{n})")).collect::<Vec<_>>().concat();
    format!("(384,0,1)(SY0;384:384){names}")
}

/// Where the electrodes of [`FileSpec::np2`] are, with one row more from channel 5 on.
fn geometry(more: u32) -> String {
    let site = |n: u32| {
        let (shank, e) = (n / 96, n % 96);
        format!("({shank}:{}:{}:1)", 27 + 32 * (e % 2), e / 2 * 15 + if n >= 5 { more } else { 0 })
    };
    format!("(NP2013,4,250,70){}", (0..384).map(site).collect::<String>())
}

fn shanks() -> String {
    let row = |n: u32| format!("({}:{}:{}:1)", n / 96, n % 2, if n == 3 { 7 } else { n % 96 / 2 });
    let rows: String = (0..384).map(row).collect();
    format!("(4,2,640){rows}")
}

/// Segments of one stream have the same channels, gains, electrodes and probe.
#[rstest]
#[case::rate(|s: FileSpec| s.with("imSampRate", "30000.03"), "another sample rate (30000.03 Hz, not 30000 Hz)")]
#[case::gain(|s: FileSpec| s.with("imChan0apGain", "50"), "another channel (`AP0`")]
#[case::fewer(|s: FileSpec| s.saving(97, "96,0,1", "0:95,384").with("~snsChanMap", "(384,0,1)(x;0:0)").without("~snsGeomMap"), "another number of channels (97, not 385)")]
#[case::electrode(|s: FileSpec| edited(s, "~imroTbl", "(9 0 0 0 9)", "(9 0 0 0 393)").without("~snsGeomMap"), "channel 9 is connected to another electrode (`s0e393`, not `s0e9`)")]
#[case::probe(|s: FileSpec| s.with("imDatPrb_sn", "77"), "another probe (serial number `77`, not `22405000`)")]
fn segments_that_differ_are_not_joined(#[case] change: fn(FileSpec) -> FileSpec, #[case] says: &str) {
    let desk = Desk::new();
    desk.write("run_g0", &FileSpec::np2("run_g0_t0", 0, 30));
    desk.write("run_g1", &change(FileSpec::np2("run_g1_t0", 0, 30)));
    let session = desk.open();
    let report = said(&session);
    assert!(report.lines().any(|line| line.starts_with("NOT READ") && line.contains(says)), "{report}");
    assert!(!report.contains("has no file of the stream"), "it is there: {report}");
    assert_eq!(stores(&session), ["run_imec0.ap [g0_t0]"]);
}

/// Saved channels have their own electrodes and gains.
#[test]
fn a_saved_subset_keeps_its_electrodes() {
    let desk = Desk::new();
    let spec = FileSpec::np2("run_g0_t0", 0, 30).saving(6, "5,0,1", "3:5,100,300,384");
    let map = "(384,0,1)(AP3;3:3)(AP4;4:4)(AP5;5:5)(AP100;100:100)(AP300;300:300)(SY0;384:384)";
    desk.write("", &spec.with("~snsChanMap", map).without("~snsGeomMap"));
    let session = desk.open();
    assert_eq!(said(&session), "");
    let stream = session.streams().next().unwrap();
    let contacts = &stream.probe.as_ref().unwrap().contacts;
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id.as_str()).collect();
    assert_eq!(ids, ["s0e3", "s0e4", "s0e5", "s1e4", "s3e12"]);
    assert_eq!(stream.channels[3].id, "imec0.ap#AP100");
}

/// Channels of one name would be one channel for readers.
#[test]
fn one_file_twice_is_read_once() {
    let desk = Desk::new();
    for folder in ["run_g0", "run_g0/run_g0_imec0"] {
        desk.write(folder, &FileSpec::np2("run_g0_t0", 0, 30));
    }
    let session = desk.open();
    assert_eq!(stores(&session), ["run_imec0.ap [g0_t0]"]);
    assert!(said(&session).contains("is the same stream at the same gate and trigger"), "{}", said(&session));
}

/// Files that a person renamed are known by what they say.
#[rstest]
#[case::no_gate("doppio.imec0.ap", "doppio_imec0.ap [g0_t0]")]
#[case::no_device("NP2 all channels", "NP2 all channels_imec0.ap [g0_t0]")]
fn renamed_files_are_found(#[case] stem: &str, #[case] expected: &str) {
    let desk = Desk::new();
    let mut spec =
        FileSpec::np2("run_g0_t0", 0, 30).with("fileName", "D:/data/run_g0/run_g0_t0.imec0.ap.bin");
    stem.clone_into(&mut spec.stem);
    desk.write("", &spec);
    assert_eq!(stores(&desk.open()), [expected]);
}

/// What a parser of a few kilobytes may allocate.
const ROOM: u64 = 16 << 20;

const WORDS: [&str; 20] = [
    "=",
    "~",
    "(",
    ")",
    ")(",
    ":",
    ",",
    ";",
    "-1",
    "0",
    "1e999",
    "NaN",
    "18446744073709551616",
    "4294967295",
    "all",
    "\r\n",
    "\u{0}",
    "snsApLfSy=65536,65536,65536",
    "snsSaveChanSubset=0:4294967295",
    "(1110,2,0,500,250,1)",
];

#[test]
fn fuzzed_descriptions() {
    let small = |spec: FileSpec| {
        spec.saving(4, "3,0,1", "0:2,384")
            .with("~snsChanMap", "(384,0,1)(AP0;0:0)(AP1;1:1)(AP2;2:2)(SY0;384:384)")
    };
    let texts = [
        small(FileSpec::np2("r_g0_t0", 0, 3)),
        small(FileSpec::np1("r_g0_t0", 0, "ap", 3)),
        FileSpec::np1("r_g0_t0", 0, "lf", 3),
        FileSpec::nidq("r_g0_t0", 3),
        FileSpec::obx("r_g0_t0", 0, 3),
    ]
    .map(|spec| spec.text().into_bytes());
    let corpus = Corpus::new(texts.to_vec()).with_words(&WORDS);
    let devices = ["r_g0_t0.imec0.ap", "r.imec1.lf", "r.nidq", "r.obx0.obx"]
        .map(|stem| Name::parse(stem).unwrap().device);
    fuzz("spikeglx::tests::fuzzed_descriptions", ROOM, |seed| {
        let meta = Meta::parse(&corpus.changed(seed));
        let mut taken = false;
        for device in &devices {
            let mut notes = Vec::new();
            let imro = meta.table("imroTbl").and_then(|table| Imro::parse(&table).ok());
            let Ok(columns) = Columns::of(&meta, device, &mut notes) else { continue };
            drop(gains(&meta, device, &columns, imro.as_ref(), &mut notes));
            if let (Some(imro), Some(channels)) = (&imro, &columns.channels) {
                drop(probe(&meta, imro, channels, "imec0", &mut notes));
            }
            taken = true;
        }
        taken
    });
}
