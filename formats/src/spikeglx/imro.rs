//! `~imroTbl`: which electrode each channel of a probe is connected to, and its gains. The table lists all acquired channels.
//!
//! | probes | header | row |
//! |---|---|---|
//! | phase 3A | serial number, option, channels | channel, bank, reference, AP gain, LF gain |
//! | 1.0 and its kin | type, channels | channel, bank, reference, AP gain, LF gain, filter |
//! | NP1110 | type, columns, reference, AP gain, LF gain, filter | group, bank A, bank B |
//! | 2.0, one shank; 3.0, one shank | type, channels | channel, banks, reference, electrode |
//! | 2.0, four shanks; 3.0, four shanks | type, channels | channel, shank, bank, reference, electrode |

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::meta::{Table, short};

/// Channels that probes of the first generation have in a bank.
const BANK: u32 = 384;

/// The table of a probe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Imro {
    /// The first field of the header: a type (`24`), a part number (`NP2020`), of phase 3A a serial number.
    pub(super) kind: String,
    /// By channel of the probe.
    pub(super) rows: BTreeMap<u32, Row>,
    /// Whether gains are set for each channel: 1.0 and its kin.
    pub(super) has_gains: bool,
    /// Whether it is one of phase 3A.
    pub(super) is_3a: bool,
}

/// One channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    /// On a probe with several shanks.
    pub(super) shank: Option<u32>,
    /// Counted on its shank, from the tip.
    pub(super) electrode: u32,
    /// Of the spike band, where the table has it.
    pub(super) ap_gain: Option<u32>,
    /// Of the low band, where the table has it.
    pub(super) lf_gain: Option<u32>,
}

impl Imro {
    pub(super) fn parse(table: &Table) -> Result<Self, String> {
        let header: Vec<&str> = table.header.split(',').map(str::trim).collect();
        let rows = table.rows.iter().map(|row| numbers(row)).collect::<Result<Vec<_>, _>>()?;
        let width = rows.first().map_or(0, Vec::len);
        if let Some(at) = rows.iter().position(|row| row.len() != width) {
            return Err(format!("`imroTbl` has rows of {width} fields and `({})`", short(table.rows[at])));
        }
        let kind = (*header.first().unwrap_or(&"")).to_owned();
        let found = match (header.len(), width) {
            (6, 3) => groups(&header, &rows)?,
            (2, 4..=6) | (3, 5) => channels(header.len() == 3, &rows)?,
            _ => return Err(format!("`imroTbl` is of an unknown kind: `({})`", short(table.header))),
        };
        let counted = header.last().and_then(|count| count.parse::<usize>().ok());
        if header.len() != 6 && counted != Some(found.len()) {
            return Err(format!(
                "`imroTbl` has {} rows for different channels, its header `({})` counts otherwise",
                found.len(),
                short(table.header)
            ));
        }
        let has_gains = found.values().all(|row| row.ap_gain.is_some());
        Ok(Self { kind, rows: found, has_gains, is_3a: header.len() == 3 })
    }
}

fn numbers(row: &str) -> Result<Vec<u32>, String> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number < 1 << 20);
    row.split_whitespace()
        .map(number)
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`imroTbl` has the row `({})`", short(row)))
}

/// Rows that each tell of one channel.
fn channels(is_3a: bool, rows: &[Vec<u32>]) -> Result<BTreeMap<u32, Row>, String> {
    let in_bank = |channel: u32, bank: u32| bank * BANK + channel;
    // Some probes of phase 3A have 276 channels, in banks of their own.
    if is_3a && rows.len() != BANK as usize {
        return Err(format!("a probe of phase 3A with {} channels is not known", rows.len()));
    }
    let mut found = BTreeMap::new();
    for row in rows {
        let (shank, electrode, gains) = match *row.as_slice() {
            [channel, bank, _, ap, lf] if is_3a => (None, in_bank(channel, bank), Some((ap, lf))),
            [channel, bank, _, ap, lf, _] => (None, in_bank(channel, bank), Some((ap, lf))),
            [_, _, _, electrode] => (None, electrode, None),
            [_, shank, _, _, electrode] => (Some(shank), electrode, None),
            _ => return Err("`imroTbl` has rows of several kinds".to_owned()),
        };
        let (ap_gain, lf_gain) = gains.unzip();
        if found.insert(row[0], Row { shank, electrode, ap_gain, lf_gain }).is_some() {
            return Err(format!("`imroTbl` has channel {} twice", row[0]));
        }
    }
    Ok(found)
}

/// The NP1110 connects its channels in 24 groups of 16. Each group has two banks; the header says which columns of the shank the channels
/// are to be in, and so which of the two banks each channel takes.
fn groups(header: &[&str], rows: &[Vec<u32>]) -> Result<BTreeMap<u32, Row>, String> {
    let field = |at: usize| {
        header[at].parse::<u32>().map_err(|_| format!("`imroTbl` has the header field `{}`", header[at]))
    };
    let (wanted, ap_gain, lf_gain) = (field(1)?, field(3)?, field(4)?);
    let banks: BTreeMap<u32, (u32, u32)> = rows.iter().map(|row| (row[0], (row[1], row[2]))).collect();
    let whole: RangeInclusive<u32> = 0..=23;
    if rows.len() != 24 || !banks.keys().copied().eq(whole) || banks.values().any(|(a, b)| *a.max(b) > 15) {
        return Err("`imroTbl` of an NP1110 must have 24 groups with banks 0 to 15".to_owned());
    }
    let electrode = |channel: u32| {
        let (a, b) = banks[&group(channel)];
        let outer = matches!(column(channel, a), 0 | 2 | 5 | 7);
        // Inner columns are wanted with 0, outer ones with 1, all with 2.
        let bank = if wanted > 1 || outer == (wanted == 1) { a } else { b };
        8 * line(channel, bank) + column(channel, bank)
    };
    let row = |channel| {
        let gains = (Some(ap_gain), Some(lf_gain));
        (channel, Row { shank: None, electrode: electrode(channel), ap_gain: gains.0, lf_gain: gains.1 })
    };
    Ok((0..BANK).map(row).collect())
}

