use std::collections::BTreeSet;

use super::{Contact, Probe, kind::kind};

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
    for (channel, site) in sites.iter().enumerate() {
        let shank = f64::from(site.shank.unwrap_or(0));
        let x = site.x + kind.x_shift;
        let y = if shifted { site.y - kind.shank_pitch * shank } else { site.y };
        let row = y / kind.y_pitch;
        let stagger = (row + 1.0).rem_euclid(2.0) * kind.stagger;
        let several = kind.shanks > 1;
        if several && site.shank.is_none() {
            return Err("it has several shanks and its channels name none".to_owned());
        }
        let left = stagger + if several { kind.shank_pitch * shank } else { 0.0 };
        // Towards zero, as Python's `int` does.
        let electrode = ((x - left) / kind.x_pitch + kind.columns * y / kind.y_pitch).trunc() as i64;
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

fn outline(left: f64) -> impl Iterator<Item = [f64; 2]> {
    OUTLINE.into_iter().map(move |[x, y]| [x + left - 11.0, y - 11.0])
}
