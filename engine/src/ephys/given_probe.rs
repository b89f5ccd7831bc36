//! The probe that a file of probeinterface describes, for streams whose settings describe none.

use std::io::Read;

use adt_codec::crc64;
use adt_formats::{
    ephys::{ChannelKind, Stream},
    ephys_store::{Columns, Description, Probe, properties},
    probe_file,
    zarr::{Dtype, SmallArray},
};
use adt_model::{Class, Crc64, EphysChoice, Fault, ProbeFile, ProbeStreams};
use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use super::describe::columns;

/// Bytes. A thousand contacts have some hundred kilobytes.
const LARGEST: u64 = 32 << 20;

/// A probe file that was read.
#[derive(Debug)]
pub(crate) struct Given {
    path: Utf8PathBuf,
    streams: ProbeStreams,
    crc64: Crc64,
    file: probe_file::ProbeFile,
}

impl Given {
    /// Reads the file. The fault says what is wrong with it.
    pub(crate) fn read(asked: &ProbeFile) -> Result<Self, Fault> {
        let path = &asked.path;
        let failed = |e| Fault::io(format!("cannot read the probe file `{path}`"), e);
        let refused = |why: &str| {
            Fault::new(Class::BadInput, format!("`probe_file`: `{path}` cannot be used: {why}")).help(
                "write it with `probeinterface.write_probeinterface`, with `device_channel_indices` set for each contact",
            )
        };
        let mut bytes = Vec::new();
        fs_err::File::open(path)
            .map_err(failed)?
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > LARGEST {
            return Err(refused("it is larger than 32 MiB"));
        }
        let file = probe_file::ProbeFile::parse(&bytes).map_err(|why| refused(&why))?;
        Ok(Self { path: path.clone(), streams: asked.streams, crc64: Crc64(crc64(&bytes)), file })
    }

    /// Reads the file that was looked at when the work was planned.
    pub(crate) fn read_again(asked: &ProbeFile) -> Result<Self, Fault> {
        let given = Self::read(asked)?;
        if asked.crc64.is_some_and(|planned| planned != given.crc64) {
            let what = format!("the probe file `{}` changed since the work was planned", given.path);
            return Err(Fault::new(Class::BadInput, what).help("run the same command again"));
        }
        Ok(given)
    }

    /// Of the file.
    pub(crate) fn crc64(&self) -> Crc64 {
        self.crc64
    }

    /// Whether a stream takes its probe from the file.
    pub(super) fn is_for(&self, stream: &Stream) -> bool {
        let has_electrodes = stream.channels.iter().any(|channel| channel.kind == ChannelKind::Electrode);
        has_electrodes && (stream.probe.is_none() || self.streams == ProbeStreams::All)
    }

    /// Whether the file fits the streams that take it; what a person should know about it. A file that no stream takes is a fault.
    pub(crate) fn check<'a>(
        &self,
        streams: impl Iterator<Item = &'a Stream>,
        choice: &EphysChoice,
    ) -> Result<Vec<String>, Fault> {
        let (mut used, mut notes) = (Vec::new(), Vec::new());
        for stream in streams {
            if !self.is_for(stream) {
                if stream.probe.is_some() {
                    let name = stream.store_name();
                    notes.push(format!("`{name}` has the probe of its settings; `probe_file` is not for it (`probe_file_for: all` replaces it)"));
                }
                continue;
            }
            self.place(stream, &columns(stream, choice))?;
            used.push(format!("`{}`", stream.store_name()));
        }
        if used.len() > 1 {
            notes.push(format!(
                "`probe_file` gives one probe to {} streams: {}",
                used.len(),
                used.join(", ")
            ));
        }
        if !used.is_empty() {
            return Ok(notes);
        }
        let what = format!("`probe_file`: no stream takes `{}`", self.path);
        Err(Fault::new(Class::BadInput, what)
            .help("all have a probe in their settings, or no electrodes; `probe_file_for: all` replaces the probes of the settings"))
    }

    fn place(&self, stream: &Stream, chosen: &Columns) -> Result<probe_file::Placed, Fault> {
        let refused = |why: &str| {
            let what = format!("`probe_file`: `{}` does not fit `{}`: {why}", self.path, stream.store_name());
            Fault::new(Class::BadInput, what).help(
                "`device_channel_indices` counts the channels of the stream from 0, SYNC lines apart; choose other `streams` or `channels`, or correct the file",
            )
        };
        // As spikeinterface counts the stream's channels.
        let all = columns(stream, &EphysChoice::default()).traces;
        let is_electrode = |column: usize| stream.channels[column].kind == ChannelKind::Electrode;
        let electrodes: Vec<_> = (0..all.len()).filter(|at| is_electrode(all[*at])).collect();
        if let Some(input) = chosen.traces.iter().find(|column| !is_electrode(**column)) {
            let name = &stream.channels[*input].name;
            return Err(refused(&format!("its channel `{name}` is not an electrode and has no position")));
        }
        let places = chosen.traces.iter().filter_map(|column| all.iter().position(|at| at == column));
        self.file.place(&electrodes, &places.collect::<Vec<_>>(), all.len()).map_err(|why| refused(&why))
    }

    /// Adds the probe to the description of a stream's store.
    pub(super) fn describe(
        &self,
        stream: &Stream,
        columns: &Columns,
        about: &mut Description,
    ) -> Result<(), Fault> {
        let placed = self.place(stream, columns)?;
        let count = placed.positions.len() as u64;
        let location = SmallArray::floats(placed.positions.into_iter().flatten().collect());
        let location = location.shaped(vec![count, 2]).map_err(|error| error.of(properties::LOCATION))?;
        let groups = placed.groups.into_iter().map(|group| group.cast_signed() as i64).collect();
        let groups = SmallArray::integers(Dtype::I64, groups).map_err(|error| error.of(properties::GROUP))?;
        about.properties.insert(properties::LOCATION.to_owned(), location);
        about.properties.insert(properties::GROUP.to_owned(), groups);
        about.probes =
            placed.probes.into_iter().map(|geometry| Probe { info: info(&geometry), geometry }).collect();
        Ok(())
    }
}

/// What spikeinterface keeps about a probe beside its contacts.
fn info(geometry: &Map<String, Value>) -> Map<String, Value> {
    let annotations = geometry.get("annotations").and_then(Value::as_object);
    annotations.cloned().unwrap_or_default()
}
