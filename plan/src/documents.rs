//! The documents that describe an asset: which are brought, which are generated.

use adt_model::{Action, Facts, JobSpec, Step};

use crate::RECORD;

/// What the tool generates itself, whatever a metadata folder brings.
const ALWAYS_GENERATED: [&str; 2] = ["processing.json", RECORD];

pub(crate) fn steps(spec: &JobSpec, facts: &Facts) -> Vec<Step> {
    let mut steps = Vec::new();
    let brought: Vec<_> = facts.documents.iter().filter(|d| is_brought(&d.name)).cloned().collect();
    let described = brought.iter().any(|d| d.name == "data_description.json");
    if let (Some(from), false) = (&spec.metadata_dir, brought.is_empty()) {
        let action = Action::CopyDocuments { from: from.clone(), documents: brought };
        steps.push(Step { id: "copy documents".into(), action });
    }
    let mut names = vec!["processing.json".to_owned()];
    if !described {
        names.insert(0, "data_description.json".to_owned());
    }
    steps.push(Step { id: "write documents".into(), action: Action::WriteDocuments { names } });
    steps
}

/// Whether a metadata folder's file of this name goes along.
pub(crate) fn is_brought(name: &str) -> bool {
    !ALWAYS_GENERATED.contains(&name)
}
