//! Probes of the ONIX Source plugin (GUI 1.0).
//!
//! ```text
//! <NEUROPIXELSV1E name="Probe" idx="512" …><SELECTED_ELECTRODES CH0="384" …/></NEUROPIXELSV1E>
//! <NEUROPIXELSV2E idx="256" …><PROBE0 …><SELECTED_ELECTRODES …/></PROBE0><PROBE1 …/></NEUROPIXELSV2E>
//! ```
//!
//! Streams are called after port, headstage and device: `PortB-Neuropixels1.0eHeadstage-Probe-AP`. The high byte of `idx` is the port.

use super::{
    entry::{ProbeEntry, entry, probe_of, selected},
    xml::Element,
};

const DEVICES: [&str; 3] = ["NEUROPIXELSV1E", "NEUROPIXELSV1F", "NEUROPIXELSV2E"];
/// Each headstage for 2.0 has two.
const TWINS: [&str; 2] = ["PROBE0", "PROBE1"];

/// A probe, and what its stream's name must hold.
struct Device {
    probe: ProbeEntry,
    /// `PortA-`; empty where the settings do not say it.
    port: &'static str,
    /// The last part of the stream's name.
    name: String,
    /// A headstage for 2.0 with a single probe calls its stream `Probe0`, whichever of the two it is.
    may_be_alone: bool,
}

pub(super) fn probes(processor: &Element, streams: &[String]) -> Vec<ProbeEntry> {
    let mut elements = Vec::new();
    processor.below(&|element| DEVICES.iter().any(|name| element.is(name)), &mut elements);
    let on = elements.into_iter().filter(|device| device.get("isEnabled").is_none_or(|on| on == "1"));
    let devices: Vec<_> = on.flat_map(devices).collect();
    let mut names: Vec<&str> = streams.iter().map(|stream| probe_of(stream)).collect();
    names.dedup();
    let find = |device: &Device| {
        let mut of_port = names.iter().filter(|name| name.starts_with(device.port));
        let is_called = |name: &&&str| {
            name.rsplit('-').next().is_some_and(|last| last.eq_ignore_ascii_case(&device.name))
        };
        let mut exact = of_port.clone().filter(is_called);
        match (exact.next(), exact.next()) {
            (Some(name), None) => Some((*name).to_owned()),
            (None, _) if device.may_be_alone => {
                of_port.find(|name| name.ends_with("-Probe0")).map(|name| (*name).to_owned())
            }
            _ => None,
        }
    };
    let found: Vec<_> = devices.iter().map(find).collect();
    devices.into_iter().zip(found).map(|(device, stream)| ProbeEntry { stream, ..device.probe }).collect()
}

fn devices(element: &Element) -> Vec<Device> {
    let port = match element.get("idx").and_then(|index| index.parse::<u32>().ok()).map(|index| index >> 8) {
        Some(1) => "PortA-",
        Some(2) => "PortB-",
        _ => "",
    };
    if !element.is("NEUROPIXELSV2E") {
        let name = element.get("name").unwrap_or("Probe").replace(' ', "");
        return vec![Device { probe: probe(element), port, name, may_be_alone: false }];
    }
    let twins = TWINS.iter().filter_map(|name| Some((name, element.child(name)?)));
    let mut made: Vec<_> = twins
        .map(|(name, twin)| Device {
            probe: probe(twin),
            port,
            name: (*name).to_owned(),
            may_be_alone: false,
        })
        .collect();
    let is_there = |device: &Device| !matches!(device.probe.serial_number.as_str(), "" | "0");
    if made.iter().any(is_there) {
        made.retain(is_there);
        for device in &mut made {
            device.may_be_alone = true;
        }
    }
    let alone = made.len() == 1;
    for device in &mut made {
        device.may_be_alone &= alone;
    }
    made
}

fn probe(element: &Element) -> ProbeEntry {
    let viewer = element.child("PROBE_VIEWER");
    let get = |name: &str| viewer.and_then(|viewer| viewer.get(name)).map(str::to_owned);
    let layout = match element.child("SELECTED_ELECTRODES") {
        Some(chosen) => selected(chosen),
        None => Err("it has no `SELECTED_ELECTRODES`".to_owned()),
    };
    ProbeEntry {
        reference: get("referenceChannel"),
        ap_gain: get("apGain"),
        lfp_gain: get("lfpGain"),
        ..entry(element, layout)
    }
}
