use std::{fmt, str::FromStr};

use crate::platform::plain;

/// What was measured, one of the 14 of aind-data-schema 0.26.5. Read in any letter case and with `-` or `_`, written canonically.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Modality(usize);

/// Abbreviation, full name, and further spellings that people's files hold.
///
/// `slap2` and `trained-behavior` stand in the original's README though its code refused them; `pophys` is what later
/// schema releases call `ophys`.
const MODALITIES: [(&str, &str, &[&str]); 14] = [
    ("behavior", "Behavior", &["trained-behavior"]),
    ("behavior-videos", "Behavior videos", &[]),
    ("confocal", "Confocal microscopy", &[]),
    ("ecephys", "Extracellular electrophysiology", &[]),
    ("EMG", "Electromyography", &[]),
    ("fMOST", "Fluorescence micro-optical sectioning tomography", &[]),
    ("icephys", "Intracellular electrophysiology", &[]),
    ("ISI", "Intrinsic signal imaging", &[]),
    ("fib", "Fiber photometry", &[]),
    ("merfish", "Multiplexed error-robust fluorescence in situ hybridization", &[]),
    ("MRI", "Magnetic resonance imaging", &[]),
    ("ophys", "Planar optical physiology", &["pophys"]),
    ("slap", "Scanned line projection imaging", &["slap2"]),
    ("SPIM", "Selective plane illumination microscopy", &[]),
];

impl Modality {
    /// Every modality, for error messages and completions.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..MODALITIES.len()).map(Self)
    }

    /// The short form that names the modality's folder, such as `behavior-videos`.
    pub fn abbreviation(self) -> &'static str {
        MODALITIES[self.0].0
    }

    /// The long form, such as `Behavior videos`.
    pub fn name(self) -> &'static str {
        MODALITIES[self.0].1
    }

    /// Whether `compress_raw_data` is on when a job does not say: only for extracellular electrophysiology.
    pub fn compresses_by_default(self) -> bool {
        self.is_ecephys()
    }

    /// Extracellular electrophysiology, whose compression is a transcoding to Zarr rather than a zip file.
    pub fn is_ecephys(self) -> bool {
        self.abbreviation() == "ecephys"
    }

    /// Light microscopy of tissue, whose images become OME-Zarr when they are compressed.
    pub fn is_imaging(self) -> bool {
        matches!(self.abbreviation(), "SPIM" | "confocal" | "merfish")
    }
}

/// The text names no modality.
#[derive(Debug, thiserror::Error)]
#[error("no modality of that name")]
pub struct UnknownModality;

impl FromStr for Modality {
    type Err = UnknownModality;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let typed = plain(text);
        let fits = |(abbreviation, name, others): &(&str, &str, &[&str])| {
            plain(abbreviation) == typed || plain(name) == typed || others.contains(&typed.as_str())
        };
        MODALITIES.iter().position(fits).map(Self).ok_or(UnknownModality)
    }
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.abbreviation())
    }
}

impl fmt::Debug for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.abbreviation())
    }
}

impl serde::Serialize for Modality {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.abbreviation())
    }
}

impl<'de> serde::Deserialize<'de> for Modality {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::canonical("SPIM", "SPIM")]
    #[case::any_case("ECEPHYS", "ecephys")]
    #[case::readme_hyphen("behavior-videos", "behavior-videos")]
    #[case::users_underscore("BEHAVIOR_VIDEOS", "behavior-videos")]
    #[case::readme_slap2("slap2", "slap")]
    #[case::readme_trained("Trained_Behavior", "behavior")]
    #[case::later_ophys("pophys", "ophys")]
    #[case::long_name("Fiber photometry", "fib")]
    fn is_read_in_any_spelling(#[case] text: &str, #[case] written: &str) {
        assert_eq!(text.parse::<Modality>().unwrap().abbreviation(), written);
    }

    #[rstest]
    fn a_word_that_is_no_modality_is_refused(#[values("", "ephys", "SmartSPIM")] text: &str) {
        assert!(text.parse::<Modality>().is_err());
    }
}
