use adt_formats::tiff::{Compression, Kind, Size, SizeSource, Voxel};
use adt_model::Class;
use rstest::rstest;

use super::{Cut, Place, Sample, Style, Tag, Value, Writer, all, open, pages};

/// The pages of planes in the order of t, c, z.
fn expect(writer: &Writer, order: &[usize], shape: [u64; 3], kind: Kind) -> Vec<String> {
    let pages = pages(order.len(), writer.page_bytes());
    let sample = Sample::new(&writer.file(&pages));
    let tiff = sample.open();
    assert_eq!((tiff.kind(), &tiff.shape()[..3]), (kind, &shape[..]));
    let expected: Vec<u8> = order.iter().flat_map(|page| pages[*page].clone()).collect();
    assert!(all(&tiff).unwrap() == expected, "{shape:?}");
    tiff.notes().to_vec()
}

const ZYX: [usize; 6] = [0, 1, 2, 3, 4, 5];

#[rstest]
#[case::planes("ImageJ=1.53k\nimages=6\nslices=6\nloop=false\n", &ZYX, [1, 1, 6])]
#[case::planes_of_no_axis("ImageJ=1.11a\nimages=6\n", &ZYX, [1, 1, 6])]
#[case::one("ImageJ=1.11a\n", &[0], [1, 1, 1])]
#[case::times("ImageJ=1.53k\nimages=6\nframes=6\n", &ZYX, [6, 1, 1])]
#[case::channels("ImageJ=1.53k\nimages=6\nchannels=2\nslices=3\nhyperstack=true\n", &[0, 2, 4, 1, 3, 5], [1, 2, 3])]
#[case::all(
    "ImageJ=1.53k\nimages=12\nchannels=2\nslices=3\nframes=2\nhyperstack=true\n",
    &[0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11], [2, 2, 3])]
fn planes_of_imagej(#[case] text: &str, #[case] order: &[usize], #[case] shape: [u64; 3]) {
    assert_eq!(expect(&Writer::described(text), order, shape, Kind::ImageJ), [""; 0]);
}

#[rstest]
#[case::of_tifffile_without_axes("1.11a", [1, 1, 6], 1)]
#[case::of_imagej("1.53k", [1, 6, 1], 0)]
fn planes_that_are_called_channels(#[case] version: &str, #[case] shape: [u64; 3], #[case] notes: usize) {
    let text = format!("ImageJ={version}\nimages=6\nchannels=6\nhyperstack=true\nmode=grayscale\n");
    assert_eq!(expect(&Writer::described(&text), &ZYX, shape, Kind::ImageJ).len(), notes);
}

#[rstest]
#[case::no_axes(r#"{"shape": [6, 21, 33]}"#, &ZYX, [1, 1, 6], 0)]
#[case::one(r#"{"shape": [21, 33]}"#, &[0], [1, 1, 1], 0)]
#[case::a_sample_written_out(r#"{"shape": [6, 21, 33, 1]}"#, &ZYX, [1, 1, 6], 0)]
#[case::axes(r#"{"shape": [2, 3, 21, 33], "axes": "ZCYX"}"#, &[0, 3, 1, 4, 2, 5], [1, 3, 2], 0)]
#[case::time(r#"{"shape": [2, 3, 21, 33], "axes": "TZYX", "more": 1}"#, &ZYX, [2, 1, 3], 0)]
#[case::ones(r#"{"shape": [1, 6, 1, 21, 33]}"#, &ZYX, [1, 1, 6], 0)]
#[case::two_without_names(r#"{"shape": [2, 3, 21, 33]}"#, &ZYX, [1, 2, 3], 1)]
#[case::a_name_of_tifffile(r#"{"shape": [2, 3, 21, 33], "axes": "CQYX"}"#, &ZYX, [1, 2, 3], 1)]
#[case::appended_one_by_one(r#"{"shape": [21, 33]}"#, &ZYX, [1, 1, 6], 1)]
fn planes_of_tifffile(
    #[case] text: &str,
    #[case] order: &[usize],
    #[case] shape: [u64; 3],
    #[case] notes: usize,
) {
    for place in [Place::Last, Place::Before] {
        let writer = Writer { place, ..Writer::described(text) };
        assert_eq!(expect(&writer, order, shape, Kind::Shaped).len(), notes);
    }
}

