use super::{Bad, Cursor, unfit};

/// Sizes along each axis, slowest first; none for a single value.
pub(super) fn extent(mut rest: Cursor<'_>) -> Result<Vec<u64>, Bad> {
    let (version, rank, _flags) = (rest.u8()?, rest.u8()?, rest.u8()?);
    let newer = match version {
        1 => false,
        2 => true,
        other => return Err(unfit(format!("it has extents of version {other}"))),
    };
    // The byte behind the flags is 2 for what has no values at all.
    if newer && rest.u8()? == 2 {
        return Ok(vec![0]);
    }
    rest.skip(if newer { 0 } else { 5 })?;
    (0..rank).map(|_| rest.u64()).collect()
}
