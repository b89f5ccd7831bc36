//! Numbers to numbers and numbers to bytes; no file in sight.

pub mod blosc;
mod crc;
mod deflate;
mod frame;
pub mod lsb;
pub mod lz4;
mod sha256;
pub mod wavpack;
pub mod zstd;

pub use crc::{Crc64Digest, crc32, crc32_combine, crc64, crc64_combine};
pub use deflate::{Deflater, HISTORY};
pub use frame::FrameError;
pub use sha256::Sha256;
