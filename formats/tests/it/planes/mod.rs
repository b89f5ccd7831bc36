//! Stacks of PNG planes that others wrote, and damaged ones.

mod fuzz;
mod oracle;

use adt_formats::image::{Region, Volume};
use adt_model::Fault;

/// A box of a stack.
fn read(planes: &dyn Volume, region: &Region) -> Result<Vec<u8>, Fault> {
    let mut out = vec![0x55; region.voxels() as usize * planes.dtype().size()];
    planes.reader().read(region, &mut out)?;
    Ok(out)
}
