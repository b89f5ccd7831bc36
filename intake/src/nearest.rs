//! The right spelling nearest to a wrong one.

/// Names longer than this are no slip of a known name; it also bounds the work on foreign bytes.
const LONGEST: usize = 64;

/// The candidate with the fewest slips (a letter wrong, missing, too many, or two swapped), if at most two in five
/// letters are slips. Letter case counts for nothing; of equals the first wins.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = letters(typed);
    if typed.len() > LONGEST {
        return None;
    }
    names
        .into_iter()
        .map(|name| {
            let letters = letters(name);
            (slips(&typed, &letters), letters.len().max(typed.len()), name)
        })
        .filter(|(slips, length, _)| slips * 5 <= length * 2)
        .min_by_key(|(slips, ..)| *slips)
        .map(|(.., name)| name)
}

fn letters(text: &str) -> Vec<char> {
    text.trim().to_lowercase().chars().take(LONGEST + 1).collect()
}

/// Optimal string alignment distance, three rows at a time.
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::same("abc", "abc", 0)]
    #[case::swapped("sorce", "source", 1)]
    #[case::neighbours("ab", "ba", 1)]
    #[case::empty("", "abc", 3)]
    #[case::far("kitten", "sitting", 3)]
    fn slips_are_counted(#[case] a: &str, #[case] b: &str, #[case] count: usize) {
        assert_eq!(slips(&letters(a), &letters(b)), count);
    }

    #[rstest]
    #[case("platfrom", Some("platform"))]
    #[case("PLATFORM", Some("platform"))]
    #[case("sorce", Some("source"))]
    #[case("comment", None)]
    #[case("", None)]
    fn the_nearest_is_found_or_nothing_is_near(#[case] typed: &str, #[case] found: Option<&str>) {
        assert_eq!(nearest(typed, ["source", "platform"]), found);
    }
}
