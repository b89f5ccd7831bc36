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
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    takes: bool,
    /// For whole paths, not for names in every folder.
    whole: bool,
    matcher: GlobMatcher,
    /// Of a glob for whole paths: its parts, as far as what is above a path that matches can be told by them.
    parts: Vec<GlobMatcher>,
    /// The folder of a glob for everything in it: `raw` of `raw/*` and `raw/**`.
    folder: Option<GlobMatcher>,
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
            let matcher = matcher(whole).map_err(|error| {
                Fault::new(Class::BadInput, format!("`{text}` is not a valid glob")).because(error)
            })?;
            let folder = whole.strip_suffix("/**").or_else(|| whole.strip_suffix("/*"));
            let folder = folder.and_then(|folder| self::matcher(folder).ok());
            Ok(Rule { takes: take, whole: text.contains('/'), matcher, parts: parts(whole), folder })
        });
        Ok(Self { rules: rules.collect::<Result<_, Fault>>()? })
    }

    /// Whether a relative path with `/` between its names is taken.
    pub fn takes(&self, path: &str) -> bool {
        self.rules.iter().rev().find(|rule| rule.matches(path)).map_or(self.others(), |rule| rule.takes)
    }

    /// Whether anything below a folder may be taken. One that is left out with all that is in it need not be opened.
    pub fn enters(&self, folder: &str) -> bool {
        for rule in self.rules.iter().rev() {
            if rule.matches(folder) || rule.matches_all_in(folder) {
                return rule.takes;
            }
            if rule.takes && rule.may_match_below(folder) {
                return true;
            }
        }
        self.others()
    }

    /// What becomes of names that no glob matches.
    fn others(&self) -> bool {
        !self.rules.first().is_some_and(|rule| rule.takes)
    }
}

impl Rule {
    /// The path, or one of the folders it lies in.
    fn matches(&self, path: &str) -> bool {
        if !self.whole {
            return path.split('/').any(|name| self.matcher.is_match(name));
        }
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.into_iter().any(|end| self.matcher.is_match(&path[..end]))
    }

    fn matches_all_in(&self, folder: &str) -> bool {
        self.folder.as_ref().is_some_and(|matcher| matcher.is_match(folder))
    }

    fn may_match_below(&self, folder: &str) -> bool {
        !self.whole || folder.split('/').zip(&self.parts).all(|(name, part)| part.is_match(name))
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(glob).literal_separator(true).build()?.compile_matcher())
}

/// The parts of a glob before the first that may go over folders, or that is only half of an alternative.
fn parts(glob: &str) -> Vec<GlobMatcher> {
    let plain = |part: &&str| !part.contains("**") && !part.contains(['{', '}', '[', ']', '\\']);
    let parts: Vec<_> = glob.split('/').take_while(plain).map_while(|part| matcher(part).ok()).collect();
    parts
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

    #[rstest]
    #[case::nothing_said(&[], "a", true)]
    #[case::left_out_by_name(&["-lost+found"], "a/lost+found", false)]
    #[case::below_one_that_is_left_out(&["-lost+found"], "lost+found/a", false)]
    #[case::left_out_by_path(&["-/raw/b"], "raw/b", false)]
    #[case::another_path(&["-/raw/b"], "other/raw/b", true)]
    #[case::all_that_is_in_it(&["-lost+found/**"], "lost+found", false)]
    #[case::all_that_is_directly_in_it(&["-/raw/b/*"], "raw/b", false)]
    #[case::what_is_in_it_is_left_out_not_the_folder(&["-raw/*.dat"], "raw", true)]
    #[case::taken_again_below(&["-raw", "+keep.txt"], "raw", true)]
    #[case::taken_again_elsewhere(&["-raw", "+/cooked/*"], "raw", false)]
    #[case::taken_again_by_path(&["-raw", "+/raw/keep/*"], "raw", true)]
    #[case::taken_again_deeper(&["-raw", "+/raw/keep/*"], "raw/keep", true)]
    #[case::not_on_the_way(&["-raw", "+/raw/keep/*"], "raw/other", false)]
    #[case::left_out_last(&["+*.json", "-raw"], "raw", false)]
    #[case::includes_may_match_anywhere(&["+*.json"], "raw", true)]
    #[case::an_include_of_one_path(&["+/ok/*.json"], "raw", false)]
    #[case::on_the_way_to_one_path(&["+/a/b/*.json"], "a", true)]
    #[case::two_stars(&["+/a/**/x.json"], "a/b/c", true)]
    #[case::two_stars_elsewhere(&["+/a/**/x.json"], "b", false)]
    #[case::alternatives_are_not_guessed_at(&["+/{a,b}/x"], "c", true)]
    fn folders_that_hold_nothing_wanted_are_not_entered(
        #[case] texts: &[&str],
        #[case] folder: &str,
        #[case] entered: bool,
    ) {
        assert_eq!(globs(texts).enters(folder), entered);
    }

    #[test]
    fn a_glob_that_cannot_be_read_is_named() {
        let fault = Globs::new(&[Glob::Exclude("a[".into())]).unwrap_err();
        assert!(fault.class() == Class::BadInput && fault.line().contains("a["), "{fault}");
    }
}
