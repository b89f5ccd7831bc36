//! A session in a bucket is compressed as one on a disk is.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Said, differing, digest},
    ephys_session::{AP, NODE, Rig},
};

const RAW: &str = "s3://recordings/raw/day/session";

fn rig() -> (Rig, Utf8PathBuf) {
    let rig = Rig::new();
    rig.record(
        NODE,
        (1, 1),
        Gui::V06,
        &[StreamSpec::probe(AP, 16, 900).with_sync("SYNC"), StreamSpec::ni_daq(3, 90)],
    );
    Said::of(&mut rig.desk.adt(&["copy", rig.session.as_str(), RAW])).ends(0);
    let work = rig.desk.root.join("scratch");
    (rig, work)
}

fn compress(rig: &Rig, from: &str, to: &str, flags: &[&str]) -> Said {
    Said::of(&mut rig.desk.adt(&[&["ephys", "compress", from, to], flags].concat()))
}

#[rstest]
#[case::to_a_folder("made")]
#[case::to_a_bucket("s3://recordings/made")]
fn a_session_in_a_bucket_comes_back_byte_for_byte(#[case] to: &str) {
    let (rig, work) = rig();
    let to = if to.contains(':') { to.to_owned() } else { rig.desk.root.join(to).to_string() };
    let raw = digest(&rig.desk.root.join("store/recordings/raw"));
    compress(&rig, RAW, &to, &["--work-folder", work.as_str()]).ends(0);
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0, "the download is removed");
    assert_eq!(digest(&rig.desk.root.join("store/recordings/raw")), raw);
    let again = rig.desk.root.join("again");
    Said::of(&mut rig.desk.adt(&["ephys", "restore", &to, again.as_str()])).ends(0);
    assert_eq!(differing(&digest(&rig.session), &digest(&again)), Vec::<String>::new());
}

#[rstest]
#[case::nothing("s3://recordings/raw/other", "there is nothing below")]
#[case::no_recording("s3://recordings/texts", "holds no recording of Open Ephys or SpikeGLX")]
#[case::made("s3://recordings/made", "compressed or clipped already")]
fn nothing_is_downloaded_that_cannot_be_compressed(#[case] from: &str, #[case] says: &str) {
    let (rig, work) = rig();
    fs::create_dir_all(rig.desk.root.join("store/recordings/texts")).unwrap();
    fs::write(rig.desk.root.join("store/recordings/texts/a.txt"), "a").unwrap();
    Said::of(&mut rig.desk.adt(&["ephys", "compress", rig.session.as_str(), "s3://recordings/made"])).ends(0);
    let to = rig.desk.root.join("x");
    compress(&rig, from, to.as_str(), &["--work-folder", work.as_str()]).ends(2).says(says);
    assert!(!work.exists() && !to.exists());
}

#[test]
fn a_download_is_kept_when_the_work_fails_and_used_again() {
    let (rig, work) = rig();
    let to = rig.desk.root.join("made");
    let flags = ["--work-folder", work.as_str()];
    compress(&rig, RAW, to.as_str(), &[&flags[..], &["--streams", "ProbeX"]].concat())
        .ends(2)
        .says("the download is kept in");
    let kept = fs::read_dir(&work).unwrap().count();
    assert_eq!(kept, 1);
    let before = rig.desk.tally().count("GetObject");
    compress(&rig, RAW, to.as_str(), &flags).ends(0);
    assert_eq!(rig.desk.tally().count("GetObject"), before);
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
}
