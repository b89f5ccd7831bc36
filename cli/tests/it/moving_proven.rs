//! What was moved is what the place states it to be, however the servers behave in between.

use adt_testkit::{
    Seed,
    lies::{Answer, Asked, Cloud, Lie, LyingServer, Op, Reply, When},
};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Said};

/// How a summary counts what no checksum proves.
const SAID: &str = "2 objects could not be checked by a checksum";
/// More than fits into one request.
const LARGE: usize = 20 << 20;

struct Scene {
    desk: Desk,
    server: LyingServer,
}

impl Scene {
    /// A folder with a small file and a large one, and a server that lies.
    fn new(cloud: Cloud, lies: impl IntoIterator<Item = Lie>) -> Self {
        let desk = Desk::new();
        let server = LyingServer::start(cloud, lies).unwrap();
        for (name, size) in [("small.bin", 3000), ("large.bin", LARGE)] {
            let mut bytes = vec![0; size];
            Seed::new(size as u64).fill(&mut bytes);
            let path = desk.root.join("work/source").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        Self { desk, server }
    }

    /// The server holds the files, as another program has put them there.
    fn filled(self) -> Self {
        for name in ["small.bin", "large.bin"] {
            self.server.put(&format!("x/{name}"), self.file(name));
        }
        self
    }

    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.desk.root.join("work/source").join(name)).unwrap()
    }

    fn there(&self) -> String {
        format!("{}/x", self.server.root())
    }

    fn adt(&self, args: &[&str]) -> Said {
        Said::of(self.desk.adt(args).envs(self.server.environment()))
    }

    fn holds_all(&self) -> bool {
        let objects = self.server.objects();
        ["small.bin", "large.bin"].iter().all(|name| {
            objects.get(&format!("x/{name}")).is_some_and(|object| object.bytes == self.file(name))
        })
    }

    fn asked(&self, op: Op) -> u64 {
        self.server.asked().get(&op).copied().unwrap_or_default()
    }
}

pub(crate) fn no_such_upload(_: &Asked) -> Reply {
    Reply::new(404, "application/xml", "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>")
}

