//! A plan as text.

use adt_model::{Action, ByteSize, FolderWork, Plan, Step};
use adt_plan::cluster::simulate::Load;

use super::count;

/// What would be done, step by step; for a job that cannot be started, why.
pub(crate) fn plan(plan: &Plan) -> String {
    let mut text = String::new();
    line!(text, "{} ({})", plan.name, plan.origin);
    line!(text, "  to {}", plan.asset);
    if plan.obstacles.is_empty() {
        deeds(plan, &mut text);
    } else {
        obstacles(plan, &mut text);
    }
    text
}

/// How the stages of shared work fall on so many tasks.
pub(crate) fn simulated(name: &str, tasks: u64, stages: &[Load]) -> String {
    let mut text = format!("{name} on {}\n", count(tasks, "task"));
    for (number, stage) in stages.iter().enumerate() {
        line!(text, "  stage {number}: {}, {}", count(stage.items, "item"), ByteSize(stage.bytes));
        line!(
            text,
            "    each task: {} at most, {} on average, {} the longest",
            count(stage.most_items, "item"),
            ByteSize(stage.bytes / tasks),
            ByteSize(stage.longest)
        );
        let waste = if stage.longest == 0 {
            0.0
        } else {
            100.0 * stage.idle as f64 / (stage.longest as f64 * tasks as f64)
        };
        line!(text, "    the barrier behind it costs {waste:.1} % of the stage");
    }
    line!(text, "  then the end, by one process: later sizes of images, documents, record");
    text
}

fn deeds(plan: &Plan, text: &mut String) {
    line!(text, "  reads {}, {}", count(plan.files, "file"), plan.bytes);
    if let Some(temp) = &plan.temp_directory {
        line!(text, "  built in a fresh folder below {temp} first, which is removed afterwards");
    }
    if plan.dry_run {
        line!(text, "  dry run: all of it is done except that nothing is written");
    }
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    for (number, step) in steps.enumerate() {
        line!(text, "  {}. {}", number + 1, describe(step));
    }
    for note in &plan.notes {
        line!(text, "  note: {note}");
    }
}

fn obstacles(plan: &Plan, text: &mut String) {
    for obstacle in &plan.obstacles {
        part!(text, "  CANNOT START: {}", obstacle.column);
        if let Some(value) = &obstacle.value {
            part!(text, " = `{value}`");
        }
        line!(text, ": {}", obstacle.what);
        if !obstacle.valid.is_empty() {
            line!(text, "    help: {}", obstacle.valid);
        }
    }
}

fn describe(step: &Step) -> String {
    match &step.action {
        Action::CopyFolder { folder, under } => {
            format!("copy {} to {under}/{}", from(folder), without(folder))
        }
        Action::ZipFolder { folder, key, .. } => {
            format!("zip {} to {key}{}", from(folder), without(folder))
        }
        Action::CompressEphys { folder, under, config, streams } => {
            // The folder may not be on this machine.
            let streams = if *streams == 0 { "the streams".to_owned() } else { count(*streams, "stream") };
            format!(
                "compress {streams} of {} to {under}/ ({}){}",
                from(folder),
                config.codec,
                without(folder)
            )
        }
        Action::WriteOmeZarr { folder, under, config, tiles, .. } => {
            let tiles = count(*tiles, "image");
            let under = under.as_ref().map(|under| format!(" to {under}/")).unwrap_or_default();
            format!("write {tiles} of {}{under} as OME-Zarr (Zarr {})", from(folder), config.format)
        }
        Action::ClipEphys { folder, under, frames, .. } => {
            let frames = count(*frames, "frame");
            format!("copy {} to {under}/, of each recording {frames}{}", folder.source, without(folder))
        }
        Action::SendBehavior { folder, videos, under, encryption } => {
            let videos = count(*videos, "video");
            format!("send {} to {under}/, {videos} encrypted ({encryption})", from(folder))
        }
        Action::CopyDocuments { from, documents } => {
            let names: Vec<_> = documents.iter().map(|d| d.name.as_str()).collect();
            format!("copy documents from {from}: {}", names.join(", "))
        }
        Action::WriteDocuments { names } => format!("write {}", names.join(", ")),
        Action::UploadBuilt => "upload what was built".into(),
        Action::Verify => "verify that the destination holds everything".into(),
        Action::WriteRecord => "write metadata.nd.json, the mark of a complete asset".into(),
        Action::Trigger(trigger) => {
            format!(
                "start the pipeline `{}` by capsule {} at {}",
                trigger.job_type, trigger.capsule, trigger.domain
            )
        }
    }
}

fn from(folder: &FolderWork) -> String {
    format!("{} ({}, {})", folder.source, count(folder.files, "file"), folder.bytes)
}

fn without(folder: &FolderWork) -> String {
    if folder.leave_out.is_empty() {
        return String::new();
    }
    let names: Vec<_> = folder.leave_out.iter().map(ToString::to_string).collect();
    format!(", without {}", names.join(", "))
}
