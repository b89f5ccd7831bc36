//! Lists as CSV.

use adt_model::{LogLevel, ProblemKind};
use rstest::rstest;

use crate::lab::{Lab, fine, list, said};

#[test]
fn all_problems_of_all_rows_are_said_at_once() {
    let rows = Lab::new().csv(
        "s3_bucket,platform,subject_id,acq_datetime,modality0,modality0.sorce,dry_run\n\
         /data,ecephy,12/34,2023-13-12 08:32:18,ephys,data,maybe\n\
         bucket,ecephys,1,2020-10-10 14:10:10,,,\n\
         ,,,,,,true\n",
    );
    assert_eq!(
        said(&rows),
        [
            "1 modality0.sorce: no column of that name",
            "2 s3_bucket: not a bucket's name and not a location",
            "2 platform: no platform of that name",
            "2 subject_id: a slash inside a subject id, at character 3",
            "2 acq_datetime: parameter 'month' is not in the required range of 1..=12",
            "2 modality0: no modality of that name",
            "2 dry_run: neither true nor false",
            "4 s3_bucket: a value is needed",
            "4 platform: a value is needed",
            "4 subject_id: a value is needed",
            "4 acq_datetime: a value is needed",
        ]
    );
    let problem = &rows[1].problems[1];
    assert_eq!(problem.value.as_deref(), Some("ecephy"));
    assert!(problem.valid.starts_with("did you mean `ecephys`? one of behavior, "), "{}", problem.valid);
    assert!(rows[2].spec.is_some() && rows[0].spec.is_none() && rows[1].spec.is_none());
}

#[rstest]
#[case::empty("")]
#[case::mark_only("\u{feff}")]
#[case::lines_only("\n\r\n")]
#[case::header_only("s3_bucket,platform\n")]
#[case::header_and_commas("s3_bucket,platform\n,\n,,\n")]
fn a_list_without_jobs_is_no_error(#[case] text: &str) {
    assert_eq!(Lab::new().csv(text), []);
}

#[rstest]
#[case::mark("\u{feff}s3_bucket,platform,subject_id,acq_datetime\nb,ecephys,1,2020-10-10 14:10:10\n")]
#[case::crlf("s3_bucket,platform,subject_id,acq_datetime\r\nb,ecephys,1,2020-10-10 14:10:10\r\n")]
#[case::empty_first_line("\n,,\ns3_bucket,platform,subject_id,acq_datetime\nb,ecephys,1,2020-10-10 14:10:10")]
#[case::quotes_after_blanks(
    "s3_bucket, \"platform\", subject_id, acq_datetime\nb, \"ecephys\" , 1, \"10/10/2020 2:10:10 pm\"\n"
)]
#[case::other_case("S3-BUCKET,Platform,Subject_ID,acq-DateTime\nb,ecephys,1,2020-10-10T14:10:10\n")]
#[case::blank_excess("s3_bucket,platform,subject_id,acq_datetime\nb,ecephys,1,2020-10-10 14:10:10,, ,\n")]
#[case::blank_header("s3_bucket,platform,subject_id,acq_datetime,,\nb,ecephys,1,2020-10-10 14:10:10,,\n")]
fn a_session_without_modalities_is_read_from(#[case] text: &str) {
    let rows = Lab::new().csv(text);
    assert_eq!(fine(&rows[0]).asset().to_string(), "s3://b/ecephys_1_2020-10-10_14-10-10");
    assert_eq!(fine(&rows[0]).modalities, []);
}

#[rstest]
#[case::utf16_cut(&b"\xFF\xFEs\x003"[..], "- : the file is neither UTF-8 nor whole UTF-16 text")]
#[case::workbook(&b"PK\x03\x04rest"[..], "- : the file is an Excel workbook (.xlsx) or a zip file, not text")]
#[case::no_header(&b"bucket,123\n"[..], "1 : the first row names no column of a job list")]
#[case::latin_header(&b"platform,f\xFCr\n"[..], "1 : the header row is not UTF-8 text")]
fn a_file_of_another_kind_is_recognised(#[case] bytes: &[u8], #[case] problem: &str) {
    let rows = Lab::new().csv(bytes);
    assert_eq!(said(&rows), [problem]);
    assert_eq!(rows[0].spec, None);
}