fn ome(pixels: &str, data: &str) -> Writer {
    Writer::described(&format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><!-- a comment -->
        <OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">
        <Image ID="Image:0" Name="x"><Pixels ID="Pixels:0" Type="uint16" SizeX="33" SizeY="21" {pixels}>
        <Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}</Pixels></Image></OME>"#
    ))
}

#[rstest]
#[case::planes(r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="6""#, "", &ZYX, [1, 1, 6])]
#[case::an_empty_element(r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="6""#, "<TiffData/>", &ZYX, [1, 1, 6])]
#[case::counted(r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="6""#, r#"<TiffData IFD="0" PlaneCount="6"/>"#, &ZYX, [1, 1, 6])]
#[case::channels_first(r#"DimensionOrder="XYCZT" SizeC="2" SizeT="1" SizeZ="3""#, "", &[0, 2, 4, 1, 3, 5], [1, 2, 3])]
#[case::times_first(r#"DimensionOrder="XYTZC" SizeC="1" SizeT="2" SizeZ="3""#, "", &[0, 2, 4, 1, 3, 5], [2, 1, 3])]
#[case::each_named(
    r#"DimensionOrder="XYZCT" SizeC="1" SizeT="1" SizeZ="3""#,
    r#"<TiffData IFD="2" FirstZ="0"/><TiffData FirstZ="1" IFD="0" PlaneCount="1"/><TiffData IFD="1" FirstZ="2"/>"#,
    &[2, 0, 1], [1, 1, 3])]
#[case::a_file_that_was_renamed(
    r#"DimensionOrder="XYZCT" SizeC="1" SizeT="1" SizeZ="2""#,
    r#"<TiffData IFD="0" PlaneCount="2"><UUID FileName="old.ome.tif">urn:uuid:7</UUID></TiffData>"#,
    &[0, 1], [1, 1, 2])]
fn planes_of_ome(#[case] pixels: &str, #[case] data: &str, #[case] order: &[usize], #[case] shape: [u64; 3]) {
    assert_eq!(expect(&ome(pixels, data), order, shape, Kind::Ome), [""; 0]);
}

