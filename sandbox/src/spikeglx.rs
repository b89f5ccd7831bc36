//! Small recordings as SpikeGLX writes them: the same files for the same specification.

use std::{fmt::Write as _, io};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::Seed;

/// A `.bin` file and its `.meta`.
#[derive(Clone, Debug)]
pub struct FileSpec {
    /// `run_g0_t0.imec0.ap`.
    pub stem: String,
    /// Values in each frame.
    pub columns: usize,
    /// How many of them, at the end, are status words or digital inputs.
    pub words: usize,
    /// How many.
    pub frames: u64,
    /// Of the samples.
    pub seed: u64,
    /// Keys and values of the `.meta`, in order. `fileName`, `fileSizeBytes` and `fileTimeSecs` are added, unless they are here.
    pub meta: Vec<(String, String)>,
    rate: f64,
}

impl FileSpec {
    /// A band (`ap` or `lf`) of a Neuropixels 1.0 with 384 channels and a status word. `part` is `run_g0_t0`.
    pub fn np1(part: &str, probe: u32, band: &str, frames: u64) -> Self {
        let (is_low, rate) = (band == "lf", if band == "lf" { 2500.0 } else { 30_000.0 });
        let rows: String = (0..384).fold(String::new(), |mut rows, n| {
            let _ = write!(rows, "({n} {} 0 500 250 1)", n % 2);
            rows
        });
        let spec = Self::probe(&format!("{part}.imec{probe}.{band}"), rate, (384, 1), frames)
            .with("acqApLfSy", "384,384,1")
            .with("snsApLfSy", if is_low { "0,384,1" } else { "384,0,1" })
            .with("snsSaveChanSubset", if is_low { "384:767,768" } else { "0:383,768" })
            .with("imAiRangeMax", "0.6")
            .with("imMaxInt", "512")
            .with("imDatPrb_pn", "PRB_1_4_0480_1")
            .with("imDatPrb_type", "0")
            .with("imDatPrb_sn", &format!("1937500{probe}"))
            .with("~imroTbl", &format!("(0,384){rows}"));
        let names = if is_low {
            names(&[("LF", 384, 384), ("SY", 1, 768)])
        } else {
            names(&[("AP", 384, 0), ("SY", 1, 768)])
        };
        spec.with("~snsChanMap", &format!("(384,384,1){names}"))
    }

    /// A Neuropixels 2.0 with four shanks: 96 channels at the tip of each, and a status word.
    pub fn np2(part: &str, probe: u32, frames: u64) -> Self {
        let mut imro = String::from("(2013,384)");
        let mut map = String::from("(NP2013,4,250,70)");
        for channel in 0..384 {
            let (shank, electrode) = (channel / 96, channel % 96);
            let _ = write!(imro, "({channel} {shank} 0 0 {electrode})");
            let _ = write!(map, "({shank}:{}:{}:1)", 27 + 32 * (electrode % 2), electrode / 2 * 15);
        }
        Self::probe(&format!("{part}.imec{probe}.ap"), 30_000.0, (384, 1), frames)
            .with("acqApLfSy", "384,0,1")
            .with("snsApLfSy", "384,0,1")
            .with("snsSaveChanSubset", "0:384")
            .with("imAiRangeMax", "0.62")
            .with("imMaxInt", "2048")
            .with("imChan0apGain", "100")
            .with("imDatPrb_pn", "NP2013")
            .with("imDatPrb_type", "2013")
            .with("imDatPrb_sn", &format!("2240500{probe}"))
            .with("~imroTbl", &imro)
            .with("~snsChanMap", &format!("(384,0,1){}", names(&[("AP", 384, 0), ("SY", 1, 384)])))
            .with("~snsGeomMap", &map)
    }

    /// A NI-DAQ device with eight analogue inputs and a word of digital ones.
    pub fn nidq(part: &str, frames: u64) -> Self {
        Self::new(&format!("{part}.nidq"), 30_000.0, (9, 1), frames)
            .with("typeThis", "nidq")
            .with("niSampRate", "30000")
            .with("niAiRangeMax", "5")
            .with("niMaxInt", "32768")
            .with("niMNGain", "200")
            .with("niMAGain", "1")
            .with("niXDChans1", "0:7")
            .with("acqMnMaXaDw", "0,0,8,1")
            .with("snsMnMaXaDw", "0,0,8,1")
            .with("snsSaveChanSubset", "all")
            .with("~snsChanMap", &format!("(0,0,1,8,1){}", names(&[("XA", 8, 0), ("XD", 1, 8)])))
    }

