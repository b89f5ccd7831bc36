//! `adt submit`

use std::{sync::Arc, time::Duration};

use adt_engine::{Ctx, shares::WorkPlan};
use adt_model::{Class, Fault};
use adt_plan::cluster::{
    elsewhere::{Elsewhere, aws_batch, kubernetes},
    slurm::{Chain, Layout, Request, Script, command_script, scripts},
};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{
    Vars, context, rest, run_folder,
    run_folder::{Job, Submitted},
    scheduler, status,
    submissions::Submissions,
    trust,
    wanted::{Wanted, planned, plans},
};
use crate::{
    args::{Common, Engine, LayoutChoice, Submit, Tuning, Via},
    commands::{
        BAD_INPUT, DONE, FAILED, INTERRUPTED,
        ephys::{absolute, drive},
    },
    env, show, wire,
};

/// Shares of an array for each of its tasks: SLURM balances them.
const SHARES_PER_TASK: u64 = 4;

/// Between two looks at a run that is waited for.
const LOOK: Duration = Duration::from_secs(2);

pub(in crate::commands) fn submit(asked: &Submit, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    if asked.engine != Engine::Slurm && !asked.print {
        return Err(Fault::new(Class::BadInput, "only SLURM is submitted to")
            .help("`--print` shows the definition for `kubectl apply -f -` or the AWS command line")
            .into());
    }
    if asked.engine == Engine::Slurm && asked.print {
        return Err(Fault::new(Class::BadInput, "`--print` shows the definition for another engine")
            .help("`--engine kubernetes` or `--engine aws-batch`; for SLURM `--generate-run` writes the scripts")
            .into());
    }
    if let Some(command) = &asked.job_cmd {
        return job_cmd(asked, command, common, vars);
    }
    let ctx = context(&Tuning::default(), common, vars, None, wire::Ways::default())?;
    let Some(plans) = plans(asked, common, vars, &ctx)? else { return Ok(BAD_INPUT) };
    if plans.is_empty() {
        show::say("nothing to do: all of it is complete");
        return Ok(DONE);
    }
    if asked.print {
        return printed(asked, plans, common, vars, &ctx);
    }
    let parent = parent(asked, vars)?;
    // Nothing is written to a destination before SLURM has said that it would take the jobs.
    let trial = request(asked, &parent)?;
    let run = run_folder::make(&parent)?;
    let begun = judged(&trial, asked, &run, vars).and_then(|()| planned(plans, asked, &ctx));
    let works = begun.inspect_err(|_| {
        let _ = std::fs::remove_dir_all(&run);
    })?;
    remembered(&works, common, vars);
    let request = Request { run: run.clone(), ..trial };
    let mut chains = Vec::new();
    for (number, work) in works.iter().enumerate() {
        let chain = chain(asked, work, &run)?;
        let scripts = scripts(&request, &chain, number)?;
        written(&run, &scripts)?;
        chains.push((work, scripts));
    }
    let texts: Vec<&WorkPlan> = chains.iter().map(|(work, _)| *work).collect();
    fs_err::write(run.join("conf/plan.json"), serde_json::to_vec_pretty(&texts)?)?;
    if asked.generate_run {
        let mut generated = begun_by(asked);
        generated.chains = chains.iter().map(|(work, _)| of(work, Vec::new())).collect();
        run_folder::write(&run, &generated)?;
        told(&run, &chains, common);
        return Ok(DONE);
    }
    let submitted = launched(asked, &run, &chains, vars)?;
    if !common.quiet {
        for chain in &submitted.chains {
            let ids: Vec<_> = chain.jobs.iter().map(|job| job.id.to_string()).collect();
            show::say(&format!("{}: job {}", chain.name, ids.join(", ")));
        }
        show::say(&format!("how it goes: adt status {run}"));
    }
    if common.json {
        show::json_line(&serde_json::json!({ "run": run, "chains": submitted.chains }));
    } else {
        show::row(run.as_str());
    }
    if asked.wait { waited(&run, &submitted, vars, &ctx) } else { Ok(DONE) }
}

fn request(asked: &Submit, run: &Utf8Path) -> Result<Request, Fault> {
    let program = match &asked.sif {
        Some(_) => "adt".to_owned(),
        None => std::env::current_exe()
            .map_err(|e| Fault::io("cannot tell where this program is", e))?
            .to_string_lossy()
            .into_owned(),
    };
    Ok(Request {
        layout: match asked.layout {
            LayoutChoice::Step => Layout::Step,
            LayoutChoice::Array => Layout::Array,
        },
        nodes: asked.nodes,
        ntasks_per_node: asked.ntasks_per_node,
        cpus_per_task: asked.cpus_per_task,
        mem_per_cpu: asked.mem_per_cpu,
        tmp_space: asked.tmp_space.clone(),
        walltime: asked.walltime.clone(),
        queue: asked.queue.clone(),
        mail_user: asked.mail_user.clone(),
        prologue: asked.prologue.clone(),
        sif: asked.sif.clone(),
        run: run.to_owned(),
        program,
        rounds: asked.rounds,
        parallel: asked.nodes.saturating_mul(asked.ntasks_per_node),
    })
}

