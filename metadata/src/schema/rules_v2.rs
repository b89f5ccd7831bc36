//! What aind-data-schema 2.x checks in Python only: followed for the documents made here and for what names an animal. What it
//! checks about devices, coordinates and procedures is not.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::rules::{Rule, elements, list, name};

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
    ("BrainInjection.check_lengths", Rule::NotFollowed),
    ("BreedingInfo.warn_breeding_group_deprecated", Rule::Before(|_| Some(Ok(())))),
    ("CalibrationFit.validate_fit_type", Rule::NotFollowed),
    ("Code._ensure_commit_hash_or_version", WARNS),
    ("CoordinateSystem.warn_depth_axis", WARNS),
    ("Craniotomy.check_position", Rule::NotFollowed),
    ("Craniotomy.check_system_if_position", Rule::NotFollowed),
    ("Craniotomy.validate_size", Rule::NotFollowed),
    ("DAQChannel.deprecated_channel_index", WARNS),
    ("DataAsset.validate_name", Rule::NotFollowed),
    ("DataCoreModel.coordinate_system_validator", Rule::NotFollowed),
    ("DataDescription.build_name", MENDS),
    ("DataDescription.source_data_when_raw", Rule::Object(raw_has_no_source)),
    ("DataDescription.subject_id_when_raw", Rule::Object(raw_has_a_subject)),
    ("DataModel.unit_validator", Rule::NotFollowed),
    ("DataProcess.fill_default_name", MENDS),
    ("DataProcess.validate_generic_processtype", Rule::Object(other_process_is_named)),
    ("DataStream.check_connections", Rule::NotFollowed),
    ("DataStream.check_modality_config_requirements", Rule::NotFollowed),
    ("Detector.validate_other", Rule::NotFollowed),
    ("Device.validate_manufacturer_notes", Rule::NotFollowed),
    ("DevicePosition.migrate_coordinate_system", MENDS),
    ("DevicePosition.validate_transform_and_cs", Rule::NotFollowed),
    ("Filter.validate_multi_filters", Rule::NotFollowed),
    ("HarpDevice.validate_other", Rule::NotFollowed),
    // It compares with a thing of Python that no JSON equals.
    (
        "HumanSubject.validate_species_is_human",
        Rule::Object(|_| Some("must be left out: the schema has only its own".to_owned())),
    ),
    ("ImagingConfig.check_image_channels", Rule::NotFollowed),
    ("ImagingConfig.migrate_coordinate_system", MENDS),
    ("ImagingConfig.require_cs_images", Rule::NotFollowed),
    ("InjectionDynamics.check_volume_or_current", Rule::NotFollowed),
    ("Instrument.migrate_coordinate_system", MENDS),
    ("Instrument.validate_cameras_other", Rule::NotFollowed),
    ("Instrument.validate_connections", Rule::NotFollowed),
    ("Instrument.validate_modalities", MENDS),
    ("Instrument.validate_modality_device_dependencies", Rule::NotFollowed),
    ("Instrument.validate_unique_component_names", WARNS),
    ("LickSpoutConfig.migrate_coordinate_system", MENDS),
    ("LickSpoutConfig.validate_other", Rule::NotFollowed),
    ("MRIScan.validate_non_setup", Rule::NotFollowed),
    ("MRIScan.validate_other", Rule::NotFollowed),
    ("ManipulatorConfig.migrate_coordinate_system", MENDS),
    ("Monitor.add_units_if_needed", MENDS),
    // It compares by identity, which no value read from JSON has.
    ("MouseSubject.validate_inhouse_breeding_info", Rule::Idle),
    ("MouseSubject.validate_species_strain", Rule::Object(strain_of_the_species)),
    ("NonHumanPrimateSubject.validate_date_year_consistency", Rule::NotFollowed),
    ("Objective.validate_other", Rule::NotFollowed),
    ("Perfusion.validate_output_specimen_ids", MENDS),
    ("PlanarImage.limit_plane_to_one", Rule::NotFollowed),
    ("PlanarSection.check_one_of_end_thickness", Rule::NotFollowed),
    ("PlanarSectioning.migrate_coordinate_system", MENDS),
    ("ProbeConfig.migrate_coordinate_system", MENDS),
    ("Procedures.migrate_coordinate_system", MENDS),
    ("Procedures.reject_injections", WARNS),
    ("Procedures.validate_subject_specimen_ids", Rule::Object(specimens_of_the_subject)),
    ("Processing.order_processes", MENDS),
    ("Processing.validate_pipeline_names", Rule::Object(pipelines_are_known)),
    ("Processing.validate_process_graph", Rule::Object(graph_names_each_process)),
    ("QCMetric.fix_tag_lists", Rule::NotFollowed),
    ("QCMetric.validate_multi_asset", Rule::NotFollowed),
    ("QualityControl.compute_status", Rule::NotFollowed),
    ("QualityControl.fix_default_grouping_list", Rule::NotFollowed),
    ("Rotation.validate_axis_order", Rule::NotFollowed),
    ("Section.deprecated_coordinate_fields", Rule::NotFollowed),
    ("SpecimenProcedure.validate_procedure_type", Rule::NotFollowed),
    ("Surgery.migrate_coordinate_system", MENDS),
    ("_GenericModel.validate_fieldnames", WARNS),
];

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// One text or a list of them.
fn texts(value: Option<&Value>) -> Vec<&str> {
    let one = value.and_then(Value::as_str);
    one.into_iter().chain(elements(value).iter().filter_map(Value::as_str)).collect()
}

