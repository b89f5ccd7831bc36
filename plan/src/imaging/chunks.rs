//! How large chunks are when nobody says: as many bytes as were asked for, by the original's rules.

use super::Extent;

/// Why there is no such chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// An extent, a target or an item of size 0.
    Empty,
    /// A chunk to begin with that is larger than the image.
    Larger,
}

/// How a chunk is cut out of a whole image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Whole planes.
    Planes,
    /// z, y and x are halved in turn.
    Cycle,
    /// A cube.
    Cube,
}

/// How a chunk is made of the source's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expand {
    /// z, y and x are doubled in turn.
    Cycle,
    /// Twice, three times, … as large along all axes.
    Cube,
}

/// The chunk of an image, from the source's own: whole planes where those are whole rows and columns, doubled in turn elsewhere.
/// `target` and `item` are bytes, of a chunk and of a voxel.
pub fn suggest(source: Extent, image: Extent, target: u64, item: u64) -> Result<Extent, ChunkError> {
    if source[1..] == image[1..] {
        return guess(Guess::Planes, image, target, item);
    }
    expand(Expand::Cycle, source, image, target, item)
}

/// A chunk of about `target` bytes of an image whose voxels have `item` bytes.
pub fn guess(how: Guess, image: Extent, target: u64, item: u64) -> Result<Extent, ChunkError> {
    positive(&image, target, item)?;
    Ok(match how {
        Guess::Planes => {
            let plane = bytes([1, image[1], image[2]], item);
            [(u128::from(target).div_ceil(plane) as u64).min(image[0]), image[1], image[2]]
        }
        Guess::Cycle => {
            let mut chunk = image;
            let mut axis = 0;
            while bytes(chunk, item) > u128::from(target) && chunk != [1; 3] {
                chunk[axis] = chunk[axis].div_ceil(2);
                axis = (axis + 1) % 3;
            }
            chunk
        }
        Guess::Cube => {
            let edge = cube_edge(target, item);
            image.map(|extent| extent.min(edge))
        }
    })
}

/// A chunk of about `target` bytes made of whole chunks of the source, whichever step comes nearer.
pub fn expand(
    how: Expand,
    source: Extent,
    image: Extent,
    target: u64,
    item: u64,
) -> Result<Extent, ChunkError> {
    positive(&image, target, item)?;
    positive(&source, target, item)?;
    if source.iter().zip(&image).any(|(source, image)| source > image) {
        return Err(ChunkError::Larger);
    }
    let capped = |chunk: Extent| -> Extent { std::array::from_fn(|axis| chunk[axis].min(image[axis])) };
    let (mut current, mut previous, mut turn) = (source, source, 0);
    while bytes(current, item) < u128::from(target) && current != image {
        previous = current;
        current = match how {
            Expand::Cycle => {
                let mut next = current;
                // A turn passes also where the axis is as long as it can be.
                next[turn % 3] = next[turn % 3].saturating_mul(2);
                capped(next)
            }
            Expand::Cube => capped(source.map(|extent| extent.saturating_mul(turn as u64 + 2))),
        };
        turn += 1;
    }
    let away = |chunk| bytes(chunk, item).abs_diff(u128::from(target));
    Ok(if away(current) < away(previous) { current } else { previous })
}

fn positive(extent: &Extent, target: u64, item: u64) -> Result<(), ChunkError> {
    let empty = extent.iter().chain([&target, &item]).any(|count| *count == 0);
    if empty { Err(ChunkError::Empty) } else { Ok(()) }
}

fn bytes(chunk: Extent, item: u64) -> u128 {
    chunk.iter().fold(u128::from(item), |bytes, extent| bytes.saturating_mul(u128::from(*extent)))
}

