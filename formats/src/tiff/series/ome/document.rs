use std::collections::HashMap;

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::super::{Evidence, Unfit};

/// Positions of so many planes are kept; that of the first is looked for.
const MOST_PLANES: usize = 10_000;

/// Attributes of an element by name.
pub(super) type Attributes = HashMap<String, String>;

/// The parts of an OME-XML document that matter here.
#[derive(Debug, Default)]
pub(super) struct Document {
    uuid: Option<String>,
    /// The file that has the description in place of this one.
    pub(super) described_in: Option<String>,
    pub(super) images: Vec<Image>,
}

/// An image with its pixels.
#[derive(Debug, Default)]
pub(super) struct Image {
    pub(super) pixels: Attributes,
    pub(super) data: Vec<Data>,
    /// The planes with a position.
    pub(super) planes: Vec<Attributes>,
}

/// Where some planes are (`TiffData`).
#[derive(Debug, Default)]
pub(super) struct Data {
    pub(super) attributes: Attributes,
    /// The file they are in, if it is named.
    file: Option<String>,
    uuid: Option<String>,
}

/// Whether the outermost element is that of OME.
pub(in super::super) fn is_ome(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => return local(&tag) == "OME",
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

fn local(tag: &BytesStart<'_>) -> String {
    tag.local_name().as_ref().to_owned()
}

fn malformed(error: impl std::fmt::Display) -> Unfit {
    Unfit::Corrupt(format!("its description is no well-formed XML ({error})"))
}

fn attributes(tag: &BytesStart<'_>) -> Result<Attributes, Unfit> {
    let mut all = Attributes::new();
    // Repeated names are looked for one by one: slow for a tag made to be slow.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(malformed)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(malformed)?;
        all.insert(attribute.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(all)
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, Unfit> {
        let (mut reader, mut document) = (Reader::from_str(text), Self::default());
        let mut in_uuid = false;
        loop {
            match reader.read_event().map_err(malformed)? {
                Event::Start(tag) => {
                    in_uuid = document.element(&tag)?;
                }
                Event::Empty(tag) => {
                    document.element(&tag)?;
                }
                Event::Text(content) if in_uuid => {
                    if let Some(data) = document.images.last_mut().and_then(|image| image.data.last_mut()) {
                        data.uuid = Some(content.xml10_content().trim().to_owned());
                    }
                }
                Event::End(_) => in_uuid = false,
                Event::Eof => return Ok(document),
                _ => {}
            }
        }
    }

    /// Whether it is the identity of a file, whose text follows.
    fn element(&mut self, tag: &BytesStart<'_>) -> Result<bool, Unfit> {
        let name = local(tag);
        match name.as_str() {
            "OME" => self.uuid = attributes(tag)?.remove("UUID"),
            "BinaryOnly" => self.described_in = attributes(tag)?.remove("MetadataFile"),
            "Image" => self.images.push(Image::default()),
            _ => {}
        }
        let Some(image) = self.images.last_mut() else { return Ok(false) };
        match name.as_str() {
            "Pixels" => image.pixels = attributes(tag)?,
            "TiffData" => image.data.push(Data { attributes: attributes(tag)?, ..Data::default() }),
            "UUID" => {
                if let Some(data) = image.data.last_mut() {
                    data.file = attributes(tag)?.remove("FileName");
                    return Ok(true);
                }
            }
            "Plane" => {
                let plane = attributes(tag)?;
                if image.planes.len() < MOST_PLANES && plane.keys().any(|key| key.starts_with("Position")) {
                    image.planes.push(plane);
                }
            }
            _ => {}
        }
        Ok(false)
    }

    /// Whether these planes are in the file itself. A file that names no other keeps its planes although it was renamed.
    pub(super) fn is_here(&self, data: &Data, evidence: &Evidence<'_>) -> bool {
        if data.uuid.is_some() && data.uuid == self.uuid {
            return true;
        }
        match &data.file {
            None => true,
            Some(file) => {
                file.rsplit(['/', '\\']).next() == Some(evidence.file_name) || !self.names_others(file)
            }
        }
    }

    /// Whether some planes are in other files.
    pub(super) fn is_set(&self, evidence: &Evidence<'_>) -> bool {
        self.images.iter().flat_map(|image| &image.data).any(|data| !self.is_here(data, evidence))
    }

    fn names_others(&self, file: &str) -> bool {
        let mut named =
            self.images.iter().flat_map(|image| &image.data).filter_map(|data| data.file.as_deref());
        named.any(|other| other != file)
    }
}
