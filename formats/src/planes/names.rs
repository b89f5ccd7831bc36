use std::collections::BTreeMap;

use adt_model::{Class, Fault};

use super::listing::Listed;
use crate::image::{Size, SizeSource};

/// What a number of `SmartSPIM`'s names counts: a tenth of a micrometre.
const PER_MICROMETRE: f64 = 10.0;

/// What the name of a plane says, without its suffix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// Nothing but a number: a depth.
    Alone(i64),
    /// The last number in a name, and what stands before and after it.
    Within(i64, [String; 2]),
    None,
}

impl Number {
    pub(super) fn of(stem: &str) -> Self {
        let digits = stem.strip_prefix('-').unwrap_or(stem);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return stem.parse().map_or(Self::None, Self::Alone);
        }
        let Some(end) = stem.rfind(|c: char| c.is_ascii_digit()).map(|last| last + 1) else {
            return Self::None;
        };
        let start = stem[..end].rfind(|c: char| !c.is_ascii_digit());
        let start = start.map_or(0, |at| at + stem[at..].chars().next().map_or(1, char::len_utf8));
        let around = [stem[..start].to_owned(), stem[end..].to_owned()];
        stem[start..end].parse().map_or(Self::None, |number| Self::Within(number, around))
    }

    /// What it counts, and what must be the same in the names of one stack.
    fn parts(&self) -> Option<(i64, [&str; 2])> {
        match self {
            Self::Alone(number) => Some((*number, ["", ""])),
            Self::Within(number, [before, after]) => Some((*number, [before, after])),
            Self::None => None,
        }
    }
}

/// Brings planes, which are in the order of their names, into the order of their numbers; a note where they have none in common.
///
/// Two planes of one number are `BadInput`.
pub(super) fn order(planes: &mut [Listed]) -> Result<Option<String>, Fault> {
    let around = |plane: &Listed| plane.number.parts().map(|(_, [a, b])| [a.to_owned(), b.to_owned()]);
    let usual = around(&planes[0]);
    if let Some(other) = planes.iter().find(|plane| usual.is_none() || around(plane) != usual) {
        let (first, other) = (planes[0].name(), other.name());
        return Ok((planes.len() > 1).then(|| {
            format!("the planes are not all named by a number (`{first}`, `{other}`): they are in the order of their names")
        }));
    }
    let number = |plane: &Listed| plane.number.parts().map(|(number, _)| number);
    planes.sort_by_key(number);
    match planes.windows(2).find(|pair| number(&pair[0]) == number(&pair[1])) {
        None => Ok(None),
        Some(pair) => {
            let (path, other) = (&pair[0].path, pair[1].name());
            Err(Fault::new(Class::BadInput, format!("`{path}` and `{other}` are of one number")))
        }
    }
}

/// The distance of ordered planes, when their names are nothing but depths; notes where planes are missing, or lie unevenly.
pub(super) fn spacing(planes: &[Listed], notes: &mut Vec<String>) -> Option<Size> {
    let depths: Vec<i64> = planes
        .iter()
        .map(|plane| if let Number::Alone(depth) = plane.number { Some(depth) } else { None })
        .collect::<Option<_>>()?;
    let step = |at: usize| depths[at + 1].abs_diff(depths[at]);
    let steps = 0..depths.len() - 1;
    let usual = most_frequent(steps.clone().map(step))?;
    let between = |at: usize| format!("between `{}` and `{}`", planes[at].name(), planes[at + 1].name());
    if let Some(at) = steps.clone().find(|at| !step(*at).is_multiple_of(usual)) {
        let (where_, odd) = (between(at), step(at));
        notes.push(format!("the numbers of the planes are mostly {usual} apart, but {odd} {where_}: their distance is not known"));
        return None;
    }
    let gaps: Vec<usize> = steps.filter(|at| step(*at) != usual).collect();
    if let Some(first) = gaps.first() {
        let missing: u64 = gaps.iter().map(|at| step(*at) / usual - 1).sum();
        notes.push(format!(
            "{missing} planes are missing at {} places, first {}: the planes behind them lie deeper than it seems",
            gaps.len(),
            between(*first)
        ));
    }
    if usual == 1 {
        notes.push("the planes are numbered one by one: their names do not tell their distance".to_owned());
        return None;
    }
    Some(Size { micrometres: usual as f64 / PER_MICROMETRE, from: SizeSource::Names })
}

/// Of several the smallest.
fn most_frequent(steps: impl Iterator<Item = u64>) -> Option<u64> {
    let mut counts = BTreeMap::new();
    for step in steps {
        *counts.entry(step).or_insert(0_u64) += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(step, _)| step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn within(number: i64, before: &str, after: &str) -> Number {
        Number::Within(number, [before.to_owned(), after.to_owned()])
    }

    #[rstest]
    #[case("000020", Number::Alone(20))]
    #[case("-000020", Number::Alone(-20))]
    #[case("99999999999999999999", Number::None)]
    #[case("", Number::None)]
    #[case("-", Number::None)]
    #[case("plane", Number::None)]
    #[case("t1_z0012", within(12, "t1_z", ""))]
    #[case("z7µm", within(7, "z", "µm"))]
    #[case("µ7", within(7, "µ", ""))]
    #[case("7 of", within(7, "", " of"))]
    fn numbers_in_names(#[case] stem: &str, #[case] expected: Number) {
        assert_eq!(Number::of(stem), expected);
    }

    #[rstest]
    #[case(&[], None)]
    #[case(&[20, 20, 40], Some(20))]
    #[case(&[40, 20], Some(20))]
    fn the_usual_step(#[case] steps: &[u64], #[case] expected: Option<u64>) {
        assert_eq!(most_frequent(steps.iter().copied()), expected);
    }
}
