use adt_model::Fault;

use super::{
    super::{
        Compression,
        page::Page,
        source::{Source, Window},
    },
    Segment, named,
};

/// Sees to it that the file holds all strips or tiles of a page. Where its samples begin, if they are one uncompressed piece.
pub(in super::super) fn extent(
    source: &Source,
    window: &mut Window,
    page: &Page,
    number: u64,
) -> Result<Option<u64>, Fault> {
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    page.table(source, window, 0..page.segments(), &mut offsets, &mut lengths)?;
    let (across, down) = page.grid();
    let (mut one_piece, mut end) = (page.storage.compression == Compression::None && across == 1, offsets[0]);
    for (index, offset) in (0..).zip(&offsets) {
        let row = index / across % down;
        let segment = Segment::new(page, row, index % across, *offset, lengths.get(index as usize).copied())
            .and_then(|segment| segment.check(source).map(|()| segment))
            .map_err(|why| named(source, page, why.into(), number, index))?;
        // Tiles go beyond the edge of the page.
        let ends_inside =
            row + 1 < down || !page.storage.tiled || page.form.height.is_multiple_of(page.storage.rows);
        one_piece &= *offset == end && ends_inside && page.storage.columns == page.form.width;
        end = offset.saturating_add(segment.bytes);
    }
    Ok(one_piece.then_some(offsets[0]))
}
