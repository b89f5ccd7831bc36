use std::{fmt, ops::Range};

use adt_model::Fault;

use super::{
    Compression, Dtype,
    entry::{Entry, directory},
    source::{Source, Window},
};

/// Wider or higher is no image.
const LONGEST_SIDE: u64 = 1 << 31;
/// More samples in a pixel are no channels.
const MOST_SAMPLES: u64 = 4096;
/// Tags of vendors whose files lay their planes out in a way of their own.
const VENDORS: [(u16, &str); 6] = [
    (33628, "MetaMorph (STK)"),
    (33629, "MetaMorph (STK)"),
    (34361, "FluoView"),
    (34412, "Zeiss LSM"),
    (43314, "NIH Image"),
    (65420, "Hamamatsu NDPI"),
];

/// What all pages of a stack have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) width: u64,
    pub(super) height: u64,
    pub(super) dtype: Dtype,
    /// Samples of a pixel, such as 3 for red, green and blue.
    pub(super) samples: u64,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {} pixels of {} {}", self.width, self.height, self.samples, self.dtype)
    }
}

/// How the samples of a page are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) compression: Compression,
    /// 1 none, 2 differences, 3 differences of the bytes of floats.
    pub(super) predictor: u64,
    /// Each sample of a pixel in a plane of its own.
    pub(super) separate: bool,
    pub(super) tiled: bool,
    /// Pixels of a strip or tile.
    pub(super) columns: u64,
    pub(super) rows: u64,
}

/// One directory with an image.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) form: Form,
    pub(super) storage: Storage,
    /// Where each strip or tile lies, and how many bytes it has.
    pub(super) offsets: Entry,
    pub(super) lengths: Option<Entry>,
    pub(super) description: Option<Entry>,
    /// Pixels per unit along x and y, and the unit.
    pub(super) resolution: [Option<Entry>; 3],
    pub(super) next: u64,
}

impl Page {
    /// Reads the directory at `at` and judges it.
    pub(super) fn read(source: &Source, window: &mut Window, at: u64) -> Result<Self, Fault> {
        let (entries, next) = directory(source, window, at)?;
        if let Some((_, vendor)) =
            VENDORS.iter().find(|(tag, _)| entries.iter().any(|entry| entry.tag == *tag))
        {
            return Err(source.unfit(format!("it is a file of {vendor}")));
        }
        let find = |tag| entries.iter().find(|entry| entry.tag == tag).copied();
        let mut tags = Tags { source, window, entries: &entries };
        let form = tags.form()?;
        let storage = tags.storage(&form)?;
        let (offsets, lengths) = if storage.tiled { (324, 325) } else { (273, 279) };
        let Some(offsets) = find(offsets) else {
            return Err(source.corrupt(format!("the page at byte {at} does not say where its pixels are")));
        };
        let page = Self {
            form,
            storage,
            offsets,
            lengths: find(lengths),
            description: find(270),
            resolution: [find(282), find(283), find(296)],
            next,
        };
        page.check_bytes(source)?;
        Ok(page)
    }

    /// Bytes of one sample of every pixel, decompressed.
    pub(super) fn plane_bytes(&self) -> u64 {
        self.form.width * self.form.height * self.form.dtype.size() as u64
    }

    /// Strips or tiles side by side and one above the other.
    pub(super) fn grid(&self) -> (u64, u64) {
        (self.form.width.div_ceil(self.storage.columns), self.form.height.div_ceil(self.storage.rows))
    }

    /// Strips or tiles of the page.
    pub(super) fn segments(&self) -> u64 {
        let (across, down) = self.grid();
        across * down * if self.storage.separate { self.form.samples } else { 1 }
    }

    /// Where the strips or tiles of `range` lie and how long they are, which only uncompressed ones may leave out.
    pub(super) fn table(
        &self,
        source: &Source,
        window: &mut Window,
        range: Range<u64>,
        offsets: &mut Vec<u64>,
        lengths: &mut Vec<u64>,
    ) -> Result<(), Fault> {
        self.offsets.numbers(source, window, range.clone(), offsets)?;
        match &self.lengths {
            Some(entry) => entry.numbers(source, window, range, lengths),
            None if self.storage.compression == Compression::None => {
                lengths.clear();
                Ok(())
            }
            None => Err(source.corrupt("a page does not say how long its strips or tiles are")),
        }
    }

