//! Two listings and the ledger, merged by key. Holds a few batches of each, whatever their length.

use std::cmp::Ordering;

use adt_ledger::{JobId, Ledger, ObjectRow};
use adt_model::{Class, Fault, Key};
use tokio::sync::mpsc;

use super::{
    item::Item,
    side::{Listing, Met},
};

/// What the two sides hold under one key.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) source: Option<Item>,
    pub(super) there: Option<Item>,
    /// What an earlier run confirmed of the destination.
    pub(super) known: Option<ObjectRow>,
}

/// Something of a listing that is no pair.
#[derive(Debug)]
pub(super) enum Remark {
    LeftOut {
        path: String,
        why: String,
    },
    /// Of one name at the source.
    Fault(Fault),
    /// Of one name at the destination.
    There(Fault),
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    Pair(Box<Pair>),
    Remark(Remark),
}

pub(super) struct Pairs {
    source: Stream<Met>,
    there: Stream<Met>,
    known: Stream<ObjectRow>,
    alike: bool,
    led: bool,
}

impl Pairs {
    /// Without a ledger's job nothing is known.
    pub(super) fn new(source: Listing, there: Listing, known: Option<(JobId, Ledger)>) -> Self {
        let known = known.map(|(job, ledger)| rows(job, ledger));
        let stream = |receiver| Stream { receiver, batch: Vec::new().into_iter(), peeked: None };
        let closed = || mpsc::channel(1).1;
        Self {
            source: Stream { receiver: source, batch: Vec::new().into_iter(), peeked: None },
            there: Stream { receiver: there, batch: Vec::new().into_iter(), peeked: None },
            known: stream(known.unwrap_or_else(closed)),
            alike: false,
            led: false,
        }
    }

    /// Also what the ledger alone has: a pair of neither side.
    pub(super) fn led(self) -> Self {
        Self { led: true, ..self }
    }

    /// One object of each side: they belong together whatever they are called.
    pub(super) fn alike(self) -> Self {
        Self { alike: true, ..self }
    }

    /// The next key of either side. A listing's own fault (not one of a single name) ends everything.
    pub(super) async fn next(&mut self) -> Result<Option<Next>, Fault> {
        self.source.fill().await?;
        if let Some(remark) = self.source.take_remark() {
            return Ok(Some(Next::Remark(remark)));
        }
        self.there.fill().await?;
        match self.there.take_remark() {
            Some(Remark::Fault(fault)) => return Ok(Some(Next::Remark(Remark::There(fault)))),
            Some(remark) => return Ok(Some(Next::Remark(remark))),
            None => {}
        }
        if self.alike {
            let (source, there) = (self.source.take(), self.there.take());
            let none = source.is_none() && there.is_none();
            return Ok((!none).then(|| Next::Pair(Box::new(Pair { source, there, known: None }))));
        }
        self.known.fill().await?;
        let row = self.known.peeked.as_ref().filter(|_| self.led).map(|row| &row.key);
        let Some(key) = [self.source.key(), self.there.key(), row].into_iter().flatten().min().cloned()
        else {
            return Ok(None);
        };
        let source = if self.source.key() == Some(&key) { self.source.take() } else { None };
        let there = if self.there.key() == Some(&key) { self.there.take() } else { None };
        let known = self.row(&key).await?;
        Ok(Some(Next::Pair(Box::new(Pair { source, there, known }))))
    }

    async fn row(&mut self, key: &Key) -> Result<Option<ObjectRow>, Fault> {
        loop {
            self.known.fill().await?;
            let Some(row) = &self.known.peeked else { return Ok(None) };
            match row.key.cmp(key) {
                Ordering::Less => self.known.peeked = None,
                Ordering::Equal => return Ok(self.known.peeked.take()),
                Ordering::Greater => return Ok(None),
            }
        }
    }
}

/// Nothing, as a listing.
pub(super) fn nothing() -> Listing {
    mpsc::channel(1).1
}

