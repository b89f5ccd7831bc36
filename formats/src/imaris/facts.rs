use super::{
    find::Found,
    hdf5::{Attributes, Bad, Dataset, damaged, foreign},
};
use crate::{
    image::{Origin, Size, SizeSource, Voxel},
    ome::Colour,
};

/// What Imaris writes where nobody gave a name.
const NAMELESS: &str = "(name not specified)";

/// What the attributes say.
#[derive(Debug)]
pub(super) struct Facts {
    /// Voxels along t, c, z, y and x.
    pub(super) shape: [u64; 5],
    pub(super) voxel: Voxel,
    pub(super) origin: Origin,
    pub(super) channels: Vec<String>,
    pub(super) colours: Vec<Option<Colour>>,
    pub(super) notes: Vec<String>,
}

impl Facts {
    pub(super) fn of(found: &Found, first: &Dataset) -> Result<Self, Bad> {
        let of = |at: usize, name: &str| length(found, name, first.extent[at]);
        let [z, y, x] = [of(0, "Z")?, of(1, "Y")?, of(2, "X")?];
        let mut notes = Vec::new();
        let unit = unit(&found.image, &mut notes);
        let mut side = |axis: &str, at: u8, voxels| along(&found.image, (axis, at), voxels, unit, &mut notes);
        let [along_z, along_y, along_x] = [side("z", 2, z), side("y", 1, y), side("x", 0, x)];
        let names = found.infos.iter().map(|info| info.get("Name").map_or("", |name| name.trim()));
        Ok(Self {
            shape: [found.times, found.channels, z, y, x],
            voxel: Voxel { z: along_z.0, y: along_y.0, x: along_x.0 },
            origin: [along_z.1, along_y.1, along_x.1],
            channels: names.map(|name| if name == NAMELESS { "" } else { name }.to_owned()).collect(),
            colours: found.infos.iter().map(colour).collect(),
            notes,
        })
    }
}

/// Voxels along an axis: as the image says, and as its finest level says. Both must say the same.
fn length(found: &Found, name: &str, stored: u64) -> Result<u64, Bad> {
    let number = |attributes: &Attributes, name: &str| {
        let Some(text) = attributes.get(name) else { return Ok(None) };
        let number = text.trim().parse::<u64>().ok().filter(|number| (1..=stored).contains(number));
        let why = || format!("its {name} is `{}`, and {stored} are stored", shown(text));
        number.map(Some).ok_or_else(|| damaged(why()))
    };
    let image = number(&found.image, name)?;
    let level = number(&found.level, &format!("ImageSize{name}"))?;
    match (image, level) {
        (Some(image), Some(level)) if image != level => Err(damaged(format!(
            "its {name} is {image} in `DataSetInfo/Image`, but {level} in its finest level (`ImageSize{name}`)"
        ))),
        (Some(size), _) | (None, Some(size)) => Ok(size),
        (None, None) => Err(foreign(format!("the attribute `{name}` of `DataSetInfo/Image`"))),
    }
}

/// Micrometres of the unit of the extent.
fn unit(image: &Attributes, notes: &mut Vec<String>) -> f64 {
    let text = image.get("Unit").map_or("um", |unit| unit.trim());
    match text {
        "um" | "µm" | "μm" | "micron" | "microns" | "micrometer" | "" => 1.0,
        "nm" | "nanometer" => 1e-3,
        "mm" | "millimeter" => 1e3,
        "m" | "meter" => 1e6,
        other => {
            notes.push(format!("its unit `{}` is not known and is taken for micrometres", shown(other)));
            1.0
        }
    }
}

