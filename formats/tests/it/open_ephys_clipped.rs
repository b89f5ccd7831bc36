//! The clipped copy of a session, as a plan.

use std::collections::BTreeMap;

use adt_formats::{
    folder::Rules,
    open_ephys::{Content, Session, clipped},
};
use adt_model::Idle;
use adt_testkit::{
    open_ephys::{Gui, ProbeSpec, StreamSpec, settings},
    tree,
};
use std::fs;

use crate::open_ephys::{NODE, PROBE, Rig};

fn plan(session: &Session, frames: u64) -> BTreeMap<String, Content> {
    clipped(session, frames)
        .map(|file| file.unwrap())
        .map(|file| (file.key.to_string(), file.content))
        .collect()
}

fn dat(node: &str, recording: u64, stream: &str) -> String {
    format!("{node}/experiment1/recording{recording}/continuous/{stream}/continuous.dat")
}

#[test]
fn everything_is_copied_of_samples_the_beginning() {
    let rig = Rig::new();
    rig.record(
        NODE,
        (1, 1),
        Gui::V06,
        &[StreamSpec::probe(PROBE, 6, 300).with_sync("AP_SYNC"), StreamSpec::ni_daq(8, 40)],
    );
    rig.record("Record Node 99", (1, 1), Gui::V06, &[StreamSpec::probe(PROBE, 4, 300)]);
    fs::create_dir_all(rig.root().join("Videos/empty")).unwrap();
    fs::write(rig.root().join("other.dat"), "1234567").unwrap();
    let before = tree::digest(rig.root()).unwrap();
    let plan = plan(&rig.open(), 100);
    let first = |columns, frames| Some(Content::FirstFrames { columns, frames });
    assert_eq!(plan.get(&dat(NODE, 1, PROBE)).cloned(), first(7, 100));
    assert_eq!(plan.get(&dat(NODE, 1, "NI-DAQmx-103.PXIe-6341")).cloned(), first(8, 40));
    assert_eq!(plan.get(&dat("Record Node 99", 1, PROBE)).cloned(), first(4, 100));
    let whole = plan.values().filter(|content| **content == Content::Whole).count();
    assert_eq!(whole, plan.len() - 3);
    assert!(plan.contains_key("other.dat") && plan.contains_key("Videos/empty"));
    let files: Vec<_> = plan.keys().filter(|key| *key != "Videos/empty").collect();
    assert_eq!(files, before.keys().collect::<Vec<_>>());
    assert_eq!(tree::digest(rig.root()).unwrap(), before);
}

#[test]
fn what_belongs_elsewhere_is_left_out() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(PROBE, 6, 300)]);
    fs::create_dir_all(rig.root().join("behavior/deep")).unwrap();
    fs::write(rig.root().join("behavior/deep/video.avi"), "1").unwrap();
    let rules = Rules::without(vec![rig.root().join("behavior")]);
    let session = Session::open(rig.root(), &rules, &Idle).unwrap();
    assert!(plan(&session, 100).keys().all(|key| !key.starts_with("behavior")));
}

#[test]
fn samples_of_a_stream_that_is_not_read_are_copied_whole() {
    let rig = Rig::new();
    let folder =
        rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(PROBE, 6, 300), StreamSpec::ni_daq(8, 300)]);
    rig.record(NODE, (1, 2), Gui::V06, &[StreamSpec::probe(PROBE, 6, 300)]);
    fs::write(rig.root().join(NODE).join("experiment1/recording2/structure.oebin"), "{").unwrap();
    let dat_file = folder.join("continuous").join(PROBE).join("continuous.dat");
    fs::write(&dat_file, &fs::read(&dat_file).unwrap()[..3595]).unwrap();
    let plan = plan(&rig.open(), 1000);
    assert_eq!(plan[&dat(NODE, 2, PROBE)], Content::Whole);
    // An unfinished frame would make the copy unreadable.
    assert_eq!(plan[&dat(NODE, 1, PROBE)], Content::FirstFrames { columns: 6, frames: 299 });
}

#[test]
fn wrong_settings_are_put_right_beside_their_original() {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(PROBE, 384, 20)]);
    let mut probe = ProbeSpec::new("ProbeA", "NP1300", 384, (11.0, 32.0, 20.0));
    probe.headstage = "NPM_HS_OPTO".to_owned();
    let wrong = settings("0.6.4", "0.4.0", &["ProbeA"], &[probe]);
    let path = rig.root().join(NODE).join("settings.xml");
    fs::write(&path, &wrong).unwrap();
    fs::write(rig.root().join("rig.xml"), "<rig>OPTO</rig>").unwrap();
    let before = tree::digest(rig.root()).unwrap();
    let session = rig.open();
    let probe = session.experiments[0].streams[0].probe.as_ref().unwrap();
    assert_eq!((probe.contacts[1].x as i64, probe.contacts[383].y as i64), (48, 3820));
    let plan = plan(&session, 100);
    let Content::Replaced(right) = &plan["Record Node 101/settings.xml"] else { panic!("not replaced") };
    assert!(right.contains("CH1=\"59\"") && right.contains("<!-- made for a test -->"));
    assert_eq!(plan["Record Node 101/settings.xml.wrong"], Content::Whole);
    assert_eq!(plan["rig.xml"], Content::Whole);
    assert_eq!(tree::digest(rig.root()).unwrap(), before);
    // Put right already, by somebody before us.
    fs::write(&path, right).unwrap();
    assert_eq!(self::plan(&rig.open(), 100)["Record Node 101/settings.xml"], Content::Whole);
}
