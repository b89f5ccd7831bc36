//! However the work is divided, interrupted, repeated, and wherever it goes: the same bytes as after one clean run.
//!
//! `ADT_KILLS` sets how many kills each case takes (4 where it is not set).

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use adt_testkit::{Seed, kill::KillLoop};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Said, Tree, differing, digest, within},
    imaging_session::{Microscope, Rule, nothing_is_left_over},
    kills::{asked, tell},
    lab::until,
};

/// Many small pieces of work.
const SMALL: [&str; 6] = ["--chunk-shape", "16,32,32", "--n-levels", "4", "--item-size", "1KiB"];
const LARGER: [&str; 6] = ["--chunk-shape", "8,64,64", "--n-levels", "3", "--item-size", "1KiB"];
const V3: Rule = Rule { edge: "partial", rounding: "nearest-even", factors: "2,2,2", zarr: "3" };

impl Microscope {
    fn folder(&self, name: &str) -> Utf8PathBuf {
        self.desk.root.join(name)
    }

    /// What one clean run leaves.
    fn clean(&self, rule: Rule, flags: &[&str]) -> Tree {
        let to = self.folder("clean");
        let ledger = self.folder("clean.sqlite");
        Said::of(&mut self.command(&to, rule, &[flags, &["--ledger", ledger.as_str()]].concat())).ends(0);
        nothing_is_left_over(&to);
        let tree = digest(&to);
        assert!(tree.len() > 20, "{} objects", tree.len());
        tree
    }

