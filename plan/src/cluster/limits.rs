//! What a task may use, as told by whoever started it.

use std::collections::BTreeMap;

/// Beyond this a limit is none: version 1 of cgroups writes "unlimited" as nearly 2^63, rounded to pages.
const ABSURD: u64 = 1 << 60;

const MIB: u64 = 1 << 20;

/// What one task may use; `None` is: nobody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Threads.
    pub threads: Option<usize>,
    /// Memory in bytes.
    pub memory: Option<u64>,
}

/// The limits of this task: what SLURM says of it, and of its memory the smaller of that and `cgroup` (bytes).
///
/// A variable that cannot be read limits nothing. A node's memory is shared by the tasks on it, and so is the control group
/// of a step.
pub fn limits(vars: &BTreeMap<String, String>, cgroup: Option<u64>) -> Limits {
    let threads = number(vars, "SLURM_CPUS_PER_TASK");
    let mebibytes = |name| number(vars, name).and_then(|count| count.checked_mul(MIB));
    let by_cpu = mebibytes("SLURM_MEM_PER_CPU").and_then(|bytes| bytes.checked_mul(threads.unwrap_or(1)));
    let in_step = on_node(vars, "SLURM_STEP_TASKS_PER_NODE");
    let tasks = in_step.or_else(|| on_node(vars, "SLURM_TASKS_PER_NODE")).unwrap_or(1);
    let by_node = mebibytes("SLURM_MEM_PER_NODE").map(|bytes| bytes / tasks);
    let by_group = cgroup.map(|bytes| bytes / in_step.unwrap_or(1));
    Limits {
        threads: threads.and_then(|count| usize::try_from(count).ok()),
        memory: [by_cpu, by_node, by_group].into_iter().flatten().min(),
    }
}

/// The limit in a control group's `memory.max` or `memory.limit_in_bytes`, in bytes; none where it does not limit.
pub fn cgroup_memory(text: &str) -> Option<u64> {
    // Version 2 says `max`, which is no number.
    text.trim().parse().ok().filter(|bytes| (1..ABSURD).contains(bytes))
}

/// A count in a variable. SLURM writes "all memory of the node" as 0, which limits nothing.
fn number(vars: &BTreeMap<String, String>, name: &str) -> Option<u64> {
    vars.get(name)?.trim().parse().ok().filter(|count| *count > 0)
}

/// How many tasks run on this node, from a list such as `2(x3),1`: two on each of three nodes, then one.
/// Where it is not known which node this is, the most that any has.
fn on_node(vars: &BTreeMap<String, String>, name: &str) -> Option<u64> {
    let nodes = vars.get(name)?.split(',').map(run).collect::<Option<Vec<_>>>()?;
    let mut node: Option<u64> = vars.get("SLURM_NODEID").and_then(|text| text.trim().parse().ok());
    for &(tasks, times) in &nodes {
        match node {
            Some(before) if before < times => return Some(tasks),
            Some(before) => node = Some(before - times),
            None => break,
        }
    }
    nodes.iter().map(|&(tasks, _)| tasks).max()
}

/// `2(x3)` → 2 tasks, 3 times.
fn run(text: &str) -> Option<(u64, u64)> {
    let (tasks, times) = match text.trim().split_once("(x") {
        Some((tasks, times)) => (tasks, times.strip_suffix(')')?.parse().ok()?),
        None => (text.trim(), 1),
    };
    tasks.parse().ok().filter(|tasks| *tasks > 0).map(|tasks| (tasks, times))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing("", None, None, None)]
    #[case::only_a_group("", Some(3 << 30), None, Some(3 << 10))]
    #[case::per_cpu("SLURM_CPUS_PER_TASK=4 SLURM_MEM_PER_CPU=500", None, Some(4), Some(2000))]
    #[case::per_cpu_of_one("SLURM_MEM_PER_CPU=500", None, None, Some(500))]
    #[case::the_group_is_smaller("SLURM_MEM_PER_CPU=500", Some(400 << 20), None, Some(400))]
    #[case::the_group_is_larger("SLURM_MEM_PER_CPU=500", Some(600 << 20), None, Some(500))]
    #[case::per_node("SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=4", None, None, Some(2000))]
    #[case::per_node_many("SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=2(x3)", None, None, Some(4000))]
    #[case::uneven("SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=4(x2),1", None, None, Some(2000))]
    #[case::uneven_first(
        "SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=4(x2),1 SLURM_NODEID=1",
        None,
        None,
        Some(2000)
    )]
    #[case::uneven_last(
        "SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=4(x2),1 SLURM_NODEID=2",
        None,
        None,
        Some(8000)
    )]
    #[case::beyond_the_list(
        "SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=4(x2),1 SLURM_NODEID=9",
        None,
        None,
        Some(2000)
    )]
    #[case::a_step_of_its_own(
        "SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=4 SLURM_STEP_TASKS_PER_NODE=1",
        None,
        None,
        Some(8000)
    )]
    #[case::a_group_of_a_step("SLURM_STEP_TASKS_PER_NODE=4(x2)", Some(8 << 30), None, Some(2 << 10))]
    #[case::all_of_the_node("SLURM_MEM_PER_NODE=0", None, None, None)]
    #[case::garbage(
        "SLURM_CPUS_PER_TASK=x SLURM_MEM_PER_NODE=8000 SLURM_TASKS_PER_NODE=2(x",
        None,
        None,
        Some(8000)
    )]
    #[case::beyond_counting("SLURM_MEM_PER_CPU=18446744073709551615", None, None, None)]
    fn a_task_has_its_part(
        #[case] text: &str,
        #[case] cgroup: Option<u64>,
        #[case] threads: Option<usize>,
        #[case] mebibytes: Option<u64>,
    ) {
        let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        let vars = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(limits(&vars, cgroup), Limits { threads, memory: mebibytes.map(|count| count << 20) });
    }

    #[rstest]
    #[case::version_2("4294967296\n", Some(4 << 30))]
    #[case::version_2_unlimited("max\n", None)]
    #[case::version_1_unlimited("9223372036854771712\n", None)]
    #[case::nothing("", None)]
    #[case::zero("0", None)]
    #[case::garbage("-1", None)]
    fn a_control_group_limits_memory(#[case] text: &str, #[case] bytes: Option<u64>) {
        assert_eq!(cgroup_memory(text), bytes);
    }
}
