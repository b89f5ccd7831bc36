use std::fmt;

use super::oebin::Described;

/// One column of a `continuous.dat`.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Unique in its stream: the name, with `_2`, `_3` … where a name is there more than once.
    pub id: String,
    /// `channel_name` of `structure.oebin`.
    pub name: String,
    /// What is on it.
    pub kind: ChannelKind,
    /// Units of the signal for each step of the stored number.
    pub bit_volts: f64,
    /// Of the signal; see [`Channel::gain_to_uv`].
    pub units: Units,
    /// As they are written: `uV`, empty, or those of a channel that is not a voltage.
    pub written_units: String,
    /// Free text.
    pub description: String,
    /// The recorder's word for it, mostly empty.
    pub identifier: String,
    /// The electrode on its probe, counted over all shanks, where `structure.oebin` names it.
    pub electrode: Option<u32>,
}

/// What is on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// Voltage at an electrode.
    Electrode,
    /// An analogue input: of an ADC, of an NI-DAQ device.
    Analog,
    /// An auxiliary input of a headstage (accelerometer), or anything else that is not a voltage.
    Auxiliary,
    /// A word of digital inputs, one in each bit.
    Digital,
    /// The synchronisation line, as a column of its own.
    Sync,
    /// A column that `structure.oebin` counts and does not describe.
    Undescribed,
}

impl ChannelKind {
    /// For the property `channel_kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Electrode => "electrode",
            Self::Analog => "analog",
            Self::Auxiliary => "auxiliary",
            Self::Digital => "digital",
            Self::Sync => "sync",
            Self::Undescribed => "undescribed",
        }
    }
}

/// Units of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// V.
    Volts,
    /// mV.
    Millivolts,
    /// µV.
    Microvolts,
}

impl fmt::Display for Channel {
    /// What it measures, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ChannelKind::Electrode => "electrode",
            ChannelKind::Analog => "analogue input",
            ChannelKind::Auxiliary => "auxiliary input",
            ChannelKind::Digital => "word of digital inputs",
            ChannelKind::Sync => "synchronisation line",
            ChannelKind::Undescribed => "column without a description",
        };
        if let Some(electrode) = self.electrode {
            return write!(f, "{what} {electrode} of {} µV per step", self.gain_to_uv());
        }
        write!(f, "{what} of {} µV per step", self.gain_to_uv())
    }
}

impl Channel {
    /// Microvolts for each step of the stored number.
    pub fn gain_to_uv(&self) -> f64 {
        self.bit_volts * self.microvolts_per_unit()
    }

    /// For the property `physical_unit`: the unit of the signal, which need not be a voltage.
    pub fn physical_unit(&self) -> &str {
        match self.units {
            Units::Volts => "V",
            Units::Millivolts => "mV",
            Units::Microvolts => match self.written_units.as_str() {
                units if VOLTAGES.contains(&units) => "uV",
                "" => "uV",
                units => units,
            },
        }
    }

    /// For the property `gain_to_physical_unit`: how many of the microvolts of [`gain_to_uv`](Self::gain_to_uv) make one of them.
    pub fn microvolts_per_unit(&self) -> f64 {
        match self.units {
            Units::Volts => 1e6,
            Units::Millivolts => 1e3,
            Units::Microvolts => 1.0,
        }
    }

    /// Whether the numbers of both mean the same. The free text may differ.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits();
        (&self.id, &self.name, self.kind, self.units, self.electrode)
            == (&other.id, &other.name, other.kind, other.units, other.electrode)
            && same(self.bit_volts, other.bit_volts)
    }

    /// `source` is the processor or the stream's folder, which names the device.
    pub(super) fn new(described: &Described, source: &str) -> Self {
        let name = described.channel_name.clone();
        let kind = kind(&name, source, described.units.trim());
        Self {
            id: name.clone(),
            units: units(described, kind),
            written_units: described.units.trim().to_owned(),
            bit_volts: described.bit_volts,
            description: described.description.clone(),
            identifier: described.identifier.clone(),
            electrode: described.electrode,
            name,
            kind,
        }
    }

    /// For a column that is counted and not described; `column` counts from 1.
    pub(super) fn undescribed(column: usize) -> Self {
        let name = format!("COLUMN{column}");
        Self {
            id: name.clone(),
            name,
            kind: ChannelKind::Undescribed,
            bit_volts: 1.0,
            units: Units::Microvolts,
            written_units: String::new(),
            description: String::new(),
            identifier: String::new(),
            electrode: None,
        }
    }
}

/// Units of a voltage, as devices write them.
const VOLTAGES: [&str; 12] =
    ["V", "v", "Volt", "Volts", "volts", "mV", "mv", "uV", "uv", "µV", "μV", "microvolts"];

