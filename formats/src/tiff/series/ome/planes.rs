use super::{
    super::{Evidence, PlaneOrder, Unfit, held as held_by},
    Document, Image, Sizes,
    document::Data,
};

/// The planes of an image that are in this file.
pub(super) struct Held {
    pub(super) sizes: [u64; 3],
    /// The first along t, c and z.
    pub(super) first: [u64; 3],
    pub(super) order: PlaneOrder,
}

/// Finds the page of every plane of `image` that the file holds. Where the description names only some planes, they must make up a
/// block, as the files of a set do that has one file for each channel or timepoint.
pub(super) fn held(
    image: &Image,
    sizes: &Sizes,
    document: &Document,
    evidence: &Evidence<'_>,
) -> Result<Held, Unfit> {
    let whole = sizes.planes();
    let found = pages(image, sizes, document, evidence)?;
    let in_order =
        found.iter().enumerate().all(|(at, (plane, page))| (*plane, *page) == (at as u64, at as u64));
    if in_order && (found.len() as u64 == whole || found.is_empty()) {
        held_by(whole, evidence.pages)?;
        return Ok(Held { sizes: sizes.tcz(), first: [0; 3], order: PlaneOrder::of(&sizes.axes) });
    }
    if (found.len() as u64) < whole && !document.is_set(evidence) {
        let named = found.len();
        return Err(Unfit::Corrupt(format!("its description promises {whole} planes and names {named}")));
    }
    block(&found, sizes, evidence)
}

/// Number and page of each plane in this file, by number.
fn pages(
    image: &Image,
    sizes: &Sizes,
    document: &Document,
    evidence: &Evidence<'_>,
) -> Result<Vec<(u64, u64)>, Unfit> {
    let mut found = Vec::new();
    for data in image.data.iter().filter(|data| document.is_here(data, evidence)) {
        let Span { plane, page, count } = Span::of(data, sizes, evidence)?;
        let beyond = |at: u64, size| at.checked_add(count).is_none_or(|end| end > size);
        if beyond(page, evidence.pages) {
            let pages = evidence.pages;
            return Err(Unfit::Corrupt(format!(
                "its description promises {count} planes from page {page} on, it has {pages} pages"
            )));
        }
        if beyond(plane, sizes.planes()) || found.len() as u64 + count > evidence.pages {
            return Err(Unfit::Corrupt("its description names more planes than there are".to_owned()));
        }
        found.extend((0..count).map(|step| (plane + step, page + step)));
    }
    found.sort_unstable();
    if found.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(Unfit::Corrupt("its description names a plane twice".to_owned()));
    }
    Ok(found)
}

/// Planes in the order of dimensions on pages that follow each other.
struct Span {
    plane: u64,
    page: u64,
    count: u64,
}

impl Span {
    fn of(data: &Data, sizes: &Sizes, evidence: &Evidence<'_>) -> Result<Self, Unfit> {
        let wrong = || Unfit::Corrupt("its description names planes that are none (`TiffData`)".to_owned());
        let get = |key: &str| match data.attributes.get(key) {
            None => Ok(None),
            Some(text) => text.trim().parse::<u64>().map(Some).map_err(|_| wrong()),
        };
        let first = |key| get(key).map(Option::unwrap_or_default);
        let plane = sizes.number([first("FirstT")?, first("FirstC")?, first("FirstZ")?]).ok_or_else(wrong)?;
        let page = get("IFD")?;
        let all = evidence.pages.saturating_sub(page.unwrap_or(0)).min(sizes.planes() - plane);
        let count = match (get("PlaneCount")?.or(get("NumPlanes")?), page) {
            (Some(count), _) => count,
            (None, Some(_)) => 1,
            (None, None) => all,
        };
        Ok(Self { plane, page: page.unwrap_or(0), count })
    }
}

/// The block that these planes make up.
fn block(found: &[(u64, u64)], sizes: &Sizes, evidence: &Evidence<'_>) -> Result<Held, Unfit> {
    let planes: Vec<_> = found.iter().map(|(plane, page)| (sizes.plane(*plane), *page)).collect();
    let ends = |pick: fn(u64, u64) -> u64, start| {
        planes.iter().fold([start; 3], |ends, (at, _)| [0, 1, 2].map(|axis| pick(ends[axis], at[axis])))
    };
    let (first, last) = (ends(u64::min, u64::MAX), ends(u64::max, 0));
    let extent = [0, 1, 2].map(|axis| last[axis].saturating_sub(first[axis]) + 1);
    let whole: u128 = extent.iter().map(|size| u128::from(*size)).product();
    if whole != planes.len() as u128 {
        let (named, whole) = (planes.len(), sizes.planes());
        return Err(Unfit::Corrupt(format!("its description names the pages of {named} planes of {whole}")));
    }
    held_by(planes.len() as u64, evidence.pages)?;
    let mut table = vec![0; planes.len()];
    for (at, page) in planes {
        let [t, c, z] = [0, 1, 2].map(|axis| at[axis] - first[axis]);
        table[((t * extent[1] + c) * extent[2] + z) as usize] = page;
    }
    Ok(Held { sizes: extent, first, order: PlaneOrder::Table(table) })
}
