use crate::lsb::{Histograms, Ragged, rint::low16_single};

/// What the drawn chunks say.
#[derive(Clone, Debug)]
pub enum Estimate {
    /// Every channel is constant (or a step of -1 came out of a wrap-around): the stream stays as it is, medians and all.
    NoStep,
    /// The step is one count: the stream stays as it is, medians and all.
    OneCount,
    /// The stream is changed.
    Correct(Correction),
}

/// `correct_lsb` with its numbers filled in.
#[derive(Clone, Debug)]
pub struct Correction {
    step: i16,
    /// For each column what is added before the division.
    offsets: Vec<i16>,
    /// For each column 1 / step, or 1 where the column takes no part.
    factors: Vec<f64>,
    /// For each column the step, or 1 where the column takes no part.
    steps: Vec<i16>,
}

impl Correction {
    /// From the chunks drawn, counted as often as they were drawn.
    ///
    /// The step is the smallest difference between values of a channel that follow each other, computed in int16: values more
    /// than 32 767 apart make it negative, and everything after it is nonsense, as in the original.
    pub fn estimate(drawn: &Histograms) -> Estimate {
        let step = match (0..drawn.columns().len()).filter_map(|slot| smallest_difference(drawn, slot)).min()
        {
            None | Some(-1) => return Estimate::NoStep,
            Some(1) => return Estimate::OneCount,
            Some(step) => step,
        };
        let width = drawn.width();
        let mut correction =
            Self { step, offsets: vec![0; width], factors: vec![1.0; width], steps: vec![1; width] };
        for (slot, &column) in drawn.columns().iter().enumerate() {
            correction.offsets[column] = offset(drawn, slot);
            correction.factors[column] = 1.0 / f64::from(step);
            correction.steps[column] = step;
        }
        Estimate::Correct(correction)
    }

    /// The step in counts; the gain (µV per count) becomes so many times as large, the offset stays.
    pub fn step(&self) -> i16 {
        self.step
    }

    /// For each column of a frame what was added before the division: minus the median, cut to a whole number. The metadata
    /// of the original do not hold it.
    pub fn offsets(&self) -> &[i16] {
        &self.offsets
    }

    /// The gain of the corrected samples where raw counts have `gain`.
    pub fn gain_to_uv(&self, gain: f64) -> f64 {
        gain * f64::from(self.step)
    }

    /// Writes the corrected samples of whole frames, as many as there are samples. Columns that were not counted pass through.
    ///
    /// Says how many samples would not come back from `corrected * step - offset`; the correction is lossless when there are none
    /// in the whole stream.
    pub fn apply(&self, samples: &[i16], corrected: &mut [i16]) -> Result<u64, Ragged> {
        let width = self.offsets.len();
        Ragged::check(samples.len(), width)?;
        if samples.len() != corrected.len() {
            return Err(Ragged { samples: corrected.len(), width });
        }
        let frames = samples.chunks_exact(width).zip(corrected.chunks_exact_mut(width));
        Ok(frames.map(|(frame, corrected)| u64::from(self.apply_frame(frame, corrected))).sum())
    }

    #[inline]
    fn apply_frame(&self, frame: &[i16], corrected: &mut [i16]) -> u32 {
        let width = self.offsets.len();
        let (frame, corrected) = (&frame[..width], &mut corrected[..width]);
        let (factors, steps) = (&self.factors[..width], &self.steps[..width]);
        let mut lost = 0;
        for column in 0..width {
            // Out of range, the original's conversion from float32 wraps around (on x86).
            let centred = frame[column].wrapping_add(self.offsets[column]);
            // The original multiplies in float64, keeps float32, then rounds.
            let divided = low16_single((f64::from(centred) * factors[column]) as f32);
            lost += u32::from(divided.wrapping_mul(steps[column]) != centred);
            corrected[column] = divided;
        }
        lost
    }
}

fn smallest_difference(drawn: &Histograms, slot: usize) -> Option<i16> {
    let values = drawn.values(slot).map(|(value, _)| value);
    let next = drawn.values(slot).map(|(value, _)| value).skip(1);
    values.zip(next).map(|(low, high)| high.wrapping_sub(low)).min()
}

/// Minus the median, towards zero, wrapping around for a median of -32 768.
fn offset(drawn: &Histograms, slot: usize) -> i16 {
    let (low, high) = drawn.middle(slot).unwrap_or_default();
    let twice = i32::from(low) + i32::from(high);
    (-twice / 2) as i16
}
