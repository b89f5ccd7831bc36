//! Streams of `libwavpack`, and `libwavpack` on ours.

use std::{fs, process::Command, sync::LazyLock};

use adt_codec::wavpack::{Level, decode, encode};
use adt_testkit::oracle;
use camino::{Utf8Path, Utf8PathBuf};
use rstest::rstest;

/// The samples of `wavpack/make.py`.
fn made(frames: usize, channels: usize, sample: impl Fn(i64, i64) -> i64) -> Vec<i16> {
    let number = |at: usize| i64::try_from(at).unwrap();
    let each = |at: usize| sample(number(at / channels), number(at % channels)) as i16;
    (0..frames * channels).map(each).collect()
}

fn pattern(frame: i64, channel: i64) -> i64 {
    (3 * frame * frame + 11 * channel) % 29 - 14 + if (frame + 5 * channel) % 64 == 9 { 400 } else { 0 }
}

fn wave(frame: i64, channel: i64) -> i64 {
    (((frame * (channel + 3)) % 801 - 400) * frame.min(700 - frame)).div_euclid(8)
}

fn stream(name: &str, level: u8) -> Vec<u8> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wavpack");
    fs::read(folder.join(format!("{name}_level{level}.wv"))).unwrap()
}

#[rstest]
#[case("pattern_128x2", made(128, 2, pattern), 2)]
#[case("pattern_96x3", made(96, 3, pattern), 3)]
#[case("pattern_400x1", made(400, 1, pattern), 1)]
#[case("pattern_300x21", made(300, 21, pattern), 21)]
#[case("wave_700x7", made(700, 7, wave), 7)]
#[case("times4_300x4", made(300, 4, |i, j| pattern(i, j) * 4), 4)]
#[case("ones15_300x4", made(300, 4, |i, j| pattern(i, j) * 16 + 15), 4)]
#[case("copies_300x4", made(300, 4, |i, j| if pattern(i, j) > 0 { 7 } else { -8 }), 4)]
#[case("silence_300x5", made(300, 5, |i, j| if j < 2 { pattern(i, j) } else { 0 }), 5)]
#[case("ends_2000x2", made(2000, 2, |i, j| if pattern(i, j) > 0 { 32767 } else { -32768 }), 2)]
fn streams_of_libwavpack_are_read(
    #[case] name: &str,
    #[case] samples: Vec<i16>,
    #[case] channels: usize,
    #[values(1, 2, 3, 4)] level: u8,
) {
    let read = decode(&stream(name, level), samples.len()).unwrap();
    assert_eq!((read.channels, read.frames()), (channels, samples.len() / channels));
    assert!(read.samples == samples);
}

/// Legal streams of another writer: nothing learnt beforehand, all weights and medians begin at 0.
#[rstest]
#[case(128, 2, 1)]
#[case(128, 2, 3)]
#[case(96, 3, 2)]
#[case(400, 1, 4)]
fn streams_that_begin_from_nothing_are_read(
    #[case] frames: usize,
    #[case] channels: usize,
    #[case] level: u8,
) {
    let samples = made(frames, channels, pattern);
    let read = decode(&stream(&format!("reference_{frames}x{channels}"), level), samples.len()).unwrap();
    assert_eq!((read.channels, read.samples), (channels, samples));
}

#[test]
fn a_stream_of_libwavpack_in_several_blocks_is_read() {
    let samples = made(250_001, 1, |i, j| i64::from(pattern(i, j) > 300));
    let read = decode(&stream("times_250001x1", 3), samples.len()).unwrap();
    assert!(read.samples == samples);
}

/// A Python with `wavpack-numcodecs` 0.1.5, which brings libwavpack 5.6.4 for Linux on x86-64; none elsewhere.
static PYTHON: LazyLock<Option<Utf8PathBuf>> = LazyLock::new(|| {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return None;
    }
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracles");
    let packages = ["wavpack-numcodecs==0.1.5", "numcodecs==0.11.0", "numpy==1.26.1", "setuptools<70"];
    Some(oracle::program(&oracle::venv(&folder, &packages).unwrap(), "python"))
});

