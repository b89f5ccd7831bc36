use std::ops::Range;

use super::super::{Compression, page::Page, source::Source};

/// A strip or tile: where it lies in the page and in the file.
#[derive(Debug)]
pub(super) struct Segment {
    /// The first pixel.
    pub(super) y: u64,
    pub(super) x: u64,
    /// Rows that are stored, and pixels of a row; at the edge of a page tiles go beyond it, strips do not.
    height: u64,
    pub(super) width: u64,
    /// Bytes of a sample, of a pixel with its samples, of a row, of it all: decompressed.
    pub(super) size: usize,
    pub(super) pixel: u64,
    pub(super) row_bytes: u64,
    pub(super) bytes: u64,
    pub(super) offset: u64,
    /// Bytes in the file.
    pub(super) stored: u64,
}

/// Where the samples go.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) y: Range<u64>,
    pub(super) x: Range<u64>,
    /// Of the plane's bytes.
    pub(super) start: usize,
    /// Which of the samples of a pixel.
    pub(super) sample: u64,
}

impl Segment {
    /// Refuses one that is too short for what it must hold.
    pub(super) fn new(
        page: &Page,
        row: u64,
        column: u64,
        offset: u64,
        stored: Option<u64>,
    ) -> Result<Self, String> {
        let (form, storage) = (&page.form, &page.storage);
        let (y, x) = (row * storage.rows, column * storage.columns);
        let height = if storage.tiled { storage.rows } else { storage.rows.min(form.height - y) };
        let size = form.dtype.size();
        let pixel = size as u64 * if storage.separate { 1 } else { form.samples };
        let row_bytes = storage.columns * pixel;
        let bytes = row_bytes.checked_mul(height).ok_or("it is too large")?;
        let raw = storage.compression == Compression::None;
        let stored = stored.unwrap_or(bytes);
        if raw && stored < bytes && stored > 0 {
            return Err(format!("it has {stored} bytes instead of {bytes}"));
        }
        let stored = if raw { stored.min(bytes) } else { stored };
        Ok(Self { y, x, height, width: storage.columns, size, pixel, row_bytes, bytes, offset, stored })
    }

    /// Refuses one that the file does not hold.
    pub(super) fn check(&self, source: &Source) -> Result<(), String> {
        if self.stored == 0 {
            return Err("it is empty".to_owned());
        }
        if source.holds(self.offset, self.stored) {
            return Ok(());
        }
        let (stored, offset) = (self.stored, self.offset);
        Err(format!("it lies beyond the end ({stored} bytes from byte {offset} on)"))
    }

    /// The same in a later plane, whose bytes follow without a gap.
    pub(super) fn ahead(mut self, bytes: u64) -> Result<Self, String> {
        self.offset = self.offset.checked_add(bytes).ok_or("it lies beyond the end")?;
        Ok(self)
    }

    pub(super) fn rows(&self) -> Range<u64> {
        self.y..self.y + self.height
    }

    pub(super) fn columns(&self) -> Range<u64> {
        self.x..self.x + self.width
    }

    pub(super) fn wanted_rows(&self, to: &Destination) -> Range<u64> {
        self.y.max(to.y.start)..(self.y + self.height).min(to.y.end)
    }

    pub(super) fn wanted_columns(&self, to: &Destination) -> Range<u64> {
        self.x.max(to.x.start)..(self.x + self.width).min(to.x.end)
    }

    /// Whether rows can go to their place as they are: one sample, and all of the row's pixels and no others.
    pub(super) fn whole_rows(&self, to: &Destination) -> bool {
        self.pixel == self.size as u64 && to.x == self.columns()
    }

    /// The place of some of its rows, if they are whole.
    pub(super) fn place(&self, rows: &Range<u64>, to: &Destination) -> Range<usize> {
        let at = |row: u64| to.start + ((row - to.y.start) * self.row_bytes) as usize;
        at(rows.start)..at(rows.end)
    }

    /// The place of all of it, if nothing of it is left out.
    pub(super) fn straight(&self, to: &Destination) -> Option<Range<usize>> {
        let whole = self.whole_rows(to) && self.wanted_rows(to) == self.rows();
        whole.then(|| self.place(&self.rows(), to))
    }

    /// Copies what is wanted out of `samples`, which are those of these rows and columns of the page.
    pub(super) fn copy(
        &self,
        samples: &[u8],
        rows: Range<u64>,
        columns: Range<u64>,
        to: &Destination,
        out: &mut [u8],
    ) {
        let (size, pixel) = (self.size, self.pixel as usize);
        let wanted = self.wanted_columns(to);
        let row_bytes = (columns.end - columns.start) as usize * pixel;
        let out_row = (to.x.end - to.x.start) as usize * size;
        let from = (wanted.start - columns.start) as usize * pixel;
        let length = (wanted.end - wanted.start) as usize;
        let some = self.wanted_rows(to);
        for row in some.start.max(rows.start)..some.end.min(rows.end) {
            let line = &samples[(row - rows.start) as usize * row_bytes + from..][..length * pixel];
            let place = to.start
                + (row - to.y.start) as usize * out_row
                + (wanted.start - to.x.start) as usize * size;
            let place = &mut out[place..place + length * size];
            if pixel == size {
                place.copy_from_slice(line);
                continue;
            }
            let sample = to.sample as usize * size;
            for (to, from) in place.chunks_exact_mut(size).zip(line.chunks_exact(pixel)) {
                to.copy_from_slice(&from[sample..sample + size]);
            }
        }
    }
}
