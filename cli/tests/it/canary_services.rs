//! A password and a token go to the cipher and to Code Ocean, and nowhere else, by whatever route they come.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use adt_testkit::services::{Reply, Run};
use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    desk::{Job, RECORD, Said},
    lab::{ENDPOINTS, Lab, PASSWORD, TOKEN, holding, until},
};

/// The token as it stands in a header: `Basic` of the token, a colon and no password.
const BASIC: &str = "Y2FuYXJ5LTUxYWItdG9rZW46";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Well,
    /// Code Ocean refuses the order and repeats what it was sent.
    Repeated,
    /// The token is not Code Ocean's.
    Refused,
    /// No parameter, file or variable holds the secret where it should be.
    Misplaced,
}

struct Scene {
    lab: Lab,
    job: Value,
    /// Outside of what is searched.
    own: Vec<Utf8PathBuf>,
}

impl Scene {
    fn new(route: &str, course: Course) -> Self {
        let lab = Lab::new();
        let token = if course == Course::Refused { "canary-51ab-other" } else { TOKEN };
        let behavior = lab.source().join("Videos");
        fs::create_dir_all(&behavior).unwrap();
        fs::write(behavior.join("front.avi"), [7; 5_000]).unwrap();
        let mut job = json!({
            "s3_bucket": "recordings", "platform": "SmartSPIM", "subject_id": "987654",
            "acq_datetime": "2023-10-12 08:32:18", "behavior_dir": behavior,
            "modalities": [{"modality": "SPIM", "source": lab.source(), "compress_raw_data": true}],
            "metadata_service_domain": lab.metadata.url(),
            "codeocean_domain": lab.ocean.url(), "codeocean_trigger_capsule_id": "trigger-capsule",
        });
        let mut own = Vec::new();
        let gone = if course == Course::Misplaced { "-gone" } else { "" };
        for (name, secret, key) in [
            ("video_encryption_password", PASSWORD, "password"),
            ("codeocean_api_token", token, "CODEOCEAN_READWRITE_TOKEN"),
        ] {
            let value = match route {
                "plain" => secret.to_owned(),
                "variable" => format!("env:THE_{}{gone}", key.to_uppercase()),
                "file" => {
                    let file = lab.desk.write(&format!("secrets/{key}"), secret);
                    own.push(file.clone());
                    format!("file:{file}{gone}")
                }
                "ssm" => {
                    lab.aws.keep_encrypted(&format!("/lab/{key}"), secret);
                    format!("ssm:/lab/{key}{gone}")
                }
                "ssm member" => {
                    // With the member gone, the parameter is there and holds a secret nobody named.
                    lab.aws.keep_encrypted(&format!("/lab/{key}"), json!({ "own": secret }).to_string());
                    format!("ssm:/lab/{key}#own{gone}")
                }
                "secrets manager" => {
                    lab.aws.keep_secret(&format!("lab/{key}"), secret);
                    format!("secretsmanager:lab/{key}{gone}")
                }
                _ => {
                    let held =
                        if course == Course::Misplaced { json!(secret) } else { json!({ key: secret }) };
                    lab.aws.keep_encrypted(&format!("/lab/{key}"), held.to_string());
                    continue;
                }
            };
            job[name] = json!(value);
        }
        if route == "nested" {
            let paths = json!({
                "video_encryption_password_path": "/lab/password",
                "codeocean_api_token_path": "/lab/CODEOCEAN_READWRITE_TOKEN",
            });
            lab.aws.keep(ENDPOINTS, paths.to_string());
            job["aws_param_store_name"] = json!(ENDPOINTS);
        }
        if course == Course::Repeated {
            let all = format!(r#"{{"message": "user {TOKEN} (Basic {BASIC}) may not"}}"#);
            lab.ocean.always(Run::refuse(Reply::json(400, all)).before(Duration::from_millis(200)));
        } else {
            lab.ocean.always(Run::accept().before(Duration::from_millis(200)));
        }
        Self { lab, job, own }
    }

    /// The job as a list, or as JSON: (arguments, files that hold it).
    fn written(&mut self, form: &str) -> String {
        let path = if form == "csv" {
            let modality = &self.job["modalities"][0];
            let mut job = Job::new().zip("SPIM", modality["source"].as_str().unwrap());
            for (name, value) in self.job.as_object().unwrap() {
                if let Some(value) = value.as_str() {
                    job = job.with(name, value);
                }
            }
            self.lab.desk.list(job)
        } else {
            self.lab.desk.write("job.json", &self.job.to_string())
        };
        self.own.push(path.clone());
        path.into_string()
    }

    fn program(&self, args: &[&str]) -> Command {
        let mut command = self.lab.adt(args);
        command
            .env("THE_PASSWORD", PASSWORD)
            .env("THE_CODEOCEAN_READWRITE_TOKEN", TOKEN)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "1");
        command
    }

