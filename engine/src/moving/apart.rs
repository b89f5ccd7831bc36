//! Places that are, or hold, one another.

use adt_model::{Class, Fault, Location};

/// Fails for a source and a destination that are, or hold, one another.
pub fn apart(from: &Location, to: &Location, deleting: bool) -> Result<(), Fault> {
    let (from_text, to_text) = (slashed(from), slashed(to));
    let refuse = |what: String, help: &str| Err(Fault::new(Class::BadInput, what).help(help));
    if from_text == to_text {
        return refuse(format!("`{from}` is source and destination"), "name two places");
    }
    if to_text.starts_with(&from_text) {
        return refuse(
            format!("the destination `{to}` lies inside the source `{from}`"),
            "name a place outside of it",
        );
    }
    if deleting && from_text.starts_with(&to_text) {
        return refuse(
            format!("the source `{from}` lies inside the destination `{to}`, which `--delete` would empty"),
            "leave `--delete` away, or name another place",
        );
    }
    Ok(())
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
