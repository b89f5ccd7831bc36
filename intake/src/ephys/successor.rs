//! The keys of `aind-ephys-transformation`, the original's successor: each is understood, or answered with what replaces it.

use crate::{
    configs::{Keys, value},
    draft::Wrong,
    field,
    json::Node,
};

const CHRONIC: &str = "it belongs to the reader `chronic`; raw files of ONIX are not read: send the folder with `compress_raw_data: false`";

/// Keys of the successor that the original does not have.
pub(super) fn keys(keys: &mut Keys) {
    keys.read("reader_name", reader);
    keys.read("random_seed", seed);
    keys.without_effect("input_source", "the job list or the command names the source");
    keys.without_effect("output_directory", "the job list or the command names the destination");
    keys.without_effect(
        "s3_location",
        "the job list or the command names the destination, which may be in a bucket",
    );
    for name in [
        "chronic_chunks_to_compress",
        "chronic_use_sample_metadata",
        "chronic_start_flag",
        "check_chronic_consecutive_hours",
        "hour_interval_tolerance",
    ] {
        keys.without_effect(name, CHRONIC);
    }
}

/// What the folder holds decides how it is read; other programs' names for it are understood.
pub(super) fn reader(node: &Node) -> Result<(), Wrong> {
    let text = value::scalar(node);
    match field::clean(&text).replace('_', "").as_str() {
        "openephys" | "openephysbinary" | "spikeglx" => Ok(()),
        "chronic" => Err(Wrong::new(
            "raw files of ONIX are not read",
            "record them with the Open Ephys GUI, or send the folder with `compress_raw_data: false`",
        )),
        _ => Err(Wrong::new("not known", "`openephys`, `openephysbinary` or `spikeglx`")),
    }
}

/// Where `lsb: spikeinterface` looks for the step is drawn with seed 0, as the successor does unless it is asked otherwise.
fn seed(node: &Node) -> Result<(), Wrong> {
    match value::whole(node, 0..=0) {
        Ok(_) => Ok(()),
        Err(_) => Err(Wrong::new(
            "another seed is not used",
            "0, or leave it out; `lsb: exact` looks at every sample and draws none",
        )),
    }
}