/// One of what is merged.
struct Stream<T> {
    receiver: mpsc::Receiver<Result<Vec<T>, Fault>>,
    batch: std::vec::IntoIter<T>,
    peeked: Option<T>,
}

impl<T> Stream<T> {
    async fn fill(&mut self) -> Result<(), Fault> {
        while self.peeked.is_none() {
            self.peeked = self.batch.next();
            if self.peeked.is_some() {
                break;
            }
            match self.receiver.recv().await {
                Some(batch) => self.batch = batch?.into_iter(),
                None => break,
            }
        }
        Ok(())
    }
}

impl Stream<Met> {
    fn key(&self) -> Option<&Key> {
        match &self.peeked {
            Some(Met::Item(item)) => Some(item.key()),
            _ => None,
        }
    }

    fn take(&mut self) -> Option<Item> {
        match self.peeked.take() {
            Some(Met::Item(item)) => Some(item),
            other => {
                self.peeked = other;
                None
            }
        }
    }

    fn take_remark(&mut self) -> Option<Remark> {
        match self.peeked.take() {
            Some(Met::LeftOut { path, why }) => Some(Remark::LeftOut { path, why }),
            Some(Met::Fault(fault)) => Some(Remark::Fault(fault)),
            other => {
                self.peeked = other;
                None
            }
        }
    }
}

/// The ledger's rows, read on a thread of their own.
fn rows(job: JobId, ledger: Ledger) -> mpsc::Receiver<Result<Vec<ObjectRow>, Fault>> {
    const BATCH: usize = 512;
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        // Nobody listens any more: the work has ended, and this fault reaches nobody.
        let gone = || Fault::new(Class::Cancelled, "nobody wants to know any more");
        let read = ledger.objects(job, &mut |row| {
            batch.push(row);
            if batch.len() < BATCH {
                return Ok(());
            }
            sender.blocking_send(Ok(std::mem::take(&mut batch))).map_err(|_| gone())
        });
        let _ = sender.blocking_send(read.map(|()| batch));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_store::Found;

    fn listing(names: &[&str]) -> Listing {
        let (sender, receiver) = mpsc::channel(names.len() + 1);
        for name in names {
            let met = match name.strip_prefix('!') {
                Some(bad) => Met::Fault(Fault::new(Class::BadInput, bad)),
                None => Met::Item(Item::Object(Found::new(name.parse().unwrap(), 1))),
            };
            sender.try_send(Ok(vec![met])).unwrap();
        }
        receiver
    }

    #[tokio::test]
    async fn every_key_of_either_side_comes_once_in_order() {
        let mut pairs = Pairs::new(listing(&["a", "b/x", "!odd", "d"]), listing(&["b-x", "b/x", "e"]), None);
        let mut seen = Vec::new();
        while let Some(next) = pairs.next().await.unwrap() {
            seen.push(match next {
                Next::Pair(pair) => {
                    let key = pair.source.as_ref().or(pair.there.as_ref()).unwrap().key().to_string();
                    let side = |item: Option<Item>, sign| if item.is_some() { sign } else { "" };
                    format!("{key}{}{}", side(pair.source, "<"), side(pair.there, ">"))
                }
                Next::Remark(Remark::Fault(fault) | Remark::There(fault)) => fault.line(),
                Next::Remark(Remark::LeftOut { path, .. }) => path,
            });
        }
        assert_eq!(seen, ["a<", "b-x>", "b/x<>", "odd", "d<", "e>"]);
    }

    #[tokio::test]
    async fn a_listing_that_fails_ends_the_merge() {
        let (sender, receiver) = mpsc::channel(1);
        sender.try_send(Err(Fault::new(Class::Refused, "no"))).unwrap();
        drop(sender);
        assert!(Pairs::new(listing(&["a"]), receiver, None).next().await.is_err());
    }
}
