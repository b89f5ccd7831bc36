use std::{collections::BTreeMap, sync::LazyLock};

/// Every part that probeinterface knows; `scripts/probe-catalogue` writes it.
const CATALOGUE: &str = include_str!("catalogue.tsv");

/// Model names of the parts that the Python tool knew, as it wrote them into its stores. Other parts have the maker's description.
const MODELS: [(&str, &str); 19] = [
    ("PRB_1_4_0480_1", "Neuropixels 1.0"),
    ("PRB_1_4_0480_1_C", "Neuropixels 1.0"),
    ("NP1010", "Neuropixels 1.0"),
    ("NP2000", "Neuropixels 2.0 - Single Shank - Prototype"),
    ("PRB2_1_2_0640_0", "Neuropixels 2.0 - Single Shank - Prototype"),
    ("NP2010", "Neuropixels 2.0 - Four Shank - Prototype"),
    ("PRB2_4_2_0640_0", "Neuropixels 2.0 - Four Shank - Prototype"),
    ("NP2003", "Neuropixels 2.0 - Single Shank"),
    ("NP2004", "Neuropixels 2.0 - Single Shank"),
    ("NP2013", "Neuropixels 2.0 - Four Shank"),
    ("NP2014", "Neuropixels 2.0 - Four Shank"),
    ("NP1015", "Neuropixels 1.0-NHP - short"),
    ("NP1022", "Neuropixels 1.0-NHP - medium"),
    ("NP1030", "Neuropixels 1.0-NHP - long SOI90 staggered"),
    ("NP1031", "Neuropixels 1.0-NHP - long SOI125 staggered"),
    ("NP1032", "Neuropixels 1.0-NHP - long SOI125 linear"),
    ("NP1100", "Neuropixels Ultra"),
    ("NP1121", "Neuropixels Ultra - Type 2"),
    ("NP1300", "Neuropixels Opto"),
];
const ULTRA_SWITCHABLE: (&str, &str) = ("NP1110", "Neuropixels Ultra");

/// A settings file without a part number is from a plugin that knew this probe only.
const UNNAMED: &str = "PRB_1_4_0480_1";

/// Geometry of a kind of probe, in µm. Electrodes of a shank count from 0, row by row from the tip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ProbeKind {
    pub(crate) model: &'static str,
    pub(crate) shanks: u32,
    /// Of one shank.
    pub(crate) rows: u32,
    /// Of one shank.
    pub(crate) columns: u32,
    pub(crate) x_pitch: f64,
    pub(crate) y_pitch: f64,
    /// How far rows 0, 2, 4 … are moved in x.
    pub(crate) stagger: f64,
    pub(crate) shank_pitch: f64,
    /// Edge of a square contact.
    pub(crate) width: f64,
    /// From the left edge of a shank to the first electrode of rows 1, 3, 5 …
    pub(crate) margin: f64,
    /// Spikes and the low band are streams of their own.
    pub(crate) has_two_bands: bool,
}

impl ProbeKind {
    /// Electrodes of one shank.
    pub(crate) fn electrodes(&self) -> u32 {
        self.rows * self.columns
    }

    /// Where an electrode is: x from the first column of the first shank, y from the lowest row. `None`: there is no such electrode.
    pub(crate) fn position(&self, shank: u32, electrode: u32) -> Option<[f64; 2]> {
        if shank >= self.shanks || electrode >= self.electrodes() {
            return None;
        }
        let (row, column) = (electrode / self.columns, electrode % self.columns);
        let x = f64::from(column) * self.x_pitch + self.staggered(row) + f64::from(shank) * self.shank_pitch;
        Some([x, f64::from(row) * self.y_pitch])
    }

    /// How far a row is moved in x.
    pub(super) fn staggered(&self, row: u32) -> f64 {
        if row.is_multiple_of(2) { self.stagger } else { 0.0 }
    }

    /// What probeinterface calls an electrode: `e17`, or `s2e17` on a probe with several shanks.
    pub(crate) fn id(&self, shank: u32, electrode: u32) -> String {
        if self.shanks > 1 { format!("s{shank}e{electrode}") } else { format!("e{electrode}") }
    }

