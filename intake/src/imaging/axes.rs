//! Lists with a number for each axis.

use adt_model::VoxelSize;

use crate::{configs::value, draft::Wrong, json::Node};

/// Voxels along one axis of a chunk or shard; images are smaller.
const LONGEST: u64 = 1 << 20;
/// The cube of it is no more than [`LARGEST_WINDOW`].
const LARGEST_FACTOR: u64 = 40;
/// Voxels that become one.
const LARGEST_WINDOW: u64 = 65_536;

/// A chunk or a shard: z, y, x, with or without t and c before them.
pub(super) fn shape(node: &Node) -> Result<[u64; 3], Wrong> {
    let wrong = |what: &str| {
        let valid = format!("such as [1, 1, 128, 128, 128]: t, c, z, y, x, each from 1 to {LONGEST}");
        Err(Wrong::new(what, valid))
    };
    let Some(sides) = whole(node, LONGEST) else { return wrong("not a shape that is possible") };
    match sides[..] {
        [1, 1, z, y, x] | [z, y, x] => Ok([z, y, x]),
        [_, _, _, _, _] => wrong("t and c are 1: there is one time and one channel in a chunk"),
        _ => wrong("neither five numbers nor three"),
    }
}

/// The same for all axes.
pub(super) fn factor(node: &Node) -> Result<u64, Wrong> {
    value::whole(node, 1..=LARGEST_FACTOR).map_err(|wrong| match node {
        Node::List(_) => Wrong::new("a list", "one number; `scale_factors` has one for each axis"),
        _ => wrong,
    })
}

/// Along z, y, x.
pub(super) fn factors(node: &Node) -> Result<[u64; 3], Wrong> {
    let factors = whole(node, LARGEST_WINDOW).and_then(|factors| <[u64; 3]>::try_from(factors).ok());
    factors.filter(|factors| factors.iter().product::<u64>() <= LARGEST_WINDOW).ok_or_else(|| {
        let valid = format!(
            "three whole numbers, z, y, x, such as [1, 2, 2], whose product is at most {LARGEST_WINDOW}"
        );
        Wrong::new("not factors that are possible", valid)
    })
}

fn whole(node: &Node, most: u64) -> Option<Vec<u64>> {
    let Node::List(nodes) = node else { return None };
    nodes.iter().map(|node| value::whole(node, 1..=most).ok()).collect()
}

/// Micrometres along z, y, x.
pub(super) fn voxel(node: &Node) -> Result<VoxelSize, Wrong> {
    const FORM: &str = "micrometres along z, y, x, each greater than 0, such as [1, 0.748, 0.748]";
    let sides = match node {
        Node::List(nodes) => nodes.iter().map(value::float).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    let sides = sides.and_then(|sides| <[f64; 3]>::try_from(sides).ok());
    let sides = sides.ok_or_else(|| Wrong::new("not three numbers", FORM))?;
    VoxelSize::new(sides).ok_or_else(|| {
        let short = ["z", "y", "x"].into_iter().zip(sides).find(|(_, side)| *side <= 0.0);
        let (axis, side) = short.unwrap_or(("z", sides[0]));
        Wrong::new(format!("a voxel is {side} micrometres long along {axis}"), FORM)
    })
}
