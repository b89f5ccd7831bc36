//! Speed and ratio of our deflate, on one core: `deflate_speed <level> <file>…`, in parts of 1 MiB as zip writes them.
//!
//! With `-n <number>` each file is compressed so many times, and the best time counts. With `-o <folder>` the raw streams are kept there, for another program to inflate.

#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{env, error::Error, fs, path::Path, time::Instant};

use adt_codec::{Deflater, HISTORY};

const PART: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).peekable();
    let times = arguments.next_if_eq("-n").and_then(|_| arguments.next()).map_or(Ok(1), |n| n.parse())?;
    let keep = arguments.next_if_eq("-o").and_then(|_| arguments.next());
    let level = arguments.next().ok_or("which level?")?.parse()?;
    for name in arguments {
        let bytes = fs::read(&name)?;
        let mut deflater = Deflater::new(level);
        let mut out = Vec::new();
        let mut best = f64::INFINITY;
        for _ in 0..times {
            out.clear();
            let begin = Instant::now();
            for start in (0..bytes.len().max(1)).step_by(PART) {
                let end = (start + PART).min(bytes.len());
                let from = start.saturating_sub(HISTORY);
                deflater.part(&bytes[from..end], start - from, end == bytes.len(), &mut out);
            }
            best = best.min(begin.elapsed().as_secs_f64());
        }
        let speed = bytes.len() as f64 / 1e6 / best;
        let ratio = bytes.len() as f64 / out.len() as f64;
        println!("{level} {name} {speed:.1} MB/s ratio {ratio:.4}");
        if let Some(folder) = &keep {
            let stem = Path::new(&name).file_name().unwrap_or_default();
            fs::write(Path::new(folder).join(stem), out)?;
        }
    }
    Ok(())
}
