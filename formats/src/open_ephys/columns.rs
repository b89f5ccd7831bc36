/// How many values each frame of a `continuous.dat` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) count: usize,
    /// That the two numbers of `structure.oebin` differ, and which one the file is like.
    pub(super) doubtful: bool,
}

/// neo goes by the list of channels alone; `num_channels` says the same in all good files. Where they differ, the file's size
/// decides, with the number of its sample numbers if there are any. What fits neither, or both, is not guessed.
pub(super) fn columns(
    described: usize,
    counted: Option<u64>,
    bytes: u64,
    instants: Option<u64>,
) -> Result<Columns, String> {
    let counted = counted.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(described);
    if counted != described && bytes > 0 {
        return differing(described, counted, bytes, instants);
    }
    let row = 2 * described as u64;
    if let Some(n) = instants.filter(|n| *n > 1 && !bytes.is_multiple_of(row) && bytes.is_multiple_of(2 * n))
    {
        let found = bytes / (2 * n);
        return Err(format!(
            "its {bytes} bytes are {found} values for each of {n} sample numbers, but {described} channels are described"
        ));
    }
    Ok(Columns { count: described, doubtful: false })
}

fn differing(described: usize, counted: usize, bytes: u64, instants: Option<u64>) -> Result<Columns, String> {
    let whole = |count: usize| bytes.is_multiple_of(2 * count as u64);
    let exact = |count: usize| whole(count) && instants == Some(bytes / (2 * count as u64));
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
    #[case::the_same(384, Some(384), 76_800, Some(100), Ok((384, false)))]
    #[case::not_counted(384, None, 76_800, Some(100), Ok((384, false)))]
    #[case::zero_counted(384, Some(0), 76_800, None, Ok((384, false)))]
    #[case::cut(384, Some(384), 76_801, Some(100), Ok((384, false)))]
    #[case::empty(384, Some(385), 0, Some(0), Ok((384, false)))]
    #[case::sync_not_described(384, Some(385), 77_000, Some(100), Ok((385, true)))]
    #[case::sync_not_described_nor_timed(384, Some(385), 77_000, None, Ok((385, true)))]
    #[case::sync_not_recorded(385, Some(384), 76_800, Some(100), Ok((384, true)))]
    #[case::both_divide_times_tell(4, Some(8), 1600, Some(100), Ok((8, true)))]
    #[case::nothing_tells(4, Some(8), 1600, None, Err("do not tell"))]
    #[case::neither(4, Some(8), 1601, Some(100), Err("do not tell"))]
    #[case::a_column_nobody_knows(384, Some(384), 77_000, Some(100), Err("are 385 values for each"))]
    fn the_file_decides(
        #[case] described: usize,
        #[case] counted: Option<u64>,
        #[case] bytes: u64,
        #[case] instants: Option<u64>,
        #[case] expected: Result<(usize, bool), &str>,
    ) {
        match (columns(described, counted, bytes, instants), expected) {
            (Ok(found), Ok((count, doubtful))) => assert_eq!(found, Columns { count, doubtful }),
            (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
            (found, _) => panic!("{found:?}"),
        }
    }
}
