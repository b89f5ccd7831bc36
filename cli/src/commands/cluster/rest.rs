//! SLURM, by slurmrestd.

use std::sync::Arc;

use super::stub::slurm_rest::{RestJob, SlurmRest};
use adt_model::{Class, Fault, Secret};
use adt_plan::cluster::slurm::Script;
use adt_services::ServiceOptions;
use camino::Utf8Path;
use jiff::Timestamp;

use super::{Vars, scheduler::Queued};
use crate::{args::Submit, env, wire};

const URL: &str = "SLURM_REST_URL";
const TOKEN: &str = "SLURM_JWT";

/// Whether all that is needed is there.
pub(super) fn configured(vars: &Vars) -> Result<(), Fault> {
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
    // What a person's shell would hand over; secrets of this client stay here.
    let environment = vars.iter().filter(|(name, _)| *name != TOKEN);
    let job = RestJob {
        name: stem.to_owned(),
        partition: asked.queue.clone(),
        nodes: if script.array.is_some() { 1 } else { asked.nodes },
        tasks: if script.array.is_some() { 1 } else { asked.nodes * asked.ntasks_per_node },
        cpus_per_task: asked.cpus_per_task,
        memory_per_cpu: u64::from(asked.mem_per_cpu),
        time_limit: minutes(&asked.walltime)?,
        array: script.array.clone(),
        dependency: after.map(|after| format!("afterok:{after}")),
        environment: environment.map(|(name, value)| (name.clone(), value.clone())).collect(),
        current_working_directory: run.to_string(),
        standard_output: run.join("logs").join(format!("{stem}-{pattern}.out")).into_string(),
        requeue: true,
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

/// Those of the jobs that wait or run.
pub(super) async fn queued(jobs: &[u64], vars: &Vars) -> Result<Vec<Queued>, Fault> {
    let rest = client(vars)?;
    let mut found = Vec::new();
    for job in jobs {
        let state = rest.state(*job).await?;
        if matches!(state.as_str(), "PENDING" | "RUNNING" | "COMPLETING" | "REQUEUED" | "SUSPENDED") {
            found.push(Queued { id: job.to_string(), state, reason: String::new() });
        }
    }
    Ok(found)
}

fn client(vars: &Vars) -> Result<SlurmRest, Fault> {
    let of = |name: &str| vars.get(name).filter(|value| !value.is_empty()).cloned();
    let missing = |name: &str, what: &str| {
        Fault::new(Class::BadInput, format!("`{name}` is not set: {what}"))
            .help("`export $(scontrol token)` sets SLURM_JWT; SLURM_REST_URL is such as http://slurm:6820")
    };
    let url = of(URL).ok_or_else(|| missing(URL, "where slurmrestd is"))?;
    let token = of(TOKEN).ok_or_else(|| missing(TOKEN, "the token of slurmrestd"))?;
    let user = of("SLURM_USER_NAME").or_else(|| of("USER")).or_else(|| of("LOGNAME"));
    let user = user.ok_or_else(|| missing("SLURM_USER_NAME", "whose jobs these are"))?;
    let options = ServiceOptions::new(env::handed_in(vars), Arc::new(Timestamp::now));
    SlurmRest::new(&url, &user, Secret::new(token), options)
}

/// `HH:MM:SS`, `D-HH:MM:SS`, `MM:SS` or minutes, as whole minutes.
fn minutes(text: &str) -> Result<u64, Fault> {
    let wrong =
        || Fault::new(Class::BadInput, format!("`--walltime {text}` is no time")).help("such as 08:00:00");
    let (days, rest) =
        text.split_once('-').map_or((0, text), |(days, rest)| (days.parse().unwrap_or(0), rest));
    let parts: Vec<u64> = rest.split(':').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let seconds = match parts[..] {
        [hours, minutes, seconds] => hours * 3600 + minutes * 60 + seconds,
        [minutes, seconds] => minutes * 60 + seconds,
        [minutes] => minutes * 60,
        _ => return Err(wrong()),
    };
    Ok((days * 1440 + seconds.div_ceil(60)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walltimes_are_those_of_slurm() {
        for (text, expected) in
            [("00:10:00", 10), ("1-00:00:00", 1440), ("30", 30), ("90:30", 91), ("00:00:01", 1)]
        {
            assert_eq!(minutes(text).unwrap(), expected, "{text}");
        }
        assert!(minutes("soon").is_err() && minutes("1:2:3:4").is_err());
    }
}
