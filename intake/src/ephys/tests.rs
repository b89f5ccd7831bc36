use adt_model::{BloscName, BloscShuffle, ChunkLength, Class, TraceCodec};
use camino::Utf8PathBuf;
use rstest::rstest;

use super::*;

/// Reads a file of this name and these bytes.
fn of(name: &str, bytes: impl AsRef<[u8]>) -> (Utf8PathBuf, Result<(EphysConfig, Vec<String>), Fault>) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let read = ephys_config(&path);
    (path, read)
}

fn fine(name: &str, text: &str) -> (EphysConfig, Vec<String>) {
    of(name, text).1.unwrap()
}

/// What is wrong, without the beginning that names the file.
fn wrong(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let (path, read) = of(name, bytes);
    let fault = read.unwrap_err();
    assert_eq!((fault.class(), fault.advice()), (Class::BadInput, Some(FILE_FORM)));
    let line = fault.line();
    line.strip_prefix(&format!("the configuration `{path}` cannot be used: ")).unwrap().to_owned()
}

/// Every default of the original, as its own settings print them.
const ORIGINAL: &str = r#"{
    "modality": {"name": "Extracellular electrophysiology", "abbreviation": "ecephys"},
    "source": "/rig/session", "compress_raw_data": true, "extra_configs": null, "skip_staging": false,
    "process_name": "Ephys preprocessing", "data_reader": "openephys", "clip_n_frames": 100,
    "compress_write_output_format": "zarr", "compress_max_windows_filename_len": 150,
    "compressor_name": "wavpack", "compressor_kwargs": {"level": 3}, "compress_job_save_kwargs": {"n_jobs": -1},
    "compress_chunk_duration": "1s", "scale_num_chunks_per_segment": 100, "scale_chunk_size": 10000
}"#;

#[test]
fn the_originals_defaults_are_ours() {
    let (config, notes) = fine("c.json", ORIGINAL);
    assert_eq!(config, EphysConfig::default());
    assert_eq!(
        notes,
        [
            "`compress_max_windows_filename_len` has no effect: names of any length are written",
            "`modality` has no effect: the job list says it",
            "`source` has no effect: the job list says it",
            "`process_name` has no effect: the job list says it",
            "`compress_raw_data` has no effect: the job list says it",
            "`skip_staging` has no effect: the job list says it",
            "`compress_job_save_kwargs.n_jobs` has no effect: `--cpus` and `--memory` say how much there is",
            "`scale_num_chunks_per_segment` has no effect: it belongs to `lsb: spikeinterface`",
            "`scale_chunk_size` has no effect: it belongs to `lsb: spikeinterface`",
        ]
    );
}

#[rstest]
#[case::wavpack("compressor_kwargs: {level: 1}", TraceCodec::Wavpack { level: 1 })]
#[case::in_quotes("compressor_name: WavPack\ncompressor_kwargs: {level: '4', bps: 0}", TraceCodec::Wavpack { level: 4 })]
#[case::nothing_said("compressor_kwargs:\n  level: ~\n  bps: null", TraceCodec::Wavpack { level: 3 })]
#[case::as_a_store_prints_it("compressor_kwargs: {bps: 0.0, level: 2.0}", TraceCodec::Wavpack { level: 2 })]
#[case::blosc("compressor_name: blosc", TraceCodec::Blosc { cname: BloscName::Zstd, level: 5, shuffle: BloscShuffle::Bit })]
#[case::blosc_lz4(
    "compressor_name: blosc\ncompressor_kwargs: {cname: lz4, clevel: 9, shuffle: 1}",
    TraceCodec::Blosc { cname: BloscName::Lz4, level: 9, shuffle: BloscShuffle::Byte }
)]
#[case::the_usual_shuffle(
    "compressor_name: blosc\ncompressor_kwargs: {shuffle: -1, clevel: 0}",
    TraceCodec::Blosc { cname: BloscName::Zstd, level: 0, shuffle: BloscShuffle::Byte }
)]
#[case::zstd("compressor_name: zstd", TraceCodec::Zstd { level: 3 })]
#[case::zstd_level("compressor_name: zstd\ncompressor_kwargs: {level: 19}", TraceCodec::Zstd { level: 19 })]
fn compressors(#[case] text: &str, #[case] codec: TraceCodec) {
    assert_eq!(fine("c.yaml", text).0.codec, codec);
}

