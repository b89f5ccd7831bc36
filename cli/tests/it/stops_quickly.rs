//! A stop ends every command within five seconds, whatever it waits for.

#![cfg(unix)]

use std::{
    io::Read as _,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use fs_err as fs;
use rstest::rstest;

use crate::{
    desk::{Desk, Said},
    lab::{Lab, until},
};

/// What is promised.
const PROMISED: Duration = Duration::from_secs(5);

/// Takes connections and requests, and never answers.
struct Silent {
    url: String,
    asked: mpsc::Receiver<TcpStream>,
}

impl Silent {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = mpsc::channel();
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    let mut byte = [0];
                    if client.read(&mut byte).is_ok_and(|bytes| bytes == 1) {
                        // Kept open by whoever has it.
                        let _ = sender.send(client);
                    }
                });
            }
        });
        Self { url, asked }
    }

    /// Waits for a request. Its connection stays open while the answer is kept.
    fn heard(&self) -> TcpStream {
        self.asked.recv_timeout(Duration::from_mins(1)).unwrap()
    }
}

fn started(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Ends with this code within what is promised.
#[track_caller]
fn stops(child: Child, signal: &str, code: i32) {
    let began = Instant::now();
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let said = Said::from(child.wait_with_output().unwrap());
    let took = began.elapsed();
    assert!(took < PROMISED, "{took:?} {said:#?}");
    assert_eq!(said.code, Some(code), "{said:#?}");
}

/// The store answers nothing: neither listings, nor bytes, nor uploads.
#[rstest]
#[case::copy_up(&["copy", "from", "s3://recordings/x"], 130)]
#[case::copy_down(&["copy", "s3://recordings/x", "to"], 130)]
#[case::one_file(&["copy", "from/a", "s3://recordings/x/a"], 130)]
#[case::without_a_listing(&["copy", "from", "s3://recordings/x", "--no-list"], 130)]
#[case::sync(&["sync", "from", "s3://recordings/x", "--delete"], 130)]
#[case::a_move(&["move", "from", "s3://recordings/x"], 130)]
#[case::to_standard_output(&["copy", "s3://recordings/x", "-"], 130)]
#[case::from_standard_input(&["copy", "-", "s3://recordings/x"], 130)]
#[case::verify(&["verify", "from", "s3://recordings/x"], 130)]
#[case::ls(&["ls", "s3://recordings/x"], 130)]
#[case::clean(&["clean", "s3://recordings/x"], 130)]
#[case::compress(&["ephys", "info", "s3://recordings/x"], 130)]
#[case::work(&["work", "s3://recordings/x", "--finish"], 75)]
fn a_stop_while_a_store_is_silent_is_quick(
    #[case] args: &[&str],
    #[case] code: i32,
    #[values("-TERM", "-INT")] signal: &str,
) {
    let (desk, silent) = (Desk::new(), Silent::new());
    desk.write("work/from/a", "a");
    let mut command = desk.adt(args);
    command.env("AWS_ENDPOINT_URL_S3", &silent.url).env("ADT_REQUEST_TIMEOUT", "10m");
    let child = started(command);
    let _open = silent.heard();
    stops(child, signal, code);
}

/// A store that closes every connection: the program waits before it tries again.
#[test]
fn a_stop_between_two_tries_is_quick() {
    let desk = Desk::new();
    desk.write("work/from/a", "a");
    let silent = Silent::new();
    let mut command = desk.adt(&["copy", "from", "s3://recordings/x"]);
    command.env("AWS_ENDPOINT_URL_S3", &silent.url).env("ADT_RETRY_TIME", "10m");
    let child = started(command);
    // Waits become longer with each try.
    for _ in 0..4 {
        drop(silent.heard());
    }
    stops(child, "-TERM", 130);
}

/// Services of the lab, instead of the store.
#[rstest]
#[case::code_ocean("codeocean_domain")]
#[case::metadata("metadata_service_domain")]
fn a_stop_while_a_service_is_silent_is_quick(#[case] column: &str) {
    let (lab, silent) = (Lab::new(), Silent::new());
    let job = lab.job().with(column, &silent.url);
    let child = started(lab.command("run", job, &["--request-timeout", "10m"]));
    let _open = silent.heard();
    stops(child, "-TERM", 130);
}

/// So slow that a single part would take an hour.
#[rstest]
#[case::a_large_file("large", 12 << 20)]
#[case::a_small_file("small", 1 << 20)]
fn a_stop_under_a_small_bandwidth_is_quick(#[case] name: &str, #[case] size: u64) {
    let desk = Desk::new();
    let path = desk.root.join("work/from").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(&path).unwrap().set_len(size).unwrap();
    let args = ["copy", "from", "s3://recordings/x", "--bandwidth", "1KiB", "--part-size", "5MiB"];
    let child = started(desk.adt(&args));
    until("a listing", || desk.tally().count("ListObjectsV2") > 0);
    std::thread::sleep(Duration::from_millis(300));
    stops(child, "-TERM", 130);
}

/// A part that does not arrive is given up; those that were answered are not sent again.
#[test]
fn a_stop_gives_up_the_part_that_hangs_and_keeps_the_others() {
    let desk = Desk::watched(|store| {
        let root = store.parent().unwrap();
        // Once a part is stored, the next request waits until the program has ended.
        if crate::desk::a_part_is_stored(store) && !root.join("ended").exists() {
            fs::write(root.join("held"), "").unwrap();
            while !root.join("ended").exists() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    });
    let path = desk.root.join("work/from/large");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let bytes: Vec<u8> = (0..22_u32 << 18).flat_map(u32::to_le_bytes).collect();
    fs::write(&path, &bytes).unwrap();
    let args = ["copy", "from", "s3://recordings/x", "--part-size", "5MiB", "--lanes", "1"];
    let child = started(desk.adt(&args));
    until("a part is stored", || desk.root.join("held").exists());
    stops(child, "-TERM", 130);
    fs::write(desk.root.join("ended"), "").unwrap();
    Said::of(&mut desk.adt(&args)).ends(0);
    assert_eq!(fs::read(desk.root.join("store/recordings/x/large")).unwrap(), bytes);
    assert_eq!(desk.uploads(), 0);
    // The one that hung may have been stored twice.
    let stored = desk.tally().bytes;
    assert!(stored <= bytes.len() as u64 + (5 << 20), "{stored} of {}", bytes.len());
}

/// Nobody reads what is written to standard output.
#[test]
fn a_stop_while_nobody_reads_is_quick() {
    let desk = Desk::new();
    let path = desk.root.join("store/recordings/x/large");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(&path).unwrap().set_len(4 << 20).unwrap();
    let child = started(desk.adt(&["copy", "s3://recordings/x/large", "-"]));
    until("the object is read", || desk.tally().count("GetObject") > 0);
    std::thread::sleep(Duration::from_millis(300));
    // Not even the reading of the end.
    let began = Instant::now();
    let mut child = child;
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let code = child.wait().unwrap().code();
    assert!(code == Some(130) && began.elapsed() < PROMISED, "{code:?} {:?}", began.elapsed());
}
