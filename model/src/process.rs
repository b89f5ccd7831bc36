use std::{fmt, str::FromStr};

use crate::platform::plain;

/// What a data process is called in `processing.json`; one of the 35 of aind-data-schema 0.26.5.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessName(&'static str);

const NAMES: [&str; 35] = [
    "Analysis",
    "Compression",
    "Denoising",
    "dF/F estimation",
    "Ephys curation",
    "Ephys postprocessing",
    "Ephys preprocessing",
    "Ephys visualization",
    "Fiducial segmentation",
    "Fluorescence event detection",
    "Image atlas alignment",
    "Image background subtraction",
    "Image cell segmentation",
    "Image cell quantification",
    "Image destriping",
    "Image flat-field correction",
    "Image importing",
    "Image thresholding",
    "Image tile alignment",
    "Image tile fusing",
    "Image tile projection",
    "File format conversion",
    "Manual annotation",
    "Neuropil subtraction",
    "Other",
    "Quality control and assessment",
    "Registration to template",
    "Skull stripping",
    "Spike sorting",
    "Spatial timeseries demixing",
    "Video motion correction",
    "Video plane decrosstalk",
    "Video ROI classification",
    "Video ROI segmentation",
    "Video ROI timeseries extraction",
];

impl ProcessName {
    /// Every name, for error messages.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(Self)
    }

    /// The name as the schema spells it.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// What the original calls a job whose process is not named.
impl Default for ProcessName {
    fn default() -> Self {
        Self("Other")
    }
}

/// The text is none of the schema's process names.
#[derive(Debug, thiserror::Error)]
#[error("no process of that name")]
pub struct UnknownProcess;

impl FromStr for ProcessName {
    type Err = UnknownProcess;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let typed = plain(text);
        Self::all().find(|name| plain(name.0) == typed).ok_or(UnknownProcess)
    }
}

impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl serde::Serialize for ProcessName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for ProcessName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
