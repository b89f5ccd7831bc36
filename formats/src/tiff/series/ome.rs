//! OME-XML (schema 2016-06 and before): the image in this file, its sizes, and the page of each plane.

mod document;
mod planes;

use document::{Document, Image};

use super::{Evidence, Kind, Origin, Series, SizeSource, Unfit, Voxel, product, units};

pub(super) use document::is_ome;

/// A description in OME-XML.
pub(super) fn series(text: &str, evidence: &Evidence<'_>) -> Result<Series, Unfit> {
    let document = Document::parse(text)?;
    if let Some(file) = &document.described_in {
        return Err(Unfit::Unsupported(format!("the description of its planes is in `{file}`")));
    }
    let image = only(&document, evidence)?;
    let sizes = Sizes::of(image, evidence)?;
    let (mut notes, held) = (Vec::new(), planes::held(image, &sizes, &document, evidence)?);
    if held.sizes != sizes.tcz() {
        notes.push(format!(
            "it is one file of a set: of {} it holds {}",
            Planes(sizes.tcz(), [0; 3]),
            Planes(held.sizes, held.first)
        ));
    } else if document.images.len() > 1 {
        notes.push(format!("it is one file of a set of {} images", document.images.len()));
    }
    Ok(Series {
        kind: Kind::Ome,
        sizes: held.sizes,
        order: held.order,
        one_directory: false,
        voxel: voxel(image, evidence),
        origin: origin(image, held.first),
        notes,
    })
}

/// The one image that has planes in this file.
fn only<'a>(document: &'a Document, evidence: &Evidence<'_>) -> Result<&'a Image, Unfit> {
    let here = |image: &&Image| {
        image.data.is_empty() || image.data.iter().any(|data| document.is_here(data, evidence))
    };
    let mut here = document.images.iter().filter(here);
    let Some(image) = here.next() else {
        return Err(Unfit::Corrupt("its description names no image in this file".to_owned()));
    };
    match here.count() {
        0 => Ok(image),
        more => Err(Unfit::Unsupported(format!("it holds {} images", more + 1))),
    }
}

/// Planes along each axis, and which axis is the fastest.
struct Sizes {
    /// From slow to fast.
    axes: [(char, u64); 3],
}

impl Sizes {
    fn of(image: &Image, evidence: &Evidence<'_>) -> Result<Self, Unfit> {
        let get = |key: &str| match image.pixels.get(key) {
            None => Err(Unfit::Corrupt(format!("its description has no `{key}`"))),
            Some(text) => text.trim().parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(|| {
                Unfit::Corrupt(format!(
                    "its description says `{key}` {}",
                    text.chars().take(40).collect::<String>()
                ))
            }),
        };
        let (samples, form) = (evidence.form.samples, evidence.form);
        let (width, height, channels) = (get("SizeX")?, get("SizeY")?, get("SizeC")?);
        if (width, height) != (form.width, form.height) {
            let why = format!("its description promises {width} × {height} pixels, a page has {form}");
            return Err(Unfit::Corrupt(why));
        }
        if channels % samples != 0 {
            let why = format!("its description promises {channels} channels, a pixel has {samples}");
            return Err(Unfit::Corrupt(why));
        }
        let order = image.pixels.get("DimensionOrder").map_or("XYCZT", String::as_str).to_uppercase();
        let slow: Vec<char> = order.chars().rev().take(3).collect();
        let known =
            "TCZ".chars().all(|axis| slow.contains(&axis)) && order.len() == 5 && order.starts_with("XY");
        let (true, &[slowest, middle, fastest]) = (known, slow.as_slice()) else {
            let order: String = order.chars().take(40).collect();
            return Err(Unfit::Unsupported(format!("its order of dimensions is `{order}`")));
        };
        let (times, depth) = (get("SizeT")?, get("SizeZ")?);
        let size = |axis| match axis {
            'T' => times,
            'C' => channels / samples,
            _ => depth,
        };
        let axes = [slowest, middle, fastest].map(|axis| (axis, size(axis)));
        product(axes.map(|(_, size)| size))?;
        Ok(Self { axes })
    }

    fn tcz(&self) -> [u64; 3] {
        ['T', 'C', 'Z']
            .map(|name| self.axes.iter().find(|(axis, _)| *axis == name).map_or(1, |(_, size)| *size))
    }

    fn planes(&self) -> u64 {
        self.axes.iter().map(|(_, size)| size).product()
    }

    /// The number of a plane in the order of the file; none when it is not among them.
    fn number(&self, tcz: [u64; 3]) -> Option<u64> {
        let mut number = 0;
        for (axis, size) in self.axes {
            let at = tcz["TCZ".find(axis)?];
            number = number * size + (at < size).then_some(at)?;
        }
        Some(number)
    }

    /// The way back.
    fn plane(&self, mut number: u64) -> [u64; 3] {
        let mut tcz = [0; 3];
        for (axis, size) in self.axes.iter().rev() {
            if let Some(at) = "TCZ".find(*axis) {
                tcz[at] = number % size;
            }
            number /= size;
        }
        tcz
    }
}

/// For a note: how many planes along each axis, and from which on.
struct Planes([u64; 3], [u64; 3]);

impl std::fmt::Display for Planes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, name) in ["timepoints", "channels", "planes along z"].into_iter().enumerate() {
            write!(f, "{}{} {name}", if at > 0 { ", " } else { "" }, self.0[at])?;
            if self.1[at] > 0 {
                write!(f, " from number {} on", self.1[at])?;
            }
        }
        Ok(())
    }
}

fn voxel(image: &Image, evidence: &Evidence<'_>) -> Voxel {
    let side = |axis: &str| {
        let number: f64 = image.pixels.get(&format!("PhysicalSize{axis}"))?.trim().parse().ok()?;
        let unit = image.pixels.get(&format!("PhysicalSize{axis}Unit")).map_or("µm", String::as_str);
        units::size(number * units::micrometres(unit)?, SizeSource::Ome)
    };
    let [y, x] = units::from_tags(evidence.resolution, evidence.unit);
    let (own_y, own_x) = (side("Y"), side("X"));
    // Tags beside a description that tells a size say the same, less exactly, or nothing of value.
    let tags = own_y.is_none() && own_x.is_none();
    Voxel { z: side("Z"), y: if tags { y } else { own_y }, x: if tags { x } else { own_x } }
}

/// Positions without a unit of length (the schema calls it a reference frame) tell nothing.
fn origin(image: &Image, first: [u64; 3]) -> Origin {
    let Some(plane) = image.planes.iter().find(|plane| {
        ["TheT", "TheC", "TheZ"]
            .iter()
            .zip(first)
            .all(|(key, at)| plane.get(*key).is_some_and(|text| *text == at.to_string()))
    }) else {
        return [None; 3];
    };
    ["Z", "Y", "X"].map(|axis| {
        let number: f64 = plane.get(&format!("Position{axis}"))?.trim().parse().ok()?;
        let at = number * units::micrometres(plane.get(&format!("Position{axis}Unit"))?)?;
        at.is_finite().then_some(at)
    })
}
