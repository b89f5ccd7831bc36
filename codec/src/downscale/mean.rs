use super::{
    Rounding,
    plane::{Plane, PlaneMut},
    voxel::Sealed,
};

/// Voxels of the outcome whose sums are held at once; they stay in the nearest cache.
const TILE: usize = 512;

/// How many voxels a window has, and the shift that divides by as many if there is one.
#[derive(Clone, Copy)]
pub struct Divisor {
    count: u32,
    shift: Option<u32>,
}

impl Divisor {
    fn new(count: usize) -> Self {
        let count = count as u32;
        Self { count, shift: count.is_power_of_two().then_some(count.trailing_zeros()) }
    }

    pub(super) fn count(self) -> u32 {
        self.count
    }

    pub(super) fn shift(self) -> Option<u32> {
        self.shift
    }
}

/// The planes that give one plane of the outcome.
#[derive(Clone, Copy)]
pub(super) enum Window<'a, T> {
    Planes(&'a [Plane<'a, T>]),
    /// One after the other, of these rows and columns.
    Block(&'a [T], [usize; 2]),
}

impl<'a, T> Window<'a, T> {
    #[inline(always)]
    fn depth(&self) -> usize {
        match self {
            Self::Planes(planes) => planes.len(),
            Self::Block(items, [rows, width]) => items.len() / (rows * width).max(1),
        }
    }

    #[inline(always)]
    fn row(&self, plane: usize, row: usize) -> &'a [T] {
        match self {
            Self::Planes(planes) => planes[plane].row(row),
            Self::Block(items, [rows, width]) => &items[(plane * rows + row) * width..][..*width],
        }
    }
}

/// One plane of the outcome.
pub struct Job<'a, T> {
    pub(super) from: Window<'a, T>,
    /// Rows and columns of each plane it is made from.
    pub(super) shape: [usize; 2],
    /// Along y and x.
    pub(super) factors: [usize; 2],
    pub(super) rounding: Rounding,
}

/// The rows of a window, and how wide it is.
struct Rows<'a, T> {
    from: Window<'a, T>,
    depth: usize,
    first: usize,
    height: usize,
    width: usize,
}

impl<'a, T: Sealed> Rows<'a, T> {
    #[inline(always)]
    fn each(&self, mut of: impl FnMut(&'a [T])) {
        for plane in 0..self.depth {
            for row in self.first..self.first + self.height {
                of(self.from.row(plane, row));
            }
        }
    }

    #[inline(always)]
    fn divisor(&self, width: usize) -> Divisor {
        Divisor::new(self.depth * self.height * width)
    }
}

#[inline(always)]
pub(super) fn reduce<T: Sealed>(job: &Job<'_, T>, mut to: PlaneMut<'_, T>) {
    let ([height, length], [fy, fx]) = (to.shape(), job.factors);
    let whole = length.min(job.shape[1] / fx);
    let depth = job.from.depth();
    for at in 0..height {
        let first = at * fy;
        let rows = Rows { from: job.from, depth, first, height: fy.min(job.shape[0] - first), width: fx };
        let (out, last) = to.row(at).split_at_mut(whole);
        let row = |z, y| rows.from.row(z, first + y);
        match [depth, rows.height, fx] {
            [2, 2, 2] => quads([row(0, 0), row(0, 1), row(1, 0), row(1, 1)], out, job.rounding),
            [1, 2, 2] => pairs([row(0, 0), row(0, 1)], out, job.rounding),
            _ => means(&rows, out, job.rounding),
        }
        if let Some(last) = last.first_mut() {
            let mut sum = T::Sum::default();
            rows.each(|row| sum = row[whole * fx..].iter().fold(sum, |sum, voxel| T::add(sum, *voxel)));
            *last = T::mean(sum, rows.divisor(job.shape[1] - whole * fx), job.rounding);
        }
    }
}

/// Windows of 2×2×2, from their four rows.
#[inline(always)]
fn quads<T: Sealed>(rows: [&[T]; 4], out: &mut [T], rounding: Rounding) {
    // How many there are is written out here, so that the loops hold neither a choice nor a division.
    let of = Divisor { count: 8, shift: Some(3) };
    match rounding {
        Rounding::Down => each_quad(rows, out, |sum| T::mean(sum, of, Rounding::Down)),
        Rounding::NearestEven => each_quad(rows, out, |sum| T::mean(sum, of, Rounding::NearestEven)),
    }
}

#[inline(always)]
fn each_quad<T: Sealed>(rows: [&[T]; 4], out: &mut [T], mean: impl Fn(T::Sum) -> T) {
    let [a, b, c, d] = rows.map(|row| row.as_chunks::<2>().0);
    for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *out = mean(
            [a, b, c, d].into_iter().flatten().fold(T::Sum::default(), |sum, voxel| T::add(sum, *voxel)),
        );
    }
}

/// Windows of 1×2×2, from their two rows.
#[inline(always)]
fn pairs<T: Sealed>(rows: [&[T]; 2], out: &mut [T], rounding: Rounding) {
    let of = Divisor { count: 4, shift: Some(2) };
    match rounding {
        Rounding::Down => each_pair(rows, out, |sum| T::mean(sum, of, Rounding::Down)),
        Rounding::NearestEven => each_pair(rows, out, |sum| T::mean(sum, of, Rounding::NearestEven)),
    }
}

#[inline(always)]
fn each_pair<T: Sealed>(rows: [&[T]; 2], out: &mut [T], mean: impl Fn(T::Sum) -> T) {
    let [a, b] = rows.map(|row| row.as_chunks::<2>().0);
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = mean([a, b].into_iter().flatten().fold(T::Sum::default(), |sum, voxel| T::add(sum, *voxel)));
    }
}

/// Windows of any size, row after row into sums.
#[inline(always)]
fn means<T: Sealed>(rows: &Rows<'_, T>, out: &mut [T], rounding: Rounding) {
    let width = rows.width;
    let of = rows.divisor(width);
    let mut sums = [T::Sum::default(); TILE];
    for (tile, out) in out.chunks_mut(TILE).enumerate() {
        let sums = &mut sums[..out.len()];
        sums.fill(T::Sum::default());
        let from = tile * TILE * width;
        rows.each(|row| {
            let row = &row[from..][..out.len() * width];
            match width {
                1 => gather(row.as_chunks::<1>().0, sums),
                2 => gather(row.as_chunks::<2>().0, sums),
                4 => gather(row.as_chunks::<4>().0, sums),
                _ => {
                    for (sum, voxels) in sums.iter_mut().zip(row.chunks_exact(width)) {
                        *sum = voxels.iter().fold(*sum, |sum, voxel| T::add(sum, *voxel));
                    }
                }
            }
        });
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = T::mean(*sum, of, rounding);
        }
    }
}

#[inline(always)]
fn gather<T: Sealed, const WIDTH: usize>(row: &[[T; WIDTH]], sums: &mut [T::Sum]) {
    for (sum, voxels) in sums.iter_mut().zip(row) {
        *sum = voxels.iter().fold(*sum, |sum, voxel| T::add(sum, *voxel));
    }
}
