//! The pipeline is started once for each upload, whatever happens to the program, the answer or the server.
//!
//! `ADT_KILLS` sets how often the program is killed (6 where it is not set), `ADT_SEED` when.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Stdio,
    time::Duration,
};

use adt_testkit::{
    Seed,
    kill::KillLoop,
    services::{Listing, Reply, Run},
};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Job, RECORD, Said, writes},
    kills::{asked, tell},
    lab::{CAPSULE, ENDPOINTS, Lab, NAME, TOKEN, bare, until},
};

/// Where a kill hit.
#[derive(Debug, Default)]
struct Hits {
    before_the_record: u64,
    before_the_order: u64,
    order_on_its_way: u64,
    answer_on_its_way: u64,
    in_reruns: u64,
}

impl Hits {
    fn count(&self) -> u64 {
        self.before_the_record
            + self.before_the_order
            + self.order_on_its_way
            + self.answer_on_its_way
            + self.in_reruns
    }
}

/// Each round is an asset of its own: the program is killed when its data is there and all that follows is still to come or just
/// happens, then killed again at any moment of one or two reruns, then left alone. In every other round a gateway stands before Code
/// Ocean that hands on an order although its sender has died. Where it is unknown whether an order arrived, a person looks.
#[test]
fn a_killed_job_starts_its_pipeline_once() {
    let lab = Lab::new();
    let gateway = Gateway::before(&lab.ocean.url());
    let wanted = asked("ADT_KILLS", 6);
    let mut seeds = Seed::new(asked("ADT_SEED", 3));
    let mut hits = Hits::default();
    let mut rounds = 0;
    while hits.count() < wanted {
        rounds += 1;
        let time = format!("2023-10-12 {:02}:{:02}:18", rounds / 60, rounds % 60);
        let name = format!("SmartSPIM_987654_{}", time.replace(' ', "_").replace(':', "-"));
        let job = lab.job().with("acq_datetime", &time);
        let job = if rounds % 2 == 0 { job.with("codeocean_domain", &gateway.url) } else { job };
        let span = |seeds: &mut Seed| Duration::from_millis(seeds.below(150));
        lab.ocean.always(Run::accept().before(span(&mut seeds)).after(span(&mut seeds)));
        let accepted = lab.ocean.accepted().len();
        kill_once(&lab, &job, &name, &mut seeds, &mut hits);
        let plan = KillLoop {
            earliest: Duration::from_millis(20),
            latest: Duration::from_millis(900),
            seed: seeds.bits(),
            cap: seeds.below(3) as u32,
        };
        let killed = plan.run(|| lab.quiet(&job)).unwrap();
        decided(&lab, &job, killed.last.code(), lab.ocean.accepted().len() > accepted);
        hits.in_reruns += u64::from(killed.kills);
        let started = lab.ocean.accepted().len() - accepted;
        assert_eq!(started, 1, "round {rounds} (seed {}): pipelines of one asset", asked("ADT_SEED", 3));
        lab.run(&job, &[]).ends(0).says("skipped");
    }
    assert_eq!(lab.ocean.accepted().len() as u64, rounds, "one pipeline for each asset");
    let (orders, pipelines) = (lab.orders(), lab.ocean.accepted().len());
    let about = format!("in {rounds} rounds, {orders} orders, {pipelines} pipelines: {hits:?}");
    tell(&format!("a_killed_job_starts_its_pipeline_once, {about}"), hits.count());
}

