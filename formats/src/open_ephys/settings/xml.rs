//! A `settings.xml` as a tree of the elements that matter here.

use std::{borrow::Cow, ops::Range};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

/// A probe is at most eight levels deep.
const DEEPEST: usize = 24;
/// Elements that are read, in any letter case; all others are skipped with everything in them.
const KEPT: [&str; 23] = [
    "SETTINGS",
    "INFO",
    "VERSION",
    "SIGNALCHAIN",
    "PROCESSOR",
    "STREAM",
    "PARAMETERS",
    "EDITOR",
    "CUSTOM_PARAMETERS",
    "CH",
    "NP_PROBE",
    "CHANNELS",
    "ELECTRODE_XPOS",
    "ELECTRODE_YPOS",
    "SELECTED_ELECTRODES",
    "NEUROPIXELSV1E",
    "NEUROPIXELSV1F",
    "NEUROPIXELSV2E",
    "PROBE0",
    "PROBE1",
    "PROBE_VIEWER",
    "NEUROPIXELS_EDITOR",
    "SYNC_STATUS",
];

/// An element.
#[derive(Debug, Default)]
pub(in super::super) struct Element {
    pub(in super::super) name: String,
    attributes: Vec<(String, String)>,
    /// Text directly inside.
    pub(in super::super) text: String,
    children: Vec<Element>,
    /// Bytes of its start tag.
    pub(in super::super) tag: Range<usize>,
}

/// Why a text is no settings file.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum XmlError {
    #[error("not well-formed XML")]
    Malformed(#[from] quick_xml::Error),
    #[error("not well-formed XML")]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    #[error("it is not a settings file of Open Ephys (no `SETTINGS`)")]
    Another,
    #[error("it has too many levels")]
    Deep,
    #[error("it ends too early")]
    Short,
}

impl Element {
    /// The element `SETTINGS`, which must be the outermost.
    pub(in super::super) fn parse(text: &str) -> Result<Self, XmlError> {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        loop {
            let start = reader.buffer_position() as usize;
            match reader.read_event()? {
                Event::Start(tag) if skipped(&tag, open.len())? => {
                    reader.read_to_end(tag.name())?;
                }
                Event::Start(tag) => {
                    open.push(Self::new(&tag, start..reader.buffer_position() as usize)?);
                }
                Event::Empty(tag) if !skipped(&tag, open.len())? => {
                    let element = Self::new(&tag, start..reader.buffer_position() as usize)?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::End(_) => {
                    let Some(element) = open.pop() else { return Err(XmlError::Another) };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::Text(content) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(content.xml10_content().trim());
                    }
                }
                Event::Eof if open.is_empty() => return Err(XmlError::Another),
                Event::Eof => return Err(XmlError::Short),
                _ => {}
            }
        }
    }

    fn new(start: &BytesStart<'_>, tag: Range<usize>) -> Result<Self, XmlError> {
        let mut element = Self { name: start.name().as_ref().to_owned(), tag, ..Self::default() };
        // Repeated names are looked for one by one: slow for a tag made to be slow.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map(Cow::into_owned)?;
            element.attributes.push((attribute.key.as_ref().to_owned(), value));
        }
        Ok(element)
    }

    /// Whether this is its name, in any letter case.
    pub(in super::super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The children of a name.
    pub(in super::super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is(name))
    }

    /// The first child of a name.
    pub(in super::super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name))
    }

    /// All elements below this one for which `wanted` holds, in the order of the file.
    pub(in super::super) fn below<'a>(&'a self, wanted: &dyn Fn(&Self) -> bool, found: &mut Vec<&'a Self>) {
        for child in &self.children {
            if wanted(child) {
                found.push(child);
            }
            child.below(wanted, found);
        }
    }

    /// An attribute, in any letter case.
    pub(in super::super) fn get(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Attributes `CH0`, `CH1` … with their numbers, in the order of these. A part after `_` is a shank and does not count.
    pub(in super::super) fn by_channel(&self) -> Vec<(u32, &str, &str)> {
        let number = |key: &str| {
            let (letters, rest) = key.split_at_checked(2)?;
            let digits = rest.split('_').next().filter(|_| letters.eq_ignore_ascii_case("CH"))?;
            digits.parse::<u32>().ok()
        };
        let attributes = self.attributes.iter();
        let mut found: Vec<_> = attributes
            .filter_map(|(key, value)| Some((number(key)?, key.as_str(), value.as_str())))
            .collect();
        found.sort_by_key(|(number, _, _)| *number);
        found
    }
}

fn skipped(tag: &BytesStart<'_>, depth: usize) -> Result<bool, XmlError> {
    let name = tag.name();
    let kept = KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name.as_ref()));
    match depth {
        0 if !name.as_ref().eq_ignore_ascii_case("SETTINGS") => Err(XmlError::Another),
        DEEPEST.. if kept => Err(XmlError::Deep),
        _ => Ok(!kept),
    }
}
