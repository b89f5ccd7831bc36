use super::Unfit;

/// Rows of voxels that may lie apart, such as those of a band of wider planes.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a, T> {
    items: &'a [T],
    shape: [usize; 2],
    stride: usize,
}

impl<'a, T> Plane<'a, T> {
    /// Without gaps; the shape is rows, then columns.
    pub fn new(items: &'a [T], shape: [usize; 2]) -> Result<Self, Unfit> {
        super::fits(items.len(), &shape)?;
        Ok(Self { items, shape, stride: shape[1] })
    }

    /// Each row begins `stride` items after the one before; what follows the last row does not matter.
    pub fn strided(items: &'a [T], shape: [usize; 2], stride: usize) -> Result<Self, Unfit> {
        check(items.len(), shape, stride)?;
        Ok(Self { items, shape, stride })
    }

    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The items of a row.
    #[inline]
    pub fn row(&self, row: usize) -> &'a [T] {
        &self.items[row * self.stride..][..self.shape[1]]
    }
}

/// Room for rows of voxels, which may lie apart.
#[derive(Debug)]
pub struct PlaneMut<'a, T> {
    items: &'a mut [T],
    shape: [usize; 2],
    stride: usize,
}

impl<'a, T> PlaneMut<'a, T> {
    /// Without gaps; the shape is rows, then columns.
    pub fn new(items: &'a mut [T], shape: [usize; 2]) -> Result<Self, Unfit> {
        super::fits(items.len(), &shape)?;
        Ok(Self { items, shape, stride: shape[1] })
    }

    /// Each row begins `stride` items after the one before; what lies between is left as it is.
    pub fn strided(items: &'a mut [T], shape: [usize; 2], stride: usize) -> Result<Self, Unfit> {
        check(items.len(), shape, stride)?;
        Ok(Self { items, shape, stride })
    }

    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The items of a row.
    #[inline]
    pub fn row(&mut self, row: usize) -> &mut [T] {
        &mut self.items[row * self.stride..][..self.shape[1]]
    }
}

fn check(got: usize, [rows, width]: [usize; 2], stride: usize) -> Result<(), Unfit> {
    let end = rows.checked_sub(1).map_or(Some(0), |before| before.checked_mul(stride)?.checked_add(width));
    match end {
        Some(end) if end <= got && (width <= stride || rows <= 1) => Ok(()),
        end => Err(Unfit::Items { expected: end.unwrap_or(usize::MAX), got }),
    }
}
