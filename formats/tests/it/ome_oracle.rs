//! Our images as zarr-python, tensorstore and the schemas of NGFF take them, and the shards of others as we do.

use std::{fs, process::Command, sync::LazyLock};

use adt_codec::{blosc, downscale, zstd};
use adt_formats::{
    ome::{Image, Version},
    zarr::{
        self, Blosc, BloscCodec, Compressor, Dtype, Separator, Shuffle, python_json,
        v3::{self, ShardIndex, ShardWriter},
    },
};
use adt_testkit::oracle;
use camino::{Utf8Path, Utf8PathBuf};
use rstest::rstest;

use super::ome::image;

static READERS: LazyLock<Utf8PathBuf> = LazyLock::new(|| {
    venv(&["zarr==3.1.6", "tensorstore==0.1.86", "numpy==2.3.5", "jsonschema==4.26.0", "referencing==0.37.0"])
});

/// A package that carries the schemas, without all that it works with.
static SCHEMAS: LazyLock<Utf8PathBuf> = LazyLock::new(|| venv(&["--no-deps", "ngff-zarr==0.50.0"]));

fn venv(packages: &[&str]) -> Utf8PathBuf {
    oracle::venv(&Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles"), packages).unwrap()
}

fn run(arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/ome_oracle.py");
    let output =
        Command::new(oracle::program(&READERS, "python")).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn schemas(version: &str) -> Utf8PathBuf {
    let script = "import importlib.util as u; print(u.find_spec('ngff_zarr').submodule_search_locations[0])";
    let output = Command::new(oracle::program(&SCHEMAS, "python")).args(["-c", script]).output().unwrap();
    let package = String::from_utf8(output.stdout).unwrap();
    Utf8Path::new(package.trim()).join("spec").join(version).join("schemas")
}

const SHAPE: [usize; 3] = [9, 21, 33];

/// The levels of an image of noise, each the mean of the one before; a corner is black.
fn levels() -> Vec<([usize; 3], Vec<u16>)> {
    let mut state = 7_u64;
    let noise = |number: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if number < 5 * SHAPE[1] * SHAPE[2] && number % SHAPE[2] < 17 { 0 } else { (state >> 48) as u16 }
    };
    let mut levels = vec![(SHAPE, (0..SHAPE.iter().product()).map(noise).collect::<Vec<u16>>())];
    let half = downscale::Downscale::new([2; 3], downscale::Edge::Crop, downscale::Rounding::Down).unwrap();
    for _ in 0..2 {
        let (shape, voxels) = &levels[levels.len() - 1];
        let mut to = vec![0; half.shape(*shape).iter().product()];
        half.block(voxels, *shape, &mut to).unwrap();
        levels.push((half.shape(*shape), to));
    }
    levels
}

fn usual() -> Compressor {
    Compressor::Blosc(Blosc { blocksize: 0, clevel: 1, cname: BloscCodec::Zstd, shuffle: Shuffle::Byte })
}

fn encode(compressor: Option<&Compressor>, chunk: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match compressor {
        None => out.extend_from_slice(chunk),
        Some(Compressor::Zstd(level)) => zstd::Encoder::new(*level).encode(chunk, &mut out).unwrap(),
        _ => {
            let settings = blosc::Settings {
                compressor: blosc::Compressor::Zstd,
                level: 1,
                shuffle: blosc::Shuffle::Byte,
                typesize: 2,
                block: 0,
            };
            blosc::Encoder::new(settings).encode(chunk, &mut out).unwrap();
        }
    }
    out
}

/// The bytes of the voxels of a region, whose first two axes are of length 1.
fn cut(voxels: &[u16], shape: [usize; 3], region: &zarr::Region) -> Vec<u8> {
    let mut bytes = Vec::new();
    let axes = region.start.len() - 3;
    let span = |axis: usize| {
        region.start[axes + axis] as usize..(region.start[axes + axis] + region.shape[axes + axis]) as usize
    };
    for z in span(0) {
        for y in span(1) {
            for x in span(2) {
                bytes.extend(voxels[(z * shape[1] + y) * shape[2] + x].to_le_bytes());
            }
        }
    }
    bytes
}

fn chunk(layout: &zarr::ArrayMeta, index: &[u64], voxels: &[u16], shape: [usize; 3]) -> Vec<u8> {
    let (region, mut padded) = (layout.region(index), Vec::new());
    layout.pad(&region, &cut(voxels, shape, &region), &mut padded).unwrap();
    encode(layout.compressor(), &padded)
}

fn put(path: &Utf8Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn five(shape: [usize; 3]) -> Vec<u64> {
    [1, 1].into_iter().chain(shape.map(|extent| extent as u64)).collect()
}

fn chunks(shape: [usize; 3]) -> Vec<u64> {
    five([4, 8, 8]).iter().zip(five(shape)).map(|(chunk, extent)| (*chunk).min(extent)).collect()
}

fn described() -> Image {
    image("ij", [2.0, 0.75, 0.75], Some([30.0, 20.0, 10.0]), vec![[1; 3], [2; 3], [4; 3]])
}

#[test]
fn others_read_our_images_of_version_2() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let image = folder.join("ij.zarr");
    for (level, (shape, voxels)) in levels().iter().enumerate() {
        let meta = zarr::ArrayMeta::new(five(*shape), chunks(*shape), Dtype::U16).unwrap();
        let meta = meta.compressed(Some(usual())).separated(Separator::Slash);
        let array = image.join(level.to_string());
        put(&array.join(".zarray"), &python_json(&meta.to_value()));
        for index in meta.chunk_indices() {
            put(&array.join(meta.chunk_name(&index)), &chunk(&meta, &index, voxels, *shape));
        }
        if level == 0 {
            put(
                &folder.join("raw"),
                &voxels.iter().flat_map(|voxel| voxel.to_le_bytes()).collect::<Vec<_>>(),
            );
        }
    }
    put(&image.join(".zgroup"), b"{\n    \"zarr_format\": 2\n}");
    put(&image.join(".zattrs"), &python_json(&described().attributes(Version::V04).into()));
    run(&["check", image.as_str(), schemas("0.4").as_str(), folder.join("raw").as_str()]);
}

#[rstest]
#[case::blosc(Some(usual()), true)]
#[case::zstd(Some(Compressor::Zstd(3)), true)]
#[case::bare(None, true)]
#[case::no_shards(Some(usual()), false)]
fn others_read_our_images_of_version_3(#[case] compressor: Option<Compressor>, #[case] sharded: bool) {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let image = folder.join("ij");
    for (level, (shape, voxels)) in levels().iter().enumerate() {
        let meta = v3::ArrayMeta::new(five(*shape), chunks(*shape), Dtype::U16).unwrap();
        let mut meta = meta.compressed(compressor.clone()).named(&["t", "c", "z", "y", "x"]).unwrap();
        if sharded {
            meta = meta
                .sharded(
                    chunks(*shape).iter().enumerate().map(|(i, n)| if i < 2 { *n } else { 2 * n }).collect(),
                )
                .unwrap();
        }
        let array = image.join(level.to_string());
        put(&array.join("zarr.json"), &v3::text(&meta.to_value()));
        objects(&meta, &array, voxels, *shape);
        if level == 0 {
            put(
                &folder.join("raw"),
                &voxels.iter().flat_map(|voxel| voxel.to_le_bytes()).collect::<Vec<_>>(),
            );
        }
    }
    put(&image.join("zarr.json"), &v3::text(&v3::group(&described().attributes(Version::V05))));
    run(&["check", image.as_str(), schemas("0.5").as_str(), folder.join("raw").as_str()]);
}

/// Writes every object of an array; chunks that are black are left out of shards.
fn objects(meta: &v3::ArrayMeta, array: &Utf8Path, voxels: &[u16], shape: [usize; 3]) {
    let grid = zarr::ArrayMeta::new(meta.layout().shape().to_vec(), meta.object_shape().to_vec(), Dtype::U8)
        .unwrap();
    for object in grid.chunk_indices() {
        let path = array.join(meta.object_name(&object));
        if meta.shard().is_none() {
            put(&path, &chunk(meta.layout(), &object, voxels, shape));
            continue;
        }
        let (mut writer, mut body) = (ShardWriter::new(meta.index_entries()), Vec::new());
        for index in meta.chunks_of(&object) {
            let light = |index: &Vec<u64>| {
                cut(voxels, shape, &meta.layout().region(index)).iter().any(|byte| *byte != 0)
            };
            let encoded = index.filter(light).map(|index| chunk(meta.layout(), &index, voxels, shape));
            assert_eq!(writer.push(encoded.as_ref().map(|bytes| bytes.len() as u64)), body.len() as u64);
            body.extend(encoded.unwrap_or_default());
        }
        body.extend(writer.finish());
        put(&path, &body);
    }
}

#[rstest]
#[case::zarr_python("python")]
#[case::tensorstore("tensorstore")]
fn we_read_the_shards_of_others(#[case] writer: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    run(&["write", folder.as_str()]);
    let expected: Vec<u16> = fs::read(folder.join("voxels"))
        .unwrap()
        .as_chunks()
        .0
        .iter()
        .map(|pair| u16::from_le_bytes(*pair))
        .collect();
    let array = folder.join(writer);
    let meta = v3::ArrayMeta::parse("zarr.json", &fs::read(array.join("zarr.json")).unwrap()).unwrap();
    assert_eq!(meta.names(), Some(vec!["z", "y", "x"]));
    let mut missing = 0;
    for index in meta.layout().chunk_indices() {
        let (object, number) = meta.object_of(&index);
        let shard = fs::read(array.join(meta.object_name(&object))).unwrap();
        let range = meta.index_range(shard.len() as u64).unwrap();
        let table = &shard[range.start as usize..range.end as usize];
        let table = ShardIndex::parse("shard", table, meta.index_has_checksum(), shard.len() as u64).unwrap();
        let region = meta.layout().region(&index);
        let wanted = cut(&expected, SHAPE, &region);
        let Some(span) = table.span(number) else {
            assert!(wanted.iter().all(|byte| *byte == 0));
            missing += 1;
            continue;
        };
        let (mut chunk, mut items) = (vec![0; meta.layout().chunk_bytes()], Vec::new());
        decode(&meta, &shard[span.start as usize..span.end as usize], &mut chunk);
        meta.layout().crop(&region, &chunk, &mut items).unwrap();
        assert_eq!(items, wanted, "{index:?}");
    }
    assert_eq!(missing, 1);
}

fn decode(meta: &v3::ArrayMeta, frame: &[u8], chunk: &mut [u8]) {
    let frame = if meta.has_checksums() {
        let (frame, sum) = frame.split_last_chunk::<4>().unwrap();
        assert_eq!(u32::from_le_bytes(*sum), adt_codec::crc32c(frame));
        frame
    } else {
        frame
    };
    match meta.layout().compressor() {
        Some(Compressor::Zstd(_)) => zstd::Decoder::new().decode_into(frame, chunk).unwrap(),
        _ => blosc::Decoder::new().decode_into(frame, chunk).unwrap(),
    }
}
