//! A listing in parallel: the names between two marks are listed by themselves, several such runs at once, and given out in order.
//!
//! A bucket is listed page after page, each of which must be waited for. The folders at the top of a place, or of the one folder that
//! it has, are marks between which its names can be asked for all at once.

use std::collections::VecDeque;

use adt_model::{Fault, Key};
use futures::{Stream, StreamExt, stream::BoxStream};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{Found, place::pages};

/// Runs that are listed at once.
const AT_ONCE: usize = 8;
/// Runs that a place is cut into, at most: each costs a request of its own.
const MOST: usize = 64;
/// Pages that a run may be ahead of its turn.
const AHEAD: usize = 4;

/// Pages of one run of names: those after the first mark, up to and with none of the second and later ones.
pub(crate) type Run = BoxStream<'static, Result<Vec<Found>, Fault>>;

/// The marks between runs for a place whose top holds `folders` (in byte order, each as the names in it begin).
pub(crate) fn marks(folders: &[String]) -> Vec<String> {
    // The first run begins before the first folder.
    let inner = folders.get(1..).unwrap_or_default();
    let every = folders.len().div_ceil(MOST).max(1);
    inner.iter().skip(every - 1).step_by(every).cloned().collect()
}

/// The names of one run, and how far it has come.
pub(crate) struct Span {
    /// Names up to this one are passed over.
    after: Option<String>,
    /// The first name that belongs to another run.
    until: Option<String>,
    last: Option<Key>,
}

impl Span {
    pub(crate) fn new(after: Option<String>, until: Option<String>) -> Self {
        Self { after: after.filter(|after| !after.is_empty()), until, last: None }
    }

    pub(crate) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    pub(crate) fn until(&self) -> Option<&str> {
        self.until.as_deref()
    }

    /// Whether a name belongs to an earlier run; not every server begins where it was asked to.
    pub(crate) fn is_before(&self, name: &str) -> bool {
        self.after.as_deref().is_some_and(|after| name <= after)
    }

    /// Whether a name belongs to a later run, so that this one has ended.
    pub(crate) fn is_beyond(&self, name: &str) -> bool {
        self.until.as_deref().is_some_and(|until| name >= until)
    }

    /// Puts a page into byte order; false when it does not follow the last one. Whoever merges two listings would take a name that comes
    /// late for one that is missing.
    pub(crate) fn follows(&mut self, page: &mut [Found]) -> bool {
        page.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return true };
        let follows = self.last.as_ref().is_none_or(|last| first.key > *last);
        self.last = Some(last.key.clone());
        follows
    }
}

/// What follows the name `begin`, in runs that are cut at the marks; `run` lists what is after one name and before another.
pub(crate) fn between(
    begin: String,
    mut marks: Vec<String>,
    run: impl Fn(String, Option<String>) -> Run + Send + 'static,
) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send {
    marks.retain(|mark| *mark > begin);
    let ends: Vec<_> = marks.into_iter().map(Some).chain([None]).collect();
    let mut from = Some(begin);
    in_order(ends.into_iter().map(move |until| {
        let after = std::mem::replace(&mut from, until.clone());
        run(after.unwrap_or_default(), until)
    }))
}

/// Gives the runs' pages out one run after the other, while the next ones are being listed.
fn in_order(
    runs: impl Iterator<Item = Run> + Send + 'static,
) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send {
    let state = State { runs, flying: VecDeque::new() };
    pages(state, |mut state| async move {
        loop {
            state.fill();
            let Some((first, _)) = state.flying.front_mut() else { return Ok(None) };
            match first.recv().await {
                Some(page) => return Ok(Some((page?, state))),
                None => drop(state.flying.pop_front()),
            }
        }
    })
}

/// Pages of a run that is being listed.
type Pages = mpsc::Receiver<Result<Vec<Found>, Fault>>;

struct State<I> {
    runs: I,
    flying: VecDeque<(Pages, AbortOnDrop)>,
}

impl<I: Iterator<Item = Run>> State<I> {
    fn fill(&mut self) {
        while self.flying.len() < AT_ONCE {
            let Some(mut run) = self.runs.next() else { break };
            let (sender, receiver) = mpsc::channel(AHEAD);
            let task = tokio::spawn(async move {
                while let Some(page) = run.next().await {
                    if sender.send(page).await.is_err() {
                        break;
                    }
                }
            });
            self.flying.push_back((receiver, AbortOnDrop(task)));
        }
    }
}

/// A listing that nobody waits for any more asks for no more pages.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::none(0, 0)]
    #[case::one(1, 0)]
    #[case::two(2, 1)]
    #[case::as_many_as_runs(64, 63)]
    #[case::more(1000, 62)]
    fn a_place_is_cut_into_so_many_runs_at_most(#[case] folders: usize, #[case] cuts: usize) {
        let folders: Vec<_> = (0..folders).map(|n| format!("{n:04}/")).collect();
        let marks = marks(&folders);
        assert!(marks.len() == cuts && marks.len() < MOST && marks.is_sorted(), "{}", marks.len());
        assert!(!marks.contains(&"0000/".to_owned()));
    }

    #[tokio::test]
    async fn pages_come_in_the_order_of_their_runs() {
        let run = |n: u64| {
            let page = move |m: u64| async move {
                tokio::time::sleep(std::time::Duration::from_millis(20 - n.min(20))).await;
                Ok(vec![Found::new(format!("{n:02}/{m}").parse().unwrap(), 1)])
            };
            futures::stream::iter(0..3).then(page).boxed()
        };
        let all: Vec<_> = in_order((0..20).map(run)).collect().await;
        let names: Vec<_> = all.into_iter().flat_map(Result::unwrap).map(|f| f.key.to_string()).collect();
        assert!(names.len() == 60 && names.is_sorted(), "{names:?}");
    }

    #[tokio::test]
    async fn a_run_that_fails_ends_the_listing_at_its_place() {
        let fault = || Fault::new(adt_model::Class::Refused, "no");
        let good = || futures::stream::iter([Ok(vec![Found::new("a".parse().unwrap(), 1)])]).boxed();
        let bad = futures::stream::iter([Err(fault())]).boxed();
        let all: Vec<_> = in_order([good(), bad, good()].into_iter()).collect().await;
        assert!(all.len() == 2 && all[0].is_ok() && all[1].is_err());
    }
}
