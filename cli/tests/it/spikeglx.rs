//! Sessions of SpikeGLX: into stores that both generations of spikeinterface load, and back byte for byte.

use adt_testkit::{
    open_ephys::{Gui, StreamSpec},
    spikeglx::FileSpec,
};
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Job, Said, differing, digest, under, within},
    ephys_session::{NODE, Readers, Rig},
};

/// Writes files into a folder of the session.
fn write(rig: &Rig, folder: &str, files: &[FileSpec]) -> Vec<Utf8PathBuf> {
    files.iter().map(|file| file.write(&rig.session.join(folder)).unwrap()).collect()
}

/// Both bands of a probe, a probe with four shanks, a NI-DAQ device and a OneBox; two gates, the second with two triggers.
fn everything(rig: &Rig) {
    for (part, frames) in [("run_g0_t0", 900), ("run_g1_t0", 300), ("run_g1_t1", 120)] {
        let folder = &part[..6];
        let first = (305_280 + 40 * frames).to_string();
        let files = [FileSpec::nidq(part, frames), FileSpec::obx(part, 0, frames)];
        write(rig, folder, &files.map(|file| file.with("firstSample", &first)));
        let bands = [FileSpec::np1(part, 0, "ap", frames), FileSpec::np1(part, 0, "lf", frames / 12)];
        write(rig, &format!("{folder}/{folder}_imec0"), &bands.map(|file| file.with("firstSample", &first)));
        write(rig, &format!("{folder}/{folder}_imec1"), &[FileSpec::np2(part, 1, frames)]);
    }
}

/// Files of a run beside each other, as SpikeGLX wrote them before it had folders of runs.
fn flat(rig: &Rig) {
    write(rig, "", &[FileSpec::nidq("flat_g0_t0", 200), FileSpec::np2("flat_g0_t0", 0, 200)]);
}

/// Some channels were saved only, of a probe with other gains for them.
fn subsets(rig: &Rig) {
    let map = "(384,384,1)(AP3;3:3)(AP4;4:4)(AP200;200:200)(SY0;768:768)";
    let some =
        FileSpec::np1("run_g0_t0", 0, "ap", 300).saving(4, "3,0,1", "3:4,200,768").with("~snsChanMap", map);
    let map = "(384,0,1)(AP96;96:96)(AP97;97:97)(AP300;300:300)(AP301;301:301)(SY0;384:384)";
    let more = FileSpec::np2("run_g0_t0", 1, 300)
        .saving(5, "4,0,1", "96:97,300:301,384")
        .with("~snsChanMap", map)
        .without("~snsGeomMap");
    write(rig, "run_g0", &[some, more]);
}

/// No status word was saved; one channel of the inputs is left.
fn without_sync(rig: &Rig) {
    let map = "(384,0,1)(AP0;0:0)(AP1;1:1)";
    let mut probe = FileSpec::np2("run_g0_t0", 0, 200)
        .saving(2, "2,0,0", "0:1")
        .with("~snsChanMap", map)
        .without("~snsGeomMap");
    probe.words = 0;
    write(rig, "run_g0", &[probe, FileSpec::nidq("run_g0_t0", 99)]);
}

/// `expected` is what each generation of readers counts: stream, segments, electrodes. Streams that the two of them do not read, or not rightly,
/// are compared with the files alone: neo 0.13 does not read sessions with a `OneBox`, neo 0.14 takes the last column of a probe's file for a
/// status word even if none was saved.
#[rstest]
#[case::everything(
    everything,
    "imec0.ap 3 384, imec0.lf 3 384, imec1.ap 3 384, nidq 3 0, obx0 3 0",
    ["", "imec0.ap imec0.lf imec1.ap nidq obx0"]
)]
#[case::flat(flat, "imec0.ap 1 384, nidq 1 0", ["", ""])]
#[case::bands(bands, "imec3.ap 1 384, imec3.lf 1 384", ["", ""])]
#[case::subsets(subsets, "imec0.ap 1 3, imec1.ap 1 4", ["", ""])]
#[case::without_sync(without_sync, "imec0.ap 1 2, nidq 1 0", ["imec0.ap", "imec0.ap"])]
fn spikeinterface_finds_in_the_stores_what_it_reads(
    #[case] session: fn(&Rig),
    #[case] expected: &str,
    #[case] unread: [&str; 2],
) {
    let rig = Rig::new();
    session(&rig);
    rig.compress(&["--lsb", "none", "--chunk-duration", "10ms"]).ends(0);
    let [root, stores] = [&rig.session, &rig.stores()].map(ToString::to_string);
    for (readers, unread) in [Readers::Today, Readers::Original].into_iter().zip(unread) {
        let arguments: Vec<&str> =
            [root.as_str(), &stores].into_iter().chain(unread.split_whitespace()).collect();
        let said = readers.run("spikeglx.py", &arguments);
        assert_eq!(said, expected, "{readers:?}");
    }
}

