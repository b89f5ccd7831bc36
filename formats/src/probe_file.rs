//! Probes as probeinterface describes them in a file: where electrodes are, and which channel each is wired to.
//!
//! `device_channel_indices` counts the channels of a stream as spikeinterface loads them: without SYNC lines, from 0.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Lists of a probe with an item for each contact.
const EACH: [&str; 8] = [
    "contact_positions",
    "contact_plane_axes",
    "contact_shapes",
    "contact_shape_params",
    "contact_ids",
    "shank_ids",
    "contact_sides",
    WIRING,
];
const WIRING: &str = "device_channel_indices";
const ANNOTATIONS: &str = "contact_annotations";
/// Contacts of all probes. Larger files are something else.
const MOST: usize = 100_000;

/// The probes of a file.
#[derive(Clone, Debug)]
pub struct ProbeFile {
    probes: Vec<One>,
}

#[derive(Clone, Debug)]
struct One {
    fields: Map<String, Value>,
    /// For each contact: where it is.
    positions: Vec<[f64; 2]>,
    /// For each contact: its shank.
    shanks: Vec<String>,
    /// For each contact: its channel, if it is wired to one.
    wiring: Vec<Option<usize>>,
}

/// The contacts of some channels, in the order of the channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Each as a dictionary of probeinterface.
    pub probes: Vec<Map<String, Value>>,
    /// x and y of each channel's contact, µm.
    pub positions: Vec<[f64; 2]>,
    /// Of each channel: which shank of which probe, counted from 0.
    pub groups: Vec<usize>,
}

