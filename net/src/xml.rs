//! A server's XML as a tree without namespaces, so that elements we do not know, and any order of those we do, are fine.

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

/// No answer of S3 is deeper than six levels; a deeper one is not meant for us.
const DEEPEST: usize = 24;

/// An element: its local name, its attributes, its text, its children.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Without a prefix.
    pub name: String,
    /// All text directly inside.
    pub text: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
}

/// Why a text is no XML answer.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// It breaks a rule of XML.
    #[error("not well-formed XML")]
    Malformed(#[from] quick_xml::Error),
    /// No element at all.
    #[error("no XML at all")]
    Empty,
    /// Deeper than any answer is.
    #[error("XML with too many levels")]
    Deep,
    /// It ends inside an element.
    #[error("XML that ends too early")]
    Short,
}

impl Element {
    /// The outermost element. What stands after it is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::from_str(&text);
        let mut open: Vec<Self> = Vec::new();
        loop {
            match reader.read_event()? {
                Event::Start(_) if open.len() >= DEEPEST => return Err(XmlError::Deep),
                Event::Start(start) => open.push(Self::begun(&start)),
                Event::Empty(start) => {
                    let element = Self::begun(&start);
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::End(_) => {
                    let Some(element) = open.pop() else { return Err(XmlError::Empty) };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::Eof if open.is_empty() => return Err(XmlError::Empty),
                Event::Eof => return Err(XmlError::Short),
                event => {
                    if let Some(element) = open.last_mut() {
                        element.append(&event)?;
                    }
                }
            }
        }
    }

    /// What cannot be read of its attributes is left out: none that we look at is written so.
    fn begun(start: &BytesStart<'_>) -> Self {
        let name = start.local_name().as_ref().to_owned();
        let attributes = start
            .attributes()
            .flatten()
            .map(|one| (one.key.local_name().as_ref().to_owned(), one.value.into_owned()));
        Self { name, attributes: attributes.collect(), ..Self::default() }
    }

    fn append(&mut self, event: &Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Text(text) => self.text.push_str(&text.xml10_content()),
            Event::CData(text) => self.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref()? {
                Some(letter) => self.text.push(letter),
                None => self.text.push_str(resolve_predefined_entity(reference).unwrap_or_default()),
            },
            _ => {}
        }
        Ok(())
    }

    /// An attribute by its local name, as it is written.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All children.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.children.iter()
    }

    /// The children of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name; blanks around it and an empty text are nothing.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The value of a name as a whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.parse().ok()
    }

    /// Whether the value of a name is `true`, in any case.
    pub fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// An `ETag` without its quotes, which some servers leave away.
    pub fn etag(&self, name: &str) -> Option<String> {
        self.value(name).map(unquoted)
    }
}

/// An `ETag` without quotes and without the mark of a weak one.
pub fn unquoted(text: &str) -> String {
    text.trim().trim_start_matches("W/").trim_matches('"').to_owned()
}

/// Text for the inside of an element.
pub fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn unknown_elements_prefixes_and_order_do_not_matter() {
        let text = br#"<?xml version="1.0"?><!-- x --><ns:Result xmlns:ns="urn:x" a="b"><Later/><Item><K>1</K></Item>
            <New><Deep>?</Deep></New><Item><K> 2 </K></Item><T>true</T><ETag>&quot;a&amp;b&#252;&quot;</ETag>
            <C><![CDATA[<raw>]]></C></ns:Result>"#;
        let tree = Element::parse(text).unwrap();
        assert_eq!(tree.name, "Result");
        assert_eq!(tree.all("Item").filter_map(|i| i.number("K")).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(tree.etag("ETag").as_deref(), Some("a&b\u{fc}"));
        assert_eq!(tree.value("C"), Some("<raw>"));
        assert!(tree.is_true("T") && tree.value("Later").is_none());
        assert_eq!((tree.attribute("a"), tree.attribute("b"), tree.children().count()), (Some("b"), None, 7));
    }

    #[rstest]
    fn what_is_no_xml_is_refused(
        #[values("", "plain", "<a>", "<a><b></a>", "</a>", "<html><br></html>")] text: &str,
    ) {
        assert!(Element::parse(text.as_bytes()).is_err());
    }

    #[test]
    fn endless_nesting_is_refused() {
        assert!(Element::parse("<a>".repeat(100_000).as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes: Vec<u8>) {
            let _ = Element::parse(&bytes);
        }

        #[test]
        fn text_survives(text in "[^\\x00-\\x1f\\x7f-\\u{9f}\\u{fffe}\\u{ffff}]*") {
            let tree = Element::parse(format!("<a><k>{}</k></a>", escaped(&text)).as_bytes()).unwrap();
            proptest::prop_assert_eq!(tree.child("k").map(|k| k.text.as_str()), Some(text.as_str()));
        }
    }
}
