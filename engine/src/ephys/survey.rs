use adt_formats::{
    ephys::{self, Stream, Weight},
    folder::Rules,
};
use adt_model::{Class, EphysConfig, EphysFacts, Fault, Pulse, StreamFacts};
use camino::Utf8Path;

/// The recordings of a session's folder, looked at and not read.
pub(crate) fn look(
    folder: &Utf8Path,
    rules: &Rules,
    config: EphysConfig,
    pulse: &dyn Pulse,
) -> Result<EphysFacts, Fault> {
    not_ours(folder)?;
    let session = ephys::open(folder, rules, pulse)?;
    let told = |weight| {
        let problems = session.problems.iter().filter(move |problem| problem.weight == weight);
        problems.map(|problem| with_help(&problem.fault)).collect()
    };
    Ok(EphysFacts {
        config,
        streams: session.streams().map(stream).collect(),
        unread: told(Weight::Unread),
        odd: told(Weight::Noted),
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
    let ours = |name: &str| name.starts_with("ecephys_clipped") || name.starts_with("ecephys_compressed");
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