    /// So many pixels cannot come out of so small a file.
    fn check_bytes(&self, source: &Source) -> Result<(), Fault> {
        let samples =
            self.form.width.checked_mul(self.form.height).and_then(|n| n.checked_mul(self.form.samples));
        let bytes = samples.and_then(|n| n.checked_mul(self.form.dtype.size() as u64));
        let most = self.storage.compression.most(source.file.size());
        if bytes.is_none_or(|bytes| bytes > most) {
            let (form, size) = (self.form, source.file.size());
            return Err(source.corrupt(format!("a page of {form} does not fit into its {size} bytes")));
        }
        // The table of the strips or tiles must be there as well.
        if self.segments() > self.offsets.count {
            let (needed, found) = (self.segments(), self.offsets.count);
            return Err(source.corrupt(format!("a page names {found} strips or tiles of {needed}")));
        }
        Ok(())
    }
}

struct Tags<'a> {
    source: &'a Source,
    window: &'a mut Window,
    entries: &'a [Entry],
}

impl Tags<'_> {
    fn get(&mut self, tag: u16) -> Result<Option<u64>, Fault> {
        let Some(entry) = self.entries.iter().find(|entry| entry.tag == tag) else { return Ok(None) };
        entry.number(self.source, self.window).map(Some)
    }

    fn or(&mut self, tag: u16, default: u64) -> Result<u64, Fault> {
        Ok(self.get(tag)?.unwrap_or(default))
    }

    fn form(&mut self) -> Result<Form, Fault> {
        let (width, height) = (self.or(256, 0)?, self.or(257, 0)?);
        let sides = 1..=LONGEST_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(self.source.corrupt(format!("a page has {width} × {height} pixels")));
        }
        let samples = self.or(277, 1)?;
        if !(1..=MOST_SAMPLES).contains(&samples) {
            return Err(self.source.corrupt(format!("a pixel has {samples} samples")));
        }
        let (bits, format) = (self.or(258, 1)?, self.or(339, 1)?);
        let Some(dtype) = Dtype::of(format, bits) else {
            let why = format!("samples of {bits} bits in format {format}");
            return Err(self.source.unfit(why));
        };
        if self.or(262, 1)? == 6 {
            return Err(self.source.unfit("its colours are YCbCr"));
        }
        if self.or(32997, 1)? > 1 || self.or(32998, 1)? > 1 {
            return Err(self.source.unfit("its pages are volumes"));
        }
        Ok(Form { width, height, dtype, samples })
    }

    fn storage(&mut self, form: &Form) -> Result<Storage, Fault> {
        let compression = Compression::of(self.or(259, 1)?)
            .map_err(|name| self.source.unfit(format!("its pixels are compressed with {name}")))?;
        if self.or(266, 1)? != 1 {
            return Err(self.source.unfit("the bits of its bytes are reversed"));
        }
        let float = matches!(form.dtype, Dtype::F32 | Dtype::F64);
        // Without compression there is nothing to predict; what the tag says then has no effect.
        let predictor = if compression == Compression::None { 1 } else { self.or(317, 1)? };
        if !matches!((predictor, float), (1 | 2, _) | (3, true)) {
            return Err(self.source.unfit(format!("predictor {predictor} of {}", form.dtype)));
        }
        let tiled = self.entries.iter().any(|entry| entry.tag == 324);
        let (columns, rows) = if tiled {
            (self.or(322, 0)?, self.or(323, 0)?)
        } else {
            (form.width, self.or(278, form.height)?.min(form.height))
        };
        if !(1..=LONGEST_SIDE).contains(&columns) || !(1..=LONGEST_SIDE).contains(&rows) {
            return Err(self.source.corrupt(format!("strips or tiles of {columns} × {rows} pixels")));
        }
        let separate = form.samples > 1 && self.or(284, 1)? == 2;
        Ok(Storage { compression, predictor, separate, tiled, columns, rows })
    }
}
