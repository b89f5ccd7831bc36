//! SLURM, by its own commands.

use std::process::Command;

use adt_model::{Class, Fault};
use adt_plan::cluster::slurm::Script;
use camino::Utf8Path;

/// What `squeue` says of a job.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Queued {
    pub id: String,
    pub state: String,
    pub reason: String,
}

/// Whether SLURM would take a script. It is not submitted.
pub(super) fn test(script: &Utf8Path, given: &Script) -> Result<(), Fault> {
    let mut command = Command::new("sbatch");
    command.arg("--test-only").args(given.array.iter().map(|array| format!("--array={array}"))).arg(script);
    said(command, "sbatch --test-only").map(drop)
}

/// Submits a script; its job's number.
pub(super) fn submit(script: &Utf8Path, given: &Script, after: Option<u64>) -> Result<u64, Fault> {
    let mut command = Command::new("sbatch");
    command.arg("--parsable");
    if let Some(after) = after {
        command.arg(format!("--dependency=afterok:{after}")).arg("--kill-on-invalid-dep=yes");
    }
    command.args(given.array.iter().map(|array| format!("--array={array}"))).arg(script);
    let said = said(command, "sbatch")?;
    let number = said.trim().split(';').next().unwrap_or_default();
    number.parse().map_err(|_| {
        Fault::new(Class::Refused, format!("`sbatch` said `{}` instead of a job's number", said.trim()))
    })
}

/// Cancels jobs; those that have ended are no error.
pub(super) fn cancel(jobs: &[u64]) -> Result<(), Fault> {
    if jobs.is_empty() {
        return Ok(());
    }
    let mut command = Command::new("scancel");
    command.args(jobs.iter().map(ToString::to_string));
    said(command, "scancel").map(drop)
}

/// Those of the jobs that wait or run. What has ended is not among them.
pub(super) fn queued(jobs: &[u64]) -> Result<Vec<Queued>, Fault> {
    let mut command = Command::new("squeue");
    // A list of jobs of which one is forgotten is refused as a whole; a person's jobs are not.
    command.args(["--me", "-h", "-o", "%A|%i|%T|%r"]);
    let said = said(command, "squeue")?;
    let ours = |line: &str| {
        let [job, id, state, reason]: [&str; 4] =
            line.trim().splitn(4, '|').collect::<Vec<_>>().try_into().ok()?;
        let array = id.split('_').next()?;
        let is_ours = [job, array].iter().any(|text| text.parse().is_ok_and(|id| jobs.contains(&id)));
        is_ours.then(|| Queued { id: id.into(), state: state.into(), reason: reason.into() })
    };
    Ok(said.lines().filter_map(ours).collect())
}

fn said(mut command: Command, name: &str) -> Result<String, Fault> {
    let output = command.output().map_err(|e| {
        let fault = Fault::new(Class::Missing, format!("`{name}` cannot be run")).because(e);
        fault.help("this command speaks to SLURM: run it on a login node; or `--engine kubernetes|aws-batch --print`")
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing").trim();
    Err(Fault::new(Class::BadInput, format!("`{name}` refuses: {line}")))
}

/// Whether a job that has ended did so with code 0, as far as SLURM still knows.
pub(super) fn exited_well(job: u64) -> Result<bool, Fault> {
    let mut command = Command::new("scontrol");
    command.args(["show", "job", "-o", &job.to_string()]);
    Ok(said(command, "scontrol show job")?.contains("JobState=COMPLETED"))
}
