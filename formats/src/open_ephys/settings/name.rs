//! Which probe of the settings a stream was recorded from.

use super::{
    super::probe::{Contact, Layout, Placed, Probe, kind},
    Settings,
    chain::route,
    columns::{channels, numbers},
    entry::{ProbeEntry, Source, probe_of},
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

/// The probe of a stream.
#[derive(Clone, Debug)]
pub(in super::super) struct Matched {
    pub(in super::super) probe: Probe,
    /// What a person should know about its electrodes.
    pub(in super::super) notes: Vec<String>,
}

/// The bands of a Neuropixels 1.0 are 30 kHz and 2.5 kHz.
const LOW_BAND: f64 = 10_000.0;

impl Wanted<'_> {
    /// `nodeId` of the processor that a stream comes from, which the GUI writes into its folder's name (`Neuropix-PXI-100.ProbeB-AP`).
    pub(in super::super) fn processor(&self) -> Option<&str> {
        let folder = self.name.rsplit('#').next().unwrap_or_default();
        // The stream's own name comes last and may hold dots and hyphens.
        let source = folder.strip_suffix(self.stream).and_then(|source| source.strip_suffix('.'));
        let source = source.or_else(|| folder.split_once('.').map(|(source, _)| source))?;
        let id = source.rsplit_once('-').map_or(source, |(_, id)| id);
        (!id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit())).then_some(id)
    }

    /// What `structure.oebin` alone says of the electrodes, if it says it of all.
    fn layout(&self) -> Option<Layout> {
        let electrodes = self.electrodes.as_ref()?;
        let numbers = numbers(&self.channels).unwrap_or_else(|| (0..electrodes.len() as u32).collect());
        // Names count from 0 or from 1.
        let base = u32::from(!numbers.contains(&0));
        let channels = numbers.into_iter().map(|number| number - base);
        Some(Layout::Electrodes(channels.zip(electrodes.iter().copied()).collect()))
    }
}

impl Settings {
    /// The probe a stream was recorded from, with the contacts of its channels, or why there is none. docs/decisions/012 has the order in which
    /// sources count.
    pub(in super::super) fn probe(&self, wanted: &Wanted) -> Result<Matched, String> {
        let entry = self.entry(wanted)?;
        let part = entry.part_number.as_deref();
        let (placed, lacking) = match &entry.layout {
            Ok(layout) => (layout.placed(part)?, None),
            Err(why) => {
                let layout = wanted.layout().filter(|_| part.is_some()).ok_or_else(|| why.clone())?;
                (layout.placed(part)?, Some(format!("{why}; the electrodes are those of `structure.oebin`")))
            }
        };
        let (contacts, note) = self.contacts(&placed, wanted)?;
        let mut probe = entry.probe();
        probe.describe(placed.kind.as_ref());
        probe.contacts = contacts;
        Ok(Matched { probe, notes: lacking.into_iter().chain(placed.note).chain(note).collect() })
    }

    /// Which contact each channel has: by the electrodes that `structure.oebin` names; where it names none (or they mean nothing, as the part is
    /// not known), by what the settings let through to the record node and the numbers in the channels' names.
    fn contacts(&self, placed: &Placed, wanted: &Wanted) -> Result<(Vec<Contact>, Option<String>), String> {
        if let (Some(electrodes), Some(_)) = (&wanted.electrodes, placed.kind) {
            return placed.by_electrode(electrodes, numbers(&wanted.channels).as_deref());
        }
        let known: Vec<_> = placed.contacts.iter().map(|contact| contact.channel).collect();
        let readout = known.last().map_or(0, |last| last + 1).max(wanted.channels.len() as u32);
        let channels = channels(&known, &wanted.channels, &route(&self.chains, wanted, readout))?;
        placed.by_channel(&channels)
    }

    /// The entry of the processor that the stream comes from: two systems of one rig may call their probes alike. Where the settings know no such
    /// processor (a folder was renamed), the only entry that fits.
    fn entry(&self, wanted: &Wanted) -> Result<&ProbeEntry, String> {
        if self.sources.is_empty() {
            return Err("no processor of Neuropixels probes is in the signal chain".to_owned());
        }
        let processor = wanted.processor();
        let mut own = self.sources.iter().filter(|source| Some(source.node.as_str()) == processor);
        if let (Some(source), None) = (own.next(), own.next()) {
            return source.find(wanted);
        }
        let named = self.sources.iter().filter_map(|source| source.by_name(wanted).transpose());
        let mut named = named.collect::<Result<Vec<_>, _>>()?.into_iter();
        match (named.next(), named.next()) {
            (Some(entry), None) => Ok(entry),
            (None, _) => Err(no_match()),
            (Some(_), Some(_)) => Err("several systems have a probe of this name".to_owned()),
        }
    }
}

