//! `adt imaging verify`, `info`, `mips` and `validate`.

use adt_testkit::tree;
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rstest::rstest;
use serde_json::Value;

use crate::desk::{Desk, Said};

/// Planes, rows and columns of the images here.
const SHAPE: [usize; 3] = [20, 24, 33];

/// A stack of uncompressed planes, one strip each.
pub(crate) fn tiff(
    path: &Utf8Path,
    [depth, rows, columns]: [usize; 3],
    voxel: impl Fn(usize, usize, usize) -> u16,
) {
    let plane = rows * columns * 2;
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    for z in 0..depth {
        let tags: [(u16, u16, u32); 9] = [
            (256, 4, columns as u32),
            (257, 4, rows as u32),
            (258, 3, 16),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, (file.len() + 2 + 9 * 12 + 4) as u32),
            (277, 3, 1),
            (278, 4, rows as u32),
            (279, 4, plane as u32),
        ];
        let next = if z + 1 == depth { 0 } else { (file.len() + 2 + 9 * 12 + 4 + plane) as u32 };
        file.extend((tags.len() as u16).to_le_bytes());
        for (tag, kind, value) in tags {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        file.extend(next.to_le_bytes());
        for y in 0..rows {
            for x in 0..columns {
                file.extend(voxel(z, y, x).to_le_bytes());
            }
        }
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file).unwrap();
}

/// Of which no two voxels of a neighbourhood are alike.
fn voxel(z: usize, y: usize, x: usize) -> u16 {
    (z * 2_000 + y * 50 + x) as u16
}

/// A session of two images, and where they go.
fn session(desk: &Desk) -> [Utf8PathBuf; 2] {
    let source = desk.root.join("session/micr");
    tiff(&source.join("a.tiff"), SHAPE, voxel);
    tiff(&source.join("b.tiff"), SHAPE, |z, y, x| voxel(z, y, x) / 3);
    [desk.root.join("session"), desk.root.join("out")]
}

fn convert(desk: &Desk, source: &Utf8Path, to: &str, more: &[&str]) {
    let args = ["imaging", "zarr", source.as_str(), to, "--chunk-shape", "8,8,8", "--n-levels", "3"];
    Said::of(&mut desk.adt(&[&args[..], more].concat())).ends(0);
}

fn verify(desk: &Desk, source: &Utf8Path, to: &str, more: &[&str]) -> Said {
    Said::of(&mut desk.adt(&[&["imaging", "verify", source.as_str(), to], more].concat()))
}

#[rstest]
#[case::version_2(&[])]
#[case::version_3(&["--zarr-format", "3"])]
#[case::partial(&["--edge", "partial", "--rounding", "nearest-even"])]
#[case::factors(&["--scale-factor", "1,2,3", "--zarr-format", "3"])]
#[case::lz4(&["--codec", "lz4", "--voxel-size", "0.7,0.7,2"])]
fn what_was_written_is_equal(#[case] more: &[&str]) {
    let desk = Desk::new();
    let [source, to] = session(&desk);
    convert(&desk, &source, to.as_str(), more);
    let said = verify(&desk, &source, to.as_str(), &[]).ends(0);
    assert!(said.stdout.contains("equal  a.zarr  3 levels"), "{}", said.stdout);
    assert!(said.stdout.contains("2 images compared"), "{}", said.stdout);
}

#[test]
fn what_is_in_a_bucket_is_compared_too() {
    let desk = Desk::new();
    let [source, _] = session(&desk);
    convert(&desk, &source, "s3://recordings/tiles", &["--zarr-format", "3"]);
    verify(&desk, &source, "s3://recordings/tiles", &[]).ends(0);
    let said = Said::of(&mut desk.adt(&["imaging", "info", "s3://recordings/tiles"])).ends(0);
    assert!(said.stdout.contains("a.zarr: Zarr 3, OME-NGFF 0.5, axes t, c, z, y, x"), "{}", said.stdout);
}

fn flip(to: &Utf8Path) {
    let path = to.join("a.zarr/0/0/0/1/1/1");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes).unwrap();
}

fn misplace(to: &Utf8Path) {
    let path = to.join("a.zarr/.zattrs");
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    document["multiscales"][0]["datasets"][1]["coordinateTransformations"][1]["translation"][4] = 0.0.into();
    fs::write(&path, document.to_string()).unwrap();
}

fn swap(to: &Utf8Path, level: &str) {
    fs::copy(to.join(format!("a.zarr/{level}/0/0/0/0/0")), to.join(format!("a.zarr/{level}/0/0/0/0/1")))
        .unwrap();
}

