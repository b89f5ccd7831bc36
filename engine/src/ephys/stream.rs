//! One stream of one experiment becomes a store.

use std::{
    collections::BTreeSet,
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use adt_formats::{
    ephys::{Stream, TimeSource},
    ephys_store::{
        Columns, Description, FrameArray, FrameChunk, Layout, Record, SegmentArrays, Source, Storage,
        StoredSamples,
    },
    session_files,
};
use adt_ledger::ObjectState;
use adt_model::{Class, EphysChoice, EphysConfig, Fault, Key, Pulse};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc;

use super::{
    compress::{SourceMade, StreamMade, Work},
    describe::{columns, description, storage},
    given_probe::Given,
    lsb::{self, Coding},
    measure::{Measured, Reading, Sums},
    thin::{Kind, Thin},
    timing::{self, Timing},
};
use crate::{
    beat::Beat,
    delivery::{Delivery, Made, off_the_reactor},
    pack::Packer,
};

/// What ends the work on a stream.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Something about the stream; others go on.
    Stream(Fault),
    /// The destination, a person, or a bug.
    Job(Fault),
}

impl Trouble {
    /// Of work that reads the source and makes something of it.
    pub(super) fn of(fault: Fault) -> Self {
        match fault.class() {
            Class::Cancelled | Class::Bug => Self::Job(fault),
            _ => Self::Stream(fault),
        }
    }
}

/// A stream at work.
pub(super) struct StreamWork {
    pub stream: Stream,
    pub columns: Columns,
    /// The probe of a file, where the stream takes it.
    pub given: Option<Arc<Given>>,
    pub storage: Storage,
    pub config: EphysConfig,
    /// The store's folder in the asset.
    pub store: Key,
    pub out: Arc<Delivery>,
    pub beat: Beat,
    objects: AtomicU64,
    bytes: AtomicU64,
}

/// What is known of a stream before its samples are read.
pub(super) struct Planned {
    pub layout: Layout,
    pub timings: Vec<Timing>,
    pub made: Made,
}

/// What the first reading found.
pub(super) struct FirstReading {
    pub coding: Coding,
    /// Of the sources, and of what the traces will hold.
    pub record: Record,
    pub sums: Vec<Sums>,
}

/// Objects on their way from the threads that read to those that send.
type Objects = mpsc::Sender<(Key, Bytes)>;

