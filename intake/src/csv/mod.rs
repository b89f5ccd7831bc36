//! A list of jobs as CSV: a header, then one job on each row.

mod header;
mod row;
mod table;

use adt_model::Origin;
use camino::Utf8Path;

use self::table::Layout;
use crate::{Overrides, Row, clash, encoding};

/// Reads a list of jobs.
///
/// UTF-8 with or without a byte order mark, or UTF-16, separated by commas, semicolons or tabs, whichever make the header's names; a
/// line `sep=;` above the header is a hint of Excel's and is passed over. Quotes may follow a blank; LF, CRLF and CR end a row; rows
/// of nothing but commas and blanks are skipped. `source` names the file in messages; relative paths in cells are
/// taken relative to `cwd`. A file without any job gives no rows.
pub fn from_csv(bytes: &[u8], source: &str, cwd: &Utf8Path, over: &Overrides) -> Vec<Row> {
    let whole = |row| Origin { source: source.to_owned(), row };
    let bytes = match encoding::text(bytes) {
        Ok(bytes) => bytes,
        Err(wrong) => return vec![Row::refused(whole(None), wrong.what, wrong.valid)],
    };
    let layout = layout(&bytes);
    let mut records = table::records(&bytes, layout).into_iter();
    let Some(first) = records.next() else { return Vec::new() };
    let mut header = match header::read(&first, source, layout.separator) {
        Ok(header) => header,
        Err(wrong) => return vec![Row::refused(whole(Some(first.line)), wrong.what, wrong.valid)],
    };
    let records: Vec<_> = records.collect();
    if !records.is_empty() {
        header.need_columns();
    }
    let mut rows: Vec<Row> = records.iter().map(|record| row::row(&header, record, cwd, over)).collect();
    clash::between_rows(&mut rows);
    if !header.problems.is_empty() {
        // Whatever a row without a problem of its own lacks, the header's problems say already.
        rows.retain(|row| row.spec.is_some() || !row.problems.is_empty());
        rows.insert(0, Row { origin: header.origin, spec: None, problems: header.problems });
    }
    rows
}

/// The separator under which the first row names the most columns.
fn layout(bytes: &[u8]) -> Layout {
    let begin = table::hint(bytes).unwrap_or_default();
    let mut best = (0, begin);
    for separator in [begin.separator, b',', b';', b'\t'] {
        let layout = Layout { separator, ..begin };
        let known = table::first(bytes, layout).map_or(0, |record| header::known(&record));
        if known > best.0 {
            best = (known, layout);
        }
    }
    best.1
}
