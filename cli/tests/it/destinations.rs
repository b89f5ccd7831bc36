//! A folder as a destination: links in it, files that killed runs have left, bytes that were replaced without another time.
#![cfg(unix)]

use std::{
    os::unix::fs::{MetadataExt, symlink},
    process::Stdio,
    time::SystemTime,
};

use adt_testkit::open_ephys::{Gui, StreamSpec};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{ASSET, Desk, Job, Said, digest},
    ephys_session::{AP, NODE, Rig},
    moving::{Kind, Site},
};

/// A bucket with `x/lnk/new`, and a destination whose `lnk` leads to a folder outside with the file `precious`.
fn behind_a_link() -> (Site, Utf8PathBuf, Utf8PathBuf) {
    let site = Site::new();
    let (outside, destination) = (site.desk.root.join("outside"), site.desk.root.join("destination"));
    site.desk.write("source/lnk/new", "n");
    site.desk.write("source/plain", "p");
    site.adt(&["copy", site.desk.root.join("source").as_str(), "s3://recordings/x"]).ends(0);
    site.desk.write("outside/precious", "p");
    fs::create_dir_all(&destination).unwrap();
    symlink(&outside, destination.join("lnk")).unwrap();
    (site, outside, destination)
}

#[rstest]
#[case::as_usual(&[])]
#[case::skip(&["--links", "skip"])]
#[case::keep(&["--links", "keep-as-object"])]
fn nothing_is_written_or_removed_through_a_link(#[case] links: &[&str], #[values(false, true)] delete: bool) {
    let (site, outside, destination) = behind_a_link();
    let command: &[&str] = if delete { &["sync", "--delete"] } else { &["copy"] };
    let args = [command, &["s3://recordings/x", destination.as_str()], links].concat();
    let moves = site.moves("home", &args).ends(1);
    assert_eq!(moves.failed.iter().collect::<Vec<_>>(), ["lnk/new"]);
    assert!(moves.said.stdout.contains("is a link"), "{moves:#?}");
    assert_eq!(fs::read_to_string(destination.join("plain")).unwrap(), "p");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert!(destination.join("lnk").is_symlink());
}

#[test]
fn a_dry_run_names_what_would_lead_through_a_link() {
    let (site, _, destination) = behind_a_link();
    let moves = site.moves("home", &["copy", "--dry-run", "s3://recordings/x", destination.as_str()]).ends(1);
    assert_eq!(moves.failed.iter().collect::<Vec<_>>(), ["lnk/new"]);
}

#[test]
fn a_link_at_the_destination_is_replaced_or_removed_itself() {
    let (site, outside, destination) = behind_a_link();
    let file = site.desk.write("outside/file", "untouched");
    fs::remove_file(destination.join("lnk")).unwrap();
    symlink(&file, destination.join("plain")).unwrap();
    symlink(&outside, destination.join("superfluous")).unwrap();
    symlink("nowhere", destination.join("dangling")).unwrap();
    let args = ["sync", "s3://recordings/x", destination.as_str(), "--delete", "--max-delete", "5"];
    let moves = site.moves("home", &args).ends(0).sends(&["lnk/new", "plain"]);
    moves.deletes(&["dangling", "superfluous"]);
    assert!(!destination.join("plain").is_symlink());
    assert_eq!(fs::read_to_string(destination.join("plain")).unwrap(), "p");
    assert_eq!(fs::read_to_string(&file).unwrap(), "untouched");
    assert_eq!(digest(&outside).len(), 2);
    site.moves("home", &args).ends(0).sends(&[]).deletes(&[]);
}

/// With the size and the time of the object that belongs there.
#[test]
fn a_link_is_never_taken_for_the_file_it_leads_to() {
    let (site, _, destination) = behind_a_link();
    fs::remove_file(destination.join("lnk")).unwrap();
    site.adt(&["copy", "s3://recordings/x", destination.as_str()]).ends(0);
    let elsewhere = site.desk.root.join("outside/plain");
    fs::rename(destination.join("plain"), &elsewhere).unwrap();
    symlink(&elsewhere, destination.join("plain")).unwrap();
    for machine in ["home", "another"] {
        site.moves(machine, &["copy", "s3://recordings/x", destination.as_str(), "--size-only"]).ends(0);
        assert!(!destination.join("plain").is_symlink());
    }
}

