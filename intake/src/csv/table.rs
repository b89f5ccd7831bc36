//! Bytes become cells. Separators and quotes are ASCII, so a row of another encoding still falls into its cells.

/// One row: its cells, not yet text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The line it begins on, counted from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<Vec<u8>>,
    pub(super) fault: Option<QuoteFault>,
}

/// What can be wrong with the quotes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuoteFault {
    /// The file ends inside the quotes that this row opens.
    Unclosed,
    /// `"a" b`: text between the closing quote and the next comma.
    TextBehind,
}

/// Every row that holds anything.
pub(super) fn records(bytes: &[u8]) -> Vec<Record> {
    let mut table = Table { bytes, at: 0, line: 1 };
    let mut records = Vec::new();
    while table.at < bytes.len() {
        let record = table.record();
        if record.fault.is_some() || record.cells.iter().any(|cell| !cell.trim_ascii().is_empty()) {
            records.push(record);
        }
    }
    records
}

struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Table<'_> {
    fn record(&mut self) -> Record {
        let mut record = Record { line: self.line, ..Record::default() };
        loop {
            let cell = self.cell(&mut record.fault);
            record.cells.push(cell);
            match self.next() {
                Some(b',') => {}
                Some(b'\r') => {
                    self.at += usize::from(self.peek() == Some(b'\n'));
                    self.line += 1;
                    return record;
                }
                Some(_) => {
                    self.line += 1;
                    return record;
                }
                None => return record,
            }
        }
    }

    /// Stops before the comma or line end that follows the cell.
    fn cell(&mut self, fault: &mut Option<QuoteFault>) -> Vec<u8> {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        if self.peek() != Some(b'"') {
            return self.until_separator().to_vec();
        }
        self.at += 1;
        let Some(mut cell) = self.quoted() else {
            *fault = Some(QuoteFault::Unclosed);
            return Vec::new();
        };
        let behind = self.until_separator();
        if !behind.trim_ascii().is_empty() {
            cell.extend_from_slice(behind);
            fault.get_or_insert(QuoteFault::TextBehind);
        }
        cell
    }

    fn until_separator(&mut self) -> &[u8] {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| b",\r\n".contains(b)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// The text up to the closing quote, which is passed; doubled quotes are one.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut cell = Vec::new();
        loop {
            match self.next()? {
                b'"' if self.peek() == Some(b'"') => {
                    self.at += 1;
                    cell.push(b'"');
                }
                b'"' => return Some(cell),
                byte => {
                    let ends_line = byte == b'\n' || byte == b'\r' && self.peek() != Some(b'\n');
                    self.line += u64::from(ends_line);
                    cell.push(byte);
                }
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn shown(text: &str) -> Vec<String> {
        let text_of = |record: &Record| {
            let cells: Vec<_> =
                record.cells.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect();
            format!("{}:{}", record.line, cells.join("|"))
        };
        records(text.as_bytes()).iter().map(text_of).collect()
    }

    #[rstest]
    #[case::lf("a,b\nc,d\n", &["1:a|b", "2:c|d"])]
    #[case::crlf("a,b\r\nc,d", &["1:a|b", "2:c|d"])]
    #[case::cr("a,b\rc,d\r", &["1:a|b", "2:c|d"])]
    #[case::empty("", &[])]
    #[case::nothing_but_ends("\n\r\n\n", &[])]
    #[case::empty_lines("a\n\n\nb\n", &["1:a", "4:b"])]
    #[case::commas_only("a,b\n,,\n , \nc,d", &["1:a|b", "4:c|d"])]
    #[case::blank_after_comma("a, b", &["1:a|b"])]
    #[case::quoted_comma("a,\"b,c\",d", &["1:a|b,c|d"])]
    #[case::quote_after_blank("a, \"b,c\" ,d", &["1:a|b,c|d"])]
    #[case::doubled_quote("\"say \"\"hi\"\"\"", &["1:say \"hi\""])]
    #[case::quote_inside("5\" probe,x", &["1:5\" probe|x"])]
    #[case::line_end_in_quotes("\"a\r\nb\",c\nd", &["1:a\r\nb|c", "3:d"])]
    #[case::last_cell_blank("a,\nb", &["1:a|", "2:b"])]
    fn rows_and_cells(#[case] text: &str, #[case] rows: &[&str]) {
        assert_eq!(shown(text), rows);
    }

    #[rstest]
    #[case::unclosed("a,\"b\nc,d", Some(QuoteFault::Unclosed))]
    #[case::text_behind("\"a\" b,c", Some(QuoteFault::TextBehind))]
    #[case::fine("\"a\" ,c", None)]
    fn quotes(#[case] text: &str, #[case] fault: Option<QuoteFault>) {
        assert_eq!(records(text.as_bytes())[0].fault, fault);
    }
}
