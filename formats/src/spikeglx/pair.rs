//! A `.bin` file and its `.meta`: one stream of one trigger.

use adt_model::{Class, Fault};

use super::{
    columns::{Columns, What, rate},
    gains::gains,
    imro::Imro,
    meta::{LONGEST, Meta, short},
    name::Name,
    probe::probe,
};
use crate::{
    SteadyFile,
    folder::Entry,
    open_ephys::{Adjusted, Channel, ChannelKind, Ends, Probe, Segment, Units},
};

/// What a pair of files holds.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) name: Name,
    /// Key of the folder it is in.
    pub(super) folder: String,
    pub(super) rate: f64,
    pub(super) channels: Vec<Channel>,
    pub(super) segment: Segment,
    pub(super) probe: Option<Probe>,
    /// The `.meta`.
    pub(super) meta: Entry,
    /// `20230815`; empty when it is not said.
    pub(super) version: String,
}

/// Reads a `.meta`; `None` if another program wrote it.
pub(super) fn meta(entry: &Entry) -> Result<Option<Meta>, Fault> {
    if entry.size > LONGEST {
        let what =
            format!("`{}` is not read: {} bytes are too many for a description", entry.path, entry.size);
        return Err(Fault::new(Class::Corrupt, what));
    }
    let file = SteadyFile::open(&entry.path, entry.size, entry.modified)?;
    let mut bytes = vec![0; entry.size as usize];
    file.read_at(0, &mut bytes)?;
    file.finish()?;
    Ok(Some(Meta::parse(&bytes)).filter(Meta::is_of_spikeglx))
}

impl Pair {
    /// What hinders reading the samples is the fault; what is odd is noted.
    pub(super) fn of(
        bin: &Entry,
        entry: &Entry,
        meta: &Meta,
        notes: &mut Vec<String>,
    ) -> Result<Self, Fault> {
        let refused = |why: String| Fault::new(Class::Corrupt, format!("`{}` is not read: {why}", bin.path));
        let name = name(bin, meta, notes).map_err(refused)?;
        for key in &meta.repeated {
            notes.push(format!("`{}` has two different values; the last one is used", short(key)));
        }
        let rate = rate(meta, &name.device).map_err(refused)?;
        let columns = Columns::of(meta, &name.device, notes).map_err(refused)?;
        let mut why_no_probe = None;
        let imro = meta
            .table("imroTbl")
            .and_then(|table| Imro::parse(&table).map_err(|why| why_no_probe = Some(why)).ok());
        let (steps, units) = gains(meta, &name.device, &columns, imro.as_ref(), notes).map_err(|why| {
            // A table that cannot be read is why the gains are not known.
            refused(why_no_probe.clone().map_or(why, |table| format!("{table}, so its gains are not known")))
        })?;
        let channels = channels(&name, &columns, &steps, units);
        let segment = segment(bin, meta, &name, columns.what.len(), rate, notes).map_err(refused)?;
        let has_electrodes = columns.what.iter().any(|what| what.is_of_probe());
        let found = match (imro, &columns.channels, why_no_probe) {
            _ if !has_electrodes => Ok(None),
            (Some(imro), Some(channels), _) => {
                let device = name.device.to_string();
                let device = device.split('.').next().unwrap_or_default();
                probe(meta, &imro, channels, device, notes).map(Some)
            }
            (Some(_), None, _) => Err("which channels of the probe were saved is not known".to_owned()),
            (None, _, why) => Err(why.unwrap_or_else(|| "it has no `imroTbl`".to_owned())),
        };
        let probe = found.unwrap_or_else(|why| {
            notes.push(format!("the positions of its electrodes are not known: {why}"));
            None
        });
        let folder = bin.key.as_str().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let version = meta.text("appVersion").map(short).unwrap_or_default();
        Ok(Self { name, folder, rate, channels, segment, probe, meta: entry.clone(), version })
    }
}

/// The name of the file as it is today; what it does not say comes from the name that it was recorded under.
fn name(bin: &Entry, meta: &Meta, notes: &mut Vec<String>) -> Result<Name, String> {
    let stem = bin.key.file_name().strip_suffix(".bin").unwrap_or_default();
    let recorded =
        meta.text("fileName").and_then(|path| path.rsplit(['/', '\\']).next()?.strip_suffix(".bin"));
    let recorded = recorded.and_then(Name::parse);
    let Some(mut name) = Name::parse(stem) else {
        return match recorded {
            Some(recorded) => {
                notes.push(format!(
                    "it was recorded as `{}.{}` of the run `{}`",
                    recorded.part(),
                    recorded.device,
                    recorded.run
                ));
                Ok(Name { run: stem.to_owned(), ..recorded })
            }
            None => Err("neither its name nor `fileName` says which stream it is".to_owned()),
        };
    };
    if let Some(recorded) = recorded {
        if recorded.device != name.device {
            notes.push(format!(
                "its name says `{}`, but it was recorded as `{}`",
                name.device, recorded.device
            ));
        }
        name.gate = name.gate.or(recorded.gate);
        name.trigger = name.trigger.or(recorded.trigger);
        if name.part() != recorded.part() {
            notes.push(format!(
                "its name says `{}`, but it was recorded as `{}`",
                name.part(),
                recorded.part()
            ));
        }
    }
    Ok(name)
}

