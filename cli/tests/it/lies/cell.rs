//! One run of one command, and what is true after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use adt_testkit::lies::{Lie, LyingServer, Object, Op};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::{
    judge::{Files, Judge, below, files},
    scenes::{Fixture, Scene, adt, bytes, in_folder, neighbours, superfluous, write},
};

/// One run of one command against one server.
pub(super) struct Cell<'a> {
    fixture: &'a Fixture,
    scene: Scene,
    server: LyingServer,
    _folder: tempfile::TempDir,
    root: Utf8PathBuf,
    /// What the destination holds before.
    before: Files,
}

/// How it went.
pub(super) struct Run {
    pub(super) code: Option<i32>,
    pub(super) said: String,
    pub(super) faults: Vec<String>,
    pub(super) asked: BTreeSet<Op>,
    pub(super) told: u64,
    pub(super) took: Duration,
}

/// A command that takes longer does not end.
const LONGEST: Duration = Duration::from_secs(25);

impl<'a> Cell<'a> {
    pub(super) fn new(fixture: &'a Fixture, scene: Scene) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().canonicalize_utf8().unwrap();
        let server = LyingServer::start(fixture.cloud, []).unwrap();
        server.page_size(10);
        let mut cell = Self { fixture, scene, server, _folder: folder, root, before: Files::new() };
        cell.prepare();
        cell
    }

    fn prepare(&mut self) {
        let (data, _) = self.fixture.data(self.scene);
        let (put, half) = (|files: &Files| self.put(files), data.len() / 2);
        let half: Files = data.iter().take(half).map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
        let mut there = half;
        there.extend(superfluous());
        let mut before = Files::new();
        put(&neighbours());
        match self.scene {
            Scene::CopyUp | Scene::CopyUpBig | Scene::Run | Scene::RunBig => {}
            Scene::SyncUp | Scene::SyncUpBig | Scene::DeleteUp | Scene::DeleteUpBig => {
                put(&in_folder("x/", &there));
                before = there;
            }
            Scene::CopyDown | Scene::CopyDownBig | Scene::CopyWithin | Scene::VerifySame => {
                put(&in_folder("x/", data));
            }
            Scene::SyncDown | Scene::DeleteDown => {
                put(&in_folder("x/", data));
                write(&self.root.join("to"), &there);
                before = there;
            }
            Scene::DeleteWithin => {
                put(&in_folder("x/", data));
                put(&in_folder("z/", &there));
                before = there;
            }
            Scene::VerifyOther | Scene::VerifyDown => put(&in_folder("x/", &self.spoiled())),
            Scene::Clean => {
                put(&in_folder("x/", data));
                for i in 0..12 {
                    self.server.begin_upload(&format!("x/{i:02}"), "part");
                }
                for i in 0..3 {
                    self.server.begin_upload(&format!("y/{i}"), "part");
                }
            }
            Scene::Restore => {
                self.server.restore(&self.fixture.stores);
                put(&neighbours());
            }
        }
        self.before = before;
    }

    fn put(&self, files: &Files) {
        for (name, bytes) in files {
            self.server.put(name, bytes.clone());
        }
    }

    /// The small files with one of them changed, in its length kept.
    fn spoiled(&self) -> Files {
        let mut files = self.fixture.small.clone();
        let name = files.keys().nth(20).unwrap().clone();
        let length = files[&name].len();
        files.insert(name, bytes("spoiled", length));
        files
    }

    fn arguments(&self) -> Vec<String> {
        let (_, from) = self.fixture.data(self.scene);
        let (x, z) = (format!("{}/x", self.server.root()), format!("{}/z", self.server.root()));
        let to = self.root.join("to").into_string();
        let from = from.into_string();
        let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match self.scene {
            Scene::CopyUp => of(&["copy", &from, &x]),
            Scene::CopyUpBig => of(&["copy", &from, &x, "--part-size", "5MiB"]),
            Scene::CopyDown => of(&["copy", &x, &to]),
            Scene::CopyDownBig => of(&["copy", &x, &to, "--part-size", "5MiB"]),
            Scene::CopyWithin => of(&["copy", &x, &z]),
            Scene::SyncUp => of(&["sync", &from, &x]),
            Scene::SyncUpBig => of(&["sync", &from, &x, "--part-size", "5MiB"]),
            Scene::SyncDown => of(&["sync", &x, &to]),
            Scene::DeleteUp => of(&["sync", &from, &x, "--delete"]),
            Scene::DeleteUpBig => {
                of(&["sync", &from, &x, "--delete", "--max-delete", "9", "--part-size", "5MiB"])
            }
            Scene::DeleteDown => of(&["sync", &x, &to, "--delete"]),
            Scene::DeleteWithin => of(&["sync", &x, &z, "--delete"]),
            Scene::VerifySame | Scene::VerifyOther => of(&["verify", &from, &x]),
            Scene::VerifyDown => of(&["verify", &x, &from]),
            Scene::Run | Scene::RunBig => of(&["run", self.list(&from).as_str()]),
            Scene::Clean => of(&["clean", &x]),
            Scene::Restore => of(&["ephys", "restore", &x, &to]),
        }
    }

