//! Which files of a folder are of SpikeGLX.

use std::collections::BTreeMap;

use adt_model::{Class, Fault, Pulse};
use camino::{Utf8Path, Utf8PathBuf};

use super::{meta::Meta, name::Name, pair};
use crate::{
    folder::{Entry, EntryKind, Rules, Walked, walk},
    open_ephys::Problem,
};

/// What of a folder may be of SpikeGLX.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(super) root: Utf8PathBuf,
    /// `.bin`, `.meta` and `.cbin` files by key without the ending.
    stems: BTreeMap<String, Stem>,
    /// Folders that cannot be read, names that cannot be kept.
    pub(crate) faults: Vec<Fault>,
}

/// Files that differ only in their ending.
#[derive(Debug, Default)]
struct Stem {
    bin: Option<Entry>,
    meta: Option<Entry>,
    compressed: Option<Entry>,
}

/// A `.bin` file with its description.
pub(super) struct Files {
    pub(super) bin: Entry,
    pub(super) entry: Entry,
    pub(super) meta: Meta,
}

impl Survey {
    /// Walks through the whole folder once and shows each file to `see`. Beats once for each thing met; fails only when asked to stop.
    pub(crate) fn walk(
        root: &Utf8Path,
        rules: &Rules,
        pulse: &dyn Pulse,
        mut see: impl FnMut(&Entry),
    ) -> Result<Self, Fault> {
        let mut survey = Self { root: root.to_owned(), ..Self::default() };
        for walked in walk(root, rules) {
            pulse.beat(0)?;
            match walked {
                Ok(Walked::Entry(entry)) if entry.kind == EntryKind::File => {
                    see(&entry);
                    survey.add(entry);
                }
                Ok(_) => {}
                Err(fault) => survey.faults.push(fault),
            }
        }
        survey.stems.retain(|stem, files| files.may_be_of_spikeglx(stem));
        Ok(survey)
    }

    fn add(&mut self, entry: Entry) {
        let Some((stem, ending)) = entry.key.as_str().rsplit_once('.') else { return };
        let (stem, ending) = (stem.to_owned(), ending.to_owned());
        let files = match ending.as_str() {
            "bin" | "meta" | "cbin" => self.stems.entry(stem).or_default(),
            _ => return,
        };
        *match ending.as_str() {
            "bin" => &mut files.bin,
            "meta" => &mut files.meta,
            _ => &mut files.compressed,
        } = Some(entry);
    }

    /// The pairs of files, in key order; what is not one becomes a problem. Files of other programs are passed over.
    pub(super) fn files(&self, pulse: &dyn Pulse, problems: &mut Vec<Problem>) -> Result<Vec<Files>, Fault> {
        let mut found = Vec::new();
        for (stem, files) in &self.stems {
            pulse.beat(0)?;
            match files.pair(stem) {
                Ok(Some(pair)) => found.push(pair),
                Ok(None) => {}
                Err(fault) => problems.push(Problem::unread(self.root.join(stem), fault)),
            }
        }
        Ok(found)
    }

    /// Whether there is anything of SpikeGLX.
    pub(crate) fn has_spikeglx(&self) -> bool {
        self.stems
            .iter()
            .any(|(stem, files)| is_named(stem) || matches!(files.pair(stem), Ok(Some(_)) | Err(_)))
    }
}

/// Whether SpikeGLX names files so. `stem` may have folders before the name.
fn is_named(stem: &str) -> bool {
    Name::parse(stem.rsplit('/').next().unwrap_or(stem)).is_some()
}

impl Stem {
    /// Renamed files are recognised by the content of the `.meta`.
    fn may_be_of_spikeglx(&self, stem: &str) -> bool {
        is_named(stem) || (self.meta.is_some() && (self.bin.is_some() || self.compressed.is_some()))
    }

    /// `None` for files of another program.
    fn pair(&self, stem: &str) -> Result<Option<Files>, Fault> {
        let meta = self.meta.as_ref().map(|entry| (entry, pair::meta(entry)));
        let bin = match (self.bin.as_ref(), meta) {
            (Some(bin), Some((entry, Ok(Some(meta))))) => {
                return Ok(Some(Files { bin: bin.clone(), entry: entry.clone(), meta }));
            }
            (bin, Some((_, Ok(Some(_))))) => bin,
            _ if !is_named(stem) => return Ok(None),
            (_, Some((_, Err(fault)))) => return Err(fault),
            (_, Some((entry, Ok(None)))) => {
                let what = format!("`{}` does not describe a recording of SpikeGLX", entry.path);
                return Err(Fault::new(Class::Corrupt, what)
                    .help("take the `.meta` file that was written beside the `.bin` file"));
            }
            (bin, None) => bin,
        };
        Err(self.alone(bin))
    }

    /// Why files that belong to SpikeGLX are no pair.
    fn alone(&self, bin: Option<&Entry>) -> Fault {
        let (path, what, help) = match (bin, &self.compressed, &self.meta) {
            (Some(bin), ..) => (
                &bin.path,
                "is not read: its `.meta` file is missing",
                "copy the `.meta` file from the recording computer; without it, channels, rate and gains are not known",
            ),
            (None, Some(compressed), _) => (
                &compressed.path,
                "is compressed by mtscomp, which is not read",
                "decompress it with `mtsdecomp` first, or take the original `.bin` file",
            ),
            (None, None, Some(meta)) => (
                &meta.path,
                "describes samples that are not there: its `.bin` file is missing",
                "copy the `.bin` file from the recording computer (SpikeGLX may write the probes of a run to several drives)",
            ),
            (None, None, None) => return Fault::new(Class::Bug, "files that are not there"),
        };
        Fault::new(Class::Missing, format!("`{path}` {what}")).help(help)
    }
}
