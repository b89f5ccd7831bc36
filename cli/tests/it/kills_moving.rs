//! `kill -9` at random moments of every command that moves or makes objects, each followed by the same command: what is there at the
//! end is what one clean run leaves, and nothing else.
//!
//! `ADT_KILLS` sets how many kills each case takes (3 where it is not set), `ADT_SEED` when.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use adt_testkit::{
    Seed,
    kill::KillLoop,
    lies::{Cloud, LyingServer, Object},
    open_ephys::{self, Gui, StreamSpec},
    tree::{self, TreeSpec},
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    kills::{asked, tell},
    lies::judge::{Files, below, files},
};

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drill {
    CopyUp,
    CopyDown,
    CopyWithin,
    SyncUp,
    SyncDown,
    Compress,
    Restore,
    Clean,
}

/// A source, a server, and a home; no lies are told.
struct Bench {
    drill: Drill,
    server: LyingServer,
    root: Utf8PathBuf,
    _folder: tempfile::TempDir,
    source: Files,
    /// What the server holds before the command.
    before: BTreeMap<String, Object>,
}

/// What only the destination has.
fn superfluous() -> Files {
    (0..30).map(|i| (format!("old/{i:02}"), vec![i; 500].into())).collect()
}

impl Bench {
    fn new(drill: Drill) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let server = LyingServer::start(Cloud::S3, []).unwrap();
        server.page_size(50);
        let from = root.join("from");
        match drill {
            Drill::Compress | Drill::Restore => {
                let streams = [StreamSpec::probe("Neuropix-PXI-100.ProbeA-AP", 16, 40_000).with_sync("SYNC")];
                open_ephys::recording(&from, "Record Node 101", (1, 1), Gui::V06, &streams).unwrap();
            }
            _ => {
                let spec = TreeSpec { files: 130, big_file: 21_000_000, ..TreeSpec::default() };
                tree::random(&from, &spec, 5).unwrap();
            }
        }
        let source = files(&from);
        let mut bench = Self { drill, server, root, _folder: folder, source, before: BTreeMap::new() };
        bench.prepare();
        bench
    }

    fn prepare(&mut self) {
        let put = |prefix: &str, files: &Files| {
            for (name, bytes) in files {
                self.server.put(&format!("{prefix}{name}"), bytes.clone());
            }
        };
        put("y/", &superfluous());
        match self.drill {
            Drill::CopyUp | Drill::Compress => {}
            Drill::SyncUp => put("x/", &superfluous()),
            Drill::CopyDown | Drill::CopyWithin | Drill::SyncDown | Drill::Clean => put("x/", &self.source),
            Drill::Restore => {
                let mut compress = self.adt(&["ephys", "compress", &self.from(), "s3://lab/x"]);
                assert!(compress.status().unwrap().success());
            }
        }
        self.before = self.server.objects();
    }

    fn from(&self) -> String {
        self.root.join("from").into_string()
    }

    fn to(&self) -> Utf8PathBuf {
        self.root.join("to")
    }

    fn adt(&self, args: &[&str]) -> Command {
        let home = self.root.join("home");
        fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_adt"));
        command.args(args).env_clear().envs(self.server.environment()).env("HOME", &home);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(home);
        command
    }

    fn command(&self) -> Command {
        let (from, to) = (self.from(), self.to().into_string());
        let parts = ["--part-size", "5MiB", "--lanes", "4"];
        let of = |words: &[&str]| self.adt(&[words, &parts].concat());
        match self.drill {
            Drill::CopyUp => of(&["copy", &from, "s3://lab/x"]),
            Drill::CopyDown => of(&["copy", "s3://lab/x", &to]),
            Drill::CopyWithin => of(&["copy", "s3://lab/x", "s3://lab/z"]),
            Drill::SyncUp => of(&["sync", &from, "s3://lab/x", "--delete", "--max-delete", "99"]),
            Drill::SyncDown => of(&["sync", "s3://lab/x", &to, "--delete", "--max-delete", "99"]),
            Drill::Compress => self.adt(&["ephys", "compress", &from, "s3://lab/x"]),
            Drill::Restore => self.adt(&["ephys", "restore", "s3://lab/x", &to]),
            Drill::Clean => self.adt(&["clean", "s3://lab/x"]),
        }
    }

    /// As if nothing had ever been run.
    fn forget(&self) {
        fs::remove_dir_all(self.root.join("home")).ok();
        fs::remove_dir_all(self.to()).ok();
        self.server.restore(&self.before);
        if self.drill == Drill::SyncDown {
            for (name, bytes) in superfluous() {
                let path = self.to().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        if self.drill == Drill::Clean {
            for i in 0..60 {
                self.server.begin_upload(&format!("x/{i:02}"), "part");
            }
        }
    }

    /// What a clean run leaves at the destination.
    fn made(&self) -> Files {
        let objects = self.server.objects();
        match self.drill {
            Drill::CopyUp | Drill::SyncUp | Drill::Compress => below(&objects, "x/"),
            Drill::CopyWithin => below(&objects, "z/"),
            Drill::CopyDown | Drill::SyncDown | Drill::Restore => files(&self.to()),
            Drill::Clean => Files::new(),
        }
    }

    /// What is there is what a clean run leaves; nothing half done is left over, and nothing else was touched.
    fn is_clean(&self, clean: &Files, about: &str) {
        let made = self.made();
        let names = clean.keys().chain(made.keys());
        let wrong: Vec<_> = names.filter(|name| clean.get(*name) != made.get(*name)).collect();
        assert!(wrong.is_empty(), "{about}: the destination is not that of a clean run: {wrong:?}");
        assert_eq!(self.server.uploads(), [""; 0], "{about}: uploads are left");
        assert_eq!(files(&self.root.join("from")), self.source, "{about}: the source");
        let objects = self.server.objects();
        assert_eq!(below(&objects, "y/"), superfluous(), "{about}: what is beside the destination");
        if matches!(self.drill, Drill::CopyDown | Drill::CopyWithin | Drill::SyncDown | Drill::Restore) {
            assert_eq!(below(&objects, "x/"), below(&self.before, "x/"), "{about}: the source");
        }
    }
}

/// An object that has its name has its bytes: at any moment, also while nothing is complete.
fn nothing_visible_is_wrong(bench: &Bench, clean: &Files, about: &str) {
    if bench.drill == Drill::Clean {
        return;
    }
    let stale = superfluous();
    for (name, bytes) in bench.made() {
        if is_temporary(&name) {
            continue;
        }
        let right = clean.get(&name) == Some(&bytes) || stale.get(&name) == Some(&bytes);
        assert!(right, "{about}: `{name}` is visible and wrong");
    }
}

/// The next run removes what it finds of these.
pub(crate) fn is_temporary(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or_default();
    own.strip_suffix(".part").is_some_and(|own| own.starts_with(".adt-"))
}

#[rstest]
#[case::copy_to_a_bucket(Drill::CopyUp, 1)]
#[case::copy_to_a_folder(Drill::CopyDown, 2)]
#[case::copy_by_the_server(Drill::CopyWithin, 3)]
#[case::sync_to_a_bucket(Drill::SyncUp, 4)]
#[case::sync_to_a_folder(Drill::SyncDown, 5)]
#[case::compressed_recordings(Drill::Compress, 6)]
#[case::restored_recordings(Drill::Restore, 7)]
#[case::uploads_cleaned_up(Drill::Clean, 8)]
fn a_killed_command_ends_like_a_clean_one(#[case] drill: Drill, #[case] seed: u64) {
    let bench = Bench::new(drill);
    bench.forget();
    let began = Instant::now();
    assert!(bench.command().status().unwrap().success());
    let whole = began.elapsed();
    let clean = bench.made();
    bench.is_clean(&clean, "clean run");

    let kills = asked("ADT_KILLS", 3) as u32;
    let mut seeds = Seed::new(asked("ADT_SEED", seed));
    let mut done = 0;
    while done < kills {
        bench.forget();
        let (cap, seed) = ((kills - done).min(6), seeds.bits());
        let about = format!("{drill:?}, seed {seed}");
        let plan = KillLoop { earliest: Duration::from_millis(15), latest: whole.mul_f64(0.8), seed, cap };
        let killed = plan
            .run(|| {
                nothing_visible_is_wrong(&bench, &clean, &about);
                bench.command()
            })
            .unwrap();
        assert!(killed.last.success(), "{about}: {killed:?}");
        bench.is_clean(&clean, &about);
        done += killed.kills;
    }
    tell(&format!("a_killed_command_ends_like_a_clean_one, {drill:?}"), done.into());
}