/// The group of a channel of an NP1110: even and odd channels of each 32.
fn group(channel: u32) -> u32 {
    channel / 32 * 2 + channel % 2
}

/// The column of an NP1110 that a channel is in, of 8.
fn column(channel: u32, bank: u32) -> u32 {
    // Pairs of columns by group; odd banks exchange them.
    const PAIRS: [[u32; 4]; 2] = [[0, 3, 1, 2], [1, 2, 0, 3]];
    let pair = PAIRS[(bank % 2) as usize][(group(channel) % 4) as usize];
    // Every four banks the two columns of a pair change places; odd channels have them the other way round.
    let second = (channel / 2 + bank / 4 + channel) % 2;
    2 * pair + second
}

/// The row of an NP1110 that a channel is in, of 768.
fn line(channel: u32, bank: u32) -> u32 {
    let inside = channel % 32 / 4;
    let inside = if channel.is_multiple_of(2) { inside } else { 7 - inside };
    48 * bank + 8 * (group(channel) / 4) + inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn parsed(text: &str) -> Result<Imro, String> {
        let meta = super::super::meta::Meta::parse(format!("~imroTbl={text}").as_bytes());
        Imro::parse(&meta.table("imroTbl").expect("a table"))
    }

    fn rows(count: u32, row: impl Fn(u32) -> String) -> String {
        (0..count).map(|channel| format!("({})", row(channel))).collect::<Vec<_>>().concat()
    }

    #[rstest]
    #[case::first_generation(format!("(0,384){}", rows(384, |n| format!("{n} 1 0 500 250 1"))), (None, 391, Some(500), Some(250)))]
    #[case::phase_3a(format!("(6412,3,384){}", rows(384, |n| format!("{n} 2 0 1000 125"))), (None, 775, Some(1000), Some(125)))]
    #[case::one_shank(format!("(21,3){}", rows(9, |n| format!("{n} 1 0 {}", n + 30)).replace("(0 1 0 30)(1 1 0 31)(2 1 0 32)(3 1 0 33)(4 1 0 34)(5 1 0 35)", "")), (None, 37, None, None))]
    #[case::four_shanks(format!("(NP2020,8){}", rows(8, |n| format!("{n} 3 0 0 {}", n + 288))), (Some(3), 295, None, None))]
    fn rows_by_kind(#[case] text: String, #[case] expected: (Option<u32>, u32, Option<u32>, Option<u32>)) {
        let row = parsed(&text).unwrap().rows[&7];
        assert_eq!((row.shank, row.electrode, row.ap_gain, row.lf_gain), expected);
    }

    /// Figures of `~snsGeomMap` of recordings of such probes: row and column of the first channels.
    #[rstest]
    #[case::first_bank(2, |_| (0, 0), [(0, 0), (7, 7), (0, 1), (7, 6)])]
    #[case::fourth_bank(2, |group| ([5, 7, 4, 6][group as usize % 4], 0), [(240, 3), (343, 4), (240, 2), (343, 5)])]
    #[case::inner_columns(0, |group| ([9, 11, 8, 10][group as usize % 4], [13, 15, 12, 14][group as usize % 4]), [(624, 3), (727, 4), (432, 3), (535, 4)])]
    fn groups_of_an_np1110(
        #[case] columns: u32,
        #[case] banks: fn(u32) -> (u32, u32),
        #[case] expected: [(u32, u32); 4],
    ) {
        let row = |group| {
            let (a, b) = banks(group);
            format!("{group} {a} {b}")
        };
        let imro = parsed(&format!("(1110,{columns},0,500,250,1){}", rows(24, row))).unwrap();
        let found = [0, 1, 2, 3].map(|channel| imro.rows[&channel].electrode).map(|e| (e / 8, e % 8));
        assert_eq!((imro.rows.len(), found), (384, expected));
        assert_eq!(imro.rows[&0].ap_gain, Some(500));
    }

    #[rstest]
    #[case::too_few("(0,2)(0 0 0 500 250 1)", "counts otherwise")]
    #[case::twice("(0,2)(0 0 0 500 250 1)(0 1 0 500 250 1)", "channel 0 twice")]
    #[case::uneven("(0,2)(0 0 0 500 250 1)(1 0 0 500)", "rows of 6 fields")]
    #[case::letters("(0,1)(a 0 0 500 250 1)", "has the row")]
    #[case::huge("(0,1)(4294967295 4294967295 0 500 250 1)", "has the row")]
    #[case::unknown("(0)(0 0)", "unknown kind")]
    #[case::few_groups("(1110,2,0,500,250,1)(0 0 0)(1 0 0)", "24 groups")]
    #[case::option_4("(5131,4,276)(0 0 0 500 250)", "phase 3A")]
    fn other_tables_are_named(#[case] text: &str, #[case] says: &str) {
        let why = parsed(text).unwrap_err();
        assert!(why.contains(says), "{why}");
    }
}
