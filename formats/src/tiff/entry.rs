use std::ops::Range;

use adt_model::Fault;

use super::source::{Source, Window};

/// No directory of an image has nearly as many tags.
const MOST_TAGS: u64 = 4096;

/// One tag of a directory: what it says, or where it says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tag: u16,
    kind: u16,
    pub(super) count: u64,
    /// The value itself when it fits, else its offset; as it lies in the file.
    field: [u8; 8],
}

/// A directory (IFD): its tags in any order, and where the next one lies (0: nowhere).
pub(super) fn directory(source: &Source, window: &mut Window, at: u64) -> Result<(Vec<Entry>, u64), Fault> {
    let (head, width, link) = if source.big { (8, 20, 8) } else { (2, 12, 4) };
    let count = source.order.number(window.get(source, at, head)?);
    if count == 0 || count > MOST_TAGS {
        return Err(source.corrupt(format!("the directory at byte {at} has {count} tags")));
    }
    let length = head + count as usize * width + link;
    let bytes = window.get(source, at, length)?;
    let field = |bytes: &[u8], from: usize, length: usize| source.order.number(&bytes[from..from + length]);
    let entries = bytes[head..length - link].chunks_exact(width).map(|bytes| {
        let mut value = [0; 8];
        let from = if source.big { 12 } else { 8 };
        value[..width - from].copy_from_slice(&bytes[from..]);
        let count = field(bytes, 4, if source.big { 8 } else { 4 });
        Entry { tag: field(bytes, 0, 2) as u16, kind: field(bytes, 2, 2) as u16, count, field: value }
    });
    Ok((entries.collect(), field(bytes, length - link, link)))
}

impl Entry {
    /// Bytes of one value; none for a type that is not known.
    fn size(self) -> Option<u64> {
        match self.kind {
            1 | 2 | 6 | 7 => Some(1),
            3 | 8 => Some(2),
            4 | 9 | 11 | 13 => Some(4),
            5 | 10 | 12 | 16 | 17 | 18 => Some(8),
            _ => None,
        }
    }

    fn is_whole_number(self) -> bool {
        matches!(self.kind, 1 | 3 | 4 | 13 | 16 | 18)
    }

    /// The field as a number: an offset, or a value of full width. Grows evenly from page to page where the pages do.
    pub(super) fn pointer(self, source: &Source) -> u64 {
        match self.size() {
            Some(size) if self.count == 1 && self.is_whole_number() => {
                source.order.number(&self.field[..size as usize])
            }
            _ => source.order.number(&self.field[..if source.big { 8 } else { 4 }]),
        }
    }

    /// Where the values lie when they do not lie in the field; `Corrupt` when that is outside of the file.
    fn place(self, source: &Source) -> Result<Option<u64>, Fault> {
        let length = self.size().and_then(|size| size.checked_mul(self.count));
        let Some(length) = length else {
            return Err(source.corrupt(format!("tag {} has values of type {}", self.tag, self.kind)));
        };
        if length <= if source.big { 8 } else { 4 } {
            return Ok(None);
        }
        let offset = self.pointer(source);
        if source.holds(offset, length) {
            return Ok(Some(offset));
        }
        Err(source.corrupt(format!("the values of tag {} lie beyond its end", self.tag)))
    }

    /// Bytes of the values in `range`, which must be in the count.
    fn bytes<'a>(
        &'a self,
        source: &Source,
        window: &'a mut Window,
        range: Range<u64>,
    ) -> Result<&'a [u8], Fault> {
        let size = self.size().unwrap_or(1);
        let (from, length) = (range.start * size, ((range.end - range.start) * size) as usize);
        match self.place(source)? {
            Some(offset) => window.get(source, offset + from, length),
            None => Ok(&self.field[from as usize..from as usize + length]),
        }
    }

    /// Puts the values of `range` into `out`. Those that are no whole numbers, or fewer than asked for, are `Corrupt`.
    pub(super) fn numbers(
        &self,
        source: &Source,
        window: &mut Window,
        range: Range<u64>,
        out: &mut Vec<u64>,
    ) -> Result<(), Fault> {
        out.clear();
        if !self.is_whole_number() {
            return Err(source.corrupt(format!("tag {} has values of type {}", self.tag, self.kind)));
        }
        if range.end > self.count {
            let (tag, count, wanted) = (self.tag, self.count, range.end);
            return Err(source.corrupt(format!("tag {tag} has {count} values, {wanted} are needed")));
        }
        let size = self.size().unwrap_or(1) as usize;
        let bytes = self.bytes(source, window, range)?;
        out.extend(bytes.chunks_exact(size).map(|bytes| source.order.number(bytes)));
        Ok(())
    }

    /// The one value, or the one that all values are.
    pub(super) fn number(&self, source: &Source, window: &mut Window) -> Result<u64, Fault> {
        if self.count == 1 && self.is_whole_number() {
            return Ok(self.pointer(source));
        }
        if self.count == 0 || self.count > MOST_TAGS {
            return Err(source.corrupt(format!("tag {} has {} values", self.tag, self.count)));
        }
        let mut values = Vec::new();
        self.numbers(source, window, 0..self.count, &mut values)?;
        if values.iter().any(|value| *value != values[0]) {
            return Err(source.unfit(format!("the samples of a pixel differ in tag {}", self.tag)));
        }
        Ok(values[0])
    }

    /// A fraction (type RATIONAL), none when it is no positive number.
    pub(super) fn fraction(&self, source: &Source, window: &mut Window) -> Result<Option<f64>, Fault> {
        if self.kind != 5 || self.count != 1 {
            return Ok(None);
        }
        let bytes = self.bytes(source, window, 0..1)?;
        let (above, below) = (source.order.number(&bytes[..4]), source.order.number(&bytes[4..8]));
        Ok((above > 0 && below > 0).then(|| above as f64 / below as f64))
    }

    /// Text up to its first zero, UTF-8 or else Latin-1 (as `ImageJ` has it). Longer than `limit` bytes is not supported.
    pub(super) fn text(&self, source: &Source, limit: u64) -> Result<String, Fault> {
        if !matches!(self.kind, 1 | 2 | 7) {
            return Ok(String::new());
        }
        if self.count > limit {
            return Err(source.unfit(format!("the text of tag {} has {} bytes", self.tag, self.count)));
        }
        // A window of its own: a long text shall not stay in memory.
        let mut window = Window::default();
        let bytes = self.bytes(source, &mut window, 0..self.count)?;
        let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        })
    }
}
