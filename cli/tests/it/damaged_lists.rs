//! Lists as spreadsheets, programs and the clipboard leave them: read where the meaning is certain, else refused with the reason before
//! anything is sent.

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Said};

const HEAD: [&str; 6] =
    ["s3_bucket", "platform", "subject_id", "acq_datetime", "modality0", "modality0.source"];
const ROW: [&str; 6] =
    ["recordings", "behavior", "714321", "2024-05-06 07:08:09", "behavior-videos", "plain"];

fn desk() -> Desk {
    let desk = Desk::new();
    desk.small_tree("work/plain");
    desk
}

fn table(separator: &str, row: [&str; 6]) -> String {
    format!("{}\r\n{}\r\n", HEAD.join(separator), row.join(separator))
}

/// `check` and then `run`; the store is looked at afterwards.
fn both(desk: &Desk, list: &Utf8Path, code: i32) -> Said {
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(code);
    Said::of(&mut desk.adt(&["run", list.as_str()])).ends(code)
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[rstest]
#[case::semicolons(format!("\u{feff}{}", table(";", ROW)).into_bytes())]
#[case::hint(format!("sep=,\r\n{}", table(",", ROW)).into_bytes())]
#[case::hint_of_semicolons(format!("\u{feff}sep=;\r\n{}", table(";", ROW)).into_bytes())]
#[case::wrong_hint(format!("sep=;\r\n{}", table(",", ROW)).into_bytes())]
#[case::tabs(table("\t", ROW).into_bytes())]
#[case::unicode_text(utf16(&format!("\u{feff}{}", table("\t", ROW)), u16::to_le_bytes))]
#[case::utf16_without_mark(utf16(&table(",", ROW), u16::to_le_bytes))]
#[case::utf16_of_the_other_order(utf16(&format!("\u{feff}{}", table(";", ROW)), u16::to_be_bytes))]
#[case::old_line_ends(table(",", ROW).replace("\r\n", "\r").into_bytes())]
#[case::mark_before_a_header(format!("\u{feff}\u{feff}{}", table(",", ROW)).into_bytes())]
#[case::no_break_blanks(table(",", ROW).replace("714321", "\u{a0}714321\u{202f}").into_bytes())]
#[case::later_name(table(",", ROW).replace("modality0.source", "modality0.input_source").into_bytes())]
fn a_list_of_another_program_is_read(#[case] bytes: Vec<u8>) {
    let desk = desk();
    let list = desk.root.join("jobs.csv");
    fs::write(&list, bytes).unwrap();
    both(&desk, &list, 0);
    assert!(
        desk.root.join("store/recordings/behavior_714321_2024-05-06_07-08-09/metadata.nd.json").is_file()
    );
}

#[rstest]
#[case::decimal(2, "731015.0", "decimal point")]
#[case::scientific(2, "7.31E+05", "scientific notation")]
#[case::formula(2, "\"=\"\"731015\"\"\"", "a formula of a spreadsheet")]
#[case::apostrophe(2, "'731015", "an apostrophe")]
#[case::reference(2, "#REF!", "an error value of a spreadsheet")]
#[case::not_available(2, "#N/A", "an error value of a spreadsheet")]
#[case::not_a_number(2, "nan", "a value that is missing")]
#[case::not_a_time(2, "NaT", "a value that is missing")]
#[case::none(2, "None", "a value that is missing")]
#[case::narrow(2, "########", "too narrow")]
#[case::zero_width(2, "731\u{200b}015", "an invisible character (U+200B)")]
#[case::mark_inside(2, "731\u{feff}015", "an invisible character (U+FEFF)")]
#[case::thousands(2, "\"731,015\"", "decimal point or separators")]
#[case::bucket(0, "#NAME?", "an error value of a spreadsheet")]
#[case::platform(1, "nan", "a value that is missing")]
#[case::platform_mark(1, "beha\u{200b}vior", "an invisible character")]
#[case::narrow_date(3, "################", "too narrow")]
#[case::no_date(3, "NaT", "a value that is missing")]
#[case::serial_date(3, "45369.403553", "a spreadsheet's serial number")]
#[case::no_seconds(3, "3/18/2024 9:41", "the seconds are missing")]
#[case::zone(3, "2024-03-18T09:41:07-07:00", "a time with a zone")]
#[case::modality(4, "#VALUE!", "an error value of a spreadsheet")]
#[case::source(5, "#REF!", "an error value of a spreadsheet")]
fn a_damaged_value_is_refused_before_anything_is_sent(
    #[case] column: usize,
    #[case] value: &str,
    #[case] says: &str,
) {
    let desk = desk();
    let mut row = ROW;
    row[column] = value;
    let list = desk.write("jobs.csv", &table(",", row));
    let said = both(&desk, &list, 2).says(says);
    assert!(said.stderr.contains(HEAD[column]), "{said:?}");
    assert_eq!(fs::read_dir(desk.root.join("store/recordings")).unwrap().count(), 0);
}

#[rstest]
#[case::workbook("jobs.xlsx", b"PK\x03\x04\x14\0\x06\0", "an Excel workbook (.xlsx)")]
#[case::old_workbook("jobs.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0", "an old Excel workbook (.xls)")]
#[case::page("jobs.html.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>\n", "a web page (HTML)")]
#[case::workbook_as_json("jobs.json", b"PK\x03\x04", "an Excel workbook (.xlsx)")]
fn a_file_that_is_no_list_is_named(#[case] name: &str, #[case] bytes: &[u8], #[case] says: &str) {
    let desk = desk();
    let list = desk.root.join(name);
    fs::write(&list, bytes).unwrap();
    let said = both(&desk, &list, 2).says(says);
    assert!(said.stderr.contains("CSV"), "{said:?}");
}

#[rstest]
#[case::explorer(|path: &str| format!("\"\"\"{path}\"\"\""))]
#[case::properties(|path: &str| format!("\u{202a}{path}"))]
#[case::address(|path: &str| format!("file://{}", path.replace(' ', "%20")))]
#[case::address_of_this_machine(|path: &str| format!("file://localhost{}", path.replace(' ', "%20")))]
fn a_path_is_understood_as_it_was_copied(#[case] copied: fn(&str) -> String) {
    let desk = Desk::new();
    let source = desk.small_tree("work/two words");
    let mut row = ROW;
    let copied = copied(source.as_str());
    row[5] = &copied;
    both(&desk, &desk.write("jobs.csv", &table(",", row)), 0);
}

#[cfg(unix)]
#[rstest]
#[case("C:\\data\\session", "a path of Windows")]
#[case("\\\\server\\share\\session", "a path of Windows")]
#[case("file://server/share", "another computer")]
fn a_path_of_another_computer_is_named(#[case] path: &str, #[case] says: &str) {
    let desk = desk();
    let mut row = ROW;
    row[5] = path;
    both(&desk, &desk.write("jobs.csv", &table(",", row)), 2).says(says);
}

#[rstest]
#[case("job_type", "custom", "remove the column")]
#[case("user_email", "rig@example.org", "remove the column")]
#[case("modality0.capsule_id", "1f999652", "codeocean_trigger_capsule_id")]
#[case("derivatives_dir", "derived", "adt copy")]
fn a_column_of_the_upload_service_is_named_with_what_to_do(
    #[case] column: &str,
    #[case] value: &str,
    #[case] says: &str,
) {
    let desk = desk();
    let list = format!("{},{column}\n{},{value}\n", HEAD.join(","), ROW.join(","));
    both(&desk, &desk.write("jobs.csv", &list), 2).says(column).says(says);
}