#[rstest]
#[case::by_name("tile.tif", "urn:uuid:5")]
#[case::by_identity("elsewhere.tif", "urn:uuid:1")]
fn a_file_of_a_set_gives_what_it_holds(#[case] name: &str, #[case] uuid: &str) {
    let data = |channel: u64, z: u64, ifd: u64, name: &str, uuid: &str| {
        format!(
            r#"<TiffData FirstC="{channel}" FirstZ="{z}" FirstT="0" IFD="{ifd}" PlaneCount="1">
            <UUID FileName="{name}">{uuid}</UUID></TiffData>"#
        )
    };
    let mut all = String::new();
    for z in 0..3 {
        all += &data(0, z, z, "other.tif", "urn:uuid:9");
        all += &data(1, z, 2 - z, name, uuid);
    }
    let writer = ome(r#"DimensionOrder="XYZCT" SizeC="2" SizeT="1" SizeZ="3""#, &all);
    let notes = expect(&writer, &[2, 1, 0], [1, 1, 3], Kind::Ome);
    assert_eq!(
        notes,
        ["it is one file of a set: of 1 timepoints, 2 channels, 3 planes along z it holds \
          1 timepoints, 1 channels from number 1 on, 3 planes along z"]
    );
}

fn um(micrometres: f64, from: SizeSource) -> Size {
    Size { micrometres, from }
}

fn resolution(above: u32, below: u32, unit: u64) -> [Tag; 3] {
    [
        (282, Value::Fraction(above, below)),
        (283, Value::Fraction(above, 2 * below)),
        (296, Value::Short(vec![unit])),
    ]
}

#[rstest]
#[case::imagej("ImageJ=1.53k\nimages=6\nslices=6\nspacing=2.5\nunit=um\n", Some((2, 1, 1)), Some(2.5), Some(1.0), Some(0.5))]
#[case::micron("ImageJ=1.53k\nimages=6\nslices=6\nspacing=-2.5\nunit=micron\n", Some((2, 1, 1)), Some(2.5), Some(1.0), Some(0.5))]
#[case::escaped("ImageJ=1.53k\nimages=6\nslices=6\nspacing=2\nunit=\\u00B5m\n", Some((4, 1, 1)), Some(2.0), Some(0.5), Some(0.25))]
#[case::millimetres("ImageJ=1.53k\nimages=6\nslices=6\nspacing=0.002\nunit=mm\n", Some((1000, 1, 1)), Some(2.0), Some(2.0), Some(1.0))]
#[case::a_spacing_of_one_is_left_out("ImageJ=1.53k\nimages=6\nslices=6\nunit=um\n", Some((1, 1, 1)), Some(1.0), Some(2.0), Some(1.0))]
#[case::two_units("ImageJ=1.53k\nimages=6\nslices=6\nunit=nm\nzunit=um\nspacing=3\n", Some((1, 500, 1)), Some(3.0), Some(1.0), Some(0.5))]
#[case::pixels("ImageJ=1.53k\nimages=6\nslices=6\nunit=pixel\nspacing=3\n", Some((1, 1, 1)), None, None, None)]
#[case::nothing_of_value("ImageJ=1.53k\nimages=6\nslices=6\nunit=um\nspacing=0\n", Some((0, 1, 1)), None, None, None)]
fn voxels_of_imagej(
    #[case] text: &str,
    #[case] tags: Option<(u32, u32, u64)>,
    #[case] z: Option<f64>,
    #[case] y: Option<f64>,
    #[case] x: Option<f64>,
) {
    let mut writer = Writer::described(text);
    writer.more.extend(tags.into_iter().flat_map(|(above, below, unit)| resolution(above, below, unit)));
    let tiff = Sample::new(&writer.file(&pages(6, writer.page_bytes()))).open();
    let [z, y, x] = [z, y, x].map(|side| side.map(|side| um(side, SizeSource::ImageJ)));
    assert_eq!(tiff.voxel(), Voxel { z, y, x });
    assert_eq!(tiff.notes().is_empty(), !text.contains("pixel"));
}

#[test]
fn a_micro_sign_in_latin_1() {
    let mut text = b"ImageJ=1.53k\nimages=2\nslices=2\nspacing=2\nunit=".to_vec();
    text.extend([0xB5, b'm', b'\n']);
    text.extend(b"xorigin=10\nyorigin=0\nzorigin=-1\n");
    let mut writer = Writer { more: vec![(270, Value::Text(text))], ..Writer::default() };
    writer.more.extend(resolution(2, 1, 1));
    let tiff = Sample::new(&writer.file(&pages(2, writer.page_bytes()))).open();
    assert_eq!(tiff.voxel().z, Some(um(2.0, SizeSource::ImageJ)));
    assert_eq!(tiff.origin(), [Some(2.0), Some(0.0), Some(-5.0)]);
}

#[rstest]
#[case::centimetres(resolution(20000, 1, 3), Some(1.0), Some(0.5))]
#[case::of_a_printer(resolution(72, 1, 2), None, None)]
#[case::of_acquire(resolution(0, 1, 3), None, None)]
#[case::of_no_unit(resolution(2, 1, 1), None, None)]
#[case::broken(resolution(2, 0, 3), None, None)]
fn voxels_of_tags_alone(#[case] more: [Tag; 3], #[case] y: Option<f64>, #[case] x: Option<f64>) {
    let writer = Writer { more: more.to_vec(), ..Writer::default() };
    let tiff = Sample::new(&writer.file(&pages(2, writer.page_bytes()))).open();
    let [y, x] = [y, x].map(|side| side.map(|side| um(side, SizeSource::Resolution)));
    assert_eq!((tiff.voxel(), tiff.kind()), (Voxel { z: None, y, x }, Kind::Plain));
}

#[test]
fn voxels_and_origin_of_ome() {
    let pixels = r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="2" PhysicalSizeX="0.4" PhysicalSizeY="500"
        PhysicalSizeYUnit="nm" PhysicalSizeZ="0.002" PhysicalSizeZUnit="mm""#;
    let data = r#"<TiffData/><Plane TheZ="1" TheT="0" TheC="0" PositionX="9" PositionXUnit="mm"/>
        <Plane TheZ="0" TheT="0" TheC="0" PositionX="1.5" PositionXUnit="mm" PositionY="-20" PositionYUnit="&#181;m" PositionZ="7"/>"#;
    let mut writer = ome(pixels, data);
    writer.more.extend(resolution(72, 1, 2));
    let tiff = Sample::new(&writer.file(&pages(2, writer.page_bytes()))).open();
    let from = SizeSource::Ome;
    assert_eq!(
        tiff.voxel(),
        Voxel { z: Some(um(2.0, from)), y: Some(um(0.5, from)), x: Some(um(0.4, from)) }
    );
    assert_eq!(tiff.origin(), [None, Some(-20.0), Some(1500.0)]);
}

#[rstest]
fn frames_of_acquire(#[values(1, 12, 2000)] count: usize) {
    // One description for each frame, of a length that changes.
    let writer = Writer {
        style: Style { big: true, big_endian: false },
        height: 4,
        gap: |frame| frame.to_string().len() * 8,
        ..Writer::described(
            r#"{"frame_id": 0, "hardware_frame_id": 0, "timestamps": {"runtime": 1, "hardware": 2}}"#,
        )
    };
    let order: Vec<_> = (0..count).collect();
    assert_eq!(expect(&writer, &order, [1, 1, count as u64], Kind::Acquire), [""; 0]);
}

#[rstest]
#[case::too_many(6, "ImageJ=1.53k\nimages=6\nchannels=4\nslices=3\n", Class::Corrupt, "6 planes")]
#[case::no_number(6, "ImageJ=1.53k\nimages=six\n", Class::Corrupt, "`images=six`")]
#[case::pages_missing(5, "ImageJ=1.53k\nimages=6\n", Class::Corrupt, "it has 5")]
#[case::absurd(
    1,
    "ImageJ=1.53k\nimages=18446744073709551615\nslices=18446744073709551615\n",
    Class::Corrupt,
    "too many"
)]
#[case::beyond_the_end(
    1,
    "ImageJ=1.53k\nimages=7\nslices=7\n",
    Class::Corrupt,
    "before the last of its 7 planes"
)]
#[case::shape_of_others(6, r#"{"shape": [6, 20, 33]}"#, Class::Corrupt, "[6, 20, 33]")]
#[case::no_json(6, r#"{"shape": [6, 20"#, Class::Corrupt, "no JSON")]
#[case::shape_missing_pages(6, r#"{"shape": [7, 21, 33]}"#, Class::Corrupt, "promises 7 planes, it has 6")]
#[case::another_image(6, r#"{"shape": [3, 21, 33]}"#, Class::BadInput, "it has 3 of another image")]
#[case::axes_of_others(6, r#"{"shape": [2, 3, 21, 33], "axes": "AEYX"}"#, Class::BadInput, "`AEYX`")]
#[case::an_axis_twice(6, r#"{"shape": [2, 3, 21, 33], "axes": "ZZYX"}"#, Class::BadInput, "twice")]
#[case::truncated(
    1,
    r#"{"shape": [6, 21, 33], "truncated": true}"#,
    Class::Corrupt,
    "before the last of its 6 planes"
)]
fn descriptions_that_do_not_fit(
    #[case] count: usize,
    #[case] text: &str,
    #[case] class: Class,
    #[case] words: &str,
) {
    refused(&Writer::described(text), count, class, words);
}

