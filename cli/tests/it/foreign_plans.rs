//! Whoever may write at a destination may change the plan there; `adt work` reads and removes nothing that its command line does not
//! allow.

use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, Said};

/// A copy that is planned, and what a stranger would like to have.
struct Shared {
    desk: Desk,
    to: Utf8PathBuf,
}

impl Shared {
    fn new(verb: &[&str]) -> Self {
        let desk = Desk::new();
        let source = desk.small_tree("source");
        desk.write("victim/thesis.txt", "years");
        desk.write("private/id_rsa", "PRIVATE");
        let to = desk.root.join("to");
        let words = ["submit", "--engine", "aws-batch", "--print", "--image", "x"];
        let what = [&verb[..1], &[source.as_str(), to.as_str()], &verb[1..]].concat();
        Said::of(&mut desk.adt(&[&words[..], &what].concat())).ends(0);
        Self { desk, to }
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        let path = self.to.join(".adt-work/plan.json");
        let mut plan = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut plan);
        fs::write(path, plan.to_string()).unwrap();
    }

    fn work(&self, flags: &[&str]) -> Said {
        Said::of(&mut self.desk.adt(&[&["work", self.to.as_str()], flags].concat()))
    }

    fn path(&self, name: &str) -> String {
        self.desk.root.join(name).into_string()
    }

    /// What is at the destination beside plan, markers and logs.
    fn there(&self) -> Vec<String> {
        let all = self.to.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned());
        all.filter(|name| name != ".adt-work").collect()
    }
}

#[rstest]
#[case::another_destination(|shared: &Shared| json!(["sync", shared.path("source"), shared.path("victim"), "--delete"]))]
#[case::another_source(|shared: &Shared| json!(["copy", shared.path("private"), shared.path("to")]))]
#[case::a_single_file(|shared: &Shared| json!(["copy", shared.path("private/id_rsa"), shared.path("to")]))]
#[case::another_server(|shared: &Shared| json!([
    "copy", shared.path("source"), shared.path("to"), "--endpoint-url", "http://127.0.0.1:9"
]))]
#[case::another_server_for_the_source(|shared: &Shared| json!([
    "copy", shared.path("source"), shared.path("to"), "--source-endpoint-url", "http://127.0.0.1:9"
]))]
#[case::another_profile(|shared: &Shared| json!(["copy", shared.path("source"), shared.path("to"), "--profile", "x"]))]
#[case::another_command(|shared: &Shared| json!(["ephys", "compress", shared.path("private"), shared.path("to")]))]
#[case::a_list(|shared: &Shared| json!(["run", shared.path("to/jobs.csv")]))]
#[case::no_words(|_: &Shared| json!([]))]
#[case::a_question(|_: &Shared| json!(["copy", "--help"]))]
fn words_that_were_changed_are_refused(#[case] words: fn(&Shared) -> Value) {
    let shared = Shared::new(&["copy"]);
    shared.change(|plan| plan["again"] = words(&shared));
    for flags in [&["--shard", "0/1"][..], &["--finish"], &["--check"]] {
        shared.work(flags).ends(2);
    }
    assert_eq!(shared.there(), [""; 0]);
    assert!(shared.desk.root.join("victim/thesis.txt").exists());
}

#[rstest]
#[case::hash(|plan: &mut Value| plan["units"][0]["hash"] = json!("../../outside"))]
#[case::items(|plan: &mut Value| plan["units"][0]["items"] = json!([1_u64 << 63]))]
#[case::negative(|plan: &mut Value| plan["units"][0]["items"] = json!([-1]))]
#[case::many_units(|plan: &mut Value| plan["units"] = json!(vec![plan["units"][0].clone(); 5]))]
#[case::a_text_for_units(|plan: &mut Value| plan["units"] = json!("none"))]
#[case::asset(|plan: &mut Value| plan["plan"]["asset"] = json!("s3://other/asset"))]
#[case::starts(|plan: &mut Value| plan["units"][0]["starts"] = json!(["z", "a"]))]
fn a_plan_that_adt_did_not_write_is_one_line_and_exit_2(#[case] change: fn(&mut Value)) {
    let shared = Shared::new(&["copy"]);
    shared.change(change);
    for flags in [&["--shard", "0/1"][..], &["--finish"], &["--stage", "0", "--check"]] {
        let said = shared.work(flags).ends(2);
        assert!(!said.stderr.contains("bug"), "{said:#?}");
    }
    assert_eq!(shared.there(), [""; 0]);
}

