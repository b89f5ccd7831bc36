use super::{Bad, Cursor, unfit};

/// Where the voxels of a dataset lie.
#[derive(Debug)]
pub(in super::super) enum Layout {
    /// In one piece, or nowhere yet.
    Piece {
        /// Where it begins.
        address: u64,
        /// Bytes of it.
        length: u64,
    },
    /// In chunks.
    Chunks {
        /// Voxels of a chunk along z, y and x.
        size: [u64; 3],
        /// Where the B-tree begins that names them.
        tree: u64,
    },
}

impl Layout {
    pub(super) fn read(mut rest: Cursor<'_>) -> Result<Self, Bad> {
        let version = rest.u8()?;
        let class = rest.u8()?;
        match (version, class) {
            (3 | 4, 1) => Ok(Self::Piece { address: rest.u64()?, length: rest.u64()? }),
            (3, 2) => Self::chunks(rest),
            (4, 2) => Err(unfit(format!("its chunks are listed {}", newer(rest)?))),
            (3 | 4, 0) => Err(unfit("its voxels lie in its index")),
            (3 | 4, 3) => Err(unfit("its voxels lie in other files (a virtual dataset)")),
            _ => Err(unfit(format!("its voxels lie in a way of version {version}"))),
        }
    }

    fn chunks(mut rest: Cursor<'_>) -> Result<Self, Bad> {
        let (axes, tree) = (rest.u8()?, rest.u64()?);
        // The last is the size of a voxel.
        if axes != 4 {
            return Err(unfit(format!("its chunks have {} axes instead of 3", axes.saturating_sub(1))));
        }
        let size = [rest.u32()?, rest.u32()?, rest.u32()?].map(u64::from);
        Ok(Self::Chunks { size, tree })
    }
}

/// How HDF5 lists chunks since version 1.10, which Imaris does not write.
fn newer(mut rest: Cursor<'_>) -> Result<&'static str, Bad> {
    let (_flags, axes, width) = (rest.u8()?, rest.u8()?, rest.u8()?);
    rest.skip(usize::from(axes) * usize::from(width))?;
    Ok(match rest.u8()? {
        1 => "as a single one (of HDF5 1.10)",
        2 => "by their order alone (of HDF5 1.10)",
        3 => "in a fixed array (of HDF5 1.10)",
        4 => "in an extensible array (of HDF5 1.10)",
        5 => "in a B-tree of version 2 (of HDF5 1.10)",
        _ => "in an unknown way",
    })
}
