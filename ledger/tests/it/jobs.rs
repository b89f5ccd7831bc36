use adt_ledger::{HistoryFilter, JobState, Resumed};
use adt_model::{Class, Fault, JobEnd, Moved, Plan};
use rstest::rstest;

use crate::{asset, at, begin, desk, object, plan};

fn moved(bytes_sent: u64) -> Moved {
    Moved { bytes_read: 2 * bytes_sent, bytes_sent, objects_sent: 3, objects_kept: 4, ..Moved::default() }
}

#[rstest]
#[case(JobEnd::Done, JobState::Done)]
#[case(JobEnd::Skipped, JobState::Done)]
#[case(JobEnd::Failed, JobState::Failed)]
#[case(JobEnd::Interrupted, JobState::Interrupted)]
fn an_end_decides_how_a_job_stands(#[case] end: JobEnd, #[case] state: JobState) {
    let desk = desk();
    assert_eq!(desk.ledger.job(&asset("a")).unwrap().unwrap().state, JobState::Begun);
    desk.ledger.end_job(desk.job, desk.run, at(9), end, &moved(0), None).unwrap();
    let job = desk.ledger.job(&asset("a")).unwrap().unwrap();
    assert_eq!((job.state, job.ended_at, job.begun_at), (state, Some(at(9)), at(1)));
    assert_eq!(serde_json::from_str::<Plan>(&job.plan).unwrap(), plan("a"));
}

#[test]
fn a_job_is_its_assets_location() {
    let desk = desk();
    let run = desk.ledger.begin_run(at(20), "again", "0.1.0").unwrap();
    let again = desk.ledger.begin_job(run, &plan("a"), "f2", at(21)).unwrap();
    assert_eq!(again, (desk.job, Resumed(true)));
    assert_eq!(desk.ledger.job(&asset("a")).unwrap().unwrap().fingerprint, "f2");
    let other = desk.ledger.begin_job(run, &plan("b"), "f2", at(21)).unwrap();
    assert_ne!(other.0, desk.job);
    assert_eq!(other.1, Resumed(false));
    assert_eq!(desk.ledger.job(&asset("c")).unwrap(), None);
}

#[test]
fn a_dry_run_leaves_a_job_in_earnest_as_it_stands() {
    let desk = desk();
    desk.ledger.end_job(desk.job, desk.run, at(9), JobEnd::Done, &moved(0), None).unwrap();
    let before = desk.ledger.job(&asset("a")).unwrap();
    let dry = Plan { dry_run: true, ..plan("a") };
    for end in [JobEnd::Rehearsed, JobEnd::Failed, JobEnd::Interrupted] {
        let run = desk.ledger.begin_run(at(20), "dry", "0.1.0").unwrap();
        desk.ledger.begin_job(run, &dry, "other", at(21)).unwrap();
        desk.ledger.end_job(desk.job, run, at(22), end, &moved(0), None).unwrap();
        assert_eq!(desk.ledger.job(&asset("a")).unwrap(), before);
    }
}

#[test]
fn a_rehearsal_begins_nothing_in_earnest() {
    let desk = desk();
    let (run, job) = begin(&desk.ledger, &Plan { dry_run: true, ..plan("b") });
    desk.ledger.end_job(job, run, at(3), JobEnd::Rehearsed, &moved(0), None).unwrap();
    assert_eq!(desk.ledger.job(&asset("b")).unwrap().unwrap().state, JobState::Rehearsed);
    let run = desk.ledger.begin_run(at(4), "real", "0.1.0").unwrap();
    assert_eq!(desk.ledger.begin_job(run, &plan("b"), "f", at(5)).unwrap(), (job, Resumed(false)));
    assert_eq!(desk.ledger.job(&asset("b")).unwrap().unwrap().state, JobState::Begun);
}

#[test]
fn a_temporary_folder_is_known_until_it_is_gone() {
    let desk = desk();
    let building = || desk.ledger.building(desk.job).unwrap();
    assert_eq!(building(), None);
    desk.ledger.set_building(desk.job, "/tmp/x".into()).unwrap();
    assert_eq!(building(), Some("/tmp/x".into()));
    assert_eq!(desk.ledger.job(&asset("a")).unwrap().unwrap().building, Some("/tmp/x".into()));
    desk.ledger.clear_building(desk.job).unwrap();
    assert_eq!(building(), None);
}

#[test]
fn a_step_was_begun_by_the_first_attempt_that_was_killed() {
    let desk = desk();
    let ledger = &desk.ledger;
    let begun = || ledger.step_begun(desk.job, "copy SPIM").unwrap();
    let attempt = |seconds| {
        let run = ledger.begin_run(at(seconds), "adt run", "0.1.0").unwrap();
        ledger.begin_job(run, &plan("a"), "f1", at(seconds)).unwrap();
        ledger.begin_step(desk.job, run, "copy SPIM", at(seconds)).unwrap();
        run
    };
    assert_eq!(begun(), None);
    let failed = attempt(10);
    let fault = Fault::new(Class::Refused, "cannot put `k`");
    ledger.end_step(desk.job, failed, "copy SPIM", at(11), Err(&fault)).unwrap();
    assert_eq!(begun(), None);
    attempt(20);
    let done = attempt(30);
    assert_eq!(begun(), Some(at(20)));
    ledger.end_step(desk.job, done, "copy SPIM", at(31), Ok(&serde_json::json!({}))).unwrap();
    assert_eq!(begun(), None);
}

