//! Numbers to numbers and numbers to bytes; no file in sight.

mod crc;
mod deflate;
pub mod lsb;
pub mod wavpack;

pub use crc::{Crc64Digest, crc32, crc32_combine, crc64, crc64_combine};
pub use deflate::{Deflater, HISTORY};
