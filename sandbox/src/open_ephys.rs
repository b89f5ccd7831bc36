//! Small recordings as the Open Ephys GUI writes them, of all its layouts: the same files for the same specification.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde_json::{Value, json};

use crate::{Seed, tissue};

/// Which GUI wrote it; they differ in their time files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gui {
    /// 0.4: no record nodes, no seconds.
    V04,
    /// 0.5: `timestamps.npy` counts samples.
    V05,
    /// 0.6 and later: `timestamps.npy` is seconds.
    V06,
}

/// What the electrodes of a stream see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Noise, each of its own.
    Noise,
    /// A potential that all share, noise, and spikes that neighbours share.
    Tissue,
}

/// A stream of a recording.
#[derive(Clone, Debug)]
pub struct StreamSpec {
    /// `Neuropix-PXI-100.ProbeA-AP`.
    pub folder: String,
    /// `Neuropix-PXI`.
    pub processor: String,
    /// Hz.
    pub sample_rate: f64,
    /// Name and `bit_volts` of each column.
    pub channels: Vec<(String, f64)>,
    /// How many.
    pub frames: u64,
    /// Of the stream's counter.
    pub first_sample: i64,
    /// What they show.
    pub signal: Signal,
    /// Every sample is a multiple of this.
    pub step: i16,
    /// Of the samples.
    pub seed: u64,
}

impl StreamSpec {
    /// Electrodes `CH1`, `CH2` … at 30 kHz.
    pub fn probe(folder: &str, channels: usize, frames: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            processor: "Neuropix-PXI".to_owned(),
            sample_rate: 30_000.0,
            channels: (1..=channels).map(|n| (format!("CH{n}"), 0.195)).collect(),
            frames,
            first_sample: 1000,
            signal: Signal::Noise,
            step: 12,
            seed: channels as u64,
        }
    }

    /// Analogue inputs `AI0`, `AI1` … of an NI-DAQ device at 30 kHz.
    pub fn ni_daq(channels: usize, frames: u64) -> Self {
        Self {
            folder: "NI-DAQmx-103.PXIe-6341".to_owned(),
            processor: "NI-DAQmx".to_owned(),
            channels: (0..channels).map(|n| (format!("AI{n}"), 0.000_305)).collect(),
            step: 1,
            ..Self::probe("", 0, frames)
        }
    }

    /// With a column for the synchronisation line at the end.
    #[must_use]
    pub fn with_sync(mut self, name: &str) -> Self {
        self.channels.push((name.to_owned(), 1.0));
        self
    }

    /// What `continuous.dat` holds, frame after frame.
    pub fn samples(&self) -> Vec<i16> {
        let mut seed = Seed::new(self.seed);
        if self.signal == Signal::Tissue {
            return tissue::samples(&mut seed, self.frames, self.channels.len(), self.step);
        }
        let mut samples = Vec::new();
        for frame in 0..self.frames {
            for (name, _) in &self.channels {
                let noise = (0..4).map(|_| seed.below(16) as i16).sum::<i16>() - 30;
                samples.push(if name.contains("SYNC") {
                    i16::from(frame % 10 < 5)
                } else {
                    noise * self.step
                });
            }
        }
        samples
    }

    fn described(&self) -> Value {
        let channel = |(name, bit_volts): &(String, f64)| {
            json!({
                "channel_name": name, "description": "", "identifier": "", "history": "",
                "bit_volts": bit_volts, "units": "",
            })
        };
        let channels: Vec<_> = self.channels.iter().map(channel).collect();
        json!({
            "folder_name": format!("{}/", self.folder),
            "sample_rate": self.sample_rate,
            "source_processor_name": self.processor,
            "source_processor_id": 100,
            "stream_name": self.folder.split_once('.').map_or("", |(_, own)| own),
            "num_channels": channels.len(),
            "channels": channels,
        })
    }
}

/// Makes a recording and returns its folder. `node` is empty for none.
pub fn recording(
    root: &Utf8Path,
    node: &str,
    (experiment, recording): (u64, u64),
    gui: Gui,
    streams: &[StreamSpec],
) -> io::Result<Utf8PathBuf> {
    let folder =
        root.join(node).join(format!("experiment{experiment}")).join(format!("recording{recording}"));
    fs::create_dir_all(&folder)?;
    for stream in streams {
        continuous(&folder.join("continuous").join(&stream.folder), gui, stream)?;
    }
    let events: Vec<_> = streams.iter().map(|stream| ttl(&stream.folder, stream.sample_rate)).collect();
    for stream in streams {
        let ttl = folder.join("events").join(&stream.folder).join("TTL");
        fs::create_dir_all(&ttl)?;
        npy(&ttl.join("states.npy"), "<i2", 2, &[1, 0, 255, 255])?;
        npy(&ttl.join("sample_numbers.npy"), "<i8", 2, &longs(stream.first_sample, 2))?;
        npy(&ttl.join("timestamps.npy"), "<f8", 2, &seconds(stream, 2))?;
    }
    let version = match gui {
        Gui::V04 => "0.4.6",
        Gui::V05 => "0.5.5",
        Gui::V06 => "0.6.4",
    };
    let described: Vec<_> = streams.iter().map(StreamSpec::described).collect();
    let oebin = json!({"GUI version": version, "continuous": described, "events": events, "spikes": []});
    fs::write(folder.join("structure.oebin"), serde_json::to_vec_pretty(&oebin)?)?;
    fs::write(folder.join("sync_messages.txt"), "Software Time (milliseconds): 1651600344618\n")?;
    Ok(folder)
}

