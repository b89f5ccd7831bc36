//! Sessions of microscopes as the tests of images need them, and the programs that judge what becomes of them.

use std::{process::Command, sync::LazyLock};

use adt_testkit::oracle;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::desk::{Desk, Said};

/// What writes images, and reads ours: zarr-python, tensorstore, ome-zarr-py and the validator of JSON schemas.
static READERS: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    let venv = venv(&[
        "tifffile==2026.3.3",
        "imagecodecs==2026.3.6",
        "h5py==3.16.0",
        "zarr==3.1.6",
        "tensorstore==0.1.86",
        "ome-zarr==0.18.0",
        "jsonschema==4.26.0",
        "referencing==0.37.0",
    ]);
    oracle::program(&venv, "python")
});

/// A package that carries the schemas of NGFF, without all that it works with.
static SCHEMAS: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    let python = oracle::program(&venv(&["--no-deps", "ngff-zarr==0.50.0"]), "python");
    let script = "import importlib.util as u; print(u.find_spec('ngff_zarr').submodule_search_locations[0])";
    let output = Command::new(python).args(["-c", script]).output().unwrap();
    Utf8Path::new(String::from_utf8(output.stdout).unwrap().trim()).join("spec")
});

fn venv(packages: &[&str]) -> Utf8PathBuf {
    oracle::venv(&Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles"), packages).unwrap()
}

/// Runs a script of `tests/oracles`; returns what it said at its end.
#[track_caller]
pub(crate) fn python(script: &str, arguments: &[&str]) -> String {
    let script = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(script);
    let mut command = Command::new(&*READERS);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).args(arguments);
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    let end = said.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>();
    assert!(out.status.success(), "{arguments:?}:\n{}", end.join("\n"));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// How a pyramid is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub edge: &'static str,
    pub rounding: &'static str,
    pub factors: &'static str,
    pub zarr: &'static str,
}

impl Rule {
    /// As the Python original builds it.
    pub(crate) const USUAL: Self = Self { edge: "crop", rounding: "floor", factors: "2,2,2", zarr: "2" };

    fn flags(self) -> [&'static str; 8] {
        let Self { edge, rounding, factors, zarr } = self;
        ["--edge", edge, "--rounding", rounding, "--scale-factor", factors, "--zarr-format", zarr]
    }
}

/// A desk with a session of images on it.
pub(crate) struct Microscope {
    pub desk: Desk,
    pub session: Utf8PathBuf,
    /// What is in each image, by the name of its group.
    pub expected: Utf8PathBuf,
}

impl Microscope {
    /// The images that a function of `imaging_make.py` writes.
    pub(crate) fn new(what: &str) -> Self {
        let desk = Desk::new();
        let (session, expected) = (desk.root.join("rig/session"), desk.root.join("expected"));
        fs::create_dir_all(&session).unwrap();
        python("imaging_make.py", &[what, session.as_str(), expected.as_str()]);
        Self { desk, session, expected }
    }

    pub(crate) fn made(&self) -> Utf8PathBuf {
        self.desk.root.join("made")
    }

    /// `adt imaging zarr` of the session.
    pub(crate) fn command(&self, to: impl AsRef<str>, rule: Rule, flags: &[&str]) -> Command {
        let verb = ["imaging", "zarr", self.session.as_str(), to.as_ref()];
        self.desk.adt(&[&verb, &rule.flags()[..], flags].concat())
    }

    pub(crate) fn convert(&self, rule: Rule, flags: &[&str]) -> Said {
        Said::of(&mut self.command(self.made(), rule, flags))
    }

    /// Holds every group of a container against its source, pyramid rules and schemas included; returns how much there was.
    #[track_caller]
    pub(crate) fn check(&self, container: &Utf8Path, rule: Rule, more: &[&str]) -> String {
        let schemas = SCHEMAS.join(if rule.zarr == "3" { "0.5" } else { "0.4" }).join("schemas");
        let place = [container.as_str(), self.expected.as_str()];
        let how = [rule.edge, rule.rounding, rule.factors, schemas.as_str()];
        python("imaging_check.py", &[&place, &how[..], more].concat())
    }
}

/// No plan and no markers are left below a container.
#[track_caller]
pub(crate) fn nothing_is_left_over(container: &Utf8Path) {
    assert!(!container.join(".adt").exists(), "{container}/.adt is left");
}