const WINS: &str =
    "`compress_chunk_duration` has no effect: `compress_job_save_kwargs` says it too, and wins";

#[rstest]
#[case::own("compress_chunk_duration: 10s", ChunkLength::Micros(10_000_000), &[])]
#[case::a_number("compress_chunk_duration: 0.5", ChunkLength::Micros(500_000), &[])]
#[case::saved("compress_job_save_kwargs: {chunk_duration: 500ms}", ChunkLength::Micros(500_000), &[])]
#[case::both(
    "compress_chunk_duration: 1s\ncompress_job_save_kwargs: {chunk_duration: 2s}", ChunkLength::Micros(2_000_000), &[WINS]
)]
#[case::both_alike(
    "compress_chunk_duration: 2s\ncompress_job_save_kwargs: {chunk_duration: 2s}", ChunkLength::Micros(2_000_000), &[]
)]
#[case::frames("compress_job_save_kwargs: {chunk_size: 30000}", ChunkLength::Frames(30_000), &[])]
#[case::bytes("compress_job_save_kwargs: {chunk_memory: 100M}", ChunkLength::Bytes(100_000_000), &[])]
#[case::kilobytes("compress_job_save_kwargs: {chunk_memory: 500k}", ChunkLength::Bytes(500_000), &[])]
#[case::spelled_out("compress_job_save_kwargs: {chunk_memory: 8 MiB}", ChunkLength::Bytes(8 << 20), &[])]
#[case::the_order_of_spikeinterface(
    "compress_job_save_kwargs: {chunk_duration: 2s, chunk_memory: 1M, chunk_size: 100}",
    ChunkLength::Frames(100),
    &[
        "`compress_job_save_kwargs.chunk_memory` has no effect: `chunk_size` wins over it",
        "`compress_job_save_kwargs.chunk_duration` has no effect: `chunk_size` wins over it",
    ]
)]
fn chunks(#[case] text: &str, #[case] chunk: ChunkLength, #[case] notes: &[&str]) {
    let (config, told) = fine("c.yaml", text);
    assert_eq!((config.chunk, told), (chunk, notes.iter().map(ToString::to_string).collect()));
}

#[rstest]
#[case::exact("lsb: exact", Lsb::Exact)]
#[case::as_it_is("lsb: none", Lsb::None)]
#[case::divided("lsb: SpikeInterface", Lsb::Spikeinterface)]
fn steps(#[case] text: &str, #[case] lsb: Lsb) {
    assert_eq!(fine("c.yaml", text), (EphysConfig { lsb, ..EphysConfig::default() }, vec![]));
}

#[test]
fn where_spikeinterface_looks_for_the_step_is_said_by_the_originals_names() {
    let (config, notes) =
        fine("c.yaml", "lsb: si\nscale-num-chunks-per-segment: 20\nScale_Chunk_Size: '5000'\n");
    assert_eq!((config.sample, notes), (LsbSample { chunks: 20, frames: 5000 }, vec![]));
}

#[rstest]
#[case("accept_unread_streams: true", true)]
#[case("accept_unread_streams: 'Yes'", true)]
#[case("accept_unread_streams: 1", true)]
#[case("accept_unread_streams: off", false)]
fn switches(#[case] text: &str, #[case] accept: bool) {
    assert_eq!(fine("c.yaml", text).0.accept_unread, accept);
}

