//! One side is made like the other.

use std::sync::Arc;

use adt_formats::folder::{EntryKind, LINK};
use adt_ledger::JobId;
use adt_model::{Class, Fault, Key, Rules, What};
use adt_store::Place;
use futures::TryStreamExt;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{
    clashes,
    deletion::{Deletion, Seen},
    equal::{Comparison, Glance, glance, look, sent_before},
    item::{Bounds, Item, Selection},
    pairs::{Next, Pair, Pairs, Remark, nothing},
    remove,
    side::{End, Met, missing},
};
use crate::{
    Ctx,
    course::Course,
    delivery::{Address, Delivery},
};

/// Objects per lane that are looked at, read, sent or waiting for memory at once.
const PER_LANE: usize = 2;

/// What is to be moved.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where from, as the person wrote it.
    pub shown: String,
    /// Where from.
    pub source: End,
    /// Where to; everything comes below it.
    pub destination: End,
    /// What one single object is called there.
    pub called: Option<Key>,
    /// What of the source is meant.
    pub selection: Selection,
    /// How objects of the same size are told apart.
    pub comparison: Comparison,
    /// Delete what the source does not have, as far as that is allowed.
    pub delete: Option<Deletion>,
    /// Write and remove nothing.
    pub dry_run: bool,
    /// The destination is neither listed nor asked for anything: for credentials that may only write.
    pub no_list: bool,
    /// What the destination has is kept, whatever it is.
    pub ignore_existing: bool,
    /// Where objects of the destination go before they are replaced or deleted.
    pub backup: Option<Place>,
    /// What names begin with that are inside the source, where that is inside the destination.
    pub within: Option<String>,
}

/// One move at work.
pub(super) struct Work {
    pub(super) asked: Asked,
    pub(super) row: JobId,
    pub(super) out: Arc<Delivery>,
    pub(super) ctx: Arc<Ctx>,
    name: String,
    /// The way to [`Asked::backup`].
    pub(super) backup: Option<Arc<Delivery>>,
    /// Since when runs of this work have been killed.
    pub(super) killed: Option<Timestamp>,
    began: Timestamp,
}

/// What the merged listings have shown.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) failed: u64,
    first: Option<Fault>,
    /// Objects of the source.
    pub(super) found: u64,
    /// For a deletion.
    seen: Seen,
    /// Links come last: nothing is written through them.
    links: Vec<Pair>,
}

impl Account {
    fn failed(&mut self, fault: Fault) {
        self.failed += 1;
        self.first.get_or_insert(fault);
    }
}

