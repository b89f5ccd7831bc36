//! `--shard auto`: which share of the work is this process's, as told by whoever started it.

use std::collections::BTreeMap;

use adt_model::{Class, Fault};

/// A share: the items whose number leaves `number` when divided by `of`. Always `number < of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which share, from 0.
    pub number: u64,
    /// How many shares there are.
    pub of: u64,
}

/// How a launcher numbers the elements of an array.
struct Array {
    index: &'static str,
    /// The variable with the number of elements, where it stays the same when only some elements are submitted again.
    size: Option<&'static str>,
    /// What the first element is called.
    first: u64,
    /// What the index says in a job that is no array.
    none: Option<&'static str>,
}

const fn array(index: &'static str, size: Option<&'static str>) -> Array {
    Array { index, size, first: 0, none: None }
}

/// `HyperQueue` gives its tasks the environment of its worker, which may itself be an element of some array.
const HYPERQUEUE: Array = array("HQ_TASK_ID", None);

/// SLURM has `SLURM_ARRAY_TASK_COUNT`, but `--array=3,7` makes that 2: it says how many elements were submitted this time.
const ARRAYS: [Array; 8] = [
    array("SLURM_ARRAY_TASK_ID", None),
    array("AWS_BATCH_JOB_ARRAY_INDEX", Some("AWS_BATCH_JOB_ARRAY_SIZE")),
    array("JOB_COMPLETION_INDEX", None),
    array("PBS_ARRAY_INDEX", None),
    Array { index: "LSB_JOBINDEX", size: Some("LSB_JOBINDEX_END"), first: 1, none: Some("0") },
    Array { index: "SGE_TASK_ID", size: Some("SGE_TASK_LAST"), first: 1, none: Some("undefined") },
    array("BATCH_TASK_INDEX", Some("BATCH_TASK_COUNT")),
    array("CLOUD_RUN_TASK_INDEX", Some("CLOUD_RUN_TASK_COUNT")),
];

/// Ranks that `mpiexec` gives, of both families. They come before SLURM's: under `mpiexec` in a SLURM job, `SLURM_PROCID` is the
/// rank of the daemon that `mpiexec` keeps on each node.
const MPI: [(&str, &str); 2] = [("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE")];

/// The share of this process, by the variables of its environment: the element of an array, times the rank within a step.
///
/// `known` is the number of the array's elements as a person gave it (`--shards N`); it wins over what the launcher says.
/// Nothing set is the whole, 0/1. What cannot be told for certain is a fault, never a guess.
pub fn shard(vars: &BTreeMap<String, String>, known: Option<u64>) -> Result<Shard, Fault> {
    let array = array_of(vars)?;
    let (index, elements) = element(vars, array, known)?;
    // Ranks around a HyperQueue task are those of its worker.
    let in_worker = array.is_some_and(|array| array.index == HYPERQUEUE.index);
    let (rank, ranks) = if in_worker { (0, 1) } else { rank(vars)? };
    let of = elements.checked_mul(ranks);
    let number = index.checked_mul(ranks).and_then(|number| number.checked_add(rank));
    match (number, of) {
        (Some(number), Some(of)) => Ok(Shard { number, of }),
        _ => Err(bad(format!("{elements} elements of {ranks} ranks are more shares than can be counted"))),
    }
}

/// The array this process is an element of. Two at once would be a guess.
fn array_of(vars: &BTreeMap<String, String>) -> Result<Option<&'static Array>, Fault> {
    if vars.contains_key(HYPERQUEUE.index) {
        return Ok(Some(&HYPERQUEUE));
    }
    let is_set = |array: &&Array| vars.get(array.index).is_some_and(|text| Some(text.trim()) != array.none);
    let mut set = ARRAYS.iter().filter(is_set);
    match (set.next(), set.next()) {
        (Some(one), Some(other)) => Err(bad(format!(
            "`{}` and `{}` are both set, so which share is meant cannot be told",
            one.index, other.index
        ))
        .help("say which share this is: `--shard K/N`")),
        (one, _) => Ok(one),
    }
}

/// The element's number from 0, and how many elements there are.
fn element(
    vars: &BTreeMap<String, String>,
    array: Option<&Array>,
    known: Option<u64>,
) -> Result<(u64, u64), Fault> {
    if known == Some(0) {
        return Err(bad("`--shards 0` leaves nobody to do the work"));
    }
    let Some(array) = array else { return no_array(known) };
    let named = number(vars, array.index)?.unwrap_or(array.first);
    let index = named.checked_sub(array.first).ok_or_else(|| {
        bad(format!("`{}` is {named}, but this launcher counts from {}", array.index, array.first))
    })?;
    let told = match (known, array.size) {
        (Some(known), _) => Some(known),
        (None, Some(size)) => number(vars, size)?,
        (None, None) => None,
    };
    let elements = told.ok_or_else(|| {
        bad(format!("`{}` is {named}, but of how many is not known", array.index))
            .help("give the number of elements of the whole array: `--shards N`")
    })?;
    if index >= elements {
        return Err(bad(format!("`{}` is {named}, beyond the last of {elements} shares", array.index))
            .help(format!("submit the array so that it counts from {}", array.first)));
    }
    Ok((index, elements))
}