#[test]
fn text_that_is_not_utf8_is_named_by_row_and_column() {
    let mut bytes = list("processor_name,project_name", &["ok,ok"]).into_bytes();
    bytes.extend_from_slice(b"bucket,ecephys,9,2020-10-10 14:10:10,M\xFCller,ok\n");
    let rows = Lab::new().csv(bytes);
    fine(&rows[0]);
    assert_eq!(said(&rows), ["3 processor_name: not UTF-8 text"]);
    assert!(rows[1].problems[0].valid.contains("save the file as UTF-8"));
}

#[rstest]
#[case::unclosed("\"a", "2 : a quote is opened and never closed; the rest of the file could not be read")]
#[case::text_behind("\"a\" b", "2 : text between a closing quote and the next comma")]
#[case::too_long("a,b", "2 : 6 cells under 5 columns")]
fn a_row_whose_cells_slipped_is_refused(#[case] cells: &str, #[case] problem: &str) {
    let row = Lab::new().job("processor_name", cells);
    assert_eq!(row.spec, None);
    assert_eq!(said(&[row]), [problem]);
}

#[test]
fn quoted_cells_hold_commas_and_quotes() {
    let row = Lab::new().job("processor_name", r#""Doe, ""Jo"" ""#);
    assert_eq!(fine(&row).processor_name, "Doe, \"Jo\"");
}

#[test]
fn a_value_under_a_blank_header_is_refused() {
    let row = Lab::new().job("", "note to self");
    assert_eq!(said(&[row]), ["2 column 5: a value under a blank header"]);
}

#[test]
fn a_needed_column_that_is_not_there_is_said_once() {
    let rows = Lab::new().csv("platform,subject_id,dry_run\necephys,1,true\necephys,2,maybe\n");
    assert_eq!(
        said(&rows),
        [
            "1 s3_bucket: every list of jobs needs this column",
            "1 acq_datetime: every list of jobs needs this column",
            "3 dry_run: neither true nor false",
        ]
    );
}

#[test]
fn a_column_written_twice_is_refused() {
    let row = Lab::new().csv(list("dry_run,dry-run", &["true,false"]));
    assert_eq!(
        said(&row),
        [
            "1 dry-run: column 6 has the same name as `dry_run` before it",
            "2 dry-run: differs from `dry_run`, which means the same",
        ]
    );
}

#[rstest]
#[case::its_own("modality.source,modality.data_source,source,data_source", "data,,,", "modality.source")]
#[case::second("modality.source,modality.data_source,source,data_source", ",data,,", "modality.data_source")]
#[case::third("modality.source,modality.data_source,source,data_source", ",,data,", "source")]
#[case::fourth("modality.source,modality.data_source,source,data_source", ",,,data", "data_source")]
fn a_blank_source_falls_to_the_next_alias(#[case] columns: &str, #[case] cells: &str, #[case] used: &str) {
    let lab = Lab::new();
    let row = lab.job(&format!("modality,{columns}"), &format!("SPIM,{cells}"));
    let modality = &fine(&row).modalities[0];
    assert_eq!((modality.source.clone(), modality.source_column.as_str()), (lab.path("data"), used));
}

#[test]
fn two_names_of_one_thing_may_agree() {
    let row = Lab::new().job("modality,modality.source,data_source", "SPIM,data,data");
    assert_eq!(fine(&row).modalities[0].source_column, "modality.source");
}

#[rstest]
#[case::sources(
    "modality,modality.source,data_source",
    "SPIM,data,more",
    "2 data_source: differs from `modality.source`, which means the same"
)]
#[case::plain_sources(
    "modality,source,data_source",
    "SPIM,data,more",
    "2 data_source: differs from `source`, which means the same"
)]
#[case::processors(
    "processor_name,processor_full_name",
    "a,b",
    "2 processor_full_name: differs from `processor_name`, which means the same"
)]
fn two_names_of_one_thing_must_agree(#[case] columns: &str, #[case] cells: &str, #[case] problem: &str) {
    let row = Lab::new().job(columns, cells);
    assert_eq!(row.spec, None);
    assert_eq!(said(&[row]), [problem]);
}

