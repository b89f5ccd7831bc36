//! One job on several machines, which have nothing in common but the bucket and Code Ocean.

use std::process::{Child, Command, Stdio};

use fs_err as fs;

use crate::{
    desk::{Job, RECORD, Said},
    lab::{Lab, NAME},
};

/// The lab's job on machines that have nothing in common but the bucket and Code Ocean.
pub(crate) struct Machines {
    pub lab: Lab,
}

impl Machines {
    pub(crate) fn new() -> Self {
        Self { lab: Lab::new() }
    }

    /// Plans the lab's usual job, and does its shares.
    pub(crate) fn ready() -> Self {
        let machines = Self::new();
        machines.plan(machines.lab.job());
        machines.work("share", NAME, &["--shard", "0/1"]).ends(0);
        machines
    }

    pub(crate) fn plan(&self, job: impl AsRef<[Job]>) {
        let list = self.lab.desk.list(job);
        let words = ["submit", "--engine", "kubernetes", "--print", "--image", "lab/adt", list.as_str()];
        Said::of(&mut self.on("planner", &words)).ends(0);
    }

    pub(crate) fn on(&self, machine: &str, words: &[&str]) -> Command {
        let home = self.lab.desk.root.join("machines").join(machine);
        fs::create_dir_all(&home).unwrap();
        let mut command = self.lab.adt(words);
        command.env("HOME", home).env("ADT_REQUEST_TIMEOUT", "1s");
        command
    }

    pub(crate) fn command(&self, machine: &str, name: &str, flags: &[&str]) -> Command {
        let to = format!("s3://recordings/{name}");
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

    pub(crate) fn is_tidy(&self, name: &str) -> bool {
        let asset = self.lab.asset_of(name);
        asset.join(RECORD).is_file() && !asset.join(".adt-work/plan.json").exists()
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
