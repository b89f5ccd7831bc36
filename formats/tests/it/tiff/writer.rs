//! A writer of every kind of TIFF that is read.

use std::io::Write as _;

use adt_codec::zstd;
use adt_formats::tiff::{Compression, Dtype};
use flate2::{Compression as Level, write::ZlibEncoder};

/// What a tag says.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Short(Vec<u64>),
    /// 32 bits, in `BigTIFF` 64.
    Long(Vec<u64>),
    Text(Vec<u8>),
    Fraction(u32, u32),
}

pub(super) type Tag = (u16, Value);

/// Byte order and generation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) big: bool,
    pub(super) big_endian: bool,
}

impl Style {
    pub(super) fn number(self, value: u64, width: usize) -> Vec<u8> {
        let bytes = value.to_le_bytes();
        let mut bytes = bytes[..width].to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    pub(super) fn link(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    pub(super) fn header(self, first: u64) -> Vec<u8> {
        let mut bytes = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        bytes.extend(self.number(if self.big { 43 } else { 42 }, 2));
        if self.big {
            bytes.extend(self.number(8, 2));
            bytes.extend(self.number(0, 2));
        }
        bytes.extend(self.number(first, self.link()));
        bytes
    }

    fn value(self, value: &Value) -> (u64, u64, Vec<u8>) {
        let all =
            |values: &[u64], width| values.iter().flat_map(|value| self.number(*value, width)).collect();
        match value {
            Value::Short(values) => (3, values.len() as u64, all(values, 2)),
            Value::Long(values) if self.big => (16, values.len() as u64, all(values, 8)),
            Value::Long(values) => (4, values.len() as u64, all(values, 4)),
            Value::Text(text) => (2, text.len() as u64 + 1, [text, &[0][..]].concat()),
            Value::Fraction(above, below) => (5, 1, all(&[u64::from(*above), u64::from(*below)], 4)),
        }
    }

    /// A directory that lies at `at`, and behind it the values that do not fit into it.
    pub(super) fn directory(self, at: u64, tags: &[Tag], next: u64) -> Vec<u8> {
        let head = if self.big { 8 } else { 2 };
        let width = if self.big { 20 } else { 12 };
        let behind = at + (head + tags.len() * width + self.link()) as u64;
        let (mut bytes, mut values) = (self.number(tags.len() as u64, head), Vec::new());
        for (tag, value) in tags {
            let (kind, count, mut value) = self.value(value);
            bytes.extend(self.number(u64::from(*tag), 2));
            bytes.extend(self.number(kind, 2));
            bytes.extend(self.number(count, self.link()));
            if value.len() <= self.link() {
                value.resize(self.link(), 0);
                bytes.extend(value);
            } else {
                bytes.extend(self.number(behind + values.len() as u64, self.link()));
                values.extend(value);
                values.resize(values.len().next_multiple_of(8), 0);
            }
        }
        bytes.extend(self.number(next, self.link()));
        bytes.extend(values);
        bytes
    }
}

/// How pages are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Rows of a strip.
    Strips(usize),
    /// Rows and columns of a tile.
    Tiles(usize, usize),
}

/// Where the directories lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the samples of their page, as a camera writes.
    Before,
    /// Behind the samples of their page.
    Behind,
    /// Behind all samples, as tifffile writes.
    Last,
}

#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) style: Style,
    pub(super) compression: Compression,
    pub(super) predictor: u64,
    pub(super) cut: Cut,
    pub(super) place: Place,
    pub(super) dtype: Dtype,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) samples: usize,
    pub(super) separate: bool,
    /// Tags of the first page beside those of the samples.
    pub(super) more: Vec<Tag>,
    /// Bytes between pages, as their numbers ask for.
    pub(super) gap: fn(usize) -> usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            style: Style { big: false, big_endian: false },
            compression: Compression::None,
            predictor: 1,
            cut: Cut::Strips(usize::MAX),
            place: Place::Before,
            dtype: Dtype::U16,
            height: 21,
            width: 33,
            samples: 1,
            separate: false,
            more: Vec::new(),
            gap: |_| 0,
        }
    }
}

impl Writer {
    pub(super) fn described(text: &str) -> Self {
        Self { more: vec![(270, Value::Text(text.as_bytes().to_vec()))], ..Self::default() }
    }

    pub(super) fn page_bytes(&self) -> usize {
        self.height * self.width * self.samples * self.dtype.size()
    }

    /// A file of these pages: little-endian samples, those of a pixel together.
    pub(super) fn file(&self, pages: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.style.header(0);
        let mut link = bytes.len() - self.style.link();
        let mut later = Vec::new();
        for (number, page) in pages.iter().enumerate() {
            bytes.resize(bytes.len().next_multiple_of(8) + (self.gap)(number), 0xEE);
            let segments = self.segments(page);
            let length: usize = segments.iter().map(Vec::len).sum();
            let size = self.style.directory(0, &self.tags(number, 0, &segments), 0).len();
            match self.place {
                Place::Before => {
                    let at = bytes.len();
                    self.link(
                        &mut bytes,
                        &mut link,
                        number,
                        (at + size.next_multiple_of(8)) as u64,
                        &segments,
                    );
                    bytes.resize(at + size.next_multiple_of(8), 0);
                    bytes.extend(segments.concat());
                }
                Place::Behind => {
                    let at = bytes.len();
                    bytes.extend(segments.concat());
                    bytes.resize((at + length).next_multiple_of(8), 0);
                    self.link(&mut bytes, &mut link, number, at as u64, &segments);
                }
                Place::Last => {
                    later.push((bytes.len() as u64, segments.clone()));
                    bytes.extend(segments.concat());
                }
            }
        }
        for (number, (start, segments)) in later.iter().enumerate() {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            self.link(&mut bytes, &mut link, number, *start, segments);
        }
        bytes
    }

