//! One mapping of a configuration: every key is asked for once, and what nobody asked for is unknown.

use crate::{draft::Wrong, field, json::Node, nearest};

/// What is wrong and what has no effect, each in the order it was met.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) problems: Vec<String>,
    pub(crate) notes: Vec<String>,
}

pub(crate) struct Keys {
    /// `compressor_kwargs.` inside of it.
    at: String,
    written: Vec<Written>,
    asked: Vec<&'static str>,
    found: Found,
}

struct Written {
    name: String,
    clean: String,
    node: Node,
}

impl Keys {
    pub(crate) fn new(at: &str, pairs: Vec<(String, Node)>) -> Self {
        let mut keys =
            Self { at: at.to_owned(), written: Vec::new(), asked: Vec::new(), found: Found::default() };
        for (name, node) in pairs {
            let clean = field::clean(&name);
            if keys.written.iter().any(|written| written.clean == clean) {
                keys.problem(&name, None, &Wrong::new("the key is there twice", "keep one of them"));
            } else {
                keys.written.push(Written { name, clean, node });
            }
        }
        keys
    }

    /// Null is as good as nothing.
    pub(crate) fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        match self.take(name)? {
            (_, Node::Null) => None,
            (written, node) => self.parsed(&written, &node, parse),
        }
    }

    /// Where null could be meant as a value, `parse` is asked about it too.
    pub(crate) fn read_even_null<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        let (written, node) = self.take(name)?;
        self.parsed(&written, &node, parse)
    }

    fn parsed<T>(
        &mut self,
        written: &str,
        node: &Node,
        parse: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        parse(node).map_err(|wrong| self.problem(written, Some(node), &wrong)).ok()
    }

    /// Whether there is a value for it. Ask before it is read.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.written.iter().any(|written| written.clean == name && !matches!(written.node, Node::Null))
    }

    /// The mapping below a key, empty if there is none. Give it back with [`Keys::absorb`].
    pub(crate) fn below(&mut self, name: &'static str) -> Self {
        let at = format!("{}{name}.", self.at);
        let pairs = match self.take(name) {
            None | Some((_, Node::Null)) => Vec::new(),
            Some((_, Node::Object(pairs))) => pairs,
            Some((written, node)) => {
                let what = format!("{}, not keys with values", node.noun());
                self.problem(&written, Some(&node), &Wrong::new(what, "`{\"key\": value}`"));
                Vec::new()
            }
        };
        Self::new(&at, pairs)
    }

    pub(crate) fn absorb(&mut self, below: Self) {
        let found = below.close();
        self.found.problems.extend(found.problems);
        self.found.notes.extend(found.notes);
    }

    /// Known, and whatever its value is, nothing comes of it.
    pub(crate) fn without_effect(&mut self, name: &'static str, why: &str) {
        if matches!(self.take(name), Some((_, node)) if !matches!(node, Node::Null)) {
            self.note(name, why);
        }
    }

    /// Known, but this time nothing comes of it.
    pub(crate) fn note(&mut self, name: &str, why: &str) {
        self.found.notes.push(format!("`{}{name}` has no effect: {why}", self.at));
    }

    /// What is wrong with a key that was read already.
    pub(crate) fn contradicted(&mut self, name: &str, what: &str, valid: &str) {
        self.problem(name, None, &Wrong::new(what, valid));
    }

    fn take(&mut self, name: &'static str) -> Option<(String, Node)> {
        self.asked.push(name);
        let at = self.written.iter().position(|written| written.clean == name)?;
        let written = self.written.remove(at);
        Some((written.name, written.node))
    }

    fn problem(&mut self, written: &str, node: Option<&Node>, wrong: &Wrong) {
        let value = node.and_then(shown).map(|value| format!(" = `{value}`")).unwrap_or_default();
        let Wrong { what, valid } = wrong;
        self.found.problems.push(format!("`{}{}`{value}: {what} ({valid})", self.at, short(written)));
    }

    /// Whatever was not asked for is unknown.
    pub(crate) fn close(mut self) -> Found {
        for written in std::mem::take(&mut self.written) {
            let valid = match nearest::nearest(&written.clean, self.asked.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the keys are {}", self.asked.join(", ")),
            };
            self.problem(&written.name, None, &Wrong::new("no key of that name", valid));
        }
        self.found
    }
}

/// `None` for what has no short form.
fn shown(node: &Node) -> Option<String> {
    match node {
        Node::Null => Some("null".into()),
        Node::Bool(value) => Some(value.to_string()),
        Node::Number(value) => Some(value.to_string()),
        Node::Text(value) => Some(short(value)),
        Node::List(_) | Node::Object(_) => None,
    }
}

/// A configuration may be the wrong file, so anything may stand in it.
fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let head: String = text.chars().take(LONGEST).map(printable).collect();
    if text.chars().nth(LONGEST).is_some() { format!("{head}…") } else { head }
}
