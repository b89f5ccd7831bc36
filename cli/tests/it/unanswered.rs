//! The answer to the beginning of a multipart upload is lost: nothing is left behind, and nothing of another program is aborted.

use adt_testkit::{
    Seed,
    lies::{Answer, Asked, Cloud, Flow, Lie, LyingServer, Op, Reply, When},
};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{ASSET, Desk, Job, Said};

const LARGE: usize = 20 << 20;
const BEGIN: &[Op] = &[Op::Begin];

struct Scene {
    desk: Desk,
    server: LyingServer,
}

impl Scene {
    fn new(lies: impl IntoIterator<Item = Lie>) -> Self {
        let (desk, server) = (Desk::new(), LyingServer::start(Cloud::S3, lies).unwrap());
        let mut bytes = vec![0; LARGE];
        Seed::new(5).fill(&mut bytes);
        fs::create_dir_all(desk.root.join("work/source")).unwrap();
        fs::write(desk.root.join("work/source/large.bin"), &bytes).unwrap();
        Self { desk, server }
    }

    fn adt(&self, args: &[&str]) -> Said {
        Said::of(self.desk.adt(args).envs(self.server.environment()))
    }
}

fn refused(status: u16, code: &str) -> Reply {
    Reply::new(status, "application/xml", format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
}

fn reset(reply: &mut Reply, _: &Asked) {
    reply.flow = Flow::Reset;
}

fn broken(reply: &mut Reply, _: &Asked) {
    reply.flow = Flow::Broken;
}

fn failed(reply: &mut Reply, _: &Asked) {
    *reply = refused(500, "InternalError");
}

fn failed_late(reply: &mut Reply, _: &Asked) {
    *reply = refused(200, "InternalError");
}

type Edit = fn(&mut Reply, &Asked);

#[rstest]
fn an_upload_whose_beginning_was_not_answered_is_aborted(
    #[values(reset as Edit, broken as Edit, failed as Edit, failed_late as Edit)] edit: Edit,
    #[values("copy", "run", "pipe")] command: &str,
) {
    let lie = Lie::new("lost answer", BEGIN).when(When::Only(1)).answers(Answer::Edit(edit));
    let scene = Scene::new([lie]);
    let key = match command {
        "copy" => {
            scene.adt(&["copy", "source", "s3://lab/x"]).ends(0);
            "x/large.bin".to_owned()
        }
        "run" => {
            let job =
                Job::new().with("s3_bucket", "lab").zip("behavior", scene.desk.root.join("work/source"));
            scene.adt(&["run", scene.desk.list(job).as_str()]).ends(0);
            format!("{ASSET}/behavior/source.zip")
        }
        _ => {
            let input = fs::File::open(scene.desk.root.join("work/source/large.bin")).unwrap();
            let mut command = scene.desk.adt(&["copy", "-", "s3://lab/x/large.bin"]);
            command.envs(scene.server.environment()).stdin(std::process::Stdio::from(input.into_file()));
            Said::of(&mut command).ends(0);
            "x/large.bin".to_owned()
        }
    };
    assert_eq!(scene.server.told(), 1);
    assert!(scene.server.objects().contains_key(&key));
    assert_eq!(scene.server.uploads(), [""; 0]);
}

/// The object fails for another reason: its upload is kept for the next run, the other one is not.
#[test]
fn nothing_is_left_of_an_object_that_fails() {
    let lost = Lie::new("lost answer", BEGIN).when(When::Only(1)).answers(Answer::Edit(reset));
    let denied =
        Lie::new("denied", &[Op::Complete]).answers(Answer::Instead(|_| refused(403, "AccessDenied")));
    let scene = Scene::new([lost, denied]);
    scene.adt(&["copy", "source", "s3://lab/x"]).ends(1);
    assert_eq!(scene.server.uploads().len(), 1);
    scene.server.tell([]);
    scene.adt(&["copy", "source", "s3://lab/x"]).ends(0);
    assert_eq!(scene.server.uploads(), [""; 0]);
}

/// Uploads of other programs to the same key, and to keys that begin like it.
#[test]
fn uploads_of_other_programs_stay() {
    let lie = Lie::new("lost answer", BEGIN).when(When::Only(1)).answers(Answer::Edit(reset));
    let scene = Scene::new([lie]);
    scene.server.begin_upload("x/large.bin", "part");
    scene.server.begin_upload("x/large.bin.bak", "");
    scene.adt(&["copy", "source", "s3://lab/x"]).ends(0);
    assert_eq!(scene.server.uploads(), ["x/large.bin", "x/large.bin.bak"]);
}

/// What cannot be decided is named, with what to do.
#[rstest]
#[case::more_than_lost_answers(None)]
#[case::the_list_is_refused(Some(Lie::new("denied", &[Op::ListUploads]).answers(Answer::Instead(|_| refused(403, "AccessDenied")))))]
#[case::no_times(Some(Lie::new("no times", &[Op::ListUploads]).answers(Answer::Edit(|reply, _| {
    reply.edit(|text| text.replace("Initiated>", "Begun>"));
}))))]
fn what_cannot_be_decided_is_named(#[case] more: Option<Lie>) {
    let lie = Lie::new("lost answer", BEGIN).when(When::Only(1)).answers(Answer::Edit(reset));
    let undecided = more.is_none();
    let scene = Scene::new([lie].into_iter().chain(more));
    if undecided {
        scene.server.begin_upload("x/large.bin", "");
    }
    let said = scene.adt(&["copy", "source", "s3://lab/x"]).ends(0);
    said.says("an unfinished upload of `s3://lab/x/large.bin` may be left behind").says("adt clean");
    assert_eq!(scene.server.uploads().len(), 1 + usize::from(undecided));
    scene.server.tell([]);
    scene.adt(&["clean", "s3://lab/x"]).ends(0);
    assert_eq!(scene.server.uploads(), [""; 0]);
}

/// Without a lost answer nothing is listed: it would be a request more for each large object.
#[test]
fn nothing_is_looked_for_when_every_beginning_was_answered() {
    let scene = Scene::new([]);
    scene.adt(&["copy", "source", "s3://lab/x"]).ends(0);
    assert!(!scene.server.asked().contains_key(&Op::ListUploads));
}
