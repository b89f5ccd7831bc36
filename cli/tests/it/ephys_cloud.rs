//! Stores in a bucket, as a job sends them there.

use adt_testkit::open_ephys::{Gui, StreamSpec};
use rstest::rstest;

use crate::{
    desk::{ASSET, Job, SECRET_KEY},
    ephys_session::{AP, NODE, Readers, Rig},
};

/// The names of the stores have a space and a `#` in them.
#[rstest]
fn spikeinterface_loads_the_stores_of_a_job_from_s3(
    #[values(Readers::Original, Readers::Today)] readers: Readers,
) {
    let rig = Rig::new();
    for number in [(1, 1), (1, 2)] {
        let streams = [StreamSpec::probe(AP, 12, 300).with_sync("AP_SYNC"), StreamSpec::ni_daq(3, 200)];
        rig.record(NODE, number, Gui::V06, &streams);
    }
    let job = Job::new().with("modality0", "ecephys").with("modality0.source", &rig.session);
    rig.desk.run(&job, &[]).ends(0);
    let folder = rig.desk.asset().join("ecephys_compressed");
    let url = format!("s3://recordings/{ASSET}/ecephys_compressed");
    let said = readers
        .run("cloud.py", &[rig.session.as_str(), folder.as_str(), &url, &rig.desk.endpoint(), SECRET_KEY]);
    assert_eq!(said, "2");
}
