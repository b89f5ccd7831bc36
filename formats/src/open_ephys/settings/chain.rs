//! Which channels of a source reach a record node: Channel Maps change their order and leave some out, and each record node keeps those that a
//! person chose.

use super::{name::Wanted, node_id, xml::Element};

/// What of a signal chain matters, in its order.
#[derive(Debug)]
pub(super) struct Chain(Vec<Step>);

#[derive(Debug)]
enum Step {
    /// A Channel Map: name of a stream, and the channels that go on.
    Map(Vec<(String, Option<Vec<u32>>)>),
    Record(RecordNode),
}

#[derive(Debug)]
struct RecordNode {
    id: String,
    /// As GUI 0.6 writes it.
    states: Vec<Kept>,
    /// As GUI 1.0 writes it.
    parameters: Vec<Kept>,
}

/// What a record node keeps of a stream.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    stream: String,
    /// `nodeId` of the processor that the stream comes from, where the settings say it.
    source: Option<String>,
    choice: Choice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    All,
    /// A digit for each channel (`recording_state`).
    Digits(Vec<bool>),
    /// `channels` of GUI 1.0: the channels that are left out, counted from 0. `of` is how many the stream has.
    LeftOut {
        channels: Vec<u32>,
        of: Option<u32>,
    },
}

/// Channels of the source, in the order in which they are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The settings say nothing, or that all are.
    All,
    /// One of these, the likelier first.
    One(Vec<Vec<u32>>),
    /// The settings say several things.
    Unclear,
}

impl Chain {
    pub(super) fn of(chain: &Element) -> Self {
        let step = |processor: &Element| {
            let name = processor.get("name").unwrap_or_default().to_ascii_lowercase();
            if name.contains("channel map") {
                Some(Step::Map(maps(processor)))
            } else if name.contains("record node") {
                let (states, parameters) = (states(processor).collect(), parameters(processor).collect());
                Some(Step::Record(RecordNode { id: node_id(processor).to_owned(), states, parameters }))
            } else {
                None
            }
        };
        Self(chain.all("PROCESSOR").filter_map(step).collect())
    }

    fn nodes(&self) -> impl Iterator<Item = (&RecordNode, &[Step])> {
        let steps = self.0.iter().enumerate();
        steps.filter_map(|(place, step)| match step {
            Step::Record(node) => Some((node, &self.0[..place])),
            Step::Map(_) => None,
        })
    }
}

/// Which channels of a stream a record node writes. `readout`: channels of the probe; what lies beyond is the synchronisation line.
///
/// A record node that the settings know counts alone, whatever others keep. The folder of a node may have been renamed: then the only record node
/// of the settings counts.
pub(super) fn route(chains: &[Chain], wanted: &Wanted, readout: u32) -> Route {
    let id = trailing(wanted.node);
    let nodes = || chains.iter().flat_map(Chain::nodes);
    let mut all = nodes();
    let only = all.next().filter(|_| all.next().is_none());
    let Some((node, before)) = nodes().find(|(node, _)| node.id == id).or(only) else { return Route::All };
    let mut mapped: Option<Vec<u32>> = None;
    for step in before {
        let Step::Map(maps) = step else { continue };
        let mut own = maps.iter().filter(|(stream, _)| stream == wanted.stream).map(|(_, map)| map);
        let Some(map) = own.next() else { continue };
        if own.any(|other| other != map) {
            return Route::Unclear;
        }
        let Some(map) = map else { continue };
        mapped = Some(match mapped {
            Some(before) => map.iter().filter_map(|channel| before.get(*channel as usize).copied()).collect(),
            None => map.clone(),
        });
    }
    match choice(node, wanted) {
        Some(choice) => choice.route(mapped.as_deref(), readout),
        None => Route::Unclear,
    }
}

/// What the node keeps of the stream; `None`: it says several things.
fn choice(node: &RecordNode, wanted: &Wanted) -> Option<Choice> {
    let (newer, older) = (of_stream(&node.parameters, wanted)?, of_stream(&node.states, wanted)?);
    Some(if newer == Choice::All { older } else { newer })
}

