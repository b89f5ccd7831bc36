//! Recordings, for people.

use adt_engine::ephys::{
    info::{Channels, Info, Problem, Session, Store, Stores, Stream},
    restore::Restored,
};
use adt_model::{ByteSize, Location};

use super::{
    count, not_read,
    table::{columns, duration, speed},
};

/// A table of streams, and what is odd.
pub(crate) fn info(info: &Info) -> String {
    match info {
        Info::Recordings(session) => recordings(session),
        Info::Stores(found) => stores(found),
    }
}

fn recordings(session: &Session) -> String {
    let rows: Vec<_> = session.streams.iter().map(stream).collect();
    let head =
        ["experiment", "stream", "channels", "rate", "recordings", "duration", "bytes", "probe", "LSB"];
    let mut text = columns(&head, &rows);
    let bytes = session.streams.iter().map(|stream| stream.bytes).sum();
    let streams = count(session.streams.len() as u64, "stream");
    let recordings = count(session.recordings.len() as u64, "recording");
    line!(text);
    line!(text, "{streams} in {recordings}{}, {}", versions(session), ByteSize(bytes));
    if let Some(longest) = sampled(session) {
        line!(text, "LSB: counts of one step of the converter, from the first {longest} of each stream only");
    }
    alignment(session, &mut text);
    problems(&session.problems, &mut text);
    not_read(&session.left_out, &mut text);
    text
}

/// What says that the timestamps of a stream are aligned.
fn alignment(session: &Session, text: &mut String) {
    for stream in &session.streams {
        let status = stream.sync_status.as_ref().map(|status| format!("SYNC_STATUS {status}"));
        let adjusted = stream.timestamps_adjusted.then(|| "adjusted after the recording".to_owned());
        let known: Vec<_> = status.into_iter().chain(adjusted).collect();
        if !known.is_empty() {
            line!(text, "timestamps of {}, {}: {}", stream.experiment, stream.name, known.join(", "));
        }
    }
}

fn sampled(session: &Session) -> Option<String> {
    let sampled = session.streams.iter().filter_map(|stream| stream.lsb.as_ref());
    sampled.map(|step| step.sampled_seconds).reduce(f64::max).map(duration)
}

fn versions(session: &Session) -> String {
    let recordings = session.recordings.iter().filter(|recording| !recording.gui_version.is_empty());
    let mut versions: Vec<_> =
        recordings.map(|recording| format!("{} {}", recording.program, recording.gui_version)).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.is_empty() { String::new() } else { format!(" of {}", versions.join(", ")) }
}

fn stream(stream: &Stream) -> [String; 9] {
    let probe = stream.probe.as_ref().map(|probe| {
        let part = probe.part_number.as_deref().unwrap_or(&probe.model);
        format!("{} ({part})", probe.name)
    });
    [
        stream.experiment.clone(),
        stream.name.clone(),
        channels(&stream.channels),
        hertz(stream.sample_rate),
        stream.segments.to_string(),
        duration(stream.seconds),
        ByteSize(stream.bytes).to_string(),
        probe.unwrap_or_else(|| "-".to_owned()),
        lsb(stream),
    ]
}

fn lsb(stream: &Stream) -> String {
    let Some(step) = &stream.lsb else { return "-".to_owned() };
    match (step.counts, step.microvolts) {
        (Some(counts), Some(microvolts)) => format!("{counts:.4} = {microvolts:.4} µV"),
        (Some(counts), None) => format!("{counts:.4}"),
        (None, _) => "none found".to_owned(),
    }
}

/// `384 + 1 sync`.
fn channels(channels: &Channels) -> String {
    let kinds = [
        (channels.electrode, ""),
        (channels.analog, " analog"),
        (channels.auxiliary, " aux"),
        (channels.digital, " digital"),
        (channels.sync, " sync"),
        (channels.undescribed, " undescribed"),
    ];
    let there: Vec<_> = kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{n}{kind}")).collect();
    if there.is_empty() { "0".to_owned() } else { there.join(" + ") }
}

fn hertz(rate: f64) -> String {
    if rate >= 1000.0 { format!("{} kHz", rate / 1000.0) } else { format!("{rate} Hz") }
}

fn stores(found: &Stores) -> String {
    let rows: Vec<_> = found.stores.iter().map(store).collect();
    let head = [
        "store",
        "channels",
        "rate",
        "recordings",
        "duration",
        "codec",
        "chunk",
        "LSB",
        "original",
        "stored",
        "ratio",
        "restorable",
    ];
    let mut text = columns(&head, &rows);
    let (original, stored) =
        found.stores.iter().fold((0, 0), |(o, s), store| (o + store.original_bytes, s + store.stored_bytes));
    let (of, to) = (ByteSize(original), ByteSize(stored));
    let number = count(found.stores.len() as u64, "store");
    line!(text);
    line!(text, "{number}, {of} in {to} ({})", ratio(original, stored));
    problems(&found.problems, &mut text);
    text
}