/// What both programs must read of ours: all levels, shapes that libwavpack's own encoder refuses, and every kind of redundancy.
fn ours() -> Vec<(String, usize, Vec<i16>)> {
    let mut seed = 1_u64;
    let mut noise = |frames: usize, channels: usize| {
        let next = |_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as u16
        };
        (0..frames * channels).map(next).map(u16::cast_signed).collect::<Vec<_>>()
    };
    vec![
        ("pattern".into(), 37, made(3000, 37, pattern)),
        ("wave".into(), 8, made(700, 8, wave)),
        ("noise".into(), 34, noise(500, 34)),
        ("one frame".into(), 3, noise(1, 3)),
        ("one sample".into(), 1, noise(1, 1)),
        ("few frames".into(), 4096, noise(5, 4096)),
        ("too many channels".into(), 5000, made(20, 5000, pattern)),
        ("silence".into(), 33, vec![0; 33 * 400]),
        ("nearly silence".into(), 6, made(3000, 6, |i, j| i64::from((i + 7 * j) % 500 == 3))),
        ("times 12".into(), 32, made(900, 32, |i, j| pattern(i, j) * 12)),
        ("ones".into(), 9, made(900, 9, |i, j| pattern(i, j) * 16 + 15)),
        ("copies".into(), 9, made(900, 9, |i, j| if pattern(i, j) > 0 { 7 } else { -8 })),
        ("ends".into(), 10, made(900, 10, |i, j| if pattern(i, j) > 0 { 32_767 } else { -32_768 })),
        ("several blocks".into(), 2, made(250_001, 2, pattern)),
    ]
}

/// Our streams in a folder, each with the samples it must become; the names of both.
fn written(folder: &Utf8Path) -> Vec<[Utf8PathBuf; 2]> {
    let mut names = Vec::new();
    for (name, channels, samples) in ours() {
        for level in 1..=4 {
            let mut stream = Vec::new();
            encode(&samples, channels, Level::new(level).unwrap(), &mut stream).unwrap();
            let [packed, raw] = ["wv", "raw"].map(|end| folder.join(format!("{name} {level}.{end}")));
            fs::write(&packed, stream).unwrap();
            fs::write(&raw, samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>())
                .unwrap();
            names.push([packed, raw]);
        }
    }
    names
}

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().to_owned();
    (folder, path)
}

#[test]
fn numcodecs_reads_our_streams() {
    let Some(python) = &*PYTHON else { return };
    let (_kept, folder) = folder();
    let script = "import sys\n\
        from wavpack_numcodecs import WavPack\n\
        names = sys.argv[1:]\n\
        for packed, raw in zip(names[::2], names[1::2]):\n    \
            assert bytes(WavPack().decode(open(packed, 'rb').read())) == open(raw, 'rb').read(), packed";
    let names = written(&folder);
    let out = Command::new(python).args(["-c", script]).args(names.iter().flatten()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn wvunpack_reads_our_streams() {
    if Command::new("wvunpack").arg("--version").output().is_err() {
        return;
    }
    let (_kept, folder) = folder();
    for [packed, raw] in written(&folder) {
        let out =
            Command::new("wvunpack").args(["-q", "--raw", "-o", "-", packed.as_str()]).output().unwrap();
        assert!(out.status.success(), "{packed}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(out.stdout == fs::read(raw).unwrap(), "{packed}");
    }
}

/// The streams in `wavpack` are of libwavpack 5.6.4; this makes as many as there are shapes above, of any libwavpack at hand.
#[test]
fn streams_of_numcodecs_are_read() {
    let Some(python) = &*PYTHON else { return };
    let (_kept, folder) = folder();
    let script = "import sys, numpy\n\
        from wavpack_numcodecs import WavPack\n\
        _, raw, channels, level, packed = sys.argv\n\
        samples = numpy.fromfile(raw, '<i2').reshape(-1, int(channels))\n\
        open(packed, 'wb').write(WavPack(level=int(level)).encode(samples))";
    for (name, channels, samples) in ours() {
        // Its encoder refuses what does not become smaller, and fewer than 16 frames.
        if matches!(name.as_str(), "noise" | "one frame" | "one sample" | "few frames") {
            continue;
        }
        let [packed, raw] = ["wv", "raw"].map(|end| folder.join(format!("{name}.{end}")));
        fs::write(&raw, samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>()).unwrap();
        let arguments = ["-c", script, raw.as_str(), &channels.to_string(), "3", packed.as_str()];
        let out = Command::new(python).args(arguments).output().unwrap();
        assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
        let read = decode(&fs::read(packed).unwrap(), samples.len()).unwrap();
        assert!(read.samples == samples, "{name}");
    }
}
