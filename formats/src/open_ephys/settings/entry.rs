//! The probes of an acquisition system.

use std::collections::BTreeSet;

use super::{
    super::probe::{Layout, Site},
    Version, node_id, onix,
    xml::Element,
};

/// A processor that probes are connected to.
#[derive(Debug)]
pub(super) struct Source {
    /// `nodeId`.
    pub(super) node: String,
    /// Names of its streams in the order of the file, those of ADCs aside. None before GUI 0.6.
    pub(super) streams: Vec<String>,
    /// The probes that are switched on, in the order of the file.
    pub(super) probes: Vec<ProbeEntry>,
}

/// A probe as the settings file has it; of a Quad Base, one of its shanks.
#[derive(Clone, Debug)]
pub(super) struct ProbeEntry {
    /// What its streams are called, without `-AP` and `-LFP`, by its place; `None` when streams and probes are not equally many.
    pub(super) stream: Option<String>,
    /// What a person called it.
    pub(super) custom: Option<String>,
    pub(super) part_number: Option<String>,
    pub(super) serial_number: String,
    pub(super) slot: Option<String>,
    pub(super) port: Option<String>,
    pub(super) dock: Option<String>,
    /// Of a Quad Base.
    pub(super) shank: Option<u32>,
    pub(super) reference: Option<String>,
    pub(super) ap_gain: Option<String>,
    pub(super) lfp_gain: Option<String>,
    /// Where its electrodes are, or why that is not known.
    pub(super) layout: Result<Layout, String>,
}

impl Source {
    pub(super) fn of(processor: &Element, gui: Option<&Version>) -> Self {
        let name = processor.get("name").unwrap_or_default().to_ascii_lowercase();
        let streams = processor.all("STREAM").filter_map(|stream| stream.get("name"));
        let streams: Vec<_> =
            streams.filter(|name| !name.is_empty() && !name.ends_with("ADC")).map(str::to_owned).collect();
        let probes = if name.contains("onix") {
            onix::probes(processor, &streams)
        } else {
            let is_old = name.contains("neuropix-pxi") && is_without_positions(processor);
            let is_shifted = gui.is_some() && gui < Version::parse("0.6.0").as_ref();
            let mut probes = probes(processor, is_shifted);
            if is_old {
                let why = "the plugin Neuropix-PXI writes positions from version 0.3.3 on";
                for probe in &mut probes {
                    probe.layout = Err(why.to_owned());
                }
            }
            name_by_place(&mut probes, &streams);
            probes
        };
        Self { node: node_id(processor).to_owned(), streams, probes }
    }
}

/// `OneBox` came with plugins that all write positions.
fn is_without_positions(processor: &Element) -> bool {
    let plugin = processor.get("libraryVersion").and_then(Version::parse);
    plugin.is_none() || plugin < Version::parse("0.3.3")
}

/// Before GUI 1.0 probes are in `EDITOR`, later in `CUSTOM_PARAMETERS` in it.
fn probes(processor: &Element, is_shifted: bool) -> Vec<ProbeEntry> {
    let mut found = Vec::new();
    processor.below(&|element| element.is("NP_PROBE"), &mut found);
    let on = found.into_iter().filter(|probe| probe.get("isEnabled").is_none_or(|on| on == "1"));
    on.flat_map(|probe| shanks(entry(probe, layout(probe, is_shifted)))).collect()
}

/// What an element says of its probe.
pub(super) fn entry(probe: &Element, layout: Result<Layout, String>) -> ProbeEntry {
    let get = |names: &[&str]| {
        let value = names.iter().find_map(|name| probe.get(name)).filter(|value| !value.is_empty());
        value.map(str::to_owned)
    };
    let serial_number = get(&["probe_serial_number", "probeSerialNumber"]).unwrap_or_default();
    ProbeEntry {
        stream: None,
        custom: get(&["custom_probe_name"]).filter(|name| *name != serial_number),
        part_number: get(&["probe_part_number", "probePartNumber"]),
        serial_number,
        slot: get(&["slot"]),
        port: get(&["port"]),
        dock: get(&["dock"]),
        shank: probe.get("shank").and_then(|shank| shank.parse().ok()),
        reference: get(&["referenceChannel"]),
        ap_gain: get(&["apGainValue"]),
        lfp_gain: get(&["lfpGainValue"]),
        layout,
    }
}

/// One entry for all shanks of a Quad Base becomes one for each: each shank is a stream.
fn shanks(entry: ProbeEntry) -> Vec<ProbeEntry> {
    let Ok(Layout::Sites { sites, is_shifted }) = &entry.layout else { return vec![entry] };
    let mut channels = BTreeSet::new();
    if sites.iter().all(|site| channels.insert(site.channel)) {
        return vec![entry];
    }
    let shanks: BTreeSet<_> = sites.iter().map(|site| site.shank).collect();
    let one = |shank: Option<u32>| {
        let sites = sites.iter().filter(|site| site.shank == shank).copied().collect();
        ProbeEntry { shank, layout: Ok(Layout::Sites { sites, is_shifted: *is_shifted }), ..entry.clone() }
    };
    shanks.into_iter().map(one).collect()
}

