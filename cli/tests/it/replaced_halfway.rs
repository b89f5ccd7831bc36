//! An object is replaced by another program while it is read in pieces: never a mix of two versions.

use adt_testkit::{
    Seed,
    lies::{Answer, Asked, Cloud, Lie, LyingServer, Op, Reply, When},
    open_ephys::{Gui, StreamSpec},
};
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::Said,
    ephys_session::{AP, NODE, Rig},
};

/// More than two pieces.
const LARGE: usize = 20 << 20;

/// As a server answers that does not look at `If-Match`: other bytes, under another ETag.
fn other(reply: &mut Reply, asked: &Asked) {
    if asked.header("range").is_some() && (200..300).contains(&reply.status) {
        reply.body = reply.body.iter().map(|byte| byte ^ 0x55).collect::<Vec<_>>().into();
        for name in ["x-amz-checksum-crc64nvme", "x-amz-checksum-type", "x-goog-hash", "x-goog-generation"] {
            reply.remove(name);
        }
        reply.set("etag", "\"another\"");
        reply.set("x-goog-generation", "7");
    }
}

/// As a server answers that does.
fn refused(_: &Asked) -> Reply {
    let text = "<Error><Code>PreconditionFailed</Code><Message>changed</Message></Error>";
    Reply::new(412, "application/xml", text)
}

/// Everything below a folder, as objects.
fn put(server: &LyingServer, folder: &Utf8Path, below: &str) {
    for key in crate::desk::digest(folder).keys() {
        server.put(&format!("{below}/{key}"), fs::read(folder.join(key)).unwrap());
    }
}

/// A session with a large file beside its recordings, compressed and stored at a server.
fn session(cloud: Cloud) -> (Rig, LyingServer) {
    let rig = Rig::new();
    rig.record(NODE, (1, 1), Gui::V06, &[StreamSpec::probe(AP, 4, 90)]);
    let mut bytes = vec![0; LARGE];
    Seed::new(9).fill(&mut bytes);
    fs::write(rig.session.join("notes.bin"), bytes).unwrap();
    rig.compress(&[]).ends(0);
    let server = LyingServer::start(cloud, []).unwrap();
    put(&server, rig.stores().parent().unwrap(), "x");
    (rig, server)
}

fn restore(rig: &Rig, server: &LyingServer) -> Said {
    let from = format!("{}/x", server.root());
    let to = rig.desk.root.join("again");
    Said::of(
        rig.desk.adt(&["ephys", "restore", &from, to.as_str(), "--lanes", "1"]).envs(server.environment()),
    )
}

#[rstest]
#[case::s3(Cloud::S3, Answer::Edit(other))]
#[case::s3_that_refuses(Cloud::S3, Answer::Instead(refused))]
#[case::google(Cloud::Google, Answer::Edit(other))]
#[case::azure(Cloud::Azure, Answer::Edit(other))]
fn a_restored_file_is_of_one_version(#[case] cloud: Cloud, #[case] answer: Answer) {
    let (rig, server) = session(cloud);
    server.tell([Lie::new("replaced", &[Op::Get]).key("notes.bin").when(When::From(2)).answers(answer)]);
    restore(&rig, &server).ends(1).says("notes.bin").says("was changed while it was read");
    assert!(!rig.desk.root.join("again/notes.bin").exists());
    server.tell([]);
    restore(&rig, &server).ends(0);
    assert_eq!(
        fs::read(rig.desk.root.join("again/notes.bin")).unwrap(),
        fs::read(rig.session.join("notes.bin")).unwrap()
    );
}

/// The file is there already, and is compared with an object of which the server keeps no checksum.
#[test]
fn a_file_is_compared_with_one_version() {
    let (rig, server) = session(Cloud::S3);
    server.checksums(false);
    restore(&rig, &server).ends(0);
    server.tell([Lie::new("replaced", &[Op::Get])
        .key("notes.bin")
        .when(When::From(2))
        .answers(Answer::Edit(other))]);
    restore(&rig, &server).ends(1).says("was changed while it was read");
}
