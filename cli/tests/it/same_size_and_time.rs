//! Other bytes under the old size and time, at the source or at the destination: noticed by the time of the last change, which cannot be set.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{ASSET, Desk, Job, Said, differing, digest, within},
    ephys_session::{Rig, neuropixels},
    imaging_tools::tiff,
    moving::turn_a_byte,
};

/// A complete asset in a folder.
struct Done {
    desk: Desk,
    source: Utf8PathBuf,
    asset: Utf8PathBuf,
}

impl Done {
    fn new(zipped: bool) -> Self {
        let desk = Desk::new();
        let source = desk.small_tree("rig/session");
        fs::write(source.join("a.bin"), vec![1; 3000]).unwrap();
        fs::write(source.join("b.bin"), vec![2; 3000]).unwrap();
        let asset = Utf8Path::new(desk.file_place().strip_prefix("file://").unwrap()).join(ASSET);
        let done = Self { desk, source, asset };
        done.desk.run(done.job(zipped), &[]).ends(0);
        done
    }

    fn job(&self, zipped: bool) -> Job {
        let job = Job::new().with("s3_bucket", self.desk.file_place());
        if zipped { job.zip("behavior", &self.source) } else { job.copy("behavior", &self.source) }
    }

    fn holds_the_source(&self) -> bool {
        differing(&within("behavior", &digest(&self.asset)), &digest(&self.source)).is_empty()
    }
}

/// Other bytes, the same size and time.
fn rewrite(path: &Utf8Path) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    let bytes: Vec<u8> = fs::read(path).unwrap().into_iter().map(|byte| byte ^ 1).collect();
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().file().set_modified(time).unwrap();
}

/// The same bytes.
fn touch(path: &Utf8Path) {
    fs::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
}

#[test]
fn a_file_that_was_replaced_at_the_destination_is_named_and_sent_again() {
    let done = Done::new(false);
    rewrite(&done.asset.join("behavior/a.bin"));
    for _ in 0..2 {
        done.desk.run(done.job(false), &[]).ends(1).says("behavior/a.bin").says("was replaced");
    }
    done.desk.run(done.job(false).with("force_cloud_sync", "true"), &[]).ends(0);
    assert!(done.holds_the_source());
    done.desk.run(done.job(false), &[]).ends(0).says("skipped");
}

/// The record is gone as well, so that the asset is completed anew.
#[test]
fn an_asset_that_is_completed_again_does_not_keep_replaced_files() {
    let done = Done::new(false);
    rewrite(&done.asset.join("behavior/a.bin"));
    fs::remove_file(done.asset.join("metadata.nd.json")).unwrap();
    done.desk.run(done.job(false).with("force_cloud_sync", "true"), &[]).ends(0);
    assert!(done.holds_the_source());
}

#[test]
fn a_replaced_zip_is_named() {
    let done = Done::new(true);
    rewrite(&done.asset.join("behavior/session.zip"));
    done.desk.run(done.job(true), &[]).ends(1).says("behavior/session.zip").says("was replaced");
}

#[rstest]
fn permissions_make_no_other_asset(#[values("source", "destination")] side: &str) {
    let done = Done::new(false);
    let folder = if side == "source" { done.source.clone() } else { done.asset.join("behavior") };
    touch(&folder.join("a.bin"));
    for _ in 0..2 {
        done.desk.run(done.job(false), &[]).ends(0).says("skipped");
    }
}

/// The source of a complete asset is compared with what was sent of it.
#[test]
fn other_bytes_at_the_source_of_a_complete_asset_are_named() {
    let done = Done::new(false);
    rewrite(&done.source.join("a.bin"));
    for _ in 0..2 {
        let said = done.desk.run(done.job(false), &[]).ends(1);
        said.says("a.bin").says("holds other bytes than those that an earlier run sent");
    }
    done.desk.run(done.job(false).with("force_cloud_sync", "true"), &[]).ends(0);
    assert!(done.holds_the_source());
}

/// What became part of a zip cannot be compared so cheaply: it is reported.
#[test]
fn other_bytes_at_the_source_of_a_complete_zip_are_reported() {
    let done = Done::new(true);
    rewrite(&done.source.join("a.bin"));
    done.desk.run(done.job(true), &[]).ends(0).says("a.bin` has changed").says("force_cloud_sync");
    rewrite(&done.source.join("a.bin"));
    rewrite(&done.source.join("b.bin"));
    done.desk.run(done.job(true), &[]).ends(0).says("and 1 other file have changed");
}

/// The commands without a job list report it as well.
#[rstest]
#[case::recording("ephys")]
#[case::image("imaging")]
fn other_bytes_at_the_source_of_a_finished_conversion_are_reported(#[case] family: &str) {
    let rig = Rig::new();
    let (source, words) = if family == "ephys" {
        neuropixels(&rig);
        (rig.session.clone(), vec!["compress"])
    } else {
        let folder = rig.desk.root.join("images");
        fs::create_dir_all(&folder).unwrap();
        tiff(&folder.join("tile.tif"), [8, 9, 10], |z, y, x| (z * 2_000 + y * 50 + x) as u16);
        (folder, vec!["zarr", "--chunk-shape", "8,8,8", "--n-levels", "1"])
    };
    let to = rig.desk.root.join("made");
    let words = [&[family], &words[..], &[source.as_str(), to.as_str()]].concat();
    let run = || Said::of(&mut rig.desk.adt(&words)).ends(0);
    run();
    assert!(!run().stderr.contains("has changed since"));
    let names = digest(&source);
    let name =
        names.keys().find(|name| name.ends_with("continuous.dat") || name.starts_with("tile")).unwrap();
    turn_a_byte(&source.join(name));
    run().says(name).says("has changed since the asset was completed").says("skipped");
    // A quiet run says it too.
    let quiet = Said::of(&mut rig.desk.adt(&[&words[..], &["--quiet"]].concat())).ends(0);
    assert_eq!((quiet.stdout + &quiet.stderr).matches("has changed since the asset").count(), 1);
}
