use adt_formats::tiff::{Compression, Dtype, Tiff};
use proptest::prelude::*;
use rstest::rstest;

use super::{Cut, Place, Sample, Style, Writer, all, pages, read, region};

const DTYPES: [Dtype; 8] =
    [Dtype::U8, Dtype::I8, Dtype::U16, Dtype::I16, Dtype::U32, Dtype::I32, Dtype::F32, Dtype::F64];
const METHODS: [Compression; 5] =
    [Compression::None, Compression::Deflate, Compression::Lzw, Compression::Zstd, Compression::PackBits];

#[rstest]
fn every_layout_is_read(
    #[values(false, true)] big: bool,
    #[values(false, true)] big_endian: bool,
    #[values(
        Compression::None,
        Compression::Deflate,
        Compression::Lzw,
        Compression::Zstd,
        Compression::PackBits
    )]
    compression: Compression,
    #[values(
        Cut::Strips(usize::MAX),
        Cut::Strips(7),
        Cut::Strips(8),
        Cut::Strips(1),
        Cut::Tiles(16, 16),
        Cut::Tiles(32, 48)
    )]
    cut: Cut,
    #[values(1, 2)] predictor: u64,
) {
    let style = Style { big, big_endian };
    for place in [Place::Before, Place::Behind, Place::Last] {
        let predictor = if compression == Compression::None { 1 } else { predictor };
        let writer = Writer { style, compression, predictor, cut, place, ..Writer::default() };
        check(&writer, 5);
    }
}

#[rstest]
fn every_kind_of_sample_is_read(
    #[values(Dtype::U8, Dtype::I8, Dtype::U16, Dtype::I16, Dtype::U32, Dtype::I32, Dtype::F32, Dtype::F64)]
    dtype: Dtype,
    #[values(1, 2, 3)] predictor: u64,
    #[values(false, true)] big_endian: bool,
    #[values(1, 3)] samples: usize,
    #[values(false, true)] separate: bool,
) {
    let float = matches!(dtype, Dtype::F32 | Dtype::F64);
    let predictor = if predictor == 3 && !float { 1 } else { predictor };
    for cut in [Cut::Strips(usize::MAX), Cut::Strips(8), Cut::Tiles(16, 32)] {
        let compression = Compression::Deflate;
        let style = Style { big: false, big_endian };
        check(
            &Writer { style, compression, predictor, cut, dtype, samples, separate, ..Writer::default() },
            2,
        );
        let compression = Compression::None;
        check(&Writer { style, compression, cut, dtype, samples, separate, ..Writer::default() }, 2);
    }
}

/// The whole, and a piece from the middle.
fn check(writer: &Writer, count: usize) {
    let pages = pages(count, writer.page_bytes());
    let sample = Sample::new(&writer.file(&pages));
    let tiff = sample.open();
    let (z, y, x) = (count as u64, writer.height as u64, writer.width as u64);
    assert_eq!(tiff.shape(), [1, writer.samples as u64, z, y, x]);
    assert_eq!((tiff.dtype(), tiff.planes()), (writer.dtype, z));
    compare(&tiff, writer, &pages, [0..z, 0..y, 0..x]);
    compare(&tiff, writer, &pages, [z / 2..z, 3..y - 1, 0..x]);
    compare(&tiff, writer, &pages, [z - 1..z, 5..6, 2..4]);
    compare(&tiff, writer, &pages, [0..1, 1..y, 1..x - 5]);
    tiff.finish().unwrap();
}

fn compare(tiff: &Tiff, writer: &Writer, pages: &[Vec<u8>], [z, y, x]: [std::ops::Range<u64>; 3]) {
    let size = writer.dtype.size();
    for c in 0..writer.samples {
        let mut expected = Vec::<u8>::new();
        for plane in z.clone() {
            for row in y.clone() {
                for column in x.clone() {
                    let pixel = row as usize * writer.width + column as usize;
                    let at = (pixel * writer.samples + c) * size;
                    expected.extend(&pages[plane as usize][at..at + size]);
                }
            }
        }
        let region = region(0, c as u64, [z.clone(), y.clone(), x.clone()]);
        assert!(read(tiff, &region).unwrap() == expected, "{region:?} of {writer:?}");
    }
}

