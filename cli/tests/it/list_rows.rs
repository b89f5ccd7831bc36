//! What `check` finds in the rows of a list before any work: damaged values in every column, ids and assets that are nearly the same,
//! times at a change of the clocks, and odd documents.

use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Desk, Job, Said},
    lab::json,
};

const SUBJECT: &str = r#"{"subject_id": "714321"}"#;

fn list(desk: &Desk, rows: &[[&str; 8]]) -> camino::Utf8PathBuf {
    let head =
        "s3_bucket,platform,subject_id,acq_datetime,modality0,modality0.source,modality1,modality1.source";
    let rows: Vec<_> = rows.iter().map(|row| row.join(",")).collect();
    desk.write("jobs.csv", &format!("{head}\n{}\n", rows.join("\n")))
}

fn row<'a>(id: &'a str, time: &'a str) -> [&'a str; 8] {
    ["recordings", "behavior", id, time, "behavior-videos", "plain", "", ""]
}

fn refused(desk: &Desk, list: &camino::Utf8Path) -> Said {
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(2);
    let said = Said::of(&mut desk.adt(&["run", list.as_str()])).ends(2);
    assert_eq!(fs::read_dir(desk.root.join("store/recordings")).unwrap().count(), 0);
    said
}

#[rstest]
#[case::reference(6, "#REF!", "modality1", "an error value of a spreadsheet")]
#[case::nothing(6, "nan", "modality1", "a value that is missing")]
#[case::mark(6, "ecephys\u{200b}", "modality1", "an invisible character (U+200B)")]
#[case::formula(6, "=B2", "modality1", "a formula of a spreadsheet")]
#[case::number(6, "731015.0", "modality1", "no modality of that name")]
#[case::narrow(7, "########", "modality1.source", "too narrow")]
#[case::source_error(7, "#N/A", "modality1.source", "an error value of a spreadsheet")]
#[case::source_mark(7, "pla\u{200b}in", "modality1.source", "an invisible character (U+200B)")]
fn later_modalities_are_looked_at_like_the_first(
    #[case] column: usize,
    #[case] value: &str,
    #[case] name: &str,
    #[case] says: &str,
) {
    let desk = Desk::new();
    desk.small_tree("work/plain");
    let mut cells = row("714321", "2024-05-06 07:08:09");
    (cells[6], cells[7]) = ("pophys", "plain");
    cells[column] = value;
    refused(&desk, &list(&desk, &[cells])).says(name).says(says);
}

#[rstest]
#[case::decimal("subject_id", "731015.0", "decimal point")]
#[case::scientific("subject_id", "7.31E+05", "scientific notation")]
#[case::error("project_name", "#REF!", "an error value of a spreadsheet")]
#[case::error_among_people("investigators", "A Person; #N/A", "an error value of a spreadsheet")]
#[case::no_grant("funding_source", "Allen Institute|nan", "a value that is missing")]
#[case::mark_in_a_tag("tags", "pilot; one\u{200b}", "an invisible character (U+200B)")]
#[case::institution("institution", "#NAME?", "an error value of a spreadsheet")]
#[case::licence("license", "NaT", "a value that is missing")]
fn values_of_schema_v2_are_looked_at_too(#[case] column: &str, #[case] value: &str, #[case] says: &str) {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("plain")).with("schema", "v2");
    let job = job.with("project_name", "P").with("investigators", "A Person").with("funding_source", "NIMH");
    let list = desk.list(job.with(column, value));
    refused(&desk, &list).says(column).says(says);
}

#[rstest]
#[case::institution("institution", "Our Lab")]
#[case::licence("license", "WTFPL")]
fn a_plan_names_words_that_the_schema_does_not_know(#[case] column: &str, #[case] value: &str) {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("plain")).with(column, value);
    let list = desk.list(job);
    for command in ["plan", "check"] {
        Said::of(&mut desk.adt(&[command, list.as_str()]))
            .ends(2)
            .says(column)
            .says(value)
            .says("not known to schema v1");
    }
}

/// No cell behind a secret is shown, and each is looked at all the same.
#[rstest]
#[case::service("codeocean_domain", "http://user:hush-hush@host", "a password or a signature")]
#[case::metadata("metadata_service_domain", "http://user:hush-hush@host", "a password or a signature")]
#[case::signature("temp_directory", "https://host/x?sig=hush-hush", "a password or a signature")]
#[case::error("project_name", "#REF!", "an error value of a spreadsheet")]
fn a_cell_behind_a_secret_is_looked_at(#[case] column: &str, #[case] value: &str, #[case] says: &str) {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("plain"));
    let list = desk.list(job.with("video_encryption_password", "of-the-videos").with(column, value));
    for verb in ["plan", "check", "run"] {
        let said = Said::of(&mut desk.adt(&[verb, list.as_str()])).ends(2).says(column).says(says);
        assert!(!format!("{said:?}").contains("hush-hush"), "{said:#?}");
    }
}

