use adt_model::{Class, Fault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Columns, Description, LAYOUT, OURS, Probe, Record, SampleNumbers};

/// The largest number of segments that is believed.
const MAX_SEGMENTS: u64 = 1 << 16;

const INFO: &str = "probes_info";

/// The attribute `adt`.
#[derive(Serialize, Deserialize)]
pub(super) struct Ours {
    pub(super) layout: u32,
    pub(super) columns: Option<Columns>,
    /// Of each segment: the first, where they are plain counting.
    #[serde(default)]
    pub(super) first_sample_numbers: Vec<Option<i64>>,
    /// The names of the tables.
    #[serde(default)]
    pub(super) tables: Vec<String>,
    #[serde(flatten)]
    pub(super) record: Record,
}

/// The attributes of the store's root.
pub(super) fn write(description: &Description, record: &Record) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("sampling_frequency".into(), json!(description.sampling_frequency));
    attributes.insert("num_segments".into(), json!(description.segments.len()));
    attributes.insert("annotations".into(), annotations(description).into());
    // Readers never use it, but expect the key; what belongs there is under `adt`.
    attributes.insert("provenance".into(), Value::Null);
    if !description.probes.is_empty() {
        let probes: Vec<_> = description.probes.iter().map(|probe| probe.geometry.clone()).collect();
        attributes.insert("probe".into(), json!({"probes": probes}));
    }
    let first = |segment: &super::Segment| match segment.sample_numbers {
        SampleNumbers::From(first) => Some(first),
        SampleNumbers::Unknown | SampleNumbers::Vector => None,
    };
    let ours = Ours {
        layout: LAYOUT,
        columns: description.columns.clone(),
        first_sample_numbers: description.segments.iter().map(first).collect(),
        tables: description.tables.keys().cloned().collect(),
        record: record.clone(),
    };
    attributes.insert(OURS.into(), json!(ours));
    attributes
}

/// What SpikeInterface 0.100 keeps of a recording and its probes; later versions take the probes' part from here as well.
fn annotations(description: &Description) -> Map<String, Value> {
    let mut annotations = Map::from_iter([("is_filtered".to_owned(), Value::Bool(false))]);
    annotations.extend(description.annotations.clone());
    for (number, probe) in description.probes.iter().enumerate() {
        if let Some(contour) = probe.geometry.get("probe_planar_contour") {
            annotations.insert(contour_of(number), contour.clone());
        }
    }
    if !description.probes.is_empty() {
        let infos: Vec<_> = description.probes.iter().map(|probe| probe.info.clone()).collect();
        annotations.insert(INFO.into(), json!(infos));
    }
    annotations
}

fn contour_of(probe: usize) -> String {
    format!("probe_{probe}_planar_contour")
}

/// What the attributes of any writer say; arrays come on top.
pub(super) struct Read {
    pub(super) sampling_frequency: f64,
    pub(super) segments: usize,
    pub(super) annotations: Map<String, Value>,
    pub(super) probes: Vec<Probe>,
    pub(super) ours: Option<Ours>,
}

/// Reads the attributes of the store's root.
pub(super) fn read(mut attributes: Map<String, Value>) -> Result<Read, Fault> {
    let frequency = attributes.get("sampling_frequency").and_then(Value::as_f64);
    let segments = attributes.get("num_segments").and_then(Value::as_u64);
    let mut annotations = match attributes.remove("annotations") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(annotations)) => annotations,
        Some(_) => return Err(wrong("`annotations` is no object")),
    };
    let probes = match attributes.remove("probe").or_else(|| attributes.remove("probegroup")) {
        None | Some(Value::Null) => Vec::new(),
        Some(group) => probes(group, &mut annotations)?,
    };
    Ok(Read {
        sampling_frequency: frequency
            .filter(|hertz| *hertz > 0.0)
            .ok_or_else(|| wrong("`sampling_frequency` is no number above 0"))?,
        segments: segments
            .filter(|count| (1..=MAX_SEGMENTS).contains(count))
            .ok_or_else(|| wrong(&format!("`num_segments` is no number from 1 to {MAX_SEGMENTS}")))?
            as usize,
        annotations,
        probes,
        ours: attributes.remove(OURS).map(ours).transpose()?,
    })
}

/// The probes, with what the annotations say of them taken from there.
fn probes(group: Value, annotations: &mut Map<String, Value>) -> Result<Vec<Probe>, Fault> {
    #[derive(Deserialize)]
    struct Group {
        probes: Vec<Map<String, Value>>,
    }
    let group: Group = serde_json::from_value(group)
        .map_err(|error| wrong("the probe is no probeinterface dictionary").because(error))?;
    let mut infos = match annotations.remove(INFO) {
        Some(Value::Array(infos)) => infos.into_iter(),
        _ => Vec::new().into_iter(),
    };
    let with_info = |(number, geometry): (usize, Map<String, Value>)| {
        annotations.remove(&contour_of(number));
        let info = match infos.next() {
            Some(Value::Object(info)) => info,
            _ => Map::new(),
        };
        Probe { geometry, info }
    };
    Ok(group.probes.into_iter().enumerate().map(with_info).collect())
}

fn ours(value: Value) -> Result<Ours, Fault> {
    let layout = value.get("layout").and_then(Value::as_u64);
    if layout != Some(LAYOUT.into()) {
        let found = layout.map_or_else(|| "none".to_owned(), |layout| layout.to_string());
        let what = format!("the store's layout under `{OURS}` is {found}, and this program knows {LAYOUT}");
        return Err(Fault::new(Class::BadInput, what).help("use a newer version of this program"));
    }
    serde_json::from_value(value)
        .map_err(|error| wrong(&format!("`{OURS}` is not understood")).because(error))
}

fn wrong(what: &str) -> Fault {
    Fault::new(Class::Corrupt, format!("cannot use the store's attributes (`.zattrs`): {what}"))
}
