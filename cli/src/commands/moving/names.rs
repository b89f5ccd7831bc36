//! The list of `--files-from`.

use std::{collections::BTreeSet, io::Read};

use adt_model::{Class, Fault, Key};

/// More than any list of names; what is longer is another file.
const LONGEST: u64 = 1 << 30;

/// One relative name a line; empty lines are passed over. `-` is standard input.
pub(super) fn read(from: &str) -> Result<BTreeSet<Key>, Fault> {
    let mut bytes = Vec::new();
    let read = match from {
        "-" => std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes),
        path => std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| Fault::io(format!("cannot read the list `{from}` of `--files-from`"), error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Fault::new(
            Class::BadInput,
            format!("`{from}` is larger than 1 GiB: not a list of names"),
        ));
    }
    let names = names(&bytes).map_err(|(line, why)| {
        Fault::new(Class::BadInput, format!("line {line} of `{from}` {why}"))
            .help("write one name a line, relative to SRC, with `/` between folders")
    })?;
    if names.is_empty() {
        let what = format!("the list `{from}` of `--files-from` names no file");
        return Err(Fault::new(Class::BadInput, what).help("check that the list was written to its end"));
    }
    Ok(names)
}

fn names(bytes: &[u8]) -> Result<BTreeSet<Key>, (usize, String)> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut names = BTreeSet::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let failed = |why: String| (number + 1, why);
        let text = str::from_utf8(line).map_err(|_| failed("is not UTF-8".into()))?;
        if is_absolute(text) {
            return Err(failed(format!("is an absolute name, and names must be relative to SRC: `{text}`")));
        }
        let name = text.strip_prefix("./").unwrap_or(text);
        if name.ends_with('/') {
            return Err(failed(format!("names a folder, and each line names one file: `{text}`")));
        }
        names.insert(Key::parse(name).map_err(|error| failed(format!("is not a relative name: {error}")))?);
    }
    Ok(names)
}

/// Absolute on any system, because lists are moved between systems; or a cloud location.
fn is_absolute(text: &str) -> bool {
    let drive = matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    text.starts_with(['/', '\\']) || drive || text.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain(b"b\na/x\n", &["a/x", "b"])]
    #[case::from_windows(b"\xef\xbb\xbfa\r\n\r\nb\r\n", &["a", "b"])]
    #[case::from_find(b"./a\n./b c\n", &["a", "b c"])]
    #[case::twice(b"a\na", &["a"])]
    #[case::nothing(b"\n", &[])]
    fn lines_are_names(#[case] text: &[u8], #[case] expected: &[&str]) {
        let names = names(text).unwrap();
        assert_eq!(names.iter().map(Key::as_str).collect::<Vec<_>>(), expected);
    }

    #[rstest]
    #[case::absolute(b"a\n/etc/passwd", "must be relative to SRC")]
    #[case::absolute_on_windows(b"a\nC:\\data\\x", "must be relative to SRC")]
    #[case::a_share(b"a\n\\\\server\\x", "must be relative to SRC")]
    #[case::a_place(b"a\ns3://bucket/x", "must be relative to SRC")]
    #[case::above(b"a\n../b", "is not a relative name")]
    #[case::a_folder(b"a\nb/", "names a folder")]
    #[case::not_utf8(b"a\nb\xff", "is not UTF-8")]
    fn what_is_no_name_is_named_by_its_line(#[case] text: &[u8], #[case] why: &str) {
        let (line, said) = names(text).unwrap_err();
        assert!(line == 2 && said.contains(why), "{line} {said}");
    }
}
