use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

use adt_model::{Class, Secret};
use adt_services::{
    ServiceOptions,
    slurm_rest::{RestJob, SlurmRest},
};
use adt_testkit::slurm::Slurm;
use rstest::rstest;

use crate::setup::{hasty, nobody, options};

const TOKEN: &str = "jwt.canary.token";

fn open(url: &str, token: &str, options: &ServiceOptions) -> SlurmRest {
    SlurmRest::open(url, "root", &Secret::new(token), options).unwrap()
}

/// `None`, and a word about it, where SLURM is not installed.
fn slurm(nodes: u32) -> Option<(Slurm, SlurmRest)> {
    let Some(slurm) = Slurm::start(nodes, true).unwrap() else {
        adt_testkit::skipped("slurmrestd is not installed (scripts/install-test-tools)");
        return None;
    };
    let user = slurm.user().unwrap();
    let token = Secret::new(slurm.token().unwrap());
    let rest = SlurmRest::open(&slurm.rest_url().unwrap(), &user, &token, &hasty()).unwrap();
    Some((slurm, rest))
}

fn job(folder: &camino::Utf8Path) -> RestJob {
    RestJob {
        name: "copy-0".into(),
        partition: "aind".into(),
        nodes: 1,
        tasks_per_node: 1,
        cpus_per_task: 1,
        memory_per_cpu: 100,
        time_limit: 10,
        environment: BTreeMap::from([
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
            ("WORD".into(), "spoken".into()),
        ]),
        current_working_directory: folder.to_string(),
        standard_output: folder.join("%x-%j.out").into_string(),
        signal: "TERM@120".into(),
        ..RestJob::default()
    }
}

#[tokio::test]
async fn a_script_runs_as_its_job_says() {
    let Some((slurm, rest)) = slurm(2) else { return };
    rest.ping().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = camino::Utf8Path::from_path(folder.path()).unwrap();
    let job = RestJob {
        nodes: 2,
        temporary_disk_per_node: Some(100),
        mail_user: Some("somebody@lab.org".into()),
        ..job(folder)
    };
    let script = "#!/bin/bash\n#SBATCH --comment=unread\npwd\necho $WORD\nsrun echo task\n";
    let id = rest.submit(script, &job).await.unwrap();
    let about = slurm.job(&id.to_string()).unwrap();
    for field in [
        "JobName=copy-0",
        "Partition=aind",
        "NumNodes=2",
        "NumTasks=2",
        "CPUs/Task=1",
        "MinMemoryCPU=100M",
        "MinTmpDiskNode=100M",
        "TimeLimit=00:10:00",
        "Requeue=1",
        "MailUser=somebody@lab.org",
        "MailType=END,FAIL",
    ] {
        assert!(about.contains(field), "no {field} in {about}");
    }
    slurm.until_empty().unwrap();
    let log = fs_err::read_to_string(folder.join(format!("copy-0-{id}.out"))).unwrap();
    assert_eq!(log, format!("{folder}\nspoken\ntask\ntask\n"));
    assert_eq!(rest.states(id).await.unwrap()[0].state, "COMPLETED");
}

#[tokio::test]
async fn what_waits_is_told_and_cancelled() {
    let Some((slurm, rest)) = slurm(1) else { return };
    let folder = tempfile::tempdir().unwrap();
    let job = job(camino::Utf8Path::from_path(folder.path()).unwrap());
    let script = "#!/bin/bash\nsleep 60\n";
    let array = RestJob { array: Some("0-7%2".into()), ..job.clone() };
    let first = rest.submit(script, &array).await.unwrap();
    let after = RestJob { dependency: Some(format!("afterok:{first}")), ..job };
    let second = rest.submit(script, &after).await.unwrap();
    let waiting = rest.states(second).await.unwrap();
    assert_eq!((waiting[0].state.as_str(), waiting[0].id.as_str()), ("PENDING", second.to_string().as_str()));
    assert!(slurm.job(&second.to_string()).unwrap().contains("KillOInInvalidDependent=Yes"));
    let elements = rest.states(first).await.unwrap();
    assert!(elements.iter().all(|element| element.id.starts_with(&format!("{first}_"))), "{elements:?}");
    rest.cancel(first).await.unwrap();
    rest.cancel(second).await.unwrap();
    slurm.until_empty().unwrap();
    rest.cancel(first).await.unwrap();
    rest.cancel(999_999).await.unwrap();
    assert_eq!(rest.states(999_999).await.unwrap(), []);
}

#[tokio::test]
async fn what_slurm_refuses_is_one_line_and_no_job() {
    let Some((slurm, rest)) = slurm(1) else { return };
    let folder = tempfile::tempdir().unwrap();
    let job = job(camino::Utf8Path::from_path(folder.path()).unwrap());
    let nowhere = RestJob { partition: "nowhere".into(), ..job.clone() };
    let fault = rest.submit("#!/bin/bash\n", &nowhere).await.unwrap_err();
    assert_eq!(fault.class(), Class::BadInput);
    assert_eq!(fault.line(), "SLURM refuses: Invalid partition name specified");
    let stranger = open(&slurm.rest_url().unwrap(), TOKEN, &hasty());
    for fault in
        [stranger.ping().await.unwrap_err(), stranger.submit("#!/bin/bash\n", &job).await.unwrap_err()]
    {
        assert_eq!(fault.class(), Class::Refused);
        assert!(
            fault.line().contains("does not take the token") && !fault.line().contains("canary"),
            "{fault:?}"
        );
    }
    assert!(slurm.queue().unwrap().is_empty());
}

/// Answers every request with `answer`, or with nothing; how many came.
fn stand_in(answer: &'static str) -> (String, std::sync::Arc<std::sync::atomic::AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            // A submission ends with its last brace.
            while !seen.ends_with(b"}") {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => seen.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, count)
}

/// What slurmrestd says where the controller closed the connection, with a job submitted or none.
const LOST: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 86\r\n\r\n\
    {\"errors\": [{\"error_code\": 5005, \"error\": \"Zero Bytes were transmitted or received\"}]}\n";

#[rstest]
#[case::nothing("", "is not known")]
#[case::a_gateway("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!", "is not known")]
#[case::a_page("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "is not known")]
#[case::no_number("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "is no answer of slurmrestd")]
#[case::cut_off(LOST, "was submitted is not known: slurmrestd does not take the token, or does not reach")]
#[case::another("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", "no slurmrestd of version")]
#[tokio::test]
async fn a_submission_is_sent_once(#[case] answer: &'static str, #[case] says: &str) {
    let (url, count) = stand_in(answer);
    let patient = options(Duration::from_secs(20), Duration::from_secs(20)).0;
    let fault = open(&url, TOKEN, &patient).submit("#!/bin/bash\n", &job("/".into())).await.unwrap_err();
    assert!(fault.line().contains(says) && !fault.line().contains("canary"), "{}", fault.line());
    assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nobody_there_is_a_fault() {
    let (_socket, url) = nobody();
    let fault = open(&url, TOKEN, &hasty()).ping().await.unwrap_err();
    assert!(fault.line().starts_with("cannot reach slurmrestd"), "{}", fault.line());
}

#[rstest]
#[case("", "root")]
#[case("a b", "root")]
#[case("a\u{e9}", "root")]
#[case("token", "")]
fn what_is_no_token_is_not_sent(#[case] token: &str, #[case] user: &str) {
    assert!(SlurmRest::open("http://127.0.0.1:1", user, &Secret::new(token), &hasty()).is_err());
}
