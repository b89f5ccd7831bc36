//! `kill -9` at random moments of two processes on two machines that finish the same asset at the same time: its pipeline is ordered at
//! most once, and in the end the asset is complete.
//!
//! `ADT_KILLS` sets how many kills there are (4 where it is not set), `ADT_SEED` when.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use adt_testkit::{Seed, services::Run, tree::TreeSpec};

use crate::{
    desk::{Said, differing, digest, within},
    kills::{asked, tell},
    lab::bare,
    machines::{Machines, ended},
};

/// The longest life. A finish takes about as long as that.
const LONGEST: u64 = 1200;

/// Each round is a new asset whose shares are done. Two machines finish it again and again until one of them ends by itself, or both have
/// been killed often enough; then a third one does.
#[test]
fn killed_finishes_of_two_machines_order_once() {
    let machines = Machines::new();
    let lab = &machines.lab;
    let spec = TreeSpec { files: 20, max_size: 3000, depth: 2, big_file: 0 };
    let source = lab.desk.tree("many", &spec, 3);
    let mut seeds = Seed::new(asked("ADT_SEED", 27));
    let (wanted, mut kills, mut rounds) = (asked("ADT_KILLS", 4), 0, 0);
    while kills < wanted {
        let seed = format!("round {rounds} (seed {})", asked("ADT_SEED", 27));
        let time = format!("2023-10-12 {:02}:{:02}:18", rounds / 60, rounds % 60);
        let name = format!("SmartSPIM_987654_{}", time.replace(' ', "_").replace(':', "-"));
        rounds += 1;
        machines.plan(lab.piped(lab.described(bare().copy("SPIM", &source))).with("acq_datetime", &time));
        machines.work("share", &name, &["--shard", "0/1"]).ends(0);
        let span = |seeds: &mut Seed| Duration::from_millis(seeds.below(120));
        lab.ocean.always(Run::accept().before(span(&mut seeds)).after(span(&mut seeds)));
        for _ in 0..4 {
            let pair = ["one", "two"].map(|machine| {
                let (late, life) = (seeds.below(150), seeds.below(LONGEST));
                // One of four is left alone.
                let life = (seeds.below(4) > 0).then(|| Duration::from_millis(life));
                std::thread::sleep(Duration::from_millis(late));
                (start(&machines, machine, &name), life)
            });
            let pair = pair.map(|(child, life)| lived(child, life));
            assert!(machines.accepted(&name) <= 1, "{seed}: pipelines of one asset");
            kills += pair.iter().filter(|end| end.is_none()).count() as u64;
            for said in pair.iter().flatten() {
                sensible(said, &seed);
            }
            if pair.iter().flatten().any(|said| said.code == Some(0)) {
                break;
            }
        }
        ended(&machines, &name, &seed);
        let there = within("SPIM", &digest(&lab.asset_of(&name)));
        assert_eq!(differing(&there, &digest(&source)), [""; 0], "{seed}");
    }
    tell("killed_finishes_of_two_machines_order_once", kills);
}

fn start(machines: &Machines, machine: &str, name: &str) -> Child {
    let mut command = machines.command(machine, name, &["--finish"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What it said, or nothing where it was killed.
fn lived(mut child: Child, life: Option<Duration>) -> Option<Said> {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if life.is_some_and(|life| began.elapsed() >= life) {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Some(Said::from(child.wait_with_output().unwrap()))
}

/// Complete; or not known, which a person decides; or begin again, since the other one was at work.
#[track_caller]
fn sensible(said: &Said, seed: &str) {
    let is_sensible = match said.code {
        Some(0 | 75) => true,
        Some(1) => said.stderr.contains("unknown whether the pipeline was started"),
        _ => false,
    };
    assert!(is_sensible, "{seed}: {said:#?}");
}
