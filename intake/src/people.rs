//! Who stands behind the data, as one text: entries separated by `;`, parts of an entry by `|`.

use adt_model::Funding;

use crate::draft::Wrong;

const NAMES: &str =
    "full names separated by `;`, such as `Jane Doe; John Roe`; a single `Last, First` ends in a `;`";
const TAGS: &str = "tags separated by `;`, such as `pilot; whole brain`";
/// The form of one source of money.
pub(crate) const FUNDING: &str =
    "entries separated by `;`, each `funder`, `funder | grant number` or `funder | grant number | fundee`";

/// Full names. With a `;` anywhere, commas are parts of names; without one a comma could mean either, and is refused.
pub(crate) fn investigators(text: &str) -> Result<Vec<String>, Wrong> {
    if text.contains(',') && !text.contains(';') {
        return Err(Wrong::new("a comma that could separate two names or stand in one", NAMES));
    }
    entries(text).map(|name| plain(name, NAMES)).collect()
}

/// Words to find the asset by.
pub(crate) fn tags(text: &str) -> Result<Vec<String>, Wrong> {
    entries(text).map(|tag| plain(tag, TAGS)).collect()
}

/// Sources of money.
pub(crate) fn funding(text: &str) -> Result<Vec<Funding>, Wrong> {
    entries(text).map(source).collect()
}

fn source(entry: &str) -> Result<Funding, Wrong> {
    let mut parts = entry.split('|').map(str::trim);
    let funder = plain(parts.next().unwrap_or_default(), FUNDING)?;
    let mut part =
        || parts.next().filter(|text| !text.is_empty()).map(|text| plain(text, FUNDING)).transpose();
    let funding = Funding { grant_number: part()?, fundee: part()?, funder };
    if funding.funder.is_empty() {
        return Err(Wrong::new("an entry without a funder", FUNDING));
    }
    match parts.next() {
        Some(_) => Err(Wrong::new("an entry of more than three parts", FUNDING)),
        None => Ok(funding),
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|entry| !entry.is_empty())
}

/// A line end inside would make one name of two.
fn plain(text: &str, form: &str) -> Result<String, Wrong> {
    if text.contains(char::is_control) {
        return Err(Wrong::new("a line end or another control character inside an entry", form));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::one("Jane Doe", &["Jane Doe"])]
    #[case::two("Jane Doe; John Roe", &["Jane Doe", "John Roe"])]
    #[case::blank_ones(";Jane Doe;; ", &["Jane Doe"])]
    #[case::lines("Jane Doe;\nJohn Roe\n", &["Jane Doe", "John Roe"])]
    #[case::last_first("Doe, Jane; Roe, John", &["Doe, Jane", "Roe, John"])]
    #[case::one_last_first("Doe, Jane;", &["Doe, Jane"])]
    #[case::nobody(";", &[])]
    fn investigators_are_separated_by_semicolons(#[case] text: &str, #[case] names: &[&str]) {
        assert_eq!(investigators(text).unwrap(), names);
    }

    #[rstest]
    #[case::comma("Jane Doe, John Roe", "a comma that could separate two names or stand in one")]
    #[case::line("Jane Doe\nJohn Roe", "a line end or another control character inside an entry")]
    fn what_could_be_one_name_or_two_is_refused(#[case] text: &str, #[case] what: &str) {
        assert_eq!(investigators(text).unwrap_err().what, what);
    }

    fn money(funder: &str, grant: &str, person: &str) -> Funding {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Funding { funder: funder.into(), grant_number: filled(grant), fundee: filled(person) }
    }

    #[rstest]
    #[case::funder("Allen Institute", vec![money("Allen Institute", "", "")])]
    #[case::grant("NIMH | R01 ", vec![money("NIMH", "R01", "")])]
    #[case::fundee("NIMH|R01|Doe, Jane", vec![money("NIMH", "R01", "Doe, Jane")])]
    #[case::no_grant("NIMH | | Jane Doe", vec![money("NIMH", "", "Jane Doe")])]
    #[case::blank_parts("NIMH | |", vec![money("NIMH", "", "")])]
    #[case::two("NIMH | R01; Allen Institute;", vec![money("NIMH", "R01", ""), money("Allen Institute", "", "")])]
    fn funding_has_up_to_three_parts(#[case] text: &str, #[case] sources: Vec<Funding>) {
        assert_eq!(funding(text).unwrap(), sources);
    }

    #[rstest]
    #[case::no_funder("| R01", "an entry without a funder")]
    #[case::four("a|b|c|d", "an entry of more than three parts")]
    #[case::line("NIMH\nNINDS", "a line end or another control character inside an entry")]
    fn funding_that_cannot_be_meant(#[case] text: &str, #[case] what: &str) {
        assert_eq!(funding(text).unwrap_err().what, what);
    }
}