#[test]
fn a_plain_source_never_serves_a_numbered_modality_in_silence() {
    let row = Lab::new().job("modality0,data-source", "SPIM,data");
    assert_eq!(
        row.problems[0].valid,
        "write the folder under `modality0.source`; `data-source` belongs to the column `modality` only"
    );
    assert_eq!(said(&[row]), ["2 modality0.source: no source folder for `modality0`"]);
}

#[rstest]
#[case::plain("source", "data", "2 source: a path without its modality")]
#[case::beside_a_complete_one(
    "modality0,modality0.source,source",
    "SPIM,data,more",
    "2 source: a path without its modality"
)]
#[case::numbered_blank(
    "modality0,modality0.source",
    ",data",
    "2 modality0.source: a path without its modality"
)]
#[case::numbered_absent("modality1.source", "data", "2 modality1.source: a path without its modality")]
#[case::configs(
    "modality0,modality0.extra_configs",
    ",config.json",
    "2 modality0.extra_configs: a path without its modality"
)]
fn a_path_without_its_modality_is_an_error(
    #[case] columns: &str,
    #[case] cells: &str,
    #[case] problem: &str,
) {
    assert_eq!(said(&[Lab::new().job(columns, cells)]), [problem]);
}

#[rstest]
#[case::ecephys_by_default("modality0,modality0.source", "ecephys,data", true, false)]
#[case::others_not("modality0,modality0.source", "SPIM,data", false, false)]
#[case::blank_is_the_default(
    "modality0,modality0.source,modality0.compress_raw_data,modality0.skip_staging,modality0.extra_configs",
    "ecephys,data,, ,",
    true,
    false
)]
#[case::its_own_cell(
    "modality0,modality0.source,modality0.compress_raw_data",
    "ecephys,data,No",
    false,
    false
)]
#[case::plain_for_numbered(
    "modality0,modality0.source,compress_raw_data,skip_staging",
    "SPIM,data,y,1",
    true,
    true
)]
#[case::plain_for_single("modality,source,compress_raw_data,skip_staging", "SPIM,data,ON,t", true, true)]
#[case::its_own_before_plain(
    "modality0,modality0.source,modality0.compress_raw_data,compress_raw_data",
    "SPIM,data,false,true",
    false,
    false
)]
fn switches_of_a_modality(
    #[case] columns: &str,
    #[case] cells: &str,
    #[case] compress: bool,
    #[case] skip: bool,
) {
    let row = Lab::new().job(columns, cells);
    let modality = &fine(&row).modalities[0];
    assert_eq!((modality.compress_raw_data, modality.skip_staging), (compress, skip));
}

#[test]
fn plain_configs_serve_every_modality() {
    let lab = Lab::new();
    let row = lab.job(
        "modality,source,modality3,modality3.source,extra_configs",
        "SPIM,data,ecephys,more,config.json",
    );
    let configs: Vec<_> = fine(&row).modalities.iter().map(|m| m.extra_configs.clone()).collect();
    assert_eq!(configs, [Some(lab.path("config.json")), Some(lab.path("config.json"))]);
}

#[test]
fn a_plain_cell_is_wrong_once() {
    let row = Lab::new().job(
        "modality0,modality0.source,modality1,modality1.source,skip_staging",
        "SPIM,data,ecephys,more,2",
    );
    assert_eq!(said(&[row]), ["2 skip_staging: neither true nor false"]);
}

