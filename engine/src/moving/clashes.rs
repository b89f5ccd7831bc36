//! Objects whose names a folder's file system does not tell apart: `A.txt` and `a.txt` on Windows, both forms of `é` on macOS.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use adt_model::{Class, Fault, Folding, Key};

use super::{
    copy::Work,
    pairs::{Next, Pair},
};

/// Names of two objects that would become one file.
type Clash = (String, String);

/// Clashes that are named one by one.
const NAMED: u64 = 20;

/// Fails before anything is written where two objects would become one file of the destination. Both sides are listed for that; where all
/// names are told apart, nothing is.
pub(super) async fn refuse(work: &Arc<Work>) -> Result<(), Fault> {
    let folding = work.out.place().folding().await?;
    if !folding.any() {
        return Ok(());
    }
    let mut names = Names::new(folding);
    each(work, |key| names.add(key)).await?;
    let Some(clashing) = names.clashing() else { return Ok(()) };
    let mut pairs = Named::new(folding, clashing);
    each(work, |key| pairs.add(key)).await?;
    let place = work.out.place().location();
    let Some((first, second)) = pairs.clashes.first() else { return Ok(()) };
    let others = pairs.clashes.len() as u64 - 1;
    let more = match others {
        0 => String::new(),
        1 => "; the same is true of 1 other pair".to_owned(),
        _ => format!("; the same is true of {others} other pairs"),
    };
    for (first, second) in pairs.clashes.iter().take(NAMED as usize) {
        work.out.note(format!("`{first}` and `{second}` would become the same file"));
    }
    let what = format!(
        "`{first}` and `{second}` would become the same file in `{place}`, whose file system does not tell their names apart{more}; nothing was written"
    );
    Err(Fault::new(Class::Conflict, what).help("rename one of each pair, or leave it out with `--exclude`"))
}

/// Every name of either side, and of the folders above it.
async fn each(work: &Arc<Work>, mut add: impl FnMut(&str)) -> Result<(), Fault> {
    let mut pairs = work.pairs();
    while let Some(next) = pairs.next().await? {
        work.ctx.stop.check()?;
        if let Next::Pair(pair) = next
            && let Some(key) = key(&pair)
        {
            with_folders(key.as_str(), &mut add);
        }
    }
    Ok(())
}

fn key(pair: &Pair) -> Option<&Key> {
    pair.source.as_ref().or(pair.there.as_ref()).map(super::item::Item::key)
}

fn with_folders(key: &str, add: &mut impl FnMut(&str)) {
    for (slash, _) in key.match_indices('/') {
        add(&key[..slash]);
    }
    add(key);
}

fn sum(text: &str) -> u64 {
    adt_codec::crc64(text.as_bytes())
}

/// The first reading keeps two checksums for each name, so that memory stays small.
struct Names {
    folding: Folding,
    seen: HashMap<u64, u64>,
    clashing: HashSet<u64>,
}

impl Names {
    fn new(folding: Folding) -> Self {
        Self { folding, seen: HashMap::new(), clashing: HashSet::new() }
    }

    fn add(&mut self, name: &str) {
        let (folded, exact) = (sum(&self.folding.fold(name)), sum(name));
        if *self.seen.entry(folded).or_insert(exact) != exact {
            self.clashing.insert(folded);
        }
    }

    fn clashing(self) -> Option<HashSet<u64>> {
        Some(self.clashing).filter(|clashing| !clashing.is_empty())
    }
}

/// The second reading names what the first has found.
struct Named {
    folding: Folding,
    clashing: HashSet<u64>,
    first: HashMap<String, String>,
    clashes: Vec<Clash>,
    told: HashSet<String>,
}

impl Named {
    fn new(folding: Folding, clashing: HashSet<u64>) -> Self {
        Self { folding, clashing, first: HashMap::new(), clashes: Vec::new(), told: HashSet::new() }
    }

    fn add(&mut self, name: &str) {
        let folded = self.folding.fold(name);
        if !self.clashing.contains(&sum(&folded)) || self.told.contains(name) {
            return;
        }
        self.told.insert(name.to_owned());
        match self.first.get(&folded) {
            Some(first) if first != name => self.clashes.push((first.clone(), name.to_owned())),
            Some(_) => {}
            None => drop(self.first.insert(folded, name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const BOTH: Folding = Folding { case: true, form: true };

    #[rstest]
    #[case::files(&["A.txt", "a.txt"], &[("A.txt", "a.txt")])]
    #[case::three(&["A", "B", "a"], &[("A", "a")])]
    #[case::forms(&["\u{e9}", "e\u{301}"], &[("\u{e9}", "e\u{301}")])]
    #[case::folders(&["Dir/x", "dir/y"], &[("Dir", "dir")])]
    #[case::folder_and_file(&["Run", "run/x"], &[("Run", "run")])]
    #[case::other_folders(&["a/x", "b/x", "b/y"], &[])]
    fn names_of_one_file_are_found(#[case] keys: &[&str], #[case] expected: &[(&str, &str)]) {
        let mut names = Names::new(BOTH);
        for key in keys {
            with_folders(key, &mut |name| names.add(name));
        }
        let found = names.clashing().map(|clashing| {
            let mut second = Named::new(BOTH, clashing);
            for key in keys {
                with_folders(key, &mut |name| second.add(name));
            }
            second.clashes
        });
        let expected: Vec<Clash> = expected.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        assert_eq!(found.unwrap_or_default(), expected);
    }
}
