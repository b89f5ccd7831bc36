use adt_model::{Class, Fault};

/// A grey image of 8 bits as a PNG.
pub fn grey_png(pixels: &[u8], [rows, columns]: [usize; 2]) -> Result<Vec<u8>, Fault> {
    let failed = |error: png::EncodingError| Fault::new(Class::Bug, "cannot make a PNG").because(error);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns as u32, rows as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}
