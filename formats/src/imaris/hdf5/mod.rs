//! As much of HDF5 as an Imaris file needs, in our own words.
//!
//! Groups (symbol tables of version 1.6, links of 1.8, few or many), attributes (few or many), contiguous data and chunks that are
//! found by a B-tree of version 1: what libhdf5 writes when it is bound to version 1.8, as Imaris binds it, or to an earlier one.
//! Every checksum of the metadata is compared.
//!
//! Why not the crate `hdf5-pure`: it keeps two lists of chunks with an allocation for each, more than a gigabyte for the six million
//! chunks of a large tile, where a table of 16 bytes for each is enough; it allocates what foreign numbers ask for; it is ten times
//! this crate (126 000 lines, a minute to compile), and changes every week. `hidefix` and `hdf5-metno` need libhdf5.
//!
//! Source: the HDF5 file format specification, version 3.0.

mod attribute;
mod btree;
mod checksum;
mod chunks;
mod cursor;
mod dataset;
mod decode;
mod filters;
mod group;
mod header;
mod heap;
mod layout;
mod records;
mod source;
mod space;
mod superblock;

pub(super) use attribute::{Attributes, attributes};
pub(super) use chunks::{Slot, Slots};
pub(super) use dataset::Dataset;
pub(super) use decode::Decoder;
pub(super) use filters::{Filters, Method};
pub(super) use group::{Links, links};
pub(super) use layout::Layout;
pub(super) use source::{Bad, Source, damaged, foreign, unfit};

use cursor::Cursor;

/// An address that stands for "nowhere".
const NOWHERE: u64 = u64::MAX;