    /// Puts the directory of a page at the end, and its place into the link before.
    fn link(&self, bytes: &mut Vec<u8>, link: &mut usize, number: usize, start: u64, segments: &[Vec<u8>]) {
        let at = bytes.len();
        let tags = self.tags(number, start, segments);
        bytes.extend(self.style.directory(at as u64, &tags, 0));
        let width = self.style.link();
        bytes[*link..*link + width].copy_from_slice(&self.style.number(at as u64, width));
        let (head, each) = if self.style.big { (8, 20) } else { (2, 12) };
        *link = at + head + tags.len() * each;
    }

    /// Not in ascending order, as Acquire has them.
    fn tags(&self, number: usize, start: u64, segments: &[Vec<u8>]) -> Vec<Tag> {
        let mut at = start;
        let offsets = segments.iter().map(|segment| {
            at += segment.len() as u64;
            at - segment.len() as u64
        });
        let (offsets, lengths) =
            (offsets.collect(), segments.iter().map(|segment| segment.len() as u64).collect());
        let bits = vec![8 * self.dtype.size() as u64; self.samples];
        let format = match self.dtype {
            Dtype::I8 | Dtype::I16 | Dtype::I32 => 2,
            Dtype::F32 | Dtype::F64 => 3,
            _ => 1,
        };
        let method = match self.compression {
            Compression::Lzw => 5,
            Compression::Deflate => [8, 32946][number % 2],
            Compression::PackBits => 32773,
            Compression::Zstd => 50000,
            _ => 1,
        };
        let short = |tag, value| (tag, Value::Short(vec![value]));
        let mut tags = vec![
            (256, Value::Long(vec![self.width as u64])),
            (257, Value::Long(vec![self.height as u64])),
            (258, Value::Short(bits)),
            short(259, method),
            short(262, 1),
        ];
        match self.cut {
            Cut::Strips(rows) => {
                tags.push((273, Value::Long(offsets)));
                tags.push((278, Value::Long(vec![rows.min(u32::MAX as usize) as u64])));
                tags.push((279, Value::Long(lengths)));
            }
            Cut::Tiles(rows, columns) => {
                tags.extend([short(322, columns as u64), short(323, rows as u64)]);
                tags.push((324, Value::Long(offsets)));
                tags.push((325, Value::Long(lengths)));
            }
        }
        tags.extend([
            short(339, format),
            short(277, self.samples as u64),
            short(284, 1 + u64::from(self.separate)),
            short(317, self.predictor),
            short(254, 2),
        ]);
        if number == 0 {
            tags.extend(self.more.clone());
        }
        tags
    }

    fn segments(&self, page: &[u8]) -> Vec<Vec<u8>> {
        assert_eq!(page.len(), self.page_bytes());
        let size = self.dtype.size();
        let planes = if self.separate { self.samples } else { 1 };
        let pixel = size * self.samples / planes;
        let (rows, columns, padded) = match self.cut {
            Cut::Strips(rows) => (rows.min(self.height), self.width, false),
            Cut::Tiles(rows, columns) => (rows, columns, true),
        };
        let mut segments = Vec::new();
        for plane in 0..planes {
            for y in (0..self.height).step_by(rows) {
                for x in (0..self.width).step_by(columns) {
                    let height = if padded { rows } else { rows.min(self.height - y) };
                    let mut lines = Vec::new();
                    for row in y..y + height {
                        for column in x..x + columns {
                            let at = (row * self.width + column) * self.samples * size + plane * size;
                            if row < self.height && column < self.width {
                                lines.extend(&page[at..at + pixel]);
                            } else {
                                lines.extend(vec![0xAB; pixel]);
                            }
                        }
                    }
                    segments.push(self.stored(lines, columns * pixel, pixel / size));
                }
            }
        }
        segments
    }

    /// Lines as they are stored.
    fn stored(&self, mut lines: Vec<u8>, row_bytes: usize, apart: usize) -> Vec<u8> {
        let size = self.dtype.size();
        match self.predictor {
            2 => lines.chunks_exact_mut(row_bytes).for_each(|row| differences(row, size, apart)),
            3 => lines.chunks_exact_mut(row_bytes).for_each(|row| {
                let sorted: Vec<u8> =
                    (0..size).rev().flat_map(|byte| row.iter().skip(byte).step_by(size).copied()).collect();
                row.copy_from_slice(&sorted);
                differences(row, 1, apart);
            }),
            _ => {}
        }
        if self.style.big_endian && self.predictor != 3 {
            lines.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        compressed(self.compression, &lines)
    }
}

fn differences(row: &mut [u8], size: usize, apart: usize) {
    let value = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    for at in (apart..row.len() / size).rev() {
        let (now, before) = (&row[at * size..][..size], &row[(at - apart) * size..][..size]);
        let difference = value(now).wrapping_sub(value(before)).to_le_bytes();
        row[at * size..][..size].copy_from_slice(&difference[..size]);
    }
}

pub(super) fn compressed(method: Compression, bytes: &[u8]) -> Vec<u8> {
    match method {
        Compression::Lzw => {
            weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(bytes).unwrap()
        }
        Compression::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Level::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::PackBits => pack_bits(bytes),
        Compression::Zstd => {
            let mut frame = Vec::new();
            zstd::Encoder::new(1).encode(bytes, &mut frame).unwrap();
            frame
        }
        _ => bytes.to_vec(),
    }
}

fn pack_bits(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in bytes.chunk_by(|a, b| a == b) {
        for piece in run.chunks(128) {
            match piece {
                [byte] => out.extend([0, *byte]),
                piece => out.extend([(257 - piece.len()) as u8, piece[0]]),
            }
        }
    }
    out
}
