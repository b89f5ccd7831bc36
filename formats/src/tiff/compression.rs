use std::fmt;

/// How strips and tiles are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Zstd,
}

impl Compression {
    /// From the tag of that name, or what is not supported.
    pub(super) fn of(code: u64) -> Result<Self, String> {
        Ok(match code {
            1 => Self::None,
            5 => Self::Lzw,
            8 | 32946 => Self::Deflate,
            32773 => Self::PackBits,
            50000 => Self::Zstd,
            2..=4 => return Err("a fax code".to_owned()),
            6 | 7 | 33007 | 34892 => return Err("JPEG".to_owned()),
            33003 | 33005 | 34712 => return Err("JPEG 2000".to_owned()),
            34887 => return Err("LERC".to_owned()),
            34925 => return Err("LZMA".to_owned()),
            22610 | 34934 | 50002 => return Err("JPEG XR or XL".to_owned()),
            50001 => return Err("WebP".to_owned()),
            other => return Err(format!("method {other}")),
        })
    }

    /// The most bytes that can come out of so many stored ones: what bounds the memory that a file can ask for.
    ///
    /// Deflate: 258 bytes for two codes of one bit. LZW: the longest strings for codes of 12 bits. `PackBits`: 128 bytes for two.
    /// Zstandard: a block of 128 KiB for four bytes, here twice that.
    pub(super) fn most(self, stored: u64) -> u64 {
        let ratio = match self {
            Self::None => 1,
            Self::Lzw => 2600,
            Self::Deflate => 1100,
            Self::PackBits => 64,
            Self::Zstd => 1 << 16,
        };
        stored.saturating_mul(ratio)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Lzw => "LZW",
            Self::Deflate => "Deflate",
            Self::PackBits => "PackBits",
            Self::Zstd => "Zstandard",
        })
    }
}
