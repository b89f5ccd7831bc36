//! Foreign bytes in great numbers, given to what reads them: nothing may panic, and no few bytes may take much memory.
//!
//! The inputs are made from good ones by chance, the same in every run. `cargo test` tries a few thousand of each target;
//! `ADT_FUZZ_ROUNDS=10000000 cargo test --release -p <crate> fuzz -- --test-threads=1` tries ten millions.

use std::{env, fmt::Write as _, fs, hint::black_box, process::Command, time::Instant};

use crate::Seed;

/// How many inputs each target is given.
const ROUNDS: &str = "ADT_FUZZ_ROUNDS";

/// Set where this process is the one whose memory is watched.
const ALONE: &str = "ADT_FUZZ_ALONE";

/// Gives a target its inputs. `test` is the path of the test that calls, `module::name`, as the test program knows it.
///
/// The rounds run in a process of their own, the test program once more with nothing but this test. All it asks the system for
/// counts, touched or not: its address space must never grow by more than `room` bytes, so no round may allocate more (Linux only;
/// elsewhere only panics are found). `once` says whether the input was taken for a good one; one in a hundred must be, lest the
/// inputs test nothing but the first line of a parser.
pub fn fuzz(test: &str, room: u64, mut once: impl FnMut(&mut Seed) -> bool) {
    if env::var_os(ALONE).is_none() {
        return alone(test);
    }
    let rounds = env::var(ROUNDS).ok().and_then(|text| text.parse().ok()).unwrap_or(3000);
    // What was taken and given back before must not hide what is taken now, so as much is taken again.
    let ballast = memory("VmPeak:").zip(memory("VmSize:")).map_or(0, |(peak, size)| peak - size);
    let ballast = black_box(Vec::<u8>::with_capacity(ballast as usize));
    let (start, before) = (Instant::now(), memory("VmPeak:"));
    let mut taken = 0;
    for number in 0..rounds {
        let round = Round { number };
        taken += u64::from(once(&mut Seed::new(number)));
        drop(round);
    }
    let grown = memory("VmPeak:").zip(before).map_or(0, |(after, before)| after - before);
    drop(ballast);
    report(test, rounds, taken, grown, start);
    assert!(grown <= room, "{test}: {grown} bytes were taken at once, more than {room}");
    assert!(taken >= rounds / 100, "{test}: only {taken} of {rounds} inputs went through");
}

/// Runs one test of this program in another process.
fn alone(test: &str) {
    let program = env::current_exe().expect("a running test has a program");
    let arguments = ["--exact", test, "--test-threads=1", "--nocapture"];
    let out = Command::new(program).args(arguments).env(ALONE, "1").output().expect("it can run again");
    let mut words = String::from_utf8_lossy(&out.stdout).into_owned();
    let _ = write!(words, "{}", String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{test}: {}\n{words}", out.status);
    assert!(words.contains("1 passed"), "there is no test `{test}` in this program:\n{words}");
    said(words.lines().filter(|line| line.starts_with("fuzz ")));
}

/// Names the round in which something panicked.
struct Round {
    number: u64,
}

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            said([format!("fuzz: it was round {}", self.number).as_str()]);
        }
    }
}

fn report(test: &str, rounds: u64, taken: u64, grown: u64, start: Instant) {
    let (share, seconds) = (taken * 100 / rounds.max(1), start.elapsed().as_secs_f64());
    let grown = grown as f64 / 1e6;
    let line =
        format!("fuzz {test}: {rounds} inputs, {share} % taken, {grown:.1} MB at most, {seconds:.0} s");
    // The test program's own words may stand at the beginning of the line.
    said(["", line.as_str()]);
}

#[expect(clippy::print_stdout, reason = "a test's words are kept back unless they are wanted")]
fn said<'a>(lines: impl IntoIterator<Item = &'a str>) {
    for line in lines {
        println!("{line}");
    }
}