/// An asset that is made complete anew with other data gets one pipeline more, however often that is killed.
#[rstest]
#[case::zipped(true, 21)]
#[case::as_it_is(false, 22)]
fn a_killed_rerun_with_other_data_starts_one_pipeline_more(#[case] zipped: bool, #[case] seed: u64) {
    let lab = Lab::new();
    let source = lab.source();
    let job = lab.piped(lab.described(bare()));
    let job = if zipped { job.zip("SPIM", &source) } else { job.copy("SPIM", &source) };
    lab.run(&job, &[]).ends(0);
    let job = job.with("force_cloud_sync", "true");
    let mut seeds = Seed::new(asked("ADT_SEED", seed));
    let (mut kills, mut rounds) = (0, 0);
    while kills < asked("ADT_KILLS", 4) {
        rounds += 1;
        let span = |seeds: &mut Seed| Duration::from_millis(seeds.below(120));
        lab.ocean.always(Run::accept().before(span(&mut seeds)).after(span(&mut seeds)));
        fs::write(source.join("more.txt"), format!("round {rounds}")).unwrap();
        let plan = KillLoop {
            earliest: Duration::from_millis(50),
            latest: Duration::from_millis(350),
            seed: seeds.bits(),
            cap: 4,
        };
        let killed = plan.run(|| lab.quiet(&job)).unwrap();
        decided(&lab, &job, killed.last.code(), lab.ocean.accepted().len() > rounds);
        kills += u64::from(killed.kills);
        lab.run(&job, &[]).ends(0);
        let seed = asked("ADT_SEED", seed);
        assert_eq!(lab.ocean.accepted().len(), 1 + rounds, "round {rounds} (seed {seed}), {killed:?}");
    }
    let about = format!("in {rounds} rounds, {} orders", lab.orders());
    tell(&format!("a_killed_rerun_with_other_data_starts_one_pipeline_more, {about}"), kills);
}

/// A run that was killed between its claim and its order leaves the outcome unknown: it ends with 1, and a person who sees that nothing
/// runs says so.
#[track_caller]
fn decided(lab: &Lab, job: &Job, code: Option<i32>, is_started: bool) {
    if code != Some(0) {
        assert_eq!(code, Some(1));
        assert!(!is_started, "what runs is found");
        lab.run(job, &["--request-timeout", "1s"]).ends(1).says("unknown whether the pipeline was started");
        lab.run(job, &["--request-timeout", "1s", "--retrigger"]).ends(0);
    }
}

/// Kills the first run of an asset, at a moment between the end of its data and the end of everything.
fn kill_once(lab: &Lab, job: &Job, name: &str, seeds: &mut Seed, hits: &mut Hits) {
    let asset = lab.asset_of(name);
    let (orders, accepted) = (lab.orders(), lab.ocean.accepted().len());
    let (anchor, span) = match seeds.below(3) {
        0 => ("SPIM/raw_spim.zip", 60),
        1 => (RECORD, 30),
        _ => (RECORD, 400),
    };
    let mut child = lab.quiet(job).spawn().unwrap();
    while !asset.join(anchor).exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(seeds.below(span)));
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    let (ordered, heard) = (lab.orders() > orders, lab.ocean.accepted().len() > accepted);
    let hit = match (ended, asset.join(RECORD).exists(), ordered, heard) {
        (true, ..) => return,
        (_, false, ..) => &mut hits.before_the_record,
        (_, _, false, _) => &mut hits.before_the_order,
        (_, _, _, false) => &mut hits.order_on_its_way,
        _ => &mut hits.answer_on_its_way,
    };
    *hit += 1;
}

/// Hands on each request as a whole, also when nobody waits for the answer any more, as gateways do.
struct Gateway {
    url: String,
}

impl Gateway {
    fn before(server: &str) -> Self {
        let server = server.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || hand_on(client, &server));
            }
        });
        Self { url }
    }
}

/// One request on each connection.
fn hand_on(mut client: TcpStream, server: &str) -> Option<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        match client.read(&mut buffer).ok()? {
            0 => return None,
            n => request.extend_from_slice(&buffer[..n]),
        }
    }
    let line = request.windows(2).position(|w| w == b"\r\n")? + 2;
    let mut answered = TcpStream::connect(server).ok()?;
    for piece in [&request[..line], b"connection: close\r\n", &request[line..]] {
        answered.write_all(piece).ok()?;
    }
    std::io::copy(&mut answered, &mut client).ok().map(drop)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    request.len() >= head + 4 + length.unwrap_or(0)
}

