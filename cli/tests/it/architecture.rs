//! The rules of `docs/ARCHITECTURE.md` that a machine can check.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A crate imports only crates of lower rank; equals never see each other. `testkit` may serve anybody's tests.
const RANKS: [(&str, u8); 14] = [
    ("model", 0),
    ("codec", 0),
    ("net", 1),
    ("intake", 2),
    ("plan", 2),
    ("metadata", 2),
    ("formats", 2),
    ("store", 2),
    ("services", 2),
    ("ledger", 2),
    ("sandbox", 2),
    ("engine", 3),
    ("testkit", 3),
    ("cli", 4),
];

/// A library has one owner.
const OWNERS: [(&str, &str); 9] = [
    ("reqwest", "net"),
    ("rusqlite", "ledger"),
    ("serde-saphyr", "intake"),
    ("hyper", "sandbox"),
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("anyhow", "cli"),
    ("toml", "cli"),
    ("tracing-subscriber", "cli"),
];

/// Lines of a file before its tests; beyond this nobody finds a line any more.
const LONGEST_FILE: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Names under `[dependencies]` of a crate's manifest.
fn dependencies(room: &str) -> Vec<String> {
    let manifest: toml::Table =
        std::fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap().parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (room, _) in RANKS {
        rust_files(&root().join(room).join("src"), &mut found);
    }
    found
}

/// The part of a file before its own tests; nothing of a file that is all tests.
fn production(path: &Path) -> String {
    if path.file_name().is_some_and(|name| name == "tests.rs") {
        return String::new();
    }
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
}

#[test]
fn imports_run_downwards() {
    let ranks: BTreeMap<_, _> = RANKS.into_iter().collect();
    let mut climbing = Vec::new();
    for (room, rank) in RANKS {
        for dependency in dependencies(room) {
            let Some(other) = dependency.strip_prefix("adt-") else { continue };
            if ranks[other] >= rank {
                climbing.push(format!("{room} imports {other}"));
            }
        }
    }
    // The ledger and the store compute checksums: codec is of rank 0, so that is downwards too.
    assert_eq!(climbing, Vec::<String>::new());
}

#[test]
fn a_library_has_one_owner() {
    let mut strangers = Vec::new();
    for (library, owner) in OWNERS {
        for (room, _) in RANKS {
            // The proxy that makes faults is a server too.
            let allowed = room == owner || (room == "testkit" && library == "hyper");
            if !allowed && dependencies(room).iter().any(|name| name == library) {
                strangers.push(format!("{room} uses {library}, which belongs to {owner}"));
            }
        }
    }
    assert_eq!(strangers, Vec::<String>::new());
}

#[test]
fn no_file_is_longer_than_anybody_can_follow() {
    let long: Vec<_> =
        sources().into_iter().filter(|path| production(path).lines().count() > LONGEST_FILE).collect();
    assert_eq!(long, Vec::<PathBuf>::new());
}

#[test]
fn nothing_below_cli_prints_or_reads_the_environment_or_the_clock() {
    let forbidden = [
        "println!",
        "eprintln!",
        "std::env::var",
        "env::vars",
        "Timestamp::now",
        "SystemTime::now",
        "Zoned::now",
    ];
    let mut found = Vec::new();
    for path in sources() {
        let relative = path.strip_prefix(root()).unwrap().to_owned();
        if relative.starts_with("cli") || relative.starts_with("testkit") {
            continue;
        }
        for line in production(&path).lines().filter(|line| !line.trim_start().starts_with("//")) {
            if let Some(word) = forbidden.iter().find(|word| line.contains(**word)) {
                found.push(format!("{}: {word}", relative.display()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
