//! Numbers that a person can read and every parser reads alike.

/// More decimals than any step or zero needs: int16 values tell a step to 1e-5 at best.
const MOST: i32 = 9;

/// The number with the fewest decimals in the middle half of a range, the nearest to its middle among those.
pub(super) fn simplest(low: f64, high: f64) -> f64 {
    let (middle, reach) = (f64::midpoint(low, high), (high - low) / 4.0);
    let fits = |x: &f64| (x - middle).abs() <= reach;
    (0..MOST).map(|decimals| to_decimals(middle, decimals)).find(fits).unwrap_or_else(|| tidy(middle))
}

/// The same to 9 decimals. Below 2^16 this is the float64 nearest to a decimal of at most 14 digits.
pub(super) fn tidy(x: f64) -> f64 {
    to_decimals(x, MOST)
}

fn to_decimals(x: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (x * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(3.912_46, 3.912_56, 3.9125)]
    #[case(11.8, 12.3, 12.0)]
    #[case(-0.2, 0.3, 0.0)]
    #[case(12.019_19, 12.019_27, 12.019_23)]
    #[case(7.0, 7.0, 7.0)]
    fn the_simplest_number_is_taken(#[case] low: f64, #[case] high: f64, #[case] simple: f64) {
        assert_eq!(simplest(low, high).to_bits(), simple.to_bits());
        assert_eq!(simple.to_string().parse::<f64>().unwrap().to_bits(), simple.to_bits());
    }
}
