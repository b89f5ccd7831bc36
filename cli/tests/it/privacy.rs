//! Behaviour data inside a modality's folder never leaves the rig as it is, however its path is spelt.

use adt_testkit::tree::TreeSpec;
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, Tree, digest, unzipped, within};

/// A rig with videos to leave out, and a folder whose name only begins like theirs.
fn rig(desk: &Desk) -> Tree {
    let few = TreeSpec { files: 5, max_size: 500, depth: 0, big_file: 0 };
    desk.tree("work/rig", &few, 1);
    desk.tree("work/rig/Videos/left", &few, 2);
    desk.tree("work/rig/Videos_extra", &few, 3);
    let mut wanted = digest(&desk.root.join("work/rig"));
    wanted.retain(|key, _| !key.starts_with("Videos/"));
    wanted
}

#[rstest]
fn behaviour_data_is_left_out(
    #[values("absolute", "relative", "slash", "dots", "link", "source by a link")] spelling: &str,
    #[values("copy", "zip", "copy file", "copy temp")] way: &str,
) {
    let desk = Desk::new();
    let wanted = rig(&desk);
    let rig = desk.root.join("work/rig");
    #[cfg(unix)]
    {
        fs::os::unix::fs::symlink(rig.join("Videos"), desk.root.join("link")).unwrap();
        fs::os::unix::fs::symlink(&rig, desk.root.join("work/rig link")).unwrap();
    }
    let behavior = match spelling {
        "relative" => "rig/Videos".to_owned(),
        "slash" => format!("{rig}/Videos/"),
        "dots" => format!("{rig}/./Videos_extra/../Videos"),
        "link" => desk.root.join("link").into_string(),
        _ => rig.join("Videos").into_string(),
    };
    let source = if spelling == "source by a link" { "rig link" } else { "rig" };
    let job = Job::new().with("behavior_dir", behavior);
    let job = if way == "zip" { job.zip("behavior", source) } else { job.copy("behavior", source) };
    let job = match way {
        "copy file" => job.with("s3_bucket", desk.file_place()),
        "copy temp" => {
            fs::create_dir(desk.root.join("temp")).unwrap();
            job.with("temp_directory", desk.root.join("temp"))
        }
        _ => job,
    };
    desk.run(&job, &[]).ends(0).says("left out");
    let asset = if way == "copy file" { desk.root.join("disk").join(ASSET) } else { desk.asset() };
    assert_eq!(sent(&desk, &asset, source, way == "zip"), wanted);
}

fn sent(desk: &Desk, asset: &Utf8Path, source: &str, zipped: bool) -> Tree {
    if !zipped {
        return within("behavior", &digest(asset));
    }
    let unzipped = unzipped(&asset.join(format!("behavior/{source}.zip")), &desk.root.join("unzipped"));
    within(source, &unzipped)
}

#[rstest]
#[case::the_folder_itself("rig/Videos")]
#[case::a_folder_inside("rig/Videos/left")]
fn a_modality_that_is_behaviour_data_is_refused(#[case] source: &str) {
    let desk = Desk::new();
    rig(&desk);
    let job = Job::new().copy("behavior", source).with("behavior_dir", "rig/Videos/");
    desk.run(&job, &[]).ends(2).says("behavior_dir");
    assert!(!desk.asset().exists());
}
