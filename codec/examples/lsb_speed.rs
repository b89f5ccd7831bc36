//! Speed of the codes of the converter's step, on one core: 384 channels at 30 kHz, so many seconds of invented noise.

#![expect(clippy::print_stdout, reason = "a tool for people")]

use std::{env, error::Error, time::Instant};

use adt_codec::lsb::{
    Histograms, exact,
    spikeinterface::{Correction, Estimate},
};

const WIDTH: usize = 384;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds: usize = env::args().nth(1).map_or(Ok(4), |seconds| seconds.parse())?;
    let step: f64 = env::args().nth(2).map_or(Ok(12.019_23), |step| step.parse())?;
    let samples = recording(seconds * 30_000, step);
    let report = |what: &str, begin: Instant| {
        println!("{what}: {:.0} MB/s", samples.len() as f64 * 2e-6 / begin.elapsed().as_secs_f64());
    };

    let mut histograms = Histograms::new(WIDTH, &(0..WIDTH).collect::<Vec<_>>());
    let begin = Instant::now();
    samples.chunks(30_000 * WIDTH).try_for_each(|chunk| histograms.count(chunk))?;
    report("count", begin);
    println!("histograms: {:.1} MiB", histograms.memory() as f64 / f64::from(1 << 20));
    let begin = Instant::now();
    let found = exact::find(&histograms)?;
    let exceptions: usize = found.columns.iter().map(|column| column.exceptions.len()).sum();
    println!("find: {} counts, {exceptions} exceptions, {:?}", found.counts, begin.elapsed());

    let codes = exact::Codes::new(WIDTH, &found)?;
    let (mut stored, mut back) = (vec![1; samples.len()], vec![1; samples.len()]);
    for _ in 0..3 {
        let begin = Instant::now();
        codes.encode(&samples, &mut stored)?;
        report("encode", begin);
        let begin = Instant::now();
        codes.decode(&stored, &mut back)?;
        report("decode", begin);
        assert!(back == samples, "all samples come back");
    }
    if let Estimate::Correct(correction) = Correction::estimate(&histograms) {
        let begin = Instant::now();
        let lost = correction.apply(&samples, &mut stored)?;
        report("correct_lsb", begin);
        println!(
            "correct_lsb: step {}, {lost} of {} samples would not come back",
            correction.step(),
            samples.len()
        );
    }
    Ok(())
}

/// Bell-shaped noise of 3 steps in each channel, an offset of its own taken off.
fn recording(frames: usize, step: f64) -> Vec<i16> {
    let mut state = 1u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    let mut sample = move |at: usize| {
        let steps = ((0..6).map(|_| uniform()).sum::<f64>() - 3.0) * 4.2 + (at % WIDTH % 7) as f64;
        (steps.round() as f32 * step as f32 - (at % WIDTH) as f32 * 0.137).round() as i16
    };
    (0..frames * WIDTH).map(&mut sample).collect()
}
