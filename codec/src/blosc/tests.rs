use proptest::prelude::*;
use rstest::rstest;

use super::{Compressor, Decoder, Encoder, Settings, Shuffle, header::HEADER, layout::Layout};
use crate::FrameError;

/// Frames of numcodecs; `make_frames.py` beside them made them.
const FOREIGN: &[u8] = include_bytes!("../../tests/blosc/frames.bin");

fn settings(compressor: Compressor, level: u8, shuffle: Shuffle, typesize: u8, block: usize) -> Settings {
    Settings { compressor, level, shuffle, typesize, block }
}

fn encoded(settings: Settings, chunk: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    Encoder::new(settings).encode(chunk, &mut frame).unwrap();
    frame
}

fn decoded(frame: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut chunk = Vec::new();
    Decoder::new().decode(frame, 1 << 22, &mut chunk).map(|()| chunk)
}

/// What the foreign frames hold, by the rule of their script.
fn sample(length: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let item = (i / 2) as u32;
        if i.is_multiple_of(2) {
            100 + (item.wrapping_mul(2_654_435_761) >> 27) as u8
        } else {
            u8::from(item.is_multiple_of(97))
        }
    };
    (0..length).map(byte).collect()
}

/// Bytes of 16-bit items near 100 with a bright one now and then.
fn image(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut pixel = || match next() {
        bright if bright % 500 == 0 => (bright >> 8) as u16,
        usual => 84 + (usual % 16 + (usual >> 8) % 16) as u16,
    };
    (0..length.div_ceil(2)).flat_map(|_| pixel().to_le_bytes()).take(length).collect()
}

fn foreign_frames() -> Vec<&'static [u8]> {
    let mut rest = FOREIGN;
    let mut frames = Vec::new();
    while let Some(length) = rest.get(12..HEADER) {
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        let (frame, others) = rest.split_at(length);
        frames.push(frame);
        rest = others;
    }
    frames
}

#[test]
fn frames_of_every_compressor_are_read() {
    let frames = foreign_frames();
    assert_eq!(frames.len(), 5 * 3 * 3 * 2 + 3);
    let mut decoder = Decoder::new();
    for (at, frame) in frames.into_iter().enumerate() {
        let length = u32::from_le_bytes(frame[4..8].try_into().unwrap()) as usize;
        let mut chunk = vec![0xAA; length];
        decoder.decode_into(frame, &mut chunk).unwrap();
        assert_eq!(chunk, sample(length), "frame {at}");
    }
}

#[rstest]
#[case::image(Compressor::Zstd, 1, 2, 4 << 20, 32 << 10, false)]
#[case::image_of_u8(Compressor::Zstd, 1, 1, 4 << 20, 32 << 10, false)]
#[case::ephys(Compressor::Zstd, 5, 2, 23_040_000, 256 << 10, false)]
#[case::smallest(Compressor::Zstd, 9, 2, 4 << 20, 1 << 20, false)]
#[case::lz4(Compressor::Lz4, 5, 2, 4 << 20, 256 << 10, true)]
#[case::lz4_of_wide_items(Compressor::Lz4, 5, 17, 4 << 20, (128 << 10) / 17 * 17, false)]
#[case::lz4_of_f64(Compressor::Lz4, 9, 8, 4 << 20, 1 << 20, true)]
#[case::short(Compressor::Zstd, 5, 2, 1001, 1000, false)]
#[case::less_than_an_item(Compressor::Zstd, 5, 8, 7, 1, false)]
#[case::nothing(Compressor::Zstd, 5, 2, 0, 1, false)]
fn blocks_are_cut_as_c_blosc_cuts_them(
    #[case] compressor: Compressor,
    #[case] level: u8,
    #[case] typesize: u8,
    #[case] bytes: usize,
    #[case] block: usize,
    #[case] split: bool,
) {
    let settings = settings(compressor, level, Shuffle::Byte, typesize, 0);
    assert_eq!(Layout::of(&settings, bytes), Layout { block, split });
}

