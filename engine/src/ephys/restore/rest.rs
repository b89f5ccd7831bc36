//! What of a session is not samples: it comes from the clipped copy.

use adt_model::{Fault, Key};

use super::{
    Planned, Restoring,
    account::Other,
    content,
    copy::{Copy, check_all, copy_all},
    others::{self, Others},
};

impl Restoring<'_> {
    /// In a dry run: whether a file of this size is at the destination; one of another size would be in the way.
    pub(super) async fn there(&self, key: &Key, size: u64) -> Result<bool, Fault> {
        let place = self.out.place();
        let found = self.out.ctx().stop.or(place.head(key)).await?;
        match found {
            Some(found) if found.size != size && !self.force => Err(content::another(place, key)),
            found => Ok(found.is_some_and(|found| found.size == size)),
        }
    }

    /// What of the session is not samples comes from its clipped copy.
    pub(super) async fn others(&mut self, session: Planned) -> Result<(), Fault> {
        let Planned { folder, names, complete, number, clipped, list, .. } = session;
        let of_copy = match list {
            Some(list) => others::sort(list, clipped, &names, &number),
            None => others::unlisted(clipped, &names, &number, complete),
        };
        let Others { copies, unread, checks, empty_folders, left_out, faults } = of_copy;
        for (name, fault) in faults {
            self.fail(&name, None, fault)?;
        }
        self.result.left_out.extend(left_out);
        self.result.unread.extend(unread);
        let mut placed = Vec::new();
        for copy in copies {
            match self.below(&copy.to, folder.as_ref()) {
                Ok(to) => placed.push(Copy { to, ..copy }),
                Err(fault) => self.fail(copy.to.as_str(), None, fault)?,
            }
        }
        if self.dry_run {
            return self.list_others(placed).await;
        }
        for (key, fault) in check_all(self.from, checks, self.out).await {
            self.fail(key.as_str(), None, fault)?;
        }
        for (copy, done) in copy_all(self.from, placed, self.out, self.force).await {
            match done {
                Ok(_) => self.copied(&copy),
                Err(fault) => self.fail(copy.found.key.as_str(), None, fault)?,
            }
        }
        self.folders(empty_folders, folder.as_ref()).await
    }

    fn copied(&mut self, copy: &Copy) {
        self.result.copied += 1;
        self.result.copied_bytes += copy.found.size;
    }

    async fn list_others(&mut self, copies: Vec<Copy>) -> Result<(), Fault> {
        for copy in copies {
            match self.there(&copy.to, copy.found.size).await {
                Ok(_) => {
                    self.copied(&copy);
                    self.result.others.push(Other { path: copy.to.to_string(), bytes: copy.found.size });
                }
                Err(fault) => self.fail(copy.to.as_str(), None, fault)?,
            }
        }
        Ok(())
    }

    /// Folders without a file, on a disk only: a bucket has none.
    async fn folders(&mut self, folders: Vec<Key>, within: Option<&Key>) -> Result<(), Fault> {
        if !self.out.place().location().is_folder() || self.result.stopped {
            return Ok(());
        }
        for folder in folders {
            let made = async { self.out.place().make_folder(&self.below(&folder, within)?).await };
            if let Err(fault) = made.await {
                self.fail(folder.as_str(), None, fault)?;
            }
        }
        Ok(())
    }
}
