//! Listings: what a server says of its names is checked page by page, and long listings are made in parallel.
//!
//! A listing may be wrong: a page may come twice, a token may lead nowhere, names may be out of order or of another folder. Who deletes
//! or skips by such a listing loses data, so [`Reading`] checks the progress of every listing and names what is wrong; each cloud only
//! parses its pages.
//!
//! A bucket is listed page after page, each of which must be waited for. The folders at the top of a place, or of the one folder that
//! it has, are marks between which its names can be asked for all at once.

use std::{collections::VecDeque, ops::Bound};

use adt_model::{Fault, Key};
use futures::{Stream, StreamExt, stream::BoxStream};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{Found, exchange::shown, place::pages};

/// Runs that are listed at once.
const AT_ONCE: usize = 8;
/// Runs that a place is cut into, at most: each costs a request of its own.
const MOST: usize = 64;
/// Pages that a run may be ahead of its turn.
const AHEAD: usize = 4;
/// Empty pages that may follow each other. A server may skip many removed objects; it does not do so without end.
const EMPTY: u32 = 1000;
/// The most names of a page. No server gives more than 5,000, but some block lists have 100,000 entries.
pub(crate) const LARGEST_PAGE: usize = 100_000;
/// The most bytes of a name; S3, Google and Azure keep 1,024 bytes or characters.
const LONGEST_NAME: usize = 16 << 10;

/// Pages of one run of names: those after the first mark, up to and with none of the second and later ones.
pub(crate) type Run = BoxStream<'static, Result<Vec<Found>, Fault>>;

/// The marks between runs for a place whose top holds `folders` (in byte order, each as the names in it begin).
pub(crate) fn marks(folders: &[String]) -> Vec<String> {
    // The first run begins before the first folder.
    let inner = folders.get(1..).unwrap_or_default();
    let every = folders.len().div_ceil(MOST).max(1);
    inner.iter().skip(every - 1).step_by(every).cloned().collect()
}

/// Which relative names belong to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Bound<String>,
    pub(crate) until: Bound<String>,
}

/// To which of the two runs beside it a mark belongs, by what the server can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Names after a mark can be asked for, so that the mark ends a run.
    Ends,
    /// Names from a mark on can be asked for, so that the mark begins a run.
    Begins,
}

impl Span {
    /// All names.
    pub(crate) fn all() -> Self {
        Self { from: Bound::Unbounded, until: Bound::Unbounded }
    }

    /// Whether a name belongs to an earlier run; not every server begins where it was asked to.
    pub(crate) fn is_before(&self, name: &str) -> bool {
        match &self.from {
            Bound::Unbounded => false,
            Bound::Included(from) => name < from.as_str(),
            Bound::Excluded(from) => name <= from.as_str(),
        }
    }

    /// Whether a name belongs to a later run, so that this one has ended.
    pub(crate) fn is_beyond(&self, name: &str) -> bool {
        match &self.until {
            Bound::Unbounded => false,
            Bound::Included(until) => name > until.as_str(),
            Bound::Excluded(until) => name >= until.as_str(),
        }
    }
}

/// The order in which a server gives its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// By their bytes, as S3 and Google say.
    Bytes,
    /// By their bytes, or by the 16-bit units of their letters.
    Letters,
    /// Any, such as in directory buckets of S3. Only what fits into one page can then be put into byte order.
    None,
}

/// What is wrong with a listing, for a person.
pub(crate) type Wrong = String;

/// A listing that is being read, and what it has said so far. Every cloud hands over the names of a page with [`Reading::name`], then
/// where the listing continues with [`Reading::turn`], then what it made of the names with [`Reading::sorted`].
#[derive(Debug)]
pub(crate) struct Reading {
    /// What every whole name begins with; it is cut off.
    stem: String,
    span: Span,
    order: Order,
    /// The last name that the server gave, whatever it was.
    last: Option<String>,
    /// The last key that was given out.
    last_key: Option<Key>,
    token: Option<String>,
    /// Names of this page.
    names: usize,
    /// Pages without a name, one after the other.
    empty: u32,
    done: bool,
}

impl Reading {
    pub(crate) fn new(stem: String, span: Span, order: Order) -> Self {
        let (last, last_key, token) = (None, None, None);
        Self { stem, span, order, last, last_key, token, names: 0, empty: 0, done: false }
    }