fn specimen_of_the_subject(acquisition: &Map<String, Value>) -> Option<String> {
    let subject = text(acquisition, "subject_id")?;
    stranger(subject, &texts(acquisition.get("specimen_id")))
}

fn specimens_of_the_subject(procedures: &Map<String, Value>) -> Option<String> {
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

fn instrument_for_streams(acquisition: &Map<String, Value>) -> Option<String> {
    let streams = list(acquisition, "data_streams").iter().any(is_data_stream);
    (streams && text(acquisition, "instrument_id").is_none()).then(|| "needs `instrument_id`".to_owned())
}

fn specimen_for_imaging(acquisition: &Map<String, Value>) -> Option<String> {
    /// Modalities of tissue rather than of living animals.
    const TISSUE: [&str; 2] = ["SPIM", "confocal"];
    let streams = list(acquisition, "data_streams");
    let modalities = streams.iter().flat_map(|stream| elements(stream.get("modalities")));
    let mut short = modalities.filter_map(|modality| modality.get("abbreviation")?.as_str());
    let modality = short.find(|short| TISSUE.contains(short))?;
    texts(acquisition.get("specimen_id")).is_empty().then(|| format!("needs `specimen_id` for {modality}"))
}

fn is_raw(description: &Map<String, Value>) -> bool {
    text(description, "data_level") == Some("raw")
}

fn raw_has_a_subject(description: &Map<String, Value>) -> Option<String> {
    let nobody = description.get("subject_id").is_none_or(Value::is_null);
    (is_raw(description) && nobody).then(|| "needs `subject_id` for raw data".to_owned())
}

fn raw_has_no_source(description: &Map<String, Value>) -> Option<String> {
    let source = description.get("source_data").is_some_and(|source| !source.is_null());
    (is_raw(description) && source).then(|| "has `source_data`, though the data is raw".to_owned())
}

fn strain_of_the_species(subject: &Map<String, Value>) -> Option<String> {
    let strain = subject.get("strain")?.get("species")?;
    let species = subject.get("species").and_then(|species| species.get("name"));
    (species != Some(strain)).then(|| "has a strain of another species".to_owned())
}

fn other_process_is_named(process: &Map<String, Value>) -> Option<String> {
    let kind = text(process, "process_type").filter(|kind| ["Other", "Analysis"].contains(kind))?;
    let named = ["name", "notes"].iter().any(|key| text(process, key).is_some());
    (!named).then(|| format!("needs `name` or `notes`, since its type is {kind}"))
}

fn pipelines_are_known(processing: &Map<String, Value>) -> Option<String> {
    let known: Vec<_> = list(processing, "pipelines").iter().filter_map(name).collect();
    let mut used = list(processing, "data_processes")
        .iter()
        .filter_map(|process| text(process.as_object()?, "pipeline_name"));
    let unknown = used.find(|pipeline| !known.contains(pipeline))?;
    Some(format!("uses pipeline \"{unknown}\", which is not among `pipelines`"))
}

fn graph_names_each_process(processing: &Map<String, Value>) -> Option<String> {
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
