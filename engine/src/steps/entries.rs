//! A folder's entries, walked on a thread of its own and handed over a few at a time.

use adt_formats::folder::{Entry, EntryKind, Rules, Walked, walk};
use adt_model::{Fault, Key};
use camino::Utf8Path;
use tokio::{sync::mpsc, task::JoinSet};

use crate::delivery::Delivery;

/// Entries held between the walk and the sending.
const AHEAD: usize = 256;

/// Files per lane that are read, sent or waiting for memory at once.
const PER_LANE: usize = 2;

/// Sends every file of `source` that `rules` take along; `name` gives each its place in the asset.
pub(crate) async fn send_all(
    source: &Utf8Path,
    rules: Rules,
    name: impl Fn(&Key) -> Key,
    out: &std::sync::Arc<Delivery>,
) -> Result<(), Fault> {
    send_each(source, rules, out, |entry| {
        let (out, key) = (std::sync::Arc::clone(out), name(&entry.key));
        async move { out.file(&entry, &key).await }
    })
    .await
}

/// Does `send` with every file of `source` that `rules` take along, many at once.
pub(crate) async fn send_each<F>(
    source: &Utf8Path,
    rules: Rules,
    out: &std::sync::Arc<Delivery>,
    send: impl Fn(Entry) -> F,
) -> Result<(), Fault>
where
    F: Future<Output = Result<(), Fault>> + Send + 'static,
{
    let source = source.to_owned();
    each(arriving(move || files(&source, &rules)), out, send).await
}

/// Does `send` with everything that arrives, many at once; a person's stop ends it.
pub(crate) async fn each<T, F>(
    mut arriving: mpsc::Receiver<Result<T, Fault>>,
    out: &std::sync::Arc<Delivery>,
    send: impl Fn(T) -> F,
) -> Result<(), Fault>
where
    F: Future<Output = Result<(), Fault>> + Send + 'static,
{
    let mut flying = JoinSet::new();
    let most = out.ctx().settings.lanes * PER_LANE;
    while let Some(next) = arriving.recv().await {
        let next = next?;
        if out.ctx().stop.check().is_err() {
            break;
        }
        flying.spawn(send(next));
        while flying.len() >= most {
            land(&mut flying).await?;
        }
    }
    while !flying.is_empty() {
        land(&mut flying).await?;
    }
    out.ctx().stop.check()
}

/// What a walk meets, one after the other, on a thread of its own and not far ahead of whoever takes it.
pub(crate) fn arriving<T: Send + 'static, W: Iterator<Item = Result<T, Fault>>>(
    walk: impl FnOnce() -> W + Send + 'static,
) -> mpsc::Receiver<Result<T, Fault>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        for met in walk() {
            // Nobody listens any more: the step has ended.
            if sender.blocking_send(met).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Only files; what is left out was reported when the folder was surveyed.
fn files(source: &Utf8Path, rules: &Rules) -> impl Iterator<Item = Result<Entry, Fault>> + use<> {
    walk(source, rules).filter_map(|walked| match walked {
        Ok(Walked::Entry(entry)) if entry.kind == EntryKind::File => Some(Ok(entry)),
        Ok(_) => None,
        Err(fault) => Some(Err(fault)),
    })
}

async fn land(flying: &mut JoinSet<Result<(), Fault>>) -> Result<(), Fault> {
    match flying.join_next().await {
        Some(Ok(result)) => result,
        Some(Err(panic)) => {
            Err(Fault::new(adt_model::Class::Bug, "sending a file ended in a panic").because(panic))
        }
        None => Ok(()),
    }
}
