//! The analogue-to-digital converters of a probe: their range, and when within a sample period they convert each channel.

use std::{collections::BTreeMap, sync::LazyLock};

/// Every part that probeinterface knows; `scripts/probe-converters` writes both tables.
const PARTS: &str = include_str!("converters.tsv");
const TABLES: &str = include_str!("multiplexers.tsv");

/// The converters of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Converter {
    pub(super) bits: u32,
    /// Peak to peak, volts.
    pub(super) range: f64,
    pub(super) ap_hz: f64,
    /// 0 where there is no low band.
    pub(super) lf_hz: f64,
    /// Where the part has one gain only.
    pub(super) ap_gain: Option<f64>,
    pub(super) lf_gain: Option<f64>,
    pub(super) channels: usize,
    pub(super) multiplexer: &'static Multiplexer,
}

/// Which channel is converted when, and by which converter.
#[derive(Debug)]
pub(super) struct Multiplexer {
    pub(super) converters: u32,
    /// Channels of each converter.
    pub(super) steps: u32,
    /// By channel.
    turns: Vec<Turn>,
}

/// When a channel is converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) converter: u32,
    /// Its place in the converter's round.
    pub(super) order: u32,
}

impl Multiplexer {
    /// Of a channel; `None` for one that the part does not have.
    pub(super) fn turn(&self, channel: u32) -> Option<Turn> {
        self.turns.get(channel as usize).copied()
    }
}

static CONVERTERS: LazyLock<BTreeMap<&str, Converter>> =
    LazyLock::new(|| PARTS.lines().skip(1).filter_map(part).collect());

static MULTIPLEXERS: LazyLock<BTreeMap<&str, Multiplexer>> =
    LazyLock::new(|| TABLES.lines().skip(1).filter_map(table).collect());

/// The converters of a part number; a probe without one is a 1.0 (older plugins knew no other).
pub(super) fn converter(part_number: Option<&str>) -> Option<Converter> {
    CONVERTERS.get(part_number.unwrap_or("NP1000")).copied()
}

fn part(line: &'static str) -> Option<(&'static str, Converter)> {
    let cells: Vec<_> = line.split('\t').collect();
    let [part, multiplexer, bits, range, ap_hz, lf_hz, ap_gains, lf_gains, channels] = cells.as_slice()
    else {
        return None;
    };
    let lf_hz: f64 = lf_hz.parse().ok()?;
    let converter = Converter {
        bits: bits.parse().ok()?,
        range: range.parse().ok()?,
        ap_hz: ap_hz.parse().ok()?,
        lf_hz,
        // A list is not one number.
        ap_gain: ap_gains.parse().ok(),
        lf_gain: lf_gains.parse().ok().filter(|_| lf_hz > 0.0),
        channels: channels.parse().ok()?,
        multiplexer: MULTIPLEXERS.get(multiplexer)?,
    };
    Some((part, converter))
}

/// `(converters,steps)`, then for each step the channels that the converters work on, in the converters' order. A number that is there more
/// than once fills steps in which a converter rests.
fn table(line: &'static str) -> Option<(&'static str, Multiplexer)> {
    let (name, table) = line.split_once('\t')?;
    let mut groups = table.trim_matches(['(', ')']).split(")(");
    let (converters, steps) = groups.next()?.split_once(',')?;
    let (converters, steps) = (converters.parse().ok()?, steps.parse().ok()?);
    let row = |group: &str| group.split(' ').map(str::parse).collect::<Result<Vec<usize>, _>>().ok();
    let rows: Vec<_> = groups.map(row).collect::<Option<_>>()?;
    let mut times = BTreeMap::new();
    rows.iter().flatten().for_each(|channel| *times.entry(*channel).or_insert(0) += 1);
    let channels = times.values().filter(|times| **times == 1).count();
    let mut turns = vec![Turn::default(); channels];
    for converter in 0..converters {
        let its = rows.iter().filter_map(|row| row.get(converter as usize));
        for (order, channel) in (0..).zip(its.filter(|channel| **channel < channels)) {
            turns[*channel] = Turn { converter, order };
        }
    }
    Some((name, Multiplexer { converters, steps, turns }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        assert_eq!(CONVERTERS.len(), PARTS.lines().count() - 1);
        assert_eq!(MULTIPLEXERS.len(), TABLES.lines().count() - 1);
        for (name, Multiplexer { converters, steps, turns }) in MULTIPLEXERS.iter() {
            assert!(turns.iter().all(|turn| turn.converter < *converters && turn.order < *steps), "{name}");
            let distinct: std::collections::BTreeSet<_> =
                turns.iter().map(|turn| (turn.converter, turn.order)).collect();
            assert_eq!(distinct.len(), turns.len(), "{name}");
        }
    }

    #[test]
    fn channels_are_converted_in_turns() {
        let turn = |part, channel| {
            let turn = converter(Some(part)).unwrap().multiplexer.turn(channel);
            turn.map(|turn| (turn.converter, turn.order))
        };
        assert_eq!(turn("NP1010", 25), Some((3, 0)));
        assert_eq!(turn("NP2014", 25), Some((1, 12)));
        assert_eq!(turn("NP1200", 11), Some((1, 0)));
        assert_eq!(turn("NP1200", 128), None);
        assert!(converter(Some("NP9999")).is_none());
    }
}
