//! What aind-data-schema 2.x checks in Python only. Rules that look across a whole instrument, session or procedure are not followed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rules::{Members, Rule, elements, list, name};

/// It only warns.
const WARNS: Rule = Rule::Idle;
/// It only fills in or moves what the document says.
const MENDS: Rule = Rule::Idle;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("Acquisition.check_subject_specimen_id", Rule::Object(specimen_of_the_subject)),
    ("Acquisition.coerce_fixed_offset_tz_string", Rule::Before(offset)),
    ("Acquisition.extract_timezone", MENDS),
    ("Acquisition.instrument_id_required_for_data_streams", Rule::Object(instrument_for_streams)),
    ("Acquisition.migrate_coordinate_system", MENDS),
    ("Acquisition.specimen_required", Rule::Object(specimen_for_imaging)),
    ("AdditionalImagingDevice.validate_other", Rule::NotFollowed),
    ("AirPuffConfig.migrate_coordinate_system", MENDS),
    ("BrainInjection.check_lengths", Rule::Object(dynamics_and_coordinates)),
    ("BreedingInfo.warn_breeding_group_deprecated", Rule::Before(|_| Some(Ok(())))),
    ("CalibrationFit.validate_fit_type", Rule::NotFollowed),
    ("Code._ensure_commit_hash_or_version", WARNS),
    ("CoordinateSystem.warn_depth_axis", WARNS),
    (
        "Craniotomy.check_position",
        Rule::Object(|o| {
            craniotomy_needs(o, "position", &["Circle", "Square", "Whole hemisphere craniotomy"])
        }),
    ),
    ("Craniotomy.check_system_if_position", Rule::Object(position_has_a_system)),
    ("Craniotomy.validate_size", Rule::Object(|o| craniotomy_needs(o, "size", &["Circle", "Square"]))),
    ("DAQChannel.deprecated_channel_index", WARNS),
    ("DataAsset.validate_name", Rule::Object(|o| one_of_two(o, "name", "url"))),
    ("DataCoreModel.coordinate_system_validator", Rule::NotFollowed),
    ("DataDescription.build_name", MENDS),
    ("DataDescription.source_data_when_raw", Rule::Object(raw_has_no_source)),
    ("DataDescription.subject_id_when_raw", Rule::Object(raw_has_a_subject)),
    ("DataModel.unit_validator", Rule::Shape(units)),
    ("DataProcess.fill_default_name", MENDS),
    ("DataProcess.validate_generic_processtype", Rule::Object(other_process_is_named)),
    ("DataStream.check_connections", Rule::Object(connections_are_active)),
    ("DataStream.check_modality_config_requirements", Rule::NotFollowed),
    ("Detector.validate_other", Rule::NotFollowed),
    ("Device.validate_manufacturer_notes", Rule::NotFollowed),
    ("DevicePosition.migrate_coordinate_system", MENDS),
    ("DevicePosition.validate_transform_and_cs", Rule::Object(transform_with_a_system)),
    ("Filter.validate_multi_filters", Rule::Object(wavelengths_of_a_filter)),
    ("HarpDevice.validate_other", Rule::NotFollowed),
    // It compares with a thing of Python that no JSON equals.
    (
        "HumanSubject.validate_species_is_human",
        Rule::Object(|_| Some("must be left out: the schema has only its own".to_owned())),
    ),
    ("ImagingConfig.check_image_channels", Rule::NotFollowed),
    ("ImagingConfig.migrate_coordinate_system", MENDS),
    ("ImagingConfig.require_cs_images", Rule::NotFollowed),
    (
        "InjectionDynamics.check_volume_or_current",
        Rule::Object(|o| one_of_two(o, "volume", "injection_current")),
    ),
    ("Instrument.migrate_coordinate_system", Rule::Object(a_system_under_either_name)),
    ("Instrument.validate_cameras_other", Rule::NotFollowed),
    ("Instrument.validate_connections", Rule::NotFollowed),
    ("Instrument.validate_modalities", Rule::Before(nothing_sorted)),
    ("Instrument.validate_modality_device_dependencies", Rule::NotFollowed),
    ("Instrument.validate_unique_component_names", WARNS),
    ("LickSpoutConfig.migrate_coordinate_system", MENDS),
    ("LickSpoutConfig.validate_other", Rule::NotFollowed),
    ("MRIScan.validate_non_setup", Rule::NotFollowed),
    ("MRIScan.validate_other", Rule::NotFollowed),
    ("ManipulatorConfig.migrate_coordinate_system", Rule::Object(a_system_under_either_name)),
    ("Monitor.add_units_if_needed", MENDS),
    // It compares by identity, which no value read from JSON has.
    ("MouseSubject.validate_inhouse_breeding_info", Rule::Idle),
    ("MouseSubject.validate_species_strain", Rule::Object(strain_of_the_species)),
    ("NonHumanPrimateSubject.validate_date_year_consistency", Rule::Object(year_of_the_date)),
    ("Objective.validate_other", Rule::NotFollowed),
    ("Perfusion.validate_output_specimen_ids", Rule::Before(sorted)),
    ("PlanarImage.limit_plane_to_one", Rule::NotFollowed),
    (
        "PlanarSection.check_one_of_end_thickness",
        Rule::Object(|o| one_of_two(o, "end_coordinate", "thickness")),
    ),
    ("PlanarSectioning.migrate_coordinate_system", MENDS),
    ("ProbeConfig.migrate_coordinate_system", Rule::Object(a_system_under_either_name)),
    ("Procedures.migrate_coordinate_system", MENDS),
    ("Procedures.reject_injections", WARNS),
    ("Procedures.validate_subject_specimen_ids", Rule::Object(specimens_of_the_subject)),
    ("Processing.order_processes", MENDS),
    ("Processing.validate_pipeline_names", Rule::Object(pipelines_are_known)),
    ("Processing.validate_process_graph", Rule::Object(graph_names_each_process)),
    ("QCMetric.fix_tag_lists", Rule::Mends(tags_by_name)),
    ("QCMetric.validate_multi_asset", Rule::Object(assets_of_a_metric)),
    ("QualityControl.compute_status", Rule::Object(each_metric_has_a_status)),
    // The schema itself takes both forms of the list.
    ("QualityControl.fix_default_grouping_list", MENDS),
    ("Rotation.validate_axis_order", Rule::Property(axis_order)),
    ("Section.deprecated_coordinate_fields", Rule::NotFollowed),
    ("SpecimenProcedure.validate_procedure_type", Rule::NotFollowed),
    ("Surgery.migrate_coordinate_system", MENDS),
    ("_GenericModel.validate_fieldnames", WARNS),
];

