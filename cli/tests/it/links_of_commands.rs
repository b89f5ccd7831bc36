//! Links in the sources of `adt ephys` and `adt imaging`: the same choice as in a job, and what is not read is never left unsaid.

#![cfg(unix)]

use camino::Utf8Path;
use fs_err as fs;
use fs_err::os::unix::fs::symlink;
use rstest::rstest;

use crate::{
    desk::{Desk, Said, digest},
    ephys_session::{Rig, neuropixels},
    imaging_tools::tiff,
};

/// A session with a folder on another disk, a dangling link and a link to the destination.
fn rig() -> Rig {
    let rig = Rig::new();
    neuropixels(&rig);
    rig.desk.write("disk/notes/day.txt", "calm");
    rig.desk.write("made/.keep", "");
    symlink(rig.desk.root.join("disk/notes"), rig.session.join("notes")).unwrap();
    symlink(rig.desk.root.join("disk/gone"), rig.session.join("dangling")).unwrap();
    fs::remove_file(rig.desk.root.join("made/.keep")).unwrap();
    symlink(rig.desk.root.join("made"), rig.session.join("made")).unwrap();
    rig
}

#[rstest]
#[case::by_itself(&[], None, 2, true)]
#[case::follow(&["--links", "follow"], Some("skip"), 2, true)]
#[case::skip(&["--links", "skip"], None, 3, false)]
#[case::setting(&[], Some("skip"), 3, false)]
fn recordings_are_compressed_with_or_without_what_links_lead_to(
    #[case] flags: &[&str],
    #[case] setting: Option<&str>,
    #[case] left_out: u64,
    #[case] notes: bool,
) {
    let rig = rig();
    let to = rig.desk.root.join("made");
    let words = ["ephys", "compress", rig.session.as_str(), to.as_str()];
    let run = |more: &[&str]| {
        let mut program = rig.desk.adt(&[&words[..], flags, more].concat());
        Said::of(program.envs(setting.map(|links| ("ADT_LINKS", links)))).ends(0)
    };
    let items = format!("{left_out} source items not uploaded");
    run(&["--dry-run", "-q"]).says(&items).says("`dangling`: a link to").says("`made`: a link");
    run(&["-q"]).says(&items).says("`dangling`").says("`made`");
    assert_eq!(rig.clipped().join("notes/day.txt").is_file(), notes);
    let ended = run(&["--json"]);
    let finished = &ended.events("job-finished")[0];
    assert_eq!(finished["left_out"]["count"], left_out, "{ended:#?}");
}

#[rstest]
#[case::ephys(&["ephys", "compress"])]
#[case::ephys_info(&["ephys", "info"])]
fn a_session_with_a_link_is_refused_where_that_is_asked_for(#[case] words: &[&str]) {
    let rig = rig();
    let to = rig.desk.root.join("made");
    let to = if words[1] == "compress" { vec![to.as_str()] } else { Vec::new() };
    let all = [words, &[rig.session.as_str()], &to, &["--links", "fail"]].concat();
    Said::of(&mut rig.desk.adt(&all)).ends(2).says("`links` is `fail`");
    assert_eq!(digest(&rig.desk.root.join("made")).len(), 0);
    let info = ["ephys", "info", rig.session.as_str(), "--links", "skip", "-q"];
    Said::of(&mut rig.desk.adt(&info)).ends(0).says("3 source items not read").says("`notes`: a link to");
}

fn voxel(z: usize, y: usize, x: usize) -> u16 {
    (z * 2_000 + y * 50 + x) as u16
}

/// A session of two images; one is on another disk.
fn images(desk: &Desk) -> [camino::Utf8PathBuf; 2] {
    let source = desk.root.join("session/micr");
    tiff(&source.join("a.tiff"), [8, 9, 10], voxel);
    tiff(&desk.root.join("disk/b.tiff"), [8, 9, 10], voxel);
    symlink("../../disk/b.tiff", source.join("b.tiff")).unwrap();
    symlink("../../disk/gone.tiff", source.join("c.tiff")).unwrap();
    [desk.root.join("session"), desk.root.join("out")]
}

const SMALL: [&str; 4] = ["--chunk-shape", "8,8,8", "--n-levels", "1"];

fn imaging(desk: &Desk, words: &[&str]) -> Said {
    Said::of(&mut desk.adt(&[&["imaging"], words].concat()))
}

fn groups(to: &Utf8Path) -> Vec<String> {
    let groups = to.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned());
    let mut groups: Vec<_> = groups.filter(|name| Utf8Path::new(name).extension() == Some("zarr")).collect();
    groups.sort();
    groups
}