#[test]
fn modalities_stand_in_the_order_of_their_columns() {
    let row = Lab::new().job(
        "modality7,modality7.source,modality.source,modality,modality0.source,modality0",
        "SPIM,data,more,fib,data,ecephys",
    );
    let folders: Vec<_> = fine(&row).modalities.iter().map(|m| m.folder.as_str()).collect();
    assert_eq!(folders, ["SPIM", "fib", "ecephys"]);
}

#[rstest]
#[case::source_gone("modality0,modality0.source", "SPIM,gone", "no folder at", ProblemKind::SourceMissing)]
#[case::source_is_a_file(
    "modality0,modality0.source",
    "SPIM,file",
    "is a file, not a folder",
    ProblemKind::World
)]
#[case::behaviour_gone("behavior_dir", "gone", "no folder at", ProblemKind::SourceMissing)]
#[case::metadata_is_a_file("metadata_dir", "file", "is a file, not a folder", ProblemKind::World)]
#[case::temp_gone("temp_directory", "gone", "no folder at", ProblemKind::World)]
#[case::configs_gone(
    "modality0,modality0.source,modality0.extra_configs",
    "SPIM,data,gone",
    "no file at",
    ProblemKind::World
)]
#[case::configs_are_a_folder(
    "modality0,modality0.source,modality0.extra_configs",
    "SPIM,data,data",
    "is a folder, not a file",
    ProblemKind::World
)]
fn a_path_that_is_not_there_leaves_the_job_standing(
    #[case] columns: &str,
    #[case] cells: &str,
    #[case] what: &str,
    #[case] kind: ProblemKind,
) {
    let row = Lab::new().job(columns, cells);
    assert!(row.spec.is_some());
    let [problem] = &row.problems[..] else { panic!("{row:?}") };
    assert!(problem.what.contains(what), "{}", problem.what);
    assert_eq!(problem.kind, kind);
}

#[test]
fn relative_paths_are_taken_below_the_given_folder() {
    let lab = Lab::new();
    let row = lab.job(
        "modality0,modality0.source,behavior_dir,metadata_dir,temp_directory",
        "SPIM,./data/,more,data,more",
    );
    let spec = fine(&row);
    assert_eq!(spec.modalities[0].source, lab.path("data"));
    assert_eq!(spec.temp_directory, Some(lab.path("more")));
}

#[rstest]
#[case("", LogLevel::Warning)]
#[case("info", LogLevel::Info)]
#[case("DEBUG", LogLevel::Debug)]
fn log_levels(#[case] text: &str, #[case] level: LogLevel) {
    assert_eq!(fine(&Lab::new().job("log_level,dry_run", &format!("{text},0"))).log_level, level);
}

#[rstest]
#[case::log_level("log_level", "loud", "2 log_level: no log level of that name")]
#[case::process("process_name", "Spike sort of", "2 process_name: no process of that name")]
#[case::store("aws_param_store_name", "a b", "2 aws_param_store_name: not the name of a parameter")]
fn closed_lists_are_closed(#[case] column: &str, #[case] cell: &str, #[case] problem: &str) {
    assert_eq!(said(&[Lab::new().job(column, cell)]), [problem]);
}

#[test]
fn one_asset_twice_is_refused_and_the_first_row_named() {
    let rows = Lab::new().csv(
        "s3_bucket,platform,subject_id,acq_datetime\n\
         b,ecephys,1,2020-10-10 14:10:10\n\
         other,ecephys,1,2020-10-10 14:10:10\n\n\
         s3://b,ECEPHYS,1,10/10/2020 2:10:10 PM\n",
    );
    let asset = "s3://b/ecephys_1_2020-10-10_14-10-10";
    assert_eq!(said(&rows), [format!("5 : the same asset as jobs.csv row 2: `{asset}`")]);
}
