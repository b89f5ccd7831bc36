/// How many values each frame of a `continuous.dat` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) count: usize,
    /// That the two numbers of `structure.oebin` differ, and which one the file is like.
    pub(super) doubtful: bool,
}

/// neo goes by the list of channels alone; `num_channels` says the same in all good files. Where they differ, the file's size decides, with the
/// lengths of its time vectors if there are any. Where they agree and the vectors say another number of columns, the file is refused: read as
/// it is described, every sample would be in a wrong column. What fits neither, or both, is not guessed.
///
/// `instants`: how many values each time vector has.
pub(super) fn columns(
    described: usize,
    counted: Option<u64>,
    bytes: u64,
    instants: &[u64],
) -> Result<Columns, String> {
    let counted = counted.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(described);
    if counted != described && bytes > 0 {
        return differing(described, counted, bytes, instants);
    }
    let row = 2 * described as u64;
    let agrees = |n: &u64| n.checked_mul(row) == Some(bytes);
    // A vector of one value divides everything.
    let other = |n: &&u64| {
        **n > 1 && n.checked_mul(2).is_some_and(|column| bytes > 0 && bytes.is_multiple_of(column))
    };
    match instants.iter().find(other) {
        Some(n) if !instants.iter().any(agrees) => Err(format!(
            "its {bytes} bytes are {} values for each of {n} sample numbers, but {described} channels are described",
            bytes / (2 * n)
        )),
        _ => Ok(Columns { count: described, doubtful: false }),
    }
}

fn differing(described: usize, counted: usize, bytes: u64, instants: &[u64]) -> Result<Columns, String> {
    let whole = |count: usize| bytes.is_multiple_of(2 * count as u64);
    let exact = |count: usize| whole(count) && instants.contains(&(bytes / (2 * count as u64)));
    let pair = [described, counted];
    let count = match pair.map(exact) {
        [true, false] => described,
        [false, true] => counted,
        _ => match pair.map(whole) {
            [true, false] => described,
            [false, true] => counted,
            _ => {
                return Err(format!(
                    "{described} channels are described and {counted} counted; its {bytes} bytes do not tell which is right"
                ));
            }
        },
    };
    // A row must stay small whatever a file claims.
    if count > 1 << 16 {
        return Err(format!("{count} channels are counted"));
    }
    Ok(Columns { count, doubtful: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::the_same(384, Some(384), 76_800, &[100], Ok((384, false)))]
    #[case::not_counted(384, None, 76_800, &[100], Ok((384, false)))]
    #[case::zero_counted(384, Some(0), 76_800, &[], Ok((384, false)))]
    #[case::cut(384, Some(384), 76_801, &[100], Ok((384, false)))]
    #[case::empty(384, Some(385), 0, &[0], Ok((384, false)))]
    #[case::sync_not_described(384, Some(385), 77_000, &[100], Ok((385, true)))]
    #[case::sync_not_described_nor_timed(384, Some(385), 77_000, &[], Ok((385, true)))]
    #[case::sync_not_recorded(385, Some(384), 76_800, &[100], Ok((384, true)))]
    #[case::both_divide_times_tell(4, Some(8), 1600, &[100], Ok((8, true)))]
    #[case::nothing_tells(4, Some(8), 1600, &[], Err("do not tell"))]
    #[case::neither(4, Some(8), 1601, &[100], Err("do not tell"))]
    #[case::described_but_not_recorded(40, Some(40), 26_400, &[400, 400], Err("are 33 values for each"))]
    #[case::not_recorded_and_not_divisible(40, Some(40), 26_466, &[401, 401], Err("are 33 values for each"))]
    #[case::no_synchronisation_column(385, Some(385), 295_680, &[385], Err("are 384 values for each"))]
    #[case::only_seconds_know(40, None, 26_400, &[0, 400], Err("are 33 values for each"))]
    #[case::one_vector_agrees(4, Some(4), 800, &[50, 100], Ok((4, false)))]
    #[case::times_cut_short(4, Some(4), 800, &[73], Ok((4, false)))]
    #[case::one_value_divides_all(4, Some(4), 800, &[1], Ok((4, false)))]
    #[case::a_length_that_overflows(4, Some(4), 800, &[u64::MAX], Ok((4, false)))]
    #[case::a_column_nobody_knows(384, Some(384), 77_000, &[100], Err("are 385 values for each"))]
    fn the_file_decides(
        #[case] described: usize,
        #[case] counted: Option<u64>,
        #[case] bytes: u64,
        #[case] instants: &[u64],
        #[case] expected: Result<(usize, bool), &str>,
    ) {
        match (columns(described, counted, bytes, instants), expected) {
            (Ok(found), Ok((count, doubtful))) => assert_eq!(found, Columns { count, doubtful }),
            (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
            (found, _) => panic!("{found:?}"),
        }
    }
}
