//! The commands, what they start from, and what is true after them.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

use adt_testkit::{
    lies::{Cloud, LyingServer, Object, Op},
    open_ephys::{self, Gui, StreamSpec},
};
use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::judge::{Files, files};

/// What a command is to do. `Up` is from a folder to the server, `Down` the way back, `Big` with objects in parts or ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scene {
    CopyUp,
    CopyUpBig,
    CopyDown,
    CopyDownBig,
    CopyWithin,
    SyncUp,
    SyncUpBig,
    SyncDown,
    DeleteUp,
    DeleteUpBig,
    DeleteDown,
    DeleteWithin,
    VerifySame,
    VerifyOther,
    VerifyDown,
    Run,
    RunBig,
    Clean,
    Restore,
}

impl Scene {
    pub(super) const ALL: [Self; 19] = [
        Self::CopyUp,
        Self::CopyUpBig,
        Self::CopyDown,
        Self::CopyDownBig,
        Self::CopyWithin,
        Self::SyncUp,
        Self::SyncUpBig,
        Self::SyncDown,
        Self::DeleteUp,
        Self::DeleteUpBig,
        Self::DeleteDown,
        Self::DeleteWithin,
        Self::VerifySame,
        Self::VerifyOther,
        Self::VerifyDown,
        Self::Run,
        Self::RunBig,
        Self::Clean,
        Self::Restore,
    ];

    /// Jobs and recordings go to S3 in every cell; what is different at the other clouds is moving.
    pub(super) fn is_of(self, cloud: Cloud) -> bool {
        match self {
            Self::Run | Self::RunBig | Self::Clean | Self::Restore => cloud == Cloud::S3,
            _ => true,
        }
    }

    /// The server is what is copied or compared: only its own word says what there is.
    pub(super) fn reads_from_server(self) -> bool {
        matches!(
            self,
            Self::CopyDown
                | Self::CopyDownBig
                | Self::CopyWithin
                | Self::SyncDown
                | Self::DeleteDown
                | Self::DeleteWithin
                | Self::VerifyDown
                | Self::Restore
        )
    }

    /// How the command ends at an honest server: what is different has to be found different.
    pub(super) fn right_code(self) -> i32 {
        i32::from(matches!(self, Self::VerifyOther | Self::VerifyDown))
    }

    fn is_big(self) -> bool {
        matches!(
            self,
            Self::CopyUpBig | Self::CopyDownBig | Self::SyncUpBig | Self::DeleteUpBig | Self::RunBig
        )
    }

    /// A big object is for what small ones do not ask for.
    pub(super) fn is_about(self, op: Op) -> bool {
        !self.is_big() || matches!(op, Op::Begin | Op::Part | Op::Complete | Op::Get | Op::Head)
    }
}

/// A list of one operation that lives as long as the program.
pub(super) fn alone(op: Op) -> &'static [Op] {
    const ALL: [Op; 16] = [
        Op::List,
        Op::Put,
        Op::Begin,
        Op::Part,
        Op::ListParts,
        Op::Complete,
        Op::Abort,
        Op::Copy,
        Op::PartCopy,
        Op::Head,
        Op::Get,
        Op::Delete,
        Op::DeleteMany,
        Op::ListUploads,
        Op::Describe,
        Op::Bucket,
    ];
    let at = ALL.iter().position(|one| *one == op).unwrap();
    &ALL[at..=at]
}

/// What all cells share and none changes.
pub(super) struct Fixture {
    pub(super) cloud: Cloud,
    _folder: tempfile::TempDir,
    pub(super) root: Utf8PathBuf,
    pub(super) small: Files,
    big: Files,
    pub(super) session: Files,
    pub(super) stores: BTreeMap<String, Object>,
}

/// Bytes that are different for each name and length.
pub(super) fn bytes(name: &str, length: usize) -> Bytes {
    let mut seed =
        adt_testkit::Seed::new(name.bytes().fold(7, |sum, byte| sum * 31 % 65_521 + u64::from(byte)));
    let mut bytes = vec![0; length];
    seed.fill(&mut bytes);
    bytes.into()
}

/// The names of the small files: two folders, so that listings are cut, and more than two pages of ten.
fn small() -> Files {
    let name = |i: usize| format!("{}/{:02}.bin", if i < 14 { "a" } else { "b" }, i);
    (0..25).map(|i| (name(i), bytes(&name(i), 40 + i * 37))).collect()
}

pub(super) fn write(folder: &Utf8Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// What only the destination has.
pub(super) fn superfluous() -> Files {
    (0..4).map(|i| (format!("old/{i}"), bytes("old", 10 + i))).collect()
}

/// What is beside the destination and concerns no command.
pub(super) fn neighbours() -> Files {
    (0..3).map(|i| (format!("y/{i}"), bytes("y", 20 + i))).collect()
}

pub(super) fn in_folder(prefix: &str, files: &Files) -> Files {
    files.iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes.clone())).collect()
}

impl Fixture {
    pub(super) fn new(cloud: Cloud) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let small = small();
        // More than fits into one request.
        let mut big = Files::from([("big0.bin".to_owned(), bytes("big", (16 << 20) + 77_777))]);
        big.insert("little1.bin".to_owned(), bytes("little", 100));
        write(&root.join("small"), &small);
        write(&root.join("big"), &big);
        let documents = Files::from([
            ("subject.json".to_owned(), Bytes::from_static(br#"{"subject_id": "714321"}"#)),
            ("procedures.json".to_owned(), Bytes::from_static(br#"{"subject_id": "714321"}"#)),
        ]);
        write(&root.join("documents"), &documents);
        let mut fixture =
            Self { cloud, _folder: folder, root, small, big, session: Files::new(), stores: BTreeMap::new() };
        if cloud == Cloud::S3 {
            fixture.record();
        }
        fixture
    }

    /// A recording, and its compressed store as a server holds it.
    fn record(&mut self) {
        let session = self.root.join("session");
        let streams = [StreamSpec::probe("Neuropix-PXI-100.ProbeA-AP", 4, 300).with_sync("SYNC")];
        open_ephys::recording(&session, "Record Node 101", (1, 1), Gui::V06, &streams).unwrap();
        let server = LyingServer::start(self.cloud, []).unwrap();
        let to = format!("{}/x", server.root());
        let mut command = adt(&server, &self.root.join("home"));
        let out = command.args(["ephys", "compress", session.as_str(), &to]).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        self.session = files(&session);
        self.stores = server.objects();
    }

    pub(super) fn data(&self, scene: Scene) -> (&Files, Utf8PathBuf) {
        if scene.is_big() {
            (&self.big, self.root.join("big"))
        } else {
            (&self.small, self.root.join("small"))
        }
    }
}

/// The program with nothing in its environment but a home and the way to the server. Nothing waits long.
pub(super) fn adt(server: &LyingServer, home: &Utf8Path) -> Command {
    fs::create_dir_all(home).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_adt"));
    command
        .env_clear()
        .envs(server.environment())
        .env("HOME", home)
        .env("ADT_RETRY_TIME", "1s")
        .env("ADT_REQUEST_TIMEOUT", "3s")
        .env("ADT_CPUS", "1")
        .env("ADT_LANES", "6")
        .env("ADT_MEMORY", "128MiB")
        .current_dir(home)
        .stdin(Stdio::null());
    command
}
