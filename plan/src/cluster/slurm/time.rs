//! Times in SLURM's notation.

/// Seconds before the end at which tasks are told of it, if there is that much.
const NOTICE: u64 = 120;

/// `MM`, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM`, `D-HH:MM:SS` in seconds; `None` for anything else, such as `UNLIMITED`.
pub fn seconds(text: &str) -> Option<u64> {
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) => (Some(number(days)?), rest),
        None => (None, text),
    };
    let parts = rest.split(':').map(number).collect::<Option<Vec<_>>>()?;
    let (hours, minutes, seconds) = match (days, &parts[..]) {
        (Some(_), [hours]) => (*hours, 0, 0),
        (Some(_), [hours, minutes]) => (*hours, *minutes, 0),
        (None, [minutes]) => (0, *minutes, 0),
        (None, [minutes, seconds]) => (0, *minutes, *seconds),
        (_, [hours, minutes, seconds]) => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let hours = days.unwrap_or(0).checked_mul(24)?.checked_add(hours)?;
    hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60)?.checked_add(seconds)
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// When tasks are told that their time ends: never in the first three quarters of it.
pub fn signal(walltime: &str) -> String {
    let most = seconds(walltime).map_or(NOTICE, |seconds| seconds / 4);
    format!("TERM@{}", NOTICE.min(most).max(1))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("30", Some(1800))]
    #[case("90:30", Some(5430))]
    #[case("00:10:00", Some(600))]
    #[case("1-06", Some(108_000))]
    #[case("1-06:30", Some(109_800))]
    #[case("2-00:00:01", Some(172_801))]
    #[case("UNLIMITED", None)]
    #[case("", None)]
    #[case("1:2:3:4", None)]
    #[case("+5", None)]
    #[case("99999999999999999999", None)]
    #[case("9999999999999999999-00", None)]
    fn times_are_those_of_slurm(#[case] text: &str, #[case] expected: Option<u64>) {
        assert_eq!(seconds(text), expected);
    }

    #[rstest]
    #[case("08:00:00", "TERM@120")]
    #[case("00:02:00", "TERM@30")]
    #[case("00:00:01", "TERM@1")]
    #[case("infinite", "TERM@120")]
    fn a_short_job_is_not_told_to_end_when_it_begins(#[case] walltime: &str, #[case] expected: &str) {
        assert_eq!(signal(walltime), expected);
    }
}
