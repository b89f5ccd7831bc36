//! Which electrodes are at given positions.

use super::{kind::ProbeKind, layout::Site};

/// How far a position may be from its electrode, as a part of the pitch.
const TOLERANCE: f64 = 0.02;

/// x of the first column, in µm, as the plugins write it: they count from the left edge of the shank, and have changed their figures.
const MARGINS: [f64; 4] = [8.0, 11.0, 12.0, 27.0];

/// Shank and electrode of each position. `None`: these are not electrodes of this kind of probe.
///
/// Positions count from an edge that the plugins do not agree on. The pattern of rows and columns gives the electrodes, and where only some of
/// the columns are in use, a known margin says which.
pub(super) fn electrodes(kind: &ProbeKind, sites: &[Site], is_shifted: bool) -> Option<Vec<(u32, u32)>> {
    let cells = sites.iter().map(|site| cell(kind, site, is_shifted)).collect::<Option<Vec<_>>>()?;
    let first = cells.iter().map(|cell| cell.x).fold(f64::INFINITY, f64::min);
    let columns = cells.iter().map(|cell| column(kind, cell.x - first)).collect::<Option<Vec<_>>>()?;
    let free = (kind.columns - 1).checked_sub(columns.iter().copied().max()?)?;
    let is_known = |left: f64| {
        MARGINS.iter().chain([&kind.margin]).any(|margin| (left - margin).abs() < TOLERANCE * kind.x_pitch)
    };
    let skipped = (0..=free).find(|skipped| is_known(first - f64::from(*skipped) * kind.x_pitch));
    let skipped = skipped.unwrap_or(0);
    let found = cells.iter().zip(columns);
    Some(found.map(|(cell, column)| (cell.shank, cell.row * kind.columns + column + skipped)).collect())
}

/// Where a position is on its shank.
struct Cell {
    shank: u32,
    row: u32,
    /// Without the stagger of the row and the pitch of the shanks.
    x: f64,
}

fn cell(kind: &ProbeKind, site: &Site, is_shifted: bool) -> Option<Cell> {
    let shank = match site.shank {
        _ if kind.shanks == 1 => 0,
        Some(shank) => shank,
        // Early plugins moved the shanks along y, so x does not tell.
        None if is_shifted => return None,
        None => whole(site.x / kind.shank_pitch)?,
    };
    if shank >= kind.shanks {
        return None;
    }
    let moved = if is_shifted { kind.shank_pitch * f64::from(shank) } else { 0.0 };
    let row = (site.y - moved) / kind.y_pitch;
    let row = whole(row.round()).filter(|near| (row - f64::from(*near)).abs() < TOLERANCE)?;
    (row < kind.rows).then(|| Cell {
        shank,
        row,
        x: site.x - kind.staggered(row) - kind.shank_pitch * f64::from(shank),
    })
}

fn column(kind: &ProbeKind, x: f64) -> Option<u32> {
    // A probe with one column has no pitch.
    if kind.x_pitch <= 0.0 {
        return (x.abs() < 1.0).then_some(0);
    }
    let column = x / kind.x_pitch;
    whole(column.round()).filter(|near| (column - f64::from(*near)).abs() < TOLERANCE)
}

/// The whole number of a figure that is not negative and not beyond any probe.
fn whole(figure: f64) -> Option<u32> {
    let whole = figure.floor();
    (0.0..1e6).contains(&whole).then_some(whole as u32)
}
