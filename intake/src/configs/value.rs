//! One value, read as what its key asks for. Numbers and truth values may stand in quotes.

use std::{ops::RangeInclusive, str::FromStr};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{cell, draft::Wrong, json::Node};

/// A whole number; `3.0` and `"3"` are some.
pub(crate) fn whole(node: &Node, range: RangeInclusive<u64>) -> Result<u64, Wrong> {
    let read = match node {
        Node::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(exact)),
        Node::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    read.filter(|value| range.contains(value)).ok_or_else(|| {
        let (first, last) = range.into_inner();
        // The limit of a type tells nobody anything.
        let to = if last < u32::MAX.into() { format!(" to {last}") } else { String::new() };
        Wrong::new("not one that is possible", format!("a whole number from {first}{to}"))
    })
}

/// A number that is not infinite.
pub(crate) fn float(node: &Node) -> Option<f64> {
    let read = match node {
        Node::Number(number) => number.as_f64(),
        Node::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    read.filter(|value| value.is_finite())
}

fn exact(value: f64) -> Option<u64> {
    // Whole numbers beyond 2^53 are not exact as floats.
    let fits = value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&value);
    fits.then_some(value as u64)
}

/// One of a few words.
pub(crate) fn word<T: FromStr<Err = ()>>(node: &Node, words: &[&'static str]) -> Result<T, Wrong> {
    cell::word(&scalar(node), words)
}

/// The one word there is.
pub(crate) fn only(node: &Node, word: &'static str) -> Result<(), Wrong> {
    let same = scalar(node).trim().to_ascii_lowercase().replace(['_', '-', ' '], "") == word;
    if same { Ok(()) } else { Err(Wrong::new("not known", format!("only `{word}`"))) }
}

/// True or false, in any of the original's spellings.
pub(crate) fn switch(node: &Node) -> Result<bool, Wrong> {
    match node {
        Node::Bool(value) => Ok(*value),
        node => cell::switch(&scalar(node)).map_err(|wrong| Wrong::new(wrong.what, "true or false")),
    }
}

/// The text of a text or a number; nothing else has one.
pub(crate) fn scalar(node: &Node) -> String {
    match node {
        Node::Number(number) => number.to_string(),
        Node::Text(text) => text.clone(),
        _ => String::new(),
    }
}

/// One name or several; a number is a name too.
pub(crate) fn names(node: &Node) -> Result<Vec<String>, Wrong> {
    let one = |node: &Node| match node {
        Node::Text(_) | Node::Number(_) if !scalar(node).trim().is_empty() => Ok(scalar(node)),
        _ => Err(Wrong::new("not names or patterns", "a list of texts, such as `[\"*ProbeA*\"]`")),
    };
    match node {
        Node::List(nodes) if !nodes.is_empty() => nodes.iter().map(one).collect(),
        node => one(node).map(|name| vec![name]),
    }
}

/// A file, from the folder of the configuration.
pub(crate) fn file(node: &Node, folder: &Utf8Path) -> Result<Utf8PathBuf, Wrong> {
    match node {
        Node::Text(text) if !text.trim().is_empty() => Ok(folder.join(text.trim())),
        _ => Err(Wrong::new("not a file", "a path, such as `/data/probe.json`")),
    }
}
