//! What is written here is read back by the tools people use.

mod zip;
