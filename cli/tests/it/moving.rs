//! Data in every direction between folders and clouds, with the servers that other people wrote beside our own.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    time::{Duration, SystemTime},
};

use adt_testkit::{
    Seed,
    stores::{Running, Store},
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::desk::{Desk, Said};

/// Where data can lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Disk,
    /// Our own S3.
    S3,
    /// rclone's S3: it keeps no checksums, and stands in for our own.
    Rclone,
    Gs,
    Az,
}

/// A desk with clouds around it.
pub(crate) struct Site {
    pub desk: Desk,
    clouds: Vec<(Kind, Running)>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self { desk: Desk::new(), clouds: Vec::new() }
    }

    /// With servers for these. `None`, with a line, where one of them cannot be had on this machine.
    pub(crate) fn with(kinds: &[Kind]) -> Option<Self> {
        let mut site = Self::new();
        let programs = programs();
        for kind in kinds {
            let store = match kind {
                Kind::Disk | Kind::S3 => continue,
                Kind::Rclone => Store::Rclone,
                Kind::Gs => Store::Gcs,
                Kind::Az => Store::Azurite,
            };
            let work = site.desk.root.join(format!("servers/{kind:?}"));
            fs::create_dir_all(&work).unwrap();
            match store.start(&programs, &work) {
                Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
                    adt_testkit::skipped(&format!("{kind:?}: {error}"));
                    return None;
                }
                started => site.clouds.push((*kind, started.unwrap())),
            }
        }
        Some(site)
    }

    pub(crate) fn running(&self, kind: Kind) -> &Running {
        &self.clouds.iter().find(|(there, _)| *there == kind).unwrap().1
    }

    /// A place as a person writes it.
    pub(crate) fn place(&self, kind: Kind, name: &str) -> String {
        match kind {
            Kind::Disk => self.desk.root.join(name).into_string(),
            Kind::S3 => format!("s3://recordings/{name}"),
            _ => format!("{}/{name}", self.running(kind).root),
        }
    }

    /// A path of the bucket of our own server.
    pub(crate) fn stored(&self, path: &str) -> Utf8PathBuf {
        self.desk.root.join("store/recordings").join(path)
    }

    /// The program, on a machine that is called `machine` and has a ledger of its own.
    pub(crate) fn on(&self, machine: &str, args: &[&str]) -> Command {
        let mut command = self.desk.adt(args);
        command.env("HOME", self.desk.root.join(machine)).env("ADT_RETRY_TIME", "5s");
        for (kind, running) in &self.clouds {
            if *kind == Kind::Rclone {
                command.env_remove("AWS_ENDPOINT_URL_S3");
            }
            if *kind == Kind::Gs {
                // The emulator answers one request after the other, and forgets connections when many knock at once.
                command.env("ADT_LANES", "4").env("ADT_REQUEST_TIMEOUT", "5s").env("ADT_RETRY_TIME", "60s");
            }
            command.envs(&running.environment);
        }
        command
    }

    pub(crate) fn adt(&self, args: &[&str]) -> Said {
        Said::of(&mut self.on("home", args))
    }

    /// With `--json`, and what happened to each object.
    pub(crate) fn moves(&self, machine: &str, args: &[&str]) -> Moves {
        let said = Said::of(&mut self.on(machine, &[args, &["--json"]].concat()));
        Moves::of(said)
    }
}

/// Programs that are fetched once.
pub(crate) fn programs() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles")
}

/// What a move did.
#[derive(Debug)]
pub(crate) struct Moves {
    pub said: Said,
    pub sent: BTreeSet<String>,
    pub kept: BTreeSet<String>,
    pub failed: BTreeSet<String>,
    pub deleted: BTreeSet<String>,
    /// What a move has left at the source.
    pub stays: BTreeSet<String>,
    pub notes: Vec<String>,
}

