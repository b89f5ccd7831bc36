//! Recordings of SpikeGLX: what is in them. Samples are read as those of Open Ephys are: frames of little-endian `i16`.
//!
//! ```text
//! run_g0/run_g0_t0.nidq.{bin,meta}               NI-DAQ device
//!        run_g0_t0.obx0.obx.{bin,meta}           inputs of a OneBox
//!        run_g0_t0.imec0.ap.{bin,meta}           spike band of a probe; in a folder `run_g0_imec0` of its own, if set so
//!        run_g0_t0.imec0.lf.{bin,meta}           low band
//! ```
//!
//! Files are found by their names, wherever they are below the folder. A run is an experiment; its gates (`_g0`) and triggers (`_t0`) are
//! segments, in that order, as neo and spikeinterface have it. Files that CatGT joined (`_tcat`) are an experiment of their own.

mod columns;
mod gains;
mod imro;
mod meta;
mod name;
mod pair;
mod probe;
mod session;
mod survey;
#[cfg(test)]
mod tests;

pub(crate) use survey::Survey;

/// Whether a file of this name holds samples.
pub(crate) fn holds_samples(file_name: &str) -> bool {
    file_name.strip_suffix(".bin").is_some_and(|stem| name::Name::parse(stem).is_some())
}