    /// Shank, and electrode on it, of an electrode that is counted over all shanks.
    pub(crate) fn on_shank(&self, index: u32) -> (u32, u32) {
        (index / self.electrodes(), index % self.electrodes())
    }
}

/// What the catalogue says of each part.
static PARTS: LazyLock<BTreeMap<&str, ProbeKind>> =
    LazyLock::new(|| CATALOGUE.lines().skip(1).filter_map(part).collect());

/// A line of the catalogue.
fn part(line: &'static str) -> Option<(&'static str, ProbeKind)> {
    let mut cells = line.split('\t');
    let name = cells.next()?;
    let mut number = || cells.next()?.parse::<f64>().ok();
    let [shanks, rows, columns, x_pitch, y_pitch, even, odd, shank_pitch, width, low_band] =
        [(); 10].map(|()| number()).map(|number| number.unwrap_or(f64::NAN));
    let described = cells.next()?;
    let mut named = MODELS.iter().chain([&ULTRA_SWITCHABLE]).filter(|(part, _)| *part == name);
    let kind = ProbeKind {
        model: named.next().map_or(described, |(_, model)| model),
        shanks: shanks as u32,
        rows: rows as u32,
        columns: columns as u32,
        x_pitch,
        y_pitch,
        stagger: even - odd,
        shank_pitch,
        width,
        margin: odd,
        has_two_bands: low_band > 0.0,
    };
    Some((name, kind))
}

/// The kind of a part number; a probe without one is a 1.0 (older plugins knew no other).
pub(crate) fn kind(part_number: Option<&str>) -> Option<ProbeKind> {
    PARTS.get(part_number.unwrap_or(UNNAMED)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn every_part_of_the_catalogue_is_read() {
        assert_eq!(PARTS.len(), CATALOGUE.lines().count() - 1);
        for (name, kind) in PARTS.iter() {
            let figures =
                [kind.x_pitch, kind.y_pitch, kind.width, kind.stagger, kind.shank_pitch, kind.margin];
            assert!(figures.iter().all(|figure| figure.is_finite()), "{name}: {kind:?}");
            assert!(
                kind.shanks > 0 && kind.electrodes() >= 128 && !kind.model.is_empty(),
                "{name}: {kind:?}"
            );
        }
    }

    #[rstest]
    #[case::one("PRB_1_4_0480_1", 0, 5, Some([48.0, 40.0]), "e5")]
    #[case::odd_row("NP1000", 0, 2, Some([0.0, 20.0]), "e2")]
    #[case::four_shanks("NP2014", 3, 1, Some([782.0, 0.0]), "s3e1")]
    #[case::quad_base("NP2020", 2, 1279, Some([532.0, 9585.0]), "s2e1279")]
    #[case::ultra("NP1110", 0, 9, Some([6.0, 6.0]), "e9")]
    #[case::one_column("NP1121", 0, 2, Some([0.0, 6.0]), "e2")]
    #[case::long("NP1030", 0, 1, Some([103.0, 0.0]), "e1")]
    #[case::beyond_the_shank("NP2004", 0, 1280, None, "e1280")]
    #[case::no_such_shank("NP2014", 4, 0, None, "s4e0")]
    fn electrodes_have_places_and_names(
        #[case] part: &str,
        #[case] shank: u32,
        #[case] electrode: u32,
        #[case] position: Option<[f64; 2]>,
        #[case] id: &str,
    ) {
        let kind = kind(Some(part)).unwrap();
        assert_eq!((kind.position(shank, electrode), kind.id(shank, electrode).as_str()), (position, id));
    }

    #[test]
    fn parts_of_today_are_known() {
        let of = |part| kind(Some(part)).map(|kind| (kind.shanks, kind.has_two_bands, kind.electrodes()));
        assert_eq!(of("NP2013"), Some((4, false, 1280)));
        assert_eq!(of("NP1016"), Some((1, true, 960)));
        assert_eq!(of("NP9999"), None);
        assert_eq!(kind(Some("NP2020")).unwrap().on_shank(2946), (2, 386));
        assert_eq!(kind(None).unwrap().model, "Neuropixels 1.0");
    }
}