#[rstest]
#[case("require_aligned_timestamps: true", Aligned::Harp)]
#[case("require_aligned_timestamps: 'Yes'", Aligned::Harp)]
#[case("require_aligned_timestamps: 1", Aligned::Harp)]
#[case("require_aligned_timestamps: Main", Aligned::Main)]
#[case("require_aligned_timestamps: false", Aligned::Any)]
#[case("require_aligned_timestamps: null", Aligned::Any)]
#[case("lsb: none", Aligned::Any)]
fn alignment(#[case] text: &str, #[case] aligned: Aligned) {
    assert_eq!(fine("c.yaml", text).0.aligned, aligned);
}

#[rstest]
#[case::wavpack(
    r#"{"compressor_kwargs": {"dynamic_noise_shaping": true, "shaping_weight": 0.0, "num_encoding_threads": 1, "num_decoding_threads": 8}}"#,
    &["dynamic_noise_shaping", "shaping_weight", "num_encoding_threads", "num_decoding_threads"]
)]
#[case::blosc(r#"{"compressor_name": "blosc", "compressor_kwargs": {"blocksize": 0}}"#, &["blocksize"])]
#[case::saving(
    r#"{"compress_job_save_kwargs": {"n_jobs": 8, "total_memory": "1G", "progress_bar": true, "mp_context": null}}"#,
    &["n_jobs", "total_memory", "progress_bar"]
)]
fn what_has_no_effect_is_told(#[case] text: &str, #[case] named: &[&str]) {
    let notes = fine("c.json", text).1;
    let names: Vec<_> = notes
        .iter()
        .map(|note| note.split_once("` has no effect: ").unwrap().0.rsplit_once('.').unwrap().1)
        .collect();
    assert_eq!(names, named);
}

