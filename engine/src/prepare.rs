//! Everything a job needs from the lab's services, asked for before any work is done.
//!
//! In order: the parameter that holds the endpoints, the secrets, Code Ocean (whether it would take the request), the metadata
//! service. `adt check` asks the same questions in the same order.

use std::{collections::BTreeMap, sync::Arc};

use adt_intake::endpoints;
use adt_metadata::{
    Answered, DescriptionInput, Document, data_description, remark_on_time, service_document, unknown_about,
};
use adt_model::{
    Choice, Class, DocumentFacts, DocumentSource, Facts, Fault, Gathered, JobSpec, MetadataMissing, Problem,
    ProblemKind, Schema, Secret,
};
use adt_plan::{Answer as Said, choose, to_ask};
use adt_services::{
    code_ocean::CodeOcean,
    metadata_service::{Answer, MetadataService},
};

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::services::{Needed, Services};

const DESCRIPTION: &str = "data_description.json";

/// Hears of requests that are tried again.
pub type Told = Arc<dyn Fn(&str) + Send + Sync>;

/// What a job works with beside what its list says.
#[derive(Debug, Default)]
pub struct Prepared {
    /// What is shown in the plan.
    pub gathered: Gathered,
    /// Documents of the metadata service, and the description made from its answers, by file name.
    pub documents: BTreeMap<String, Document>,
    /// Encrypts the behaviour videos, where there are some.
    pub password: Option<Secret>,
    /// Allows triggering, where that is asked for.
    pub token: Option<Secret>,
}

/// The job with the endpoints that its parameter brings; the list wins over the parameter. The notes say what of it was passed over.
pub async fn resolve(spec: &JobSpec, services: &Services) -> Result<(JobSpec, Vec<String>), Fault> {
    let Some(name) = &spec.endpoints.aws_param_store_name else { return Ok((spec.clone(), Vec::new())) };
    let text = services.aws.parameter(name, false).await?;
    let (brought, notes) = endpoints(&text, name)?;
    let mut spec = spec.clone();
    spec.endpoints = spec.endpoints.or(&brought);
    // Everything that the parameter could bring has been brought.
    spec.endpoints.aws_param_store_name = None;
    Ok((spec, notes))
}

/// Asks everything that `spec` (resolved) needs; the first fault ends it. `told` hears of requests that are tried again.
pub async fn ask(
    spec: &JobSpec,
    facts: &Facts,
    services: &Services,
    zone: &TimeZone,
    told: Told,
) -> Result<Prepared, Fault> {
    let mut prepared = Prepared::default();
    password(spec, facts, services, &mut prepared).await?;
    token(spec, services, &mut prepared).await?;
    match pipeline(spec, services, &told, &prepared).await {
        // It may be back when the asset is complete, and then it is asked again.
        Err(fault) if fault.class() == Class::Transient => prepared.gathered.notes.push(fault.line()),
        asked => asked?,
    }
    metadata(spec, facts, services, &told, zone, &mut prepared).await?;
    Ok(prepared)
}

/// Fetches only what ordering the pipeline needs. Code Ocean is not asked: an order may have been made that it must be asked about first.
pub async fn for_pipeline(spec: &JobSpec, services: &Services) -> Result<Prepared, Fault> {
    let mut prepared = Prepared::default();
    token(spec, services, &mut prepared).await?;
    Ok(prepared)
}

