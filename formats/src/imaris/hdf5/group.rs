use std::collections::BTreeMap;

use super::{
    Bad, Cursor, NOWHERE, Source, btree, damaged,
    header::{Header, kind},
    heap::Heap,
    records::records,
};

/// The objects of a group by their names.
pub(in super::super) type Links = BTreeMap<String, u64>;

/// No group has more objects.
const MOST: usize = 1 << 20;

/// What is in a group. Links that are no objects themselves (soft ones, and those to other files) are left out.
pub(in super::super) fn links(source: &Source, address: u64) -> Result<Links, Bad> {
    let header = Header::read(source, address)?;
    let mut found = Links::new();
    if let Some(message) = header.first(kind::SYMBOLS)? {
        symbols(source, Cursor(message), &mut found)?;
    }
    for message in header.all(kind::LINK) {
        link(Cursor(message?), &mut found)?;
    }
    if let Some(message) = header.first(kind::LINK_INFO)? {
        many(source, Cursor(message), &mut found)?;
    }
    Ok(found)
}

/// A message or an object of a heap that is one link.
fn link(mut rest: Cursor<'_>, found: &mut Links) -> Result<(), Bad> {
    let (_version, flags) = (rest.u8()?, rest.u8()?);
    let soft = flags & 8 != 0 && rest.u8()? != 0;
    rest.skip(if flags & 4 != 0 { 8 } else { 0 })?;
    rest.skip(usize::from(flags & 0x10 != 0))?;
    let length = rest.number(1 << (flags & 3))?;
    let name = name(rest.take(usize::try_from(length).unwrap_or(usize::MAX))?)?;
    if !soft {
        found.insert(name, rest.u64()?);
    }
    Ok(())
}

fn name(bytes: &[u8]) -> Result<String, Bad> {
    String::from_utf8(bytes.to_vec()).map_err(|_| damaged("a name in it is no text"))
}

/// More links than a header holds: in a heap.
fn many(source: &Source, mut rest: Cursor<'_>, found: &mut Links) -> Result<(), Bad> {
    let (_version, flags) = (rest.u8()?, rest.u8()?);
    rest.skip(if flags & 1 != 0 { 8 } else { 0 })?;
    let (heap, tree) = (rest.u64()?, rest.u64()?);
    if heap == NOWHERE || tree == NOWHERE {
        return Ok(());
    }
    let mut heap = Heap::open(source, heap)?;
    // Sorted by name: a hash, then the object.
    for record in records(source, tree, 5)? {
        let mut record = Cursor(&record);
        record.skip(4)?;
        if let Some(object) = heap.get(record.0)? {
            link(Cursor(object), found)?;
        }
    }
    Ok(())
}

/// The way of version 1.6: a B-tree, nodes of symbols, and a heap of names.
fn symbols(source: &Source, mut rest: Cursor<'_>, found: &mut Links) -> Result<(), Bad> {
    let (tree, heap) = (rest.u64()?, rest.u64()?);
    let start = source.bytes(heap, 32)?;
    let mut start = Cursor(&start);
    start.expect(b"HEAP")?;
    start.skip(4)?;
    let length = start.u64()?;
    start.skip(8)?;
    let names = source.bytes(start.u64()?, length)?;
    let mut nodes = Vec::new();
    btree::walk(source, tree, 0, 8, &mut |_, child| {
        nodes.push(child);
        if nodes.len() > MOST || nodes.len() as u64 * 16 > source.file.size() {
            return Err(damaged("a group in it does not end"));
        }
        Ok(())
    })?;
    for node in nodes {
        node_of_symbols(source, node, &names, found)?;
        if found.len() > MOST {
            return Err(damaged("a group in it does not end"));
        }
    }
    Ok(())
}

fn node_of_symbols(source: &Source, node: u64, names: &[u8], found: &mut Links) -> Result<(), Bad> {
    let start = source.bytes(node, 8)?;
    let mut start = Cursor(&start);
    start.expect(b"SNOD")?;
    start.skip(2)?;
    let count = start.u16()?;
    let entries = source.bytes(node.saturating_add(8), u64::from(count) * 40)?;
    for entry in entries.chunks_exact(40) {
        let mut entry = Cursor(entry);
        let (at, object, cached) = (entry.u64()?, entry.u64()?, entry.u32()?);
        let text = usize::try_from(at).ok().and_then(|at| names.get(at..));
        let text = text.and_then(|text| text.split(|byte| *byte == 0).next());
        let text = name(text.ok_or_else(|| damaged("a name in it is missing"))?)?;
        // 2 is a soft link.
        if cached != 2 {
            found.insert(text, object);
        }
    }
    Ok(())
}
