//! One column under one step: where its zero lies, and the proof that its codes come back.

use super::{
    Column, Exception,
    codes::{Line, MOST_EXCEPTIONS},
    decimal::{simplest, tidy},
    find::Values,
};

/// The column's zero and exceptions, or `None` when its values do not lie on the step.
pub(super) fn column(values: &Values, step: f64, slack: f64) -> Option<Column> {
    let zero = zero(values, step, slack)?;
    let line = Line::new(step, zero)?;
    let mut exceptions = Vec::new();
    let mut last = None;
    for &sample in &values.all {
        let code = line.code(sample);
        if last.is_some_and(|last| code <= last) || !near(sample, line.at(code), step, slack) {
            return None;
        }
        last = Some(code);
        if line.sample(code) != sample {
            exceptions.push(Exception { code, sample });
        }
    }
    (exceptions.len() <= MOST_EXCEPTIONS).then_some(Column { column: values.column, zero, exceptions })
}

/// Where code 0 lies, so that every value is within half a count of its code; that is the median's place before it was rounded.
fn zero(values: &Values, step: f64, slack: f64) -> Option<f64> {
    let median = f64::from(values.median);
    let (mut low, mut high) = (-0.5f64, 0.5f64);
    for &value in values.inner() {
        let distance = f64::from(value) - median;
        let rest = distance - step * (distance / step).round_ties_even();
        (low, high) = (low.max(rest - 0.5), high.min(rest + 0.5));
    }
    if low > high + 2.0 * slack {
        return None;
    }
    // A multiple of the step where no offset was taken off, which is the better guess then.
    let multiple = tidy(step * (median / step).round_ties_even());
    let fits = low - slack <= multiple - median && multiple - median <= high + slack;
    Some(if fits { multiple } else { simplest(median + low.min(high), median + high.max(low)) })
}

/// Whether readers of the codes see the sample where it was.
fn near(sample: i16, place: f64, step: f64, slack: f64) -> bool {
    let cut_off = sample == i16::MAX || sample <= -i16::MAX;
    let tolerance = if cut_off { step / 2.0 } else { 0.5 + 2.0 * slack };
    (f64::from(sample) - place).abs() <= tolerance
}
