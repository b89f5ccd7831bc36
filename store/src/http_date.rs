//! Times as HTTP writes them: `Thu, 12 Oct 2023 08:32:18 GMT`.

use jiff::{Timestamp, fmt::rfc2822};

/// A time of a `last-modified` header; `None` for anything else.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Thu, 12 Oct 2023 08:32:18 GMT", Some("2023-10-12T08:32:18Z"))]
    #[case("yesterday", None)]
    #[case("", None)]
    fn is_read(#[case] text: &str, #[case] time: Option<&str>) {
        assert_eq!(http_date(text), time.map(|time| time.parse().unwrap()));
    }
}