/// Asks the same, to the end: every fault, with the column it concerns, and what a person should know.
pub async fn examine(
    spec: &JobSpec,
    facts: &Facts,
    services: &Services,
    zone: &TimeZone,
) -> (Prepared, Vec<(&'static str, Fault)>) {
    let told: Told = Arc::new(|_| {});
    let mut prepared = Prepared::default();
    let asked = [
        (Needed::PASSWORD.column, password(spec, facts, services, &mut prepared).await),
        (Needed::TOKEN.column, token(spec, services, &mut prepared).await),
        ("codeocean_domain", pipeline(spec, services, &told, &prepared).await),
        ("metadata_service_domain", metadata(spec, facts, services, &told, zone, &mut prepared).await),
    ];
    // A value that the schema does not know is told under its own name.
    let own = |column| match unknown_about(spec.manner.schema, &spec.about) {
        Some((name, _)) if column == "metadata_service_domain" => name,
        _ => column,
    };
    let faults = asked.into_iter().filter_map(|(column, asked)| Some((own(column), asked.err()?))).collect();
    (prepared, faults)
}

/// A value of the job that its schema does not know, unless the rig brings the description itself.
pub fn unknown_word(spec: &JobSpec, facts: &Facts) -> Option<Problem> {
    if spec.manner.strict_compat
        || facts.documents.iter().any(|document| document.name == "data_description.json")
    {
        return None;
    }
    let (column, fault) = unknown_about(spec.manner.schema, &spec.about)?;
    Some(Problem {
        origin: spec.origin.clone(),
        column: column.to_owned(),
        value: None,
        what: fault.line(),
        valid: fault.advice().unwrap_or_default().to_owned(),
        kind: ProblemKind::World,
    })
}

/// Only where there is something to encrypt.
async fn password(
    spec: &JobSpec,
    facts: &Facts,
    services: &Services,
    prepared: &mut Prepared,
) -> Result<(), Fault> {
    let videos = facts.behavior.as_ref().is_some_and(|behavior| behavior.videos > 0);
    if let Some(reference) = spec.endpoints.video_encryption_password.as_ref().filter(|_| videos) {
        prepared.password = Some(services.secret(&Needed::PASSWORD, reference).await?);
    }
    Ok(())
}

/// Only where a pipeline is to be started.
async fn token(spec: &JobSpec, services: &Services, prepared: &mut Prepared) -> Result<(), Fault> {
    let wanted = spec.endpoints.wants_pipeline();
    if let Some(reference) = spec.endpoints.codeocean_api_token.as_ref().filter(|_| wanted) {
        prepared.token = Some(services.secret(&Needed::TOKEN, reference).await?);
    }
    Ok(())
}

/// A token that is refused, or a capsule that nobody knows, is better found now than after hours of upload.
async fn pipeline(
    spec: &JobSpec,
    services: &Services,
    told: &Told,
    prepared: &Prepared,
) -> Result<(), Fault> {
    let endpoints = &spec.endpoints;
    let (Some(domain), Some(capsule), Some(token)) =
        (&endpoints.codeocean_domain, &endpoints.codeocean_trigger_capsule_id, &prepared.token)
    else {
        return Ok(());
    };
    let options = services.options_for(domain, Arc::clone(told));
    let code_ocean = CodeOcean::open(domain, token.clone(), &options)?;
    services.answered(domain, code_ocean.check(capsule).await)
}

async fn metadata(
    spec: &JobSpec,
    facts: &Facts,
    services: &Services,
    told: &Told,
    zone: &TimeZone,
    prepared: &mut Prepared,
) -> Result<(), Fault> {
    let mut said = BTreeMap::new();
    let mut answered = Answered::default();
    if let Some(domain) = &spec.endpoints.metadata_service_domain {
        let options = services.options_for(domain, Arc::clone(told));
        let service = MetadataService::open(domain, spec.manner.metadata_api, spec.manner.schema, &options)?;
        let desk = Desk { service, domain, services, spec, facts };
        let questions = to_ask(spec, &facts.documents).into_iter().map(|name| desk.document(name));
        let (documents, of_project) =
            futures::try_join!(futures::future::try_join_all(questions), desk.project())?;
        answered = of_project;
        for (name, answer, document) in documents {
            prepared.documents.extend(document.map(|document| (name.to_owned(), document)));
            said.insert(name, answer);
        }
    }
    let answer = |name| said.get(name).cloned().unwrap_or(Said::NotAsked);
    let mut choices = choose(spec, &facts.documents, answer);
    describe(spec, &answered, zone, &mut choices, &mut prepared.documents)?;
    prepared.gathered.choices = choices;
    Ok(())
}

/// Makes the description now, so that what it lacks is found before any work.
fn describe(
    spec: &JobSpec,
    answered: &Answered,
    zone: &TimeZone,
    choices: &mut [Choice],
    documents: &mut BTreeMap<String, Document>,
) -> Result<(), Fault> {
    let generated =
        |choice: &&mut Choice| choice.name == DESCRIPTION && choice.from == DocumentSource::Generated;
    let Some(choice) = choices.iter_mut().find(generated) else { return Ok(()) };
    let input = DescriptionInput { job: spec, answered, zone };
    match data_description(&input) {
        Ok(document) => {
            let said = choice.remark.take().into_iter().chain(remark_on_time(&input));
            choice.remark = Some(said.collect::<Vec<_>>().join("; ")).filter(|remark| !remark.is_empty());
            documents.insert(DESCRIPTION.to_owned(), document);
        }
        Err(fault) if spec.manner.metadata_missing == MetadataMissing::Allow => {
            choice.from = DocumentSource::Missing;
            choice.remark = Some(fault.line());
        }
        Err(fault) => return Err(fault),
    }
    Ok(())
}

/// Where the questions of one job to the metadata service are asked.
struct Desk<'a> {
    service: MetadataService,
    domain: &'a str,
    services: &'a Services,
    spec: &'a JobSpec,
    facts: &'a Facts,
}