/// Gives probes the names of their streams: the plugin writes both in the same order. The shanks of a Quad Base are streams called `<probe>-1` to
/// `<probe>-4`; some versions write the probe's name for all of them.
fn name_by_place(probes: &mut [ProbeEntry], streams: &[String]) {
    for probe in probes.iter_mut() {
        if let (Some(end), Some(custom)) = (probe.ending(), &mut probe.custom)
            && !custom.ends_with(&end)
        {
            custom.push_str(&end);
        }
    }
    let mut names: Vec<&str> = Vec::new();
    for name in streams.iter().map(|name| probe_of(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let (mut place, mut made) = (0, Vec::new());
    for (index, probe) in probes.iter().enumerate() {
        let Some(name) = names.get(place) else { return };
        let Some(end) = probe.ending() else {
            made.push((*name).to_owned());
            place += 1;
            continue;
        };
        let next = probes.get(index + 1);
        let is_last =
            next.is_none_or(|next| next.serial_number != probe.serial_number || next.shank <= probe.shank);
        if name.ends_with(&end) {
            made.push((*name).to_owned());
            place += 1;
        } else {
            made.push(format!("{name}{end}"));
            place += usize::from(is_last);
        }
    }
    if place == names.len() {
        probes.iter_mut().zip(made).for_each(|(probe, name)| probe.stream = Some(name));
    }
}

impl ProbeEntry {
    /// What the names of the streams of a Quad Base end with.
    fn ending(&self) -> Option<String> {
        self.shank.map(|shank| format!("-{}", shank.saturating_add(1)))
    }
}

/// The probe a stream belongs to.
pub(in super::super) fn probe_of(stream: &str) -> &str {
    stream.strip_suffix("-AP").or_else(|| stream.strip_suffix("-LFP")).unwrap_or(stream)
}

/// The electrodes of a probe. Their numbers, where the plugin writes them, count more than their positions.
fn layout(probe: &Element, is_shifted: bool) -> Result<Layout, String> {
    if let Some(selected) = probe.child("SELECTED_ELECTRODES") {
        return self::selected(selected);
    }
    sites(probe).map(|sites| Layout::Sites { sites, is_shifted })
}

pub(super) fn selected(element: &Element) -> Result<Layout, String> {
    let electrode = |(channel, key, value): (u32, &str, &str)| match value.trim().parse() {
        Ok(electrode) => Ok((channel, electrode)),
        Err(_) => Err(format!("`{key}` has the electrode `{value}`")),
    };
    let chosen = element.by_channel().into_iter().map(electrode).collect::<Result<Vec<_>, _>>()?;
    let mut channels = BTreeSet::new();
    if chosen.is_empty() || !chosen.iter().all(|(channel, _)| channels.insert(*channel)) {
        return Err("`SELECTED_ELECTRODES` does not name one electrode for each channel".to_owned());
    }
    Ok(Layout::Electrodes(chosen))
}

fn sites(probe: &Element) -> Result<Vec<Site>, String> {
    let (Some(channels), Some(xs), Some(ys)) =
        (probe.child("CHANNELS"), probe.child("ELECTRODE_XPOS"), probe.child("ELECTRODE_YPOS"))
    else {
        return Err("it has no `CHANNELS`, `ELECTRODE_XPOS` or `ELECTRODE_YPOS`".to_owned());
    };
    let (channels, xs, ys) = (channels.by_channel(), xs.by_channel(), ys.by_channel());
    let same = |other: &[(u32, &str, &str)]| channels.iter().map(|c| c.1).eq(other.iter().map(|c| c.1));
    if channels.is_empty() || !same(&xs) || !same(&ys) {
        return Err("`CHANNELS`, `ELECTRODE_XPOS` and `ELECTRODE_YPOS` name other channels".to_owned());
    }
    // Values are `bank` or `bank:shank`; a Quad Base has `CH<channel>_<shank>` as name. Only a shank for each counts.
    let by_value: Vec<_> = channels.iter().map(|(_, _, value)| after(value, ':')).collect();
    let by_name: Vec<_> = channels.iter().map(|(_, name, _)| after(name, '_')).collect();
    let all = |shanks: &[Option<u32>]| shanks.iter().all(Option::is_some);
    let shanks = if all(&by_value) { by_value } else { by_name };
    let keep = all(&shanks);
    let mut sites = Vec::with_capacity(xs.len());
    for ((((channel, name, bank), (_, _, x)), (_, _, y)), shank) in
        channels.iter().zip(xs).zip(ys).zip(shanks)
    {
        let (Some(x), Some(y)) = (position(x), position(y)) else {
            return Err(format!("the electrode of `{name}` is at `{x}`, `{y}`"));
        };
        let bank = bank.split(':').next().and_then(|bank| bank.parse().ok());
        sites.push(Site { channel: *channel, x, y, shank: shank.filter(|_| keep), bank });
    }
    Ok(sites)
}

fn position(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn after(text: &str, mark: char) -> Option<u32> {
    text.split_once(mark)?.1.parse().ok()
}