    pub(crate) fn stem(&self) -> &str {
        &self.stem
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Where the next page begins; `None` for the first one.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Whether nothing more is to come.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    pub(crate) fn order(&self) -> Order {
        self.order
    }

    /// The last name that the server gave.
    pub(crate) fn last_name(&self) -> &str {
        self.last.as_deref().unwrap_or_default()
    }

    /// The last key that was given out.
    pub(crate) fn last_key(&self) -> Option<&Key> {
        self.last_key.as_ref()
    }

    /// The relative form of a name that the server gives; `None` when it belongs to another run.
    pub(crate) fn name<'a>(&mut self, full: &'a str) -> Result<Option<&'a str>, Wrong> {
        if full.len() > LONGEST_NAME {
            return Err(format!("it has a name of {} bytes", full.len()));
        }
        let Some(relative) = full.strip_prefix(&self.stem) else {
            return Err(format!(
                "it has `{}`, which does not begin with `{}`",
                shown(full),
                shown(&self.stem)
            ));
        };
        match &mut self.last {
            Some(last) => {
                if !self.order.allows(last, relative) {
                    return Err(misplaced(&self.stem, last, relative));
                }
                last.clear();
                last.push_str(relative);
            }
            None => self.last = Some(relative.to_owned()),
        }
        self.names += 1;
        if self.names > LARGEST_PAGE {
            return Err(format!("a page has more than {LARGEST_PAGE} names"));
        }
        let beyond = self.span.is_beyond(relative);
        self.done |= beyond;
        Ok((!beyond && !self.span.is_before(relative)).then_some(relative))
    }

    /// The page is over; the listing continues at `token`, or has ended.
    pub(crate) fn turn(&mut self, token: Option<String>) -> Result<(), Wrong> {
        let empty = std::mem::take(&mut self.names) == 0;
        match token {
            None => self.done = true,
            // Names behind the end of a run are of no interest, and neither is where they continue.
            Some(_) if self.done => {}
            Some(token) if self.token.as_ref() == Some(&token) => {
                return Err("it continues where this page began: the same token came twice".to_owned());
            }
            Some(token) => {
                self.empty = if empty { self.empty + 1 } else { 0 };
                if self.empty >= EMPTY {
                    return Err(format!("{EMPTY} pages in a row are empty, and it still does not end"));
                }
                self.token = Some(token);
            }
        }
        Ok(())
    }

    /// Puts what was made of a page into byte order and sees to it that it follows the last page. Who merges two listings would take a
    /// key that comes late for one that is missing.
    pub(crate) fn sorted(&mut self, page: &mut [Found]) -> Result<(), Wrong> {
        if self.order == Order::Bytes {
            // The names were in order already.
            return Ok(());
        }
        page.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let follows = match (&self.last_key, page.first()) {
            (Some(last), Some(first)) => *last < first.key,
            _ => true,
        };
        if !follows || !page.is_sorted_by(|a, b| a.key < b.key) {
            return Err("its names are not in byte order, or come twice".to_owned());
        }
        if let Some(last) = page.last() {
            self.last_key = Some(last.key.clone());
        }
        Ok(())
    }
}

/// What is wrong with a name that comes after `last`.
fn misplaced(stem: &str, last: &str, name: &str) -> Wrong {
    let (stem, last, name) = (shown(stem), shown(last), shown(name));
    if last == name {
        return format!("it has `{stem}{name}` twice");
    }
    format!("its names are not in byte order: `{stem}{last}` comes before `{stem}{name}`")
}

impl Order {
    /// Whether `next` may come after `last`.
    fn allows(self, last: &str, next: &str) -> bool {
        match self {
            Self::Bytes => last < next,
            Self::Letters => last < next || last.encode_utf16().lt(next.encode_utf16()),
            Self::None => true,
        }
    }
}

/// What follows the name `begin`, in runs that are cut at the marks; `run` lists the names of a span.
pub(crate) fn between(
    begin: String,
    mut marks: Vec<String>,
    side: Side,
    run: impl Fn(Span) -> Run + Send + 'static,
) -> impl Stream<Item = Result<Vec<Found>, Fault>> + Send {
    marks.retain(|mark| *mark > begin);
    marks.dedup();
    in_order(spans(begin, marks, side).into_iter().map(run))
}

