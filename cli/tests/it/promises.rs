//! `docs/PROMISES.md` names a test for every promise, and every test that it names exists.

use fs_err as fs;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn page(name: &str) -> String {
    fs::read_to_string(format!("{ROOT}/{name}")).unwrap()
}

/// The part of a page below one of its headings of the second level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let begin = page.find(&format!("\n## {heading}\n"));
    assert!(begin.is_some(), "no section {heading}");
    let begin = begin.unwrap();
    let rest = &page[begin + 4..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The rows of a section's table, cell by cell, without its head.
fn rows(section: &str) -> Vec<Vec<String>> {
    let lines = section.lines().filter(|line| line.starts_with('|')).skip(2);
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// All promises: where they are made, and the tests that are named for them.
fn promises() -> Vec<(String, Vec<String>)> {
    let text = page("docs/PROMISES.md");
    let sections = ["README", "MOVING.md", "CLUSTER.md"];
    let all = sections.iter().flat_map(|name| rows(section(&text, name)));
    all.map(|cells| {
        let (tests, promise) = cells.split_last().unwrap();
        let named = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (promise.join(": "), named)
    })
    .collect()
}

#[test]
fn every_promise_names_tests_that_exist() {
    let promises = promises();
    assert!(promises.len() > 30, "{}", promises.len());
    let mut wrong = Vec::new();
    for (promise, tests) in promises {
        if tests.is_empty() {
            wrong.push(format!("{promise}: no test"));
        }
        for test in tests {
            let (path, name) = test.split_once("::").unwrap_or((&test, ""));
            let source = fs::read_to_string(format!("{ROOT}/{path}")).unwrap_or_default();
            if name.is_empty() || !source.contains(&format!("fn {name}(")) {
                wrong.push(format!("{promise}: there is no test {test}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// A promise is the bold beginning of an item of that list.
#[test]
fn every_promise_of_the_readme_has_a_row() {
    let (readme, text) = (page("README.md"), page("docs/PROMISES.md"));
    let promises: Vec<_> = section(&readme, "What it promises")
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once("**").map(|(bold, _)| bold))
        .collect();
    assert!(promises.len() > 6, "{promises:?}");
    let rows = rows(section(&text, "README"));
    let missing: Vec<_> =
        promises.iter().filter(|promise| rows.iter().all(|row| row[0] != **promise)).collect();
    assert!(missing.is_empty(), "docs/PROMISES.md has no row for {missing:?}");
}

#[test]
fn every_section_of_the_guides_has_a_row() {
    let text = page("docs/PROMISES.md");
    let mut missing = Vec::new();
    for guide in ["MOVING.md", "CLUSTER.md"] {
        let rows = rows(section(&text, guide));
        for line in page(&format!("docs/{guide}")).lines() {
            let heading = line.strip_prefix("## ").or_else(|| line.strip_prefix("# "));
            let is_code = |heading: &str| heading.starts_with(char::is_lowercase);
            if let Some(heading) = heading.filter(|heading| !is_code(heading))
                && rows.iter().all(|row| row[0] != heading)
            {
                missing.push(format!("{guide}: {heading}"));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}