fn kind(name: &str, source: &str, units: &str) -> ChannelKind {
    let numbered = |word: &str| {
        name.strip_prefix(word)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    if name.contains("SYNC") {
        ChannelKind::Sync
    } else if name.contains("AUX") || !(units.is_empty() || VOLTAGES.contains(&units)) {
        ChannelKind::Auxiliary
    } else if name.contains("ADC") || numbered("AI") || source.contains("NI-DAQ") || source.contains("NIDAQ")
    {
        ChannelKind::Analog
    } else {
        ChannelKind::Electrode
    }
}

/// Volts for each step of the converter that reads the auxiliary inputs of an Intan headstage (RHD2000 datasheet).
const AUXILIARY_STEP: f64 = 37.4e-6;

/// Open Ephys leaves the units empty. Its maintainers say that `bit_volts` gives microvolts for electrodes and volts for analogue
/// inputs (GUI issue 472); the auxiliary inputs of a headstage have 37.4 µV as 0.0000374, so volts too, also where newer acquisition boards
/// call them "mV". neo reads all of these as microvolts, or (from 0.14 on) all but those with `ADC` in their name.
fn units(described: &Described, kind: ChannelKind) -> Units {
    let step = (described.bit_volts / AUXILIARY_STEP - 1.0).abs() < 0.01;
    match described.units.trim() {
        units
            if kind == ChannelKind::Auxiliary && step && (units.is_empty() || VOLTAGES.contains(&units)) =>
        {
            Units::Volts
        }
        "V" | "v" | "Volt" | "Volts" | "volts" => Units::Volts,
        "mV" | "mv" => Units::Millivolts,
        "" if matches!(kind, ChannelKind::Analog | ChannelKind::Auxiliary) => Units::Volts,
        _ => Units::Microvolts,
    }
}

/// Makes ids unique; returns the names that were there more than once.
pub(crate) fn number_repeated(channels: &mut [Channel]) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut repeated = Vec::new();
    for channel in channels {
        let mut count = 1;
        while !seen.insert(channel.id.clone()) {
            count += 1;
            channel.id = format!("{}_{count}", channel.name);
        }
        if count == 2 {
            repeated.push(channel.name.clone());
        }
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn channel(name: &str, source: &str, units: &str, bit_volts: f64) -> Channel {
        let described = Described {
            channel_name: name.to_owned(),
            bit_volts,
            units: units.to_owned(),
            description: String::new(),
            identifier: String::new(),
            electrode: None,
        };
        Channel::new(&described, source)
    }

    #[rstest]
    #[case::neuropixels("CH1", "Neuropix-PXI", "", 0.195, ChannelKind::Electrode, 0.195)]
    #[case::lfp("LFP12", "Neuropix-PXI", "uV", 4.6875, ChannelKind::Electrode, 4.6875)]
    #[case::ni_daq("AI0", "NI-DAQmx", "", 0.000_305, ChannelKind::Analog, 305.0)]
    #[case::ni_daq_renamed("laser", "NI-DAQmx", "", 0.000_305, ChannelKind::Analog, 305.0)]
    #[case::adc("ADC3", "Acquisition Board", "", 0.000_15, ChannelKind::Analog, 150.0)]
    #[case::adc_in_volts("ADC3", "Acquisition Board", "V", 0.000_15, ChannelKind::Analog, 150.0)]
    #[case::aux("AUX1", "Rhythm FPGA", "", 0.000_037_4, ChannelKind::Auxiliary, 37.4)]
    #[case::aux_in_millivolts("AUX1", "Acquisition Board", "mV", 0.0374, ChannelKind::Auxiliary, 37.4)]
    #[case::aux_called_millivolts(
        "AUX2",
        "Acquisition Board",
        "mV",
        0.000_037_4,
        ChannelKind::Auxiliary,
        37.4
    )]
    #[case::aux_called_microvolts(
        "AUX3",
        "Acquisition Board",
        "uV",
        0.000_037_4,
        ChannelKind::Auxiliary,
        37.4
    )]
    #[case::aux_in_microvolts("AUX3", "Acquisition Board", "uV", 37.4, ChannelKind::Auxiliary, 37.4)]
    #[case::sensor("Euler-Yaw", "ONIX Source", "deg", 0.0625, ChannelKind::Auxiliary, 0.0625)]
    #[case::micro_sign("CH1", "File Reader", "µV", 0.195, ChannelKind::Electrode, 0.195)]
    #[case::sync("AP_SYNC", "Neuropix-PXI", "", 1.0, ChannelKind::Sync, 1.0)]
    #[case::no_number("AIR", "Rhythm FPGA", "", 0.195, ChannelKind::Electrode, 0.195)]
    fn kinds_and_gains(
        #[case] name: &str,
        #[case] source: &str,
        #[case] units: &str,
        #[case] bit_volts: f64,
        #[case] kind: ChannelKind,
        #[case] gain: f64,
    ) {
        let channel = channel(name, source, units, bit_volts);
        assert_eq!(channel.kind, kind);
        assert!((channel.gain_to_uv() - gain).abs() < 1e-9, "{}", channel.gain_to_uv());
    }

    #[rstest]
    #[case::electrode("CH1", "Neuropix-PXI", "", 0.195, ("uV", 0.195))]
    #[case::input("AI0", "NI-DAQmx", "", 0.000_305, ("V", 0.000_305))]
    #[case::accelerometer("AUX1", "Acquisition Board", "mV", 0.000_037_4, ("V", 0.000_037_4))]
    #[case::millivolts("ADC1", "Acquisition Board", "mV", 0.15, ("mV", 0.15))]
    #[case::not_a_voltage("Yaw", "ONIX Source", "deg", 0.0625, ("deg", 0.0625))]
    fn physical_units(
        #[case] name: &str,
        #[case] source: &str,
        #[case] units: &str,
        #[case] bit_volts: f64,
        #[case] expected: (&str, f64),
    ) {
        let channel = channel(name, source, units, bit_volts);
        assert_eq!((channel.physical_unit(), channel.bit_volts), expected);
        assert_eq!(channel.gain_to_uv().to_bits(), (bit_volts * channel.microvolts_per_unit()).to_bits());
    }

    #[test]
    fn repeated_names_get_numbers() {
        let mut channels = ["A", "B", "A", "A_2", "A"].map(|name| channel(name, "", "", 1.0));
        assert_eq!(number_repeated(&mut channels), ["A", "A_2"]);
        assert_eq!(channels.map(|channel| channel.id), ["A", "B", "A_2", "A_2_2", "A_3"]);
    }
}
