//! What people and machines get wrong. Each is told in one line with what to do; nothing is lost, and other rows go on.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{ASSET, Desk, Job, RECORD, Said, digest, within, writes},
    refusing::{Refusal, refusing},
};

/// One `error:` line, at most one `help:` line, and nothing was written anywhere.
#[track_caller]
fn refused_at_once(said: Said, desk: &Desk, told: &str) {
    let said = said.ends(2).says(told);
    assert_eq!(said.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{said:#?}");
    assert_eq!(said.stdout, "", "{said:#?}");
    assert!(desk.ledger().is_none(), "a ledger was made");
    assert_eq!(writes(&desk.tally()), 0);
}

#[rstest]
#[case::no_jobs(&["run"], "no jobs are given")]
#[case::no_such_list(&["run", "nosuch.csv"], "cannot read the job file `nosuch.csv`")]
#[case::a_folder_as_list(&["run", "/"], "cannot read the job file `/`")]
#[case::two_lists(&["run", "a.csv", "-j", "b.csv"], "cannot be used with")]
#[case::list_and_flags(&["run", "a.csv", "-b", "bucket"], "`--s3-bucket` describes one job, and a list is given too")]
#[case::unknown_flag(&["run", "a.csv", "--lnaes", "4"], "--lanes")]
#[case::unknown_command(&["rnu"], "unrecognized subcommand 'rnu'")]
#[case::no_such_config(&["run", "a.csv", "--config", "nosuch.toml"], "cannot read the configuration `nosuch.toml`")]
#[case::bad_value(&["run", "a.csv", "--memory", "lots"], "`memory` = `lots` (flag --memory) is not valid")]
#[case::bad_level(&["run", "a.csv", "--log-level", "loud"], "debug, info, warning, error or critical")]
#[case::check_no_such_list(&["check", "nosuch.csv"], "cannot read the job file `nosuch.csv`")]
#[case::plan_no_such_list(&["plan", "nosuch.csv"], "cannot read the job file `nosuch.csv`")]
fn a_command_that_cannot_be_meant(#[case] args: &[&str], #[case] told: &str) {
    let desk = Desk::new();
    refused_at_once(Said::of(&mut desk.adt(args)), &desk, told);
}

#[rstest]
#[case::broken("lanes = = 3", "configuration `")]
#[case::unknown("lnaes = 3", "unknown setting `lnaes`")]
#[case::of_the_wrong_kind("lanes = [3]", "`lanes` must be")]
#[case::out_of_range("lanes = 0", "`lanes` = `0` (file ")]
fn a_configuration_that_cannot_be_meant(#[case] text: &str, #[case] told: &str) {
    let desk = Desk::new();
    let config = desk.write("config.toml", text);
    let said = Said::of(&mut desk.adt(&["run", "a.csv", "--config", config.as_str()]));
    refused_at_once(said, &desk, told);
}

#[rstest]
#[case::no_database(
    "a note that is long enough to be looked at as a database, and yet is none. ",
    "is not a database"
)]
#[case::too_short("a note", "is not a ledger")]
fn a_ledger_that_is_no_ledger_is_left_alone(#[case] text: &str, #[case] told: &str) {
    let desk = Desk::new();
    let path = desk.write("notes.txt", &text.repeat(20));
    let job = Job::new().copy("behavior", desk.small_tree("rig"));
    let list = desk.list(&[job]);
    for command in ["run", "check", "plan"] {
        let said = Said::of(&mut desk.adt(&[command, list.as_str(), "--ledger", path.as_str()]));
        refused_at_once(said, &desk, told);
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text.repeat(20));
}

#[test]
fn a_ledger_that_cannot_be_made() {
    let desk = Desk::new();
    let file = desk.write("file", "");
    let list = desk.list(&[Job::new().copy("behavior", desk.small_tree("rig"))]);
    let ledger = file.join("below/ledger.sqlite");
    let said = Said::of(&mut desk.adt(&["run", list.as_str(), "--ledger", ledger.as_str()]));
    refused_at_once(said, &desk, "ledger");
}

