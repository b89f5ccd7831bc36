//! Certificates of a lab's own authority: named once, they count for every connection.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Desk, Job, Said},
    lab::until,
};

/// Answers over TLS and notes each request; its certificate is signed by itself.
const SERVER: &str = r#"
import http.server, os, ssl, sys
folder = sys.argv[1]
class Answers(http.server.BaseHTTPRequestHandler):
    def answer(self):
        open(folder + "/requests", "a").write(self.command + " " + self.path + "\n")
        self.send_response(404); self.send_header("content-length", "0"); self.end_headers()
    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer
    def log_message(self, *_): pass
class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_): pass
server = Quiet(("127.0.0.1", 0), Answers)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); tls.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
open(folder + "/port.new", "w").write(str(server.server_address[1])); os.rename(folder + "/port.new", folder + "/port")
server.serve_forever()
"#;

struct Secure {
    folder: Utf8PathBuf,
    server: Child,
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Secure {
    /// `None`, and a word about it, where no certificate can be made.
    fn start(desk: &Desk) -> Option<Self> {
        let folder = desk.root.join("tls");
        fs::create_dir_all(&folder).unwrap();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "30",
            ])
            .args(["-subj", "/CN=lab", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(&folder)
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            adt_testkit::skipped("openssl is not installed");
            return None;
        }
        let server =
            Command::new("python3").args(["-c", SERVER, folder.as_str()]).stderr(Stdio::null()).spawn();
        let secure = Self { folder, server: server.unwrap() };
        until("the server listens", || secure.folder.join("port").exists());
        Some(secure)
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", fs::read_to_string(self.folder.join("port")).unwrap())
    }

    fn requests(&self) -> usize {
        fs::read_to_string(self.folder.join("requests")).map_or(0, |text| text.lines().count())
    }
}

/// A command that asks one kind of server.
fn asking(desk: &Desk, client: &str, url: &str, flags: &[&str]) -> Command {
    let job = Job::new().copy("behavior", desk.small_tree("plain"));
    let job = match client {
        "metadata service" => job.with("metadata_service_domain", url),
        "Code Ocean" => job
            .with("codeocean_domain", url)
            .with("codeocean_trigger_capsule_id", "1f999652-00a0-4c4b-99b5-64c2985ad070")
            .with("codeocean_api_token", "env:TOKEN"),
        "parameters" => job.with("aws_param_store_name", "/lab/endpoints"),
        _ => job,
    };
    let list = desk.list(job);
    let runs = desk.root.join("runs");
    let words = match client {
        "S3" => vec!["ls", "s3://recordings"],
        "Google" => vec!["ls", "gs://bucket"],
        "Azure" => vec!["ls", "az://account/container"],
        "slurmrestd" => vec!["submit", "--via", "rest", "--run-dir", runs.as_str(), list.as_str()],
        _ => vec!["check", list.as_str()],
    };
    let mut command = desk.adt(&[&words[..1], flags, &words[1..]].concat());
    command.env("ADT_RETRY_TIME", "1s").env("TOKEN", "t");
    match client {
        "S3" => command.env("AWS_ENDPOINT_URL_S3", url),
        "Google" => command.env("STORAGE_EMULATOR_HOST", url),
        "Azure" => command
            .env("AZURE_STORAGE_BLOB_ENDPOINT", format!("{url}/account"))
            .env("AZURE_STORAGE_KEY", "a2V5"),
        "parameters" => command.env("AWS_ENDPOINT_URL_SSM", url),
        "slurmrestd" => command.env("SLURM_REST_URL", url).env("SLURM_JWT", "t").env("SLURM_USER_NAME", "me"),
        _ => &mut command,
    };
    command
}

