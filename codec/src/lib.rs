//! Numbers to numbers and numbers to bytes; no file in sight.

pub mod background;
pub mod blosc;
mod crc;
mod deflate;
pub mod downscale;
mod frame;
mod intensities;
pub mod lsb;
pub mod lz4;
mod projection;
mod sha256;
pub mod wavpack;
pub mod zstd;

pub use blosc::unshuffle;
pub use crc::{
    Crc32cDigest, Crc64Digest, crc32, crc32_combine, crc32c, crc32c_combine, crc64, crc64_combine,
};
pub use deflate::{Deflater, HISTORY};
pub use frame::FrameError;
pub use intensities::Intensities;
pub use projection::Projections;
pub use sha256::Sha256;
