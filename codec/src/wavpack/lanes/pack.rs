use super::{
    super::{
        Level,
        block::Block,
        header::Flags,
        logarithm::{restore_weight, store_weight},
        medians::Medians,
        redundancy::{Common, Redundancy},
        scalar::{DELTA, Packed, WEIGHTS_FROM},
        words::{MEDIANS_FROM, WordWriter},
    },
    Frame, LANES, Lanes, STRETCH, kernels,
    medians::{LaneMedians, LaneWords},
    pass::{Bounds, LanePass},
    rows::Rows,
};

/// Packs up to sixteen pairs of channels, from channel `first` on. A pair is missing if it must be packed alone.
pub(in super::super) fn pack(
    samples: &[i16],
    channels: usize,
    first: usize,
    pairs: usize,
    level: Level,
) -> Vec<Option<Packed>> {
    let rows = Rows::new(samples, channels, first, pairs);
    let common = common(rows);
    if common.into_iter().all(Common::silent) {
        return (0..pairs).map(|_| None).collect();
    }
    let redundancy = common.map(Common::redundancy);
    let mut packer = Packer::new(rows, &redundancy, level);
    let starts: Vec<_> =
        (0..pairs).map(|lane| packer.passes.iter().map(|pass| pass.of(lane)).collect()).collect();
    let medians = packer.begin();
    packer.go_on();
    let finish = |(lane, (words, passes)): (usize, (WordWriter, _))| {
        let shortened = redundancy[lane].shift() > 0;
        let flags = Flags::WRITTEN.with(Flags::CROSS, true).with(Flags::JOINT, true);
        let fits = !common[lane].silent() && !packer.bounds.left(lane);
        fits.then(|| Packed {
            flags: flags.with(Flags::REDUNDANT, shortened),
            crc: packer.crc.0[lane].cast_unsigned(),
            passes,
            medians: medians[lane],
            redundancy: redundancy[lane],
            words: words.finish(),
        })
    };
    packer.writers.into_iter().zip(starts).enumerate().map(finish).collect()
}

/// What the samples of each pair have in common.
fn common(rows: Rows<'_>) -> [Common; LANES] {
    let (mut any, mut all, mut mixed) = (Lanes::ZERO, Lanes([-1; LANES]), Lanes::ZERO);
    for at in 0..rows.frames() {
        let [left, right] = rows.frame(at);
        for lane in 0..LANES {
            let (left, right) = (left.0[lane], right.0[lane]);
            any.0[lane] |= left | right;
            all.0[lane] &= left & right;
            mixed.0[lane] |= (left ^ -(left & 1)) | (right ^ -(right & 1));
        }
    }
    std::array::from_fn(|lane| Common { any: any.0[lane], all: all.0[lane], mixed: mixed.0[lane] })
}

/// Sixteen pairs on their way.
struct Packer<'a> {
    rows: Rows<'a>,
    shifts: Lanes,
    /// Frames taken from `rows`.
    at: usize,
    crc: Lanes,
    bounds: Bounds,
    passes: Vec<LanePass>,
    medians: [LaneMedians; 2],
    writers: Vec<WordWriter>,
    words: Vec<[LaneWords; 2]>,
}

impl<'a> Packer<'a> {
    /// With weights learnt from the first frames.
    fn new(rows: Rows<'a>, redundancy: &[Redundancy; LANES], level: Level) -> Self {
        let mut packer = Self {
            rows,
            shifts: Lanes(redundancy.map(|redundancy| redundancy.shift().cast_signed())),
            at: 0,
            crc: Lanes([-1; LANES]),
            bounds: Bounds::new(),
            passes: level.terms().iter().map(|&term| LanePass::new(term, DELTA)).collect(),
            medians: [LaneMedians::ZERO; 2],
            writers: Vec::new(),
            words: Vec::with_capacity(STRETCH),
        };
        packer.predict_first(WEIGHTS_FROM);
        packer.passes.iter_mut().for_each(|pass| pass.restart(|weight| restore_weight(store_weight(weight))));
        (packer.at, packer.crc, packer.bounds) = (0, Lanes([-1; LANES]), Bounds::new());
        packer
    }

    /// The residuals of the first frames.
    fn predict_first(&mut self, frames: usize) -> Vec<Frame> {
        let frames = frames.min(self.rows.frames());
        let mut made = Vec::with_capacity(frames);
        let mut stretch = Vec::with_capacity(STRETCH);
        while self.at < frames {
            self.predict(&mut stretch, frames);
            made.extend_from_slice(&stretch);
        }
        made
    }

    /// Takes the next frames, up to frame `end`, and leaves their residuals.
    fn predict(&mut self, stretch: &mut Vec<Frame>, end: usize) {
        stretch.clear();
        let end = end.min(self.at + STRETCH);
        kernels::take(self.rows, (self.at, end), &self.shifts, &mut self.crc, stretch);
        kernels::predict(&mut self.passes, stretch, &mut self.bounds);
        self.at = end;
    }

    /// Learns the medians from the first frames, and writes these. Returns the medians all words start from.
    fn begin(&mut self) -> Vec<[Medians; 2]> {
        let early = self.predict_first(MEDIANS_FROM);
        kernels::split(&mut self.medians, &early, &mut self.words);
        let rounded = |lane: usize| {
            let mut medians = self.medians.map(|medians| medians.of(lane));
            Block::round(&mut [], &mut medians);
            medians
        };
        let starts: Vec<_> = (0..self.rows.pairs()).map(rounded).collect();
        for (lane, start) in starts.iter().enumerate() {
            for (medians, &start) in self.medians.iter_mut().zip(start) {
                medians.set(lane, start);
            }
        }
        self.writers = starts.iter().map(|&medians| WordWriter::new(medians)).collect();
        for stretch in early.chunks(STRETCH) {
            self.write(stretch);
        }
        starts
    }

    /// Packs all frames that are left.
    fn go_on(&mut self) {
        let mut stretch = Vec::with_capacity(STRETCH);
        while self.at < self.rows.frames() {
            self.predict(&mut stretch, self.rows.frames());
            self.write(&stretch);
        }
    }

    /// Writes the words of residuals. A pair in which there may be silence is written alone.
    fn write(&mut self, residuals: &[Frame]) {
        let before = self.medians;
        let quiet = kernels::split(&mut self.medians, residuals, &mut self.words);
        for (lane, writer) in self.writers.iter_mut().enumerate() {
            writer.reserve(2 * residuals.len());
            if quiet.0[lane] == 0 {
                kernels::write(writer, &self.words, lane);
                continue;
            }
            writer.medians = before.map(|medians| medians.of(lane));
            for frame in residuals {
                writer.residual(0, frame[0].0[lane]);
                writer.residual(1, frame[1].0[lane]);
            }
            for (medians, &left) in self.medians.iter_mut().zip(&writer.medians) {
                medians.set(lane, left);
            }
        }
    }
}
