//! Which steps are possible, given distances between values.

/// So many ranges are followed up, the largest steps first: near a step of twice the tolerance every distance fits, and
/// what is left there frays into ever more ranges.
const MOST_RANGES: usize = 512;

/// Distances between int16 values, each at most once.
pub(super) struct Distances(Vec<u64>);

impl Distances {
    pub(super) fn new() -> Self {
        Self(vec![0; 1024])
    }

    /// From `|a - b|` of two values, or `|a|` of one: up to 65 535.
    pub(super) fn insert(&mut self, distance: u16) {
        self.0[usize::from(distance / 64)] |= 1 << (distance % 64);
    }

    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Ascending.
    fn iter(&self) -> impl Iterator<Item = u32> {
        (0..65_536).filter(|d| self.0[(d / 64) as usize] >> (d % 64) & 1 == 1)
    }
}

/// A closed range of steps, in counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// What is left of `ranges` when every distance must be within `tolerance` of a multiple of the step, not counting 0 times.
///
/// Short distances come first: they leave few whole multiples to choose between, and each longer one narrows the step
/// further. Ascending; empty when no step is possible.
pub(super) fn sieve(mut ranges: Vec<Range>, distances: &Distances, tolerance: f64) -> Vec<Range> {
    let mut next = Vec::new();
    for distance in distances.iter().filter(|&d| d > 0) {
        for range in &ranges {
            narrow(*range, f64::from(distance), tolerance, &mut next);
        }
        std::mem::swap(&mut ranges, &mut next);
        next.clear();
        ranges.drain(..ranges.len().saturating_sub(MOST_RANGES));
    }
    ranges
}

/// Appends the parts of one range in which the distance is near a multiple, ascending; parts that touch become one.
fn narrow(range: Range, distance: f64, tolerance: f64, parts: &mut Vec<Range>) {
    let fewest = ((distance - tolerance) / range.high).ceil().max(1.0) as u32;
    let most = ((distance + tolerance) / range.low).floor() as u32;
    let mut grown: Option<Range> = None;
    for multiple in (fewest..=most).rev().map(f64::from) {
        let low = range.low.max((distance - tolerance) / multiple);
        let high = range.high.min((distance + tolerance) / multiple);
        if low > high {
            continue;
        }
        grown = match grown {
            Some(below) if low <= below.high => Some(Range { low: below.low, high }),
            before => {
                parts.extend(before);
                Some(Range { low, high })
            }
        };
    }
    parts.extend(grown);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::one_multiple(&[12], &[(11.5, 12.5)])]
    #[case::narrower_with_each(&[12, 24, 120], &[(11.95, 12.05)])]
    #[case::two_multiples(&[12, 150], &[(11.5, 11.577), (12.458, 12.5)])]
    #[case::not_one_multiple(&[12, 18], &[])]
    fn steps_are_narrowed_by_distances(#[case] distances: &[u16], #[case] left: &[(f64, f64)]) {
        let mut set = Distances::new();
        for distance in distances {
            set.insert(*distance);
        }
        let found = sieve(vec![Range { low: 11.0, high: 13.0 }], &set, 0.5);
        let thousandths = |x: f64| (x * 1000.0).round() as i32;
        let found: Vec<_> =
            found.iter().map(|range| (thousandths(range.low), thousandths(range.high))).collect();
        let left: Vec<_> = left.iter().map(|(low, high)| (thousandths(*low), thousandths(*high))).collect();
        assert_eq!(found, left);
    }

    #[test]
    fn ranges_that_touch_become_one() {
        let mut set = Distances::new();
        set.insert(30_000);
        let range = Range { low: 2.0, high: 2.01 };
        assert_eq!(sieve(vec![range], &set, 1.01), [range]);
    }
}
