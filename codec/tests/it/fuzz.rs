//! Damaged frames and streams by the million, see `adt_testkit::fuzz`.

use std::fs;

use adt_codec::{
    FrameError,
    blosc::{self, Compressor, Settings, Shuffle},
    lz4,
    wavpack::{self, Error, Level},
    zstd,
};
use adt_testkit::{
    Seed,
    fuzz::{Corpus, fuzz},
};
use camino::Utf8Path;

/// What a chunk may hold here, bytes; the readers are told so.
const LIMIT: usize = 1 << 16;

/// What a round may allocate: a few chunks of [`LIMIT`] and the tables of the compressors.
const ROOM: u64 = 16 << 20;

/// zstd takes as much for the window of a frame that does not say its length, as `zstd::Decoder::decode` promises.
const WINDOW: u64 = 128 << 20;

fn stored(path: &str) -> Vec<u8> {
    fs::read(Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)).unwrap()
}

/// Small, so that there may be many rounds.
fn samples(count: usize) -> Vec<i16> {
    let wave = |at: i32| (((at * at) % 401) * 12 - if at % 97 == 3 { 9000 } else { 0 }) as i16;
    (0..).map(wave).take(count).collect()
}

/// Streams of libwavpack and ours, of one channel and of so many that they are read side by side.
fn streams() -> Vec<Vec<u8>> {
    let names = ["pattern_128x2", "pattern_96x3", "ones15_300x4", "copies_300x4", "silence_300x5"];
    let mut streams: Vec<_> = names.iter().map(|name| stored(&format!("wavpack/{name}_level3.wv"))).collect();
    streams.push(stored("wavpack/reference_96x3_level2.wv"));
    for (level, channels) in [(1, 1), (2, 7), (3, 16), (4, 34)] {
        let mut stream = Vec::new();
        wavpack::encode(&samples(18 * channels), channels, Level::new(level).unwrap(), &mut stream).unwrap();
        streams.push(stream);
    }
    streams
}

/// Makes the sizes and checksums of all blocks right again, so that what is wrong lies deeper.
fn mended(stream: &mut [u8]) {
    let starts: Vec<_> = stream.windows(4).enumerate().filter(|(_, word)| word == b"wvpk").collect();
    let starts: Vec<_> = starts.into_iter().map(|(at, _)| at).chain([stream.len()]).collect();
    for ends in starts.windows(2) {
        let block = &mut stream[ends[0]..ends[1]];
        let size = (block.len() as u32).saturating_sub(8).to_le_bytes();
        let Some((before, sum)) = block.split_last_chunk_mut::<6>().filter(|(before, _)| before.len() > 8)
        else {
            continue;
        };
        before[4..8].copy_from_slice(&size);
        if sum[..2] == [0x2F, 2] {
            let words = before.chunks_exact(2).chain([&sum[..2]]);
            let words = words.map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]])));
            let right = words
                .take(before.len() / 2)
                .fold(u32::MAX, |sum, word| sum.wrapping_mul(3).wrapping_add(word));
            sum[2..].copy_from_slice(&right.to_le_bytes());
        }
    }
}

#[test]
fn wavpack_streams() {
    let corpus = Corpus::new(streams()).with_words(&["wvpk", "\x2f\x02", "\u{a}", "\x02\x05"]);
    let mut out = vec![0; LIMIT / 2];
    fuzz("fuzz::wavpack_streams", ROOM, |seed| {
        let mut stream = corpus.changed(seed);
        if seed.below(4) > 0 {
            mended(&mut stream);
        }
        let read = wavpack::decode(&stream, LIMIT / 2);
        if let Ok(decoded) = &read {
            let length = decoded.samples.len();
            assert!(length <= LIMIT / 2);
            assert_eq!(wavpack::decode_into(&stream, &mut out[..length]), Ok(decoded.channels));
            assert!(out[..length] == decoded.samples);
        }
        // What does not match its checksum was read to the end.
        matches!(read, Ok(_) | Err(Error::Checksum { .. }))
    });
}

