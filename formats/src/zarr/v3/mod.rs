//! Zarr, version 3: one `zarr.json` for each array and group, and chunks that may lie many in one object, a shard.
//!
//! What chunks are made of, how they are cut and padded at the edges, is as in version 2: [`ArrayMeta::layout`]. Chunks are
//! little-endian, compressed by one codec or none, and may end in a CRC-32C; other chains of codecs are named. What is
//! written has dimension names, `/` between the numbers of a chunk's key, and shards whose chunks are in C order with the index at the
//! end, so that equal chunks give equal bytes.
//!
//! Source: the Zarr specification, version 3.1; its `sharding_indexed`, `blosc`, `zstd`, `gzip` and `crc32c` codecs.

mod array;
mod codecs;
mod document;
mod shard;

pub use array::ArrayMeta;
pub use document::{attributes, group, text};
pub use shard::{ShardIndex, ShardWriter};
