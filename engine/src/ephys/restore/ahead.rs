//! Chunks of an array in order, fetched and decoded ahead of whoever takes them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use adt_formats::ephys_store::{FrameArray, FrameChunk};
use adt_model::{Class, Fault};
use adt_store::Place;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    Stop,
    budget::{Budget, Permit},
};

/// Where chunks come from, and who decodes them.
#[derive(Clone)]
pub(super) struct Reader {
    pub place: Place,
    pub pool: Arc<rayon::ThreadPool>,
    pub stop: Stop,
}

/// A chunk whose turn it is.
pub(super) struct Read<T> {
    pub chunk: FrameChunk,
    /// What it holds, or why nobody knows.
    pub made: Result<T, Fault>,
    _permit: Option<Permit>,
}

struct Promised<T> {
    chunk: FrameChunk,
    made: oneshot::Receiver<Result<T, Fault>>,
    permit: Option<Permit>,
}

/// The chunks of one array. Dropped, it fetches no more.
pub(super) struct Ahead<T> {
    promised: mpsc::Receiver<Promised<T>>,
    feeding: JoinHandle<()>,
}

/// How far ahead.
#[derive(Clone)]
pub(super) struct Window {
    /// Chunks that are fetched, decoded or waiting at once.
    pub chunks: usize,
    /// The account that they are charged to, where they are large. Only one array may be: two could wait for each other.
    pub account: Option<Budget>,
}

impl<T: Send + 'static> Ahead<T> {
    /// Begins at once. `decode` is called on a thread for arithmetic with a chunk's object. Must be called inside the runtime.
    pub(super) fn start(
        reader: Reader,
        array: FrameArray,
        window: Window,
        decode: impl Fn(&FrameChunk, &[u8]) -> Result<T, Fault> + Send + Sync + 'static,
    ) -> Self {
        // One more is in the hands of whoever takes them.
        let (queue, promised) = mpsc::channel(window.chunks.saturating_sub(1).max(1));
        let decode = Arc::new(decode);
        let feeding = tokio::spawn(async move {
            let bytes = array.meta().chunk_bytes() as u64;
            for chunk in array.chunks() {
                let permit = match &window.account {
                    Some(account) => Some(account.take(bytes).await),
                    None => None,
                };
                let (maker, made) = oneshot::channel();
                if queue.send(Promised { chunk: chunk.clone(), made, permit }).await.is_err() {
                    return;
                }
                tokio::spawn(make(reader.clone(), chunk, Arc::clone(&decode), maker));
            }
        });
        Self { promised, feeding }
    }

    /// The next chunk; `None` after the last. Blocks: not for threads of the network.
    pub(super) fn next(&mut self) -> Option<Read<T>> {
        let Promised { chunk, made, permit } = self.promised.blocking_recv()?;
        let made = made.blocking_recv().unwrap_or_else(|_| {
            Err(Fault::new(Class::Bug, format!("decoding `{}` ended in a panic", chunk.key)))
        });
        Some(Read { chunk, made, _permit: permit })
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        self.feeding.abort();
    }
}

async fn make<T: Send + 'static>(
    reader: Reader,
    chunk: FrameChunk,
    decode: Arc<impl Fn(&FrameChunk, &[u8]) -> Result<T, Fault> + Send + Sync + 'static>,
    maker: oneshot::Sender<Result<T, Fault>>,
) {
    match reader.stop.or(reader.place.get(&chunk.key, None)).await {
        Err(fault) => drop(maker.send(Err(fault))),
        // A panic drops the sender, which tells of it.
        Ok(bytes) => reader.pool.spawn(move || {
            if let Ok(made) = catch_unwind(AssertUnwindSafe(|| decode(&chunk, &bytes))) {
                drop(maker.send(made));
            }
        }),
    }
}
