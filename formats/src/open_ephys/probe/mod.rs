//! Neuropixels probes, as probeinterface describes them.

mod contacts;
mod converter;
mod fit;
mod json;
mod kind;
mod layout;
mod numbered;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use kind::ProbeKind;
pub(super) use kind::kind;
pub(super) use layout::{Layout, Placed, Site};
pub(crate) use numbered::{Numbered, numbered, once, row};

/// Outline of one shank, before it is moved by (-11, -11). The Python tool has this one for every kind.
const OUTLINE: [[f64; 2]; 5] = [[0.0, 10000.0], [0.0, 0.0], [35.0, -175.0], [70.0, 0.0], [70.0, 10000.0]];

/// Edge of a contact of a probe that is not known.
const WIDTH: f64 = 12.0;

/// A probe with one contact for each electrode channel of its stream, in the stream's order. Lengths are in µm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probe {
    /// `ProbeB`.
    pub name: String,
    /// `20403311724`.
    pub serial_number: String,
    /// `NP2000`.
    pub part_number: Option<String>,
    /// `Neuropixels 2.0 - Single Shank - Prototype`.
    pub model_name: String,
    /// Slot of the base station, as written.
    pub slot: Option<String>,
    /// Port of the base station.
    pub port: Option<String>,
    /// Dock of the port.
    pub dock: Option<String>,
    /// `Ext`, `Tip` …: what the channels are measured against.
    pub reference: Option<String>,
    /// Gain of the spike band, such as `500x`.
    pub ap_gain: Option<String>,
    /// Gain of the low band.
    pub lfp_gain: Option<String>,
    /// One for each channel.
    pub contacts: Vec<Contact>,
    /// Edge of a contact, which is a square.
    pub contact_width: f64,
    /// Outline; empty where the kind of probe is not known.
    pub contour: Vec<[f64; 2]>,
}

/// An electrode.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// `e17`, or `s2e17` on a probe with several shanks; `c17`, after its channel, where the electrode is not known.
    pub id: String,
    /// Readout channel of the probe, counted from 0; not every channel need be recorded.
    pub channel: u32,
    /// Across the shank.
    pub x: f64,
    /// Along the shank, from the tip.
    pub y: f64,
    /// Which shank, where the settings say so.
    pub shank: Option<u32>,
}

impl Probe {
    /// Gives the probe what its kind tells: model, size of contacts and outline.
    pub(super) fn describe(&mut self, kind: Option<&ProbeKind>) {
        self.contact_width = kind.map_or(WIDTH, |kind| kind.width);
        let Some(kind) = kind else { return };
        kind.model.clone_into(&mut self.model_name);
        let lefts = (0..kind.shanks).map(|shank| f64::from(shank) * kind.shank_pitch);
        let outline = |left: f64| OUTLINE.into_iter().map(move |[x, y]| [x + left - 11.0, y - 11.0]);
        self.contour = lefts.flat_map(outline).collect();
    }

    /// The probe as probeinterface's dictionary has it: one item of `probes` in a store's attribute `probe`.
    pub fn geometry(&self) -> Map<String, Value> {
        json::geometry(self)
    }

    /// One item of a store's annotation `probes_info`.
    pub fn info(&self) -> Map<String, Value> {
        json::info(self)
    }

    /// For the property `group`: which shank each contact is on, counted from 0 among those in use.
    pub fn groups(&self) -> Vec<usize> {
        // As text, for that is how probeinterface sorts them.
        let mut shanks: Vec<String> = self.contacts.iter().map(Contact::shank_id).collect();
        shanks.sort_unstable();
        shanks.dedup();
        let place = |contact: &Contact| shanks.binary_search(&contact.shank_id()).unwrap_or(0);
        self.contacts.iter().map(place).collect()
    }

    /// For the property `inter_sample_shift`: when within a sample period each contact is converted. Empty where the part is not known.
    ///
    /// The converters of a part work side by side, each through its channels in turn. Where a part has a low band, each converter does one
    /// channel of it after a round of the spike band, so that the low band takes as many rounds as a converter has channels; spikeinterface
    /// 0.105 takes one more step for it, 0.100 does not. `stream` tells the bands apart.
    pub fn inter_sample_shift(&self, stream: &str) -> Vec<f64> {
        let Some(converter) = converter::converter(self.part_number.as_deref()) else { return Vec::new() };
        let steps = f64::from(converter.multiplexer.steps);
        let low = converter.lf_hz > 0.0 && is_low_band(stream);
        let steps = if low { steps } else { (steps * (1.0 + converter.lf_hz / converter.ap_hz)).round() };
        let turn = |contact: &Contact| converter.multiplexer.turn(contact.channel);
        let shifts = self.contacts.iter().map(|contact| Some(f64::from(turn(contact)?.order) / steps));
        shifts.collect::<Option<_>>().unwrap_or_default()
    }

    /// For the annotation `saturation_threshold_uV`: what the converter can measure at most, in microvolts at the electrode. `stream` tells
    /// the bands apart. `None` where the part or its gain is not known.
    pub fn saturation_threshold_uv(&self, stream: &str) -> Option<f64> {
        let converter = converter::converter(self.part_number.as_deref())?;
        let gain = if is_low_band(stream) { self.lf_gain_factor() } else { self.ap_gain_factor() }?;
        Some(converter.range / 2.0 / gain * 1e6).filter(|threshold| threshold.is_finite())
    }

    /// How much the spike band is amplified: a part with one gain has that, any other the one of the settings.
    fn ap_gain_factor(&self) -> Option<f64> {
        let fixed = converter::converter(self.part_number.as_deref()).and_then(|converter| converter.ap_gain);
        fixed.or_else(|| factor(self.ap_gain.as_deref()?))
    }

    /// How much the low band is amplified.
    fn lf_gain_factor(&self) -> Option<f64> {
        let fixed = converter::converter(self.part_number.as_deref()).and_then(|converter| converter.lf_gain);
        fixed.or_else(|| factor(self.lfp_gain.as_deref()?))
    }
}

/// `500x` is 500.
fn factor(text: &str) -> Option<f64> {
    text.trim().trim_end_matches('x').parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0)
}

fn is_low_band(stream: &str) -> bool {
    stream.to_ascii_lowercase().contains("lf")
}

impl Contact {
    fn shank_id(&self) -> String {
        self.shank.map_or_else(String::new, |shank| shank.to_string())
    }
}