#[rstest]
#[case::unknown_near(
    "compresor_name: blosc",
    "`compresor_name`: no key of that name (did you mean `compressor_name`?)"
)]
#[case::below(
    "compressor_kwargs: {levl: 2}",
    "`compressor_kwargs.levl`: no key of that name (did you mean `level`?)"
)]
#[case::blosc_has_another_name_for_it(
    "{compressor_name: blosc, compressor_kwargs: {level: 3}}",
    "`compressor_kwargs.level`: no key of that name (did you mean `clevel`?)"
)]
#[case::unknown_far(
    "{compressor_name: zstd, compressor_kwargs: {dictionary: 3}}",
    "`compressor_kwargs.dictionary`: no key of that name (the keys are level)"
)]
#[case::word(
    "compressor_name: wavpak",
    "`compressor_name` = `wavpak`: no compressor of that name (did you mean `wavpack`? one of wavpack, blosc, zstd)"
)]
#[case::reader(
    "data_reader: blackrock",
    "`data_reader` = `blackrock`: not known (`openephys`, `openephysbinary` or `spikeglx`)"
)]
#[case::chronic(
    "reader_name: chronic",
    "`reader_name` = `chronic`: raw files of ONIX are not read (record them with the Open Ephys GUI, or send the folder with \
     `compress_raw_data: false`)"
)]
#[case::seed(
    "random_seed: 7",
    "`random_seed` = `7`: another seed is not used (0, or leave it out; `lsb: exact` looks at every sample and draws none)"
)]
#[case::streams(
    "streams: {a: 1}",
    "`streams`: not names or patterns (a list of texts, such as `[\"*ProbeA*\"]`)"
)]
#[case::no_channel(
    "channels: []",
    "`channels`: not names or patterns (a list of texts, such as `[\"*ProbeA*\"]`)"
)]
#[case::a_list_in_a_list(
    "experiments: [[1]]",
    "`experiments`: not names or patterns (a list of texts, such as `[\"*ProbeA*\"]`)"
)]
#[case::probe_file("probe_file: [a.json]", "`probe_file`: not a file (a path, such as `/data/probe.json`)")]
#[case::probe_file_for(
    "{probe_file: a.json, probe_file_for: some}",
    "`probe_file_for` = `some`: not one of its words (one of missing, all)"
)]
#[case::format(
    "compress_write_output_format: nwb",
    "`compress_write_output_format` = `nwb`: not known (only `zarr`)"
)]
#[case::level(
    "compressor_kwargs: {level: 5}",
    "`compressor_kwargs.level` = `5`: not one that is possible (a whole number from 1 to 4)"
)]
#[case::part_of_a_level(
    "compressor_kwargs: {level: 2.5}",
    "`compressor_kwargs.level` = `2.5`: not one that is possible (a whole number from 1 to 4)"
)]
#[case::lossy(
    "compressor_kwargs: {bps: 2.25}",
    "`compressor_kwargs.bps` = `2.25`: lossy, and recordings are stored without loss (0, or leave it out)"
)]
#[case::no_frames(
    "clip_n_frames: 0",
    "`clip_n_frames` = `0`: not one that is possible (a whole number from 1)"
)]
#[case::negative(
    "clip_n_frames: -1",
    "`clip_n_frames` = `-1`: not one that is possible (a whole number from 1)"
)]
#[case::truth(
    "clip_n_frames: true",
    "`clip_n_frames` = `true`: not one that is possible (a whole number from 1)"
)]
#[case::duration(
    "compress_chunk_duration: 1 minute",
    "`compress_chunk_duration` = `1 minute`: not a duration (such as `1s`, `0.5s` or `500ms`, at most an hour)"
)]
#[case::size(
    "compress_job_save_kwargs: {chunk_memory: 9G}",
    "`compress_job_save_kwargs.chunk_memory` = `9G`: not a size (such as `500k` or `100M`, at most `2G`)"
)]
#[case::no_mapping(
    "compressor_kwargs: [3]",
    "`compressor_kwargs`: a list, not keys with values (`{\"key\": value}`)"
)]
#[case::null_could_be_none(
    "lsb: null",
    "`lsb` = `null`: not one of its words (one of exact, spikeinterface, none)"
)]
#[case::switch(
    "accept_unread_streams: perhaps",
    "`accept_unread_streams` = `perhaps`: neither true nor false (true or false)"
)]
#[case::alignment(
    "require_aligned_timestamps: perhaps",
    "`require_aligned_timestamps` = `perhaps`: not one of its words (one of true, false, main)"
)]
#[case::blosc_name(
    "{compressor_name: blosc, compressor_kwargs: {cname: zlib}}",
    "`compressor_kwargs.cname` = `zlib`: not one of its words (one of zstd, lz4)"
)]
#[case::shuffle(
    "{compressor_name: blosc, compressor_kwargs: {shuffle: 3}}",
    "`compressor_kwargs.shuffle` = `3`: not one of its words (2 or bit, 1 or byte, 0 or none, -1 for the usual one)"
)]
#[case::twice("lsb: none\nlsb: exact", "`lsb`: the key is there twice (keep one of them)")]
#[case::twice_in_two_spellings(
    "clip_n_frames: 1\nClip-N-Frames: 2",
    "`Clip-N-Frames`: the key is there twice (keep one of them)"
)]
fn what_cannot_be_meant_is_said_with_what_could_be(#[case] text: &str, #[case] said: &str) {
    assert_eq!(wrong("c.yaml", text), said);
}

#[test]
fn all_problems_are_said_at_once() {
    let text = r#"{"clip_n_frames": "few", "lsb": "exakt", "compressor_kwargs": {"level": 9, "lvl": 1}, "lsb": 1, "speed": 3}"#;
    let said = wrong("c.json", text);
    let problems: Vec<_> = said.split("; ").map(|problem| problem.split(':').next().unwrap()).collect();
    assert_eq!(
        problems,
        [
            "`lsb`",
            "`lsb` = `exakt`",
            "`compressor_kwargs.level` = `9`",
            "`compressor_kwargs.lvl`",
            "`clip_n_frames` = `few`",
            "`speed`"
        ]
    );
}

