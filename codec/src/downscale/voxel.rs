use multiversion::multiversion;

use super::{
    Rounding,
    mean::{Divisor, Job, reduce},
    plane::PlaneMut,
};

/// What a voxel can be: `u8`, `u16`, `u32`, `i16`, `f32`.
pub trait Voxel: Sealed {}

/// What the kernels need of a voxel.
pub trait Sealed: Copy + Default + PartialOrd + Send + Sync + 'static {
    /// Holds the sum of a window.
    type Sum: Copy + Default;

    /// Below or equal to every voxel that counts.
    const LEAST: Self;

    fn add(sum: Self::Sum, voxel: Self) -> Self::Sum;

    fn mean(sum: Self::Sum, of: Divisor, rounding: Rounding) -> Self;

    /// The brighter of two; a voxel that is no number never is.
    fn brighter(held: Self, voxel: Self) -> Self;

    /// Its place among 65536 kinds, in order of brightness.
    fn kind(self) -> u16;

    /// The least brightness of a kind.
    fn of_kind(kind: u16) -> f64;

    /// Raises two rows of maxima, each as long as the row of voxels, and returns the brightest voxel.
    fn brightest(voxels: &[Self], seen: &mut [Self], also: &mut [Self]) -> Self;

    /// The loops over a plane, compiled for this kind of voxel and for the processor at hand.
    fn reduce(job: &Job<'_, Self>, to: PlaneMut<'_, Self>);
}

/// Each of the kinds: its sums, how they are divided, and the entry of its loops.
macro_rules! voxel {
    ($voxel:ident, $sum:ident, $least:expr, $mean:ident, $reduce:ident, $brightest:ident, $kind:ident, $of_kind:ident) => {
        impl Voxel for $voxel {}

        impl Sealed for $voxel {
            type Sum = $sum;

            const LEAST: Self = $least;

            #[inline(always)]
            fn add(sum: $sum, voxel: Self) -> $sum {
                sum + $sum::from(voxel)
            }

            #[inline(always)]
            fn mean(sum: $sum, of: Divisor, rounding: Rounding) -> Self {
                $mean(sum, of, rounding) as $voxel
            }

            #[inline(always)]
            fn brighter(held: Self, voxel: Self) -> Self {
                if voxel > held { voxel } else { held }
            }

            #[inline(always)]
            fn kind(self) -> u16 {
                $kind(self)
            }

            fn of_kind(kind: u16) -> f64 {
                $of_kind(kind)
            }

            fn brightest(voxels: &[Self], seen: &mut [Self], also: &mut [Self]) -> Self {
                $brightest(voxels, seen, also)
            }

            fn reduce(job: &Job<'_, Self>, to: PlaneMut<'_, Self>) {
                $reduce(job, to);
            }
        }

        #[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
        fn $reduce(job: &Job<'_, $voxel>, to: PlaneMut<'_, $voxel>) {
            reduce(job, to);
        }

        #[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
        fn $brightest(voxels: &[$voxel], seen: &mut [$voxel], also: &mut [$voxel]) -> $voxel {
            voxels.iter().zip(seen).zip(also).fold($voxel::LEAST, |brightest, ((voxel, seen), also)| {
                *seen = $voxel::brighter(*seen, *voxel);
                *also = $voxel::brighter(*also, *voxel);
                $voxel::brighter(brightest, *voxel)
            })
        }
    };
}

voxel!(u8, u32, u8::MIN, unsigned32, reduce_u8, brightest_u8, kind_u8, of_kind_u8);
voxel!(u16, u32, u16::MIN, unsigned32, reduce_u16, brightest_u16, kind_u16, of_kind_u16);
voxel!(u32, u64, u32::MIN, unsigned64, reduce_u32, brightest_u32, kind_u32, of_kind_u32);
voxel!(i16, i32, i16::MIN, signed32, reduce_i16, brightest_i16, kind_i16, of_kind_i16);
voxel!(f32, f64, f32::NEG_INFINITY, float, reduce_f32, brightest_f32, kind_f32, of_kind_f32);

