/// Micrometres of a unit of length; none for pixels and what is no length.
pub(crate) fn micrometres(unit: &str) -> Option<f64> {
    Some(match unit.trim().replace("\\u00B5", "µ").replace("\\u00b5", "µ").replace('μ', "µ").as_str() {
        "pm" => 1e-6,
        "Å" | "\u{212b}" | "angstrom" => 1e-4,
        "nm" | "nanometer" | "nanometre" | "nanometers" => 1e-3,
        "um" | "µm" | "micron" | "microns" | "micrometer" | "micrometre" | "micrometers" => 1.0,
        "mm" | "millimeter" | "millimetre" | "millimeters" => 1e3,
        "cm" | "centimeter" | "centimetre" => 1e4,
        "in" | "inch" | "inches" => 25_400.0,
        "m" | "meter" | "metre" => 1e6,
        _ => return None,
    })
}