/// Every part that probeinterface knows, with electrodes chosen by chance; the kind of the table named by part and by number.
#[rstest]
fn every_part_has_the_electrodes_of_probeinterface(#[values("new", "old")] kind: &str) {
    let rig = Rig::new();
    let root = rig.session.as_str();
    let parts = Readers::Today.run("spikeglx_parts.py", &["make", root, kind]);
    rig.compress(&["--lsb", "none"]).ends(0);
    let equal = Readers::Today.run("spikeglx_parts.py", &["compare", root, rig.stores().as_str()]);
    assert_eq!((equal.as_str(), parts.parse::<u32>().unwrap() > 50), (parts.as_str(), true));
}

/// The two bands of a probe alone, one gate.
fn bands(rig: &Rig) {
    write(rig, "r_g4", &[FileSpec::np1("r_g4_t0", 3, "ap", 240), FileSpec::np1("r_g4_t0", 3, "lf", 20)]);
}

#[rstest]
#[case::everything(everything, &[])]
#[case::flat(flat, &[])]
#[case::subsets(subsets, &["--codec", "blosc"])]
#[case::without_sync(without_sync, &["--codec", "zstd", "--lsb", "none"])]
#[case::cut_off(cut_off, &[])]
#[case::both_programs(both_programs, &[])]
#[case::renamed(renamed, &[])]
fn a_session_comes_back_byte_for_byte(#[case] session: fn(&Rig), #[case] flags: &[&str]) {
    let rig = Rig::new();
    session(&rig);
    fs::write(rig.session.join("run.missed_samples.imec0.txt"), "10,20\n").unwrap();
    let before = digest(&rig.session);
    rig.compress(&[flags, &["--chunk-duration", "10ms"]].concat()).ends(0);
    let again = rig.desk.root.join("again");
    restore(&rig, &again).ends(0).says("byte for byte");
    assert_eq!(differing(&before, &digest(&again)), Vec::<String>::new());
    assert_eq!(differing(&before, &digest(&rig.session)), Vec::<String>::new());
}

fn restore(rig: &Rig, to: &Utf8PathBuf) -> Said {
    let asset = rig.stores().parent().unwrap().to_owned();
    Said::of(&mut rig.desk.adt(&["ephys", "restore", asset.as_str(), to.as_str()]))
}

/// A file that ends inside a frame, an empty one, and one whose `.meta` was not finished.
fn cut_off(rig: &Rig) {
    let interrupted =
        |spec: FileSpec| spec.without("fileSizeBytes").without("fileTimeSecs").without("fileSHA1");
    let begun = interrupted(FileSpec::np2("a run_g0_t1", 0, 300));
    let files = write(rig, "a run_g0", &[FileSpec::np2("a run_g0_t0", 0, 300), begun]);
    let bytes = fs::read(&files[0]).unwrap();
    fs::write(&files[0], &bytes[..bytes.len() - 77]).unwrap();
    fs::write(&files[1], []).unwrap();
    write(rig, "a run_g0", &[interrupted(FileSpec::nidq("a run_g0_t0", 70))]);
}

/// One folder with recordings of Open Ephys and of SpikeGLX.
fn both_programs(rig: &Rig) {
    flat(rig);
    rig.record(
        NODE,
        (1, 1),
        Gui::V06,
        &[StreamSpec::probe("Neuropix-PXI-100.ProbeA", 6, 90).with_sync("SYNC")],
    );
}

