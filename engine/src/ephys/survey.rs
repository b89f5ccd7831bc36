use adt_formats::open_ephys::{Session, Stream, Weight};
use adt_model::{Class, EphysConfig, EphysFacts, Fault, Pulse, StreamFacts};
use camino::{Utf8Path, Utf8PathBuf};

/// The recordings of a session's folder, looked at and not read.
pub(crate) fn look(
    folder: &Utf8Path,
    leave_out: &[Utf8PathBuf],
    config: EphysConfig,
    pulse: &dyn Pulse,
) -> Result<EphysFacts, Fault> {
    let session = Session::open(folder, leave_out, pulse).map_err(|fault| match fault.class() {
        Class::Missing => {
            let help = fault.advice().unwrap_or_default();
            let help = format!("{help}; with `compress_raw_data` = false the folder is sent as it is");
            fault.help(help)
        }
        _ => fault,
    })?;
    let told = |weight| {
        let problems = session.problems.iter().filter(move |problem| problem.weight == weight);
        problems.map(|problem| problem.fault.line()).collect()
    };
    Ok(EphysFacts {
        config,
        streams: session.streams().map(stream).collect(),
        unread: told(Weight::Unread),
        odd: told(Weight::Noted),
    })
}

fn stream(stream: &Stream) -> StreamFacts {
    StreamFacts {
        store: stream.store_name(),
        channels: stream.channels.len() as u64,
        frames: stream.frames(),
        bytes: stream.segments.iter().map(|segment| segment.dat.size).sum(),
    }
}
