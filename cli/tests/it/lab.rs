//! A desk with the lab's services around it: a metadata service, a Code Ocean, and AWS's parameters, each in this process.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use adt_testkit::services::{
    CodeOceanServer, MetadataScript, MetadataServer, ParameterServer, Reply, envelope,
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde_json::Value;

use crate::desk::{Desk, Job, Said};

/// The asset that [`Lab::job`] describes.
pub(crate) const NAME: &str = "SmartSPIM_987654_2023-10-12_08-32-18";
/// The token that Code Ocean accepts.
pub(crate) const TOKEN: &str = "canary-51ab-token";
pub(crate) const PASSWORD: &str = "canary-9e2d-password";
pub(crate) const CAPSULE: &str = "trigger-capsule";
/// The parameter of the original's README.
pub(crate) const ENDPOINTS: &str = "/aind/data/transfer/endpoints";

pub(crate) struct Lab {
    pub desk: Desk,
    pub metadata: MetadataServer,
    pub ocean: CodeOceanServer,
    pub aws: ParameterServer,
}

impl Lab {
    /// All is well, in the first language.
    pub(crate) fn new() -> Self {
        Self::at(Desk::new(), MetadataScript::v1())
    }

    pub(crate) fn at(desk: Desk, script: MetadataScript) -> Self {
        let metadata = MetadataServer::start(script).unwrap();
        let ocean = CodeOceanServer::start(TOKEN).unwrap();
        Self { desk, metadata, ocean, aws: ParameterServer::start().unwrap() }
    }

    /// One zipped folder, with everything around it.
    pub(crate) fn job(&self) -> Job {
        self.piped(self.described(bare().zip("SPIM", self.source())))
    }

    /// A few files, made when they are first asked for.
    pub(crate) fn source(&self) -> Utf8PathBuf {
        let path = self.desk.root.join("rig/raw_spim");
        if path.exists() { path } else { self.desk.small_tree("rig/raw_spim") }
    }

    pub(crate) fn described(&self, job: Job) -> Job {
        job.with("metadata_service_domain", self.metadata.url())
    }

    pub(crate) fn piped(&self, job: Job) -> Job {
        job.with("codeocean_domain", self.ocean.url())
            .with("codeocean_trigger_capsule_id", CAPSULE)
            .with("codeocean_api_token", TOKEN)
    }

    /// The program, knowing where AWS is; no wait of its is long.
    pub(crate) fn adt(&self, args: &[&str]) -> Command {
        let mut command = self.desk.adt(args);
        command
            .env("AWS_ENDPOINT_URL_SSM", self.aws.url())
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.aws.url())
            .env("ADT_RETRY_TIME", "1s")
            .env("ADT_REQUEST_TIMEOUT", "3s");
        command
    }

    /// A command that reads the job list, with more arguments.
    pub(crate) fn command(&self, name: &str, jobs: impl AsRef<[Job]>, more: &[&str]) -> Command {
        let list = self.desk.list(jobs);
        self.adt(&[&[name, list.as_str()], more].concat())
    }

    pub(crate) fn run(&self, jobs: impl AsRef<[Job]>, more: &[&str]) -> Said {
        Said::of(&mut self.command("run", jobs, more))
    }

    pub(crate) fn check(&self, jobs: impl AsRef<[Job]>) -> Said {
        Said::of(&mut self.command("check", jobs, &[]))
    }

    /// A run without words, for loops.
    pub(crate) fn quiet(&self, jobs: impl AsRef<[Job]>) -> Command {
        let mut command = self.command("run", jobs, &["--quiet"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The asset's folder in the bucket.
    pub(crate) fn asset(&self) -> Utf8PathBuf {
        self.asset_of(NAME)
    }

    pub(crate) fn asset_of(&self, name: &str) -> Utf8PathBuf {
        self.desk.root.join("store/recordings").join(name)
    }

    /// How often anything below an asset was ever stored.
    pub(crate) fn stored(&self, name: &str) -> u64 {
        let tally = self.desk.tally();
        let below = format!("recordings/{name}/");
        tally.stored.iter().filter(|(key, _)| key.starts_with(&below)).map(|(_, s)| s.put + s.completed).sum()
    }

    /// How often Code Ocean was asked to start something.
    pub(crate) fn orders(&self) -> usize {
        self.ocean.requests().iter().filter(|seen| seen.method == "POST").count()
    }
}

/// The asset alone.
pub(crate) fn bare() -> Job {
    Job::new()
        .with("platform", "SmartSPIM")
        .with("subject_id", "987654")
        .with("acq_datetime", "2023-10-12 08:32:18")
}

/// A subject whose documents the service has beside 987654.
pub(crate) fn and_subject(script: MetadataScript, id: &str) -> MetadataScript {
    let document =
        |kind: &str| envelope("Valid Model.", &format!(r#"{{"subject_id": "{id}", "kind": "{kind}"}}"#));
    script
        .on(&format!("/subject/{id}"), [Reply::json(200, document("subject"))])
        .on(&format!("/procedures/{id}"), [Reply::json(200, document("procedures"))])
}

pub(crate) fn json(path: impl AsRef<Utf8Path>) -> Value {
    serde_json::from_slice(&fs::read(path.as_ref()).unwrap()).unwrap()
}

/// Waits for what must come.
#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Every file below a folder that holds the bytes.
pub(crate) fn holding(folder: &Utf8Path, bytes: &[u8]) -> Vec<Utf8PathBuf> {
    let Ok(entries) = folder.read_dir_utf8() else { return Vec::new() };
    // Files come and go while a program runs.
    let paths = entries.flatten().map(camino::Utf8DirEntry::into_path);
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if std::fs::read(&path).is_ok_and(|all| all.windows(bytes.len()).any(|w| w == bytes)) {
            found.push(path);
        }
    }
    found
}