/// Without an array there is one element. Were more announced, each process would do all of the work.
fn no_array(known: Option<u64>) -> Result<(u64, u64), Fault> {
    match known {
        None | Some(1) => Ok((0, 1)),
        Some(many) => Err(bad(format!("`--shards {many}` is given, but no variable says which of them this is"))
            .help("`--shards` counts the elements of an array; ranks of `mpiexec` and `srun` are counted by themselves")),
    }
}

/// The rank within the step, and how many ranks the step has.
fn rank(vars: &BTreeMap<String, String>) -> Result<(u64, u64), Fault> {
    for (name, size) in MPI {
        if vars.contains_key(name) {
            return pair(vars, name, size);
        }
    }
    // In the batch script itself `SLURM_PROCID` is 0 and `SLURM_NTASKS` is set too; only a step has this one.
    if vars.contains_key("SLURM_PROCID") && vars.contains_key("SLURM_STEP_NUM_TASKS") {
        return pair(vars, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS");
    }
    Ok((0, 1))
}

fn pair(vars: &BTreeMap<String, String>, name: &str, size: &str) -> Result<(u64, u64), Fault> {
    let rank = number(vars, name)?.unwrap_or_default();
    let ranks = number(vars, size)?.ok_or_else(|| {
        bad(format!("`{name}` is {rank}, but `{size}` is not set"))
            .help("say which share this is: `--shard K/N`")
    })?;
    if rank >= ranks {
        return Err(bad(format!("`{name}` is {rank}, but `{size}` is {ranks}")));
    }
    Ok((rank, ranks))
}

/// A count in a variable; a variable that is there and is no count is a fault.
fn number(vars: &BTreeMap<String, String>, name: &str) -> Result<Option<u64>, Fault> {
    let Some(text) = vars.get(name) else { return Ok(None) };
    let digits = text.trim();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(number) if plain => Ok(Some(number)),
        _ => Err(bad(format!("the variable `{name}` is `{}`, not a count", text.escape_default()))
            .help("say which share this is: `--shard K/N`")),
    }
}