impl Moves {
    pub(crate) fn of(said: Said) -> Self {
        let names = |kind: &str, only: &dyn Fn(&Value) -> bool| {
            said.events(kind)
                .into_iter()
                .filter(only)
                .map(|event| event["key"].as_str().unwrap().to_owned())
                .collect()
        };
        let (sent, kept) = (
            names("object", &|event| event["kept"] == false),
            names("object", &|event| event["kept"] == true),
        );
        let (failed, deleted) = (names("object-failed", &|_| true), names("deleted", &|_| true));
        let stays = names("source-kept", &|_| true);
        let notes =
            said.events("note").iter().map(|note| note["text"].as_str().unwrap().to_owned()).collect();
        Self { said, sent, kept, failed, deleted, stays, notes }
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.said.code, Some(code), "{self:#?}");
        self
    }

    /// Fails the test unless exactly these were sent.
    #[track_caller]
    pub(crate) fn sends(self, names: &[&str]) -> Self {
        assert_eq!(self.sent.iter().collect::<Vec<_>>(), names, "{:#?}", self.said);
        self
    }

    #[track_caller]
    pub(crate) fn deletes(self, names: &[&str]) -> Self {
        assert_eq!(self.deleted.iter().collect::<Vec<_>>(), names, "{:#?}", self.said);
        self
    }
}

/// What `verify --json` counts in the end.
pub(crate) fn report(said: &Said) -> Value {
    let last = said.stdout.lines().last().expect("an account in the end");
    serde_json::from_str(last).unwrap()
}

/// Names that are right everywhere and go wrong in many programs; Windows has no `?`.
const ODD: [&str; 8] = [
    "a b",
    "a+b",
    "a%2Fb",
    "ü/ö",
    "データ",
    "a#b",
    if cfg!(unix) { "q?x=1&y=2" } else { "q=1&y" },
    "f/(g)/h",
];

/// Every kind of file a lab has, by its name.
pub(crate) fn make_tree(folder: &Utf8Path) -> usize {
    let mut seed = Seed::new(6);
    let mut bytes_of = |size: usize| {
        let mut bytes = vec![0; size];
        seed.fill(&mut bytes);
        bytes
    };
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    files.insert("empty".into(), Vec::new());
    files.insert("one".into(), vec![7]);
    files.insert(LARGE.into(), bytes_of(20 << 20));
    for n in 0..300 {
        files.insert(format!("small/{}/{n:03}.bin", n % 7), bytes_of(n * 13 + 1));
    }
    for name in ODD {
        files.insert(format!("odd/{name}"), bytes_of(100 + name.len()));
    }
    for (name, bytes) in &files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    files.len()
}

/// Turns one byte, and turns the clock back.
pub(crate) fn turn_a_byte(path: &Utf8Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
    set_time(path, modified);
}

pub(crate) fn set_time(path: &Utf8Path, modified: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().file().set_modified(modified).unwrap();
}

/// One direction: everything is copied, proven, and not copied again by whomever; one other byte is found, and sent alone.
struct Direction<'a> {
    site: &'a Site,
    from: Kind,
    to: Kind,
    /// The tree that the source was made from.
    tree: &'a Utf8Path,
    source: String,
    destination: String,
    count: usize,
}