/// Up to 2.2 the tags of a metric were a list of texts.
fn tags_by_name(metric: &Value) -> Option<Value> {
    let mut metric = metric.as_object()?.clone();
    let tags = metric.get("tags")?.as_array()?;
    let named = tags.iter().enumerate().map(|(n, tag)| (format!("tag_{n}"), tag.clone())).collect();
    metric.insert("tags".to_owned(), Value::Object(named));
    Some(Value::Object(metric))
}

fn text<'a>(object: &'a Members, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// One text or a list of them.
fn texts(value: Option<&Value>) -> Vec<&str> {
    let one = value.and_then(Value::as_str);
    one.into_iter().chain(elements(value).iter().filter_map(Value::as_str)).collect()
}

fn specimen_of_the_subject(acquisition: &Members) -> Option<String> {
    let subject = text(acquisition, "subject_id")?;
    stranger(subject, &texts(acquisition.get("specimen_id")))
}

fn specimens_of_the_subject(procedures: &Members) -> Option<String> {
    let subject = procedures.get("subject_id")?.as_str()?;
    let specimens = list(procedures, "specimen_procedures");
    specimens.iter().find_map(|procedure| stranger(subject, &texts(procedure.get("specimen_id"))))
}

/// A specimen's name holds its animal's.
fn stranger(subject: &str, specimens: &[&str]) -> Option<String> {
    let specimen = specimens.iter().find(|specimen| !specimen.contains(subject))?;
    Some(format!("has specimen \"{specimen}\", which is not of subject \"{subject}\""))
}

/// An offset from UTC may be written as in `-07:00`.
fn offset(value: &Value) -> Option<Result<(), String>> {
    let text = value.as_str()?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
    let clock =
        matches!(digits, [a, b, b':', c, d] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()));
    clock.then_some(Ok(()))
}

fn is_data_stream(stream: &Value) -> bool {
    stream.get("object_type").is_some_and(|kind| kind == "Data stream")
}

