//! Blosc and zstd against numcodecs, both ways.

use std::{fmt::Write as _, process::Command};

use adt_codec::{
    blosc::{Compressor, Decoder, Encoder, Settings, Shuffle},
    zstd,
};
use adt_testkit::oracle;
use camino::{Utf8Path, Utf8PathBuf};

/// Compresses what it finds with numcodecs and reads what we compressed; each row says what.
const SCRIPT: &str = r#"
import sys, pathlib, numpy as np, numcodecs
from numcodecs import blosc
blosc.use_threads = False
blosc.set_nthreads(1)
total = [0, 0]
folder = pathlib.Path(sys.argv[1])
# It reads no empty chunk, not even its own.
for row in (folder / "rows").read_text().splitlines():
    number, source, kind, level, shuffle, typesize, block = row.split()
    level, shuffle, typesize, block = int(level), int(shuffle), int(typesize), int(block)
    plain = (folder / source).read_bytes()
    ours = (folder / f"{number}.ours").read_bytes() if (folder / f"{number}.ours").exists() else None
    if kind == "plain":
        codec = numcodecs.Zstd(level)
        theirs = codec.encode(plain)
        assert not plain or codec.decode(ours) == plain, row
    else:
        items = np.frombuffer(plain, f"V{typesize}") if len(plain) % typesize == 0 else np.frombuffer(plain, "u1")
        theirs = blosc.compress(items, kind.encode(), level, shuffle, block)
        if ours is not None:
            assert not plain or blosc.decompress(ours) == plain, row
            assert ours[:2] + ours[3:12] == theirs[:2] + theirs[3:12], (row, ours[:16], theirs[:16])
            if kind == "lz4" or ours[2] & 2:
                assert ours == theirs, row
    if ours is not None:
        # Generations of zstd find other matches: alike on the whole, and nearly alike in each.
        assert abs(len(ours) - len(theirs)) <= 16 + 0.03 * len(theirs), (row, len(ours), len(theirs))
        total[0] += len(ours)
        total[1] += len(theirs)
    (folder / f"{number}.theirs").write_bytes(theirs)
assert abs(total[0] / total[1] - 1) < 0.005, total
"#;

/// One line of the table both sides work from.
struct Row {
    source: usize,
    kind: &'static str,
    settings: Settings,
}

fn numbers(length: usize, mut item: impl FnMut(u64, u64) -> u16) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |i| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        item(i, state >> 33)
    };
    (0..length as u64).map(next).flat_map(u16::to_le_bytes).collect()
}

/// Pixels near 100 with bright ones; a slow wave with noise; noise; almost nothing. Lengths that leave odd ends as well.
fn sources() -> Vec<Vec<u8>> {
    let image = |_, r: u64| {
        if r.is_multiple_of(500) { (r >> 8) as u16 } else { 84 + (r % 16 + (r >> 8) % 16) as u16 }
    };
    let wave = |i: u64, r: u64| ((i % 3000).abs_diff(1500) / 8 + r % 16) as u16;
    let mut odd = numbers(40_000, wave);
    odd.truncate(79_999);
    vec![
        numbers(300_000, image),
        numbers(512 * 384, wave),
        numbers(20_000, |_, r| r as u16),
        numbers(100_000, |i, _| u16::from(i % 9001 == 0)),
        odd,
        numbers(60, image),
        vec![3],
        Vec::new(),
    ]
}

fn rows(sources: &[Vec<u8>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (source, plain) in sources.iter().enumerate() {
        for kind in ["zstd", "lz4", "lz4hc", "zlib", "blosclz", "plain"] {
            for (shuffle, typesize, level, block) in choices(kind) {
                // An array has whole items; a ragged one is given to numcodecs as bytes.
                let typesize = if plain.len().is_multiple_of(usize::from(typesize)) { typesize } else { 1 };
                let compressor = Compressor::from_name(kind).unwrap_or(Compressor::Zstd);
                let settings = Settings { compressor, level, shuffle, typesize, block };
                rows.push(Row { source, kind, settings });
            }
        }
    }
    rows
}

fn choices(kind: &str) -> Vec<(Shuffle, u8, u8, usize)> {
    let mut choices = Vec::new();
    if kind == "plain" {
        return [1, 3, 5, 9].map(|level| (Shuffle::None, 1, level, 0)).to_vec();
    }
    for shuffle in [Shuffle::None, Shuffle::Byte, Shuffle::Bit] {
        for typesize in [1, 2, 3, 4, 8, 16, 24] {
            for level in [1, 5] {
                choices.push((shuffle, typesize, level, 0));
            }
            choices.push((shuffle, typesize, 3, 5000));
        }
    }
    choices.push((Shuffle::Auto, 2, 0, 0));
    choices.push((Shuffle::Auto, 1, 2, 0));
    choices.extend([2, 3, 4, 6, 7, 8, 9].map(|level| (Shuffle::Byte, 2, level, 0)));
    choices
}

/// What we make of a row; nothing for the compressors we only read.
fn ours(row: &Row, plain: &[u8]) -> Option<Vec<u8>> {
    let mut frame = Vec::new();
    match row.kind {
        "plain" => zstd::Encoder::new(i32::from(row.settings.level)).encode(plain, &mut frame).unwrap(),
        "zstd" | "lz4" => Encoder::new(row.settings).encode(plain, &mut frame).unwrap(),
        _ => return None,
    }
    Some(frame)
}

#[test]
fn numcodecs_reads_what_we_write_and_we_read_what_it_writes() {
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("numcodecs");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let sources = sources();
    for (number, source) in sources.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.plain")), source).unwrap();
    }
    let rows = rows(&sources);
    let mut table = String::new();
    for (number, row) in rows.iter().enumerate() {
        let Settings { level, shuffle, typesize, block, .. } = row.settings;
        let shuffle = shuffle.number();
        let (source, kind) = (&row.source, &row.kind);
        writeln!(table, "{number} {source}.plain {kind} {level} {shuffle} {typesize} {block}").unwrap();
        if let Some(frame) = ours(row, &sources[row.source]) {
            std::fs::write(folder.join(format!("{number}.ours")), frame).unwrap();
        }
    }
    std::fs::write(folder.join("rows"), table).unwrap();
    ask_numcodecs(&folder);
    let (mut blosc, mut plain) = (Decoder::new(), zstd::Decoder::new());
    for (number, row) in rows.iter().enumerate() {
        let theirs = std::fs::read(folder.join(format!("{number}.theirs"))).unwrap();
        let source = &sources[row.source];
        let mut back = vec![0xAA; source.len()];
        match row.kind {
            "plain" => plain.decode_into(&theirs, &mut back).unwrap(),
            _ => blosc.decode_into(&theirs, &mut back).unwrap(),
        }
        assert!(back == *source, "row {number}: {} {:?}", row.kind, row.settings);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

fn ask_numcodecs(folder: &Utf8Path) {
    let oracles = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let venv: Utf8PathBuf = oracle::venv(&oracles, &["numcodecs==0.16.6", "numpy"]).unwrap();
    let output = Command::new(oracle::program(&venv, "python"))
        .args(["-c", SCRIPT, folder.as_str()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