fn bad(what: impl Into<String>) -> Fault {
    Fault::new(Class::BadInput, what)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn vars(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[rstest]
    #[case::nothing("", None, 0, 1)]
    #[case::nothing_and_one_share("", Some(1), 0, 1)]
    #[case::slurm_array("SLURM_ARRAY_TASK_ID=3", Some(64), 3, 64)]
    #[case::slurm_array_in_part("SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=2", Some(64), 7, 64)]
    #[case::aws_batch("AWS_BATCH_JOB_ARRAY_INDEX=4 AWS_BATCH_JOB_ARRAY_SIZE=10", None, 4, 10)]
    #[case::the_flag_wins("AWS_BATCH_JOB_ARRAY_INDEX=4 AWS_BATCH_JOB_ARRAY_SIZE=10", Some(20), 4, 20)]
    #[case::kubernetes("JOB_COMPLETION_INDEX=0", Some(2), 0, 2)]
    #[case::pbs("PBS_ARRAY_INDEX=5", Some(6), 5, 6)]
    #[case::lsf_from_one("LSB_JOBINDEX=1 LSB_JOBINDEX_END=8", None, 0, 8)]
    #[case::lsf_last("LSB_JOBINDEX=8 LSB_JOBINDEX_END=8", None, 7, 8)]
    #[case::lsf_without_an_array("LSB_JOBINDEX=0 LSB_JOBINDEX_END=0", None, 0, 1)]
    #[case::sge_from_one("SGE_TASK_ID=2 SGE_TASK_LAST=4", None, 1, 4)]
    #[case::sge_without_an_array("SGE_TASK_ID=undefined SGE_TASK_LAST=undefined", None, 0, 1)]
    #[case::google_batch("BATCH_TASK_INDEX=1 BATCH_TASK_COUNT=3", None, 1, 3)]
    #[case::cloud_run("CLOUD_RUN_TASK_INDEX=0 CLOUD_RUN_TASK_COUNT=1", None, 0, 1)]
    #[case::hyperqueue("HQ_TASK_ID=2", Some(5), 2, 5)]
    #[case::hyperqueue_in_a_step(
        "HQ_TASK_ID=2 SLURM_ARRAY_TASK_ID=9 SLURM_PROCID=3 SLURM_STEP_NUM_TASKS=4",
        Some(5),
        2,
        5
    )]
    #[case::open_mpi("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=3", None, 2, 3)]
    #[case::mpich("PMI_RANK=1 PMI_SIZE=3", None, 1, 3)]
    #[case::mpiexec_inside_slurm(
        "OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=3 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2",
        None,
        2,
        3
    )]
    #[case::mpich_inside_slurm("PMI_RANK=5 PMI_SIZE=6 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4", None, 5, 6)]
    #[case::srun("SLURM_PROCID=1 SLURM_NTASKS=4 SLURM_STEP_NUM_TASKS=4", None, 1, 4)]
    #[case::the_batch_script_itself("SLURM_PROCID=0 SLURM_NTASKS=4", None, 0, 1)]
    #[case::a_step_in_an_array("SLURM_ARRAY_TASK_ID=3 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2", Some(8), 7, 16)]
    fn a_share_is_told_by_the_launcher(
        #[case] text: &str,
        #[case] known: Option<u64>,
        #[case] number: u64,
        #[case] of: u64,
    ) {
        assert_eq!(shard(&vars(text), known).unwrap(), Shard { number, of });
    }

    #[rstest]
    #[case::no_size(
        "SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=8",
        None,
        "SLURM_ARRAY_TASK_ID",
        "--shards N"
    )]
    #[case::no_size_of_kubernetes("JOB_COMPLETION_INDEX=3", None, "JOB_COMPLETION_INDEX", "--shards N")]
    #[case::nobody("SLURM_ARRAY_TASK_ID=0", Some(0), "--shards 0", "")]
    #[case::no_elements("BATCH_TASK_INDEX=0 BATCH_TASK_COUNT=0", None, "beyond the last of 0", "")]
    #[case::counted_from_one("SLURM_ARRAY_TASK_ID=8", Some(8), "beyond the last of 8", "counts from 0")]
    #[case::below_the_first("SGE_TASK_ID=0 SGE_TASK_LAST=4", None, "counts from 1", "")]
    #[case::garbage("SLURM_ARRAY_TASK_ID=three", Some(8), "`SLURM_ARRAY_TASK_ID` is `three`", "K/N")]
    #[case::empty("PBS_ARRAY_INDEX=", Some(8), "`PBS_ARRAY_INDEX` is ``", "K/N")]
    #[case::a_sign("PBS_ARRAY_INDEX=+1", Some(8), "`PBS_ARRAY_INDEX` is `+1`", "K/N")]
    #[case::too_large("HQ_TASK_ID=99999999999999999999", Some(8), "HQ_TASK_ID", "K/N")]
    #[case::garbage_of_size(
        "AWS_BATCH_JOB_ARRAY_INDEX=1 AWS_BATCH_JOB_ARRAY_SIZE=x",
        None,
        "_SIZE` is `x`",
        ""
    )]
    #[case::garbage_of_rank("PMI_RANK=-1 PMI_SIZE=2", None, "`PMI_RANK` is `-1`", "K/N")]
    #[case::ranks_unknown("OMPI_COMM_WORLD_RANK=1", None, "`OMPI_COMM_WORLD_SIZE` is not set", "K/N")]
    #[case::rank_beyond("PMI_RANK=2 PMI_SIZE=2", None, "`PMI_SIZE` is 2", "")]
    #[case::two_arrays("SLURM_ARRAY_TASK_ID=1 JOB_COMPLETION_INDEX=2", Some(8), "are both set", "K/N")]
    #[case::shares_but_no_index("", Some(8), "--shards 8", "counts the elements of an array")]
    #[case::ranks_are_no_elements("PMI_RANK=1 PMI_SIZE=2", Some(2), "--shards 2", "")]
    #[case::beyond_counting(
        "SLURM_ARRAY_TASK_ID=1 PMI_RANK=0 PMI_SIZE=9",
        Some(u64::MAX),
        "can be counted",
        ""
    )]
    fn what_cannot_be_told_is_said_with_its_variable(
        #[case] text: &str,
        #[case] known: Option<u64>,
        #[case] what: &str,
        #[case] help: &str,
    ) {
        let fault = shard(&vars(text), known).unwrap_err();
        assert_eq!(fault.class(), Class::BadInput);
        assert!(fault.line().contains(what), "{}", fault.line());
        assert!(fault.advice().unwrap_or_default().contains(help), "{:?}", fault.advice());
    }
}
