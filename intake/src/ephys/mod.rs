//! The file that the `extra_configs` of an ecephys folder names: how its recordings are stored.
//!
//! Its keys are the fields of the Python original's `EcephysCompressionParameters` and of its successor's `EphysJobSettings`, and a few
//! of ours.

mod chunk;
mod codec;
mod successor;

use adt_model::{Aligned, EphysChoice, EphysConfig, Fault, Lsb, LsbSample, ProbeFile, ProbeStreams};
use camino::Utf8Path;

use crate::{
    configs::{self, Keys, value},
    draft::Wrong,
    json::Node,
};

const FILE_FORM: &str = "it holds JSON or YAML, such as `{\"compressor_name\": \"wavpack\", \"compressor_kwargs\": {\"level\": 3}}`; every key may be left out";

/// Reads how recordings are stored from a file of JSON or YAML, and what in it has no effect.
///
/// `.json` is JSON, `.yaml` and `.yml` are YAML; of any other name, a text that begins with `{` or `[` is JSON. Letter
/// case and the choice of `-` or `_` carry no meaning in a key, null means that nothing is said. A file that says
/// nothing is no error. Files beyond 64 KiB are not read. The fault names every problem of the file.
pub fn ephys_config(path: &Utf8Path) -> Result<(EphysConfig, Vec<String>), Fault> {
    let folder = path.parent().unwrap_or(Utf8Path::new(""));
    configs::read(path, FILE_FORM, |keys| config(keys, folder))
}

/// What could not be read is as usual; the problems that were found are what counts then.
fn config(keys: &mut Keys, folder: &Utf8Path) -> EphysConfig {
    let usual = EphysConfig::default();
    keys.read("data_reader", successor::reader);
    keys.read("compress_write_output_format", |node| value::only(node, "zarr"));
    keys.without_effect("compress_max_windows_filename_len", "names of any length are written");
    configs::leave_to_the_list(keys);
    successor::keys(keys);
    let lsb = keys.read_even_null("lsb", |node| value::word(node, Lsb::WORDS)).unwrap_or_default();
    EphysConfig {
        codec: codec::read(keys).unwrap_or(usual.codec),
        chunk: chunk::read(keys).unwrap_or(usual.chunk),
        lsb,
        clip_frames: keys
            .read("clip_n_frames", |node| value::whole(node, 1..=u64::MAX))
            .unwrap_or(usual.clip_frames),
        sample: sample(keys, lsb),
        accept_unread: keys.read("accept_unread_streams", value::switch).unwrap_or(usual.accept_unread),
        choice: EphysChoice {
            streams: keys.read("streams", value::names).unwrap_or_default(),
            experiments: keys.read("experiments", value::names).unwrap_or_default(),
            channels: keys.read("channels", value::names).unwrap_or_default(),
        },
        probe_file: probe_file(keys, folder),
        aligned: alignment(keys).unwrap_or(usual.aligned),
    }
}

/// Our key wins over the successor's, which only says whether.
fn alignment(keys: &mut Keys) -> Option<Aligned> {
    const SUCCESSORS: &str = "check_timestamps";
    let own = keys.read("require_aligned_timestamps", aligned);
    let wanted = |checks| if checks { Aligned::Harp } else { Aligned::Any };
    let other = keys.read(SUCCESSORS, value::switch).map(wanted);
    if let (Some(own), Some(other)) = (own, other)
        && own != other
    {
        keys.note(SUCCESSORS, "`require_aligned_timestamps` wins over it");
    }
    own.or(other)
}

/// True, false or a word; JSON and YAML have truth values of their own.
fn aligned(node: &Node) -> Result<Aligned, Wrong> {
    match node {
        Node::Bool(true) => Ok(Aligned::Harp),
        Node::Bool(false) => Ok(Aligned::Any),
        node => value::word(node, &["true", "false", "main"]),
    }
}

fn probe_file(keys: &mut Keys, folder: &Utf8Path) -> Option<ProbeFile> {
    const FOR: &str = "probe_file_for";
    let path = keys.read("probe_file", |node| value::file(node, folder));
    let streams = keys.read(FOR, |node| value::word(node, ProbeStreams::WORDS));
    if path.is_none() && streams.is_some() {
        keys.note(FOR, "`probe_file` names no file");
    }
    path.map(|path| ProbeFile { path, streams: streams.unwrap_or_default(), crc64: None })
}

fn sample(keys: &mut Keys, lsb: Lsb) -> LsbSample {
    const CHUNKS: &str = "scale_num_chunks_per_segment";
    const FRAMES: &str = "scale_chunk_size";
    let usual = LsbSample::default();
    let chunks = keys.read(CHUNKS, |node| value::whole(node, 1..=u32::MAX.into()));
    let frames = keys.read(FRAMES, |node| value::whole(node, 1..=u64::MAX));
    if lsb != Lsb::Spikeinterface {
        for (name, written) in [(CHUNKS, chunks), (FRAMES, frames)] {
            if written.is_some() {
                keys.note(name, "it belongs to `lsb: spikeinterface`");
            }
        }
    }
    LsbSample {
        chunks: chunks.map_or(usual.chunks, |chunks| chunks as u32),
        frames: frames.unwrap_or(usual.frames),
    }
}

#[cfg(test)]
mod tests;