    /// A list of one job.
    fn list(&self, source: &str) -> Utf8PathBuf {
        let documents = self.fixture.root.join("documents");
        let bucket = self.server.root().replace("s3://", "");
        let text = format!(
            "s3_bucket,platform,subject_id,acq_datetime,modality0,modality0.source,modality0.compress_raw_data,metadata_dir\n\
             {bucket},behavior,714321,2024-05-06 07:08:09,behavior-videos,{source},false,{documents}\n"
        );
        let path = self.root.join("jobs.csv");
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs the command while the server tells the lies, and judges what is true afterwards.
    pub(super) fn run(self, lies: impl IntoIterator<Item = Lie>) -> Run {
        let lies: Vec<Lie> = lies.into_iter().collect();
        let knows = !lies.iter().any(|lie| lie.plausible);
        // Time must not decide whether a fault passes.
        let patient = lies.iter().any(|lie| lie.harmless);
        self.server.tell(lies);
        let before = self.server.objects();
        let mut command = adt(&self.server, &self.root.join("home"));
        let words = self.root.join("said");
        let log = fs::File::create(&words).unwrap().into_parts().0;
        if patient {
            command.env("ADT_RETRY_TIME", "20s").env("ADT_REQUEST_TIMEOUT", "20s");
        }
        command.args(self.arguments()).stdout(log.try_clone().unwrap()).stderr(log);
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if began.elapsed() > LONGEST {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let took = began.elapsed();
        let mut judge = Judge::default();
        let ended_well = matches!(code, Some(0 | 1 | 2 | 75));
        judge.must(ended_well, format!("ended with {code:?} after {:.1} s", took.as_secs_f64()));
        self.judge(&mut judge, code == Some(0), knows, &before);
        Run {
            code,
            said: String::from_utf8_lossy(&fs::read(&words).unwrap()).into_owned(),
            faults: judge.faults,
            asked: self.server.asked().into_keys().collect(),
            told: self.server.told(),
            took,
        }
    }

    /// `knows`: the command could know that a listing was not whole.
    fn judge(&self, judge: &mut Judge, done: bool, knows: bool, before: &BTreeMap<String, Object>) {
        let (data, folder) = self.fixture.data(self.scene);
        let objects = self.server.objects();
        let (x, local) = (below(&objects, "x/"), files(&self.root.join("to")));
        judge.untouched("source folder", data, &files(&folder));
        judge.untouched("neighbours", &below(before, "y/"), &below(&objects, "y/"));
        match self.scene {
            Scene::CopyUp | Scene::CopyUpBig | Scene::SyncUp | Scene::SyncUpBig => {
                self.transferred(judge, done, (false, knows), data, &x);
            }
            Scene::DeleteUp | Scene::DeleteUpBig => self.transferred(judge, done, (true, knows), data, &x),
            Scene::CopyDown | Scene::CopyDownBig | Scene::SyncDown | Scene::DeleteDown => {
                judge.untouched("source", data, &x);
                self.transferred(judge, done, (self.scene == Scene::DeleteDown, knows), data, &local);
                visible_is_whole(judge, data, &self.before, &local);
            }
            Scene::CopyWithin | Scene::DeleteWithin => {
                judge.untouched("source", data, &x);
                let removes = self.scene == Scene::DeleteWithin;
                self.transferred(judge, done, (removes, knows), data, &below(&objects, "z/"));
            }
            Scene::VerifySame => judge.untouched("destination", data, &x),
            Scene::VerifyOther | Scene::VerifyDown => {
                judge.must(!done, "called the same, though one object is different");
                judge.untouched("the other side", &self.spoiled(), &x);
            }
            Scene::Run | Scene::RunBig => asset(judge, done, data, &objects),
            Scene::Clean => {
                judge.untouched("objects", data, &x);
                let uploads = self.server.uploads();
                let left = uploads.iter().filter(|key| key.starts_with("x/")).count();
                judge.must(!done || left == 0, format!("done, and {left} uploads are left"));
                judge.must(uploads.len() - left == 3, "uploads of elsewhere were removed");
            }
            Scene::Restore => {
                judge.untouched("stores", &below(before, "x/"), &x);
                if done {
                    judge.holds("restored", &self.fixture.session, &local);
                }
                visible_is_whole(judge, &self.fixture.session, &Files::new(), &local);
            }
        }
    }

    /// `removes`: what the source does not have has to go, and nothing else.
    fn transferred(
        &self,
        judge: &mut Judge,
        done: bool,
        (removes, knows): (bool, bool),
        data: &Files,
        there: &Files,
    ) {
        if done {
            judge.holds("done, destination", data, there);
        }
        let justified = |name: &&String| removes && !data.contains_key(*name);
        let kept: Files = self
            .before
            .iter()
            .filter(|(name, _)| !justified(name))
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect();
        judge.keeps("destination", &kept, there);
        let left = there.keys().filter(|name| !data.contains_key(*name)).count();
        judge.must(
            !(done && removes && knows) || left == 0,
            format!("done, and {left} superfluous objects are left"),
        );
    }
}

/// An asset with its record is complete, whatever the exit code says.
fn asset(judge: &mut Judge, done: bool, data: &Files, objects: &BTreeMap<String, Object>) {
    let record = |key: &&String| key.ends_with("/metadata.nd.json");
    let Some(key) = objects.keys().find(record) else {
        judge.must(!done, "done, without metadata.nd.json");
        return;
    };
    let asset = below(objects, key.trim_end_matches("metadata.nd.json"));
    judge.holds("with its record", &in_folder("behavior-videos/", data), &asset);
    for name in ["metadata.nd.json", "processing.json", "subject.json"] {
        let whole = asset.get(name).is_some_and(|bytes| is_json(bytes));
        judge.must(whole || (!done && name == "metadata.nd.json"), format!("{name} is missing or damaged"));
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| value.is_object())
}

/// A file that has its name has its bytes; unfinished ones have other names.
fn visible_is_whole(judge: &mut Judge, data: &Files, before: &Files, local: &Files) {
    let wrong = local.iter().find(|(name, bytes)| {
        data.get(*name).is_some_and(|right| right != *bytes) && before.get(*name) != Some(*bytes)
    });
    judge.must(wrong.is_none(), format!("a visible file is wrong: {:?}", wrong.map(|(name, _)| name)));
}
