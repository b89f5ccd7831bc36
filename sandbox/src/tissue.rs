//! Samples like those of a probe in tissue, by whole numbers only, so that every machine makes the same.

use crate::Seed;

/// Steps of the converter at the contact nearest to a unit, one for each frame of a spike.
const SPIKE: [i32; 12] = [-4, -18, -30, -22, -8, 4, 9, 8, 6, 4, 2, 1];
/// Channels from one unit to the next.
const SPACING: usize = 8;
/// How much of a spike the channels around its unit see, in quarters.
const WEIGHTS: [i32; 7] = [1, 2, 3, 4, 3, 2, 1];
/// Frames between two spikes of a unit, on average: 15 spikes a second.
const PAUSE: u64 = 2000;

/// Frame after frame: what all channels share (common mode and slow drift), spikes, and noise of about two steps.
pub(crate) fn samples(seed: &mut Seed, frames: u64, channels: usize, step: i16) -> Vec<i16> {
    let mut units = vec![SPIKE.len(); channels.div_ceil(SPACING)];
    let offsets: Vec<i32> = (0..channels).map(|_| seed.below(21) as i32 - 10).collect();
    let mut shared = 0;
    let mut samples = Vec::with_capacity(frames as usize * channels);
    let mut steps = vec![0; channels];
    for _ in 0..frames {
        // In 256ths of a step: pulled back to 0, and pushed.
        shared += seed.below(1025) as i32 - 512 - shared / 64;
        for (at, offset) in steps.iter_mut().zip(&offsets) {
            *at = shared / 256 + offset;
        }
        spikes(seed, &mut units, &mut steps);
        for eight in steps.chunks(8) {
            let bits = seed.bits().to_le_bytes();
            samples.extend(eight.iter().zip(bits).map(|(at, bits)| (at + noise(bits)) as i16 * step));
        }
    }
    samples
}

/// Each unit is at a frame of its spike, or at rest behind its end.
fn spikes(seed: &mut Seed, units: &mut [usize], steps: &mut [i32]) {
    for (unit, phase) in units.iter_mut().enumerate() {
        let Some(height) = SPIKE.get(*phase) else {
            if seed.below(PAUSE) == 0 {
                *phase = 0;
            }
            continue;
        };
        *phase += 1;
        let centre = unit * SPACING + SPACING / 2;
        let near = steps.iter_mut().skip(centre - WEIGHTS.len() / 2).zip(WEIGHTS);
        near.for_each(|(at, weight)| *at += height * weight / 4);
    }
}

/// Four numbers below four, around 0.
fn noise(bits: u8) -> i32 {
    (0..8).step_by(2).map(|at| i32::from(bits >> at & 3)).sum::<i32>() - 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_share_a_part_and_nothing_leaves_its_range() {
        let samples = samples(&mut Seed::new(1), 3000, 32, 12);
        assert_eq!(samples.len(), 3000 * 32);
        assert!(samples.iter().all(|sample| sample % 12 == 0 && sample.abs() < 12 * 200));
        let (first, last): (Vec<f64>, Vec<f64>) =
            samples.chunks(32).map(|frame| (f64::from(frame[0]), f64::from(frame[31]))).unzip();
        assert!(correlation(&first, &last) > 0.5);
        assert!(samples.iter().any(|sample| *sample < -12 * 25), "a spike");
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (ma, mb) = (mean(a), mean(b));
        let product = |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 {
            x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum()
        };
        product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
    }
}
