//! Speed of encrypted zips: `encrypt_speed <aes256|zipcrypto> <threads> <level> <file>…`.
//!
//! Each file is zipped three times into nothing, and the best time counts. With `-o <folder>` before the files they are zipped once
//! more and kept there, for another program to open; the password is `Käse 42`.

#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{env, error::Error, fs, io::Write, time::Instant};

use adt_formats::{
    folder::{Entry, EntryKind},
    zip::{EncryptOptions, zip_encrypted},
};
use adt_model::{Class, Fault, Idle, Key, Secret, VideoEncryption};
use camino::Utf8PathBuf;
use jiff::{Timestamp, tz::TimeZone};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).peekable();
    let mut next = || arguments.next().ok_or("usage: encrypt_speed <cipher> <threads> <level> <file>…");
    let encryption: VideoEncryption = next()?.parse().map_err(|()| "which cipher?")?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(next()?.parse()?).build()?;
    let level = next()?.parse()?;
    let keep = arguments.next_if_eq("-o").and_then(|_| arguments.next());
    for name in arguments {
        let file = entry(name.into())?;
        let password = Secret::new("Käse 42");
        let options = EncryptOptions::new(encryption, password, [1; 16], level, "body.mp4", TimeZone::UTC);
        let mut best = f64::INFINITY;
        let mut bytes_out = 0;
        for _ in 0..3 {
            let begin = Instant::now();
            bytes_out = zip_encrypted(&file, &mut |_| Ok(()), &pool, &Idle, &options)?.bytes_out;
            best = best.min(begin.elapsed().as_secs_f64());
        }
        let speed = file.size as f64 / 1e6 / best;
        if let Some(folder) = &keep {
            let path = Utf8PathBuf::from(folder).join(format!("{}.{encryption}.zip", file.key));
            let failed = |error| Fault::new(Class::Refused, "cannot write").because(error);
            let mut out = fs::File::create(path)?;
            let mut write = |piece: bytes::Bytes| out.write_all(&piece).map_err(failed);
            zip_encrypted(&file, &mut write, &pool, &Idle, &options)?;
        }
        println!("{} {speed:.0} MB/s, {} → {bytes_out} bytes", file.path, file.size);
    }
    Ok(())
}

fn entry(path: Utf8PathBuf) -> Result<Entry, Box<dyn Error>> {
    let metadata = fs::metadata(&path)?;
    Ok(Entry {
        key: Key::parse(path.file_name().unwrap_or_default())?,
        kind: EntryKind::File,
        size: metadata.len(),
        modified: Timestamp::try_from(metadata.modified()?)?,
        changed: None,
        mode: None,
        path,
    })
}
