//! Stacks of microscopes in TIFF, read in pieces by many threads at once.
//!
//! TIFF 6.0 and `BigTIFF` in both byte orders, strips and tiles, uncompressed or with Deflate, LZW, Zstandard or `PackBits`, with
//! predictors; what `ImageJ`, OME-TIFF, tifffile and Acquire tell of the planes, of the size of voxels and of the origin. Nothing but
//! the places of the directories is in memory; every read goes by position.
//!
//! The parser is our own, not the crate `tiff`: that one holds one decoder for each thread and walks through all directories before
//! a page (a camera's file has millions of them), does not see the planes behind the first of an `ImageJ` file beyond 4 GiB, and
//! copies strips where one positional read of many planes will do. What is left of TIFF for these files, a dozen of tags, is
//! little; decompression is that of the libraries used elsewhere, and `weezl` (the one of that crate) for LZW.
//!
//! ```text
//! source   the file, its byte order        page    a directory, judged        read/   segments → samples
//! entry    the tags of a directory         chain   where all directories are  series/ which page a plane is on
//! ```

mod chain;
mod compression;
mod entry;
mod page;
mod pages;
mod read;
mod series;
mod source;
mod volume;
mod write;

use std::borrow::Cow;

use adt_model::Fault;

use crate::SteadyFile;

use page::Page;
use pages::Pages;
use series::{Evidence, Series, Unfit};
use source::{Source, Window};

pub use crate::image::{Dtype, Origin, Region, Size, SizeSource, Voxel};
pub use compression::Compression;
pub use read::Reader;
pub use series::Kind;
pub use write::plane;

/// Longer descriptions are none (an OME-XML of a million planes has about 200 MB).
const LONGEST_DESCRIPTION: u64 = 256 << 20;

/// An open file. May be read by many threads at once, each with a [`Reader`].
#[derive(Debug)]
pub struct Tiff {
    source: Source,
    pages: Pages,
    series: Series,
    layout: Layout,
}

/// How samples lie in the file, for those who choose what to read at once. It is that of the first page; others may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// Of strips or tiles.
    pub compression: Compression,
    /// Whether pages are cut into tiles, else into strips of whole rows.
    pub tiled: bool,
    /// Rows of a strip or tile.
    pub rows: u64,
    /// Columns of a strip or tile.
    pub columns: u64,
    /// Uncompressed planes follow each other without a gap, so that any number of whole planes along z is one read.
    pub contiguous: bool,
}

impl Tiff {
    /// Reads header, directories and description.
    ///
    /// Directories at even distances are looked at here and there only; one that turns out not to be where it should be is found
    /// when its plane is read, and then all of them are followed. A file that is damaged, ends too early or does not hold what its
    /// description promises is `Corrupt`; one that holds what cannot be read here (pages of several sizes or types, several images,
    /// other compressions, vendors' formats) is `BadInput`.
    pub fn open(file: SteadyFile) -> Result<Self, Fault> {
        let source = Source::open(file)?;
        let pages = Pages::find(&source)?;
        let first = &pages.first;
        let description = match &first.description {
            Some(entry) => entry.text(&source, LONGEST_DESCRIPTION)?,
            None => String::new(),
        };
        let mut window = Window::default();
        let mut of = |at: usize| match first.resolution[at] {
            Some(entry) => entry.fraction(&source, &mut window),
            None => Ok(None),
        };
        let resolution = [of(1)?, of(0)?];
        let unit = first.resolution[2].map(|entry| entry.number(&source, &mut window)).transpose()?;
        let evidence = Evidence {
            description: &description,
            file_name: source.file.path().file_name().unwrap_or_default(),
            form: first.form,
            separate: first.storage.separate,
            pages: pages.count(),
            resolution,
            unit,
        };
        let series = match Series::of(&evidence) {
            Ok(series) => series,
            Err(Unfit::Corrupt(why)) => return Err(source.corrupt(why)),
            Err(Unfit::Unsupported(why)) => return Err(source.unfit(why)),
        };
        Self::judge(source, pages, series)
    }