fn no_match() -> String {
    "no probe of the settings matches the stream's name".to_owned()
}

impl Source {
    /// By name; else by the number of the stream; else the only probe there is.
    fn find(&self, wanted: &Wanted) -> Result<&ProbeEntry, String> {
        if let Some(entry) = self.by_name(wanted)? {
            return Ok(entry);
        }
        if self.streams.is_empty() {
            let index = wanted.stream.rsplit('.').next().unwrap_or_default().parse().ok();
            return self
                .by_order(index, wanted)
                .ok_or_else(|| "the stream's number does not say which probe it comes from".to_owned());
        }
        if let [only] = self.probes.as_slice() {
            return Ok(only);
        }
        let is_number = |name: &String| !name.is_empty() && name.bytes().all(|digit| digit.is_ascii_digit());
        let place = self.streams.iter().position(|name| name == wanted.stream);
        let are_numbers = self.streams.iter().all(is_number) && self.streams.len() == self.bands().count();
        let place = place.filter(|_| are_numbers);
        place.and_then(|place| self.by_order(Some(place), wanted)).ok_or_else(no_match)
    }

    /// The entry whose stream it is; then the one that a person called so; then the one whose name is a part of the stream's; then the one whose
    /// serial number is. Two that fit alike are an error.
    fn by_name(&self, wanted: &Wanted) -> Result<Option<&ProbeEntry>, String> {
        let own = probe_of(wanted.stream);
        let names = self.probes.iter().flat_map(|entry| [&entry.custom, &entry.stream]).flatten();
        let held: Vec<&String> = names.filter(|name| holds(own, name)).collect();
        // `left 2 filtered` contains both `left` and `left 2`: the longer name is meant.
        let is_meant = |name: &String| {
            held.contains(&name) && held.iter().all(|other| *other == name || !other.contains(name.as_str()))
        };
        let rules: [&dyn Fn(&ProbeEntry) -> bool; 4] = [
            &|entry| entry.stream.as_deref() == Some(own),
            &|entry| entry.custom.as_deref() == Some(own),
            &|entry| [&entry.custom, &entry.stream].into_iter().flatten().any(is_meant),
            &|entry| entry.serial_number.len() > 4 && holds(own, &entry.serial_number),
        ];
        for rule in rules {
            let mut fitting = self.probes.iter().filter(|entry| rule(entry));
            match (fitting.next(), fitting.next()) {
                (None, _) => {}
                (Some(entry), None) => return Ok(Some(entry)),
                (Some(_), Some(_)) => return Err("several probes match the stream's name".to_owned()),
            }
        }
        Ok(None)
    }

    /// The probe of a stream that has a number. The band is compared with the sample rate, so that a wrong count is found.
    fn by_order(&self, index: Option<usize>, wanted: &Wanted) -> Option<&ProbeEntry> {
        let (entry, low) = self.bands().nth(index?)?;
        (low == (wanted.sample_rate < LOW_BAND)).then_some(entry)
    }

    /// The streams of all probes, and whether each is a low band: a 2.0 has one, others have two.
    fn bands(&self) -> impl Iterator<Item = (&ProbeEntry, bool)> {
        self.probes.iter().flat_map(|entry| {
            let two = kind(entry.part_number.as_deref()).is_none_or(|kind| kind.has_two_bands);
            let bands: &[bool] = if two { &[false, true] } else { &[false] };
            bands.iter().map(move |low| (entry, *low))
        })
    }
}

/// Whether a name is a part of a text, as a word of its own.
fn holds(text: &str, name: &str) -> bool {
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    let mut places = text.match_indices(name);
    !name.is_empty()
        && places.any(|(place, _)| {
            is_edge(text[..place].chars().next_back()) && is_edge(text[place + name.len()..].chars().next())
        })
}

impl ProbeEntry {
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