impl Desk<'_> {
    /// Asks for one document. Without it, and without one in the folder, the job goes on only where that is allowed.
    async fn document(&self, name: &'static str) -> Result<(&'static str, Said, Option<Document>), Fault> {
        let id = &self.spec.subject_id;
        let answer = match name {
            "subject.json" => self.service.subject(id).await,
            _ => self.service.procedures(id).await,
        };
        let brought = has(&self.facts.documents, name);
        let may_do_without = brought || self.spec.manner.metadata_missing == MetadataMissing::Allow;
        match self.services.answered(self.domain, answer) {
            Ok(Answer::Found { text, remark, .. }) => {
                let document = service_document(name, &text, id)?;
                Ok((name, Said::Found(remark), Some(document)))
            }
            Ok(Answer::Missing { said }) if may_do_without => Ok((name, Said::NotFound(said), None)),
            Ok(Answer::Missing { said }) => Err(missing(name, &said)),
            Err(fault) if may_do_without && fault.class() != Class::Cancelled => {
                Ok((name, Said::NotFound(fault.line()), None))
            }
            Err(fault) => Err(advised(fault)),
        }
    }

    /// Who pays and who leads, for a description that is generated. Schema v1 does without, v2 cannot.
    async fn project(&self) -> Result<Answered, Fault> {
        let (spec, service) = (self.spec, &self.service);
        let described = has(&self.facts.documents, DESCRIPTION);
        let (Some(project), false, false) = (&spec.project_name, described, spec.manner.strict_compat) else {
            return Ok(Answered::default());
        };
        let required = spec.manner.metadata_missing == MetadataMissing::Require;
        let needed = spec.manner.schema == Schema::V2 && required;
        let mut answered = Answered::default();
        if spec.people.funding.is_empty() {
            answered.funding = of_project("funding", service.funding(project).await, needed)?;
        }
        if spec.people.investigators.is_empty() {
            answered.investigators =
                of_project("investigators", service.investigators(project).await, false)?;
        }
        Ok(answered)
    }
}

fn of_project(what: &str, answer: Result<Answer, Fault>, needed: bool) -> Result<Vec<Value>, Fault> {
    let help =
        "name them in the job list (`investigators`, `funding_source`), or set `metadata_missing` to `allow`";
    match answer {
        Ok(Answer::Found { text, .. }) => match serde_json::from_str(&text) {
            Ok(Value::Array(list)) => Ok(list),
            Ok(one) => Ok(vec![one]),
            // It was read as JSON before.
            Err(_) => Ok(Vec::new()),
        },
        Ok(Answer::Missing { said }) if needed => {
            let what = format!("the metadata service knows no {what} of the project: {said}");
            Err(Fault::new(Class::Missing, what).help(help))
        }
        Err(fault) if needed => Err(advised(fault)),
        Ok(Answer::Missing { .. }) | Err(_) => Ok(Vec::new()),
    }
}

fn missing(name: &str, said: &str) -> Fault {
    Fault::new(Class::Missing, format!("the metadata service has no `{name}`: {said}")).help(format!(
        "put `{name}` into `metadata_dir`, or set `metadata_missing` to `allow` to go on without it"
    ))
}

fn advised(fault: Fault) -> Fault {
    if fault.advice().is_some() {
        return fault;
    }
    fault.help("run the same command again when the service answers, or set `metadata_missing` to `allow`")
}

fn has(brought: &[DocumentFacts], name: &str) -> bool {
    brought.iter().any(|document| document.name == name)
}
