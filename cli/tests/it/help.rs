//! What the program says about itself.

use std::process::Command;

use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Said};

const COMMANDS: [&str; 18] = [
    "run",
    "check",
    "plan",
    "history",
    "settings",
    "decrypt",
    "ephys",
    "ephys compress",
    "ephys restore",
    "ephys verify",
    "ephys info",
    "imaging",
    "imaging zarr",
    "imaging n5",
    "work",
    "demo",
    "completions",
    "man",
];

#[test]
fn every_command_has_an_example_and_a_short_help() {
    let desk = Desk::new();
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let words: Vec<_> = command.split(' ').chain([flag]).collect();
            let said = Said::of(&mut desk.adt(&words)).ends(0);
            assert!(said.stdout.contains("Example"), "{command} {flag}");
            assert!(said.stdout.contains(&format!("\n  adt {command}")), "{command} {flag}");
            let lines = said.stdout.lines().count();
            assert!(flag == "--help" || lines <= 45, "{command} -h has {lines} lines");
        }
    }
}

#[test]
fn exit_codes_and_credentials_are_documented() {
    let said = Said::of(&mut Desk::new().adt(&["--help"])).ends(0);
    for told in ["Exit codes:", "130 ", "AWS_ENDPOINT_URL_S3", "adt demo"] {
        assert!(said.stdout.contains(told), "{told}");
    }
}

/// Every setting can be given in three ways, and `adt settings` says all three when it is asked to.
#[test]
fn every_setting_has_its_flag() {
    let desk = Desk::new();
    let said = Said::of(&mut desk.adt(&["settings"])).ends(0);
    let help = Said::of(&mut desk.adt(&["run", "--help"])).ends(0).stdout;
    for line in said.stdout.lines().skip(1) {
        let name = line.split_whitespace().next().unwrap();
        assert!(help.contains(&format!("--{}", name.replace('_', "-"))), "{name}");
    }
}

/// What has no effect says so.
#[rstest]
#[case("--skip-staging")]
fn a_flag_for_old_scripts_says_that_it_does_nothing(#[case] flag: &str) {
    let help = Said::of(&mut Desk::new().adt(&["run", "--help"])).ends(0).stdout;
    let after = help.split(&format!("      {flag}\n")).nth(1).unwrap();
    let told = after.split("\n\n").next().unwrap();
    assert!(told.contains("no effect"), "{told}");
}

#[test]
fn the_reference_in_the_docs_is_this_programs() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");
    let said = Said::of(&mut Desk::new().adt(&["reference"])).ends(0);
    let kept = fs::read_to_string(page).unwrap().replace("\r\n", "\n");
    assert!(said.stdout == kept, "docs/cli.md is out of date: run `adt reference > docs/cli.md`");
}

#[rstest]
fn completions_are_written_for_every_shell(
    #[values("bash", "elvish", "fish", "powershell", "zsh")] shell: &str,
) {
    let desk = Desk::new();
    let said = Said::of(&mut desk.adt(&["completions", shell])).ends(0);
    assert!(said.stdout.contains("parallel-jobs"));
    let script = desk.write("completions", &said.stdout);
    // Where the shell itself is at hand, it must understand them.
    if let ("bash" | "zsh" | "fish", Ok(out)) =
        (shell, Command::new(shell).args(["-n", script.as_str()]).output())
    {
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let desk = Desk::new();
    let folder = desk.root.join("new/man1");
    Said::of(&mut desk.adt(&["man", folder.as_str()])).ends(0);
    for command in COMMANDS {
        let page = command.replace(' ', "-");
        let page = fs::read_to_string(folder.join(format!("adt-{page}.1"))).unwrap();
        assert!(page.contains("Example"), "{command}");
    }
}
