//! Our stores as SpikeInterface loads them, and its stores as we open them.

use std::{process::Command, sync::LazyLock};

use adt_formats::{
    ephys_store::{Storage, Stored, Time},
    zarr::{Blosc, Compressor},
};
use adt_testkit::oracle;
use camino::{Utf8Path, Utf8PathBuf};
use rstest::rstest;
use serde_json::json;

use super::ephys_store::{CHANNELS, description, source, storage, times, write};

/// Today's reader, and that of the Python original with what it was pinned to.
static TODAY: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    python(&[
        "spikeinterface==0.105.3",
        "neo==0.14.6",
        "probeinterface==0.4.2",
        "zarr==2.18.7",
        "numcodecs==0.15.2",
    ])
});
static ORIGINAL: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    python(&[
        "spikeinterface==0.100.0",
        "neo==0.13.0",
        "probeinterface==0.2.21",
        "zarr==2.16.1",
        "numcodecs==0.11.0",
        "numpy==1.26.1",
    ])
});

fn python(packages: &[&str]) -> Utf8PathBuf {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    oracle::program(&oracle::venv(&folder, packages).unwrap(), "python")
}

fn run(python: &Utf8Path, verb: &str, folder: &Utf8Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/ephys_store_oracle.py");
    let output = Command::new(python).args([script, verb, folder.as_str()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a reader must find, beside the store: the samples of each segment and the rest as JSON.
fn expectations(folder: &Utf8Path) {
    let about = description();
    let columns = about.columns.as_ref().unwrap();
    let (mut traces, mut sync) = (Vec::new(), Vec::new());
    for (k, segment) in about.segments.iter().enumerate() {
        columns.split(&source(k, segment.frames), &mut traces, &mut sync);
        for (name, items) in [("traces", &traces), ("sync", &sync)] {
            let bytes: Vec<u8> = items.iter().flat_map(|item| item.to_le_bytes()).collect();
            std::fs::write(folder.join(format!("{name}{k}")), bytes).unwrap();
        }
    }
    let probe = &about.probes[0];
    let expected = json!({
        "fs": about.sampling_frequency, "ids": about.channel_ids, "gain": 0.194_999_992_847_442_6,
        "offsets": [0.0, 0.1, -2.5, 1e-7], "names": ["AP1", "AP2", "AP3", "é🧠"],
        "times0": times(250), "start1": 17.25, "shifts": [0.0, 0.0, 1.0 / 13.0, 2.0 / 13.0],
        "probe": probe.geometry, "info": probe.info,
    });
    std::fs::write(folder.join("expected.json"), expected.to_string()).unwrap();
}

#[rstest]
#[case::today(&TODAY, false)]
#[case::today_compressed(&TODAY, true)]
#[case::original(&ORIGINAL, false)]
#[case::original_compressed(&ORIGINAL, true)]
fn spikeinterface_loads_our_stores(#[case] python: &LazyLock<Utf8PathBuf>, #[case] compressed: bool) {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let blosc = compressed.then(|| Compressor::Blosc(Blosc::original()));
    let sync = compressed.then_some(Compressor::Zstd(3));
    let storage = Storage { traces: blosc.clone(), times: blosc, sync, ..storage() };
    let store = folder.join("experiment1_Record Node 101#Probe.zarr");
    for (key, bytes) in write(&description(), &storage, &<[u8]>::to_vec) {
        let path = store.join(key.as_str());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    expectations(folder);
    run(python, "load", folder);
}

#[rstest]
#[case::today(&TODAY, "probegroup")]
#[case::original(&ORIGINAL, "probe")]
fn we_open_the_stores_of_spikeinterface(#[case] python: &LazyLock<Utf8PathBuf>, #[case] probe: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    run(python, "save", folder);
    let get = |key: &adt_model::Key| match std::fs::read(folder.join("saved.zarr").join(key.as_str())) {
        Ok(bytes) => Ok(Some(bytes.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(adt_model::Fault::io("cannot read", error)),
    };
    let unpack = |_: &Compressor, _: &[u8], _: usize| panic!("small arrays are not compressed there");
    let stored = Stored::open(&get, &unpack).unwrap();
    let about = stored.description();
    assert_eq!(about.channel_ids.len(), CHANNELS);
    assert_eq!(about.segments.iter().map(|segment| segment.frames).collect::<Vec<_>>(), [250, 60]);
    assert_eq!(about.segments[0].time, Time::Vector);
    assert_eq!(about.probes.len(), 1, "{probe}");
    assert!(about.properties.contains_key("gain_to_uV") && about.properties.contains_key("group"));
    assert_eq!(stored.record(), None);
}
