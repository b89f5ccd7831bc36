//! One job on several machines, which have nothing in common but the destination and Code Ocean.

use std::process::{Child, Command, Stdio};

use adt_testkit::lies::{Cloud, LyingServer};
use camino::Utf8Path;
use fs_err as fs;

use crate::{
    desk::{Job, RECORD, Said, Tree, digest},
    lab::{Lab, NAME},
};

/// Where the assets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    S3,
    Google,
    Azure,
    Folder,
}

/// The lab's job on machines that have nothing in common but the destination and Code Ocean.
pub(crate) struct Machines {
    pub lab: Lab,
    /// `None`: the desk's own bucket of S3, or a folder.
    pub server: Option<LyingServer>,
    pub root: String,
}

impl Machines {
    pub(crate) fn new() -> Self {
        Self::at(Store::S3)
    }

    pub(crate) fn at(store: Store) -> Self {
        let lab = Lab::new();
        let start = |cloud| Some(LyingServer::start(cloud, []).unwrap());
        let (server, root) = match store {
            Store::S3 => (None, "s3://recordings".to_owned()),
            Store::Folder => (None, lab.desk.file_place()),
            Store::Google => (start(Cloud::Google), "gs://lab".to_owned()),
            Store::Azure => (start(Cloud::Azure), "az://account/lab".to_owned()),
        };
        Self { lab, server, root }
    }

    /// Plans the lab's usual job, and does its shares.
    pub(crate) fn ready() -> Self {
        Self::new().readied()
    }

    pub(crate) fn readied(self) -> Self {
        self.plan(self.lab.job());
        self.work("share", NAME, &["--shard", "0/1"]).ends(0);
        self
    }

    pub(crate) fn plan(&self, job: Job) {
        let place = self.root.strip_prefix("s3://").unwrap_or(&self.root);
        let list = self.lab.desk.list(job.with("s3_bucket", place));
        let words = ["submit", "--engine", "kubernetes", "--print", "--image", "lab/adt", list.as_str()];
        Said::of(&mut self.on("planner", &words)).ends(0);
    }

    pub(crate) fn on(&self, machine: &str, words: &[&str]) -> Command {
        let home = self.lab.desk.root.join("machines").join(machine);
        fs::create_dir_all(&home).unwrap();
        let mut command = self.lab.adt(words);
        command.env("HOME", home).env("ADT_REQUEST_TIMEOUT", "1s");
        command.envs(self.server.as_ref().map(LyingServer::environment).unwrap_or_default());
        command
    }

    pub(crate) fn command(&self, machine: &str, name: &str, flags: &[&str]) -> Command {
        let to = format!("{}/{name}", self.root);
        self.on(machine, &[&["work", to.as_str()], flags].concat())
    }

    pub(crate) fn work(&self, machine: &str, name: &str, flags: &[&str]) -> Said {
        Said::of(&mut self.command(machine, name, flags))
    }

    pub(crate) fn finish(&self, machine: &str) -> Said {
        self.work(machine, NAME, &["--finish"])
    }

    pub(crate) fn start(&self, machine: &str, name: &str, flags: &[&str]) -> Child {
        let mut command = self.command(machine, name, flags);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub(crate) fn accepted(&self, name: &str) -> usize {
        let all = self.lab.ocean.accepted();
        all.iter().filter(|one| one.body.contains(name)).count()
    }

    /// What is there of an asset.
    pub(crate) fn asset(&self, name: &str) -> Tree {
        let Some(server) = &self.server else {
            let folder = match self.root.strip_prefix("file://") {
                Some(folder) => Utf8Path::new(folder).join(name),
                None => self.lab.asset_of(name),
            };
            return if folder.exists() { digest(&folder) } else { Tree::new() };
        };
        let below = format!("{name}/");
        let kept = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(kept.path()).unwrap();
        for (key, object) in server.objects() {
            let Some(inside) = key.strip_prefix(&below) else { continue };
            fs::create_dir_all(folder.join(inside).parent().unwrap()).unwrap();
            fs::write(folder.join(inside), &object.bytes).unwrap();
        }
        digest(folder)
    }

    pub(crate) fn is_tidy(&self, name: &str) -> bool {
        let asset = self.asset(name);
        asset.contains_key(RECORD) && !asset.contains_key(".adt-work/plan.json")
    }
}

pub(crate) fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

pub(crate) fn waited(mut child: Child) {
    child.wait().unwrap();
}

/// Does what is left. Where it is unknown whether an order arrived, the one who looks sees the truth.
pub(crate) fn ended(machines: &Machines, name: &str, seed: &str) {
    for share in ["0/2", "1/2"] {
        machines.work("share", name, &["--shard", share]).ends(0);
    }
    let said = machines.work("last", name, &["--finish"]);
    if said.code == Some(1) {
        assert_eq!(machines.accepted(name), 0, "{seed}: what runs is found: {said:#?}");
        said.says("unknown whether the pipeline was started");
        machines.work("last", name, &["--finish", "--retrigger"]).ends(0);
    } else {
        said.ends(0);
    }
    machines.work("another", name, &["--finish"]).ends(0).says("already complete");
    assert_eq!(machines.accepted(name), 1, "{seed}");
    assert!(machines.is_tidy(name), "{seed}");
}
