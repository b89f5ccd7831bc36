//! How medians, weights and histories are rounded to fit a block's head.

/// Fraction of the logarithm of `256 + index`, in 256ths.
///
/// WavPack has tables for this and for [`power`]; the formulas give the same numbers (see the tests).
fn fraction(index: u32) -> u32 {
    ((1.0 + f64::from(index) / 256.0).log2() * 256.0).round().min(255.0) as u32
}

fn power(index: u32) -> u32 {
    (((f64::from(index) / 256.0).exp2() - 1.0) * 256.0).round() as u32
}

/// A logarithm with 8 bits behind the point.
pub(super) fn log2(value: u32) -> u16 {
    let value = u64::from(value) + u64::from(value >> 9);
    let length = 64 - value.leading_zeros();
    let top = if length < 9 { value << (9 - length) } else { value >> (length - 9) };
    ((length << 8) + fraction(top as u32 & 255)) as u16
}

/// About what [`log2`] was given. Foreign numbers may overflow; they wrap, as in WavPack.
pub(super) fn exp2(logarithm: i16) -> i32 {
    let size = u32::from(logarithm.unsigned_abs());
    let value = u64::from(power(size & 255) | 256);
    let shift = size >> 8;
    let value = if shift <= 9 { value >> (9 - shift) } else { value << ((shift - 9) & 31) };
    let value = (value as u32).cast_signed();
    if logarithm < 0 { value.wrapping_neg() } else { value }
}

/// A weight of -1024..=1024 in a byte.
pub(super) fn store_weight(weight: i32) -> i8 {
    let weight = weight.clamp(-1024, 1024);
    let weight = if weight > 0 { weight - ((weight + 64) >> 7) } else { weight };
    ((weight + 4) >> 3) as i8
}

/// About what [`store_weight`] was given.
pub(super) fn restore_weight(stored: i8) -> i32 {
    let weight = i32::from(stored) * 8;
    if weight > 0 { weight + ((weight + 64) >> 7) } else { weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_are_far_from_rounding_the_other_way() {
        for index in 0..256 {
            let x = f64::from(index) / 256.0;
            for exact in [(1.0 + x).log2() * 256.0, (x.exp2() - 1.0) * 256.0] {
                assert!((exact.fract() - 0.5).abs() > 1e-4, "{index}: {exact}");
            }
        }
    }

    #[test]
    fn logarithms_come_back_nearly() {
        for value in (0..70_000).chain([1 << 20, (1 << 24) - 1]) {
            let back = exp2(log2(value).cast_signed());
            assert!(back.cast_unsigned().abs_diff(value) <= 1 + value / 128, "{value} became {back}");
            assert_eq!(exp2(log2(back as u32).cast_signed()), back, "twice {value}");
            assert_eq!(exp2(-(log2(value).cast_signed())), -back);
        }
    }

    #[test]
    fn weights_come_back_nearly() {
        for weight in -1024..=1024 {
            let back = restore_weight(store_weight(weight));
            assert!((back - weight).abs() <= 8, "{weight} became {back}");
            assert_eq!(restore_weight(store_weight(back)), back, "twice {weight}");
        }
        assert_eq!(restore_weight(store_weight(5000)), 1024);
        assert_eq!(restore_weight(store_weight(-5000)), -1024);
    }
}