impl ProbeFile {
    /// Reads the text of a file. The error says what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let file: Value = serde_json::from_slice(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let is_group = file.get("specification").and_then(Value::as_str) == Some("probeinterface");
        let probes = file.get("probes").and_then(Value::as_array);
        let Some(probes) = probes.filter(|probes| is_group && !probes.is_empty()) else {
            return Err("it is not a file of probeinterface with at least one probe".to_owned());
        };
        let probes = probes
            .iter()
            .enumerate()
            .map(|(at, probe)| One::parse(probe).map_err(|why| format!("probe {at}: {why}")));
        let probes = probes.collect::<Result<Vec<_>, _>>()?;
        let wired: Vec<usize> =
            probes.iter().flat_map(|probe| probe.wiring.iter().flatten().copied()).collect();
        if wired.is_empty() {
            return Err(format!("no contact is wired to a channel: `{WIRING}` is missing or -1 everywhere"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = wired.iter().find(|channel| !seen.insert(**channel)) {
            return Err(format!("`{WIRING}` names channel {twice} twice"));
        }
        if let Some((one, other)) = overlapping(&probes) {
            return Err(format!(
                "probes {one} and {other} overlap, which spikeinterface refuses: move one of them (`probe.move`)"
            ));
        }
        Ok(Self { probes })
    }

    /// How many contacts are wired to a channel.
    pub fn contacts(&self) -> usize {
        self.probes.iter().flat_map(|probe| &probe.wiring).flatten().count()
    }

    /// The contacts of these of `of` channels. Each must have one, and no contact may be wired to a channel that is not an electrode.
    pub fn place(&self, electrodes: &[usize], channels: &[usize], of: usize) -> Result<Placed, String> {
        let wired = || self.probes.iter().flat_map(|probe| probe.wiring.iter().flatten());
        let known: BTreeSet<_> = electrodes.iter().collect();
        if let Some(beyond) = wired().find(|channel| !known.contains(channel)) {
            let contacts = self.contacts();
            let why = if *beyond < of { "is not an electrode" } else { "does not exist" };
            return Err(format!(
                "`{WIRING}` names channel {beyond}, which {why}: {contacts} wired contacts for {} electrode channels of {of}",
                electrodes.len()
            ));
        }
        let rows: BTreeMap<usize, usize> = channels.iter().enumerate().map(|(row, at)| (*at, row)).collect();
        let mut placed = vec![None; channels.len()];
        let mut probes = Vec::new();
        for (number, probe) in self.probes.iter().enumerate() {
            let row =
                |contact: &usize| probe.wiring[*contact].and_then(|channel| rows.get(&channel).copied());
            let mut contacts: Vec<(usize, usize)> =
                (0..probe.wiring.len()).filter_map(|contact| Some((row(&contact)?, contact))).collect();
            contacts.sort_unstable();
            for (row, contact) in &contacts {
                placed[*row] = Some((probe.positions[*contact], (number, probe.shanks[*contact].clone())));
            }
            if !contacts.is_empty() {
                probes.push(probe.reordered(&contacts));
            }
        }
        if let Some(without) = placed.iter().position(Option::is_none) {
            return Err(format!(
                "channel {} has no contact: {} wired contacts for {} electrode channels",
                channels[without],
                self.contacts(),
                electrodes.len()
            ));
        }
        let (positions, shanks): (Vec<_>, Vec<_>) = placed.into_iter().flatten().unzip();
        let order: BTreeSet<_> = shanks.iter().cloned().collect();
        let group = |shank: &(usize, String)| order.iter().position(|known| known == shank).unwrap_or(0);
        Ok(Placed { probes, positions, groups: shanks.iter().map(group).collect() })
    }
}

impl One {
    fn parse(probe: &Value) -> Result<Self, String> {
        let fields = probe.as_object().ok_or("it is not an object")?.clone();
        if fields.get("ndim").is_some_and(|dimensions| dimensions.as_u64() != Some(2)) {
            return Err("its positions are not in a plane; write `probe.to_2d()` instead".to_owned());
        }
        if fields.get("si_units").is_some_and(|units| units.as_str() != Some("um")) {
            return Err("its positions are not in `um`".to_owned());
        }
        let listed = fields.get("contact_positions").and_then(Value::as_array);
        let listed = listed.filter(|list| !list.is_empty() && list.len() <= MOST);
        let positions = listed.ok_or("it has no `contact_positions`")?;
        let positions: Option<Vec<_>> = positions.iter().map(position).collect();
        let positions = positions.ok_or("`contact_positions` are not pairs of numbers")?;
        let count = positions.len();
        let each = EACH.into_iter().filter_map(|name| Some((name, fields.get(name)?)));
        let noted = fields.get(ANNOTATIONS).and_then(Value::as_object).into_iter().flatten();
        for (name, list) in each.chain(noted.map(|(name, list)| (name.as_str(), list))) {
            if !list.is_null() && list.as_array().is_none_or(|list| list.len() != count) {
                return Err(format!("`{name}` does not have an item for each of its {count} contacts"));
            }
        }
        let list = |name: &str| fields.get(name).and_then(Value::as_array);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let shanks = list("shank_ids")
            .map_or_else(|| vec![String::new(); count], |ids| ids.iter().map(text).collect());
        let wired = |value: &Value| match value.as_i64() {
            Some(channel) => Ok(usize::try_from(channel).ok()),
            None => Err(format!("`{WIRING}` holds `{value}`, which is not a whole number")),
        };
        let wiring =
            list(WIRING).map_or_else(|| Ok(vec![None; count]), |list| list.iter().map(wired).collect())?;
        Ok(Self { fields, positions, shanks, wiring })
    }

    /// With these contacts only, each for its channel.
    fn reordered(&self, contacts: &[(usize, usize)]) -> Map<String, Value> {
        let pick = |list: &Value| match list.as_array() {
            Some(list) => contacts.iter().map(|(_, contact)| list[*contact].clone()).collect(),
            None => list.clone(),
        };
        let mut fields = self.fields.clone();
        for name in EACH {
            if let Some(list) = fields.get_mut(name) {
                *list = pick(list);
            }
        }
        if let Some(Value::Object(noted)) = fields.get_mut(ANNOTATIONS) {
            noted.values_mut().for_each(|list| *list = pick(list));
        }
        fields.insert(WIRING.to_owned(), contacts.iter().map(|(row, _)| Value::from(*row)).collect());
        fields
    }
}

/// Two probes, one of which has a contact within the bounds of the other.
fn overlapping(probes: &[One]) -> Option<(usize, usize)> {
    let bounds = |probe: &One| {
        probe
            .positions
            .iter()
            .fold([f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY], |b, [x, y]| {
                [b[0].min(*x), b[1].max(*x), b[2].min(*y), b[3].max(*y)]
            })
    };
    let pairs = (0..probes.len()).flat_map(|one| (0..probes.len()).map(move |other| (one, other)));
    pairs.filter(|(one, other)| one != other).find(|(one, other)| {
        let [left, right, low, high] = bounds(&probes[*one]);
        let inside = |[x, y]: &[f64; 2]| left <= *x && *x <= right && low <= *y && *y <= high;
        probes[*other].positions.iter().any(inside)
    })
}

fn position(value: &Value) -> Option<[f64; 2]> {
    let both: Option<Vec<f64>> =
        value.as_array()?.iter().map(|number| number.as_f64().filter(|n| n.is_finite())).collect();
    both?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn probe(wiring: &[i64]) -> Value {
        let positions: Vec<_> = (0..wiring.len()).map(|n| json!([0.0, 20.0 * n as f64])).collect();
        let ids: Vec<_> = (0..wiring.len()).map(|n| format!("e{n}")).collect();
        json!({"ndim": 2, "si_units": "um", "annotations": {"name": "A4x8"}, "contact_positions": positions,
            "contact_ids": ids, "shank_ids": vec!["0"; wiring.len()], "device_channel_indices": wiring,
            "contact_annotations": {"area": ids}})
    }

    /// The same, one millimetre to the right.
    fn moved(wiring: &[i64]) -> Value {
        let mut probe = probe(wiring);
        for position in probe["contact_positions"].as_array_mut().unwrap() {
            position[0] = json!(1000.0);
        }
        probe
    }

    fn file(probes: &[Value]) -> String {
        json!({"specification": "probeinterface", "version": "0.3.1", "probes": probes}).to_string()
    }

    #[test]
    fn contacts_come_in_the_order_of_the_channels() {
        let file = ProbeFile::parse(file(&[probe(&[2, -1, 0, 1])]).as_bytes()).unwrap();
        let placed = file.place(&[0, 1, 2], &[0, 1, 2], 3).unwrap();
        assert_eq!(placed.positions, [[0.0, 40.0], [0.0, 60.0], [0.0, 0.0]]);
        let fields = &placed.probes[0];
        assert_eq!(fields["contact_ids"], json!(["e2", "e3", "e0"]));
        assert_eq!(fields["contact_annotations"]["area"], json!(["e2", "e3", "e0"]));
        assert_eq!(fields["device_channel_indices"], json!([0, 1, 2]));
    }

    #[test]
    fn chosen_channels_keep_their_contacts() {
        let file = ProbeFile::parse(file(&[probe(&[3, 2, 1, 0])]).as_bytes()).unwrap();
        let placed = file.place(&[0, 1, 2, 3], &[1, 3], 4).unwrap();
        assert_eq!(placed.positions, [[0.0, 40.0], [0.0, 0.0]]);
        assert_eq!(placed.probes[0]["device_channel_indices"], json!([0, 1]));
    }

    #[test]
    fn channels_of_several_probes_are_grouped_by_probe_and_shank() {
        let file = ProbeFile::parse(file(&[probe(&[0, 2]), moved(&[1, 3])]).as_bytes()).unwrap();
        let placed = file.place(&[0, 1, 2, 3], &[0, 1, 2, 3], 4).unwrap();
        assert_eq!((placed.groups, placed.probes.len()), (vec![0, 1, 0, 1], 2));
        assert_eq!(placed.probes[1]["device_channel_indices"], json!([1, 3]));
    }

    #[rstest]
    #[case::too_many(&[0, 1, 2], &[0, 1], 2, "names channel 2, which does not exist: 3 wired contacts for 2 electrode channels of 2")]
    #[case::an_input(&[0, 1, 2], &[0, 1], 3, "names channel 2, which is not an electrode")]
    #[case::too_few(&[0, 1], &[0, 1, 2], 3, "channel 2 has no contact: 2 wired contacts for 3 electrode channels")]
    fn a_probe_that_does_not_fit_is_refused(
        #[case] wiring: &[i64],
        #[case] electrodes: &[usize],
        #[case] of: usize,
        #[case] said: &str,
    ) {
        let file = ProbeFile::parse(file(&[probe(wiring)]).as_bytes()).unwrap();
        let why = file.place(electrodes, electrodes, of).unwrap_err();
        assert!(why.contains(said), "{why}");
    }

    #[rstest]
    #[case::no_json("{", "not JSON")]
    #[case::another_file("{\"probes\": []}", "not a file of probeinterface")]
    #[case::no_wiring(&file(&[json!({"contact_positions": [[0.0, 1.0]]})]), "no contact is wired")]
    #[case::all_loose(&file(&[probe(&[-1, -1])]), "no contact is wired")]
    #[case::twice(&file(&[probe(&[1, 1])]), "names channel 1 twice")]
    #[case::between_probes(&file(&[probe(&[0]), probe(&[0])]), "names channel 0 twice")]
    #[case::overlapping(&file(&[probe(&[0]), probe(&[1])]), "probes 0 and 1 overlap")]
    #[case::millimetres(&file(&[json!({"si_units": "mm", "contact_positions": [[0.0, 1.0]]})]), "not in `um`")]
    #[case::in_space(&file(&[json!({"ndim": 3, "contact_positions": [[0.0, 1.0, 2.0]]})]), "not in a plane")]
    #[case::no_numbers(&file(&[json!({"contact_positions": [["x", 1.0]]})]), "not pairs of numbers")]
    #[case::short(&file(&[json!({"contact_positions": [[0.0, 1.0]], "device_channel_indices": [0, 1]})]), "an item for each of its 1 contacts")]
    fn what_is_wrong_with_a_file_is_said(#[case] text: &str, #[case] said: &str) {
        let why = ProbeFile::parse(text.as_bytes()).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
}
