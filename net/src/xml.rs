//! A server's XML as a tree without namespaces, so that elements we do not know, and any order of those we do, are fine.

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

/// No answer of S3 is deeper than six levels; a deeper one is not meant for us.
const DEEPEST: usize = 24;
/// Elements and attributes that are kept at once. Answers with more of them are lists, whose items are taken one by one.
const LARGEST: usize = 50_000;
/// Attributes of one element; no answer has more than a few.
const ATTRIBUTES: usize = 16;

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
    /// More elements than any answer has.
    #[error("XML with too many elements")]
    Large,
}

impl Element {
    /// The outermost element. What stands after it is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        Self::parse_each(bytes, (0, &[]), |_| true)
    }

    /// The outermost element, without the items of a list: elements at this depth (1 is directly inside the outermost one) with one of
    /// these names are handed over one by one as they end, so that a long list is never in memory as a tree. `take` says whether to
    /// continue.
    pub fn parse_each(
        bytes: &[u8],
        items: (usize, &[&str]),
        mut take: impl FnMut(Self) -> bool,
    ) -> Result<Self, XmlError> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::from_str(&text);
        let mut tree = Tree { open: Vec::new(), kept: 0, before: 0, items };
        loop {
            let ended = match reader.read_event()? {
                Event::Start(_) if tree.open.len() >= DEEPEST => return Err(XmlError::Deep),
                Event::Start(start) => {
                    tree.begin(&start)?;
                    continue;
                }
                Event::Empty(start) => {
                    tree.begin(&start)?;
                    tree.end(&mut take)?
                }
                Event::End(_) => tree.end(&mut take)?,
                Event::Eof if tree.open.is_empty() => return Err(XmlError::Empty),
                Event::Eof => return Err(XmlError::Short),
                event => {
                    if let Some(element) = tree.open.last_mut() {
                        element.append(&event)?;
                    }
                    continue;
                }
            };
            if let Some(outermost) = ended {
                return Ok(outermost);
            }
        }
    }

    /// What cannot be read of its attributes is left out: none that we look at is written so.
    fn begun(start: &BytesStart<'_>) -> Self {
        let name = start.local_name().as_ref().to_owned();
        let mut attributes = start.attributes();
        let attributes = attributes
            .with_checks(false)
            .take(ATTRIBUTES)
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

    /// Takes all of the text of the first child of a name out of it.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        self.children.iter_mut().find(|child| child.name == name).map(|child| std::mem::take(&mut child.text))
    }

    /// The text of the first child of a name; blanks around it and an empty text are nothing.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The value of a name as a whole number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.parse().ok()
    }

    /// The value of a name as `true` or `false`, in any case.
    pub fn truth(&self, name: &str) -> Option<bool> {
        match self.value(name)?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
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

/// A tree in the making.
struct Tree<'a> {
    open: Vec<Element>,
    /// Elements and attributes in it.
    kept: usize,
    /// How many there were before the item that is being read.
    before: usize,
    items: (usize, &'a [&'a str]),
}

impl Tree<'_> {
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        let element = Element::begun(start);
        if self.open.len() == self.items.0 {
            self.before = self.kept;
        }
        self.kept += 1 + element.attributes.len();
        self.open.push(element);
        if self.kept > LARGEST { Err(XmlError::Large) } else { Ok(()) }
    }

    /// Ends the innermost element; gives it back when it is the outermost one too.
    fn end(&mut self, take: &mut impl FnMut(Element) -> bool) -> Result<Option<Element>, XmlError> {
        let element = self.open.pop().ok_or(XmlError::Empty)?;
        let (depth, names) = self.items;
        let is_item = depth == self.open.len() && names.contains(&element.name.as_str());
        let Some(parent) = self.open.last_mut() else { return Ok(Some(element)) };
        if is_item {
            self.kept = self.before;
            return if take(element) { Ok(None) } else { Err(XmlError::Large) };
        }
        parent.children.push(element);
        Ok(None)
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

    #[test]
    fn items_of_a_list_are_handed_over_and_not_kept() {
        let text = "<L><Item><K>1</K></Item><In><Item><K>no</K></Item></In><N>x</N><Item/><Other/></L>";
        let mut items = Vec::new();
        let root = Element::parse_each(text.as_bytes(), (1, &["Item", "Other"]), |item| {
            items.push((item.name.clone(), item.number("K")));
            true
        });
        let root = root.unwrap();
        assert_eq!(items, [("Item".into(), Some(1)), ("Item".into(), None), ("Other".into(), None)]);
        assert_eq!((root.name.as_str(), root.value("N"), root.children().count()), ("L", Some("x"), 2));
        assert!(root.child("In").unwrap().child("Item").is_some());
        let stopped = Element::parse_each(text.as_bytes(), (1, &["Item"]), |_| false);
        assert!(matches!(stopped, Err(XmlError::Large)));
    }

    #[rstest]
    #[case::elements("<b/>")]
    #[case::attributes("<b a='1' b='2' c='3'/>")]
    #[case::with_children("<b><c/></b>")]
    fn a_tree_is_bounded_and_a_list_is_not(#[case] one: &str) {
        let text = format!("<a>{}</a>", one.repeat(LARGEST + 1));
        assert!(matches!(Element::parse(text.as_bytes()), Err(XmlError::Large)));
        let mut count = 0;
        let taken = Element::parse_each(text.as_bytes(), (1, &["b"]), |_| {
            count += 1;
            true
        });
        assert!(taken.is_ok() && count == LARGEST + 1, "{count}");
    }

    #[test]
    fn attributes_beyond_the_first_few_are_not_kept() {
        let text = format!("<a {}/>", "x='1' ".repeat(100_000));
        assert_eq!(Element::parse(text.as_bytes()).unwrap().attributes.len(), ATTRIBUTES);
    }

    proptest::proptest! {
        #[test]
        fn foreign_bytes_never_panic(bytes: Vec<u8>) {
            let _ = Element::parse(&bytes);
        }

        #[test]
        fn foreign_elements_never_panic(text in "(<|</|/>|>|a|b|=|'| |&|;|<!\\[CDATA\\[|\\]\\]>|<!--|-->){0,40}") {
            let _ = Element::parse_each(text.as_bytes(), (1, &["a"]), |_| true);
        }

        #[test]
        fn text_survives(text in "[^\\x00-\\x1f\\x7f-\\u{9f}\\u{fffe}\\u{ffff}]*") {
            let tree = Element::parse(format!("<a><k>{}</k></a>", escaped(&text)).as_bytes()).unwrap();
            proptest::prop_assert_eq!(tree.child("k").map(|k| k.text.as_str()), Some(text.as_str()));
        }
    }
}
