//! `docs/DEPENDENCIES.md` lists every direct dependency, and what it says is true; `make audit` says when it could not check anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use toml::Table;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn manifest(path: impl AsRef<Path>) -> Table {
    std::fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

/// Third-party crates with the crates of the workspace that use them, in the program or in tests.
fn direct() -> BTreeMap<String, BTreeSet<String>> {
    let workspace = manifest("Cargo.toml");
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in workspace["workspace"]["dependencies"].as_table().unwrap().keys() {
        found.entry(name.clone()).or_default();
    }
    for member in members.iter().map(|member| member.as_str().unwrap()) {
        let manifest = manifest(format!("{member}/Cargo.toml"));
        let systems = manifest.get("target").and_then(|table| table.as_table());
        let of_systems = systems.into_iter().flat_map(Table::values).filter_map(|table| table.as_table());
        for table in std::iter::once(&manifest).chain(of_systems) {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let names =
                    table.get(kind).and_then(|table| table.as_table()).into_iter().flat_map(Table::keys);
                for name in names {
                    found.entry(name.clone()).or_default().insert(member.to_owned());
                }
            }
        }
    }
    found.retain(|name, _| !name.starts_with("adt-"));
    found
}

/// The rows of the tables: a crate's name and its cells.
fn rows() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(root().join("docs/DEPENDENCIES.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| [`"));
    let cells =
        rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
    cells.map(|cells: Vec<String>| (cells[0].split('`').nth(1).unwrap().to_owned(), cells)).collect()
}

#[test]
fn every_direct_dependency_is_in_the_table_and_nothing_else() {
    let (direct, rows) = (direct(), rows());
    let lacking: Vec<_> = direct.keys().filter(|name| !rows.contains_key(*name)).collect();
    let left_over: Vec<_> = rows.keys().filter(|name| !direct.contains_key(*name)).collect();
    assert_eq!((lacking, left_over), (vec![], vec![]), "update docs/DEPENDENCIES.md");
}

#[test]
fn each_row_is_filled_in_and_names_the_version_in_use() {
    let lock = manifest("Cargo.lock");
    let packages = lock["package"].as_array().unwrap();
    let versions: BTreeSet<_> = packages
        .iter()
        .map(|package| {
            let version = package["version"].as_str().unwrap();
            (package["name"].as_str().unwrap(), version.split('+').next().unwrap_or_default())
        })
        .collect();
    let mut wrong = Vec::new();
    for (name, cells) in &rows() {
        let version = cells[3].split(',').next().unwrap_or_default();
        if cells.len() != 7
            || cells.iter().any(String::is_empty)
            || !versions.contains(&(name.as_str(), version))
        {
            wrong.push(format!("{name}: {cells:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "update docs/DEPENDENCIES.md");
}

#[test]
fn each_row_names_crates_that_use_it() {
    let direct = direct();
    let mut wrong = Vec::new();
    for (name, cells) in rows() {
        let users: BTreeSet<_> = cells[2].split(", ").map(|user| user.trim_matches('`').to_owned()).collect();
        if users.is_empty() || !users.is_subset(&direct[&name]) {
            wrong.push(format!("{name}: {users:?}, but {:?} use it", direct[&name]));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "update docs/DEPENDENCIES.md");
}

#[cfg(unix)]
#[test]
fn an_audit_without_its_database_says_that_nothing_was_checked() {
    let gone = tempfile::tempdir().unwrap();
    let out = Command::new(root().join("scripts/audit"))
        .env("ADVISORY_DATABASE", gone.path().join("gone"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(75), "{told}");
    assert!(
        told.contains("the RustSec advisory database could not be reached; nothing was checked"),
        "{told}"
    );
}

#[test]
fn the_public_ci_audits_every_day() {
    let workflow = std::fs::read_to_string(root().join(".github/workflows/audit.yml")).unwrap();
    let daily = workflow.lines().filter_map(|line| line.trim().strip_prefix("- cron: "));
    let daily: Vec<_> =
        daily.map(|cron| cron.trim_matches('"').split(' ').skip(2).collect::<Vec<_>>()).collect();
    assert_eq!(daily, [["*", "*", "*"]]);
    assert!(workflow.contains("run: make audit"));
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap();
    assert!(makefile.contains("audit:\n\tscripts/audit\n"));
}
