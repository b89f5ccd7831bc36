use adt_model::{Class, Fault, JobSpec, Schema};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Document,
    about::Written,
    people,
    people::Answered,
    terms::{Named, described_by},
    times::{at_a_change, zoned},
    versions::{v1, v2},
};

/// What `data_description.json` is made from.
#[derive(Clone, Copy, Debug)]
pub struct DescriptionInput<'a> {
    /// The job; its `manner` says which schema the document follows.
    pub job: &'a JobSpec,
    /// What the metadata service says of the job's project.
    pub answered: &'a Answered,
    /// The rig's zone, which schema v2 wants with every time.
    pub zone: &'a TimeZone,
}

/// `data_description.json` of a job's asset.
///
/// Schema v1 (0.13.0) is written even where nobody is known who investigates, as the original does: the list is then empty, which
/// the schema does not allow and [`status`](crate::status) says. Without a source of money it names the Allen Institute. As
/// `strict_compat` it names neither project nor people. Schema v2 (2.4.2) needs project, investigators and funding: `BadInput` names
/// what is lacking. So is a funder, an institution, a licence or a group that the schema does not know.
pub fn data_description(input: &DescriptionInput<'_>) -> Result<Document, Fault> {
    match input.job.manner.schema {
        Schema::V1 => first(input),
        Schema::V2 => second(input),
    }
}

fn first(input: &DescriptionInput<'_>) -> Result<Document, Fault> {
    let job = input.job;
    let strict = job.manner.strict_compat;
    let about = if strict { Written::original() } else { Written::of(Schema::V1, &job.about)? };
    let (funding, investigators) = if strict {
        (Vec::new(), Vec::new())
    } else {
        (
            people::funding(Schema::V1, job, input.answered)?,
            people::investigators(Schema::V1, job, input.answered),
        )
    };
    Ok(Document::of(&First {
        described_by: described_by("data_description"),
        schema_version: v1::DATA_DESCRIPTION,
        license: about.license,
        platform: job.platform.into(),
        subject_id: &job.subject_id,
        creation_time: job.acq_datetime.to_string(),
        label: None,
        name: job.asset_name(),
        institution: about.institution,
        funding_source: if funding.is_empty() { vec![people::internal_funding()] } else { funding },
        data_level: "raw",
        group: about.group,
        investigators,
        project_name: job.project_name.as_deref().filter(|_| !strict),
        restrictions: about.restrictions,
        modality: job.modalities.iter().map(|m| m.modality.into()).collect(),
        related_data: [],
        data_summary: None,
    }))
}

/// What a person should know of the time in the description: the rig's clocks changed at it. Schema v1 writes the clock's time without an
/// offset.
pub fn remark_on_time(input: &DescriptionInput<'_>) -> Option<String> {
    let at = (input.job.manner.schema == Schema::V2).then(|| input.job.acq_datetime.civil())?;
    at_a_change(at, input.zone).map(|what| format!("acq_datetime {what}"))
}

fn second(input: &DescriptionInput<'_>) -> Result<Document, Fault> {
    let job = input.job;
    let funding = people::funding(Schema::V2, job, input.answered)?;
    let investigators = people::investigators(Schema::V2, job, input.answered);
    let lacks = [
        ("`project_name`", job.project_name.is_none()),
        ("`investigators`", investigators.is_empty()),
        ("`funding_source`", funding.is_empty()),
    ];
    let lacking: Vec<_> = lacks.iter().filter(|(_, lacks)| *lacks).map(|(name, _)| *name).collect();
    let (true, Some(project_name)) = (lacking.is_empty(), job.project_name.as_deref()) else {
        let what = format!("a `data_description.json` of schema v2 needs {}", lacking.join(" and "));
        return Err(Fault::new(Class::BadInput, what).help(
            "name them in the job, or the project and a metadata service that knows it, or bring the document in `metadata_dir`",
        ));
    };
    let about = Written::of(Schema::V2, &job.about)?;
    let mut modalities: Vec<Named> = Vec::new();
    for each in job.modalities.iter().map(|m| Named::in_v2(m.modality)) {
        if !modalities.contains(&each) {
            modalities.push(each);
        }
    }
    Ok(Document::of(&Second {
        object_type: "Data description",
        described_by: described_by("data_description"),
        schema_version: v2::DATA_DESCRIPTION,
        license: about.license,
        subject_id: &job.subject_id,
        creation_time: zoned(job.acq_datetime.civil(), input.zone),
        tags: about.tags,
        name: job.asset_name(),
        institution: about.institution,
        funding_source: funding,
        data_level: "raw",
        group: about.group,
        investigators,
        project_name,
        restrictions: about.restrictions,
        modalities,
        source_data: None,
        data_summary: None,
    }))
}

/// In the order of schema v1.
#[derive(Serialize)]
struct First<'a> {
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    license: &'static str,
    platform: Named,
    subject_id: &'a str,
    creation_time: String,
    label: Option<()>,
    name: String,
    institution: Value,
    funding_source: Vec<Value>,
    data_level: &'static str,
    group: Option<&'static str>,
    investigators: Vec<Value>,
    project_name: Option<&'a str>,
    restrictions: Option<&'a str>,
    modality: Vec<Named>,
    related_data: [(); 0],
    data_summary: Option<()>,
}

/// In the order of schema v2.
#[derive(Serialize)]
struct Second<'a> {
    object_type: &'static str,
    #[serde(rename = "describedBy")]
    described_by: String,
    schema_version: &'static str,
    license: &'static str,
    subject_id: &'a str,
    creation_time: String,
    tags: Option<&'a [String]>,
    name: String,
    institution: Value,
    funding_source: Vec<Value>,
    data_level: &'static str,
    group: Option<&'static str>,
    investigators: Vec<Value>,
    project_name: &'a str,
    restrictions: Option<&'a str>,
    modalities: Vec<Named>,
    source_data: Option<()>,
    data_summary: Option<()>,
}