fn piped(desk: &Desk, args: &[&str], input: &[u8]) -> Said {
    let mut command = desk.adt(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Said::from(child.wait_with_output().unwrap())
}

#[rstest]
#[case::empty("")]
#[case::only_a_header("s3_bucket,platform,subject_id,acq_datetime\n")]
#[case::no_job_in_json("[]")]
fn a_list_without_jobs_is_done_at_once(#[case] text: &str) {
    let desk = Desk::new();
    for command in ["run", "check", "plan"] {
        piped(&desk, &[command, "-"], text.as_bytes()).ends(0).says("the list holds no jobs");
    }
}

#[test]
fn a_list_may_come_from_standard_input() {
    let desk = Desk::new();
    let list = desk.list(&[Job::new().copy("behavior", desk.small_tree("rig"))]);
    piped(&desk, &["run", "-"], &fs::read(list).unwrap()).ends(0).says("standard input row 2");
    assert!(desk.asset().join(RECORD).is_file());
}

/// One line that names row and column, one that says what would be right; good rows of the same list are not begun either.
#[rstest]
#[case::no_such_folder(&[("modality0.source", "/nosuch")], "modality0.source = `/nosuch`: ")]
#[case::a_file(&[("modality0.source", "FILE")], "modality0.source = `")]
#[case::blank(&[("modality0.source", " ")], "modality0.source")]
#[case::no_such_document_folder(&[("metadata_dir", "/nosuch")], "metadata_dir = `/nosuch`: ")]
#[case::a_file_as_temp(&[("temp_directory", "FILE")], "temp_directory = `")]
#[case::unknown_column(&[("modality0.sorce", "x")], "modality0.source")]
#[case::unknown_platform(&[("platform", "SmartSPIN")], "SmartSPIM")]
#[case::month_13(&[("acq_datetime", "2024-13-01 00:00:00")], "acq_datetime = `2024-13-01 00:00:00`")]
#[case::no_token(&[("codeocean_domain", "http://x"), ("codeocean_trigger_capsule_id", "c")], "codeocean_api_token")]
#[case::no_capsule(&[("codeocean_domain", "http://x"), ("codeocean_api_token", "t")], "codeocean_trigger_capsule_id")]
#[case::strict_v2(&[("schema", "v2"), ("strict_compat", "true")], "schema = `v2`")]
#[case::no_such_secret(&[("codeocean_api_token", "env:NOSUCH")], "the environment variable `NOSUCH` is not set")]
fn a_row_that_cannot_be_meant(#[case] cells: &[(&str, &str)], #[case] told: &str) {
    let desk = Desk::new();
    let file = desk.write("file", "x");
    let good = Job::new().copy("behavior", desk.small_tree("rig"));
    let bad = cells.iter().fold(good.clone().with("subject_id", "2"), |job, (head, cell)| {
        job.with(head, cell.replace("FILE", file.as_str()))
    });
    let list = desk.list(&[good, bad]);
    for command in ["run", "check"] {
        let said = Said::of(&mut desk.adt(&[command, list.as_str()])).ends(2).says(told);
        let said = said.says("1 problem; nothing was started, nothing was written");
        assert_eq!(said.stderr.lines().filter(|line| line.contains(" row ")).count(), 1, "{said:#?}");
    }
    assert_eq!((writes(&desk.tally()), desk.uploads()), (0, 0));
    assert!(desk.ledger().is_none(), "a ledger was made");
}

/// The good row's asset.
const GOOD: &str = "behavior_2_2024-05-06_07-08-09";

/// The first row fails with one line and something to do; the second is done.
#[track_caller]
fn fails_alone(said: Said, desk: &Desk, told: &str) -> Said {
    let said = said.ends(1).says(told).says("1 done, 1 failed");
    assert!(desk.root.join("disk").join(GOOD).join(RECORD).is_file(), "{said:#?}");
    let account: Vec<_> = said.stdout.lines().skip_while(|line| !line.starts_with("FAILED: ")).collect();
    assert!(account[1].contains(told), "{said:#?}");
    assert!(account[2].starts_with("  help: "), "{said:#?}");
    assert!(account[3..].iter().all(|line| line.is_empty() || line.ends_with("1 failed")), "{said:#?}");
    said
}

fn with_a_good_row(desk: &Desk, job: &Job) -> camino::Utf8PathBuf {
    let good = Job::new().with("subject_id", "2").with("s3_bucket", desk.file_place());
    desk.list(&[job.clone(), good.copy("behavior", desk.small_tree("good"))])
}

const QUICK: [&str; 2] = ["--retry-time", "1s"];

#[rstest]
#[case::no_such_bucket("AWS_REGION", "us-east-1", "there is no bucket `nosuch`")]
#[case::unknown_key("AWS_ACCESS_KEY_ID", "somebody", "InvalidAccessKeyId")]
#[case::wrong_key("AWS_SECRET_ACCESS_KEY", "guess", "SignatureDoesNotMatch")]
#[case::nobody_listens("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1", "cannot list `s3://recordings`")]
fn a_destination_that_cannot_be_used(#[case] name: &str, #[case] value: &str, #[case] told: &str) {
    let desk = Desk::new();
    let mut job = Job::new().copy("behavior", desk.small_tree("rig"));
    if told.contains("nosuch") {
        job = job.with("s3_bucket", "nosuch");
    }
    let list = with_a_good_row(&desk, &job);
    let mut command = desk.adt(&[&["run", list.as_str()], &QUICK[..]].concat());
    fails_alone(Said::of(command.env(name, value)), &desk, told);
}

#[test]
fn no_credentials_say_where_was_looked() {
    let desk = Desk::new();
    let list = with_a_good_row(&desk, &Job::new().copy("behavior", desk.small_tree("rig")));
    let mut command = desk.adt(&[&["run", list.as_str()], &QUICK[..]].concat());
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    fails_alone(Said::of(&mut command), &desk, "no AWS credentials were found").says("home/.aws/credentials");
}

const SKEW: Refusal = Refusal {
    status: "403 Forbidden",
    code: "RequestTimeTooSkewed",
    message: "The difference between the request time and the current time is too large.",
    more: "",
    writes: None,
};

const REGION: Refusal = Refusal {
    status: "400 Bad Request",
    code: "AuthorizationHeaderMalformed",
    message: "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
    more: "<Region>eu-west-1</Region>",
    writes: None,
};

const DENIED: Refusal = Refusal {
    status: "403 Forbidden",
    code: "AccessDenied",
    message: "Access Denied",
    more: "",
    writes: Some(0),
};

#[rstest]
#[case::clock_skew(SKEW, "RequestTimeTooSkewed")]
#[case::wrong_region(REGION, "eu-west-1")]
#[case::may_not_read(Refusal { writes: None, ..DENIED }, "AccessDenied")]
#[case::may_not_write(DENIED, "AccessDenied")]
#[case::may_not_write_any_more(Refusal { writes: Some(5), ..DENIED }, "AccessDenied")]
fn a_server_that_refuses(#[case] refusal: Refusal, #[case] told: &str) {
    let desk = Desk::new();
    let rig = desk.small_tree("rig");
    let list = with_a_good_row(&desk, &Job::new().copy("behavior", &rig));
    let address = refusing(&desk.endpoint(), refusal);
    let mut command = desk.adt(&[&["run", list.as_str(), "--lanes", "1"], &QUICK[..]].concat());
    fails_alone(Said::of(command.env("AWS_ENDPOINT_URL_S3", address)), &desk, told);
    assert!(!desk.asset().join(RECORD).exists());
    // When the policy is put right, the same command goes on; what had arrived is not sent again.
    let before = desk.confirmed();
    Said::of(&mut desk.adt(&["run", list.as_str()])).ends(0).says("1 done, 1 skipped");
    assert_eq!(within("behavior", &digest(&desk.asset())), digest(&rig));
    for (key, times) in desk.confirmed() {
        assert_eq!(times, 1, "{key} was sent twice");
    }
    assert_eq!(before.is_empty(), refusal.writes.unwrap_or_default() == 0, "{before:?}");
}

#[rstest]
fn names_of_every_kind_arrive_as_they_are(
    #[values("s3", "file")] kind: &str,
    #[values("true", "false")] zip: &str,
) {
    let desk = Desk::new();
    let rig = desk.root.join("rig of Zoë #1 (100% + more)");
    let long = "l".repeat(200);
    for name in [
        "a b",
        "a#b",
        "a%20b",
        "a+b",
        "Käfig/täktung 神経.bin",
        "q?x=1&y",
        "~tilde'quote",
        &format!("{long}/{long}"),
    ] {
        let path = rig.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, name).unwrap();
    }
    fs::write(rig.join("nothing"), "").unwrap();
    let mut job = Job::new().copy("behavior", &rig).with("modality0.compress_raw_data", zip);
    let mut asset = desk.asset();
    if kind == "file" {
        job = job.with("s3_bucket", desk.file_place());
        asset = desk.root.join("disk").join(ASSET);
    }
    desk.run(&[job], &[]).ends(0);
    let there = if zip == "true" {
        let name = rig.file_name().unwrap();
        let unzipped =
            crate::desk::unzipped(&asset.join(format!("behavior/{name}.zip")), &desk.root.join("out"));
        within(name, &unzipped)
    } else {
        within("behavior", &digest(&asset))
    };
    assert_eq!(there, digest(&rig));
}

