//! The electrodes of a probe's channels.

use super::{
    imro::Imro,
    meta::{Meta, Table, entries, short},
};
use crate::open_ephys::{
    Contact, Probe,
    probe::{Numbered, numbered, once, row},
};

/// Micrometres that two sources may differ by.
const CLOSE: f64 = 0.6;
/// The edge of a contact of a part that the catalogue does not have.
const USUAL_WIDTH: f64 = 12.0;

/// What a `.meta` says of a probe: `channels` are those of the probe, one for each column of electrodes. Notes are for people.
///
/// `imroTbl` decides which electrode a channel is connected to, the catalogue where the electrode is; `snsGeomMap` must say the same.
pub(super) fn probe(
    meta: &Meta,
    imro: &Imro,
    channels: &[u32],
    name: &str,
    notes: &mut Vec<String>,
) -> Result<Probe, String> {
    let connected = |channel: &u32| {
        let row = imro.rows.get(channel).ok_or_else(|| format!("`imroTbl` has no channel {channel}"))?;
        Ok(Numbered { channel: *channel, shank: row.shank, electrode: row.electrode })
    };
    let electrodes = channels.iter().map(connected).collect::<Result<Vec<_>, String>>()?;
    let map = match meta.table("snsGeomMap").map(|table| GeomMap::parse(&table)) {
        Some(Ok(map)) if fits(map.sites.len(), channels.len(), "snsGeomMap", notes) => Some(map),
        Some(Err(why)) => {
            notes.push(format!("{why}; it is not used"));
            None
        }
        Some(Ok(_)) | None => None,
    };
    let described = described(meta, imro, name);
    let part = described.part_number.clone().unwrap_or_default();
    let Some(found) = numbered(described.clone(), &electrodes)? else {
        let map = map
            .ok_or_else(|| format!("the part number `{part}` is not known, and there is no `snsGeomMap`"))?;
        notes.push(format!(
            "the part number `{part}` is not known: the electrodes are where `snsGeomMap` says"
        ));
        return map.probe(described, &electrodes);
    };
    if let Some(map) = &map {
        map.compare(&found, &electrodes)?;
    }
    if let Some(table) = meta.table("snsShankMap") {
        shank_map(&table, &part, &electrodes, notes);
    }
    Ok(found)
}

/// A map has an entry for each saved channel of electrodes.
fn fits(count: usize, channels: usize, key: &str, notes: &mut Vec<String>) -> bool {
    if count != channels {
        let entries = entries(count);
        notes.push(format!("`{key}` has {entries} for {channels} electrode channels; it is not used"));
    }
    count == channels
}

/// The probe without its contacts.
fn described(meta: &Meta, imro: &Imro, name: &str) -> Probe {
    let text = |key: &str| meta.text(key).map(str::to_owned);
    let gain = |of: fn(&super::imro::Row) -> Option<u32>| {
        let mut gains = imro.rows.values().map(of);
        let first = gains.next()??;
        gains.all(|gain| gain == Some(first)).then(|| first.to_string())
    };
    Probe {
        name: name.to_owned(),
        serial_number: text("imDatPrb_sn").or_else(|| text("imProbeSN")).unwrap_or_default(),
        part_number: Some(part_number(meta, imro)),
        model_name: part_number(meta, imro),
        slot: text("imDatPrb_slot"),
        port: text("imDatPrb_port"),
        dock: text("imDatPrb_dock"),
        reference: text("imChan0Ref"),
        ap_gain: gain(|row| row.ap_gain).or_else(|| text("imChan0apGain")),
        lfp_gain: gain(|row| row.lf_gain),
        contact_width: USUAL_WIDTH,
        ..Probe::default()
    }
}

/// `imDatPrb_pn`; where it is missing, `imDatPrb_type`, then the type in `imroTbl`. Phase 3A has neither.
pub(super) fn part_number(meta: &Meta, imro: &Imro) -> String {
    // probeinterface reads these probes as an NP1010, which has the same electrodes.
    if imro.is_3a || meta.text("imProbeOpt").is_some() {
        return "NP1010".to_owned();
    }
    let kind = meta.text("imDatPrb_pn").or_else(|| meta.text("imDatPrb_type")).unwrap_or(&imro.kind);
    match kind {
        "0" => "NP1000".to_owned(),
        "21" => "NP2000".to_owned(),
        "24" => "NP2010".to_owned(),
        number if number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("NP{number}")
        }
        part => short(part),
    }
}