/// What Code Ocean makes of the first orders, and how many orders it takes; in the end one pipeline runs.
#[rstest]
#[case::started_and_reset(vec![Run::accept_then(Reply::reset())], 1)]
#[case::started_and_broken(vec![Run::accept_then(Reply::json(500, "{}"))], 1)]
#[case::started_and_a_page(vec![Run::accept_then(Reply::html(502))], 1)]
#[case::started_and_silent(vec![Run::accept_then(Reply::hang())], 1)]
#[case::started_and_no_json(vec![Run::accept_then(Reply::html(200))], 1)]
#[case::busy(vec![Run::refuse(Reply::json(429, "{}"))], 2)]
#[case::put_off(vec![Run::refuse(Reply::json(503, "{}").header("retry-after", "0"))], 2)]
fn an_answer_that_is_lost_starts_nothing_twice(#[case] runs: Vec<Run>, #[case] orders: usize) {
    let lab = Lab::new();
    lab.ocean.next(runs);
    lab.run(lab.job(), &["--request-timeout", "1s", "--retry-time", "10s"]).ends(0).says("computation-1");
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (orders, 1));
    let before = lab.stored(NAME);
    lab.run(lab.job(), &[]).ends(0).says("skipped");
    assert_eq!((lab.orders(), lab.stored(NAME)), (orders, before));
}

/// Whether the order arrived cannot be told from such an answer, nor from a list without it: a person decides.
#[rstest]
#[case::broken(Reply::json(500, r#"{"message":"no space"}"#), "500")]
#[case::a_page_of_a_gateway(Reply::html(502), "502")]
#[case::reset(Reply::reset(), "broke off")]
#[case::no_computation(Reply::html(200), "names no computation")]
fn an_answer_that_says_nothing_is_never_followed_by_a_second_order(#[case] reply: Reply, #[case] told: &str) {
    let lab = Lab::new();
    lab.ocean.always(Run::refuse(reply));
    let quickly = &["--request-timeout", "1s"];
    let look = format!("{}/api/v1/capsules/{CAPSULE}/computations", lab.ocean.url());
    let said = lab.run(lab.job(), quickly).ends(1).says("is complete").says(told);
    said.says("unknown whether the pipeline was started").says(&look).says("--retrigger");
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (1, 0));
    let before = lab.stored(NAME);
    lab.ocean.always(Run::accept());
    lab.run(lab.job(), quickly).ends(1).says("unknown whether the pipeline was started");
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (1, 0));
    lab.run(lab.job(), &["--request-timeout", "1s", "--retrigger"]).ends(0).says("computation-1");
    assert_eq!((lab.ocean.accepted().len(), lab.stored(NAME)), (1, before));
}

/// Where Code Ocean does not say what runs, nobody can know, and a person decides.
#[rstest]
#[case::no_such_list(Listing::Unavailable(405))]
#[case::not_made_yet(Listing::Unavailable(501))]
#[case::a_list_that_says_little(Listing::WithoutParameters)]
fn what_became_of_an_order_is_unknown_and_it_is_not_repeated(#[case] listing: Listing) {
    let lab = Lab::new();
    lab.ocean.list(listing);
    lab.ocean.next([Run::accept_then(Reply::reset())]);
    let quickly = &["--request-timeout", "1s"];
    let said = lab.run(lab.job(), quickly).ends(1);
    said.says("is complete").says("not repeated").says("--retrigger");
    let before = lab.stored(NAME);
    lab.run(lab.job(), quickly).ends(1).says("not repeated");
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (1, 1));
    lab.run(lab.job(), &["--request-timeout", "1s", "--retrigger"]).ends(0).says("computation-2");
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (2, 2));
    lab.run(lab.job(), &["--retrigger"]).ends(0).says("skipped");
    assert_eq!((lab.orders(), lab.stored(NAME)), (2, before));
}

/// The list comes back: then the truth is found, and nothing is repeated.
#[rstest]
#[case::refused(Listing::Unavailable(405))]
#[case::broken(Listing::Unavailable(500))]
fn what_became_of_an_order_is_found_by_a_later_run(#[case] listing: Listing) {
    let lab = Lab::new();
    lab.ocean.list(listing);
    lab.ocean.next([Run::accept_then(Reply::reset())]);
    lab.run(lab.job(), &["--request-timeout", "1s"]).ends(1).says("is complete");
    lab.ocean.list(Listing::Whole);
    lab.run(lab.job(), &[]).ends(0).says("computation-1");
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (1, 1));
}

