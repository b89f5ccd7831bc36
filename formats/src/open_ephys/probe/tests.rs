use super::{Layout, Placed, Site, kind};
use rstest::rstest;

/// Sites of `channels` channels: a column, row and shank each, as the GUI writes them.
fn sites(part: &str, left: f64, places: impl Iterator<Item = (u32, u32, u32)>, is_named: bool) -> Vec<Site> {
    let kind = kind(Some(part)).unwrap();
    let site = |(channel, (column, row, shank)): (u32, (u32, u32, u32))| Site {
        channel,
        x: left
            + f64::from(column) * kind.x_pitch
            + kind.staggered(row)
            + f64::from(shank) * kind.shank_pitch,
        y: f64::from(row) * kind.y_pitch,
        shank: is_named.then_some(shank),
        bank: Some(0),
    };
    (0..).zip(places).map(site).collect()
}

fn placed(part: &str, sites: Vec<Site>) -> Result<Placed, String> {
    Layout::Sites { sites, is_shifted: false }.placed(Some(part))
}

fn ids(placed: &Placed) -> Vec<&str> {
    placed.contacts.iter().map(|contact| contact.id.as_str()).collect()
}

/// Columns and rows in the order of the channels.
fn grid(columns: std::ops::Range<u32>, rows: u32, shank: u32) -> impl Iterator<Item = (u32, u32, u32)> {
    (0..rows).flat_map(move |row| columns.clone().map(move |column| (column, row, shank)))
}

#[rstest]
#[case::np1("NP1000", 11.0, 0..2, &["e0", "e1", "e2", "e3"])]
#[case::np2_as_it_was("NP2004", 8.0, 0..2, &["e0", "e1", "e2", "e3"])]
#[case::np2_of_gui_1("NP2004", 27.0, 0..2, &["e0", "e1", "e2", "e3"])]
#[case::right_column("NP2004", 8.0, 1..2, &["e1", "e3"])]
#[case::right_column_of_gui_1("NP2004", 27.0, 1..2, &["e1", "e3"])]
#[case::left_column("NP2004", 27.0, 0..1, &["e0", "e2"])]
#[case::right_column_of_a_1("NP1000", 11.0, 1..2, &["e1", "e3"])]
#[case::another_edge("NP2004", 3.5, 0..2, &["e0", "e1", "e2", "e3"])]
#[case::long("NP1032", 11.0, 0..2, &["e0", "e1", "e2", "e3"])]
#[case::ultra("NP1100", 12.0, 5..8, &["e5", "e6", "e7", "e13", "e14", "e15"])]
#[case::one_column("NP1121", 6.0, 0..1, &["e0", "e1"])]
fn positions_tell_electrodes(
    #[case] part: &str,
    #[case] left: f64,
    #[case] columns: std::ops::Range<u32>,
    #[case] expected: &[&str],
) {
    let placed = placed(part, sites(part, left, grid(columns, 2, 0), false)).unwrap();
    assert_eq!((ids(&placed).as_slice(), &placed.note), (expected, &None));
}

#[rstest]
#[case::named(true)]
#[case::told_by_x(false)]
fn shanks_are_told_apart(#[case] is_named: bool) {
    let places = grid(0..2, 1, 1).chain(grid(1..2, 2, 3));
    let placed = placed("NP2014", sites("NP2014", 27.0, places, is_named)).unwrap();
    assert_eq!(ids(&placed), ["s1e0", "s1e1", "s3e1", "s3e3"]);
    let last = &placed.contacts[3];
    assert_eq!((last.x, last.y, last.shank), (782.0, 15.0, Some(3)));
}

#[rstest]
#[case::part_is_not_known("NP9999", "the part number `NP9999` is not known")]
#[case::part_is_another("NP2004", "the positions in the settings are not those of a `NP2004`")]
fn other_positions_are_those_of_the_file(#[case] part: &str, #[case] why: &str) {
    let odd = (0..4).map(|n| Site {
        channel: n + 2,
        x: 100.0 + 7.0 * f64::from(n),
        y: 13.0 * f64::from(n),
        shank: None,
        bank: None,
    });
    let placed = placed(part, odd.collect()).unwrap();
    assert_eq!(ids(&placed), ["c2", "c3", "c4", "c5"]);
    assert_eq!((placed.contacts[3].x, placed.contacts[3].y), (21.0, 39.0));
    assert!(placed.note.unwrap().contains(why));
    assert!(placed.kind.is_none());
}

