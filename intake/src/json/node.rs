//! A JSON text as a tree that keeps what a map would lose: keys written twice.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use crate::draft::Wrong;

/// One value. Any of them may be a secret, so there is no `Debug`.
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Node {
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        serde_json::from_str(text).map_err(|e: serde_json::Error| {
            let what = if e.is_eof() { "ends too early" } else { "is not JSON" };
            // The parser's own words may hold a piece of the text.
            Wrong::new(
                format!("the text {what} at line {}, column {}", e.line(), e.column()),
                "a job is an object `{…}`, a list of jobs is `[…]`; names and texts stand in double quotes",
            )
        })
    }

    /// What it is, with its article.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        // What is no JSON number must not pass for null.
        Ok(serde_json::Number::from_f64(value).map_or_else(|| Node::Text(value.to_string()), Node::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(Node::Object(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn keys_written_twice_are_kept() {
        let Ok(Node::Object(pairs)) = Node::parse(r#"{"a": 1, "a": 2}"#) else { panic!() };
        assert_eq!(pairs.len(), 2);
    }

    #[rstest]
    #[case::cut("{\"codeocean_api_token\": \"canary", "the text ends too early at line 1, column 31")]
    #[case::bare_word("{\"a\": canary}", "the text is not JSON at line 1, column 7")]
    #[case::garbage_behind("{}\n canary", "the text is not JSON at line 2, column 2")]
    fn a_wrong_text_is_named_by_its_place_only(#[case] text: &str, #[case] what: &str) {
        assert_eq!(Node::parse(text).err().unwrap().what, what);
    }

    #[test]
    fn bottomless_nesting_is_an_error() {
        assert!(Node::parse(&"[".repeat(100_000)).is_err());
    }
}
