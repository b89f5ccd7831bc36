//! What Kubernetes and AWS Batch are given. Both start containers that run `adt work --shard auto`.

use std::fmt::Write as _;

use adt_model::{Class, Fault};
use serde_json::{Value, json};

use super::slurm::Chain;

/// How many elements an array of AWS Batch may have; one alone is no array.
const MOST_OF_BATCH: u64 = 10_000;
/// How many indexes a Job may have where each has retries of its own.
const MOST_OF_KUBERNETES: u64 = 100_000;
/// How often what failed is begun again. What was interrupted by the cluster is not counted by Kubernetes.
const RETRIES: u32 = 3;

/// What a container may have.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The image, with `adt` on its path.
    pub image: String,
    /// CPUs of a container.
    pub cpus: u32,
    /// Memory of a container, in MiB.
    pub memory_mib: u32,
    /// How many containers run at once. AWS Batch does not ask: its compute environment decides.
    pub parallel: u32,
    /// What a person calls the work; what the schedulers do not allow in a name is replaced.
    pub name: String,
}

/// Jobs for Kubernetes (1.33, or 1.29 with its beta features): an Indexed Job for each stage, and one for the end, as YAML.
///
/// All but the first are suspended, since Kubernetes does not chain Jobs; comments say how to go on.
pub fn kubernetes(request: &Elsewhere, chain: &Chain) -> Result<String, Fault> {
    check(chain, MOST_OF_KUBERNETES, "a Job of Kubernetes")?;
    // A pod's name is the Job's with the index and a suffix, and must be a label of the DNS: 63 characters.
    let name = plain(&request.name, 40, char::to_ascii_lowercase, &['-']);
    let jobs: Vec<_> = (0..chain.stages)
        .map(|stage| (format!("{name}-stage-{stage}"), Some(stage)))
        .chain([(format!("{name}-finish"), None)])
        .collect();
    let mut text = how_to_chain(&jobs);
    for (number, (job, stage)) in jobs.iter().enumerate() {
        text.push_str("---\n");
        text.push_str(&kubernetes_job(request, chain, job, *stage, number > 0));
    }
    Ok(text)
}

fn how_to_chain(jobs: &[(String, Option<usize>)]) -> String {
    let mut text =
        String::from("# Apply this file, then let each Job begin when the one before it is complete:\n");
    for pair in jobs.windows(2) {
        let (before, next) = (&pair[0].0, &pair[1].0);
        write!(
            text,
            "#   kubectl wait --for=condition=complete --timeout=-1s job/{before} &&\n\
             #     kubectl patch job/{next} --type=merge --patch '{{\"spec\":{{\"suspend\":false}}}}'\n"
        )
        .expect("a String takes what is written to it");
    }
    text.push_str(
        "# A Job that begins too early does no harm: it ends with 75 and lists what is missing.\n\
         # Credentials: give the pods a service account that may write to the destination, or variables from a Secret.\n",
    );
    text
}

fn kubernetes_job(
    request: &Elsewhere,
    chain: &Chain,
    job: &str,
    stage: Option<usize>,
    suspend: bool,
) -> String {
    let Elsewhere { cpus, memory_mib, .. } = request;
    let shape = shape(request, chain, stage);
    let action = if stage.is_some() { "FailIndex" } else { "FailJob" };
    // A word of JSON is a word of YAML.
    let image = json!(request.image);
    let arguments = json!(words(chain, stage));
    format!(
        r#"apiVersion: batch/v1
kind: Job
metadata:
  name: {job}
spec:
  suspend: {suspend}
{shape}  podFailurePolicy:
    rules:
      # Wrong input (2) and a mistake of the program (3) do not pass by trying again.
      - action: {action}
        onExitCodes:
          containerName: adt
          operator: In
          values: [2, 3]
      # A node that is drained, or a pod that makes room for another, is nobody's failure.
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: "True"
  template:
    spec:
      restartPolicy: Never
      # After SIGTERM the item at hand is finished or dropped.
      terminationGracePeriodSeconds: 120
      containers:
        - name: adt
          image: {image}
          command: ["adt"]
          args: {arguments}
          resources:
            requests: {{cpu: "{cpus}", memory: "{memory_mib}Mi"}}
            limits: {{cpu: "{cpus}", memory: "{memory_mib}Mi"}}
"#
    )
}

fn shape(request: &Elsewhere, chain: &Chain, stage: Option<usize>) -> String {
    if stage.is_none() {
        return format!("  backoffLimit: {RETRIES}\n");
    }
    let shards = chain.shards;
    let parallel = u64::from(request.parallel.max(1)).min(shards);
    format!(
        "  completionMode: Indexed\n  completions: {shards}\n  parallelism: {parallel}\n  backoffLimitPerIndex: {RETRIES}\n"
    )
}

