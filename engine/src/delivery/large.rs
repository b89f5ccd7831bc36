//! Objects that go in parts.

use std::{collections::BTreeMap, sync::Arc};

use adt_model::{Class, Fault, Key};
use adt_store::{MAX_PARTS, PartReceipt, Upload, part_size};
use tokio::task::JoinSet;

use super::{
    Delivery, Source,
    again::{Beginnings, Failed},
    part::{Part, PartLog, Progress},
    reader::Reader,
    upload::Open,
};

type Parts = BTreeMap<u32, PartReceipt>;
type Landed = Result<PartReceipt, Fault>;

impl Delivery {
    /// Reads each byte once, many parts at a time; the object becomes visible when its source has proven steady. An upload that the place
    /// has forgotten is begun again within the retry time.
    pub(super) async fn large(&self, mut reader: Reader, source: Source, key: &Key) -> Result<(), Fault> {
        let mut beginnings = Beginnings::default();
        loop {
            let Err(failed) = self.attempt(reader.clone(), &source, key).await else { return Ok(()) };
            self.begin_again(key, failed, &mut beginnings).await?;
            reader = reader.afresh();
        }
    }

    async fn attempt(&self, reader: Reader, source: &Source, key: &Key) -> Result<(), Failed> {
        let part_size = self.part_size(reader.size());
        let Open { upload, kept } = self.open_upload(key, part_size, source).await?;
        let (upload, progress) = (Arc::new(upload), Progress::new(&self.counters));
        let sending = Sending { reader, key, upload: Arc::clone(&upload), part_size, progress };
        let Err(fault) = self.through(&sending, kept, source).await else { return Ok(()) };
        let failed = self.upload_failed(key, &upload, fault).await;
        if failed.again {
            sending.progress.take_back();
        }
        Err(failed)
    }

    /// All parts, and the object that they make.
    async fn through(&self, sending: &Sending<'_>, kept: Parts, source: &Source) -> Result<(), Fault> {
        let parts = self.send_parts(sending, kept).await?;
        let checked = sending.reader.finish(parts.values()).await?;
        self.complete(sending.key, &sending.upload, parts, source).await?;
        if !checked {
            self.counters.unchecked();
        }
        Ok(())
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

    async fn send_parts(&self, sending: &Sending<'_>, kept: Parts) -> Result<Parts, Fault> {
        let mut flying = JoinSet::new();
        let sent = self.fly(sending, kept, &mut flying).await;
        // A part that arrives after its upload was aborted would be left behind.
        flying.shutdown().await;
        sent
    }

    async fn fly(
        &self,
        sending: &Sending<'_>,
        mut kept: Parts,
        flying: &mut JoinSet<Landed>,
    ) -> Result<Parts, Fault> {
        let Sending { reader, key, part_size, .. } = sending;
        let (size, mut parts) = (reader.size(), Parts::new());
        let count = u32::try_from(size.div_ceil(*part_size))
            .map_err(|_| Fault::new(Class::Refused, format!("`{key}` needs too many parts")))?;
        for number in 1..=count {
            let offset = u64::from(number - 1) * part_size;
            let length = (*part_size).min(size - offset);
            let kept = kept.remove(&number).filter(|kept| kept.size == length);
            if let (Some(kept), false) = (&kept, reader.digests()) {
                sending.progress.part(length).done();
                parts.insert(number, kept.clone());
                continue;
            }
            while flying.len() >= self.ctx.settings.lanes {
                land(flying, &mut parts).await?;
            }
            let permit = self.ctx.budget.take(length).await;
            if let Err(stopped) = self.ctx.paced(length).await {
                land_all(flying, &mut parts).await?;
                return Err(stopped);
            }
            let part = Part {
                number,
                offset,
                length,
                kept,
                reader: reader.clone(),
                upload: Arc::clone(&sending.upload),
                log: self.part_log(key),
                progress: sending.progress.part(length),
                way: self.way(),
            };
            let budget = self.ctx.budget.clone();
            flying.spawn(async move {
                let receipt = part.send(&budget).await;
                drop(permit);
                receipt
            });
        }
        land_all(flying, &mut parts).await?;
        Ok(parts)
    }

    pub(super) fn part_log(&self, key: &Key) -> PartLog {
        PartLog::new(self.row.map(|job| (self.ctx.ledger.clone(), job)), key)
    }
}

/// One object on its way.
struct Sending<'a> {
    reader: Reader,
    key: &'a Key,
    upload: Arc<Upload>,
    part_size: u64,
    progress: Progress,
}

async fn land_all(flying: &mut JoinSet<Landed>, parts: &mut Parts) -> Result<(), Fault> {
    while !flying.is_empty() {
        land(flying, parts).await?;
    }
    Ok(())
}

/// Waits for one part of those in flight.
async fn land(flying: &mut JoinSet<Landed>, parts: &mut Parts) -> Result<(), Fault> {
    let Some(landed) = flying.join_next().await else { return Ok(()) };
    let receipt =
        landed.map_err(|e| Fault::new(Class::Bug, "sending a part ended in a panic").because(e))??;
    parts.insert(receipt.number, receipt);
    Ok(())
}
