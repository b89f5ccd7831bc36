//! What `sync --delete` may delete: one decision over two full listings, without any request.

use adt_model::{Class, Fault, Key};

use super::{item::Item, pairs::Pair, superfluous::Superfluous};

/// Without `--max-delete`, no more objects than this are deleted.
const MOST: u64 = 1_000;

/// What the person allows to be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// `--max-delete`: delete nothing if it would be more objects than this.
    pub most: Option<u64>,
    /// `--delete-all`: also when the source lists nothing, and without the default limits.
    pub all: bool,
}

impl Deletion {
    /// As many keys must be remembered; if there are more, nothing is deleted.
    fn limit(self) -> u64 {
        match self.most {
            Some(most) => most,
            None if self.all => u64::MAX,
            None => MOST,
        }
    }
}

/// What a full listing of both sides has shown.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Objects of the source.
    pub(super) source: u64,
    /// Objects of the destination.
    pub(super) destination: u64,
    /// Objects of the destination that the source does not have, all counted.
    pub(super) extra: u64,
    /// The same by name, as long as the limit allows.
    keys: Superfluous,
    limit: u64,
    /// Names that were left out on either side: what is at or below them is not known to be superfluous.
    left_out: Vec<String>,
    /// A folder of the source that is there but empty, and how many superfluous objects are below that name.
    emptied: Option<(Key, u64)>,
}

impl Seen {
    /// For a listing that may end in a deletion, or in none. A rehearsal remembers every name, to show them all.
    pub(super) fn new(deletion: Option<Deletion>, rehearsal: bool) -> Self {
        let limit = match deletion {
            Some(_) if rehearsal => u64::MAX,
            Some(deletion) => deletion.limit(),
            None => 0,
        };
        Self { limit, ..Self::default() }
    }

    /// Pairs come in byte order of their keys. What the person did not mean (`--max-age` and the like) is counted and never superfluous.
    pub(super) fn meet(&mut self, pair: &Pair, meant: bool) {
        self.source += u64::from(pair.source.is_some());
        self.destination += u64::from(pair.there.is_some());
        let Some(key) = pair.source.as_ref().or(pair.there.as_ref()).map(Item::key) else { return };
        // Keys below `name/` end before `name0`: what was left out earlier than that concerns no later key.
        self.left_out.retain(|name| key.as_str() < format!("{name}0").as_str());
        if let (None, Some(there), true) = (&pair.source, &pair.there, meant)
            && !self.left_out.iter().any(|name| is_at_or_below(key, name))
        {
            self.extra += 1;
            if self.extra <= self.limit {
                self.keys.push(key, version(there));
            }
        }
    }

    /// A name that one of the sides has, and that is not taken (a socket, a link that leads nowhere).
    pub(super) fn left_out(&mut self, name: &str) {
        self.left_out.push(name.to_owned());
    }

    /// Every superfluous object that is remembered, in byte order of keys.
    pub(super) fn superfluous(&self) -> &Superfluous {
        &self.keys
    }

    /// With the folders of the source that are there but empty: where a disk is not mounted, the folder is still there.
    pub(super) fn with_empty_folders(mut self, is_empty: impl Fn(&str) -> bool) -> Self {
        for (key, _) in self.keys.iter() {
            let above = key.match_indices('/').map(|(end, _)| &key[..end]);
            if let Some(folder) = above.into_iter().find(|folder| is_empty(folder))
                && let Ok(folder) = Key::parse(folder)
            {
                match &mut self.emptied {
                    Some((known, count)) if *known == folder => *count += 1,
                    Some(_) => {}
                    None => self.emptied = Some((folder, 1)),
                }
            }
        }
        self
    }
}

