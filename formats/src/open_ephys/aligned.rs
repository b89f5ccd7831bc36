//! What says that the seconds of a stream share a clock with those of other streams.

use std::collections::BTreeMap;

use adt_model::Aligned;
use camino::Utf8PathBuf;

use super::{
    Segment, Stream,
    settings::{self, xml::Element},
    tree::Tree,
};

/// The file that alignment after the recording leaves behind (aind-ephys-rig-qc).
pub(super) const ADJUSTED: &str = "TIMESTAMPS_ADJUSTED.flag";

/// Files that alignment after the recording leaves behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adjusted {
    /// `TIMESTAMPS_ADJUSTED.flag` in the stream's folder or in one above it.
    pub flag: bool,
    /// `original_timestamps.npy`: the seconds before the alignment.
    pub original: bool,
    /// `localsync_timestamps.npy`: the seconds after a first alignment, to the main stream.
    pub local: bool,
}

impl Adjusted {
    pub(super) fn of(tree: &Tree, folder: &str) -> Self {
        let mut above: Vec<_> = folder.match_indices('/').map(|(end, _)| &folder[..end]).collect();
        above.extend(["", folder]);
        let flag = |folder: &&str| {
            let key = if folder.is_empty() { ADJUSTED.to_owned() } else { format!("{folder}/{ADJUSTED}") };
            tree.file(&key).is_some()
        };
        let beside = |name: &str| tree.file(&format!("{folder}/{name}")).is_some();
        Self {
            flag: above.iter().any(flag),
            original: beside("original_timestamps.npy"),
            local: beside("localsync_timestamps.npy"),
        }
    }

    /// Whether the seconds were aligned after the recording.
    pub fn is_adjusted(self) -> bool {
        self.flag || self.original
    }
}

/// The `SYNC_STATUS` of all record nodes; each settings file is read once.
#[derive(Debug, Default)]
pub(super) struct SyncStates {
    read: BTreeMap<Utf8PathBuf, Vec<SyncState>>,
}

#[derive(Debug)]
struct SyncState {
    /// `nodeId` of the record node.
    node: String,
    /// The stream: the number of its processor, and its name.
    key: String,
    status: String,
}

impl SyncStates {
    /// The state of a stream when the settings were written; `None` where they do not say it, as before GUI 1.1.
    pub(super) fn of(&mut self, stream: &Stream) -> Option<String> {
        let read = || {
            let text = settings::text(&stream.settings).ok()?;
            Element::parse(&text).ok().map(|root| states(&root))
        };
        let states = self.read.entry(stream.settings.clone()).or_insert_with(|| read().unwrap_or_default());
        let node = stream.node.rsplit(' ').next().unwrap_or_default();
        let known = states.iter().any(|state| state.node == node);
        let only = states.iter().all(|state| state.node == states[0].node);
        // The folder of a node may have been renamed: then the only record node of the settings counts.
        let of_node = |state: &&SyncState| if known { state.node == node } else { only };
        let found = states.iter().filter(of_node).find(|state| is_key_of(&state.key, stream));
        found.map(|state| state.status.clone())
    }
}

fn states(root: &Element) -> Vec<SyncState> {
    let processors = root.all("SIGNALCHAIN").flat_map(|chain| chain.all("PROCESSOR"));
    let nodes = processors.filter(|p| p.get("name").is_some_and(|name| name.contains("Record Node")));
    let of_node = |node: &Element| {
        let id = node.get("nodeId").or_else(|| node.get("NodeId")).unwrap_or_default().to_owned();
        let one = |state: &Element| {
            Some(SyncState {
                node: id.clone(),
                key: state.get("streamKey")?.to_owned(),
                status: state.get("status")?.to_owned(),
            })
        };
        let parameters = node.all("CUSTOM_PARAMETERS");
        parameters.flat_map(|p| p.all("SYNC_STATUS")).filter_map(one).collect::<Vec<_>>()
    };
    nodes.flat_map(of_node).collect()
}

/// A key is the number of the processor and the name of the stream, with something between them.
fn is_key_of(key: &str, stream: &Stream) -> bool {
    let Some(rest) = key.strip_suffix(stream.own_name.as_str()) else { return false };
    let ends = rest.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    let numbers = |text: &str| -> Vec<String> {
        let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
        runs.map(str::to_owned).collect()
    };
    let last = stream.name.rsplit('#').next().unwrap_or_default();
    let source = last.strip_suffix(stream.own_name.as_str()).unwrap_or(last);
    let processor = numbers(source).pop();
    let known = numbers(rest);
    ends && !stream.own_name.is_empty()
        && (known.is_empty() || processor.is_none_or(|number| known.contains(&number)))
}

impl Stream {
    /// Why the seconds of a recording of this stream do not count as aligned; `None` where they do.
    pub fn not_aligned(&self, segment: &Segment, wanted: Aligned) -> Option<String> {
        let enough: &[&str] = match wanted {
            Aligned::Any => return None,
            Aligned::Harp => &["HARP_SYNCED"],
            Aligned::Main => &["HARP_SYNCED", "HARDWARE_SYNCED", "SYNCED_TO_MAIN"],
        };
        if segment.seconds.is_none() {
            return Some("it has no seconds".to_owned());
        }
        if segment.adjusted.is_adjusted() {
            return None;
        }
        match &self.sync_status {
            Some(status) if enough.contains(&status.as_str()) => None,
            Some(status) => Some(format!("its `SYNC_STATUS` in `{}` is `{status}`", self.settings)),
            None => Some(format!(
                "there is no `{ADJUSTED}`, no `original_timestamps.npy` and no `SYNC_STATUS` of it in `{}`",
                self.settings
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn stream(own_name: &str, name: &str) -> Stream {
        Stream {
            name: name.to_owned(),
            node: "Record Node 101".to_owned(),
            experiment: "experiment1".to_owned(),
            acquisition: String::new(),
            source: String::new(),
            own_name: own_name.to_owned(),
            sample_rate: 30_000.0,
            channels: Vec::new(),
            segments: Vec::new(),
            settings: Utf8PathBuf::new(),
            sync_status: None,
            probe: None,
        }
    }

    #[rstest]
    #[case::number_and_name("100|ProbeA", true)]
    #[case::name_alone("ProbeA", true)]
    #[case::with_the_processor("Neuropix-PXI 100.ProbeA", true)]
    #[case::another_processor("102|ProbeA", false)]
    #[case::another_stream("100|ProbeB", false)]
    #[case::a_longer_name("100|BigProbeA", false)]
    #[case::nothing("", false)]
    fn keys_name_their_streams(#[case] key: &str, #[case] same: bool) {
        let stream = stream("ProbeA", "Record Node 101#Neuropix-PXI-100.ProbeA");
        assert_eq!(is_key_of(key, &stream), same);
    }
}
