//! SLURM without its programs: jobs are submitted and cancelled through slurmrestd, version 0.0.38 of its interface (SLURM 22.05 to 23.11).
//!
//! slurmrestd takes no notice of a script's `#SBATCH` lines: whatever they would say is part of [`RestJob`]. It answers 500 to nearly
//! everything that it refuses, so what counts is the list `errors` of its answer. A submission is never sent twice.

use std::{collections::BTreeMap, time::Duration};

use adt_model::{Class, Fault, Secret};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ServiceOptions,
    http::{Ask, Outcome, Patience, Reply, Server, Trouble},
};

const NAME: &str = "slurmrestd";
const VERSION: &str = "v0.0.38";
/// SLURM's number for a job that it does not know (any more).
const NO_JOB: i64 = 2017;
/// What is answered where the controller does not know the token, or cannot be reached.
const NO_CONTROLLER: i64 = -1;
/// slurmrestd lost the controller's answer, and cannot say what became of what it asked for (`slurm_errno.h`: communication, sockets).
/// A controller that does not know the token closes the connection, which may look like this too.
const ANSWER_LOST: [std::ops::RangeInclusive<i64>; 2] = [1000..=1999, 5000..=5999];

/// A slurmrestd and who we are there.
pub struct SlurmRest {
    server: Server,
    user: String,
    token: Secret,
}

/// A job, as `#SBATCH` lines would describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestJob {
    /// `job-name`.
    pub name: String,
    /// `partition`.
    pub partition: String,
    /// `nodes`.
    pub nodes: u32,
    /// `ntasks-per-node`.
    pub tasks_per_node: u32,
    /// `cpus-per-task`.
    pub cpus_per_task: u32,
    /// `mem-per-cpu`, MiB.
    pub memory_per_cpu: u64,
    /// `tmp`, MiB.
    pub temporary_disk_per_node: Option<u64>,
    /// `time`, minutes.
    pub time_limit: u64,
    /// `array`.
    pub array: Option<String>,
    /// `dependency`; a job that can never begin is removed.
    pub dependency: Option<String>,
    /// `mail-user`, told of the end and of failures.
    pub mail_user: Option<String>,
    /// `export`.
    pub environment: BTreeMap<String, String>,
    /// `chdir`.
    pub current_working_directory: String,
    /// `output`, appended to.
    pub standard_output: String,
    /// `signal`, such as `TERM@120`.
    pub signal: String,
}

/// A job, or an element of an array, while SLURM remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestState {
    /// `12`, or `12_3`.
    pub id: String,
    /// Such as `PENDING`.
    pub state: String,
    /// Why it waits.
    pub reason: String,
}

impl SlurmRest {
    /// A server at an http or https address, the user whose token it is, and the token. Nothing is asked yet.
    pub fn open(url: &str, user: &str, token: &Secret, options: &ServiceOptions) -> Result<Self, Fault> {
        let token = Secret::new(token.expose().trim());
        let printable = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !printable(token.expose()) || !printable(user) {
            let what = "slurmrestd needs a user and a token, and one of them is empty or none";
            return Err(Fault::new(Class::BadInput, what).help(NEW_TOKEN));
        }
        Ok(Self { server: Server::open_with_credentials(NAME, url, options)?, user: user.to_owned(), token })
    }

