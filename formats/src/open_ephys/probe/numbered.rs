use std::collections::BTreeSet;

use super::{Contact, Probe, kind::kind};

/// An electrode that a channel is connected to, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// Of the probe.
    pub(crate) channel: u32,
    /// On a probe with several shanks.
    pub(crate) shank: Option<u32>,
    /// Counted on its shank, from the tip.
    pub(crate) electrode: u32,
}

impl Numbered {
    /// `e17`, or `s2e17` on a probe with several shanks.
    pub(crate) fn id(&self) -> String {
        let electrode = self.electrode;
        self.shank.map_or_else(|| format!("e{electrode}"), |shank| format!("s{shank}e{electrode}"))
    }
}

/// Gives a probe its model, contacts and outline by the numbers of its electrodes. `None` if the catalogue does not have its part.
pub(crate) fn numbered(mut probe: Probe, electrodes: &[Numbered]) -> Result<Option<Probe>, String> {
    let part = probe.part_number.clone().unwrap_or_default();
    let Some(kind) = kind(Some(&part)) else { return Ok(None) };
    for numbered in electrodes {
        let Numbered { channel, shank, electrode } = *numbered;
        let wrong =
            |why: &str| format!("channel {channel} is connected to `{}`, but a {part} {why}", numbered.id());
        let count = kind.shanks;
        if shank.is_some() != (count > 1) || shank.unwrap_or(0) >= count {
            return Err(wrong(&format!("has {count} shank{}", if count == 1 { "" } else { "s" })));
        }
        let Some([x, y]) = kind.position(shank.unwrap_or(0), electrode) else {
            return Err(wrong(&format!("has {} electrodes on a shank", kind.electrodes())));
        };
        probe.contacts.push(Contact { id: numbered.id(), channel, x, y, shank });
    }
    once(&probe.contacts)?;
    probe.describe(Some(&kind));
    Ok(Some(probe))
}

/// The row of an electrode on its shank, counted from the tip, if the catalogue has the part.
pub(crate) fn row(part_number: &str, electrode: u32) -> Option<u32> {
    kind(Some(part_number)).map(|kind| electrode / kind.columns.max(1))
}

/// Two channels on one electrode would be one channel too many.
pub(crate) fn once(contacts: &[Contact]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    match contacts.iter().find(|contact| !seen.insert(contact.id.as_str())) {
        Some(contact) => Err(format!("two channels are connected to `{}`", contact.id)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn placed(part: &str, shank: Option<u32>, electrodes: &[u32]) -> Result<Option<Vec<[f64; 2]>>, String> {
        let probe = Probe { part_number: Some(part.to_owned()), ..Probe::default() };
        let each = |(channel, electrode): (u32, &u32)| Numbered { channel, shank, electrode: *electrode };
        let all: Vec<_> = (0..).zip(electrodes).map(each).collect();
        let placed = numbered(probe, &all)?;
        Ok(placed.map(|probe| probe.contacts.iter().map(|contact| [contact.x, contact.y]).collect()))
    }

    #[rstest]
    #[case::staggered("NP1000", None, &[0, 1, 2, 959], &[[16.0, 0.0], [48.0, 0.0], [0.0, 20.0], [32.0, 9580.0]])]
    #[case::straight("NP2003", None, &[0, 1, 2], &[[0.0, 0.0], [32.0, 0.0], [0.0, 15.0]])]
    #[case::third_shank("NP2013", Some(2), &[0, 3], &[[500.0, 0.0], [532.0, 15.0]])]
    #[case::eight_columns("NP1110", None, &[7, 8], &[[42.0, 0.0], [0.0, 6.0]])]
    fn electrodes_have_places(
        #[case] part: &str,
        #[case] shank: Option<u32>,
        #[case] electrodes: &[u32],
        #[case] expected: &[[f64; 2]],
    ) {
        assert_eq!(placed(part, shank, electrodes).unwrap().unwrap(), expected);
    }

    #[rstest]
    #[case::no_shank("NP2013", None, &[0], "has 4 shanks")]
    #[case::fifth_shank("NP2013", Some(4), &[0], "has 4 shanks")]
    #[case::a_shank("NP1000", Some(0), &[0], "has 1 shank")]
    #[case::too_high("NP1000", None, &[960], "has 960 electrodes")]
    #[case::twice("NP1000", None, &[5, 5], "two channels")]
    fn electrodes_that_are_not_there(
        #[case] part: &str,
        #[case] shank: Option<u32>,
        #[case] electrodes: &[u32],
        #[case] says: &str,
    ) {
        let why = placed(part, shank, electrodes).unwrap_err();
        assert!(why.contains(says), "{why}");
    }

    #[test]
    fn unknown_parts_have_no_places() {
        assert_eq!(placed("NP9999", None, &[0]), Ok(None));
    }
}
