//! A plan as text.

use std::fmt::Write;

use adt_model::{Action, FolderWork, Plan, Step};

/// What would be done, step by step.
pub(crate) fn plan(plan: &Plan) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} ({})", plan.name, plan.origin);
    let _ = writeln!(text, "  to {}", plan.asset);
    let _ = writeln!(text, "  reads {} files, {}", plan.files, plan.bytes);
    if let Some(temp) = &plan.temp_directory {
        let _ = writeln!(text, "  built in a fresh folder below {temp} first, which is removed afterwards");
    }
    if plan.dry_run {
        let _ = writeln!(text, "  dry run: nothing is written");
    }
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    for (number, step) in steps.enumerate() {
        let _ = writeln!(text, "  {}. {}", number + 1, describe(step));
    }
    for note in &plan.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    for obstacle in &plan.obstacles {
        let _ = writeln!(
            text,
            "  CANNOT: {} = `{}`: {}",
            obstacle.column,
            obstacle.value.as_deref().unwrap_or(""),
            obstacle.what
        );
        let _ = writeln!(text, "          {}", obstacle.valid);
    }
    text
}

fn describe(step: &Step) -> String {
    match &step.action {
        Action::CopyFolder { folder, under } => {
            format!("copy {} to {under}/{}", from(folder), without(folder))
        }
        Action::ZipFolder { folder, key, level, .. } => {
            format!("zip {} to {key}, deflate level {level}{}", from(folder), without(folder))
        }
        Action::CopyDocuments { from, documents } => {
            let names: Vec<_> = documents.iter().map(|d| d.name.as_str()).collect();
            format!("copy documents from {from}: {}", names.join(", "))
        }
        Action::WriteDocuments { names } => format!("write {}", names.join(", ")),
        Action::UploadBuilt => "upload what was built".into(),
        Action::Verify => "verify that the destination holds everything".into(),
        Action::WriteRecord => "write metadata.nd.json, the mark of a complete asset".into(),
    }
}

fn from(folder: &FolderWork) -> String {
    format!("{} ({} files, {})", folder.source, folder.files, folder.bytes)
}

fn without(folder: &FolderWork) -> String {
    if folder.leave_out.is_empty() {
        return String::new();
    }
    let names: Vec<_> = folder.leave_out.iter().map(ToString::to_string).collect();
    format!(", without {}", names.join(", "))
}
