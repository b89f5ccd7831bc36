//! The file that the `extra_configs` of a folder with images names: how they are stored.
//!
//! Its keys are the fields of the Python original's `ZarrConversionConfigs`, and a few of ours.

mod axes;
mod contradiction;

use adt_model::{
    Background, BloscName, BloscShuffle, ByteSize, ChunkShape, Edge, Fault, ImagingConfig, Rounding,
    Transform, ZarrFormat,
};
use camino::Utf8Path;

pub use self::contradiction::{Contradiction, imaging_contradiction};
use crate::{
    cell,
    configs::{self, Keys, value},
    draft::Wrong,
    json::Node,
};

const FILE_FORM: &str = "it holds JSON or YAML, such as `{\"n_levels\": 5, \"chunk_shape\": [1, 1, 128, 128, 128]}`; every key may be left out";

/// What Blosc can hold besides what is written here.
const OTHER_CODECS: [&str; 4] = ["blosclz", "lz4hc", "zlib", "snappy"];
const MOST_LEVELS: u64 = 32;
const MEGABYTE: f64 = 1_048_576.0;
/// Megabytes; what Blosc can hold in a piece.
const LARGEST_CHUNK: f64 = 2048.0;

/// Reads how images are stored from a file of JSON or YAML, and what in it has no effect.
///
/// Names, letter case and null are as in the file for recordings ([`ephys_config`](crate::ephys_config)). Lists have the
/// axes of the original: t, c, z, y, x in shapes, z, y, x in voxel sizes (micrometres) and factors. Without `n_levels` there
/// are as many as it takes until an image fits into one chunk; with `strict_compat` there is one, as by the original. A
/// `bkg_img_dir` that is relative begins at the file's folder. The fault names every problem of the file.
pub fn imaging_config(path: &Utf8Path) -> Result<(ImagingConfig, Vec<String>), Fault> {
    let folder = path.parent().unwrap_or(Utf8Path::new(""));
    configs::read(path, FILE_FORM, |keys| config(keys, folder))
}

/// What could not be read is as usual; nobody sees it, as there are problems then.
fn config(keys: &mut Keys, folder: &Utf8Path) -> ImagingConfig {
    let usual = ImagingConfig::default();
    configs::leave_to_the_list(keys);
    let transform = keys.read_even_null("transform", |node| value::word(node, Transform::WORDS));
    let levels = keys.read("n_levels", |node| value::whole(node, 1..=MOST_LEVELS)).map(|n| n as u32);
    let strict_compat = keys.read("strict_compat", value::switch).unwrap_or(usual.strict_compat);
    let config = ImagingConfig {
        transform: transform.unwrap_or_default(),
        levels: levels.or(strict_compat.then_some(1)),
        factors: factors(keys).unwrap_or(usual.factors),
        chunk: chunk(keys).unwrap_or(usual.chunk),
        shard: keys.read("shard_shape", axes::shape),
        format: keys.read("zarr_format", |node| value::word(node, ZarrFormat::WORDS)).unwrap_or_default(),
        cname: keys.read("codec", codec).unwrap_or(usual.cname),
        // It is at most 9.
        clevel: keys.read("clevel", |node| value::whole(node, 0..=9)).map_or(usual.clevel, |n| n as u8),
        shuffle: keys.read_even_null("shuffle", shuffle).unwrap_or(usual.shuffle),
        voxel: keys.read("voxel_size", axes::voxel),
        background: background(keys, folder),
        exclude: keys.read("exclude_patterns", patterns).unwrap_or_default(),
        link: link(keys),
        edge: keys.read("edge", |node| value::word(node, Edge::WORDS)).unwrap_or_default(),
        rounding: keys.read("rounding", |node| value::word(node, Rounding::WORDS)).unwrap_or_default(),
        item: keys.read("item_size", item).unwrap_or(usual.item),
        strict_compat,
    };
    if let Some(wrong) = imaging_contradiction(&config) {
        keys.contradicted(wrong.key, &wrong.what, &wrong.valid);
    }
    config
}

