//! One short text for "the same input with the same parameters".

use adt_model::{LeftOut, Origin, Plan, Stage, StageName};

/// A checksum of everything in the plan that decides what the asset will hold.
///
/// Where the job was written down, messages, the ways of writing (dry run, force, a temporary folder), the other jobs in its list, and
/// what services answer or are asked to start do not count: whether a job is done is known without a request.
pub fn fingerprint(plan: &Plan) -> String {
    let what_counts = Plan {
        origin: Origin::default(),
        dry_run: false,
        force: false,
        temp_directory: None,
        stages: plan.stages.iter().filter(|stage| counts(stage.name)).map(of_this_job).collect(),
        documents: Vec::new(),
        notes: Vec::new(),
        left_out: LeftOut::default(),
        obstacles: Vec::new(),
        ..plan.clone()
    };
    let text = serde_json::to_vec(&what_counts).expect("a plan has only string keys");
    format!("{:016x}", fnv1a(&text))
}

fn counts(stage: StageName) -> bool {
    !matches!(stage, StageName::Documents | StageName::Upload | StageName::Trigger)
}

/// The stage without what depends on other jobs.
fn of_this_job(stage: &Stage) -> Stage {
    let mut stage = stage.clone();
    for folder in stage.steps.iter_mut().filter_map(|step| step.action.folder_mut()) {
        folder.shielded.clear();
    }
    stage
}

/// FNV-1a, 64 bit: enough to tell an edited job from an unedited one; nobody attacks it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
