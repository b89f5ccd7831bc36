use adt_model::{Class, VoxelSize};
use camino::Utf8PathBuf;
use rstest::rstest;

use super::*;

/// Reads a file of this text. The folder is gone afterwards.
fn of(name: &str, text: &str) -> (Utf8PathBuf, Result<(ImagingConfig, Vec<String>), Fault>) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
    std::fs::write(&path, text).unwrap();
    let read = imaging_config(&path);
    (path, read)
}

fn fine(text: &str) -> (ImagingConfig, Vec<String>) {
    of("c.yaml", text).1.unwrap()
}

/// What it says when everything in it has an effect.
fn all(text: &str) -> ImagingConfig {
    let (config, notes) = fine(text);
    assert_eq!(notes, Vec::<String>::new());
    config
}

/// What is wrong, without the beginning that names the file.
fn wrong(text: &str) -> String {
    let (path, read) = of("c.yaml", text);
    let fault = read.unwrap_err();
    assert_eq!((fault.class(), fault.advice()), (Class::BadInput, Some(FILE_FORM)));
    let line = fault.line();
    line.strip_prefix(&format!("the configuration `{path}` cannot be used: ")).unwrap().to_owned()
}

/// Every default of the original, as its own settings print them.
const ORIGINAL: &str = r#"{
    "n_levels": 1, "scale_factor": 2, "chunk_shape": [1, 1, 256, 256, 256], "voxel_size": null, "codec": "zstd",
    "clevel": 1, "do_bkg_subtraction": false, "exclude_patterns": null, "create_ng_link": false, "ng_vmin": 0, "ng_vmax": 200
}"#;

#[rstest]
#[case::json("c.json")]
#[case::yaml("c.yml")]
fn the_originals_defaults_are_ours_but_for_the_levels(#[case] name: &str) {
    let (config, notes) = of(name, ORIGINAL).1.unwrap();
    assert_eq!(config, ImagingConfig { levels: Some(1), ..ImagingConfig::default() });
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn what_the_originals_cron_job_writes() {
    let text = "n_levels: 8\nscale_factor: 2\nchunk_shape:\n- 1\n- 1\n- 128\n- 256\n- 256\nvoxel_size:\n- 1.0\n- 0.748\n- 0.748\n\
                codec: zstd\nclevel: 1\ndo_bkg_subtraction: true\nexclude_patterns:\n- '*_561*'\n- '*.h5'\n\
                create_ng_link: true\nng_vmin: 20\nng_vmax: 400\n";
    let wanted = ImagingConfig {
        levels: Some(8),
        chunk: ChunkShape::Voxels([128, 256, 256]),
        voxel: VoxelSize::new([1.0, 0.748, 0.748]),
        background: Some(Background::Derivatives),
        exclude: vec!["*_561*".into(), "*.h5".into()],
        link: Some([20, 400]),
        ..ImagingConfig::default()
    };
    assert_eq!(all(text), wanted);
}

#[test]
fn what_is_ours() {
    let text = "transform: none\nzarr-format: 3\nshard_shape: [1, 1, 256, 512, 512]\nchunk_shape: [128, 128, 256]\n\
                scale_factors: [1, 2, 2]\nedge: Partial\nrounding: nearest_even\nshuffle: 2\nstrict_compat: yes\nn_levels: 3\n\
                codec: LZ4\nclevel: '9'\nitem_size: 512MiB\n";
    let wanted = ImagingConfig {
        transform: Transform::None,
        levels: Some(3),
        factors: [1, 2, 2],
        chunk: ChunkShape::Voxels([128, 128, 256]),
        shard: Some([256, 512, 512]),
        format: ZarrFormat::V3,
        cname: BloscName::Lz4,
        clevel: 9,
        shuffle: BloscShuffle::Bit,
        edge: Edge::Partial,
        rounding: Rounding::NearestEven,
        item: 512 << 20,
        strict_compat: true,
        ..ImagingConfig::default()
    };
    assert_eq!(all(text), wanted);
}

#[rstest]
#[case::as_many_as_fit("clevel: 1", None)]
#[case::null("n_levels: null", None)]
#[case::one_as_by_the_original("strict_compat: true", Some(1))]
#[case::said_with_it("strict_compat: true\nn_levels: 32", Some(32))]
#[case::in_quotes("N-Levels: '4'", Some(4))]
fn how_many_levels(#[case] text: &str, #[case] levels: Option<u32>) {
    assert_eq!(all(text).levels, levels);
}

#[rstest]
#[case::usual("clevel: 1", [2; 3], &[])]
#[case::largest("scale_factor: 40", [40; 3], &[])]
#[case::largest_of_each("scale_factors: [64, 32, 32]", [64, 32, 32], &[])]
#[case::alike("scale_factor: 2\nscale_factors: [2, 2, 2]", [2; 3], &[])]
#[case::both(
    "scale_factor: 2\nscale_factors: [1, 3, 3]", [1, 3, 3],
    &["`scale_factor` has no effect: `scale_factors` says it too, and wins"]
)]
fn factors_of_axes(#[case] text: &str, #[case] factors: [u64; 3], #[case] told: &[&str]) {
    let (config, notes) = fine(text);
    assert_eq!((config.factors, notes), (factors, told.iter().map(ToString::to_string).collect()));
}

