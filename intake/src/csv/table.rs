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
    /// `"a" b`: text between the closing quote and the next separator.
    TextBehind,
}

/// How a table is written, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) separator: u8,
    pub(super) begin: usize,
    pub(super) line: u64,
}

impl Default for Layout {
    fn default() -> Self {
        Self { separator: b',', begin: 0, line: 1 }
    }
}

/// A first line `sep=;`, with which Excel is told the separator.
pub(super) fn hint(bytes: &[u8]) -> Option<Layout> {
    let end = bytes.iter().position(|byte| b"\r\n".contains(byte))?;
    let line = bytes[..end].trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let hinted = line.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"sep="));
    let separator = match line.get(4..).unwrap_or_default() {
        [separator] => *separator,
        // The tab itself may have been trimmed.
        [] => b'\t',
        _ => return None,
    };
    let length = if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 };
    hinted.then_some(Layout { separator, begin: end + length, line: 2 })
}

/// The first row that holds anything.
pub(super) fn first(bytes: &[u8], layout: Layout) -> Option<Record> {
    Table::new(bytes, layout).filled()
}

/// Every row that holds anything.
pub(super) fn records(bytes: &[u8], layout: Layout) -> Vec<Record> {
    let mut table = Table::new(bytes, layout);
    std::iter::from_fn(|| table.filled()).collect()
}

struct Table<'a> {
    bytes: &'a [u8],
    separator: u8,
    at: usize,
    line: u64,
}

impl<'a> Table<'a> {
    fn new(bytes: &'a [u8], layout: Layout) -> Self {
        Self { bytes, separator: layout.separator, at: layout.begin, line: layout.line }
    }
}

impl Table<'_> {
    /// The next row that holds anything.
    fn filled(&mut self) -> Option<Record> {
        while self.at < self.bytes.len() {
            let record = self.record();
            if record.fault.is_some() || record.cells.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                return Some(record);
            }
        }
        None
    }

    fn record(&mut self) -> Record {
        let mut record = Record { line: self.line, ..Record::default() };
        loop {
            let cell = self.cell(&mut record.fault);
            record.cells.push(cell);
            match self.next() {
                Some(byte) if byte == self.separator => {}
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

    /// Stops before the separator or line end that follows the cell.
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
        let ends = |byte: &u8| *byte == self.separator || b"\r\n".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
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

    fn shown_as(text: &str, layout: Layout) -> Vec<String> {
        let text_of = |record: &Record| {
            let cells: Vec<_> =
                record.cells.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect();
            format!("{}:{}", record.line, cells.join("|"))
        };
        records(text.as_bytes(), layout).iter().map(text_of).collect()
    }

    fn shown(text: &str) -> Vec<String> {
        shown_as(text, Layout::default())
    }

    #[rstest]
    #[case::semicolon("a;b,c\n", b';', &["1:a|b,c"])]
    #[case::tab("a\tb;c\n\t\n d\t", b'\t', &["1:a|b;c", "3:d|"])]
    fn other_separators(#[case] text: &str, #[case] separator: u8, #[case] rows: &[&str]) {
        assert_eq!(shown_as(text, Layout { separator, ..Layout::default() }), rows);
    }

    #[rstest]
    #[case("sep=;\r\na;b", Some((b';', &["2:a|b"][..])))]
    #[case("SEP=,\na,b", Some((b',', &["2:a|b"][..])))]
    #[case("\"sep=;\"\ra;b", Some((b';', &["2:a|b"][..])))]
    #[case("sep=\t\na\tb", Some((b'\t', &["2:a|b"][..])))]
    #[case("separator\na", None)]
    #[case("sep=;", None)]
    fn the_hint_for_excel_is_no_row(#[case] text: &str, #[case] expected: Option<(u8, &[&str])>) {
        let found = hint(text.as_bytes());
        assert_eq!(found.map(|layout| layout.separator), expected.map(|(separator, _)| separator));
        if let (Some(layout), Some((_, rows))) = (found, expected) {
            assert_eq!(shown_as(text, layout), rows);
        }
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
        assert_eq!(records(text.as_bytes(), Layout::default())[0].fault, fault);
    }
}
