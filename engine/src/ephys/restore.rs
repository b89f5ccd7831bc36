//! Stores become recordings again: every file of samples as it was, byte for byte, and proven so before it is visible.

mod account;
mod ahead;
mod content;
mod copy;
mod damage;
mod inside;
mod others;
mod rest;
mod segment;
mod store;
mod thin;

use std::{collections::BTreeMap, sync::Arc};

use adt_codec::Sha256;
use adt_formats::session_files::{self, SessionFiles};
use adt_model::{Class, Ended, Fault, JobEnd, Key, Location, Origin, What};
use adt_store::{FolderLinks, Found, Place, StoreOptions};
use bytes::Bytes;
use camino::Utf8PathBuf;

pub use self::account::{Failed, File, Other, Restored};
use self::{
    ahead::{Reader, Window},
    content::{Wanted, stands},
    inside::{last_part, within},
    segment::Remake,
    store::{Store, target},
};
use super::open::{Seen, Session, contradictions, damaged, differences, open, sessions};
use crate::{
    Ctx,
    beat::Beat,
    bridge::Outlet,
    budget::Budget,
    course::Watch,
    ctx::Tell,
    delivery::{Address, Counters, Delivery},
};

/// What is to be restored, and where to.
#[derive(Clone, Debug)]
pub struct Asked {
    /// An asset, its `ecephys_compressed` folder, or one store.
    pub from: Location,
    /// Becomes the session's folder.
    pub to: Location,
    /// Whether files with another content are replaced.
    pub force: bool,
    /// Whether nothing is decoded or written: only what would be is listed.
    pub dry_run: bool,
}

/// Opens both places and restores, telling events under the name of what is restored.
///
/// A fault means that nothing was begun; what goes wrong with one file is in the result.
pub async fn run(asked: &Asked, ctx: &Arc<Ctx>) -> Result<Restored, Fault> {
    if within(&asked.to, &asked.from) {
        let what = format!("`{}` lies inside `{}`, which is only read", asked.to, asked.from);
        return Err(Fault::new(Class::BadInput, what).help("restore into another folder"));
    }
    let shown = asked.from.to_string();
    let options = StoreOptions { folder_links: FolderLinks::Never, ..ctx.store.clone() };
    let (from, to) = (Place::open(&asked.from, &ctx.store).await?, Place::open(&asked.to, &options).await?);
    if asked.dry_run {
        return over(asked, &from, to.rehearsing(), JobEnd::Rehearsed, &unannounced(ctx)).await;
    }
    let _claim = ctx.ledger.claim_move(&format!("restore of {shown}"), &asked.to)?;
    let owner = ctx.owner("restore", &shown, &asked.to)?;
    over(asked, &from, to.owned_by(&owner), JobEnd::Done, ctx).await
}

/// Decodes and compares everything of an asset, as a restore does, and writes nothing.
pub async fn verify(from: &Location, ctx: &Arc<Ctx>) -> Result<Restored, Fault> {
    let nowhere = std::env::temp_dir().join(format!("adt-verify-{}", std::process::id()));
    let nowhere = Utf8PathBuf::from_path_buf(nowhere).unwrap_or_else(|_| "adt-verify".into());
    let asked = Asked { from: from.clone(), to: Location::Folder(nowhere), force: true, dry_run: false };
    let (from, to) = (Place::open(from, &ctx.store).await?, Place::open(&asked.to, &ctx.store).await?);
    over(&asked, &from, to.rehearsing(), JobEnd::Rehearsed, &unannounced(ctx)).await
}

/// Where nothing is restored, no restore begins or ends: the result alone says what was found.
fn unannounced(ctx: &Arc<Ctx>) -> Arc<Ctx> {
    let all = Arc::clone(&ctx.tell);
    let tell: Tell = Arc::new(move |event| {
        if !matches!(event.what, What::JobStarted { .. } | What::JobFinished(_)) {
            all(event);
        }
    });
    Arc::new(Ctx { tell, ..Ctx::clone(ctx) })
}