#[rstest]
fn an_empty_folder_is_uploaded_only_when_that_is_allowed(#[values("true", "false")] zip: &str) {
    let desk = Desk::new();
    let rig = desk.root.join("rig");
    fs::create_dir(&rig).unwrap();
    let job = Job::new().copy("behavior", &rig).with("modality0.compress_raw_data", zip);
    desk.run(std::slice::from_ref(&job), &[]).ends(1);
    assert!(!desk.asset().join(RECORD).exists());
    desk.run(&[job.with("allow_empty", "true")], &[]).ends(0);
    assert!(desk.asset().join(RECORD).is_file());
}

/// A file system of one MiB, unmounted when dropped; `None` where we may not mount.
#[cfg(target_os = "linux")]
struct Disk(camino::Utf8PathBuf);

#[cfg(target_os = "linux")]
impl Disk {
    fn of_one_mib(desk: &Desk) -> Option<Self> {
        let path = desk.root.join("small");
        fs::create_dir(&path).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path.as_str()];
        let done = Command::new("mount").args(mount).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then_some(Self(path))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[rstest]
fn a_full_disk_fails_its_job_and_leaves_no_half_file(#[values("temp_directory", "s3_bucket")] column: &str) {
    let desk = Desk::new();
    let Some(disk) = Disk::of_one_mib(&desk) else { return };
    let rig = desk.small_tree("rig");
    fs::write(rig.join("big.bin"), vec![7; 3 << 20]).unwrap();
    let place = if column == "s3_bucket" { format!("file://{}", disk.0) } else { disk.0.to_string() };
    let list = with_a_good_row(&desk, &Job::new().copy("behavior", &rig).with(column, place));
    // Which file the space ran out under depends on which was written first.
    fails_alone(Said::of(&mut desk.adt(&["run", list.as_str()])), &desk, "No space left");
    let left = digest(&disk.0);
    assert!(!left.keys().any(|key| key.contains("big.bin") || key.ends_with(RECORD)), "{left:?}");
    if column == "temp_directory" {
        assert_eq!(left.len(), 0, "{left:?}");
    }
}

/// The program as somebody who may not read everything; `None` where we may not become somebody else.
#[cfg(target_os = "linux")]
fn as_nobody(desk: &Desk, args: &[&str]) -> Option<Command> {
    use std::os::unix::fs::PermissionsExt;
    let program = env!("CARGO_BIN_EXE_adt");
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", program];
    let can =
        Command::new("setpriv").args(nobody).arg("--version").output().is_ok_and(|out| out.status.success());
    if !can {
        return None;
    }
    fs::set_permissions(&desk.root, PermissionsExt::from_mode(0o755)).unwrap();
    for name in ["home", "disk"] {
        fs::create_dir_all(desk.root.join(name)).unwrap();
        std::os::unix::fs::chown(desk.root.join(name), Some(65534), Some(65534)).unwrap();
    }
    let mut command = Command::new("setpriv");
    let plain = desk.adt(args);
    command.args(nobody).args(args).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(command)
}

#[cfg(target_os = "linux")]
#[rstest]
#[case::a_file("rig/secret.bin", "s3", "secret.bin")]
#[case::a_folder("rig", "s3", "rig")]
#[case::the_destination("disk/locked", "file", "locked")]
fn what_may_not_be_touched_fails_its_job(#[case] locked: &str, #[case] kind: &str, #[case] told: &str) {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let rig = desk.small_tree("rig");
    fs::write(rig.join("secret.bin"), "x").unwrap();
    let mut job = Job::new().copy("behavior", &rig);
    if kind == "file" {
        fs::create_dir_all(desk.root.join(locked)).unwrap();
        job = job.with("s3_bucket", format!("file://{}/{locked}", desk.root));
    }
    let list = with_a_good_row(&desk, &job);
    let Some(mut command) = as_nobody(&desk, &["run", list.as_str()]) else { return };
    let mode = if kind == "file" { 0o555 } else { 0o000 };
    fs::set_permissions(desk.root.join(locked), PermissionsExt::from_mode(mode)).unwrap();
    fails_alone(Said::of(&mut command), &desk, told);
    fs::set_permissions(desk.root.join(locked), PermissionsExt::from_mode(0o755)).unwrap();
}

#[rstest]
#[case::the_destination("s3_bucket", "file://", "assets")]
#[case::a_folder_below_that_does_not_exist_yet("s3_bucket", "file://", "sub/new/assets")]
#[case::the_temporary_folder("temp_directory", "", "sub")]
fn a_source_folder_is_never_written_into(#[case] column: &str, #[case] scheme: &str, #[case] below: &str) {
    let desk = Desk::new();
    let source = desk.small_tree("rig");
    fs::create_dir_all(source.join("sub")).unwrap();
    let before = digest(&source);
    let job = Job::new().copy("behavior", &source).with(column, format!("{scheme}{}", source.join(below)));
    desk.run([job], &[]).ends(1).says("lies inside the source");
    assert_eq!(digest(&source), before);
}
