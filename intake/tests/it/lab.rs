//! A folder with the sources that the lists name, and short ways to read lists there.

use adt_intake::{Overrides, Row, SingleJob, from_csv, from_flags, from_json};
use adt_model::JobSpec;
use camino::{Utf8Path, Utf8PathBuf};

pub(crate) const NEUROPIXELS: &str = "tests/resources/v0.6.x_neuropixels_multiexp_multistream";
pub(crate) const SMARTSPIM: &str = "tests/resources/imaging/smartSPIM_12345_2023-03-16_00-00-00";

pub(crate) struct Lab {
    root: tempfile::TempDir,
}

impl Lab {
    /// Holds the folders of the golden lists, `data`, `more`, and the files `config.json` and `file`.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let lab = Self { root };
        for folder in
            [&format!("{NEUROPIXELS}/Videos"), SMARTSPIM, "tests/resources/test_metadata", "data", "more"]
        {
            std::fs::create_dir_all(lab.path(folder)).unwrap();
        }
        for file in ["config.json", "file"] {
            std::fs::write(lab.path(file), "{}").unwrap();
        }
        lab
    }

    pub(crate) fn cwd(&self) -> &Utf8Path {
        Utf8Path::from_path(self.root.path()).unwrap()
    }

    pub(crate) fn path(&self, relative: &str) -> Utf8PathBuf {
        self.cwd().join(relative)
    }

    pub(crate) fn csv(&self, text: impl AsRef<[u8]>) -> Vec<Row> {
        self.csv_with(text, &Overrides::default())
    }

    pub(crate) fn csv_with(&self, text: impl AsRef<[u8]>, over: &Overrides) -> Vec<Row> {
        from_csv(text.as_ref(), "jobs.csv", self.cwd(), over)
    }

    pub(crate) fn json(&self, text: &str) -> Vec<Row> {
        from_json(text, "jobs.json", self.cwd(), &Overrides::default())
    }

    pub(crate) fn flags(&self, flags: &SingleJob) -> Row {
        from_flags(flags, self.cwd(), &Overrides::default()).remove(0)
    }

    /// One job with the given columns and cells beside the four needed ones.
    pub(crate) fn job(&self, columns: &str, cells: &str) -> Row {
        self.job_with(columns, cells, &Overrides::default())
    }

    pub(crate) fn job_with(&self, columns: &str, cells: &str, over: &Overrides) -> Row {
        let mut rows = self.csv_with(list(columns, &[cells]), over);
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }
}

/// A list with the four needed columns, then the given ones; each row has a subject of its own.
pub(crate) fn list(columns: &str, rows: &[&str]) -> String {
    let header = format!("s3_bucket,platform,subject_id,acq_datetime,{columns}\n");
    let line = |(subject, cells)| format!("bucket,ecephys,{subject},2020-10-10 14:10:10,{cells}\n");
    header + &(1..).zip(rows).map(line).collect::<String>()
}

/// The job of a row that has no problem.
pub(crate) fn fine(row: &Row) -> &JobSpec {
    assert_eq!(row.problems, [], "{row:?}");
    row.spec.as_ref().unwrap()
}

/// `row column: what` of every problem, in order.
pub(crate) fn said(rows: &[Row]) -> Vec<String> {
    let line = |p: &adt_model::Problem| {
        let row = p.origin.row.map_or_else(|| "-".to_owned(), |row| row.to_string());
        format!("{row} {}: {}", p.column, p.what)
    };
    rows.iter().flat_map(|row| &row.problems).map(line).collect()
}
