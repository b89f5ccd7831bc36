//! Links in source folders, folders without files, and what is not uploaded: an asset is never called done without saying what it lacks.

#![cfg(unix)]

use camino::Utf8Path;
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use rstest::rstest;
use serde_json::Value;

use crate::{
    desk::{ASSET, Desk, Job, RECORD, Said, digest, unzipped, within},
    shares::DESTINATION,
};

const FACE: &str = "a face that must not be seen";

/// Keys of an asset without its documents.
fn keys(asset: &Utf8Path) -> Vec<String> {
    digest(asset).into_keys().filter(|key| key.contains('/')).collect()
}

/// Links as tables have them: the link, and what it leads to, relative to the desk.
fn link(desk: &Desk, links: &[(&str, &str)]) {
    for (link, target) in links {
        let path = desk.root.join(link);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(desk.root.join(target), path).unwrap();
    }
}

fn notes(asset: &Utf8Path) -> Value {
    let text = fs::read_to_string(asset.join("processing.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["notes"].clone()
}

/// A session that is a link itself: with a link to a folder outside, a loop, and a dangling link.
fn staged(desk: &Desk) -> Job {
    desk.write("real/a.txt", "a");
    desk.write("real/sub/b.txt", "b");
    desk.write("outside/c.txt", "c");
    link(
        desk,
        &[
            ("session", "real"),
            ("real/linked", "outside"),
            ("real/loop", "real"),
            ("real/dangling", "nowhere/x"),
        ],
    );
    Job::new().copy("behavior-videos", desk.root.join("session"))
}

/// What [`staged`] gives, and its two links that lead nowhere.
const STAGED: [&str; 3] =
    ["behavior-videos/a.txt", "behavior-videos/linked/c.txt", "behavior-videos/sub/b.txt"];

#[test]
fn links_are_followed_and_what_leads_nowhere_is_named_even_by_a_quiet_run() {
    let desk = Desk::new();
    let job = staged(&desk);
    let list = desk.list(&job);
    for command in ["plan", "check"] {
        let said = Said::of(&mut desk.adt(&[command, list.as_str()])).ends(0);
        said.says("left out: `dangling`: a link to `").says("left out: `loop`: a link to `");
    }
    Said::of(&mut desk.adt(&["check", list.as_str(), "-q"]))
        .ends(0)
        .says("2 source items would not be uploaded:");
    let said = desk.run(&job, &["-q"]).ends(0).says("2 source items not uploaded");
    assert!(
        said.stdout.contains("`dangling`: a link to") && said.stdout.contains("a folder that contains it")
    );
    assert_eq!(keys(&desk.asset()), STAGED);
    let notes = notes(&desk.asset());
    let notes = notes.as_str().unwrap();
    assert!(
        notes.starts_with("2 items of the sources not uploaded: ") && notes.contains("`loop`"),
        "{notes}"
    );
    let record = fs::read_to_string(desk.asset().join(RECORD)).unwrap();
    assert!(record.contains("items of the sources not uploaded"), "{record}");
}

#[rstest]
#[case::as_it_is(false, &[])]
#[case::zipped(true, &[])]
#[case::by_way_of_a_temporary_folder(false, &["temp"])]
fn raw_data_on_another_disk_is_uploaded(#[case] zip: bool, #[case] temp: &[&str]) {
    let desk = Desk::new();
    desk.write("bigdisk/probeA.bin", "raw");
    desk.write("bigdisk/raw/x.bin", "more");
    desk.write("session/notes.txt", "notes");
    link(&desk, &[("session/probeA.bin", "bigdisk/probeA.bin"), ("session/raw", "bigdisk/raw")]);
    let session = desk.root.join("session");
    let job = Job::new();
    let mut job =
        if zip { job.zip("behavior-videos", session) } else { job.copy("behavior-videos", session) };
    for name in temp {
        fs::create_dir(desk.root.join(name)).unwrap();
        job = job.with("temp_directory", desk.root.join(name));
    }
    let said = desk.run(&job, &["-q"]).ends(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    let found = if zip {
        let into = desk.root.join("unzipped");
        let zip = desk.asset().join("behavior-videos/session.zip");
        within("session", &unzipped(&zip, &into)).into_keys().collect()
    } else {
        keys(&desk.asset()).iter().map(|key| key.replace("behavior-videos/", "")).collect::<Vec<_>>()
    };
    assert_eq!(found, ["notes.txt", "probeA.bin", "raw/x.bin"]);
    assert_eq!(notes(&desk.asset()), Value::Null);
    // The same again is done, and a change behind a link is a change of the input.
    desk.run(&job, &[]).ends(0).says("skipped");
    desk.write("bigdisk/raw/x.bin", "changed");
    desk.run(&job, &[]).ends(1).says("its input has changed");
}

/// A flag wins over the cell, the cell over the variable, the variable over the file.
#[rstest]
#[case::flag(&["--links", "skip"], "fail", "", "", 0)]
#[case::cell(&[], "skip", "fail", "fail", 0)]
#[case::variable(&[], "", "skip", "fail", 0)]
#[case::file(&[], "", "", "skip", 0)]
#[case::fail(&["--links", "fail"], "", "", "", 1)]
#[case::fail_in_the_list(&[], "fail", "skip", "", 1)]
#[case::other_word(&["--links", "perhaps"], "", "", "", 2)]
fn links_are_skipped_or_fail_the_job_as_set(
    #[case] flags: &[&str],
    #[case] cell: &str,
    #[case] variable: &str,
    #[case] file: &str,
    #[case] code: i32,
) {
    let desk = Desk::new();
    let job = staged(&desk).with("links", cell);
    let config = if file.is_empty() { String::new() } else { format!("links = \"{file}\"") };
    let config = desk.write("config.toml", &config);
    let list = desk.list(&job);
    let mut command = desk.adt(&[&["run", list.as_str(), "--config", config.as_str()], flags].concat());
    let said = Said::of(command.env("ADT_LINKS", variable)).ends(code);
    match code {
        0 => {
            said.says("3 source items not uploaded").says("`linked`: a link to").says("links are skipped");
            assert_eq!(keys(&desk.asset()), [STAGED[0], STAGED[2]]);
        }
        1 => {
            said.says("and `links` is `fail`").says("`follow`");
            assert!(!desk.asset().exists());
        }
        _ => drop(said.says("--links")),
    }
}

#[test]
fn check_reports_links_where_they_fail_the_job() {
    let desk = Desk::new();
    let list = desk.list(staged(&desk));
    Said::of(&mut desk.adt(&["check", list.as_str(), "--links", "fail"]))
        .ends(2)
        .says("modality0.source = `")
        .says("and `links` is `fail`");
}

#[test]
fn a_folder_under_two_names_is_uploaded_under_both_and_reported() {
    let desk = Desk::new();
    desk.write("disk/raw/x.bin", "raw");
    desk.write("session/own.txt", "own");
    link(&desk, &[("session/a", "disk/raw"), ("session/b", "disk/raw")]);
    let job = Job::new().copy("behavior", desk.root.join("session"));
    desk.run(&job, &[]).ends(0).says("behavior: uploaded under two names: `b`: `");
    assert_eq!(keys(&desk.asset()), ["behavior/a/x.bin", "behavior/b/x.bin", "behavior/own.txt"]);
    desk.run(&job, &[]).ends(0).says("skipped");
}

#[rstest]
#[case::socket_and_pipe("session")]
#[case::behind_a_link("disk")]
fn what_is_not_a_file_is_named(#[case] folder: &str) {
    let desk = Desk::new();
    desk.write("session/own.txt", "own");
    desk.write("disk/raw.bin", "raw");
    link(&desk, &[("session/link", "disk")]);
    let _socket = std::os::unix::net::UnixListener::bind(desk.root.join(folder).join("socket")).unwrap();
    let job = Job::new().zip("behavior", desk.root.join("session"));
    desk.run(&job, &["-q"]).ends(0).says("1 source item not uploaded").says("not a file or a folder");
}

/// However a link leads there, behaviour videos are uploaded encrypted by their own step only: those of this job, and those of the others
/// in the list.
#[rstest]
#[case::the_folder("../rig/Videos", "`link`: ")]
#[case::a_video("../rig/Videos/cam.mp4", "`link`: ")]
#[case::what_contains_it("../rig", "`link/Videos`: ")]
fn no_link_leads_to_behaviour_videos(
    #[case] target: &str,
    #[case] named: &str,
    #[values("own", "own zipped", "another job's")] whose: &str,
) {
    let desk = Desk::new();
    desk.write("rig/Videos/cam.mp4", &FACE.repeat(100));
    desk.write("rig/log.txt", "log");
    desk.write("session/own.txt", "own");
    symlink(target, desk.root.join("session/link")).unwrap();
    let session = desk.root.join("session");
    let job = Job::new();
    let job =
        if whose == "own zipped" { job.zip("behavior", session) } else { job.copy("behavior", session) };
    let private = |job: Job| {
        job.with("behavior_dir", desk.root.join("rig/Videos"))
            .with("video_encryption_password", "open sesame")
    };
    let jobs = if whose == "another job's" {
        let other = Job::new().with("subject_id", "9").copy("behavior", desk.root.join("rig"));
        vec![job.with("behavior_dir", ""), private(other)]
    } else {
        vec![private(job)]
    };
    desk.run(jobs, &["-q"]).ends(0).says("1 source item not uploaded").says(named);
    for key in digest(&desk.root.join("store")).keys() {
        let bytes = fs::read(desk.root.join("store").join(key)).unwrap();
        assert!(!bytes.windows(FACE.len()).any(|w| w == FACE.as_bytes()), "{key} shows the video");
    }
}

#[test]
fn the_asset_is_not_its_own_source() {
    let desk = Desk::new();
    desk.write("session/own.txt", "own");
    let place = desk.file_place();
    desk.write("disk/other.txt", "other");
    link(&desk, &[("session/link", "disk")]);
    let job = Job::new().copy("behavior", desk.root.join("session")).with("s3_bucket", place);
    desk.run(&job, &[]).ends(0);
    assert_eq!(keys(&desk.root.join("disk").join(ASSET)), ["behavior/link/other.txt", "behavior/own.txt"]);
}

#[rstest]
#[case::nothing(&[], &[], "the folder holds no file")]
#[case::folders_only(&["session/empty/"], &[], "the folder holds no file")]
#[case::dangling_links_only(&[], &[("session/raw", "unmounted/raw")], "left out: `raw`: a link to")]
fn a_source_without_files_is_refused_unless_that_is_allowed(
    #[case] folders: &[&str],
    #[case] links: &[(&str, &str)],
    #[case] what: &str,
    #[values(false, true)] zip: bool,
) {
    let desk = Desk::new();
    fs::create_dir_all(desk.root.join("session")).unwrap();
    for folder in folders {
        fs::create_dir_all(desk.root.join(folder)).unwrap();
    }
    link(&desk, links);
    let job = Job::new();
    let session = desk.root.join("session");
    let job = if zip { job.zip("behavior", session) } else { job.copy("behavior", session) };
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(2).says(what).says("allow_empty");
    Said::of(&mut desk.adt(&["plan", list.as_str()])).ends(2).says(what);
    desk.run(&job, &[]).ends(1).says(what).says("allow_empty");
    assert!(!desk.asset().exists());
    desk.run(&job, &["--allow-empty"]).ends(0);
    assert!(desk.asset().join(RECORD).exists());
}

#[test]
fn an_empty_behaviour_folder_is_a_problem_too() {
    let desk = Desk::new();
    desk.write("session/own.txt", "own");
    fs::create_dir_all(desk.root.join("Videos")).unwrap();
    let job = Job::new().copy("behavior", desk.root.join("session"));
    let job = job.with("behavior_dir", desk.root.join("Videos"));
    desk.run(&job, &[]).ends(1).says("behavior_dir");
    desk.run(job.with("allow_empty", "true"), &[]).ends(0);
}

#[rstest]
#[case::dangling("nowhere.json", 0, "`rig.json`: a link to")]
#[case::private("Videos/rig.json", 0, "belongs to a `behavior_dir`")]
#[case::elsewhere("elsewhere/rig.json", 0, "")]
fn documents_behind_links_are_uploaded_or_named(#[case] target: &str, #[case] code: i32, #[case] said: &str) {
    let desk = Desk::new();
    desk.write("session/own.txt", "own");
    desk.write("elsewhere/rig.json", "{}");
    desk.write("Videos/rig.json", "{}");
    let metadata = desk.metadata();
    link(&desk, &[("metadata/rig.json", target)]);
    let job = Job::new().copy("behavior", desk.root.join("session")).with("metadata_dir", metadata);
    let job = job.with("behavior_dir", desk.root.join("Videos"));
    desk.run(&job, &["-q"]).ends(code).says(said);
    assert_eq!(desk.asset().join("rig.json").exists(), said.is_empty());
}

#[test]
fn shared_work_follows_the_same_links() {
    let desk = Desk::new();
    let job = staged(&desk);
    desk.planned(&job, &[]).ends(0);
    Said::of(&mut desk.adt(&["work", DESTINATION, "--shard", "0/1"])).ends(0);
    Said::of(&mut desk.adt(&["work", DESTINATION, "--finish"])).ends(0).says("2 source items not uploaded");
    assert_eq!(keys(&desk.asset()), STAGED);
}

#[test]
fn events_tell_what_is_left_out() {
    let desk = Desk::new();
    let said = desk.run(staged(&desk), &["--json"]).ends(0);
    assert_eq!(said.events("job-finished")[0]["left_out"]["count"], 2);
}
