use adt_model::{Class, Fault};
use serde_json::Value;

use crate::{Document, Parts};

const SUBJECT: &str = "subject.json";
/// Some editors on Windows begin every file with it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads a document that a person brings, such as `session.json`, for an animal.
///
/// `BadInput` where it is not JSON in UTF-8 (a byte order mark is passed over; UTF-16 and `NaN` are named), has a key twice in one object, is not an object
/// though a record has a place for it, or is about another animal: `subject.json` must name this one, the other documents of a record
/// and their pieces (`acquisition_ecephys.json`) must not name another. The message names `name`, and line and column where there are some.
pub fn check_document(name: &str, bytes: &[u8], subject_id: &str) -> Result<Document, Fault> {
    let bad = |what: String| Fault::new(Class::BadInput, what);
    if let Some(what) = foreign(bytes) {
        return Err(bad(format!("`{name}` is {what}, not UTF-8")).help(
            "save it as UTF-8 (in PowerShell: `Out-File -Encoding utf8`), or remove it from the folder",
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        bad(format!("`{name}` is not UTF-8"))
            .because(error)
            .help("save it as UTF-8, or remove it from the folder")
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let document = Document::parse(text).map_err(|error| match no_number(text) {
        Some((word, line)) => bad(format!("`{name}` holds `{word}` in line {line}, which is not valid JSON")).help(
            "write `null` or leave the key out (Python's `json` writes it unless `allow_nan=False` is set)",
        ),
        None => bad(format!("`{name}` is not valid JSON"))
            .because(error)
            .help("correct it, or remove it from the folder"),
    })?;
    let plain = name.to_ascii_lowercase();
    if !Parts::has_place(name) {
        let core = Parts::has_place(&plain) || Parts::piece_of(&plain).is_some();
        return match about(&document) {
            About::Subject(id) if id != subject_id && core => {
                let what = format!("`{name}` is about subject `{id}`, the job about subject `{subject_id}`");
                Err(bad(what).help("name the right folder, or the right subject"))
            }
            _ => Ok(document),
        };
    }
    match about(&document) {
        About::NoObject => {
            Err(bad(format!("`{name}` is not a JSON object"))
                .help("correct it, or remove it from the folder"))
        }
        About::Unsaid if name == SUBJECT => {
            Err(bad(format!("`{name}` has no `subject_id`")).help(format!("it must be \"{subject_id}\"")))
        }
        About::Subject(id) if id != subject_id => {
            let what = format!("`{name}` is about subject `{id}`, the job about subject `{subject_id}`");
            Err(bad(what).help("name the right folder, or the right subject"))
        }
        About::Unsaid | About::Subject(_) => Ok(document),
    }
}

/// Encodings and files that are known by how they begin.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => Some("UTF-16"),
        [0x00, 0x05, 0x16, 0x07, ..] => Some("a resource fork of macOS"),
        [0x1F, 0x8B, ..] => Some("compressed (gzip)"),
        _ => None,
    }
}

/// `NaN` or `Infinity` outside of texts, as Python's `json` writes them, and its line.
fn no_number(text: &str) -> Option<(&'static str, usize)> {
    let (mut inside, mut escaped, mut line) = (false, false, 1);
    for (at, byte) in text.bytes().enumerate() {
        line += usize::from(byte == b'\n');
        match (inside, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => inside = !inside,
            (false, b'N' | b'I' | b'-') => {
                let found =
                    ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| text[at..].starts_with(word));
                if let Some(word) = found {
                    return Some((word, line));
                }
            }
            _ => {}
        }
    }
    None
}

/// Reads a document that the metadata service gave for an animal, as a file of this name. It is kept whole: keys that no schema knows
/// stay, numbers keep their digits.
///
/// `BadInput` where it is not JSON, has a key twice in one object, is not an object, or says nothing about whose it is though it is
/// `subject.json`; `Conflict` where it is about another animal.
pub fn service_document(name: &str, text: &str, subject_id: &str) -> Result<Document, Fault> {
    let wrong = |class, what: &str| {
        Fault::new(
            class,
            format!("the metadata service's answer for `{name}` of subject `{subject_id}` {what}"),
        )
        .help("tell those who run the service, or bring the document in `metadata_dir`")
    };
    let document = Document::parse(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
        .map_err(|error| wrong(Class::BadInput, "is not valid JSON").because(error))?;
    match about(&document) {
        About::NoObject => Err(wrong(Class::BadInput, "is not a JSON object")),
        About::Unsaid if name == SUBJECT => Err(wrong(Class::BadInput, "has no `subject_id`")),
        About::Subject(id) if id != subject_id => {
            Err(wrong(Class::Conflict, &format!("is about subject `{id}`")))
        }
        About::Unsaid | About::Subject(_) => Ok(document),
    }
}

/// `BadInput` where two files of a folder are the same document in other letter case, such as `subject.json` and `Subject.JSON`:
/// nobody could say which of them counts.
pub fn no_document_twice<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), Fault> {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for name in names {
        let plain = name.to_ascii_lowercase();
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == plain) {
            let what = format!("`{other}` and `{name}` are two versions of one document");
            return Err(Fault::new(Class::BadInput, what).help("keep one of them in the folder"));
        }
        seen.push((plain, name));
    }
    Ok(())
}

