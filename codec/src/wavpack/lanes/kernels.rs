//! The loops that take the time, each compiled for plain processors of a kind and for those with wide vectors; which one runs is
//! found out when the program does. All they call is written out in them, or it would stay plain.

use multiversion::multiversion;

use super::{
    super::{
        medians::Medians,
        words::{WordReader, WordWriter},
    },
    Frame, LANES, Lanes,
    medians::{LaneMedians, LaneRanges, LaneWords},
    pass::{BACK, Bounds, FORWARD, LanePass},
    restore::{Restorer, put},
    rows::{Rows, join},
};

/// A mark of pairs in a run of zeros.
const SILENT: i32 = 1;

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

/// Writes the words of one pair, for which there is room.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn write(writer: &mut WordWriter, words: &[[LaneWords; 2]], lane: usize) {
    let mut own = std::mem::take(writer);
    for word in words.iter().flatten() {
        own.word(word.of(lane));
    }
    *writer = own;
}

/// Reads the next residuals of every pair.
///
/// The bits of each are taken one by one, and what they mean for the medians is computed for all pairs at once.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn read(readers: &mut [WordReader<'_>], medians: &mut [LaneMedians; 2], frames: &mut [Frame]) {
    for frame in frames {
        for (channel, values) in frame.iter_mut().enumerate() {
            let mut quiet = Lanes::ZERO;
            medians[0].quiet(&medians[1], &mut quiet);
            let mut ones = Lanes::ZERO;
            for ((reader, ones), quiet) in readers.iter_mut().zip(&mut ones.0).zip(&mut quiet.0) {
                *quiet = if *quiet != 0 && reader.silent() { SILENT } else { 0 };
                if *quiet == 0 {
                    *ones = reader.ones().cast_signed();
                }
            }
            for lane in 0..readers.len() {
                if quiet.0[lane] == SILENT {
                    medians[0].set(lane, Medians::default());
                    medians[1].set(lane, Medians::default());
                }
            }
            let LaneRanges { low, lengths, spares } = medians[channel].follow(&ones);
            let (mut below, mut signs) = (Lanes::ZERO, Lanes::ZERO);
            for (lane, reader) in readers.iter_mut().enumerate() {
                if quiet.0[lane] == 0 {
                    let (length, spare) = (lengths.0[lane].cast_unsigned(), spares.0[lane].cast_unsigned());
                    let (rest, sign) = reader.rest(length, spare);
                    (below.0[lane], signs.0[lane]) = (rest.cast_signed(), sign.cast_signed());
                }
            }
            for lane in 0..LANES {
                values.0[lane] = low.0[lane].wrapping_add(below.0[lane]) ^ -signs.0[lane];
            }
        }
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
