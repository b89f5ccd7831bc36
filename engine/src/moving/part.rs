//! A move that many processes share. The source's keys are cut into batches once; a process moves those that are its own. The usual move
//! then finds them there, and does what concerns all of them: links, empty folders, what the source does not have.

use std::{collections::BTreeSet, sync::Arc};

use adt_ledger::JobId;
use adt_model::{Fault, Key};

use super::{
    copy::{Asked, Work},
    pairs::{Next, Pair, Pairs},
    side::{Met, missing},
};
use crate::delivery::Delivery;

/// Every key of the source with its object's size, in byte order.
pub(crate) async fn each(asked: &Asked, mut each: impl FnMut(&Key, u64)) -> Result<(), Fault> {
    let mut listing = asked.source.items(&asked.selection);
    let mut none = true;
    while let Some(met) = listing.recv().await {
        for met in met? {
            // What cannot be named is told by whoever ends the move.
            if let Met::Item(item) = met {
                none = false;
                each(item.key(), item.size());
            }
        }
    }
    if none { Err(missing(&asked.source.place)) } else { Ok(()) }
}

/// Both listings, cut into batches.
pub(crate) struct Parts {
    pairs: Pairs,
    starts: Vec<Key>,
    wanted: BTreeSet<u64>,
    ahead: Option<(u64, Pair)>,
}

/// What the two sides hold of a batch.
pub(crate) struct Part(Vec<Pair>);

impl Parts {
    /// The batches `wanted` of those that begin with the keys `starts`.
    pub(crate) fn new(asked: &Asked, starts: Vec<Key>, wanted: BTreeSet<u64>) -> Self {
        let (source, there) = (&asked.source, &asked.destination);
        let pairs = Pairs::new(source.items(&asked.selection), there.items(&asked.selection), None);
        Self { pairs, starts, wanted, ahead: None }
    }

    /// The next batch of which the source has anything.
    pub(crate) async fn next(&mut self) -> Result<Option<(u64, Part)>, Fault> {
        let mut found: Option<(u64, Vec<Pair>)> = None;
        while let Some((batch, pair)) = self.pair().await? {
            match &mut found {
                None => found = Some((batch, vec![pair])),
                Some((own, pairs)) if *own == batch => pairs.push(pair),
                Some(_) => {
                    self.ahead = Some((batch, pair));
                    break;
                }
            }
        }
        Ok(found.map(|(batch, pairs)| (batch, Part(pairs))))
    }

    async fn pair(&mut self) -> Result<Option<(u64, Pair)>, Fault> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        while let Some(next) = self.pairs.next().await? {
            let Next::Pair(pair) = next else { continue };
            let Some(source) = &pair.source else { continue };
            // What is new before the first of the keys belongs to the first batch.
            let after = self.starts.partition_point(|start| start <= source.key()) as u64;
            let batch = after.saturating_sub(1);
            if self.wanted.contains(&batch) {
                return Ok(Some((batch, *pair)));
            }
        }
        Ok(None)
    }
}

impl Part {
    /// Moves what of it differs.
    pub(crate) async fn settle(
        self,
        asked: &Asked,
        row: JobId,
        out: Arc<Delivery>,
        name: &str,
    ) -> Result<(), Fault> {
        Arc::new(Work::part(asked.clone(), row, out, name.to_owned())).some(self.0).await
    }
}

#[cfg(test)]
mod tests {
    use adt_store::Found;
    use tokio::sync::mpsc;

    use super::{super::item::Item, *};

    fn listing(keys: &[Key]) -> super::super::side::Listing {
        let (sender, receiver) = mpsc::channel(1);
        let met = keys.iter().map(|key| Met::Item(Item::Object(Found::new(key.clone(), 1)))).collect();
        sender.try_send(Ok(met)).unwrap();
        receiver
    }

    /// Also of keys that came, or went, after the batches were made.
    #[tokio::test]
    async fn every_object_of_the_source_is_in_one_batch() {
        let key = |number: u64| Key::parse(format!("k{number:03}")).unwrap();
        let now: Vec<Key> = (0..60).filter(|number| number % 7 != 3).map(key).collect();
        for cut in [vec![5], vec![5, 10, 24, 25, 31], (0..60).collect()] {
            let starts: Vec<Key> = cut.iter().copied().map(key).collect();
            for shares in 1..5 {
                let mut seen = Vec::new();
                for share in 0..shares {
                    let wanted: BTreeSet<u64> =
                        (0..starts.len() as u64).filter(|batch| batch % shares == share).collect();
                    let pairs = Pairs::new(listing(&now), listing(&[key(1), key(70)]), None);
                    let mut parts =
                        Parts { pairs, starts: starts.clone(), wanted: wanted.clone(), ahead: None };
                    while let Some((batch, Part(pairs))) = parts.next().await.unwrap() {
                        assert!(wanted.contains(&batch));
                        seen.extend(pairs.into_iter().map(|pair| pair.source.unwrap().key().clone()));
                    }
                }
                seen.sort();
                assert_eq!(seen, now, "{cut:?} {shares}");
            }
        }
    }
}
