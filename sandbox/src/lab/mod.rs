//! A small lab to try the tool on: invented recordings of four sessions, their documents and a job list.
//!
//! ```text
//! <folder>/jobs.csv
//! <folder>/rig/<session>/…        raw data, one folder for each modality
//! <folder>/metadata/<session>/…   subject.json, procedures.json, session.json
//! ```

mod documents;
mod recordings;
mod session;

use adt_model::{Fault, Key};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use self::session::Session;

/// How a lab is made.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// What the job list says under `s3_bucket`.
    pub bucket: String,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// Bytes of the one big file; 20 MB lets a multipart upload be seen.
    pub big_file: u64,
    /// Frames of the recording with 384 channels at 30 kHz, 768 bytes each.
    pub frames: u64,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self { bucket: "demo-bucket".to_owned(), seed: 1, big_file: 20_000_000, frames: 45_000 }
    }
}

/// A lab that was made.
#[derive(Clone, Debug)]
pub struct Lab {
    /// The job list; the paths in it are absolute.
    pub jobs_csv: Utf8PathBuf,
    /// The bucket that must exist before the list is run.
    pub bucket: String,
    /// What must stand in the bucket before the list is run: it makes the last row fail while the others go on.
    pub foreign: ForeignObject,
    /// Names of the assets, one for each row, in order.
    pub assets: Vec<String>,
    /// Every source folder named in the list, in order.
    pub sources: Vec<Utf8PathBuf>,
}

/// Somebody else's object under the name of an asset.
#[derive(Clone, Debug)]
pub struct ForeignObject {
    /// Its name in the bucket.
    pub key: Key,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Makes the lab in a folder, over whatever an earlier call made there. The folder's absolute path goes into the list.
pub fn make(folder: &Utf8Path, options: &LabOptions) -> Result<Lab, Fault> {
    let failed = |e| Fault::io(format!("cannot make the demo's lab in `{folder}`"), e);
    fs::create_dir_all(folder).map_err(failed)?;
    let folder = camino::absolute_utf8(folder).map_err(failed)?;
    let sessions = session::all(options.big_file, options.frames);
    for (i, session) in sessions.iter().enumerate() {
        session.record(&folder, options.seed.wrapping_add(i as u64)).map_err(failed)?;
        documents::write(&session.metadata(&folder), session).map_err(failed)?;
    }
    let jobs_csv = folder.join("jobs.csv");
    session::write_list(&jobs_csv, &folder, &options.bucket, &sessions).map_err(failed)?;
    let assets: Vec<String> = sessions.iter().map(Session::asset).collect();
    let last = assets.last().map_or("", String::as_str);
    Ok(Lab {
        jobs_csv,
        bucket: options.bucket.clone(),
        foreign: ForeignObject {
            key: Key::parse(format!("{last}/behavior/notes.txt"))
                .expect("platforms, subjects and dates hold no slash"),
            bytes: b"Uploaded by hand on a Friday. Do not delete!\n".to_vec(),
        },
        sources: sessions.iter().flat_map(|session| session.sources(&folder)).collect(),
        assets,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn files(folder: &Utf8Path, found: &mut BTreeMap<Utf8PathBuf, Vec<u8>>) {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }

    fn made(seed: u64) -> (tempfile::TempDir, Lab, BTreeMap<Utf8PathBuf, Vec<u8>>) {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap();
        let lab = make(root, &LabOptions { seed, big_file: 100_000, frames: 200, ..LabOptions::default() })
            .unwrap();
        let mut found = BTreeMap::new();
        files(root, &mut found);
        let found = found.into_iter().map(|(p, b)| (p.strip_prefix(root).unwrap().to_owned(), b)).collect();
        (folder, lab, found)
    }

    #[test]
    fn the_same_seed_makes_the_same_data() {
        let ((_a, _, mut first), (_b, _, mut again), (_c, _, other)) = (made(7), made(7), made(8));
        // Absolute paths differ with the folder.
        first.remove(Utf8Path::new("jobs.csv"));
        again.remove(Utf8Path::new("jobs.csv"));
        assert!(first == again && first != other);
    }

    #[test]
    fn the_list_names_folders_that_exist() {
        let (_folder, lab, _) = made(1);
        let mut rows = csv::Reader::from_path(&lab.jobs_csv).unwrap();
        let headers = rows.headers().unwrap().clone();
        let paths: Vec<usize> = (0..headers.len())
            .filter(|i| headers[*i].ends_with(".source") || headers[*i].ends_with("-dir"))
            .collect();
        let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
        assert_eq!((rows.len(), paths.len()), (lab.assets.len(), 3));
        for row in &rows {
            assert!(paths.iter().map(|i| &row[*i]).all(|p| p.is_empty() || Utf8Path::new(p).is_dir()));
        }
        assert!(lab.sources.iter().all(|source| source.is_dir()));
    }

    #[test]
    fn it_holds_what_uploads_stumble_over() {
        let (_folder, lab, found) = made(1);
        assert!(found.values().any(Vec::is_empty), "a file of no bytes");
        assert!(found.values().any(|bytes| bytes.len() == 100_000), "the big file");
        assert!(found.keys().any(|path| path.as_str().contains("Käfig 7")), "a blank and an umlaut");
        assert!(lab.foreign.key.as_str().starts_with(lab.assets.last().unwrap().as_str()));
    }
}
