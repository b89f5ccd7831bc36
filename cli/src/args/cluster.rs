//! `adt submit`, `adt work`, `adt status`, `adt cancel`, as they are typed.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

use super::Tuning;

/// Which share of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shard {
    /// K of N, from 0.
    Of(u64, u64),
    /// As the launcher says.
    Auto,
}

#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch a person can set")]
pub(crate) struct Work {
    /// What `adt submit` planned (an asset's folder), or the container of `adt imaging zarr --plan-only`: a folder or `s3://bucket/prefix`
    #[arg(value_name = "DST", value_hint = ValueHint::DirPath)]
    pub destination: String,
    /// Which share of the work: K of N, K from 0, such as `0/4`; or `auto`: as SLURM, `mpiexec`, Kubernetes, AWS Batch, LSF, PBS … say
    ///
    /// `auto` reads the environment: the index of an array, times the ranks of a step. N may differ from run to run; every item belongs to
    /// one share, and a share that is run twice finds its items done.
    #[arg(long, value_name = "K/N|auto", value_parser = shard, required_unless_present_any = ["finish", "check"])]
    pub shard: Option<Shard>,
    /// How many elements an array has, for `--shard auto` where the launcher does not say (SLURM, Kubernetes, PBS)
    #[arg(long, value_name = "N", requires = "shard", value_parser = clap::value_parser!(u64).range(1..))]
    pub shards: Option<u64>,
    /// Which stage: 0 reads the sources, later ones read what stands at the destination [default: 0]
    #[arg(long, value_name = "S")]
    pub stage: Option<usize>,
    /// Only say whether all items of the stage are done; exit 0 or 75
    #[arg(long, conflicts_with_all = ["shard", "finish"])]
    pub check: bool,
    /// See that all items are there, do what is left, write the documents and the record, start the pipeline, remove plan and markers
    #[arg(long)]
    pub finish: bool,
    /// The run's folder, where the end is written down for `adt status`
    #[arg(long, value_name = "RUN", hide_short_help = true, value_hint = ValueHint::DirPath)]
    pub run: Option<Utf8PathBuf>,
    /// Read only sources in or below PATH, whatever the plan names (may be repeated; also `ADT_SOURCE_ROOT`)
    ///
    /// A plan at a destination may have been changed by anyone who can write there. The scripts that `adt submit` makes have this flag.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub source_root: Vec<String>,
    /// Do nothing unless the plan is the one that was submitted: the digest is in the scripts and definitions of `adt submit`
    #[arg(long, value_name = "SHA256", hide_short_help = true)]
    pub plan_digest: Option<String>,
    /// With `--finish`: delete at the destination what the source does not have, where `sync --delete` was submitted
    #[arg(long, requires = "finish", hide_short_help = true)]
    pub delete: bool,
    /// Delete nothing if it would be more objects than this; replaces the default limits
    #[arg(long, value_name = "N", requires = "delete", hide_short_help = true)]
    pub max_delete: Option<u64>,
    /// Delete also if the source is empty, and without the default limits
    #[arg(long, requires = "delete", hide_short_help = true)]
    pub delete_all: bool,
    /// With `--finish`: write the list of all objects of a `copy` or `sync` to FILE
    #[arg(long, value_name = "FILE", requires = "finish", hide_short_help = true, value_hint = ValueHint::FilePath)]
    pub manifest: Option<Utf8PathBuf>,
    /// With `--finish`: order the pipeline although an earlier order may have arrived. Look at Code Ocean first
    #[arg(long, requires = "finish")]
    pub retrigger: bool,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch a person can set")]
pub(crate) struct Submit {
    /// What is to be done: a list as for `adt run`, `imaging zarr SRC DST`, `copy SRC DST` or `sync SRC DST`, each with its own flags
    #[arg(
        value_name = "WHAT",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required_unless_present = "job_cmd"
    )]
    pub what: Vec<String>,
    /// slurm; or kubernetes, aws-batch: with `--print`
    #[arg(long, value_enum, default_value_t = Engine::Slurm)]
    pub engine: Engine,
    /// Plan, then print the definition for the other engine
    #[arg(long)]
    pub print: bool,
    /// One job of nodes x tasks (step), or an array for each stage, which queues better and is requeued element by element
    #[arg(long, value_enum, default_value_t = LayoutChoice::Step)]
    pub layout: LayoutChoice,
    /// Only write the scripts and have `sbatch --test-only` judge them; submit nothing
    #[arg(long, conflicts_with_all = ["wait", "generate_and_launch_run"])]
    pub generate_run: bool,
    /// For old scripts; what happens anyway
    #[arg(long, hide_short_help = true)]
    pub generate_and_launch_run: bool,
    /// Nodes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub nodes: u32,
    /// Tasks on each node
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub ntasks_per_node: u32,
    /// Cores of a task: its threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub cpus_per_task: u32,
    /// MiB for each core
    #[arg(long, value_name = "MIB", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub mem_per_cpu: u32,
    /// Scratch space of a node; nothing here needs it
    #[arg(long, value_name = "SIZE", default_value = "512MB", hide_short_help = true)]
    pub tmp_space: String,
    /// Longest time, HH:MM:SS
    #[arg(long, value_name = "TIME", default_value = "00:10:00")]
    pub walltime: String,
    /// The partition
    #[arg(long, value_name = "NAME", default_value = "aind")]
    pub queue: String,
    /// Who gets mail when it ends
    #[arg(long, value_name = "ADDRESS")]
    pub mail_user: Option<String>,
    /// Folder in which each run gets one of its own, with scripts, logs and plans [default: ~/.slurm]
    #[arg(long, alias = "run-parent-dir", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub run_dir: Option<Utf8PathBuf>,
    /// Shares of each array [default: four for each task, as many as there are items at most]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub shards: Option<u64>,
    /// How often a share that was interrupted is tried
    #[arg(long, value_name = "N", default_value_t = 3, hide_short_help = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// A line for the beginning of each script, such as `module load …`. May be given several times
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    pub prologue: Vec<String>,
    /// Run inside this Apptainer image (folders it must see: `APPTAINER_BIND`); for `--engine kubernetes` and `aws-batch` the container's image
    #[arg(long, visible_alias = "image", value_name = "IMAGE")]
    pub sif: Option<String>,
    /// Take back another plan that stands at the destination, and complete assets that exist
    #[arg(long)]
    pub force: bool,
    /// Wait for the end; exit 0 only if all of it is at its destination
    #[arg(long)]
    pub wait: bool,
    /// Any command, instead of jobs: each task runs it
    #[arg(long, value_name = "CMD", conflicts_with = "what")]
    pub job_cmd: Option<String>,
    /// By `sbatch`, or by slurmrestd: `SLURM_REST_URL`, `SLURM_JWT` (its token), `SLURM_USER_NAME`
    #[arg(long, value_enum, default_value_t = Via::Sbatch)]
    pub via: Via,
}

