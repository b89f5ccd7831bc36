use std::{collections::BTreeMap, sync::LazyLock};

/// Every part that probeinterface knows; `scripts/probe-catalogue` writes it.
const CATALOGUE: &str = include_str!("catalogue.tsv");

/// Geometry of a kind of probe, in µm. Parts that probeinterface 0.2.21 knew are as it has them, since stores of the original have them so; the
/// others come from the catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ProbeKind {
    pub(super) model: &'static str,
    pub(super) x_pitch: f64,
    pub(super) y_pitch: f64,
    /// Edge of a square contact.
    pub(super) width: f64,
    /// How far every other row is moved in x.
    pub(super) stagger: f64,
    pub(super) shank_pitch: f64,
    pub(super) shanks: u32,
    pub(super) columns: f64,
    /// From what the GUI writes to the x of the store; `None`: the leftmost contact is at 0.
    pub(super) x_shift: Option<f64>,
}

const NP1: ProbeKind = ProbeKind {
    model: "Neuropixels 1.0",
    x_pitch: 32.0,
    y_pitch: 20.0,
    width: 12.0,
    stagger: 16.0,
    shank_pitch: 0.0,
    shanks: 1,
    columns: 2.0,
    x_shift: Some(-11.0),
};
const NP2: ProbeKind = ProbeKind {
    model: "Neuropixels 2.0 - Single Shank",
    y_pitch: 15.0,
    stagger: 0.0,
    x_shift: Some(-8.0),
    ..NP1
};
const NP2_FOUR: ProbeKind =
    ProbeKind { model: "Neuropixels 2.0 - Four Shank", shank_pitch: 250.0, shanks: 4, ..NP2 };
const NHP: ProbeKind = ProbeKind { model: "Neuropixels 1.0-NHP - short", stagger: 0.0, ..NP1 };
const ULTRA: ProbeKind = ProbeKind {
    model: "Neuropixels Ultra",
    x_pitch: 6.0,
    y_pitch: 6.0,
    width: 5.0,
    stagger: 0.0,
    columns: 8.0,
    x_shift: Some(-8.0),
    ..NP1
};

static NP2_PROTOTYPE: ProbeKind = ProbeKind { model: "Neuropixels 2.0 - Single Shank - Prototype", ..NP2 };
static NP2_FOUR_PROTOTYPE: ProbeKind =
    ProbeKind { model: "Neuropixels 2.0 - Four Shank - Prototype", ..NP2_FOUR };
static NP1_KIND: ProbeKind = NP1;
static NP2_KIND: ProbeKind = NP2;
static NP2_FOUR_KIND: ProbeKind = NP2_FOUR;
static NHP_SHORT: ProbeKind = NHP;
static NHP_MEDIUM: ProbeKind = ProbeKind { model: "Neuropixels 1.0-NHP - medium", x_pitch: 103.0, ..NHP };
static NHP_90: ProbeKind =
    ProbeKind { model: "Neuropixels 1.0-NHP - long SOI90 staggered", x_pitch: 56.0, stagger: 12.0, ..NHP };
static NHP_125: ProbeKind =
    ProbeKind { model: "Neuropixels 1.0-NHP - long SOI125 staggered", x_pitch: 91.0, stagger: 12.0, ..NHP };
static NHP_125_LINEAR: ProbeKind =
    ProbeKind { model: "Neuropixels 1.0-NHP - long SOI125 linear", x_pitch: 103.0, ..NHP };
static ULTRA_KIND: ProbeKind = ULTRA;
static ULTRA_2: ProbeKind = ProbeKind {
    model: "Neuropixels Ultra - Type 2",
    y_pitch: 3.0,
    width: 2.0,
    columns: 1.0,
    x_shift: Some(18.0),
    ..ULTRA
};
static OPTO: ProbeKind = ProbeKind { model: "Neuropixels Opto", x_pitch: 48.0, ..NHP };

/// What the catalogue says of a part.
static PARTS: LazyLock<BTreeMap<&str, (ProbeKind, u32)>> =
    LazyLock::new(|| CATALOGUE.lines().skip(1).filter_map(part).collect());

/// A line of the catalogue, with the electrodes of a shank.
fn part(line: &'static str) -> Option<(&'static str, (ProbeKind, u32))> {
    let mut cells = line.split('\t');
    let name = cells.next()?;
    let mut number = || cells.next()?.parse::<f64>().ok();
    let [shanks, rows, columns, x_pitch, y_pitch, even, odd, shank_pitch, width] =
        [(); 9].map(|()| number()).map(|number| number.unwrap_or(f64::NAN));
    let kind = ProbeKind {
        model: cells.next()?,
        x_pitch,
        y_pitch,
        width,
        stagger: even - odd,
        shank_pitch,
        shanks: shanks as u32,
        columns,
        x_shift: None,
    };
    Some((name, (kind, (rows * columns) as u32)))
}

/// The kind of a part number; a probe without one is a 1.0 (older plugins knew no other).
pub(super) fn kind(part_number: Option<&str>) -> Option<ProbeKind> {
    let known = match part_number {
        None | Some("PRB_1_4_0480_1" | "PRB_1_4_0480_1_C" | "NP1010") => &NP1_KIND,
        Some("NP2000" | "PRB2_1_2_0640_0") => &NP2_PROTOTYPE,
        Some("NP2010" | "PRB2_4_2_0640_0") => &NP2_FOUR_PROTOTYPE,
        Some("NP2003" | "NP2004") => &NP2_KIND,
        Some("NP2013" | "NP2014") => &NP2_FOUR_KIND,
        Some("NP1015") => &NHP_SHORT,
        Some("NP1022") => &NHP_MEDIUM,
        Some("NP1030") => &NHP_90,
        Some("NP1031") => &NHP_125,
        Some("NP1032") => &NHP_125_LINEAR,
        Some("NP1100" | "NP1110") => &ULTRA_KIND,
        Some("NP1121") => &ULTRA_2,
        Some("NP1300") => &OPTO,
        Some(part) => return PARTS.get(part).map(|(kind, _)| *kind),
    };
    Some(*known)
}

/// A part as the catalogue has it, with the electrodes of a shank.
pub(super) fn catalogued(part_number: &str) -> Option<&'static (ProbeKind, u32)> {
    PARTS.get(part_number)
}

/// Electrodes of a shank.
pub(super) fn electrodes(part_number: Option<&str>) -> Option<u32> {
    PARTS.get(part_number.unwrap_or("NP1000")).map(|(_, electrodes)| *electrodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_catalogue_is_read() {
        assert_eq!(PARTS.len(), CATALOGUE.lines().count() - 1);
        for (name, (kind, electrodes)) in PARTS.iter() {
            let figures =
                [kind.x_pitch, kind.y_pitch, kind.width, kind.stagger, kind.shank_pitch, kind.columns];
            assert!(figures.iter().all(|figure| figure.is_finite()), "{name}: {kind:?}");
            assert!(kind.shanks > 0 && *electrodes >= 128 && !kind.model.is_empty(), "{name}: {kind:?}");
        }
    }

    #[test]
    fn parts_of_today_are_known() {
        let of = |part| kind(Some(part)).map(|kind| (kind.shanks, kind.columns, kind.shank_pitch));
        assert_eq!(of("NP2020"), Some((4, 2.0, 250.0)));
        assert_eq!(of("NP1016"), Some((1, 2.0, 0.0)));
        assert_eq!(of("NP9999"), None);
        assert_eq!(electrodes(Some("NP2013")), Some(1280));
        assert_eq!(electrodes(None), Some(960));
    }
}