#[rstest]
#[case::letter_case("Mouse_1", "mouse_1", "2024-05-06 07:08:09", "only in letter case")]
#[case::letter_case_on_another_day("Mouse_1", "mouse_1", "2024-05-07 07:08:09", "only in letter case")]
#[case::unicode_form("Caf\u{e9}", "Cafe\u{301}", "2024-05-06 07:08:09", "only in the Unicode form")]
#[case::both("\u{c9}1", "e\u{301}1", "2024-05-08 07:08:09", "differs from")]
#[case::sharp_s("STRASSE", "stra\u{df}e", "2024-05-08 07:08:09", "only in letter case")]
fn two_spellings_of_one_id_are_reported(
    #[case] first: &str,
    #[case] second: &str,
    #[case] time: &str,
    #[case] says: &str,
) {
    let desk = Desk::new();
    desk.small_tree("work/plain");
    let list =
        list(&desk, &[row(first, "2024-05-06 07:08:09"), row("9", "2024-05-06 07:08:09"), row(second, time)]);
    refused(&desk, &list).says("row 4, subject_id").says(says).says("row 2");
}

#[test]
fn two_spellings_of_one_folder_are_reported() {
    let desk = Desk::new();
    desk.small_tree("work/plain");
    for name in ["Disk", "disk"] {
        fs::create_dir_all(desk.root.join(name)).unwrap();
    }
    let (upper, lower) = (format!("file://{}/Disk", desk.root), format!("file://{}/disk", desk.root));
    let (mut one, mut two) = (row("1", "2024-05-06 07:08:09"), row("1", "2024-05-06 07:08:09"));
    (one[0], two[0]) = (&upper, &lower);
    refused(&desk, &list(&desk, &[one, two])).says("row 3: its asset").says("only in letter case");
    // In a bucket the two prefixes are two places.
    (one[0], two[0]) = ("s3://recordings/A", "s3://recordings/a");
    Said::of(&mut desk.adt(&["check", list(&desk, &[one, two]).as_str()])).ends(0);
}

#[rstest]
#[case("73 1015", "a blank inside a subject id, at character 3")]
#[case("731015?", "a character that no folder of Windows may have inside a subject id, at character 7")]
#[case("73:10*15", "a character that no folder of Windows may have inside a subject id, at character 3")]
#[case("731015;731016", "a semicolon inside a subject id, at character 7")]
#[case("\"a,b\"", "a comma inside a subject id, at character 2")]
#[case("73\t1015", "at character 3")]
#[case("73\u{1}1015", "an invisible character (U+0001) at character 3")]
#[case("\"73\n1015\"", "at character 3")]
#[case("73\u{a0}1015", "at character 3")]
fn an_id_with_a_separator_is_refused_with_its_place(#[case] id: &str, #[case] says: &str) {
    let desk = Desk::new();
    desk.small_tree("work/plain");
    refused(&desk, &list(&desk, &[row(id, "2024-05-06 07:08:09")])).says("row 2, subject_id").says(says);
}

#[rstest]
#[case::skipped(
    "2024-03-10 02:30:00",
    "2024-03-10T02:30:00-08:00",
    Some("does not exist in the rig's time zone")
)]
#[case::twice(
    "2024-11-03 01:30:00",
    "2024-11-03T01:30:00-07:00",
    Some("occurs twice in the rig's time zone")
)]
#[case::summer("2024-07-01 12:00:00", "2024-07-01T12:00:00-07:00", None)]
#[case::winter("2024-01-01 12:00:00", "2024-01-01T12:00:00-08:00", None)]
fn a_session_at_a_change_of_the_clocks_keeps_its_time(
    #[case] at: &str,
    #[case] written: &str,
    #[case] says: Option<&str>,
) {
    let desk = Desk::new();
    let job =
        Job::new().copy("behavior", desk.small_tree("plain")).with("schema", "v2").with("acq_datetime", at);
    let job = job.with("project_name", "P").with("investigators", "A Person").with("funding_source", "NIMH");
    let list = desk.list(job);
    for command in ["check", "run"] {
        let mut adt = desk.adt(&[command, list.as_str(), "--log-level", "info"]);
        let said = Said::of(adt.env("TZ", "PST8PDT,M3.2.0,M11.1.0")).ends(0);
        let noted = said.stderr.contains("rig's time zone");
        assert_eq!(noted, says.is_some(), "{said:?}");
        assert!(says.is_none_or(|says| said.stderr.contains(says)), "{said:?}");
    }
    let name = format!("behavior_714321_{}", at.replace(' ', "_").replace(':', "-"));
    let description = json(desk.root.join(format!("store/recordings/{name}/data_description.json")));
    assert_eq!((&description["creation_time"], &description["name"]), (&written.into(), &name.into()));
}