/// Where whoever changed the plan made all of it agree, what is asked for on the command line decides.
#[test]
fn sources_outside_of_the_roots_are_not_read() {
    let shared = Shared::new(&["copy"]);
    let root = shared.path("source");
    shared
        .work(&["--shard", "0/1", "--source-root", &shared.path("elsewhere")])
        .ends(2)
        .says("--source-root");
    assert_eq!(shared.there(), [""; 0]);
    let roots = format!("/nowhere:{root}");
    let mut by_variable = shared.desk.adt(&["work", shared.to.as_str(), "--check"]);
    Said::of(by_variable.env("ADT_SOURCE_ROOT", "/nowhere")).ends(2).says("--source-root");
    let mut by_variable = shared.desk.adt(&["work", shared.to.as_str(), "--check"]);
    Said::of(by_variable.env("ADT_SOURCE_ROOT", roots)).ends(75);
    shared.work(&["--shard", "0/1", "--source-root", "/nowhere", "--source-root", &root]).ends(0);
    shared.work(&["--finish", "--source-root", &root]).ends(0);
    assert!(!shared.there().is_empty());
}

/// A link below a root leads outside of it.
#[cfg(unix)]
#[test]
fn a_root_is_not_left_by_a_link() {
    let desk = Desk::new();
    desk.write("private/id_rsa", "PRIVATE");
    let root = desk.root.join("root");
    fs::create_dir(&root).unwrap();
    fs::os::unix::fs::symlink(desk.root.join("private"), root.join("data")).unwrap();
    let (from, to) = (root.join("data"), desk.root.join("to"));
    let words =
        ["submit", "--engine", "aws-batch", "--print", "--image", "x", "copy", from.as_str(), to.as_str()];
    Said::of(&mut desk.adt(&words)).ends(0);
    let share = ["work", to.as_str(), "--shard", "0/1", "--source-root", root.as_str()];
    Said::of(&mut desk.adt(&share)).ends(2).says("--source-root");
    assert!(!to.join("id_rsa").exists());
}

#[test]
fn nothing_is_removed_because_a_plan_says_so() {
    let shared = Shared::new(&["sync", "--delete"]);
    fs::write(shared.to.join("old"), "old").unwrap();
    shared.work(&["--shard", "0/1"]).ends(0);
    shared.work(&["--finish"]).ends(2).says("--delete");
    assert!(shared.to.join("old").exists());
    shared.work(&["--finish", "--delete"]).ends(0).says("1 object removed");
    assert!(!shared.to.join("old").exists());
}

#[test]
fn a_plan_of_a_copy_is_not_made_one_that_removes() {
    let shared = Shared::new(&["copy"]);
    fs::write(shared.to.join("old"), "old").unwrap();
    shared.work(&["--shard", "0/1"]).ends(0);
    shared.work(&["--finish", "--delete"]).ends(2).says("not of `sync --delete`");
    shared.work(&["--finish"]).ends(0);
    assert!(shared.to.join("old").exists());
}

/// Files elsewhere are written only where the command line names them.
#[test]
fn a_plan_names_no_other_file_to_write() {
    let shared = Shared::new(&["copy", "--manifest", "/nowhere/list.jsonl"]);
    let own = shared.path("list.jsonl");
    shared.change(|plan| plan["again"][4] = json!(shared.path("victim/thesis.txt")));
    let root = shared.path("source");
    shared.work(&["--shard", "0/1", "--source-root", &root]).ends(0);
    let copy = shared.work(&["--finish", "--manifest", &own, "--source-root", &root]);
    copy.ends(0);
    assert_eq!(fs::read_to_string(shared.path("victim/thesis.txt")).unwrap(), "years");
    assert!(fs::read_to_string(own).unwrap().lines().count() > 3);
}