pub(crate) fn gone(_: &Asked) -> Reply {
    Reply::new(410, "application/json", r#"{"error": {"code": 410, "message": "gone"}}"#)
}

pub(crate) fn not_found(_: &Asked) -> Reply {
    Reply::new(404, "application/json", r#"{"error": {"code": 404, "message": "no session"}}"#)
}

pub(crate) fn invalid(_: &Asked) -> Reply {
    Reply::new(400, "application/json", r#"{"error": {"code": 400, "message": "invalid"}}"#)
}

pub(crate) fn no_blocks(_: &Asked) -> Reply {
    Reply::new(400, "application/xml", "<Error><Code>InvalidBlockList</Code><Message>no</Message></Error>")
}

/// The source is still there: nobody has to start the command again.
#[rstest]
#[case::s3_while_parts_are_sent(Cloud::S3, Op::Part, no_such_upload)]
#[case::s3_at_the_end(Cloud::S3, Op::Complete, no_such_upload)]
#[case::google_gone(Cloud::Google, Op::Part, gone)]
#[case::google_not_found(Cloud::Google, Op::Part, not_found)]
#[case::azure_at_the_end(Cloud::Azure, Op::Complete, no_blocks)]
fn an_upload_that_the_server_forgets_is_begun_again(
    #[case] cloud: Cloud,
    #[case] op: Op,
    #[case] answer: fn(&Asked) -> Reply,
    #[values(1, 2)] nth: u64,
) {
    let on: &'static [Op] = if op == Op::Part { &[Op::Part] } else { &[Op::Complete] };
    let lie = Lie::new("forgets", on).key("large").when(When::Only(nth)).answers(Answer::Instead(answer));
    let scene = Scene::new(cloud, [lie]);
    scene.adt(&["copy", "source", &scene.there()]).ends(0);
    assert!(scene.holds_all());
    scene.adt(&["verify", "source", &scene.there()]).ends(0);
}

/// Always forgotten: it ends, and says why.
#[test]
fn an_upload_that_is_always_forgotten_fails_in_the_end() {
    let lie = Lie::new("forgets", &[Op::Complete]).answers(Answer::Instead(no_blocks));
    let scene = Scene::new(Cloud::Azure, [lie]);
    scene.adt(&["copy", "source", &scene.there(), "--retry-time", "3s"]).ends(1).says("InvalidBlockList");
    scene.server.tell([]);
    scene.adt(&["copy", "source", &scene.there()]).ends(0);
    assert!(scene.holds_all());
}

/// A session whose end was refused is not resumed: it would be refused again.
#[test]
fn a_session_that_was_refused_is_not_resumed() {
    let lie = Lie::new("refuses", &[Op::Complete]).answers(Answer::Instead(invalid));
    let scene = Scene::new(Cloud::Google, [lie]);
    scene.adt(&["copy", "source", &scene.there()]).ends(1);
    let begun = scene.asked(Op::Begin);
    scene.server.tell([]);
    scene.adt(&["copy", "source", &scene.there()]).ends(0);
    assert!(scene.asked(Op::Begin) > begun);
    assert!(scene.holds_all());
}

fn damage(reply: &mut Reply, _: &Asked) {
    let mut bytes = reply.body.to_vec();
    if let Some(first) = bytes.first_mut() {
        *first ^= 1;
    }
    reply.body = bytes.into();
}

fn damage_and_say_nothing(reply: &mut Reply, asked: &Asked) {
    damage(reply, asked);
    for name in ["content-md5", "x-ms-blob-content-md5", "x-goog-hash", "x-amz-checksum-crc64nvme"] {
        reply.remove(name);
    }
}

/// Small objects come whole, large ones in ranges.
#[rstest]
fn damaged_bytes_are_not_taken(
    #[values(Cloud::S3, Cloud::Google, Cloud::Azure)] cloud: Cloud,
    #[values(damage as fn(&mut Reply, &Asked), damage_and_say_nothing)] edit: fn(&mut Reply, &Asked),
) {
    let lie = Lie::new("damages", &[Op::Get]).answers(Answer::Edit(edit));
    let scene = Scene::new(cloud, [lie]).filled();
    scene.adt(&["copy", &scene.there(), "back"]).ends(1).says("2 of 2 objects could not be moved");
    for name in ["small.bin", "large.bin"] {
        assert!(!scene.desk.root.join("work/back").join(name).exists(), "{name}");
    }
    let said = scene.adt(&["verify", &scene.there(), "source", "--download"]).ends(1);
    assert!(!said.stdout.contains("2 objects the same"), "{said:#?}");
    scene.server.tell([]);
    scene.adt(&["copy", &scene.there(), "back"]).ends(0);
    scene.adt(&["verify", "source", "back"]).ends(0);
}

/// A blob without an MD5: nothing is wrong, and nothing is proven.
#[test]
fn what_cannot_be_checked_is_counted() {
    let scene = Scene::new(Cloud::Azure, []).filled();
    let mut objects = scene.server.objects();
    for (nth, object) in objects.values_mut().enumerate() {
        object.content_md5 = None;
        object.etag = format!("0x8D{nth}");
    }
    scene.server.restore(&objects);
    scene.adt(&["copy", &scene.there(), "back"]).ends(0).says(SAID);
    scene.adt(&["verify", &scene.there(), "source"]).ends(0).says(SAID);
    let said = scene.adt(&["verify", &scene.there(), "source", "--json"]).ends(0);
    assert!(said.stdout.contains("\"unchecked\":2"), "{said:#?}");
    let said = scene.adt(&["copy", &scene.there(), "again", "--json"]).ends(0);
    assert!(said.stdout.contains("\"unchecked\":2"), "{said:#?}");
}

/// Another program replaces bytes and keeps what is beside them, as mounts and clients of Data Lake do.
#[rstest]
#[case::the_service_states_a_new_md5_of_the_small_one(true)]
#[case::the_service_states_no_md5(false)]
fn what_is_beside_rewritten_bytes_does_not_vouch_for_them(#[case] states: bool) {
    let scene = Scene::new(Cloud::Azure, []);
    scene.adt(&["copy", "source", &scene.there()]).ends(0);
    let mut objects = scene.server.objects();
    for (key, object) in &mut objects {
        let mut bytes = object.bytes.to_vec();
        bytes[7] ^= 1;
        let md5 = states && key.contains("small");
        *object = adt_testkit::lies::Object {
            content_md5: md5.then(|| "AAAAAAAAAAAAAAAAAAAAAA==".to_owned()),
            etag: format!("{}1", object.etag),
            written: object.written + std::time::Duration::from_secs(6),
            bytes: bytes.into(),
            ..object.clone()
        };
    }
    scene.server.restore(&objects);
    let said = scene.adt(&["verify", "source", &scene.there()]).ends(1);
    let wrong = said.stdout.matches("DIFFERENT").count() + said.stdout.matches("UNKNOWN").count();
    assert_eq!(wrong, 2, "{said:#?}");
    let said = scene.adt(&["copy", "source", &scene.there(), "--json"]).ends(0);
    assert!(said.events("object").iter().all(|event| event["kept"] == false), "{said:#?}");
    assert!(scene.holds_all());
}
