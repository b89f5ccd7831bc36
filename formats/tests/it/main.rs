//! What is written here is read back by the tools people use, and what they wrote is read here.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod decrypt;
mod encrypted;
mod ephys_store;
mod ephys_store_oracle;
mod fuzz;
mod imaris;
mod n5;
mod ome;
mod ome_oracle;
mod open_ephys;
mod open_ephys_clipped;
mod open_ephys_converters;
mod open_ephys_oracle;
mod open_ephys_times;
mod planes;
mod tiff;
mod zarr;
mod zip;
