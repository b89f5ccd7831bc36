use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const BOTH: [Rules; 2] = [Rules::Unix, Rules::Windows];

#[rstest]
#[case::plain("a/b.txt")]
#[case::hidden(".git/..x/a..b")]
#[case::letters("ü ö/日本/emoji-🐀 (1) [x] {y} #%+=,;'&~!@$^`")]
#[case::blank_in_front(" leading")]
#[case::almost_devices("COM/COM10/LPT0/COM0/CONSOLE/NULL/xCON/AUX_1/COM¹¹/CON$")]
#[case::as_long_as_possible(&"x".repeat(255))]
fn what_both_systems_keep(#[case] key: &str) {
    for rules in BOTH {
        assert_eq!(rules.parts(key).map(|parts| parts.join("/")), Ok(key.to_owned()), "{rules:?}");
    }
}

#[rstest]
#[case::empty("", PathError::Empty)]
#[case::absolute("/abs", PathError::Absolute)]
#[case::network("//server/share", PathError::Absolute)]
#[case::double("a//b", PathError::EmptyPart)]
#[case::end("end/", PathError::EmptyPart)]
#[case::here("./x", PathError::Dots("."))]
#[case::up("a/../b", PathError::Dots(".."))]
#[case::only_up("..", PathError::Dots(".."))]
#[case::nul("a\0b", PathError::Character('\0'))]
#[case::long(&format!("a/{}", "x".repeat(256)), PathError::LongPart { length: 256, unit: "" })]
#[case::ours(".adt-000000000000002a-b.part", PathError::Temporary(".adt-000000000000002a-b.part".into()))]
fn what_neither_system_keeps(#[case] key: &str, #[case] wanted: PathError) {
    for rules in BOTH {
        let error = rules.parts(key).unwrap_err();
        match (&error, &wanted) {
            (PathError::LongPart { length, .. }, PathError::LongPart { length: long, .. }) => {
                assert_eq!(length, long);
            }
            _ => assert_eq!(error, wanted, "{rules:?}"),
        }
    }
}

#[rstest]
#[case::drive("C:/evil", PathError::Drive('C'))]
#[case::drive_relative("c:evil", PathError::Drive('c'))]
#[case::drive_alone("z:", PathError::Drive('z'))]
#[case::up("..\\..\\evil", PathError::Backslash)]
#[case::up_behind("a/..\\evil", PathError::Backslash)]
#[case::network("\\\\server\\share\\x", PathError::Backslash)]
#[case::device_path("\\\\?\\C:\\x", PathError::Backslash)]
#[case::drive_behind("a/C:/b", PathError::Stream)]
#[case::stream("a.txt:hidden", PathError::Stream)]
#[case::stream_type("ab::$DATA", PathError::Stream)]
#[case::question("what?", PathError::Character('?'))]
#[case::star("a*", PathError::Character('*'))]
#[case::pipe("a|b", PathError::Character('|'))]
#[case::quote("a\"b", PathError::Character('"'))]
#[case::less("a<b", PathError::Character('<'))]
#[case::greater("a>b", PathError::Character('>'))]
#[case::line("a\nb", PathError::Character('\n'))]
#[case::unit("a\u{1f}", PathError::Character('\u{1f}'))]
#[case::blank("space ", PathError::Ending("space ".into()))]
#[case::dot("dir./x", PathError::Ending("dir.".into()))]
#[case::dots("...", PathError::Ending("...".into()))]
#[case::con("CON", PathError::Device("CON".into()))]
#[case::aux("aux.txt", PathError::Device("aux.txt".into()))]
#[case::nul("x/nUl", PathError::Device("nUl".into()))]
#[case::prn("prn.tar.gz", PathError::Device("prn.tar.gz".into()))]
#[case::blanks_before("con  .txt", PathError::Device("con  .txt".into()))]
#[case::com("COM1", PathError::Device("COM1".into()))]
#[case::lpt("lpt9.x/y", PathError::Device("lpt9.x".into()))]
#[case::superscript("COM¹", PathError::Device("COM¹".into()))]
#[case::superscript_3("lpt³.txt", PathError::Device("lpt³.txt".into()))]
#[case::console_in("conin$", PathError::Device("conin$".into()))]
#[case::console_out("CONOUT$", PathError::Device("CONOUT$".into()))]
fn what_windows_would_change_is_kept_by_unix_only(#[case] key: &str, #[case] error: PathError) {
    assert_eq!(Rules::Windows.parts(key), Err(error));
    assert_eq!(Rules::Unix.parts(key).map(|parts| parts.join("/")), Ok(key.to_owned()));
}

#[test]
fn lengths_are_counted_as_the_system_counts() {
    let umlauts = "ü".repeat(200);
    assert_eq!(Rules::Unix.parts(&umlauts), Err(PathError::LongPart { length: 400, unit: "bytes" }));
    assert!(Rules::Windows.parts(&umlauts).is_ok());
    // Two UTF-16 units each.
    let rats = "🐀".repeat(128);
    assert_eq!(Rules::Windows.parts(&rats), Err(PathError::LongPart { length: 256, unit: "UTF-16 units" }));
    let deep = vec!["x".repeat(200); 30].join("/");
    assert!(matches!(Rules::Unix.below("/data".into(), &deep), Err(PathError::LongPath { .. })));
    assert!(Rules::Windows.below("/data".into(), &deep).is_ok());
}

