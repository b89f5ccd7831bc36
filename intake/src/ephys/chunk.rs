//! `compress_job_save_kwargs` and `compress_chunk_duration`: how long a chunk of traces is.

use adt_model::{ByteSize, ChunkLength};

use crate::{
    configs::{Keys, value},
    draft::Wrong,
    json::Node,
};

const DURATION: &str = "compress_chunk_duration";
/// An hour at 30 kHz.
const MOST_FRAMES: u64 = 108_000_000;
/// What Blosc and most readers can hold in a piece.
const MOST_BYTES: u64 = 2_000_000_000;

/// What `compress_job_save_kwargs` says wins over `compress_chunk_duration`, which the original did not look at.
pub(super) fn read(keys: &mut Keys) -> Option<ChunkLength> {
    let own = keys.read(DURATION, duration);
    let mut kwargs = keys.below("compress_job_save_kwargs");
    let saved = saved(&mut kwargs);
    keys.absorb(kwargs);
    if let (Some(saved), Some(own)) = (saved, own)
        && saved != own
    {
        keys.note(DURATION, "`compress_job_save_kwargs` says it too, and wins");
    }
    saved.or(own)
}

/// Of several lengths the first in spikeinterface's order wins: frames, bytes, time.
fn saved(kwargs: &mut Keys) -> Option<ChunkLength> {
    let lengths = [
        ("chunk_size", kwargs.read("chunk_size", frames)),
        ("chunk_memory", kwargs.read("chunk_memory", bytes)),
        ("chunk_duration", kwargs.read("chunk_duration", duration)),
    ];
    for name in ["n_jobs", "max_threads_per_process", "max_threads_per_worker", "total_memory"] {
        kwargs.without_effect(name, "`--cpus` and `--memory` say how much there is");
    }
    for name in ["progress_bar", "verbose"] {
        kwargs.without_effect(name, "the command line says how progress is shown");
    }
    for name in ["mp_context", "pool_engine"] {
        kwargs.without_effect(name, "there are threads only");
    }
    kwargs.without_effect("channel_chunk_size", "a chunk holds all channels");
    let mut given = lengths.into_iter().filter_map(|(name, length)| Some((name, length?)));
    let (first, length) = given.next()?;
    let others: Vec<_> = given.map(|(name, _)| name).collect();
    for name in others {
        kwargs.note(name, &format!("`{first}` wins over it"));
    }
    Some(length)
}

fn frames(node: &Node) -> Result<ChunkLength, Wrong> {
    value::whole(node, 1..=MOST_FRAMES).map(ChunkLength::Frames)
}

/// A bare number is seconds.
fn duration(node: &Node) -> Result<ChunkLength, Wrong> {
    let text = match node {
        Node::Number(seconds) => format!("{seconds}s"),
        node => value::scalar(node),
    };
    text.parse()
        .map_err(|()| Wrong::new("not a duration", "such as `1s`, `0.5s` or `500ms`, at most an hour"))
}

/// Decimal, as spikeinterface takes it.
fn bytes(node: &Node) -> Result<ChunkLength, Wrong> {
    let text = value::scalar(node);
    let text = text.trim();
    let size = format!("{text}B").parse().or_else(|_| text.parse());
    match size {
        Ok(ByteSize(bytes)) if (2..=MOST_BYTES).contains(&bytes) => Ok(ChunkLength::Bytes(bytes)),
        _ => Err(Wrong::new("not a size", "such as `500k` or `100M`, at most `2G`")),
    }
}