async fn over(
    asked: &Asked,
    from: &Place,
    to: Place,
    end: JobEnd,
    ctx: &Arc<Ctx>,
) -> Result<Restored, Fault> {
    let name = last_part(&asked.from);
    let counters = Arc::new(Counters::default());
    let address = Address { job: name.clone(), place: to, row: None, look: false, mark: None };
    let out = Arc::new(Delivery::new(Arc::clone(ctx), address, Arc::clone(&counters)));
    let began = (ctx.clock)();
    let work = Box::pin(restore(from, &out, &name, asked));
    let result = Watch::new(name.clone(), Arc::clone(ctx), Arc::clone(&counters)).over(work).await;
    if result.as_ref().is_ok_and(|restored| !restored.stopped)
        && let Err(fault) = out.place().tidy(&[]).await
    {
        out.note(format!("temporary files of an earlier run could not be removed: {}", fault.line()));
    }
    let seconds = (ctx.clock)().duration_since(began).as_secs_f64();
    let ended = match &result {
        // Nothing was begun, so nothing ends.
        Err(fault) if !matches!(fault.class(), Class::Cancelled | Class::Bug) => return Err(fault.clone()),
        Err(fault) => Ended::badly(fault, counters.now(), seconds),
        Ok(restored) if restored.failed.is_empty() => Ended::well(end, counters.now(), seconds),
        Ok(restored) => {
            let what = format!("{} of it could not be restored", restored.failed.len());
            let class = if restored.stopped { Class::Cancelled } else { Class::Corrupt };
            Ended::badly(&Fault::new(class, what), counters.now(), seconds)
        }
    };
    ctx.tell(&name, None, What::JobFinished(ended));
    result.map(|restored| Restored { seconds, ..restored })
}

/// Restores every file of every store below `from`.
async fn restore(from: &Place, out: &Arc<Delivery>, name: &str, asked: &Asked) -> Result<Restored, Fault> {
    let ctx = out.ctx();
    let found = ctx.stop.or(sessions(from)).await?;
    if found.is_empty() {
        let what = format!("`{}` holds no compressed recordings", from.location());
        return Err(Fault::new(Class::Missing, what)
            .help("name an asset with a folder `ecephys_compressed`, that folder, or a store, whose name ends in `.zarr`"));
    }
    let alone = found.len() == 1;
    let Asked { force, dry_run, .. } = *asked;
    let mut restoring = Restoring { from, out, force, dry_run, result: Restored::default() };
    let mut planned = Vec::new();
    for session in found {
        let folder = (!alone).then(|| Key::parse(format!("ecephys{}", session.number))).and_then(Result::ok);
        planned.push(restoring.plan(session, folder).await?);
    }
    restoring.announce(name, &planned);
    for session in planned {
        restoring.session(session).await?;
    }
    Ok(restoring.result)
}

/// A session that can be begun.
struct Planned {
    /// Where it goes, if not right to the destination.
    folder: Option<Key>,
    stores: Vec<Store>,
    /// The files that stores name; of two with one name, neither is restored.
    names: BTreeMap<Key, u64>,
    /// Whether every store could be opened, so that the names are complete.
    complete: bool,
    number: String,
    clipped: BTreeMap<Key, Found>,
    /// The list of the session's files, where it can be used.
    list: Option<SessionFiles>,
}

struct Restoring<'a> {
    from: &'a Place,
    out: &'a Arc<Delivery>,
    force: bool,
    dry_run: bool,
    result: Restored,
}

