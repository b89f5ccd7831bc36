//! The scripts that SLURM is given. Each can also be submitted by hand: `sbatch SCRIPT`.

mod header;
mod parts;
mod quote;
mod time;

use std::fmt::Write as _;

use adt_model::{Class, Fault};
use camino::Utf8PathBuf;

pub use self::time::{seconds, signal};

use self::header::Width;
use self::quote::{one_line, refuse_nul};

/// How the tasks are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One job of `nodes` × `ntasks_per_node` tasks, all at once.
    Step,
    /// An array of jobs of one task each, begun as there is room.
    Array,
}

/// What a person asks SLURM for; the same for all chains of a run.
#[derive(Clone, Debug)]
pub struct Request {
    /// How the tasks are laid out.
    pub layout: Layout,
    /// Nodes of a step.
    pub nodes: u32,
    /// Tasks on each node of a step.
    pub ntasks_per_node: u32,
    /// CPUs, and so threads, of each task.
    pub cpus_per_task: u32,
    /// Memory for each CPU, in MiB.
    pub mem_per_cpu: u32,
    /// Local disk that a node must have, in SLURM's notation; empty: whatever there is.
    pub tmp_space: String,
    /// The time limit, in SLURM's notation.
    pub walltime: String,
    /// The partition; empty: the cluster's default.
    pub queue: String,
    /// Who is told of the end and of failures.
    pub mail_user: Option<String>,
    /// Lines that are put before the first command, as they are. They may be `#SBATCH` lines too.
    pub prologue: Vec<String>,
    /// The Apptainer image that has `adt`, where that is not `program`.
    pub sif: Option<String>,
    /// The run folder; it has `logs/`.
    pub run: Utf8PathBuf,
    /// The path of `adt` on the nodes.
    pub program: String,
    /// How often work is begun again: rounds of a step's stage, and returns to the queue of a job that was interrupted.
    pub rounds: u32,
    /// How many elements of an array run at once; 0: as many as there is room for.
    pub parallel: u32,
}

/// The work of one destination.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What a person calls it.
    pub name: String,
    /// The planned destination.
    pub destination: String,
    /// Into how many shares an array cuts it.
    pub shards: u64,
    /// How many stages are shared, from 0; the rest is done by `--finish`.
    pub stages: usize,
    /// The run folder, given to `adt work` as `--run`; empty: not given.
    pub run_flag: String,
    /// The digest of the plan, given to `adt work` as `--plan-digest`; empty: not given.
    pub digest: String,
    /// Where the plan's sources may be, each given to `adt work` as `--source-root`.
    pub roots: Vec<String>,
    /// More words of the end: what no plan may ask for, such as `--delete`.
    pub end: Vec<String>,
}

/// A script for `sbatch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The file's name.
    pub name: String,
    /// What is in it.
    pub text: String,
    /// The script of the same chain that must have ended well before this one begins (`afterok`).
    pub after: Option<usize>,
    /// The elements of an array, with how many may run at once: `0-63%8`. The script says it too.
    pub array: Option<String>,
    /// Its nodes. This and what follows stands in the script too, for `sbatch`.
    pub nodes: u32,
    /// Its tasks on each node.
    pub tasks_per_node: u32,
    /// CPUs of each task.
    pub cpus_per_task: u32,
}

/// The scripts of the chain with this `number` in its run, in the order in which they are submitted.
///
/// A value that would break out of its line is bad input.
pub fn scripts(request: &Request, chain: &Chain, number: usize) -> Result<Vec<Script>, Fault> {
    let words = parts::words(request, chain)?;
    let stem = format!("job-{number:02}");
    match request.layout {
        Layout::Step => Ok(vec![step(request, chain, &words, &stem)?]),
        Layout::Array => array(request, chain, &words, &stem),
    }
}

/// A script that runs any shell command in as many tasks as asked for.
pub fn command_script(request: &Request, command: &str) -> Result<Script, Fault> {
    let command = one_line("the command", command)?;
    if command.trim().is_empty() {
        return Err(Fault::new(Class::BadInput, "the command is empty"));
    }
    let head = Head { stem: "command", width: Width::Step, after: None, array: None };
    Ok(head.script(request, format!("{}srun {command}\n", assemble(request, &head)?)))
}

fn step(request: &Request, chain: &Chain, words: &str, stem: &str) -> Result<Script, Fault> {
    let head = Head { stem, width: Width::Step, after: None, array: None };
    let leave = parts::leave(request.rounds, false);
    let stages = parts::rounds(request.rounds, chain.stages);
    let text = format!("{}{words}{leave}{stages}{}", assemble(request, &head)?, parts::finish(chain)?);
    Ok(head.script(request, text))
}

fn array(request: &Request, chain: &Chain, words: &str, stem: &str) -> Result<Vec<Script>, Fault> {
    if chain.shards == 0 {
        return Err(Fault::new(
            Class::BadInput,
            format!("`{}` in 0 shares leaves nobody to do the work", chain.name),
        ));
    }
    let elements = match request.parallel {
        0 => format!("0-{}", chain.shards - 1),
        parallel => format!("0-{}%{parallel}", chain.shards - 1),
    };
    let mut scripts = Vec::with_capacity(chain.stages + 1);
    for stage in 0..chain.stages {
        let stem = format!("{stem}-stage-{stage}");
        let after = stage.checked_sub(1);
        let head = Head { stem: &stem, width: Width::Element, after, array: Some(&elements) };
        let leave = parts::leave(request.rounds, true);
        let element = parts::element(stage, chain.shards);
        let text = format!("{}{words}{leave}{element}", assemble(request, &head)?);
        scripts.push(head.script(request, text));
    }
    let (stem, after) = (format!("{stem}-finish"), chain.stages.checked_sub(1));
    let head = Head { stem: &stem, width: Width::Node, after, array: None };
    let leave = parts::leave(request.rounds, false);
    let text = format!("{}{words}{leave}{}", assemble(request, &head)?, parts::finish(chain)?);
    scripts.push(head.script(request, text));
    Ok(scripts)
}

/// What a script begins with, whatever it does.
struct Head<'a> {
    /// The file's name without its end, which is the job's name.
    stem: &'a str,
    width: Width,
    after: Option<usize>,
    array: Option<&'a str>,
}

impl Head<'_> {
    fn script(&self, request: &Request, text: String) -> Script {
        let (nodes, tasks_per_node, cpus_per_task) = self.width.of(request);
        Script {
            name: format!("{}.sh", self.stem),
            text,
            after: self.after,
            array: self.array.map(str::to_owned),
            nodes,
            tasks_per_node,
            cpus_per_task,
        }
    }
}

fn assemble(request: &Request, head: &Head<'_>) -> Result<String, Fault> {
    let mut text = header::header(request, head)?;
    for line in &request.prologue {
        refuse_nul("a line of the prologue", line)?;
        text.push_str(line);
        text.push('\n');
    }
    // After the prologue: the scripts of `module` and `conda` use variables that are not set.
    text.push_str("set -u\n");
    let (_, _, cpus) = head.width.of(request);
    text.push_str("# slurmrestd does not set the first, and srun does not take the second from sbatch by itself any more.\n");
    let _ = writeln!(text, "export SLURM_CPUS_PER_TASK={cpus} SRUN_CPUS_PER_TASK={cpus}\n");
    Ok(text)
}

#[cfg(test)]
mod tests;