/// Has SLURM judge scripts like those that will be submitted.
fn judged(trial: &Request, asked: &Submit, run: &Utf8Path, vars: &Vars) -> Result<(), Fault> {
    if asked.via == Via::Rest {
        return rest::configured(asked, vars);
    }
    let request = Request { run: run.to_owned(), ..trial.clone() };
    let name = "trial".to_owned();
    let chain = Chain {
        destination: "/".into(),
        shards: shards(asked, u64::MAX),
        stages: 1,
        run_flag: run.to_string(),
        digest: "0".repeat(64),
        roots: Vec::new(),
        end: Vec::new(),
        name,
    };
    for script in scripts(&request, &chain, 0)? {
        let path = run.join("scripts").join(&script.name);
        fs_err::write(&path, &script.text).map_err(|e| Fault::io("cannot write a script", e))?;
        scheduler::test(&path, &script)?;
        fs_err::remove_file(&path).map_err(|e| Fault::io("cannot remove a script", e))?;
    }
    Ok(())
}

fn chain(asked: &Submit, work: &WorkPlan, run: &Utf8Path) -> Result<Chain, Fault> {
    let most = (0..work.stages()).map(|stage| work.items(stage)).max().unwrap_or_default();
    let (roots, end) = trust::flags(work)?;
    Ok(Chain {
        name: work.plan.name.clone(),
        destination: work.plan.asset.to_string(),
        shards: shards(asked, most),
        stages: work.stages(),
        run_flag: run.to_string(),
        digest: work.digest(),
        roots,
        end,
    })
}

fn shards(asked: &Submit, items: u64) -> u64 {
    let tasks = u64::from(asked.nodes) * u64::from(asked.ntasks_per_node);
    asked.shards.unwrap_or(SHARES_PER_TASK.saturating_mul(tasks)).min(items.max(1)).min(1000)
}

fn written(run: &Utf8Path, scripts: &[Script]) -> Result<(), Fault> {
    for script in scripts {
        let path = run.join("scripts").join(&script.name);
        fs_err::write(&path, &script.text).map_err(|e| Fault::io("cannot write a script", e))?;
    }
    Ok(())
}

fn told(run: &Utf8Path, chains: &[(&WorkPlan, Vec<Script>)], common: &Common) {
    if !common.quiet {
        show::say("planned and written; nothing is submitted. To launch it:");
        for script in chains.iter().flat_map(|(_, scripts)| scripts) {
            let array = script.array.as_ref().map(|array| format!("--array={array} ")).unwrap_or_default();
            show::say(&format!("  sbatch {array}{}", run.join("scripts").join(&script.name)));
        }
    }
    show::row(run.as_str());
}

fn begun_by(asked: &Submit) -> Submitted {
    Submitted::by(asked.via, format!("adt submit {}", asked.what.join(" ")), Timestamp::now())
}

fn of(work: &WorkPlan, jobs: Vec<Job>) -> run_folder::Chain {
    run_folder::Chain { name: work.plan.name.clone(), destination: work.plan.asset.clone(), jobs }
}

/// Submits all scripts of all chains; where one is refused, those before it are cancelled.
fn launched(
    asked: &Submit,
    run: &Utf8Path,
    chains: &[(&WorkPlan, Vec<Script>)],
    vars: &Vars,
) -> Result<Submitted, Fault> {
    let mut submitted = begun_by(asked);
    let mut all = Vec::new();
    for (work, scripts) in chains {
        let mut jobs: Vec<Job> = Vec::new();
        for script in scripts {
            let after = script.after.and_then(|index| jobs.get(index)).map(|job| job.id);
            let path = run.join("scripts").join(&script.name);
            let id = match asked.via {
                Via::Sbatch => scheduler::submit(&path, script, after),
                Via::Rest => rest::submit(script, after, asked, run, vars),
            };
            match id {
                Ok(id) => {
                    all.push(id);
                    jobs.push(Job { script: script.name.clone(), id });
                }
                Err(fault) => {
                    let cancelled = match asked.via {
                        Via::Sbatch => scheduler::cancel(&all),
                        Via::Rest => rest::cancel(&all, vars),
                    };
                    if let Err(left) = cancelled {
                        show::say(&format!(
                            "jobs {all:?} are submitted and could not be cancelled: {}",
                            left.line()
                        ));
                    }
                    return Err(fault);
                }
            }
        }
        submitted.chains.push(of(work, jobs));
        // What is submitted can be cancelled, also where the rest is never reached.
        run_folder::write(run, &submitted)?;
    }
    Ok(submitted)
}

