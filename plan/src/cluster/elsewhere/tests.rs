use rstest::rstest;

use super::*;

fn request() -> Elsewhere {
    let image = "registry.example.org/adt:\"1\"".to_owned();
    Elsewhere { image, cpus: 4, memory_mib: 8192, parallel: 16, name: "SmartSPIM_1 2024-01-01".into() }
}

fn chain(shards: u64) -> Chain {
    let destination = "s3://bucket/it's \"one\": #1 $(x)".to_owned();
    Chain {
        name: "SmartSPIM_1".into(),
        destination,
        shards,
        stages: 2,
        run_flag: "/not/there".into(),
        digest: String::new(),
        roots: Vec::new(),
        end: Vec::new(),
    }
}

fn jobs(text: &str) -> Vec<Value> {
    text.split("---\n").skip(1).map(|job| serde_saphyr::from_str(job).unwrap()).collect()
}

#[test]
fn kubernetes_has_an_indexed_job_for_each_stage_and_one_for_the_end() {
    let text = kubernetes(&request(), &chain(64)).unwrap();
    let [stage, next, finish] = jobs(&text).try_into().unwrap();
    assert_eq!(stage["apiVersion"], "batch/v1");
    assert_eq!(stage["metadata"]["name"], "smartspim-1-2024-01-01-stage-0");
    let spec = &stage["spec"];
    assert_eq!(
        [&spec["suspend"], &spec["completionMode"], &spec["completions"], &spec["parallelism"]],
        [&json!(false), &json!("Indexed"), &json!(64), &json!(16)]
    );
    assert_eq!(spec["backoffLimitPerIndex"], 3);
    assert_eq!(spec["podFailurePolicy"]["rules"][0]["action"], "FailIndex");
    assert_eq!(spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"], json!([2, 3]));
    assert_eq!(spec["podFailurePolicy"]["rules"][1]["onPodConditions"][0]["status"], "True");
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never");
    let container = &pod["containers"][0];
    assert_eq!(container["image"], "registry.example.org/adt:\"1\"");
    let destination = "s3://bucket/it's \"one\": #1 $$(x)";
    assert_eq!(
        container["args"],
        json!(["work", destination, "--shard", "auto", "--shards", "64", "--stage", "0"])
    );
    assert_eq!(container["resources"]["limits"], json!({ "cpu": "4", "memory": "8192Mi" }));
    assert_eq!((&next["spec"]["suspend"], &finish["spec"]["suspend"]), (&json!(true), &json!(true)));
    assert_eq!(finish["spec"]["completionMode"], Value::Null);
    assert_eq!(finish["spec"]["backoffLimit"], 3);
    assert_eq!(finish["spec"]["podFailurePolicy"]["rules"][0]["action"], "FailJob");
    assert_eq!(
        finish["spec"]["template"]["spec"]["containers"][0]["args"],
        json!(["work", destination, "--finish"])
    );
}

#[test]
fn kubernetes_runs_no_more_at_once_than_there_are() {
    let few = jobs(&kubernetes(&request(), &chain(2)).unwrap());
    assert_eq!(few[0]["spec"]["parallelism"], 2);
    let one = Elsewhere { parallel: 0, ..request() };
    assert_eq!(jobs(&kubernetes(&one, &chain(2)).unwrap())[0]["spec"]["parallelism"], 1);
}

#[test]
fn aws_batch_has_a_definition_and_a_chain_of_jobs() {
    let all: Value = serde_json::from_str(&aws_batch(&request(), &chain(64)).unwrap()).unwrap();
    let definition = &all["jobDefinition"];
    assert_eq!(definition["jobDefinitionName"], "SmartSPIM_1-2024-01-01");
    let needs = &definition["containerProperties"]["resourceRequirements"];
    assert_eq!(*needs, json!([{ "type": "VCPU", "value": "4" }, { "type": "MEMORY", "value": "8192" }]));
    let exits = &definition["retryStrategy"]["evaluateOnExit"];
    assert_eq!(exits[0], json!({ "onExitCode": "75", "action": "RETRY" }));
    assert_eq!(exits[1], json!({ "onExitCode": "2", "action": "EXIT" }));
    let jobs = all["submitJobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 3);
    assert_eq!(jobs[0]["arrayProperties"], json!({ "size": 64 }));
    assert_eq!(jobs[0]["dependsOn"], Value::Null);
    assert_eq!(jobs[1]["containerOverrides"]["command"][8], "1");
    assert_eq!(jobs[1]["dependsOn"], json!([{ "jobId": "<jobId of SmartSPIM_1-2024-01-01-stage-0>" }]));
    assert_eq!(jobs[2]["arrayProperties"], Value::Null);
    assert_eq!(jobs[2]["dependsOn"], json!([{ "jobId": "<jobId of SmartSPIM_1-2024-01-01-stage-1>" }]));
}

#[test]
fn one_share_is_no_array_of_aws_batch() {
    let all: Value = serde_json::from_str(&aws_batch(&request(), &chain(1)).unwrap()).unwrap();
    assert_eq!(all["submitJobs"][0]["arrayProperties"], Value::Null);
    assert_eq!(all["submitJobs"][0]["containerOverrides"]["command"][6], "1");
}

#[rstest]
#[case(kubernetes, 0, "`SmartSPIM_1`: 0 shares")]
#[case(kubernetes, 100_001, "100001 shares are more than a Job of Kubernetes may have, 100000")]
#[case(aws_batch, 10_001, "10001 shares are more than an array of AWS Batch may have, 10000")]
fn shares_that_cannot_be_had_are_refused(
    #[case] text: fn(&Elsewhere, &Chain) -> Result<String, Fault>,
    #[case] shards: u64,
    #[case] what: &str,
) {
    let fault = text(&request(), &chain(shards)).unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
    assert!(fault.line().contains(what), "{}", fault.line());
}

#[rstest]
#[case("exaSPIM_42", "exaspim-42")]
#[case("--a b--", "a-b")]
#[case("Ünï", "n")]
#[case("", "adt")]
#[case(&"a".repeat(70), &"a".repeat(40))]
fn a_name_is_one_that_kubernetes_allows(#[case] name: &str, #[case] expected: &str) {
    assert_eq!(plain(name, 40, char::to_ascii_lowercase, &['-']), expected);
}
