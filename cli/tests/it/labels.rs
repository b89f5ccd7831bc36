//! adt's own checksum beside a blob of Azure that has no MD5: what it proves, and what it does not.

use adt_testkit::{
    Seed,
    lies::{Cloud, LyingServer, Object, Op},
};
use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Said};

/// Sent in blocks: the service states no MD5 of it.
const LARGE: usize = 20 << 20;

struct Scene {
    desk: Desk,
    server: LyingServer,
    bytes: Vec<u8>,
}

impl Scene {
    /// A large file, copied to the service.
    fn new() -> Self {
        let (desk, server) = (Desk::new(), LyingServer::start(Cloud::Azure, []).unwrap());
        let mut bytes = vec![0; LARGE];
        Seed::new(3).fill(&mut bytes);
        fs::create_dir_all(desk.root.join("work/source")).unwrap();
        fs::write(desk.root.join("work/source/large.bin"), &bytes).unwrap();
        let scene = Self { desk, server, bytes };
        scene.adt("home", &["copy", "source", &scene.there()]).ends(0);
        assert!(scene.object().content_md5.is_none() && scene.object().blocks.len() > 1);
        scene
    }

    fn there(&self) -> String {
        format!("{}/x", self.server.root())
    }

    /// On a machine that is called so; each has a ledger of its own.
    fn adt(&self, machine: &str, args: &[&str]) -> Said {
        let home = self.desk.root.join(machine);
        fs::create_dir_all(&home).unwrap();
        Said::of(self.desk.adt(args).env("HOME", home).envs(self.server.environment()))
    }

    fn object(&self) -> Object {
        self.server.objects()["x/large.bin"].clone()
    }

    /// Another program writes the blob: the length and the metadata stay.
    fn rewrite(&self, blocks: Vec<(String, usize)>, later: u64) {
        let mut objects = self.server.objects();
        let object = objects.get_mut("x/large.bin").unwrap();
        let mut bytes = object.bytes.to_vec();
        bytes[7] ^= 1;
        *object = Object {
            bytes: bytes.into(),
            etag: format!("{}1", object.etag),
            written: object.written + std::time::Duration::from_secs(later),
            blocks,
            ..object.clone()
        };
        self.server.restore(&objects);
    }

    fn asked(&self, op: Op) -> u64 {
        self.server.asked().get(&op).copied().unwrap_or_default()
    }
}

/// Within the three seconds in which the time of the blob is that of the label, and later.
#[rstest]
fn a_blob_that_was_rewritten_is_never_the_same(
    #[values("home", "another")] machine: &str,
    #[values(0, 1, 60)] later: u64,
    #[values("none", "foreign")] blocks: &str,
) {
    let scene = Scene::new();
    let foreign = vec![("MDAwMDAx".to_owned(), LARGE)];
    scene.rewrite(if blocks == "none" { Vec::new() } else { foreign }, later);
    let said = scene.adt(machine, &["verify", "source", &scene.there()]).ends(1);
    assert!(said.stdout.contains("DIFFERENT"), "{said:#?}");
    let said = scene.adt(machine, &["copy", "source", &scene.there(), "--json"]).ends(0);
    assert!(said.events("object").iter().all(|event| event["kept"] == false), "{said:#?}");
    assert_eq!(scene.object().bytes, scene.bytes);
    scene.rewrite(Vec::new(), later);
    scene.adt(machine, &["sync", "source", &scene.there(), "--checksum"]).ends(0);
    assert_eq!(scene.object().bytes, scene.bytes);
}

/// The blocks that the blob consists of prove it: nothing is downloaded and nothing is sent.
#[rstest]
#[case::copy(&["copy"])]
#[case::by_checksum(&["sync", "--checksum"])]
#[case::verify(&["verify"])]
fn a_blob_that_consists_of_its_blocks_is_proven_on_another_machine(#[case] words: &[&str]) {
    let scene = Scene::new();
    let (there, received) = (scene.there(), scene.server.received());
    let said = scene.adt("another", &[words, &["source", &there, "--json"]].concat()).ends(0);
    assert!(said.events("object").iter().all(|event| event["kept"] == true), "{said:#?}");
    assert_eq!((scene.asked(Op::Get), scene.server.received()), (0, received));
}

/// A service that does not say what a blob consists of: its bytes are read, and no checksum of the service vouches for them.
#[test]
fn a_blob_that_nothing_proves_is_read_and_counted_as_unchecked() {
    let scene = Scene::new();
    let mut objects = scene.server.objects();
    objects.get_mut("x/large.bin").unwrap().blocks.clear();
    scene.server.restore(&objects);
    let said = scene.adt("another", &["verify", "source", &scene.there(), "--json"]).ends(0);
    assert!(said.stdout.contains("\"unchecked\":1"), "{said:#?}");
    assert!(scene.asked(Op::Get) > 0);
    scene
        .adt("another", &["copy", &scene.there(), "back"])
        .ends(0)
        .says("could not be checked by a checksum");
    // What this ledger has sent is known by its ETag.
    let said = scene.adt("home", &["copy", "source", &scene.there(), "--json"]).ends(0);
    assert!(said.events("object").iter().all(|event| event["kept"] == true), "{said:#?}");
}