fn ttl(folder: &str, sample_rate: f64) -> Value {
    json!({
        "folder_name": format!("{folder}/TTL/"), "channel_name": format!("{folder} TTL"), "description": "",
        "identifier": "", "sample_rate": sample_rate, "type": "int16", "stream_name": "", "initial_state": 0,
    })
}

fn continuous(folder: &Utf8Path, gui: Gui, stream: &StreamSpec) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let bytes: Vec<u8> = stream.samples().into_iter().flat_map(i16::to_le_bytes).collect();
    fs::write(folder.join("continuous.dat"), bytes)?;
    let n = stream.frames;
    let (counter, synchronised) = match gui {
        Gui::V06 => ("sample_numbers.npy", Some("timestamps.npy")),
        Gui::V05 => ("timestamps.npy", Some("synchronized_timestamps.npy")),
        Gui::V04 => ("timestamps.npy", None),
    };
    npy(&folder.join(counter), "<i8", n, &longs(stream.first_sample, n))?;
    match synchronised {
        Some(name) => npy(&folder.join(name), "<f8", n, &seconds(stream, n)),
        None => Ok(()),
    }
}

fn longs(first: i64, n: u64) -> Vec<u8> {
    (0..n).flat_map(|i| (first + i.cast_signed()).to_le_bytes()).collect()
}

/// A clock of its own, a quarter of a second ahead.
fn seconds(stream: &StreamSpec, n: u64) -> Vec<u8> {
    let at = |i: u64| (stream.first_sample as f64 + i as f64) / stream.sample_rate + 0.25;
    (0..n).flat_map(|i| at(i).to_le_bytes()).collect()
}

/// Writes a `.npy` file of version 1.0 with one dimension.
pub fn npy(path: &Utf8Path, descr: &str, items: u64, data: &[u8]) -> io::Result<()> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({items},), }}");
    // The data begin at a multiple of 64.
    let padded = (header.len() + 11).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((padded as u16).to_le_bytes());
    bytes.extend(format!("{header:<width$}\n", width = padded - 1).as_bytes());
    bytes.extend(data);
    fs::write(path, bytes)
}

/// x, y in µm, and the shank if it is written.
pub type Site = (f64, f64, Option<u32>);

/// A probe of a `settings.xml`.
#[derive(Clone, Debug)]
pub struct ProbeSpec {
    /// `ProbeA`.
    pub name: String,
    /// `NP1010`.
    pub part_number: String,
    /// `NPM_HS_30`; an `OPTO` one is special.
    pub headstage: String,
    /// Of each channel.
    pub sites: Vec<Site>,
}

impl ProbeSpec {
    /// Two columns, as the GUI writes them.
    pub fn new(
        name: &str,
        part_number: &str,
        channels: u32,
        (left, x_pitch, y_pitch): (f64, f64, f64),
    ) -> Self {
        let site = |n: u32| (left + x_pitch * f64::from(n % 2), y_pitch * f64::from(n / 2), None);
        Self {
            name: name.to_owned(),
            part_number: part_number.to_owned(),
            headstage: "NPM_HS_30".to_owned(),
            sites: (0..channels).map(site).collect(),
        }
    }

    fn xml(&self, index: usize) -> String {
        let row = |value: &dyn Fn(&Site) -> String| -> String {
            let channels = self.sites.iter().enumerate();
            channels.map(|(n, site)| format!(" CH{n}=\"{}\"", value(site))).collect::<Vec<_>>().concat()
        };
        let banks = row(&|site| site.2.map_or_else(|| "0".to_owned(), |shank| format!("0:{shank}")));
        format!(
            r#"        <NP_PROBE slot="3" port="{port}" dock="1" probe_serial_number="2040331172{index}"
                  headstage_part_number="{headstage}" probe_part_number="{part}" probe_name="Neuropixels"
                  custom_probe_name="2040331172{index}" referenceChannel="Ext" apGainValue="500x" lfpGainValue="250x">
          <CHANNELS{banks}/>
          <ELECTRODE_XPOS{xs}/>
          <ELECTRODE_YPOS{ys}/>
        </NP_PROBE>
"#,
            port = index + 1,
            headstage = self.headstage,
            part = self.part_number,
            xs = row(&|site| site.0.to_string()),
            ys = row(&|site| site.1.to_string()),
        )
    }
}

/// A `settings.xml` with one processor of probes and a record node 101. `streams` are the names of all streams; empty for GUI 0.5.
pub fn settings(gui: &str, plugin: &str, streams: &[&str], probes: &[ProbeSpec]) -> String {
    let each =
        |line: &dyn Fn(&str) -> String| streams.iter().map(|name| line(name)).collect::<Vec<_>>().concat();
    let named = each(&|name| format!("      <STREAM name=\"{name}\"/>\n"));
    let states = each(&|name| format!("        <STREAM name=\"{name}\" recording_state=\"ALL\"/>\n"));
    let probes: String = probes.iter().enumerate().map(|(index, probe)| probe.xml(index)).collect();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>

<SETTINGS>
  <!-- made for a test -->
  <INFO>
    <VERSION>{gui}</VERSION>
  </INFO>
  <SIGNALCHAIN>
    <PROCESSOR name="Neuropix-PXI" libraryName="Neuropix-PXI" libraryVersion="{plugin}" nodeId="100">
{named}      <EDITOR displayName="Neuropix-PXI">
        <NEUROPIXELS_EDITOR MainSyncSlot="0"/>
{probes}      </EDITOR>
    </PROCESSOR>
    <PROCESSOR name="Record Node" nodeId="101">
      <CUSTOM_PARAMETERS engine="BINARY">
{states}      </CUSTOM_PARAMETERS>
    </PROCESSOR>
  </SIGNALCHAIN>
</SETTINGS>
"#
    )
}
