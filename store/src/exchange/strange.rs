//! Answers that a status calls good and that are not what was asked for.

use adt_model::{Class, Fault};
use adt_net::{Said, one_line, xml::Element};
use http::StatusCode;

use super::{Answer, Exchange, Request, Server};

/// Characters of a foreign name that a message shows.
const SHOWN: usize = 80;
/// A longer body is not looked into for what it is.
const LOOK: usize = 64 << 10;

impl<S: Server> Exchange<S> {
    /// The fault for an answer that cannot be used.
    pub(crate) fn strange(&self, request: &Request, why: &str) -> Fault {
        let (words, target) = (request.deed.words(), self.target(request));
        Fault::new(Class::Refused, format!("cannot {words} `{target}`"))
            .because(Said(format!("the answer is not what was asked for: {why}")))
            .help(self.server.words().check_endpoint())
    }

    /// Sees to it that an answer has no document: where there is one, something else has answered.
    pub(crate) fn without_document(&self, request: &Request, answer: &Answer) -> Result<(), Fault> {
        if answer.body.trim_ascii().is_empty() {
            return Ok(());
        }
        Err(self.strange(request, &is_what(&answer.body)))
    }

    /// Whether an answer to a deletion has the one status that says it is done. False for a plain 200, which some servers give and which
    /// proxies give as well: then the place has to be asked whether the thing is gone.
    pub(crate) fn says_deleted(
        &self,
        request: &Request,
        answer: &Answer,
        status: StatusCode,
    ) -> Result<bool, Fault> {
        self.without_document(request, answer)?;
        match answer.status {
            given if given == status => Ok(true),
            StatusCode::OK => Ok(false),
            other => Err(self.strange(request, &format!("it has the status {}", other.as_u16()))),
        }
    }

    /// The fault for a deletion that was answered and not done.
    pub(crate) fn not_deleted(&self, request: &Request) -> Fault {
        self.strange(request, "it has the status 200, and the object is still there")
    }
}

/// What a body is, for a person.
pub(crate) fn is_what(body: &[u8]) -> String {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let start = String::from_utf8_lossy(&body[..body.len().min(32)]).to_ascii_lowercase();
    if body.is_empty() {
        return "it is empty".to_owned();
    }
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return "it is an HTML page".to_owned();
    }
    if start.starts_with(['{', '[']) {
        return "it is another JSON document".to_owned();
    }
    match Element::parse(&body[..body.len().min(LOOK)]) {
        Ok(root) if root.name == "Error" => {
            let code = root.value("Code").unwrap_or("without a code");
            format!("it is an error, `{}`", shown(code))
        }
        Ok(root) => format!("it is a document `{}`", shown(&root.name)),
        Err(_) => "it cannot be read".to_owned(),
    }
}

/// A foreign name, short and on one line.
pub(crate) fn shown(name: &str) -> String {
    let line = one_line(name);
    if line.chars().count() <= SHOWN { line } else { line.chars().take(SHOWN).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "it is empty")]
    #[case(" \r\n", "it is empty")]
    #[case("<!DOCTYPE html><html><br>", "it is an HTML page")]
    #[case("\u{feff}<HTML>", "it is an HTML page")]
    #[case("<Error><Code>InternalError</Code></Error>", "it is an error, `InternalError`")]
    #[case("<?xml version='1.0'?><Error/>", "it is an error, `without a code`")]
    #[case("<Foo/>", "it is a document `Foo`")]
    #[case("{\"error\": {}}", "it is another JSON document")]
    #[case("[]", "it is another JSON document")]
    #[case("please log in", "it cannot be read")]
    #[case("<Error><Code>", "it cannot be read")]
    fn bodies_are_named(#[case] body: &str, #[case] what: &str) {
        assert_eq!(is_what(body.as_bytes()), what);
    }

    #[test]
    fn a_long_name_is_cut() {
        let what = is_what(format!("<{}/>", "x".repeat(1000)).as_bytes());
        assert!(what.ends_with("x…`") && what.chars().count() < 110, "{what}");
    }

    proptest::proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes: Vec<u8>) {
            let _ = is_what(&bytes);
        }
    }
}