#[rstest]
fn every_client_trusts_the_named_authority(
    #[values("S3", "Google", "Azure", "metadata service", "Code Ocean", "parameters", "slurmrestd")]
    client: &str,
) {
    let desk = Desk::new();
    let Some(secure) = Secure::start(&desk) else { return };
    let said = Said::of(&mut asking(&desk, client, &secure.url(), &[]));
    assert_ne!(said.code, Some(0), "{said:#?}");
    assert_eq!(secure.requests(), 0, "{said:#?}");
    assert!(said.stderr.contains("--ca-file"), "{said:#?}");
    let config = desk.write("tls/adt.toml", "ca_file = 'cert.pem'\n");
    let said = Said::of(&mut asking(&desk, client, &secure.url(), &["--config", config.as_str()]));
    assert!(secure.requests() > 0, "{said:#?}");
}

#[rstest]
#[case::flag(&["--ca-file", "own.pem"], &[], "`ca_file` ")]
#[case::variable(&[], &[("ADT_CA_FILE", "own.pem")], "`ca_file` ")]
#[case::configuration(&["--config", "adt.toml"], &[], "`ca_file` ")]
#[case::before_that_of_aws(&["--ca-file", "own.pem"], &[("AWS_CA_BUNDLE", "/nowhere")], "`ca_file` ")]
fn a_file_without_certificates_is_refused_before_any_work(
    #[case] flags: &[&str],
    #[case] env: &[(&str, &str)],
    #[case] names: &str,
    #[values("run", "copy", "ephys", "submit")] command: &str,
) {
    let desk = Desk::new();
    let source = desk.small_tree("plain");
    desk.write("work/own.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    desk.write("work/adt.toml", "ca_file = 'own.pem'\n");
    let list = desk.list(Job::new().copy("behavior", &source));
    let words = match command {
        "run" => vec!["run", list.as_str()],
        "copy" => vec!["copy", source.as_str(), "copied"],
        "ephys" => vec!["ephys", "info", source.as_str()],
        _ => vec!["submit", "--engine", "kubernetes", "--print", "--image", "x", list.as_str()],
    };
    let mut program = desk.adt(&[&words[..1], flags, &words[1..]].concat());
    Said::of(program.envs(env.iter().copied()))
        .ends(2)
        .says(names)
        .says("own.pem")
        .says("holds no certificates");
    assert!(!desk.root.join("work/copied").exists() && desk.tally().operations.is_empty());
}

#[rstest]
#[case::file_that_is_not_there("nowhere.pem", "cannot read `ca_file`")]
#[case::folder(".", "cannot read `ca_file`")]
#[case::empty_file("empty.pem", "holds no certificates")]
#[case::cut_certificate("cut.pem", "holds no certificates")]
fn what_cannot_be_a_file_of_certificates_is_named(#[case] name: &str, #[case] says: &str) {
    let desk = Desk::new();
    desk.write("work/empty.pem", "");
    desk.write("work/cut.pem", "-----BEGIN CERTIFICATE-----\nMIIBpzCC\n");
    Said::of(&mut desk.adt(&["ls", "s3://recordings", "--ca-file", name])).ends(2).says(says).says(name);
}

fn shown(desk: &Desk, words: &[&str], env: &[(&str, &Utf8Path)]) -> String {
    let mut program = desk.adt(&[&["settings"], words].concat());
    let said = Said::of(program.envs(env.iter().map(|(name, value)| (name, value.as_str())))).ends(0);
    said.stdout.lines().find(|line| line.starts_with("ca_file")).unwrap().to_owned()
}

#[test]
fn settings_show_which_file_counts() {
    let desk = Desk::new();
    desk.write("work/adt.toml", "ca_file = 'file.pem'\n");
    let file = ["--config", "adt.toml"];
    let variable = [("ADT_CA_FILE", Utf8Path::new("variable.pem"))];
    assert!(shown(&desk, &[], &[]).contains("none beside the system's"));
    assert!(shown(&desk, &file, &[]).contains("file.pem"));
    assert!(shown(&desk, &file, &variable).contains("variable.pem"));
    assert!(shown(&desk, &[&file[..], &["--ca-file", "flag.pem"]].concat(), &variable).contains("flag.pem"));
}
