//! Objects that go in parts.

use std::{collections::BTreeMap, sync::Arc};

use adt_model::{Class, Fault, Key};
use adt_store::{MAX_PARTS, PartReceipt, Upload, part_size};
use tokio::task::JoinSet;

use super::{Delivery, Source, reader::Reader, upload::Open};

type Parts = BTreeMap<u32, PartReceipt>;

impl Delivery {
    /// Reads each byte once, many parts at a time; the object becomes visible when its source has proven steady.
    pub(super) async fn large(&self, reader: Reader, source: Source, key: &Key) -> Result<(), Fault> {
        let reader = Arc::new(reader);
        let part_size = self.part_size(reader.size());
        let Open { upload, kept } = self.open_upload(key, part_size, &source).await?;
        let upload = Arc::new(upload);
        let whole = kept.is_empty();
        let sent = self.send_parts(&reader, key, &upload, part_size, kept).await;
        let steady = match &sent {
            Ok(parts) => reader.finish(parts.values(), whole).await,
            Err(_) => Ok(()),
        };
        match (sent, steady) {
            (Ok(parts), Ok(())) => self.complete(key, &upload, parts, &source).await.map(drop),
            // A source that changed makes the parts worthless; after any other fault they are taken up by the next run.
            (Err(fault), _) | (Ok(_), Err(fault)) if fault.class() == Class::Corrupt => {
                self.give_up(key, &upload).await?;
                Err(fault)
            }
            (Err(fault), _) | (Ok(_), Err(fault)) => {
                // A disk that takes no more is not held full by what cannot be finished on it.
                let passes = matches!(fault.class(), Class::Cancelled | Class::Transient);
                if self.row().is_none() || (self.place.location().is_folder() && !passes) {
                    self.give_up(key, &upload).await?;
                }
                Err(fault)
            }
        }
    }

    /// What was asked for, if it is enough; the same in every run with the same settings, so that an upload can be taken up.
    fn part_size(&self, size: u64) -> u64 {
        let usual = part_size(Some(size));
        match self.ctx.settings.part_size {
            // Ten thousand parts are the most that any cloud takes.
            Some(asked) => asked.max(size.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(1 << 20)),
            None => usual,
        }
    }

    async fn send_parts(
        &self,
        reader: &Arc<Reader>,
        key: &Key,
        upload: &Arc<Upload>,
        part_size: u64,
        mut parts: Parts,
    ) -> Result<Parts, Fault> {
        let size = reader.size();
        let mut flying = JoinSet::new();
        let count = u32::try_from(size.div_ceil(part_size))
            .map_err(|_| Fault::new(Class::Refused, format!("`{key}` needs too many parts")))?;
        for number in 1..=count {
            let offset = u64::from(number - 1) * part_size;
            let length = part_size.min(size - offset);
            if parts.get(&number).is_some_and(|kept| kept.size == length) {
                self.counters.read(length);
                continue;
            }
            if let Err(fault) = self.ctx.stop.check() {
                self.land_all(key, &mut flying, &mut parts).await?;
                return Err(fault);
            }
            while flying.len() >= self.ctx.settings.lanes {
                self.land(key, &mut flying, &mut parts).await?;
            }
            let permit = self.ctx.budget.take(length).await;
            self.ctx.pace.take(length).await;
            let (reader, upload, budget) = (Arc::clone(reader), Arc::clone(upload), self.ctx.budget.clone());
            flying.spawn(async move {
                let block = reader.read(offset, length, &budget).await?;
                let receipt = upload.put_part(number, offset, block).await;
                drop(permit);
                receipt
            });
        }
        self.land_all(key, &mut flying, &mut parts).await?;
        Ok(parts)
    }

    async fn land_all(
        &self,
        key: &Key,
        flying: &mut JoinSet<Landed>,
        parts: &mut Parts,
    ) -> Result<(), Fault> {
        while !flying.is_empty() {
            self.land(key, flying, parts).await?;
        }
        Ok(())
    }

    /// Waits for one part of those in flight and keeps it.
    async fn land(&self, key: &Key, flying: &mut JoinSet<Landed>, parts: &mut Parts) -> Result<(), Fault> {
        let Some(landed) = flying.join_next().await else { return Ok(()) };
        let receipt =
            landed.map_err(|e| Fault::new(Class::Bug, "sending a part ended in a panic").because(e))??;
        self.counters.read(receipt.size);
        self.part_confirmed(key, &receipt)?;
        parts.insert(receipt.number, receipt);
        Ok(())
    }
}

type Landed = Result<PartReceipt, Fault>;
