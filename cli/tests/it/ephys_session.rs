//! Sessions of Open Ephys as the tests of recordings need them, and the programs that judge what becomes of them.

use std::{process::Command, sync::LazyLock};

use adt_testkit::{
    Seed,
    open_ephys::{Gui, ProbeSpec, StreamSpec, recording, settings},
    oracle,
};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::desk::{Desk, Said};

pub(crate) const NODE: &str = "Record Node 101";
/// Streams of a probe of the first kind.
pub(crate) const AP: &str = "Neuropix-PXI-100.ProbeA-AP";
pub(crate) const LFP: &str = "Neuropix-PXI-100.ProbeA-LFP";
pub(crate) const NI: &str = "NI-DAQmx-103.PXIe-6341";

/// One generation of readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// What the Python original is pinned to, of March 2024.
    Original,
    /// Today's, with the last Zarr that SpikeInterface takes.
    Today,
    /// Zarr 3 without SpikeInterface.
    Zarr3,
}

static ORIGINAL: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    python(&[
        "spikeinterface==0.100.0",
        "neo==0.13.0",
        "probeinterface==0.2.21",
        "zarr==2.16.1",
        "numcodecs==0.11.0",
        "numpy==1.26.1",
        "s3fs==2024.2.0",
        "wavpack-numcodecs==0.1.5",
        "setuptools<70",
    ])
});
static TODAY: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    python(&[
        "spikeinterface==0.105.3",
        "neo==0.14.6",
        "probeinterface==0.4.2",
        "zarr==2.18.7",
        "numcodecs==0.15.2",
        "s3fs==2026.9.0",
        "wavpack-numcodecs==0.3.0",
    ])
});
static ZARR3: LazyLock<Utf8PathBuf> = LazyLock::new(|| python(&["zarr==3.1.6", "wavpack-numcodecs==0.3.0"]));

fn python(packages: &[&str]) -> Utf8PathBuf {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    oracle::program(&oracle::venv(&folder, packages).unwrap(), "python")
}

impl Readers {
    /// Runs a script of `tests/oracles`; returns what it said at its end.
    #[track_caller]
    pub(crate) fn run(self, script: &str, arguments: &[&str]) -> String {
        let python = match self {
            Self::Original => &*ORIGINAL,
            Self::Today => &*TODAY,
            Self::Zarr3 => &*ZARR3,
        };
        let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(script);
        let mut command = Command::new(python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).args(arguments);
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        let end = said.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>();
        assert!(out.status.success(), "{self:?} {arguments:?}:\n{}", end.join("\n"));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }
}

/// A desk with a session on it.
pub(crate) struct Rig {
    pub desk: Desk,
    pub session: Utf8PathBuf,
}

impl Rig {
    /// The session's folder is there, and empty.
    pub(crate) fn new() -> Self {
        let desk = Desk::new();
        let session = desk.root.join("rig/session");
        fs::create_dir_all(&session).unwrap();
        Self { desk, session }
    }

    /// Adds a recording and returns its folder.
    pub(crate) fn record(
        &self,
        node: &str,
        number: (u64, u64),
        gui: Gui,
        streams: &[StreamSpec],
    ) -> Utf8PathBuf {
        recording(&self.session, node, number, gui, streams).unwrap()
    }

    /// Adds a settings file for streams called so, beside the experiments.
    pub(crate) fn settings(&self, name: &str, streams: &[&str], probes: &[ProbeSpec]) {
        fs::write(self.session.join(NODE).join(name), settings("0.6.4", "0.5.0", streams, probes)).unwrap();
    }

    /// `adt ephys compress` into the folder [`stores`](Self::stores) is in.
    pub(crate) fn compress(&self, flags: &[&str]) -> Said {
        let made = self.made();
        Said::of(
            &mut self
                .desk
                .adt(&[&["ephys", "compress", self.session.as_str(), made.as_str()], flags].concat()),
        )
    }

