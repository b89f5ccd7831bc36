//! A secret never comes out again, however broken the text around it is (B21).

use adt_intake::{Row, SingleJob, endpoints};
use adt_model::Secret;
use rstest::rstest;

use crate::lab::{Lab, list};

const CANARY: &str = "canary-7f3a";

fn assert_silent(rows: &[Row]) {
    assert!(!rows.is_empty());
    let seen = format!("{rows:?} {rows:#?}");
    assert!(!seen.contains(CANARY), "{seen}");
}

#[rstest]
#[case::fine("codeocean_api_token", CANARY)]
#[case::bad_row("codeocean_api_token,dry_run", "canary-7f3a,maybe")]
#[case::unknown_column("codeocean_api_tokn", CANARY)]
#[case::twice("codeocean_api_token,codeocean-api-token", "canary-7f3a,other")]
#[case::twice_the_other_way("codeocean_api_token,codeocean-api-token", "other,canary-7f3a")]
#[case::too_many_cells("codeocean_api_token", "half,canary-7f3a")]
#[case::comma_moves_its_rest("video_encryption_password,dry_run", "half,canary-7f3a")]
#[case::comma_moves_its_rest_to_a_bucket(
    "video_encryption_password,modality0,modality0.source",
    "half,canary-7f3a,canary-7f3a"
)]
#[case::after_an_unknown_column("video_encryption_pasword,log_level", "half,canary-7f3a")]
#[case::unclosed("codeocean_api_token", "\"canary-7f3a")]
#[case::text_behind("codeocean_api_token", "\"half\"canary-7f3a")]
#[case::blank_header("", CANARY)]
#[case::bad_reference("codeocean_api_token", "\"ssm:canary-7f3a, x\"")]
#[case::other_case("codeocean_api_token", "Secretsmanager:canary-7f3a")]
#[case::bad_name("codeocean_api_token", "\"secretsmanager:canary-7f3a, x\"")]
#[case::no_path("video_encryption_password_path", "\"canary-7f3a, x\"")]
#[case::beside_its_path("codeocean_api_token,codeocean_api_token_path", "canary-7f3a,\"canary-7f3a, x\"")]
#[case::moves_its_rest_to_a_word("codeocean_api_token,schema", "half,canary-7f3a")]
#[case::moves_its_rest_to_money("codeocean_api_token,funding", "half,|canary-7f3a")]
#[case::wrong_column("aws_param_store_name,codeocean_api_token", "/fine,canary-7f3a")]
fn b21_nothing_of_a_secret_comes_out_of_csv(#[case] columns: &str, #[case] cells: &str) {
    assert_silent(&Lab::new().csv(list(columns, &[cells, cells])));
}

/// The slipped text itself is taken for a folder's name, but no message repeats it.
#[rstest]
fn b21_a_slipped_path_is_not_shown(#[values("behavior_dir", "metadata_dir")] column: &str) {
    let rows = Lab::new().csv(list(&format!("video_encryption_password,{column}"), &["half,canary-7f3a"]));
    assert_eq!(rows[0].problems.len(), 1);
    assert!(!format!("{:?}", rows[0].problems).contains(CANARY));
}

#[rstest]
#[case::no_header(format!("bucket,{CANARY}\n"))]
#[case::tabs(format!("platform\tcodeocean_api_token\necephys\t{CANARY}\n"))]
fn b21_nothing_of_a_secret_comes_out_of_other_files(#[case] text: String) {
    assert_silent(&Lab::new().csv(text));
}

#[rstest]
#[case::fine(r#"{"codeocean_api_token": "canary-7f3a"}"#)]
#[case::unknown(r#"{"codeocean_api_tokn": "canary-7f3a"}"#)]
#[case::twice(r#"{"codeocean_api_token": "other", "codeocean_api_token": "canary-7f3a"}"#)]
#[case::list(r#"{"codeocean_api_token": ["canary-7f3a"]}"#)]
#[case::object(r#"{"codeocean_api_token": {"canary-7f3a": "canary-7f3a"}}"#)]
#[case::cut(r#"{"codeocean_api_token": "canary-7f3a"#)]
#[case::bare(r#"{"codeocean_api_token": canary-7f3a}"#)]
#[case::behind(r#"{"codeocean_api_token": "x"} canary-7f3a"#)]
#[case::wrong_place(r#"{"modalities": [{"codeocean_api_token": "canary-7f3a"}]}"#)]
#[case::text_only(r#""canary-7f3a""#)]
#[case::bad_reference(r#"{"codeocean_api_token": "ssm:canary-7f3a, x"}"#)]
#[case::no_path(r#"{"codeocean_api_token_path": "canary-7f3a, x"}"#)]
#[case::path_list(r#"{"codeocean_api_token_path": ["canary-7f3a"]}"#)]
#[case::bad_escape(r#"{"codeocean_api_token": "canary-7f3a\q"}"#)]
fn b21_nothing_of_a_secret_comes_out_of_json(#[case] text: &str) {
    let lab = Lab::new();
    assert_silent(&lab.json(text));
    assert_silent(&lab.json(&format!("[{text}]")));
    let flags = SingleJob { endpoints_parameters: Some(text.into()), ..SingleJob::default() };
    assert_silent(&[lab.flags(&flags)]);
    assert_silent_parameter(text);
}

fn assert_silent_parameter(text: &str) {
    let read = endpoints(&Secret::new(text), "/lab/e");
    let seen = match &read {
        Ok(read) => format!("{read:?} {read:#?}"),
        Err(fault) => format!("{fault} {fault:?} {} {:?}", fault.line(), fault.advice()),
    };
    assert!(!seen.contains(CANARY), "{seen}");
}

/// Any of these values could be the secret, mistyped or misplaced.
#[rstest]
#[case::unknown(r#"{"password": "canary-7f3a", "deeper": {"canary-7f3a": ["canary-7f3a"]}}"#)]
#[case::odd_key(r#"{"canary-7f3a!": 1}"#)]
#[case::domain_list(r#"{"codeocean_domain": ["canary-7f3a"]}"#)]
#[case::twice(r#"{"codeocean_domain": "x", "codeocean-domain": "canary-7f3a"}"#)]
#[case::two_capsules(r#"{"process_capsule_id": "x", "codeocean_process_capsule_id": "canary-7f3a"}"#)]
#[case::relative_file(r#"{"codeocean_api_token": "file:canary-7f3a"}"#)]
#[case::beside_its_path(r#"{"codeocean_api_token": "canary-7f3a", "codeocean_api_token_path": "/p/t"}"#)]
#[case::list(r#"["canary-7f3a"]"#)]
#[case::no_json("canary-7f3a")]
#[case::yaml("codeocean_api_token: canary-7f3a")]
#[case::escape(r#"{"\ucanary-7f3a": 1}"#)]
fn b21_nothing_of_a_parameter_comes_out(#[case] text: &str) {
    assert_silent_parameter(text);
}

#[test]
fn b21_a_secret_number_has_no_value_in_its_problem() {
    let rows = Lab::new().json(r#"{"video_encryption_password": 73219}"#);
    assert!(!format!("{rows:?}").contains("73219"));
}