/// What a cluster is given has the words that its plan may not say.
#[test]
fn definitions_have_the_roots_and_what_removes() {
    let desk = Desk::new();
    let (source, to) = (desk.small_tree("source"), desk.root.join("to"));
    let words =
        ["submit", "--engine", "aws-batch", "--print", "--image", "x", "sync", source.as_str(), to.as_str()];
    let flags = ["--delete", "--max-delete", "7"];
    let said = Said::of(&mut desk.adt(&[&words[..], &flags].concat())).ends(0);
    let text: Value = serde_json::from_str(&said.stdout).unwrap();
    let command = |job: usize| text["submitJobs"][job]["containerOverrides"]["command"].clone();
    let has = |job: usize, words: &[&str]| {
        let all: Vec<String> = serde_json::from_value(command(job)).unwrap();
        all.windows(words.len()).any(|window| window == words)
    };
    assert!(has(0, &["--source-root", source.as_str()]) && has(1, &["--source-root", source.as_str()]));
    assert!(has(1, &["--finish", "--delete", "--max-delete", "7"]) && !has(0, &["--delete"]));
    let all: Vec<String> = serde_json::from_value(command(0)).unwrap();
    let at = all.iter().position(|word| word == "--plan-digest").unwrap();
    assert!(has(1, &["--plan-digest", &all[at + 1]]) && all[at + 1].len() == 64);
}

/// All of the plan agrees with itself, and it reads what the person never named.
fn replaced_by_another(shared: &Shared) {
    let (other, private) = (Desk::new(), shared.path("private"));
    let words = ["submit", "--engine", "aws-batch", "--print", "--image", "x", "--force", "copy"];
    Said::of(&mut other.adt(&[&words[..], &[&private, shared.to.as_str()]].concat())).ends(0);
}

/// The machine from which the work was submitted remembers the plan, and so do the words of its scripts.
#[test]
fn a_plan_that_was_replaced_since_it_was_submitted_is_refused() {
    let shared = Shared::new(&["copy"]);
    let root = shared.path("source");
    replaced_by_another(&shared);
    for flags in [&["--shard", "0/1"][..], &["--finish"], &["--check"]] {
        shared.work(flags).ends(2).says("is not the one that was submitted from this machine");
    }
    shared.work(&["--shard", "0/1", "--source-root", &root]).ends(2).says("--source-root");
    let digest = "0".repeat(64);
    shared.work(&["--shard", "0/1", "--plan-digest", &digest, "--source-root", &root]).ends(2);
    assert_eq!(shared.there(), [""; 0]);
}

/// Another machine has no memory of it: with the digest of the definitions it knows the plan, without it is told what that means.
#[test]
fn another_machine_knows_the_plan_by_its_digest() {
    let shared = Shared::new(&["copy"]);
    let digest = {
        let (name, folder) = ("submitted", shared.desk.root.join("home/.local/state/adt/submitted"));
        let file = folder.read_dir_utf8().unwrap().next().unwrap_or_else(|| panic!("no {name}")).unwrap();
        fs::read_to_string(file.path()).unwrap()
    };
    let elsewhere = |flags: &[&str]| {
        let mut command = shared.desk.adt(&[&["work", shared.to.as_str()], flags].concat());
        Said::of(command.env("HOME", shared.desk.root.join("other")))
    };
    elsewhere(&["--check"]).ends(75).says("was not submitted from this machine");
    let said = elsewhere(&["--check", "--plan-digest", &digest]).ends(75);
    assert!(!said.stderr.contains("was not submitted"), "{said:#?}");
    elsewhere(&["--check", "--plan-digest", &digest.replace(['0', '1', '2', '3'], "e")]).ends(2);
    elsewhere(&["--shard", "0/1", "--plan-digest", &digest]).ends(0);
    elsewhere(&["--finish", "--plan-digest", &digest]).ends(0);
}

/// A container that is planned without `adt submit`.
#[test]
fn a_container_is_made_of_what_is_allowed_only() {
    let microscope = crate::imaging_session::Microscope::new("two_good");
    let desk = &microscope.desk;
    let to = desk.root.join("made");
    let words = ["imaging", "zarr", microscope.session.as_str(), to.as_str(), "--plan-only"];
    Said::of(&mut desk.adt(&words)).ends(0);
    let share = ["work", to.as_str(), "--shard", "0/1", "--source-root", "/nowhere"];
    let said = Said::of(&mut desk.adt(&share));
    assert_eq!(said.code, Some(2), "{said:#?}");
    let plan = to.join(".adt/plan.json");
    let text = fs::read_to_string(&plan).unwrap();
    for (from, into) in
        [("\"hash\": \"", "\"hash\": \"../../x"), ("\"levels\": ", "\"levels\": 9223372036854775")]
    {
        fs::write(&plan, text.replace(from, into)).unwrap();
        let share = ["work", to.as_str(), "--shard", "0/1"];
        let said = Said::of(&mut desk.adt(&share)).ends(2);
        assert!(!said.stderr.contains("panic"), "{said:#?}");
    }
}