fn is_at_or_below(key: &Key, name: &str) -> bool {
    key.as_str().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A checksum of what tells one version of an object from another.
fn version(item: &Item) -> u64 {
    let found = item.found();
    let time = found.modified.or(found.written).map(jiff::Timestamp::as_nanosecond);
    let text = format!("{}\0{}\0{time:?}", found.size, found.etag.as_deref().unwrap_or_default());
    adt_codec::crc64(text.as_bytes())
}

/// Why a limit stops a deletion.
#[derive(Debug)]
struct Stopped {
    why: String,
    /// What the command line lacks; nothing where a number that is there is too small.
    needs: Option<&'static str>,
    /// What a person looks at before allowing it.
    check: &'static str,
    /// What allows it.
    allows: String,
}

/// Whether what one listing shows as superfluous may be deleted at all.
///
/// | the listing shows | what allows it |
/// |---|---|
/// | nothing at the source, something at the destination | `--delete-all` |
/// | more superfluous objects than `--max-delete N` | a larger N |
/// | more than half of the destination, or more than 1,000 objects | `--max-delete N`, or `--delete-all` |
/// | an empty folder at the source, objects below it at the destination | `--max-delete N`, or `--delete-all` |
pub(super) fn permitted(seen: &Seen, allowed: Deletion) -> Result<(), Fault> {
    let Some(Stopped { why, needs, check, allows }) = stopped(seen, allowed) else { return Ok(()) };
    let what = match needs {
        Some(needs) => format!("{why}: `--delete` needs `{needs}` for that; nothing was deleted"),
        None => format!("{why}; nothing was deleted"),
    };
    Err(Fault::new(Class::Conflict, what).help(format!("{check}; `{allows}` deletes them")))
}

/// The same for a dry run, which has named what would be deleted.
pub(super) fn would_be_permitted(seen: &Seen, allowed: Deletion) -> Result<(), Fault> {
    let Some(Stopped { why, check, allows, .. }) = stopped(seen, allowed) else { return Ok(()) };
    let what =
        format!("dry run: the real run would stop before it deletes anything, with exit code 1: {why}");
    let check = if check == LOOK { String::new() } else { format!("{check}; ") };
    Err(Fault::new(Class::Conflict, what).help(format!("{check}`{allows}` allows the deletion")))
}

const LOOK: &str = "look at them with `--dry-run`";

fn stopped(seen: &Seen, allowed: Deletion) -> Option<Stopped> {
    let Seen { source, destination, extra, .. } = *seen;
    if extra == 0 {
        return None;
    }
    let objects = plural(extra);
    let number = format!("--max-delete {extra}");
    if source == 0 && !allowed.all {
        let why = format!("the source lists 0 objects, the destination {destination}");
        let check = "check that the source is complete and mounted";
        return Some(Stopped { why, needs: Some("--delete-all"), check, allows: "--delete-all".into() });
    }
    match allowed.most {
        Some(most) if extra > most => {
            let why = format!("{objects} would be deleted, more than `--max-delete {most}` allows");
            return Some(Stopped { why, needs: None, check: LOOK, allows: number });
        }
        Some(_) => return None,
        None if allowed.all => return None,
        None => {}
    }
    let needs = Some("--max-delete N");
    if extra > MOST || extra.saturating_mul(2) > destination {
        let how = if extra > MOST { "more than 1,000" } else { "more than half" };
        let why = format!("{objects} of {destination} at the destination would be deleted, {how}");
        return Some(Stopped { why, needs, check: LOOK, allows: number });
    }
    let (folder, count) = seen.emptied.as_ref()?;
    let why = format!(
        "the folder `{folder}` of the source is empty, and {} below it would be deleted at the destination",
        plural(*count)
    );
    Some(Stopped { why, needs, check: "check that its disk is mounted", allows: number })
}

fn plural(count: u64) -> String {
    format!("{count} object{}", if count == 1 { "" } else { "s" })
}

/// The one decision: what may be deleted, in byte order of keys, or why nothing may.
///
/// Both listings must have ended well. An object is deleted only if both showed this same version of it at the destination, nothing of its
/// name at the source, and no name that was left out at or above it.
pub(super) fn may_delete(first: &Seen, second: &Seen, allowed: Deletion) -> Result<Superfluous, Fault> {
    permitted(first, allowed)?;
    permitted(second, allowed)?;
    Ok(first.keys.in_both(&second.keys))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use adt_store::Found;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn item(key: &str, version: u64) -> Item {
        Item::Object(Found { etag: Some(version.to_string()), ..Found::new(key.parse().unwrap(), 1) })
    }

    /// Both sides as they are listed: keys with versions.
    #[derive(Clone, Debug, Default)]
    struct Sides {
        source: BTreeSet<String>,
        there: BTreeMap<String, u64>,
        left_out: BTreeSet<String>,
    }

    impl Sides {
        fn seen(&self, allowed: Deletion) -> Seen {
            let mut seen = Seen::new(Some(allowed), false);
            let keys: BTreeSet<_> = self.source.iter().chain(self.there.keys()).collect();
            let mut left_out = self.left_out.iter().peekable();
            for key in keys {
                while let Some(name) = left_out.next_if(|name| name.as_str() <= key.as_str()) {
                    seen.left_out(name);
                }
                let source = self.source.contains(key).then(|| item(key, 0));
                let there = self.there.get(key).map(|version| item(key, *version));
                seen.meet(&Pair { source, there, known: None }, true);
            }
            seen
        }

        /// Without any cleverness.
        fn superfluous(&self) -> BTreeMap<String, u64> {
            let is_left_out = |key: &str| {
                self.left_out.iter().any(|name| key == name || key.starts_with(&format!("{name}/")))
            };
            let extra = self.there.iter().filter(|(key, _)| !self.source.contains(*key) && !is_left_out(key));
            extra.map(|(key, version)| (key.clone(), *version)).collect()
        }
    }

    fn names(keys: &Superfluous) -> Vec<String> {
        keys.iter().map(|(key, _)| key).collect()
    }

    prop_compose! {
        fn key()(parts in proptest::collection::vec("[a-c/0.-]{1,2}", 1..4)) -> String {
            let text = parts.join("/");
            let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty() && *part != "." && *part != "..").collect();
            if parts.is_empty() { "a".to_owned() } else { parts.join("/") }
        }
    }

    prop_compose! {
        fn sides()(
            source in proptest::collection::btree_set(key(), 0..12),
            there in proptest::collection::btree_map(key(), 0u64..2, 0..24),
            left_out in proptest::collection::btree_set(key(), 0..3),
        ) -> Sides {
            Sides { source, there, left_out }
        }
    }

    proptest! {
        #[test]
        fn only_what_both_listings_show_as_superfluous_is_deleted(
            first in sides(), second in sides(), most in proptest::option::of(0u64..24), all: bool,
        ) {
            let allowed = Deletion { most, all };
            let (one, two) = (first.superfluous(), second.superfluous());
            let decided = may_delete(&first.seen(allowed), &second.seen(allowed), allowed);
            let Ok(keys) = decided else { return Ok(()) };
            let both: Vec<_> = one.iter().filter(|(key, v)| two.get(*key) == Some(*v)).map(|(key, _)| key.clone()).collect();
            prop_assert_eq!(names(&keys), both);
            prop_assert!(keys.len() <= one.len() as u64);
            if let Some(most) = most {
                prop_assert!(keys.len() <= most);
            }
            if !all && keys.len() > 0 {
                prop_assert!(!first.source.is_empty() && !second.source.is_empty());
                prop_assert!(most.is_some() || keys.len() * 2 <= first.there.len() as u64);
            }
        }

        #[test]
        fn the_same_listing_twice_deletes_all_that_is_superfluous(sides in sides()) {
            let allowed = Deletion { most: None, all: true };
            let keys = may_delete(&sides.seen(allowed), &sides.seen(allowed), allowed).unwrap();
            prop_assert_eq!(names(&keys), sides.superfluous().into_keys().collect::<Vec<_>>());
        }
    }

    fn counted(source: u64, destination: u64, extra: u64) -> Seen {
        Seen { source, destination, extra, ..Seen::default() }
    }

    #[rstest]
    #[case::nothing_superfluous(0, 60, 0, None, false, None)]
    #[case::half(30, 60, 30, None, false, None)]
    #[case::more_than_half(29, 60, 31, None, false, Some("`--max-delete N`"))]
    #[case::a_tiny_source(1, 60, 59, None, false, Some("more than half"))]
    #[case::more_than_half_as_asked(29, 60, 31, Some(31), false, None)]
    #[case::more_than_asked(29, 60, 31, Some(30), false, Some("`--max-delete 30`"))]
    #[case::a_thousand(9_000, 10_000, 1_000, None, false, None)]
    #[case::more_than_a_thousand(9_000, 10_000, 1_001, None, false, Some("more than 1,000"))]
    #[case::empty(
        0,
        60,
        60,
        None,
        false,
        Some("the source lists 0 objects, the destination 60: `--delete` needs `--delete-all` for that")
    )]
    #[case::empty_in_spite_of_a_number(0, 60, 60, Some(60), false, Some("`--delete-all`"))]
    #[case::empty_as_asked(0, 60, 60, None, true, None)]
    #[case::empty_as_asked_up_to_a_number(0, 60, 60, Some(10), true, Some("`--max-delete 10`"))]
    fn limits(
        #[case] source: u64,
        #[case] destination: u64,
        #[case] extra: u64,
        #[case] most: Option<u64>,
        #[case] all: bool,
        #[case] refused: Option<&str>,
    ) {
        let decided = permitted(&counted(source, destination, extra), Deletion { most, all });
        match refused {
            None => assert!(decided.is_ok(), "{decided:?}"),
            Some(word) => {
                let line = decided.unwrap_err().line();
                assert!(line.contains(word) && line.contains("nothing was deleted"), "{line}");
                let deletion = Deletion { most, all };
                let dry = would_be_permitted(&counted(source, destination, extra), deletion).unwrap_err();
                let (line, help) = (dry.line(), dry.advice().unwrap().to_owned());
                assert!(line.starts_with("dry run: ") && !line.contains("nothing was deleted"), "{line}");
                assert!(!help.contains("--dry-run") && help.contains("allows the deletion"), "{help}");
            }
        }
    }

    #[test]
    fn an_empty_folder_of_the_source_is_taken_for_a_disk_that_is_not_mounted() {
        let there: BTreeMap<_, _> = ["a", "b", "c", "m/x", "m/y"].map(|key| (key.to_owned(), 0)).into();
        let source = ["a", "b", "c"].map(str::to_owned).into();
        let sides = Sides { source, there, left_out: BTreeSet::new() };
        let decide = |allowed| {
            let first = sides.seen(allowed).with_empty_folders(|folder| folder == "m");
            may_delete(&first, &sides.seen(allowed), allowed)
        };
        let line = decide(Deletion::default()).unwrap_err().line();
        assert!(line.contains("the folder `m` of the source is empty, and 2 objects below it"), "{line}");
        assert_eq!(names(&decide(Deletion { most: Some(2), all: false }).unwrap()), ["m/x", "m/y"]);
    }
}