#[rstest]
#[case::size("chunk_size: 64", ChunkShape::Bytes(64 << 20), &[])]
#[case::part_of_a_megabyte("chunk_size: 0.5", ChunkShape::Bytes(512 << 10), &[])]
#[case::less_than_a_byte("chunk_size: 1.0e-9", ChunkShape::Bytes(1), &[])]
#[case::three("chunk_shape: [64, 128, 128]", ChunkShape::Voxels([64, 128, 128]), &[])]
#[case::both(
    "chunk_size: 64\nchunk_shape: [1, 1, 64, 64, 64]", ChunkShape::Voxels([64; 3]),
    &["`chunk_size` has no effect: `chunk_shape` wins over it"]
)]
fn shapes_of_chunks(#[case] text: &str, #[case] chunk: ChunkShape, #[case] told: &[&str]) {
    let (config, notes) = fine(text);
    assert_eq!((config.chunk, notes), (chunk, told.iter().map(ToString::to_string).collect()));
}

#[rstest]
#[case::relative("bkg_img_dir: dark", "dark")]
#[case::with_the_switch("do_bkg_subtraction: true\nbkg_img_dir: ../bkg", "../bkg")]
fn backgrounds_lie_beside_the_file_when_nothing_else_is_said(#[case] text: &str, #[case] folder: &str) {
    let (path, read) = of("c.yaml", text);
    let wanted = path.parent().unwrap().join(folder);
    assert_eq!(read.unwrap().0.background, Some(Background::Folder(wanted)));
}

#[cfg(unix)]
#[test]
fn an_absolute_folder_of_backgrounds_stays() {
    let background = all("bkg_img_dir: /data/bkg").background;
    assert_eq!(background, Some(Background::Folder("/data/bkg".into())));
}

#[rstest]
#[case::list("exclude_patterns: ['a*', b]", &["a*", "b"])]
#[case::one("exclude_patterns: '*_488*'", &["*_488*"])]
#[case::none("exclude_patterns: []", &[])]
fn patterns_of_what_is_left_alone(#[case] text: &str, #[case] patterns: &[&str]) {
    assert_eq!(all(text).exclude, patterns);
}

#[rstest]
#[case::usual("create_ng_link: true", Some([0, 200]), &[])]
#[case::one_end("create_ng_link: true\nng_vmax: 1000.0", Some([0, 1000]), &[])]
#[case::not_wanted(
    "ng_vmin: 5\nng_vmax: 200", None,
    &["`ng_vmin` has no effect: it belongs to `create_ng_link: true`"]
)]
fn states_for_neuroglancer(#[case] text: &str, #[case] link: Option<[u32; 2]>, #[case] told: &[&str]) {
    let (config, notes) = fine(text);
    assert_eq!((config.link, notes), (link, told.iter().map(ToString::to_string).collect()));
}

