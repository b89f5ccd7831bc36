//! A JSON object becomes a draft.

use std::collections::BTreeSet;

use adt_model::ProblemKind;

use super::{Node, people};
use crate::{
    draft::{Cells, Draft, ModalityDraft, Written, Wrong},
    field::{self, Field, Part},
    later,
};

/// Fills a draft from a whole job.
pub(super) fn fill(draft: &mut Draft, pairs: Vec<(String, Node)>) {
    let mut keys = Keys::new("");
    let mut list = None;
    for (key, node) in pairs {
        let Some((clean, path)) = keys.once(draft, &key) else { continue };
        if clean == "modalities" {
            list = Some(node);
        } else if let Some(field) = Field::named(&clean) {
            put(draft, field, path, node);
        } else {
            let names: Vec<_> = Field::names().chain(["modalities"]).map(str::to_owned).collect();
            if let Some(meant) = unknown(draft, path, &clean, &names) {
                match Field::named(&meant) {
                    Some(field) => draft.fields.excuse(field),
                    None => list = list.or(Some(Node::List(Vec::new()))),
                }
            }
        }
    }
    modalities(draft, "modalities", list.unwrap_or(Node::Null));
}

/// Fills the endpoints of a draft from an object of them.
pub(crate) fn endpoints(draft: &mut Draft, at: &str, pairs: Vec<(String, Node)>) {
    let mut keys = Keys::new(at);
    for (key, node) in pairs {
        let Some((clean, path)) = keys.once(draft, &key) else { continue };
        if let Some(field) = Field::named(&clean).filter(|field| field.is_endpoint()) {
            put(draft, field, path, node);
        } else {
            let names = Field::names().filter(|name| Field::named(name).is_some_and(Field::is_endpoint));
            let names: Vec<_> = names.map(str::to_owned).collect();
            unknown(draft, path, &clean, &names);
        }
    }
}

/// Fills the modalities of a draft from a list of objects; `at` is what their names begin with.
pub(crate) fn modalities(draft: &mut Draft, at: &str, list: Node) {
    let form = "a list of objects `{\"modality\": …, \"source\": …}`; `[]` uploads metadata only";
    let nodes = match list {
        Node::List(nodes) => nodes,
        Node::Null => return draft.complain(at, Wrong::new("a value is needed", form)),
        other => return draft.complain(at, Wrong::new(format!("{}, not a list", other.noun()), form)),
    };
    for (index, node) in nodes.into_iter().enumerate() {
        let at = format!("{at}[{index}]");
        match node {
            Node::Object(pairs) => {
                let modality = modality(draft, at, pairs);
                draft.modalities.push(modality);
            }
            other => {
                let wrong = Wrong::new(
                    format!("{}, not a modality", other.noun()),
                    "an object `{\"modality\": …, \"source\": …}`",
                );
                draft.complain(at, wrong);
            }
        }
    }
}

fn modality(draft: &mut Draft, at: String, pairs: Vec<(String, Node)>) -> ModalityDraft {
    let mut cells = Cells::new();
    let mut keys = Keys::new(&at);
    for (key, node) in pairs {
        let Some((clean, path)) = keys.once(draft, &key) else { continue };
        let Some(part) = Part::named(&clean) else {
            let names: Vec<_> = Part::names().map(str::to_owned).collect();
            if let Some(part) = unknown(draft, path, &clean, &names).and_then(|name| Part::named(&name)) {
                cells.excuse(part);
            }
            continue;
        };
        let kind = if part == Part::Modality {
            Kind::Named
        } else if part.is_switch() {
            Kind::Switch
        } else {
            Kind::Text
        };
        match text(draft, path, node, kind, false) {
            Some(written) if !written.text.trim().is_empty() => {
                let put = cells.put(part, written);
                draft.settle(put);
            }
            Some(_) => {}
            None => cells.excuse(part),
        }
    }
    let source_advice = "the folder to upload; a blank never means the current folder".to_owned();
    ModalityDraft { at, cells, source_advice }
}

