//! The documents that describe an asset: where each of them comes from.
//!
//! | document | `metadata_dir_force` | otherwise |
//! |---|---|---|
//! | `subject.json`, `procedures.json` | folder, else service | service, else folder |
//! | `data_description.json` | folder, else generated | folder, else generated |
//! | `processing.json` | folder, else generated | generated |
//! | `metadata.nd.json` | generated | generated |
//! | every other `*.json` of the folder | folder | folder |

use adt_model::{Action, Choice, DocumentFacts, DocumentSource, Facts, JobSpec, Step};

use crate::RECORD;

/// What the metadata service knows about an animal.
pub const OF_THE_SERVICE: [&str; 2] = ["subject.json", "procedures.json"];

pub(crate) const DESCRIPTION: &str = "data_description.json";
const PROCESSING: &str = "processing.json";

/// What came of asking the metadata service for a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has not been asked yet, and will be.
    Pending,
    /// There is nobody to ask, or no need.
    NotAsked,
    /// It has the document, with a remark where that is not quite right.
    Found(Option<String>),
    /// It has none; its words.
    NotFound(String),
}

/// Documents that the metadata service must be asked for: none where no service is named, and none that the folder decides.
pub fn to_ask(spec: &JobSpec, brought: &[DocumentFacts]) -> Vec<&'static str> {
    if spec.endpoints.metadata_service_domain.is_none() {
        return Vec::new();
    }
    let decided = |name: &str| spec.metadata_dir_force && has(brought, name);
    OF_THE_SERVICE.into_iter().filter(|name| !decided(name)).collect()
}

/// Where each document comes from, given what the service said of those it was asked for.
pub fn choose(
    spec: &JobSpec,
    brought: &[DocumentFacts],
    answer: impl Fn(&'static str) -> Answer,
) -> Vec<Choice> {
    let mut choices: Vec<_> =
        OF_THE_SERVICE.into_iter().map(|name| of_the_service(name, spec, brought, &answer(name))).collect();
    choices.push(generated(DESCRIPTION, has(brought, DESCRIPTION)));
    choices.push(generated(PROCESSING, has(brought, PROCESSING) && spec.metadata_dir_force));
    if has(brought, PROCESSING) {
        let remark = if spec.metadata_dir_force {
            "it is the metadata folder's and does not say what this program does"
        } else {
            "the metadata folder's file of that name is passed over"
        };
        choices.last_mut().expect("one was just pushed").remark = Some(remark.to_owned());
    }
    choices
}

fn of_the_service(name: &'static str, spec: &JobSpec, brought: &[DocumentFacts], answer: &Answer) -> Choice {
    let there = has(brought, name);
    let (from, remark) = match answer {
        _ if there && spec.metadata_dir_force => (DocumentSource::Folder, None),
        Answer::Pending => (DocumentSource::Service, None),
        Answer::Found(remark) => {
            let over = there.then(|| {
                "the metadata folder's file of that name is passed over (`metadata_dir_force` is not set)"
                    .to_owned()
            });
            let both: Vec<_> = remark.iter().cloned().chain(over).collect();
            (DocumentSource::Service, (!both.is_empty()).then(|| both.join("; ")))
        }
        Answer::NotFound(said) if there => (DocumentSource::Folder, Some(said.clone())),
        Answer::NotFound(said) => (DocumentSource::Missing, Some(said.clone())),
        Answer::NotAsked if there => (DocumentSource::Folder, None),
        Answer::NotAsked => (DocumentSource::Missing, None),
    };
    Choice { name: name.to_owned(), from, remark }
}

fn generated(name: &str, brought: bool) -> Choice {
    let from = if brought { DocumentSource::Folder } else { DocumentSource::Generated };
    Choice { name: name.to_owned(), from, remark: None }
}

fn has(brought: &[DocumentFacts], name: &str) -> bool {
    brought.iter().any(|document| document.name == name)
}

/// The choices as far as they are known; the service is taken to have what it will be asked for.
pub(crate) fn choices(spec: &JobSpec, facts: &Facts) -> Vec<Choice> {
    if let Some(gathered) = &facts.gathered {
        return gathered.choices.clone();
    }
    let asked = to_ask(spec, &facts.documents);
    let answer = |name| if asked.contains(&name) { Answer::Pending } else { Answer::NotAsked };
    choose(spec, &facts.documents, answer)
}

pub(crate) fn steps(spec: &JobSpec, facts: &Facts, choices: &[Choice]) -> Vec<Step> {
    let mut steps = Vec::new();
    let chosen = |name: &str| choices.iter().find(|choice| choice.name == name);
    let goes_along = |document: &&DocumentFacts| {
        document.name != RECORD
            && chosen(&document.name).is_none_or(|choice| choice.from == DocumentSource::Folder)
    };
    let documents: Vec<_> = facts.documents.iter().filter(goes_along).cloned().collect();
    if let (Some(from), false) = (&spec.metadata_dir, documents.is_empty()) {
        let action = Action::CopyDocuments { from: from.clone(), documents };
        steps.push(Step { id: "copy documents".into(), action });
    }
    let ours = |choice: &&Choice| matches!(choice.from, DocumentSource::Service | DocumentSource::Generated);
    let names = choices.iter().filter(ours).map(|choice| choice.name.clone()).collect();
    steps.push(Step { id: "write documents".into(), action: Action::WriteDocuments { names } });
    steps
}
