use adt_model::JobSpec;
use serde::Serialize;

use crate::{
    Document,
    terms::{Named, Organization, described_by},
};

/// `data_description.json` of a job's asset, schema 0.13.0.
///
/// Nobody tells a job who the investigators are, so the list is empty, which the schema does not allow: [`status`](crate::status)
/// says so. A metadata folder that brings the document is the way out.
pub fn data_description(job: &JobSpec) -> Document {
    Document::of(&DataDescription {
        described_by: described_by("data_description"),
        schema_version: "0.13.0",
        license: "CC-BY-4.0",
        platform: job.platform.into(),
        subject_id: &job.subject_id,
        creation_time: job.acq_datetime.to_string(),
        label: None,
        name: job.asset_name(),
        institution: Organization::AIND,
        funding_source: [Funding { funder: Organization::ALLEN, grant_number: None, fundee: None }],
        data_level: "raw",
        group: None,
        investigators: [],
        project_name: job.project_name.as_deref(),
        restrictions: None,
        modality: job.modalities.iter().map(|m| m.modality.into()).collect(),
        related_data: [],
        data_summary: None,
    })
}

/// In the schema's order.
#[derive(Serialize)]
struct DataDescription<'a> {
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    license: &'static str,
    platform: Named,
    subject_id: &'a str,
    creation_time: String,
    label: Option<()>,
    name: String,
    institution: Organization,
    funding_source: [Funding; 1],
    data_level: &'static str,
    group: Option<()>,
    investigators: [(); 0],
    project_name: Option<&'a str>,
    restrictions: Option<()>,
    modality: Vec<Named>,
    related_data: [(); 0],
    data_summary: Option<()>,
}

#[derive(Serialize)]
struct Funding {
    funder: Organization,
    grant_number: Option<()>,
    fundee: Option<()>,
}
