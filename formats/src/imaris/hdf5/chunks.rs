use super::{Bad, Cursor, NOWHERE, Source, btree, damaged};

/// Where a chunk lies. 16 bytes, for there are millions of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Slot {
    pub(in super::super) address: u64,
    /// Bytes of it as it is stored.
    pub(in super::super) bytes: u32,
    /// A bit for each filter, from the first on, that was left out.
    pub(in super::super) mask: u32,
}

const EMPTY: Slot = Slot { address: NOWHERE, bytes: 0, mask: 0 };

/// Where all chunks of a dataset lie, x fastest.
#[derive(Debug)]
pub(in super::super) struct Slots(Vec<Slot>);

/// Of a key: bytes, mask, where the chunk begins along three axes and within a voxel.
const KEY: usize = 40;

impl Slots {
    /// How many chunks an extent has along each axis.
    pub(in super::super) fn grid(extent: [u64; 3], size: [u64; 3]) -> [u64; 3] {
        let mut grid = extent;
        grid.iter_mut().zip(size).for_each(|(axis, side)| *axis = axis.div_ceil(side));
        grid
    }

    /// Reads the whole tree. The caller has seen to it that there are not too many chunks.
    pub(in super::super) fn read(
        source: &Source,
        tree: u64,
        size: [u64; 3],
        grid: [u64; 3],
    ) -> Result<Self, Bad> {
        let mut slots = vec![EMPTY; grid.iter().product::<u64>() as usize];
        if tree == NOWHERE {
            return Ok(Self(slots));
        }
        btree::walk(source, tree, 1, KEY, &mut |key, address| {
            let mut key = Cursor(key);
            let (bytes, mask) = (key.u32()?, key.u32()?);
            let mut number = 0;
            for (side, count) in size.into_iter().zip(grid) {
                let start = key.u64()?;
                if start % side != 0 || start / side >= count {
                    return Err(damaged("a chunk of it lies outside"));
                }
                number = number * count + start / side;
            }
            let slot = &mut slots[number as usize];
            // This also ends what goes in circles.
            if *slot != EMPTY {
                return Err(damaged("a chunk of it is listed twice"));
            }
            if bytes == 0 || source.place(address, bytes.into()).is_none() {
                return Err(damaged("a chunk of it lies beyond the end"));
            }
            *slot = Slot { address, bytes, mask };
            Ok(())
        })?;
        Ok(Self(slots))
    }

    /// The chunk of a number; nothing for one that was never written.
    pub(in super::super) fn get(&self, number: u64) -> Option<Slot> {
        self.0.get(number as usize).copied().filter(|slot| *slot != EMPTY)
    }
}