#[test]
fn history_tells_what_ran_how_fast_and_why_it_failed() {
    let desk = desk();
    let ledger = &desk.ledger;
    let fault = Fault::new(Class::Refused, "cannot put `k`")
        .because(std::io::Error::other("no space"))
        .help("free some");
    ledger.begin_step(desk.job, desk.run, "copy SPIM", at(2)).unwrap();
    ledger.end_step(desk.job, desk.run, "copy SPIM", at(4), Err(&fault)).unwrap();
    ledger.end_job(desk.job, desk.run, at(5), JobEnd::Failed, &moved(4000), Some(&fault)).unwrap();
    assert_eq!(ledger.step_done(desk.job, "copy SPIM").unwrap(), None);

    let [failed] = &ledger.failures().unwrap()[..] else { panic!("one job failed") };
    let attempt = &failed.attempts[0];
    assert_eq!(
        (attempt.seconds, attempt.bytes_per_second, attempt.moved),
        (Some(4.0), Some(1000.0), moved(4000))
    );
    let why = attempt.fault.as_ref().unwrap();
    assert_eq!((why.class, why.line.as_str()), (Class::Refused, "cannot put `k`: no space"));
    assert_eq!(attempt.steps[0].fault.as_ref(), Some(why));
    assert_eq!(ledger.command(attempt.run).unwrap().as_deref(), Some("adt upload jobs.csv"));

    let run = ledger.begin_run(at(50), "again", "0.1.0").unwrap();
    ledger.begin_job(run, &plan("a"), "f1", at(51)).unwrap();
    let account = serde_json::json!({"bytes": 12});
    ledger.begin_step(desk.job, run, "copy SPIM", at(52)).unwrap();
    ledger.end_step(desk.job, run, "copy SPIM", at(53), Ok(&account)).unwrap();
    ledger.confirmed(desk.job, object("k", 12, None)).unwrap();
    ledger.end_job(desk.job, run, at(54), JobEnd::Done, &moved(12), None).unwrap();
    ledger.end_run(run, at(55), 0).unwrap();
    assert_eq!(ledger.step_done(desk.job, "copy SPIM").unwrap().unwrap().outcome, Some(account));
    assert_eq!(ledger.failures().unwrap(), []);
    let [done] = &ledger.history(&HistoryFilter::default()).unwrap()[..] else { panic!("one job") };
    assert_eq!((done.objects, done.bytes, done.attempts.len()), (Some(1), Some(12), 2));
    assert_eq!(done.attempts[1].end, Some(JobEnd::Done));
}

#[rstest]
#[case::all(HistoryFilter::default(), &["c", "b", "a"])]
#[case::newest(HistoryFilter { limit: Some(1), ..HistoryFilter::default() }, &["c"])]
#[case::by_location(HistoryFilter { name: Some("BUCKET/B".into()), ..HistoryFilter::default() }, &["b"])]
#[case::by_state(HistoryFilter { state: Some(JobState::Done), ..HistoryFilter::default() }, &["b"])]
#[case::since(HistoryFilter { since: Some(at(2)), ..HistoryFilter::default() }, &[])]
fn history_is_filtered(#[case] filter: HistoryFilter, #[case] names: &[&str]) {
    let desk = desk();
    let (run, job) = begin(&desk.ledger, &plan("b"));
    desk.ledger.end_job(job, run, at(9), JobEnd::Done, &moved(0), None).unwrap();
    begin(&desk.ledger, &plan("c"));
    let found: Vec<_> = desk.ledger.history(&filter).unwrap().into_iter().map(|row| row.name).collect();
    assert_eq!(found, names);
}

#[test]
fn a_person_can_read_it_with_plain_sql() {
    let desk = desk();
    let fault = Fault::new(Class::Missing, "no such bucket");
    desk.ledger.end_job(desk.job, desk.run, at(3), JobEnd::Failed, &moved(10), Some(&fault)).unwrap();
    let connection = rusqlite::Connection::open(desk.ledger.path()).unwrap();
    let line: (String, String, f64, i64) = connection
        .query_row("SELECT name, started_at, seconds, bytes_per_second FROM history", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(line, ("a".into(), "2027-01-15T08:00:01.123456789Z".into(), 2.0, 5));
    let why: String = connection.query_row("SELECT fault FROM failures", [], |row| row.get(0)).unwrap();
    assert_eq!(why, "no such bucket");
    let left: i64 = connection.query_row("SELECT count(*) FROM progress", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[test]
fn an_attempt_that_is_refused_leaves_what_stood_as_it_stood() {
    let desk = desk();
    let ledger = &desk.ledger;
    let fault = Fault::new(Class::Conflict, "exists already").help("choose another name");
    ledger.end_job(desk.job, desk.run, at(9), JobEnd::Done, &moved(0), None).unwrap();
    let before = ledger.job(&asset("a")).unwrap();
    let run = ledger.begin_run(at(20), "again", "0.1.0").unwrap();
    ledger.refuse_job(run, &asset("a"), "a", at(21), &fault).unwrap();
    ledger.refuse_job(run, &asset("new"), "new", at(21), &fault).unwrap();

    assert_eq!(ledger.job(&asset("a")).unwrap(), before);
    let new = ledger.job(&asset("new")).unwrap().unwrap();
    assert_eq!((new.state, new.state.is_begun()), (JobState::Refused, false));
    let mut failed: Vec<_> = ledger.failures().unwrap().into_iter().map(|row| row.name).collect();
    failed.sort();
    assert_eq!(failed, ["a", "new"]);
    let run = ledger.begin_run(at(30), "forced", "0.1.0").unwrap();
    assert_eq!(ledger.begin_job(run, &plan("new"), "f", at(31)).unwrap(), (new.id, Resumed(false)));
}
