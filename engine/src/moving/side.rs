//! One side of a move: a place with a listing in byte order.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use adt_formats::folder::{EntryKind, Links, Rules, Walked, file, walk};
use adt_model::{Class, Fault, Key, Location, temporary::is_temporary};
use adt_store::{FolderLinks, Found, Place, StoreOptions};
use camino::Utf8PathBuf;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::item::{Item, Selection};

/// Items of one step from a listing to whoever takes them.
const BATCH: usize = 512;
/// Objects that are asked for by name at once.
const NAMED_AT_ONCE: usize = 16;
/// Batches that a listing may be ahead.
const AHEAD: usize = 4;

/// Where objects come from, or go.
#[derive(Clone, Debug)]
pub struct End {
    /// Opened.
    pub place: Place,
    /// One object below the place instead of everything.
    pub only: Option<Key>,
    named: Option<Named>,
    odd: Odd,
    /// What becomes of links in a folder.
    links: FolderLinks,
    /// Folders without content of this machine, markers of folders in a bucket: those that the listings so far have met.
    folders: Folders,
}

/// Objects that are looked for one by one.
#[derive(Clone, Debug)]
struct Named {
    keys: Arc<BTreeSet<Key>>,
    /// Each of them must be there.
    required: bool,
}

type Folders = Arc<Mutex<BTreeSet<Key>>>;

/// Objects that no path can name, as a listing meets them.
type Odd = Arc<Mutex<Vec<Fault>>>;

/// What a listing meets.
#[derive(Debug)]
pub(super) enum Met {
    Item(Item),
    /// Not taken, with the reason.
    LeftOut {
        path: String,
        why: String,
    },
    /// Of one name; the listing goes on.
    Fault(Fault),
}

/// A listing that is under way.
pub(super) type Listing = mpsc::Receiver<Result<Vec<Met>, Fault>>;

impl End {
    /// Opens a location. What no path can name there is told object by object, and the others are listed.
    pub async fn open(location: &Location, options: &StoreOptions) -> Result<Self, Fault> {
        let odd = Odd::default();
        let heard = Arc::clone(&odd);
        let on_odd = move |fault| heard.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
        let folders = Folders::default();
        let met = Arc::clone(&folders);
        let on_folder = move |name: &str| {
            met.lock().unwrap_or_else(PoisonError::into_inner).extend(Key::parse(name).ok());
        };
        let options = StoreOptions {
            on_odd: Some(Arc::new(on_odd)),
            on_folder: Some(Arc::new(on_folder)),
            ..options.clone()
        };
        Ok(Self {
            place: Place::open(location, &options).await?,
            only: None,
            named: None,
            odd,
            links: options.folder_links,
            folders,
        })
    }

    /// Only one object of it.
    #[must_use]
    pub fn only(self, key: Key) -> Self {
        Self { only: Some(key), ..self }
    }

    /// Only these objects of it, each looked for by itself. At a source, one that is missing is a fault.
    #[must_use]
    pub fn naming(self, keys: Arc<BTreeSet<Key>>, required: bool) -> Self {
        Self { named: Some(Named { keys, required }), ..self }
    }

    /// Empty folders that are selected, as far as the listings have come.
    pub(super) fn folders(&self, selection: &Selection) -> BTreeSet<Key> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.iter().filter(|key| (selection.takes)(key)).cloned().collect()
    }

    /// Before the place is listed once more.
    pub(super) fn forget_folders(&self) {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn odd(&self) -> impl Iterator<Item = Met> + use<> {
        let odd = std::mem::take(&mut *self.odd.lock().unwrap_or_else(PoisonError::into_inner));
        odd.into_iter().map(Met::Fault)
    }

    /// What becomes of links that are met here. At a destination they are things of their own, which are replaced or removed and never
    /// entered.
    fn links(&self, selection: &Selection) -> Links {
        match (self.links, selection.links) {
            (_, Links::Keep) => Links::Keep,
            (FolderLinks::Never, _) => Links::Listed,
            (_, links) => links,
        }
    }

    /// Whether a link here is a thing of its own, and not what it leads to.
    pub(super) fn has_own_links(&self) -> bool {
        self.links == FolderLinks::Never
    }

    fn is_destination(&self) -> bool {
        self.links != FolderLinks::Read
    }

    /// The folder, for a place of this machine.
    pub(super) fn folder(&self) -> Option<&Utf8PathBuf> {
        match self.place.location() {
            Location::Folder(path) => Some(path),
            _ => None,
        }
    }

    /// Everything that is selected, in byte order of keys, while it is read.
    pub(super) fn items(&self, selection: &Selection) -> Listing {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let (selection, end) = (selection.clone(), self.clone());
        match self.folder().cloned() {
            Some(folder) => {
                drop(tokio::task::spawn_blocking(move || walked(&folder, &end, &selection, &sender)));
            }
            None => drop(tokio::spawn(async move { listed(&end, &selection, &sender).await })),
        }
        receiver
    }
}

type Sender = mpsc::Sender<Result<Vec<Met>, Fault>>;