    /// Starts one share, as on a machine of its own.
    fn share(&self, to: &str, share: &str) -> Child {
        let ledger = self.folder(&format!("{}.sqlite", share.replace('/', "-")));
        let mut command =
            self.desk.adt(&["work", to, "--shard", share, "--ledger", ledger.as_str(), "--lanes", "2"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn finish(&self, to: &str) -> Said {
        let ledger = self.folder("finish.sqlite");
        Said::of(&mut self.desk.adt(&["work", to, "--finish", "--ledger", ledger.as_str()]))
    }
}

#[track_caller]
fn done(shares: Vec<Child>) {
    for share in shares {
        Said::from(share.wait_with_output().unwrap()).ends(0);
    }
}

#[track_caller]
fn same(one: &Tree, other: &Tree) {
    assert_eq!(differing(one, other), [""; 0]);
}

#[rstest]
#[case::version_2(Rule::USUAL)]
#[case::version_3(V3)]
fn four_processes_in_any_order_write_what_one_writes(#[case] rule: Rule) {
    let microscope = Microscope::new("two_tiles");
    let clean = microscope.clean(rule, &SMALL);
    let made = microscope.made();
    let to = made.as_str();
    Said::of(&mut microscope.command(to, rule, &[&SMALL[..], &["--plan-only"]].concat())).ends(0);
    let work = |flags: &[&str]| Said::of(&mut microscope.desk.adt(&[&["work", to], flags].concat()));
    work(&["--check"]).ends(75).says("have no marker");
    done(vec![microscope.share(to, "3/4"), microscope.share(to, "1/4")]);
    done(vec![microscope.share(to, "0/4")]);
    work(&["--shard", "0/4", "--stage", "7"]).ends(2).says("there is no stage 7");
    done(vec![microscope.share(to, "2/4"), microscope.share(to, "1/4")]);
    work(&["--check"]).ends(0);
    microscope.finish(to).ends(0);
    same(&digest(&made), &clean);
}

#[test]
fn work_in_a_bucket_is_the_same_work_and_each_chunk_is_sent_once() {
    let microscope = Microscope::new("two_tiles");
    let clean = microscope.clean(Rule::USUAL, &SMALL);
    Said::of(&mut microscope.command("s3://recordings/whole", Rule::USUAL, &SMALL)).ends(0);
    let to = "s3://recordings/shared";
    Said::of(&mut microscope.command(to, Rule::USUAL, &[&SMALL[..], &["--plan-only"]].concat())).ends(0);
    done(vec![microscope.share(to, "1/2"), microscope.share(to, "0/2")]);
    microscope.finish(to).ends(0);

    let bucket = microscope.folder("store/recordings");
    let tally = microscope.desk.tally();
    for folder in ["whole", "shared"] {
        same(&digest(&bucket.join(folder)), &clean);
        for key in clean.keys() {
            let stored = tally.stored.get(&format!("recordings/{folder}/{key}")).copied().unwrap_or_default();
            assert_eq!((stored.put, stored.completed), (1, 0), "{folder}/{key}");
        }
    }
}

#[test]
fn an_end_that_comes_too_early_describes_nothing() {
    let microscope = Microscope::new("two_tiles");
    let made = microscope.made();
    let to = made.as_str();
    Said::of(&mut microscope.command(to, Rule::USUAL, &[&SMALL[..], &["--plan-only"]].concat())).ends(0);
    done(vec![microscope.share(to, "0/3")]);
    let said = microscope.finish(to);
    assert_ne!(said.code, Some(0), "{said:#?}");
    assert!(!said.stderr.contains("bug"), "{said:#?}");
    let described: Vec<_> = digest(&made).into_keys().filter(|key| key.ends_with(".zattrs")).collect();
    assert_eq!(described, [""; 0]);

    done(vec![microscope.share(to, "1/3"), microscope.share(to, "2/3")]);
    microscope.finish(to).ends(0);
    same(&digest(&made), &microscope.clean(Rule::USUAL, &SMALL));
}

#[rstest]
fn threads_and_memory_do_not_change_a_byte(
    #[values(&["--cpus", "1"], &["--cpus", "7"], &["--memory", "32MiB", "--lanes", "1"], &["--item-size", "1GiB"])]
    tuning: &[&str],
) {
    let microscope = Microscope::new("two_tiles");
    let clean = microscope.clean(V3, &SMALL);
    let flags: Vec<_> = SMALL.iter().copied().take(4).chain(tuning.iter().copied()).collect();
    microscope.convert(V3, &flags).ends(0);
    same(&digest(&microscope.made()), &clean);
}

#[rstest]
#[case::version_2("made", Rule::USUAL, 1)]
#[case::version_3("made", V3, 2)]
#[case::in_a_bucket("s3://recordings/made", Rule::USUAL, 3)]
fn a_killed_conversion_goes_on_and_ends_like_a_clean_one(
    #[case] to: &str,
    #[case] rule: Rule,
    #[case] seed: u64,
) {
    let microscope = Microscope::new("two_tiles");
    let began = Instant::now();
    let clean = microscope.clean(rule, &SMALL);
    let whole = began.elapsed();
    let to = if to.contains(':') { to.to_owned() } else { microscope.folder(to).into_string() };
    let folder = match to.strip_prefix("s3://") {
        Some(key) => microscope.folder("store").join(key),
        None => Utf8PathBuf::from(&to),
    };

    let kills = asked("ADT_KILLS", 4) as u32;
    let mut seeds = Seed::new(seed);
    let mut killed = 0;
    while killed < kills {
        forget(&microscope, &folder);
        let (cap, seed) = ((kills - killed).min(5), seeds.bits());
        let plan = KillLoop { earliest: Duration::from_millis(10), latest: whole, seed, cap };
        let lives = plan
            .run(|| {
                let mut command = microscope.command(&to, rule, &[&SMALL[..], &["--quiet"]].concat());
                command.stdout(Stdio::null()).stderr(Stdio::null());
                command
            })
            .unwrap();
        assert!(lives.last.success(), "seed {seed}: {lives:?}");
        same(&digest(&folder), &clean);
        nothing_is_left_over(&folder);
        killed += lives.kills;
    }
    tell(&format!("a_killed_conversion_goes_on_and_ends_like_a_clean_one, {to}"), killed.into());
}

/// As if nothing had ever been run.
fn forget(microscope: &Microscope, folder: &Utf8Path) {
    fs::remove_dir_all(folder).ok();
    fs::remove_dir_all(microscope.folder("store/.s3/objects/recordings")).ok();
    fs::remove_dir_all(microscope.folder("home")).unwrap();
    fs::create_dir(microscope.folder("home")).unwrap();
}

/// Nothing of the first shape stays.
#[rstest]
#[case::other_chunks(&LARGER, Rule::USUAL)]
#[case::another_version(&SMALL, V3)]
#[case::other_factors(&SMALL, Rule { factors: "1,2,2", ..Rule::USUAL })]
fn another_plan_after_an_interruption_replaces_what_was_written(#[case] flags: &[&str], #[case] rule: Rule) {
    let microscope = Microscope::new("two_tiles");
    let clean = microscope.clean(rule, flags);
    let made = microscope.made();
    let mut first = microscope.command(&made, Rule::USUAL, &[&SMALL[..], &["--lanes", "1"]].concat());
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let marked = || made.join(".adt/stage-0").read_dir_utf8().is_ok_and(|found| found.count() > 3);
    until("some work is done", || marked() || first.try_wait().unwrap().is_some());
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(!within(".adt", &digest(&made)).is_empty(), "it was too fast to be interrupted");

    microscope.convert(rule, flags).ends(0);
    same(&digest(&made), &clean);
    nothing_is_left_over(&made);
}

/// A plan and markers that another ledger knows.
#[test]
fn another_machine_goes_on_when_it_is_told_to() {
    let microscope = Microscope::new("two_tiles");
    let clean = microscope.clean(Rule::USUAL, &SMALL);
    let made = microscope.made();
    Said::of(&mut microscope.command(&made, Rule::USUAL, &[&SMALL[..], &["--plan-only"]].concat())).ends(0);
    done(vec![microscope.share(made.as_str(), "0/2")]);
    let ledger = microscope.folder("another.sqlite");
    let more = ["--resume", "--ledger", ledger.as_str()];
    microscope.convert(Rule::USUAL, &[&SMALL[..], &more].concat()).ends(0);
    same(&digest(&made), &clean);
    nothing_is_left_over(&made);
}

/// One image is a source as good as a folder, and nothing else of the folder is touched.
#[test]
fn one_image_alone_is_converted() {
    let microscope = Microscope::new("two_tiles");
    let mut files: Vec<_> = microscope
        .session
        .read_dir_utf8()
        .unwrap()
        .flat_map(|entry| {
            let entry = entry.unwrap().into_path();
            if entry.is_dir() {
                entry.read_dir_utf8().unwrap().map(|e| e.unwrap().into_path()).collect()
            } else {
                vec![entry]
            }
        })
        .filter(|path| path.extension().is_some_and(|suffix| suffix.starts_with("tif")))
        .collect();
    files.sort();
    let (image, to) = (files[0].clone(), microscope.folder("one"));
    Said::of(
        &mut microscope.desk.adt(&[&["imaging", "zarr", image.as_str(), to.as_str()], &SMALL[..]].concat()),
    )
    .ends(0);
    nothing_is_left_over(&to);
    let groups: Vec<_> = to
        .read_dir_utf8()
        .unwrap()
        .map(|e| e.unwrap().file_name().to_owned())
        .filter(|name| *name != ".zgroup")
        .collect();
    assert_eq!(groups, [format!("{}.zarr", image.file_stem().unwrap())]);
}

/// What is gone from a finished container, or is not as it was written, is made again; the rest is not sent.
#[rstest]
#[case::chunk(Rule::USUAL, "0/0/0/0/1/2")]
#[case::smaller(Rule::USUAL, "2/0/0/0/0/0")]
#[case::array(Rule::USUAL, "1/.zarray")]
#[case::group(Rule::USUAL, ".zgroup")]
#[case::described(Rule::USUAL, ".zattrs")]
#[case::shard(V3, "c/0/0/0/0/0")]
#[case::document(V3, "zarr.json")]
fn what_is_gone_from_a_finished_container_is_made_again(#[case] rule: Rule, #[case] end: &str) {
    let microscope = Microscope::new("two_tiles");
    let clean = microscope.clean(rule, &SMALL);
    microscope.convert(rule, &SMALL).ends(0);
    let mut gone: Vec<_> =
        clean.keys().filter(|name| name.ends_with(end) && name.contains('/')).cloned().collect();
    gone.sort();
    for (number, name) in [gone.first(), gone.last()].into_iter().flatten().enumerate() {
        let path = microscope.made().join(name);
        if number == 0 {
            fs::remove_file(&path).unwrap();
        } else {
            fs::write(&path, "other").unwrap();
        }
        let said =
            Said::of(&mut microscope.command(microscope.made(), rule, &[&SMALL[..], &["--force"]].concat()));
        said.ends(0);
        same(&digest(&microscope.made()), &clean);
    }
}
