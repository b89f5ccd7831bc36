use percent_encoding::percent_decode_str;
use rstest::rstest;

use crate::client::{Bench, path};

const KEYS: [&str; 8] = ["a", "a b/c", "a-/x", "a.b", "d/e.txt", "d/e/f", "z&<>", "ü/ö"];

/// Keys, common prefixes and the number of pages of a whole listing. `first` and `last` go before and after the rest
/// of the query, which must be sorted for the signature.
async fn listed(first: &str, page: usize, last: &str) -> (Vec<String>, Vec<String>, usize) {
    let bench = Bench::new().await;
    for key in KEYS {
        bench.send("PUT", &path(key), &[], b"").await;
    }
    let (mut keys, mut prefixes, mut pages, mut token) = (Vec::new(), Vec::new(), 0, String::new());
    loop {
        let uri = format!("/b?{token}{first}encoding-type=url&list-type=2&max-keys={page}{last}");
        let reply = bench.send("GET", &uri, &[], b"").await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        keys.extend(reply.all("Key").into_iter().map(decoded));
        prefixes.extend(reply.all("CommonPrefixes").into_iter().map(decoded));
        pages += 1;
        match reply.all("NextContinuationToken").first() {
            Some(next) => token = format!("continuation-token={next}&"),
            None => return (keys, prefixes, pages),
        }
    }
}

fn decoded(text: &str) -> String {
    let text = text.trim_start_matches("<Prefix>").trim_end_matches("</Prefix>");
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

#[rstest]
#[case::all("", &KEYS)]
#[case::prefix("&prefix=d%2Fe", &["d/e.txt", "d/e/f"])]
#[case::start("&start-after=d%2Fe.txt", &["d/e/f", "z&<>", "ü/ö"])]
#[case::nothing("&prefix=none", &[])]
#[tokio::test]
async fn pages_of_any_length_hold_all_keys_in_byte_order(
    #[case] query: &str,
    #[case] expected: &[&str],
    #[values(1, 3, 1000)] page: usize,
) {
    let (keys, prefixes, pages) = listed("", page, query).await;
    assert_eq!(
        (keys.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), prefixes.len()),
        (expected, 0)
    );
    assert_eq!(pages, expected.len().div_ceil(page).max(1));
}

#[rstest]
#[case::top("%2F", "", &["a", "a.b", "z&<>"], &["a b/", "a-/", "d/", "ü/"])]
#[case::below("%2F", "&prefix=d%2F", &["d/e.txt"], &["d/e/"])]
#[case::other_delimiter("e", "", &["a", "a b/c", "a-/x", "a.b", "z&<>", "ü/ö"], &["d/e"])]
#[tokio::test]
async fn keys_are_grouped(
    #[case] delimiter: &str,
    #[case] prefix: &str,
    #[case] keys: &[&str],
    #[case] groups: &[&str],
    #[values(1, 3, 1000)] page: usize,
) {
    let found = listed(&format!("delimiter={delimiter}&"), page, prefix).await;
    assert_eq!((found.0.len(), found.1.len()), (keys.len(), groups.len()));
    assert!(found.0.iter().zip(keys).chain(found.1.iter().zip(groups)).all(|(a, b)| a == b), "{found:?}");
}