#[rstest]
#[case::level_0(settings(Compressor::Zstd, 0, Shuffle::Byte, 2, 0), image(5000))]
#[case::short(settings(Compressor::Lz4, 5, Shuffle::Byte, 2, 0), image(127))]
#[case::nothing(settings(Compressor::Zstd, 5, Shuffle::Byte, 2, 0), Vec::new())]
#[case::noise(settings(Compressor::Zstd, 5, Shuffle::None, 1, 0), (0..5000_u32).map(|i| (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 19) as u8).collect())]
fn what_does_not_get_shorter_is_stored(#[case] settings: Settings, #[case] chunk: Vec<u8>) {
    let frame = encoded(settings, &chunk);
    assert_eq!(frame.len(), chunk.len() + HEADER);
    assert_eq!(frame[2] & 2, 2);
    assert_eq!(frame[HEADER..], chunk);
    assert_eq!(decoded(&frame).unwrap(), chunk);
}

#[test]
fn a_frame_does_not_depend_on_what_was_before() {
    let settings = settings(Compressor::Zstd, 1, Shuffle::Byte, 2, 0);
    let (first, second) = (image(300_001), sample(70_000));
    let mut encoder = Encoder::new(settings);
    let mut frames = Vec::new();
    for chunk in [&first, &second, &first] {
        encoder.encode(chunk, &mut frames).unwrap();
    }
    let apart = [encoded(settings, &first), encoded(settings, &second), encoded(settings, &first)];
    assert_eq!(frames, apart.concat());
}

#[test]
fn the_automatic_shuffle_goes_by_the_width() {
    for (typesize, flag) in [(1, 4), (2, 1), (8, 1)] {
        let frame = encoded(settings(Compressor::Zstd, 1, Shuffle::Auto, typesize, 0), &image(1000));
        assert_eq!(frame[2] & 5, flag);
        assert_eq!(decoded(&frame).unwrap(), image(1000));
    }
}

/// A frame, broken by setting one of its bytes.
#[rstest]
#[case::generation(0, 3, FrameError::Version(3))]
#[case::unknown_flag(2, 0x99, FrameError::Damaged("a flag is set that has no meaning"))]
#[case::snappy(2, 0x51, FrameError::Compressor("snappy"))]
#[case::later_compressor(2, 0xF1, FrameError::Compressor("a compressor of a later generation"))]
#[case::no_width(3, 0, FrameError::Damaged("the size of its blocks or items is impossible"))]
#[case::many_blocks(7, 0x7F, FrameError::Truncated("table of blocks"))]
#[case::beyond_the_format(7, 0xFF, FrameError::TooLong(0xFF00_03E8))]
#[case::long_blocks(11, 1, FrameError::Damaged("the size of its blocks or items is impossible"))]
#[case::no_end(14, 1, FrameError::Truncated("blocks"))]
#[case::short_frame(12, 20, FrameError::Damaged("it is longer than it says"))]
#[case::block_elsewhere(19, 0x7F, FrameError::Truncated("blocks"))]
#[case::long_piece(23, 0x7F, FrameError::Truncated("blocks"))]
#[case::no_zstd(24, 0, FrameError::Damaged("a block cannot be decompressed"))]
fn damage_is_named(#[case] at: usize, #[case] byte: u8, #[case] error: FrameError) {
    let mut frame = encoded(settings(Compressor::Zstd, 1, Shuffle::Byte, 2, 0), &sample(1000));
    frame[at] = byte;
    assert_eq!(decoded(&frame), Err(error));
}

#[test]
fn a_chunk_of_another_length_is_refused() {
    let frame = encoded(settings(Compressor::Zstd, 1, Shuffle::Byte, 2, 0), &sample(1000));
    let wanted = FrameError::Length { wanted: 999, found: 1000 };
    assert_eq!(Decoder::new().decode_into(&frame, &mut [0; 999]), Err(wanted));
    let mut chunk = Vec::new();
    assert_eq!(Decoder::new().decode(&frame, 999, &mut chunk), Err(FrameError::Limit(999)));
    assert_eq!(chunk.capacity(), 0);
}