/// The spans between marks, which are in byte order, beginning after a name.
fn spans(begin: String, marks: Vec<String>, side: Side) -> Vec<Span> {
    let mut from = Bound::Excluded(begin);
    let mut spans = Vec::with_capacity(marks.len() + 1);
    for mark in marks {
        let (until, next) = match side {
            Side::Ends => (Bound::Included(mark.clone()), Bound::Excluded(mark)),
            Side::Begins => (Bound::Excluded(mark.clone()), Bound::Included(mark)),
        };
        spans.push(Span { from: std::mem::replace(&mut from, next), until });
    }
    spans.push(Span { from, until: Bound::Unbounded });
    spans
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

    fn reading(order: Order) -> Reading {
        Reading::new("x/".to_owned(), Span::all(), order)
    }

    /// Reads pages of names, each with where the next one is said to begin.
    fn read(order: Order, pages: &[(&[&str], Option<&str>)]) -> Result<Vec<String>, Wrong> {
        let (mut reading, mut all) = (reading(order), Vec::new());
        for (names, token) in pages {
            assert!(!reading.is_done());
            let mut page = Vec::new();
            for name in *names {
                page.extend(reading.name(name)?.map(|name| Found::new(name.parse().unwrap(), 1)));
            }
            reading.turn(token.map(str::to_owned))?;
            reading.sorted(&mut page)?;
            all.extend(page.into_iter().map(|found| found.key.to_string()));
        }
        assert!(reading.is_done());
        Ok(all)
    }

    #[rstest]
    #[case::one_page(&[(&["x/a", "x/b"][..], None)], 2)]
    #[case::two_pages(&[(&["x/a"][..], Some("t")), (&["x/b"][..], None)], 2)]
    #[case::an_empty_page_between(&[(&["x/a"][..], Some("t")), (&[][..], Some("u")), (&["x/b"][..], None)], 2)]
    #[case::nothing(&[(&[][..], None)], 0)]
    fn good_listings_are_read(#[case] pages: &[(&[&str], Option<&str>)], #[case] count: usize) {
        assert_eq!(read(Order::Bytes, pages).map(|names| names.len()), Ok(count));
    }

    #[rstest]
    #[case::another_prefix(&[(&["x/a", "y/b"][..], None)], "`y/b`, which does not begin with `x/`")]
    #[case::out_of_order(&[(&["x/b", "x/a"][..], None)], "`x/b` comes before `x/a`")]
    #[case::out_of_order_over_pages(&[(&["x/b"][..], Some("t")), (&["x/a"][..], None)], "not in byte order")]
    #[case::twice(&[(&["x/a", "x/a"][..], None)], "`x/a` twice")]
    #[case::the_same_page_twice(&[(&["x/a"][..], Some("t")), (&["x/a"][..], Some("u"))], "`x/a` twice")]
    #[case::the_same_token_twice(&[(&["x/a"][..], Some("t")), (&["x/b"][..], Some("t"))], "token came twice")]
    fn listings_that_make_no_progress_are_named(
        #[case] pages: &[(&[&str], Option<&str>)],
        #[case] why: &str,
    ) {
        let wrong = read(Order::Bytes, pages).unwrap_err();
        assert!(wrong.contains(why), "{wrong}");
    }

    #[test]
    fn empty_pages_do_not_follow_each_other_without_end() {
        let mut reading = reading(Order::Bytes);
        let turns = (0..2 * EMPTY).map_while(|n| reading.turn(Some(n.to_string())).ok());
        assert_eq!(turns.count(), EMPTY as usize - 1);
    }

    #[test]
    fn a_page_has_only_so_many_names_and_bytes_of_a_name() {
        let mut reading = Reading::new(String::new(), Span::all(), Order::Bytes);
        let wrong = (0..=LARGEST_PAGE).find_map(|n| reading.name(&format!("{n:09}")).err()).unwrap();
        assert!(wrong.contains("more than 100000 names"), "{wrong}");
        assert!(reading.name(&"x".repeat(LONGEST_NAME + 1)).is_err());
    }

    #[rstest]
    #[case::bytes(Order::Bytes, false)]
    #[case::letters(Order::Letters, true)]
    #[case::none(Order::None, true)]
    fn an_order_by_letters_is_put_right_where_it_may_be(#[case] order: Order, #[case] read_well: bool) {
        // In UTF-16 the second of them comes first.
        let names = ["x/\u{10000}", "x/\u{ffee}"];
        let got = read(order, &[(&names[..], None)]);
        assert_eq!(got.ok(), read_well.then(|| vec!["\u{ffee}".to_owned(), "\u{10000}".to_owned()]));
    }

    #[test]
    fn without_an_order_only_one_page_can_be_sorted() {
        let page: &[&str] = &["x/c", "x/a", "x/b"];
        assert_eq!(read(Order::None, &[(page, None)]).unwrap(), ["a", "b", "c"]);
        assert!(read(Order::None, &[(page, Some("t")), (&["x/bb"], None)]).is_err());
        assert!(read(Order::None, &[(&["x/a", "x/a"], None)]).is_err());
    }

    /// Every name is of exactly one run, a mark too.
    #[rstest]
    fn runs_leave_no_name_out(#[values(Side::Ends, Side::Begins)] side: Side) {
        let marks = ["b/", "c/"].map(str::to_owned).to_vec();
        let spans = spans("a/1".to_owned(), marks, side);
        for (name, run) in [("a/1", 0), ("a/2", 1), ("b", 1), ("b/1", 2), ("b/z", 2), ("c/0", 3), ("d", 3)] {
            let of = |span: &&Span| !span.is_before(name) && !span.is_beyond(name);
            let count = spans.iter().filter(of).count();
            assert_eq!(count, usize::from(run > 0), "{name}");
            assert!(run == 0 || of(&&spans[run - 1]), "{name}");
        }
        for mark in ["b/", "c/"] {
            assert_eq!(spans.iter().filter(|s| !s.is_before(mark) && !s.is_beyond(mark)).count(), 1);
        }
    }

    #[test]
    fn a_run_ends_with_the_first_name_of_the_next_one() {
        let span = Span { from: Bound::Excluded("a".into()), until: Bound::Excluded("c".into()) };
        let mut reading = Reading::new(String::new(), span, Order::Bytes);
        let given: Vec<_> = ["a", "b", "c", "d"].map(|name| reading.name(name).unwrap().is_some()).to_vec();
        assert_eq!(given, [false, true, false, false]);
        assert!(reading.is_done());
        reading.turn(Some("t".to_owned())).unwrap();
        assert_eq!(reading.token(), None);
    }

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
