//! How a list can be written: no form shifts columns or drops a row without a message.

use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Said};

const HEAD: &str = "s3_bucket,platform,subject_id,acq_datetime,modality0,modality0.source,project_name";
const ROW: &str = "recordings,behavior,714321,2024-05-06 07:08:09,behavior-videos,plain,P";
const SECOND: &str = "recordings,behavior,714322,2024-05-06 07:08:09,behavior-videos,plain,P";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.small_tree("work/plain");
    desk
}

/// Every cell in quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"\r\n", text.replace(',', "\",\"").replace('\n', "\"\r\n\""))
}

/// Every letter as one byte.
fn cp1252(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

fn checked(desk: &Desk, bytes: &[u8]) -> Said {
    let list = desk.root.join("jobs.csv");
    fs::write(&list, bytes).unwrap();
    Said::of(&mut desk.adt(&["check", list.as_str()]))
}

#[rstest]
#[case::trailing_blank_rows(format!("{HEAD}\n{ROW}\n{SECOND}\n,,,,,,\n\n , ,\n\"\",\"\"\n"))]
#[case::blank_rows_between(format!("\n{HEAD}\n\n{ROW}\n,,,,,,\n{SECOND}"))]
#[case::blank_columns_behind(format!("{HEAD},,\n{ROW},,\n{SECOND}\n"))]
#[case::row_longer_by_blanks(format!("{HEAD}\n{ROW},,,\n{SECOND}, \n"))]
#[case::row_shorter(format!("{HEAD}\n{ROW}\n{}\n", SECOND.trim_end_matches(",P")))]
#[case::header_in_capitals_with_blanks(format!("{}\n{ROW}\n{SECOND}\n", HEAD.to_uppercase().replace(',', " , ")))]
#[case::header_with_hyphens(format!("{}\n{ROW}\n{SECOND}\n", HEAD.replace('_', "-")))]
#[case::mark_inside_the_header(format!("{}\n{ROW}\n{SECOND}\n", HEAD.replace(",platform", ",\u{feff}platform")))]
#[case::two_lines_in_a_cell(format!("{HEAD}\n{ROW}\n{}\n", SECOND.replace(",P", ",\"P\nQ\"")))]
#[case::semicolons_with_commas_inside(format!("{HEAD}\n{ROW}\n{SECOND}\n").replace(',', ";").replace(";P\n", ";P, Q\n"))]
#[case::hint_and_tabs(format!("sep=\t\n{HEAD}\n{ROW}\n{SECOND}\n").replace(',', "\t"))]
#[case::quotes_around_all(quoted(&format!("{HEAD}\n{ROW}\n{SECOND}")))]
fn both_rows_are_read(#[case] text: String) {
    let desk = desk();
    checked(&desk, text.as_bytes()).ends(0).says("2 jobs checked: no problems");
}

#[rstest]
#[case::longer_than_the_header(format!("{HEAD}\n{ROW},more\n{SECOND}\n"), &["row 2", "8 cells under 7 columns"])]
#[case::comma_in_a_cell(format!("{HEAD}\n{ROW}\n{SECOND}, Q\n"), &["row 3", "8 cells under 7 columns"])]
#[case::value_under_no_header(format!("{HEAD},\n{ROW},7\n{SECOND},\n"), &["row 2", "a value under a blank header"])]
#[case::header_twice(format!("{HEAD},Subject ID,subject-id\n{ROW},,1\n"), &["column 9 has the same name as `subject_id`"])]
#[case::header_twice_in_capitals(format!("{HEAD},PLATFORM\n{ROW},behavior\n"), &["column 8 has the same name as `platform`"])]
#[case::header_with_a_blank(format!("{}\n{ROW}\n", HEAD.replace("subject_id", "subject id")), &["did you mean `subject_id`?"])]
#[case::mark_inside_an_id(format!("{HEAD}\n{ROW}\n{}\n", SECOND.replace("714322", "\u{feff}714322")), &["row 3", "U+FEFF"])]
#[case::two_files_joined(format!("{HEAD}\n{ROW}\n\u{feff}{HEAD}\n{SECOND}\n"), &["row 3", "U+FEFF"])]
#[case::quote_never_closed(format!("{HEAD}\n{ROW}\n\"{SECOND}\n"), &["row 3", "a quote is opened and never closed"])]
#[case::quote_inside(format!("{HEAD}\n{ROW}\n{}\n", SECOND.replace("714322", "\"7143\"22")), &["row 3", "text between a closing quote"])]
#[case::semicolons_below_commas(format!("{HEAD}\n{ROW}\n{}\n", SECOND.replace(',', ";")), &["row 3", "platform"])]
#[case::other_separator(format!("{HEAD}\n{ROW}\n").replace(',', "|"), &["row 1", "the first row names no column"])]
fn what_is_not_where_the_header_says_is_named(#[case] text: String, #[case] says: &[&str]) {
    let desk = desk();
    let mut said = checked(&desk, text.as_bytes()).ends(2);
    for text in says {
        said = said.says(text);
    }
}

#[rstest]
#[case::cell(cp1252(&format!("{HEAD}\n{ROW}\n{}\n", SECOND.replace(",P", ",Größe"))), "row 3", "project_name")]
#[case::id(cp1252(&format!("{HEAD}\n{}\n", ROW.replace("714321", "Müsli"))), "row 2", "subject_id")]
#[case::header(cp1252(&format!("{HEAD},Größe\n{ROW},\n")), "row 1", "the header row is not UTF-8")]
fn letters_of_another_encoding_are_refused(#[case] bytes: Vec<u8>, #[case] row: &str, #[case] says: &str) {
    let desk = desk();
    checked(&desk, &bytes).ends(2).says(row).says(says).says("save the file as UTF-8");
}
