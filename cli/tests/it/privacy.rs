//! Behaviour videos never leave the rig as they are, however the path of their folder is spelt.

use adt_testkit::tree::TreeSpec;
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, Said, Tree, digest, unzipped, within};

/// What the one video shows.
const FACE: &str = "a face that nobody may see";

/// A rig with behaviour data, and a folder whose name only begins like theirs: what belongs to the modality, and what to the
/// behaviour data as it is.
fn rig(desk: &Desk) -> (Tree, Tree) {
    let few = TreeSpec { files: 5, max_size: 500, depth: 0, big_file: 0 };
    desk.tree("work/rig", &few, 1);
    desk.tree("work/rig/Videos/left", &few, 2);
    desk.tree("work/rig/Videos_extra", &few, 3);
    let mut wanted = digest(&desk.root.join("work/rig"));
    let behavior = within("Videos", &wanted);
    wanted.retain(|key, _| !key.starts_with("Videos/"));
    desk.write("work/rig/Videos/left/cam.MP4", &FACE.repeat(1000));
    (wanted, behavior)
}

#[rstest]
fn videos_are_encrypted_and_never_part_of_a_modality(
    #[values("absolute", "relative", "slash", "dots", "link", "source by a link")] spelling: &str,
    #[values("copy", "zip", "copy file", "copy temp")] way: &str,
) {
    let desk = Desk::new();
    let (wanted, plain) = rig(&desk);
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
    let job = Job::new().with("behavior_dir", behavior).with("video_encryption_password", "open sesame");
    let job = if way == "zip" { job.zip("behavior", source) } else { job.copy("behavior", source) };
    let job = match way {
        "copy file" => job.with("s3_bucket", desk.file_place()),
        "copy temp" => {
            fs::create_dir(desk.root.join("temp")).unwrap();
            job.with("temp_directory", desk.root.join("temp"))
        }
        _ => job,
    };
    desk.run(&job, &[]).ends(0);
    let asset = if way == "copy file" { desk.root.join("disk").join(ASSET) } else { desk.asset() };
    let mut sent = within("behavior", &digest(&asset));
    assert!(sent.remove("left/cam.MP4.zip").is_some(), "{:?}", sent.keys());
    let (own, behavior): (Tree, Tree) = sent.into_iter().partition(|(key, _)| !plain.contains_key(key));
    assert_eq!(behavior, plain);
    assert_eq!(if way == "zip" { inside(&desk, &asset, source) } else { own }, wanted);
    shows_no_face(&desk.root.join("store"));
    shows_no_face(&asset);
}

/// What is in the modality's zip.
fn inside(desk: &Desk, asset: &Utf8Path, source: &str) -> Tree {
    let unzipped = unzipped(&asset.join(format!("behavior/{source}.zip")), &desk.root.join("unzipped"));
    within(source, &unzipped)
}

fn shows_no_face(folder: &Utf8Path) {
    for key in digest(folder).keys() {
        let bytes = fs::read(folder.join(key)).unwrap();
        assert!(!bytes.windows(FACE.len()).any(|w| w == FACE.as_bytes()), "{key} shows the video");
    }
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

/// What is not sent, and what is sent as it is though it looks like a video, is told before anything is sent.
#[cfg(unix)]
#[test]
fn what_a_behaviour_folder_does_not_send_or_does_not_encrypt_is_told() {
    let desk = Desk::new();
    for name in ["rig/a.bin", "work/Videos/x.txt", "work/Videos/s.mkv"] {
        desk.write(name, "x");
    }
    fs::os::unix::fs::symlink(desk.root.join("elsewhere/big.mp4"), desk.root.join("work/Videos/big.mp4"))
        .unwrap();
    let job = Job::new().copy("behavior", desk.root.join("rig")).with("behavior_dir", "Videos");
    let list = desk.list(&job);
    for command in ["check", "plan", "run"] {
        let said = Said::of(&mut desk.adt(&[command, list.as_str()])).ends(0);
        said.says("behavior_dir: left out: `big.mp4`").says("go UNENCRYPTED (s.mkv)");
    }
}

/// Raw data is deleted after the upload, its behaviour folder with it.
#[test]
fn a_done_job_needs_its_behaviour_folder_no_more() {
    let desk = Desk::new();
    let source = desk.small_tree("rig");
    desk.write("videos/cam.mp4", FACE);
    let job = Job::new()
        .copy("behavior", &source)
        .with("behavior_dir", desk.root.join("videos"))
        .with("video_encryption_password", "open sesame");
    desk.run(&job, &[]).ends(0);
    fs::remove_dir_all(desk.root.join("videos")).unwrap();
    desk.run(&job, &[]).ends(0).says("skipped");
    let fresh = job.with("subject_id", "2");
    desk.run(&fresh, &[]).ends(2).says("behavior_dir");
}
