//! What became of the cells.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use adt_testkit::lies::{Cloud, Lie, Op};

use super::{cell::Run, scenes::Scene};

/// What became of a cell.
pub(super) struct Outcome {
    cell: String,
    scene: Scene,
    op: Op,
    told: u64,
    code: Option<i32>,
    faults: Vec<String>,
    said: String,
    took: Duration,
}

impl Outcome {
    #[expect(
        clippy::print_stderr,
        reason = "what is wrong is shown at once, to people who run the test with --nocapture"
    )]
    pub(super) fn of(scene: Scene, lie: Lie, op: Op, run: Run) -> Self {
        let mut faults = run.faults;
        if lie.harmless && run.code != Some(scene.right_code()) {
            faults.push(format!("a fault that passes ended the command with {:?}", run.code));
        }
        let cell = line(scene, &lie, op);
        if run.told > 0 && !faults.is_empty() {
            eprintln!("wrong: {cell} | exit {:?} | {}", run.code, faults.join("; "));
        }
        Self { cell, scene, op, told: run.told, code: run.code, faults, said: run.said, took: run.took }
    }

    /// A lie that was never told says nothing.
    fn counts(&self) -> bool {
        self.told > 0
    }
}

pub(super) fn line(scene: Scene, lie: &Lie, op: Op) -> String {
    format!("{scene:?} | {op} | {} {}", lie.name, when(lie))
}

fn when(lie: &Lie) -> String {
    match lie.when {
        adt_testkit::lies::When::Always => String::new(),
        other => format!("({other:?})"),
    }
}

/// Prints the table, and fails with every cell that is wrong.
#[expect(clippy::print_stderr, reason = "the table is for people who run the test with --nocapture")]
pub(super) fn conclude(cloud: Cloud, outcomes: &[Outcome]) {
    let counted: Vec<_> = outcomes.iter().filter(|outcome| outcome.counts()).collect();
    let mut table: BTreeMap<(Scene, Op), (u32, u32)> = BTreeMap::new();
    for outcome in &counted {
        let entry = table.entry((outcome.scene, outcome.op)).or_default();
        entry.0 += 1;
        entry.1 += u32::from(!outcome.faults.is_empty());
    }
    eprintln!("{cloud:?}: {} cells, {} not applicable", counted.len(), outcomes.len() - counted.len());
    for ((scene, op), (all, wrong)) in &table {
        eprintln!("{:<14} {:<12} {all:>3} cells, {wrong} wrong", format!("{scene:?}"), op.to_string());
    }
    let mut slow: Vec<_> = counted.iter().map(|outcome| (outcome.took, &outcome.cell)).collect();
    slow.sort_unstable();
    for (took, line) in slow.iter().rev().take(5) {
        eprintln!("slow: {:.1} s {line}", took.as_secs_f64());
    }
    if std::env::var_os("ADT_LIES").is_some() {
        for outcome in &counted {
            eprintln!("--- {} ended with {:?}\n{}", outcome.cell, outcome.code, outcome.said);
        }
    }
    let wrong: Vec<_> = counted.iter().filter(|outcome| !outcome.faults.is_empty()).collect();
    let mut report = String::new();
    for outcome in &wrong {
        let (cell, code, faults) = (&outcome.cell, outcome.code, outcome.faults.join("; "));
        writeln!(report, "{cell} | exit {code:?} | {faults}").unwrap();
    }
    assert!(wrong.is_empty(), "{} of {} cells are wrong:\n{report}", wrong.len(), counted.len());
}