fn instrument_for_streams(acquisition: &Members) -> Option<String> {
    let streams = list(acquisition, "data_streams").iter().any(is_data_stream);
    (streams && text(acquisition, "instrument_id").is_none()).then(|| "needs `instrument_id`".to_owned())
}

fn specimen_for_imaging(acquisition: &Members) -> Option<String> {
    /// Modalities of tissue rather than of living animals.
    const TISSUE: [&str; 2] = ["SPIM", "confocal"];
    let streams = list(acquisition, "data_streams");
    let modalities = streams.iter().flat_map(|stream| elements(stream.get("modalities")));
    let mut short = modalities.filter_map(|modality| modality.get("abbreviation")?.as_str());
    let modality = short.find(|short| TISSUE.contains(short))?;
    texts(acquisition.get("specimen_id")).is_empty().then(|| format!("needs `specimen_id` for {modality}"))
}

fn is_raw(description: &Members) -> bool {
    text(description, "data_level") == Some("raw")
}

fn raw_has_a_subject(description: &Members) -> Option<String> {
    let nobody = description.get("subject_id").is_none_or(Value::is_null);
    (is_raw(description) && nobody).then(|| "needs `subject_id` for raw data".to_owned())
}

fn raw_has_no_source(description: &Members) -> Option<String> {
    let source = description.get("source_data").is_some_and(|source| !source.is_null());
    (is_raw(description) && source).then(|| "has `source_data`, though the data is raw".to_owned())
}

fn strain_of_the_species(subject: &Members) -> Option<String> {
    let strain = subject.get("strain").filter(|strain| strain.is_object())?;
    // Every strain is of mice, and may say so or not.
    let strain = strain.get("species").and_then(Value::as_str).unwrap_or("Mus musculus");
    (subject.get("species").and_then(name) != Some(strain))
        .then(|| "has a strain of another species".to_owned())
}

fn other_process_is_named(process: &Members) -> Option<String> {
    let kind = text(process, "process_type").filter(|kind| ["Other", "Analysis"].contains(kind))?;
    let named = ["name", "notes"].iter().any(|key| text(process, key).is_some());
    (!named).then(|| format!("needs `name` or `notes`, since its type is {kind}"))
}

fn pipelines_are_known(processing: &Members) -> Option<String> {
    let known: Vec<_> = list(processing, "pipelines").iter().filter_map(name).collect();
    let mut used = list(processing, "data_processes")
        .iter()
        .filter_map(|process| text(process.as_object()?, "pipeline_name"));
    let unknown = used.find(|pipeline| !known.contains(pipeline))?;
    Some(format!("uses pipeline \"{unknown}\", which is not among `pipelines`"))
}

fn graph_names_each_process(processing: &Members) -> Option<String> {
    let graph: BTreeSet<_> =
        processing.get("dependency_graph")?.as_object()?.keys().map(String::as_str).collect();
    let processes = list(processing, "data_processes").iter().filter_map(|process| {
        let process = process.as_object()?;
        text(process, "name").or_else(|| text(process, "process_type"))
    });
    let mut names = BTreeSet::new();
    for process in processes {
        if !names.insert(process) {
            return Some(format!("has two processes of the name \"{process}\""));
        }
    }
    (names != graph).then(|| "has other names in `dependency_graph` than in `data_processes`".to_owned())
}

/// As Python sees it: null, zero and what is empty is nothing.
fn something(object: &Members, key: &str) -> bool {
    is_something(object.get(key))
}

fn is_something(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(_) | Value::Bool(true)) => true,
    }
}

fn one_of_two(object: &Members, one: &str, other: &str) -> Option<String> {
    let neither = !something(object, one) && !something(object, other);
    neither.then(|| format!("needs `{one}` or `{other}`"))
}

/// What is measured has a unit, where the schema lets the unit out. Text that begins with a variable's name belongs to it, too.
fn units(object: &Members, properties: &Members) -> Option<String> {
    let optional = |unit: &&String| {
        let branches = elements(properties[unit.as_str()].get("anyOf"));
        unit.contains("_unit") && branches.iter().any(|branch| branch["type"] == "null")
    };
    properties.keys().filter(optional).filter(|unit| !something(object, unit)).find_map(|unit| {
        let (variable, _) = unit.rsplit_once("_unit")?;
        let measured = object.keys().find(|key| key.contains(variable) && something(object, key))?;
        Some(format!("has `{measured}`, so it needs `{unit}`"))
    })
}

