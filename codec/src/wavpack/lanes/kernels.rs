//! The loops that take the time, each compiled for plain processors of a kind and for those with wide vectors; which one runs is
//! found out when the program does. All they call is written out in them, or it would stay plain.

use multiversion::multiversion;

use super::{
    super::words::{WordReader, read_frames},
    Frame, LANES, Lanes,
    medians::{LaneMedians, LaneWords},
    pass::{BACK, Bounds, FORWARD, LanePass},
    restore::{Restorer, put, put_at},
    rows::{Rows, join},
};

/// Appends frames `from` to `to`, shortened, summed up and joined.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn take(
    rows: Rows<'_>,
    (from, to): (usize, usize),
    shifts: &Lanes,
    crc: &mut Lanes,
    frames: &mut Vec<Frame>,
) {
    for at in from..to {
        let mut frame = rows.frame(at);
        join(&mut frame, shifts, crc);
        frames.push(frame);
    }
}

/// Turns samples into residuals.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn predict(passes: &mut [LanePass], frames: &mut [Frame], bounds: &mut Bounds) {
    for pass in passes {
        pass.run::<FORWARD>(frames, bounds);
    }
}

/// Turns residuals into samples.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn predict_back(passes: &mut [LanePass], frames: &mut [Frame]) {
    let mut bounds = Bounds::new();
    for pass in passes.iter_mut().rev() {
        pass.run::<BACK>(frames, &mut bounds);
    }
}

/// Takes residuals apart. Returns in which pairs there may be silence, so that their words are others.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn split(
    [left, right]: &mut [LaneMedians; 2],
    residuals: &[Frame],
    words: &mut Vec<[LaneWords; 2]>,
) -> Lanes {
    let mut quiet = Lanes::ZERO;
    words.clear();
    for frame in residuals {
        left.quiet(right, &mut quiet);
        let first = left.split(&frame[0]);
        left.quiet(right, &mut quiet);
        let second = right.split(&frame[1]);
        words.push([first, second]);
    }
    quiet
}

/// Reads the next residuals of every pair, from two blocks at a time.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn read(readers: &mut [WordReader<'_>], frames: &mut [Frame]) {
    let length = frames.len();
    let (twos, one) = readers.as_chunks_mut::<2>();
    let pairs = twos.len();
    for (at, readers) in twos.iter_mut().enumerate() {
        read_frames(readers, length, |frame, block, values| {
            put_at(&mut frames[frame], 2 * at + block, values);
        });
    }
    for reader in one {
        read_frames(std::array::from_mut(reader), length, |frame, _, values| {
            put_at(&mut frames[frame], 2 * pairs, values);
        });
    }
}

/// Makes channels of difference and mean, sums them up, and puts them from channel `first` on into rows of so many.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn restore(
    restorer: &mut Restorer,
    frames: &mut [Frame],
    rows: &mut [i16],
    (channels, first, pairs): (usize, usize, usize),
) {
    for (row, frame) in rows.chunks_exact_mut(channels).zip(frames) {
        restorer.restore(frame);
        put(frame, &mut row[first..first + 2 * pairs.min(LANES)]);
    }
}
