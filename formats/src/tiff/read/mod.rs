//! The samples of a region: which strips or tiles hold them, and how they come out.

mod bits;
mod decode;
mod extent;
mod segment;

use std::ops::Range;

use adt_model::{Class, Fault};

use super::{
    Compression, Region, Tiff,
    page::Page,
    source::{Source, Window},
};
use decode::Decoder;
use segment::{Destination, Segment};

pub(super) use extent::extent;

/// Uncompressed rows that are not wanted whole are read in pieces of about this many bytes.
const PIECE: u64 = 1 << 20;

/// Reads voxels. Cheap to make; keep one for each thread, for it keeps the buffers of the last strip or tile.
#[derive(Debug)]
pub struct Reader<'a> {
    tiff: &'a Tiff,
    window: Window,
    offsets: Vec<u64>,
    lengths: Vec<u64>,
    stored: Vec<u8>,
    samples: Vec<u8>,
    decoder: Decoder,
    /// Bytes that can be read straight to their place, together with those before them.
    pending: Option<Pending>,
}

/// A piece of the file, and where it goes.
#[derive(Debug)]
struct Pending {
    offset: u64,
    out: Range<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tiff: &'a Tiff) -> Self {
        Self {
            tiff,
            window: Window::default(),
            offsets: Vec::new(),
            lengths: Vec::new(),
            stored: Vec::new(),
            samples: Vec::new(),
            decoder: Decoder::default(),
            pending: None,
        }
    }

    /// Fills `out` with the samples of `region`, x fastest, then y, then z, little-endian.
    ///
    /// `out` must have exactly as many bytes, and the region must lie in the shape; else it is a `Bug`. What cannot be read is
    /// `Corrupt`, named with its page. Uncompressed planes that lie next to each other in the file are read at once. Of compressed
    /// strips and tiles each is decompressed whole, also when only a part of it is wanted: ask for whole ones
    /// ([`Layout`](super::Layout) tells how large they are).
    pub fn read(&mut self, region: &Region, out: &mut [u8]) -> Result<(), Fault> {
        let plane_bytes = self.tiff.check(region, out.len())?;
        self.pending = None;
        for (at, z) in region.z.clone().enumerate() {
            self.plane(region, z, at * plane_bytes, out)?;
        }
        self.flush(out)
    }

    /// One plane of the region, whose bytes begin at `start` of `out`.
    fn plane(&mut self, region: &Region, z: u64, start: usize, out: &mut [u8]) -> Result<(), Fault> {
        let tiff = self.tiff;
        let (page, number, ahead) = tiff.page_of(&mut self.window, region, z)?;
        let page = page.as_ref();
        let (across, _) = page.grid();
        let size = &page.storage;
        let rows = region.y.start / size.rows..region.y.end.div_ceil(size.rows);
        let columns = region.x.start / size.columns..region.x.end.div_ceil(size.columns);
        let sample = region.c % page.form.samples;
        let before = if size.separate { sample * (page.segments() / page.form.samples) } else { 0 };
        let first = before + rows.start * across;
        let wanted = first..before + rows.end * across;
        page.table(&tiff.source, &mut self.window, wanted, &mut self.offsets, &mut self.lengths)?;
        let destination = Destination {
            y: region.y.clone(),
            x: region.x.clone(),
            start,
            sample: if size.separate { 0 } else { sample },
        };
        for row in rows {
            for column in columns.clone() {
                let index = before + row * across + column;
                let at = (index - first) as usize;
                let segment =
                    Segment::new(page, row, column, self.offsets[at], self.lengths.get(at).copied());
                let segment = segment.and_then(|segment| segment.ahead(ahead));
                self.segment(segment, page, &destination, out)
                    .map_err(|why| named(&tiff.source, page, why, number, index))?;
            }
        }
        Ok(())
    }

    fn segment(
        &mut self,
        segment: Result<Segment, String>,
        page: &Page,
        to: &Destination,
        out: &mut [u8],
    ) -> Result<(), Why> {
        let segment = segment?;
        segment.check(&self.tiff.source)?;
        if page.storage.compression == Compression::None {
            Ok(self.raw(&segment, to, out)?)
        } else {
            self.compressed(&segment, page, to, out)
        }
    }

    fn compressed(
        &mut self,
        segment: &Segment,
        page: &Page,
        to: &Destination,
        out: &mut [u8],
    ) -> Result<(), Why> {
        let source = &self.tiff.source;
        let storage = &page.storage;
        if segment.bytes > storage.compression.most(segment.stored).saturating_add(1 << 10) {
            let (bytes, stored) = (segment.bytes, segment.stored);
            return Err(format!("{bytes} bytes do not come out of {stored}").into());
        }
        // No method needs more than this for bytes that cannot be made smaller.
        let stored = segment.stored.min(segment.bytes.saturating_mul(2).saturating_add(4096));
        self.stored.resize(stored as usize, 0);
        source.file.read_at(segment.offset, &mut self.stored)?;
        let straight = segment.straight(to);
        let samples = if let Some(place) = straight.clone() {
            &mut out[place]
        } else {
            self.samples.resize(segment.bytes as usize, 0);
            &mut self.samples
        };
        self.decoder.decode(storage.compression, &self.stored, samples)?;
        bits::restore(samples, segment, storage.predictor, source.order);
        if straight.is_none() {
            segment.copy(&self.samples, segment.rows(), segment.columns(), to, out);
        }
        Ok(())
    }

    fn raw(&mut self, segment: &Segment, to: &Destination, out: &mut [u8]) -> Result<(), Fault> {
        let rows = segment.wanted_rows(to);
        if segment.whole_rows(to) {
            let offset = segment.offset + (rows.start - segment.y) * segment.row_bytes;
            return self.straight(offset, segment.place(&rows, to), out);
        }
        // Few columns of many are read alone, else whole rows are, and the columns taken out of them.
        let wanted = segment.wanted_columns(to);
        let narrow = (wanted.end - wanted.start) * 4 < segment.width;
        let columns = if narrow { wanted } else { segment.columns() };
        let row_bytes = (columns.end - columns.start) * segment.pixel;
        let step = if narrow { 1 } else { (PIECE / row_bytes).max(1) };
        let mut row = rows.start;
        while row < rows.end {
            let some = row..rows.end.min(row + step);
            self.samples.resize(((some.end - some.start) * row_bytes) as usize, 0);
            let skipped = (columns.start - segment.x) * segment.pixel;
            let offset = segment.offset + (row - segment.y) * segment.row_bytes + skipped;
            self.tiff.source.file.read_at(offset, &mut self.samples)?;
            bits::swap(&mut self.samples, segment.size, self.tiff.source.order);
            row = some.end;
            segment.copy(&self.samples, some, columns.clone(), to, out);
        }
        Ok(())
    }

    /// Reads to the place itself, if possible together with what was asked for before.
    fn straight(&mut self, offset: u64, place: Range<usize>, out: &mut [u8]) -> Result<(), Fault> {
        if let Some(pending) = &mut self.pending
            && pending.offset + pending.out.len() as u64 == offset
            && pending.out.end == place.start
        {
            pending.out.end = place.end;
            return Ok(());
        }
        self.flush(out)?;
        self.pending = Some(Pending { offset, out: place });
        Ok(())
    }

    fn flush(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let bytes = &mut out[pending.out];
        self.tiff.source.file.read_at(pending.offset, bytes)?;
        bits::swap(bytes, self.tiff.dtype().size(), self.tiff.source.order);
        Ok(())
    }
}

