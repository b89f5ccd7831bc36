//! What a cluster would do with a brain of 130 TB, planned from headers alone.

use camino::Utf8Path;
use fs_err as fs;
use serde_json::Value;

use crate::desk::{Desk, Job, Said};

/// Voxels of a tile: z, y, x.
const TILE: [u64; 3] = [27_000, 10_640, 14_192];

/// A tile as `ImageJ` writes it beyond 4 GiB, one page with all planes behind it; nothing but its header is on the disk.
fn tile(path: &Utf8Path) -> std::io::Result<()> {
    let [planes, rows, columns] = TILE;
    let description =
        format!("ImageJ=1.54\nimages={planes}\nslices={planes}\nunit=um\nspacing=1.0\nloop=false\n");
    let (plane, begin) = (rows * columns * 2, 1024_u64);
    let long = |tag: u16, count: usize, value: u64| (tag, 4_u16, count as u32, value as u32);
    let text = (270_u16, 2_u16, description.len() as u32, 512_u32);
    let tags = [
        long(256, 1, columns),
        long(257, 1, rows),
        (258, 3, 1, 16),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        text,
        long(273, 1, begin),
        (277, 3, 1, 1),
        long(278, 1, rows),
        long(279, 1, plane),
    ];
    let mut bytes = [&b"II*\0"[..], &8_u32.to_le_bytes(), &(tags.len() as u16).to_le_bytes()].concat();
    for (tag, kind, count, value) in tags {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.resize(512, 0);
    bytes.extend(description.bytes());
    fs::write(path, bytes)?;
    fs::OpenOptions::new().write(true).open(path)?.set_len(begin + planes * plane)
}

/// A folder of sixteen such tiles; `None` where the file system has no files of this size.
fn brain(desk: &Desk) -> Option<camino::Utf8PathBuf> {
    let brain = desk.root.join("brain");
    fs::create_dir(&brain).unwrap();
    for number in 0..16 {
        let name = format!("tile_X_{:04}_Y_{:04}_Z_0000_ch_488.tif", number / 4, number % 4);
        if let Err(error) = tile(&brain.join(name)) {
            adt_testkit::skipped(&format!("no files of 8 TB: {error}"));
            return None;
        }
    }
    Some(brain)
}

#[test]
fn a_brain_of_130_tb_falls_evenly_on_64_tasks() {
    let desk = Desk::new();
    let Some(brain) = brain(&desk) else { return };
    let job =
        Job::new().with("modality0", "SPIM").with("modality0.source", &brain).with("platform", "exaSPIM");
    let list = desk.list(job.with("compress_raw_data", "True"));
    let words = ["plan", list.as_str(), "--simulate-nodes", "64"];
    let said = Said::of(&mut desk.adt(&[&words[..], &["--json"]].concat())).ends(0);
    let told: Value = serde_json::from_str(said.stdout.trim()).unwrap();
    let stages = told["stages"].as_array().unwrap();
    let of = |stage: usize, what: &str| stages[stage][what].as_u64().unwrap();
    // 4158 blocks of 1024³ voxels for each tile; the next stage reads an eighth of an eighth, 84 blocks for each tile.
    assert_eq!((stages.len(), of(0, "items"), of(1, "items")), (2, 16 * 4158, 16 * 84));
    assert_eq!(of(0, "bytes"), 16 * 2 * TILE.iter().product::<u64>());
    assert_eq!((of(0, "most_items"), of(1, "most_items")), (1040, 21));
    for stage in [0, 1] {
        let (bytes, longest, idle) = (of(stage, "bytes"), of(stage, "longest"), of(stage, "idle"));
        assert_eq!(longest * 64, bytes + idle);
        assert!(idle < bytes / 1000, "{told}");
    }
    Said::of(&mut desk.adt(&words)).ends(0).says("each task: 1040 items at most");
}

/// Items are counted, not listed: the plan of millions is as small, and as quick to write, as that of one.
#[test]
fn four_million_items_are_planned_from_headers() {
    let desk = Desk::new();
    let Some(brain) = brain(&desk) else { return };
    let to = desk.root.join("made");
    let words = ["submit", "--engine", "kubernetes", "--print", "--image", "lab/adt", "imaging", "zarr"];
    let what = [brain.as_str(), to.as_str(), "--chunk-shape", "64,64,64", "--item-size", "64MiB"];
    Said::of(&mut desk.adt(&[&words[..], &what].concat())).ends(0);
    let plan = fs::read(to.join(".adt-work/plan.json")).unwrap();
    assert!(plan.len() < 10_000, "{}", plan.len());
    let plan: Value = serde_json::from_slice(&plan).unwrap();
    assert_eq!(plan["units"][0]["items"][0], 3_988_992);
    Said::of(&mut desk.adt(&["work", to.as_str(), "--check"])).ends(75).says("3988992 of 3988992 items");
}
