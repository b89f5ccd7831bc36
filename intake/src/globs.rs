//! Which names are meant: globs in the order a person gave them.

use adt_model::{Class, Fault};
use globset::{GlobBuilder, GlobMatcher};

/// One glob of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glob {
    /// Names that are taken.
    Include(String),
    /// Names that are left out.
    Exclude(String),
}

/// Globs in order; the last one that matches decides.
///
/// `*` and `?` stay within one name, `**` goes over any number of folders, `{a,b}` and `[a-z]` are alternatives. A glob without a slash is
/// for names in every folder (`*.json`, `.git`), one with a slash for whole paths (`raw/*.dat`); one that matches a folder is for everything
/// in it. What no glob matches is taken, unless the first glob says what to include.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    rules: Vec<(bool, bool, GlobMatcher)>,
}

impl Globs {
    /// Fails for a glob that cannot be read.
    pub fn new(globs: &[Glob]) -> Result<Self, Fault> {
        let rules = globs.iter().map(|glob| {
            let (take, text) = match glob {
                Glob::Include(text) => (true, text),
                Glob::Exclude(text) => (false, text),
            };
            let text = text.trim_start_matches("./").trim_end_matches('/');
            let whole = text.trim_start_matches('/');
            let matcher = GlobBuilder::new(whole).literal_separator(true).build().map_err(|error| {
                Fault::new(Class::BadInput, format!("`{text}` is no glob")).because(error)
            })?;
            Ok((take, text.contains('/'), matcher.compile_matcher()))
        });
        Ok(Self { rules: rules.collect::<Result<_, Fault>>()? })
    }

    /// Whether a relative path with `/` between its names is taken.
    pub fn takes(&self, path: &str) -> bool {
        let others = !self.rules.first().is_some_and(|(take, ..)| *take);
        self.rules.iter().rev().find(|rule| matches(rule, path)).map_or(others, |(take, ..)| *take)
    }
}

/// The path, or one of the folders it lies in.
fn matches((_, whole, matcher): &(bool, bool, GlobMatcher), path: &str) -> bool {
    if !whole {
        return path.split('/').any(|name| matcher.is_match(name));
    }
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    ends.into_iter().any(|end| matcher.is_match(&path[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn globs(texts: &[&str]) -> Globs {
        let glob = |text: &&str| match text.split_at(1) {
            ("+", rest) => Glob::Include(rest.into()),
            (_, rest) => Glob::Exclude(rest.into()),
        };
        Globs::new(&texts.iter().map(glob).collect::<Vec<_>>()).unwrap()
    }

    #[rstest]
    #[case::nothing_said(&[], "a/b", true)]
    #[case::a_name_anywhere(&["-*.tmp"], "a/b.tmp", false)]
    #[case::others_stay(&["-*.tmp"], "a/b.dat", true)]
    #[case::a_folder_by_name(&["-.git"], "x/.git/config", false)]
    #[case::a_whole_path(&["-raw/*.dat"], "raw/a.dat", false)]
    #[case::a_star_stays_in_its_folder(&["-raw/*.dat"], "raw/b/a.dat", true)]
    #[case::two_stars_do_not(&["-raw/**/*.dat"], "raw/b/c/a.dat", false)]
    #[case::a_folder_by_path(&["-raw/b/"], "raw/b/c", false)]
    #[case::at_the_root_only(&["-/a"], "b/a", true)]
    #[case::includes_first_means_only_those(&["+*.json"], "a.dat", false)]
    #[case::and_those(&["+*.json"], "x/a.json", true)]
    #[case::the_last_match_wins(&["-*.json", "+zarr.json"], "x/zarr.json", true)]
    #[case::the_last_match_wins_again(&["+*.json", "-zarr.json"], "x/zarr.json", false)]
    #[case::alternatives(&["-*.{tif,tiff}"], "a.tiff", false)]
    #[case::dots_are_letters(&["-*"], ".hidden", false)]
    fn the_last_match_decides(#[case] texts: &[&str], #[case] path: &str, #[case] taken: bool) {
        assert_eq!(globs(texts).takes(path), taken);
    }

    #[test]
    fn a_glob_that_cannot_be_read_is_named() {
        let fault = Globs::new(&[Glob::Exclude("a[".into())]).unwrap_err();
        assert!(fault.class() == Class::BadInput && fault.line().contains("a["), "{fault}");
    }
}
