//! Names in URLs, queries and documents.

use std::fmt::Write as _;

/// Undoes percent-encoding. A sign that is no code stays as it is, bytes that are no UTF-8 become U+FFFD.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let (b'%', Some(code)) = (byte, code) {
            out.push(code);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes all but letters, digits, slashes and `-._~`, as `encoding-type=url` asks for.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Text for the inside of an XML element.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A query's names and values.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        // Some clients write blanks as `+`; a plus itself is always encoded.
        let plain = |part: &str| decode(&part.replace('+', "%20"));
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (plain(name), plain(value))).collect())
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("plain/a-b_c.d~e")]
    #[case("blank + plus & ü % <x>")]
    fn names_survive_the_way_there_and_back(#[case] name: &str) {
        assert_eq!(decode(&encode(name)), name);
    }

    #[rstest]
    #[case::no_code("50%", "50%")]
    #[case::no_digits("%zz", "%zz")]
    #[case::cut_short("a%4", "a%4")]
    #[case::beside_a_wide_letter("%ü", "%ü")]
    fn what_is_no_code_stays(#[case] text: &str, #[case] name: &str) {
        assert_eq!(decode(text), name);
    }

    #[test]
    fn queries_are_read() {
        let query = Query::parse("uploads&prefix=a+b%2Bc&x=");
        assert_eq!((query.get("prefix"), query.get("x")), (Some("a b+c"), Some("")));
        assert!(query.has("uploads") && !query.has("a"));
    }
}
