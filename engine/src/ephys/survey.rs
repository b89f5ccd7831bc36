use adt_formats::{
    ephys::{Stream, Weight},
    folder::Rules,
};
use adt_model::{Class, EphysConfig, EphysFacts, Fault, Pulse, StreamFacts};
use camino::Utf8Path;

use super::{choice, given_probe::Given, open::is_made_by_us};

/// The recordings of a session's folder, looked at and not read.
pub(crate) fn look(
    folder: &Utf8Path,
    rules: &Rules,
    mut config: EphysConfig,
    pulse: &dyn Pulse,
) -> Result<EphysFacts, Fault> {
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
    Ok(EphysFacts {
        config,
        streams: session.streams().map(stream).collect(),
        left_out: left_out.iter().map(ToString::to_string).collect(),
        unread: told(Weight::Unread),
        odd: told(Weight::Noted).into_iter().chain(passed_over).collect(),
    })
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
