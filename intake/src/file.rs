//! A job file, whichever of the two forms it has.

use adt_model::{Fault, Origin};
use camino::Utf8Path;

use crate::{Overrides, Row, csv::from_csv, encoding, json::from_json};

/// Reads a job file: `.csv` and `.json` by their extension, any other name as [`from_bytes`] does. `path` is shown in
/// origins as it is given, and is taken relative to `cwd`. Fails when the file itself cannot be read.
pub fn from_file(path: &Utf8Path, cwd: &Utf8Path, over: &Overrides) -> Result<Vec<Row>, Fault> {
    let bytes = std::fs::read(cwd.join(path))
        .map_err(|e| Fault::io(format!("cannot read the job file `{path}`"), e))?;
    let source = path.as_str();
    Ok(match path.extension().map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => from_csv(&bytes, source, cwd, over),
        Some("json") => json_bytes(&bytes, source, cwd, over),
        _ => from_bytes(&bytes, source, cwd, over),
    })
}

/// Reads jobs from bytes of no name, such as standard input: JSON when the first byte that is not blank is `{` or
/// `[`, CSV otherwise.
pub fn from_bytes(bytes: &[u8], source: &str, cwd: &Utf8Path, over: &Overrides) -> Vec<Row> {
    let text = encoding::text(bytes);
    match text.as_ref().ok().and_then(|text| text.trim_ascii_start().first()) {
        Some(b'{' | b'[') => json_bytes(bytes, source, cwd, over),
        _ => from_csv(bytes, source, cwd, over),
    }
}

fn json_bytes(bytes: &[u8], source: &str, cwd: &Utf8Path, over: &Overrides) -> Vec<Row> {
    let origin = Origin { source: source.to_owned(), row: None };
    let bytes = match encoding::text(bytes) {
        Ok(bytes) => bytes,
        Err(wrong) => return vec![Row::refused(origin, wrong.what, wrong.valid)],
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => from_json(text, source, cwd, over),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count();
            let what = format!("line {line} is not UTF-8 text");
            vec![Row::refused(origin, what, "save the file as UTF-8")]
        }
    }
}
