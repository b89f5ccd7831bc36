use std::fmt::Write as _;

use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// An XML document that is written front to back.
pub(crate) struct Xml {
    text: String,
    root: &'static str,
}

impl Xml {
    /// A document in S3's namespace; errors have none.
    pub(crate) fn document(root: &'static str) -> Self {
        let namespace =
            if root == "Error" { "" } else { " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"" };
        Self { text: format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}{namespace}>"), root }
    }

    /// One element that holds only text.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        let _infallible = write!(self.text, "<{name}>{}</{name}>", escape(value));
        self
    }

    /// One element that holds a number or a flag.
    pub(crate) fn show(self, name: &str, value: &dyn std::fmt::Display) -> Self {
        self.text(name, &value.to_string())
    }

    /// One element when there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// An element with elements inside.
    pub(crate) fn nest(mut self, name: &str, inside: impl FnOnce(Self) -> Self) -> Self {
        let _infallible = write!(self.text, "<{name}>");
        let mut whole = inside(self);
        let _infallible = write!(whole.text, "</{name}>");
        whole
    }

    /// An element for each item.
    pub(crate) fn each<T>(
        self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut inside: impl FnMut(Self, T) -> Self,
    ) -> Self {
        items.into_iter().fold(self, |xml, item| xml.nest(name, |xml| inside(xml, item)))
    }

    pub(crate) fn finish(mut self) -> String {
        let _infallible = write!(self.text, "</{}>", self.root);
        self.text
    }
}

/// Line ends and other control characters are written as references: a parser would change or refuse them raw.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {
                let _infallible = write!(out, "&#x{:X};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Reads a request's document.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let malformed =
        |e: &dyn std::fmt::Display| Refusal::bad("MalformedXML", format!("the document cannot be read: {e}"));
    let text = std::str::from_utf8(bytes).map_err(|e| malformed(&e))?;
    quick_xml::de::from_str(text).map_err(|e| malformed(&e))
}