/// Early plugins wrote x of a 1.0 for every long probe, and y of an Ultra too large.
#[rstest]
#[case::x_of_another("NP1030", 1.0, "x", 383, [87.0, 3820.0], "e383")]
#[case::x_of_another("NP1021", 1.0, "x", 382, [0.0, 3820.0], "e382")]
#[case::y_too_large("NP1100", 8.0, "y", 383, [42.0, 282.0], "e383")]
fn a_wrong_coordinate_is_told_by_the_wiring(
    #[case] part: &str,
    #[case] factor: f64,
    #[case] axis: &str,
    #[case] channel: usize,
    #[case] expected: [f64; 2],
    #[case] id: &str,
) {
    let written = if axis == "x" { "NP1000" } else { part };
    let columns = kind(Some(part)).unwrap().columns;
    let mut sites = sites(written, 11.0, grid(0..columns, 384 / columns, 0), false);
    for site in &mut sites {
        site.y *= factor;
    }
    let placed = placed(part, sites).unwrap();
    let contact = &placed.contacts[channel];
    assert_eq!(([contact.x, contact.y], contact.id.as_str()), (expected, id));
    assert!(placed.note.unwrap().starts_with(&format!("their {axis} in the settings is not")));
}

#[rstest]
#[case::four_shanks("NP2014", &[(0, 0), (1, 1280), (5, 3841)], Ok(vec!["s0e0", "s1e0", "s3e1"]))]
#[case::single("NP2004", &[(0, 384)], Ok(vec!["e384"]))]
#[case::beyond("NP2004", &[(0, 1280)], Err("has no electrode"))]
#[case::twice("NP2004", &[(0, 7), (1, 7)], Err("on one electrode"))]
#[case::unknown("NP9999", &[(0, 7)], Err("name no positions"))]
fn numbered_electrodes_have_places(
    #[case] part: &str,
    #[case] chosen: &[(u32, u32)],
    #[case] expected: Result<Vec<&str>, &str>,
) {
    match (Layout::Electrodes(chosen.to_vec()).placed(Some(part)), expected) {
        (Ok(placed), Ok(expected)) => assert_eq!(ids(&placed), expected),
        (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
        (found, _) => panic!("{found:?}"),
    }
}

fn with_gaps(gaps: &[u32], offset: u32) -> Placed {
    let chosen = (0..32).filter(|channel| !gaps.contains(channel));
    Layout::Electrodes(chosen.map(|channel| (channel, channel + offset)).collect())
        .placed(Some("NP2004"))
        .unwrap()
}

#[rstest]
#[case::none(&[], 0, None)]
#[case::one(&[17], 0, Some("CH17 (e17)"))]
#[case::two_of_another_bank(&[3, 30], 384, Some("CH3 (e387), CH30 (e414)"))]
fn channels_that_the_settings_lack_are_filled_in(
    #[case] gaps: &[u32],
    #[case] offset: u32,
    #[case] told: Option<&str>,
) {
    let channels: Vec<_> = (0..32).collect();
    let (contacts, note) = with_gaps(gaps, offset).by_channel(&channels).unwrap();
    let expected: Vec<_> = (0..32).map(|channel| format!("e{}", channel + offset)).collect();
    assert!(contacts.iter().map(|contact| contact.id.as_str()).eq(expected.iter().map(String::as_str)));
    match (note, told) {
        (None, None) => {}
        (Some(note), Some(told)) => assert!(note.contains(told), "{note}"),
        (note, _) => panic!("{note:?}"),
    }
}

#[test]
fn what_shows_no_rule_is_not_filled_in() {
    let channels: Vec<_> = (0..32).collect();
    let mixed: Vec<_> = (0..31).map(|channel| (channel, channel + 400 * (channel % 2))).collect();
    let mixed = Layout::Electrodes(mixed).placed(Some("NP2004")).unwrap();
    assert!(mixed.by_channel(&channels).unwrap_err().contains("lack CH31"));
    let half: Vec<_> = (0..16).collect();
    assert!(with_gaps(&half, 0).by_channel(&channels).unwrap_err().contains("lack CH0, CH1"));
}

/// Column by column: electrode, and the number in the name.
#[rstest]
#[case::filled(&[17], &[(0, 0), (17, 17), (1, 1)], Ok(vec!["e0", "e17", "e1"]))]
#[case::named_from_one(&[17], &[(0, 1), (17, 18), (1, 2)], Ok(vec!["e0", "e17", "e1"]))]
#[case::a_channel_that_has_another(&[], &[(0, 0), (400, 17), (1, 1)], Err("electrode 400"))]
#[case::names_of_other_channels(&[17], &[(0, 5), (17, 17), (1, 1)], Err("electrode 17"))]
fn electrodes_that_the_settings_lack(
    #[case] gaps: &[u32],
    #[case] columns: &[(u32, u32)],
    #[case] expected: Result<Vec<&str>, &str>,
) {
    let (electrodes, numbers): (Vec<_>, Vec<_>) = columns.iter().copied().unzip();
    match (with_gaps(gaps, 0).by_electrode(&electrodes, Some(&numbers)), expected) {
        (Ok((contacts, _)), Ok(expected)) => {
            assert!(contacts.iter().map(|contact| contact.id.as_str()).eq(expected.iter().copied()));
        }
        (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
        (found, _) => panic!("{found:?}"),
    }
}