/// Why a strip or tile cannot be read.
#[derive(Debug)]
enum Why {
    Damaged(String),
    Unread(Fault),
}

impl From<String> for Why {
    fn from(why: String) -> Self {
        Self::Damaged(why)
    }
}

impl From<Fault> for Why {
    fn from(fault: Fault) -> Self {
        Self::Unread(fault)
    }
}

/// Which strip or tile it was.
fn named(source: &Source, page: &Page, why: Why, number: u64, index: u64) -> Fault {
    let kind = if page.storage.tiled { "tile" } else { "strip" };
    let what = format!("{kind} {index} of page {number} of `{}` cannot be read", source.file.path());
    match why {
        Why::Damaged(why) => Fault::new(Class::Corrupt, format!("{what}: {why}")),
        Why::Unread(fault) => Fault::new(fault.class(), what).because(fault),
    }
}

impl Tiff {
    /// Bytes of a plane of the region, if it lies in the shape and `length` is that of all its planes.
    fn check(&self, region: &Region, length: usize) -> Result<usize, Fault> {
        let shape = self.shape();
        let ranges = [&region.z, &region.y, &region.x];
        let inside = region.t < shape[0]
            && region.c < shape[1]
            && ranges
                .iter()
                .zip(&shape[2..])
                .all(|(range, size)| range.start <= range.end && range.end <= *size);
        let count = |range: &Range<u64>| u128::from(range.end.saturating_sub(range.start));
        let plane = count(&region.y) * count(&region.x) * self.dtype().size() as u128;
        if inside && plane.checked_mul(count(&region.z)) == Some(length as u128) {
            return Ok(plane as usize);
        }
        let path = self.source.file.path();
        let what =
            format!("`{path}` has the shape {shape:?}: {region:?} is not in it, or not of {length} bytes");
        Err(Fault::new(Class::Bug, what))
    }
}