#[rstest]
#[case::nothing("c.json", "")]
#[case::blanks("c.yaml", " \n\n")]
#[case::only_a_comment("c.yml", "# later\n")]
#[case::an_empty_object("c.json", "{}")]
#[case::null("c.json", "null")]
#[case::a_mark("c.json", "\u{feff}")]
fn a_file_that_says_nothing_changes_nothing(#[case] name: &str, #[case] text: &str) {
    let (config, notes) = fine(name, text);
    assert_eq!((config, notes.len()), (EphysConfig::default(), 1));
    assert!(notes[0].ends_with("says nothing: everything is stored as usual"), "{notes:?}");
}

#[rstest]
#[case::json_with_a_mark("c.JSON", "\u{feff}{\"lsb\": \"none\"}")]
#[case::yaml_with_a_mark("c.YML", "\u{feff}lsb: none\r\n")]
#[case::json_of_another_name("c.conf", " {\"lsb\": \"none\"}")]
#[case::yaml_of_another_name("config", "---\nlsb: none # as it is\n")]
#[case::json_is_yaml_too("c.yaml", "{\"lsb\": \"none\"}")]
#[case::yaml_with_an_anchor("c.yaml", "lsb: &way none\ncompressor_kwargs: {}\n")]
fn both_forms_are_read_whatever_the_name(#[case] name: &str, #[case] text: &str) {
    assert_eq!(fine(name, text).0.lsb, Lsb::None);
}

#[rstest]
#[case::a_list("c.json", b"[1]".as_slice(), "it is a list, not keys with values")]
#[case::a_list_in_yaml("c.yaml", b"- lsb: none\n", "it is a list, not keys with values")]
#[case::a_text("c.yaml", b"wavpack", "it is a text, not keys with values")]
#[case::broken_json("c.json", b"{\"lsb\": none}", "the text is not JSON at line 1, column 10")]
#[case::cut_json("c.json", b"{\"lsb\": ", "the text ends too early at line 1, column 8")]
#[case::broken_yaml("c.yaml", b"lsb: none\n  level: 3\n", "the text is not YAML at line 2, column 8")]
#[case::utf16_cut("c.json", b"\xff\xfe{\0}", "the file is neither UTF-8 nor whole UTF-16 text")]
#[case::latin("c.yaml", b"lsb: \xe4", "it is not UTF-8 text")]
#[case::infinite("c.yaml", b"clip_n_frames: .inf", "the text is not YAML at line 1, column 16")]
fn a_file_of_another_kind_is_named(#[case] name: &str, #[case] bytes: &[u8], #[case] said: &str) {
    assert_eq!(wrong(name, bytes), said);
}

#[rstest]
#[case::a_movie("movie.mp4", vec![7; 70_000], "it is larger than 64 KiB, so it is something else")]
#[case::deep_yaml("c.yaml", b"[".repeat(60_000), "the text is not YAML at line 1, column 256")]
#[case::deep_json("c.json", b"[".repeat(60_000), "the text is not JSON at line 1, column 128")]
fn hostile_files_are_refused(#[case] name: &str, #[case] bytes: Vec<u8>, #[case] said: &str) {
    assert_eq!(wrong(name, bytes), said);
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let level = |n: usize| format!("a{n}: &a{n} [{}1]\n", format!("*a{}, ", n - 1).repeat(9));
    let text = "a0: &a0 [1]\n".to_owned() + &(1..12).map(level).collect::<String>();
    assert!(wrong("c.yaml", text).starts_with("the text is not YAML"));
}