    /// Whether the server speaks our version, takes the token, and reaches its controller.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.answer(&self.ask(Method::GET, &["ping"])?, Patience::Deed).await.map(drop)
    }

    /// Submits a script once; the job's number. Where the answer is lost, the fault says that it may have been submitted.
    pub async fn submit(&self, script: &str, job: &RestJob) -> Result<u64, Fault> {
        let mut ask = self.ask(Method::POST, &["job", "submit"])?;
        ask.body = Some(body(script, job).to_string().into());
        let unknown = |fault: Fault| {
            let what = format!("whether `{}` was submitted is not known", job.name);
            Fault::new(fault.class(), what).because(adt_net::Said(fault.line())).help(format!(
                "look with `squeue --name={}`; cancel what is there before it is submitted again",
                job.name
            ))
        };
        let Outcome { result, tries } = self.server.ask(&ask, Patience::Deed).await;
        let reply = match result {
            Ok(reply) => reply,
            Err(trouble @ (Trouble::Broken(_) | Trouble::Late(_) | Trouble::TooLong)) => {
                return Err(unknown(self.server.unanswered(&ask.shown(), trouble, &tries)));
            }
            Err(trouble) => return Err(self.server.unanswered(&ask.shown(), trouble, &tries)),
        };
        match said(&reply) {
            Some(Answer { job_id: Some(id), .. }) if reply.status.is_success() && id > 0 => Ok(id),
            None if reply.status.is_success() || reply.status.is_server_error() => {
                Err(unknown(self.refused(&reply, None)))
            }
            Some(answer) if answer.errors.iter().any(Refusal::is_lost) => {
                Err(unknown(self.refused(&reply, Some(&answer))))
            }
            answer => Err(self.refused(&reply, answer.as_ref())),
        }
    }

    /// Cancels a job, with all elements of an array. One that has ended, or is not known any more, is no error.
    pub async fn cancel(&self, job: u64) -> Result<(), Fault> {
        let ask = self.ask(Method::DELETE, &["job", &job.to_string()])?;
        self.answer(&ask, Patience::Deed).await.map(drop)
    }

    /// The job, or each element of an array. Empty where SLURM does not remember it.
    pub async fn states(&self, job: u64) -> Result<Vec<RestState>, Fault> {
        let answer = self.answer(&self.ask(Method::GET, &["job", &job.to_string()])?, Patience::Deed).await?;
        let text =
            |job: &Value, name: &str| job.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let state = |element: &Value| {
            let number = |name: &str| element.get(name).and_then(Value::as_u64);
            let id = match (number("array_job_id").filter(|id| *id > 0), number("array_task_id")) {
                (Some(array), Some(task)) => format!("{array}_{task}"),
                (Some(array), None) => format!("{array}_[{}]", text(element, "array_task_string")),
                _ => number("job_id").unwrap_or(job).to_string(),
            };
            RestState { id, state: text(element, "job_state"), reason: text(element, "state_reason") }
        };
        Ok(answer.jobs.iter().map(state).collect())
    }

    fn ask<'a>(&'a self, method: Method, segments: &[&str]) -> Result<Ask<'a>, Fault> {
        let segments: Vec<&str> = ["slurm", VERSION].iter().chain(segments).copied().collect();
        let url = self.server.address.at(&segments, None);
        let url = url.ok_or_else(|| Fault::new(Class::Bug, "a path of words and numbers"))?;
        let time: Duration = self.server.options.request_timeout;
        Ok(Ask { method, ..Ask::get(url, time).with_slurm(&self.user, &self.token) })
    }

    /// The answer, where it is one; a job that is not known is an empty one.
    async fn answer(&self, ask: &Ask<'_>, patience: Patience) -> Result<Answer, Fault> {
        let Outcome { result, tries } = self.server.ask(ask, patience).await;
        let reply = result.map_err(|trouble| self.server.unanswered(&ask.shown(), trouble, &tries))?;
        match said(&reply) {
            Some(answer) if reply.status.is_success() && answer.errors.is_empty() => Ok(answer),
            Some(answer) if answer.errors.iter().any(|error| error.number == NO_JOB) => Ok(Answer::default()),
            answer => Err(self.refused(&reply, answer.as_ref())),
        }
    }

    fn refused(&self, reply: &Reply, answer: Option<&Answer>) -> Fault {
        let said = format!("{}: {}", reply.said(), reply.excerpt());
        if reply.status == http::StatusCode::UNAUTHORIZED {
            return token_refused(said);
        }
        match answer.and_then(|answer| answer.errors.first()) {
            Some(error)
                if error.number == NO_CONTROLLER
                    || error.is_lost()
                    || error.error.contains("authentication") =>
            {
                token_refused(said)
            }
            Some(error) => {
                let text = if error.error.is_empty() { &error.description } else { &error.error };
                let text = reply.clean(text);
                Fault::new(Class::BadInput, format!("SLURM refuses: {text}"))
            }
            None if reply.status == http::StatusCode::NOT_FOUND => {
                let at = self.server.address.shown();
                Fault::new(Class::BadInput, format!("there is no slurmrestd of version {VERSION} at {at}"))
                    .because(adt_net::Said(said))
                    .help("check SLURM_REST_URL; slurmrestd is started with `-s openapi/v0.0.38`; or `--via sbatch` on a login node")
            }
            None => Fault::new(Class::Transient, format!("that is no answer of slurmrestd: {said}")),
        }
    }
}

const NEW_TOKEN: &str = "`export $(scontrol token lifespan=3600)` on a login node sets SLURM_JWT";

fn token_refused(said: String) -> Fault {
    Fault::new(Class::Refused, "slurmrestd does not take the token, or does not reach SLURM's controller")
        .because(adt_net::Said(said))
        .help(NEW_TOKEN)
}

/// What an answer says, as far as it concerns us.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    #[serde(default)]
    errors: Vec<Refusal>,
    job_id: Option<u64>,
    #[serde(default)]
    jobs: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(default)]
    description: String,
    #[serde(default)]
    error: String,
    #[serde(default, alias = "error_code", rename = "error_number")]
    number: i64,
}

impl Refusal {
    fn is_lost(&self) -> bool {
        ANSWER_LOST.iter().any(|numbers| numbers.contains(&self.number))
    }
}

fn said(reply: &Reply) -> Option<Answer> {
    serde_json::from_slice(&reply.body).ok()
}

fn body(script: &str, job: &RestJob) -> Value {
    let mut fields = json!({
        "name": job.name,
        "nodes": [job.nodes, job.nodes],
        "tasks": job.nodes.saturating_mul(job.tasks_per_node),
        "tasks_per_node": job.tasks_per_node,
        "cpus_per_task": job.cpus_per_task,
        "memory_per_cpu": job.memory_per_cpu,
        "time_limit": job.time_limit,
        "current_working_directory": job.current_working_directory,
        "standard_output": job.standard_output,
        "open_mode": "append",
        "requeue": true,
        "environment": job.environment,
    });
    let mut set = |name: &str, value: Value| {
        fields[name] = value;
    };
    if !job.partition.is_empty() {
        set("partition", json!(job.partition));
    }
    if let Some(space) = job.temporary_disk_per_node {
        set("temporary_disk_per_node", json!(space));
    }
    if let Some(array) = &job.array {
        set("array", json!(array));
    }
    if let Some(dependency) = &job.dependency {
        set("dependency", json!(dependency));
        set("kill_on_invalid_dependency", json!(true));
    }
    if let Some(user) = &job.mail_user {
        set("mail_user", json!(user));
        set("mail_type", json!("END,FAIL"));
    }
    if !job.signal.is_empty() {
        set("signal", json!(job.signal));
    }
    json!({ "script": script, "job": fields })
}
