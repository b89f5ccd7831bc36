use adt_model::Idle;
use adt_testkit::open_ephys::{Gui, StreamSpec, npy, recording};
use camino::Utf8Path;
use rstest::rstest;

use super::*;
use crate::{folder::Rules, open_ephys::Session};

const FRAMES: u64 = 10;
const RATE: f64 = 1000.0;
const NAME: &str = "Rig-100.A";

/// The clock of a recording of ten frames with these vectors in its time files.
fn clock(numbers: Option<&[i64]>, seconds: Option<&[f64]>) -> Clock {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let spec = StreamSpec { sample_rate: RATE, ..StreamSpec::probe(NAME, 3, FRAMES) };
    let made = recording(root, "Record Node 101", (1, 1), Gui::V06, &[spec]).unwrap();
    let file = |name: &str| made.join("continuous").join(NAME).join(name);
    match numbers {
        Some(numbers) => {
            let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
            npy(&file("sample_numbers.npy"), "<i8", numbers.len() as u64, &bytes).unwrap();
        }
        None => std::fs::remove_file(file("sample_numbers.npy")).unwrap(),
    }
    match seconds {
        Some(seconds) => {
            let bytes: Vec<u8> = seconds.iter().flat_map(|n| n.to_le_bytes()).collect();
            npy(&file("timestamps.npy"), "<f8", seconds.len() as u64, &bytes).unwrap();
        }
        None => std::fs::remove_file(file("timestamps.npy")).unwrap(),
    }
    let session = Session::open(root, &Rules::default(), &Idle).unwrap();
    session.streams().next().unwrap().segments[0].clock(RATE, &Idle).unwrap()
}

fn numbers(edit: impl FnOnce(&mut Vec<i64>)) -> Vec<i64> {
    let mut numbers = (500..510).collect();
    edit(&mut numbers);
    numbers
}

fn seconds(edit: impl FnOnce(&mut Vec<f64>)) -> Vec<f64> {
    let mut seconds = (0..10).map(|n| 2.0 + f64::from(n) / RATE).collect();
    edit(&mut seconds);
    seconds
}

fn said(clock: &Clock) -> String {
    clock.findings.iter().map(|finding| finding.what.as_str()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn good_vectors_give_the_seconds_and_no_word() {
    let clock = clock(Some(&numbers(|_| {})), Some(&seconds(|_| {})));
    let expected = Clock { times: TimeSource::Seconds, numbers: Counting::From(500), findings: Vec::new() };
    assert_eq!(clock, expected);
}

/// What is wrong with the counter alone. `times` is what would be taken without seconds.
#[rstest]
#[case::one_gap(numbers(|n| n[6..].iter_mut().for_each(|n| *n += 3)), Counting::Each, TimeSource::Counter,
    "1 gap (3 sample numbers missing) at frame 6 (505, then 509)")]
#[case::two_gaps(numbers(|n| { n[4..].iter_mut().for_each(|n| *n += 1); n[8] += 1; n[9] += 1; }), Counting::Each, TimeSource::Counter,
    "2 gaps (2 sample numbers missing), the first at frame 4 (503, then 505)")]
#[case::one_is_missing(numbers(|n| n[9] += 1), Counting::Each, TimeSource::Counter,
    "1 gap (1 sample number missing) at frame 9 (508, then 510)")]
#[case::a_gap_and_a_repeat_that_cancel(numbers(|n| { n[3] = 502; n[8] = 509; }), Counting::Each, TimeSource::Start { seconds: 0.5 },
    "2 gaps (2 sample numbers missing), the first at frame 4 (502, then 504); 2 repeated sample numbers, the first at frame 3 (502, then 502)")]
#[case::starts_again(numbers(|n| n[6..].iter_mut().for_each(|n| *n -= 506)), Counting::Each, TimeSource::Start { seconds: 0.5 },
    "1 step back at frame 6 (505, then 0)")]
#[case::one_is_swapped(numbers(|n| n.swap(4, 5)), Counting::Each, TimeSource::Start { seconds: 0.5 },
    "2 gaps (2 sample numbers missing), the first at frame 4 (503, then 505); 1 step back at frame 5 (505, then 504)")]
#[case::all_the_same(vec![17; 10], Counting::Each, TimeSource::Unknown, "all 10 sample numbers are 17")]
#[case::all_minus_one(vec![-1; 10], Counting::Each, TimeSource::Unknown, "all 10 sample numbers are -1")]
#[case::below_zero((-3..7).collect(), Counting::From(-3), TimeSource::Unknown, "3 sample numbers below 0, the first at frame 0 (-3)")]
#[case::leaps_to_the_end(numbers(|n| n[9] = i64::MAX), Counting::Each, TimeSource::Counter, "1 gap (9223372036854775298 sample numbers")]
#[case::from_end_to_end(numbers(|n| { n[8] = i64::MIN; n[9] = i64::MAX; }), Counting::Each, TimeSource::Start { seconds: 0.5 },
    "1 step back at frame 8 (507, then -9223372036854775808)")]
#[case::too_few(numbers(|n| n.truncate(7)), Counting::From(500), TimeSource::Start { seconds: 0.5 }, "")]
#[case::too_few_of_two_runs(numbers(|n| { n.truncate(7); n[5] = 0; n[6] = 1; }), Counting::Unknown, TimeSource::Start { seconds: 0.5 },
    "1 step back at value 5 (504, then 0)")]
