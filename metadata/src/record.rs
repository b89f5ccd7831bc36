use adt_model::{Location, Schema};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Document, Parts, Status, status,
    terms::described_by,
    times::naive,
    versions::{v1, v2},
};

/// What `metadata.nd.json` is made from.
#[derive(Clone, Debug)]
pub struct RecordInput {
    /// Which schema it follows.
    pub schema: Schema,
    /// With schema v1: the original's key `id`, and of a cloud's location only the bucket.
    pub strict_compat: bool,
    /// The record's own identity; keep it when the record is written again.
    pub id: Uuid,
    /// The asset's name.
    pub name: String,
    /// When the record was first made.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
    /// The asset's folder.
    pub location: Location,
    /// The documents in it.
    pub parts: Parts,
}

/// `metadata.nd.json` of an asset: schema 0.1.21 with the differences this crate's front page lists, its status being what
/// [`status`] finds; or 2.7.6, which has neither identity nor times nor status.
pub fn record(input: &RecordInput) -> Document {
    match input.schema {
        Schema::V1 => first(input),
        Schema::V2 => second(input),
    }
}

fn first(input: &RecordInput) -> Document {
    let identity = |wanted: bool| wanted.then_some(input.id);
    let location = match &input.location {
        Location::Folder(_) => input.location.to_string(),
        cloud if input.strict_compat => cloud.bucket().to_owned(),
        cloud => cloud.to_string(),
    };
    Document::of(&First {
        described_by: described_by("metadata"),
        schema_version: v1::METADATA,
        original_id: identity(input.strict_compat),
        id: identity(!input.strict_compat),
        name: &input.name,
        created: naive(input.created),
        last_modified: naive(input.last_modified),
        location,
        metadata_status: status(Schema::V1, &input.parts).0,
        external_links: [],
        parts: &Held(Schema::V1, &input.parts),
    })
}

fn second(input: &RecordInput) -> Document {
    Document::of(&Second {
        object_type: "Metadata",
        described_by: described_by("metadata"),
        schema_version: v2::METADATA,
        name: &input.name,
        location: input.location.to_string(),
        other_identifiers: None,
        parts: &Held(Schema::V2, &input.parts),
    })
}

/// In the order of schema v1.
#[derive(Serialize)]
struct First<'a> {
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
    original_id: Option<Uuid>,
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    name: &'a str,
    created: String,
    last_modified: String,
    location: String,
    metadata_status: Status,
    external_links: [(); 0],
    #[serde(flatten)]
    parts: &'a Held<'a>,
}

/// In the order of schema v2.
#[derive(Serialize)]
struct Second<'a> {
    object_type: &'static str,
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    name: &'a str,
    location: String,
    other_identifiers: Option<()>,
    #[serde(flatten)]
    parts: &'a Held<'a>,
}

/// The places of a record, each with its document or null.
struct Held<'a>(Schema, &'a Parts);

impl Serialize for Held<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.1.of(self.0))
    }
}
