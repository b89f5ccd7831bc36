//! Two jobs of one list must not write the same asset.

use std::collections::HashMap;

use adt_model::{Origin, Problem, ProblemKind};

use crate::Row;

/// Adds a problem to every row whose asset an earlier row has too, at the same destination. A dry run writes nothing, so it may
/// stand beside the real one.
pub(crate) fn same_asset_twice(rows: &mut [Row]) {
    let mut first: HashMap<(String, bool), Origin> = HashMap::new();
    for row in rows {
        let Some(spec) = &row.spec else { continue };
        let (asset, dry_run) = (spec.asset().to_string(), spec.dry_run);
        if let Some(earlier) = first.get(&(asset.clone(), dry_run)) {
            row.problems.push(Problem {
                origin: row.origin.clone(),
                column: String::new(),
                value: None,
                what: format!("the same asset as {earlier}: `{asset}`"),
                valid: "one row for each session; its other folders go into `modality1`, `modality2`, … of that row"
                    .to_owned(),
                kind: ProblemKind::Written,
            });
        } else {
            first.insert((asset, dry_run), row.origin.clone());
        }
    }
}
