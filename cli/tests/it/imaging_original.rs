//! The Python original's own writer, run on the same images.

use std::{process::Command, sync::LazyLock};

use adt_testkit::oracle;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::{
    desk::{Desk, Said},
    imaging_session::python,
};

/// The original as it was pinned in March 2024, and of what it names only what its writer of images needs.
static ORIGINAL: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let pins = [
        "zarr==2.16.1",
        "numcodecs==0.11.0",
        "numpy==1.26.1",
        "dask==2024.2.1",
        "distributed==2024.2.1",
        "xarray-multiscale==2.1.0",
        "ome-zarr==0.8.3",
        "tifffile==2024.2.12",
        "kerchunk==0.2.6",
        "h5py==3.16.0",
        "hdf5plugin==7.1.0",
        "pandas==2.2.0",
        "imagecodecs==2026.1.14",
        "s3fs==2024.2.0",
    ];
    oracle::program(&oracle::venv(&folder, &pins).unwrap(), "python")
});

/// Where the package without dependencies was installed.
fn site_packages() -> Utf8PathBuf {
    let python = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let itself = oracle::venv(&python, &["--no-deps", "aind-data-transfer==0.35.3"]).unwrap();
    let script = "import sysconfig; print(sysconfig.get_paths()['purelib'])";
    let output = Command::new(oracle::program(&itself, "python")).args(["-c", script]).output().unwrap();
    Utf8PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Where the original is right, pixels, chunks and array metadata are the same; with `--strict-compat` the groups' metadata too.
#[test]
fn what_the_original_writes_is_what_we_write() {
    let desk = Desk::new();
    let session = desk.root.join("rig/session");
    fs::create_dir_all(&session).unwrap();
    python("imaging_original_make.py", &[session.as_str()]);
    let (ours, theirs) = (desk.root.join("ours"), desk.root.join("theirs"));
    let flags = ["--n-levels", "3", "--chunk-shape", "16,16,16", "--strict-compat"];
    let verb = ["imaging", "zarr", session.as_str(), ours.as_str()];
    Said::of(&mut desk.adt(&[&verb[..], &flags].concat())).ends(0);

    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/imaging_original.py");
    let mut images: Vec<_> = session.read_dir_utf8().unwrap().map(|e| e.unwrap().into_path()).collect();
    images.sort();
    let mut command = Command::new(&*ORIGINAL);
    command.env("PYTHONPATH", site_packages()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(script).args([ours.as_str(), theirs.as_str(), "3", "16"]).args(&images);
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{}", said.lines().rev().take(8).collect::<Vec<_>>().join("\n"));
    assert!(String::from_utf8_lossy(&out.stdout).trim().ends_with(&images.len().to_string()));
}
