use adt_model::Location;
use camino::{Utf8Path, Utf8PathBuf};

/// What a location is called in what a person is told.
pub(super) fn last_part(location: &Location) -> String {
    let text = location.to_string();
    let text = text.trim_end_matches('/');
    text.rsplit('/').find(|part| !part.is_empty()).unwrap_or(text).to_owned()
}

/// Whether one location is the other or lies below it. Folders are compared without links, as far as they exist.
pub(super) fn within(one: &Location, other: &Location) -> bool {
    if let (Location::Folder(one), Location::Folder(other)) = (one, other) {
        return real(one).starts_with(real(other));
    }
    let (one, other) = (one.to_string(), other.to_string());
    let other = other.trim_end_matches('/');
    one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Without links, as far as it exists.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    let there = path.ancestors().find_map(|known| Some((known, known.canonicalize_utf8().ok()?)));
    match there {
        Some((known, found)) => match path.strip_prefix(known) {
            Ok(rest) if !rest.as_str().is_empty() => found.join(rest),
            _ => found,
        },
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("s3://b/a", "s3://b/a", true)]
    #[case("s3://b/a/x", "s3://b/a", true)]
    #[case("s3://b/ab", "s3://b/a", false)]
    #[case("s3://b", "s3://b/a", false)]
    #[case("/none/a/x", "/none/a", true)]
    #[case("/none/ab", "/none/a", false)]
    #[case("/none/a", "s3://b/none/a", false)]
    fn what_lies_inside_is_told(#[case] one: &str, #[case] other: &str, #[case] inside: bool) {
        assert_eq!(within(&one.parse().unwrap(), &other.parse().unwrap()), inside);
    }
}
