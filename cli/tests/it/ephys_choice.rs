//! A person chooses which recordings are stored; what is not chosen is named wherever one looks.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Job, Said, differing, digest},
    ephys_session::{NODE, Readers, Rig, dat, np1},
};

const A: &str = "Neuropix-PXI-100.ProbeA";
const B: &str = "Neuropix-PXI-100.ProbeB";
const NI: &str = "NI-DAQmx-103.PXIe-6341";

/// Two experiments with two probes of 6 channels and a device with 3 inputs.
fn rig() -> Rig {
    let rig = Rig::new();
    for number in [(1, 1), (2, 1)] {
        let probe = |name| StreamSpec::probe(name, 6, 120).with_sync("SYNC");
        rig.record(NODE, number, Gui::V06, &[probe(A), probe(B), StreamSpec::ni_daq(3, 90)]);
    }
    rig
}

fn store(experiment: u64, stream: &str) -> String {
    format!("experiment{experiment}_{NODE}#{stream}.zarr")
}

fn stores(rig: &Rig) -> Vec<String> {
    let entries = fs::read_dir(rig.stores()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

fn asset(rig: &Rig) -> Utf8PathBuf {
    rig.stores().parent().unwrap().to_owned()
}

#[rstest]
#[case::own_name(&["--streams", "ProbeA"], vec![store(1, A), store(2, A)])]
#[case::folder(&["--streams", B], vec![store(1, B), store(2, B)])]
#[case::whole_name(&["--streams", "Record Node 101#NI-DAQmx-103.PXIe-6341"], vec![store(1, NI), store(2, NI)])]
#[case::pattern(&["--streams", "*Probe[AB]"], vec![store(1, A), store(1, B), store(2, A), store(2, B)])]
#[case::two_flags(&["--streams", "ProbeA", "--streams", "PXIe-*"], vec![store(1, NI), store(1, A), store(2, NI), store(2, A)])]
#[case::commas(&["--streams", "ProbeA,ProbeB", "--experiments", "2"], vec![store(2, A), store(2, B)])]
#[case::experiment(&["--experiments", "experiment1"], vec![store(1, NI), store(1, A), store(1, B)])]
#[case::channels_of_one_device(&["--channels", "AI0"], vec![store(1, NI), store(2, NI)])]
fn what_is_chosen_becomes_stores_and_the_rest_is_named(#[case] flags: &[&str], #[case] chosen: Vec<String>) {
    let rig = rig();
    let said = rig.compress(flags).ends(0);
    assert_eq!(stores(&rig), chosen);
    for experiment in [1, 2] {
        for stream in [A, B, NI] {
            let name = store(experiment, stream);
            let text = format!("not stored: `{}`", name.trim_end_matches(".zarr"));
            assert_eq!(said.stderr.contains(&text), !chosen.contains(&name), "{name}: {said:#?}");
        }
    }
    // Nothing passes for what is not there.
    let (again, from) = (rig.desk.root.join("again"), asset(&rig));
    Said::of(&mut rig.desk.adt(&["ephys", "verify", from.as_str()])).ends(0).says("NOT IN THE ASSET");
    let said = Said::of(&mut rig.desk.adt(&["ephys", "restore", from.as_str(), again.as_str()])).ends(1);
    let missing = differing(&digest(&rig.session), &digest(&again));
    assert!(!missing.is_empty() && missing.iter().all(|key| key.ends_with("continuous.dat")), "{missing:?}");
    for key in missing {
        assert!(!again.join(&key).exists(), "{key}");
        assert!(
            said.stdout.contains(&format!("NOT IN THE ASSET: `{key}`")) || flags[0] == "--channels",
            "{key}: {said:#?}"
        );
    }
}

#[rstest]
#[case::stream(&["--streams", "ProbeC"], "`streams`: `ProbeC` matches nothing", "Record Node 101#Neuropix-PXI-100.ProbeA")]
#[case::pattern(&["--streams", "ProbeA,*Probe[CD]"], "`streams`: `*Probe[CD]` matches nothing", "the streams are: ")]
#[case::experiment(&["--experiments", "3"], "`experiments`: `3` matches nothing", "the experiments are: experiment1, experiment2")]
#[case::channel(&["--streams", "ProbeA", "--channels", "AI0"], "`channels`: `AI0` matches nothing", "the channels are: CH1, CH2")]
#[case::sync_is_not_a_channel_to_choose(&["--channels", "SYNC"], "`channels`: `SYNC` matches nothing", "the channels are: ")]
fn a_name_that_matches_nothing_is_a_problem_that_names_what_exists(
    #[case] flags: &[&str],
    #[case] says: &str,
    #[case] help: &str,
) {
    let rig = rig();
    rig.compress(flags).ends(2).says(says).says(help);
    assert!(!rig.stores().exists());
}

#[rstest]
fn chosen_channels_are_those_of_the_source(
    #[values(Readers::Original, Readers::Today)] readers: Readers,
    #[values("exact", "none")] lsb: &str,
) {
    let rig = Rig::new();
    let stream = StreamSpec::probe(A, 384, 300).with_sync("SYNC");
    rig.record(NODE, (1, 1), Gui::V06, &[stream]);
    rig.settings("settings.xml", &["ProbeA"], &[np1("ProbeA")]);
    rig.compress(&["--channels", "CH1,CH30?,CH7", "--lsb", lsb])
        .ends(0)
        .says("of 384 channels of `experiment1_");
    let ids = [
        "CH1", "CH7", "CH300", "CH301", "CH302", "CH303", "CH304", "CH305", "CH306", "CH307", "CH308",
        "CH309",
    ];
    let (store, name) = (rig.stores().join(store(1, A)), format!("{NODE}#{A}"));
    let args = [&[rig.session.as_str(), store.as_str(), &name][..], &ids[..]].concat();
    assert_eq!(readers.run("chosen.py", &args), "12");
    let (from, again) = (asset(&rig), rig.desk.root.join("again"));
    Said::of(&mut rig.desk.adt(&["ephys", "restore", from.as_str(), again.as_str()]))
        .ends(1)
        .says("372 of 385 channels were not chosen by `channels` (first `CH2`)");
    Said::of(&mut rig.desk.adt(&["ephys", "verify", from.as_str()])).ends(0);
}

#[test]
fn a_broken_stream_that_is_not_chosen_does_not_fail_the_job() {
    let rig = rig();
    let recording = rig.session.join(NODE).join("experiment2/recording1");
    fs::remove_file(dat(&recording, B)).unwrap();
    rig.compress(&["--streams", "ProbeB"]).ends(1);
    fs::remove_dir_all(asset(&rig)).unwrap();
    rig.compress(&["--streams", "ProbeA", "--force"]).ends(0);
    assert_eq!(stores(&rig), [store(1, A), store(2, A)]);
}

#[test]
fn a_job_chooses_in_its_configuration_and_its_record_says_so() {
    let rig = rig();
    let config = rig.desk.write("ephys.yaml", "streams: ['*ProbeA']\nexperiments: 1\nchannels: [CH1, CH2]\n");
    let job = Job::new()
        .with("modality0", "ecephys")
        .with("modality0.source", &rig.session)
        .with("modality0.extra_configs", &config);
    let list = rig.desk.list(&job);
    let plan = Said::of(&mut rig.desk.adt(&["plan", list.as_str()])).ends(0).says("compress 1 stream");
    for told in
        ["not chosen by `streams`", "not chosen by `experiments`", "4 of 6 channels of", "CH3, CH4, CH5, CH6"]
    {
        assert!(plan.stdout.contains(told), "{told}: {plan:#?}");
    }
    Said::of(&mut rig.desk.adt(&["check", list.as_str()])).ends(0).says("not chosen by `streams`");
    rig.desk.run(&job, &[]).ends(0).says("not chosen by `streams`");
    let text = fs::read_to_string(rig.desk.asset().join("processing.json")).unwrap();
    assert!(text.contains("not chosen by `streams`") && text.contains("\"chosen\""), "{text}");
    let config = rig.desk.write("slip.yaml", "streams: ['*ProbeX']\n");
    let job = Job::new()
        .with("modality0", "ecephys")
        .with("modality0.source", &rig.session)
        .with("modality0.extra_configs", &config);
    let list = rig.desk.list(&job);
    let said = Said::of(&mut rig.desk.adt(&["check", list.as_str()])).ends(2);
    said.says("`streams`: `*ProbeX` matches nothing").says("Record Node 101#Neuropix-PXI-100.ProbeA");
}
