//! How fast a stack is opened and read: `tiff_speed FILE [planes of a slab] [threads]`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a part of the program")]

use std::{
    env, fs,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use adt_formats::{
    SteadyFile,
    tiff::{Region, Tiff},
};

fn main() {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().unwrap();
    let mut number = |default| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (slab, threads): (u64, u64) = (number(16), number(1));
    let (seen, start) = (fs::metadata(&path).unwrap(), Instant::now());
    let modified = seen.modified().unwrap().try_into().unwrap();
    let tiff = Tiff::open(SteadyFile::open(path.as_str().into(), seen.len(), modified).unwrap()).unwrap();
    println!("{:?} {} {:?} opened in {:?}", tiff.shape(), tiff.dtype(), tiff.layout(), start.elapsed());
    let [_, _, planes, rows, columns] = tiff.shape();
    let plane = (rows * columns) as usize * tiff.dtype().size();
    let (next, start) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (mut reader, mut out) = (tiff.reader(), vec![0; slab as usize * plane]);
                loop {
                    let z = next.fetch_add(slab, Ordering::Relaxed);
                    if z >= planes {
                        break;
                    }
                    let end = planes.min(z + slab);
                    let out = &mut out[..(end - z) as usize * plane];
                    reader.read(&Region { t: 0, c: 0, z: z..end, y: 0..rows, x: 0..columns }, out).unwrap();
                }
            });
        }
    });
    let (seconds, bytes) = (start.elapsed().as_secs_f64(), planes as f64 * plane as f64);
    println!("{threads} threads, slabs of {slab}: {seconds:.3} s, {:.2} GB/s", bytes / seconds / 1e9);
}