/// Waits until no job is left; what counts is what stands at the destinations.
fn waited(run: &Utf8Path, submitted: &Submitted, vars: &Vars, ctx: &Arc<Ctx>) -> anyhow::Result<u8> {
    let found = drive(ctx, async {
        loop {
            let found = status::look(run, submitted, vars, ctx).await?;
            // A controller that does not answer for a while is no end.
            if found.queued.as_ref().is_some_and(Vec::is_empty)
                || found.assets.iter().all(status::AssetStatus::is_done)
            {
                return Ok(found);
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = ctx.stop.gently.cancelled() => return Ok(found),
            }
        }
    })?;
    if ctx.stop.check().is_err() && !found.assets.iter().all(status::AssetStatus::is_done) {
        show::say(&format!("nobody waits any more; the jobs go on. To end them: adt cancel {run}"));
        return Ok(INTERRUPTED);
    }
    for asset in found.assets.iter().filter(|asset| !asset.is_done()) {
        let why = match (&asset.end, &asset.progress) {
            (Some(end), _) => end.ended.fault.clone().unwrap_or_default(),
            (None, Some(progress)) => (0..progress.stages.len())
                .find_map(|stage| progress.complete(stage).err())
                .map_or_else(|| "its end was not reached".to_owned(), |fault| fault.line()),
            (None, None) => status::NO_PLAN.to_owned(),
        };
        show::say(&format!("{} is not complete: {why}; logs are in {run}/logs", asset.name));
    }
    Ok(if found.assets.iter().all(status::AssetStatus::is_done) { DONE } else { FAILED })
}

/// `adt work` on this machine knows these plans again.
fn remembered(works: &[WorkPlan], common: &Common, vars: &Vars) {
    let all = Submissions::of(common, vars).and_then(|submissions| {
        works.iter().try_for_each(|work| submissions.add(&work.plan.asset, &work.digest()))
    });
    if let Err(fault) = all {
        show::say(&format!("note: `adt work` will not recognise the plan by itself: {}", fault.line()));
    }
}

fn printed(
    asked: &Submit,
    plans: Vec<Wanted>,
    common: &Common,
    vars: &Vars,
    ctx: &Arc<Ctx>,
) -> anyhow::Result<u8> {
    let Some(image) = asked.sif.clone() else {
        return Err(Fault::new(Class::BadInput, "a container's image is needed")
            .help("`--image IMAGE`")
            .into());
    };
    let works = planned(plans, asked, ctx)?;
    remembered(&works, common, vars);
    for work in works {
        let elsewhere = Elsewhere {
            image: image.clone(),
            cpus: asked.cpus_per_task,
            memory_mib: asked.mem_per_cpu.saturating_mul(asked.cpus_per_task),
            parallel: asked.nodes.saturating_mul(asked.ntasks_per_node),
            name: work.plan.name.clone(),
        };
        let chain = Chain { run_flag: String::new(), ..chain(asked, &work, Utf8Path::new(""))? };
        let text = match asked.engine {
            Engine::AwsBatch => aws_batch(&elsewhere, &chain),
            Engine::Kubernetes | Engine::Slurm => kubernetes(&elsewhere, &chain),
        };
        show::source(&text?);
    }
    Ok(DONE)
}

/// Any command, in as many tasks as asked for: no plan, no markers.
fn job_cmd(asked: &Submit, command: &str, common: &Common, vars: &Vars) -> anyhow::Result<u8> {
    let parent = parent(asked, vars)?;
    let run = run_folder::make(&parent)?;
    let script = command_script(&request(asked, &run)?, command)?;
    let path = run.join("scripts").join(&script.name);
    written(&run, std::slice::from_ref(&script))?;
    match asked.via {
        Via::Sbatch => scheduler::test(&path, &script)?,
        Via::Rest => rest::configured(asked, vars)?,
    }
    if asked.generate_run {
        show::say(&format!("written, not submitted: sbatch {path}"));
        return Ok(DONE);
    }
    let id = match asked.via {
        Via::Sbatch => scheduler::submit(&path, &script, None)?,
        Via::Rest => rest::submit(&script, None, asked, &run, vars)?,
    };
    let jobs = vec![Job { script: script.name, id }];
    let command = format!("adt submit --job-cmd {command}");
    let submitted = Submitted { jobs, ..Submitted::by(asked.via, command, Timestamp::now()) };
    run_folder::write(&run, &submitted)?;
    if !common.quiet {
        show::say(&format!("job {id}; logs are in {run}/logs"));
    }
    show::row(run.as_str());
    if !asked.wait {
        return Ok(DONE);
    }
    let runtime = wire::runtime()?;
    loop {
        let queued = match asked.via {
            Via::Sbatch => scheduler::queued(&[id]),
            Via::Rest => runtime.block_on(rest::queued(&[id], vars)),
        };
        // A controller that does not answer for a while is no end.
        if queued.is_ok_and(|queued| queued.is_empty()) {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let well = match asked.via {
        Via::Sbatch => scheduler::exited_well(id)?,
        Via::Rest => rest::exited_well(id, vars)?,
    };
    Ok(if well { DONE } else { FAILED })
}

fn parent(asked: &Submit, vars: &Vars) -> Result<Utf8PathBuf, Fault> {
    match &asked.run_dir {
        Some(folder) => absolute(folder),
        None => env::home(vars).map(|home| home.join(".slurm")).ok_or_else(|| {
            Fault::new(Class::BadInput, "the home folder is not known").help("`--run-dir DIR`")
        }),
    }
}
