use super::{Bad, Cursor, Source, damaged};

/// No tree has more records.
const MOST: u64 = 1 << 20;
/// Trees of more levels are damaged.
const DEEPEST: u16 = 16;
/// Of a node beside its records: signature, version, kind, checksum.
const FRAME: u64 = 10;

/// A B-tree of version 2, as far as it is needed to list it.
struct Tree<'a> {
    source: &'a Source,
    kind: u8,
    node: u64,
    record: u64,
    /// Bytes of the number of records of a node.
    count: usize,
    found: Vec<Vec<u8>>,
}

/// All records of a B-tree of version 2, of no certain order.
pub(super) fn records(source: &Source, address: u64, kind: u8) -> Result<Vec<Vec<u8>>, Bad> {
    let header = source.bytes(address, 38)?;
    let mut header = Cursor(source.proven(&header)?);
    header.expect(b"BTHD")?;
    let (_version, found) = (header.u8()?, header.u8()?);
    let (node, record, depth) = (u64::from(header.u32()?), u64::from(header.u16()?), header.u16()?);
    header.skip(2)?;
    let (root, count, _all) = (header.u64()?, header.u16()?, header.u64()?);
    if found != kind || record < 11 || node < FRAME + record || depth > DEEPEST {
        return Err(damaged("the tree of its index is tangled"));
    }
    let most = (node - FRAME) / record;
    let mut tree = Tree { source, kind, node, record, count: width(most), found: Vec::new() };
    // The bytes that the number of all records below a node takes, for nodes of each level.
    let (mut below, mut all) = (vec![0], most);
    for _ in 0..depth {
        let pointer = 8 + tree.count as u64 + below.last().copied().unwrap_or_default() as u64;
        let inner = node.saturating_sub(FRAME + pointer) / (record + pointer);
        all = (inner + 1).saturating_mul(all).saturating_add(inner);
        below.push(width(all));
    }
    if count > 0 || depth > 0 {
        tree.node(root, count.into(), depth, &below)?;
    }
    Ok(tree.found)
}

/// Bytes of a number up to this.
fn width(most: u64) -> usize {
    most.max(1).ilog2() as usize / 8 + 1
}

impl Tree<'_> {
    fn node(&mut self, address: u64, count: u64, depth: u16, below: &[usize]) -> Result<(), Bad> {
        let pointer = if depth == 0 { 0 } else { 8 + self.count + below[usize::from(depth) - 1] };
        let pointers = if depth == 0 { 0 } else { (count + 1) * pointer as u64 };
        let length = FRAME + count * self.record + pointers;
        if length > self.node {
            return Err(damaged("a node of its index is too full"));
        }
        let bytes = self.source.bytes(address, length)?;
        let mut rest = Cursor(self.source.proven(&bytes)?);
        rest.expect(if depth == 0 { b"BTLF" } else { b"BTIN" })?;
        let (_version, kind) = (rest.u8()?, rest.u8()?);
        let all = (self.found.len() as u64 + count) * self.record;
        if kind != self.kind || self.found.len() as u64 + count > MOST || all > self.source.file.size() {
            return Err(damaged("the tree of its index is tangled"));
        }
        for _ in 0..count {
            self.found.push(rest.take(self.record as usize)?.to_vec());
        }
        if depth == 0 {
            return Ok(());
        }
        for _ in 0..=count {
            let (child, count) = (rest.u64()?, rest.number(self.count)?);
            rest.skip(pointer - 8 - self.count)?;
            // Each pass finds at least one record, so that this ends.
            if count == 0 {
                return Err(damaged("a node of its index is empty"));
            }
            self.node(child, count, depth - 1, below)?;
        }
        Ok(())
    }
}
