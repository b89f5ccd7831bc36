//! What a settings file says of a probe's electrodes, and the contacts that come of it.

use std::collections::BTreeSet;

use super::{
    Contact, fit,
    kind::{ProbeKind, kind},
};

/// Channels that one bank of a 1.0 connects, which are all it has.
const BANK: u32 = 384;

/// Where the settings say the electrode of a channel is, in µm.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Site {
    /// Readout channel of the probe, from 0.
    pub(in super::super) channel: u32,
    pub(in super::super) x: f64,
    pub(in super::super) y: f64,
    pub(in super::super) shank: Option<u32>,
    pub(in super::super) bank: Option<u32>,
}

/// What the settings say of a probe's electrodes, in the order of the channels.
#[derive(Clone, Debug)]
pub(in super::super) enum Layout {
    /// Their positions. `is_shifted`: y is too large by the pitch of the shanks before (GUI before 0.6).
    Sites { sites: Vec<Site>, is_shifted: bool },
    /// Channel and electrode, which is counted over all shanks.
    Electrodes(Vec<(u32, u32)>),
}

/// The contacts of a probe's channels, in the order of the channels.
#[derive(Clone, Debug)]
pub(in super::super) struct Placed {
    pub(in super::super) contacts: Vec<Contact>,
    /// Shank and electrode of each contact; empty where they are not known.
    pub(in super::super) electrodes: Vec<(u32, u32)>,
    pub(in super::super) kind: Option<ProbeKind>,
    /// What a person should know about them.
    pub(in super::super) note: Option<String>,
}

impl Layout {
    pub(in super::super) fn placed(&self, part_number: Option<&str>) -> Result<Placed, String> {
        let part = part_number.unwrap_or_default();
        match (self, kind(part_number)) {
            (Self::Electrodes(chosen), Some(kind)) => {
                let (channels, electrodes): (Vec<_>, Vec<_>) =
                    chosen.iter().map(|(channel, index)| (*channel, kind.on_shank(*index))).unzip();
                known(kind, &channels, electrodes, None)
            }
            (Self::Electrodes(_), None) => {
                Err(format!("the part number `{part}` is not known, and the settings name no positions"))
            }
            (Self::Sites { sites, .. }, None) => {
                let why = format!("the part number `{part}` is not known");
                from_file(sites, &why)
            }
            (Self::Sites { sites, is_shifted }, Some(kind)) => {
                let channels: Vec<_> = sites.iter().map(|site| site.channel).collect();
                if let Some(electrodes) = fit::electrodes(&kind, sites, *is_shifted) {
                    return known(kind, &channels, electrodes, None);
                }
                if let Some((electrodes, axis)) = by_wiring(&kind, sites) {
                    let note = format!(
                        "their {axis} in the settings is not that of a `{part}`; the positions are those of the part, by bank and channel"
                    );
                    return known(kind, &channels, electrodes, Some(note));
                }
                if *is_shifted && kind.shanks > 1 && sites.iter().any(|site| site.shank.is_none()) {
                    return Err("it has several shanks and the settings do not name them".to_owned());
                }
                from_file(sites, &format!("the positions in the settings are not those of a `{part}`"))
            }
        }
    }
}

/// Contacts whose electrodes are known.
fn known(
    kind: ProbeKind,
    channels: &[u32],
    electrodes: Vec<(u32, u32)>,
    note: Option<String>,
) -> Result<Placed, String> {
    let mut contacts = Vec::with_capacity(channels.len());
    for (channel, (shank, electrode)) in channels.iter().zip(&electrodes) {
        let contact = contact(&kind, *channel, *shank, *electrode);
        contacts
            .push(contact.ok_or_else(|| {
                format!("a `{}` has no electrode {electrode} on shank {shank}", kind.model)
            })?);
    }
    if electrodes.iter().collect::<BTreeSet<_>>().len() < electrodes.len() {
        return Err(format!("two channels are on one electrode, if it is a `{}`", kind.model));
    }
    Ok(Placed { contacts, electrodes, kind: Some(kind), note })
}

/// A contact of a known probe; `None`: it has no such electrode.
pub(in super::super) fn contact(
    kind: &ProbeKind,
    channel: u32,
    shank: u32,
    electrode: u32,
) -> Option<Contact> {
    let [x, y] = kind.position(shank, electrode)?;
    let id = kind.id(shank, electrode);
    Some(Contact { id, channel, x, y, shank: (kind.shanks > 1).then_some(shank) })
}

/// The electrodes by the wiring of the probe, where plugins wrote one coordinate of another probe, and which coordinate it is: the other one must
/// be right. A 1.0 with two columns connects bank by bank; a probe with as many electrodes as channels connects them in order.
fn by_wiring(kind: &ProbeKind, sites: &[Site]) -> Option<(Vec<(u32, u32)>, &'static str)> {
    if kind.shanks > 1 || !kind.has_two_bands {
        return None;
    }
    let is_fixed = kind.electrodes() == BANK;
    if kind.columns != 2 && !is_fixed {
        return None;
    }
    let electrode = |site: &Site| {
        let bank = if is_fixed { 0 } else { site.bank? };
        bank.checked_mul(BANK)?.checked_add(site.channel)
    };
    let electrodes: Vec<_> = sites.iter().map(electrode).collect::<Option<_>>()?;
    let places: Vec<_> = electrodes.iter().map(|one| kind.position(0, *one)).collect::<Option<_>>()?;
    let is_constant = |axis: usize, of: &dyn Fn(&Site) -> f64| {
        let apart = sites.iter().zip(&places).map(|(site, place)| of(site) - place[axis]);
        let (least, most) = apart.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        most - least < 0.5
    };
    let wrong = match (is_constant(0, &|site| site.x), is_constant(1, &|site| site.y)) {
        (false, true) => "x",
        (true, false) => "y",
        _ => return None,
    };
    Some((electrodes.into_iter().map(|electrode| (0, electrode)).collect(), wrong))
}

/// Contacts with known positions and nothing else.
fn from_file(sites: &[Site], why: &str) -> Result<Placed, String> {
    let left = sites.iter().map(|site| site.x).fold(f64::INFINITY, f64::min);
    let places: BTreeSet<_> =
        sites.iter().map(|site| (site.x.to_bits(), site.y.to_bits(), site.shank)).collect();
    if places.len() < sites.len() {
        return Err(format!("{why}, and two channels are at one position"));
    }
    let contact = |site: &Site| {
        let id = format!("c{}", site.channel);
        Contact { id, channel: site.channel, x: site.x - left, y: site.y, shank: site.shank }
    };
    let note = format!(
        "{why}; its electrodes have the positions of the settings file, and contact IDs `c0`, `c1` … after their channels"
    );
    Ok(Placed {
        contacts: sites.iter().map(contact).collect(),
        electrodes: Vec::new(),
        kind: None,
        note: Some(note),
    })
}
