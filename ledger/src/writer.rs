use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use adt_model::{Class, Fault};
use camino::{Utf8Path, Utf8PathBuf};
use rusqlite::{Connection, TransactionBehavior};

use crate::refusal::fault;

/// Orders that may wait; whoever queues more waits too, so that memory stays small (a few MiB).
const QUEUE: usize = 16_384;

/// Orders in one transaction at most.
const BATCH: usize = 4_096;

/// How long queued orders wait for others to share their transaction. A transaction costs far more than the row it writes; a
/// kill loses at most this much more of what was queued, and such objects are looked up or sent again.
const GATHER: Duration = Duration::from_millis(10);

type Work = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;
type Reply = SyncSender<Result<(), Fault>>;

enum Order {
    /// Its failure stops the ledger, for nobody waits for it.
    Queued { deed: &'static str, work: Work },
    /// Its failure is the asker's alone.
    Asked { deed: &'static str, work: Work, durable: bool, reply: Reply },
    /// Everything before it is committed.
    Flush { reply: Reply },
}

/// The thread that writes. Dropping it waits until everything queued is committed.
#[derive(Debug)]
pub(crate) struct Writer {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    broken: Broken,
}

/// The fault that stopped the ledger, once there is one.
#[derive(Clone, Debug, Default)]
struct Broken(Arc<Mutex<Option<Fault>>>);

impl Broken {
    fn check(&self) -> Result<(), Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }

    fn set(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }
}

impl Writer {
    pub(crate) fn start(path: &Utf8Path, connection: Connection) -> Result<Self, Fault> {
        let (orders, queue) = sync_channel(QUEUE);
        let broken = Broken::default();
        let desk = Desk { path: path.to_owned(), connection, broken: broken.clone() };
        let thread =
            std::thread::Builder::new().name("ledger".into()).spawn(move || desk.work_off(&queue)).map_err(
                |error| Fault::io(format!("cannot start the writer of the ledger `{path}`"), error),
            )?;
        Ok(Self { orders: Some(orders), thread: Some(thread), broken })
    }

    /// Puts a write into the queue.
    pub(crate) fn queue(
        &self,
        deed: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), Fault> {
        self.broken.check()?;
        self.send(Order::Queued { deed, work: Box::new(work) })
    }

    /// Waits until everything before it and the write itself are committed; `durable`: and on the disk.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        deed: &'static str,
        durable: bool,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let (give, take) = channel();
        let work = Box::new(move |connection: &Connection| {
            // Nobody takes it only if the asker is gone.
            give.send(work(connection)?).or(Ok(()))
        });
        self.wait(|reply| Order::Asked { deed, work, durable, reply })?;
        take.try_recv().map_err(|_| stopped())
    }

    /// Waits until everything before it is committed.
    pub(crate) fn flush(&self) -> Result<(), Fault> {
        self.wait(|reply| Order::Flush { reply })
    }

    fn wait(&self, order: impl FnOnce(Reply) -> Order) -> Result<(), Fault> {
        self.broken.check()?;
        let (reply, answer) = sync_channel(1);
        self.send(order(reply))?;
        self.wake();
        answer.recv().map_err(|_| stopped())?
    }

    fn send(&self, order: Order) -> Result<(), Fault> {
        let orders = self.orders.as_ref().ok_or_else(stopped)?;
        orders.send(order).map_err(|_| stopped())
    }

    /// Ends the time in which the thread gathers orders: a caller waits.
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.wake();
        if let Some(thread) = self.thread.take() {
            // What it could not write it has said to everyone who asked; there is nobody left to tell.
            drop(thread.join());
        }
    }
}

fn stopped() -> Fault {
    Fault::new(Class::Bug, "the ledger's writer has stopped")
}

/// What the thread holds.
struct Desk {
    path: Utf8PathBuf,
    connection: Connection,
    broken: Broken,
}

impl Desk {
    fn work_off(mut self, queue: &Receiver<Order>) {
        while let Ok(first) = queue.recv() {
            if matches!(first, Order::Queued { .. }) {
                std::thread::park_timeout(GATHER);
            }
            let mut batch = VecDeque::from([first]);
            batch.extend(queue.try_iter().take(BATCH - 1));
            let mut replies = Vec::new();
            let result = self.broken.check().and_then(|()| self.commit(&mut batch, &mut replies));
            if let Err(fault) = &result {
                self.broken.set(fault.clone());
            }
            replies.extend(batch.into_iter().filter_map(|order| match order {
                Order::Asked { reply, .. } | Order::Flush { reply } => Some(reply),
                Order::Queued { .. } => None,
            }));
            for reply in replies {
                // An asker that has gone away needs no answer.
                drop(reply.send(result.clone()));
            }
        }
    }

    /// One transaction for the whole batch. What it has carried out it takes off the batch; who waits for it goes into `replies`.
    fn commit(&mut self, batch: &mut VecDeque<Order>, replies: &mut Vec<Reply>) -> Result<(), Fault> {
        if batch.iter().all(|order| matches!(order, Order::Flush { .. })) {
            return Ok(());
        }
        let path = &self.path;
        let refused = |error| fault(path, "commit", error);
        let durable = batch.iter().any(|order| matches!(order, Order::Asked { durable: true, .. }));
        let sync = if durable { "FULL" } else { "NORMAL" };
        self.connection.pragma_update(None, "synchronous", sync).map_err(refused)?;
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
        while let Some(order) = batch.pop_front() {
            match order {
                Order::Queued { deed, work } => {
                    work(&transaction).map_err(|error| fault(path, deed, error))?;
                }
                Order::Asked { deed, work, reply, .. } => {
                    let savepoint = transaction.savepoint().map_err(refused)?;
                    match work(&savepoint) {
                        Ok(()) => {
                            savepoint.commit().map_err(refused)?;
                            replies.push(reply);
                        }
                        Err(error) => {
                            drop(savepoint);
                            drop(reply.send(Err(fault(path, deed, error))));
                        }
                    }
                }
                Order::Flush { reply } => replies.push(reply),
            }
        }
        transaction.commit().map_err(refused)
    }
}
