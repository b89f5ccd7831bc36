//! A desk of one's own for each test: a folder, an S3 server in this process, and the program in an empty environment.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use adt_ledger::{JobId, Ledger, ObjectState};
use adt_model::{Crc64, Location};
use adt_sandbox::{Server, ServerOptions, Tally};
use adt_testkit::tree;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde_json::Value;
use tokio::runtime::Runtime;

/// Size and checksum of each file, by its path with `/`.
pub(crate) type Tree = BTreeMap<String, (u64, Crc64)>;

/// The asset that [`Job::new`] describes.
pub(crate) const ASSET: &str = "behavior_714321_2024-05-06_07-08-09";
pub(crate) const RECORD: &str = "metadata.nd.json";
pub(crate) const SECRET_KEY: &str = "canary-7d1f-key";
const BUCKET: &str = "recordings";

/// Everything a test needs; gone when dropped.
pub(crate) struct Desk {
    pub root: Utf8PathBuf,
    server: Server,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::watched(|_| {})
    }

    /// `hook` is called with the server's folder before each request is looked at, on a thread of the server, and may hold the
    /// request up.
    pub(crate) fn watched(hook: impl Fn(&Utf8Path) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        for name in ["home", "work", "store/recordings"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let runtime = Runtime::new().unwrap();
        let store = root.join("store");
        // The server asks for the time before it looks at a request.
        let clock = Arc::new(move || {
            hook(&store);
            jiff::Timestamp::now()
        });
        let options = ServerOptions::new("sandbox", SECRET_KEY, clock);
        let server = runtime.block_on(Server::start(&root.join("store"), options)).unwrap();
        Self { root, server, _runtime: runtime, _folder: folder }
    }

    /// A fresh tree of files.
    pub(crate) fn tree(&self, name: &str, spec: &tree::TreeSpec, seed: u64) -> Utf8PathBuf {
        let path = self.root.join(name);
        tree::random(&path, spec, seed).unwrap();
        path
    }

    /// A tree of a few files.
    pub(crate) fn small_tree(&self, name: &str) -> Utf8PathBuf {
        self.tree(name, &tree::TreeSpec { files: 12, max_size: 4_000, depth: 2, big_file: 0 }, 7)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Utf8PathBuf {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Documents as a lab brings them.
    pub(crate) fn metadata(&self) -> Utf8PathBuf {
        self.write("metadata/subject.json", r#"{"subject_id": "714321", "species": "Mus musculus"}"#);
        self.write("metadata/procedures.json", r#"{"subject_id": "714321"}"#);
        self.write("metadata/session.json", r#"{"subject_id": "714321", "notes": "calm"}"#);
        self.root.join("metadata")
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.server.tally()
    }

    /// `file://` of a folder beside the server's.
    pub(crate) fn file_place(&self) -> String {
        fs::create_dir_all(self.root.join("disk")).unwrap();
        format!("file://{}/disk", self.root)
    }

    /// An asset's folder in the bucket.
    pub(crate) fn asset(&self) -> Utf8PathBuf {
        self.root.join("store").join(BUCKET).join(ASSET)
    }

    /// Writes a job list.
    pub(crate) fn list(&self, jobs: impl AsRef<[Job]>) -> Utf8PathBuf {
        let jobs = jobs.as_ref();
        let mut heads: Vec<&str> = Vec::new();
        for (head, _) in jobs.iter().flat_map(|job| &job.0) {
            if !heads.contains(&head.as_str()) {
                heads.push(head);
            }
        }
        let mut text = heads.join(",");
        for job in jobs {
            let cells: Vec<_> = heads
                .iter()
                .map(|head| job.0.iter().find(|(h, _)| h == head).map_or("", |(_, v)| v))
                .collect();
            text = format!("{text}\n{}", cells.join(","));
        }
        self.write("jobs.csv", &text)
    }

    /// The program with nothing in its environment but a home and the server's credentials.
    pub(crate) fn adt(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adt"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.root.join("home"))
            .env("AWS_ENDPOINT_URL_S3", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", "sandbox")
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_REGION", "us-east-1")
            .current_dir(self.root.join("work"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the job list with more arguments.
    pub(crate) fn run(&self, jobs: impl AsRef<[Job]>, more: &[&str]) -> Said {
        let list = self.list(jobs);
        Said::of(&mut self.adt(&[&["run", list.as_str()], more].concat()))
    }

    /// Starts the job list with its words captured.
    pub(crate) fn start(&self, jobs: impl AsRef<[Job]>, more: &[&str]) -> Child {
        let list = self.list(jobs);
        let mut command = self.adt(&[&["run", list.as_str()], more].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn ledger_path(&self) -> Utf8PathBuf {
        self.root.join("home/.local/state/adt/ledger.sqlite")
    }

    /// The ledger, read-only; `None` before the first run.
    pub(crate) fn ledger(&self) -> Option<Ledger> {
        Ledger::open_existing(&self.ledger_path()).unwrap()
    }

    /// The ledger's word on an asset at `destination`, such as `s3://recordings`.
    pub(crate) fn job(&self, destination: &str) -> Option<adt_ledger::JobRow> {
        let location: Location = format!("{destination}/{ASSET}").parse().unwrap();
        self.ledger()?.job(&location).unwrap()
    }

    /// How often each object that the ledger calls confirmed was stored until now, by its key in the asset.
    pub(crate) fn confirmed(&self) -> BTreeMap<String, u64> {
        let mut confirmed = BTreeMap::new();
        let Some(row) = self.job("s3://recordings") else { return confirmed };
        let tally = self.tally();
        self.each_object(row.id, &mut |key| {
            let stored = tally.stored.get(&format!("{BUCKET}/{ASSET}/{key}")).copied().unwrap_or_default();
            confirmed.insert(key.to_owned(), stored.put + stored.completed);
        });
        confirmed
    }

    fn each_object(&self, job: JobId, each: &mut dyn FnMut(&str)) {
        let ledger = self.ledger().unwrap();
        ledger
            .objects(job, &mut |row| {
                if row.state == ObjectState::Confirmed {
                    each(row.key.as_str());
                }
                Ok(())
            })
            .unwrap();
    }

    /// Bytes and part sizes that make a file of at least a dozen parts, none of them read far ahead.
    pub(crate) const SLOWLY: [&str; 4] = ["--lanes", "1", "--memory", "32MiB"];

    /// Unfinished multipart uploads on the server.
    pub(crate) fn uploads(&self) -> usize {
        fs::read_dir(self.root.join("store/.s3/uploads")).unwrap().count()
    }
}

/// Every object or part that was ever stored: it does not change when nothing is sent. An upload in parts that is begun and thrown
/// away (how `adt check` finds out whether it may write) stores nothing.
pub(crate) fn writes(tally: &Tally) -> u64 {
    ["PutObject", "CopyObject", "UploadPart", "CompleteMultipartUpload", "DeleteObject"]
        .iter()
        .map(|operation| tally.count(operation))
        .sum()
}

/// Whether the first part of some unfinished upload is stored in a server's folder.
pub(crate) fn a_part_is_stored(store: &Utf8Path) -> bool {
    let uploads = fs::read_dir(store.join(".s3/uploads")).unwrap();
    uploads.flatten().any(|upload| upload.path().join("1").exists())
}

pub(crate) fn digest(folder: &Utf8Path) -> Tree {
    tree::digest(folder).unwrap()
}

/// The keys in which two trees differ; a whole tree is too long to be looked at.
pub(crate) fn differing(one: &Tree, other: &Tree) -> Vec<String> {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    keys.filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}

/// A tree one folder deeper, or that folder of a larger tree.
pub(crate) fn under(folder: &str, tree: &Tree) -> Tree {
    tree.iter().map(|(key, stat)| (format!("{folder}/{key}"), *stat)).collect()
}

pub(crate) fn within(folder: &str, tree: &Tree) -> Tree {
    let inside = |key: &String| key.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
    tree.iter().filter_map(|(key, stat)| Some((inside(key)?, *stat))).collect()
}

/// What Python's `zipfile` takes out of a zip.
pub(crate) fn unzipped(zip: &Utf8Path, into: &Utf8Path) -> Tree {
    let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])";
    let out = Command::new("python3").args(["-c", script, zip.as_str(), into.as_str()]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    digest(into)
}

impl Said {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    /// Fails the test with all that was said unless the exit code is this one.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Fails the test unless the text was said to people.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text) || self.stdout.contains(text), "nobody said {text:?}: {self:#?}");
        self
    }

    /// Events of one kind, as `--json` prints them.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let events = self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event["event"] == kind).collect()
    }
}

impl From<Output> for Said {
    fn from(out: Output) -> Self {
        Self {
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).unwrap(),
            stderr: String::from_utf8(out.stderr).unwrap(),
        }
    }
}

/// A row of a job list, cell by cell.
#[derive(Clone, Debug)]
pub(crate) struct Job(Vec<(String, String)>);

/// One job is a list of one.
impl AsRef<[Job]> for Job {
    fn as_ref(&self) -> &[Job] {
        std::slice::from_ref(self)
    }
}

impl Job {
    /// The asset [`ASSET`] in the server's bucket, without any modality.
    pub(crate) fn new() -> Self {
        Self(Vec::new())
            .with("s3_bucket", BUCKET)
            .with("platform", "behavior")
            .with("subject_id", "714321")
            .with("acq_datetime", "2024-05-06 07:08:09")
    }

    /// Sets a cell.
    pub(crate) fn with(mut self, head: &str, value: impl AsRef<str>) -> Self {
        self.0.retain(|(h, _)| h != head);
        self.0.push((head.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds a folder that goes as it is.
    pub(crate) fn copy(self, modality: &str, source: impl AsRef<str>) -> Self {
        self.modality(modality, source.as_ref(), "false")
    }

    /// Adds a folder that becomes a zip.
    pub(crate) fn zip(self, modality: &str, source: impl AsRef<str>) -> Self {
        self.modality(modality, source.as_ref(), "true")
    }

    fn modality(self, modality: &str, source: &str, compress: &str) -> Self {
        let n = self.0.iter().filter(|(head, _)| head.ends_with(".source")).count();
        self.with(&format!("modality{n}"), modality)
            .with(&format!("modality{n}.source"), source)
            .with(&format!("modality{n}.compress_raw_data"), compress)
    }
}
