//! Datasets of N5, read in blocks by many threads at once.
//!
//! Samples lie in one file for each block, big-endian and with x fastest; all numbers of axes name x first. What the header of a
//! block says of its size is followed: writers cut the blocks at the edge to the dataset, or keep them whole. Blocks that were
//! never written are zeros.
//!
//! ```text
//! attributes   attributes.json → shape, blocks, compression, voxel     read     regions of voxels
//! block        a block's file → samples                                lz4      the framing that Java gives to LZ4
//! ```
//!
//! Source: the README of the reference implementation, `saalfeldlab/n5`.

mod attributes;
mod block;
mod lz4;
mod read;
#[cfg(test)]
mod tests;
mod volume;

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
};

use adt_model::{Class, Fault, Idle};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use crate::folder;
use attributes::Attributes;

pub use read::Reader;

/// Longer ones are no attributes of an image.
const LONGEST: u64 = 16 << 20;

/// An open dataset. May be read by many threads at once, each with a [`Reader`].
#[derive(Debug)]
pub struct N5 {
    /// What was asked for, the folder of all levels or the dataset itself.
    root: Utf8PathBuf,
    folder: Utf8PathBuf,
    attributes: Attributes,
    notes: Vec<String>,
    identity: String,
}

impl N5 {
    /// Reads the attributes of a dataset, or of the finest one (`s0`) of several in a folder, and looks at each of its files.
    ///
    /// `BadInput` where there is no dataset or it cannot be read here, `Corrupt` where the attributes are no JSON.
    pub fn open(folder: &Utf8Path) -> Result<Self, Fault> {
        let (dataset, mut notes) = find(folder)?;
        let own = document(&dataset)?.map(|(_, document)| document).unwrap_or_default();
        let above = if dataset == folder { None } else { document(folder)? };
        let above = above.map(|(_, document)| document).unwrap_or_default();
        let refused = |why: String| Fault::new(Class::BadInput, format!("the N5 dataset `{dataset}`: {why}"));
        let mut attributes = Attributes::parse(&own).map_err(refused)?;
        attributes.voxel = attributes::voxel(&[&own, &above], &mut notes);
        let identity = identity(folder, &dataset)?;
        Ok(Self { root: folder.to_owned(), folder: dataset, attributes, notes, identity })
    }
}

/// The folder of the dataset to be read.
fn find(folder: &Utf8Path) -> Result<(Utf8PathBuf, Vec<String>), Fault> {
    let is_dataset = |path: &Utf8Path| -> Result<bool, Fault> {
        Ok(document(path)?.is_some_and(|(_, document)| document.contains_key("dimensions")))
    };
    if is_dataset(folder)? {
        return Ok((folder.to_owned(), Vec::new()));
    }
    let finest = folder.join("s0");
    if !is_dataset(&finest)? {
        let what = format!("`{folder}` is no N5 dataset, nor is there one in `s0`");
        return Err(Fault::new(Class::BadInput, what)
            .help("name the folder whose `attributes.json` has `dimensions`, or the one that holds `s0`"));
    }
    let mut last = 0;
    while is_dataset(&folder.join(format!("s{}", last + 1)))? {
        last += 1;
    }
    let notes = match last {
        0 => Vec::new(),
        1 => vec!["its level `s1` is not read, it is made anew".to_owned()],
        _ => vec![format!("its levels `s1` to `s{last}` are not read, they are made anew")],
    };
    Ok((finest, notes))
}

/// An `attributes.json`: its text, and what it says.
type Document = (String, Map<String, Value>);

/// `attributes.json` of a folder, if it is there.
fn document(folder: &Utf8Path) -> Result<Option<Document>, Fault> {
    let path = folder.join("attributes.json");
    let cannot = |error| Fault::io(format!("`{path}` cannot be read"), error);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(cannot(error)),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        let what = format!("`{path}` is longer than {LONGEST} bytes, so it describes no image");
        return Err(Fault::new(Class::BadInput, what));
    }
    let damaged = || format!("`{path}` is no JSON object");
    let text = String::from_utf8(bytes).map_err(|_| Fault::new(Class::Corrupt, damaged()))?;
    match serde_json::from_str(&text) {
        Ok(document) => Ok(Some((text, document))),
        Err(error) => Err(Fault::new(Class::Corrupt, damaged()).because(error)),
    }
}

/// Attributes, and names, sizes and times of all files of a dataset.
fn identity(folder: &Utf8Path, dataset: &Utf8Path) -> Result<String, Fault> {
    let counted = folder::count(dataset, &folder::Rules::default(), &Idle)?;
    let text = |folder: &Utf8Path| -> Result<String, Fault> {
        Ok(document(folder)?.map(|(text, _)| text).unwrap_or_default())
    };
    let above = if folder == dataset { String::new() } else { text(folder)? };
    let (files, bytes, print) = (counted.files, counted.bytes, counted.fingerprint);
    Ok(format!("{dataset} {files} {bytes} {print} {} {above}", text(dataset)?))
}