#[test]
fn links_are_followed_where_that_is_asked_for() {
    let (site, outside, destination) = behind_a_link();
    let follow = ["--links", "follow-at-destination"];
    site.moves("home", &[&["copy", "s3://recordings/x", destination.as_str()], &follow[..]].concat())
        .ends(0)
        .sends(&["lnk/new", "plain"]);
    assert_eq!(fs::read_to_string(outside.join("new")).unwrap(), "n");
}

#[test]
fn the_destination_itself_may_be_a_link() {
    let (site, _, _) = behind_a_link();
    let there = site.desk.root.join("there");
    fs::create_dir_all(&there).unwrap();
    symlink(&there, site.desk.root.join("link")).unwrap();
    site.adt(&["sync", "--delete", "s3://recordings/x", site.desk.root.join("link").as_str()]).ends(0);
    assert_eq!(digest(&there).len(), 2);
}

#[test]
fn a_job_writes_through_no_link_of_its_asset() {
    let desk = Desk::new();
    let source = desk.small_tree("source");
    let bucket = desk.file_place();
    let outside = desk.root.join("outside");
    fs::create_dir_all(&outside).unwrap();
    let asset = desk.root.join("disk").join(ASSET);
    fs::create_dir_all(&asset).unwrap();
    symlink(&outside, asset.join("behavior")).unwrap();
    let job =
        Job::new().with("s3_bucket", &bucket).with("force_cloud_sync", "true").copy("behavior", &source);
    let said = desk.run(job, &[]).ends(1);
    assert!(said.stderr.contains("is a link"), "{said:#?}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!asset.join("metadata.nd.json").exists());
}

#[test]
fn a_restored_session_is_written_through_no_link() {
    let (rig, asset) = compressed();
    let (outside, again) = (rig.desk.root.join("outside"), rig.desk.root.join("again"));
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(&again).unwrap();
    let first = fs::read_dir(&rig.session).unwrap().find(|entry| entry.as_ref().unwrap().path().is_dir());
    symlink(&outside, again.as_std_path().join(first.unwrap().unwrap().file_name())).unwrap();
    let args = ["ephys", "restore", asset.as_str(), again.as_str()];
    Said::of(&mut rig.desk.adt(&args)).ends(1).says("is a link");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

fn compressed() -> (Rig, Utf8PathBuf) {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 6, 120).with_sync("AP_SYNC")]);
    for n in 0..60 {
        fs::write(rig.session.join(NODE).join(format!("note-{n}.txt")), "x".repeat(40_000)).unwrap();
    }
    rig.compress(&[]).ends(0);
    let asset = rig.stores().parent().unwrap().to_owned();
    (rig, asset)
}

/// Names that end with `.part`, anywhere below.
fn left(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(left(path)),
            path if path.extension() == Some("part") => found.push(path.to_owned()),
            _ => {}
        }
    }
    found
}

