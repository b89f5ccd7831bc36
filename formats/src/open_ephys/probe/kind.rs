/// Geometry of a kind of probe, in µm, as probeinterface 0.2.21 has it.
#[derive(Debug, PartialEq)]
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
    /// From what the GUI writes to the left edge of the first contact.
    pub(super) x_shift: f64,
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
    x_shift: -11.0,
};
const NP2: ProbeKind =
    ProbeKind { model: "Neuropixels 2.0 - Single Shank", y_pitch: 15.0, stagger: 0.0, x_shift: -8.0, ..NP1 };
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
    x_shift: -8.0,
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
    x_shift: 18.0,
    ..ULTRA
};
static OPTO: ProbeKind = ProbeKind { model: "Neuropixels Opto", x_pitch: 48.0, ..NHP };

/// The kind of a part number; a probe without one is a 1.0 (older plugins knew no other).
pub(super) fn kind(part_number: Option<&str>) -> Option<&'static ProbeKind> {
    Some(match part_number {
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
        Some(_) => return None,
    })
}
