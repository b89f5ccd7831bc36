use std::collections::{BTreeMap, BTreeSet};

use super::{
    Contact, Probe,
    kind::{electrodes, kind},
};

/// Where the settings say an electrode is, in µm.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Site {
    pub(in super::super) x: f64,
    pub(in super::super) y: f64,
    pub(in super::super) shank: Option<u32>,
}

/// Outline of one shank, before it is moved by (-11, -11). The GUI's reader in probeinterface has this one for every kind.
const OUTLINE: [[f64; 2]; 5] = [[0.0, 10000.0], [0.0, 0.0], [35.0, -175.0], [70.0, 0.0], [70.0, 10000.0]];

/// Gives a probe its model, contacts and outline, by its part number. `shifted`: y is too large by the pitch of the shanks before
/// (GUI before 0.6).
pub(in super::super) fn contacts(mut probe: Probe, sites: &[Site], shifted: bool) -> Result<Probe, String> {
    let part = probe.part_number.as_deref();
    let Some(kind) = kind(part) else {
        return Err(format!("the part number `{}` is not known", part.unwrap_or_default()));
    };
    let x_shift = kind.x_shift.unwrap_or_else(|| -leftmost(sites, kind.shank_pitch));
    for (channel, site) in sites.iter().enumerate() {
        let shank = f64::from(site.shank.unwrap_or(0));
        let x = site.x + x_shift;
        let y = if shifted { site.y - kind.shank_pitch * shank } else { site.y };
        let row = y / kind.y_pitch;
        let stagger = (row + 1.0).rem_euclid(2.0) * kind.stagger;
        let several = kind.shanks > 1;
        if several && site.shank.is_none() {
            return Err("it has several shanks and its channels name none".to_owned());
        }
        let left = stagger + if several { kind.shank_pitch * shank } else { 0.0 };
        // Towards zero, as Python's `int` does.
        // A probe with one column has no pitch.
        let column = if kind.x_pitch > 0.0 { (x - left) / kind.x_pitch } else { 0.0 };
        let electrode = (column + kind.columns * y / kind.y_pitch).trunc() as i64;
        let id = match site.shank {
            Some(shank) if several => format!("s{shank}e{electrode}"),
            _ => format!("e{electrode}"),
        };
        probe.contacts.push(Contact { id, channel, x, y, shank: site.shank });
    }
    let ids: BTreeSet<_> = probe.contacts.iter().map(|contact| contact.id.as_str()).collect();
    if ids.len() < probe.contacts.len() {
        return Err(format!("two channels are on one electrode, if it is a `{}`", kind.model));
    }
    kind.model.clone_into(&mut probe.model_name);
    probe.contact_width = kind.width;
    let shanks = if sites.iter().any(|site| site.shank.is_some()) { kind.shanks } else { 1 };
    probe.contour = (0..shanks).flat_map(|shank| outline(f64::from(shank) * kind.shank_pitch)).collect();
    Ok(probe)
}

/// x of the first column, as probeinterface 0.4.2 finds it: the leftmost contact in use, less the shanks to the left of the first one in use.
fn leftmost(sites: &[Site], shank_pitch: f64) -> f64 {
    let x = sites.iter().map(|site| site.x).fold(f64::INFINITY, f64::min);
    let shank = sites.iter().filter_map(|site| site.shank).min().unwrap_or(0);
    x - f64::from(shank) * shank_pitch
}

/// Orders a probe's contacts by electrodes: one for each channel of the stream, counted over all shanks, as `structure.oebin` numbers them.
pub(in super::super) fn by_electrode(mut probe: Probe, wanted: &[u32]) -> Result<Probe, String> {
    let each = electrodes(probe.part_number.as_deref())
        .ok_or_else(|| "how many electrodes a shank has is not known".to_owned())?;
    let several = kind(probe.part_number.as_deref()).is_some_and(|kind| kind.shanks > 1);
    let id = |electrode: u32| {
        if several { format!("s{}e{}", electrode / each, electrode % each) } else { format!("e{electrode}") }
    };
    let known: BTreeMap<_, _> = probe.contacts.iter().map(|contact| (contact.id.as_str(), contact)).collect();
    let find = |electrode: &u32| {
        let contact = known.get(id(*electrode).as_str()).copied().cloned();
        contact.ok_or_else(|| {
            format!(
                "`structure.oebin` names electrode {electrode}, which the probe does not use by the settings"
            )
        })
    };
    let contacts: Vec<Contact> = wanted.iter().map(find).collect::<Result<_, _>>()?;
    if wanted.iter().collect::<BTreeSet<_>>().len() < wanted.len() {
        return Err("`structure.oebin` names one electrode for two channels".to_owned());
    }
    probe.contacts = contacts;
    Ok(probe)
}

/// The outline of one shank.
pub(super) fn outline(left: f64) -> impl Iterator<Item = [f64; 2]> {
    OUTLINE.into_iter().map(move |[x, y]| [x + left - 11.0, y - 11.0])
}
