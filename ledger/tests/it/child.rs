//! A second process: this test binary again, running one test that is otherwise left out.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use adt_ledger::Ledger;
use camino::Utf8Path;

use crate::{asset, begin, object, plan};

const LEDGER: &str = "ADT_TEST_LEDGER";
const READY: &str = "a thousand objects are flushed";

pub(crate) struct Child(std::process::Child);

impl Child {
    /// Starts it and waits until it has flushed 1000 objects; it goes on queueing more until it is killed.
    pub(crate) fn start(path: &Utf8Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::confirms_objects_until_it_is_killed", "--ignored", "--nocapture"])
            .env(LEDGER, path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(READY)), "the child ended too early");
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
#[ignore = "the other process of the tests in `claims`"]
fn confirms_objects_until_it_is_killed() {
    let Ok(path) = std::env::var(LEDGER) else { return };
    let ledger = Ledger::open(path.as_str().into()).unwrap();
    let (_, job) = begin(&ledger, &plan("child"));
    let _claim = ledger.claim(&asset("child")).unwrap();
    for i in 0_u64.. {
        ledger.confirmed(job, object(&format!("{:06}", i % 500_000), i, None)).unwrap();
        if i == 1000 {
            ledger.flush().unwrap();
            println!("{READY}");
        }
    }
}