#[rstest]
#[case::planes_missing(
    r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="7""#,
    "",
    Class::Corrupt,
    "promises 7 planes"
)]
#[case::planes_left(
    r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="5""#,
    "",
    Class::BadInput,
    "of another image"
)]
#[case::not_all_named(
    r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="6""#,
    r#"<TiffData IFD="0"/>"#,
    Class::Corrupt,
    "names 1"
)]
#[case::beyond(
    r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="6""#,
    r#"<TiffData IFD="5" PlaneCount="6"/>"#,
    Class::Corrupt,
    "from page 5"
)]
#[case::twice(
    r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="6""#,
    r#"<TiffData IFD="0"/><TiffData IFD="1"/>"#,
    Class::Corrupt,
    "twice"
)]
#[case::no_plane(
    r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="6""#,
    r#"<TiffData IFD="0" FirstC="1"/>"#,
    Class::Corrupt,
    "none"
)]
#[case::no_number(r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="0""#, "", Class::Corrupt, "`SizeZ` 0")]
#[case::nothing(r#"SizeC="1" SizeT="1""#, "", Class::Corrupt, "no `SizeZ`")]
#[case::order(r#"DimensionOrder="XYZZT" SizeC="1" SizeT="1" SizeZ="6""#, "", Class::BadInput, "`XYZZT`")]
#[case::absurd(
    r#"DimensionOrder="XYCZT" SizeC="4294967296" SizeT="4294967296" SizeZ="6""#,
    "",
    Class::Corrupt,
    "too many"
)]
#[case::two_images(
    r#"DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeZ="3""#,
    "</Pixels></Image><Image><Pixels>",
    Class::BadInput,
    "2 images"
)]
#[case::elsewhere(
    "",
    r#"</Pixels></Image><BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:3"/><Image><Pixels>"#,
    Class::BadInput,
    "`set.companion.ome`"
)]
fn ome_that_does_not_fit(
    #[case] pixels: &str,
    #[case] data: &str,
    #[case] class: Class,
    #[case] words: &str,
) {
    refused(&ome(pixels, data), 6, class, words);
}

