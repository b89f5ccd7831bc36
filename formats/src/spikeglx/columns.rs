//! What is on each column of a `.bin` file.

use super::{
    meta::{Meta, Table, entries, ranges, short},
    name::{Band, Device},
};
use crate::open_ephys::RATES;

/// Wider frames than any recorder writes.
const WIDEST: usize = 1 << 16;

/// What is on a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The spike band of an electrode.
    Ap,
    /// The low band of an electrode.
    Lf,
    /// A multiplexed input with neural signals.
    Neural,
    /// A multiplexed auxiliary input.
    Auxiliary,
    /// An analogue input.
    Input,
    /// A word of digital inputs.
    Digital,
    /// The status word of a probe or OneBox, with the synchronisation line.
    Sync,
}

/// The columns of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Columns {
    /// One for each column.
    pub(super) what: Vec<What>,
    /// One for each column.
    pub(super) names: Vec<String>,
    /// For each column of an electrode its channel on the probe; `None` where two sources say different things.
    pub(super) channels: Option<Vec<u32>>,
}

impl What {
    /// How SpikeGLX begins the names of such columns.
    fn prefix(self) -> &'static str {
        match self {
            Self::Ap => "AP",
            Self::Lf => "LF",
            Self::Neural => "MN",
            Self::Auxiliary => "MA",
            Self::Input => "XA",
            Self::Digital => "XD",
            Self::Sync => "SY",
        }
    }

    /// Whether it is a band of an electrode of a probe.
    pub(super) fn is_of_probe(self) -> bool {
        matches!(self, Self::Ap | Self::Lf)
    }
}

impl Columns {
    /// The columns of a device's file, as its `.meta` describes them. Notes are for people.
    pub(super) fn of(meta: &Meta, device: &Device, notes: &mut Vec<String>) -> Result<Self, String> {
        let (key, what) = kinds(meta, device)?;
        if what.is_empty() || what.len() > WIDEST {
            return Err(format!(
                "`{key}={}` counts {} channels",
                meta.text(key).unwrap_or_default(),
                what.len()
            ));
        }
        saved(meta, device, key, what.len(), notes)?;
        let map = meta.table("snsChanMap");
        let in_map = map.as_ref().and_then(|map| names(map, what.len(), notes));
        if let Some(names) = &in_map {
            same_kinds(key, &what, names)?;
        }
        let acquired = acquired(meta, map.as_ref())?;
        let listed = acquired.and_then(|acquired| listed(meta, acquired, &what, notes));
        let channels = agreed(listed, in_map.as_deref().and_then(|names| numbers(&what, names)), notes);
        let names = in_map.unwrap_or_else(|| made_up(&what, channels.as_deref()));
        Ok(Self { what, names, channels })
    }
}

/// The kind of each column: they are saved in the order of their kinds.
fn kinds(meta: &Meta, device: &Device) -> Result<(&'static str, Vec<What>), String> {
    let (word, key) = match device {
        Device::Imec(..) => ("imec", "snsApLfSy"),
        Device::Nidq => ("nidq", "snsMnMaXaDw"),
        Device::Obx(_) => ("obx", "snsXaDwSy"),
    };
    if let Some(this) = meta.text("typeThis").filter(|this| *this != word) {
        return Err(format!("its name is that of the stream `{device}`, but `typeThis={}`", short(this)));
    }
    let missing = || format!("it has no `{key}`, so what is on its columns is not known");
    let repeat =
        |kinds: &[(What, usize)]| kinds.iter().flat_map(|(what, n)| vec![*what; *n]).collect::<Vec<_>>();
    let what = match device {
        Device::Imec(_, band) => {
            let [ap, lf, sync] = meta.counts(key)?.ok_or_else(missing)?;
            let (own, other) = if *band == Band::Ap { (ap, lf) } else { (lf, ap) };
            if own == 0 && other > 0 {
                return Err(format!(
                    "its name is that of the stream `{device}`, but `{key}={ap},{lf},{sync}` is the other band"
                ));
            }
            repeat(&[(What::Ap, ap), (What::Lf, lf), (What::Sync, sync)])
        }
        Device::Nidq => {
            let [neural, auxiliary, inputs, words] = meta.counts(key)?.ok_or_else(missing)?;
            let kinds = [neural, auxiliary, inputs, words];
            let what = [What::Neural, What::Auxiliary, What::Input, What::Digital];
            repeat(&what.into_iter().zip(kinds).collect::<Vec<_>>())
        }
        Device::Obx(_) => {
            let [inputs, words, sync] = meta.counts(key)?.ok_or_else(missing)?;
            repeat(&[(What::Input, inputs), (What::Digital, words), (What::Sync, sync)])
        }
    };
    Ok((key, what))
}

