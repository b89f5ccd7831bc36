use super::{super::pass::Pass, Frame, LANES, Lanes};

/// A [`Pass`] of all pairs.
#[derive(Debug, Clone)]
pub(super) struct LanePass {
    term: i8,
    delta: i32,
    weights: Frame,
    /// The last eight frames; the next one goes to the first place.
    past: [Frame; 8],
}

/// Samples and residuals whose predictors, and weights whose products with those, keep to 32 bits.
const SAMPLES: i32 = 1 << 18;
const WEIGHTS: i32 = 1 << 11;

/// Which pairs have left what 32 bits can hold, as bits that are set above a bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds(Lanes);

impl Bounds {
    pub(super) const fn new() -> Self {
        Self(Lanes::ZERO)
    }

    #[inline(always)]
    fn see(&mut self, value: i32, lane: usize) {
        self.0.0[lane] |= value.wrapping_add(SAMPLES);
    }

    pub(super) fn left(self, lane: usize) -> bool {
        self.0.0[lane].cast_unsigned() >= 2 * SAMPLES.cast_unsigned()
    }
}

/// Turns residuals back into samples.
pub(super) const BACK: bool = true;
/// Turns samples into residuals.
pub(super) const FORWARD: bool = false;

/// One step of a channel of all pairs; returns the samples. With `LIMITED` weights stay within ±1024.
#[inline(always)]
fn step<const DIRECTION: bool, const LIMITED: bool>(
    values: &mut Lanes,
    predictors: &Lanes,
    weights: &mut Lanes,
    delta: i32,
    bounds: &mut Bounds,
) -> Lanes {
    let mut samples = Lanes::ZERO;
    for lane in 0..LANES {
        let (value, predictor, weight) = (values.0[lane], predictors.0[lane], weights.0[lane]);
        let predicted = weight.wrapping_mul(predictor).wrapping_add(512) >> 10;
        let residual;
        if DIRECTION == BACK {
            residual = value;
            samples.0[lane] = value.wrapping_add(predicted);
            values.0[lane] = samples.0[lane];
        } else {
            residual = value.wrapping_sub(predicted);
            samples.0[lane] = value;
            values.0[lane] = residual;
            bounds.see(residual, lane);
        }
        let away = (predictor ^ residual) >> 31;
        let step = if predictor == 0 || residual == 0 { 0 } else { (delta ^ away) - away };
        let moved = weight.wrapping_add(step);
        weights.0[lane] = if LIMITED { moved.clamp(-1024, 1024) } else { moved };
    }
    samples
}

impl LanePass {
    /// The same pass for all pairs, without a past.
    pub(super) fn new(term: i8, delta: i32) -> Self {
        Self { term, delta, weights: [Lanes::ZERO; 2], past: [[Lanes::ZERO; 2]; 8] }
    }

    /// The pass as it is for one pair, without its past.
    pub(super) fn of(&self, lane: usize) -> Pass {
        let mut pass = Pass::new(self.term, self.delta);
        pass.weights = self.weights.map(|weights| weights.0[lane]);
        pass
    }

    /// Begins with what a pass of one pair begins with.
    pub(super) fn set(&mut self, lane: usize, pass: &Pass) {
        for (channel, &weight) in pass.weights.iter().enumerate() {
            self.weights[channel].0[lane] = weight;
        }
        for (frame, past) in self.past.iter_mut().enumerate() {
            for (lanes, from) in past.iter_mut().zip(&pass.past) {
                lanes.0[lane] = from[frame];
            }
        }
    }

    /// Runs over the next frames.
    #[inline(always)]
    pub(super) fn run<const DIRECTION: bool>(&mut self, frames: &mut [Frame], bounds: &mut Bounds) {
        match self.term {
            // Damaged streams lead anywhere.
            17 => self
                .line::<DIRECTION>(frames, bounds, |last, before| last.wrapping_mul(2).wrapping_sub(before)),
            18 => self.line::<DIRECTION>(frames, bounds, |last, before| {
                last.wrapping_add(last.wrapping_sub(before) >> 1)
            }),
            1.. => self.look_back::<DIRECTION>(frames, bounds),
            _ => self.across::<DIRECTION>(frames, bounds),
        }
        if DIRECTION == FORWARD {
            self.bound_weights(frames.len(), bounds);
        }
    }

    #[inline(always)]
    fn line<const DIRECTION: bool>(
        &mut self,
        frames: &mut [Frame],
        bounds: &mut Bounds,
        ahead: impl Fn(i32, i32) -> i32,
    ) {
        for channel in 0..2 {
            let (mut before, mut last) = (self.past[6][channel], self.past[7][channel]);
            let mut weights = self.weights[channel];
            for frame in &mut *frames {
                let mut predictors = Lanes::ZERO;
                for lane in 0..LANES {
                    predictors.0[lane] = ahead(last.0[lane], before.0[lane]);
                }
                before = last;
                last = step::<DIRECTION, false>(
                    &mut frame[channel],
                    &predictors,
                    &mut weights,
                    self.delta,
                    bounds,
                );
            }
            self.weights[channel] = weights;
            (self.past[6][channel], self.past[7][channel]) = (before, last);
        }
    }

    #[inline(always)]
    fn look_back<const DIRECTION: bool>(&mut self, frames: &mut [Frame], bounds: &mut Bounds) {
        let [mut left, mut right] = self.weights;
        let back = self.term as usize;
        for (at, frame) in frames.iter_mut().enumerate() {
            let predictors = self.past[at.wrapping_sub(back) & 7];
            let samples = [
                step::<DIRECTION, false>(&mut frame[0], &predictors[0], &mut left, self.delta, bounds),
                step::<DIRECTION, false>(&mut frame[1], &predictors[1], &mut right, self.delta, bounds),
            ];
            self.past[at & 7] = samples;
        }
        self.past.rotate_left(frames.len() & 7);
        self.weights = [left, right];
    }

    #[inline(always)]
    fn across<const DIRECTION: bool>(&mut self, frames: &mut [Frame], bounds: &mut Bounds) {
        let [mut left, mut right] = self.weights;
        let mut last = self.past[7];
        for frame in frames {
            let [values_left, values_right] = frame;
            if self.term == -2 {
                let new = step::<DIRECTION, true>(values_right, &last[0], &mut right, self.delta, bounds);
                last[0] = step::<DIRECTION, true>(values_left, &new, &mut left, self.delta, bounds);
                last[1] = new;
            } else {
                let new = step::<DIRECTION, true>(values_left, &last[1], &mut left, self.delta, bounds);
                let predictors = if self.term == -1 { new } else { last[0] };
                last[1] = step::<DIRECTION, true>(values_right, &predictors, &mut right, self.delta, bounds);
                last[0] = new;
            }
        }
        self.past[7] = last;
        self.weights = [left, right];
    }

    /// Weights move by no more than `delta` a frame, so it is enough to look at them now and then.
    fn bound_weights(&self, frames: usize, bounds: &mut Bounds) {
        let room = WEIGHTS - self.delta * (frames as u32).cast_signed();
        for weights in &self.weights {
            for lane in 0..LANES {
                if weights.0[lane].abs() >= room {
                    bounds.0.0[lane] |= i32::MIN;
                }
            }
        }
    }

    /// Drops what was seen, and rounds what was learnt by `rounded`.
    pub(super) fn restart(&mut self, rounded: impl Fn(i32) -> i32) {
        self.past = [[Lanes::ZERO; 2]; 8];
        for weight in self.weights.iter_mut().flat_map(|weights| &mut weights.0) {
            *weight = rounded(*weight);
        }
    }
}
