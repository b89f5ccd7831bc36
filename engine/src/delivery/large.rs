//! Files that go in parts.

use std::{collections::BTreeMap, sync::Arc};

use adt_formats::{SteadyFile, folder::Entry};
use adt_model::{Class, Fault, Key};
use adt_store::{PartReceipt, Upload, part_size};
use tokio::task::JoinSet;

use super::{
    Delivery, Source,
    small::{block, off_the_reactor},
    upload::Open,
};

type Parts = BTreeMap<u32, PartReceipt>;

impl Delivery {
    pub(super) async fn large(&self, entry: &Entry, key: &Key) -> Result<(), Fault> {
        let source = Source { size: Some(entry.size), modified: Some(entry.modified) };
        let opening = entry.clone();
        let file = Arc::new(
            off_the_reactor(move || SteadyFile::open(&opening.path, opening.size, opening.modified)).await?,
        );
        let part_size = part_size(Some(entry.size));
        let Open { upload, kept } = self.open_upload(key, part_size, source).await?;
        let upload = Arc::new(upload);
        let sent = self.send_parts(entry, key, &file, &upload, part_size, kept).await;
        let steady = off_the_reactor(move || file.finish()).await;
        match (sent, steady) {
            (Ok(parts), Ok(())) => self.complete(key, &upload, parts, source).await.map(drop),
            // A source that changed makes the parts worthless; after any other fault they are taken up by the next run.
            (Err(fault), _) | (Ok(_), Err(fault)) if fault.class() == Class::Corrupt => {
                self.give_up(key, &upload).await?;
                Err(fault)
            }
            (Err(fault), _) | (Ok(_), Err(fault)) => {
                if self.row().is_none() {
                    self.give_up(key, &upload).await?;
                }
                Err(fault)
            }
        }
    }

    async fn send_parts(
        &self,
        entry: &Entry,
        key: &Key,
        file: &Arc<SteadyFile>,
        upload: &Arc<Upload>,
        part_size: u64,
        mut parts: Parts,
    ) -> Result<Parts, Fault> {
        let mut flying = JoinSet::new();
        let count = u32::try_from(entry.size.div_ceil(part_size))
            .map_err(|_| Fault::new(Class::Refused, format!("`{}` needs too many parts", entry.path)))?;
        for number in 1..=count {
            let offset = u64::from(number - 1) * part_size;
            let length = part_size.min(entry.size - offset);
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
            let (file, upload, budget) = (Arc::clone(file), Arc::clone(upload), self.ctx.budget.clone());
            flying.spawn(async move {
                let block = off_the_reactor(move || {
                    let mut bytes = budget.buffer(length as usize);
                    file.read_at(offset, &mut bytes.fill()[..length as usize])?;
                    Ok(block(bytes.freeze(length as usize)))
                })
                .await?;
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
