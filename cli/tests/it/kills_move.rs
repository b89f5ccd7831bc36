//! `kill -9` at random moments of `adt move`, each followed by the same command: at any moment every object is whole at the source or at
//! the destination, and in the end all of them are at the destination alone.
//!
//! `ADT_KILLS` sets how many kills each case takes (3 where it is not set), `ADT_SEED` when.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use adt_testkit::{
    Seed,
    kill::KillLoop,
    lies::{Cloud, LyingServer},
    tree::{self, TreeSpec},
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::Said,
    kills::{asked, tell},
    kills_moving::is_temporary,
    lies::judge::{Files, below, files},
};

/// A side of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Folder,
    S3,
}

/// Two sides, and what is moved from one to the other.
struct Bench {
    sides: (Side, Side),
    server: LyingServer,
    root: Utf8PathBuf,
    _folder: tempfile::TempDir,
    objects: Files,
}

impl Bench {
    fn new(sides: (Side, Side)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let server = LyingServer::start(Cloud::S3, []).unwrap();
        server.page_size(50);
        let model = root.join("model");
        let spec = TreeSpec { files: 100, big_file: 21_000_000, ..TreeSpec::default() };
        tree::random(&model, &spec, 6).unwrap();
        let objects = files(&model);
        Self { sides, server, root, _folder: folder, objects }
    }

    fn place(&self, side: Side, name: &str) -> String {
        match side {
            Side::Folder => self.root.join(name).into_string(),
            Side::S3 => format!("s3://lab/{name}"),
        }
    }

    fn held(&self, side: Side, name: &str) -> Files {
        match side {
            Side::Folder => files(&self.root.join(name)),
            Side::S3 => below(&self.server.objects(), &format!("{name}/")),
        }
    }

    fn source(&self) -> Files {
        self.held(self.sides.0, "from")
    }

    fn destination(&self) -> Files {
        self.held(self.sides.1, "to")
    }

    /// As if nothing had ever been moved.
    fn begin(&self) {
        for name in ["home", "from", "to"] {
            fs::remove_dir_all(self.root.join(name)).ok();
        }
        self.server.restore(&[].into());
        for (name, bytes) in &self.objects {
            match self.sides.0 {
                Side::S3 => self.server.put(&format!("from/{name}"), bytes.clone()),
                Side::Folder => {
                    let path = self.root.join("from").join(name);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, bytes).unwrap();
                }
            }
        }
    }

    fn adt(&self, args: &[&str]) -> Command {
        let home = self.root.join("home");
        fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_adt"));
        command.args(args).env_clear().envs(self.server.environment()).env("HOME", &home);
        command.stdin(Stdio::null()).current_dir(home);
        command
    }

    fn command(&self) -> Command {
        let (from, to) = (self.place(self.sides.0, "from"), self.place(self.sides.1, "to"));
        let mut command = self.adt(&["move", &from, &to, "--part-size", "5MiB", "--lanes", "4"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Every object is whole on one of the sides, and nothing that can be seen at the destination is anything else.
    fn nothing_is_lost(&self, about: &str) {
        let (source, destination) = (self.source(), self.destination());
        for (name, bytes) in &self.objects {
            let is_whole = source.get(name) == Some(bytes) || destination.get(name) == Some(bytes);
            assert!(is_whole, "{about}: `{name}` is whole on neither side");
        }
        let odd = |(name, bytes): &(&String, &bytes::Bytes)| {
            !is_temporary(name) && self.objects.get(*name) != Some(*bytes)
        };
        let odd: Vec<_> = destination.iter().filter(odd).map(|(name, _)| name).collect();
        assert!(odd.is_empty(), "{about}: {odd:?} are visible at the destination and wrong");
    }

    fn is_moved(&self, about: &str) {
        let (source, destination) = (self.source(), self.destination());
        assert!(source.is_empty(), "{about}: left at the source: {:?}", source.keys());
        let names = self.objects.keys().chain(destination.keys());
        let wrong: Vec<_> = names.filter(|name| self.objects.get(*name) != destination.get(*name)).collect();
        assert!(wrong.is_empty(), "{about}: wrong at the destination: {wrong:?}");
        assert_eq!(self.server.uploads(), [""; 0], "{about}: uploads are left");
    }
}

#[rstest]
#[case::to_a_bucket((Side::Folder, Side::S3), 31)]
#[case::to_a_folder((Side::S3, Side::Folder), 32)]
#[case::within_a_service((Side::S3, Side::S3), 33)]
#[case::between_folders((Side::Folder, Side::Folder), 34)]
fn a_killed_move_loses_nothing_and_is_completed(#[case] sides: (Side, Side), #[case] seed: u64) {
    let bench = Bench::new(sides);
    bench.begin();
    let began = Instant::now();
    assert!(bench.command().status().unwrap().success());
    let whole = began.elapsed();
    bench.is_moved("a clean run");

    let kills = asked("ADT_KILLS", 3) as u32;
    let mut seeds = Seed::new(asked("ADT_SEED", seed));
    let mut done = 0;
    while done < kills {
        bench.begin();
        let (cap, seed) = ((kills - done).min(6), seeds.bits());
        let about = format!("{sides:?}, seed {seed}");
        let plan = KillLoop { earliest: Duration::from_millis(15), latest: whole, seed, cap };
        let killed = plan
            .run(|| {
                bench.nothing_is_lost(&about);
                bench.command()
            })
            .unwrap();
        assert!(killed.last.success(), "{about}: {killed:?}");
        bench.is_moved(&about);
        done += killed.kills;
    }
    tell(&format!("a_killed_move_loses_nothing_and_is_completed, {sides:?}"), done.into());
}

/// The last object has gone from the source, and the process is killed before it says so: asking again is no fault.
#[rstest]
fn a_move_that_is_done_may_be_asked_for_again(
    #[values(Side::Folder, Side::S3)] from: Side,
    #[values(Side::Folder, Side::S3)] to: Side,
) {
    let bench = Bench::new((from, to));
    bench.begin();
    for time in 0..2 {
        assert!(bench.command().status().unwrap().success(), "{time}");
        bench.is_moved("again");
    }
    // To another destination nothing was ever moved, so that the name is taken for wrong.
    if from == Side::S3 {
        let mut command = bench.adt(&["move", "s3://lab/from", "s3://lab/elsewhere"]);
        Said::of(&mut command).ends(1).says("there is nothing at `s3://lab/from`");
    }
}