/// The size of a voxel along an axis, and where the first one lies. Axes have numbers, 0 for x.
fn along(
    image: &Attributes,
    (axis, number): (&str, u8),
    voxels: u64,
    unit: f64,
    notes: &mut Vec<String>,
) -> (Option<Size>, Option<f64>) {
    let of = |name: &str| image.get(&format!("{name}{number}")).map(|text| text.trim());
    let (start, end) = (of("ExtMin"), of("ExtMax"));
    let value =
        |text: Option<&str>| text?.parse::<f64>().ok().map(|value| value * unit).filter(|v| v.is_finite());
    let micrometres = value(end).zip(value(start)).map(|(end, start)| (end - start) / voxels as f64);
    let micrometres = micrometres.filter(|size| size.is_finite() && *size > 0.0);
    if micrometres.is_none() && (start.is_some() || end.is_some()) {
        let [start, end] = [start, end].map(|text| shown(text.unwrap_or("nothing")));
        notes.push(format!(
            "its extent along {axis} (`{start}` to `{end}`) says nothing of the size of voxels"
        ));
    }
    (micrometres.map(|micrometres| Size { micrometres, from: SizeSource::Imaris }), value(start))
}

/// `Color` has red, green and blue, each up to 1.
fn colour(info: &Attributes) -> Option<Colour> {
    let mut shares = info.get("Color")?.split_ascii_whitespace().map(str::parse::<f64>);
    let mut next = || {
        let share = shares.next()?.ok().filter(|share| (0.0..=1.0).contains(share))?;
        Some((share * 255.0).round() as u8)
    };
    Some(Colour([next()?, next()?, next()?]))
}

/// The beginning of a text of the file, for people.
fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn image(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[rstest]
    #[case::plain("um", "10", "34.75", Some(0.75), Some(10.0))]
    #[case::blanks("um", " -10.000000000", "14.750000000 ", Some(0.75), Some(-10.0))]
    #[case::other_unit("mm", "0.01", "0.03475", Some(0.75), Some(10.0))]
    fn the_size_of_a_voxel(
        #[case] unit: &str,
        #[case] start: &str,
        #[case] end: &str,
        #[case] size: Option<f64>,
        #[case] origin: Option<f64>,
    ) {
        let image = image(&[("Unit", unit), ("ExtMin0", start), ("ExtMax0", end)]);
        let mut notes = Vec::new();
        let unit = super::unit(&image, &mut notes);
        let (found, place) = along(&image, ("x", 0), 33, unit, &mut notes);
        assert!(
            found.zip(size).is_some_and(|(found, size)| (found.micrometres - size).abs() < 1e-12),
            "{found:?}"
        );
        assert_eq!((place, notes), (origin, Vec::new()));
    }

    #[rstest]
    #[case::nothing("5", "5", Some(5.0))]
    #[case::backwards("5", "4", Some(5.0))]
    #[case::no_number("0", "nan", Some(0.0))]
    #[case::endless("-inf", "1", None)]
    #[case::text("zero", "1", None)]
    #[case::too_large("-1.7e308", "1.7e308", Some(-1.7e308))]
    fn an_extent_that_says_no_size_is_noted(
        #[case] start: &str,
        #[case] end: &str,
        #[case] origin: Option<f64>,
    ) {
        let mut notes = Vec::new();
        let image = image(&[("ExtMin2", start), ("ExtMax2", end)]);
        assert_eq!(along(&image, ("z", 2), 9, 1.0, &mut notes), (None, origin));
        assert!(notes.len() == 1 && notes[0].contains("along z") && notes[0].contains(end), "{notes:?}");
        assert_eq!(along(&Attributes::new(), ("z", 2), 9, 1.0, &mut notes), (None, None));
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn an_unknown_unit_is_noted() {
        let mut notes = Vec::new();
        assert_eq!(unit(&image(&[("Unit", "px")]), &mut notes).to_bits(), 1.0_f64.to_bits());
        assert!(notes[0].contains("`px`"), "{notes:?}");
    }

    #[rstest]
    #[case::red("1.000 0.000 0.000", Some([255, 0, 0]))]
    #[case::grey("0.5 0.5 0.5", Some([128, 128, 128]))]
    #[case::too_few("1 0", None)]
    #[case::too_much("2 0 0", None)]
    #[case::text("red", None)]
    fn colours_of_channels(#[case] text: &str, #[case] expected: Option<[u8; 3]>) {
        assert_eq!(colour(&image(&[("Color", text)])), expected.map(Colour));
    }
}
