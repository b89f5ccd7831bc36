//! Speed and ratio of our WavPack on one core: `wavpack_speed [-n <times>] [-o <stream>] <level> <channels> <file of int16>`.
//!
//! The file is packed and unpacked as one stream so many times, and the median of the processor's time counts (the clock's where
//! the system does not tell it). With `-o` the stream is kept, for another program to read. `wavpack_speed.py` measures libwavpack
//! in the same way.

#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{env, error::Error, fs, time::Instant};

use adt_codec::wavpack::{Level, decode_into, encode};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1).peekable();
    let times = arguments.next_if_eq("-n").and_then(|_| arguments.next()).map_or(Ok(1), |n| n.parse())?;
    let keep = arguments.next_if_eq("-o").and_then(|_| arguments.next());
    let level = arguments.next().ok_or("which level?")?.parse()?;
    let level = Level::new(level).ok_or("levels are 1 to 4")?;
    let channels: usize = arguments.next().ok_or("how many channels?")?.parse()?;
    let bytes = fs::read(arguments.next().ok_or("which file?")?)?;
    let samples: Vec<i16> =
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let mut back = vec![0; samples.len()];
    let mut stream = Vec::new();
    let (mut packing, mut unpacking) = (Vec::new(), Vec::new());
    let start = Instant::now();
    for _ in 0..times {
        stream.clear();
        let begin = seconds(start);
        encode(&samples, channels, level, &mut stream)?;
        let packed = seconds(start);
        decode_into(&stream, &mut back)?;
        packing.push(packed - begin);
        unpacking.push(seconds(start) - packed);
    }
    if back != samples {
        return Err("the samples did not come back".into());
    }
    let size = bytes.len() as f64 / 1e6;
    println!(
        "level {} packs {:.1} MB/s, unpacks {:.1} MB/s, {} bytes, ratio {:.4}",
        level.number(),
        size / median(packing),
        size / median(unpacking),
        stream.len(),
        bytes.len() as f64 / stream.len() as f64
    );
    if let Some(name) = keep {
        fs::write(name, stream)?;
    }
    Ok(())
}

/// What the processor spent on this thread, or what went by since `start`.
fn seconds(start: Instant) -> f64 {
    let spent = fs::read_to_string("/proc/self/schedstat").ok();
    let spent = spent.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    spent.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
