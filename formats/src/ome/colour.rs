use std::fmt;

/// Red, green and blue; shown as six hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// Below so many nanometres: this colour. Those of aind-ng-link.
const WAVELENGTHS: [(u32, [u8; 3]); 14] = [
    (460, [0x69, 0x0a, 0xfe]),
    (470, [0x3f, 0x2e, 0xfe]),
    (480, [0x4b, 0x90, 0xfe]),
    (490, [0x59, 0xd5, 0xf8]),
    (500, [0x5d, 0xf8, 0xd6]),
    (520, [0x5a, 0xfe, 0xb8]),
    (540, [0x58, 0xfe, 0xa1]),
    (560, [0x51, 0xff, 0x1e]),
    (565, [0xbb, 0xfb, 0x01]),
    (575, [0xe9, 0xec, 0x02]),
    (580, [0xf5, 0xc5, 0x03]),
    (590, [0xf3, 0x91, 0x07]),
    (600, [0xf1, 0x52, 0x11]),
    (620, [0xf0, 0x12, 0x1e]),
];

const LONGEST: [u8; 3] = [0xf0, 0x00, 0x50];

impl Colour {
    /// For images whose wavelength nobody knows.
    pub const WHITE: Self = Self([0xff; 3]);

    /// For light of a wavelength in nanometres, or of a laser of that name.
    pub fn of_wavelength(nanometres: u32) -> Self {
        let found = WAVELENGTHS.iter().find(|(bound, _)| nanometres < *bound);
        Self(found.map_or(LONGEST, |(_, colour)| *colour))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(405, "690afe")]
    #[case(459, "690afe")]
    #[case(460, "3f2efe")]
    #[case(488, "59d5f8")]
    #[case(561, "bbfb01")]
    #[case(619, "f0121e")]
    #[case(620, "f00050")]
    #[case(785, "f00050")]
    fn the_first_bound_above_decides(#[case] wavelength: u32, #[case] colour: &str) {
        assert_eq!(Colour::of_wavelength(wavelength).to_string(), colour);
    }
}