/// Two systems may have streams of one name, and GUI 1.0 does not say which is meant.
fn of_stream(kept: &[Kept], wanted: &Wanted) -> Option<Choice> {
    let source = wanted.processor();
    let of_source = |kept: &Kept| match (&kept.source, source) {
        (Some(its), Some(wanted)) => its == wanted,
        _ => true,
    };
    let mut mine = kept.iter().filter(|kept| kept.stream == wanted.stream && of_source(kept));
    let Some(first) = mine.next() else { return Some(Choice::All) };
    mine.all(|other| other.choice == first.choice).then(|| first.choice.clone())
}

impl Choice {
    fn route(&self, mapped: Option<&[u32]>, readout: u32) -> Route {
        let total = |of: Option<u32>| match mapped {
            Some(mapped) => mapped.len() as u32,
            None => of.unwrap_or(0).clamp(readout, readout.saturating_add(1 << 10)),
        };
        let places: Vec<Vec<u32>> = match self {
            Self::All if mapped.is_none() => return Route::All,
            Self::All => vec![(0..total(None)).collect()],
            Self::Digits(digits) => {
                vec![(0..).zip(digits).filter(|(_, on)| **on).map(|(channel, _)| channel).collect()]
            }
            // Should a version have written those that are kept, the number of columns and their names tell.
            Self::LeftOut { channels, of } => {
                let kept = (0..total(*of)).filter(|channel| !channels.contains(channel)).collect();
                vec![kept, channels.clone()]
            }
        };
        let channel = |place: u32| match mapped {
            Some(mapped) => mapped.get(place as usize).copied(),
            None => Some(place),
        };
        let one =
            |places: Vec<u32>| places.into_iter().filter_map(channel).filter(|c| *c < readout).collect();
        Route::One(places.into_iter().map(one).collect())
    }
}

/// The maps of a Channel Map: its streams, and in `CUSTOM_PARAMETERS` as many lists of channels in the same order.
fn maps(processor: &Element) -> Vec<(String, Option<Vec<u32>>)> {
    let streams: Vec<_> = processor.all("STREAM").collect();
    let lists: Vec<_> =
        processor.all("CUSTOM_PARAMETERS").flat_map(|parameters| parameters.all("STREAM")).collect();
    if streams.len() != lists.len() {
        return Vec::new();
    }
    let one = |(stream, list): (&Element, &Element)| {
        let is_on =
            stream.child("PARAMETERS").and_then(|p| p.get("enable_stream")).is_none_or(|on| on != "0");
        let on = list.all("CH").filter(|channel| channel.get("enabled").is_none_or(|on| on != "0"));
        let map: Vec<u32> = on.filter_map(|channel| channel.get("index")?.parse().ok()).collect();
        (stream.get("name").unwrap_or_default().to_owned(), Some(map).filter(|map| is_on && !map.is_empty()))
    };
    streams.into_iter().zip(lists).map(one).collect()
}

/// `recording_state` of GUI 0.6.
fn states(node: &Element) -> impl Iterator<Item = Kept> {
    let one = |stream: &Element| {
        let state = stream.get("recording_state")?;
        let digits = !state.is_empty() && state.bytes().all(|digit| matches!(digit, b'0' | b'1'));
        let choice = if digits {
            Choice::Digits(state.bytes().map(|digit| digit == b'1').collect())
        } else {
            Choice::All
        };
        Some(Kept {
            stream: stream.get("name")?.to_owned(),
            source: stream.get("source_node_id").map(str::to_owned),
            choice,
        })
    };
    node.all("CUSTOM_PARAMETERS").flat_map(|parameters| parameters.all("STREAM")).filter_map(one)
}

/// `channels` of GUI 1.0.
fn parameters(node: &Element) -> impl Iterator<Item = Kept> {
    let one = |stream: &Element| {
        let text = stream.child("PARAMETERS")?.get("channels")?;
        let numbers = text.split(',').map(str::trim).filter(|number| !number.is_empty());
        let left_out: Option<Vec<u32>> =
            numbers.map(|number| number.parse::<u32>().ok()?.checked_sub(1)).collect();
        let of = stream.get("channel_count").and_then(|count| count.parse().ok());
        let choice = match left_out? {
            list if list.is_empty() => Choice::All,
            channels => Choice::LeftOut { channels, of },
        };
        Some(Kept {
            stream: stream.get("name")?.to_owned(),
            source: stream.get("source_node_id").map(str::to_owned),
            choice,
        })
    };
    node.all("STREAM").filter_map(one)
}

/// The number at the end of a name: `Record Node 101`, `Record_Node_101`.
pub(super) fn trailing(name: &str) -> &str {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    &name[letters.len()..]
}
