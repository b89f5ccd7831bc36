//! `docs/COMPATIBILITY.md` claims nothing that no test shows.

use fs_err as fs;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The rows of all tables, cell by cell.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(format!("{ROOT}/docs/COMPATIBILITY.md")).unwrap();
    let is_row =
        |line: &&str| line.starts_with('|') && !line.starts_with("|---") && !line.ends_with("| shown by |");
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    page.lines().filter(is_row).map(cells).collect()
}

#[test]
fn every_row_names_a_test_that_exists() {
    let rows = rows();
    assert!(rows.len() > 70);
    for row in rows {
        let shown = row.last().unwrap().trim_matches('`');
        let (path, test) = shown.split_once("::").unwrap_or_else(|| panic!("no test in {row:?}"));
        let source = fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
        assert!(source.contains(&format!("fn {test}(")), "{shown} does not exist");
    }
}

#[test]
fn every_row_has_a_verdict() {
    for row in rows() {
        let verdict = |cell: &String| {
            ["same", "better", "dropped"].contains(&cell.as_str()) || cell.starts_with("later (*")
        };
        assert_eq!(row.iter().filter(|cell| verdict(cell)).count(), 1, "{row:?}");
    }
}

#[test]
fn every_numbered_fault_has_its_row() {
    let rows = rows();
    for number in 1..=25 {
        let name = format!("B{number}");
        assert_eq!(rows.iter().filter(|row| row[0] == name).count(), 1, "{name}");
    }
}

/// Every column that a list may have is in the page.
#[test]
fn every_column_has_its_row() {
    let page = fs::read_to_string(format!("{ROOT}/docs/COMPATIBILITY.md")).unwrap();
    let fields = fs::read_to_string(format!("{ROOT}/intake/src/field.rs")).unwrap();
    let names = fields.lines().filter(|line| line.trim_start().starts_with("(Field::"));
    let mut count = 0;
    for name in names.flat_map(|line| line.split('"').skip(1).step_by(2)) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
        count += 1;
    }
    assert!(count > 20);
}
