//! `compressor_name` and `compressor_kwargs`.

use adt_model::{BloscName, BloscShuffle, TraceCodec};

use crate::{
    cell,
    configs::{Keys, value},
    draft::Wrong,
    field,
    json::Node,
};

const THREADS: &str = "`--cpus` says how many threads there are";
const LOSSLESS: &str = "it shapes the noise of a lossy compression, and this one is lossless";

#[derive(Clone, Copy)]
enum Name {
    Wavpack,
    Blosc,
    Zstd,
}

/// `None` when nothing can be made of it. What is left out of `compressor_kwargs` is level 3; for Blosc `zstd`, level
/// 5, bits shuffled, which spikeinterface writes by default.
pub(super) fn read(keys: &mut Keys) -> Option<TraceCodec> {
    let named = keys.says("compressor_name");
    let name = keys.read("compressor_name", name);
    let mut kwargs = keys.below("compressor_kwargs");
    let codec = match name {
        // What the arguments mean depends on what it was meant to be.
        None if named => return None,
        None | Some(Name::Wavpack) => wavpack(&mut kwargs),
        Some(Name::Blosc) => blosc(&mut kwargs),
        Some(Name::Zstd) => {
            TraceCodec::Zstd { level: level(&mut kwargs, "level", 1, 22).unwrap_or(3).into() }
        }
    };
    keys.absorb(kwargs);
    Some(codec)
}

fn name(node: &Node) -> Result<Name, Wrong> {
    let text = value::scalar(node);
    match field::clean(&text).as_str() {
        "wavpack" => Ok(Name::Wavpack),
        "blosc" => Ok(Name::Blosc),
        "zstd" => Ok(Name::Zstd),
        _ => Err(Wrong::new("no compressor of that name", cell::one_of(&text, ["wavpack", "blosc", "zstd"]))),
    }
}

fn wavpack(kwargs: &mut Keys) -> TraceCodec {
    let level = level(kwargs, "level", 1, 4).unwrap_or(3);
    kwargs.read("bps", lossless);
    kwargs.without_effect("dynamic_noise_shaping", LOSSLESS);
    kwargs.without_effect("shaping_weight", LOSSLESS);
    kwargs.without_effect("num_encoding_threads", THREADS);
    kwargs.without_effect("num_decoding_threads", THREADS);
    TraceCodec::Wavpack { level }
}

/// Bits per sample that a lossy stream may have; 0 stands for all of them.
fn lossless(node: &Node) -> Result<(), Wrong> {
    if matches!(value::scalar(node).trim().parse(), Ok(0.0_f64)) {
        return Ok(());
    }
    Err(Wrong::new("lossy, and recordings are stored without loss", "0, or leave it out"))
}

fn blosc(kwargs: &mut Keys) -> TraceCodec {
    let codec = TraceCodec::Blosc {
        cname: kwargs.read("cname", |node| value::word(node, BloscName::WORDS)).unwrap_or_default(),
        level: level(kwargs, "clevel", 0, 9).unwrap_or(5),
        shuffle: kwargs.read("shuffle", shuffle).unwrap_or_default(),
    };
    kwargs.without_effect("blocksize", "Blosc chooses its blocks by the level");
    codec
}

/// As numcodecs counts them; -1 leaves the choice to it, which is bytes for samples of two.
fn shuffle(node: &Node) -> Result<BloscShuffle, Wrong> {
    if value::scalar(node).trim() == "-1" {
        return Ok(BloscShuffle::Byte);
    }
    value::word(node, BloscShuffle::WORDS)
        .map_err(|wrong| Wrong::new(wrong.what, "2 or bit, 1 or byte, 0 or none, -1 for the usual one"))
}

fn level(kwargs: &mut Keys, key: &'static str, first: u8, last: u8) -> Option<u8> {
    // It is at most `last`.
    kwargs.read(key, |node| value::whole(node, first.into()..=last.into())).map(|level| level as u8)
}
