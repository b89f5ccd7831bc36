//! Names of files that are being written: `.adt-<16 hexadecimal digits>-<name, shortened>.part`, beside the target.
//!
//! Every walk through a folder leaves such files out, and nothing of that name is ever taken for data.

use camino::{Utf8Path, Utf8PathBuf};

const HEAD: &str = ".adt-";
const TAIL: &str = ".part";
const DIGITS: usize = 16;
/// Most file systems stop at 255 bytes for a name; some encrypted ones at 143.
const LONGEST_NAME: usize = 100;

/// The temporary path for `target`; `number` makes it different from every other.
pub fn beside(target: &Utf8Path, number: u64) -> Utf8PathBuf {
    let name = target.file_name().unwrap_or_default();
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    target.with_file_name(format!("{HEAD}{number:016x}-{}{TAIL}", &name[..end]))
}

/// Whether a file's name is that of a temporary file of this program.
pub fn is_temporary(name: &str) -> bool {
    split(name).is_some()
}

/// The number in a temporary name.
pub fn number(name: &str) -> Option<u64> {
    u64::from_str_radix(split(name)?.0, 16).ok()
}

/// The name of the file that a temporary one was to become. `None` where it may have been shortened.
pub fn target(name: &str) -> Option<&str> {
    // Cut between letters, of which each takes four bytes at most.
    split(name).map(|(_, name)| name).filter(|name| (1..LONGEST_NAME - 3).contains(&name.len()))
}

/// Digits and name. Exactly what [`beside`] writes: lower-case digits, a name that is not too long.
fn split(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    let (digits, name) = rest.split_at_checked(DIGITS)?;
    let name = name.strip_prefix('-').filter(|name| name.len() <= LONGEST_NAME)?;
    digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')).then_some((digits, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("/a/b.dat", "/a/.adt-000000000000002a-b.dat.part")]
    #[case::odd("/a/ü#", "/a/.adt-000000000000002a-ü#.part")]
    fn it_is_beside_its_target_and_is_recognised(#[case] target: &str, #[case] temporary: &str) {
        let path = beside(Utf8Path::new(target), 42);
        assert_eq!(path, temporary);
        let name = path.file_name().unwrap();
        assert!(is_temporary(name));
        assert_eq!(number(name), Some(42));
        assert_eq!(super::target(name), Utf8Path::new(target).file_name());
    }

    #[test]
    fn a_long_name_is_cut_between_letters() {
        let path = beside(Utf8Path::new(&format!("/a/x{}", "ü".repeat(200))), u64::MAX);
        let name = path.file_name().unwrap();
        assert!(name.len() < 143 && is_temporary(name) && target(name).is_none(), "{name}");
    }

    #[rstest]
    fn other_names_are_left_alone(
        #[values(
            ".adt-",
            ".adt-12-x.part",
            "adt-000000000000002a-b.part",
            ".adt-000000000000002a-b",
            ".adt-000000000000002A-b.part",
            ".adt-000000000000002a.part",
            ".adt-000000000000002g-b.part",
            "x.adt-000000000000002a-b.part",
            "file.part",
            "file.adt-part",
            "ü"
        )]
        name: &str,
    ) {
        assert!(!is_temporary(name));
    }
}
