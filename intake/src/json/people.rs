//! Lists of people and of money, as the one text that a cell would hold.

use super::{
    Node,
    job::{Keys, Kind, text, unknown},
};
use crate::{
    draft::{Draft, Wrong},
    field::Field,
    people,
};

/// The parts of a source of money, in the order of a cell.
const PARTS: [&str; 3] = ["funder", "grant_number", "fundee"];

/// The entries behind one another, each closed by a `;`. `None` when one of them is wrong, which has been said. Nulls
/// and blanks are no entries.
pub(super) fn joined(draft: &mut Draft, field: Field, path: &str, nodes: Vec<Node>) -> Option<String> {
    let mut joined = Some(String::new());
    for (index, node) in nodes.into_iter().enumerate() {
        let at = format!("{path}[{index}]");
        let entry = match node {
            Node::Object(pairs) if field == Field::FundingSource => source(draft, &at, pairs),
            node => text(draft, at, node, Kind::Text, false).map(|written| written.text),
        };
        joined = joined.zip(entry).map(|(joined, entry)| match entry.trim() {
            "" => joined,
            entry => joined + entry + ";",
        });
    }
    joined
}

/// `{"funder": …, "grant_number": …, "fundee": …}` as `funder|grant number|fundee`.
fn source(draft: &mut Draft, at: &str, pairs: Vec<(String, Node)>) -> Option<String> {
    let problems = draft.problems.len();
    let mut keys = Keys::new(at);
    let mut parts: [String; 3] = Default::default();
    for (key, node) in pairs {
        let Some((clean, path)) = keys.once(draft, &key) else { continue };
        let Some(index) = PARTS.iter().position(|part| *part == clean) else {
            unknown(draft, path, &clean, &PARTS.map(str::to_owned));
            continue;
        };
        let kind = if clean == "grant_number" { Kind::TextOrDigits } else { Kind::Text };
        let Some(written) = text(draft, path, node, kind, false) else { continue };
        if written.text.contains([';', '|']) {
            let wrong =
                Wrong::new("a `;` or `|`, which separate entries and their parts", "text without them");
            draft.complain(written.column, wrong);
        } else {
            parts[index] = written.text;
        }
    }
    let faultless = draft.problems.len() == problems;
    if faultless && parts[0].trim().is_empty() {
        draft.complain(at, Wrong::new("an entry without a funder", people::FUNDING));
        return None;
    }
    faultless.then(|| parts.join("|"))
}