/// Names that SpikeGLX does not give.
fn renamed(rig: &Rig) {
    let mut file = FileSpec::np2("run_g0_t0", 0, 400).with("fileName", "D:/run_g0/run_g0_t0.imec0.ap.bin");
    "mouse 7, best".clone_into(&mut file.stem);
    write(rig, "", &[file]);
}

/// The clipped copy is a session that today's readers open, with the first frames only.
#[test]
fn the_clipped_copy_is_the_session_but_short() {
    let rig = Rig::new();
    everything(&rig);
    rig.compress(&["--clip-frames", "50", "--chunk-duration", "10ms"]).ends(0);
    let (whole, mut short) = (digest(&rig.session), digest(&rig.clipped()));
    assert!(short.remove("adt_session_files.json").is_some());
    assert!(whole.keys().eq(short.keys()));
    let changed = differing(&whole, &short);
    assert!(changed.iter().all(|key| key.rsplit('.').next() == Some("bin")), "{changed:?}");
    assert_eq!(short["run_g0/run_g0_imec0/run_g0_t0.imec0.ap.bin"].0, 50 * 2 * 385);
    assert_eq!(short["run_g1/run_g1_imec0/run_g1_t1.imec0.lf.bin"].0, 10 * 2 * 385);
}

/// What `adt ephys info` shows.
#[test]
fn a_session_is_described() {
    let rig = Rig::new();
    everything(&rig);
    let said = Said::of(&mut rig.desk.adt(&["ephys", "info", rig.session.as_str()])).ends(0);
    let words: Vec<Vec<&str>> = said.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = |stream: &str| words.iter().find(|row| row.get(1) == Some(&stream)).unwrap().join(" ");
    assert!(row("imec0.ap").starts_with("run imec0.ap 384 + 1 sync 30 kHz 3 "), "{}", said.stdout);
    assert!(row("imec1.ap").contains("imec1 (NP2013)"), "{}", said.stdout);
    assert!(row("nidq").starts_with("run nidq 8 analog + 1 digital 30 kHz 3 "), "{}", said.stdout);
    assert!(
        row("obx0").starts_with("run obx0 12 analog + 1 digital + 1 sync 30.303 kHz 3 "),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("5 streams in 3 recordings of SpikeGLX 20230815"), "{}", said.stdout);
}

/// A job of a list does the same as the command.
#[test]
fn a_job_of_a_list_compresses_a_run() {
    let rig = Rig::new();
    flat(&rig);
    let job = Job::new().with("modality0", "ecephys").with("modality0.source", &rig.session);
    rig.desk.run(&job, &[]).ends(0).says("2 stores");
    let asset = digest(&rig.desk.asset());
    for store in ["flat_imec0.ap", "flat_nidq"] {
        assert!(asset.contains_key(&format!("ecephys_compressed/{store}.zarr/.zgroup")), "{store}");
    }
    let clipped = within("ecephys_clipped", &asset);
    assert_eq!(clipped["flat_g0_t0.imec0.ap.meta"], digest(&rig.session)["flat_g0_t0.imec0.ap.meta"]);
}

/// A session in a bucket is read as one on a disk is.
#[test]
fn a_session_in_a_bucket_comes_back_byte_for_byte() {
    let rig = Rig::new();
    everything(&rig);
    let raw = "s3://recordings/raw/session";
    let adt = |args: &[&str]| Said::of(&mut rig.desk.adt(args));
    adt(&["copy", rig.session.as_str(), raw]).ends(0);
    let [made, again] = ["made", "again"].map(|name| rig.desk.root.join(name));
    adt(&["ephys", "compress", raw, made.as_str(), "--chunk-duration", "10ms"]).ends(0);
    restore(&rig, &again).ends(0).says("byte for byte");
    assert_eq!(differing(&digest(&rig.session), &digest(&again)), Vec::<String>::new());
}