/// Channels are called as spikeinterface calls them: `imec0.ap#AP17`, with the name `AP17`.
fn channels(name: &Name, columns: &Columns, steps: &[f64], units: Units) -> Vec<Channel> {
    let kind = |what: &What| match what {
        What::Ap | What::Lf | What::Neural => ChannelKind::Electrode,
        What::Auxiliary => ChannelKind::Auxiliary,
        What::Input => ChannelKind::Analog,
        What::Digital => ChannelKind::Digital,
        What::Sync => ChannelKind::Sync,
    };
    let all = columns.names.iter().zip(&columns.what).zip(steps);
    let channel = |((own, what), step): ((&String, &What), &f64)| Channel {
        id: format!("{}#{own}", name.device),
        name: own.clone(),
        kind: kind(what),
        bit_volts: *step,
        units,
        written_units: String::new(),
        description: String::new(),
        identifier: String::new(),
        electrode: None,
    };
    all.map(channel).collect()
}

fn segment(
    bin: &Entry,
    meta: &Meta,
    name: &Name,
    columns: usize,
    rate: f64,
    notes: &mut Vec<String>,
) -> Result<Segment, String> {
    let row = 2 * columns as u64;
    let (frames, tail) = (bin.size / row, bin.size % row);
    let first_sample = meta.number::<u64>("firstSample")?.and_then(|first| i64::try_from(first).ok());
    if first_sample.is_none() {
        notes.push("it has no `firstSample`: when its first frame was recorded is not known".to_owned());
    }
    let last = first_sample.unwrap_or_default().saturating_add_unsigned(frames.saturating_sub(1));
    match meta.number::<u64>("fileSizeBytes")? {
        Some(said) if said >= row && frames == 0 => {
            return Err(format!(
                "its `.bin` file has {} bytes, less than a frame, but {said} bytes were recorded (`fileSizeBytes`); \
                 copy the file again",
                bin.size
            ));
        }
        None => notes.push(format!(
            "it has no `fileSizeBytes`: the run was interrupted. All {frames} frames of the `.bin` file are read"
        )),
        Some(said) if said != bin.size => notes.push(sizes(bin.size, said, row, rate)),
        Some(_) => {}
    }
    if bin.size == 0 {
        notes.push("its `.bin` file is empty: nothing was recorded".to_owned());
    } else if tail > 0 {
        let bytes = if tail == 1 { "byte follows" } else { "bytes follow" };
        notes.push(format!("its `.bin` file ends inside a frame: {tail} {bytes} {frames} whole frames"));
    }
    Ok(Segment {
        recording: name.part(),
        number: 0,
        folder: bin.key.as_str().rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
        dat: bin.clone(),
        columns,
        frames,
        tail,
        sample_numbers: None,
        seconds: None,
        ends: Ends { counter: first_sample.map(|first| (first, last)), seconds: None },
        adjusted: Adjusted::default(),
    })
}

/// How a file differs from what was recorded.
fn sizes(bytes: u64, said: u64, row: u64, rate: f64) -> String {
    let apart = bytes.abs_diff(said);
    if apart < row {
        let (noun, verb) = if apart == 1 { ("byte", "is") } else { ("bytes", "are") };
        let what = if bytes < said { "missing" } else { "more than were recorded" };
        return format!(
            "its `.bin` file has {bytes} bytes, and `fileSizeBytes` is {said}: {apart} {noun} {verb} {what}"
        );
    }
    let other = apart.div_ceil(row);
    let (seconds, plural) = (other as f64 / rate, if other == 1 { "" } else { "s" });
    let frames = format!("{other} frame{plural} ({seconds:.3} s)");
    let what = if bytes < said {
        let verb = if other == 1 { "is" } else { "are" };
        format!("{frames} {verb} missing. If its transfer was interrupted, copy the file again")
    } else {
        format!("it is {frames} longer than what was recorded")
    };
    format!("its `.bin` file has {bytes} bytes, but `fileSizeBytes={said}`: {what}")
}