fn with_documents(desk: &Desk) -> Job {
    desk.write("metadata/subject.json", SUBJECT);
    Job::new().copy("behavior", desk.small_tree("plain")).with("metadata_dir", desk.root.join("metadata"))
}

#[rstest]
#[case::name_in_capitals(
    "Session.JSON",
    SUBJECT,
    "`Session.JSON` is uploaded, but metadata.nd.json does not hold it: rename it `session.json`"
)]
#[case::of_another_asset(
    "data_description.json",
    r#"{"name": "714321_2020-01-01_00-00-00"}"#,
    "names the asset `714321_2020-01-01_00-00-00`"
)]
#[case::not_json("rig.yaml", "a: 1", "left out: `rig.yaml`: not a JSON document")]
#[case::below("more/session.json", SUBJECT, "left out: `more`: a folder")]
fn a_document_that_a_reader_will_not_find_is_named(
    #[case] name: &str,
    #[case] text: &str,
    #[case] says: &str,
) {
    let desk = Desk::new();
    let job = with_documents(&desk);
    desk.write(&format!("metadata/{name}"), text);
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(0).says(says);
    desk.run(&job, &["--log-level", "info"]).ends(0).says(says);
}

#[rstest]
#[case::key_twice(
    "session.json",
    "{\"subject_id\": \"714321\", \"a\": 1, \"a\": 2}",
    "the key `a` appears twice"
)]
#[case::key_twice_deep("notes.json", "[{\"x\": {\"a\": 1, \"a\": 2}}]", "the key `a` appears twice")]
#[case::infinity("procedures.json", "{\"w\": -Infinity}", "holds `-Infinity`")]
#[case::half_a_letter("notes.json", "{\"a\": \"\\ud800\"}", "`notes.json` is not valid JSON")]
#[case::other_animal_in_capitals("Session.JSON", "{\"subject_id\": \"999\"}", "about subject `999`")]
#[case::other_animal("procedures.json", "{\"subject_id\": \"999\"}", "about subject `999`")]
fn a_document_that_readers_disagree_about_is_refused(
    #[case] name: &str,
    #[case] text: &str,
    #[case] says: &str,
) {
    let desk = Desk::new();
    let job = with_documents(&desk);
    desk.write(&format!("metadata/{name}"), text);
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(2).says(name).says(says);
    desk.run(&job, &[]).ends(1).says(says);
    assert!(!desk.asset().exists());
}

#[test]
fn a_document_of_two_gigabytes_is_refused_without_being_read() {
    let desk = Desk::new();
    let job = with_documents(&desk);
    let file = fs::File::create(desk.root.join("metadata/session.json")).unwrap();
    file.set_len(2 << 30).unwrap();
    let list = desk.list(&job);
    Said::of(&mut desk.adt(&["check", list.as_str()]))
        .ends(2)
        .says("2.00 GiB: too large for a metadata document");
    desk.run(&job, &[]).ends(1).says("session.json");
    assert!(!desk.asset().exists());
}

#[cfg(unix)]
#[test]
fn a_document_behind_a_link_is_sent_and_named() {
    let desk = Desk::new();
    let job = with_documents(&desk);
    desk.write("elsewhere/rig3.json", SUBJECT);
    fs_err::os::unix::fs::symlink("../elsewhere/rig3.json", desk.root.join("metadata/rig.json")).unwrap();
    let list = desk.list(&job);
    let says = "`rig.json` is a link: the content of";
    Said::of(&mut desk.adt(&["check", list.as_str()])).ends(0).says(says).says("elsewhere/rig3.json");
    desk.run(&job, &["--log-level", "info"]).ends(0).says(says);
    assert_eq!(fs::read_to_string(desk.asset().join("rig.json")).unwrap(), SUBJECT);
    desk.run(job.with("links", "fail"), &[]).ends(1).says("`links` is `fail`");
}
