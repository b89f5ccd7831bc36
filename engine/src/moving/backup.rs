//! `--backup-dir`: what the destination has is kept elsewhere before it is replaced or deleted.

use adt_formats::folder::LINK;
use adt_model::{Class, Crc64, Fault, Key, Location, Rules};
use adt_store::{Block, Found, ObjectMeta, Place, Sums};
use camino::Utf8PathBuf;

use super::copy::Work;

impl Work {
    /// Copies what the destination has to `--backup-dir`, before it is replaced or deleted. What is kept there already is never replaced.
    pub(super) async fn keep_old(&self, key: &Key) -> Result<(), Fault> {
        let Some(backup) = &self.backup else { return Ok(()) };
        let from = &self.asked.destination.place;
        if let Some(link) = self.old_link(key)? {
            return link.keep(backup.place()).await;
        }
        let Some(old) = from.head(key).await? else { return Ok(()) };
        let shown = backup.place().location().join(key);
        if let Some(there) = backup.place().head(key).await? {
            // An earlier run may have ended between the two.
            if is_copy(&old, &there) {
                return Ok(());
            }
            return Err(occupied(&shown));
        }
        backup.send_object(from, &old, key).await?;
        if self.asked.dry_run {
            return Ok(());
        }
        match backup.place().head(key).await? {
            Some(there) if there.size == old.size => Ok(()),
            _ => Err(Fault::new(Class::Corrupt, format!("`{shown}` is missing, although it was confirmed"))),
        }
    }

    /// The link that a destination folder has under this name.
    fn old_link(&self, key: &Key) -> Result<Option<OldLink>, Fault> {
        let destination = &self.asked.destination;
        let Some(root) = destination.folder().filter(|_| destination.has_own_links()) else {
            return Ok(None);
        };
        // A name that ends like this may stand for a link without that end.
        let stripped = key.as_str().strip_suffix(LINK).and_then(|name| Key::parse(name).ok());
        for name in [Some(key.clone()), stripped].into_iter().flatten() {
            let Ok(path) = Rules::here().below(root, name.as_str()) else { continue };
            match path.symlink_metadata() {
                Ok(data) if data.is_symlink() => {}
                Ok(_) => return Ok(None),
                Err(_) => continue,
            }
            let failed = |e| Fault::io(format!("cannot read the link `{path}`"), e);
            return Ok(Some(OldLink { name, target: path.read_link_utf8().map_err(failed)? }));
        }
        Ok(None)
    }
}

/// A link that is to be kept: as a link in a folder, in a bucket as an object that holds the text of its target.
struct OldLink {
    name: Key,
    target: Utf8PathBuf,
}

impl OldLink {
    async fn keep(&self, backup: &Place) -> Result<(), Fault> {
        let object = Key::parse(format!("{}{LINK}", self.name)).map_err(|e| {
            Fault::new(Class::BadInput, format!("`{}` cannot be named", self.name)).because(e)
        })?;
        match self.is_kept(backup, &object).await? {
            Some(true) => return Ok(()),
            Some(false) => return Err(occupied(&backup.location().join(&self.name))),
            None => {}
        }
        if backup.link(&object, &self.target).await? {
            return Ok(());
        }
        let bytes = self.target.as_str().as_bytes().to_vec();
        let crc64 = Crc64(adt_codec::crc64(&bytes));
        backup.put(&object, Block { bytes: bytes.into(), crc64 }, &ObjectMeta::default()).await.map(drop)
    }

    /// Whether what is kept under that name is this link; `None` where nothing is.
    async fn is_kept(&self, backup: &Place, object: &Key) -> Result<Option<bool>, Fault> {
        if let Location::Folder(root) = backup.location() {
            let path = root.join(self.name.as_str());
            let is_there = path.symlink_metadata().is_ok();
            return Ok(is_there.then(|| path.read_link_utf8().is_ok_and(|target| target == self.target)));
        }
        let Some(found) = backup.head(object).await? else { return Ok(None) };
        let text = self.target.as_str().as_bytes();
        Ok(Some(found.size == text.len() as u64 && backup.get_of(&found, 0..found.size).await? == text))
    }
}

/// What is kept is never replaced.
fn occupied(shown: &Location) -> Fault {
    let what = format!("`{shown}` exists already, and is not what would be kept there");
    Fault::new(Class::Conflict, what).help("name another `--backup-dir`, a new one for each run")
}

/// Whether one is known to be a copy of the other.
fn is_copy(old: &Found, there: &Found) -> bool {
    let sums = Sums::kept(old).agree(&Sums::kept(there));
    old.size == there.size && sums.unwrap_or_else(|| old.modified.is_some() && old.modified == there.modified)
}

#[cfg(test)]
mod tests {
    use adt_model::Crc64;
    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_same_sum((1, Some(1), None), (1, Some(1), Some(9)), true)]
    #[case::another_sum((1, Some(1), Some(9)), (1, Some(2), Some(9)), false)]
    #[case::another_size((1, Some(1), None), (2, Some(1), None), false)]
    #[case::the_same_time((1, None, Some(9)), (1, None, Some(9)), true)]
    #[case::another_time((1, None, Some(9)), (1, None, Some(8)), false)]
    #[case::nothing_known((1, None, None), (1, None, None), false)]
    fn a_copy_is_known_by_its_sum_or_its_time(
        #[case] old: (u64, Option<u64>, Option<i64>),
        #[case] there: (u64, Option<u64>, Option<i64>),
        #[case] same: bool,
    ) {
        let found = |(size, sum, second): (u64, Option<u64>, Option<i64>)| Found {
            crc64: sum.map(Crc64),
            modified: second.map(|second| Timestamp::from_second(second).unwrap()),
            ..Found::new("k".parse().unwrap(), size)
        };
        assert_eq!(is_copy(&found(old), &found(there)), same);
    }
}
