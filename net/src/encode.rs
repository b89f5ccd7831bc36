//! Percent encoding as AWS signs it: every byte but the unreserved ones of RFC 3986, in capitals.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A key in a path; its slashes stay.
pub fn path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// A key in the path of a URL. What builds URLs removes the parts `.` and `..`, percent-encoded or not, so a slash beside one of them is
/// encoded: then it is a part of a longer name, and the server decodes it.
pub fn url_path(key: &str) -> String {
    let mut encoded = String::new();
    let mut dots_before = None;
    for part in key.split('/') {
        let dots = matches!(part, "." | "..");
        if let Some(before) = dots_before {
            encoded.push_str(if before || dots { ENCODED_SLASH } else { "/" });
        }
        encoded.push_str(&path(part));
        dots_before = Some(dots);
    }
    encoded
}

/// The path of a URL as it is signed: a server signs the slashes of the key that it has decoded.
pub fn signed_path(path: &str) -> String {
    path.replace(ENCODED_SLASH, "/")
}

const ENCODED_SLASH: &str = "%2F";

/// A name or a value in a query.
pub fn query(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, QUERY).into()
}

/// A name in a listing with `encoding-type=url`. AWS writes a blank as `+`, and a `+` as `%2B`.
pub fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a/b.txt", "a/b.txt")]
    #[case("a b", "a%20b")]
    #[case("a+b#c%d", "a%2Bb%23c%25d")]
    #[case("~-_.", "~-_.")]
    #[case("ü", "%C3%BC")]
    #[case("(x)*!'&=?:@$,;", "%28x%29%2A%21%27%26%3D%3F%3A%40%24%2C%3B")]
    fn keys_are_encoded_as_aws_signs_them(#[case] key: &str, #[case] encoded: &str) {
        assert_eq!(path(key), encoded);
        assert_eq!(decode(encoded).as_deref(), Some(key));
    }

    #[rstest]
    #[case("a/b", "a/b")]
    #[case("a//b", "a//b")]
    #[case("/abs", "/abs")]
    #[case("end/", "end/")]
    #[case("./x", ".%2Fx")]
    #[case("a/../b", "a%2F..%2Fb")]
    #[case("a/b/./../c/d", "a/b%2F.%2F..%2Fc/d")]
    #[case("a/..", "a%2F..")]
    #[case("a/...", "a/...")]
    #[case("%2F/%2e", "%252F/%252e")]
    fn a_key_keeps_its_dots_in_a_url(#[case] key: &str, #[case] encoded: &str) {
        assert_eq!(url_path(key), encoded);
        assert_eq!(signed_path(encoded), path(key));
        let url = reqwest::Url::parse(&format!("http://host/bucket/{encoded}")).unwrap();
        assert_eq!(url.path(), format!("/bucket/{encoded}"));
    }

    #[rstest]
    #[case("a+b", Some("a b"))]
    #[case("100%", Some("100%"))]
    #[case("%FF", None)]
    fn odd_listings_are_decoded_or_refused(#[case] text: &str, #[case] key: Option<&str>) {
        assert_eq!(decode(text).as_deref(), key);
    }

    #[test]
    fn a_query_keeps_no_slash() {
        assert_eq!(query("a/b c"), "a%2Fb%20c");
    }
}
