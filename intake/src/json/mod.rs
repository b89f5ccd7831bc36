//! Jobs as JSON: one object, or a list of them.

mod job;
mod node;
mod people;

use adt_model::Origin;
use camino::Utf8Path;

use crate::{
    Overrides, Row, clash,
    draft::{Draft, Form},
    spec,
};

pub(crate) use job::{endpoints, modalities};
pub(crate) use node::Node;

/// Reads one job object or a list of them.
///
/// Keys have the names of the CSV's columns; `modalities` is a list of objects. A whole number as `subject_id` stands
/// for its digits; `investigators` and `funding_source` may be lists. The row of a job is its place in the list,
/// counted from 1; a single object has none. Of a text that is no JSON only the line and column are said, since any
/// part of it may be a secret.
pub fn from_json(text: &str, source: &str, cwd: &Utf8Path, over: &Overrides) -> Vec<Row> {
    let origin = |row| Origin { source: source.to_owned(), row };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Vec::new();
    }
    let node = match Node::parse(text) {
        Ok(node) => node,
        Err(wrong) => return vec![Row::refused(origin(None), wrong.what, wrong.valid)],
    };
    let read = |node: Node, row| match node {
        Node::Object(pairs) => {
            let mut draft = Draft::new(origin(row), Form::Names);
            job::fill(&mut draft, pairs);
            spec::row(draft, cwd, over)
        }
        other => {
            Row::refused(origin(row), format!("{}, not a job", other.noun()), "a job is an object `{…}`")
        }
    };
    let mut rows = match node {
        Node::List(nodes) => (1..).zip(nodes).map(|(row, node)| read(node, Some(row))).collect(),
        node => vec![read(node, None)],
    };
    clash::between_rows(&mut rows);
    rows
}
