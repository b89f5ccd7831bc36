//! Plans and markers that were changed by others, thousands of them: no panic, and an end in bounded time.

use std::{sync::Arc, time::Instant};

use adt_model::{Action, ByteSize, FolderWork, Key, Location, Origin, Plan, Stage, StageName, Step};
use adt_net::{Environment, Random};
use adt_store::{Place, StoreOptions};
use camino::Utf8Path;
use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    finish::{end, is_ended, tidied},
    plan::{Unit, WorkPlan, hash_of_move, hash_of_step, key, made, marker, parse, put, read},
    progress,
};

fn places(root: &Utf8Path) -> Location {
    Location::Folder(root.join("asset"))
}

fn plan(asset: &Location, stages: Vec<Stage>) -> Plan {
    Plan {
        origin: Origin { source: "/data".into(), row: None },
        name: "asset".into(),
        asset: asset.clone(),
        dry_run: false,
        force: false,
        temp_directory: None,
        files: 3,
        bytes: ByteSize(30),
        schema: adt_model::Schema::default(),
        brought: Vec::new(),
        documents: Vec::new(),
        stages,
        notes: Vec::new(),
        left_out: adt_model::LeftOut::default(),
        obstacles: Vec::new(),
    }
}

/// Folders to copy and to zip.
fn of_folders(asset: &Location) -> WorkPlan {
    let folder = |name: &str| FolderWork {
        source: format!("/data/{name}").into(),
        leave_out: Vec::new(),
        shielded: Vec::new(),
        links: adt_model::SourceLinks::default(),
        files: 3,
        bytes: ByteSize(30),
        fingerprint: "00".into(),
    };
    let under = |name: &str| Key::parse(name).unwrap();
    let copy = Action::CopyFolder { folder: folder("a"), under: under("a") };
    let zip = Action::ZipFolder { folder: folder("b"), key: under("b.zip"), entry_root: "b".into() };
    let unit = |step: &str, action: &Action, items: Vec<u64>| Unit {
        step: step.into(),
        hash: hash_of_step(action, &items),
        bytes: vec![30; items.len()],
        items,
        starts: Vec::new(),
    };
    let units = vec![unit("copy a", &copy, vec![3]), unit("zip b", &zip, vec![1])];
    let steps = [("copy a", copy), ("zip b", zip)].map(|(id, action)| Step { id: id.into(), action });
    let data = Stage { name: StageName::Data, steps: steps.into() };
    WorkPlan::new(plan(asset, vec![data]), units, vec!["run".into(), "/jobs.csv".into()], "1")
}

fn of_objects(asset: &Location) -> WorkPlan {
    let starts: Vec<Key> = ["a", "b", "c/d"].map(|key| Key::parse(key).unwrap()).into();
    let hash = hash_of_move("/data", &starts, 30);
    let unit = Unit { step: "copy".into(), hash, items: vec![3], bytes: vec![30], starts };
    WorkPlan::new(plan(asset, Vec::new()), vec![unit], vec!["copy".into(), "/data".into()], "1")
}

/// Values that break what was not made for them.
fn odd(random: &Random) -> Value {
    let all = [
        json!(1_u64 << 63),
        json!(u64::MAX),
        json!(-1),
        json!(1e308),
        json!(null),
        json!([]),
        json!({}),
        json!(""),
        json!("../../outside"),
        json!(".."),
        json!("a\u{0}b"),
        json!("/etc"),
        json!("x".repeat(70_000)),
        json!([1_u64 << 63, 1_u64 << 63]),
        json!("-999999-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59Z"),
        json!({"do": "write-ome-zarr"}),
    ];
    all[(random.next() % all.len() as u64) as usize].clone()
}

/// Replaces, removes or doubles one value somewhere.
fn changed(value: &mut Value, random: &Random) {
    let deeper = !random.next().is_multiple_of(4);
    match value {
        Value::Object(members) if deeper && !members.is_empty() => {
            let at = (random.next() % members.len() as u64) as usize;
            let name = members.keys().nth(at).cloned().unwrap();
            if random.next().is_multiple_of(16) {
                members.remove(&name);
            } else {
                changed(&mut members[&name], random);
            }
        }
        Value::Array(all) if deeper && !all.is_empty() => {
            let at = (random.next() % all.len() as u64) as usize;
            if random.next().is_multiple_of(16) {
                let twice = all[at].clone();
                all.push(twice);
            } else {
                changed(&mut all[at], random);
            }
        }
        other => *other = odd(random),
    }
}

/// Some bytes of a text replaced, or its end cut off.
fn damaged(text: &[u8], random: &Random) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=random.next() % 4 {
        let at = (random.next() % text.len() as u64) as usize;
        text[at] = random.next() as u8;
    }
    if random.next().is_multiple_of(3) {
        text.truncate((random.next() % text.len() as u64) as usize);
    }
    text
}

async fn open(location: &Location) -> Place {
    let options = StoreOptions::new(Environment::default(), Arc::new(Timestamp::now));
    Place::open(location, &options).await.unwrap()
}

#[rstest]
#[case::folders(of_folders)]
#[case::objects(of_objects)]
#[tokio::test]
async fn thousands_of_changed_plans_are_refused_or_harmless(#[case] of: fn(&Location) -> WorkPlan) {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let asset = places(root);
    let place = open(&asset).await;
    let good = of(&asset);
    assert_eq!(parse(&serde_json::to_vec(&good).unwrap(), &asset).unwrap(), good);
    let text = serde_json::to_vec(&good).unwrap();
    let (random, began) = (Random::new(11), Instant::now());
    let mut taken = 0;
    for round in 0..6000 {
        let found = if round % 3 == 0 {
            parse(&damaged(&text, &random), &asset)
        } else {
            let mut value = serde_json::to_value(&good).unwrap();
            for _ in 0..=random.next() % 3 {
                changed(&mut value, &random);
            }
            parse(&serde_json::to_vec(&value).unwrap(), &asset)
        };
        let Ok(plan) = found else { continue };
        taken += 1;
        assert_eq!(plan.plan.asset, asset);
        assert_eq!(plan.units, good.units, "what is to be done is as it was");
        let so_far = progress(&place, &plan, Timestamp::now()).await.unwrap();
        let _ = (0..plan.stages()).map(|stage| so_far.complete(stage)).all(|ended| ended.is_ok());
    }
    assert!(taken < 6000 && began.elapsed().as_secs() < 300, "{taken} {:?}", began.elapsed());
}

