//! `--backup-dir`: what the destination has is kept elsewhere before it is replaced or deleted.

use adt_model::{Class, Fault, Key};
use adt_store::{Found, Sums};

use super::copy::Work;

impl Work {
    /// Copies what the destination has to `--backup-dir`, before it is replaced or deleted. What is kept there already is never replaced.
    pub(super) async fn keep_old(&self, key: &Key) -> Result<(), Fault> {
        let Some(backup) = &self.backup else { return Ok(()) };
        let from = &self.asked.destination.place;
        let Some(old) = from.head(key).await? else { return Ok(()) };
        let shown = backup.place().location().join(key);
        if let Some(there) = backup.place().head(key).await? {
            // An earlier run may have ended between the two.
            if is_copy(&old, &there) {
                return Ok(());
            }
            let what = format!("`{shown}` exists already, and is not what would be kept there");
            return Err(
                Fault::new(Class::Conflict, what).help("name another `--backup-dir`, a new one for each run")
            );
        }
        backup.send_object(from, &old, key).await?;
        if self.asked.dry_run {
            return Ok(());
        }
        match backup.place().head(key).await? {
            Some(there) if there.size == old.size => Ok(()),
            _ => Err(Fault::new(Class::Corrupt, format!("`{shown}` is missing, although it was confirmed"))),
        }
    }
}

/// Whether one is known to be a copy of the other.
fn is_copy(old: &Found, there: &Found) -> bool {
    let sums = Sums::kept(old).agree(&Sums::kept(there));
    old.size == there.size && sums.unwrap_or_else(|| old.modified.is_some() && old.modified == there.modified)
}

#[cfg(test)]
mod tests {
    use adt_model::Crc64;
    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_same_sum((1, Some(1), None), (1, Some(1), Some(9)), true)]
    #[case::another_sum((1, Some(1), Some(9)), (1, Some(2), Some(9)), false)]
    #[case::another_size((1, Some(1), None), (2, Some(1), None), false)]
    #[case::the_same_time((1, None, Some(9)), (1, None, Some(9)), true)]
    #[case::another_time((1, None, Some(9)), (1, None, Some(8)), false)]
    #[case::nothing_known((1, None, None), (1, None, None), false)]
    fn a_copy_is_known_by_its_sum_or_its_time(
        #[case] old: (u64, Option<u64>, Option<i64>),
        #[case] there: (u64, Option<u64>, Option<i64>),
        #[case] same: bool,
    ) {
        let found = |(size, sum, second): (u64, Option<u64>, Option<i64>)| Found {
            crc64: sum.map(Crc64),
            modified: second.map(|second| Timestamp::from_second(second).unwrap()),
            ..Found::new("k".parse().unwrap(), size)
        };
        assert_eq!(is_copy(&found(old), &found(there)), same);
    }
}
