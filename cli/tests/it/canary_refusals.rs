//! Servers and proxies repeat what they were sent when they refuse it. None of that is shown or kept.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use camino::Utf8PathBuf;
use fs_err as fs;
use rstest::rstest;
use serde_json::json;

use crate::{
    desk::{Desk, Job, Said},
    lab::holding,
};

/// In everything that must not be repeated.
const CANARY: &str = "canary51abCANARYtoken";

/// How the request is repeated.
#[derive(Clone, Copy, Debug)]
enum Form {
    Xml,
    Json,
    Html,
    Text,
    Percent,
    Base64,
}

/// A server that gives tokens and upload sessions, and refuses everything else by repeating it.
struct Echo {
    url: String,
    /// Every `authorization` that was sent, without its scheme.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    fn start(form: Form) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, base) = (Arc::clone(&seen), url.clone());
        // The thread ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, base) = (Arc::clone(&noted), base.clone());
                std::thread::spawn(move || while serve(&stream, form, &base, &noted).is_some() {});
            }
        });
        Self { url, seen }
    }
}

fn serve(mut stream: &TcpStream, form: Form, base: &str, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut bytes = Vec::new();
    let mut block = vec![0; 64 << 10];
    let mut read = |bytes: &mut Vec<u8>| match stream.read(&mut block) {
        Ok(read) if read > 0 => {
            bytes.extend_from_slice(&block[..read]);
            Some(())
        }
        _ => None,
    };
    let begin = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        read(&mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..begin]).into_owned();
    let length: usize = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < begin + length {
        read(&mut bytes)?;
    }
    let body = String::from_utf8_lossy(&bytes[begin..(begin + length).min(begin + 4096)]).into_owned();
    if let Some(value) = header(&head, "authorization") {
        let secret = value.rsplit_once("Signature=").or(value.split_once(' ')).map_or(value, |(_, end)| end);
        seen.lock().unwrap().push(secret.rsplit(':').next().unwrap().to_owned());
    }
    let path = head.split(' ').nth(1).unwrap();
    let (status, headers, answer) = if path.starts_with("/give/token") {
        (
            200,
            String::new(),
            json!({"access_token": CANARY, "expires_in": 3600, "token_type": "Bearer"}).to_string(),
        )
    } else if path.starts_with("/latest/api/token") {
        (200, String::new(), CANARY.to_owned())
    } else if path == "/latest/meta-data/iam/security-credentials/" {
        (200, String::new(), "role".to_owned())
    } else if head.starts_with("GET /storage/v1/b/sessions/o?") {
        (200, String::new(), json!({"kind": "storage#objects"}).to_string())
    } else if path.contains("uploadType=resumable") && !path.contains("upload_id") {
        (200, format!("location: {base}{path}&upload_id={CANARY}\r\n"), String::new())
    } else {
        refusal(form, &repeated(&head, &body))
    };
    let begin = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", answer.len());
    stream.write_all(begin.as_bytes()).ok()?;
    stream.write_all(answer.as_bytes()).ok()
}

/// Secrets first, since only the beginning of a long text is shown.
fn repeated(head: &str, body: &str) -> String {
    let mut lines: Vec<&str> = head.lines().collect();
    lines.sort_by_key(|line| {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        !["token", "authorization", "identity"].iter().any(|part| name.contains(part))
            && !line.contains(CANARY)
    });
    let secrets: Vec<&str> = body.split(['&', ',']).filter(|part| part.contains(CANARY)).collect();
    format!("{} {} {body}", secrets.join(" "), lines.join("; "))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn refusal(form: Form, text: &str) -> (u16, String, String) {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let encoded: String = text
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    let error = |text: &str| format!("<Error><Code>AccessDenied</Code><Message>{text}</Message></Error>");
    let body = match form {
        Form::Xml => error(&escaped),
        Form::Percent => error(&encoded),
        Form::Base64 => error(&base64(text.as_bytes())),
        Form::Html => format!("<html><body>{escaped}</body></html>"),
        Form::Text => text.to_owned(),
        Form::Json => json!({
            "message": text, "error_description": text, "detail": text, "__type": "AccessDenied",
            "error": {"code": 403, "message": text, "errors": [{"reason": "forbidden", "message": text}]},
            "errors": [{"error": text, "description": text, "error_number": 1}],
        })
        .to_string(),
    };
    (403, "content-type: text/plain\r\n".to_owned(), body)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let number = byte(0) << 16 | byte(1) << 8 | byte(2);
        (0..=chunk.len())
            .for_each(|n| text.push(char::from(LETTERS[(number >> (18 - 6 * n) & 63) as usize])));
        text.push_str(&"=".repeat(3 - chunk.len()));
    }
    text
}

