use super::{
    Bad, Cursor, Source, damaged,
    filters::Filters,
    header::{Header, kind},
    layout::Layout,
    space::extent,
    unfit,
};
use crate::image::Dtype;

/// Larger chunks are not read; those of Imaris have about a megabyte.
const LONGEST_CHUNK: u64 = 256 << 20;

/// Voxels of three dimensions.
#[derive(Debug)]
pub(in super::super) struct Dataset {
    /// Voxels along z, y and x as they are stored, with what fills the last chunks.
    pub(in super::super) extent: [u64; 3],
    pub(in super::super) dtype: Dtype,
    pub(in super::super) layout: Layout,
    pub(in super::super) filters: Filters,
    /// The bytes of a voxel that was never written, as many as the type has.
    pub(in super::super) fill: [u8; 8],
}

impl Dataset {
    pub(in super::super) fn read(source: &Source, address: u64) -> Result<Self, Bad> {
        let header = Header::read(source, address)?;
        let needed = |kind, what: &str| {
            let message = header.first(kind)?;
            message.map(Cursor).ok_or_else(|| damaged(format!("it has no {what}")))
        };
        let extent: [u64; 3] = extent(needed(kind::DATASPACE, "extent")?)?
            .try_into()
            .map_err(|axes: Vec<u64>| unfit(format!("it has {} axes instead of 3", axes.len())))?;
        let dtype = dtype(needed(kind::DATATYPE, "type")?)?;
        let layout = Layout::read(needed(kind::LAYOUT, "layout")?)?;
        if let Layout::Chunks { size, .. } = &layout {
            let bytes = size.iter().try_fold(dtype.size() as u64, |all, side| all.checked_mul(*side));
            if bytes.is_none_or(|bytes| bytes == 0) {
                return Err(damaged("its chunks have no size"));
            }
            if bytes > Some(LONGEST_CHUNK) {
                return Err(unfit("its chunks have more than 256 MiB each"));
            }
        }
        let filters = header.first(kind::FILTERS)?.map(|message| Filters::read(Cursor(message)));
        let filters = filters.transpose()?.unwrap_or_default();
        let fill = fill(&header, dtype)?;
        Ok(Self { extent, dtype, layout, filters, fill })
    }
}

fn dtype(mut rest: Cursor<'_>) -> Result<Dtype, Bad> {
    let (class, flags) = (rest.u8()? & 15, rest.u8()?);
    rest.skip(2)?;
    let bytes = u64::from(rest.u32()?);
    let (offset, bits) = (rest.u16()?, u64::from(rest.u16()?));
    let format = match (class, flags & 8 != 0) {
        (0, false) => 1,
        (0, true) => 2,
        (1, _) => 3,
        (other, _) => return Err(unfit(format!("its voxels are no numbers (class {other} of HDF5)"))),
    };
    // Bit 6 is set for the order of VAX.
    if flags & 0x41 != 0 && bytes > 1 {
        return Err(unfit("its voxels are big-endian"));
    }
    let found = Dtype::of(format, bits).filter(|dtype| dtype.size() as u64 == bytes && offset == 0);
    found.ok_or_else(|| unfit(format!("its voxels have {bits} bits in {bytes} bytes")))
}

/// What stands for voxels that were never written: zero where nothing is said.
fn fill(header: &Header, dtype: Dtype) -> Result<[u8; 8], Bad> {
    let mut fill = [0; 8];
    let value = match (header.first(kind::FILL)?, header.first(kind::OLD_FILL)?) {
        (Some(message), _) => {
            let mut rest = Cursor(message);
            let version = rest.u8()?;
            let told = if version < 3 {
                rest.skip(2)?;
                rest.u8()? != 0
            } else {
                rest.u8()? & 0x20 != 0
            };
            told.then_some(rest)
        }
        (None, older) => older.map(Cursor),
    };
    let Some(mut value) = value else { return Ok(fill) };
    let length = value.u32()? as usize;
    if length == dtype.size() {
        fill[..length].copy_from_slice(value.take(length)?);
    }
    Ok(fill)
}