    /// Sees to it that the first and the last plane are there.
    fn judge(source: Source, pages: Pages, series: Series) -> Result<Self, Fault> {
        pages.check_alike(&source, series.last_page())?;
        let storage = pages.first.storage;
        let layout = Layout {
            compression: storage.compression,
            tiled: storage.tiled,
            rows: storage.rows,
            columns: storage.columns,
            contiguous: false,
        };
        let mut tiff = Self { source, pages, series, layout };
        let first = tiff.extent(0)?;
        let planes = tiff.series.planes();
        if tiff.series.one_directory {
            let all = tiff.pages.first.plane_bytes().checked_mul(tiff.pages.first.form.samples);
            let all = all.and_then(|plane| plane.checked_mul(planes));
            let Some(start) = first else {
                return Err(tiff.source.unfit("its planes have one directory, but do not lie in one piece"));
            };
            if !all.is_some_and(|all| tiff.source.holds(start, all)) {
                return Err(tiff.source.corrupt(format!("it ends before the last of its {planes} planes")));
            }
            tiff.layout.contiguous = true;
        } else {
            let last = tiff.extent(planes - 1)?;
            let length = tiff.pages.first.plane_bytes().checked_mul(planes - 1);
            let apart = first.zip(length).and_then(|(first, length)| first.checked_add(length));
            tiff.layout.contiguous = first.is_some() && apart == last;
        }
        tiff.layout.contiguous &= tiff.pages.first.form.samples == 1;
        Ok(tiff)
    }

    /// Sees to it that the file holds all strips or tiles of a page. Where they begin, if they are one uncompressed piece.
    fn extent(&self, number: u64) -> Result<Option<u64>, Fault> {
        let mut window = Window::default();
        let page = self.pages.read(&self.source, &mut window, number)?;
        read::extent(&self.source, &mut window, &page, number)
    }

    /// Voxels along t, c, z, y and x. The samples of a pixel are channels.
    pub fn shape(&self) -> [u64; 5] {
        let [t, c, z] = self.series.sizes;
        let form = &self.pages.first.form;
        [t, c * form.samples, z, form.height, form.width]
    }

    /// The axes of more than one voxel, and always y and x, such as `ZYX`.
    pub fn axes(&self) -> String {
        let names = "TCZYX".chars().zip(self.shape());
        names.filter(|(name, size)| *size > 1 || "YX".contains(*name)).map(|(name, _)| name).collect()
    }

    /// What a voxel is.
    pub fn dtype(&self) -> Dtype {
        self.pages.first.form.dtype
    }

    /// Number of planes that are stored, timepoints and channels together.
    pub fn planes(&self) -> u64 {
        self.series.planes()
    }

    /// Who described the file.
    pub fn kind(&self) -> Kind {
        self.series.kind
    }

    /// The size of a voxel, as far as the file tells.
    pub fn voxel(&self) -> Voxel {
        self.series.voxel
    }

    /// Where the first voxel lies, as far as the file tells.
    pub fn origin(&self) -> Origin {
        self.series.origin
    }

    /// How samples lie in the file.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What a person should know of how the file was understood, one fragment each.
    pub fn notes(&self) -> &[String] {
        &self.series.notes
    }

    /// Something to read voxels with; one for each thread.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }

    /// Call after the last read, see [`SteadyFile::finish`].
    pub fn finish(&self) -> Result<(), Fault> {
        self.source.file.finish()
    }

    /// The page of a plane, its number, and how many bytes behind those that it names the plane lies.
    fn page_of(
        &self,
        window: &mut Window,
        region: &Region,
        z: u64,
    ) -> Result<(Cow<'_, Page>, u64, u64), Fault> {
        let first = &self.pages.first;
        let samples = first.form.samples;
        let plane = self.series.order.page(self.series.sizes, [region.t, region.c / samples, z]);
        if self.series.one_directory {
            return Ok((Cow::Borrowed(first), plane, plane * first.plane_bytes() * samples));
        }
        Ok((Cow::Owned(self.pages.read(&self.source, window, plane)?), plane, 0))
    }
}