/// The program, set up so that the server gets a secret.
fn command(service: &str, desk: &Desk, url: &str) -> Command {
    let source = desk.small_tree("plain");
    if service == "google session" {
        // Large enough for a session.
        fs::File::create(source.join("large")).unwrap().set_len(17 << 20).unwrap();
    }
    let file = |name: &str, text: &str| desk.write(&format!("own/{name}"), text);
    let mut place = "s3://bucket/x";
    let mut env: Vec<(&str, String)>;
    let (account, container) = (format!("{url}/account"), "az://account/container/x");
    let person = json!({"type": "authorized_user", "client_id": "c", "client_secret": CANARY,
        "refresh_token": CANARY, "token_uri": format!("{url}{}", if service == "google token" { "/refuse" } else { "/give/token" })});
    match service {
        "s3" => env = vec![("AWS_ENDPOINT_URL_S3", url.to_owned()), ("AWS_SESSION_TOKEN", CANARY.to_owned())],
        "sts" => {
            let token = file("web", CANARY);
            env = vec![
                ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_string()),
                ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r".to_owned()),
                ("AWS_ENDPOINT_URL_STS", url.to_owned()),
            ];
        }
        "container" => {
            env = vec![
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/keys")),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", CANARY.to_owned()),
            ];
        }
        "instance" => env = vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.to_owned())],
        "azure signature" | "azure key" | "azure identity" | "azure token" => {
            place = container;
            env = vec![("AZURE_STORAGE_BLOB_ENDPOINT", account)];
            env.extend(match service {
                "azure signature" => {
                    vec![("AZURE_STORAGE_SAS_TOKEN", format!("sv=2024-11-04&sig={CANARY}%2Fab%3D&sp=rw"))]
                }
                "azure key" => vec![("AZURE_STORAGE_KEY", base64(CANARY.as_bytes()))],
                _ => {
                    let path = if service == "azure token" { "/refuse" } else { "/give/token" };
                    vec![
                        ("IDENTITY_ENDPOINT", format!("{url}{path}")),
                        ("IDENTITY_HEADER", CANARY.to_owned()),
                    ]
                }
            });
        }
        "google" | "google session" | "google token" => {
            place = if service == "google session" { "gs://sessions/x" } else { "gs://bucket/x" };
            let named = file("person.json", &person.to_string());
            env = vec![
                ("STORAGE_EMULATOR_HOST", url.to_owned()),
                ("GOOGLE_APPLICATION_CREDENTIALS", named.to_string()),
            ];
        }
        "parameters" => {
            env = vec![("AWS_ENDPOINT_URL_SSM", url.to_owned()), ("AWS_SESSION_TOKEN", CANARY.to_owned())];
        }
        "secrets" => {
            env = vec![
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url.to_owned()),
                ("AWS_SESSION_TOKEN", CANARY.to_owned()),
            ];
        }
        "slurm" => {
            env = vec![
                ("SLURM_REST_URL", url.to_owned()),
                ("SLURM_JWT", CANARY.to_owned()),
                ("SLURM_USER_NAME", "me".to_owned()),
            ];
        }
        other => unreachable!("{other}"),
    }
    let list;
    let args: Vec<&str> = match service {
        "parameters" => vec!["decrypt", "x.zip", "--password", "ssm:/lab/password"],
        "secrets" => vec!["decrypt", "x.zip", "--password", "secretsmanager:lab/password"],
        "slurm" => {
            list = desk.list(Job::new().copy("behavior", &source));
            vec!["submit", "--via", "rest", "--run-dir", desk.root.as_str(), list.as_str()]
        }
        _ => vec!["copy", source.as_str(), place],
    };
    let mut command = desk.adt(&args);
    if matches!(service, "sts" | "container" | "instance") {
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    }
    command.envs(env).env("ADT_RETRY_TIME", "1s").env("NO_GCE_CHECK", "true").env("RUST_LOG", "trace");
    command
}

#[rstest]
fn what_a_refusal_repeats_is_neither_shown_nor_kept(
    #[values(
        "s3",
        "sts",
        "container",
        "instance",
        "azure signature",
        "azure key",
        "azure identity",
        "azure token",
        "google",
        "google session",
        "google token",
        "parameters",
        "secrets",
        "slurm"
    )]
    service: &str,
    #[values(Form::Xml, Form::Json, Form::Html, Form::Text, Form::Percent, Form::Base64)] form: Form,
) {
    let desk = Desk::new();
    desk.write("work/x.zip", "");
    let echo = Echo::start(form);
    let mut said = Vec::new();
    for more in [&["--log-level", "debug"][..], &["--log-level", "debug", "--json"]] {
        let mut program = command(service, &desk, &echo.url);
        said.push(Said::of(program.args(more)));
        assert_ne!(said.last().unwrap().code, Some(0), "{said:#?}");
    }
    for args in [&["history"][..], &["history", "--json"], &["settings", "--json"]] {
        said.push(Said::of(&mut desk.adt(args)));
    }
    let mut secrets = echo.seen.lock().unwrap().clone();
    let base64 = base64(CANARY.as_bytes());
    secrets.extend([CANARY.to_owned(), base64.trim_end_matches('=')[..24].to_owned()]);
    for secret in secrets.iter().filter(|secret| secret.len() >= 8) {
        for said in &said {
            let shown = format!("{}{}", said.stdout, said.stderr);
            assert!(!shown.contains(secret.as_str()), "{secret}: {said:#?}");
        }
        let mut found = holding(&desk.root, secret.as_bytes());
        // The ledger keeps the address of an unfinished session, which is all that it takes to resume it.
        let excepted = if service == "google session" { "ledger" } else { "/own/" };
        found.retain(|path| !["/own/", excepted].iter().any(|part| path.as_str().contains(part)));
        assert_eq!(found, Vec::<Utf8PathBuf>::new(), "{secret}");
    }
}