#[rstest]
#[case::follow("follow", 1, &["a.zarr", "b.zarr"])]
#[case::skip("skip", 2, &["a.zarr"])]
fn images_are_converted_and_compared_with_or_without_what_links_lead_to(
    #[case] links: &str,
    #[case] left_out: u64,
    #[case] made: &[&str],
) {
    let desk = Desk::new();
    let [source, to] = images(&desk);
    let words = ["zarr", source.as_str(), to.as_str(), "--links", links, "-q"];
    let items = if left_out == 1 { "1 source item" } else { "2 source items" };
    imaging(&desk, &[&words[..], &SMALL].concat()).ends(0).says(items).says("micr/c.tiff");
    assert_eq!(groups(&to), made);
    for tool in [
        &["verify", source.as_str(), to.as_str()][..],
        &["mips", source.as_str(), "mips"],
        &["info", source.as_str()],
    ] {
        let said = imaging(&desk, &[tool, &["--links", links, "-q"]].concat()).ends(0);
        said.says(&format!("{items} not read")).says("micr/c.tiff");
    }
    // Compared under another rule, the image that is lacking is noticed.
    let other = if links == "skip" { "follow" } else { "skip" };
    imaging(&desk, &["verify", source.as_str(), to.as_str(), "--links", other]).ends(1);
}

#[rstest]
fn images_with_a_link_are_refused_where_that_is_asked_for(
    #[values("zarr", "verify", "mips", "info")] tool: &str,
) {
    let desk = Desk::new();
    let [source, to] = images(&desk);
    let words = match tool {
        "info" => vec![tool, source.as_str()],
        _ => vec![tool, source.as_str(), to.as_str()],
    };
    imaging(&desk, &[&words[..], &["--links", "fail"]].concat()).ends(2).says("`links` is `fail`");
    assert!(!to.exists() || digest(&to).is_empty());
}

#[test]
fn processes_that_share_the_work_keep_to_the_plan() {
    let desk = Desk::new();
    let [source, to] = images(&desk);
    let plan = ["zarr", source.as_str(), to.as_str(), "--links", "skip", "--plan-only", "-q"];
    imaging(&desk, &[&plan[..], &SMALL].concat()).ends(0).says("2 source items not uploaded");
    for part in [&["--shard", "0/1"][..], &["--finish"]] {
        Said::of(
            &mut desk.adt(&[&["work", to.as_str(), "--source-root", desk.root.as_str()], part].concat()),
        )
        .ends(0);
    }
    assert_eq!(groups(&to), ["a.zarr"]);
}

/// 8 blocks of 4×4×4 voxels.
fn n5(folder: &Utf8Path) {
    fs::create_dir_all(folder).unwrap();
    let attributes = r#"{"dimensions": [8, 8, 8], "blockSize": [4, 4, 4], "dataType": "uint16", "compression": {"type": "raw"}}"#;
    fs::write(folder.join("attributes.json"), attributes).unwrap();
    let mut block = [0_u16, 3].map(u16::to_be_bytes).concat();
    block.extend([4_u32; 3].map(u32::to_be_bytes).concat());
    block.extend((1..=64_u16).flat_map(u16::to_be_bytes));
    for at in 0..8 {
        let path = folder.join(format!("{}/{}/{}", at & 1, at >> 1 & 1, at >> 2));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &block).unwrap();
    }
}

#[rstest]
#[case::skipped("skip", true, false)]
#[case::dangling("follow", false, false)]
#[case::refused("fail", true, false)]
#[case::followed("follow", true, true)]
fn no_block_of_an_n5_dataset_becomes_zeros(#[case] links: &str, #[case] there: bool, #[case] read: bool) {
    let desk = Desk::new();
    let (source, to) = (desk.root.join("fused.n5"), desk.root.join("out"));
    n5(&source);
    fs::create_dir_all(desk.root.join("disk")).unwrap();
    fs::rename(source.join("1/0/1"), desk.root.join("disk/block")).unwrap();
    symlink(desk.root.join("disk/block"), source.join("1/0/1")).unwrap();
    if !there {
        fs::remove_file(desk.root.join("disk/block")).unwrap();
    }
    let convert = ["n5", source.as_str(), to.as_str(), "--links", links, "--n-levels", "1"];
    let code = if read { 0 } else { 2 };
    imaging(&desk, &convert).ends(code);
    let compare = ["verify", source.as_str(), to.as_str(), "--links", links];
    imaging(&desk, &compare).ends(code);
    assert_eq!(to.exists() && !digest(&to).is_empty(), read);
}
