//! Once means once: over processes, ledgers and machines a pipeline is ordered at most once, and a finish that was killed anywhere is
//! completed by the next one.
//!
//! `ADT_ROUNDS` sets how many rounds the interleavings have (25 where it is not set), `ADT_SEED` which.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use adt_testkit::{
    Seed,
    lies::{Answer, Lie, Op, Reply as Answered},
    services::{Listing, Reply, Run},
    tree::TreeSpec,
};
use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Desk, RECORD, Said, differing, digest, within},
    lab::{Lab, NAME, bare, until},
    machines::{Machines, Store, ended, killed, waited},
};

fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

#[rstest]
fn a_finish_killed_after_its_order_is_completed_by_another_machine(
    #[values(Store::S3, Store::Google, Store::Azure, Store::Folder)] store: Store,
) {
    let machines = Machines::at(store).readied();
    machines.lab.ocean.next([Run::accept().after(Duration::from_mins(1))]);
    let child = machines.start("one", NAME, &["--finish"]);
    until("the order is heard", || machines.lab.ocean.accepted().len() == 1);
    killed(child);
    machines.finish("two").ends(0).says("computation-1");
    machines.finish("three").ends(0).says("already complete");
    let quiet = machines.work("four", NAME, &["--finish", "-q"]).ends(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert_eq!(machines.lab.orders(), 1);
    assert!(machines.is_tidy(NAME));
}

/// What Code Ocean lists while nobody can know; then it lists all.
#[rstest]
#[case::no_list(Listing::Unavailable(405))]
#[case::broken(Listing::Unavailable(500))]
#[case::a_web_page(Listing::WebPage)]
#[case::late(Listing::Nothing)]
#[case::without_parameters(Listing::WithoutParameters)]
fn while_it_is_unknown_no_machine_orders_again(#[case] listing: Listing) {
    let machines = Machines::ready();
    machines.lab.ocean.list(Listing::Nothing);
    machines.lab.ocean.next([Run::accept_then(Reply::json(504, "{}"))]);
    machines.finish("one").ends(1).says("unknown whether the pipeline was started");
    machines.lab.ocean.list(listing);
    for machine in ["two", "one", "three"] {
        let look = format!("{}/api/v1/capsules/", machines.lab.ocean.url());
        let said = machines.finish(machine).ends(1);
        said.says("unknown whether the pipeline was started").says(&look).says("--retrigger");
    }
    assert_eq!(machines.lab.orders(), 1);
    machines.lab.ocean.list(Listing::Whole);
    machines.finish("four").ends(0).says("computation-1");
    machines.finish("one").ends(0).says("already complete");
    assert_eq!(machines.lab.orders(), 1);
}

#[test]
fn a_person_who_has_looked_orders_again_from_any_machine() {
    let machines = Machines::ready();
    machines.lab.ocean.next([Run::refuse(Reply::json(504, "{}"))]);
    machines.finish("one").ends(1).says("unknown");
    machines.finish("two").ends(1).says("unknown");
    machines.work("three", NAME, &["--finish", "--retrigger"]).ends(0).says("computation-1");
    machines.work("four", NAME, &["--finish", "--retrigger"]).ends(0).says("already complete");
    assert_eq!((machines.lab.orders(), machines.lab.ocean.accepted().len()), (2, 1));
}

#[test]
fn an_order_that_was_refused_is_made_by_another_machine() {
    let machines = Machines::ready();
    machines.lab.ocean.next([Run::refuse(Reply::json(403, r#"{"message":"no"}"#))]);
    machines.finish("one").ends(1).says("its pipeline is not started");
    machines.finish("two").ends(0).says("computation-1");
    assert_eq!((machines.lab.orders(), machines.lab.ocean.accepted().len()), (2, 1));
}

/// Plain runs on two machines, which have nothing to do with a cluster.
#[test]
fn a_forced_run_of_another_machine_orders_only_for_other_data() {
    let machines = Machines::new();
    let lab = &machines.lab;
    let list = lab.desk.list(lab.job().with("force_cloud_sync", "true"));
    let run = |machine: &str| Said::of(&mut machines.on(machine, &["run", list.as_str()]));
    run("one").ends(0).says("computation-1");
    run("two").ends(0).says("already started").says("computation-1");
    run("three").ends(0).says("already started");
    assert_eq!(lab.orders(), 1);
    fs::write(lab.source().join("more.txt"), "more").unwrap();
    run("three").ends(0).says("computation-2");
    run("one").ends(0);
    assert_eq!(lab.orders(), 2, "the same data is ordered once");
}

#[test]
fn finishes_at_the_same_time_order_once() {
    let machines = Machines::ready();
    machines.lab.ocean.always(Run::accept().before(Duration::from_millis(100)));
    let all = ["one", "two", "three"].map(|machine| machines.start(machine, NAME, &["--finish"]));
    all.into_iter().for_each(waited);
    machines.finish("four").ends(0).says("already complete");
    assert_eq!((machines.lab.orders(), machines.lab.ocean.accepted().len()), (1, 1));
    assert!(machines.is_tidy(NAME));
}

/// What is written beside the asset is no part of it, and holds no secret.
#[test]
fn the_claim_is_beside_the_asset() {
    let machines = Machines::ready();
    machines.finish("one").ends(0);
    let claims = machines.lab.desk.root.join("store/recordings/.adt/pipelines").join(NAME);
    let claims: Vec<_> = claims.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect();
    let [claim] = claims.as_slice() else { panic!("{claims:?}") };
    let text = fs::read_to_string(claim).unwrap();
    assert!(text.contains("\"started\"") && text.contains("computation-1"), "{text}");
    assert!(!text.contains(crate::lab::TOKEN), "{text}");
    assert!(digest(&machines.lab.asset()).keys().all(|key| !key.contains(".adt")));
    let named = machines.lab.ocean.requests().into_iter().filter(|seen| seen.method == "PATCH").count();
    assert_eq!(named, 1, "the computation is named after its order");
}

/// A person, or the end of a time slot, stops the program while it waits for Code Ocean: for an answer, or for a list to catch up.
#[cfg(unix)]
#[rstest]
#[case::for_the_answer(Run::accept_then(Reply::hang()))]
#[case::for_the_list(Run::accept_then(Reply::reset()))]
fn a_stop_while_waiting_for_code_ocean_is_quick(#[case] run: Run) {
    let lab = Lab::new();
    lab.ocean.list(Listing::Nothing);
    lab.ocean.next([run]);
    let mut command = lab.command("run", lab.job(), &["--request-timeout", "10m"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the order is heard", || lab.ocean.accepted().len() == 1);
    let began = Instant::now();
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let code = child.wait().unwrap().code();
    assert!(code == Some(130) && began.elapsed() < Duration::from_secs(5), "{code:?} {:?}", began.elapsed());
    lab.ocean.list(Listing::Whole);
    lab.run(lab.job(), &[]).ends(0).says("computation-1");
    assert_eq!(lab.orders(), 1);
}

/// Any part of what is tidied may be gone already when the program is killed.
#[rstest]
#[case::nothing(&[])]
#[case::some_markers(&["log"])]
#[case::all_markers(&["log", "stage-0"])]
#[case::the_plan(&["log", "stage-0", "plan.json"])]
fn a_finish_killed_while_it_tidies_is_completed(#[case] gone: &[&str]) {
    // What is there when everything is done and nothing is removed yet.
    let lab = Lab::at(Desk::watched(kept), adt_testkit::services::MetadataScript::v1());
    let machines = Machines { lab, server: None, root: "s3://recordings".to_owned() };
    machines.plan(machines.lab.job());
    machines.work("share", NAME, &["--shard", "0/1"]).ends(0);
    machines.finish("one").ends(0);
    let folder = machines.lab.asset().join(".adt-work");
    copy(&machines.lab.desk.root.join("store/kept"), &folder);
    for name in gone {
        let path = folder.join(name);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    let before = machines.lab.stored(NAME);
    machines.work("share", NAME, &["--shard", "0/1"]).ends(0).says("already complete");
    machines.work("share", NAME, &["--check"]).ends(0);
    machines.finish("two").ends(0).says("already complete");
    machines.finish("three").ends(0).says("already complete");
    assert_eq!((machines.lab.orders(), machines.lab.stored(NAME)), (1, before));
    assert!(machines.is_tidy(NAME) && !folder.join("ended.json").exists());
}

/// Copies `.adt-work` away as soon as the journal says that everything is done.
fn kept(store: &Utf8Path) {
    let (folder, kept) = (store.join("recordings").join(NAME).join(".adt-work"), store.join("kept"));
    if folder.join("ended.json").exists() && !kept.exists() {
        copy(&folder, &kept);
    }
}

fn copy(from: &Utf8Path, to: &Utf8Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap() {
        let (entry, to) = (entry.as_ref().unwrap(), to.join(entry.as_ref().unwrap().file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A journal entry of another plan says nothing of this one.
#[test]
fn an_old_journal_entry_does_not_end_new_work() {
    let machines = Machines::ready();
    let entry = machines.lab.asset().join(".adt-work/ended.json");
    for text in ["{\"plan\":\"0123456789abcdef\",\"at\":\"2024-05-06T07:08:09Z\"}", "{", ""] {
        fs::write(&entry, text).unwrap();
        machines.work("share", NAME, &["--check"]).ends(0);
        assert!(!machines.lab.asset().join(RECORD).exists());
    }
    machines.finish("one").ends(0).says("computation-1");
    assert!(machines.is_tidy(NAME) && !entry.exists());
}

/// Three finishes on machines of their own and two shares, started in any order, several at once, and killed at any moment.
#[rstest]
#[case::s3(Store::S3, 25)]
#[case::google(Store::Google, 5)]
#[case::azure(Store::Azure, 5)]
#[case::folder(Store::Folder, 5)]
fn interleavings_of_finishes_and_shares_order_once_and_complete_the_asset(
    #[case] store: Store,
    #[case] rounds: u64,
) {
    let machines = Machines::at(store);
    let source =
        machines.lab.desk.tree("many", &TreeSpec { files: 40, max_size: 3000, depth: 2, big_file: 0 }, 3);
    let mut seeds = Seed::new(asked("ADT_SEED", 16));
    for round in 0..asked("ADT_ROUNDS", rounds) {
        let seed = format!("round {round} (seed {})", asked("ADT_SEED", 16));
        let time = format!("2023-10-12 {:02}:{:02}:18", round / 60, round % 60);
        let name = format!("SmartSPIM_987654_{}", time.replace(' ', "_").replace(':', "-"));
        let lab = &machines.lab;
        machines.plan(lab.piped(lab.described(bare().copy("SPIM", &source))).with("acq_datetime", &time));
        let span = |seeds: &mut Seed| Duration::from_millis(seeds.below(120));
        lab.ocean.always(Run::accept().before(span(&mut seeds)).after(span(&mut seeds)));
        let mut flying: Vec<Child> = Vec::new();
        for step in 0..7 {
            // Shares come first more often than not; else every finish would find nothing.
            let actor = if step < 2 { 3 + seeds.below(2) } else { seeds.below(5) };
            flying.push(match actor {
                3 | 4 => machines.start("share", &name, &["--shard", &format!("{}/2", actor - 3)]),
                machine => machines.start(&format!("m{machine}"), &name, &["--finish"]),
            });
            std::thread::sleep(Duration::from_millis(seeds.below(250)));
            if flying.len() > 2 || seeds.below(3) == 0 {
                let child = flying.swap_remove(seeds.below(flying.len() as u64) as usize);
                if seeds.below(2) == 0 {
                    killed(child);
                } else {
                    waited(child);
                }
            }
            assert!(machines.accepted(&name) <= 1, "{seed}");
        }
        flying.into_iter().for_each(waited);
        ended(&machines, &name, &seed);
        let there = within("SPIM", &machines.asset(&name));
        assert_eq!(differing(&there, &digest(&source)), [""; 0], "{seed}");
    }
}

/// A claim that the store acknowledges and does not list, or refuses: nothing is ordered on a guess.
#[rstest]
fn without_a_claim_that_can_be_seen_nothing_is_ordered(
    #[values(Store::Google, Store::Azure)] store: Store,
    #[values(true, false)] acknowledged: bool,
) {
    let machines = Machines::at(store).readied();
    let server = machines.server.as_ref().unwrap();
    let lie = Lie::new("no claims", &[Op::Put]).key(".adt/pipelines");
    let hidden = Lie::new("hidden", &[Op::List]).answers(Answer::Page(|page, _| {
        page.keys.retain(|key| !key.contains(".adt/pipelines"));
    }));
    server.tell([if acknowledged { hidden } else { lie.answers(Answer::Instead(|_| Answered::empty(403))) }]);
    for machine in ["one", "two"] {
        machines.finish(machine).ends(1);
    }
    assert_eq!(machines.lab.orders(), 0);
    server.tell([]);
    machines.finish("three").ends(0);
    assert_eq!(machines.lab.orders(), 1);
    assert!(machines.is_tidy(NAME));
}

/// Images have a journal of their own: a finish that is killed after they are described makes none of them again.
#[test]
fn a_finish_killed_after_its_images_are_described_makes_none_again() {
    let microscope = crate::imaging_session::Microscope::new("two_good");
    let desk = &microscope.desk;
    let flags = ["--chunk-shape", "16,32,32", "--n-levels", "4", "--item-size", "1KiB"];
    let (one, to) = (desk.root.join("one"), desk.root.join("many"));
    let words = ["imaging", "zarr", microscope.session.as_str(), one.as_str()];
    Said::of(&mut desk.adt(&[&words[..], &flags].concat())).ends(0);
    let submit = ["submit", "--engine", "kubernetes", "--print", "--image", "x"];
    let what = ["imaging", "zarr", microscope.session.as_str(), to.as_str()];
    Said::of(&mut desk.adt(&[&submit[..], &what, &flags].concat())).ends(0);
    let on = |machine: &str, flags: &[&str]| {
        let home = desk.root.join(machine);
        fs::create_dir_all(&home).unwrap();
        let mut command = desk.adt(&[&["work", to.as_str()], flags].concat());
        command.env("HOME", home).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    Said::of(&mut on("share", &["--shard", "0/1"])).ends(0);
    let mut child = on("first", &["--finish"]).spawn().unwrap();
    until("the images are described", || {
        to.join(".adt/ended.json").exists() || child.try_wait().unwrap().is_some()
    });
    killed(child);
    let written = |to: &Utf8Path| -> Vec<_> {
        let keys = digest(to).into_keys().filter(|key| !key.starts_with(".adt"));
        keys.map(|key| (fs::metadata(to.join(&key)).unwrap().modified().unwrap(), key)).collect()
    };
    let before: Vec<_> = written(&to).into_iter().filter(|(_, key)| !key.contains("/.z")).collect();
    Said::of(&mut on("second", &["--finish"])).ends(0);
    let after = written(&to);
    assert!(before.iter().all(|chunk| after.contains(chunk)), "chunks were written again");
    Said::of(&mut on("third", &["--finish"])).ends(0).says("already complete");
    assert_eq!(differing(&digest(&to), &digest(&one)), [""; 0]);
}
