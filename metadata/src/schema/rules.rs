//! What aind-data-schema 0.26.5 checks in Python only.

use serde_json::{Map, Value};

/// An object's keys and values.
pub(super) type Members = Map<String, Value>;

/// One check, and where it stands.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// Before anything else looks at the value: it passes, is refused, or is looked at further.
    Before(fn(&Value) -> Option<Result<(), String>>),
    /// When all of an object's properties have passed.
    Object(fn(&Members) -> Option<String>),
    /// The same, with a look at the properties' schemas.
    Shape(fn(&Members, &Members) -> Option<String>),
    /// When a property has passed: with the object around it. For one that is left out only where the
    /// schema says `always`.
    Property(fn(&Value, &Members) -> Option<String>),
    /// A value of an older form is looked at in its present form.
    Mends(fn(&Value) -> Option<Value>),
    /// It never refuses a document that comes as JSON.
    Idle,
    /// Not followed here: a document that breaks it passes.
    NotFollowed,
}

impl Rule {
    /// Why a value that passes otherwise is refused.
    pub(super) fn broken(self, value: &Value, schema: &Value, around: Option<&Members>) -> Option<String> {
        match self {
            Self::Shape(check) => check(value.as_object()?, schema.get("properties")?.as_object()?),
            Self::Object(check) => check(value.as_object()?),
            Self::Property(check) => check(value, around?),
            Self::Before(_) | Self::Mends(_) | Self::Idle | Self::NotFollowed => None,
        }
    }
}

pub(super) const RULES: &[(&str, Rule)] = &[
    ("Acquisition.from_direction_code", Rule::Before(axes)),
    ("DataDescription.build_name", Rule::Object(label_or_name)),
    ("DataProcess.validate_other", Rule::Property(|v, o| other_needs_notes(v, o, &["name"]))),
    ("Instrument.validate_device_names", Rule::Property(instrument_devices)),
    (
        "Instrument.validate_other",
        Rule::Property(|v, o| other_needs_notes(v, o, &["instrument_type", "manufacturer"])),
    ),
    ("NanojectInjection.check_dv_and_vol_list_lengths", Rule::Property(volumes_and_depths)),
    (
        "RewardDeliveryConfig.validate_other",
        Rule::Property(|v, o| other_needs_notes(v, o, &["reward_solution"])),
    ),
    ("Rig.validate_device_names", Rule::Property(rig_devices)),
    ("Rig.validate_modalities", Rule::Property(rig_modalities)),
    ("SpecimenProcedure.validate_procedure_type", Rule::Object(specimen_procedure)),
    ("Stream.validate_stream_modalities", Rule::Property(stream_modalities)),
    // These two compare by identity, which no value read from JSON has.
    ("Subject.validate_genotype", Rule::Idle),
    ("Subject.validate_inhouse_breeding_info", Rule::Idle),
];

/// Axes may be written as letters, such as `RAS`.
fn axes(value: &Value) -> Option<Result<(), String>> {
    let code = value.as_str()?;
    let known = code.len() <= 3 && code.bytes().all(|letter| b"LRAPIS".contains(&letter));
    Some(if known {
        Ok(())
    } else {
        Err(format!("is \"{code}\", it must be three of the letters L, R, A, P, I, S"))
    })
}

fn label_or_name(description: &Members) -> Option<String> {
    let neither = ["label", "name"].iter().all(|key| description.get(*key).is_none_or(Value::is_null));
    neither.then(|| "has neither `label` nor `name`".to_owned())
}

/// `Other`, as a word or as an organisation, wants an explanation.
fn other_needs_notes(notes: &Value, around: &Members, keys: &[&str]) -> Option<String> {
    if notes.as_str().is_some_and(|notes| !notes.is_empty()) {
        return None;
    }
    let says_other =
        |value: &Value| value == "Other" || value.get("name").is_some_and(|name| name == "Other");
    let key = keys.iter().find(|key| around.get(**key).is_some_and(says_other))?;
    Some(format!("is empty, though `{key}` is Other: it must say which"))
}

fn volumes_and_depths(volumes: &Value, injection: &Members) -> Option<String> {
    let (volumes, depths) =
        (elements(Some(volumes)).len(), list(injection, "injection_coordinate_depth").len());
    (volumes != depths).then(|| format!("has {volumes} entries, `injection_coordinate_depth` has {depths}"))
}

fn specimen_procedure(procedure: &Members) -> Option<String> {
    let wanted = match procedure.get("procedure_type")?.as_str()? {
        "Other - see notes" => "notes",
        "Hybridization Chain Reaction" => "hcr_series",
        "Immunolabeling" => "immunolabeling",
        _ => return None,
    };
    let empty = procedure.get(wanted).is_none_or(|value| value.is_null() || value == "");
    empty.then(|| format!("needs `{wanted}` for this `procedure_type`"))
}

fn instrument_devices(daqs: &Value, instrument: &Members) -> Option<String> {
    let lists = ["motorized_stages", "scanning_stages", "light_sources", "detectors", "additional_devices"];
    let known = lists.iter().flat_map(|key| list(instrument, key)).chain(elements(Some(daqs)));
    connected(daqs, &known.filter_map(name).collect::<Vec<_>>())
}