fn put(draft: &mut Draft, field: Field, path: String, node: Node) {
    let node = match (field, node) {
        (_, Node::List(nodes)) if field.is_list() => match people::joined(draft, field, &path, nodes) {
            Some(text) => Node::Text(text),
            None => return draft.fields.excuse(field),
        },
        (_, node) => node,
    };
    let kind = if field == Field::Platform {
        Kind::Named
    } else if field.is_switch() {
        Kind::Switch
    } else if field.may_be_digits() {
        Kind::TextOrDigits
    } else if field.is_list() {
        Kind::TextOrList
    } else {
        Kind::Text
    };
    match text(draft, path, node, kind, field.is_secret()) {
        Some(written) => draft.put(field, written.column, written.text),
        None => draft.fields.excuse(field),
    }
}

/// The names seen in one object.
pub(super) struct Keys {
    at: String,
    seen: BTreeSet<String>,
}

impl Keys {
    pub(super) fn new(at: &str) -> Self {
        Self { at: if at.is_empty() { String::new() } else { format!("{at}.") }, seen: BTreeSet::new() }
    }

    /// The clean name and the whole path of a key; a key written twice is a problem and is not read again.
    pub(super) fn once(&mut self, draft: &mut Draft, key: &str) -> Option<(String, String)> {
        let clean = field::clean(key);
        let path = format!("{}{key}", self.at);
        if self.seen.insert(clean.clone()) {
            return Some((clean, path));
        }
        draft.complain(path, Wrong::new("a key that is written twice", "each key once"));
        None
    }
}

/// Says that a key is unknown; gives the name it was probably meant to be.
pub(super) fn unknown(draft: &mut Draft, path: String, clean: &str, names: &[String]) -> Option<String> {
    if let Some(valid) = later::column(clean) {
        draft.complain(path, Wrong::new("not a key of adt's jobs", valid));
        return None;
    }
    let (valid, near) = field::advice(clean, names, "keys");
    draft.complain(path, Wrong::new("no key of that name", valid));
    near
}

/// What a value may be written as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A whole number stands for its digits.
    TextOrDigits,
    /// A text; its lists have been read already.
    TextOrList,
    /// `true`, `false`, 0, 1 or their words.
    Switch,
    /// A text, or an object holding `abbreviation` or `name`.
    Named,
}

/// The value as the text a cell would hold; blank for null. `None` when it is of a wrong kind, which has been said.
pub(super) fn text(draft: &mut Draft, path: String, node: Node, kind: Kind, secret: bool) -> Option<Written> {
    let text = match node {
        Node::Text(text) => text,
        Node::Null => String::new(),
        Node::Bool(on) if kind == Kind::Switch => on.to_string(),
        Node::Number(number) if kind == Kind::Switch => number.to_string(),
        Node::Number(number) if kind == Kind::TextOrDigits && number.is_u64() => number.to_string(),
        Node::Object(pairs) if kind == Kind::Named => return named(draft, &path, pairs),
        other => {
            let valid = match kind {
                Kind::Text => "a text in double quotes",
                Kind::TextOrDigits => "a text in double quotes, or a whole number",
                Kind::TextOrList => "a text in double quotes, or a list",
                Kind::Switch => "true or false",
                Kind::Named => "a text in double quotes, or an object with `abbreviation` or `name`",
            };
            let wrong = Wrong::new(format!("{} cannot stand here", other.noun()), valid);
            let value = match other {
                Node::Number(number) if !secret => number.to_string(),
                Node::Bool(on) if !secret => on.to_string(),
                _ => String::new(),
            };
            let written = Written { column: path, hidden: value.is_empty(), text: value };
            draft.problems.push(written.problem(&draft.origin, wrong, ProblemKind::Written));
            return None;
        }
    };
    Some(Written { column: path, text, hidden: secret })
}

/// `{"name": "Behavior videos", "abbreviation": "behavior-videos", …}` as documents of the schema write it. Other keys
/// of such an object say nothing about the job.
fn named(draft: &mut Draft, path: &str, pairs: Vec<(String, Node)>) -> Option<Written> {
    let mut keys = Keys::new(path);
    let mut found: Option<Written> = None;
    for (key, node) in pairs {
        let Some((clean, path)) = keys.once(draft, &key) else { continue };
        // The abbreviation is the canonical form, wherever it stands.
        if clean == "abbreviation" || clean == "name" && found.is_none() {
            match text(draft, path, node, Kind::Text, false)? {
                written if written.text.trim().is_empty() => {}
                written => found = Some(written),
            }
        }
    }
    if found.is_none() {
        let valid = "an object with `abbreviation` or `name`, or simply a text";
        draft.complain(path, Wrong::new("an object that names nothing", valid));
    }
    found
}