    /// Nothing that was said holds a secret, and no file but those a person wrote it in.
    fn nobody_tells(&self, said: &[Said]) {
        for canary in ["canary-51ab", PASSWORD, BASIC] {
            for said in said {
                assert!(
                    !said.stdout.contains(canary) && !said.stderr.contains(canary),
                    "{canary}: {said:#?}"
                );
            }
            let mut found = holding(&self.lab.desk.root, canary.as_bytes());
            found.retain(|path| !self.own.contains(path));
            assert_eq!(found, Vec::<Utf8PathBuf>::new(), "{canary}");
        }
    }
}

#[rstest]
fn a_secret_is_told_to_nobody(
    #[values("plain", "variable", "file", "ssm", "ssm member", "secrets manager", "nested")] route: &str,
    #[values(Course::Well, Course::Repeated, Course::Refused, Course::Misplaced)] course: Course,
) {
    // The variable holds the right token in any case; a plain text cannot be misplaced.
    match (route, course) {
        ("variable", Course::Refused) | ("plain", Course::Misplaced) => return,
        _ => {}
    }
    let form = if course == Course::Repeated { "json" } else { "csv" };
    let mut scene = Scene::new(route, course);
    let list = scene.written(form);
    let mut said = Vec::new();
    for talk in [&["--log-level", "debug"][..], &["--log-level", "debug", "--json"]] {
        for command in ["check", "plan"] {
            said.push(Said::of(&mut scene.program(&[&[command, &*list], talk].concat())));
        }
        said.push(Said::of(&mut scene.program(&[&["run", &*list, "--dry-run"], talk].concat())));
    }
    let run = scene.program(&["run", &list, "--log-level", "debug"]);
    said.push(watched(&scene, run, course));
    let last = said.last().unwrap();
    let wanted = match (course, route) {
        (Course::Well, _) => 0,
        (Course::Misplaced, "variable" | "file") => 2,
        _ => 1,
    };
    assert_eq!(last.code, Some(wanted), "{last:#?}");
    let begun = matches!(course, Course::Well | Course::Repeated);
    assert_eq!(scene.lab.asset().join(RECORD).is_file(), begun);
    let again = ["run", &list, "--json", "--log-level", "debug"];
    said.push(Said::of(&mut scene.program(&again)));
    for args in [
        &["history"][..],
        &["history", "SmartSPIM", "--json"],
        &["history", "--failed"],
        &["settings", "--json"],
    ] {
        said.push(Said::of(&mut scene.program(args)));
    }
    scene.nobody_tells(&said);
}

/// Runs the program, and looks at the machine's list of processes while it waits for Code Ocean.
fn watched(scene: &Scene, mut command: Command, course: Course) -> Said {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if cfg!(target_os = "linux") && matches!(course, Course::Well | Course::Repeated) {
        until("the pipeline is ordered", || scene.lab.orders() > 0);
        let line = fs::read(format!("/proc/{}/cmdline", child.id())).unwrap();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(line.contains("run"), "{line}");
        assert!(!line.contains("canary"), "{line}");
    }
    Said::from(child.wait_with_output().unwrap())
}

/// `decrypt` takes a reference or standard input, and never the password itself.
#[test]
fn a_password_does_not_stand_on_the_command_line() {
    let lab = Lab::new();
    let said = Said::of(&mut lab.adt(&["decrypt", "x.zip", "--password", PASSWORD])).ends(2);
    assert!(!said.stderr.contains(PASSWORD), "{said:#?}");
}
