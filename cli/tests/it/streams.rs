//! Objects that are made while they are sent (zips, encrypted videos, standard input), to servers that forget or refuse their uploads.

use std::{io::Write, process::Stdio};

use adt_testkit::{
    Seed,
    lies::{Answer, Asked, Cloud, Lie, LyingServer, Op, Reply, When},
};
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{ASSET, Desk, Job, Said, differing, digest, unzipped, within},
    moving_proven::{gone, invalid, no_blocks, no_such_upload, not_found},
};

/// More than two parts of a stream.
const LARGE: usize = 36 << 20;

struct Scene {
    desk: Desk,
    server: LyingServer,
    source: Utf8PathBuf,
}

impl Scene {
    /// A folder with a file that no zip makes smaller, and a server that lies.
    fn new(cloud: Cloud, lies: impl IntoIterator<Item = Lie>) -> Self {
        let desk = Desk::new();
        let source = desk.root.join("rig/session");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("large.bin"), noise(LARGE)).unwrap();
        fs::write(source.join("small.txt"), "small").unwrap();
        Self { desk, server: LyingServer::start(cloud, lies).unwrap(), source }
    }

    fn job(&self) -> Job {
        Job::new().with("s3_bucket", self.server.root()).zip("behavior", &self.source)
    }

    fn run(&self, job: &Job) -> Said {
        let list = self.desk.list(job);
        let mut command = self.desk.adt(&["run", list.as_str(), "--retry-time", "3s"]);
        Said::of(command.envs(self.server.environment()))
    }

    fn pipe(&self, bytes: &[u8]) -> Said {
        let there = format!("{}/piped.bin", self.server.root());
        let mut command = self.desk.adt(&["copy", "-", &there, "--retry-time", "3s"]);
        command.envs(self.server.environment());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        // The program may end before it has read everything.
        let writing = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        let said = Said::from(child.wait_with_output().unwrap());
        writing.join().unwrap();
        said
    }

    fn asked(&self, op: Op) -> u64 {
        self.server.asked().get(&op).copied().unwrap_or_default()
    }

    /// The zip that arrived holds the folder, and nothing is left of other attempts.
    #[track_caller]
    fn holds_the_folder(&self) {
        let objects = self.server.objects();
        let zip = self.desk.root.join("arrived.zip");
        fs::write(&zip, &objects[&format!("{ASSET}/behavior/session.zip")].bytes).unwrap();
        let there = unzipped(&zip, &self.desk.root.join("unzipped"));
        assert_eq!(differing(&within("session", &there), &digest(&self.source)), [""; 0]);
        assert!(objects.contains_key(&format!("{ASSET}/metadata.nd.json")));
        assert_eq!(self.server.uploads(), [""; 0]);
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    Seed::new(length as u64).fill(&mut bytes);
    bytes
}

const PART: &[Op] = &[Op::Part];
const COMPLETE: &[Op] = &[Op::Complete];

type Make = fn(&Asked) -> Reply;

/// What a zip is made of is still there: it is made again, without another command.
#[rstest]
#[case::s3_at_the_first_part(Cloud::S3, PART, no_such_upload as Make, 1)]
#[case::s3_at_the_last_part(Cloud::S3, PART, no_such_upload as Make, 3)]
#[case::s3_at_the_end(Cloud::S3, COMPLETE, no_such_upload as Make, 1)]
#[case::google_gone_at_once(Cloud::Google, PART, gone as Make, 1)]
#[case::google_gone_later(Cloud::Google, PART, gone as Make, 2)]
#[case::google_not_found(Cloud::Google, PART, not_found as Make, 2)]
#[case::google_gone_at_the_end(Cloud::Google, COMPLETE, gone as Make, 1)]
#[case::azure_at_the_end(Cloud::Azure, COMPLETE, no_blocks as Make, 1)]
fn a_zip_whose_upload_is_forgotten_is_made_again(
    #[case] cloud: Cloud,
    #[case] on: &'static [Op],
    #[case] answer: Make,
    #[case] nth: u64,
) {
    let lie = Lie::new("forgets", on).key(".zip").when(When::Only(nth)).answers(Answer::Instead(answer));
    let scene = Scene::new(cloud, [lie]);
    scene.run(&scene.job()).ends(0).says("again from its first byte");
    assert_eq!(scene.server.told(), 1);
    scene.holds_the_folder();
    scene.run(&scene.job()).ends(0).says("skipped");
}