#[case::frames_of_a_gap_are_in_the_file(vec![500, 501, 505, 506, 507, 508, 509], Counting::From(500), TimeSource::Start { seconds: 0.5 },
    "1 gap (3 sample numbers missing) at value 2 (501, then 505)")]
#[case::none(vec![], Counting::Unknown, TimeSource::Unknown, "")]
fn counters(
    #[case] numbers: Vec<i64>,
    #[case] counting: Counting,
    #[case] times: TimeSource,
    #[case] what: &str,
) {
    let alone = clock(Some(&numbers), None);
    assert_eq!((alone.numbers, alone.times), (counting, times), "{alone:?}");
    assert!(said(&alone).contains(what), "{alone:?}");
    assert_eq!(alone.findings.is_empty(), what.is_empty() && times != TimeSource::Unknown, "{alone:?}");
    // Good seconds are the times whatever the counter says.
    let both = clock(Some(&numbers), Some(&seconds(|_| {})));
    assert_eq!((both.numbers, both.times), (counting, TimeSource::Seconds));
    assert!(said(&both).contains(what), "{both:?}");
}

/// What is wrong with the seconds. `usable`: they are the times all the same.
#[rstest]
#[case::back(seconds(|s| s[5] = 2.0), false, "1 step back at frame 5 (2.004, then 2)")]
#[case::repeated(seconds(|s| s[5] = s[4]), false, "1 repeated value at frame 5 (2.004, then 2.004)")]
#[case::not_a_number(seconds(|s| s[3] = f64::NAN), false, "1 value that is not a number at frame 3 (2.002, then NaN)")]
#[case::infinite(seconds(|s| s[9] = f64::INFINITY), false, "1 value that is not a number at frame 9 (2.008, then inf)")]
#[case::nothing_but_nan(vec![f64::NAN; 10], false, "10 values that are not numbers, the first at frame 0 (NaN)")]
#[case::unsynchronised(vec![-1.0; 10], false, "all 10 values are -1: the stream was not synchronised")]
#[case::synchronised_late(seconds(|s| s[..4].fill(-1.0)), false, "4 values of -1 (not synchronised), the first at frame 0 (-1)")]
#[case::lost_once(seconds(|s| s[4] = -1.0), false, "1 value of -1 (not synchronised) at frame 4 (2.003, then -1)")]
#[case::first_alone(seconds(|s| s[0] = -1.0), false, "1 value of -1 (not synchronised) at frame 0 (-1)")]
#[case::constant(vec![2.5; 10], false, "all 10 values are 2.5 s")]
#[case::counts(seconds(|s| s.iter_mut().for_each(|s| *s *= RATE)), false, "most of its steps are not the 0.001 s of one sample")]
#[case::too_few(seconds(|s| s.truncate(7)), false, "times start at 0.5 s")]
#[case::leap(seconds(|s| s[6..].iter_mut().for_each(|s| *s += 0.5)), true, "1 leap of up to 0.501")]
#[case::through_minus_one((0..10).map(|n| f64::from(n) / RATE - 1.003).collect(), true, "")]
#[case::from_minus_one((0..10).map(|n| f64::from(n) / RATE - 1.0).collect(), true, "")]
#[case::below_zero((0..10).map(|n| f64::from(n) / RATE - 0.25).collect(), true, "")]
#[case::jitter(seconds(|s| s[6] += 0.0004), true, "")]
fn seconds_are_times_or_not(#[case] seconds: Vec<f64>, #[case] usable: bool, #[case] what: &str) {
    let found = clock(Some(&numbers(|_| {})), Some(&seconds));
    let times = if usable { TimeSource::Seconds } else { TimeSource::Start { seconds: 0.5 } };
    assert_eq!((found.numbers, found.times), (Counting::From(500), times), "{found:?}");
    assert!(said(&found).contains(what), "{found:?}");
    let verdict =
        if usable { "used as times all the same" } else { "times start at 0.5 s and follow the sample rate" };
    assert!(what.is_empty() || said(&found).ends_with(verdict), "{found:?}");
}

#[test]
fn a_counter_with_gaps_is_better_than_seconds_that_are_not_times() {
    let gap = numbers(|n| n[6..].iter_mut().for_each(|n| *n += 3));
    let found = clock(Some(&gap), Some(&[-1.0; 10]));
    assert_eq!(found.times, TimeSource::Counter);
    assert_eq!(
        said(&found),
        "1 gap (3 sample numbers missing) at frame 6 (505, then 509) | all 10 values are -1: the stream was not \
         synchronised; times are the sample numbers divided by the sample rate"
    );
}

#[rstest]
#[case::no_files(None, TimeSource::Unknown)]
#[case::too_few(Some(seconds(|s| s.truncate(7))), TimeSource::Start { seconds: 2.0 })]
#[case::back(Some(seconds(|s| s[5] = 2.0)), TimeSource::Start { seconds: 2.0 })]
#[case::synchronised_late(Some(seconds(|s| s[..4].fill(-1.0))), TimeSource::Unknown)]
#[case::constant(Some(vec![2.5; 10]), TimeSource::Unknown)]
#[case::good(Some(seconds(|_| {})), TimeSource::Seconds)]
fn without_a_counter(#[case] seconds: Option<Vec<f64>>, #[case] times: TimeSource) {
    assert_eq!(clock(None, seconds.as_deref()).times, times);
    assert_eq!(clock(Some(&[-1; 10]), seconds.as_deref()).times, times);
}