/// Frames of c-blosc in every compressor, and ours.
fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut rest = &stored("blosc/frames.bin")[..];
    while let Some(length) = rest.get(12..16) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        frames.push(rest[..length].to_vec());
        rest = &rest[length..];
    }
    let plain: Vec<u8> = samples(700).into_iter().flat_map(i16::to_le_bytes).collect();
    for compressor in [Compressor::Zstd, Compressor::Lz4] {
        for (shuffle, typesize, block) in
            [(Shuffle::Bit, 2, 0), (Shuffle::Byte, 8, 300), (Shuffle::None, 1, 500)]
        {
            let settings = Settings { compressor, level: 5, shuffle, typesize, block };
            let mut frame = Vec::new();
            blosc::Encoder::new(settings).encode(&plain, &mut frame).unwrap();
            frames.push(frame);
        }
    }
    frames.retain(|frame| frame.len() < 4000);
    frames
}

#[test]
fn blosc_frames() {
    let corpus = Corpus::new(frames());
    let mut decoder = blosc::Decoder::new();
    let mut chunk = Vec::new();
    fuzz("fuzz::blosc_frames", ROOM, |seed| {
        let mut frame = corpus.changed(seed);
        if seed.below(4) > 0 && frame.len() >= 16 {
            let length = frame.len() as u32;
            frame[12..16].copy_from_slice(&length.to_le_bytes());
        }
        let read = decoder.decode(&frame, LIMIT, &mut chunk);
        assert!(read.is_err() || chunk.len() <= LIMIT);
        read.is_ok()
    });
}

/// With and without a length, at levels with small and large windows, and two frames in a row.
fn zstd_frames() -> Vec<Vec<u8>> {
    let plain: Vec<u8> = samples(600).into_iter().flat_map(i16::to_le_bytes).collect();
    let encoded = |level, bytes: &[u8]| {
        let mut frame = Vec::new();
        zstd::Encoder::new(level).encode(bytes, &mut frame).unwrap();
        frame
    };
    let two = [encoded(1, &plain[..99]), encoded(19, &plain[..500])].concat();
    vec![encoded(1, &plain), encoded(19, &plain), encoded(-5, &plain), encoded(3, &[7; 5000]), two]
}

#[test]
fn zstd_frames_of_known_length() {
    let corpus = Corpus::new(zstd_frames());
    let mut decoder = zstd::Decoder::new();
    let mut out = vec![0; 5000];
    fuzz("fuzz::zstd_frames_of_known_length", ROOM, |seed| {
        let frame = corpus.changed(seed);
        let length = [1200, 5000, 599, seed.below(5000) as usize][seed.below(4) as usize];
        let read = decoder.decode_into(&frame, &mut out[..length]);
        matches!(read, Ok(()) | Err(FrameError::Length { .. }))
    });
}

#[test]
fn zstd_frames_of_any_length() {
    let corpus = Corpus::new(zstd_frames());
    let mut decoder = zstd::Decoder::new();
    let mut out = Vec::new();
    fuzz("fuzz::zstd_frames_of_any_length", WINDOW + ROOM, |seed: &mut Seed| {
        let read = decoder.decode(&corpus.changed(seed), LIMIT, &mut out);
        assert!(read.is_err() || out.len() <= LIMIT);
        read.is_ok()
    });
}

#[test]
fn lz4_blocks() {
    // A block of literals, one of copies, and one of both.
    let good = [&b"\x50hello"[..], b"\x1fa\x01\x00\x5f\x50aaaaa", b"\x44abcd\x04\x00\x50vwxyz"];
    let corpus = Corpus::new(good.map(<[u8]>::to_vec).to_vec());
    let mut out = [0; 4096];
    fuzz("fuzz::lz4_blocks", ROOM, |seed| {
        let block = corpus.changed(seed);
        let length = [5, 17, 120, seed.below(4096) as usize][seed.below(4) as usize];
        lz4::decode_block(&block, &mut out[..length]).is_ok()
    });
}
