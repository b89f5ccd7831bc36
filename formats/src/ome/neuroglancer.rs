//! What Neuroglancer opens to show the tiles of a session beside each other.

use adt_model::Location;
use serde_json::{Number, Value, json};

use super::Colour;

/// An image of the session.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Of its group, such as `tile_X_0000_Y_0001_Z_0000_ch_488.zarr`.
    pub name: String,
    /// Micrometres of a voxel of level 0 along z, y, x.
    pub voxel: [f64; 3],
}

/// The document: a layer for each channel, in it the tiles of the channel. Where they lie is left to their own metadata.
///
/// `container` holds the tiles, `document` is where this will be, `range` is the brightness that is shown. The voxel of the first
/// tile by name is the unit of all.
pub fn state(tiles: &[Tile], container: &Location, document: &Location, range: &[Number; 2]) -> Value {
    let mut tiles: Vec<&Tile> = tiles.iter().collect();
    tiles.sort_by(|a, b| a.name.cmp(&b.name));
    let metres = |axis: usize| tiles.first().map_or(1.0, |tile| tile.voxel[axis]) * 1e-6;
    let [z, y, x] = [0, 1, 2].map(|axis| json!([metres(axis), "m"]));
    let (channel, time) = (json!([1, ""]), json!([0.001, "s"]));
    let output = json!({"t": time, "c'": channel, "z": z, "y": y, "x": x});
    let source = |tile: &Tile| {
        let url = format!("zarr://{container}/{}", tile.name);
        json!({"url": url, "transform": {"matrix": identity(), "outputDimensions": output}})
    };
    let mut channels: Vec<(Option<u32>, Vec<Value>)> = Vec::new();
    for tile in tiles {
        let number = channel_of(&tile.name);
        match channels.iter_mut().find(|(seen, _)| *seen == number) {
            Some((_, sources)) => sources.push(source(tile)),
            None => channels.push((number, vec![source(tile)])),
        }
    }
    let layers: Vec<_> =
        channels.into_iter().map(|(number, sources)| layer(number, &sources, range)).collect();
    json!({
        "ng_link": format!("https://neuroglancer-demo.appspot.com/#!{document}"),
        "dimensions": {"x": x, "y": y, "z": z, "c'": channel, "t": time},
        "layers": layers,
        "showAxisLines": false,
        "showScaleBar": false,
    })
}

/// The number after the first `ch_` or `CH_` of a name: a wavelength in nanometres, as the rigs name their tiles.
pub fn channel_of(name: &str) -> Option<u32> {
    let after = |(at, _): (usize, _)| {
        let rest = name[at..].strip_prefix("ch_").or_else(|| name[at..].strip_prefix("CH_"))?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    };
    name.char_indices().find_map(after)
}

fn layer(channel: Option<u32>, sources: &[Value], range: &[Number; 2]) -> Value {
    let colour = channel.map_or(Colour::WHITE, Colour::of_wavelength);
    let name = channel.map_or_else(|| "image".to_owned(), |number| format!("CH_{number}"));
    let shader = format!(
        "#uicontrol vec3 color color(default=\"#{colour}\")\n#uicontrol invlerp normalized\nvoid main() {{\n\
         emitRGB(color * normalized());\n}}"
    );
    json!({
        "type": "image",
        "source": sources,
        "localDimensions": {"c'": [1, ""]},
        "shaderControls": {"normalized": {"range": range}},
        "shader": shader,
        "visible": true,
        "opacity": 0.5,
        "name": name,
        "blend": "default",
    })
}

/// Five axes onto themselves, and no shift.
fn identity() -> Value {
    let row = |row: usize| (0..6).map(|column| f64::from(u8::from(row == column))).collect::<Vec<_>>();
    (0..5).map(row).collect()
}
