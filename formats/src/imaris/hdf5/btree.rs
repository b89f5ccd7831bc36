use super::{Bad, Cursor, Source, damaged};

/// Of a node before its entries: signature, kind, level, count, and the nodes beside it.
const START: usize = 24;
/// More than a node of chunks with the usual 64 entries has.
const AHEAD: u64 = 4096;
/// With two entries in each node this is more than there are addresses.
const DEEPEST: u8 = 64;

/// Goes through a B-tree of version 1: the key and the address of each entry at its leaves, in order.
///
/// `kind` is 0 for groups and 1 for chunks. `each` must refuse what comes too often: a damaged tree can name a node twice, but not
/// one that is empty.
pub(super) fn walk(
    source: &Source,
    root: u64,
    kind: u8,
    key: usize,
    each: &mut impl FnMut(&[u8], u64) -> Result<(), Bad>,
) -> Result<(), Bad> {
    node(source, root, (kind, None), key, each)
}

fn node(
    source: &Source,
    address: u64,
    (kind, level): (u8, Option<u8>),
    key: usize,
    each: &mut impl FnMut(&[u8], u64) -> Result<(), Bad>,
) -> Result<(), Bad> {
    let mut bytes = source.up_to(address, AHEAD)?;
    let mut start = Cursor(&bytes);
    start.expect(b"TREE")?;
    let (found, depth, count) = (start.u8()?, start.u8()?, start.u16()?);
    if found != kind || depth > DEEPEST || level.is_some_and(|level| level != depth) {
        return Err(damaged("the tree of its index is tangled"));
    }
    if count == 0 && level.is_some() {
        return Err(damaged("a node of its index is empty"));
    }
    let length = START + usize::from(count) * (key + 8);
    if bytes.len() < length {
        bytes = source.bytes(address, length as u64)?;
    }
    for entry in bytes[START..length].chunks_exact(key + 8) {
        let (key_bytes, child) = entry.split_at(key);
        let child = Cursor(child).u64()?;
        match depth.checked_sub(1) {
            None => each(key_bytes, child)?,
            Some(below) => node(source, child, (kind, Some(below)), key, each)?,
        }
    }
    Ok(())
}
