use super::{
    super::probe::{Probe, by_electrode, contacts},
    Settings,
    entry::{ProbeEntry, probe_of},
};

/// What is known of a stream, to find its probe.
#[derive(Clone, Debug)]
pub(in super::super) struct Wanted<'a> {
    /// `Record Node 101`, or empty.
    pub(in super::super) node: &'a str,
    /// `Record Node 101#Neuropix-PXI-100.ProbeB-AP`.
    pub(in super::super) name: &'a str,
    /// `ProbeB-AP`; in GUI 0.5 a number.
    pub(in super::super) stream: &'a str,
    /// Hz.
    pub(in super::super) sample_rate: f64,
    /// Names of the channels that are electrodes.
    pub(in super::super) channels: Vec<&'a str>,
    /// Their electrodes, where `structure.oebin` names every one.
    pub(in super::super) electrodes: Option<Vec<u32>>,
}

/// The bands of a Neuropixels 1.0 are 30 kHz and 2.5 kHz.
const LOW_BAND: f64 = 10_000.0;

impl Wanted<'_> {
    /// `nodeId` of the processor that a stream comes from, which the GUI writes into its folder's name (`Neuropix-PXI-100.ProbeB-AP`).
    pub(super) fn processor(&self) -> Option<&str> {
        let folder = self.name.rsplit('#').next().unwrap_or_default();
        // The stream's own name comes last and may hold dots and hyphens.
        let source = folder.strip_suffix(self.stream).and_then(|source| source.strip_suffix('.'));
        let source = source.or_else(|| folder.split_once('.').map(|(source, _)| source))?;
        let id = source.rsplit_once('-').map_or(source, |(_, id)| id);
        (!id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit())).then_some(id)
    }
}

impl Settings {
    /// The probe a stream was recorded from, with the contacts of its channels, or why there is none.
    ///
    /// Which contact a channel has, say in this order: the electrode that `structure.oebin` names; where it names none, the channels that the
    /// record node keeps by the settings, in the order of the numbers in their names (docs/decisions/012).
    pub(in super::super) fn probe(&self, wanted: &Wanted) -> Result<Probe, String> {
        let Some(entries) = &self.probes else {
            return Err("no processor of Neuropixels probes is in the signal chain".to_owned());
        };
        let entry = if entries.iter().any(|entry| entry.ordered) {
            by_order(entries, wanted)?
        } else {
            let candidates = candidates(entries, wanted);
            let only = match candidates.as_slice() {
                // Streams that are called `0` and `1`, say.
                [only] if Some(only.node.as_str()) == wanted.processor() => Some(*only),
                _ => None,
            };
            by_name(&candidates, wanted)
                .or(only)
                .ok_or_else(|| "no probe is called like the stream".to_owned())?
        };
        let sites = entry.sites.as_ref().map_err(Clone::clone)?;
        let mut probe = contacts(entry.probe(), sites, entry.shifted)?;
        if let Some(electrodes) = &wanted.electrodes {
            return by_electrode(probe, electrodes);
        }
        if let Some(kept) = self.kept(wanted) {
            probe.contacts =
                kept.iter().filter_map(|channel| probe.contacts.get(*channel).cloned()).collect();
        }
        if probe.contacts.len() != wanted.channels.len() {
            let (contacts, channels) = (probe.contacts.len(), wanted.channels.len());
            return Err(format!("it has {contacts} contacts, the stream {channels} electrode channels"));
        }
        reorder(probe, &wanted.channels)
    }
}

