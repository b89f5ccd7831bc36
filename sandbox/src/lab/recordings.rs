use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use camino::Utf8Path;
use fs_err as fs;

use crate::{
    Seed,
    open_ephys::{self, Gui, ProbeSpec, Signal, StreamSpec},
};

/// What is in a source folder.
pub(crate) enum Recording {
    /// 16-bit image tiles with their settings: worth compressing.
    Tiles,
    /// Two cameras: one big file that does not compress, one small.
    Videos {
        /// Bytes of the big one.
        big_file: u64,
    },
    /// Photometry: nested folders, odd names, an empty file.
    Fibers,
    /// A trial table.
    Trials,
    /// A Neuropixels probe and an NI-DAQ device, as the Open Ephys GUI records them.
    Electrodes {
        /// Of each stream, at 30 kHz.
        frames: u64,
    },
}

/// Writes a source folder; the seed decides every byte.
pub(crate) fn write(folder: &Utf8Path, recording: &Recording, seed: u64) -> io::Result<()> {
    let mut out = Folder { root: folder, noise: Seed::new(seed) };
    match recording {
        Recording::Tiles => tiles(&mut out),
        Recording::Videos { big_file } => videos(&mut out, *big_file),
        Recording::Fibers => fibers(&mut out),
        Recording::Trials => trials(&mut out),
        Recording::Electrodes { frames } => electrodes(folder, *frames, seed),
    }
}

fn tiles(out: &mut Folder<'_>) -> io::Result<()> {
    const SIDE: u64 = 512;
    for y in 0..2 {
        for x in 0..3 {
            // A bright blob over a dim, noisy background, as 16-bit little-endian numbers.
            let mut bytes = Vec::with_capacity((SIDE * SIDE * 2) as usize);
            for i in 0..SIDE * SIDE {
                let (dx, dy) = ((i % SIDE).abs_diff(256), (i / SIDE).abs_diff(200 + 40 * x));
                let value = 96 + out.noise.below(16) + 30_000u64.saturating_sub(dx * dx + dy * dy) / 8;
                bytes.extend_from_slice(&(value as u16).to_le_bytes());
            }
            out.file(&format!("tiles/tile_x{x}_y{y}_ch488.raw"), &bytes)?;
        }
    }
    let mut stage = String::from("tile,x_um,y_um,z_um\n");
    for i in 0..6 {
        let _infallible = writeln!(stage, "{i},{},{},{}", i % 3 * 450, i / 3 * 450, 1200);
    }
    out.file("stage_positions.csv", stage.as_bytes())?;
    let settings = serde_json::json!({
        "objective": "20x/0.8", "shape_yx": [SIDE, SIDE], "dtype": "uint16", "channels": [{"laser_nm": 488, "power_mw": 4.5}],
    });
    out.file("settings.json", &serde_json::to_vec_pretty(&settings)?)?;
    out.file("notes.txt", b"Slide 3, left hemisphere. Tile x2_y1 was taken twice; the second one is kept.\n")
}

fn videos(out: &mut Folder<'_>, big_file: u64) -> io::Result<()> {
    out.noise_file("body_camera.mp4", big_file)?;
    out.noise_file("eye_camera.mp4", 300_000)?;
    let mut times = String::from("frame,seconds\n");
    for frame in 0..2000 {
        let _infallible = writeln!(times, "{frame},{:.4}", f64::from(frame) / 100.0);
    }
    out.file("frame_times.csv", times.as_bytes())
}

fn fibers(out: &mut Folder<'_>) -> io::Result<()> {
    for (fiber, name) in ["green", "iso", "red"].into_iter().enumerate() {
        let mut trace = String::from("seconds,roi0,roi1\n");
        for i in 0..5000 {
            let dip = f64::from(i % 500) / 500.0 + fiber as f64;
            let noise = out.noise.below(1000) as f64 / 1e5;
            let _infallible =
                writeln!(trace, "{:.2},{:.5},{:.5}", f64::from(i) / 20.0, 1.2 + noise, dip + noise);
        }
        out.file(&format!("FIP_Data {name}.csv"), trace.as_bytes())?;
    }
    out.file("Käfig 7 – links/run #2 (100%)/bonsai+log.txt", "Start 14:02:55\nEnde 14:23:10\n".as_bytes())?;
    out.file("Käfig 7 – links/TTL_täktung.csv", b"")?;
    for i in 0..40 {
        out.noise_file(&format!("raw/{:02}/block_{i:03}.bin", i / 10), 4096 + i * 37)?;
    }
    Ok(())
}

fn trials(out: &mut Folder<'_>) -> io::Result<()> {
    let mut table = String::from("trial,side,licks,rewarded\n");
    for trial in 0..300 {
        let side = if out.noise.below(2) == 0 { "left" } else { "right" };
        let _infallible = writeln!(table, "{trial},{side},{},{}", out.noise.below(9), out.noise.below(4) > 0);
    }
    out.file("trials.csv", table.as_bytes())
}

/// A probe of one shank whose contacts are staggered in four columns; its converter makes every twelfth count.
fn electrodes(folder: &Utf8Path, frames: u64, seed: u64) -> io::Result<()> {
    const NODE: &str = "Record Node 101";
    let probe = StreamSpec {
        signal: Signal::Tissue,
        seed,
        ..StreamSpec::probe("Neuropix-PXI-100.ProbeA", 384, frames)
    };
    let inputs = StreamSpec { seed: !seed, ..StreamSpec::ni_daq(8, frames) };
    open_ephys::recording(folder, NODE, (1, 1), Gui::V06, &[probe, inputs])?;
    let mut shank = ProbeSpec::new("ProbeA", "NP1010", 384, (11.0, 32.0, 20.0));
    for (site, x) in shank.sites.iter_mut().zip([27.0, 59.0, 11.0, 43.0].into_iter().cycle()) {
        site.0 = x;
    }
    let settings = open_ephys::settings("0.6.4", "0.5.0", &["ProbeA"], &[shank]);
    fs::write(folder.join(NODE).join("settings.xml"), settings)
}

struct Folder<'a> {
    root: &'a Utf8Path,
    noise: Seed,
}

impl Folder<'_> {
    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)
    }

    fn noise_file(&mut self, name: &str, size: u64) -> io::Result<()> {
        self.file(name, b"")?;
        let mut out = io::BufWriter::new(fs::File::create(self.root.join(name))?);
        let mut left = size as usize;
        while left > 0 {
            let word = self.noise.bits().to_le_bytes();
            let n = left.min(word.len());
            out.write_all(&word[..n])?;
            left -= n;
        }
        out.flush()
    }
}
