//! What is to be done, from its words; and what a task may take from its machine.

use adt_engine::moving::Deletion;
use adt_intake::Row;
use adt_model::{Class, Fault, JobSpec};
use adt_plan::cluster::limits::{cgroup_memory, limits};

use super::Vars;
use crate::{
    args::{Args, Command, Common, Convert, Copy, Imaging, Run, Tuning},
    commands::sorted,
    input, secrets, settings,
};

/// What words such as `jobs.csv --compress-raw-data` or `imaging zarr SRC DST` ask for.
#[derive(Debug)]
pub(super) enum Asked {
    List(Box<Run>),
    Images(Box<Convert>, bool),
    /// With what may be deleted that the source does not have.
    Move(Box<Copy>, Option<Deletion>),
}

impl Asked {
    /// Parses the words after `adt submit`, or those that a plan keeps.
    pub(super) fn parse(words: &[String]) -> Result<Self, Fault> {
        let verb = words.first().map(String::as_str).unwrap_or_default();
        let verb =
            if matches!(verb, "run" | "imaging" | "copy" | "sync") { None } else { Some("run".to_owned()) };
        let shown = match verb.as_deref().or(words.first().map(String::as_str)) {
            Some("imaging") => "imaging zarr".to_owned(),
            word => word.unwrap_or("run").to_owned(),
        };
        let words = std::iter::once("adt".to_owned()).chain(verb).chain(words.iter().cloned());
        let args = Args::of(words).map_err(|e| {
            let text = e.to_string();
            // What is missing stands on lines of its own, before an empty one.
            let lines: Vec<_> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
            let line = lines.join(" ").trim_start_matches("error: ").to_owned();
            Fault::new(Class::BadInput, line).help(format!(
                "`adt {shown} --help` has what may stand here; flags of `adt submit` itself come before it"
            ))
        })?;
        match args.command {
            Command::Run(run) => {
                let jobs = &run.jobs;
                let list = jobs.list.as_ref().or(jobs.csv_file.as_ref());
                if list.is_none_or(|list| list == "-") {
                    return Err(Fault::new(Class::BadInput, "the jobs are not in a file")
                        .help("every task must be able to read the list: name a CSV or JSON file"));
                }
                if run.no_list {
                    let what = "`--no-list` does not go with work that is shared: tasks read their plan at the destination";
                    return Err(Fault::new(Class::BadInput, what).help("`adt run` does it from here"));
                }
                Ok(Self::List(Box::new(run)))
            }
            Command::Imaging { command: Imaging::Zarr(convert) } => {
                Ok(Self::Images(Box::new(convert), false))
            }
            Command::Imaging { command: Imaging::N5(convert) } => Ok(Self::Images(Box::new(convert), true)),
            Command::Copy(copy) => Self::moved(copy, None),
            Command::Sync(sync) => {
                let delete = sync.deletion();
                Self::moved(Box::new(sync.copy), delete)
            }
            _ => Err(Fault::new(
                Class::BadInput,
                "a cluster runs a list of jobs, `imaging zarr`, `imaging n5`, `copy` or `sync`",
            )),
        }
    }
}

impl Asked {
    fn moved(copy: Box<Copy>, delete: Option<Deletion>) -> Result<Self, Fault> {
        if copy.source == "-" || copy.destination == "-" {
            return Err(Fault::new(Class::BadInput, "`-` is one object, and is not shared"));
        }
        let comparing = &copy.comparing;
        let flags = [
            ("--no-list", comparing.no_list),
            ("--files-from", copy.files_from.is_some()),
            ("--backup-dir", comparing.backup_dir.is_some()),
            // A plan is found at the destination: it must not choose the servers that credentials are sent to.
            ("--profile", copy.clouds.profile.is_some()),
            ("--endpoint-url", copy.clouds.endpoint_url.is_some()),
            ("--source-profile", copy.from_side.source_profile.is_some()),
            ("--source-endpoint-url", copy.from_side.source_endpoint_url.is_some()),
        ];
        if let Some((flag, _)) = flags.into_iter().find(|(_, given)| *given) {
            let what = format!("`{flag}` does not go with work that is shared");
            let help = "`adt copy` does it from here; profiles and endpoints of shared work come from the environment of its tasks";
            return Err(Fault::new(Class::BadInput, what).help(help));
        }
        Ok(Self::Move(copy, delete))
    }
}

/// The jobs of a list; any problem of any of them is told by the caller.
pub(super) fn specs(
    run: &Run,
    common: &Common,
    vars: &Vars,
) -> Result<(Vec<JobSpec>, Vec<adt_model::Problem>), Fault> {
    let settings = settings::resolve(common, &run.tuning, vars)?;
    let rows: Vec<Row> = input::rows(&run.jobs, common, vars, &settings)?;
    let (specs, mut problems) = sorted(rows);
    for spec in &specs {
        problems.extend(adt_plan::obstacles(spec));
        problems.extend(secrets::problems(spec, vars));
    }
    Ok((specs, problems))
}

/// Threads and memory as the cluster gave them to this task, where nobody says otherwise.
pub(super) fn limited(tuning: &Tuning, vars: &Vars) -> Tuning {
    let files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let cgroup = files.iter().find_map(|file| cgroup_memory(&std::fs::read_to_string(file).ok()?));
    let given = limits(vars, cgroup);
    let mut tuning = tuning.clone();
    let set = |name: &str| vars.get(name).is_some_and(|text| !text.trim().is_empty());
    if tuning.cpus.is_none() && !set("ADT_CPUS") {
        tuning.cpus = given.threads.map(|threads| threads.to_string());
    }
    if tuning.memory.is_none() && !set("ADT_MEMORY") {
        // Half of it: code, stacks, and what allocators keep for themselves are not counted.
        tuning.memory = given.memory.map(|bytes| (bytes / 2).max(LEAST).to_string());
    }
    tuning
}

/// Less than this does not hold a chunk and its surroundings.
const LEAST: u64 = 64 << 20;