/// What starts, places and retries the shares
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    Slurm,
    Kubernetes,
    AwsBatch,
}

/// How shares become jobs of SLURM
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutChoice {
    Step,
    Array,
}

/// How SLURM is spoken to
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Via {
    Sbatch,
    Rest,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct OfRun {
    /// The folder that `adt submit` named
    #[arg(value_name = "RUN", value_hint = ValueHint::DirPath)]
    pub run: Utf8PathBuf,
}

fn shard(text: &str) -> Result<Shard, String> {
    if text.trim() == "auto" {
        return Ok(Shard::Auto);
    }
    let (number, of) = text.split_once('/').ok_or("such as 0/4, or auto")?;
    match (number.trim().parse(), of.trim().parse()) {
        (_, Ok(0)) => Err("there is no share of nothing: N is at least 1".to_owned()),
        (Ok(number), Ok(of)) if number < of => Ok(Shard::Of(number, of)),
        (Ok(_), Ok(_)) => Err("the first is counted from 0 and smaller than the second".to_owned()),
        _ => Err("two whole numbers, such as 0/4".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_counted_from_0() {
        assert_eq!(shard("0/4"), Ok(Shard::Of(0, 4)));
        assert_eq!(shard("auto"), Ok(Shard::Auto));
        for wrong in ["", "4", "4/4", "5/4", "0/0", "-1/4", "a/b", "1/4/2", "AUTO"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}