#[rstest]
#[case::flipped_byte(&flip, &["level 0: "])]
#[case::other_voxels(
    &|to: &Utf8Path| swap(to, "0"),
    &["level 0: 512 voxels differ from the source, the first at z 0, y 0, x 8: 8 expected, 0 found", "level 1: 64 voxels differ"]
)]
#[case::wrong_level(&|to: &Utf8Path| swap(to, "1"), &["level 1: 512 voxels differ from the rule"])]
#[case::missing_chunk(
    &|to: &Utf8Path| fs::remove_file(to.join("a.zarr/0/0/0/0/0/1")).unwrap(),
    &["level 0: 1 chunk missing where voxels are not the fill value, the first: `a.zarr/0/0/0/0/0/1`"]
)]
#[case::wrong_place(&misplace, &["level 1: its translation is [0.5, 0.5, 0.0] and ought to be [0.5, 0.5, 0.5]"])]
#[case::missing_level(
    &|to: &Utf8Path| fs::remove_file(to.join("a.zarr/1/.zarray")).unwrap(),
    &["level 1: there is no array `a.zarr/1`", "level 2: not compared"]
)]
#[case::missing_group(
    &|to: &Utf8Path| fs::remove_dir_all(to.join("a.zarr")).unwrap(),
    &["DIFFERENT  a.zarr", "there is neither `a.zarr/.zattrs` nor a `zarr.json`"]
)]
#[case::extra_group(
    &|to: &Utf8Path| {
        fs::create_dir(to.join("c.zarr")).unwrap();
        fs::write(to.join("c.zarr/.zattrs"), "{}").unwrap();
    },
    &["PROBLEM: `c.zarr` in the container comes of no image of the source"]
)]
fn what_is_wrong_is_named(#[case] damage: &dyn Fn(&Utf8Path), #[case] names: &[&str]) {
    let desk = Desk::new();
    let [source, to] = session(&desk);
    convert(&desk, &source, to.as_str(), &[]);
    damage(&to);
    let said = verify(&desk, &source, to.as_str(), &[]).ends(1);
    for name in names {
        assert!(said.stdout.contains(name), "{name}: {}", said.stdout);
    }
    // The other image has nothing to do with it.
    assert!(said.stdout.contains("equal  b.zarr"), "{}", said.stdout);
    let json = verify(&desk, &source, to.as_str(), &["--json"]).ends(1);
    let found: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(found["tiles"].as_array().unwrap().len(), 2);
}

/// Chunks of zeros need not be there.
#[test]
fn a_missing_chunk_is_the_fill_value() {
    let desk = Desk::new();
    let (source, to) = (desk.root.join("dark"), desk.root.join("out"));
    tiff(&source.join("dark.tiff"), SHAPE, |z, _, _| if z < 8 { 0 } else { 9 });
    convert(&desk, &source, to.as_str(), &[]);
    fs::remove_file(to.join("dark.zarr/0/0/0/0/0/1")).unwrap();
    verify(&desk, &source, to.as_str(), &[]).ends(0);
    fs::remove_file(to.join("dark.zarr/0/0/0/1/0/1")).unwrap();
    verify(&desk, &source, to.as_str(), &[]).ends(1).says("1 chunk missing");
}

#[test]
fn nothing_is_written_and_nothing_is_begun_for_nothing() {
    let desk = Desk::new();
    let [source, to] = session(&desk);
    convert(&desk, &source, to.as_str(), &[]);
    let before = tree::digest(&to).unwrap();
    verify(&desk, &source, to.as_str(), &[]).ends(0);
    assert_eq!(tree::digest(&to).unwrap(), before);
    verify(&desk, &desk.root.join("home"), to.as_str(), &[]).ends(2);
}

#[test]
fn info_shows_images_and_groups() {
    let desk = Desk::new();
    let [source, to] = session(&desk);
    let said = Said::of(&mut desk.adt(&["imaging", "info", source.as_str()])).ends(0);
    for text in ["micr/a.tiff", "TIFF", "1,1,20,24,33", "uint16", "1,1,1 (nobody)", "a.zarr"] {
        assert!(said.stdout.contains(text), "{text}: {}", said.stdout);
    }
    convert(&desk, &source, to.as_str(), &["--voxel-size", "0.5,0.75,2"]);
    let one = to.join("a.zarr");
    let said = Said::of(&mut desk.adt(&["imaging", "info", one.as_str()])).ends(0);
    for text in ["Zarr 2, OME-NGFF 0.4", "1,1,10,12,16", "blosc zstd 1", "4,1.5,1", "1,0.375,0.25"] {
        assert!(said.stdout.contains(text), "{text}: {}", said.stdout);
    }
    let said = Said::of(&mut desk.adt(&["imaging", "info", to.as_str(), "--json"])).ends(0);
    let found: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(found["groups"].as_array().unwrap().len(), 2);
    assert_eq!(found["groups"][0]["levels"][2]["array"]["shape"], serde_json::json!([1, 1, 5, 6, 8]));
    let home = desk.root.join("home");
    Said::of(&mut desk.adt(&["imaging", "info", home.as_str()])).ends(2);
}

/// The pixels of a TIFF that `adt` wrote: the one strip is its end.
fn pixels(path: &Utf8Path, count: usize) -> Vec<u16> {
    let bytes = fs::read(path).unwrap();
    bytes[bytes.len() - 2 * count..].as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
}