/// A file that cannot be read is reported, the others are saved, and the program ends with 1.
#[rstest]
#[case::no_meta("meta", None, "its `.meta` file is missing")]
#[case::no_samples("bin", None, "its `.bin` file is missing")]
#[case::compressed("bin", Some("cbin"), "is compressed by mtscomp, which is not read")]
fn one_file_that_is_not_read_loses_no_other(
    #[case] ending: &str,
    #[case] renamed: Option<&str>,
    #[case] says: &str,
) {
    let rig = Rig::new();
    flat(&rig);
    let path = rig.session.join(format!("flat_g0_t0.imec0.ap.{ending}"));
    match renamed {
        Some(other) => fs::rename(&path, path.with_extension(other)).unwrap(),
        None => fs::remove_file(&path).unwrap(),
    }
    rig.compress(&[]).ends(1).says(says);
    let stores = digest(&rig.stores());
    assert!(stores.keys().all(|key| key.starts_with("flat_nidq.zarr/")) && !stores.is_empty());
    // What is in no store is whole in the clipped copy.
    let clipped = digest(&rig.clipped());
    let others = digest(&rig.session).into_iter().filter(|(key, _)| !key.ends_with("nidq.bin"));
    assert!(others.into_iter().all(|(key, stat)| clipped[&key] == stat));
}

/// A part of a file never passes for the whole: what only the clipped copy has is not restored.
#[rstest]
#[case::usual_name(flat, "flat_imec0.ap.zarr", "flat_g0_t0.imec0.ap.bin")]
#[case::another_name(renamed, "mouse 7, best_imec0.ap.zarr", "mouse 7, best.bin")]
fn a_lost_store_is_not_made_up_for_by_its_first_frames(
    #[case] session: fn(&Rig),
    #[case] store: &str,
    #[case] file: &str,
) {
    let rig = Rig::new();
    session(&rig);
    write(&rig, "other_g0", &[FileSpec::nidq("other_g0_t0", 200)]);
    rig.compress(&[]).ends(0);
    fs::remove_dir_all(rig.stores().join(store)).unwrap();
    let again = rig.desk.root.join("again");
    restore(&rig, &again).ends(1).says("the clipped copy may hold its first frames only");
    assert!(!again.join(file).exists());
    // Assets of earlier versions have no list of the session's files.
    fs::remove_file(rig.clipped().join("adt_session_files.json")).unwrap();
    restore(&rig, &again).ends(1).says("the clipped copy may hold its first frames only");
    assert!(!again.join(file).exists());
}

/// Streams and channels of SpikeGLX are chosen as those of Open Ephys are.
#[rstest]
#[case::bands(&["--streams", "*.ap"], &["run_imec0.ap.zarr", "run_imec1.ap.zarr"])]
#[case::one_device(&["--streams", "nidq", "--experiments", "run"], &["run_nidq.zarr"])]
#[case::channels(&["--channels", "AP?"], &["run_imec0.ap.zarr", "run_imec1.ap.zarr"])]
fn streams_can_be_chosen(#[case] flags: &[&str], #[case] chosen: &[&str]) {
    let rig = Rig::new();
    everything(&rig);
    rig.compress(&[flags, &["--chunk-duration", "10ms"]].concat()).ends(0).says("not stored: `run_obx0`");
    let stores: std::collections::BTreeSet<_> =
        digest(&rig.stores()).into_keys().map(|key| key.split('/').next().unwrap().to_owned()).collect();
    assert!(stores.iter().eq(chosen), "{stores:?}");
    let made = rig.stores().parent().unwrap().to_string();
    Said::of(&mut rig.desk.adt(&["ephys", "verify", &made])).ends(0).says("NOT IN THE ASSET");
    restore(&rig, &rig.desk.root.join("again"))
        .ends(1)
        .says("NOT IN THE ASSET: `run_g0/run_g0_t0.obx0.obx.bin`");
}

/// The same stores come of a session that is read a second time, and nothing is sent again.
#[test]
fn a_second_run_sends_nothing() {
    let rig = Rig::new();
    flat(&rig);
    rig.compress(&[]).ends(0);
    let before = under("made", &digest(rig.stores().parent().unwrap()));
    rig.compress(&["--force"]).ends(0);
    assert_eq!(
        differing(&before, &under("made", &digest(rig.stores().parent().unwrap()))),
        Vec::<String>::new()
    );
}
