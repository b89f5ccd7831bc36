//! Foreign bytes are never a panic, and no row is without a job and without a reason.

use adt_intake::{Overrides, Row, SingleJob, endpoints, from_bytes, from_csv, from_flags, from_json};
use adt_model::{Class, Secret};
use proptest::prelude::*;

fn sound(rows: &[Row]) -> bool {
    rows.iter().all(|row| row.spec.is_some() || !row.problems.is_empty())
}

/// Pieces of job lists, so that what is made of them gets further than the header.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        ",",
        "\n",
        "\"",
        " ",
        "\r\n",
        ";",
        "s3_bucket",
        "platform",
        "subject_id",
        "acq_datetime",
        "modality",
        "modality0",
        "modality0.source",
        "source",
        "codeocean_api_token",
        "dry_run",
        "\"codeocean_api_token_path\"",
        "\"funding\"",
        "investigators",
        "|",
        "ssm:",
        "true",
        "ecephys",
        "b",
        "1",
        "2020-10-10 14:10:10",
        "{",
        "}",
        "[",
        "]",
        ":",
        "\"modalities\"",
        "\"modality\"",
        "\"platform\"",
        "null",
        "7",
        "\u{feff}",
        "ü",
        "sorce",
        "-",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_a_list(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let over = Overrides::default();
        prop_assert!(sound(&from_csv(&bytes, "x", "/nowhere".into(), &over)));
        prop_assert!(sound(&from_bytes(&bytes, "x", "/nowhere".into(), &over)));
    }

    #[test]
    fn any_text_is_a_list(text in "\\PC{0,200}") {
        let over = Overrides::default();
        prop_assert!(sound(&from_csv(text.as_bytes(), "x", "/nowhere".into(), &over)));
        prop_assert!(sound(&from_json(&text, "x", "/nowhere".into(), &over)));
    }

    #[test]
    fn any_pieces_are_a_list(text in pieces()) {
        let over = Overrides::default();
        prop_assert!(sound(&from_csv(text.as_bytes(), "x", "/nowhere".into(), &over)));
        prop_assert!(sound(&from_json(&text, "x", "/nowhere".into(), &over)));
        let parameter = Secret::new(format!("{{{text}}}"));
        let read = endpoints(&parameter, "/lab/e");
        prop_assert!(read.is_ok() || read.is_err_and(|fault| fault.class() == Class::BadInput));
        let flags = SingleJob { modalities: Some(text.clone()), endpoints_parameters: Some(text), ..SingleJob::default() };
        prop_assert!(sound(&from_flags(&flags, "/nowhere".into(), &over)));
    }
}
