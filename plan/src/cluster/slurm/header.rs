//! What `sbatch` reads of a script.

use std::fmt::Write as _;

use adt_model::Fault;

use super::{
    Head, Request,
    quote::{bad, option},
    time::signal,
};

/// How much of the cluster a script takes.
#[derive(Clone, Copy)]
pub(super) enum Width {
    /// All nodes and tasks of the request.
    Step,
    /// One task.
    Element,
    /// One task with the CPUs that the request has on one node.
    Node,
}

impl Width {
    /// Nodes, tasks on each, CPUs of each task.
    pub(super) fn of(self, request: &Request) -> (u32, u32, u32) {
        match self {
            Self::Step => (request.nodes, request.ntasks_per_node, request.cpus_per_task),
            Self::Element => (1, 1, request.cpus_per_task),
            Self::Node => (1, 1, request.cpus_per_task.saturating_mul(request.ntasks_per_node)),
        }
    }
}

pub(super) fn header(request: &Request, head: &Head<'_>) -> Result<String, Fault> {
    let (nodes, tasks, cpus) = head.width.of(request);
    let mut text = String::from("#!/bin/bash\n");
    let mut line = |name: &str, value: &str| {
        let equals = if value.is_empty() { "" } else { "=" };
        writeln!(text, "#SBATCH --{name}{equals}{value}").expect("a String takes what is written to it");
    };
    line("job-name", head.stem);
    if !request.queue.is_empty() {
        line("partition", &option("the queue", &request.queue)?);
    }
    line("nodes", &nodes.to_string());
    line("ntasks-per-node", &tasks.to_string());
    line("cpus-per-task", &cpus.to_string());
    line("mem-per-cpu", &format!("{}M", request.mem_per_cpu));
    if !request.tmp_space.is_empty() {
        line("tmp", &option("the space for temporary files", &request.tmp_space)?);
    }
    if !request.walltime.is_empty() {
        line("time", &option("the time limit", &request.walltime)?);
    }
    if let Some(user) = &request.mail_user {
        line("mail-user", &option("the mail address", user)?);
        line("mail-type", "END,FAIL");
    }
    line("output", &log(request, head)?);
    if let Some(elements) = head.array {
        line("array", elements);
    }
    line("requeue", "");
    line("open-mode", "append");
    line("signal", &signal(&request.walltime));
    if head.after.is_some() {
        line("kill-on-invalid-dep", "yes");
    }
    Ok(text)
}

/// Where a job writes. In the pattern, `%` of the folder's own is doubled; a backslash would switch all patterns off.
fn log(request: &Request, head: &Head<'_>) -> Result<String, Fault> {
    let folder = request.run.as_str();
    if folder.contains('\\') {
        return Err(bad(format!("SLURM cannot write logs under `{folder}`: it has a backslash")));
    }
    let file = if head.array.is_some() { "%x-%A_%a.out" } else { "%x-%j.out" };
    option("the run folder", &format!("{}/logs/{file}", folder.replace('%', "%%")))
}
