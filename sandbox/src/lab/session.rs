use std::io;

use adt_model::{AcqDatetime, Modality, Platform};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use jiff::tz::TimeZone;

use super::recordings::{self, Recording};

/// One row of the job list.
pub(crate) struct Session {
    pub(crate) platform: Platform,
    pub(crate) subject: &'static str,
    pub(crate) at: AcqDatetime,
    folders: Vec<Folder>,
}

struct Folder {
    modality: Modality,
    /// Its name on the rig.
    name: &'static str,
    compress: bool,
    recording: Recording,
}

/// The sessions: one to zip, one to compress stream by stream, one as it is, and one whose name is taken at the
/// destination.
pub(crate) fn all(big_file: u64, frames: u64) -> Vec<Session> {
    vec![
        session("confocal", "731015", "2024-03-18 09:41:07", |folders| {
            folders.push(folder("confocal", "confocal-tiles", true, Recording::Tiles));
            folders.push(folder("behavior-videos", "videos", false, Recording::Videos { big_file }));
        }),
        session("ecephys", "728204", "2024-03-18 15:20:41", |folders| {
            folders.push(folder("ecephys", "openephys", true, Recording::Electrodes { frames }));
        }),
        session("FIP", "728204", "2024-03-19 14:02:55", |folders| {
            folders.push(folder("fib", "fib", false, Recording::Fibers));
        }),
        session("behavior", "731015", "2024-03-20 10:30:00", |folders| {
            folders.push(folder("behavior", "behavior", false, Recording::Trials));
        }),
    ]
}

fn session(platform: &str, subject: &'static str, at: &str, fill: impl FnOnce(&mut Vec<Folder>)) -> Session {
    let mut folders = Vec::new();
    fill(&mut folders);
    Session {
        platform: platform.parse().expect("the sessions above name platforms"),
        subject,
        at: at.parse().expect("the sessions above have dates"),
        folders,
    }
}

fn folder(modality: &str, name: &'static str, compress: bool, recording: Recording) -> Folder {
    let modality = modality.parse().expect("the sessions above name modalities");
    Folder { modality, name, compress, recording }
}

impl Session {
    /// The name the asset will have.
    pub(crate) fn asset(&self) -> String {
        format!("{}_{}_{}", self.platform, self.subject, self.at.for_name())
    }

    /// Where its documents are; sessions of one subject have their own, as `session.json` differs.
    pub(crate) fn metadata(&self, lab: &Utf8Path) -> Utf8PathBuf {
        lab.join("metadata").join(self.asset())
    }

    /// Its folders on the rig.
    pub(crate) fn sources(&self, lab: &Utf8Path) -> Vec<Utf8PathBuf> {
        self.folders.iter().map(|f| lab.join("rig").join(self.asset()).join(f.name)).collect()
    }

    /// Writes the raw data.
    pub(crate) fn record(&self, lab: &Utf8Path, seed: u64) -> io::Result<()> {
        for (folder, source) in self.folders.iter().zip(self.sources(lab)) {
            recordings::write(&source, &folder.recording, seed)?;
            self.date(&source)?;
        }
        Ok(())
    }

    /// Dates every file from the session, as a rig does: the same lab made twice is the same input.
    fn date(&self, folder: &Utf8Path) -> io::Result<()> {
        let at = TimeZone::UTC.to_timestamp(self.at.civil()).map_err(io::Error::other)?;
        for entry in folder.read_dir_utf8()? {
            let path = entry?.into_path();
            if path.is_dir() {
                self.date(&path)?;
            } else {
                fs::File::options().append(true).open(&path)?.into_file().set_modified(at.into())?;
            }
        }
        Ok(())
    }
}

/// Writes the job list with the headers of the original's README.
pub(crate) fn write_list(
    path: &Utf8Path,
    lab: &Utf8Path,
    bucket: &str,
    sessions: &[Session],
) -> io::Result<()> {
    let mut rows = vec![
        [
            "s3-bucket",
            "platform",
            "subject-id",
            "acq-datetime",
            "modality0",
            "modality0.source",
            "modality0.compress_raw_data",
            "modality1",
            "modality1.source",
            "metadata-dir",
        ]
        .map(str::to_owned),
    ];
    for session in sessions {
        let folders = session.sources(lab);
        let cells = |i: usize| {
            let modality = session.folders.get(i).map(|f| f.modality.abbreviation().to_owned());
            [modality.unwrap_or_default(), folders.get(i).map(ToString::to_string).unwrap_or_default()]
        };
        let ([first, first_source], [second, second_source]) = (cells(0), cells(1));
        rows.push([
            bucket.to_owned(),
            session.platform.to_string(),
            session.subject.to_owned(),
            session.at.to_string().replace('T', " "),
            first,
            first_source,
            session.folders.first().is_some_and(|f| f.compress).to_string(),
            second,
            second_source,
            session.metadata(lab).to_string(),
        ]);
    }
    let mut list = csv::Writer::from_writer(Vec::new());
    for row in rows {
        list.write_record(row)?;
    }
    fs::write(path, list.into_inner().map_err(|e| io::Error::other(e.to_string()))?)
}