/// The sample rate of a device's file, in Hz.
pub(super) fn rate(meta: &Meta, device: &Device) -> Result<f64, String> {
    let key = match device {
        Device::Imec(..) => "imSampRate",
        Device::Nidq => "niSampRate",
        Device::Obx(_) => "obSampRate",
    };
    let rate = meta.positive(key)?.ok_or_else(|| format!("it has no `{key}`"))?;
    if RATES.contains(&rate) { Ok(rate) } else { Err(format!("`{key}={rate:e}` is not a rate in Hz")) }
}

/// Whether all sources of the number of columns agree: the counts of the kinds, `nSavedChans`, and `fileSizeBytes` with `fileTimeSecs`.
fn saved(
    meta: &Meta,
    device: &Device,
    key: &str,
    count: usize,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let counted: Option<u64> = meta.number("nSavedChans")?;
    let (bytes, seconds) = (meta.number::<u64>("fileSizeBytes")?, meta.positive("fileTimeSecs")?);
    let measured = match (bytes, seconds) {
        (Some(bytes), Some(seconds)) if bytes > 0 => Some(bytes as f64 / 2.0 / rate(meta, device)? / seconds),
        _ => None,
    };
    let is_about = |columns: f64, count: f64| (columns / count - 1.0).abs() < 1e-4;
    let confirmed = measured.is_some_and(|measured| is_about(measured, count as f64));
    let sizes = |columns: f64| {
        format!("`fileSizeBytes` and `fileTimeSecs` are those of {columns} values in each frame")
    };
    match counted.filter(|counted| *counted != count as u64) {
        Some(counted) if confirmed => {
            notes.push(format!(
                "`nSavedChans={counted}`, but `{key}` counts {count} channels, and so do `fileSizeBytes` and `fileTimeSecs`"
            ));
            Ok(())
        }
        Some(counted) => {
            let tell = measured.map_or_else(
                || "no other source shows which is right".to_owned(),
                |columns| sizes(columns.round()),
            );
            Err(format!("`nSavedChans={counted}`, but `{key}` counts {count} channels; {tell}"))
        }
        None => match measured.filter(|_| !confirmed) {
            Some(columns) if columns >= 1.0 && is_about(columns, columns.round()) => {
                Err(format!("{count} channels are described, but {}", sizes(columns.round())))
            }
            Some(_) => {
                notes.push("`fileSizeBytes` is not that of `fileTimeSecs` at the sample rate".to_owned());
                Ok(())
            }
            None => Ok(()),
        },
    }
}

/// The names in `~snsChanMap`, which has an entry `AP0;0:97` for each saved channel.
fn names(map: &Table, count: usize, notes: &mut Vec<String>) -> Option<Vec<String>> {
    let names: Vec<_> =
        map.rows.iter().map(|row| row.split(';').next().unwrap_or_default().to_owned()).collect();
    if names.len() == count && names.iter().all(|name| !name.is_empty()) {
        return Some(names);
    }
    notes.push(format!("`snsChanMap` has {} for {count} channels; it is not used", entries(names.len())));
    None
}