/// The same for videos, which are encrypted while they are sent.
#[rstest]
#[case::s3(Cloud::S3, PART, no_such_upload as Make)]
#[case::google(Cloud::Google, PART, gone as Make)]
fn a_video_whose_upload_is_forgotten_is_made_again(
    #[case] cloud: Cloud,
    #[case] on: &'static [Op],
    #[case] answer: Make,
) {
    let lie = Lie::new("forgets", on).key(".mp4").when(When::Only(2)).answers(Answer::Instead(answer));
    let scene = Scene::new(cloud, [lie]);
    let video = scene.desk.root.join("rig/videos/cam.mp4");
    fs::create_dir_all(video.parent().unwrap()).unwrap();
    fs::rename(scene.source.join("large.bin"), &video).unwrap();
    let job = scene.job().with("behavior_dir", video.parent().unwrap());
    scene.run(&job.with("video_encryption_password", "open sesame")).ends(0);
    assert_eq!(scene.server.told(), 1);
    let objects = scene.server.objects();
    assert!(objects[&format!("{ASSET}/behavior/cam.mp4.zip")].bytes.len() >= LARGE);
    assert_eq!(scene.server.uploads(), [""; 0]);
}

/// It ends, names the object, and the next run begins from the first byte.
#[rstest]
#[case::s3(Cloud::S3, no_such_upload as Make, "NoSuchUpload")]
#[case::google(Cloud::Google, gone as Make, "gone")]
#[case::azure(Cloud::Azure, no_blocks as Make, "InvalidBlockList")]
fn a_zip_whose_uploads_are_always_forgotten_fails_in_the_end(
    #[case] cloud: Cloud,
    #[case] answer: Make,
    #[case] why: &str,
) {
    let lie = Lie::new("forgets", COMPLETE).key(".zip").answers(Answer::Instead(answer));
    let scene = Scene::new(cloud, [lie]);
    let said = scene.run(&scene.job()).ends(1).says("session.zip").says(why);
    // The last upload that Azure has forgotten is given up by one more request of that kind.
    assert!((2..=6).contains(&scene.server.told()), "{} {said:#?}", scene.server.told());
    scene.server.tell([]);
    scene.run(&scene.job()).ends(0);
    scene.holds_the_folder();
}

/// A session whose end was refused would be refused again.
#[test]
fn a_session_of_a_zip_that_was_refused_is_not_resumed() {
    let lie = Lie::new("refuses", COMPLETE).key(".zip").answers(Answer::Instead(invalid));
    let scene = Scene::new(Cloud::Google, [lie]);
    scene.run(&scene.job()).ends(1).says("session.zip");
    let begun = scene.asked(Op::Begin);
    scene.server.tell([]);
    scene.run(&scene.job()).ends(0);
    assert!(scene.asked(Op::Begin) > begun);
    scene.holds_the_folder();
}

/// Standard input cannot be read twice: the object fails, nothing is left of it, and the same pipeline can run again.
#[rstest]
#[case::s3(Cloud::S3, PART, no_such_upload as Make)]
#[case::s3_refused(Cloud::S3, PART, |_: &Asked| Reply::new(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"))]
#[case::google(Cloud::Google, PART, gone as Make)]
#[case::google_refused(Cloud::Google, COMPLETE, invalid as Make)]
#[case::azure(Cloud::Azure, COMPLETE, no_blocks as Make)]
fn standard_input_whose_upload_is_forgotten_fails_and_can_be_sent_again(
    #[case] cloud: Cloud,
    #[case] on: &'static [Op],
    #[case] answer: Make,
) {
    let scene = Scene::new(cloud, [Lie::new("forgets", on).answers(Answer::Instead(answer))]);
    let bytes = noise(LARGE);
    let said = scene.pipe(&bytes).ends(1).says("piped.bin");
    let forgotten =
        !matches!(said.stderr.as_str(), said if said.contains("AccessDenied") || said.contains("invalid"));
    assert_eq!(forgotten, said.stderr.contains("run the whole pipeline again"), "{said:#?}");
    assert!(!said.stderr.contains("again from its first byte"), "{said:#?}");
    assert!(!scene.server.objects().contains_key("piped.bin"));
    if cloud != Cloud::Azure {
        // Azure drops blocks that no list names by itself.
        assert_eq!(scene.server.uploads(), [""; 0]);
    }
    scene.server.tell([]);
    scene.pipe(&bytes).ends(0);
    assert_eq!(scene.server.objects()["piped.bin"].bytes, bytes);
}