#[test]
fn a_value_of_any_length_is_shown_in_short() {
    let said = wrong("c.json", format!(r#"{{"lsb": "a\u0007{}"}}"#, "b".repeat(1000)));
    assert_eq!(said.split(':').next().unwrap(), format!("`lsb` = `a {}…`", "b".repeat(58)));
}

#[test]
fn a_file_that_is_not_there_is_missing() {
    let fault = ephys_config(Utf8Path::new("no/such/config.json")).unwrap_err();
    assert_eq!(fault.class(), Class::Missing);
}

#[rstest]
#[case::checked("check_timestamps: true", Aligned::Harp, 0)]
#[case::not_checked("check_timestamps: false", Aligned::Any, 0)]
#[case::not_said("check_timestamps: null", Aligned::Any, 0)]
#[case::alike("check_timestamps: true\nrequire_aligned_timestamps: true", Aligned::Harp, 0)]
#[case::ours_wins("check_timestamps: true\nrequire_aligned_timestamps: main", Aligned::Main, 1)]
fn the_successors_check_of_timestamps_is_ours(
    #[case] text: &str,
    #[case] aligned: Aligned,
    #[case] notes: usize,
) {
    let (config, told) = fine("c.yaml", text);
    assert_eq!((config.aligned, told.len()), (aligned, notes), "{told:?}");
}

/// Every field of the successor's settings, with its default, as they are printed.
const SUCCESSOR: &str = r#"{
    "input_source": "/rig/session", "output_directory": "/out", "s3_location": null, "reader_name": "openephysbinary",
    "clip_n_frames": 100, "check_timestamps": true, "chronic_chunks_to_compress": null,
    "chronic_use_sample_metadata": true, "chronic_start_flag": false, "check_chronic_consecutive_hours": true,
    "hour_interval_tolerance": 0.05, "random_seed": 0, "compress_write_output_format": "zarr",
    "compress_max_windows_filename_len": 150, "compressor_name": "wavpack", "compressor_kwargs": {"level": 3},
    "compress_job_save_kwargs": {"n_jobs": -1}, "compress_chunk_duration": "1s", "scale_num_chunks_per_segment": 100,
    "scale_chunk_size": 10000
}"#;

#[test]
fn the_successors_settings_are_understood_or_answered() {
    let (config, notes) = fine("c.json", SUCCESSOR);
    assert_eq!(config, EphysConfig { aligned: Aligned::Harp, ..EphysConfig::default() });
    for key in ["input_source", "output_directory", "chronic_start_flag", "hour_interval_tolerance"] {
        assert!(
            notes.iter().any(|note| note.starts_with(&format!("`{key}` has no effect: "))),
            "{key}: {notes:?}"
        );
    }
    for reader in ["reader_name: spikeglx", "reader_name: OpenEphysBinary", "data_reader: openephys"] {
        assert_eq!(fine("c.yaml", reader), (EphysConfig::default(), vec![]), "{reader}");
    }
}

#[rstest]
#[case::lists(
    "streams: ['*ProbeA*', ProbeB]\nexperiments: [1, experiment2]",
    &["*ProbeA*", "ProbeB"],
    &["1", "experiment2"],
    &[]
)]
#[case::one_name("channels: CH1", &[], &[], &["CH1"])]
#[case::nothing("streams: null", &[], &[], &[])]
fn what_is_stored_can_be_chosen(
    #[case] text: &str,
    #[case] streams: &[&str],
    #[case] experiments: &[&str],
    #[case] channels: &[&str],
) {
    let (config, notes) = fine("c.yaml", text);
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let wanted = (owned(streams), owned(experiments), owned(channels));
    let choice = config.choice;
    assert_eq!((choice.streams, choice.experiments, choice.channels), wanted);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn a_probe_file_is_looked_for_beside_the_configuration() {
    let (path, read) = of("c.yaml", "probe_file: probes/a.json\nprobe_file_for: all");
    let file = read.unwrap().0.probe_file.unwrap();
    assert_eq!(file.path, path.parent().unwrap().join("probes/a.json"));
    assert_eq!(file.streams, ProbeStreams::All);
    let notes = fine("c.yaml", "probe_file_for: all").1;
    assert_eq!(notes, ["`probe_file_for` has no effect: `probe_file` names no file"]);
}
