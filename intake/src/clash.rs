//! Rows of one list that contradict each other: two jobs for one asset, or one animal's id written in two ways.

use std::collections::HashMap;

use adt_model::{Folding, Location, Origin, Problem, ProblemKind};

use crate::Row;

/// `Mouse_1` and `mouse_1` are one name on Windows and macOS; composed and decomposed letters look the same everywhere.
const FOLDING: Folding = Folding { case: true, form: true };

/// Adds a problem to every row whose asset an earlier row writes too, or whose subject id an earlier row spells differently.
///
/// A dry run writes nothing, so it may be in a list together with the real run.
pub(crate) fn between_rows(rows: &mut [Row]) {
    let mut assets: HashMap<(String, bool), (Origin, Location)> = HashMap::new();
    let mut ids: HashMap<String, (Origin, String)> = HashMap::new();
    for row in rows {
        let Some(spec) = &row.spec else { continue };
        let (id, asset) = (spec.subject_id.clone(), spec.asset());
        let (earlier, first) =
            ids.entry(FOLDING.fold(&id)).or_insert_with(|| (row.origin.clone(), id.clone()));
        if *first != id {
            let what = format!("differs from `{first}` of {earlier} only in {}", difference(first, &id));
            let valid = "write each animal's id in one way; if they are two animals, put them into two lists";
            row.problems.push(problem(&row.origin, ("subject_id", Some(id)), what, valid));
            continue;
        }
        let key = (folded(&asset, &spec.asset_name()), spec.dry_run);
        let Some((earlier, other)) = assets.get(&key) else {
            assets.insert(key, (row.origin.clone(), asset));
            continue;
        };
        let (what, valid) = if *other == asset {
            let valid =
                "one row for each session; its other folders go into `modality1`, `modality2`, … of that row";
            (format!("the same asset as {earlier}: `{asset}`"), valid)
        } else {
            let difference = difference(&other.to_string(), &asset.to_string());
            let what =
                format!("its asset `{asset}` differs from `{other}` of {earlier} only in {difference}");
            (what, "many file systems keep only one of the two: write the destination in one way")
        };
        row.problems.push(problem(&row.origin, ("", None), what, valid));
    }
}

/// The same text for all assets that can be one. In a bucket the letter case of a prefix counts.
fn folded(asset: &Location, name: &str) -> String {
    let text = asset.to_string();
    match asset {
        Location::Folder(_) => FOLDING.fold(&text),
        _ => text.strip_suffix(name).map_or(text.clone(), |above| format!("{above}{}", FOLDING.fold(name))),
    }
}

fn difference(one: &str, other: &str) -> &'static str {
    let case = Folding { case: true, form: false };
    if case.fold(one) == case.fold(other) { "letter case" } else { "the Unicode form of its letters" }
}

fn problem(origin: &Origin, (column, value): (&str, Option<String>), what: String, valid: &str) -> Problem {
    Problem {
        origin: origin.clone(),
        column: column.to_owned(),
        value,
        what,
        valid: valid.to_owned(),
        kind: ProblemKind::Written,
    }
}
