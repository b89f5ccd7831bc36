//! A list of jobs as CSV: a header, then one job on each row.

mod header;
mod row;
mod table;

use adt_model::Origin;
use camino::Utf8Path;

use crate::{Overrides, Row, clash, encoding};

/// Reads a list of jobs.
///
/// Comma-separated UTF-8 with or without a byte order mark; quotes may follow a blank; LF, CRLF and CR end a row; rows
/// of nothing but commas and blanks are skipped. `source` names the file in messages; relative paths in cells are
/// taken relative to `cwd`. A file without any job gives no rows.
pub fn from_csv(bytes: &[u8], source: &str, cwd: &Utf8Path, over: &Overrides) -> Vec<Row> {
    let whole = |row| Origin { source: source.to_owned(), row };
    let bytes = match encoding::unmarked(bytes) {
        Ok(bytes) => bytes,
        Err(wrong) => return vec![Row::refused(whole(None), wrong.what, wrong.valid)],
    };
    let mut records = table::records(bytes).into_iter();
    let Some(first) = records.next() else { return Vec::new() };
    let mut header = match header::read(&first, source) {
        Ok(header) => header,
        Err(wrong) => return vec![Row::refused(whole(Some(first.line)), wrong.what, wrong.valid)],
    };
    let records: Vec<_> = records.collect();
    if !records.is_empty() {
        header.need_columns();
    }
    let mut rows: Vec<Row> = records.iter().map(|record| row::row(&header, record, cwd, over)).collect();
    clash::same_asset_twice(&mut rows);
    if !header.problems.is_empty() {
        // Whatever a row without a problem of its own lacks, the header's problems say already.
        rows.retain(|row| row.spec.is_some() || !row.problems.is_empty());
        rows.insert(0, Row { origin: header.origin, spec: None, problems: header.problems });
    }
    rows
}