impl Restoring<'_> {
    /// Opens the stores; those that cannot be restored are told.
    async fn plan(&mut self, session: Session, folder: Option<Key>) -> Result<Planned, Fault> {
        let is_of_an_asset = session.is_of_an_asset();
        let Session { number, stores: seen, clipped, files, strays } = session;
        let list = self.list(files.as_ref()).await?;
        let (stores, names) = (Vec::new(), BTreeMap::new());
        let mut planned = Planned { folder, stores, names, complete: true, number, clipped, list };
        for stray in strays {
            let what = format!("`{stray}` is not part of the asset: no store has it");
            let fault = Fault::new(Class::Conflict, what).help("remove it, or keep it outside of the asset");
            self.fail(stray.as_str(), None, fault)?;
        }
        for seen in &seen {
            let name = seen.name(self.from);
            match self.open(seen, &name).await {
                Ok(store) => planned.stores.push(store),
                Err(fault) => {
                    planned.complete = false;
                    self.fail(&name, None, fault)?;
                }
            }
        }
        // An asset of an earlier version has no list, and a single store or a folder of stores comes without its asset.
        if is_of_an_asset && files.is_none() && planned.stores.iter().any(Store::has_list) {
            let name = format!("ecephys_clipped{}/{}", planned.number, session_files::NAME);
            let what = format!("`{name}` is missing: other files of the session may be missing too");
            let fault = Fault::new(Class::Missing, what).help("take it from another copy of the asset");
            self.fail(&name, None, fault)?;
        }
        for store in &planned.stores {
            for source in store.sources() {
                if let Ok(key) = target(&store.name, source) {
                    *planned.names.entry(key).or_default() += 1;
                }
            }
        }
        Ok(planned)
    }

    /// The list of the session's files; `None` where there is none, or it is damaged.
    async fn list(&mut self, files: Option<&Found>) -> Result<Option<SessionFiles>, Fault> {
        let Some(found) = files else { return Ok(None) };
        match self.out.ctx().stop.or(others::read_list(self.from, found)).await {
            Ok(list) => Ok(Some(list)),
            Err(fault) => {
                self.fail(found.key.as_str(), None, fault)?;
                Ok(None)
            }
        }
    }

    async fn open(&mut self, seen: &Seen, name: &str) -> Result<Store, Fault> {
        let (place, stop) = (seen.place(self.from), &self.out.ctx().stop);
        let of_store = |fault: Fault| match fault.class() {
            Class::Corrupt | Class::Missing => {
                Fault::new(fault.class(), format!("`{name}` cannot be used")).because(fault)
            }
            _ => fault,
        };
        if !seen.documents.contains(".zgroup") {
            let what = format!("`{name}` was not finished, or is damaged: it has no `.zgroup`");
            return Err(Fault::new(Class::Missing, what).help("run the job that writes it again"));
        }
        let stored = stop.or(open(&place)).await.map_err(of_store)?;
        let store = Store::new(name.to_owned(), place.clone(), stored)?;
        let lanes = self.out.ctx().settings.lanes;
        for small in stop.or(damaged(&store.stored, &place, lanes)).await? {
            let what = format!("`{name}`: `{small}` is damaged: nothing is restored from it");
            self.fail(name, None, Fault::new(Class::Corrupt, what))?;
        }
        let objects = stop.or(differences(&store.stored, &place)).await?;
        let differing = stop.or(contradictions(seen, &place, lanes)).await?;
        for extra in objects.extra {
            let what = format!("`{name}`: `{extra}` is not part of the store");
            let fault = Fault::new(Class::Conflict, what).help("remove it from the asset");
            self.fail(name, None, fault)?;
        }
        // Otherwise they are missed where they are needed.
        let missed = if self.dry_run { objects.missing } else { Vec::new() };
        for missing in missed {
            let fault = Fault::new(Class::Missing, format!("`{name}`: `{missing}` is missing"));
            self.fail(name, None, fault.help("take the store from another copy of the asset"))?;
        }
        if differing.is_empty() {
            return Ok(store);
        }
        let what = format!(
            "`{name}`: `.zmetadata` and `{}` contradict each other: one is damaged",
            differing.join("`, `")
        );
        let fault = Fault::new(Class::Corrupt, what);
        // The names of files stand there, and no checksum proves a name.
        if differing.iter().any(|name| name == ".zattrs") {
            return Err(fault);
        }
        self.fail(name, None, fault)?;
        Ok(store)
    }

    fn announce(&self, name: &str, planned: &[Planned]) {
        let sources = || planned.iter().flat_map(|session| &session.stores).flat_map(Store::sources);
        let started = What::JobStarted {
            origin: Origin { source: "restore".into(), row: None },
            asset: self.out.place().location().to_string(),
            files: sources().count() as u64,
            bytes: sources().fold(0, |sum, source| sum.saturating_add(source.bytes)),
            resumed: false,
        };
        self.out.ctx().tell(name, None, started);
    }

    async fn session(&mut self, session: Planned) -> Result<(), Fault> {
        for store in &session.stores {
            if let Some(why) = store.left_out() {
                self.result.left_out.push(why);
                self.partial(store).await?;
                continue;
            }
            for segment in 0..store.sources().len() {
                self.out.ctx().stop.check().or_else(|fault| self.fail(&store.name, Some(segment), fault))?;
                if self.result.stopped {
                    return Ok(());
                }
                if let Err(fault) = self.segment(store, segment, &session).await {
                    self.fail(&store.name, Some(segment), fault)?;
                }
                if self.result.stopped {
                    return Ok(());
                }
                if self.dry_run {
                    continue;
                }
                if let Err(fault) = thin::check(store, segment, &self.reader(store)).await {
                    self.fail(&store.name, Some(segment), fault)?;
                }
            }
        }
        self.others(session).await
    }

    /// A store without some columns of its recordings: what is there is looked at.
    async fn partial(&mut self, store: &Store) -> Result<(), Fault> {
        let segments = if self.dry_run { 0 } else { store.sources().len() };
        for segment in 0..segments {
            let reader = self.reader(store);
            let checked = match thin::decode(store, segment, &reader).await {
                Ok(()) => thin::check(store, segment, &reader).await,
                damaged => damaged,
            };
            checked.or_else(|fault| self.fail(&store.name, Some(segment), fault))?;
        }
        Ok(())
    }

    async fn segment(&mut self, store: &Store, segment: usize, session: &Planned) -> Result<(), Fault> {
        let source = &store.sources()[segment];
        let inside = target(&store.name, source)?;
        if session.names.get(&inside).is_some_and(|times| *times > 1) {
            let what = format!("`{}`: more than one store holds `{inside}`", store.name);
            return Err(Fault::new(Class::Conflict, what)
                .help("restore them one by one, each into a folder of its own"));
        }
        let key = self.below(&inside, session.folder.as_ref())?;
        let kept = self.make(store, segment, &key).await?;
        let file = File { path: key.to_string(), bytes: source.bytes, sha256: source.sha256.clone(), kept };
        self.result.files.push(file);
        Ok(())
    }

    /// Makes one file, unless it stands there already.
    async fn make(&self, store: &Store, segment: usize, key: &Key) -> Result<bool, Fault> {
        let (out, source) = (self.out, &store.sources()[segment]);
        if self.dry_run {
            return self.there(key, source.bytes).await;
        }
        let wanted = Wanted::Sha256(&source.sha256);
        let there = stands(out.place(), key, source.bytes, wanted, self.force);
        if out.ctx().stop.or(there).await? {
            out.keeps(key, source.bytes, source.bytes);
            return Ok(true);
        }
        let beat = Beat::of(out);
        let remake = || {
            beat.take_back();
            let remake = Remake::begin(store, segment, &self.reader(store), self.window(), beat.clone())?;
            Ok(move |outlet: &mut Outlet| remake.write(outlet))
        };
        if source.bytes == 0 && source.sha256 == Sha256::new().finish() {
            // What the store says of it is looked at all the same.
            drop(remake()?);
            out.bytes(key, Bytes::new(), None).await?;
        } else {
            out.stream(key, &source.sha256, remake).await?;
        }
        Ok(false)
    }

    fn reader(&self, store: &Store) -> Reader {
        let ctx = self.out.ctx();
        Reader { place: store.place.clone(), pool: Arc::clone(&ctx.pool), stop: ctx.stop.clone() }
    }

    /// One chunk for each thread and one more; most of the memory is for them, beside what is on its way to the destination.
    fn window(&self) -> Window {
        let ctx = self.out.ctx();
        Window {
            chunks: ctx.pool.current_num_threads() + 1,
            account: Some(Budget::new(ctx.settings.chunk_memory.unwrap_or(ctx.settings.memory / 4 * 3))),
        }
    }

    /// Below the destination, and never inside of what is read.
    fn below(&self, inside: &Key, folder: Option<&Key>) -> Result<Key, Fault> {
        let key = folder.map_or_else(|| inside.clone(), |folder| folder.join(inside));
        let to = self.out.place().location().join(&key);
        if within(&to, self.from.location()) {
            let what = format!("`{to}` lies inside `{}`, which is only read", self.from.location());
            return Err(Fault::new(Class::BadInput, what).help("restore into another folder"));
        }
        Ok(key)
    }

    /// Keeps a failure and goes on; a bug ends everything.
    fn fail(&mut self, name: &str, segment: Option<usize>, fault: Fault) -> Result<(), Fault> {
        match fault.class() {
            Class::Bug => return Err(fault),
            // Said once, however much was under way.
            Class::Cancelled if self.result.stopped => return Ok(()),
            Class::Cancelled => self.result.stopped = true,
            _ => {}
        }
        self.result.failed.push(Failed {
            name: name.to_owned(),
            segment,
            fault: fault.line(),
            help: fault.advice().map(str::to_owned),
            class: fault.class(),
        });
        Ok(())
    }
}
