//! Launchers other than SLURM: each tells a process which share is its own in its own way.

#![cfg(target_os = "linux")]

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use adt_testkit::{oracle, slurm::Slurm};
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::{
    desk::{Said, differing},
    shares::{DESTINATION, data, shared},
};

/// Shares that processes have worked on, from their logs.
fn shares(desk: &crate::desk::Desk) -> Vec<(u64, u64)> {
    let logs = desk.asset().join(".adt-work/log").read_dir_utf8().unwrap();
    let mut shares: Vec<_> = logs
        .map(|log| {
            let log: Value = serde_json::from_slice(&fs::read(log.unwrap().path()).unwrap()).unwrap();
            (log["share"]["number"].as_u64().unwrap(), log["share"]["of"].as_u64().unwrap())
        })
        .collect();
    shares.sort_unstable();
    shares
}

/// Both families, each as it is called where both are installed.
#[rstest]
#[case::open_mpi("mpiexec.openmpi", &["--allow-run-as-root", "--oversubscribe"])]
#[case::mpich("mpiexec.mpich", &[])]
fn ranks_of_mpiexec_share_the_work(#[case] program: &str, #[case] flags: &[&str]) {
    ranks_share_the_work(program, flags, None);
}

/// Open MPI has daemons started by `srun`, one on each node: `SLURM_PROCID` is theirs, and two ranks of three have the same.
#[rstest]
#[case::open_mpi("mpiexec.openmpi", &["--allow-run-as-root", "--map-by", "node"])]
#[case::mpich("mpiexec.mpich", &[])]
fn ranks_of_mpiexec_share_the_work_in_an_allocation_of_slurm(#[case] program: &str, #[case] flags: &[&str]) {
    match Slurm::start(2, false).unwrap() {
        Some(slurm) => ranks_share_the_work(program, flags, Some(&slurm)),
        None => adt_testkit::skipped("SLURM is not installed (scripts/install-test-tools)"),
    }
}

fn ranks_share_the_work(program: &str, flags: &[&str], slurm: Option<&Slurm>) {
    if Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return adt_testkit::skipped(&format!("{program} is not installed (scripts/install-test-tools)"));
    }
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    let adt = desk.adt(&["work", DESTINATION, "--shard", "auto"]);
    let mut command = match slurm {
        Some(_) => Command::new("salloc"),
        None => Command::new(program),
    };
    if slurm.is_some() {
        command.args(["--nodes=2", "--ntasks=3", program]);
    }
    command.args(flags).args(["-np", "3"]).arg(adt.get_program()).args(adt.get_args());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("TMPDIR", &desk.root).envs(adt.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs(slurm.map(Slurm::env).unwrap_or_default());
    Said::of(&mut command).ends(0);
    assert_eq!(shares(&desk), [(0, 3), (1, 3), (2, 3)]);
    Said::of(&mut desk.adt(&["work", DESTINATION, "--finish"])).ends(0);
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), Vec::<String>::new());
}

#[rstest]
#[case::kubernetes(&[("JOB_COMPLETION_INDEX", "{}")], &["--shards", "2"], 0)]
#[case::aws_batch(&[("AWS_BATCH_JOB_ARRAY_INDEX", "{}"), ("AWS_BATCH_JOB_ARRAY_SIZE", "2")], &[], 0)]
#[case::google_batch(&[("BATCH_TASK_INDEX", "{}"), ("BATCH_TASK_COUNT", "2")], &[], 0)]
#[case::lsf(&[("LSB_JOBINDEX", "{}"), ("LSB_JOBINDEX_END", "2")], &[], 1)]
#[case::pbs(&[("PBS_ARRAY_INDEX", "{}")], &["--shards", "2"], 0)]
#[case::grid_engine(&[("SGE_TASK_ID", "{}"), ("SGE_TASK_LAST", "2")], &[], 1)]
#[case::hyperqueue(&[("HQ_TASK_ID", "{}")], &["--shards", "2"], 0)]
fn elements_of_an_array_share_the_work(
    #[case] environment: &[(&str, &str)],
    #[case] flags: &[&str],
    #[case] first: u64,
) {
    let (desk, job) = shared();
    desk.planned(&job, &[]).ends(0);
    let element = |number: u64| {
        let mut command = desk.adt(&[&["work", DESTINATION, "--shard", "auto"], flags].concat());
        let number = number.to_string();
        command.envs(environment.iter().map(|(name, value)| (*name, value.replace("{}", &number))));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for element in [first, first + 1].map(element) {
        Said::from(element.wait_with_output().unwrap()).ends(0);
    }
    assert_eq!(shares(&desk), [(0, 2), (1, 2)]);
    Said::of(&mut desk.adt(&["work", DESTINATION, "--finish"])).ends(0);
    assert_eq!(differing(&data(&desk.asset()), &desk.alone(&job)), Vec::<String>::new());
}

/// The names and kinds of all fields are those that Kubernetes and AWS Batch publish; one job for each stage, and one for the end.
#[rstest]
#[case("kubernetes", "2")]
#[case("aws-batch", "2")]
fn definitions_follow_the_published_schemas(#[case] engine: &str, #[case] jobs: &str) {
    let (desk, job) = shared();
    let list = desk.list(&job);
    let words =
        ["submit", "--engine", engine, "--print", "--image", "lab/adt:1", "--nodes", "3", list.as_str()];
    let said = Said::of(&mut desk.adt(&words)).ends(0);
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let packages = ["kubernetes-validate==1.34.1", "botocore==1.40.60", "pyyaml==6.0.3", "setuptools<80"];
    let python = oracle::program(&oracle::venv(&folder, &packages).unwrap(), "python");
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/definitions.py");
    let mut judge = Command::new(python);
    judge.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).arg(engine);
    let mut judge =
        judge.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    judge.stdin.take().unwrap().write_all(said.stdout.as_bytes()).unwrap();
    let judged = Said::from(judge.wait_with_output().unwrap()).ends(0);
    assert_eq!(judged.stdout.trim(), jobs);
}