impl Work {
    pub(super) fn new(
        asked: Asked,
        owner: Option<String>,
        row: JobId,
        course: &Course,
        ctx: &Arc<Ctx>,
    ) -> Self {
        let place = asked.destination.place.clone();
        let place = if asked.dry_run { place.rehearsing() } else { place };
        let place = owner.map_or(place.clone(), |owner| place.owned_by(&owner));
        let row_of = (!asked.dry_run).then_some(row);
        let look = !asked.no_list;
        let address = Address { job: course.name.clone(), place, row: row_of, look, mark: None };
        let out = Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::clone(course.counters())));
        let (ctx, name) = (Arc::clone(ctx), course.name.clone());
        let backup = asked.backup.clone().map(|place| {
            let place = if asked.dry_run { place.rehearsing() } else { place };
            let address = Address { job: name.clone(), place, row: None, look: false, mark: None };
            // What is kept there is no object of this move.
            let ctx = Arc::new(Ctx { tell: Arc::new(|_| {}), ..Ctx::clone(&ctx) });
            Arc::new(Delivery::new(ctx, address, Arc::default()))
        });
        let began = (ctx.clock)();
        Self { asked, row, out, ctx, name, backup, killed: None, began }
    }

    /// For some of its objects, by one of many processes: what is confirmed is recorded for whoever ends the move.
    pub(super) fn part(asked: Asked, row: JobId, out: Arc<Delivery>, name: String) -> Self {
        let ctx = Arc::clone(out.ctx());
        let began = (ctx.clock)();
        Self { asked, row, out, ctx, name, backup: None, killed: None, began }
    }

    pub(super) async fn perform(self) -> Result<(), Fault> {
        let work = Arc::new(self);
        clashes::refuse(&work).await?;
        let account = match &work.asked.called {
            Some(called) => work.one(called).await?,
            None => work.all().await?,
        };
        if account.failed > 0 {
            return Err(work.not_whole(account));
        }
        work.ctx.stop.check()?;
        if work.asked.no_list {
            work.out.note(NOT_LOOKED_AT.to_owned());
            return Ok(());
        }
        work.tidy().await?;
        match (work.asked.delete, &work.asked.called) {
            (Some(allowed), None) => remove::extra(&work, account.seen, allowed).await,
            (None, None) if work.has_sent() => {
                let account = work.confirm_all().await?;
                if account.failed > 0 { Err(work.not_whole(account)) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// What killed runs have left behind: writes that were begun while they ran, and that nobody can take up any more.
    async fn tidy(&self) -> Result<(), Fault> {
        let Some(killed) = self.killed else { return Ok(()) };
        if self.asked.destination.place.location().is_folder() {
            // All of it has been moved, so what is left of this work is of no more use.
            return self.out.place().tidy(&[]).await.map(drop);
        }
        let left = match self.out.place().unfinished().await {
            Ok(left) => left,
            // Not every server lists uploads; the destination is whole all the same.
            Err(fault) => {
                self.out
                    .note(format!("uploads that may be left behind could not be listed: {}", fault.line()));
                return Ok(());
            }
        };
        let theirs = |since: &Timestamp| (killed..self.began).contains(since);
        for unfinished in left.iter().filter(|left| left.since.as_ref().is_some_and(theirs)) {
            // Another program may be writing other objects.
            if self.out.known(&unfinished.key)?.is_some() {
                self.out.place().abort(unfinished).await?;
            }
        }
        Ok(())
    }

    pub(super) fn not_whole(&self, account: Account) -> Fault {
        let Account { failed, first, found, .. } = account;
        let class = first.as_ref().map_or(Class::Bug, Fault::class);
        let advice = first.as_ref().and_then(Fault::advice).map(str::to_owned);
        let first = first.map(|fault| fault.line()).unwrap_or_default();
        let kept = if self.asked.delete.is_some() { "; nothing was deleted" } else { "" };
        let objects = if found == 1 { "object" } else { "objects" };
        let what = match failed {
            1 => format!("1 of {found} {objects} could not be moved{kept}: {first}"),
            _ => format!("{failed} of {found} {objects} could not be moved{kept}; the first: {first}"),
        };
        let usual = match class {
            Class::Transient | Class::Corrupt => "run the same command again to resume",
            _ => {
                "remove the cause, or leave the object out with `--exclude`, then run the same command again"
            }
        };
        Fault::new(class, what).help(advice.unwrap_or_else(|| usual.into()))
    }

    /// A single object, under a name of its own.
    async fn one(self: &Arc<Self>, called: &Key) -> Result<Account, Fault> {
        let mut items = self.asked.source.items(&self.asked.selection);
        let mut source = None;
        while let Some(batch) = items.recv().await {
            for met in batch? {
                match met {
                    Met::Item(item) => source = Some(item),
                    Met::Fault(fault) => return Err(fault),
                    Met::LeftOut { path, why } => {
                        let what = format!("`{path}` was named, and is left out: {why}");
                        return Err(Fault::new(Class::BadInput, what).help("name it without that option"));
                    }
                }
            }
        }
        let Some(source) = source else { return Err(missing(&self.asked.source.place)) };
        let called = &match &source {
            // What is kept as a link says so by its name.
            Item::File(entry) if entry.kind == EntryKind::Link => named_link(called)?,
            _ => called.clone(),
        };
        if !self.asked.selection.bounds.hold(&source.found()) {
            let what = format!("`{}` was named, and is left out by its size or time", source.key());
            return Err(Fault::new(Class::BadInput, what).help("name it without that option"));
        }
        self.out.counters().found(1, source.size());
        self.out.counters().listed();
        let there =
            if self.asked.no_list { None } else { self.out.place().head(called).await?.map(Item::Object) };
        let known = if self.asked.dry_run { None } else { self.ctx.ledger.object(self.row, called)? };
        let mut account = Account { found: 1, ..Account::default() };
        let pair = Pair { source: Some(source), there, known };
        let settled = match self.settle(pair, called).await {
            Ok(()) if self.has_sent() => self.confirm_one(called).await,
            settled => settled,
        };
        if let Err(fault) = settled {
            account.failed(self.failure(called, fault)?);
        }
        Ok(account)
    }

    /// Everything, while both sides are being listed.
    async fn all(self: &Arc<Self>) -> Result<Account, Fault> {
        let mut pairs = self.pairs();
        let seen = Seen::new(self.asked.delete, self.asked.dry_run);
        let mut account = Account { seen, ..Account::default() };
        let mut flying = JoinSet::new();
        let most = self.ctx.settings.lanes * PER_LANE;
        while let Some(next) = pairs.next().await? {
            if self.ctx.stop.check().is_err() {
                break;
            }
            match next {
                Next::Remark(Remark::LeftOut { path, why }) => {
                    account.seen.left_out(&path);
                    self.out.note(format!("left out: {path}: {why}"));
                }
                Next::Remark(Remark::There(fault)) => {
                    self.out.note(format!("at the destination: {}", fault.line()));
                }
                Next::Remark(Remark::Fault(fault)) => {
                    account.found += 1;
                    account.failed(self.told("", fault));
                }
                Next::Pair(pair) => self.take(*pair, &mut flying, &mut account),
            }
            while flying.len() >= most {
                self.land(&mut flying, &mut account).await?;
            }
        }
        self.out.counters().listed();
        while !flying.is_empty() {
            self.land(&mut flying, &mut account).await?;
        }
        for pair in std::mem::take(&mut account.links) {
            let Some(key) = pair.source.as_ref().map(|source| source.key().clone()) else { continue };
            self.take_off(pair, key, &mut flying);
            self.land(&mut flying, &mut account).await?;
        }
        self.ctx.stop.check()?;
        if self.asked.selection.empty_dirs && account.failed == 0 {
            self.folders().await?;
        }
        // An empty bucket says nothing of whether its name is right; what that means for a deletion is decided there.
        let decided =
            self.asked.delete.is_some() && self.asked.source.folder().is_none() && account.seen.extra > 0;
        if account.found == 0 && !decided && !self.is_there().await? {
            return Err(missing(&self.asked.source.place));
        }
        if account.found == 0 {
            self.out.note(none_selected(&self.asked, account.seen.source));
        }
        Ok(account)
    }

    /// Some objects; links that are restored are left to whoever ends the move.
    pub(super) async fn some(self: &Arc<Self>, pairs: Vec<Pair>) -> Result<(), Fault> {
        let (mut account, mut flying) = (Account::default(), JoinSet::new());
        let most = self.ctx.settings.lanes * PER_LANE;
        for pair in pairs {
            self.ctx.stop.check()?;
            self.take(pair, &mut flying, &mut account);
            while flying.len() >= most {
                self.land(&mut flying, &mut account).await?;
            }
        }
        while !flying.is_empty() {
            self.land(&mut flying, &mut account).await?;
        }
        self.ctx.stop.check()?;
        if account.failed > 0 { Err(self.not_whole(account)) } else { Ok(()) }
    }

    /// Empty folders have no bytes to compare: once both sides are known, those that the destination lacks are made.
    async fn folders(&self) -> Result<(), Fault> {
        let selection = &self.asked.selection;
        let (here, there) = (self.asked.source.folders(selection), self.asked.destination.folders(selection));
        for key in &here {
            let stands = match self.asked.destination.folder() {
                // A folder that holds something is not an empty one, and there all the same.
                Some(root) => Rules::here()
                    .below(root, key.as_str())
                    .is_ok_and(|path| path.symlink_metadata().is_ok_and(|data| data.is_dir())),
                None => there.contains(key),
            };
            self.out.folder(key, stands).await?;
        }
        Ok(())
    }

    /// Both listings, with what the ledger knows of the destination.
    pub(super) fn pairs(&self) -> Pairs {
        let known = (!self.asked.dry_run).then(|| (self.row, self.ctx.ledger.clone()));
        let there =
            if self.asked.no_list { nothing() } else { self.asked.destination.items(&self.asked.selection) };
        Pairs::new(self.asked.source.items(&self.asked.selection), there, known)
    }

    /// Whether the person meant an object, by its size and time; that of the source, where it has one.
    pub(super) fn means(&self, pair: &Pair) -> bool {
        let item = pair.source.as_ref().or(pair.there.as_ref());
        let bounds = &self.asked.selection.bounds;
        *bounds == Bounds::default() || item.is_none_or(|item| bounds.hold(&item.found()))
    }

    /// What the listings, the ledger and the person's wishes say of an object.
    fn glance(&self, pair: &Pair) -> Glance {
        let kept = self.asked.ignore_existing && pair.there.is_some();
        if kept || (self.asked.no_list && sent_before(pair)) {
            return Glance::Same;
        }
        glance(pair, self.asked.comparison)
    }

    /// An empty folder is something; a bucket's prefix without objects is not there.
    async fn is_there(&self) -> Result<bool, Fault> {
        match self.asked.source.folder() {
            Some(folder) => Ok(folder.is_dir()),
            // There may be objects that nobody wants.
            None => Ok(self.asked.source.place.list().try_next().await?.is_some_and(|page| !page.is_empty())),
        }
    }

    /// What a glance decides is decided here; the rest takes off.
    fn take(
        self: &Arc<Self>,
        pair: Pair,
        flying: &mut JoinSet<(Key, Result<(), Fault>)>,
        account: &mut Account,
    ) {
        let meant = self.means(&pair);
        account.seen.meet(&pair, meant);
        let Some(source) = pair.source.as_ref().filter(|_| meant) else { return };
        let (key, size) = (source.key().clone(), source.size());
        account.found += 1;
        self.out.counters().found(1, size);
        if self.glance(&pair) == Glance::Same {
            self.out.keeps(&key, size, size);
            return;
        }
        if self.restores(source) {
            account.links.push(pair);
        } else {
            self.take_off(pair, key, flying);
        }
    }

    fn take_off(self: &Arc<Self>, pair: Pair, key: Key, flying: &mut JoinSet<(Key, Result<(), Fault>)>) {
        let work = Arc::clone(self);
        flying.spawn(async move {
            let result = work.settle(pair, &key).await;
            (key, result)
        });
    }

    pub(super) async fn land(
        &self,
        flying: &mut JoinSet<(Key, Result<(), Fault>)>,
        account: &mut Account,
    ) -> Result<(), Fault> {
        match flying.join_next().await {
            Some(Ok((_, Ok(())))) | None => Ok(()),
            Some(Ok((key, Err(fault)))) => {
                account.failed(self.failure(&key, fault)?);
                Ok(())
            }
            Some(Err(panic)) => {
                Err(Fault::new(Class::Bug, "moving an object ended in a panic").because(panic))
            }
        }
    }

    pub(super) fn tell_deleted(&self, key: &Key) {
        self.ctx.tell(&self.name, None, What::Deleted { key: key.to_string(), dry_run: self.asked.dry_run });
    }

    /// What concerns one object is told, and the others go on; what concerns all of them ends the work.
    fn failure(&self, key: &Key, fault: Fault) -> Result<Fault, Fault> {
        match fault.class() {
            Class::Cancelled | Class::Bug => Err(fault),
            _ => Ok(self.told(key.as_str(), fault)),
        }
    }

    fn told(&self, key: &str, fault: Fault) -> Fault {
        self.out.counters().failed();
        let help = fault.advice().map(str::to_owned);
        let what = What::ObjectFailed { key: key.to_owned(), fault: fault.line(), help };
        self.ctx.tell(&self.name, None, what);
        fault
    }

    /// Keeps or sends one object.
    async fn settle(&self, pair: Pair, key: &Key) -> Result<(), Fault> {
        self.ctx.stop.check()?;
        let Some(source) = &pair.source else { return Ok(()) };
        self.outside_of_source(key)?;
        let same = match self.glance(&pair) {
            Glance::Same => true,
            Glance::Different => false,
            Glance::Unknown => {
                let (from, to) = (&self.asked.source.place, &self.asked.destination.place);
                let looked = look(&pair, self.asked.comparison, from, to).await?;
                if looked.same {
                    self.out.remember(key, &looked.source, &looked.there)?;
                }
                looked.same
            }
        };
        if same {
            self.out.keeps(key, source.size(), source.size());
            return Ok(());
        }
        if pair.there.is_some() {
            self.keep_old(key).await?;
        }
        self.send(source, key).await
    }

    /// Fails for a copy that would be an object of the source, and could replace one that is still to be copied.
    fn outside_of_source(&self, key: &Key) -> Result<(), Fault> {
        match &self.asked.within {
            Some(names) if format!("{key}/").starts_with(names.as_str()) => {
                let what =
                    format!("the copy of `{key}` would be inside of the source `{}`", self.asked.shown);
                Err(Fault::new(Class::BadInput, what)
                    .help("name a destination outside of the source and beside it, or leave the object out with `--exclude`"))
            }
            _ => Ok(()),
        }
    }

    async fn send(&self, source: &Item, key: &Key) -> Result<(), Fault> {
        match source {
            Item::Object(found) if self.restores(source) => {
                self.out.restore_link(&self.asked.source.place, found, key).await
            }
            Item::Object(found) => {
                let place = &self.asked.source.place;
                match self.out.send_object(place, found, key).await {
                    // What was damaged on its way may come whole the next time; what is damaged there will not.
                    Err(fault) if fault.class() == Class::Corrupt => {
                        self.out.note(format!("{}; once more", fault.line()));
                        self.out.send_object(place, found, key).await
                    }
                    sent => sent,
                }
            }
            Item::Noted(_) => Err(Fault::new(Class::Bug, "a manifest has no bytes to move")),
            Item::File(entry) => match entry.kind {
                EntryKind::File => self.out.send_file(entry, key).await,
                EntryKind::Link => self.out.send_link(entry, key).await,
                EntryKind::EmptyFolder => {
                    Err(Fault::new(Class::Bug, "a folder is made when everything else has been moved"))
                }
            },
        }
    }
}

/// What is said where nothing is to be moved; `listed` objects of the source were left out by their sizes or times.
fn none_selected(asked: &Asked, listed: u64) -> String {
    let shown = &asked.shown;
    match listed {
        0 if asked.selection.choice.is_some() => {
            format!("0 objects of `{shown}` are selected: `--include` and `--exclude` leave out all of them")
        }
        0 => format!("`{shown}` has no objects"),
        _ => format!(
            "0 of {listed} objects of `{shown}` are selected: all of them are outside of the bounds of size and age"
        ),
    }
}

/// What `--no-list` leaves open.
const NOT_LOOKED_AT: &str = "the destination was not looked at (`--no-list`): each object is proven by the answer to its own upload only. \
    Whether it replaced another object, and whether it is still there, is not known; objects that this computer sent before were not sent \
    again. `adt verify` compares everything, with credentials that may list and read";

fn named_link(key: &Key) -> Result<Key, Fault> {
    Key::parse(format!("{key}{LINK}"))
        .map_err(|error| Fault::new(Class::BadInput, format!("`{key}` cannot be named")).because(error))
}
