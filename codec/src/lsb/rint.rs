//! Rounding to the nearest integer, ties to even, as `numpy.rint`, in a form that compilers turn into vector code for any
//! processor: adding this number leaves the integer in the low bits of the sum.

/// Sums stay in [2^52, 2^53), where neighbours are 1 apart.
const SHIFT_64: f64 = 6_755_399_441_055_744.0;

/// Sums stay in [2^23, 2^24), where neighbours are 1 apart.
const SHIFT_32: f32 = 12_582_912.0;

/// `rint(x)` modulo 2^16, for |x| < 2^51.
#[inline]
pub(super) fn low16(x: f64) -> i16 {
    (x + SHIFT_64).to_bits() as i16
}

/// `rint(x)` modulo 2^16, for |x| < 2^22.
#[inline]
pub(super) fn low16_single(x: f32) -> i16 {
    (x + SHIFT_32).to_bits() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_rint_wherever_the_result_fits(x in -32_768.4..32_767.4f64) {
            prop_assert_eq!(low16(x), x.round_ties_even() as i16);
            let x = x as f32;
            let expected = x.round_ties_even() as i32 as i16;
            prop_assert_eq!(low16_single(x), expected);
        }

        #[test]
        fn ties_go_to_even(whole in -32_768..32_767i32) {
            let tie = f64::from(whole) + 0.5;
            prop_assert_eq!(low16(tie), tie.round_ties_even() as i32 as i16);
            prop_assert_eq!(low16_single(tie as f32), tie.round_ties_even() as i32 as i16);
        }
    }
}
