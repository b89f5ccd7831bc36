//! Memory is bounded, whatever is sent. By hand, best with a release build:
//! `cargo test --release -p adt-cli --test it memory -- --ignored --nocapture`

#![cfg(target_os = "linux")]

use std::process::Stdio;

use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Job};

const MOST: u64 = 300 << 20;

#[rstest]
#[ignore = "gigabytes and minutes"]
fn memory_stays_bounded(
    #[values("one file of 4 GiB", "200,000 files", "a zip of 4 GiB", "a zip of 200,000 files")] what: &str,
    #[values("s3", "folder")] place: &str,
) {
    let desk = Desk::new();
    let rig = desk.root.join("rig");
    fs::create_dir(&rig).unwrap();
    if what.contains("GiB") {
        fs::File::create(rig.join("big.bin")).unwrap().set_len(4 << 30).unwrap();
    } else {
        for i in 0..200_000 {
            if i % 1000 == 0 {
                fs::create_dir(rig.join(format!("{}", i / 1000))).unwrap();
            }
            fs::write(rig.join(format!("{}/{i}.bin", i / 1000)), i.to_string()).unwrap();
        }
    }
    let job = if what.contains("zip") {
        Job::new().zip("behavior", &rig)
    } else {
        Job::new().copy("behavior", &rig)
    };
    let job = if place == "folder" { job.with("s3_bucket", desk.file_place()) } else { job };
    let list = desk.list(&job);
    let mut command = desk.adt(&["run", list.as_str(), "--quiet"]);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak.max(high_water(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    tell(&format!("{what} to {place}: {} MiB at most", peak >> 20));
    assert!(status.success());
    assert!(peak > 0 && peak < MOST, "{peak} bytes");
}

/// The most bytes a process has held so far; 0 when it is gone.
pub(crate) fn high_water(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() << 10
}

#[expect(clippy::print_stderr, reason = "numbers of a run by hand")]
fn tell(report: &str) {
    eprintln!("{report}");
}
