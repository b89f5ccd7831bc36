//! Neuropixels probes, as probeinterface describes them.

mod contacts;
mod json;
mod kind;
mod numbered;

use serde_json::{Map, Value};

pub(super) use contacts::{Site, by_electrode, contacts};
pub(crate) use numbered::{Numbered, numbered, once, row};

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
    /// Outline.
    pub contour: Vec<[f64; 2]>,
}

/// An electrode.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// `e17`, or `s2e17` on a probe with several shanks.
    pub id: String,
    /// Channel of the probe, counted from 0; not every channel need be recorded.
    pub channel: usize,
    /// Across the shank.
    pub x: f64,
    /// Along the shank, from the tip.
    pub y: f64,
    /// Which shank, where the settings say so.
    pub shank: Option<u32>,
}

impl Probe {
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

    /// For the property `inter_sample_shift`: when within a sample period each contact is digitised, as spikeinterface has it.
    /// Converters of 12 (1.0) or 16 (2.0) channels work side by side, each through its channels in turn. `stream` tells the bands of
    /// a 1.0 apart.
    pub fn inter_sample_shift(&self, stream: &str) -> Vec<f64> {
        let second = |part: &String| part.starts_with("NP2") || part.starts_with("PRB2");
        let is_second = self.model_name.contains("2.0") || self.part_number.as_ref().is_some_and(second);
        let (each, steps) = if is_second {
            (16, 16.0)
        } else {
            // The spike band has a thirteenth step, in which the low band is digitised.
            (12, if stream.contains("AP") || stream.contains("imec") { 13.0 } else { 12.0 })
        };
        // Of every `2 * each` channels the even ones are on one converter, the odd ones on the next.
        self.contacts.iter().map(|contact| (contact.channel % (2 * each) / 2) as f64 / steps).collect()
    }
}

impl Contact {
    fn shank_id(&self) -> String {
        self.shank.map_or_else(String::new, |shank| shank.to_string())
    }
}