/// A job definition for AWS Batch, and the jobs in the order in which they are submitted, as JSON.
///
/// `jobDefinition` is the input of `aws batch register-job-definition`, each of `submitJobs` of `aws batch submit-job`.
pub fn aws_batch(request: &Elsewhere, chain: &Chain) -> Result<String, Fault> {
    check(chain, MOST_OF_BATCH, "an array of AWS Batch")?;
    let name = plain(&request.name, 100, char::clone, &['-', '_']);
    let mut jobs: Vec<Value> = Vec::new();
    for stage in (0..chain.stages).map(Some).chain([None]) {
        let before = jobs.last().map(|job| job["jobName"].clone());
        jobs.push(batch_job(chain, &name, stage, before.as_ref().and_then(Value::as_str)));
    }
    let all = json!({ "jobDefinition": definition(request, &name), "submitJobs": jobs });
    let text = serde_json::to_string_pretty(&all).expect("keys are text, so the value is JSON");
    Ok(format!("{text}\n"))
}

fn definition(request: &Elsewhere, name: &str) -> Value {
    json!({
        "jobDefinitionName": name,
        "type": "container",
        "containerProperties": {
            "image": request.image,
            "command": ["adt", "--version"],
            "resourceRequirements": [
                { "type": "VCPU", "value": request.cpus.to_string() },
                { "type": "MEMORY", "value": request.memory_mib.to_string() },
            ],
        },
        // The first that matches counts; what matches none is tried again.
        "retryStrategy": {
            "attempts": RETRIES + 1,
            "evaluateOnExit": [
                { "onExitCode": "75", "action": "RETRY" },
                { "onExitCode": "2", "action": "EXIT" },
                { "onExitCode": "3", "action": "EXIT" },
                { "onStatusReason": "Host EC2*", "action": "RETRY" },
            ],
        },
    })
}

/// A stage, or the end. It waits for all elements of the job before it, which is what a dependency without a type means
/// (`N_TO_N` would wait for one of them, `SEQUENTIAL` runs one element after the other).
fn batch_job(chain: &Chain, name: &str, stage: Option<usize>, before: Option<&str>) -> Value {
    let part = stage.map_or_else(|| "finish".to_owned(), |stage| format!("stage-{stage}"));
    let mut command = vec!["adt".to_owned()];
    command.extend(words(chain, stage));
    let mut job = json!({
        "jobName": format!("{name}-{part}"),
        "jobQueue": "<your job queue>",
        "jobDefinition": name,
        "containerOverrides": { "command": command },
    });
    if stage.is_some() && chain.shards > 1 {
        job["arrayProperties"] = json!({ "size": chain.shards });
    }
    if let Some(before) = before {
        job["dependsOn"] = json!([{ "jobId": format!("<jobId of {before}>") }]);
    }
    job
}

/// The words after `adt`.
fn words(chain: &Chain, stage: Option<usize>) -> Vec<String> {
    // Both replace `$(NAME)` by a variable, and `$$` by `$`.
    let mut words = vec!["work".to_owned(), chain.destination.replace('$', "$$")];
    if let Some(stage) = stage {
        let numbers = (chain.shards.to_string(), stage.to_string());
        let flags = ["--shard", "auto", "--shards", &numbers.0, "--stage", &numbers.1];
        words.extend(flags.map(str::to_owned));
    } else {
        words.push("--finish".to_owned());
        words.extend(chain.end.iter().map(|word| word.replace('$', "$$")));
    }
    if !chain.digest.is_empty() {
        words.extend(["--plan-digest".to_owned(), chain.digest.clone()]);
    }
    for root in &chain.roots {
        words.extend(["--source-root".to_owned(), root.replace('$', "$$")]);
    }
    words
}

fn check(chain: &Chain, most: u64, what: &str) -> Result<(), Fault> {
    let fault = |text: String| Err(Fault::new(Class::BadInput, format!("`{}`: {text}", chain.name)));
    match chain.shards {
        0 => fault("0 shares leave nobody to do the work".to_owned()),
        shards if shards > most => fault(format!("{shards} shares are more than {what} may have, {most}")),
        _ => Ok(()),
    }
}

/// A name of letters, digits and `others`, at most `longest` long, that begins and ends with a letter or digit.
fn plain(name: &str, longest: usize, letter: fn(&char) -> char, others: &[char]) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || others.contains(&c) { letter(&c) } else { '-' };
    let name: String = name.chars().map(keep).collect();
    let name: String = name.trim_start_matches(others).chars().take(longest).collect();
    let name = name.trim_end_matches(others);
    if name.is_empty() { "adt".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
