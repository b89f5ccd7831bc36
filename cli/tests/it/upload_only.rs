//! Credentials that may write and nothing else: `--no-list` is enough for objects of every size, and its absence is explained.

use adt_testkit::{
    Seed,
    lies::{Answer, Asked, Cloud, Lie, LyingServer, Op, Reply},
};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, Said};

/// Everything that looks at the destination or removes something from it.
const LOOKS: &[Op] =
    &[Op::List, Op::ListParts, Op::ListUploads, Op::Head, Op::Get, Op::Delete, Op::Describe, Op::Bucket];

struct Scene {
    desk: Desk,
    server: LyingServer,
}

fn refused(asked: &Asked) -> Reply {
    let code = if asked.header("x-ms-version").is_some() {
        "AuthorizationPermissionMismatch"
    } else {
        "AccessDenied"
    };
    let text = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Reply::new(403, "application/xml", text).with("x-ms-error-code", code)
}

impl Scene {
    fn new(cloud: Cloud, more: impl IntoIterator<Item = Lie>) -> Self {
        let denied = Lie::new("may only write", LOOKS).answers(Answer::Instead(refused));
        let (desk, server) =
            (Desk::new(), LyingServer::start(cloud, [denied].into_iter().chain(more)).unwrap());
        for (name, size) in [("small.bin", 3000), ("large.bin", 20 << 20)] {
            let mut bytes = vec![0; size];
            Seed::new(size as u64).fill(&mut bytes);
            fs::create_dir_all(desk.root.join("work/source")).unwrap();
            fs::write(desk.root.join("work/source").join(name), bytes).unwrap();
        }
        Self { desk, server }
    }

    fn adt(&self, args: &[&str]) -> Said {
        Said::of(self.desk.adt(args).envs(self.server.environment()))
    }

    #[track_caller]
    fn holds(&self, below: &str) {
        let objects = self.server.objects();
        for name in ["small.bin", "large.bin"] {
            let bytes = fs::read(self.desk.root.join("work/source").join(name)).unwrap();
            assert_eq!(objects[&format!("{below}/{name}")].bytes, bytes, "{name}");
        }
    }

    #[track_caller]
    fn has_not_looked(&self) {
        let asked = self.server.asked();
        assert!(LOOKS.iter().all(|op| !asked.contains_key(op)), "{asked:?}");
    }
}

#[rstest]
fn objects_of_every_size_are_sent(#[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud) {
    let scene = Scene::new(cloud, []);
    let there = format!("{}/x", scene.server.root());
    let said = scene.adt(&["copy", "source", &there, "--no-list", "--json"]).ends(0);
    assert!(said.stdout.contains("was not looked at (`--no-list`)"), "{said:#?}");
    assert!(!said.stdout.contains("\"unchecked\":1"), "{said:#?}");
    scene.holds("x");
    scene.has_not_looked();
}

#[rstest]
fn jobs_with_objects_of_every_size_are_sent(#[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud) {
    let scene = Scene::new(cloud, []);
    let source = scene.desk.root.join("work/source");
    let job = Job::new().with("s3_bucket", scene.server.root()).copy("behavior", source);
    scene.adt(&["run", scene.desk.list(job).as_str(), "--no-list"]).ends(0);
    scene.holds(&format!("{ASSET}/behavior"));
    scene.has_not_looked();
}

/// A service that says nothing of what it got: the objects are sent, and counted as not checked.
#[rstest]
fn what_the_answers_do_not_prove_is_counted(#[values(Cloud::S3, Cloud::Azure)] cloud: Cloud) {
    let silent = Lie::new("silent", &[Op::Put, Op::Part, Op::Complete]).answers(Answer::Edit(|reply, _| {
        for name in ["x-amz-checksum-crc64nvme", "content-md5", "x-ms-content-crc64"] {
            reply.remove(name);
        }
        if reply.header("etag").is_some() {
            reply.set("etag", "\"opaque\"");
        }
        reply.edit(|text| text.replace("ChecksumCRC64NVME>", "Other>"));
    }));
    let scene = Scene::new(cloud, [silent]);
    let there = format!("{}/x", scene.server.root());
    let said = scene.adt(&["copy", "source", &there, "--no-list"]);
    if cloud == Cloud::Azure {
        said.ends(0).says("2 objects could not be checked by a checksum");
        scene.holds("x");
    }
    scene.has_not_looked();
}

/// An upload that was interrupted is begun again: whether its parts are there cannot be asked.
#[rstest]
fn a_job_that_failed_is_sent_again(#[values(Cloud::S3, Cloud::Azure)] cloud: Cloud) {
    let fails = Lie::new("fails", &[Op::Complete]).answers(Answer::Instead(refused));
    let scene = Scene::new(cloud, [fails]);
    let source = scene.desk.root.join("work/source");
    let job = Job::new().with("s3_bucket", scene.server.root()).copy("behavior", source);
    let list = scene.desk.list(job);
    scene.adt(&["run", list.as_str(), "--no-list"]).ends(1);
    scene.server.tell([Lie::new("may only write", LOOKS).answers(Answer::Instead(refused))]);
    scene.adt(&["run", list.as_str(), "--no-list"]).ends(0);
    scene.holds(&format!("{ASSET}/behavior"));
    scene.has_not_looked();
}

#[rstest]
fn without_it_the_help_names_it(
    #[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud,
    #[values("folder", "file", "run")] what: &str,
) {
    let scene = Scene::new(cloud, []);
    let there = format!("{}/x", scene.server.root());
    let said = match what {
        "folder" => scene.adt(&["copy", "source", &there]),
        "file" => scene.adt(&["copy", "source/large.bin", &there]),
        _ => {
            let source = scene.desk.root.join("work/source");
            let job = Job::new().with("s3_bucket", scene.server.root()).copy("behavior", source);
            scene.adt(&["run", scene.desk.list(job).as_str()])
        }
    };
    said.ends(1).says("with credentials that may only write, use `--no-list`");
}

/// Listing is allowed, and reading is not: the look after the completion is what is refused.
#[rstest]
#[case::s3(Cloud::S3)]
#[case::azure(Cloud::Azure)]
fn a_refused_look_after_sending_names_it_too(#[case] cloud: Cloud) {
    let scene = Scene::new(cloud, []);
    scene
        .server
        .tell([Lie::new("may list and write", &[Op::Head, Op::Get]).answers(Answer::Instead(refused))]);
    let there = format!("{}/x", scene.server.root());
    scene.adt(&["copy", "source", &there]).ends(1).says("use `--no-list`");
}