#[rstest]
#[case::nested_without_end(format!("{{\"version\":1,\"again\":{}", "[".repeat(200_000)))]
#[case::nested_objects(format!("{{\"version\":1,\"plan\":{}", "{\"a\":".repeat(200_000)))]
#[case::a_list("[1,2,3]".into())]
#[case::a_page("<html>log in</html>".into())]
#[case::nothing(String::new())]
fn what_is_no_plan_is_one_fault(#[case] text: String) {
    let asset = Location::Folder("/asset".into());
    assert_eq!(parse(text.as_bytes(), &asset).unwrap_err().class(), adt_model::Class::BadInput);
}

/// Each on its own, as a person would try it.
#[rstest]
#[case::another_place(|plan: &mut Value| plan["plan"]["asset"] = json!("/elsewhere"), "it is for")]
#[case::a_hash_that_climbs(|plan: &mut Value| plan["units"][0]["hash"] = json!("../../outside"), "hash")]
#[case::items_without_end(|plan: &mut Value| plan["units"][0]["items"] = json!([1_u64 << 63]), "hash")]
#[case::another_source(|plan: &mut Value| plan["plan"]["stages"][0]["steps"][0]["action"]["folder"]["source"] = json!("/private"), "hash")]
#[case::another_step(|plan: &mut Value| plan["units"][0]["step"] = json!("copy c"), "hash")]
#[case::many_words(|plan: &mut Value| plan["again"] = json!(vec!["run"; 5000]), "too long")]
fn a_changed_plan_is_refused_with_its_reason(#[case] change: fn(&mut Value), #[case] why: &str) {
    let asset = Location::Folder("/asset".into());
    let mut value = serde_json::to_value(of_folders(&asset)).unwrap();
    change(&mut value);
    let fault = parse(&serde_json::to_vec(&value).unwrap(), &asset).unwrap_err();
    assert!(fault.line().contains(why), "{fault:?}");
}

/// Also where whoever changed it made all hashes right again.
#[test]
fn items_are_limited_whatever_the_hashes_say() {
    let asset = Location::Folder("/asset".into());
    for items in [vec![1 << 63], vec![1 << 25], vec![0; 65]] {
        let good = of_folders(&asset);
        let mut units = good.units;
        let Action::CopyFolder { .. } = &good.plan.stages[0].steps[0].action else { panic!() };
        units[0].hash = hash_of_step(&good.plan.stages[0].steps[0].action, &items);
        units[0].items = items;
        let plan = WorkPlan::new(good.plan, units, good.again, "1");
        let fault = parse(&serde_json::to_vec(&plan).unwrap(), &asset).unwrap_err();
        assert!(fault.line().contains("items") || fault.line().contains("stages"), "{fault:?}");
    }
}

#[tokio::test]
async fn thousands_of_changed_markers_and_logs_are_faults_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let asset = places(Utf8Path::from_path(folder.path()).unwrap());
    let place = open(&asset).await;
    let plan = of_folders(&asset);
    let at = "2024-05-06T07:08:09Z";
    let object = json!({"key": "a/b", "size": 3, "crc64": "0123456789abcdef", "etag": "x", "source_modified": at,
        "source_size": 3, "source_etag": null, "state": "confirmed", "at": at});
    let good = json!({"objects": [object], "account": {}, "read": 3, "began": at, "ended": at});
    let log = json!({"stage": 0, "share": {"number": 0, "of": 1}, "host": "n", "began": at, "at": at, "ended": null,
        "items": 1, "kept": 0, "read": 3, "sent": 3, "objects": 1, "failed": 0});
    let (random, name) = (Random::new(5), marker(0, &plan.units[0], 0));
    put(&place, &name, &good).await.unwrap();
    assert!(made(&place, &name).await.is_ok());
    for round in 0..2000 {
        let (mut marker, mut log) = (good.clone(), log.clone());
        changed(&mut marker, &random);
        changed(&mut log, &random);
        put(&place, &name, &marker).await.unwrap();
        put(&place, &key(&format!("log/{}.json", round % 7)), &log).await.unwrap();
        if let Ok(made) = made(&place, &name).await {
            assert!(made.objects.iter().all(|object| i64::try_from(object.size).is_ok()));
        }
        if round % 10 == 0 {
            progress(&place, &plan, Timestamp::now()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_journal_entry_counts_for_its_own_plan_only() {
    let folder = tempfile::tempdir().unwrap();
    let asset = places(Utf8Path::from_path(folder.path()).unwrap());
    let place = open(&asset).await;
    let (one, other) = (of_folders(&asset), of_objects(&asset));
    put(&place, &key("plan.json"), &one).await.unwrap();
    end(&place, &other, Timestamp::now()).await.unwrap();
    assert!(!is_ended(&place, Some(&one)).await.unwrap() && !tidied(&place).await.unwrap());
    end(&place, &one, Timestamp::now()).await.unwrap();
    assert!(tidied(&place).await.unwrap() && read(&place).await.unwrap().is_none());
    assert!(!is_ended(&place, None).await.unwrap(), "the entry is gone too");
}