fn dynamics_and_coordinates(injection: &Members) -> Option<String> {
    let (dynamics, coordinates) = (list(injection, "dynamics").len(), list(injection, "coordinates").len());
    (dynamics != coordinates).then(|| format!("has {dynamics} `dynamics` and {coordinates} `coordinates`"))
}

fn craniotomy_needs(craniotomy: &Members, key: &str, kinds: &[&str]) -> Option<String> {
    let kind = text(craniotomy, "craniotomy_type").filter(|kind| kinds.contains(kind))?;
    (!something(craniotomy, key)).then(|| format!("needs `{key}` for the type {kind}"))
}

fn position_has_a_system(craniotomy: &Members) -> Option<String> {
    let lost = something(craniotomy, "position") && !something(craniotomy, "coordinate_system_name");
    lost.then(|| "has `position`, so it needs `coordinate_system_name`".to_owned())
}

fn connections_are_active(stream: &Members) -> Option<String> {
    let active = texts(stream.get("active_devices"));
    let ends = |connection: &Value| {
        ["source_device", "target_device"]
            .map(|end| connection.get(end).and_then(Value::as_str).map(str::to_owned))
    };
    let mut devices = list(stream, "connections").iter().flat_map(ends).flatten();
    let unknown = devices.find(|device| !active.contains(&device.as_str()))?;
    Some(format!("connects \"{unknown}\", which is not among `active_devices`"))
}

/// A coordinate system may come under its old name.
fn system(object: &Members) -> Option<&Value> {
    let named = ["global_coordinate_system", "local_coordinate_system", "coordinate_system"];
    named.iter().find_map(|key| object.get(*key)).filter(|system| !system.is_null())
}

fn a_system_under_either_name(object: &Members) -> Option<String> {
    system(object).is_none().then(|| "needs a coordinate system".to_owned())
}

fn transform_with_a_system(position: &Members) -> Option<String> {
    let transform = position.get("transform").is_some_and(|transform| !transform.is_null());
    (transform != system(position).is_some())
        .then(|| "needs both of `transform` and `local_coordinate_system`, or neither".to_owned())
}

fn wavelengths_of_a_filter(filter: &Members) -> Option<String> {
    let several = ["Multiband", "Multi notch"].contains(&text(filter, "filter_type")?);
    let listed = filter.get("center_wavelength").is_some_and(Value::is_array);
    match (several, listed) {
        (true, false) => Some("needs a list as `center_wavelength` for its type".to_owned()),
        (false, true) => Some("needs one `center_wavelength` for its type".to_owned()),
        _ => None,
    }
}

fn year_of_the_date(subject: &Members) -> Option<String> {
    let born: i32 = subject.get("date_of_birth")?.as_str()?.get(..4)?.parse().ok()?;
    let year = subject.get("year_of_birth")?.as_f64()?;
    (f64::from(born).total_cmp(&year).is_ne())
        .then(|| "has another year in `date_of_birth` than `year_of_birth`".to_owned())
}

fn assets_of_a_metric(metric: &Members) -> Option<String> {
    let several = text(metric, "stage") == Some("Multi-asset");
    match (several, something(metric, "evaluated_assets")) {
        (true, false) => Some("needs `evaluated_assets` for its stage".to_owned()),
        (false, true) => Some("has `evaluated_assets`, though its stage is of one asset".to_owned()),
        _ => None,
    }
}

fn axis_order(order: &Value, _: &Members) -> Option<String> {
    let order = order.as_str()?;
    let known = !order.is_empty() && order.chars().all(|axis| "xyzXYZ".contains(axis));
    (!known).then(|| format!("is \"{order}\", it must be of the letters x, y and z"))
}

/// Sorting makes a list of letters of a text, and of the keys of an object.
fn sorted(value: &Value) -> Option<Result<(), String>> {
    (value.is_string() || value.is_object()).then_some(Ok(()))
}

/// The same, where letters and keys do not pass.
fn nothing_sorted(value: &Value) -> Option<Result<(), String>> {
    (*value == "" || *value == json!({})).then_some(Ok(()))
}

fn each_metric_has_a_status(control: &Members) -> Option<String> {
    let metric =
        list(control, "metrics").iter().find(|metric| elements(metric.get("status_history")).is_empty())?;
    Some(format!("has a metric \"{}\" without a status", name(metric).unwrap_or_default()))
}
