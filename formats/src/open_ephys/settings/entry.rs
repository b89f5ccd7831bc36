use super::{super::probe::Site, Version, xml::Element};

/// A probe as the settings file has it.
#[derive(Debug)]
pub(super) struct ProbeEntry {
    /// What its streams are called, by its place; `None` when streams and probes are not equally many.
    pub(super) stream: Option<String>,
    /// What a person called it.
    pub(super) custom: Option<String>,
    /// `nodeId` of its processor.
    pub(super) node: String,
    pub(super) part_number: Option<String>,
    pub(super) serial_number: String,
    pub(super) slot: Option<String>,
    pub(super) port: Option<String>,
    pub(super) dock: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) ap_gain: Option<String>,
    pub(super) lfp_gain: Option<String>,
    /// Without streams in the settings (GUI 0.5), probes are told apart by the order of their streams.
    pub(super) ordered: bool,
    /// GUI before 0.6, which wrote the shank's pitch into y.
    pub(super) shifted: bool,
    /// One for each channel, or why there are none.
    pub(super) sites: Result<Vec<Site>, String>,
}

/// The probes of a processor that are switched on, in the order of the file.
pub(super) fn entries(processor: &Element, gui: Option<&Version>) -> Vec<ProbeEntry> {
    let node = processor.get("nodeId").or_else(|| processor.get("NodeId")).unwrap_or_default();
    let plugin = processor.get("libraryVersion").and_then(Version::parse);
    // OneBox came with plugins that all write positions.
    let old = processor.get("name").is_some_and(|name| name.contains("Neuropix-PXI"))
        && (plugin.is_none() || plugin < Version::parse("0.3.3"));
    let streams = streams(processor);
    let editors = || processor.all("EDITOR");
    // From GUI 1.0 on the probes are one level deeper.
    let deeper = editors().flat_map(|editor| editor.all("CUSTOM_PARAMETERS")).flat_map(|p| p.all("NP_PROBE"));
    let probes = editors().flat_map(|editor| editor.all("NP_PROBE")).chain(deeper);
    let on = probes.filter(|probe| probe.get("isEnabled").is_none_or(|on| on == "1"));
    let shifted = gui.is_some() && gui < Version::parse("0.6.0").as_ref();
    let on: Vec<_> = on.collect();
    let named = streams.len() == on.len();
    on.into_iter()
        .enumerate()
        .map(|(index, probe)| {
            let place = if streams.is_empty() {
                Some(format!("{node}.{index}"))
            } else {
                streams.get(index).filter(|_| named).cloned()
            };
            let sites = if old {
                Err("the plugin Neuropix-PXI writes positions from version 0.3.3 on".to_owned())
            } else {
                sites(probe)
            };
            entry(probe, node, place, Flags { ordered: streams.is_empty(), shifted }, sites)
        })
        .collect()
}

#[derive(Clone, Copy)]
struct Flags {
    ordered: bool,
    shifted: bool,
}

fn entry(
    probe: &Element,
    node: &str,
    place: Option<String>,
    flags: Flags,
    sites: Result<Vec<Site>, String>,
) -> ProbeEntry {
    let get = |name: &str| probe.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let serial_number = get("probe_serial_number").unwrap_or_default();
    let custom = get("custom_probe_name").filter(|name| *name != serial_number);
    // The shanks of a Quad Base are streams of their own, called `<probe>-1` to `<probe>-4`.
    let shank = probe.get("shank").and_then(|shank| shank.parse::<u32>().ok());
    let of_shank = |name: String| match shank.map(|shank| format!("-{}", shank.saturating_add(1))) {
        Some(end) if !name.ends_with(&end) => name + &end,
        _ => name,
    };
    ProbeEntry {
        stream: place.map(of_shank),
        custom: custom.map(of_shank),
        node: node.to_owned(),
        part_number: get("probe_part_number"),
        serial_number,
        slot: get("slot"),
        port: get("port"),
        dock: get("dock"),
        reference: get("referenceChannel"),
        ap_gain: get("apGainValue"),
        lfp_gain: get("lfpGainValue"),
        ordered: flags.ordered,
        shifted: flags.shifted,
        sites,
    }
}

/// Names of the probes by their streams (GUI 0.6 and later): those of ADCs aside, without `-AP` and `-LFP`, each once. The plugin
/// writes streams and probes in the same order.
fn streams(processor: &Element) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for stream in processor.all("STREAM") {
        let name = stream.get("name").unwrap_or_default();
        let name = probe_of(name).to_owned();
        if !name.is_empty() && !name.contains("ADC") && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The probe a stream belongs to.
pub(super) fn probe_of(stream: &str) -> &str {
    stream.strip_suffix("-AP").or_else(|| stream.strip_suffix("-LFP")).unwrap_or(stream)
}

fn sites(probe: &Element) -> Result<Vec<Site>, String> {
    let (Some(channels), Some(xs), Some(ys)) =
        (probe.child("CHANNELS"), probe.child("ELECTRODE_XPOS"), probe.child("ELECTRODE_YPOS"))
    else {
        return Err("it has no `CHANNELS`, `ELECTRODE_XPOS` or `ELECTRODE_YPOS`".to_owned());
    };
    let (channels, xs, ys) = (channels.by_channel(), xs.by_channel(), ys.by_channel());
    let same = |other: &[(&str, &str)]| channels.iter().map(|c| c.0).eq(other.iter().map(|c| c.0));
    if channels.is_empty() || !same(&xs) || !same(&ys) {
        return Err("`CHANNELS`, `ELECTRODE_XPOS` and `ELECTRODE_YPOS` name other channels".to_owned());
    }
    // Values are `bank` or `bank:shank`; a Quad Base has `CH<channel>_<shank>` as name. Only a shank for each counts.
    let by_value: Vec<_> = channels.iter().map(|(_, value)| after(value, ':')).collect();
    let by_name: Vec<_> = channels.iter().map(|(name, _)| after(name, '_')).collect();
    let all = |shanks: &[Option<u32>]| shanks.iter().all(Option::is_some);
    let shanks = if all(&by_value) { by_value } else { by_name };
    let keep = all(&shanks);
    let mut sites = Vec::with_capacity(xs.len());
    for (((channel, x), (_, y)), shank) in xs.into_iter().zip(ys).zip(shanks) {
        let (Some(x), Some(y)) = (position(x), position(y)) else {
            return Err(format!("the electrode of `{channel}` is at `{x}`, `{y}`"));
        };
        sites.push(Site { x, y, shank: shank.filter(|_| keep) });
    }
    Ok(sites)
}

fn position(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn after(text: &str, mark: char) -> Option<u32> {
    text.split_once(mark)?.1.parse().ok()
}
