//! The random integers of `numpy.random.default_rng(seed)`: a `SeedSequence` fills PCG64, bounded draws are Lemire's.

/// PCG64 (XSL-RR 128/64) as `numpy` seeds it.
#[derive(Clone, Debug)]
pub(super) struct Pcg64 {
    state: u128,
    increment: u128,
    /// The upper half of a 64-bit draw of which only the lower was asked for; kept between calls.
    half: Option<u32>,
}

impl Pcg64 {
    pub(super) fn new(seed: u64) -> Self {
        let [a, b, c, d] = seed_words(seed);
        let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        let mut generator = Self { state: 0, increment: wide(c, d) << 1 | 1, half: None };
        generator.step();
        generator.state = generator.state.wrapping_add(wide(a, b));
        generator.step();
        generator
    }

    fn step(&mut self) {
        const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    pub(super) fn next_64(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    fn next_32(&mut self) -> u32 {
        self.half.take().unwrap_or_else(|| {
            let drawn = self.next_64();
            self.half = Some((drawn >> 32) as u32);
            drawn as u32
        })
    }

    /// `integers(0, high)` for high > 0.
    pub(super) fn below(&mut self, high: u64) -> u64 {
        match high - 1 {
            0 => 0,
            0xffff_ffff => u64::from(self.next_32()),
            1..0xffff_ffff => u64::from(self.below_32(high as u32)),
            _ => self.below_64(high),
        }
    }

    fn below_32(&mut self, high: u32) -> u32 {
        let unfair = high.wrapping_neg() % high;
        loop {
            let product = u64::from(self.next_32()) * u64::from(high);
            if product as u32 >= unfair {
                return (product >> 32) as u32;
            }
        }
    }

    fn below_64(&mut self, high: u64) -> u64 {
        let unfair = high.wrapping_neg() % high;
        loop {
            let product = u128::from(self.next_64()) * u128::from(high);
            if product as u64 >= unfair {
                return (product >> 64) as u64;
            }
        }
    }
}

/// The first four 64-bit words of `SeedSequence(seed)`.
fn seed_words(seed: u64) -> [u64; 4] {
    let pool = seed_pool(seed);
    let mut hash = Hash { constant: 0x8b51_f9dd, multiplier: 0x58f3_8ded };
    let mut words = [0; 8];
    for (word, from) in words.iter_mut().zip(pool.iter().cycle()) {
        *word = u64::from(hash.mix_in(*from));
    }
    std::array::from_fn(|at| words[2 * at] | words[2 * at + 1] << 32)
}

fn seed_pool(seed: u64) -> [u32; 4] {
    let mut hash = Hash { constant: 0x43b0_d7e5, multiplier: 0x931e_8875 };
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.mix_in(word));
    for from in 0..4 {
        for to in (0..4).filter(|&to| to != from) {
            let other = hash.mix_in(pool[from]);
            let mixed =
                0xca01_f9ddu32.wrapping_mul(pool[to]).wrapping_sub(0x4973_f715u32.wrapping_mul(other));
            pool[to] = mixed ^ mixed >> 16;
        }
    }
    pool
}

/// The hash of `SeedSequence`, whose constant changes with each use.
struct Hash {
    constant: u32,
    multiplier: u32,
}

impl Hash {
    fn mix_in(&mut self, word: u32) -> u32 {
        let word = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.multiplier);
        let word = word.wrapping_mul(self.constant);
        word ^ word >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn seed_words_are_those_of_numpy() {
        let known =
            [0xdb2c_d7e7_b0f4_78be, 0xabf4_641a_2c71_ba49, 0x20c6_ed6d_9d7b_8d41, 0x2c40_99de_223c_39d4];
        assert_eq!(seed_words(0), known);
    }

    #[test]
    fn raw_words_are_those_of_numpy() {
        let mut generator = Pcg64::new(0);
        let known = [0xa30f_ebcf_d9c2_825f, 0x4510_bdf8_82d9_d721, 0x0a7d_3da9_4ecd_e8b8];
        assert_eq!([(); 3].map(|()| generator.next_64()), known);
    }

    #[rstest]
    #[case(290_000, &[246_681, 184_718, 148_229, 78_238, 89_270, 11_882])]
    #[case(107_990_000, &[91_858_910, 68_785_492, 55_197_628, 29_134_267, 33_242_499, 4_424_730])]
    #[case(900, &[765, 573, 460, 242, 277, 36, 67, 14, 157, 731])]
    #[case(1, &[0, 0, 0])]
    fn integers_are_those_of_numpy(#[case] high: u64, #[case] known: &[u64]) {
        let mut generator = Pcg64::new(0);
        assert!(known.iter().all(|&value| generator.below(high) == value));
    }
}