/// A secret inside of a place is not repeated by any message, and the place is not kept with it.
#[rstest]
#[case::signature(&["copy", "plain", "az://account/container/x?sv=1&sig=canary51abCANARYtoken"], &[])]
#[case::signature_of_a_container(&["ls", "az://account/container?sv=1&sig=canary51abCANARYtoken"], &[])]
#[case::slip(&["ls", "az:/account/container?sig=canary51abCANARYtoken"], &[])]
#[case::web(&["copy", "plain", "https://user:canary51abCANARYtoken@host/x"], &[])]
#[case::presigned(&["copy", "https://b.s3.amazonaws.com/x?X-Amz-Signature=canary51abCANARYtoken", "back"], &[])]
#[case::user(&["sync", "plain", "s3://user:canary51abCANARYtoken@bucket/x"], &[])]
#[case::google(&["verify", "plain", "gs://bucket/x?upload_id=canary51abCANARYtoken"], &[])]
#[case::too_many(&["ls", "s3://bucket", "s3://user:canary51abCANARYtoken@bucket/x"], &[])]
#[case::as_a_flag(&["ls", "--links", "https://user:canary51abCANARYtoken@host/x", "s3://bucket"], &[])]
#[case::a_list(&["run", "az://account/container/jobs.csv?sig=canary51abCANARYtoken"], &[])]
#[case::endpoint(&["ls", "s3://bucket"], &[("AWS_ENDPOINT_URL_S3", "http://user:canary51abCANARYtoken@host:1")])]
#[case::emulator(&["ls", "gs://bucket"], &[("STORAGE_EMULATOR_HOST", "http://user:canary51abCANARYtoken@host:1")])]
#[case::azure(&["ls", "az://account/c"], &[("AZURE_STORAGE_BLOB_ENDPOINT", "http://user:canary51abCANARYtoken@host:1")])]
#[case::azure_signed(&["ls", "az://account/c"], &[("AZURE_STORAGE_BLOB_ENDPOINT", "https://account.blob.core.windows.net/?sig=canary51abCANARYtoken")])]
#[case::proxy(&["ls", "s3://bucket"], &[("HTTP_PROXY", "http://user:canary51abCANARYtoken@:::")])]
fn a_secret_inside_of_a_place_is_neither_shown_nor_kept(#[case] args: &[&str], #[case] env: &[(&str, &str)]) {
    let desk = Desk::new();
    desk.small_tree("work/plain");
    let mut said = Vec::new();
    for more in [&[][..], &["--json"]] {
        let mut command = desk.adt(&[args, more].concat());
        command.envs(env.iter().copied()).env("ADT_RETRY_TIME", "1s").env("AZURE_STORAGE_KEY", "a2V5");
        said.push(Said::of(&mut command));
        assert_ne!(said.last().unwrap().code, Some(0), "{said:#?}");
    }
    said.push(Said::of(&mut desk.adt(&["history", "--json"])));
    for said in &said {
        assert!(!said.stdout.contains(CANARY) && !said.stderr.contains(CANARY), "{said:#?}");
    }
    assert_eq!(holding(&desk.root, CANARY.as_bytes()), Vec::<Utf8PathBuf>::new());
}

/// In a job list the cell is named, and its secret is masked.
#[rstest]
#[case("s3_bucket", "az://account/container?sig=canary51abCANARYtoken")]
#[case("s3_bucket", "https://user:canary51abCANARYtoken@host/x")]
#[case("metadata_service_domain", "http://user:canary51abCANARYtoken@host")]
#[case("codeocean_domain", "https://user:canary51abCANARYtoken@host")]
#[case("project_name", "https://user:canary51abCANARYtoken@host")]
fn a_secret_inside_of_a_cell_is_masked(#[case] column: &str, #[case] value: &str) {
    let desk = Desk::new();
    let job = Job::new().copy("behavior", desk.small_tree("plain")).with(column, value);
    let job = job.with("codeocean_trigger_capsule_id", "c").with("codeocean_api_token", "env:TOKEN");
    let list = desk.list(&job);
    for command in ["check", "plan", "run"] {
        for more in [&[][..], &["--json"]] {
            let mut program = desk.adt(&[&[command, list.as_str()], more].concat());
            let said = Said::of(program.env("TOKEN", "t")).ends(2);
            assert!(!said.stdout.contains(CANARY) && !said.stderr.contains(CANARY), "{said:#?}");
        }
    }
    assert_eq!(holding(&desk.root.join("home"), CANARY.as_bytes()), Vec::<Utf8PathBuf>::new());
}
