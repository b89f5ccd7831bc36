//! After sending: the destination lists what it has confirmed, or is asked for it object by object.
//!
//! A server may acknowledge an object and drop it, or keep half of it. Every object that this run has sent is compared with the listing,
//! in the order of keys; only what the listing lacks or shows otherwise is asked for by itself.

use std::sync::Arc;

use adt_ledger::{ObjectRow, ObjectState};
use adt_model::{Class, Fault, Key};
use adt_store::{Found, Place};
use futures::StreamExt;
use tokio::task::JoinSet;

use super::{
    copy::{Account, Work},
    item::Item,
    pairs::{Next, Pair, Pairs, nothing},
};

/// What a listing, or an answer, says of an object that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    /// What was sent.
    AsSent,
    /// Something else, with what differs.
    Otherwise(String),
}

/// Compares with the receipt that the ledger keeps.
fn held(row: &ObjectRow, there: &Found) -> Held {
    if there.size != row.size {
        return Held::Otherwise(format!("{} bytes were sent, {} are there", row.size, there.size));
    }
    match (row.crc64, there.crc64) {
        (Some(sent), Some(kept)) if sent == kept => return Held::AsSent,
        (Some(_), Some(_)) => return Held::Otherwise("its checksum is not that of what was sent".into()),
        _ => {}
    }
    match (&row.etag, &there.etag) {
        (Some(sent), Some(kept)) if sent != kept => {
            Held::Otherwise(format!("its ETag is `{kept}`, that of what was sent is `{sent}`"))
        }
        _ => Held::AsSent,
    }
}

/// The same for an object that was sent outside of a move. Credentials may have the right to list, and not to read.
pub(crate) async fn ask_or_list(place: &Place, row: &ObjectRow) -> Result<(), Fault> {
    match place.head(&row.key).await {
        Err(fault) if fault.class() == Class::Refused => {
            let mut pages = place.list();
            while let Some(page) = pages.next().await {
                if let Some(found) = page?.into_iter().find(|found| found.key == row.key) {
                    return judged(place, row, Some(&found));
                }
            }
            judged(place, row, None)
        }
        found => judged(place, row, found?.as_ref()),
    }
}

/// Asks for one object that was sent. `row` is its receipt.
async fn ask(place: &Place, row: &ObjectRow) -> Result<(), Fault> {
    judged(place, row, place.head(&row.key).await?.as_ref())
}

fn judged(place: &Place, row: &ObjectRow, found: Option<&Found>) -> Result<(), Fault> {
    let shown = place.location().join(&row.key);
    let why = match found {
        Some(found) => match held(row, found) {
            Held::AsSent => return Ok(()),
            Held::Otherwise(why) => format!("`{shown}` is not what was sent: {why}"),
        },
        None => format!("`{shown}` is missing, although the destination confirmed it"),
    };
    Err(Fault::new(Class::Corrupt, why).help(
        "run the same command again to send it; if it happens again, another program changes objects there, or the server loses them",
    ))
}

impl Work {
    /// Whether anything was sent that can be looked for.
    pub(super) fn has_sent(&self) -> bool {
        !self.asked.dry_run && !self.asked.no_list && self.out.counters().now().objects_sent > 0
    }

    /// Lists the destination once, and compares it with everything that this run has sent.
    pub(super) async fn confirm_all(self: &Arc<Self>) -> Result<Account, Fault> {
        let there = self.asked.destination.items(&self.asked.selection);
        let known = Some((self.row, self.ctx.ledger.clone()));
        let mut pairs = Pairs::new(nothing(), there, known).led();
        let mut confirming = Confirming::new(self);
        while let Some(next) = pairs.next().await? {
            self.ctx.stop.check()?;
            // Only what was sent is of interest here.
            if let Next::Pair(pair) = next {
                confirming.meet(&pair).await?;
            }
        }
        confirming.finish().await
    }

