//! A secret goes nowhere but where it belongs, whether the job goes well or not.

use std::process::Command;

use camino::Utf8Path;
use fs_err as fs;
use rstest::rstest;

use crate::desk::{Desk, Job, RECORD, SECRET_KEY, Said};

const CANARY: &str = "canary-3f0c-secret";

/// Nothing that was said or is kept holds a secret; but for the files that a person wrote it in.
fn nobody_tells(desk: &Desk, said: &[Said]) {
    for canary in [CANARY, SECRET_KEY] {
        for said in said {
            assert!(!said.stdout.contains(canary) && !said.stderr.contains(canary), "{canary}: {said:#?}");
        }
        for folder in ["home", "store", "disk", "work"] {
            holds_not(&desk.root.join(folder), canary);
        }
    }
}

fn holds_not(folder: &Utf8Path, canary: &str) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    for entry in entries {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            holds_not(&path, canary);
        } else {
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(canary.len()).any(|w| w == canary.as_bytes()), "{path} holds {canary}");
        }
    }
}

/// Every command that reads jobs, as talkative as it can be.
fn everything(desk: &Desk, how: &dyn Fn(&mut Command), args: &[&str]) -> Vec<Said> {
    let talk: [&[&str]; 3] = [&[], &["--log-level", "debug"], &["--log-level", "debug", "--json"]];
    let mut said = Vec::new();
    for command in ["check", "plan", "run"] {
        for talk in talk {
            let mut program = desk.adt(&[&[command], args, talk].concat());
            how(&mut program);
            said.push(Said::of(&mut program));
        }
    }
    for args in [&["history"][..], &["history", "behavior", "--json"], &["settings"], &["settings", "--json"]]
    {
        let mut program = desk.adt(args);
        how(&mut program);
        said.push(Said::of(&mut program).ends(0));
    }
    said
}

fn with_secrets(job: Job, secret: &str) -> Job {
    job.with("video_encryption_password", secret).with("codeocean_api_token", secret)
}

#[derive(Clone, Copy, Debug)]
enum Course {
    Well,
    Foreign,
    Misspelt,
    Forbidden,
}

#[rstest]
fn a_secret_in_a_list_or_behind_a_reference(
    #[values(CANARY, "env:THE_SECRET", "file:secret.txt")] secret: &str,
    #[values(Course::Well, Course::Foreign, Course::Misspelt, Course::Forbidden)] course: Course,
) {
    let desk = Desk::new();
    // Outside of the folders that are searched.
    let file = desk.write("secret.txt", CANARY);
    let secret = secret.replace("file:secret.txt", &format!("file:{file}"));
    let job = with_secrets(Job::new().zip("behavior", desk.small_tree("plain")), &secret);
    let job = job.with("metadata_dir", desk.metadata());
    let job = match course {
        Course::Foreign => {
            fs::create_dir_all(desk.asset()).unwrap();
            fs::write(desk.asset().join("theirs"), "").unwrap();
            job
        }
        // The header is wrong, so the secret stands in a column that nobody knows.
        Course::Misspelt => job.with("codeocean_api_tokn", &secret),
        Course::Well | Course::Forbidden => job,
    };
    let list = desk.list(&job);
    let how = |program: &mut Command| {
        program.env("THE_SECRET", CANARY);
        if matches!(course, Course::Forbidden) {
            program.env("AWS_ACCESS_KEY_ID", "somebody");
        }
    };
    let said = everything(&desk, &how, &[list.as_str()]);
    let wanted = match course {
        Course::Well => 0,
        Course::Foreign | Course::Forbidden => 1,
        Course::Misspelt => 2,
    };
    // The plain `adt run` is the seventh.
    assert_eq!(said[6].code, Some(wanted), "{:#?}", said[6]);
    assert_eq!(desk.asset().join(RECORD).is_file(), wanted == 0);
    nobody_tells(&desk, &said);
}

#[rstest]
fn a_secret_in_json(#[values("argument", "variable", "file")] by: &str, #[values(true, false)] right: bool) {
    let desk = Desk::new();
    let source = desk.small_tree("plain");
    let platform = if right { "behavior" } else { "no-such-platform" };
    let text = serde_json::json!({
        "s3_bucket": "recordings", "platform": platform, "subject_id": "714321",
        "acq_datetime": "2024-05-06 07:08:09",
        "modalities": [{"modality": "behavior", "source": source}],
        "video_encryption_password": CANARY,
        "codeocean_api_token": CANARY,
    })
    .to_string();
    let file = desk.write("job.json", &text);
    let args: &[&str] = match by {
        "argument" => &["--json-args", &text],
        "file" => &[file.as_str()],
        _ => &[],
    };
    let how = |program: &mut Command| {
        if by == "variable" {
            program.env("UPLOAD_JOB_JSON_ARGS", &text);
        }
    };
    let said = everything(&desk, &how, args);
    assert_eq!(said[6].code, Some(if right { 0 } else { 2 }), "{:#?}", said[6]);
    nobody_tells(&desk, &said);
}
