//! Names and patterns of names.

/// Whether a text matches a pattern by the rules of Python's `fnmatch`: `*` is anything, `?` one character, `[a-c]` and `[!a-c]` one
/// of a set; everything else is itself.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last star does not match.
    let mut again = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            again = Some((p + 1, t));
            p += 1;
            continue;
        }
        if let Some(length) = one(&pattern[p..], text[t]) {
            (p, t) = (p + length, t + 1);
            continue;
        }
        let Some((after, from)) = again else { return false };
        again = Some((after, from + 1));
        (p, t) = (after, from + 1);
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

/// How long the part of the pattern is that stands for this character, if it does.
fn one(pattern: &[char], text: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => match set(&pattern[1..], text) {
            Some((length, holds)) => holds.then_some(length + 1),
            // A bracket that is not closed is a literal.
            None => (text == '[').then_some(1),
        },
        other => (*other == text).then_some(1),
    }
}

/// How long a set is, its closing bracket counted, and whether it holds the character.
fn set(pattern: &[char], text: char) -> Option<(usize, bool)> {
    let not = pattern.first() == Some(&'!');
    let begin = usize::from(not);
    // A bracket that comes first is part of the set.
    let close = pattern.iter().enumerate().skip(begin + 1).find(|(_, c)| **c == ']')?.0;
    let inside = &pattern[begin..close];
    let (mut at, mut holds) = (0, false);
    while at < inside.len() {
        if inside.get(at + 1) == Some(&'-') && at + 2 < inside.len() {
            holds |= (inside[at]..=inside[at + 2]).contains(&text);
            at += 3;
        } else {
            holds |= inside[at] == text;
            at += 1;
        }
    }
    Some((close + 1, holds != not))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("*", "", true)]
    #[case("*_ch_488*", "/a/b/tile_ch_488.tif", true)]
    #[case("*/b/*", "/a/b/c/d.tif", true)]
    #[case("*ch_48[0-9].tif", "x_ch_488.tif", true)]
    #[case("*ch_48[!8].tif", "x_ch_488.tif", false)]
    #[case("?.tif", "ab.tif", false)]
    #[case("a[]b]c", "a]c", true)]
    #[case("a[b", "a[b", true)]
    #[case("a*b*c", "axbxbxc", true)]
    #[case("a*b*c", "axbxbx", false)]
    #[case("tile.tif", "/a/tile.tif", false)]
    fn patterns_match_as_in_python(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches(pattern, text), expected);
    }
}
