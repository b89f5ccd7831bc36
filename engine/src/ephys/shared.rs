//! A session's streams, made by many processes: the first reading of a stream by one of them, since a checksum of a file is made from its
//! beginning to its end; then ranges of its chunks by any; what makes them a store by whoever ends the work.

use std::{ops::Range, sync::Arc};

use adt_formats::{
    ephys::Stream,
    ephys_store::{Record, StoredSamples},
};
use adt_model::{Class, Fault};
use serde::{Deserialize, Serialize};

use super::{
    compress::{Work, one},
    lsb,
    measure::Sums,
    stream::{FirstReading, StreamWork, Trouble},
    timing::Timing,
};
use crate::delivery::off_the_reactor;

/// Chunks of a range: at the usual second of a probe's samples, 700 MB that are read and half a minute of one core.
const CHUNKS: u64 = 32;

/// Chunks of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Its place among the session's streams.
    pub stream: u64,
    /// Numbers of its chunks of traces, through all segments.
    pub chunks: Range<u64>,
}

/// What the first reading of a stream found, for other processes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Read {
    timings: Vec<Timing>,
    record: Record,
    sums: Vec<Sums>,
}

/// The ranges of all streams, in the order of the streams. The same ones for whoever looks at the same session.
pub(crate) async fn cuts(work: &Work) -> Result<Vec<Cut>, Fault> {
    let streams = streams(work).await?;
    let mut cuts = Vec::new();
    for (number, stream) in (0..).zip(&streams) {
        let chunks = one(stream, work).map_err(fault)?.chunks();
        let starts = (0..chunks).step_by(CHUNKS as usize);
        cuts.extend(starts.map(|start| Cut { stream: number, chunks: start..chunks.min(start + CHUNKS) }));
    }
    Ok(cuts)
}

/// Reads a stream for the first time, and sends what is beside its traces.
pub(crate) async fn read(work: &Work, stream: u64) -> Result<Read, Fault> {
    let stream = Arc::new(nth(work, stream).await?);
    let at_work = Arc::clone(&stream);
    let planned = off_the_reactor(move || at_work.plan()).await?;
    let FirstReading { record, sums, .. } = stream.first_reading(&planned).await.map_err(fault)?;
    Ok(Read { timings: planned.timings, record, sums })
}

/// Makes the chunks of a range.
pub(crate) async fn compress_cut(work: &Work, cut: &Cut, read: Read) -> Result<(), Fault> {
    let stream = Arc::new(nth(work, cut.stream).await?);
    let at_work = Arc::clone(&stream);
    let Read { timings, record, sums } = read;
    let (planned, first) = off_the_reactor(move || {
        let StreamWork { stream, columns, config, beat, .. } = &*at_work;
        let coding = lsb::again(&StoredSamples::of(&record)?, stream, columns, config, beat)?;
        Ok((at_work.plan_with(timings)?, FirstReading { coding, record, sums }))
    })
    .await?;
    let layout = stream.layout(&planned, &first.record, &first.sums)?;
    super::chunks::send(&stream, &layout, &Arc::new(first), planned.made, cut.chunks.clone())
        .await
        .map_err(fault)
}

/// Sends what makes the chunks of a stream a store.
pub(crate) async fn close(work: &Work, stream: u64, read: Read) -> Result<(), Fault> {
    let stream = nth(work, stream).await?;
    let planned = stream.plan_with(read.timings)?;
    let layout = stream.layout(&planned, &read.record, &read.sums)?;
    stream.close(&layout, read.record, planned.made).await.map_err(fault)
}

async fn nth(work: &Work, number: u64) -> Result<StreamWork, Fault> {
    let gone =
        || Fault::new(Class::Corrupt, format!("`{}` has fewer streams than were planned", work.source));
    let stream = streams(work).await?.into_iter().nth(number as usize).ok_or_else(gone)?;
    one(&stream, work).map_err(fault)
}

async fn streams(work: &Work) -> Result<Vec<Stream>, Fault> {
    Ok(work.session().await?.0.streams().cloned().collect())
}

/// Nobody but a person can tell whether a session may go without one of its streams.
fn fault(trouble: Trouble) -> Fault {
    let (Trouble::Stream(fault) | Trouble::Job(fault)) = trouble;
    fault
}