/// The probes of the processor that the stream comes from: two systems of one rig may call their probes alike. Where the settings know no such
/// processor (a folder was renamed), all probes, unless a name is there twice: then nothing tells which is meant.
fn candidates<'a>(entries: &'a [ProbeEntry], wanted: &Wanted) -> Vec<&'a ProbeEntry> {
    let processor = wanted.processor();
    let own: Vec<_> = entries.iter().filter(|entry| Some(entry.node.as_str()) == processor).collect();
    if !own.is_empty() {
        return own;
    }
    let twice = |entry: &&ProbeEntry| {
        let same = |other: &&ProbeEntry| {
            other.node != entry.node && other.stream.is_some() && other.stream == entry.stream
        };
        entries.iter().any(|other| same(&other))
    };
    entries.iter().filter(|entry| !twice(entry)).collect()
}

/// The entry whose stream it is; then the one a person called so; then the first whose name is a part of the stream's, as
/// probeinterface has it.
fn by_name<'a>(entries: &[&'a ProbeEntry], wanted: &Wanted) -> Option<&'a ProbeEntry> {
    let own = Some(probe_of(wanted.stream));
    let part = |name: &Option<String>| name.as_ref().is_some_and(|name| wanted.name.contains(name));
    let find = |right: &dyn Fn(&ProbeEntry) -> bool| entries.iter().copied().find(|entry| right(entry));
    find(&|entry| entry.stream.as_deref() == own)
        .or_else(|| find(&|entry| entry.custom.as_deref() == own))
        .or_else(|| find(&|entry| part(&entry.custom) || part(&entry.stream)))
}

/// GUI 0.5 numbers the streams of a processor: one for a 2.0, two (spikes, low band) for the others. The band is held against the
/// sample rate, so that a wrong count is found.
fn by_order<'a>(entries: &'a [ProbeEntry], wanted: &Wanted) -> Result<&'a ProbeEntry, String> {
    let last = wanted.name.rsplit(['#', '-']).next().unwrap_or_default();
    let (node, index) = last.split_once('.').unwrap_or_default();
    let streams = entries.iter().filter(|entry| entry.node == node).flat_map(|entry| {
        let bands: &[bool] = if entry.is_second_generation() { &[false] } else { &[false, true] };
        bands.iter().map(move |low| (entry, *low))
    });
    let found = index.parse().ok().and_then(|index: usize| streams.into_iter().nth(index));
    match found {
        Some((entry, low)) if low == (wanted.sample_rate < LOW_BAND) => Ok(entry),
        _ => Err("the stream's number does not tell which probe it is from".to_owned()),
    }
}

impl ProbeEntry {
    fn is_second_generation(&self) -> bool {
        self.part_number.as_deref().is_some_and(|part| part.starts_with("NP20") || part.starts_with("PRB2"))
    }

    /// The probe without its contacts.
    fn probe(&self) -> Probe {
        Probe {
            name: self.custom.clone().or_else(|| self.stream.clone()).unwrap_or_default(),
            serial_number: self.serial_number.clone(),
            part_number: self.part_number.clone(),
            model_name: String::new(),
            slot: self.slot.clone(),
            port: self.port.clone(),
            dock: self.dock.clone(),
            reference: self.reference.clone(),
            ap_gain: self.ap_gain.clone(),
            lfp_gain: self.lfp_gain.clone(),
            contacts: Vec::new(),
            contact_width: 0.0,
            contour: Vec::new(),
        }
    }
}

/// A Channel Map before the record node changes the order of the channels; their names (`CH17`) keep the probe's numbers.
fn reorder(mut probe: Probe, channels: &[&str]) -> Result<Probe, String> {
    let Some(numbers) = channels.iter().map(|name| number(name)).collect::<Option<Vec<u32>>>() else {
        return Ok(probe);
    };
    if numbers.is_sorted_by(|a, b| a < b) {
        return Ok(probe);
    }
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    let first = sorted[0];
    if first > 1 || !sorted.iter().copied().eq(first..first + sorted.len() as u32) {
        return Err("the channels are in another order than the probe's, and not all are there".to_owned());
    }
    probe.contacts = numbers.iter().map(|n| probe.contacts[(n - first) as usize].clone()).collect();
    Ok(probe)
}

fn number(name: &str) -> Option<u32> {
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().ok()
}
