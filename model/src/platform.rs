use std::{fmt, str::FromStr};

/// A rig's kind, one of the 15 of aind-data-schema 0.26.5. Read in any letter case and with `-` or `_`, written canonically.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Platform(usize);

/// Abbreviation and full name, as `data_description.json` writes them.
const PLATFORMS: [(&str, &str); 15] = [
    ("behavior", "Behavior platform"),
    ("confocal", "Confocal microscopy platform"),
    ("ecephys", "Electrophysiology platform"),
    ("exaSPIM", "ExaSPIM platform"),
    ("FIP", "Frame-projected independent-fiber photometry platform"),
    ("HCR", "Hybridization chain reaction platform"),
    ("HSFP", "Hyperspectral fiber photometry platform"),
    ("ISI", "Intrinsic signal imaging platform"),
    ("MERFISH", "MERFISH platform"),
    ("MRI", "Magnetic resonance imaging platform"),
    ("mesoSPIM", "MesoSPIM platform"),
    ("multiplane-ophys", "Multiplane optical physiology platform"),
    ("single-plane-ophys", "Single-plane optical physiology platform"),
    ("SLAP2", "SLAP2 platform"),
    ("SmartSPIM", "SmartSPIM platform"),
];

impl Platform {
    /// Every platform, for error messages and completions.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..PLATFORMS.len()).map(Self)
    }

    /// The short form that begins an asset's name, such as `SmartSPIM`.
    pub fn abbreviation(self) -> &'static str {
        PLATFORMS[self.0].0
    }

    /// The long form, such as `SmartSPIM platform`.
    pub fn name(self) -> &'static str {
        PLATFORMS[self.0].1
    }
}

/// The text names no platform.
#[derive(Debug, thiserror::Error)]
#[error("no platform of that name")]
pub struct UnknownPlatform;

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let typed = plain(text);
        Self::all()
            .find(|p| plain(p.abbreviation()) == typed || plain(p.name()) == typed)
            .ok_or(UnknownPlatform)
    }
}

/// Letter case and the choice of `-`, `_` or a blank carry no meaning in names people type.
pub(crate) fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace(['_', ' '], "-")
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.abbreviation())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.abbreviation())
    }
}

impl serde::Serialize for Platform {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.abbreviation())
    }
}

impl<'de> serde::Deserialize<'de> for Platform {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::canonical("SmartSPIM", "SmartSPIM")]
    #[case::readme_spelling("smartSPIM", "SmartSPIM")]
    #[case::readme_merfish("merfish", "MERFISH")]
    #[case::readme_slap2("slap2", "SLAP2")]
    #[case::underscores("multiplane_ophys", "multiplane-ophys")]
    #[case::long_name("Electrophysiology platform", "ecephys")]
    #[case::blanks_around(" ecephys ", "ecephys")]
    fn is_read_in_any_spelling(#[case] text: &str, #[case] written: &str) {
        assert_eq!(text.parse::<Platform>().unwrap().abbreviation(), written);
    }

    #[rstest]
    fn a_word_that_is_no_platform_is_refused(#[values("", "ecephy", "SPIM")] text: &str) {
        assert!(text.parse::<Platform>().is_err());
    }
}