#[test]
fn what_the_job_list_says_has_no_effect() {
    let notes = fine("source: /data\nskip_staging: true\nclevel: 1").1;
    assert_eq!(
        notes,
        [
            "`source` has no effect: the job list says it",
            "`skip_staging` has no effect: the job list says it"
        ]
    );
}

const SHAPE: &str = "such as [1, 1, 128, 128, 128]: t, c, z, y, x, each from 1 to 1048576";
const VOXEL: &str = "micrometres along z, y, x, each greater than 0, such as [1, 0.748, 0.748]";
const FACTORS: &str = "three whole numbers, z, y, x, such as [1, 2, 2], whose product is at most 65536";

#[rstest]
#[case::no_levels("n_levels: 0", "`n_levels` = `0`: not one that is possible (a whole number from 1 to 32)")]
#[case::many_levels(
    "n_levels: 33",
    "`n_levels` = `33`: not one that is possible (a whole number from 1 to 32)"
)]
#[case::level("clevel: 10", "`clevel` = `10`: not one that is possible (a whole number from 0 to 9)")]
#[case::factor(
    "scale_factor: 41",
    "`scale_factor` = `41`: not one that is possible (a whole number from 1 to 40)"
)]
#[case::factor_of_each(
    "scale_factor: [1, 2, 2]",
    "`scale_factor`: a list (one number; `scale_factors` has one for each axis)"
)]
#[case::factors(
    "scale_factors: [64, 32, 33]",
    &format!("`scale_factors`: not factors that are possible ({FACTORS})")
)]
#[case::no_factor(
    "scale_factors: [0, 2, 2]",
    &format!("`scale_factors`: not factors that are possible ({FACTORS})")
)]
#[case::two_factors("scale_factors: [2, 2]", &format!("`scale_factors`: not factors that are possible ({FACTORS})"))]
#[case::two_times(
    "chunk_shape: [2, 1, 64, 64, 64]",
    &format!("`chunk_shape`: t and c are 1: there is one time and one channel in a chunk ({SHAPE})")
)]
#[case::two_channels(
    "chunk_shape: [1, 2, 64, 64, 64]",
    &format!("`chunk_shape`: t and c are 1: there is one time and one channel in a chunk ({SHAPE})")
)]
#[case::four("chunk_shape: [1, 64, 64, 64]", &format!("`chunk_shape`: neither five numbers nor three ({SHAPE})"))]
#[case::no_length("chunk_shape: [0, 64, 64]", &format!("`chunk_shape`: not a shape that is possible ({SHAPE})"))]
#[case::no_list("chunk_shape: 128", &format!("`chunk_shape` = `128`: not a shape that is possible ({SHAPE})"))]
#[case::no_size(
    "chunk_size: 0",
    "`chunk_size` = `0`: not a size of a chunk (megabytes of 1024² bytes, such as 64, less than 2048)"
)]
#[case::large(
    "chunk_size: 2048",
    "`chunk_size` = `2048`: not a size of a chunk (megabytes of 1024² bytes, such as 64, less than 2048)"
)]
#[case::no_voxel("voxel_size: [1, 0, 1]", &format!("`voxel_size`: a voxel is 0 micrometres long along y ({VOXEL})"))]
#[case::negative_voxel(
    "voxel_size: [1, 1, -0.5]",
    &format!("`voxel_size`: a voxel is -0.5 micrometres long along x ({VOXEL})")
)]
#[case::part_of_a_voxel("voxel_size: [1, 1]", &format!("`voxel_size`: not three numbers ({VOXEL})"))]
#[case::voxel_as_a_text(
    "voxel_size: '1,1,1'",
    &format!("`voxel_size` = `1,1,1`: not three numbers ({VOXEL})")
)]
#[case::word(
    "transform: zarrr",
    "`transform` = `zarrr`: not one of its words (did you mean `zarr`? one of zarr, zip, none)"
)]
#[case::null_could_be_none(
    "transform: null",
    "`transform` = `null`: not one of its words (one of zarr, zip, none)"
)]
#[case::format("zarr_format: 4", "`zarr_format` = `4`: not one of its words (one of 2, 3)")]
#[case::shuffle("shuffle: 3", "`shuffle` = `3`: not one of its words (2 or bit, 1 or byte, 0 or none)")]
#[case::codec("codec: gzip", "`codec` = `gzip`: not one of its words (one of zstd, lz4)")]
#[case::patterns(
    "exclude_patterns: [1]",
    "`exclude_patterns`: not patterns of paths (a list of texts, such as `[\"*_488*\"]`)"
)]
#[case::item("item_size: 0", "`item_size` = `0`: not a size (such as `512MiB` or `2GiB`)")]
#[case::unknown("n_level: 3", "`n_level`: no key of that name (did you mean `n_levels`?)")]
#[case::twice("clevel: 1\nCLevel: 1", "`CLevel`: the key is there twice (keep one of them)")]
#[case::background(
    "do_bkg_subtraction: no\nbkg_img_dir: /data",
    "`do_bkg_subtraction`: it is false, and `bkg_img_dir` names a folder (leave one of them out)"
)]
#[case::no_folder(
    "bkg_img_dir: ''",
    "`bkg_img_dir` = ``: not a folder (a path, such as `/data/session/derivatives`)"
)]
#[case::no_brightness(
    "create_ng_link: true\nng_vmin: 200",
    "`ng_vmax`: the brightness that is shown begins at 200 and ends at 200 (an end beyond the beginning)"
)]
#[case::shards_of_zarr_2(
    "shard_shape: [256, 256, 256]",
    "`shard_shape`: Zarr 2 has no shards (leave it out, or write Zarr 3)"
)]
#[case::part_of_a_chunk(
    "zarr_format: 3\nchunk_shape: [128, 128, 128]\nshard_shape: [256, 192, 256]",
    "`shard_shape`: [256, 192, 256] is not whole chunks of [128, 128, 128] (a multiple of the chunk along each of z, y, x)"
)]
#[case::shards_of_unknown_chunks(
    "zarr_format: 3\nchunk_size: 64\nshard_shape: [256, 256, 256]",
    "`shard_shape`: a shard is whole chunks, and a size in bytes leaves their shape open (give the shape of a chunk with it)"
)]
fn what_cannot_be_meant_is_said_with_what_could_be(#[case] text: &str, #[case] said: &str) {
    assert_eq!(wrong(text), said);
}

#[rstest]
fn other_codecs_of_blosc_are_refused_by_name(#[values("blosclz", "lz4hc", "zlib", "Snappy")] codec: &str) {
    let said = format!("`codec` = `{codec}`: a codec of Blosc that is not written here (one of zstd, lz4)");
    assert_eq!(wrong(&format!("codec: {codec}")), said);
}

#[test]
fn all_problems_are_said_at_once() {
    let said = wrong("{n_levels: many, voxel_size: [0, 1, 1], codec: zlib, clevel: -1, speed: 3}");
    let problems: Vec<_> = said.split("; ").map(|problem| problem.split(':').next().unwrap()).collect();
    assert_eq!(
        problems,
        ["`n_levels` = `many`", "`codec` = `zlib`", "`clevel` = `-1`", "`voxel_size`", "`speed`"]
    );
}

#[test]
fn a_file_that_says_nothing_changes_nothing() {
    let (config, notes) = fine("# later\n");
    assert_eq!((config, notes.len()), (ImagingConfig::default(), 1));
}

#[test]
fn a_file_that_is_not_there_is_missing() {
    let fault = imaging_config(Utf8Path::new("no/such/config.yml")).unwrap_err();
    assert_eq!(fault.class(), Class::Missing);
}