fn refused(writer: &Writer, count: usize, class: Class, words: &str) {
    let sample = Sample::new(&writer.file(&pages(count, writer.page_bytes())));
    let fault = open(&sample.path).unwrap_err();
    assert!(fault.line().contains(words) && fault.line().contains("tile.tif"), "{}", fault.line());
    assert_eq!(fault.class(), class, "{}", fault.line());
}

#[rstest]
fn planes_behind_one_directory(#[values(false, true)] big_endian: bool, #[values(1, 2)] samples: usize) {
    let texts = [
        "ImageJ=1.53k\nimages=6\nchannels=2\nslices=3\n".to_owned(),
        if samples == 1 {
            r#"{"shape": [3, 2, 21, 33], "axes": "ZCYX", "truncated": true}"#.to_owned()
        } else {
            r#"{"shape": [3, 2, 21, 33, 2], "axes": "ZCYXS", "truncated": true}"#.to_owned()
        },
    ];
    for text in texts {
        let style = Style { big: false, big_endian };
        let writer = Writer { style, cut: Cut::Strips(8), samples, ..Writer::described(&text) };
        let pages = pages(6, writer.page_bytes());
        let mut bytes = writer.file(&pages[..1]);
        for page in &pages[1..] {
            let mut page = page.clone();
            if big_endian {
                page.chunks_exact_mut(2).for_each(<[u8]>::reverse);
            }
            bytes.extend(page);
        }
        let tiff = Sample::new(&bytes).open();
        assert_eq!(tiff.shape()[..3], [1, 2 * samples as u64, 3]);
        assert_eq!(tiff.layout().contiguous, samples == 1);
        let read = all(&tiff).unwrap();
        let pixel = 2 * samples;
        let mut expected = Vec::<u8>::new();
        for channel in 0..2 * samples {
            for z in 0..3 {
                let page = &pages[z * 2 + channel / samples];
                expected
                    .extend(page.chunks_exact(pixel).flat_map(|pixel| &pixel[channel % samples * 2..][..2]));
            }
        }
        assert!(read == expected, "{text}");
    }
}

#[test]
fn compressed_planes_are_not_behind_one_directory() {
    let writer =
        Writer { compression: Compression::Lzw, ..Writer::described("ImageJ=1.53k\nimages=6\nslices=6\n") };
    refused(&writer, 1, Class::BadInput, "do not lie in one piece");
}
