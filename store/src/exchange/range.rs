//! Whether an answer with a part of an object holds the part that was asked for.

use std::ops::Range;

use http::StatusCode;

use super::Answer;

/// Whether an answer holds these bytes of an object, not as many from elsewhere, and of an object of this `size` where it is known.
/// Some servers send the range with a 200.
pub(crate) fn gives_range(answer: &Answer, range: &Range<u64>, size: Option<u64>) -> bool {
    let begins_well = answer.status == StatusCode::PARTIAL_CONTENT || range.start == 0;
    let stated = match answer.header("content-range") {
        Some(text) => Stated::parse(text).is_some_and(|stated| stated.is(range, size)),
        None => begins_well,
    };
    stated && answer.body.len() as u64 == range.end - range.start
}

/// What `content-range: bytes FIRST-LAST/TOTAL` says.
#[derive(Debug, PartialEq, Eq)]
struct Stated {
    first: u64,
    last: u64,
    /// `None` for `*`.
    total: Option<u64>,
}

impl Stated {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("bytes").unwrap_or(text).trim_start_matches(['=', ':', ' ']);
        let (run, total) = text.split_once('/').unwrap_or((text, "*"));
        let (first, last) = run.split_once('-')?;
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        Some(Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()?, total })
    }

    fn is(&self, range: &Range<u64>, size: Option<u64>) -> bool {
        let same_size = match (self.total, size) {
            (Some(total), Some(size)) => total == size,
            (Some(total), None) => total >= range.end,
            _ => true,
        };
        same_size && self.first == range.start && self.last.checked_add(1) == Some(range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_net::body::Room;
    use http::HeaderMap;
    use rstest::rstest;

    fn answer(status: u16, stated: Option<&str>, body: &'static str) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(stated) = stated {
            headers.insert("content-range", stated.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers, body: body.into(), _room: Room::default() }
    }

    #[rstest]
    #[case::stated(206, Some("bytes 5-9/100"), "abcde", true)]
    #[case::of_unknown_size(206, Some("bytes 5-9/*"), "abcde", true)]
    #[case::with_a_200(200, Some("bytes 5-9/100"), "abcde", true)]
    #[case::not_stated(206, None, "abcde", true)]
    #[case::elsewhere(206, Some("bytes 0-4/100"), "abcde", false)]
    #[case::another_end(206, Some("bytes 5-20/100"), "abcde", false)]
    #[case::another_object(206, Some("bytes 5-9/10"), "abcde", false)]
    #[case::no_range(206, Some("everything"), "abcde", false)]
    #[case::beyond_numbers(206, Some("bytes 5-18446744073709551615/100"), "abcde", false)]
    #[case::the_beginning(200, None, "abcde", false)]
    #[case::too_short(206, Some("bytes 5-9/100"), "abcd", false)]
    #[case::empty(206, None, "", false)]
    fn bytes_from_elsewhere_are_not_taken(
        #[case] status: u16,
        #[case] stated: Option<&str>,
        #[case] body: &'static str,
        #[case] right: bool,
    ) {
        assert_eq!(gives_range(&answer(status, stated, body), &(5..10), Some(100)), right);
    }

    #[test]
    fn an_object_of_which_no_size_is_known_must_be_long_enough() {
        assert!(gives_range(&answer(200, None, "abcde"), &(0..5), None));
        assert!(gives_range(&answer(206, Some("bytes 0-4/5"), "abcde"), &(0..5), None));
        assert!(!gives_range(&answer(206, Some("bytes 0-4/4"), "abcde"), &(0..5), None));
    }

    proptest::proptest! {
        #[test]
        fn foreign_texts_never_panic(text in ".*") {
            let _ = Stated::parse(&text).map(|stated| stated.is(&(0..u64::MAX), None));
        }
    }
}