/// A factor for all axes, or one for each.
fn factors(keys: &mut Keys) -> Option<[u64; 3]> {
    let one = keys.read("scale_factor", axes::factor);
    let each = keys.read("scale_factors", axes::factors);
    if let (Some(one), Some(each)) = (one, each)
        && each != [one; 3]
    {
        keys.note("scale_factor", "`scale_factors` says it too, and wins");
    }
    each.or(one.map(|one| [one; 3]))
}

/// As by the original, a shape wins over a size.
fn chunk(keys: &mut Keys) -> Option<ChunkShape> {
    let shape = keys.read("chunk_shape", axes::shape).map(ChunkShape::Voxels);
    let size = keys.read("chunk_size", bytes);
    if let (Some(_), Some(_)) = (shape, size) {
        keys.note("chunk_size", "`chunk_shape` wins over it");
    }
    shape.or(size.map(ChunkShape::Bytes))
}

fn bytes(node: &Node) -> Result<u64, Wrong> {
    let size = value::float(node).filter(|size| *size > 0.0 && *size < LARGEST_CHUNK);
    let bytes = size.map(|size| ((size * MEGABYTE) as u64).max(1));
    bytes.ok_or_else(|| {
        Wrong::new("not a size of a chunk", "megabytes of 1024² bytes, such as 64, less than 2048")
    })
}

fn item(node: &Node) -> Result<u64, Wrong> {
    match value::scalar(node).parse() {
        Ok(ByteSize(bytes)) if bytes > 0 => Ok(bytes),
        _ => Err(Wrong::new("not a size", "such as `512MiB` or `2GiB`")),
    }
}

fn codec(node: &Node) -> Result<BloscName, Wrong> {
    let text = value::scalar(node);
    if OTHER_CODECS.contains(&text.trim().to_ascii_lowercase().as_str()) {
        let valid = format!("one of {}", BloscName::WORDS.join(", "));
        return Err(Wrong::new("a codec of Blosc that is not written here", valid));
    }
    cell::word(&text, BloscName::WORDS)
}

fn shuffle(node: &Node) -> Result<BloscShuffle, Wrong> {
    value::word(node, BloscShuffle::WORDS)
        .map_err(|wrong| Wrong::new(wrong.what, "2 or bit, 1 or byte, 0 or none"))
}

fn background(keys: &mut Keys, folder: &Utf8Path) -> Option<Background> {
    const SWITCH: &str = "do_bkg_subtraction";
    let wanted = keys.read(SWITCH, value::switch);
    let named = keys.read("bkg_img_dir", |node| match node {
        Node::Text(text) if !text.trim().is_empty() => Ok(folder.join(text.trim())),
        _ => Err(Wrong::new("not a folder", "a path, such as `/data/session/derivatives`")),
    });
    match (wanted, named) {
        (Some(false), Some(_)) => {
            keys.contradicted(
                SWITCH,
                "it is false, and `bkg_img_dir` names a folder",
                "leave one of them out",
            );
            None
        }
        (_, Some(folder)) => Some(Background::Folder(folder)),
        (wanted, None) => wanted.unwrap_or_default().then_some(Background::Derivatives),
    }
}

/// One pattern, or a list of them.
fn patterns(node: &Node) -> Result<Vec<String>, Wrong> {
    let one = |node: &Node| match node {
        Node::Text(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err(Wrong::new("not patterns of paths", "a list of texts, such as `[\"*_488*\"]`")),
    };
    match node {
        Node::List(nodes) => nodes.iter().map(one).collect(),
        node => one(node).map(|pattern| vec![pattern]),
    }
}

/// The brightness is the original's where nothing is said.
fn link(keys: &mut Keys) -> Option<[u32; 2]> {
    const ENDS: [(&str, u32); 2] = [("ng_vmin", 0), ("ng_vmax", 200)];
    let wanted = keys.read("create_ng_link", value::switch).unwrap_or_default();
    let written = ENDS.map(|(name, _)| keys.read(name, |node| value::whole(node, 0..=u32::MAX.into())));
    if wanted {
        return Some(std::array::from_fn(|end| written[end].map_or(ENDS[end].1, |value| value as u32)));
    }
    for ((name, usual), written) in ENDS.into_iter().zip(written) {
        if written.is_some_and(|value| value != u64::from(usual)) {
            keys.note(name, "it belongs to `create_ng_link: true`");
        }
    }
    None
}

#[cfg(test)]
mod tests;
