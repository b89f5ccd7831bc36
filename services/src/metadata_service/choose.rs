//! What is wanted, and the one document of those that came.

use std::{borrow::Cow, time::Duration};

use adt_model::{Class, Fault};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Language, PROCEDURES, said};
use crate::http::Reply;

/// One thing to ask for.
pub(super) struct Want<'a> {
    route: &'static str,
    /// The subject's id or the project's name.
    id: &'a str,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One object that names its subject.
    Document,
    /// A list; a single object stands for a list of one.
    List,
}

/// What was taken of `data`.
pub(super) struct Chosen {
    pub(super) text: String,
    /// Said when there was a choice.
    pub(super) several: Option<String>,
}

impl<'a> Want<'a> {
    pub(super) fn subject(id: &'a str) -> Self {
        Self { route: "subject", id, shape: Shape::Document }
    }

    pub(super) fn procedures(id: &'a str) -> Self {
        Self { route: "procedures", id, shape: Shape::Document }
    }

    pub(super) fn funding(id: &'a str) -> Self {
        Self { route: "funding", id, shape: Shape::List }
    }

    pub(super) fn investigators(id: &'a str) -> Self {
        Self { route: "investigators", id, shape: Shape::List }
    }

    /// What it is, for messages.
    pub(super) fn noun(&self) -> &'static str {
        self.route.trim_end_matches('s')
    }

    pub(super) fn route(&self, language: Language) -> (Vec<&str>, Option<&'static str>) {
        match (language, self.shape) {
            // Servers of 2024 answer with a pickled object unless told not to.
            (Language::V1, Shape::Document) => (vec![self.route, self.id], Some("pickle=False")),
            (Language::V1, Shape::List) => (vec![self.route, self.id], None),
            (Language::V2, _) => (vec!["api", "v2", self.route, self.id], None),
        }
    }

    pub(super) fn patience(&self) -> Duration {
        if self.route == "procedures" { PROCEDURES } else { Duration::ZERO }
    }

    /// Whether an empty list is an answer.
    pub(super) fn may_be_empty(&self) -> bool {
        self.shape == Shape::List
    }

    /// Takes what is wanted from what came; `several` says that the service announced more than one.
    pub(super) fn choose(&self, data: &RawValue, several: bool, reply: &Reply) -> Result<Chosen, Fault> {
        let text = data.get();
        match (self.shape, text.as_bytes().first()) {
            (Shape::Document, Some(b'{')) => Ok(Chosen { text: text.to_owned(), several: None }),
            (Shape::List, Some(b'{')) => Ok(Chosen { text: format!("[{text}]"), several: None }),
            (_, Some(b'[')) => self.choose_of(data, several, reply),
            _ => Err(odd(reply, "holds no JSON object where a document is expected")),
        }
    }

    fn choose_of(&self, data: &RawValue, several: bool, reply: &Reply) -> Result<Chosen, Fault> {
        let all: Vec<&RawValue> =
            serde_json::from_str(data.get()).map_err(|_| odd(reply, "holds a list that cannot be read"))?;
        if all.iter().any(|one| !one.get().starts_with('{')) {
            return Err(odd(reply, "holds a list of other things than documents"));
        }
        let Some(first) = all.first() else { return Err(odd(reply, "holds an empty list")) };
        if self.shape == Shape::List {
            return Ok(Chosen { text: data.get().to_owned(), several: None });
        }
        if !several {
            let why = format!("holds a list of {} where one document is expected", all.len());
            return Err(odd(reply, &why));
        }
        let own: Vec<&&RawValue> =
            all.iter().filter(|one| subject_of(one).as_deref() == Some(self.id)).collect();
        let chosen = own.first().map_or(*first, |one| **one);
        let others = own.iter().filter(|one| one.get() != chosen.get()).count();
        let remark = match (own.len(), others) {
            (0, _) => format!("{} documents came and none is of `{}`: the first is used", all.len(), self.id),
            (_, 0) if all.len() == 1 => return Ok(Chosen { text: chosen.get().to_owned(), several: None }),
            (_, 0) => format!("{} documents came: the one of `{}` is used", all.len(), self.id),
            (own, _) => format!("{} documents came, {own} of `{}`: the first is used", all.len(), self.id),
        };
        Ok(Chosen { text: chosen.get().to_owned(), several: Some(remark) })
    }
}

/// The subject that a document is of.
fn subject_of(document: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Of<'a> {
        #[serde(borrow)]
        subject_id: Cow<'a, str>,
    }
    serde_json::from_str::<Of<'_>>(document.get()).ok().map(|of| of.subject_id.into_owned())
}

/// The fault of an answer that cannot be used, however well it was meant.
pub(super) fn odd(reply: &Reply, why: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("the metadata service's answer {why}: {}", said(reply)))
        .help("the service is to be mended; a document in `metadata_dir` can stand in")
}
