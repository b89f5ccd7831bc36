//! SLURM, by slurmrestd.

use std::{collections::BTreeMap, sync::Arc};

use adt_model::{Class, Fault, Secret};
use adt_plan::cluster::slurm::{Script, seconds, signal};
use adt_services::{
    ServiceOptions,
    slurm_rest::{RestJob, SlurmRest},
};
use camino::Utf8Path;
use jiff::Timestamp;

use super::{Vars, scheduler::Queued};
use crate::{args::Submit, env, wire};

const URL: &str = "SLURM_REST_URL";
const TOKEN: &str = "SLURM_JWT";

/// Whether slurmrestd can be told all of it, and listens.
pub(super) fn configured(asked: &Submit, vars: &Vars) -> Result<(), Fault> {
    if let Some(line) = asked.prologue.iter().find(|line| line.trim_start().starts_with("#SBATCH")) {
        return Err(Fault::new(Class::BadInput, format!("slurmrestd does not read `{line}`"))
            .help("leave it out, or `--via sbatch` on a login node"));
    }
    minutes(&asked.walltime)?;
    mebibytes(&asked.tmp_space)?;
    let rest = client(vars)?;
    wire::runtime()?.block_on(rest.ping())
}

pub(super) fn submit(
    script: &Script,
    after: Option<u64>,
    asked: &Submit,
    run: &Utf8Path,
    vars: &Vars,
) -> Result<u64, Fault> {
    let stem = script.name.trim_end_matches(".sh");
    let pattern = if script.array.is_some() { "%A_%a" } else { "%j" };
    // What `sbatch` would hand over. What is said to SLURM's clients here is not for the nodes; the token least of all.
    let handed = vars.iter().filter(|(name, _)| !name.starts_with("SLURM_"));
    let mut environment: BTreeMap<String, String> =
        handed.map(|(name, value)| (name.clone(), value.clone())).collect();
    // A service may have none, and then `srun` finds no program.
    environment.entry("PATH".to_owned()).or_insert_with(|| "/usr/local/bin:/usr/bin:/bin".to_owned());
    let job = RestJob {
        name: stem.to_owned(),
        partition: asked.queue.clone(),
        nodes: script.nodes,
        tasks_per_node: script.tasks_per_node,
        cpus_per_task: script.cpus_per_task,
        memory_per_cpu: u64::from(asked.mem_per_cpu),
        temporary_disk_per_node: Some(mebibytes(&asked.tmp_space)?),
        time_limit: minutes(&asked.walltime)?,
        array: script.array.clone(),
        dependency: after.map(|after| format!("afterok:{after}")),
        mail_user: asked.mail_user.clone(),
        environment,
        current_working_directory: run.to_string(),
        // As in the script: `%` of the folder's own is doubled.
        standard_output: format!("{}/logs/{stem}-{pattern}.out", run.as_str().replace('%', "%%")),
        signal: signal(&asked.walltime),
    };
    let rest = client(vars)?;
    wire::runtime()?.block_on(rest.submit(&script.text, &job))
}

pub(super) fn cancel(jobs: &[u64], vars: &Vars) -> Result<(), Fault> {
    let rest = client(vars)?;
    wire::runtime()?.block_on(async {
        for job in jobs {
            rest.cancel(*job).await?;
        }
        Ok(())
    })
}

/// Whether a job that has ended did so with code 0, as far as SLURM still knows.
pub(super) fn exited_well(job: u64, vars: &Vars) -> Result<bool, Fault> {
    let rest = client(vars)?;
    let states = wire::runtime()?.block_on(rest.states(job))?;
    Ok(!states.is_empty() && states.iter().all(|of| of.state == "COMPLETED"))
}

/// Those of the jobs that wait or run.
pub(super) async fn queued(jobs: &[u64], vars: &Vars) -> Result<Vec<Queued>, Fault> {
    let rest = client(vars)?;
    let mut found = Vec::new();
    for job in jobs {
        let waits = ["PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "REQUEUED", "SUSPENDED"];
        let states = rest.states(*job).await?.into_iter();
        found.extend(states.filter(|of| waits.contains(&of.state.as_str())).map(|of| Queued {
            id: of.id,
            state: of.state,
            reason: of.reason,
        }));
    }
    Ok(found)
}

fn client(vars: &Vars) -> Result<SlurmRest, Fault> {
    let of = |name: &str| vars.get(name).filter(|value| !value.is_empty()).cloned();
    let missing = |name: &str, what: &str| {
        Fault::new(Class::BadInput, format!("`{name}` is not set: {what}"))
            .help("`export $(scontrol token)` sets SLURM_JWT; SLURM_REST_URL is such as https://slurm:6820 (or http:// with `--allow-http`)")
    };
    let url = of(URL).ok_or_else(|| missing(URL, "where slurmrestd is"))?;
    let token = of(TOKEN).ok_or_else(|| missing(TOKEN, "the token of slurmrestd"))?;
    let user = of("SLURM_USER_NAME").or_else(|| of("USER")).or_else(|| of("LOGNAME"));
    let user = user.ok_or_else(|| missing("SLURM_USER_NAME", "whose jobs these are"))?;
    let options = ServiceOptions::new(env::handed_in(vars), Arc::new(Timestamp::now));
    SlurmRest::open(&url, &user, &Secret::new(token), &options)
}

/// The walltime as slurmrestd wants it.
fn minutes(text: &str) -> Result<u64, Fault> {
    let seconds = seconds(text).ok_or_else(|| {
        Fault::new(Class::BadInput, format!("`--walltime {text}` is no time")).help("such as 08:00:00")
    })?;
    Ok(seconds.div_ceil(60).max(1))
}

/// `512MB`, `2G`: as `sbatch` reads it, in MiB, where no unit means MiB.
fn mebibytes(text: &str) -> Result<u64, Fault> {
    let wrong = || {
        Fault::new(Class::BadInput, format!("`--tmp-space {text}` is no size")).help("such as 512MB or 2G")
    };
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text[number.len()..].to_ascii_uppercase().trim_end_matches('B') {
        "" | "M" => 1,
        "K" => return number.parse::<u64>().map(|kib| kib.div_ceil(1024)).map_err(|_| wrong()),
        "G" => 1024,
        "T" => 1 << 20,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_those_of_slurm() {
        for (text, expected) in [("512MB", 512), ("2G", 2048), ("1t", 1 << 20), ("100", 100), ("1500K", 2)] {
            assert_eq!(mebibytes(text).unwrap(), expected, "{text}");
        }
        for (text, expected) in [("00:10:00", 10), ("90:30", 91), ("00:00:01", 1)] {
            assert_eq!(minutes(text).unwrap(), expected, "{text}");
        }
        assert!(minutes("soon").is_err() && mebibytes("much").is_err() && mebibytes("1X").is_err());
    }
}
