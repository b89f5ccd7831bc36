use std::{
    fs::TryLockError,
    io::{Read, Seek, Write},
};

use adt_codec::Crc64Digest;
use adt_model::{Class, Fault, Location};
use camino::Utf8PathBuf;
use fs_err::File;
use jiff::Timestamp;

use crate::{Ledger, connect::create_folder};

/// The right to work on an asset, among all processes that share the ledger. It ends when it is dropped; the operating
/// system ends it when the process dies.
#[derive(Debug)]
#[must_use]
pub struct Claim {
    /// The lock lives as long as the open file.
    _file: File,
}

/// A process that this one is just starting holds for a moment what this one held: a lock is looked at so often again, so far apart.
const LOOKS: u32 = 10;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

impl Ledger {
    /// Claims an asset. `Conflict` where somebody works on it, in this process or in another, naming that process.
    ///
    /// The lock is a file in `<ledger>.locks`, named by a checksum of the asset's location. The files stay, for removing one
    /// could take it from under a process that is about to lock it.
    pub fn claim(&self, asset: &Location) -> Result<Claim, Fault> {
        self.claim_name(&asset.to_string())
    }

    /// The same for a move: others may bring other things to the same place meanwhile.
    pub fn claim_move(&self, from: &str, to: &Location) -> Result<Claim, Fault> {
        self.claim_name(&format!("{from} to {to}"))
    }

    /// A text that no other ledger has, to mark what its work leaves in places that others use too. `fresh` becomes it where there is none yet.
    pub fn identity(&self, fresh: &str) -> Result<String, Fault> {
        let folder = Utf8PathBuf::from(format!("{}.locks", self.path()));
        create_folder(&folder)?;
        let path = folder.join("identity");
        let failed = |error| Fault::io(format!("cannot read `{path}`"), error);
        match File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(fresh.as_bytes()).map_err(failed)?;
                Ok(fresh.to_owned())
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                fs_err::read_to_string(&path).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn claim_name(&self, asset: &str) -> Result<Claim, Fault> {
        let folder = Utf8PathBuf::from(format!("{}.locks", self.path()));
        create_folder(&folder)?;
        let mut digest = Crc64Digest::new();
        digest.update(asset.as_bytes());
        let path = folder.join(format!("{:016x}.lock", digest.finish()));
        let failed = |error| Fault::io(format!("cannot claim `{asset}`"), error);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        let mut looks = LOOKS;
        loop {
            match file.file().try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if looks > 0 => {
                    looks -= 1;
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => return Err(held(asset, &mut file)),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        sign(&mut file, asset).map_err(failed)?;
        Ok(Claim { _file: file })
    }
}

/// Says whose it is; the file's modification time says since when.
fn sign(file: &mut File, asset: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}\n{asset}\n", std::process::id())
}

/// Names the holder as far as it can be read: Windows locks the content too.
fn held(asset: &str, file: &mut File) -> Fault {
    let mut text = String::new();
    let holder = match file.read_to_string(&mut text) {
        Ok(_) => text.lines().next().filter(|pid| !pid.is_empty()).map(|pid| format!("process {pid}")),
        Err(_) => None,
    };
    let holder = holder.unwrap_or_else(|| "another process".to_owned());
    let since = file
        .metadata()
        .and_then(|about| about.modified())
        .ok()
        .and_then(|time| Timestamp::try_from(time).ok())
        .map(|time| format!(" since {time:.0}"))
        .unwrap_or_default();
    Fault::new(Class::Conflict, format!("{holder} has been working on `{asset}`{since}"))
        .help("wait until it ends, or stop it; then run the same command again")
}
