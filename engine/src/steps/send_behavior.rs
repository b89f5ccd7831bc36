//! Behaviour data: each video becomes an encrypted zip that is sent while it is made, so that no clear copy of it leaves the rig;
//! every other file goes as it is. The folders below `behavior_dir` are kept.

use std::sync::Arc;

use adt_formats::{
    folder::Entry,
    is_video,
    zip::{EncryptOptions, password_check, zip_encrypted},
};
use adt_ledger::{JobId, Ledger, SeedRow};
use adt_model::{Class, Fault, FolderWork, Key, Secret, VideoEncryption};
use tokio::sync::Semaphore;

use super::entries;
use crate::{
    Ctx,
    beat::Beat,
    bridge::Outlet,
    delivery::{Delivery, off_the_reactor},
    job::Job,
    rules,
};

pub(super) async fn perform(
    folder: &FolderWork,
    videos: u64,
    under: &Key,
    encryption: VideoEncryption,
    job: &Job,
) -> Result<(), Fault> {
    let sealing = match &job.prepared.password {
        Some(password) => {
            Some(Sealing { encryption, password: password.clone(), seed: seed(under, password, job).await? })
        }
        None if videos > 0 => {
            return Err(Fault::new(Class::Bug, "videos are to be encrypted without a password"));
        }
        None => None,
    };
    let sending = Arc::new(Sending {
        ctx: Arc::clone(&job.ctx),
        out: Arc::clone(job.out()),
        beat: Beat::of(&job.asset),
        // A cipher keeps one thread busy; more videos at once than threads help nobody.
        at_once: Semaphore::new(job.ctx.pool.current_num_threads()),
        under: under.clone(),
        sealing,
    });
    entries::send_each(&folder.source, rules::of(folder), job.out(), |entry| {
        let sending = Arc::clone(&sending);
        async move { sending.entry(&entry).await }
    })
    .await
}

/// The seed that an earlier run encrypted with; what it made comes out the same again. Another password gets another seed, and
/// what was encrypted with the old one is encrypted anew: one asset, one password.
async fn seed(under: &Key, password: &Secret, job: &Job) -> Result<[u8; 16], Fault> {
    let fresh = *(job.ctx.new_id)().as_bytes();
    let Some(row) = job.row else { return Ok(fresh) };
    let ledger = &job.ctx.ledger;
    let known = ledger.seed(row)?;
    let (tried, password) = (known.map_or(fresh, |known| known.seed), password.clone());
    let (check, new_check) =
        off_the_reactor(move || Ok((password_check(&password, &tried), password_check(&password, &fresh))))
            .await?;
    match known {
        Some(known) if known.check == check => return Ok(known.seed),
        Some(_) => forget_videos(row, under, ledger)?,
        None => {}
    }
    ledger.keep_seed(row, SeedRow { seed: fresh, check: new_check })?;
    Ok(fresh)
}

fn forget_videos(row: JobId, under: &Key, ledger: &Ledger) -> Result<(), Fault> {
    let folder = format!("{under}/");
    ledger.objects(row, &mut |object| {
        let video = object.key.as_str().strip_prefix(&folder).and_then(|name| name.strip_suffix(".zip"));
        if video.is_some_and(is_video) { ledger.forget(row, &object.key) } else { Ok(()) }
    })
}

/// What sends the entries of one behaviour folder.
struct Sending {
    ctx: Arc<Ctx>,
    out: Arc<Delivery>,
    beat: Beat,
    at_once: Semaphore,
    under: Key,
    sealing: Option<Sealing>,
}

/// How videos are encrypted.
struct Sealing {
    encryption: VideoEncryption,
    password: Secret,
    seed: [u8; 16],
}

impl Sending {
    async fn entry(&self, entry: &Entry) -> Result<(), Fault> {
        let key = self.under.join(&entry.key);
        match &self.sealing {
            _ if !is_video(entry.key.as_str()) => self.out.file(entry, &key).await,
            Some(sealing) => self.video(entry, &key, sealing).await,
            // The survey saw no video; one that has come since must not go as it is.
            None => Err(Fault::new(Class::Corrupt, format!("`{}` came while the job ran", entry.path))
                .help("wait until the rig has finished writing, then run the same command again")),
        }
    }

    async fn video(&self, entry: &Entry, key: &Key, sealing: &Sealing) -> Result<(), Fault> {
        let key = Key::parse(format!("{key}.zip")).expect("a key with a suffix is a key");
        let _turn = self.at_once.acquire().await.expect("the turns are never closed");
        self.ctx.stop.check()?;
        if self.out.has_made(entry, &key)? {
            self.beat.counted(entry.size);
            return Ok(());
        }
        let (level, zone) = (self.ctx.settings.zip_level, self.ctx.time_zone.iana_name().unwrap_or_default());
        let identity = format!(
            "{} {} {} {:?} {level} {zone} {}",
            entry.size, entry.modified, sealing.encryption, sealing.seed, self.ctx.version
        );
        let beat = self.beat.apart();
        let make_video = || {
            beat.take_back();
            self.make(entry, sealing, beat.clone())
        };
        self.out.stream_from(entry, &key, &identity, make_video).await.map(drop)
    }

    /// The work of the CPU side.
    fn make(
        &self,
        entry: &Entry,
        sealing: &Sealing,
        beat: Beat,
    ) -> impl FnOnce(&mut Outlet) -> Result<(), Fault> + Send + use<> {
        let options = EncryptOptions::new(
            sealing.encryption,
            sealing.password.clone(),
            sealing.seed,
            self.ctx.settings.zip_level,
            entry.key.file_name(),
            self.ctx.time_zone.clone(),
        );
        let (entry, pool) = (entry.clone(), Arc::clone(&self.ctx.pool));
        move |outlet| {
            zip_encrypted(&entry, &mut |piece| outlet.write(&piece), &pool, &beat, &options).map(drop)
        }
    }
}
