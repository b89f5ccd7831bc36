//! Plans of the interesting jobs, as a person would read them; and what makes two inputs the same.

use std::fmt::Write;

use adt_model::{
    BehaviorFacts, Crc64, DocumentFacts, DocumentSource, Endpoints, EphysFacts, Gathered, JobSpec, LeftOut,
    Location, LogLevel, Modality, Origin, Schema, SecretRef, Standing,
};
use insta::{assert_json_snapshot, assert_snapshot};
use rstest::rstest;

use super::*;

/// A job without modalities.
fn job() -> JobSpec {
    JobSpec {
        origin: Origin { source: "jobs.csv".into(), row: Some(2) },
        destination: "s3://bucket".parse().unwrap(),
        platform: "SmartSPIM".parse().unwrap(),
        subject_id: "123456".into(),
        acq_datetime: "2023-10-12 08:32:18".parse().unwrap(),
        modalities: Vec::new(),
        temp_directory: None,
        behavior_dir: None,
        private: Vec::new(),
        metadata_dir: None,
        metadata_dir_force: false,
        dry_run: false,
        force_cloud_sync: false,
        log_level: LogLevel::Warning,
        processor_name: "service".into(),
        process_name: "Other".parse().unwrap(),
        project_name: None,
        people: adt_model::People::default(),
        about: adt_model::About::default(),
        manner: adt_model::Manner::default(),
        endpoints: Endpoints::default(),
    }
}

/// The job with a folder, and the facts with what was seen in it.
fn with(job: (JobSpec, Facts), modality: &str, source: &str, zip: bool) -> (JobSpec, Facts) {
    let (mut spec, mut facts) = job;
    let modality: Modality = modality.parse().unwrap();
    spec.modalities.push(ModalitySpec {
        folder: Key::parse(modality.abbreviation()).unwrap(),
        modality,
        source: source.into(),
        source_column: format!("modality{}.source", spec.modalities.len()),
        compress_raw_data: zip,
        skip_staging: false,
        extra_configs: None,
    });
    facts.folders.push(FolderFacts {
        path: source.into(),
        files: 3,
        bytes: 2048,
        fingerprint: "f1".into(),
        ephys: None,
        imaging: None,
        ..FolderFacts::default()
    });
    (spec, facts)
}

fn one(zip: bool) -> (JobSpec, Facts) {
    with((job(), Facts::default()), "SPIM", "/rig/brain", zip)
}

fn behavior(path: &str, videos: u64) -> BehaviorFacts {
    let folder = FolderFacts { path: path.into(), files: 2, bytes: 100, ..FolderFacts::default() };
    BehaviorFacts { folder, videos, unsealed: (4, vec!["a.mkv".into(), "b.mkv".into()]) }
}

fn documents(names: &[&str]) -> Vec<DocumentFacts> {
    let document = |name: &&str| DocumentFacts { name: (*name).to_owned(), bytes: 2, crc64: Crc64(7) };
    names.iter().map(document).collect()
}

/// Each step on a line below its stage.
fn steps(plan: &Plan) -> String {
    let mut text = String::new();
    for stage in &plan.stages {
        for step in &stage.steps {
            let deed = match &step.action {
                Action::CopyFolder { folder, under } => {
                    format!("{} -> {under}/ without {:?}", folder.source, folder.leave_out)
                }
                Action::ZipFolder { folder, key, entry_root } => {
                    format!("{} -> {key} as {entry_root}/ without {:?}", folder.source, folder.leave_out)
                }
                Action::CopyDocuments { from, documents } => {
                    let names: Vec<_> = documents.iter().map(|d| &d.name).collect();
                    format!("{from} {names:?}")
                }
                Action::WriteDocuments { names } => format!("{names:?}"),
                Action::SendBehavior { folder, videos, under, encryption } => {
                    format!("{} -> {under}/ with {videos} videos by {encryption}", folder.source)
                }
                Action::Trigger(trigger) => format!("{} by {}", trigger.job_type, trigger.capsule),
                Action::CompressEphys { under, .. } | Action::ClipEphys { under, .. } => under.to_string(),
                Action::WriteOmeZarr { under, tiles, .. } => format!("{tiles} to {under:?}"),
                Action::UploadBuilt | Action::Verify | Action::WriteRecord => String::new(),
            };
            let line = format!("{:?} | {} | {deed}", stage.name, step.id);
            let _ = writeln!(text, "{}", line.trim_end_matches(" | "));
        }
    }
    text
}