#[test]
fn projections_are_the_brightest_voxels() {
    let desk = Desk::new();
    let [source, to] = session(&desk);
    let args = ["imaging", "mips", source.as_str(), to.as_str()];
    Said::of(&mut desk.adt(&args)).ends(0).says("6 projections made");
    let [depth, rows, columns] = SHAPE;
    let along = |count: usize, of: &dyn Fn(usize) -> u16| (0..count).map(of).max().unwrap();
    let xy: Vec<u16> =
        (0..rows * columns).map(|i| along(depth, &|z| voxel(z, i / columns, i % columns))).collect();
    let xz: Vec<u16> =
        (0..depth * columns).map(|i| along(rows, &|y| voxel(i / columns, y, i % columns))).collect();
    let yz: Vec<u16> = (0..depth * rows).map(|i| along(columns, &|x| voxel(i / rows, i % rows, x))).collect();
    for (name, expected) in [("XY", xy), ("XZ", xz), ("YZ", yz)] {
        assert_eq!(pixels(&to.join(format!("a_mip_{name}.tiff")), expected.len()), expected, "{name}");
        assert!(fs::read(to.join(format!("a_mip_{name}.png"))).unwrap().starts_with(b"\x89PNG"));
    }
    let before = tree::digest(&to).unwrap();
    fs::write(to.join("a_mip_XY.tiff"), "mine").unwrap();
    Said::of(&mut desk.adt(&args)).ends(0).says("0 projections made").says("6 others stood there already");
    Said::of(&mut desk.adt(&[&args[..], &["--overwrite", "--axes", "XY", "XZ"]].concat())).ends(0);
    assert_eq!(tree::digest(&to).unwrap(), before);
    let more = ["--exclude", "*b.tiff", "--axes", "YZ"];
    let to = "s3://recordings/mips";
    Said::of(&mut desk.adt(&[&["imaging", "mips", source.as_str(), to], &more[..]].concat())).ends(0);
    assert_eq!(tree::digest(&desk.root.join("store/recordings/mips")).unwrap().len(), 2);
}

/// A folder of two channels with two stacks of planes each.
fn smartspim(desk: &Desk) -> Utf8PathBuf {
    let folder = desk.root.join("brain/SmartSPIM");
    for channel in ["Ex_488_Em_525", "Ex_561_Em_600"] {
        for stack in ["100/100_200", "100/100_300"] {
            for number in 0..5 {
                let path = folder.join(format!("{channel}/{stack}/{:06}.tif", number * 20));
                tiff(&path, [1, 6, 8], |_, y, x| (y * x) as u16);
            }
        }
    }
    folder
}

#[rstest]
#[case::right(&|_: &Utf8Path| {}, &[])]
#[case::plane_missing(
    &|stack: &Utf8Path| fs::remove_file(stack.join("000040.tif")).unwrap(),
    &["planes are missing between 000020 and 000060", "stack `100_200` has 4 in Ex_488_Em_525, 5 in Ex_561_Em_600 planes"]
)]
#[case::stack_missing(
    &|stack: &Utf8Path| fs::remove_dir_all(stack).unwrap(),
    &["stack `100_200` lacks in Ex_488_Em_525"]
)]
#[case::empty_plane(
    &|stack: &Utf8Path| fs::write(stack.join("000040.tif"), "").unwrap(),
    &["1 planes without a byte: 000040.tif"]
)]
#[case::damaged(
    &|stack: &Utf8Path| fs::write(stack.join("000040.tif"), "no TIFF at all").unwrap(),
    &["1 planes that cannot be read: 000040.tif"]
)]
#[case::other_size(
    &|stack: &Utf8Path| tiff(&stack.join("000040.tif"), [1, 6, 9], |_, _, _| 0),
    &["1 planes unlike the others: 000040.tif is 9×6, 16 bit, others 8×6, 16 bit"]
)]
#[case::no_png(
    &|stack: &Utf8Path| fs::rename(stack.join("000080.tif"), stack.join("000080.png")).unwrap(),
    &["000080.png is no PNG"]
)]
fn a_smartspim_folder_is_checked(#[case] damage: &dyn Fn(&Utf8Path), #[case] problems: &[&str]) {
    let desk = Desk::new();
    let folder = smartspim(&desk);
    damage(&folder.join("Ex_488_Em_525/100/100_200"));
    let brain = desk.root.join("brain");
    for more in [&[][..], &["--deep"]] {
        let said = Said::of(&mut desk.adt(&[&["imaging", "validate", brain.as_str()], more].concat()));
        let mut said = said.ends(i32::from(!problems.is_empty()));
        for problem in problems {
            said = said.says(problem);
        }
    }
    let json = Said::of(&mut desk.adt(&["imaging", "validate", folder.as_str(), "--json"]));
    let found: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(found["channels"][1]["planes"], 10);
    Said::of(&mut desk.adt(&["imaging", "validate", desk.root.join("home").as_str()])).ends(2);
}
