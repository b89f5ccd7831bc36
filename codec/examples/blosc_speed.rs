//! Speed and ratio of our Blosc frames, on one core: `blosc_speed <file> <zstd|lz4> <level> <none|byte|bit> <typesize> <chunk bytes> <times>`.
//!
//! Prints the medians of encoding and decoding in MB of CPU time where the system tells it, and the bytes of all frames.

#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{env, error::Error, fs, time::Instant};

use adt_codec::blosc::{Compressor, Decoder, Encoder, Settings, Shuffle};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, compressor, level, shuffle, typesize, chunk, times] = &arguments[..] else {
        return Err("seven arguments are needed".into());
    };
    let shuffle = match shuffle.as_str() {
        "none" => Shuffle::None,
        "byte" => Shuffle::Byte,
        "bit" => Shuffle::Bit,
        _ => return Err("which shuffle?".into()),
    };
    let settings = Settings {
        compressor: Compressor::from_name(compressor).ok_or("which compressor?")?,
        level: level.parse()?,
        shuffle,
        typesize: typesize.parse()?,
        block: 0,
    };
    let bytes = fs::read(file)?;
    let chunk: usize = chunk.parse()?;
    let (mut encoder, mut decoder) = (Encoder::new(settings), Decoder::new());
    let (mut frame, mut back) = (Vec::new(), vec![0; chunk]);
    let (mut encoding, mut decoding) = (Vec::new(), Vec::new());
    let mut size = 0;
    for _ in 0..times.parse()? {
        let (mut encode, mut decode) = (0.0, 0.0);
        size = 0;
        for chunk in bytes.chunks(chunk) {
            frame.clear();
            encode += timed(|| encoder.encode(chunk, &mut frame))?;
            size += frame.len();
            decode += timed(|| decoder.decode_into(&frame, &mut back[..chunk.len()]))?;
            if back[..chunk.len()] != *chunk {
                return Err("it did not come back".into());
            }
        }
        encoding.push(encode);
        decoding.push(decode);
    }
    let speed = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        bytes.len() as f64 / 1e6 / times[times.len() / 2]
    };
    println!("encode {:.0} MB/s decode {:.0} MB/s size {size}", speed(&mut encoding), speed(&mut decoding));
    Ok(())
}

/// Seconds that the work took.
fn timed<E>(work: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let begin = seconds();
    work()?;
    Ok(seconds() - begin)
}

/// CPU time of this thread, or the wall's where there is no such file.
fn seconds() -> f64 {
    thread_local!(static BEGIN: Instant = Instant::now());
    let spent = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = spent.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGIN.with(|begin| begin.elapsed().as_secs_f64()), |spent| spent / 1e9)
}
