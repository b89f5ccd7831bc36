use serde_json::{Map, Value, json};

use super::{Channel, Image};

/// Of OME-NGFF; each goes with one version of Zarr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 0.4, in Zarr 2.
    V04,
    /// 0.5, in Zarr 3.
    V05,
}

impl Image {
    /// The attributes of the image's group: the whole `.zattrs` for 0.4, the `attributes` of its `zarr.json` for 0.5.
    pub fn attributes(&self, version: Version) -> Map<String, Value> {
        let mut multiscale = Map::new();
        if version == Version::V04 {
            multiscale.insert("version".to_owned(), "0.4".into());
        }
        multiscale.insert("name".to_owned(), self.name.as_str().into());
        multiscale.insert("type".to_owned(), self.method.kind.as_str().into());
        multiscale.insert("metadata".to_owned(), self.about());
        multiscale.insert("axes".to_owned(), axes());
        multiscale.insert("datasets".to_owned(), self.datasets());
        let omero = self.omero(version);
        match version {
            Version::V04 => object([("multiscales", json!([multiscale])), ("omero", omero)]),
            Version::V05 => {
                let ome = json!({"version": "0.5", "multiscales": [multiscale], "omero": omero});
                object([("ome", ome)])
            }
        }
    }

    fn about(&self) -> Value {
        let method = &self.method;
        json!({
            "description": method.description,
            "method": method.method,
            "version": method.version,
            "kwargs": method.settings,
        })
    }

    fn datasets(&self) -> Value {
        let five = |[z, y, x]: [f64; 3], other: f64| [other, other, z, y, x];
        let dataset = |level: usize| {
            json!({"path": level.to_string(), "coordinateTransformations": [
                {"type": "scale", "scale": five(self.scale(level), 1.0)},
                {"type": "translation", "translation": five(self.translation(level), 0.0)},
            ]})
        };
        (0..self.levels.len()).map(dataset).collect()
    }

    fn omero(&self, version: Version) -> Value {
        let channels: Vec<_> = self.channels.iter().map(channel).collect();
        let mut omero = object([
            ("id", 1.into()),
            ("name", self.name.as_str().into()),
            ("channels", channels.into()),
            ("rdefs", rendering(self.depth)),
        ]);
        if version == Version::V04 {
            omero.insert("version".to_owned(), "0.4".into());
        }
        omero.into()
    }
}

/// Time, channel, and the three of space.
pub(super) fn axes() -> Value {
    let space = |name| json!({"name": name, "type": "space", "unit": "micrometer"});
    json!([
        {"name": "t", "type": "time", "unit": "millisecond"},
        {"name": "c", "type": "channel"},
        space("z"), space("y"), space("x"),
    ])
}

/// Viewers begin in the middle of the stack.
pub(super) fn rendering(depth: u64) -> Value {
    json!({"defaultT": 0, "defaultZ": depth / 2, "model": "color"})
}

fn channel(channel: &Channel) -> Value {
    let window = channel.window;
    json!({
        "active": true,
        "coefficient": 1,
        "color": channel.colour.to_string(),
        "family": "linear",
        "inverted": false,
        "label": channel.label,
        "window": {"start": window.start, "end": window.end, "min": window.min, "max": window.max},
    })
}

pub(super) fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
