//! Secrets of a list that a cluster does: in none of the plans, scripts, logs and answers of `adt submit`, `adt work` and `adt status`.
#![cfg(target_os = "linux")]

use std::{os::unix::fs::PermissionsExt, process::Command};

use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::Said,
    lab::{Lab, NAME, PASSWORD, TOKEN, holding},
};

/// A scheduler that takes every job and has none.
const SCHEDULER: &str = "#!/bin/sh\ncase \"$0\" in *sbatch) echo 4711;; esac\n";

struct Cluster {
    lab: Lab,
    list: Utf8PathBuf,
}

impl Cluster {
    /// One job, whose list holds the secrets or names the variables that do.
    fn new(route: &str) -> Self {
        let lab = Lab::new();
        for program in ["sbatch", "squeue", "scontrol", "scancel"] {
            let path = lab.desk.write(&format!("bin/{program}"), SCHEDULER);
            fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let behavior = lab.source().join("Videos");
        fs::create_dir_all(&behavior).unwrap();
        fs::write(behavior.join("front.avi"), [7; 5_000]).unwrap();
        let (token, password) = match route {
            "variable" => ("env:THE_TOKEN", "env:THE_PASSWORD"),
            _ => (TOKEN, PASSWORD),
        };
        let job = lab.job().with("behavior_dir", behavior).with("video_encryption_password", password);
        let list = lab.desk.list(job.with("codeocean_api_token", token));
        Self { lab, list }
    }

    fn adt(&self, words: &[&str]) -> Said {
        let mut command: Command = self.lab.adt(words);
        command
            .env("PATH", format!("{}:/usr/bin:/bin", self.lab.desk.root.join("bin")))
            .env("THE_TOKEN", TOKEN)
            .env("THE_PASSWORD", PASSWORD)
            .env("AWS_SESSION_TOKEN", "canary-77aa-session")
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "1");
        Said::of(&mut command)
    }
}

#[rstest]
fn a_secret_is_in_no_plan_script_log_or_answer(
    #[values("plain", "variable")] route: &str,
    #[values("slurm", "kubernetes", "aws-batch")] engine: &str,
) {
    let cluster = Cluster::new(route);
    let runs = cluster.lab.desk.root.join("runs");
    let submit = match engine {
        "slurm" => vec!["submit", "--run-dir", runs.as_str(), cluster.list.as_str()],
        engine => vec!["submit", "--engine", engine, "--print", "--image", "lab/adt", cluster.list.as_str()],
    };
    let to = format!("s3://recordings/{NAME}");
    let mut said = vec![cluster.adt(&[&submit[..], &["--log-level", "debug"]].concat()).ends(0)];
    // What is shared at the destination lies in the searched folder until the end.
    assert!(cluster.lab.asset().join(".adt-work/plan.json").is_file());
    let root = cluster.lab.desk.root.to_string();
    let debug = ["--log-level", "debug", "--json"];
    for part in [&["--check"][..], &["--shard", "0/2"], &["--shard", "1/2"]] {
        said.push(cluster.adt(&[&["work", &to, "--source-root", &root], part, &debug].concat()));
    }
    nobody_tells(&cluster, &said);
    if let Some(run) = runs.read_dir_utf8().ok().and_then(|mut runs| runs.next()) {
        let run = run.unwrap().path().to_owned();
        for more in [&[][..], &["--json"]] {
            said.push(cluster.adt(&[&["status", run.as_str()], more].concat()));
        }
    }
    said.push(cluster.adt(&[&["work", &to, "--source-root", &root, "--finish"], &debug[..]].concat()));
    for words in [&["history"][..], &["history", "SmartSPIM", "--json"]] {
        said.push(cluster.adt(words).ends(0));
    }
    nobody_tells(&cluster, &said);
}

fn nobody_tells(cluster: &Cluster, said: &[Said]) {
    for canary in [TOKEN, PASSWORD, "canary-77aa", crate::desk::SECRET_KEY] {
        for said in said {
            assert!(!said.stdout.contains(canary) && !said.stderr.contains(canary), "{canary}: {said:#?}");
        }
        let mut found = holding(&cluster.lab.desk.root, canary.as_bytes());
        found.retain(|path| *path != cluster.list);
        assert_eq!(found, Vec::<Utf8PathBuf>::new(), "{canary}");
    }
}