    fn made(&self) -> Utf8PathBuf {
        self.desk.root.join("made")
    }

    pub(crate) fn stores(&self) -> Utf8PathBuf {
        self.made().join("ecephys_compressed")
    }

    pub(crate) fn clipped(&self) -> Utf8PathBuf {
        self.made().join("ecephys_clipped")
    }
}

/// A `continuous.dat` below a recording's folder.
pub(crate) fn dat(recording: &Utf8Path, stream: &str) -> Utf8PathBuf {
    recording.join("continuous").join(stream).join("continuous.dat")
}

/// Writes a recording's electrodes anew as a converter with this step makes them: noise of some steps around each column's own
/// offset, with common waves and spikes. Columns after `channels` stay.
pub(crate) fn convert(dat: &Utf8Path, columns: usize, channels: usize, step: f64) {
    let bytes = fs::read(dat).unwrap();
    let mut samples: Vec<i16> =
        bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    let mut seed = Seed::new(columns as u64);
    let offsets: Vec<f64> = (0..channels).map(|_| seed.below(400) as f64 / 7.0 - 30.0).collect();
    for (at, frame) in samples.chunks_exact_mut(columns).enumerate() {
        let wave = (at as f64 / 50.0).sin() * 6.0;
        for (sample, offset) in frame[..channels].iter_mut().zip(&offsets) {
            let noise = (0..3).map(|_| seed.below(11) as f64).sum::<f64>() - 15.0;
            let spike = if seed.below(500) == 0 { -60.0 } else { 0.0 };
            *sample = (step * (noise + wave + spike).round() + offset).round() as i16;
        }
    }
    fs::write(dat, samples.into_iter().flat_map(i16::to_le_bytes).collect::<Vec<_>>()).unwrap();
}

/// A probe of the first kind with its two columns of electrodes, staggered.
pub(crate) fn np1(name: &str) -> ProbeSpec {
    let mut probe = ProbeSpec::new(name, "NP1010", 384, (11.0, 32.0, 20.0));
    for (_, site) in probe.sites.iter_mut().enumerate().filter(|(n, _)| n / 2 % 2 == 0) {
        site.0 += 16.0;
    }
    probe
}

/// A probe of the second kind with four shanks.
pub(crate) fn np2(name: &str) -> ProbeSpec {
    let mut probe = ProbeSpec::new(name, "NP2014", 384, (8.0, 32.0, 15.0));
    for (n, site) in probe.sites.iter_mut().enumerate() {
        let shank = n as u32 / 96;
        *site = (site.0 + 250.0 * f64::from(shank), 15.0 * (n % 96 / 2) as f64, Some(shank));
    }
    probe
}

/// Two bands of a probe, the first with its SYNC line, and a device with analogue inputs; two recordings in each of the experiments
/// 1 and 3. Six stores with twelve segments.
pub(crate) fn neuropixels(rig: &Rig) {
    for (number, frames) in [((1, 1), 1500), ((1, 2), 700), ((3, 1), 640), ((3, 2), 100)] {
        let streams = [ap(frames), lfp(frames / 4), StreamSpec::ni_daq(8, frames)];
        let recorded = rig.record(NODE, number, Gui::V06, &streams);
        convert(&dat(&recorded, AP), 385, 384, 2.343_75 / 0.195);
        convert(&dat(&recorded, LFP), 384, 384, 4.687_5 / 0.195);
    }
    for name in ["settings.xml", "settings_3.xml"] {
        rig.settings(name, &["ProbeA-AP", "ProbeA-LFP"], &[np1("ProbeA")]);
    }
}

pub(crate) fn ap(frames: u64) -> StreamSpec {
    StreamSpec::probe(AP, 384, frames).with_sync("AP_SYNC")
}

pub(crate) fn lfp(frames: u64) -> StreamSpec {
    StreamSpec { sample_rate: 2500.0, first_sample: 80, ..StreamSpec::probe(LFP, 384, frames) }
}