/// A size of this process's address space, bytes: as it is (`VmSize:`), or as it ever was (`VmPeak:`); nothing where the system
/// does not tell.
fn memory(which: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(which))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Good inputs, and what is made of them.
#[derive(Debug)]
pub struct Corpus {
    good: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Corpus {
    /// Of at least one input.
    pub fn new(good: Vec<Vec<u8>>) -> Self {
        assert!(!good.is_empty(), "nothing to begin with");
        Self { good, words: Vec::new() }
    }

    /// The same, with pieces that mean something to the parser.
    #[must_use]
    pub fn with_words<T: AsRef<[u8]>>(mut self, words: &[T]) -> Self {
        self.words.extend(words.iter().map(|word| word.as_ref().to_vec()));
        self
    }

    /// One of the good inputs with one change, or up to four; one in a hundred is noise from end to end.
    pub fn changed(&self, seed: &mut Seed) -> Vec<u8> {
        let mut bytes = one_of(&self.good, seed).clone();
        if seed.below(100) == 0 {
            bytes.truncate(seed.below(300) as usize);
            seed.fill(&mut bytes);
        }
        let more = if seed.below(2) == 0 { 0 } else { seed.below(4) };
        for _ in 0..=more {
            self.change(&mut bytes, seed);
        }
        bytes
    }

    fn change(&self, bytes: &mut Vec<u8>, seed: &mut Seed) {
        let at = seed.below(bytes.len() as u64 + 1) as usize;
        let end = (at + 1 + seed.below(64) as usize).min(bytes.len());
        match seed.below(9) {
            0 => over(bytes, at, &[seed.bits() as u8]),
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << seed.below(8);
                }
            }
            2 if seed.below(3) == 0 => bytes.truncate(at),
            2 | 3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                let to = seed.below(bytes.len() as u64 + 1) as usize;
                bytes.splice(to..to, copy);
            }
            5 => {
                let other = one_of(&self.good, seed);
                let from = seed.below(other.len() as u64) as usize;
                let until = (from + 1 + seed.below(200) as usize).min(other.len());
                bytes.splice(at..end, other[from..until].iter().copied());
            }
            6 if !self.words.is_empty() => {
                let word = one_of(&self.words, seed);
                bytes.splice(at..at, word.iter().copied());
            }
            7 => digits(bytes, at, seed),
            _ => number(bytes, at, seed),
        }
    }
}

fn one_of<'a>(inputs: &'a [Vec<u8>], seed: &mut Seed) -> &'a Vec<u8> {
    &inputs[seed.below(inputs.len() as u64) as usize]
}

/// Another number in a field of a length or a count.
fn number(bytes: &mut [u8], at: usize, seed: &mut Seed) {
    let (value, width) = (telling(bytes.len() as u64, seed), 1 << seed.below(4));
    let value = if seed.below(4) == 0 { value.swap_bytes() >> (64 - 8 * width) } else { value };
    over(bytes, at, &value.to_le_bytes()[..width]);
}

/// Another number where one is written out.
fn digits(bytes: &mut Vec<u8>, at: usize, seed: &mut Seed) {
    let Some(from) = bytes[at..].iter().position(u8::is_ascii_digit) else { return };
    let from = at + from;
    let length = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = telling(bytes.len() as u64, seed);
    bytes.splice(from..from + length, value.to_string().into_bytes());
}

/// The ends of every width, what is small, and what is near the input's own length.
fn telling(length: u64, seed: &mut Seed) -> u64 {
    match seed.below(6) {
        0 => u64::MAX,
        1 => (1 << (7 + 8 * seed.below(8))) - seed.below(2),
        2 => 1 << seed.below(64),
        3 => seed.below(17),
        4 => (length + seed.below(9)).wrapping_sub(4),
        _ => seed.bits(),
    }
}

/// Writes over what is there, as far as there is something.
fn over(bytes: &mut [u8], at: usize, new: &[u8]) {
    for (old, new) in bytes[at..].iter_mut().zip(new) {
        *old = *new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn the_same_seed_makes_the_same_input() {
        let corpus = Corpus::new(vec![vec![1; 100], Vec::new()]).with_words(&["word"]);
        for round in 0..2000 {
            let once = corpus.changed(&mut Seed::new(round));
            assert_eq!(once, corpus.changed(&mut Seed::new(round)));
        }
    }

    #[test]
    fn harmless_rounds_pass() {
        fuzz("fuzz::tests::harmless_rounds_pass", 16 << 20, |seed| seed.below(2) == 0);
    }

    /// Each does what [`fuzz`] must find when it is called for it by the test after these.
    fn naughty(test: &str, once: impl FnMut(&mut Seed) -> bool) {
        if env::var_os("ADT_FUZZ_NAUGHTY").is_some() {
            fuzz(test, 16 << 20, once);
        }
    }

    #[test]
    fn naughty_panic() {
        naughty("fuzz::tests::naughty_panic", |seed| seed.below(100) != 0 || [true][1..][0]);
    }

    #[test]
    fn naughty_memory() {
        let block = |seed: &mut Seed| vec![0_u8; seed.below(32 << 20) as usize];
        naughty("fuzz::tests::naughty_memory", |seed| black_box(block(seed)).len() != 1);
    }

    #[test]
    fn naughty_refusal() {
        naughty("fuzz::tests::naughty_refusal", |_| false);
    }

    #[rstest]
    #[case::panic("naughty_panic", "index out of bounds")]
    #[cfg_attr(target_os = "linux", case::memory("naughty_memory", "were taken at once, more than"))]
    #[case::refusal("naughty_refusal", "only 0 of 3000 inputs went through")]
    fn what_is_wrong_is_found(#[case] test: &str, #[case] expected: &str) {
        let arguments = ["--exact", &format!("fuzz::tests::{test}"), "--nocapture"];
        let program = env::current_exe().unwrap();
        let out = Command::new(program)
            .args(arguments)
            .env("ADT_FUZZ_NAUGHTY", "1")
            .env_remove(ROUNDS)
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&out.stderr);
        assert!(!out.status.success() && words.contains(expected), "{words}");
    }
}
