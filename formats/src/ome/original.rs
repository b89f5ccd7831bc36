use serde_json::{Map, Value, json};

use super::{
    Image,
    write::{axes, object, rendering},
};

/// What the original made an image from; it writes a little differently about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A tile, TIFF or Imaris: a group of its own below the output.
    Tile,
    /// An N5 dataset: the output itself is the image. `computed`: levels were made, not copied.
    N5 {
        /// The pyramid was made by the original.
        computed: bool,
    },
}

impl Image {
    /// The `.zattrs` that the Python original writes, with its faults: one translation at every level, and none without an
    /// origin; channels black, shown from 0 to 1, labelled by the image's name.
    ///
    /// For programs that compare texts. It is valid NGFF 0.4, and puts every level but the first in the wrong place.
    pub fn as_the_original(&self, of: Origin) -> Map<String, Value> {
        let mut multiscale = object([
            ("axes", axes()),
            ("datasets", (0..self.levels.len()).map(|level| self.dataset(level)).collect()),
            ("version", "0.4".into()),
        ]);
        let name = if of == Origin::Tile { self.name.as_str() } else { "" };
        multiscale.insert("name".to_owned(), format!("/{name}").into());
        if of == (Origin::N5 { computed: true }) {
            multiscale.insert("metadata".to_owned(), windowed_mean());
        }
        let channels: Vec<_> = (0..self.channels.len()).map(|number| self.black(number)).collect();
        let omero = json!({
            "channels": channels, "id": 1, "name": self.name, "rdefs": rendering(self.depth), "version": "0.4",
        });
        object([("multiscales", json!([multiscale])), ("omero", omero)])
    }

    fn dataset(&self, level: usize) -> Value {
        let [z, y, x] = self.scale(level);
        let mut transformations = vec![json!({"scale": [1.0, 1.0, z, y, x], "type": "scale"})];
        if let Some([z, y, x]) = self.origin {
            // Whole numbers for the first two, as Python has them.
            transformations.push(json!({"translation": [0, 0, z, y, x], "type": "translation"}));
        }
        json!({"coordinateTransformations": transformations, "path": level.to_string()})
    }

    fn black(&self, number: usize) -> Value {
        json!({
            "active": true,
            "coefficient": 1,
            "color": format!("{number:06x}"),
            "family": "linear",
            "inverted": false,
            "label": format!("Channel:{}:{number}", self.name),
            "window": {"end": 1.0, "max": 1.0, "min": 0.0, "start": 0.0},
        })
    }
}

/// As xarray-multiscale 2.1.0 describes itself.
fn windowed_mean() -> Value {
    json!({
        "args": null,
        "description": "Pyramid generated with xarray_multiscale",
        "kwargs": {},
        "method": "xarray_multiscale.reducers.windowed_mean",
        "version": "1.1.0",
    })
}