fn writers() -> impl Strategy<Value = (Writer, usize)> {
    let cut = prop_oneof![
        (1_usize..50).prop_map(Cut::Strips),
        (1_usize..40, 1_usize..40).prop_map(|(rows, columns)| Cut::Tiles(rows, columns)),
    ];
    let kind = (proptest::sample::select(&DTYPES[..]), proptest::sample::select(&METHODS[..]), 1_u64..4);
    let place = proptest::sample::select(&[Place::Before, Place::Behind, Place::Last][..]);
    let gap = proptest::sample::select(&[(|_| 0) as fn(usize) -> usize, |page| page % 3 * 8, |_| 24][..]);
    let shape = (1_usize..40, 1_usize..60, 1_usize..4, any::<bool>(), 1_usize..9);
    (kind, cut, place, gap, shape, any::<(bool, bool)>()).prop_map(
        |(
            (dtype, compression, predictor),
            cut,
            place,
            gap,
            (height, width, samples, separate, count),
            order,
        )| {
            let float = matches!(dtype, Dtype::F32 | Dtype::F64);
            let predictor = match predictor {
                _ if compression == Compression::None => 1,
                3 if !float => 2,
                other => other,
            };
            let (style, more) = (Style { big: order.0, big_endian: order.1 }, Vec::new());
            let writer = Writer {
                style,
                compression,
                predictor,
                cut,
                place,
                dtype,
                height,
                width,
                samples,
                separate,
                more,
                gap,
            };
            (writer, count)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_region_of_any_file((writer, count) in writers(), cuts in any::<[(u16, u16); 3]>()) {
        let pages = pages(count, writer.page_bytes());
        let sample = Sample::new(&writer.file(&pages));
        let tiff = sample.open();
        let [_, _, z, y, x] = tiff.shape();
        let range = |(a, b): (u16, u16), size: u64| {
            let (a, b) = (u64::from(a) % (size + 1), u64::from(b) % (size + 1));
            a.min(b)..a.max(b)
        };
        compare(&tiff, &writer, &pages, [range(cuts[0], z), range(cuts[1], y), range(cuts[2], x)]);
    }
}

#[rstest]
#[case::strips_one_after_the_other(Cut::Strips(8), Place::Last, true)]
#[case::directories_between(Cut::Strips(8), Place::Before, false)]
#[case::tiles(Cut::Tiles(16, 16), Place::Last, false)]
fn planes_without_gaps_are_told(#[case] cut: Cut, #[case] place: Place, #[case] contiguous: bool) {
    let writer = Writer { cut, place, height: 16, ..Writer::default() };
    let tiff = Sample::new(&writer.file(&pages(9, writer.page_bytes()))).open();
    assert_eq!(tiff.layout().contiguous, contiguous);
}

#[test]
fn many_threads_read_at_once() {
    let writer = Writer { compression: Compression::Zstd, cut: Cut::Strips(5), ..Writer::default() };
    let pages = pages(40, writer.page_bytes());
    let sample = Sample::new(&writer.file(&pages));
    let tiff = sample.open();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (tiff, pages) = (&tiff, &pages);
            scope.spawn(move || {
                let mut reader = tiff.reader();
                let mut out = vec![0; pages[0].len()];
                for z in (0..40).map(|z| (z * 7 + thread * 11) % 40) {
                    reader.read(&region(0, 0, [z..z + 1, 0..21, 0..33]), &mut out).unwrap();
                    assert!(out == pages[z as usize]);
                }
            });
        }
    });
}

#[test]
fn jumps_that_were_wrong_are_mended() {
    // Even distances, but for pairs in between that even out again.
    let gap = |page: usize| match page {
        37 | 402 => 8,
        38 => 0,
        page if page > 600 && page % 7 == 0 => 16,
        _ => 8,
    };
    let shifted = |page: usize| if matches!(page, 700..710) { page % 3 * 8 } else { 16 };
    for (gap, place) in
        [(gap as fn(usize) -> usize, Place::Before), (shifted, Place::Before), (gap, Place::Behind)]
    {
        let writer = Writer { height: 4, width: 5, gap, place, ..Writer::default() };
        let pages = pages(1500, writer.page_bytes());
        let sample = Sample::new(&writer.file(&pages));
        let tiff = sample.open();
        assert_eq!(tiff.planes(), 1500);
        assert!(all(&tiff).unwrap() == pages.concat());
    }
}

#[test]
fn a_jump_over_a_page_out_of_place() {
    // The directory of one page lies elsewhere; where it would be in step, there is nothing.
    let writer =
        Writer { style: Style { big: true, big_endian: false }, height: 4, width: 8, ..Writer::default() };
    let pages = pages(3000, writer.page_bytes());
    let mut bytes = writer.file(&pages);
    let (first, link) = (16, 16 + 8 + 13 * 20);
    let second = u64::from_le_bytes(bytes[link..link + 8].try_into().unwrap()) as usize;
    let stride = second - first;
    let moved = first + 1234 * stride;
    let directory = bytes[moved..moved + stride].to_vec();
    let end = bytes.len().next_multiple_of(8);
    bytes.resize(end, 0);
    bytes.extend(directory);
    bytes[moved..moved + 8].fill(0);
    let before = link + 1233 * stride;
    bytes[before..before + 8].copy_from_slice(&(end as u64).to_le_bytes());
    let sample = Sample::new(&bytes);
    let tiff = sample.open();
    assert_eq!(tiff.planes(), 3000);
    assert!(all(&tiff).unwrap() == pages.concat());
}
