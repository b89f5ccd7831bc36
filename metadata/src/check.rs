use adt_model::{Class, Fault};
use serde_json::Value;

use crate::{Document, Parts};

/// Some editors on Windows begin every file with it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a document that a person brings, such as `session.json`, for an animal.
///
/// `BadInput` where it is not JSON in UTF-8 (a byte order mark is passed over), has a key twice in one object, is not an object
/// though a record has a place for it, or is about another animal: `subject.json` must name this one, the other documents of a record
/// must not name another. The message names `name`, and line and column where there are some.
pub fn check_document(name: &str, bytes: &[u8], subject_id: &str) -> Result<Document, Fault> {
    let bad = |what: String| Fault::new(Class::BadInput, what);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        bad(format!("`{name}` is not UTF-8"))
            .because(error)
            .help("save it as UTF-8, or take it out of the folder")
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let document = Document::parse(text).map_err(|error| {
        bad(format!("`{name}` is not valid JSON"))
            .because(error)
            .help("mend it, or take it out of the folder")
    })?;
    if !Parts::has_place(name) {
        return Ok(document);
    }
    let Value::Object(members) = document.value() else {
        return Err(
            bad(format!("`{name}` is not a JSON object")).help("mend it, or take it out of the folder")
        );
    };
    let about = match members.get("subject_id") {
        None | Some(Value::Null) if name == "subject.json" => {
            return Err(
                bad(format!("`{name}` has no `subject_id`")).help(format!("it must be \"{subject_id}\""))
            );
        }
        None | Some(Value::Null) => return Ok(document),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if about == subject_id {
        return Ok(document);
    }
    let what = format!("`{name}` is about subject `{about}`, the job about subject `{subject_id}`");
    Err(bad(what).help("name the right folder, or the right subject"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::subject("subject.json", br#"{"subject_id": "7"}"#)]
    #[case::a_number_of_the_same_digits("subject.json", br#"{"subject_id": 7}"#)]
    #[case::byte_order_mark("subject.json", b"\xEF\xBB\xBF{\"subject_id\": \"7\"}\r\n")]
    #[case::nothing_said("procedures.json", b"{}")]
    #[case::null_said("session.json", br#"{"subject_id": null}"#)]
    #[case::an_extra_of_any_shape("notes.json", b"[1, 2]")]
    #[case::an_extra_about_others("cohort.json", br#"{"subject_id": "8"}"#)]
    #[case::the_same_key_in_two_objects("notes.json", br#"[{"a": 1}, {"a": 2}]"#)]
    fn is_taken(#[case] name: &str, #[case] bytes: &[u8]) {
        check_document(name, bytes, "7").unwrap();
    }

    #[rstest]
    #[case::empty(
        "notes.json",
        b"",
        "`notes.json` is not valid JSON: EOF while parsing a value at line 1 column 0"
    )]
    #[case::cut("notes.json", b"{\"a\": 1,\n", "line 2 column 0")]
    #[case::two_values("notes.json", b"{}\n{}", "line 2 column 1")]
    #[case::not_a_number("notes.json", b"[NaN]", "line 1 column 2")]
    #[case::twice(
        "notes.json",
        b"{\"a\": 1,\n \"a\": 1}",
        "the key `a` appears twice in one object at line 2 column 4"
    )]
    #[case::twice_deep("notes.json", br#"[{"x": {"a": 1, "\u0061": 1}}]"#, "`a` appears twice")]
    #[case::latin_1("notes.json", b"[\"\xB5m\"]", "`notes.json` is not UTF-8: invalid utf-8 sequence")]
    #[case::utf_16("notes.json", b"\xFF\xFE{\0}\0", "not UTF-8")]
    #[case::no_object("session.json", b"[]", "`session.json` is not a JSON object")]
    #[case::no_subject("subject.json", b"{}", "`subject.json` has no `subject_id`")]
    #[case::another_subject(
        "subject.json",
        br#"{"subject_id": "8"}"#,
        "about subject `8`, the job about subject `7`"
    )]
    #[case::anothers_procedures("procedures.json", br#"{"subject_id": "77"}"#, "about subject `77`")]
    #[case::anothers_session("session.json", br#"{"subject_id": 8}"#, "about subject `8`")]
    fn is_refused(#[case] name: &str, #[case] bytes: &[u8], #[case] says: &str) {
        let fault = check_document(name, bytes, "7").unwrap_err();
        assert_eq!(fault.class(), Class::BadInput);
        assert!(fault.line().contains(says), "{fault:?}");
        assert!(fault.advice().is_some());
    }

    #[test]
    fn numbers_keep_every_digit() {
        let text = "{\n   \"a\": [\n      1.10,\n      123456789012345678901,\n      1E-400\n   ]\n}";
        assert_eq!(check_document("notes.json", text.as_bytes(), "7").unwrap().text(), text);
    }
}
