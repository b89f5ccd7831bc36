//! What `acquisition.json` says of the tiles: the size of their voxels, and where they lie.

use std::collections::BTreeMap;

use adt_model::{Fault, VoxelSize};
use camino::Utf8Path;
use serde::Deserialize;

use crate::survey::read_document;

/// Voxels and places, micrometres along z, y, x.
#[derive(Clone, Debug, Default)]
pub(super) struct Acquisition {
    tiles: BTreeMap<String, Told>,
    first: Told,
}

/// What is said of a tile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Told {
    pub voxel: Option<VoxelSize>,
    pub origin: Option<[f64; 3]>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    tiles: Vec<Tile>,
}

#[derive(Deserialize)]
struct Tile {
    #[serde(default)]
    file_name: String,
    #[serde(default)]
    coordinate_transformations: Vec<Transformation>,
}

#[derive(Deserialize)]
struct Transformation {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    scale: Vec<Number>,
    #[serde(default)]
    translation: Vec<Number>,
}

/// aind-data-schema writes decimals as texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(f64),
    Text(String),
}

impl Acquisition {
    /// Reads the document of a session, where there is one. One that cannot be understood is told, and says nothing.
    pub(super) fn read(session: &Utf8Path, notes: &mut Vec<String>) -> Result<Self, Fault> {
        let path = session.join("acquisition.json");
        if !path.is_file() {
            return Ok(Self::default());
        }
        match serde_json::from_slice::<Document>(&read_document(&path)?) {
            Ok(document) => Ok(Self::of(&document)),
            Err(error) => {
                notes.push(format!("`{path}` says nothing of voxels: {error}"));
                Ok(Self::default())
            }
        }
    }

    fn of(document: &Document) -> Self {
        let tiles = document.tiles.iter().map(|tile| (stem(&tile.file_name).to_owned(), told(tile)));
        // What holds for one tile holds for the voxels of all; its place is its own.
        let first = document.tiles.first().map(told).unwrap_or_default();
        Self { tiles: tiles.collect(), first: Told { origin: None, ..first } }
    }

    /// What is said of a file, else of the first tile's voxels.
    pub(super) fn told(&self, file: &str) -> Told {
        self.tiles.get(stem(file)).copied().unwrap_or(self.first)
    }
}

/// A file's name without folders and suffix.
fn stem(file: &str) -> &str {
    let name = file.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn told(tile: &Tile) -> Told {
    let of = |kind: &str| tile.coordinate_transformations.iter().find(|one| one.kind == kind);
    let scale = of("scale").and_then(|one| zyx(&one.scale));
    Told {
        voxel: scale.and_then(VoxelSize::new),
        origin: of("translation").and_then(|one| zyx(&one.translation)),
    }
}

/// The document has x first.
fn zyx(numbers: &[Number]) -> Option<[f64; 3]> {
    let [x, y, z] = numbers else { return None };
    let of = |number: &Number| match number {
        Number::Number(number) => Some(*number),
        Number::Text(text) => text.trim().parse().ok(),
    };
    let zyx = [of(z)?, of(y)?, of(x)?];
    zyx.iter().all(|number| number.is_finite()).then_some(zyx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_found_by_its_file() {
        let text = r#"{"tiles": [
            {"file_name": "a.ims", "coordinate_transformations": [
                {"type": "scale", "scale": ["0.748", "0.75", "1.0"]},
                {"type": "translation", "translation": [10, 20, 30]}]},
            {"file_name": "raw/b.tiff", "coordinate_transformations": [{"type": "scale", "scale": [2, 2, 0]}]}
        ]}"#;
        let acquisition = Acquisition::of(&serde_json::from_str(text).unwrap());
        let told = acquisition.told("exaSPIM/a.ims");
        assert_eq!(told.voxel.map(|voxel| voxel.to_string()), Some("0.748,0.75,1".to_owned()));
        assert_eq!(
            told.origin.map(|origin| origin.map(|o| o.to_string())),
            Some(["30", "20", "10"].map(Into::into))
        );
        assert_eq!(acquisition.told("b.tiff"), Told::default());
        assert_eq!(acquisition.told("c.tiff"), Told { origin: None, ..told });
    }
}