/// `~snsGeomMap`: where each saved electrode is on its shank.
struct GeomMap {
    shank_pitch: f64,
    sites: Vec<Site>,
}

#[derive(Clone, Copy)]
struct Site {
    shank: u32,
    x: f64,
    y: f64,
}

impl GeomMap {
    fn parse(table: &Table) -> Result<Self, String> {
        let wrong = |text: &str| format!("`snsGeomMap` has `({})`", short(text));
        let number = |text: Option<&str>| text?.trim().parse().ok().filter(|number: &f64| number.is_finite());
        let pitch = number(table.header.split(',').nth(2)).ok_or_else(|| wrong(table.header))?;
        let site = |row: &str| {
            let mut fields = row.split(':');
            let shank = fields.next()?.trim().parse().ok()?;
            Some(Site { shank, x: number(fields.next())?, y: number(fields.next())? })
        };
        let sites = table.rows.iter().map(|row| site(row).ok_or_else(|| wrong(row)));
        Ok(Self { shank_pitch: pitch, sites: sites.collect::<Result<_, _>>()? })
    }

    /// The probe, with its electrodes where the map says.
    fn probe(&self, mut probe: Probe, electrodes: &[Numbered]) -> Result<Probe, String> {
        for (site, numbered) in self.sites.iter().zip(electrodes) {
            let shank = numbered.shank.unwrap_or(0);
            if shank != site.shank {
                let (channel, other) = (numbered.channel, site.shank);
                return Err(format!(
                    "channel {channel} is on shank {shank} by `imroTbl` and on shank {other} by `snsGeomMap`"
                ));
            }
            let x = site.x + f64::from(shank) * self.shank_pitch;
            let (channel, shank) = (numbered.channel, numbered.shank);
            probe.contacts.push(Contact { id: numbered.id(), channel, x, y: site.y, shank });
        }
        once(&probe.contacts)?;
        Ok(probe)
    }

    /// Whether the map says the same as `imroTbl` and the catalogue. Its origin is another one.
    fn compare(&self, found: &Probe, electrodes: &[Numbered]) -> Result<(), String> {
        let placed = self.probe(Probe::default(), electrodes)?;
        let apart = |(ours, map): (&Contact, &Contact)| (ours.x - map.x, ours.y - map.y);
        let mut pairs = found.contacts.iter().zip(&placed.contacts);
        let Some(first) = pairs.clone().next().map(apart) else { return Ok(()) };
        let differs = |pair: &(&Contact, &Contact)| {
            let (x, y) = apart(*pair);
            (x - first.0).abs() > CLOSE || (y - first.1).abs() > CLOSE || y.abs() > CLOSE
        };
        match pairs.find(differs) {
            None => Ok(()),
            Some((ours, map)) => Err(format!(
                "channel {} is connected to `{}`, {} µm from the tip, by `imroTbl`; `snsGeomMap` says {} µm",
                ours.channel, ours.id, ours.y, map.y
            )),
        }
    }
}

/// `~snsShankMap`, before SpikeGLX 20230202: shank, column and row of each saved electrode. People could replace it by a file of their own, so
/// `imroTbl` decides.
fn shank_map(table: &Table, part: &str, electrodes: &[Numbered], notes: &mut Vec<String>) {
    if !fits(table.rows.len(), electrodes.len(), "snsShankMap", notes) {
        return;
    }
    for (numbered, text) in electrodes.iter().zip(&table.rows) {
        let fields: Vec<u32> = text.split(':').map_while(|field| field.trim().parse().ok()).collect();
        let ours = row(part, numbered.electrode).map(|row| (numbered.shank.unwrap_or(0), row));
        let map = fields.first().copied().zip(fields.get(2).copied());
        if let (Some((shank, row)), true) = (map, map != ours) {
            let (channel, id) = (numbered.channel, numbered.id());
            notes.push(format!(
                "channel {channel} is connected to `{id}` by `imroTbl`, but `snsShankMap` says shank {shank}, row {row}; \
                 `imroTbl` is used"
            ));
            return;
        }
    }
}
