//! A job as it was written: texts, each with the name it was written under.

use std::collections::{BTreeMap, BTreeSet};

use adt_model::{Origin, Problem, ProblemKind};

use crate::field::{Field, Part};

/// What a person wrote for one thing. May be a secret, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Written {
    /// The header, key or flag as the person wrote it.
    pub(crate) column: String,
    /// Never blank.
    pub(crate) text: String,
    /// The text is a secret, or may be part of one, and goes into no message.
    pub(crate) hidden: bool,
}

/// What is wrong with a text, and what would be right. Neither may hold the text itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) valid: String,
}

impl Wrong {
    pub(crate) fn new(what: impl Into<String>, valid: impl Into<String>) -> Self {
        Self { what: what.into(), valid: valid.into() }
    }
}

impl Written {
    pub(crate) fn problem(&self, origin: &Origin, wrong: Wrong, kind: ProblemKind) -> Problem {
        Problem {
            origin: origin.clone(),
            column: self.column.clone(),
            value: (!self.hidden).then(|| self.text.clone()),
            what: wrong.what,
            valid: wrong.valid,
            kind,
        }
    }
}

/// The texts of a job or of one of its modalities.
pub(crate) struct Cells<K> {
    filled: BTreeMap<K, Written>,
    excused: BTreeSet<K>,
}

/// A second text for a thing that already has a different one.
pub(crate) struct Rejected {
    written: Written,
    first: String,
}

impl<K: Ord + Copy> Cells<K> {
    pub(crate) fn new() -> Self {
        Self { filled: BTreeMap::new(), excused: BTreeSet::new() }
    }

    pub(crate) fn get(&self, key: K) -> Option<&Written> {
        self.filled.get(&key)
    }

    /// Two names of one thing may both be filled in, as long as they say the same.
    pub(crate) fn put(&mut self, key: K, written: Written) -> Result<(), Rejected> {
        match self.filled.get(&key) {
            Some(first) if first.text.trim() == written.text.trim() => Ok(()),
            Some(first) => Err(Rejected { written, first: first.column.clone() }),
            None => {
                self.filled.insert(key, written);
                Ok(())
            }
        }
    }

    /// Fills in what is lacking.
    pub(crate) fn or(&mut self, key: K, written: Option<&Written>) {
        if let Some(written) = written {
            self.filled.entry(key).or_insert_with(|| written.clone());
        }
    }

    /// Every text, by what it says.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &Written)> {
        self.filled.iter().map(|(key, written)| (*key, written))
    }

    /// Takes a text out again.
    pub(crate) fn remove(&mut self, key: K) -> Option<Written> {
        self.filled.remove(&key)
    }

    /// Its lack is known from another problem and is not said again.
    pub(crate) fn excuse(&mut self, key: K) {
        self.excused.insert(key);
    }

    pub(crate) fn is_excused(&self, key: K) -> bool {
        self.excused.contains(&key)
    }
}

/// One modality as it was written.
pub(crate) struct ModalityDraft {
    /// What its parts' names begin with: `modality0`, `modalities[1]`.
    pub(crate) at: String,
    pub(crate) cells: Cells<Part>,
    /// What to do when the source is lacking.
    pub(crate) source_advice: String,
}

/// How things are called in messages about what is lacking.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Names,
    Flags,
}

impl Form {
    pub(crate) fn shown(self, field: Field) -> String {
        match self {
            Self::Names => field.name().to_owned(),
            Self::Flags => format!("--{}", field.name().replace('_', "-")),
        }
    }
}

/// One job as it was written, and what was wrong with the writing itself.
pub(crate) struct Draft {
    pub(crate) origin: Origin,
    pub(crate) form: Form,
    pub(crate) fields: Cells<Field>,
    pub(crate) modalities: Vec<ModalityDraft>,
    pub(crate) problems: Vec<Problem>,
}

impl Draft {
    pub(crate) fn new(origin: Origin, form: Form) -> Self {
        Self { origin, form, fields: Cells::new(), modalities: Vec::new(), problems: Vec::new() }
    }

    /// Fills in a field. Blank text counts as nothing; a secret is hidden.
    pub(crate) fn put(&mut self, field: Field, column: impl Into<String>, text: impl Into<String>) {
        let written = Written { column: column.into(), text: text.into(), hidden: field.is_secret() };
        if !written.text.trim().is_empty() {
            let put = self.fields.put(field, written);
            self.settle(put);
        }
    }

    /// Two names of one thing that say different things are a problem.
    pub(crate) fn settle(&mut self, put: Result<(), Rejected>) {
        if let Err(Rejected { written, first }) = put {
            let wrong = Wrong::new(
                format!("differs from `{first}`, which means the same"),
                "fill in only one of them",
            );
            self.problems.push(written.problem(&self.origin, wrong, ProblemKind::Written));
        }
    }

    /// A problem whose value is not shown.
    pub(crate) fn complain(&mut self, column: impl Into<String>, wrong: Wrong) {
        let written = Written { column: column.into(), text: String::new(), hidden: true };
        self.problems.push(written.problem(&self.origin, wrong, ProblemKind::Written));
    }
}