/// The least edge of a cube of so many bytes.
fn cube_edge(target: u64, item: u64) -> u64 {
    let mut edge = (target as f64 / item as f64).cbrt() as u64;
    edge = edge.saturating_sub(1).max(1);
    while bytes([edge; 3], item) < u128::from(target) {
        edge += 1;
    }
    edge
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const MIB: u64 = 1 << 20;

    /// What the original's own functions return.
    #[rstest]
    #[case::planes(Guess::Planes, [2048; 3], 128, [16, 2048, 2048])]
    #[case::cycle(Guess::Cycle, [2048; 3], 128, [256, 512, 512])]
    #[case::cube(Guess::Cube, [2048; 3], 128, [407; 3])]
    #[case::wide(Guess::Planes, [420, 10_640, 14_192], 64, [1, 10_640, 14_192])]
    #[case::eight(Guess::Planes, [1000, 2048, 2048], 64, [8, 2048, 2048])]
    #[case::less(Guess::Planes, [1000, 2048, 2048], 4, [1, 2048, 2048])]
    #[case::seven(Guess::Planes, [100, 2304, 2304], 64, [7, 2304, 2304])]
    #[case::all(Guess::Planes, [5, 2304, 2304], 64, [5, 2304, 2304])]
    fn guesses_are_the_originals(
        #[case] how: Guess,
        #[case] image: Extent,
        #[case] target: u64,
        #[case] chunk: Extent,
    ) {
        assert_eq!(guess(how, image, target * MIB, 2), Ok(chunk));
    }

    #[rstest]
    #[case::cycle(Expand::Cycle, [32; 3], [2048; 3], 128, [512, 512, 256])]
    #[case::cube(Expand::Cube, [32; 3], [2048; 3], 128, [416; 3])]
    #[case::imaris(Expand::Cycle, [8, 256, 256], [2000, 10_640, 14_192], 64, [32, 1024, 1024])]
    #[case::cubic(Expand::Cycle, [64, 128, 128], [2000, 10_640, 14_192], 64, [256, 512, 256])]
    #[case::flatter(Expand::Cycle, [32, 128, 128], [2000, 10_640, 14_192], 64, [128, 512, 512])]
    #[case::smaller(Expand::Cycle, [16, 256, 256], [1000, 2048, 2048], 64, [64, 1024, 512])]
    #[case::strips(Expand::Cycle, [1, 64, 2048], [1000, 2048, 2048], 64, [16, 1024, 2048])]
    fn expansions_are_the_originals(
        #[case] how: Expand,
        #[case] source: Extent,
        #[case] image: Extent,
        #[case] target: u64,
        #[case] chunk: Extent,
    ) {
        assert_eq!(expand(how, source, image, target * MIB, 2), Ok(chunk));
    }

    #[test]
    fn whole_planes_stay_whole() {
        assert_eq!(suggest([1, 2048, 2048], [1000, 2048, 2048], 64 * MIB, 2), Ok([8, 2048, 2048]));
        assert_eq!(suggest([1, 64, 2048], [1000, 2048, 2048], 64 * MIB, 2), Ok([16, 1024, 2048]));
    }

    #[rstest]
    #[case::target([32; 3], [64; 3], 0, 2, ChunkError::Empty)]
    #[case::item([32; 3], [64; 3], 1, 0, ChunkError::Empty)]
    #[case::image([32; 3], [64, 0, 64], 1, 2, ChunkError::Empty)]
    #[case::source([0, 32, 32], [64; 3], 1, 2, ChunkError::Empty)]
    #[case::larger([32; 3], [16, 64, 64], 1, 2, ChunkError::Larger)]
    fn what_has_no_chunks_is_said(
        #[case] source: Extent,
        #[case] image: Extent,
        #[case] target: u64,
        #[case] item: u64,
        #[case] error: ChunkError,
    ) {
        assert_eq!(expand(Expand::Cycle, source, image, target, item), Err(error));
    }

    #[test]
    fn endless_images_end() {
        for how in [Guess::Planes, Guess::Cycle, Guess::Cube] {
            assert!(guess(how, [u64::MAX; 3], 1, u64::MAX).is_ok());
        }
        assert_eq!(
            expand(Expand::Cycle, [1; 3], [u64::MAX; 3], u64::MAX, 1),
            Ok([1 << 22, 1 << 21, 1 << 21])
        );
    }
}