#[rstest]
#[case::the_token_may_not_run(401, "the Code Ocean token is refused")]
#[case::the_token_may_only_look(403, "the Code Ocean token may not do this")]
#[case::the_capsule_is_gone(404, "there is no capsule")]
#[case::not_understood(400, "Code Ocean refuses")]
fn a_refused_order_is_sent_again_by_a_rerun_and_nothing_else_is(#[case] status: u16, #[case] told: &str) {
    let lab = Lab::new();
    lab.ocean.next([Run::refuse(Reply::json(status, r#"{"message":"no"}"#))]);
    let said = lab.run(lab.job(), &[]).ends(1);
    said.says("is complete, but its pipeline is not started").says(told);
    assert!(lab.asset().join(RECORD).is_file());
    let before = (lab.stored(NAME), fs::read(lab.asset().join(RECORD)).unwrap());
    lab.run(lab.job(), &[]).ends(0).says("computation-1");
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (2, 1));
    assert_eq!((lab.stored(NAME), fs::read(lab.asset().join(RECORD)).unwrap()), before);
}

#[rstest]
#[case::zipped(true)]
#[case::as_it_is(false)]
fn a_done_job_whose_list_gets_a_pipeline_later_only_starts_it(#[case] zipped: bool) {
    let lab = Lab::new();
    let plain = lab.described(bare());
    let plain = if zipped { plain.zip("SPIM", lab.source()) } else { plain.copy("SPIM", lab.source()) };
    lab.run(&plain, &[]).ends(0);
    let before = lab.stored(NAME);
    let piped = lab.piped(plain.clone());
    lab.run(&piped, &[]).ends(0).says("its pipeline was never started").says("computation-1");
    lab.run(&piped, &[]).ends(0).says("skipped");
    lab.run(&plain, &[]).ends(0).says("skipped");
    assert_eq!((lab.orders(), lab.stored(NAME)), (1, before));
}

#[test]
fn a_pipeline_that_a_parameter_brings_later_is_started_too() {
    let lab = Lab::new();
    let plain = lab.described(bare()).zip("SPIM", lab.source());
    lab.run(&plain, &[]).ends(0);
    let brought = serde_json::json!({
        "codeocean_domain": lab.ocean.url(), "codeocean_trigger_capsule_id": CAPSULE, "codeocean_api_token": TOKEN,
    });
    lab.aws.keep(ENDPOINTS, brought.to_string());
    let before = lab.stored(NAME);
    let piped = plain.with("aws_param_store_name", ENDPOINTS);
    lab.run(&piped, &[]).ends(0).says("its pipeline was never started").says("computation-1");
    let asked = lab.aws.asked();
    lab.run(&piped, &[]).ends(0).says("skipped");
    assert_eq!(lab.aws.asked(), asked, "nobody is asked for a job that is done");
    assert_eq!((lab.orders(), lab.stored(NAME)), (1, before));
}

#[rstest]
#[case::trigger_capsule("", "", r#""job_type\": \"SmartSPIM\""#)]
#[case::own_capsule("xyz-123", "", r#""job_type\": \"run_generic_pipeline\""#)]
#[case::version("", "3", r#""version": 3"#)]
fn a_dry_run_prints_the_request_and_starts_nothing(
    #[case] own: &str,
    #[case] version: &str,
    #[case] shown: &str,
) {
    let lab = Lab::new();
    let job = lab
        .job()
        .with("codeocean_process_capsule_id", own)
        .with("codeocean_trigger_capsule_version", version);
    for json in [false, true] {
        let said = lab.run(&job, if json { &["--dry-run", "--json"] } else { &["--dry-run"] }).ends(0);
        let words = if json {
            said.events("note").iter().map(|event| event["text"].as_str().unwrap().to_owned()).collect()
        } else {
            said.stderr.clone()
        };
        for wanted in
            [format!("{}/api/v1/computations", lab.ocean.url()), format!(r#""capsule_id": "{CAPSULE}""#)]
        {
            assert!(words.contains(&wanted), "{wanted}: {said:#?}");
        }
        assert!(words.contains(shown.trim_start_matches('"')), "{shown}: {said:#?}");
        assert!(!said.stderr.contains(TOKEN) && !said.stdout.contains(TOKEN), "{said:#?}");
    }
    assert_eq!((lab.orders(), writes(&lab.desk.tally())), (0, 0));
}

#[rstest]
#[case::zipped(true)]
#[case::as_it_is(false)]
fn a_forced_rerun_starts_a_pipeline_for_new_data_only(#[case] zipped: bool) {
    let lab = Lab::new();
    let source = lab.source();
    let job = lab.piped(lab.described(bare()));
    let job: Job = if zipped { job.zip("SPIM", &source) } else { job.copy("SPIM", &source) };
    let force = &["--force-cloud-sync"];
    lab.run(&job, &[]).ends(0);
    lab.run(&job, force).ends(0);
    assert_eq!(lab.ocean.accepted().len(), 1, "nothing has changed");
    fs::write(source.join("more.txt"), "one more file").unwrap();
    lab.run(&job, force).ends(0).says("computation-2");
    assert_eq!(lab.ocean.accepted().len(), 2, "the data has changed");
    lab.run(&job, force).ends(0);
    lab.run(&job, &[]).ends(0).says("skipped");
    assert_eq!(lab.ocean.accepted().len(), 2, "nothing has changed since");
}

/// Interrupted while the order is on its way: what became of it is asked by the next run.
#[cfg(unix)]
#[test]
fn an_interrupted_order_is_not_repeated() {
    let lab = Lab::new();
    lab.ocean.next([Run::accept().after(Duration::from_millis(800))]);
    let mut command = lab.command("run", lab.job(), &[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the order is heard", || lab.ocean.accepted().len() == 1);
    for _ in 0..2 {
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(50));
    }
    Said::from(child.wait_with_output().unwrap()).ends(130);
    lab.run(lab.job(), &[]).ends(0);
    assert_eq!((lab.orders(), lab.ocean.accepted().len()), (1, 1));
}

/// People delete raw data when they read that the asset is complete.
#[rstest]
#[case::after_a_refused_order(true)]
#[case::of_a_done_job_whose_list_gets_one_later(false)]
fn a_pipeline_is_started_although_the_source_is_gone(#[case] refused: bool) {
    let lab = Lab::new();
    if refused {
        lab.ocean.next([Run::refuse(Reply::json(401, r#"{"message":"no"}"#))]);
        lab.run(lab.job(), &[]).ends(1);
    } else {
        lab.run(lab.described(bare().zip("SPIM", lab.source())), &[]).ends(0);
    }
    let source = lab.source();
    let job = lab.piped(lab.described(bare().zip("SPIM", &source)));
    fs::remove_dir_all(&source).unwrap();
    let before = lab.stored(NAME);
    lab.run(&job, &[]).ends(0).says("its source is gone").says("computation-1");
    lab.run(&job, &[]).ends(0).says("skipped");
    assert_eq!((lab.stored(NAME), lab.ocean.accepted().len()), (before, 1));
}

#[test]
fn what_is_asked_of_a_pipeline_that_runs_already_is_told_and_not_done() {
    let lab = Lab::new();
    lab.run(lab.job(), &[]).ends(0);
    lab.run(lab.job().with("codeocean_trigger_capsule_id", "other"), &[]).ends(0).says("not started again");
    lab.run(lab.job(), &["--retrigger"]).ends(0).says("`--retrigger` is for one of which that is not known");
    assert_eq!(lab.orders(), 1);
}

/// Code Ocean started it, and answers nothing more: what it does is not known, and a person decides.
#[test]
fn retrigger_helps_where_nothing_answers() {
    let lab = Lab::new();
    lab.ocean.next([Run::accept_then(Reply::reset())]);
    lab.ocean.list(Listing::Unavailable(500));
    let quick = ["--request-timeout", "1s", "--retry-time", "1s"];
    lab.run(lab.job(), &quick).ends(1).says("whether its pipeline is started is not known");
    lab.run(lab.job(), &quick).ends(1).says("whether its pipeline is started is not known");
    assert_eq!(lab.ocean.accepted().len(), 1);
    lab.run(lab.job(), &[&quick[..], &["--retrigger"]].concat()).ends(0).says("computation-2");
}