fn walked(folder: &Utf8PathBuf, end: &End, selection: &Selection, sender: &Sender) {
    if let Some(only) = &end.only {
        let met = one(folder, only, selection).unwrap_or_else(|fault| Some(Met::Fault(fault)));
        let _ = sender.blocking_send(Ok(met.into_iter().collect()));
        return;
    }
    if let Some(named) = &end.named {
        for key in named.keys.iter() {
            let met = of_names(folder, key, named.required, selection);
            if sender.blocking_send(Ok(met.into_iter().collect())).is_err() {
                return;
            }
        }
        return;
    }
    if !folder.exists() {
        return;
    }
    let mut batch = Vec::new();
    let walk = walk(folder, &Rules { links: end.links(selection), ..Rules::default() });
    let walk = match &selection.choice {
        Some(choice) => walk.choosing(choice.clone()),
        None => walk,
    };
    for walked in walk {
        let met = match walked {
            Ok(Walked::Entry(entry)) => {
                if entry.kind == EntryKind::EmptyFolder {
                    end.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.key);
                    continue;
                }
                if !(selection.takes)(&entry.key) {
                    continue;
                }
                Met::Item(Item::File(entry))
            }
            // Another run is writing it, or its next one removes it.
            Ok(Walked::LeftOut { path, .. })
                if end.is_destination() && path.rsplit('/').next().is_some_and(is_temporary) =>
            {
                continue;
            }
            Ok(Walked::LeftOut { path, why, .. }) => Met::LeftOut { path, why },
            Ok(Walked::Repeated { .. }) => continue,
            Err(fault) => Met::Fault(fault),
        };
        batch.push(met);
        // Nobody listens any more: the work has ended.
        if batch.len() >= BATCH && sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
            return;
        }
    }
    let _ = sender.blocking_send(Ok(batch));
}

/// The one file that was named; the folder it lies in is not read.
fn one(folder: &Utf8PathBuf, only: &Key, selection: &Selection) -> Result<Option<Met>, Fault> {
    if !(selection.takes)(only) {
        return Ok(Some(not_taken(only)));
    }
    if is_temporary(only.file_name()) {
        let why = "a temporary file of adt".to_owned();
        return Ok(Some(Met::LeftOut { path: only.to_string(), why }));
    }
    let path = folder.join(only.as_str());
    if selection.links == Links::Skip && path.is_symlink() {
        let why = "a link; links are skipped as asked".to_owned();
        return Ok(Some(Met::LeftOut { path: only.to_string(), why }));
    }
    if !path.exists() && !path.is_symlink() {
        return Ok(None);
    }
    Ok(file(folder, only, selection.links)?.map(|entry| Met::Item(Item::File(entry))))
}

/// One of the names that were listed.
fn of_names(folder: &Utf8PathBuf, key: &Key, required: bool, selection: &Selection) -> Option<Met> {
    match one(folder, key, selection) {
        Ok(Some(Met::LeftOut { path, why })) => Some(Met::LeftOut { path, why }),
        Ok(Some(met)) => Some(met),
        Ok(None) if required => Some(Met::Fault(not_there(folder.join(key.as_str()).as_str()))),
        Ok(None) => None,
        Err(fault) => Some(Met::Fault(fault)),
    }
}

fn not_there(name: &str) -> Fault {
    Fault::new(Class::Missing, format!("there is no file `{name}`"))
        .help("correct the list of `--files-from`")
}

fn not_taken(only: &Key) -> Met {
    let why = "`--include` and `--exclude` leave it out".to_owned();
    Met::LeftOut { path: only.to_string(), why }
}

async fn listed(end: &End, selection: &Selection, sender: &Sender) {
    if let Some(only) = &end.only {
        if !(selection.takes)(only) {
            let _ = sender.send(Ok(vec![not_taken(only)])).await;
            return;
        }
        let found = end.place.head(only).await.transpose();
        let batch = found.map(|found| found.map(|found| vec![Met::Item(Item::Object(found))]));
        if let Some(batch) = batch {
            let _ = sender.send(batch).await;
        }
        return;
    }
    if let Some(named) = &end.named {
        let mut found = futures::stream::iter(named.keys.iter().cloned().map(|key| {
            let place = end.place.clone();
            async move { (place.head(&key).await, key) }
        }))
        .buffered(NAMED_AT_ONCE);
        while let Some((found, key)) = found.next().await {
            let batch = found.map(|found| match found {
                Some(found) => vec![Met::Item(Item::Object(found))],
                None if named.required => {
                    vec![Met::Fault(not_there(&end.place.location().join(&key).to_string()))]
                }
                None => Vec::new(),
            });
            if sender.send(batch).await.is_err() {
                return;
            }
        }
        return;
    }
    let mut pages = end.place.list();
    while let Some(page) = pages.next().await {
        let batch = page.map(|page| {
            let chosen = page.into_iter().filter(|found: &Found| (selection.takes)(&found.key));
            end.odd().chain(chosen.map(|found| Met::Item(Item::Object(found)))).collect()
        });
        if sender.send(batch).await.is_err() {
            return;
        }
    }
    let _ = sender.send(Ok(end.odd().collect())).await;
}

/// Everything that is selected at `end`, one by one to `each`: key, size, time. What cannot be named is a fault once all the others have been told.
pub async fn list(
    end: &End,
    selection: &Selection,
    each: &mut dyn FnMut(Found) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut listing = end.items(selection);
    let mut odd = None;
    while let Some(batch) = listing.recv().await {
        for met in batch? {
            match met {
                Met::Item(item) => {
                    let found = item.found();
                    if selection.bounds.hold(&found) {
                        each(found)?;
                    }
                }
                Met::LeftOut { .. } => {}
                Met::Fault(fault) => drop(odd.get_or_insert(fault)),
            }
        }
    }
    odd.map_or(Ok(()), Err)
}

/// The fault for a source that is not there.
pub(super) fn missing(place: &Place) -> Fault {
    Fault::new(Class::Missing, format!("there is nothing at `{}`", place.location()))
        .help("check the name; names are told apart by letter case")
}
