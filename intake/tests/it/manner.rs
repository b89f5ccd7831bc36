//! How documents and videos are made: a flag wins over a cell, a cell over the settings.

use adt_intake::{MannerOverrides, Overrides, from_json};
use adt_model::{Manner, MetadataApi, MetadataMissing, Schema, SourceLinks, VideoEncryption};
use rstest::rstest;

use crate::lab::{Lab, fine, said};

const COLUMNS: &str = "schema,metadata_api,metadata_missing,video_encryption,strict_compat,links,allow_empty";

/// Nothing as the program has it by itself.
fn other() -> Manner {
    Manner {
        schema: Schema::V2,
        metadata_api: MetadataApi::V1,
        metadata_missing: MetadataMissing::Allow,
        video_encryption: VideoEncryption::ZipCrypto,
        strict_compat: true,
        links: SourceLinks::Skip,
        allow_empty: true,
    }
}

fn flags() -> MannerOverrides {
    let Manner {
        schema,
        metadata_api,
        metadata_missing,
        video_encryption,
        strict_compat,
        links,
        allow_empty,
    } = other();
    MannerOverrides {
        schema: Some(schema),
        metadata_api: Some(metadata_api),
        metadata_missing: Some(metadata_missing),
        video_encryption: Some(video_encryption),
        strict_compat,
        links: Some(links),
        allow_empty,
    }
}

const SETTINGS: fn() -> Overrides = || Overrides { defaults: other(), ..Overrides::default() };
const FLAGS: fn() -> Overrides = || Overrides { manner: flags(), ..Overrides::default() };

#[rstest]
#[case::nothing_said(COLUMNS, ",,,,,,", Overrides::default(), Manner::default())]
#[case::cells(COLUMNS, "V2,v1,ALLOW,zip_crypto,yes,SKIP,1", Overrides::default(), other())]
#[case::other_spellings(
    "metadata-schema,Metadata-API,METADATA-MISSING,video-encryption,strict-compat,Links,allow-empty",
    "2,1,allow,ZipCrypto,1,Skip,true",
    Overrides::default(),
    other()
)]
#[case::settings(COLUMNS, ",,,,,,", SETTINGS(), other())]
#[case::cells_over_settings(COLUMNS, "v1,auto,require,aes256,no,follow,no", SETTINGS(), Manner::default())]
#[case::flags_over_cells(COLUMNS, "v1,auto,require,aes256,no,follow,no", FLAGS(), other())]
fn the_nearest_word_holds(
    #[case] columns: &str,
    #[case] cells: &str,
    #[case] over: Overrides,
    #[case] manner: Manner,
) {
    assert_eq!(fine(&Lab::new().job_with(columns, cells, &over)).manner, manner);
}

#[test]
fn a_flag_wins_over_the_settings() {
    let over = Overrides {
        defaults: other(),
        manner: MannerOverrides { schema: Some(Schema::V1), ..MannerOverrides::default() },
        ..Overrides::default()
    };
    let row = Lab::new().job_with("schema", "v2", &over);
    assert_eq!(fine(&row).manner, Manner { schema: Schema::V1, ..other() });
}

#[rstest]
#[case::texts(
    r#""schema": "v2", "metadata_api": "v1", "strict_compat": "on", "links": "skip", "allow_empty": "on""#
)]
#[case::numbers(r#""schema": 2, "metadata_api": 1, "strict_compat": 1, "links": "Skip", "allow_empty": 1"#)]
#[case::alias(r#""metadata-schema": "2.x", "metadata_api": "V1", "strict_compat": true, "links": "SKIP", "allow-empty": true"#)]
fn json_says_the_same(#[case] keys: &str) {
    let lab = Lab::new();
    let text = format!(
        r#"{{"s3_bucket": "b", "platform": "ecephys", "subject_id": "1", "acq_datetime": "2020-10-10 14:10:10",
            "modalities": [], "metadata_missing": "allow", "video_encryption": "zipcrypto", {keys}}}"#
    );
    let rows = from_json(&text, "jobs.json", lab.cwd(), &Overrides::default());
    assert_eq!(fine(&rows[0]).manner, other());
}

/// A wrong cell is said even where a flag wins over it.
#[rstest]
#[case::schema("schema", "v3", "one of v1, v2")]
#[case::api("metadata_api", "automatic", "one of auto, v1, v2")]
#[case::missing("metadata_missing", "requires", "did you mean `require`? one of require, allow")]
#[case::links("links", "followed", "did you mean `follow`? one of follow, skip, fail")]
#[case::encryption("video_encryption", "zipcript", "did you mean `zipcrypto`? one of aes256, zipcrypto")]
fn other_words_are_refused(#[case] column: &str, #[case] cell: &str, #[case] valid: &str) {
    for over in [Overrides::default(), FLAGS()] {
        let row = Lab::new().job_with(column, cell, &over);
        assert_eq!((row.spec.as_ref(), row.problems[0].valid.as_str()), (None, valid));
        assert_eq!(said(&[row]), [format!("2 {column}: not one of its words")]);
    }
}

#[test]
fn strict_compat_is_a_switch() {
    let row = Lab::new().job("strict_compat", "v1");
    assert_eq!(said(&[row]), ["2 strict_compat: neither true nor false"]);
}

#[test]
fn two_names_of_the_schema_must_agree() {
    let row = Lab::new().job("schema,metadata_schema", "v1,v2");
    assert_eq!(said(&[row]), ["2 metadata_schema: differs from `schema`, which means the same"]);
}
