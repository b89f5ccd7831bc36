use adt_formats::{
    ephys::{Segment, Session, Stream, TimeSource, Weight},
    folder::Rules,
};
use adt_model::{Aligned, Class, EphysConfig, EphysFacts, Fault, Pulse, StreamFacts};
use camino::Utf8Path;

use super::{choice, given_probe::Given, open::is_made_by_us};

/// The recordings of a session's folder, looked at and not read, and what the ends of their time files tell.
pub(crate) fn look(
    folder: &Utf8Path,
    rules: &Rules,
    mut config: EphysConfig,
    pulse: &dyn Pulse,
) -> Result<(EphysFacts, Vec<String>), Fault> {
    not_ours(folder)?;
    let (session, left_out) = choice::open(folder, rules, &config.choice, pulse)?;
    let mut passed_over = Vec::new();
    if let Some(file) = &mut config.probe_file {
        let given = Given::read(file)?;
        passed_over = given.check(session.streams(), &config.choice)?;
        file.crc64 = Some(given.crc64());
    }
    let told = |weight| {
        let problems = session.problems.iter().filter(move |problem| problem.weight == weight);
        problems.map(|problem| with_help(&problem.fault)).collect::<Vec<_>>()
    };
    let (unread, odd) = (told(Weight::Unread), told(Weight::Noted));
    if session.streams().next().is_none() && unread.is_empty() {
        return Err(Fault::new(Class::Missing, format!("`{folder}` has no continuous stream to compress"))
            .help("check that this is the session's folder, and that its record nodes recorded a stream"));
    }
    aligned(&session, config.aligned, pulse)?;
    let facts = EphysFacts {
        config,
        streams: session.streams().map(stream).collect(),
        left_out: left_out.iter().map(ToString::to_string).collect(),
        unread,
        odd: odd.into_iter().chain(passed_over).collect(),
    };
    let glances = session.streams().flat_map(|stream| &stream.segments).flat_map(Segment::glance);
    Ok((facts, glances.map(|fault| with_help(&fault)).collect()))
}

/// Refuses a session with timestamps that are not aligned, where that is asked for: every time file is read then.
fn aligned(session: &Session, wanted: Aligned, pulse: &dyn Pulse) -> Result<(), Fault> {
    if wanted == Aligned::Any {
        return Ok(());
    }
    let mut found = Vec::new();
    for stream in session.streams() {
        for segment in &stream.segments {
            let unusable = || -> Result<Option<String>, Fault> {
                let clock = segment.clock(stream.sample_rate, pulse)?;
                let why = || format!("`{}` cannot be its times", segment.folder);
                Ok((segment.frames > 0 && clock.times != TimeSource::Seconds).then(|| {
                    let of_file = clock.findings.last();
                    of_file.map_or_else(why, |finding| format!("`{}`: {}", finding.key, finding.what))
                }))
            };
            let why = match stream.not_aligned(segment, wanted) {
                Some(why) => Some(why),
                None => unusable()?,
            };
            found.extend(why.map(|why| {
                format!("`{}` of {}, {}: {why}", stream.name, stream.experiment, segment.recording)
            }));
        }
    }
    let Some(first) = found.first() else { return Ok(()) };
    let others = match found.len() - 1 {
        0 => String::new(),
        1 => "; and 1 more recording of a stream".to_owned(),
        n => format!("; and {n} more recordings of streams"),
    };
    let what = format!("timestamps are not aligned: {first}{others}");
    Err(Fault::new(Class::BadInput, what).help("align the timestamps and run the same command again, or set `require_aligned_timestamps` to false (`main`: alignment to the main stream is enough)"))
}

/// What is wrong, and what to do about it.
fn with_help(fault: &Fault) -> String {
    match fault.advice() {
        Some(help) => format!("{}; help: {help}", fault.line()),
        None => fault.line(),
    }
}

/// What this program (or the original) made of a session holds the first frames of each recording only: nobody means to compress that.
fn not_ours(folder: &Utf8Path) -> Result<(), Fault> {
    let ours = is_made_by_us;
    let inside = folder.read_dir_utf8().into_iter().flatten().filter_map(Result::ok);
    if !folder.file_name().is_some_and(ours) && !inside.into_iter().any(|entry| ours(entry.file_name())) {
        return Ok(());
    }
    let what = format!("`{folder}` holds recordings that are compressed or clipped already");
    Err(Fault::new(Class::BadInput, what).help("name the session's own folder, as the rig wrote it"))
}

fn stream(stream: &Stream) -> StreamFacts {
    StreamFacts {
        store: stream.store_name(),
        channels: stream.channels.len() as u64,
        frames: stream.frames(),
        bytes: stream.segments.iter().map(|segment| segment.dat.size).sum(),
    }
}
