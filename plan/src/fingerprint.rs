//! One short text for "the same input with the same parameters".

use adt_model::{Origin, Plan, StageName};

/// A checksum of everything in the plan that decides what the asset will hold.
///
/// Where the job was written down, what a person is told, the ways of writing (dry run, force, a temporary folder), and what services
/// answer or are asked to start do not count: a job that is done can be told without asking anybody.
pub fn fingerprint(plan: &Plan) -> String {
    let what_counts = Plan {
        origin: Origin::default(),
        dry_run: false,
        force: false,
        temp_directory: None,
        stages: plan.stages.iter().filter(|stage| counts(stage.name)).cloned().collect(),
        documents: Vec::new(),
        notes: Vec::new(),
        obstacles: Vec::new(),
        ..plan.clone()
    };
    let text = serde_json::to_vec(&what_counts).expect("a plan has only string keys");
    format!("{:016x}", fnv1a(&text))
}

fn counts(stage: StageName) -> bool {
    !matches!(stage, StageName::Documents | StageName::Upload | StageName::Trigger)
}

/// FNV-1a, 64 bit: enough to tell an edited job from an unedited one; nobody attacks it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