    /// Asks for one object that this run has sent.
    pub(super) async fn confirm_one(self: &Arc<Self>, key: &Key) -> Result<(), Fault> {
        self.ctx.ledger.flush()?;
        let row = self.ctx.ledger.object(self.row, key)?;
        match row.filter(|row| row.state == ObjectState::Confirmed) {
            Some(row) => self.ask_for(&row).await,
            None => Ok(()),
        }
    }

    /// What is not there is forgotten, so that the next run sends it.
    async fn ask_for(&self, row: &ObjectRow) -> Result<(), Fault> {
        let asked = ask(self.out.place(), row).await;
        if asked.as_ref().is_err_and(|fault| fault.class() == Class::Corrupt) {
            self.ctx.ledger.forget(self.row, &row.key)?;
        }
        asked
    }
}

/// Compares pairs of a second listing with what this run has sent.
pub(super) struct Confirming {
    work: Arc<Work>,
    asking: JoinSet<(Key, Result<(), Fault>)>,
    account: Account,
}

impl Confirming {
    pub(super) fn new(work: &Arc<Work>) -> Self {
        Self { work: Arc::clone(work), asking: JoinSet::new(), account: Account::default() }
    }

    pub(super) async fn meet(&mut self, pair: &Pair) -> Result<(), Fault> {
        let since = self.work.out.since();
        let sent =
            |row: &&ObjectRow| row.state == ObjectState::Confirmed && row.at.is_some_and(|at| at >= since);
        let Some(row) = pair.known.as_ref().filter(sent) else { return Ok(()) };
        self.account.found += 1;
        if let Some(there) = &pair.there
            && held(row, &listed(there)) == Held::AsSent
        {
            return Ok(());
        }
        let (work, row) = (Arc::clone(&self.work), row.clone());
        self.asking.spawn(async move { (row.key.clone(), work.ask_for(&row).await) });
        while self.asking.len() >= self.work.ctx.settings.lanes {
            self.work.land(&mut self.asking, &mut self.account).await?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<Account, Fault> {
        while !self.asking.is_empty() {
            self.work.land(&mut self.asking, &mut self.account).await?;
        }
        Ok(self.account)
    }
}

/// As a store describes it; a file's time and size are its mark, and are compared by asking.
fn listed(item: &Item) -> Found {
    match item {
        Item::File(entry) => Found::new(entry.key.clone(), entry.size),
        other => other.found(),
    }
}

#[cfg(test)]
mod tests {
    use adt_model::Crc64;
    use rstest::rstest;

    use super::*;

    fn row(etag: Option<&str>, crc64: Option<u64>) -> ObjectRow {
        ObjectRow {
            key: "k".parse().unwrap(),
            size: 10,
            crc64: crc64.map(Crc64),
            etag: etag.map(str::to_owned),
            source_modified: None,
            source_size: None,
            source_etag: None,
            state: ObjectState::Confirmed,
            at: None,
        }
    }

    #[rstest]
    #[case::as_sent(10, Some("e"), None, true)]
    #[case::nothing_but_a_size(10, None, None, true)]
    #[case::halved(5, Some("e"), Some(1), false)]
    #[case::longer(20, Some("e"), Some(1), false)]
    #[case::another_etag(10, Some("f"), None, false)]
    #[case::another_checksum(10, Some("e"), Some(2), false)]
    #[case::the_checksum_decides(10, Some("f"), Some(1), true)]
    fn what_is_there_is_what_was_sent(
        #[case] size: u64,
        #[case] etag: Option<&str>,
        #[case] crc64: Option<u64>,
        #[case] same: bool,
    ) {
        let found = Found {
            etag: etag.map(str::to_owned),
            crc64: crc64.map(Crc64),
            ..Found::new("k".parse().unwrap(), size)
        };
        assert_eq!(held(&row(Some("e"), Some(1)), &found) == Held::AsSent, same);
    }
}