    /// The inputs of a OneBox: twelve analogue ones, a word of digital ones, and a status word.
    pub fn obx(part: &str, number: u32, frames: u64) -> Self {
        Self::new(&format!("{part}.obx{number}.obx"), 30_303.0, (14, 2), frames)
            .with("typeThis", "obx")
            .with("obSampRate", "30303")
            .with("obAiRangeMax", "5")
            .with("obMaxInt", "32768")
            .with("acqXaDwSy", "12,1,1")
            .with("snsXaDwSy", "12,1,1")
            .with("snsSaveChanSubset", "0:13")
            .with(
                "~snsChanMap",
                &format!("(12,1,1){}", names(&[("XA", 12, 0), ("XD", 1, 12), ("SY", 1, 13)])),
            )
    }

    fn probe(stem: &str, rate: f64, (electrodes, words): (usize, usize), frames: u64) -> Self {
        Self::new(stem, rate, (electrodes + words, words), frames)
            .with("typeThis", "imec")
            .with("imSampRate", &rate.to_string())
            .with("imDatPrb_port", "1")
            .with("imDatPrb_slot", "2")
    }

    fn new(stem: &str, rate: f64, (columns, words): (usize, usize), frames: u64) -> Self {
        let spec = Self {
            stem: stem.to_owned(),
            columns,
            words,
            frames,
            seed: columns as u64 + frames,
            meta: Vec::new(),
            rate,
        };
        spec.with("appVersion", "20230815")
            .with("fileCreateTime", "2024-03-18T09:41:07")
            .with("firstSample", "305280")
            .with("nSavedChans", &columns.to_string())
    }

    /// With another value of a key, in its place.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        match self.meta.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => value.clone_into(known),
            None => self.meta.push((key.to_owned(), value.to_owned())),
        }
        self
    }

    /// The value of a key; empty if there is none.
    pub fn meta(&self, key: &str) -> &str {
        self.meta.iter().find(|(known, _)| known == key).map_or("", |(_, value)| value)
    }

    /// Without a key. `fileName`, `fileSizeBytes` and `fileTimeSecs` are left out too, if they are named here.
    #[must_use]
    pub fn without(self, key: &str) -> Self {
        self.with(key, "\u{0}")
    }

    /// With another value of a key that only some electrodes are saved of: `columns` is how many values a frame has then.
    #[must_use]
    pub fn saving(self, columns: usize, counts: &str, subset: &str) -> Self {
        let mut spec = self
            .with("nSavedChans", &columns.to_string())
            .with("snsApLfSy", counts)
            .with("snsSaveChanSubset", subset);
        spec.columns = columns;
        spec
    }

    /// What the `.bin` file holds, frame after frame.
    pub fn samples(&self) -> Vec<i16> {
        let mut seed = Seed::new(self.seed);
        let mut samples = Vec::new();
        for frame in 0..self.frames {
            for column in 0..self.columns {
                let noise = (0..4).map(|_| seed.below(16) as i16).sum::<i16>() - 30;
                // Bit 6 of a status word is the synchronisation line.
                let word = if frame % 10 < 5 { 1 << 6 } else { 0 };
                samples.push(if column + self.words < self.columns { noise } else { word });
            }
        }
        samples
    }

    /// The text of the `.meta`.
    pub fn text(&self) -> String {
        let bytes = 2 * self.columns as u64 * self.frames;
        let added = [
            ("fileName", format!("D:/data/{}.bin", self.stem)),
            ("fileSizeBytes", bytes.to_string()),
            ("fileTimeSecs", (self.frames as f64 / self.rate).to_string()),
        ];
        let added = added.into_iter().filter(|(key, _)| self.meta.iter().all(|(known, _)| known != key));
        let mut lines: Vec<_> = added.map(|(key, value)| format!("{key}={value}\r\n")).collect();
        let own = self.meta.iter().filter(|(_, value)| value != "\u{0}");
        lines.extend(own.map(|(key, value)| format!("{key}={value}\r\n")));
        lines.sort_by_key(|line| line.starts_with('~'));
        lines.concat()
    }

    /// Writes both files and returns the path of the `.bin` file.
    pub fn write(&self, folder: &Utf8Path) -> io::Result<Utf8PathBuf> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{}.meta", self.stem)), self.text())?;
        let bin = folder.join(format!("{}.bin", self.stem));
        fs::write(&bin, self.samples().into_iter().flat_map(i16::to_le_bytes).collect::<Vec<_>>())?;
        Ok(bin)
    }
}

/// Entries of `~snsChanMap`: kind, how many, and the first one's number among all channels.
fn names(kinds: &[(&str, u32, u32)]) -> String {
    let mut names = String::new();
    for (kind, count, first) in kinds {
        for n in 0..*count {
            let _ = write!(names, "({kind}{n};{0}:{0})", first + n);
        }
    }
    names
}
