use adt_model::Location;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{Document, Parts, Status, status, terms::described_by, times::naive};

/// What `metadata.nd.json` is made from.
#[derive(Clone, Debug)]
pub struct RecordInput {
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

/// `metadata.nd.json` of an asset, schema 0.1.21 with the differences this crate's front page lists. Its status is what
/// [`status`] finds.
pub fn record(input: &RecordInput) -> Document {
    Document::of(&Record {
        described_by: described_by("metadata"),
        schema_version: "0.1.21",
        id: input.id,
        name: &input.name,
        created: naive(input.created),
        last_modified: naive(input.last_modified),
        location: &input.location,
        metadata_status: status(&input.parts).0,
        external_links: [],
        parts: &input.parts,
    })
}

/// In the schema's order.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    #[serde(rename = "_id")]
    id: Uuid,
    name: &'a str,
    created: String,
    last_modified: String,
    location: &'a Location,
    metadata_status: Status,
    external_links: [(); 0],
    #[serde(flatten)]
    parts: &'a Parts,
}
