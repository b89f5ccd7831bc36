//! What a script does: shares, the look at the markers, the end.

use adt_model::Fault;

use super::{
    Chain, Request,
    quote::{one_line, quoted},
};

/// The words that every call of `adt` begins with, as an array of the shell.
pub(super) fn words(request: &Request, chain: &Chain) -> Result<String, Fault> {
    let name = one_line("the name", &chain.name)?;
    let program = match &request.sif {
        Some(image) => format!("apptainer exec {} adt", quoted(one_line("the image", image)?)),
        None => quoted(one_line("the program", &request.program)?),
    };
    let destination = quoted(one_line("the destination", &chain.destination)?);
    let run = match one_line("the run folder", &chain.run_flag)? {
        "" => String::new(),
        folder => format!(" --run {}", quoted(folder)),
    };
    let digest = match one_line("the digest", &chain.digest)? {
        "" => String::new(),
        digest => format!(" --plan-digest {}", quoted(digest)),
    };
    let mut roots = String::new();
    for root in &chain.roots {
        roots = format!("{roots} --source-root {}", quoted(one_line("a source", root)?));
    }
    Ok(format!("# {name}\nwork=({program} work {destination}{run}{digest}{roots})\n\n"))
}

/// The end of a script when a part of it fails. A job that is cancelled does not get here: its shell is signalled too.
pub(super) fn leave(rounds: u32, in_array: bool) -> String {
    let job = if in_array { "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}" } else { "$SLURM_JOB_ID" };
    format!(
        r#"# Ends with the code of the part that failed. What was interrupted or is not complete (75), and what was killed (128 and
# more), goes back into the queue.
leave() {{
  if {{ [ "$1" -eq 75 ] || [ "$1" -ge 128 ]; }} && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {rounds} ]; then
    scontrol requeue "{job}"
  fi
  exit "$1"
}}

"#
    )
}

/// The stages of a step, each in rounds until nothing of it is missing.
///
/// What `srun` says of its tasks does not tell whether all is done: one that was killed leaves its items to the next round.
pub(super) fn rounds(rounds: u32, stages: usize) -> String {
    if stages == 0 {
        return String::new();
    }
    let rounds = rounds.max(1);
    let numbers: Vec<_> = (0..stages).map(|stage| stage.to_string()).collect();
    format!(
        r#"# Each task takes the share of its rank.
task='exec "$@" --shard "$SLURM_PROCID/$SLURM_STEP_NUM_TASKS"'

stage() {{
  local round code check
  for ((round = 1; round <= {rounds}; round++)); do
    srun --kill-on-bad-exit=0 --wait=0 bash -c "$task" adt "${{work[@]}}" --stage "$1"
    code=$?
    # Wrong input (2) and a mistake of the program (3) do not pass by trying again.
    case $code in 2 | 3) return "$code" ;; esac
    "${{work[@]}}" --stage "$1" --check
    check=$?
    case $check in 0 | 2 | 3) return "$check" ;; esac
    # The tasks were told to stop, so the time is nearly up: go on in a new job rather than in a new round.
    if [ "$code" -eq 75 ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {rounds} ]; then return 75; fi
  done
  # Tasks that were killed in every round would be in the next job too.
  if [ "$code" -ge 128 ]; then return 1; fi
  if [ "$code" -ne 0 ]; then return "$code"; fi
  return "$check"
}}

for number in {}; do
  stage "$number" || leave $?
done

"#,
        numbers.join(" ")
    )
}

/// One element of an array. By `srun`, because only the tasks of a step are told that the time is nearly up.
pub(super) fn element(stage: usize, shards: u64) -> String {
    format!(
        r#"srun --nodes=1 --ntasks=1 "${{work[@]}}" --stage {stage} --shard "$SLURM_ARRAY_TASK_ID/{shards}" || leave $?
"#
    )
}

/// The rest and the end, in one task with all CPUs that the job has on a node.
pub(super) fn finish(chain: &Chain) -> Result<String, Fault> {
    let mut words = String::new();
    for word in &chain.end {
        words = format!("{words} {}", quoted(one_line("a word of the end", word)?));
    }
    Ok(format!(
        r#"cpus=${{SLURM_JOB_CPUS_PER_NODE:-$SLURM_CPUS_PER_TASK}}
export SLURM_CPUS_PER_TASK=${{cpus%%[!0-9]*}} SRUN_CPUS_PER_TASK=${{cpus%%[!0-9]*}}
srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "${{work[@]}}" --finish{words} || leave $?
"#
    ))
}
