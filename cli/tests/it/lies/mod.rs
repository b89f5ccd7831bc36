//! Every lie of the catalogue, to every operation, under every command: no false "done", and nothing removed.
//!
//! A cell is one run of the program against a server that tells one lie about one operation. Exit code 0 counts only if the destination
//! really is whole; nothing that exists at the source, at the destination or beside it may be missing afterwards unless the truth
//! justifies it; and a fault that passes must not fail the command. `cargo test -p adt-cli --test it lies:: -- --nocapture` prints the
//! table. `ADT_LIES` limits the matrix to cells whose line contains that text, and prints what each of them said.

mod cell;
pub(crate) mod judge;
mod report;
mod scenes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use adt_testkit::lies::{Cloud, Lie, Op, catalog};

use cell::Cell;
use report::Outcome;
use scenes::{Fixture, Scene};

/// Cells that run at once: most of them wait for their retries.
const AT_ONCE: usize = 14;

/// The work is shared among threads; results come in the order of the work.
fn in_parallel<T: Sync, R: Send>(work: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(work.len()) {
            scope.spawn(|| {
                while let Some((at, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, work.get(at)?)))
                {
                    let result = each(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What each command asks of an honest server, and that it ends well there.
fn asked_by_each(fixture: &Fixture, scenes: &[Scene]) -> BTreeMap<Scene, BTreeSet<Op>> {
    let runs = in_parallel(scenes, |scene| {
        let run = Cell::new(fixture, *scene).run([]);
        let (code, none) = (Some(scene.right_code()), Vec::new());
        assert_eq!((run.code, &run.faults), (code, &none), "{scene:?}, honest server: {}", run.said);
        run.asked
    });
    scenes.iter().copied().zip(runs).collect()
}

/// Every lie about every operation that the command asks for.
fn cells(asked: &BTreeMap<Scene, BTreeSet<Op>>, lies: &[Lie]) -> Vec<(Scene, Lie, Op)> {
    let wanted = std::env::var("ADT_LIES").unwrap_or_default();
    let mut cells = Vec::new();
    for (scene, ops) in asked {
        for lie in lies {
            let knows = !(lie.plausible && scene.reads_from_server());
            for op in lie.on.iter().filter(|op| ops.contains(op) && scene.is_about(**op) && knows) {
                if report::line(*scene, lie, *op).contains(&wanted) {
                    cells.push((*scene, *lie, *op));
                }
            }
        }
    }
    cells
}

fn matrix(cloud: Cloud, lies: &[Lie]) {
    let fixture = Fixture::new(cloud);
    let scenes: Vec<Scene> = Scene::ALL.into_iter().filter(|scene| scene.is_of(cloud)).collect();
    let asked = asked_by_each(&fixture, &scenes);
    let cells = cells(&asked, lies);
    let outcomes = in_parallel(&cells, |(scene, lie, op)| {
        let run = Cell::new(&fixture, *scene).run([lie.only_on(scenes::alone(*op))]);
        Outcome::of(*scene, *lie, *op, run)
    });
    report::conclude(cloud, &outcomes);
}

#[test]
fn no_lie_of_an_s3_server_makes_a_false_done_or_removes_anything() {
    matrix(Cloud::S3, &catalog::s3());
}

#[test]
fn no_lie_of_a_google_server_makes_a_false_done_or_removes_anything() {
    matrix(Cloud::Google, &catalog::google());
}

#[test]
fn no_lie_of_an_azure_server_makes_a_false_done_or_removes_anything() {
    matrix(Cloud::Azure, &catalog::azure());
}