/// Division of sums without sign; the outcome is no larger than the largest voxel.
macro_rules! unsigned {
    ($name:ident, $sum:ident) => {
        #[inline(always)]
        fn $name(sum: $sum, of: Divisor, rounding: Rounding) -> $sum {
            match (of.shift(), rounding) {
                (Some(shift), Rounding::Down) => sum >> shift,
                (Some(0), Rounding::NearestEven) => sum,
                (Some(shift), Rounding::NearestEven) => {
                    // Just under a half, and the other bit only where the quotient is odd: ties go to the even one.
                    (sum + ((1 << (shift - 1)) - 1) + ((sum >> shift) & 1)) >> shift
                }
                (None, Rounding::Down) => sum / $sum::from(of.count()),
                (None, Rounding::NearestEven) => {
                    let count = $sum::from(of.count());
                    let (whole, twice) = (sum / count, sum % count * 2);
                    whole + $sum::from(twice > count || (twice == count && whole % 2 == 1))
                }
            }
        }
    };
}

unsigned!(unsigned32, u32);
unsigned!(unsigned64, u64);

#[inline(always)]
fn signed32(sum: i32, of: Divisor, rounding: Rounding) -> i32 {
    // A window has at most 2^16 voxels.
    let count = of.count().cast_signed();
    match (of.shift(), rounding) {
        // A shift alone would round down, so what is negative is lifted first.
        (Some(shift), Rounding::Down) => (sum + ((sum >> 31) & (count - 1))) >> shift,
        (Some(0), Rounding::NearestEven) => sum,
        (Some(shift), Rounding::NearestEven) => {
            (sum + ((1 << (shift - 1)) - 1) + ((sum >> shift) & 1)) >> shift
        }
        (None, Rounding::Down) => sum / count,
        (None, Rounding::NearestEven) => {
            let (whole, twice) = (sum.div_euclid(count), sum.rem_euclid(count) * 2);
            whole + i32::from(twice > count || (twice == count && whole % 2 != 0))
        }
    }
}

#[inline(always)]
fn float(sum: f64, of: Divisor, _: Rounding) -> f64 {
    sum / f64::from(of.count())
}

#[inline(always)]
fn kind_u8(voxel: u8) -> u16 {
    voxel.into()
}

fn of_kind_u8(kind: u16) -> f64 {
    kind.into()
}

#[inline(always)]
fn kind_u16(voxel: u16) -> u16 {
    voxel
}

fn of_kind_u16(kind: u16) -> f64 {
    kind.into()
}

#[inline(always)]
fn kind_i16(voxel: i16) -> u16 {
    voxel.cast_unsigned() ^ 0x8000
}

fn of_kind_i16(kind: u16) -> f64 {
    (kind ^ 0x8000).cast_signed().into()
}

/// Five bits tell the leading digit's place, eight bits follow it; below 512 every number has its own kind.
#[inline(always)]
fn kind_u32(voxel: u32) -> u16 {
    let place = (voxel >> 8).checked_ilog2().unwrap_or(0);
    ((place << 8) + (voxel >> place)) as u16
}

fn of_kind_u32(kind: u16) -> f64 {
    let place = (u32::from(kind) >> 8).saturating_sub(1);
    f64::from(u32::from(kind) - (place << 8)) * f64::from(1_u32 << place.min(31))
}

/// The upper half of the bits, in an order in which negative numbers come first, each nearest-below its kind.
#[inline(always)]
fn kind_f32(voxel: f32) -> u16 {
    // Adding zero makes one zero of both.
    let bits = (voxel + 0.0).to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    (ordered >> 16) as u16
}

fn of_kind_f32(kind: u16) -> f64 {
    let ordered = u32::from(kind) << 16;
    let bits = if kind >> 15 == 1 { ordered & !(1 << 31) } else { !ordered };
    let least = f32::from_bits(bits);
    // Below negative infinity there is only what is no number.
    if least.is_nan() { f64::NEG_INFINITY } else { least.into() }
}