fn rig_devices(daqs: &Value, rig: &Members) -> Option<String> {
    let lists = [
        "light_sources",
        "patch_cords",
        "detectors",
        "digital_micromirror_devices",
        "polygonal_scanners",
        "pockels_cells",
        "additional_devices",
    ];
    let is_delivery =
        |device: &&Value| device.get("device_type").is_some_and(|kind| kind == "Reward delivery");
    let mut known: Vec<&str> = lists.iter().flat_map(|key| list(rig, key)).filter_map(name).collect();
    known.extend(elements(Some(daqs)).iter().filter_map(name));
    known.extend(list(rig, "stimulus_devices").iter().filter(|device| !is_delivery(device)).filter_map(name));
    for spout in inside(rig, "stimulus_devices", "reward_spouts") {
        known.extend(name(spout));
        known.extend(spout.get("solenoid_valve").and_then(name));
    }
    let cameras = list(rig, "cameras").iter().chain(list(rig, "stick_microscopes"));
    known.extend(cameras.filter_map(|assembly| name(assembly.get("camera")?)));
    known.extend(inside(rig, "ephys_assemblies", "probes").filter_map(name));
    known.extend(inside(rig, "laser_assemblies", "lasers").filter_map(name));
    known.extend(rig.get("mouse_platform").and_then(name));
    connected(daqs, &known)
}

/// Every channel of a DAQ leads to a device that is there.
fn connected(daqs: &Value, known: &[&str]) -> Option<String> {
    elements(Some(daqs)).iter().find_map(|daq| {
        let channels = elements(daq.get("channels"));
        let device = channels.iter().filter_map(|channel| channel.get("device_name")?.as_str());
        let unknown = device.into_iter().find(|device| !known.contains(device))?;
        let daq = name(daq).unwrap_or_default();
        Some(format!("connects \"{daq}\" to \"{unknown}\", which is not among the devices"))
    })
}

/// Which lists must not be empty for a modality.
type Needs = [(&'static str, &'static [&'static str])];

fn rig_modalities(modalities: &Value, rig: &Members) -> Option<String> {
    const NEEDS: &Needs = &[
        ("ecephys", &["ephys_assemblies"]),
        ("fib", &["light_sources", "detectors", "patch_cords"]),
        ("ophys", &["light_sources", "detectors", "objectives"]),
        ("slap", &["light_sources", "detectors", "objectives"]),
        ("behavior-videos", &["cameras"]),
        ("behavior", &["stimulus_devices"]),
    ];
    lacking(modalities, rig, NEEDS)
}

fn stream_modalities(modalities: &Value, stream: &Members) -> Option<String> {
    const NEEDS: &Needs = &[
        ("ecephys", &["ephys_modules", "stick_microscopes"]),
        ("fib", &["light_sources", "detectors", "fiber_connections"]),
        ("behavior-videos", &["camera_names"]),
        ("behavior", &["stimulus_device_names"]),
    ];
    let planes = || ["ophys_fovs", "stack_parameters"].iter().any(|key| holds_something(stream, key));
    if has_modality(modalities, "ophys") && !planes() {
        return Some("has ophys, but neither `ophys_fovs` nor `stack_parameters`".to_owned());
    }
    lacking(modalities, stream, NEEDS)
}

fn lacking(modalities: &Value, around: &Members, needs: &Needs) -> Option<String> {
    needs.iter().filter(|(modality, _)| has_modality(modalities, modality)).find_map(|(modality, keys)| {
        let key = keys.iter().find(|key| !holds_something(around, key))?;
        Some(format!("has {modality}, but `{key}` is empty"))
    })
}

fn has_modality(modalities: &Value, abbreviation: &str) -> bool {
    /// Names, since a document may leave the abbreviation out.
    const NAMES: [(&str, &str); 6] = [
        ("ecephys", "Extracellular electrophysiology"),
        ("fib", "Fiber photometry"),
        ("ophys", "Planar optical physiology"),
        ("slap", "Scanned line projection imaging"),
        ("behavior-videos", "Behavior videos"),
        ("behavior", "Behavior"),
    ];
    let names: Vec<_> = elements(Some(modalities)).iter().filter_map(name).collect();
    NAMES.iter().any(|(short, long)| *short == abbreviation && names.contains(long))
}

fn holds_something(around: &Members, key: &str) -> bool {
    match around.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    }
}

pub(super) fn name(thing: &Value) -> Option<&str> {
    thing.get("name")?.as_str()
}

pub(super) fn list<'a>(around: &'a Members, key: &str) -> &'a [Value] {
    elements(around.get(key))
}

/// A list's elements; none for anything else.
pub(super) fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The elements of a list inside each element of a list.
fn inside<'a>(around: &'a Members, outer: &str, inner: &'static str) -> impl Iterator<Item = &'a Value> {
    list(around, outer).iter().flat_map(move |each| elements(each.get(inner)))
}
