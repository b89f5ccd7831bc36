//! Whether a large file is worth the time that deflate takes.

use adt_codec::Deflater;
use adt_model::Fault;
use rayon::{ThreadPool, prelude::*};

use crate::SteadyFile;

/// How many pieces are tried, and how many bytes each has: two MiB together.
const PIECES: u64 = 8;
const PIECE: usize = 256 << 10;

/// True when deflate takes at least 5 % off pieces of the file, spread evenly from its first to its last byte.
///
/// Encoded video loses 0 to 2 %, raw video half and more. The file must be larger than one piece.
pub(super) fn shrinks(file: &SteadyFile, level: u8, pool: &ThreadPool) -> Result<bool, Fault> {
    let room = file.size() - PIECE as u64;
    let packed: Result<Vec<usize>, Fault> = pool.install(|| {
        (0..PIECES).into_par_iter().map(|i| packed(file, room / (PIECES - 1) * i, level)).collect()
    });
    let packed: usize = packed?.into_iter().sum();
    Ok(packed as u64 * 20 <= PIECES * PIECE as u64 * 19)
}

fn packed(file: &SteadyFile, offset: u64, level: u8) -> Result<usize, Fault> {
    let mut piece = vec![0; PIECE];
    file.read_at(offset, &mut piece)?;
    let mut out = Vec::with_capacity(PIECE);
    Deflater::new(level).part(&piece, 0, true, &mut out);
    Ok(out.len())
}