#[test]
fn names_and_numbers_are_those_of_zarr() {
    for name in ["zstd", "lz4"] {
        assert_eq!(Compressor::from_name(name).unwrap().name(), name);
    }
    assert_eq!(Compressor::from_name("snappy"), None);
    for number in -1..3 {
        assert_eq!(i64::from(Shuffle::from_number(number).unwrap().number()), number);
    }
    assert_eq!(Shuffle::from_number(3), None);
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let compressor = prop_oneof![Just(Compressor::Zstd), Just(Compressor::Lz4)];
    let shuffle =
        prop_oneof![Just(Shuffle::None), Just(Shuffle::Byte), Just(Shuffle::Bit), Just(Shuffle::Auto)];
    let typesize = prop_oneof![Just(1_u8), Just(2), Just(4), Just(8), Just(16), any::<u8>()];
    let block = prop_oneof![Just(0_usize), 1..5000_usize];
    (compressor, 0..10_u8, shuffle, typesize, block).prop_map(
        |(compressor, level, shuffle, typesize, block)| settings(compressor, level, shuffle, typesize, block),
    )
}

fn any_chunk() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..9000_usize).prop_map(image),
        (30_000..300_000_usize).prop_map(image),
        (0..9000_usize).prop_map(sample),
        proptest::collection::vec(any::<u8>(), 0..3000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read(settings in any_settings(), chunk in any_chunk()) {
        let frame = encoded(settings, &chunk);
        prop_assert!(frame.len() <= chunk.len() + HEADER);
        let mut back = vec![0; chunk.len()];
        Decoder::new().decode_into(&frame, &mut back).unwrap();
        prop_assert!(back == chunk);
    }

    #[test]
    fn foreign_bytes_are_an_error_at_worst(
        which: prop::sample::Index,
        wounds in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        near in proptest::collection::vec((0..40_usize, any::<u8>()), 0..2),
        keep in prop_oneof![3 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)],
    ) {
        let frames = foreign_frames();
        let mut frame = which.get(&frames).to_vec();
        for (at, byte) in wounds {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        for (at, byte) in near {
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
        }
        if let Some(keep) = keep {
            frame.truncate(keep.index(frame.len()));
            // A frame cut short says so, unless its header agrees: let it, to get behind the check.
            let length = (frame.len() as u32).to_le_bytes();
            if let Some(said) = frame.get_mut(12..16) {
                said.copy_from_slice(&length);
            }
        }
        if let Ok(chunk) = decoded(&frame) {
            prop_assert!(chunk.len() <= 1 << 22);
        }
    }
}

mod shuffles {
    use super::super::shuffle::{apart, together};
    use super::*;

    /// The definition, one bit at a time.
    fn slow_bits(width: usize, from: &[u8]) -> Vec<u8> {
        let items = from.len() / width;
        let mut to = from.to_vec();
        to[..items * width].fill(0);
        for item in 0..items {
            for rank in 0..8 * width {
                let bit = from[item * width + rank / 8] >> (rank % 8) & 1;
                to[rank * (items / 8) + item / 8] |= bit << (item % 8);
            }
        }
        to
    }

    fn slow_bytes(width: usize, from: &[u8]) -> Vec<u8> {
        let items = from.len() / width;
        let mut to = from.to_vec();
        for item in 0..items {
            for rank in 0..width {
                to[rank * items + item] = from[item * width + rank];
            }
        }
        to
    }

    proptest! {
        #[test]
        fn both_ways_are_the_definition(
            width in prop_oneof![1..18_usize, Just(255)], eights in 0..400_usize, more in 0..40_usize, seed: u8,
        ) {
            let from: Vec<u8> = image(eights * 8 * width % 20_000 + more).iter().map(|b| b.wrapping_mul(seed | 1)).collect();
            for shuffle in [Shuffle::Byte, Shuffle::Bit] {
                let mut spare = Vec::new();
                let (mut to, mut back) = (vec![0; from.len()], vec![0; from.len()]);
                apart(shuffle, width, &from, &mut to, &mut spare);
                let expected = match shuffle {
                    Shuffle::Byte => slow_bytes(width, &from),
                    _ if (from.len() / width).is_multiple_of(8) => slow_bits(width, &from),
                    _ => from.clone(),
                };
                prop_assert!(to == expected);
                together(shuffle, width, &to, &mut back, &mut spare);
                prop_assert!(back == from);
            }
        }
    }
}