/// Whose a document is.
enum About {
    NoObject,
    Unsaid,
    Subject(String),
}

fn about(document: &Document) -> About {
    match document.value() {
        Value::Object(members) => match members.get("subject_id") {
            None | Some(Value::Null) => About::Unsaid,
            Some(Value::String(id)) => About::Subject(id.clone()),
            Some(other) => About::Subject(other.to_string()),
        },
        _ => About::NoObject,
    }
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
    #[case::not_a_number(
        "notes.json",
        b"[\n\"NaN\", NaN]",
        "`notes.json` holds `NaN` in line 2, which is not valid JSON"
    )]
    #[case::infinite("notes.json", b"{\"a\": Infinity}", "holds `Infinity` in line 1")]
    #[case::minus_infinite("notes.json", b"{\"a\": -Infinity}", "holds `-Infinity` in line 1")]
    #[case::a_word_in_a_text("notes.json", b"[\"NaN\", x]", "is not valid JSON: expected value")]
    #[case::anothers_piece("acquisition_ecephys.json", br#"{"subject_id": "8"}"#, "about subject `8`")]
    #[case::anothers_subject_in_capitals("Subject.JSON", br#"{"subject_id": "8"}"#, "about subject `8`")]
    #[case::a_resource_fork("notes.json", b"\0\x05\x16\x07\0\x02\0\0Mac OS X", "a resource fork of macOS")]
    #[case::utf_16_big("notes.json", b"\xFE\xFF\0{\0}", "is UTF-16, not UTF-8")]
    #[case::utf_16_without_mark("notes.json", b"{\0}\0", "is UTF-16, not UTF-8")]
    #[case::twice(
        "notes.json",
        b"{\"a\": 1,\n \"a\": 1}",
        "the key `a` appears twice in one object at line 2 column 4"
    )]
    #[case::twice_deep("notes.json", br#"[{"x": {"a": 1, "\u0061": 1}}]"#, "`a` appears twice")]
    #[case::latin_1("notes.json", b"[\"\xB5m\"]", "`notes.json` is not UTF-8: invalid utf-8 sequence")]
    #[case::utf_16("notes.json", b"\xFF\xFE{\0}\0", "is UTF-16, not UTF-8")]
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

    #[test]
    fn an_answer_is_kept_whole() {
        let text =
            "{\n   \"subject_id\": \"7\",\n   \"new\": [\n      1.10,\n      123456789012345678901\n   ]\n}";
        assert_eq!(service_document("subject.json", text, "7").unwrap().text(), text);
    }

    #[rstest]
    #[case::html("<html></html>", Class::BadInput, "is not valid JSON: expected value at line 1 column 1")]
    #[case::nothing("", Class::BadInput, "is not valid JSON")]
    #[case::a_list(r#"[{"subject_id": "7"}]"#, Class::BadInput, "is not a JSON object")]
    #[case::null("null", Class::BadInput, "is not a JSON object")]
    #[case::a_skeleton(r#"{"schema_version": "0.5.5"}"#, Class::BadInput, "has no `subject_id`")]
    #[case::another(r#"{"subject_id": "8"}"#, Class::Conflict, "subject `7` is about subject `8`")]
    fn an_answer_is_refused(#[case] text: &str, #[case] class: Class, #[case] says: &str) {
        let fault = service_document("subject.json", text, "7").unwrap_err();
        assert_eq!(fault.class(), class);
        assert!(fault.line().contains(says), "{fault:?}");
        assert!(fault.advice().is_some());
    }

    #[rstest]
    #[case::one_of_each(&["subject.json", "session.json"], None)]
    #[case::letter_case(&["subject.json", "a.json", "Subject.JSON"], Some("`subject.json` and `Subject.JSON`"))]
    fn one_document_is_one_file(#[case] names: &[&str], #[case] says: Option<&str>) {
        let fault = no_document_twice(names.iter().copied()).err();
        assert_eq!(fault.is_some(), says.is_some());
        assert!(fault.is_none_or(|fault| fault.line().contains(says.unwrap())));
    }
}