#[test]
fn every_reason_reads_as_the_end_of_a_sentence() {
    for key in
        ["", "/a", "a//b", "..", "C:/x", "a\\b", "a:b", "a?", "a.", "con", ".adt-000000000000002a-b.part"]
    {
        let reason = Rules::Windows.parts(key).unwrap_err().to_string();
        assert!(
            reason.starts_with("it ") && !reason.ends_with('.') || reason.starts_with("its part "),
            "{reason}"
        );
    }
}

#[rstest]
#[case::case(Folding { case: true, form: false }, "Ab/C.TXT", "aB/c.txt", true)]
#[case::case_of_letters(Folding { case: true, form: false }, "ÄÉ", "äé", true)]
#[case::long_s(Folding { case: true, form: false }, "ſ", "S", true)]
#[case::sigma(Folding { case: true, form: false }, "ΑΣ/ΑΣ", "ας/ασ", true)]
#[case::form_is_another(Folding { case: true, form: false }, "\u{e9}", "e\u{301}", false)]
#[case::form(Folding { case: false, form: true }, "\u{e9}", "e\u{301}", true)]
#[case::case_is_another(Folding { case: false, form: true }, "A", "a", false)]
#[case::both(Folding { case: true, form: true }, "\u{c9}", "e\u{301}", true)]
#[case::hangul(Folding { case: true, form: true }, "\u{d55c}", "\u{1112}\u{1161}\u{11ab}", true)]
#[case::neither(Folding { case: true, form: true }, "a", "b", false)]
#[case::none(Folding { case: false, form: false }, "A", "a", false)]
fn names_that_may_be_one_file(
    #[case] folding: Folding,
    #[case] a: &str,
    #[case] b: &str,
    #[case] same: bool,
) {
    assert_eq!(folding.fold(a) == folding.fold(b), same);
}

/// A key made of what is dangerous, in every order.
fn odd_key() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "a",
            "B",
            "/",
            "//",
            "\\",
            ".",
            "..",
            ":",
            "C:",
            " ",
            "con",
            "NUL",
            "com1",
            "¹",
            "?",
            "*",
            "\0",
            "\n",
            "\u{1f}",
            "é",
            "e\u{301}",
            "🐀",
            "$",
            "~1",
            ".txt",
            ".adt-",
            "0123456789abcdef",
            "-x.part",
            "\u{7f}",
            "\u{2028}",
            "%2F",
            "%5c",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "x{0,300}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Where a path leads, as Windows reads it: written by itself, to be compared with the rules.
fn windows_reads(root: &[&str], path: &str) -> Option<Vec<String>> {
    let mut folders: Vec<String> = root.iter().map(|part| (*part).to_owned()).collect();
    for part in path.split(['\\', '/']) {
        match part {
            "" | "." => {}
            ".." => drop(folders.pop()),
            _ if part.contains(':') => return None,
            _ => folders.push(part.trim_end_matches([' ', '.']).to_owned()),
        }
    }
    Some(folders)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_path_is_below_the_root_and_has_the_name_of_its_key(key in odd_key(), windows in any::<bool>()) {
        let rules = if windows { Rules::Windows } else { Rules::Unix };
        if let Ok(parts) = rules.parts(&key) {
            prop_assert_eq!(parts.join("/"), key.clone());
            if windows {
                let read = windows_reads(&["root"], &parts.join("\\")).expect("no drive and no stream");
                prop_assert_eq!(&read[0], "root");
                prop_assert_eq!(read[1..].join("/"), key);
            } else if cfg!(unix) {
                // A path of Windows takes a backslash apart, whatever the rules.
                let path = rules.below(Utf8Path::new("/root"), &key);
                if let Ok(path) = path {
                    prop_assert!(!key.contains('\0') && !path.components().any(|part| part.as_str() == ".."));
                    prop_assert_eq!(path.strip_prefix("/root").unwrap().as_str(), key);
                }
            }
        }
    }

    #[test]
    fn two_keys_never_give_one_path(keys in prop::collection::btree_set(odd_key(), 0..40), windows in any::<bool>()) {
        let rules = if windows { Rules::Windows } else { Rules::Unix };
        let mut paths = BTreeMap::new();
        for key in &keys {
            if let Ok(path) = rules.below(Utf8Path::new("/root"), key) {
                prop_assert_eq!(paths.insert(path, key), None);
            }
        }
        let names: BTreeSet<_> = paths.keys().collect();
        prop_assert_eq!(names.len(), paths.len());
    }

    #[test]
    fn what_windows_keeps_unix_keeps_too_but_for_its_length(key in odd_key()) {
        if Rules::Windows.parts(&key).is_ok() {
            let kept = matches!(Rules::Unix.parts(&key), Ok(_) | Err(PathError::LongPart { .. }));
            prop_assert!(kept);
        }
    }

    #[test]
    fn folding_twice_is_folding_once(key in odd_key(), case in any::<bool>(), form in any::<bool>()) {
        let folding = Folding { case, form };
        let once = folding.fold(&key);
        prop_assert_eq!(folding.fold(&once), once);
    }
}
