//! Places that are, or hold, one another.

use adt_model::{Class, Fault, Location};

/// Fails for a source that is its own destination.
pub fn distinct(from: &Location, to: &Location) -> Result<(), Fault> {
    if slashed(from) != slashed(to) {
        return Ok(());
    }
    Err(Fault::new(Class::BadInput, format!("`{from}` is source and destination")).help("name two places"))
}

/// Fails for a source and a destination that are, or hold, one another.
pub fn apart(from: &Location, to: &Location, deleting: bool) -> Result<(), Fault> {
    distinct(from, to)?;
    let (from_text, to_text) = (slashed(from), slashed(to));
    let refuse = |what: String, help: &str| Err(Fault::new(Class::BadInput, what).help(help));
    if to_text.starts_with(&from_text) {
        return refuse(
            format!("the destination `{to}` is inside the source `{from}`"),
            "name a place outside of it",
        );
    }
    if deleting && from_text.starts_with(&to_text) {
        return refuse(
            format!("the source `{from}` is inside the destination `{to}`, which `--delete` would empty"),
            "omit `--delete`, or name another place",
        );
    }
    Ok(())
}

/// Where the source is inside the destination: the beginning of names that a copy there would put into the source, where it could replace
/// objects that are still to be copied.
pub fn within(from: &Location, to: &Location) -> Option<String> {
    let (from, to) = (slashed(from), slashed(to));
    from.strip_prefix(&to).filter(|rest| !rest.is_empty()).map(|rest| rest.replace('\\', "/"))
}

/// Whether one of two places is, or holds, the other.
pub fn overlap(one: &Location, other: &Location) -> bool {
    let (one, other) = (slashed(one), slashed(other));
    one.starts_with(&other) || other.starts_with(&one)
}

fn slashed(location: &Location) -> String {
    let text = match location {
        // As far as it exists, without links: two names of one folder are one folder.
        Location::Folder(path) => crate::survey::real(path).unwrap_or_else(|_| path.clone()).into_string(),
        other => other.to_string(),
    };
    format!("{}/", text.trim_end_matches(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::beside("s3://b/x", "s3://b/y", None)]
    #[case::a_longer_name("s3://b/x2", "s3://b/x", None)]
    #[case::the_same("s3://b/x", "s3://b/x", None)]
    #[case::around("s3://b/x/deep", "s3://b/x", Some("deep/"))]
    #[case::a_bucket_around("s3://b/x/deep", "s3://b", Some("x/deep/"))]
    #[case::another_bucket("s3://b/x", "s3://c", None)]
    #[case::inside("s3://b/x", "s3://b/x/deep", None)]
    #[case::folders("/nowhere/x/deep", "/nowhere/x", Some("deep/"))]
    fn a_source_inside_its_destination(#[case] from: &str, #[case] to: &str, #[case] names: Option<&str>) {
        assert_eq!(within(&from.parse().unwrap(), &to.parse().unwrap()).as_deref(), names);
    }
}