impl Direction<'_> {
    fn holds(&self) {
        let Self { site, source, destination, count, .. } = self;
        let first = site.moves("home", &["copy", source, destination]).ends(0);
        assert_eq!((first.sent.len(), first.kept.len()), (*count, 0), "{:#?}", first.said);
        self.proven();
        for machine in ["home", "another"] {
            let again = site.moves(machine, &["sync", source, destination]).ends(0);
            assert_eq!((again.sent.len(), again.kept.len()), (0, *count), "{machine}: {:#?}", again.said);
        }
    }

    fn proven(&self) {
        let said = self.site.adt(&["verify", &self.source, &self.destination, "--json"]).ends(0);
        let report = report(&said);
        assert_eq!((report["same"].as_u64(), report["extra"].as_u64()), (Some(self.count as u64), Some(0)));
    }

    /// The source has one other byte in the file `name`.
    fn finds(&self, name: &str) {
        let Self { site, source, destination, .. } = self;
        let said = site.adt(&["verify", source, destination]).ends(1).says("DIFFERENT").says(name);
        assert!(said.stdout.contains("; 1 different"), "{said:#?}");
        let again = site.moves("another", &["sync", source, destination, "--checksum"]).ends(0);
        if self.keep_the_same_checksums() {
            again.sends(&[name]);
        } else {
            again.sends(&[LARGE, name]);
        }
        self.proven();
    }

    /// Of large objects. To read an object on both sides would cost more than to send it, so it is sent.
    fn keep_the_same_checksums(&self) -> bool {
        // A copy that Azure made by itself has no checksum of the whole when its source was committed from blocks.
        !matches!(
            (self.from, self.to),
            (Kind::Gs, Kind::S3 | Kind::Az) | (Kind::S3 | Kind::Az, Kind::Gs) | (Kind::Az, Kind::Az)
        )
    }

    fn back_on_a_disk(&self) {
        let back = self.site.desk.root.join(format!("back-{}", self.destination.replace(['/', ':'], "-")));
        self.site.adt(&["copy", &self.destination, back.as_str()]).ends(0);
        let (ours, theirs) = (crate::desk::digest(self.tree), crate::desk::digest(&back));
        assert_eq!(crate::desk::differing(&ours, &theirs), Vec::<String>::new());
        for name in ours.keys() {
            let time = |root: &Utf8Path| fs::metadata(root.join(name)).unwrap().modified().unwrap();
            let apart =
                |a: SystemTime, b: SystemTime| a.duration_since(b).or_else(|_| b.duration_since(a)).unwrap();
            assert!(apart(time(self.tree), time(&back)) < Duration::from_millis(1), "the time of {name}");
        }
        fs::remove_dir_all(back).unwrap();
    }
}

const CHANGED: &str = "small/3/059.bin";
const LARGE: &str = "deep/deeper/deepest/large.bin";

#[rstest]
#[case::from_a_disk(Kind::Disk, &[Kind::Disk, Kind::S3, Kind::Gs, Kind::Az])]
#[case::from_s3(Kind::S3, &[Kind::Disk, Kind::S3, Kind::Gs, Kind::Az])]
#[case::from_google(Kind::Gs, &[Kind::Disk, Kind::S3, Kind::Gs, Kind::Az])]
#[case::from_azure(Kind::Az, &[Kind::Disk, Kind::S3, Kind::Gs, Kind::Az])]
#[case::from_a_disk_to_rclone(Kind::Disk, &[Kind::Rclone])]
#[case::from_rclone(Kind::Rclone, &[Kind::Disk, Kind::Rclone])]
fn a_direction(#[case] from: Kind, #[case] to: &[Kind]) {
    let Some(site) = Site::with(&[&[from], to].concat().into_iter().fold(Vec::new(), distinct)) else {
        return;
    };
    let tree = site.desk.root.join("tree");
    let count = make_tree(&tree);
    let source = if from == Kind::Disk { tree.to_string() } else { site.place(from, "source") };
    let of_disk = from == Kind::Disk;
    if !of_disk {
        site.adt(&["copy", tree.as_str(), &source]).ends(0);
    }
    let direction = |to: &Kind| Direction {
        site: &site,
        from,
        to: *to,
        tree: &tree,
        source: source.clone(),
        destination: site.place(*to, &format!("of-{from:?}")),
        count,
    };
    let all: Vec<_> = to.iter().map(direction).collect();
    all.iter().for_each(Direction::holds);
    turn_a_byte(&tree.join(CHANGED));
    if !of_disk {
        site.moves("home", &["sync", tree.as_str(), &source, "--checksum"]).ends(0).sends(&[CHANGED]);
    }
    for direction in &all {
        direction.finds(CHANGED);
        if of_disk {
            direction.back_on_a_disk();
        }
    }
}

fn distinct(mut all: Vec<Kind>, kind: Kind) -> Vec<Kind> {
    if !all.contains(&kind) {
        all.push(kind);
    }
    all
}