/// Killed as soon as a temporary file is seen; the files have the times of their source just before they get their names.
#[test]
fn the_next_run_removes_what_a_killed_one_left() {
    let site = Site::new();
    let source = site.desk.root.join("source");
    for n in 0..150 {
        let path = site.desk.write(&format!("source/{:02}/{n}", n % 10), &"x".repeat(40_000));
        let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        fs::File::options().write(true).open(path).unwrap().file().set_modified(old).unwrap();
    }
    let mut seen = 0;
    for round in 0..20 {
        let destination = site.desk.root.join(format!("destination-{round}"));
        let args = ["copy", source.as_str(), destination.as_str()];
        let mut child = site.on("home", &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while left(&destination).is_empty() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        // One of another program's stays.
        let other = destination.join(".adt-00000000000000ff-other.part");
        fs::create_dir_all(&destination).unwrap();
        fs::write(&other, "x").unwrap();
        seen += left(&destination).len() - 1;
        site.adt(&args).ends(0);
        assert_eq!(left(&destination), [other]);
        fs::remove_dir_all(&destination).unwrap();
        if seen > 3 {
            return;
        }
    }
    assert!(seen > 0, "no copy was killed while it wrote");
}

#[test]
fn the_next_restore_removes_what_a_killed_one_left() {
    let (rig, asset) = compressed();
    let mut seen = 0;
    for round in 0..10 {
        let again = rig.desk.root.join(format!("again-{round}"));
        let args = ["ephys", "restore", asset.as_str(), again.as_str()];
        let mut child = rig.desk.adt(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while left(&again).is_empty() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        seen += left(&again).len();
        Said::of(&mut rig.desk.adt(&args)).ends(0);
        assert_eq!(left(&again), Vec::<Utf8PathBuf>::new());
        if seen > 0 {
            return;
        }
    }
    assert!(seen > 0, "no restore was killed while it wrote");
}

/// A name that only looks like one is somebody's data.
#[test]
fn temporary_files_are_never_data() {
    let desk = Desk::new();
    let site = Site::new();
    let ours = "sub/.adt-0123456789abcdef-movie.mp4.part";
    let theirs = ["sub/.adt-0123456789ABCDEF-movie.mp4.part", "sub/.adt-notes.part", "sub/movie.part"];
    for desk in [&desk, &site.desk] {
        for name in theirs.iter().chain(&[ours, "sub/movie.mp4"]) {
            desk.write(&format!("source/{name}"), name);
        }
    }
    let source = site.desk.root.join("source");
    let moves = site.moves("home", &["copy", source.as_str(), &site.place(Kind::S3, "there")]).ends(0);
    moves.sends(&[theirs[0], theirs[1], "sub/movie.mp4", theirs[2]]);
    assert!(site.adt(&["clean", "--dry-run", source.as_str()]).ends(0).stdout.contains("movie.mp4"));
    site.adt(&["clean", source.as_str()]).ends(0);
    assert!(!source.join(ours).exists());
    assert_eq!(digest(&source).len(), 4);
    let source = desk.root.join("source");
    desk.run(Job::new().copy("behavior", &source).zip("pophys", &source), &[]).ends(0);
    let sent: Vec<_> = desk.confirmed().into_keys().filter(|key| key.contains(".adt-")).collect();
    assert_eq!(sent, ["behavior/sub/.adt-0123456789ABCDEF-movie.mp4.part", "behavior/sub/.adt-notes.part"]);
}

/// Other bytes of the same size, at the same time.
fn replace(path: &Utf8Path, text: &str) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(fs::metadata(path).unwrap().len(), text.len() as u64);
    fs::write(path, text).unwrap();
    fs::File::options().write(true).open(path).unwrap().file().set_modified(modified).unwrap();
}

fn touch_mode(path: &Utf8Path) {
    let mode = fs::metadata(path).unwrap().mode();
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode ^ 0o040)).unwrap();
}

#[rstest]
fn bytes_replaced_without_another_time_are_sent(#[values(Kind::S3, Kind::Disk)] to: Kind) {
    let site = Site::new();
    let path = site.desk.write("source/a", "old!");
    site.desk.write("source/b", "same");
    let (source, there) = (site.desk.root.join("source"), site.place(to, "there"));
    let args = ["copy", source.as_str(), &there];
    site.adt(&args).ends(0);
    site.moves("home", &args).ends(0).sends(&[]);
    replace(&path, "new!");
    site.moves("home", &args).ends(0).sends(&["a"]);
    site.moves("home", &args).ends(0).sends(&[]);
    site.adt(&["verify", source.as_str(), &there]).ends(0);
}

#[rstest]
fn a_change_of_permissions_sends_nothing(#[values(Kind::S3, Kind::Disk)] to: Kind) {
    let site = Site::new();
    let path = site.desk.write("source/a", "text");
    let (source, there) = (site.desk.root.join("source"), site.place(to, "there"));
    let args = ["copy", source.as_str(), &there];
    site.adt(&args).ends(0);
    for _ in 0..2 {
        touch_mode(&path);
        site.moves("home", &args).ends(0).sends(&[]);
        site.moves("home", &args).ends(0).sends(&[]);
    }
    replace(&path, "TEXT");
    site.moves("home", &args).ends(0).sends(&["a"]);
}

