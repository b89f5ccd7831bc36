use super::{Bad, Cursor, NOWHERE, Source, checksum::lookup3, damaged, unfit};

/// A fractal heap: many small objects in blocks that become larger.
pub(super) struct Heap<'a> {
    source: &'a Source,
    table: Table,
    /// Bytes of an object's place in the heap, and of its length.
    offset: usize,
    length: usize,
    /// Whether blocks have checksums.
    checked: bool,
    /// The last block and where it begins.
    block: Option<(u64, Vec<u8>)>,
}

/// Which block lies where.
#[derive(Clone, Copy, Debug)]
struct Table {
    width: u64,
    first: u64,
    largest: u64,
    root: u64,
    rows: u64,
}

impl Table {
    fn read(header: &mut Cursor<'_>) -> Result<(Self, u16), Bad> {
        let (width, first, largest) = (header.u16()?.into(), header.u64()?, header.u64()?);
        let bits = header.u16()?;
        header.skip(2)?;
        let (root, rows) = (header.u64()?, header.u16()?.into());
        let sound = [width, first, largest].iter().all(|number: &u64| number.is_power_of_two());
        // Together this keeps all sums below within 64 bits.
        let small = (1..57).contains(&bits) && rows <= 64 && largest <= 16 << 20 && first <= largest;
        if !sound || !small {
            return Err(damaged("a heap of its index is tangled"));
        }
        Ok((Self { width, first, largest, root, rows }, bits))
    }

    /// The size of the blocks of a row: the first two have the same, then it doubles.
    fn size(&self, row: u64) -> u64 {
        self.first.saturating_mul(1 << row.saturating_sub(1).min(56))
    }

    /// From which row on there are no blocks of objects, but blocks of blocks.
    fn direct(&self) -> u64 {
        u64::from(self.largest.ilog2() - self.first.ilog2()) + 2
    }
}

impl<'a> Heap<'a> {
    pub(super) fn open(source: &'a Source, address: u64) -> Result<Self, Bad> {
        let header = source.bytes(address, 146)?;
        let mut rest = Cursor(&header);
        rest.expect(b"FRHP")?;
        let (_version, _id, filters, flags) = (rest.u8()?, rest.u16()?, rest.u16()?, rest.u8()?);
        if filters != 0 {
            return Err(unfit("it compresses its index"));
        }
        source.proven(&header)?;
        let longest = rest.u32()?;
        rest.skip(96)?;
        let (table, bits) = Table::read(&mut rest)?;
        // The largest offset within a block, or the largest length of an object, whichever takes fewer bytes.
        let within = table.largest.ilog2().div_ceil(8) as usize;
        let length = within.min(longest.max(1).ilog2() as usize / 8 + 1);
        let offset = usize::from(bits).div_ceil(8);
        Ok(Self { source, table, offset, length, checked: flags & 2 != 0, block: None })
    }

    /// The object of an identity; nothing for one that is too large to be of use here.
    pub(super) fn get<'b>(&'b mut self, id: &'b [u8]) -> Result<Option<&'b [u8]>, Bad> {
        let mut rest = Cursor(id);
        let flags = rest.u8()?;
        match flags >> 4 & 3 {
            0 => {}
            2 => return rest.take(usize::from(flags & 15) + 1).map(Some),
            _ => return Ok(None),
        }
        let (offset, length) = (rest.number(self.offset)?, rest.number(self.length)?);
        self.find(offset)?;
        let object = self.block.as_ref().and_then(|(start, block)| {
            let at = usize::try_from(offset.checked_sub(*start)?).ok()?;
            block.get(at..at.checked_add(usize::try_from(length).ok()?)?)
        });
        object.map(Some).ok_or_else(|| damaged("an object of its index lies outside"))
    }

    /// Reads the block that an object lies in.
    fn find(&mut self, offset: u64) -> Result<(), Bad> {
        let held = |(start, block): &(u64, Vec<u8>)| (*start..*start + block.len() as u64).contains(&offset);
        if self.block.as_ref().is_some_and(held) {
            return Ok(());
        }
        let table = self.table;
        let (mut start, mut address, mut rows, mut size) = (0, table.root, table.rows, table.first);
        while rows > 0 {
            let entries = self.indirect(address, rows)?;
            let (row, at) = Self::row(&table, offset - start, rows)?;
            size = table.size(row);
            let column = (offset - start - at) / size;
            start += at + column * size;
            let entry = entries.get(((row * table.width + column) * 8) as usize..).unwrap_or_default();
            address = Cursor(entry).u64()?;
            // A block of blocks has as many rows as fill its size.
            let below = if row < table.direct() {
                0
            } else {
                u64::from(size.ilog2()).saturating_sub((table.first * table.width).ilog2().into()) + 1
            };
            if below >= rows || address == NOWHERE {
                return Err(damaged("a heap of its index is tangled"));
            }
            rows = below;
        }
        let block = self.direct(address, size)?;
        self.block = Some((start, block));
        Ok(())
    }

    /// The row of an object, and where the row begins.
    fn row(table: &Table, offset: u64, rows: u64) -> Result<(u64, u64), Bad> {
        let mut at = 0_u64;
        for row in 0..rows {
            let end = at.saturating_add(table.size(row).saturating_mul(table.width));
            if offset < end {
                return Ok((row, at));
            }
            at = end;
        }
        Err(damaged("an object of its index lies outside"))
    }

    fn indirect(&self, address: u64, rows: u64) -> Result<Vec<u8>, Bad> {
        let start = 13 + self.offset;
        let length = start as u64 + rows * self.table.width * 8;
        let mut bytes = self.source.bytes(address, length + 4)?;
        self.source.proven(&bytes)?;
        Cursor(&bytes).expect(b"FHIB")?;
        bytes.truncate(length as usize);
        Ok(bytes.split_off(start))
    }

    fn direct(&self, address: u64, size: u64) -> Result<Vec<u8>, Bad> {
        let mut bytes = self.source.bytes(address, size)?;
        Cursor(&bytes).expect(b"FHDB")?;
        let at = 13 + self.offset;
        if self.checked
            && let Some(field) = bytes.get_mut(at..at + 4)
        {
            // The sum is that of the block with zeros in its place.
            let noted = Cursor(field).u32()?;
            field.fill(0);
            self.source.compare(lookup3(&bytes), noted)?;
        }
        Ok(bytes)
    }
}
