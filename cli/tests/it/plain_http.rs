//! Credentials go to another computer over TLS only, unless a person allows otherwise.
#![cfg(unix)]

use rstest::rstest;

use crate::{
    desk::{Desk, Job, Said},
    lab::{CAPSULE, Lab, TOKEN, bare},
};

/// This computer by an address that does not say so.
fn elsewhere(url: &str) -> String {
    url.replace("127.0.0.1", "0.0.0.0")
}

#[rstest]
#[case::not_allowed(&[], &[], false)]
#[case::variable_says_no(&[], &[("ADT_ALLOW_HTTP", "no")], false)]
#[case::flag(&["--allow-http"], &[], true)]
#[case::variable(&[], &[("ADT_ALLOW_HTTP", "1")], true)]
#[case::setting(&["--config", "adt.toml"], &[], true)]
fn keys_go_to_another_computer_only_where_that_is_allowed(
    #[case] flags: &[&str],
    #[case] env: &[(&str, &str)],
    #[case] allowed: bool,
    #[values("copy", "ls", "run")] command: &str,
) {
    let desk = Desk::new();
    let source = desk.small_tree("plain");
    desk.write("work/adt.toml", "allow_http = true\n");
    let list = desk.list(Job::new().copy("behavior", &source));
    let args = match command {
        "copy" => vec!["copy", source.as_str(), "s3://recordings/x"],
        "ls" => vec!["ls", "s3://recordings"],
        _ => vec!["run", list.as_str()],
    };
    let mut program = desk.adt(&[&args, flags].concat());
    let said =
        Said::of(program.env("AWS_ENDPOINT_URL_S3", elsewhere(&desk.endpoint())).envs(env.iter().copied()));
    if allowed {
        // An empty bucket has nothing to list.
        assert_eq!(said.code, Some(if command == "ls" { 2 } else { 0 }), "{said:#?}");
        assert!(said.stderr.contains("without encryption"), "{said:#?}");
        assert!(desk.tally().operations.values().sum::<u64>() > 0);
    } else {
        assert_ne!(said.code, Some(0), "{said:#?}");
        assert!(format!("{said:?}").contains("--allow-http"), "{said:#?}");
        assert_eq!(desk.tally().operations.values().sum::<u64>(), 0);
    }
}

#[test]
fn a_request_without_credentials_needs_no_permission() {
    let desk = Desk::new();
    let mut program = desk.adt(&["ls", "s3://recordings", "--no-sign-request"]);
    let said = Said::of(program.env("AWS_ENDPOINT_URL_S3", elsewhere(&desk.endpoint())));
    assert!(!format!("{said:?}").contains("--allow-http"), "{said:#?}");
}

#[rstest]
#[case::signature("AZURE_STORAGE_SAS_TOKEN", "sv=2024-11-04&sig=c2VjcmV0")]
#[case::key("AZURE_STORAGE_KEY", "c2VjcmV0")]
fn neither_do_signatures_of_azure(#[case] name: &str, #[case] value: &str) {
    let desk = Desk::new();
    let mut program = desk.adt(&["ls", "az://account/container"]);
    program.env(name, value).env("AZURE_STORAGE_BLOB_ENDPOINT", "http://0.0.0.0:1/account");
    let said = Said::of(&mut program);
    assert_ne!(said.code, Some(0), "{said:#?}");
    said.says("--allow-http");
}

#[test]
fn the_token_of_code_ocean_is_kept_too() {
    let lab = Lab::new();
    let job = bare()
        .zip("SPIM", lab.source())
        .with("codeocean_domain", elsewhere(&lab.ocean.url()))
        .with("codeocean_trigger_capsule_id", CAPSULE)
        .with("codeocean_api_token", TOKEN);
    let refused = lab.run(&job, &[]);
    assert_ne!(refused.code, Some(0), "{refused:#?}");
    refused.says("--allow-http");
    assert_eq!(lab.ocean.requests().len(), 0);
    lab.run(&job, &["--allow-http"]).ends(0).says("without encryption");
}

#[test]
fn the_token_of_slurmrestd_is_kept_too() {
    let desk = Desk::new();
    let list = desk.list(Job::new().copy("behavior", desk.small_tree("plain")));
    let mut program = desk.adt(&["submit", "--via", "rest", "--run-dir", desk.root.as_str(), list.as_str()]);
    program.env("SLURM_REST_URL", "http://0.0.0.0:1").env("SLURM_JWT", "secret").env("SLURM_USER_NAME", "me");
    Said::of(&mut program).ends(2).says("--allow-http");
}

#[rstest]
fn a_file_without_certificates_is_refused_by_its_name(
    #[values("AWS_CA_BUNDLE", "SSL_CERT_FILE")] variable: &str,
) {
    let desk = Desk::new();
    let file = desk.write("ca.pem", "no certificate\n");
    let mut program = desk.adt(&["ls", "s3://recordings"]);
    program.env("AWS_ENDPOINT_URL_S3", "https://127.0.0.1:1").env(variable, &file);
    let said = Said::of(&mut program);
    assert_ne!(said.code, Some(0), "{said:#?}");
    said.says(variable).says(file.as_str()).says("holds no certificates");
}