#[test]
fn bytes_replaced_at_the_destination_are_noticed() {
    let site = Site::new();
    site.desk.write("source/a", "right");
    site.desk.write("source/b", "right");
    let (source, there) = (site.desk.root.join("source"), site.desk.root.join("there"));
    for (from, machine) in [(source.to_string(), "home"), ("s3://recordings/x".to_owned(), "cloud")] {
        if machine == "cloud" {
            site.adt(&["copy", source.as_str(), "s3://recordings/x"]).ends(0);
        }
        let args = ["copy", &from, there.as_str()];
        site.moves(machine, &args).ends(0);
        site.moves(machine, &args).ends(0).sends(&[]);
        replace(&there.join("a"), "wrong");
        touch_mode(&there.join("b"));
        site.moves(machine, &args).ends(0).sends(&["a"]);
        assert_eq!(fs::read_to_string(there.join("a")).unwrap(), "right");
    }
}

/// An asset that is not finished yet is completed: what was replaced is sent again, what was touched is not.
#[test]
fn a_job_that_goes_on_sends_what_was_replaced() {
    let desk = Desk::new();
    let (a, b) = (desk.write("source/a", "old!"), desk.write("source/b", "same"));
    desk.write("source/c", "third");
    let bad = desk.root.join("source/z");
    fs::create_dir_all(desk.root.join("source")).unwrap();
    fs::write(&bad, "z").unwrap();
    fs::set_permissions(&bad, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    if fs::read(&bad).is_ok() {
        return; // permissions do not stop this user
    }
    let job = Job::new().copy("behavior", desk.root.join("source"));
    desk.run(&[job.clone()][..], &[]).ends(1);
    replace(&a, "new!");
    touch_mode(&b);
    fs::set_permissions(&bad, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    desk.run(job, &[]).ends(0);
    assert_eq!(fs::read_to_string(desk.asset().join("behavior/a")).unwrap(), "new!");
    let stored = desk.confirmed();
    assert_eq!((stored["behavior/a"], stored["behavior/b"], stored["behavior/c"]), (2, 1, 1));
}

/// Times from before 1970 to 2446 survive a copy into a folder and one through a bucket.
#[rstest]
fn odd_times_come_back(#[values(Kind::S3, Kind::Disk)] through: Kind) {
    let site = Site::new();
    let times: [(&str, i128); 7] = [
        ("epoch", 0),
        ("before_1970", -94_608_000_000_000_001),
        ("half_before", -500_000_000),
        ("future_2100", 4_102_444_800_000_000_001),
        ("year_2446", 15_032_385_535_000_000_000),
        ("nanoseconds", 1_710_754_867_123_456_789),
        ("y2038", 2_147_483_648_000_000_000),
    ];
    let mut kept = Vec::new();
    for (name, nanos) in times {
        let path = site.desk.write(&format!("source/{name}"), name);
        let distance = std::time::Duration::new(
            (nanos.unsigned_abs() / 1_000_000_000) as u64,
            (nanos.unsigned_abs() % 1_000_000_000) as u32,
        );
        let epoch = SystemTime::UNIX_EPOCH;
        let time = if nanos < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) }.unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        if file.file().set_modified(time).is_ok() && fs::metadata(&path).unwrap().modified().unwrap() == time
        {
            kept.push(name);
        }
    }
    assert!(kept.len() > 4, "{kept:?}");
    let (source, back) = (site.desk.root.join("source"), site.desk.root.join("back"));
    let there = site.place(through, "there");
    site.adt(&["copy", source.as_str(), &there]).ends(0);
    site.moves("home", &["copy", source.as_str(), &there]).ends(0).sends(&[]);
    site.adt(&["copy", &there, back.as_str()]).ends(0);
    for name in kept {
        let time = |root: &Utf8Path| {
            let metadata = fs::metadata(root.join(name)).unwrap();
            i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())
        };
        assert!((time(&source) - time(&back)).abs() < 1_000_000, "{name}: {} {}", time(&source), time(&back));
    }
    site.adt(&["verify", source.as_str(), back.as_str()]).ends(0);
}
