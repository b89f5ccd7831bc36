//! The tables of converters are those of probeinterface.

use std::process::Command;

use adt_testkit::oracle;
use camino::Utf8Path;

/// The version that `scripts/probe-converters` takes the tables from.
const PACKAGE: &str = "probeinterface==0.4.2";

#[test]
fn the_tables_of_converters_are_those_of_probeinterface() {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let python = oracle::program(&oracle::venv(&folder, &[PACKAGE]).unwrap(), "python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/probe-converters");
    let made = tempfile::tempdir().unwrap();
    let out = Command::new(python).arg(script).arg(made.path()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for (name, kept) in [
        ("converters.tsv", include_str!("../../src/open_ephys/probe/converters.tsv")),
        ("multiplexers.tsv", include_str!("../../src/open_ephys/probe/multiplexers.tsv")),
    ] {
        let made = std::fs::read_to_string(made.path().join(name)).unwrap();
        assert!(made == kept, "run scripts/probe-converters: {name}");
    }
}
