//! Which readout channel of a probe each column of a stream is.

use super::chain::{Route, trailing};

/// The numbers in the channels' names (`CH17`, `AP17`), if each has one and no two are alike.
pub(super) fn numbers(names: &[&str]) -> Option<Vec<u32>> {
    let numbers: Option<Vec<u32>> = names.iter().map(|name| trailing(name).parse().ok()).collect();
    let mut sorted = numbers.clone()?;
    sorted.sort_unstable();
    sorted.dedup();
    numbers.filter(|numbers| sorted.len() == numbers.len())
}

/// The readout channel of each column. `known`: those whose electrode the settings name, in order.
///
/// The settings say which channels are recorded, the names of the columns in which order. Names count from 0 or from 1, which the settings do
/// not tell; they must be the same set of channels.
pub(super) fn channels(known: &[u32], names: &[&str], route: &Route) -> Result<Vec<u32>, String> {
    let columns = names.len();
    let (expected, is_all) = match route {
        Route::All | Route::Unclear => (vec![all(known, columns)?], true),
        Route::One(routes) => (routes.clone(), false),
    };
    let counted = |kept: usize| {
        format!("the settings keep {kept} of its channels, the stream has {columns} electrode channels")
    };
    let fitting: Vec<_> = expected.iter().filter(|expected| expected.len() == columns).collect();
    let Some(first) = fitting.first() else {
        return Err(counted(expected.first().map_or(0, Vec::len)));
    };
    let Some(numbers) = numbers(names) else {
        if names.iter().all(|name| !trailing(name).is_empty()) {
            return Err("several of its channels have one number".to_owned());
        }
        if *route == Route::Unclear {
            return Err("the settings say several things about the channels it has".to_owned());
        }
        return Ok((*first).clone());
    };
    let found = fitting.iter().find_map(|expected| base(&numbers, expected, is_all));
    let base = found.ok_or_else(|| {
        "the numbers in the names of its channels are not those of the channels that the settings keep"
            .to_owned()
    })?;
    Ok(numbers.iter().map(|number| number - base).collect())
}

/// All channels that a stream of so many columns can have.
fn all(known: &[u32], columns: usize) -> Result<Vec<u32>, String> {
    if known.len() == columns {
        return Ok(known.to_vec());
    }
    match known.last() {
        Some(last) if known.len() < columns && (*last as usize) < columns => {
            Ok((0..columns as u32).collect())
        }
        _ => Err(format!(
            "the settings name electrodes for {} channels, the stream has {columns} electrode channels",
            known.len()
        )),
    }
}

/// What names count from, if they are the expected channels. A whole probe may count from any number.
fn base(numbers: &[u32], expected: &[u32], is_all: bool) -> Option<u32> {
    let sorted = |list: &[u32]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    let (numbers, expected) = (sorted(numbers), sorted(expected));
    let base = numbers.first()?.checked_sub(*expected.first()?)?;
    let is_same =
        numbers.iter().zip(&expected).all(|(number, channel)| number.checked_sub(base) == Some(*channel));
    (is_same && (base < 2 || is_all)).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const FOUR: [u32; 4] = [0, 1, 2, 3];

    #[rstest]
    #[case::from_one(&FOUR, &["CH1", "CH2", "CH3", "CH4"], Route::All, Ok(vec![0, 1, 2, 3]))]
    #[case::from_zero(&FOUR, &["CH0", "CH1", "CH2", "CH3"], Route::All, Ok(vec![0, 1, 2, 3]))]
    #[case::from_elsewhere(&FOUR, &["CH385", "CH386", "CH387", "CH388"], Route::All, Ok(vec![0, 1, 2, 3]))]
    #[case::mapped(&FOUR, &["CH3", "CH1", "CH4", "CH2"], Route::All, Ok(vec![2, 0, 3, 1]))]
    #[case::the_names_lead(&FOUR, &["CH1", "CH0"], Route::One(vec![vec![0, 1]]), Ok(vec![1, 0]))]
    #[case::without_numbers(&FOUR, &["a", "b"], Route::One(vec![vec![3, 1]]), Ok(vec![3, 1]))]
    #[case::without_numbers_all(&FOUR, &["a", "b", "c", "d"], Route::All, Ok(vec![0, 1, 2, 3]))]
    #[case::the_second_reading(&FOUR, &["CH0", "CH2"], Route::One(vec![vec![1, 3], vec![0, 2]]), Ok(vec![0, 2]))]
    #[case::a_reading_by_count(&FOUR, &["a"], Route::One(vec![vec![0, 1, 2], vec![3]]), Ok(vec![3]))]
    #[case::unclear_and_named(&FOUR, &["CH2", "CH1", "CH3", "CH4"], Route::Unclear, Ok(vec![1, 0, 2, 3]))]
    #[case::unclear(&FOUR, &["a", "b", "c", "d"], Route::Unclear, Err("several things"))]
    #[case::other_numbers(&FOUR, &["CH1", "CH9"], Route::One(vec![vec![0, 1]]), Err("not those of the channels"))]
    #[case::too_far(&FOUR, &["CH4", "CH5"], Route::One(vec![vec![1, 2]]), Err("not those of the channels"))]
    #[case::twice(&FOUR, &["CH1", "CH1", "CH2", "CH3"], Route::All, Err("one number"))]
    #[case::too_few(&FOUR, &["CH1", "CH2"], Route::All, Err("for 4 channels, the stream has 2"))]
    #[case::another_count(&FOUR, &["CH1", "CH2"], Route::One(vec![vec![0]]), Err("keep 1 of its channels"))]
    #[case::one_unknown(&[0, 1, 3], &["CH1", "CH2", "CH3", "CH4"], Route::All, Ok(vec![0, 1, 2, 3]))]
    #[case::the_last_unknown(&[0, 1, 2], &["CH0", "CH1", "CH2", "CH3"], Route::All, Ok(vec![0, 1, 2, 3]))]
    #[case::of_onix(&FOUR, &["PortB-1.0e-AP0", "PortB-1.0e-AP1", "PortB-1.0e-AP2", "PortB-1.0e-AP3"], Route::All, Ok(vec![0, 1, 2, 3]))]
    fn columns_are_channels(
        #[case] known: &[u32],
        #[case] names: &[&str],
        #[case] route: Route,
        #[case] expected: Result<Vec<u32>, &str>,
    ) {
        match (channels(known, names, &route), expected) {
            (Ok(found), Ok(channels)) => assert_eq!(found, channels),
            (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
            (found, _) => panic!("{found:?}"),
        }
    }
}
