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
    names(&bytes).map_err(|(line, why)| {
        Fault::new(Class::BadInput, format!("line {line} of `{from}` is not a relative name: {why}"))
            .help("write one name a line, relative to the source, with `/` between folders")
    })
}

fn names(bytes: &[u8]) -> Result<BTreeSet<Key>, (usize, String)> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut names = BTreeSet::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let text = str::from_utf8(line).map_err(|error| (number + 1, error.to_string()))?;
        let text = text.strip_prefix("./").unwrap_or(text);
        names.insert(Key::parse(text).map_err(|error| (number + 1, error.to_string()))?);
    }
    Ok(names)
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
    #[case::absolute(b"a\n/etc/passwd")]
    #[case::above(b"a\n../b")]
    #[case::a_folder(b"a\nb/")]
    #[case::not_utf8(b"a\nb\xff")]
    fn what_is_no_name_is_named_by_its_line(#[case] text: &[u8]) {
        assert_eq!(names(text).unwrap_err().0, 2);
    }
}
