//! Prediction, one pair of channels at a time.

/// One pass of prediction over the samples of a block: every sample is replaced by how far it lies from a weighted predictor,
/// and the weight follows how well that went.
///
/// The `term` says what the predictor is:
///
/// - 17 and 18: the line through, or half way beyond, the two samples before;
/// - 1 to 8: the sample so many frames before;
/// - -1: for the first channel the second channel's sample before, for the second the first channel's of now;
/// - -2: the same with the channels swapped; -3: for each the other's sample before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) term: i8,
    /// Step of the weight.
    pub(super) delta: i32,
    /// Of both channels, in 1024ths.
    pub(super) weights: [i32; 2],
    /// Of both channels: what the pass was given, eight frames of it. Frame `i` lies at `i & 7`, and the first one comes in at 0.
    pub(super) past: [[i32; 8]; 2],
}

/// Which way a pass runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Samples to residuals.
    Forward,
    /// Residuals to samples.
    Back,
}

/// Weights beyond which terms that look across channels do not go.
const STRONGEST: i32 = 1024;

/// The largest sizes seen on the way, as masks of the bits they need: readers multiply weight and predictor in 32 bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reach {
    predictors: u32,
    weights: u32,
}

impl Reach {
    fn see(&mut self, predictor: i32, weight: i32) {
        self.predictors |= (predictor ^ predictor >> 31) as u32;
        self.weights |= (weight ^ weight >> 31) as u32;
    }

    /// Everything any reader computes stays within what it computes with.
    pub(super) fn safe(self) -> bool {
        let [predictor, weight] = [self.predictors, self.weights].map(|mask| 32 - mask.leading_zeros());
        predictor <= 20 && weight <= 15 && predictor + weight <= 30
    }
}

/// A pass of a channel or two in progress.
struct Run<'a> {
    delta: i32,
    direction: Direction,
    reach: &'a mut Reach,
}

impl Run<'_> {
    /// Turns a sample into its residual, or back; returns that and the sample.
    fn step(&mut self, value: i32, predictor: i32, weight: &mut i32, limit: i32) -> (i32, i32) {
        let predicted = ((i64::from(*weight) * i64::from(predictor) + 512) >> 10) as i32;
        let (made, sample, residual) = match self.direction {
            Direction::Forward => {
                let residual = value.wrapping_sub(predicted);
                (residual, value, residual)
            }
            Direction::Back => {
                let sample = value.wrapping_add(predicted);
                (sample, sample, value)
            }
        };
        self.reach.see(predictor, *weight);
        if predictor != 0 && residual != 0 {
            let step = if (predictor ^ residual) < 0 { -self.delta } else { self.delta };
            *weight = (*weight + step).clamp(-limit, limit);
        }
        (made, sample)
    }

    fn own(&mut self, term: i8, weight: &mut i32, past: &mut [i32; 8], values: &mut [i32]) {
        for (at, value) in values.iter_mut().enumerate() {
            let before = |frames: usize| past[at.wrapping_sub(frames) & 7];
            let predictor = match term {
                17 => before(1).wrapping_mul(2).wrapping_sub(before(2)),
                18 => before(1).wrapping_add(before(1).wrapping_sub(before(2)) >> 1),
                _ => before(term as usize),
            };
            let (made, sample) = self.step(*value, predictor, weight, i32::MAX / 2);
            *value = made;
            past[at & 7] = sample;
        }
        past.rotate_left(values.len() & 7);
    }

    /// Both channels from each other. `first` is the one that is predicted from the other's sample before, and so can be had first
    /// on the way back.
    fn across(&mut self, pass: &mut Pass, left: &mut [i32], right: &mut [i32]) {
        let [past_left, past_right] = &mut pass.past;
        let [weight_left, weight_right] = &mut pass.weights;
        let (mut before_left, mut before_right) = (past_left[7], past_right[7]);
        for (left, right) in left.iter_mut().zip(right) {
            let (sample_left, sample_right);
            if pass.term == -2 {
                (*right, sample_right) = self.step(*right, before_left, weight_right, STRONGEST);
                (*left, sample_left) = self.step(*left, sample_right, weight_left, STRONGEST);
            } else {
                (*left, sample_left) = self.step(*left, before_right, weight_left, STRONGEST);
                let predictor = if pass.term == -1 { sample_left } else { before_left };
                (*right, sample_right) = self.step(*right, predictor, weight_right, STRONGEST);
            }
            (before_left, before_right) = (sample_left, sample_right);
        }
        (past_left[7], past_right[7]) = (before_left, before_right);
    }
}

impl Pass {
    pub(super) fn new(term: i8, delta: i32) -> Self {
        Self { term, delta, weights: [0; 2], past: [[0; 8]; 2] }
    }

    /// Drops what was seen, not what was learnt.
    pub(super) fn forget(&mut self) {
        self.past = [[0; 8]; 2];
    }

    /// Runs over the next samples of a channel, or of two. Two passes that run over the same samples in parts of any length come to
    /// the same.
    pub(super) fn run(
        &mut self,
        direction: Direction,
        left: &mut [i32],
        right: Option<&mut [i32]>,
        reach: &mut Reach,
    ) {
        let mut run = Run { delta: self.delta, direction, reach };
        match right {
            Some(right) if self.term < 0 => run.across(self, left, right),
            right => {
                run.own(self.term, &mut self.weights[0], &mut self.past[0], left);
                if let Some(right) = right {
                    run.own(self.term, &mut self.weights[1], &mut self.past[1], right);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn a_pass_comes_back_and_may_be_interrupted(
            term in prop_oneof![Just(17_i8), Just(18), 1..=8_i8, -3..=-1_i8],
            delta in 0..=7,
            samples in vec((-40_000..40_000, -40_000..40_000), 0..200),
            cut in 0..200_usize,
        ) {
            let (left, right): (Vec<i32>, Vec<i32>) = samples.into_iter().unzip();
            let cut = cut.min(left.len());
            let mut reach = Reach::default();
            let mut residuals = (left.clone(), right.clone());
            Pass::new(term, delta).run(Direction::Forward, &mut residuals.0, Some(&mut residuals.1), &mut reach);

            let mut parts = (left.clone(), right.clone());
            let mut pass = Pass::new(term, delta);
            pass.run(Direction::Forward, &mut parts.0[..cut], Some(&mut parts.1[..cut]), &mut reach);
            pass.run(Direction::Forward, &mut parts.0[cut..], Some(&mut parts.1[cut..]), &mut reach);
            prop_assert_eq!(&parts, &residuals);

            Pass::new(term, delta).run(Direction::Back, &mut residuals.0, Some(&mut residuals.1), &mut reach);
            prop_assert_eq!(residuals, (left, right));
        }
    }
}