fn notes(spec: &JobSpec, facts: &Facts) -> String {
    plan(spec, facts).notes.join("\n")
}

#[test]
fn a_folder_as_it_is() {
    let (spec, facts) = one(false);
    assert_snapshot!(steps(&plan(&spec, &facts)), @r#"
    Data | copy SPIM | /rig/brain -> SPIM/ without []
    Documents | write documents | ["data_description.json", "processing.json"]
    Verify | verify
    Record | record
    "#);
}

#[test]
fn a_folder_as_one_zip() {
    let (spec, facts) = one(true);
    assert_snapshot!(steps(&plan(&spec, &facts)), @r#"
    Data | zip SPIM | /rig/brain -> SPIM/brain.zip as brain/ without []
    Documents | write documents | ["data_description.json", "processing.json"]
    Verify | verify
    Record | record
    "#);
}

/// What `adt plan --json` prints and the ledger keeps.
#[test]
fn a_plan_is_json() {
    let (spec, facts) = one(true);
    assert_json_snapshot!(plan(&spec, &facts), @r#"
    {
      "origin": {
        "source": "jobs.csv",
        "row": 2
      },
      "name": "SmartSPIM_123456_2023-10-12_08-32-18",
      "asset": "s3://bucket/SmartSPIM_123456_2023-10-12_08-32-18",
      "dry_run": false,
      "force": false,
      "temp_directory": null,
      "files": 3,
      "bytes": 2048,
      "schema": "v1",
      "brought": [],
      "documents": [
        {
          "name": "subject.json",
          "from": "missing"
        },
        {
          "name": "procedures.json",
          "from": "missing"
        },
        {
          "name": "data_description.json",
          "from": "generated"
        },
        {
          "name": "processing.json",
          "from": "generated"
        }
      ],
      "stages": [
        {
          "name": "data",
          "steps": [
            {
              "id": "zip SPIM",
              "action": {
                "do": "zip-folder",
                "folder": {
                  "source": "/rig/brain",
                  "leave_out": [],
                  "files": 3,
                  "bytes": 2048,
                  "fingerprint": "f1"
                },
                "key": "SPIM/brain.zip",
                "entry_root": "brain"
              }
            }
          ]
        },
        {
          "name": "documents",
          "steps": [
            {
              "id": "write documents",
              "action": {
                "do": "write-documents",
                "names": [
                  "data_description.json",
                  "processing.json"
                ]
              }
            }
          ]
        },
        {
          "name": "verify",
          "steps": [
            {
              "id": "verify",
              "action": {
                "do": "verify"
              }
            }
          ]
        },
        {
          "name": "record",
          "steps": [
            {
              "id": "record",
              "action": {
                "do": "write-record"
              }
            }
          ]
        }
      ],
      "notes": [
        "no Code Ocean settings: no pipeline is triggered",
        "`subject.json` and `procedures.json`: the asset does without, and its record says so (no metadata service and no `metadata_dir` is named)"
      ]
    }
    "#);
}

#[test]
fn a_session_without_folders_is_its_documents() {
    assert_snapshot!(steps(&plan(&job(), &Facts::default())), @r#"
    Documents | write documents | ["data_description.json", "processing.json"]
    Verify | verify
    Record | record
    "#);
    assert_snapshot!(notes(&job(), &Facts::default()), @r#"
    no modality is named: only metadata is uploaded
    no Code Ocean settings: no pipeline is triggered
    `subject.json` and `procedures.json`: the asset does without, and its record says so (no metadata service and no `metadata_dir` is named)
    "#);
}

#[test]
fn a_temporary_folder_adds_one_stage() {
    let (mut spec, facts) = one(false);
    spec.temp_directory = Some("/scratch".into());
    assert_snapshot!(steps(&plan(&spec, &facts)), @r#"
    Data | copy SPIM | /rig/brain -> SPIM/ without []
    Documents | write documents | ["data_description.json", "processing.json"]
    Upload | upload
    Verify | verify
    Record | record
    "#);
}

#[test]
fn behaviour_data_is_left_out_of_every_folder_that_holds_it() {
    let job = with((job(), Facts::default()), "SPIM", "/rig/brain", false);
    let job = with(job, "confocal", "/rig", true);
    let (mut spec, mut facts) = with(job, "MRI", "/rig/brain/Videos_extra", false);
    spec.behavior_dir = Some("brain/Videos".into());
    facts.behavior = Some(behavior("/rig/brain/Videos", 1));
    assert_snapshot!(steps(&plan(&spec, &facts)), @r#"
    Data | copy SPIM | /rig/brain -> SPIM/ without ["/rig/brain/Videos"]
    Data | zip confocal | /rig -> confocal/rig.zip as rig/ without ["/rig/brain/Videos"]
    Data | copy MRI | /rig/brain/Videos_extra -> MRI/ without []
    Data | behavior | /rig/brain/Videos -> behavior/ with 1 videos by aes256
    Documents | write documents | ["data_description.json", "processing.json"]
    Verify | verify
    Record | record
    "#);
}

#[test]
fn a_metadata_folder_brings_what_it_has() {
    let (mut spec, mut facts) = one(false);
    spec.metadata_dir = Some("/rig/metadata".into());
    facts.documents = documents(&["procedures.json", "session.json", "subject.json"]);
    assert_snapshot!(steps(&plan(&spec, &facts)), @r#"
    Data | copy SPIM | /rig/brain -> SPIM/ without []
    Documents | copy documents | /rig/metadata ["procedures.json", "session.json", "subject.json"]
    Documents | write documents | ["data_description.json", "processing.json"]
    Verify | verify
    Record | record
    "#);
    assert_snapshot!(notes(&spec, &facts), @r#"
    no Code Ocean settings: no pipeline is triggered
    `subject.json` and `procedures.json`: from `/rig/metadata`
    "#);
}

#[test]
fn a_data_description_that_is_brought_is_not_generated() {
    let (mut spec, mut facts) = one(false);
    spec.metadata_dir = Some("/rig/metadata".into());
    facts.documents = documents(&["data_description.json", "metadata.nd.json", "processing.json"]);
    assert_snapshot!(steps(&plan(&spec, &facts)), @r#"
    Data | copy SPIM | /rig/brain -> SPIM/ without []
    Documents | copy documents | /rig/metadata ["data_description.json"]
    Documents | write documents | ["processing.json"]
    Verify | verify
    Record | record
    "#);
    assert_snapshot!(notes(&spec, &facts), @r#"
    no Code Ocean settings: no pipeline is triggered
    processing.json: the metadata folder's file of that name is passed over
    `data_description.json`: from `/rig/metadata`
    `subject.json` and `procedures.json`: the asset does without, and its record says so (not in `/rig/metadata`, and no metadata service is named)
    `metadata.nd.json` of the metadata folder is not used: the tool writes its own
    "#);
}

#[rstest]
#[case(Standing::Free, false, "")]
#[case(Standing::Free, true, "")]
#[case(Standing::Begun, false, "goes on where it was")]
#[case(Standing::Done, false, "nothing will be done")]
#[case(Standing::Done, true, "what differs at the destination is replaced, nothing is deleted")]
#[case(Standing::DoneOtherwise, false, "the input has changed: refused unless `force_cloud_sync`")]
#[case(Standing::DoneOtherwise, true, "nothing is deleted")]
#[case(Standing::Foreign, false, "exists already: refused unless `force_cloud_sync`")]
#[case(Standing::Foreign, true, "nothing is deleted")]
fn what_stands_at_the_destination_is_told(
    #[case] standing: Standing,
    #[case] force: bool,
    #[case] told: &str,
) {
    let (mut spec, mut facts) = one(false);
    spec.force_cloud_sync = force;
    facts.standing = standing;
    let plan = plan(&spec, &facts);
    let usual = 2;
    assert_eq!(plan.notes.len(), usual + usize::from(!told.is_empty()), "{:?}", plan.notes);
    assert!(plan.notes[0].contains(told), "{:?}", plan.notes);
}

#[test]
fn everything_without_effect_and_everything_left_out_is_told() {
    let (mut spec, mut facts) = one(false);
    spec.temp_directory = Some("/scratch".into());
    spec.metadata_dir_force = true;
    spec.behavior_dir = Some("/rig/brain/Videos".into());
    spec.modalities[0].skip_staging = true;
    spec.modalities[0].extra_configs = Some("/rig/config.json".into());
    spec.endpoints.aws_param_store_name = Some("/lab/endpoints".into());
    spec.endpoints.codeocean_domain = Some("https://co.example".into());
    spec.endpoints.metadata_service_domain = Some("https://meta.example".into());
    spec.manner.video_encryption = "zipcrypto".parse().unwrap();
    facts.behavior = Some(behavior("/rig/brain/Videos", 2));
    facts.folders[0] = FolderFacts {
        empty_folders: 2,
        left_out: LeftOut { named: vec!["`a`: a link to `/x`, which does not exist".into()], count: 5 },
        set_aside: vec!["Videos".into()],
        repeated: LeftOut { named: vec!["`b`: `/disk/raw`".into()], count: 1 },
        ..FolderFacts::default()
    };
    assert_snapshot!(notes(&spec, &facts), @r#"
    SPIM: left out: `a`: a link to `/x`, which does not exist
    SPIM: left out: 4 more
    SPIM: `Videos` is the `behavior_dir`: it is uploaded below `behavior/`, videos encrypted
    SPIM: uploaded under two names: `b`: `/disk/raw`
    SPIM: 2 empty folders cannot be kept outside a zip: object stores have no folders
    SPIM: `extra_configs` has no meaning for a folder sent as it is and is not read
    behavior_dir: 4 that look like videos go UNENCRYPTED (a.mkv, b.mkv, …): only .mp4, .mov, .wmv and .avi are encrypted
    parameter `/lab/endpoints` is read before anything is sent: services that it names are not part of this plan
    https://meta.example is asked for `subject.json` and `procedures.json` before anything is sent
    zipcrypto is a weak cipher: use it only for readers that cannot open AES
    `skip_staging` has no effect: the asset is built below `/scratch` first
    `metadata_dir_force` has no effect without a `metadata_dir`
    "#);
}

fn obstacle(spec: &JobSpec) -> String {
    let found = obstacles(spec);
    assert_eq!(plan(spec, &Facts::default()).obstacles, found);
    found.iter().fold(String::new(), |mut text, p| {
        let _ = writeln!(text, "{} = {}: {}", p.column, p.value.as_deref().unwrap_or_default(), p.what);
        text
    })
}

#[test]
fn what_this_version_cannot_do_is_an_obstacle() {
    let (mut private, _) = with((job(), Facts::default()), "behavior-videos", "/rig/Videos/left", false);
    private.behavior_dir = Some("/rig/Videos".into());
    assert_snapshot!(obstacle(&private), @r#"
    modality0.source = /rig/Videos/left: the folder lies inside `behavior_dir`, whose videos must not be uploaded as they are
    "#);
}

#[test]
fn recordings_are_compressed_and_clipped() {
    let one = with((job(), Facts::default()), "ecephys", "/rig/probe", true);
    let (mut spec, mut facts) = with(one, "ecephys", "/rig/other", true);
    spec.modalities[1].folder = "ecephys1".parse().unwrap();
    facts.folders[1].ephys = Some(EphysFacts {
        unread: vec!["`a` is broken".into()],
        odd: vec!["`b` is odd".into()],
        ..EphysFacts::default()
    });
    assert_eq!(obstacle(&spec), "");
    let stage = &plan(&spec, &facts).stages[0];
    let steps = stage.steps.iter().map(|step| match &step.action {
        Action::CompressEphys { under, .. } | Action::ClipEphys { under, .. } => {
            format!("{}: {under}", step.id)
        }
        _ => step.id.clone(),
    });
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            "compress ecephys: ecephys_compressed",
            "clip ecephys: ecephys_clipped",
            "compress ecephys1: ecephys_compressed1",
            "clip ecephys1: ecephys_clipped1",
        ]
    );
    let told = notes(&spec, &facts);
    assert!(told.contains("ecephys1: NOT COMPRESSED: `a` is broken (the job will fail"), "{told}");
    assert!(told.contains("ecephys1: `b` is odd"), "{told}");
    let unread = unread(&spec, &facts);
    assert!(unread.len() == 1 && told.contains(&unread[0].0) && unread[0].1.what == "`a` is broken");
    facts.folders[1].ephys.as_mut().unwrap().config.accept_unread = true;
    assert!(notes(&spec, &facts).contains("`a` is broken (accepted)"));
    assert_eq!(super::unread(&spec, &facts), []);
}

/// All that is needed to start a pipeline.
fn code_ocean() -> Endpoints {
    Endpoints {
        codeocean_domain: Some("https://co.example".into()),
        codeocean_trigger_capsule_id: Some("trigger-1".into()),
        codeocean_api_token: Some(SecretRef::Env("TOKEN".into())),
        ..Endpoints::default()
    }
}

#[test]
fn a_pipeline_is_the_last_stage() {
    let (mut spec, facts) = one(true);
    spec.endpoints = code_ocean();
    let last = |spec: &JobSpec| steps(&plan(spec, &facts)).lines().last().unwrap().to_owned();
    assert_eq!(last(&spec), "Trigger | trigger | SmartSPIM by trigger-1");
    spec.endpoints.codeocean_process_capsule_id = Some("own-2".into());
    assert_eq!(last(&spec), "Trigger | trigger | run_generic_pipeline by trigger-1");
}

#[test]
fn what_a_pipeline_lacks_is_an_obstacle_unless_a_parameter_may_bring_it() {
    let (mut spec, _) = one(true);
    spec.endpoints.codeocean_process_capsule_id = Some("own-2".into());
    spec.endpoints.codeocean_trigger_capsule_version = Some("newest".into());
    assert_snapshot!(obstacle(&spec), @r#"
    codeocean_domain = : is needed to start a pipeline
    codeocean_trigger_capsule_id = : is needed to start a pipeline
    codeocean_api_token = : is needed to start a pipeline
    codeocean_trigger_capsule_version = newest: is no version of a capsule
    "#);
    spec.endpoints.aws_param_store_name = Some("/lab/endpoints".into());
    spec.endpoints.codeocean_trigger_capsule_version = None;
    assert_eq!(obstacle(&spec), "");
}

#[test]
fn what_behaviour_data_and_schemas_lack_is_an_obstacle() {
    let (mut spec, mut facts) = one(false);
    spec.behavior_dir = Some("/rig/Videos".into());
    spec.manner.schema = Schema::V2;
    spec.manner.strict_compat = true;
    facts.behavior = Some(behavior("/rig/Videos", 1));
    let columns: Vec<_> = plan(&spec, &facts).obstacles.into_iter().map(|p| p.column).collect();
    let missing = ["video_encryption_password", "project_name", "investigators", "funding_source"];
    assert_eq!(columns, [&["schema"][..], &missing].concat());
    spec.endpoints.metadata_service_domain = Some("https://meta.example".into());
    assert!(!plan(&spec, &facts).obstacles.iter().any(|p| p.column == "investigators"));
}

/// What was decided for `subject.json`, with its remark.
fn decided(
    brought: &[&str],
    force: bool,
    service: bool,
    answer: &Answer,
) -> (DocumentSource, Option<String>) {
    let mut spec = job();
    spec.metadata_dir_force = force;
    spec.endpoints.metadata_service_domain = service.then(|| "https://meta.example".into());
    let choices = choose(&spec, &documents(brought), |_| answer.clone());
    (choices[0].from, choices[0].remark.clone())
}

#[test]
fn the_service_comes_first_unless_the_folder_is_forced() {
    let found = Answer::Found(None);
    let not = Answer::NotFound("404".into());
    let subject = &["subject.json"][..];
    let from = |brought, force, answer| decided(brought, force, true, answer).0;
    assert_eq!(from(subject, false, &found), DocumentSource::Service);
    assert_eq!(from(subject, true, &found), DocumentSource::Folder);
    assert_eq!(from(subject, false, &not), DocumentSource::Folder);
    assert_eq!(from(&[], false, &not), DocumentSource::Missing);
    assert_eq!(from(&[], true, &found), DocumentSource::Service);
    assert_eq!(decided(subject, false, false, &Answer::NotAsked).0, DocumentSource::Folder);
    assert!(decided(subject, false, true, &found).1.unwrap().contains("passed over"));
}

#[test]
fn a_forced_folder_spares_the_question() {
    let mut spec = job();
    spec.metadata_dir_force = true;
    assert_eq!(to_ask(&spec, &[]), Vec::<&str>::new());
    spec.endpoints.metadata_service_domain = Some("https://meta.example".into());
    assert_eq!(to_ask(&spec, &documents(&["subject.json"])), ["procedures.json"]);
}

/// What is changed, and how.
type Change = (&'static str, fn(&mut JobSpec, &mut Facts));

const UNCHANGED: Change = ("nothing", |_, _| {});

const WAYS: [Change; 9] = [
    ("where it was written", |spec, _| spec.origin.row = Some(9)),
    ("a dry run", |spec, _| spec.dry_run = true),
    ("force", |spec, _| spec.force_cloud_sync = true),
    ("a temporary folder", |spec, _| spec.temp_directory = Some("/scratch".into())),
    ("how it stands", |_, facts| facts.standing = Standing::Done),
    ("how much is said", |spec, _| spec.log_level = LogLevel::Debug),
    ("what the service answers", |_, facts| {
        let choices = choose(&job(), &[], |_| Answer::NotFound("404".into()));
        facts.gathered = Some(Gathered { choices, notes: vec!["slow".into()] });
    }),
    ("what is started afterwards", |spec, _| spec.endpoints = code_ocean()),
    ("a secret", |spec, _| spec.endpoints.codeocean_api_token = Some(SecretRef::Env("T".into()))),
];

const INPUTS: [Change; 8] = [
    ("the files", |_, facts| facts.folders[0].fingerprint = "f2".into()),
    ("the folder", |_, facts| facts.folders[0].path = "/rig/other".into()),
    ("zip or not", |spec, _| spec.modalities[0].compress_raw_data = false),
    ("the destination", |spec, _| spec.destination = Location::Folder("/archive".into())),
    ("the subject", |spec, _| spec.subject_id = "2".into()),
    ("what is left out", |_, facts| facts.behavior = Some(behavior("/rig/brain/Videos", 0))),
    ("the schema", |spec, _| spec.manner.schema = Schema::V2),
    ("the documents", |spec, facts| {
        spec.metadata_dir = Some("/rig/metadata".into());
        facts.documents = documents(&["session.json"]);
    }),
];

fn fingerprint_after((_, change): Change) -> String {
    let (mut spec, mut facts) = one(true);
    change(&mut spec, &mut facts);
    fingerprint(&plan(&spec, &facts))
}

#[test]
fn the_way_of_doing_it_is_no_other_input() {
    for way in WAYS {
        assert_eq!(fingerprint_after(way), fingerprint_after(UNCHANGED), "{}", way.0);
    }
}

#[test]
fn another_input_is_another_fingerprint() {
    for input in INPUTS {
        assert_ne!(fingerprint_after(input), fingerprint_after(UNCHANGED), "{}", input.0);
    }
}

#[test]
fn a_changed_document_is_another_input() {
    let with_document = |crc| {
        let (mut spec, mut facts) = one(false);
        spec.metadata_dir = Some("/rig/metadata".into());
        facts.documents = vec![DocumentFacts { name: "session.json".into(), bytes: 2, crc64: Crc64(crc) }];
        fingerprint(&plan(&spec, &facts))
    };
    assert_ne!(with_document(1), with_document(2));
}
