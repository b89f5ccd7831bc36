//! Names of files that are being written: `.adt-<16 hexadecimal digits>-<name, shortened>.part`, beside the target.

use camino::{Utf8Path, Utf8PathBuf};

const HEAD: &str = ".adt-";
const TAIL: &str = ".part";
const DIGITS: usize = 16;
/// Most file systems stop at 255 bytes for a name; some encrypted ones at 143.
const LONGEST_NAME: usize = 100;

/// The temporary path for `target`; `number` makes it unlike every other.
pub(super) fn beside(target: &Utf8Path, number: u64) -> Utf8PathBuf {
    let name = target.file_name().unwrap_or_default();
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    target.with_file_name(format!("{HEAD}{number:016x}-{}{TAIL}", &name[..end]))
}

/// Whether a file's name is that of a file of ours which is being written, or was left behind.
pub fn is_temporary(name: &str) -> bool {
    shortened(name).is_some()
}

/// The name of the file that a temporary one was to become. `None` where it may have been shortened.
pub(super) fn target(name: &str) -> Option<&str> {
    // Cut between letters, of which each takes four bytes at most.
    shortened(name).filter(|name| (1..LONGEST_NAME - 3).contains(&name.len()))
}

fn shortened(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    let (digits, name) = rest.split_at_checked(DIGITS)?;
    let name = name.strip_prefix('-')?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("/a/b.dat", "/a/.adt-000000000000002a-b.dat.part")]
    #[case::odd("/a/ü#", "/a/.adt-000000000000002a-ü#.part")]
    fn lies_beside_its_target_and_is_recognised(#[case] target: &str, #[case] temporary: &str) {
        let path = beside(Utf8Path::new(target), 42);
        assert_eq!(path, temporary);
        assert!(is_temporary(path.file_name().unwrap()));
        assert_eq!(super::target(path.file_name().unwrap()), Utf8Path::new(target).file_name());
    }

    #[test]
    fn a_long_name_is_cut_between_letters() {
        let path = beside(Utf8Path::new(&format!("/a/x{}", "ü".repeat(200))), u64::MAX);
        let name = path.file_name().unwrap();
        assert!(name.len() < 143 && is_temporary(name) && target(name).is_none(), "{name}");
    }

    #[rstest]
    fn other_names_are_left_alone(
        #[values(".adt-", ".adt-12-x.part", "adt-000000000000002a-b.part", ".adt-000000000000002a-b", "ü")]
        name: &str,
    ) {
        assert!(!is_temporary(name));
    }
}