/// Names that SpikeGLX gives to another kind of channel contradict the counts.
fn same_kinds(key: &str, what: &[What], names: &[String]) -> Result<(), String> {
    const KNOWN: [&str; 7] = ["AP", "LF", "MN", "MA", "XA", "XD", "SY"];
    let other = |(_, (what, name)): &(usize, (&What, &String))| {
        KNOWN.iter().any(|prefix| *prefix != what.prefix() && name.starts_with(prefix))
    };
    match what.iter().zip(names).enumerate().find(other) {
        None => Ok(()),
        Some((column, (what, name))) => Err(format!(
            "column {column} is one of {} by `{key}`, but `snsChanMap` calls it `{}`",
            what.prefix(),
            short(name)
        )),
    }
}

/// AP and LF channels that were acquired: `acqApLfSy`, which the header of `~snsChanMap` repeats.
fn acquired(meta: &Meta, map: Option<&Table>) -> Result<Option<[usize; 2]>, String> {
    if let Some([ap, lf, _]) = meta.counts::<3>("acqApLfSy")? {
        return Ok(Some([ap, lf]));
    }
    let Some(map) = map else { return Ok(None) };
    let counts: Vec<usize> = map.header.split(',').map_while(|count| count.trim().parse().ok()).collect();
    Ok(match counts.as_slice() {
        [ap, lf, _] if ap.max(lf) < &WIDEST => Some([*ap, *lf]),
        _ => None,
    })
}

/// The probe's channel of each electrode column, by `snsSaveChanSubset`, which numbers AP, LF and SY channels one after the other.
fn listed(meta: &Meta, [ap, lf]: [usize; 2], what: &[What], notes: &mut Vec<String>) -> Option<Vec<u32>> {
    let count = |wanted: What| what.iter().filter(|what| **what == wanted).count();
    let wanted = [(What::Ap, 0..ap as u32, ap), (What::Lf, ap as u32..(ap + lf) as u32, lf)];
    let subset = match meta.text("snsSaveChanSubset") {
        None | Some("all") => (0..(ap + lf) as u32).collect(),
        Some(text) => match ranges(text) {
            Ok(subset) => subset,
            Err(why) => {
                notes.push(format!("`snsSaveChanSubset`: {why}"));
                return None;
            }
        },
    };
    let mut channels = Vec::new();
    for (band, range, _) in wanted.into_iter().filter(|(band, ..)| count(*band) > 0) {
        let own: Vec<_> =
            subset.iter().filter(|channel| range.contains(channel)).map(|n| n - range.start).collect();
        if own.len() != count(band) {
            notes.push(format!(
                "`snsSaveChanSubset` lists {} channels of {}, but {} were saved",
                own.len(),
                band.prefix(),
                count(band)
            ));
            return None;
        }
        channels.extend(own);
    }
    Some(channels)
}

/// The probe's channel of each electrode column by its name: `AP17`.
fn numbers(what: &[What], names: &[String]) -> Option<Vec<u32>> {
    let electrodes = what.iter().zip(names).filter(|(what, _)| what.is_of_probe());
    electrodes.map(|(what, name)| name.strip_prefix(what.prefix())?.parse().ok()).collect()
}

fn agreed(listed: Option<Vec<u32>>, named: Option<Vec<u32>>, notes: &mut Vec<String>) -> Option<Vec<u32>> {
    match (listed, named) {
        (Some(listed), Some(named)) if listed != named => {
            let at = listed.iter().zip(&named).find(|(listed, named)| listed != named);
            let (listed, named) = at.unwrap_or((&0, &0));
            notes.push(format!(
                "`snsSaveChanSubset` says channel {listed} where `snsChanMap` says {named}: which channels of the probe were saved is not known"
            ));
            None
        }
        (listed, named) => listed.or(named),
    }
}

/// Names as SpikeGLX would give them.
fn made_up(what: &[What], channels: Option<&[u32]>) -> Vec<String> {
    let mut channels = channels.into_iter().flatten();
    let mut counts = std::collections::BTreeMap::<&str, u32>::new();
    let name = |what: &What| {
        let count = counts.entry(what.prefix()).or_default();
        let number = if what.is_of_probe() { channels.next().copied() } else { None };
        let name = format!("{}{}", what.prefix(), number.unwrap_or(*count));
        *count += 1;
        name
    };
    what.iter().map(name).collect()
}
