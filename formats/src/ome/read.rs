use adt_model::{Class, Fault};
use serde::Deserialize;
use serde_json::{Map, Value};

/// An image at several sizes, as somebody described it.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiscale {
    /// Of OME-NGFF, such as `0.4`.
    pub version: String,
    /// What viewers call it.
    pub name: Option<String>,
    /// Of every array.
    pub axes: Vec<Axis>,
    /// The largest first.
    pub datasets: Vec<Dataset>,
    /// As many as `omero` tells of.
    pub channels: Vec<SeenChannel>,
}

/// An axis of the arrays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Axis {
    /// Such as `z`.
    pub name: String,
    /// Such as `space`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Such as `micrometer`.
    #[serde(default)]
    pub unit: Option<String>,
}

/// One level.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Of the array, below the image's group.
    pub path: String,
    /// From one item to the next along each axis, in the axis's unit.
    pub scale: Vec<f64>,
    /// Of the first item, in the axis's unit; 0 where nothing is said.
    pub translation: Vec<f64>,
}

/// A channel as `omero` describes it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SeenChannel {
    /// What viewers call it.
    #[serde(default)]
    pub label: Option<String>,
    /// Six hexadecimal digits.
    #[serde(default)]
    pub color: Option<String>,
    /// What is shown: `start` to `end`, of `min` to `max`.
    #[serde(default)]
    pub window: Option<Map<String, Value>>,
}

/// Reads the images of a group's attributes: of a `.zattrs`, or of the `attributes` of a `zarr.json`. None are an empty list.
/// `key` names the document in the fault.
pub fn parse(key: &str, attributes: &Map<String, Value>) -> Result<Vec<Multiscale>, Fault> {
    let ome = attributes.get("ome");
    let of = |name: &str| ome.map_or_else(|| attributes.get(name), |ome| ome.get(name));
    let stated = ome.and_then(|ome| ome.get("version")).and_then(Value::as_str);
    let channels = of("omero").and_then(|omero| omero.get("channels"));
    let channels: Vec<SeenChannel> = match channels {
        None => Vec::new(),
        Some(channels) => Vec::deserialize(channels).map_err(|error| broken(key, error))?,
    };
    let Some(multiscales) = of("multiscales") else { return Ok(Vec::new()) };
    let documents = Vec::<Document>::deserialize(multiscales).map_err(|error| broken(key, error))?;
    let image = |document: Document| {
        let version = stated.map(str::to_owned).or_else(|| document.version.clone());
        document.image(version.unwrap_or_default(), channels.clone()).map_err(|error| unusable(key, &error))
    };
    documents.into_iter().map(image).collect()
}

impl Multiscale {
    /// Which axes are z, y and x, in this order.
    pub fn space(&self) -> Option<[usize; 3]> {
        let of = |name: &str| self.axes.iter().position(|axis| axis.name.eq_ignore_ascii_case(name));
        Some([of("z")?, of("y")?, of("x")?])
    }

    /// Micrometres from voxel to voxel of a level along z, y and x. `None` where an axis lacks, or its unit is not known; no unit
    /// at all is taken for micrometres.
    pub fn voxel(&self, level: usize) -> Option<[f64; 3]> {
        self.micrometres(&self.datasets.get(level)?.scale)
    }

    /// Where the centre of the first voxel of a level is, in micrometres.
    pub fn origin(&self, level: usize) -> Option<[f64; 3]> {
        self.micrometres(&self.datasets.get(level)?.translation)
    }

    fn micrometres(&self, lengths: &[f64]) -> Option<[f64; 3]> {
        let [z, y, x] = self.space()?;
        let one = |axis: usize| Some(lengths[axis] * unit(self.axes[axis].unit.as_deref())?);
        Some([one(z)?, one(y)?, one(x)?])
    }
}

/// Micrometres of a unit of UDUNITS-2, as NGFF wants them.
fn unit(name: Option<&str>) -> Option<f64> {
    Some(match name {
        None | Some("micrometer" | "µm" | "um") => 1.0,
        Some("angstrom") => 1e-4,
        Some("nanometer" | "nm") => 1e-3,
        Some("millimeter" | "mm") => 1e3,
        Some("centimeter" | "cm") => 1e4,
        Some("meter" | "m") => 1e6,
        Some(_) => return None,
    })
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    name: Option<String>,
    axes: Vec<Axis>,
    datasets: Vec<Level>,
    #[serde(default, rename = "coordinateTransformations")]
    transformations: Vec<Transformation>,
}

#[derive(Deserialize)]
struct Level {
    path: String,
    #[serde(default, rename = "coordinateTransformations")]
    transformations: Vec<Transformation>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Transformation {
    Identity,
    Scale { scale: Vec<f64> },
    Translation { translation: Vec<f64> },
}

impl Document {
    fn image(self, version: String, channels: Vec<SeenChannel>) -> Result<Multiscale, String> {
        if self.datasets.is_empty() {
            return Err("an image has no datasets".to_owned());
        }
        let axes = self.axes.len();
        let dataset = |level: Level| {
            let mut dataset =
                Dataset { path: level.path, scale: vec![1.0; axes], translation: vec![0.0; axes] };
            for step in level.transformations.iter().chain(&self.transformations) {
                step.apply(&mut dataset)?;
            }
            Ok(dataset)
        };
        let datasets: Vec<_> = self.datasets.into_iter().map(dataset).collect::<Result<_, String>>()?;
        Ok(Multiscale { version, name: self.name, axes: self.axes, datasets, channels })
    }
}

impl Transformation {
    fn apply(&self, dataset: &mut Dataset) -> Result<(), String> {
        let numbers = match self {
            Self::Identity => return Ok(()),
            Self::Scale { scale: numbers } | Self::Translation { translation: numbers } => numbers,
        };
        if numbers.len() != dataset.scale.len() {
            let (path, axes) = (&dataset.path, dataset.scale.len());
            return Err(format!("dataset `{path}` has {} numbers for {axes} axes", numbers.len()));
        }
        for (axis, number) in numbers.iter().enumerate() {
            if matches!(self, Self::Translation { .. }) {
                dataset.translation[axis] += number;
            } else {
                dataset.scale[axis] *= number;
                dataset.translation[axis] *= number;
            }
        }
        Ok(())
    }
}

fn broken(key: &str, error: serde_json::Error) -> Fault {
    Fault::new(Class::Corrupt, format!("cannot read the image in `{key}`")).because(error)
}

fn unusable(key: &str, why: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("cannot use the image in `{key}`: {why}"))
}
