//! Zips a folder as the program does: `zip_speed <level> <threads> <folder> <zip>`; prints seconds, MB/s and ratio.

#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{env, error::Error, fs::File, io::Write, time::Instant};

use adt_formats::{
    folder::{Rules, Walked, walk},
    zip::{ZipOptions, zip_folder},
};
use adt_model::{Fault, Idle};
use jiff::tz::TimeZone;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [level, threads, folder, zip] = arguments.as_slice() else {
        return Err("which level, threads, folder and zip?".into());
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
    let mut file = File::create(zip)?;
    let mut out = |piece: bytes::Bytes| {
        file.write_all(&piece).map_err(|error| Fault::io(format!("cannot write `{zip}`"), error))
    };
    let entries = walk(folder.as_str().into(), &Rules::default()).filter_map(|walked| match walked {
        Ok(Walked::Entry(entry)) => Some(Ok(entry)),
        Ok(Walked::LeftOut { .. } | Walked::Repeated { .. }) => None,
        Err(fault) => Some(Err(fault)),
    });
    let options = ZipOptions::new(level.parse()?, "session", TimeZone::UTC);
    let begin = Instant::now();
    let summary = zip_folder(entries, &mut out, &pool, &Idle, &options)?;
    let seconds = begin.elapsed().as_secs_f64();
    let speed = summary.bytes_in as f64 / 1e6 / seconds;
    let ratio = summary.bytes_in as f64 / summary.bytes_out as f64;
    println!("{} entries {seconds:.2} s {speed:.1} MB/s ratio {ratio:.4}", summary.entries);
    Ok(())
}