impl StreamWork {
    pub(super) fn new(stream: Stream, store: Key, work: &Work) -> Self {
        let columns = columns(&stream, &work.config.choice);
        let given = work.given.as_ref().filter(|given| given.is_for(&stream)).map(Arc::clone);
        Self {
            given,
            storage: storage(&stream, &columns, &work.config),
            columns,
            stream,
            config: work.config.clone(),
            store,
            out: Arc::clone(&work.out),
            beat: work.beat.clone(),
            objects: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub(super) async fn perform(self) -> Result<StreamMade, Trouble> {
        let work = Arc::new(self);
        let at_work = Arc::clone(&work);
        let planned = off_the_reactor(move || at_work.plan()).await.map_err(Trouble::of)?;
        if let Some(record) = work.done_earlier(&planned).await.map_err(Trouble::Job)? {
            return work.account(&record).map_err(Trouble::Job);
        }
        let first = Arc::new(work.first_reading(&planned).await?);
        let layout = work.layout(&planned, &first.record, &first.sums).map_err(Trouble::of)?;
        super::chunks::send(&work, &layout, &first, planned.made, 0..u64::MAX).await?;
        work.close(&layout, first.record.clone(), planned.made).await?;
        work.account(&first.record).map_err(Trouble::Job)
    }

    fn description(
        &self,
        samples: &StoredSamples,
        timings: &[Timing],
        sums: &[Sums],
    ) -> Result<Description, Fault> {
        description(&self.stream, &self.columns, self.given.as_deref(), samples, timings, sums)
    }

    /// The store, now that its samples have been read once.
    pub(super) fn layout(&self, planned: &Planned, record: &Record, sums: &[Sums]) -> Result<Layout, Fault> {
        let samples = StoredSamples::of(record)?;
        let about = self.description(&samples, &planned.timings, sums)?;
        Layout::new(about, &self.storage)
    }

    /// Sends what makes the chunks a store; what readers look for first goes last.
    pub(super) async fn close(&self, layout: &Layout, mut record: Record, made: Made) -> Result<(), Trouble> {
        let objects = layout.objects().map_err(Trouble::of)?;
        record.note_objects(objects.iter());
        let mut last = layout.last_objects(&record).map_err(Trouble::of)?;
        let chunks = layout.segments().iter().flat_map(SegmentArrays::all).flat_map(FrameArray::chunks);
        let named = objects.iter().chain(&last).map(|(key, _)| key.clone());
        self.tidy(&named.chain(chunks.map(|chunk| chunk.key)).collect()).await.map_err(Trouble::Job)?;
        let mark = last.pop();
        for some in [objects, last, mark.into_iter().collect()] {
            self.send_all(some, made).await.map_err(Trouble::Job)?;
        }
        Ok(())
    }

    /// Removes what an earlier run of ours put into this store and what is no part of it now: chunks of another length.
    async fn tidy(&self, wanted: &BTreeSet<Key>) -> Result<(), Fault> {
        let Some(row) = self.out.row() else { return Ok(()) };
        let wanted: BTreeSet<_> = wanted.iter().map(|key| self.store.join(key)).collect();
        let (ledger, inside) = (&self.out.ctx().ledger, format!("{}/", self.store));
        ledger.flush()?;
        let mut stale = Vec::new();
        ledger.objects(row, &mut |object| {
            let ours = object.state == ObjectState::Confirmed && object.key.as_str().starts_with(&inside);
            if ours && !wanted.contains(&object.key) {
                stale.push(object.key.clone());
            }
            Ok(())
        })?;
        for key in stale {
            self.out.place().delete(&key).await?;
            ledger.forget(row, &key)?;
        }
        Ok(())
    }

    /// Sends small objects, many at once.
    async fn send_all(&self, objects: Vec<(Key, Bytes)>, made: Made) -> Result<(), Fault> {
        let lanes = self.out.ctx().settings.lanes;
        let sending =
            objects.into_iter().map(|(key, bytes)| async move { self.send(&key, bytes, made).await });
        futures::stream::iter(sending).buffer_unordered(lanes).try_collect().await
    }

    /// Sends an object of the store; `key` is that in the store.
    pub(super) async fn send(&self, key: &Key, bytes: Bytes, made: Made) -> Result<(), Fault> {
        self.count(bytes.len() as u64);
        self.out.piece(&self.store.join(key), bytes, made).await
    }

    /// One more object of the store.
    pub(super) fn count(&self, bytes: u64) {
        self.objects.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Chunks of the traces, of all segments.
    pub(super) fn chunks(&self) -> u64 {
        self.stream.segments.iter().map(|segment| segment.frames.div_ceil(self.storage.trace_frames)).sum()
    }

    /// Reads the time files of the source. What is wrong with them is reported.
    pub(super) fn plan(&self) -> Result<Planned, Fault> {
        let of = |segment| Timing::of(&self.stream, segment, &self.beat, &mut |text| self.out.note(text));
        self.plan_with(self.stream.segments.iter().map(of).collect::<Result<_, _>>()?)
    }

    pub(super) fn plan_with(&self, timings: Vec<Timing>) -> Result<Planned, Fault> {
        let unknown = StoredSamples::Raw { why: None };
        let nothing = vec![Sums::default(); timings.len()];
        let about = self.description(&unknown, &timings, &nothing)?;
        let layout = Layout::new(about, &self.storage)?;
        // With as many sums as there will be, the layout has all objects of the store.
        let sums: Vec<_> = layout
            .segments()
            .iter()
            .map(|arrays| Sums {
                traces: vec![0; arrays.traces.chunks().count()],
                times: vec![0; arrays.times.iter().flat_map(FrameArray::chunks).count()],
                numbers: vec![0; arrays.sample_numbers.iter().flat_map(FrameArray::chunks).count()],
            })
            .collect();
        let about = self.description(&unknown, &timings, &sums)?;
        let layout = Layout::new(about, &self.storage)?;
        let made = self.identity(&layout)?;
        Ok(Planned { layout, timings, made })
    }

    /// Whatever decides the bytes of the store: its sources, how they are stored, the program.
    fn identity(&self, layout: &Layout) -> Result<Made, Fault> {
        let nothing = Record { program: String::new(), sources: Vec::new(), more: serde_json::Map::new() };
        let known = layout.objects()?.into_iter().chain(layout.last_objects(&nothing)?);
        let known =
            known.fold(0, |sum, (_, bytes)| adt_codec::crc64(&bytes).wrapping_add(sum).rotate_left(1));
        // What else of the session is stored, and from where its probe is, does not decide this store: its description does.
        let config = EphysConfig { choice: EphysChoice::default(), probe_file: None, ..self.config.clone() };
        let mut text = format!("{} {config:?} {known:x}", self.out.ctx().version);
        for segment in &self.stream.segments {
            let times =
                [&segment.seconds, &segment.sample_numbers].into_iter().flatten().map(|file| &file.file);
            for entry in std::iter::once(&segment.dat).chain(times) {
                let _ = write!(text, " {} {} {}", entry.key, entry.size, entry.modified);
            }
        }
        Ok(Made::from(&text, self.stream.segments.first().map(|segment| segment.dat.modified)))
    }

    /// An earlier run finished this very store, and all of it still stands: what the store says of itself.
    async fn done_earlier(&self, planned: &Planned) -> Result<Option<Record>, Fault> {
        let nothing = Record { program: String::new(), sources: Vec::new(), more: serde_json::Map::new() };
        let layout = &planned.layout;
        let chunks = layout.segments().iter().flat_map(SegmentArrays::all).flat_map(FrameArray::chunks);
        let small = layout.last_objects(&nothing)?.into_iter().rev().chain(layout.objects()?);
        let mut standing = Vec::new();
        // The object that is written last is looked for first.
        for key in small.map(|(key, _)| key).chain(chunks.map(|chunk| chunk.key)) {
            let Some(size) = self.out.stands(&self.store.join(&key), planned.made)? else { return Ok(None) };
            standing.push((key, size));
        }
        let attributes = self.store.join(&Key::parse(".zattrs").expect("a name is a key"));
        let bytes = self.out.place().get(&attributes, None).await?;
        let Some(record) = read_record(&bytes) else { return Ok(None) };
        for (key, size) in standing {
            self.count(size);
            self.out.keeps(&self.store.join(&key), size, 0);
        }
        for segment in &self.stream.segments {
            self.beat.counted(segment.dat.size);
            self.beat.samples(segment.frames * self.columns.traces.len() as u64);
        }
        Ok(Some(record))
    }

    /// Reads everything once, and sends what is beside the traces.
    pub(super) async fn first_reading(self: &Arc<Self>, planned: &Planned) -> Result<FirstReading, Trouble> {
        let _permit = self.out.ctx().chunks.take(super::measure::MEMORY).await;
        let (objects, mut arriving) = mpsc::channel(1);
        let (work, layout, timings) = (Arc::clone(self), planned.layout.clone(), planned.timings.clone());
        let reading = tokio::spawn(off_the_reactor(move || work.read_once(&layout, &timings, &objects)));
        let mut sent = Ok(());
        while let Some((key, bytes)) = arriving.recv().await {
            sent = self.send(&key, bytes, planned.made).await;
            if sent.is_err() {
                break;
            }
        }
        drop(arriving);
        let read = reading.await.map_err(|e| Fault::new(Class::Bug, "a reading ended in a panic").because(e));
        sent.and(Ok(())).map_err(Trouble::Job)?;
        read.map_err(Trouble::Job)?.map_err(Trouble::of)
    }

    fn read_once(
        &self,
        layout: &Layout,
        timings: &[Timing],
        objects: &Objects,
    ) -> Result<FirstReading, Fault> {
        let (mut count, why) = lsb::before(&self.stream, &self.columns, &self.config, &self.beat)?;
        let (mut measured, mut sums) = (Vec::new(), Vec::new());
        for ((segment, arrays), timing) in self.stream.segments.iter().zip(layout.segments()).zip(timings) {
            let reading = Reading {
                segment,
                columns: &self.columns,
                traces: &arrays.traces,
                sync: arrays.sync.as_ref(),
                pool: &self.out.ctx().pool,
                pulse: &self.beat,
            };
            let mut sync = Beside::new(self.storage.sync.as_ref(), objects)?;
            let seen = reading.measure(&mut count, &mut |chunk, values| {
                sync.chunk(chunk, values, self.storage.sync_frames as usize * self.columns.sync.len())
            })?;
            let thin = |kind, array: &Option<_>, file: &Option<_>| match (array, file) {
                (Some(array), Some(file)) => self.thin(Thin::open(kind, array, file)?, objects),
                _ => Ok(Vec::new()),
            };
            sums.push(Sums {
                traces: seen.sums.clone(),
                times: match timing.made.source {
                    TimeSource::Counter => {
                        let kind = Kind::Counted(self.stream.sample_rate);
                        thin(kind, &arrays.times, &segment.sample_numbers)?
                    }
                    _ => thin(Kind::Times, &arrays.times, &segment.seconds)?,
                },
                numbers: thin(Kind::Numbers, &arrays.sample_numbers, &segment.sample_numbers)?,
            });
            measured.push(seen);
        }
        let (samples, coding) = lsb::after(count, why, self.columns.traces.len())?;
        Ok(FirstReading { coding, record: self.record(&samples, &measured, timings), sums })
    }

    fn thin(&self, mut thin: Thin, objects: &Objects) -> Result<Vec<u64>, Fault> {
        let mut sums = Vec::new();
        for chunk in thin.array.clone().chunks() {
            let (bytes, sum) = thin.chunk(&chunk)?;
            emit(objects, chunk.key, bytes)?;
            sums.push(sum);
            self.beat.beat(0)?;
        }
        thin.finish()?;
        Ok(sums)
    }

    fn record(&self, samples: &StoredSamples, measured: &[Measured], timings: &[Timing]) -> Record {
        let sources = self.stream.segments.iter().zip(measured).map(|(segment, measured)| Source {
            path: segment.dat.key.to_string(),
            bytes: segment.dat.size,
            sha256: measured.sha256.clone(),
            tail: adt_net::hex(&measured.tail),
        });
        let stream = serde_json::json!({
            "name": self.stream.name,
            "experiment": self.stream.experiment,
            "recordings": self.stream.segments.iter().map(|segment| &segment.recording).collect::<Vec<_>>(),
        });
        let mut record = Record {
            program: format!("adt {}", self.out.ctx().version),
            sources: sources.collect(),
            more: serde_json::Map::from_iter([
                ("stream".to_owned(), stream),
                (session_files::MARK.to_owned(), session_files::NAME.into()),
            ]),
        };
        samples.note(&mut record);
        timing::note(timings, &mut record);
        record
    }

    fn account(&self, record: &Record) -> Result<StreamMade, Fault> {
        let (lsb, lsb_counts, lost_samples) = match StoredSamples::of(record)? {
            StoredSamples::Raw { .. } => ("raw", None, 0),
            StoredSamples::Codes(step) => ("exact", Some(step.counts), 0),
            StoredSamples::Corrected { step, lost, .. } => ("spikeinterface", Some(f64::from(step)), lost),
        };
        let source = |source: &Source| SourceMade {
            path: source.path.clone(),
            bytes: source.bytes,
            sha256: source.sha256.clone(),
        };
        Ok(StreamMade {
            store: self.store.clone(),
            stream: self.stream.name.clone(),
            channels: self.columns.traces.len() as u64,
            sampling_frequency: self.stream.sample_rate,
            frames: self.stream.frames(),
            objects: self.objects.load(Relaxed),
            bytes_in: self.stream.segments.iter().map(|segment| segment.dat.size).sum(),
            bytes_out: self.bytes.load(Relaxed),
            lsb: lsb.to_owned(),
            lsb_counts,
            lost_samples,
            times: timing::noted(record),
            sources: record.sources.iter().map(source).collect(),
        })
    }
}

/// Compresses chunks of SYNC columns.
struct Beside<'a> {
    packer: Packer,
    spare: Vec<i16>,
    objects: &'a Objects,
}

impl<'a> Beside<'a> {
    fn new(compressor: Option<&adt_formats::zarr::Compressor>, objects: &'a Objects) -> Result<Self, Fault> {
        Ok(Self { packer: Packer::new(compressor, 2)?, spare: Vec::new(), objects })
    }

    fn chunk(&mut self, chunk: &FrameChunk, mut values: Vec<i16>, length: usize) -> Result<(), Fault> {
        values.resize(length, 0);
        let columns = (chunk.columns.end - chunk.columns.start) as usize;
        let mut packed = Vec::new();
        self.packer.samples(&values, columns, &mut self.spare, &mut packed)?;
        emit(self.objects, chunk.key.clone(), packed)
    }
}

fn emit(objects: &Objects, key: Key, bytes: Vec<u8>) -> Result<(), Fault> {
    objects
        .blocking_send((key, bytes.into()))
        .map_err(|_| Fault::new(Class::Cancelled, "the upload has ended before the work"))
}

/// The attribute `adt` of a store.
fn read_record(attributes: &[u8]) -> Option<Record> {
    let attributes: serde_json::Value = serde_json::from_slice(attributes).ok()?;
    serde_json::from_value(attributes.get("adt")?.clone()).ok()
}