fn store(store: &Store) -> [String; 12] {
    let sync = if store.sync_columns > 0 { format!(" + {} sync", store.sync_columns) } else { String::new() };
    let restorable = match (store.sha256_known, store.lost_samples) {
        (false, _) => "no: no SHA-256".to_owned(),
        (true, 0) => "yes, SHA-256 noted".to_owned(),
        (true, _) => "NO: lossy".to_owned(),
    };
    [
        store.name.clone(),
        format!("{}{sync}", store.channels),
        hertz(store.sampling_frequency),
        store.segments.len().to_string(),
        duration(store.seconds),
        store.codec.clone(),
        format!("{} frames", store.chunk_frames),
        store.lsb.clone().unwrap_or_else(|| "?".to_owned()),
        ByteSize(store.original_bytes).to_string(),
        ByteSize(store.stored_bytes).to_string(),
        ratio(store.original_bytes, store.stored_bytes),
        restorable,
    ]
}

fn ratio(original: u64, stored: u64) -> String {
    if stored == 0 { "-".to_owned() } else { format!("{:.2}", original as f64 / stored as f64) }
}

fn problems(problems: &[Problem], text: &mut String) {
    for problem in problems {
        let word = if problem.unread { "NOT READ" } else { "note" };
        line!(text);
        line!(text, "{word}: {}", problem.fault);
        if let Some(help) = &problem.help {
            line!(text, "  help: {help}");
        }
    }
}

/// What was restored, and what was not; with `only_failures`, nothing of what went well.
pub(crate) fn restored(restored: &Restored, to: &Location, only_failures: bool) -> String {
    let mut text = String::new();
    failures(restored, &mut text);
    if only_failures {
        return text;
    }
    let bytes: u64 = restored.files.iter().map(|file| file.bytes).sum();
    let kept = restored.files.iter().filter(|file| file.kept).count() as u64;
    let kept = if kept > 0 { format!(" ({kept} already there)") } else { String::new() };
    let files = count(restored.files.len() as u64, "recording");
    let (took, rate) = (duration(restored.seconds), speed(bytes, restored.seconds));
    line!(text, "{files} restored byte for byte{kept}, {}, to {to} in {took}, {rate}", ByteSize(bytes));
    if restored.copied > 0 {
        line!(text, "{}", others(restored));
    }
    whole(restored, &mut text);
    if !restored.failed.is_empty() {
        line!(text, "{} failed", restored.failed.len());
    }
    text
}

/// The files that a restore would write, and what it could not restore.
pub(crate) fn would_restore(restored: &Restored, to: &Location) -> String {
    let mut text = String::new();
    let there = |kept: bool| if kept { "a file of this size is there" } else { "" };
    let row = |path: &str, bytes: u64, from: &str, note: &str| {
        [path.to_owned(), ByteSize(bytes).to_string(), from.to_owned(), note.to_owned()]
    };
    let files = restored.files.iter().map(|file| row(&file.path, file.bytes, "store", there(file.kept)));
    let copies = restored.others.iter().map(|other| row(&other.path, other.bytes, "clipped copy", ""));
    let rows: Vec<_> = files.chain(copies).collect();
    text.push_str(&columns(&["file", "bytes", "from", "note"], &rows));
    line!(text);
    failures(restored, &mut text);
    let bytes = restored.files.iter().map(|file| file.bytes).sum::<u64>() + restored.copied_bytes;
    let files = count(rows.len() as u64, "file");
    line!(text, "dry run: {files}, {}, would be written to {to}; nothing was written", ByteSize(bytes));
    whole(restored, &mut text);
    if !restored.failed.is_empty() {
        line!(text, "{} cannot be restored", restored.failed.len());
    }
    text
}

/// What a check of an asset has found.
pub(crate) fn verified(verified: &Restored, of: &Location, only_failures: bool) -> String {
    let mut text = String::new();
    failures(verified, &mut text);
    if only_failures {
        return text;
    }
    let bytes = verified.files.iter().map(|file| file.bytes).sum::<u64>() + verified.copied_bytes;
    let files = count(verified.files.len() as u64, "recording");
    let others = count(verified.copied, "other file");
    whole(verified, &mut text);
    let size = ByteSize(bytes);
    match verified.failed.len() {
        0 => line!(text, "{of}: {files} and {others}, {size}, decoded and compared: all match"),
        1 => line!(text, "{of}: {files} and {others}, {size}, match; 1 problem"),
        problems => line!(text, "{of}: {files} and {others}, {size}, match; {problems} problems"),
    }
    text
}

fn failures(restored: &Restored, text: &mut String) {
    for failed in &restored.failed {
        line!(text, "FAILED: {}", failed.fault);
        if let Some(help) = &failed.help {
            line!(text, "  help: {help}");
        }
    }
    for left in &restored.left_out {
        line!(text, "NOT IN THE ASSET: {left}");
    }
}

fn others(restored: &Restored) -> String {
    format!("{} copied, {}", count(restored.copied, "other file"), ByteSize(restored.copied_bytes))
}

/// Recordings that no store has, and that come back all the same.
fn whole(restored: &Restored, text: &mut String) {
    for file in &restored.unread {
        line!(text, "from the clipped copy, which has all of it (its samples could not be read): {file}");
    }
}
