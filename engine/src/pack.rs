use adt_codec::{
    FrameError,
    blosc::{self, Settings},
    wavpack::{self, Level},
    zstd,
};
use adt_formats::zarr::{BloscCodec, Compressor, Shuffle};
use adt_model::{Class, Fault};

/// Compresses chunks of one array, and proves each by undoing it. Keeps its tables; one for each thread.
pub(crate) struct Packer {
    codec: Codec,
    /// The samples as bytes, where the codec wants them so.
    bytes: Vec<u8>,
    /// What comes back.
    back: Vec<u8>,
}

#[expect(clippy::large_enum_variant, reason = "there is one for each thread")]
enum Codec {
    Stored,
    Wavpack(Level),
    Blosc(blosc::Encoder, blosc::Decoder),
    Zstd(zstd::Encoder, zstd::Decoder),
}

impl Packer {
    /// For arrays compressed so, of items of so many bytes.
    pub(crate) fn new(compressor: Option<&Compressor>, typesize: u8) -> Result<Self, Fault> {
        let codec = match compressor {
            None => Codec::Stored,
            Some(Compressor::Wavpack(wavpack)) => {
                Level::new(wavpack.level).map(Codec::Wavpack).ok_or_else(|| {
                    Fault::new(Class::BadInput, format!("WavPack has no level {}", wavpack.level))
                        .help("1 to 4")
                })?
            }
            Some(Compressor::Blosc(config)) => {
                let settings = Settings {
                    compressor: inside(config.cname)?,
                    shuffle: moved(config.shuffle),
                    level: config.clevel,
                    typesize,
                    block: config.blocksize as usize,
                };
                Codec::Blosc(blosc::Encoder::new(settings), blosc::Decoder::new())
            }
            Some(Compressor::Zstd(level)) => Codec::Zstd(zstd::Encoder::new(*level), zstd::Decoder::new()),
            Some(other) => {
                return Err(Fault::new(
                    Class::BadInput,
                    format!("nothing is compressed by `{}` here", other.id()),
                ));
            }
        };
        Ok(Self { codec, bytes: Vec::new(), back: Vec::new() })
    }

    /// Appends the compressed chunk of whole frames to `packed`. `spare` is used again; what it holds means nothing afterwards.
    ///
    /// A chunk that does not come back as it was is a bug, and is not used.
    pub(crate) fn samples(
        &mut self,
        samples: &[i16],
        columns: usize,
        spare: &mut Vec<i16>,
        packed: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        if let Codec::Wavpack(level) = self.codec {
            wavpack::encode(samples, columns, level, packed).map_err(|e| unproven("WavPack").because(e))?;
            spare.resize(samples.len(), 0);
            wavpack::decode_into(packed, spare).map_err(|e| unproven("WavPack").because(e))?;
            return if spare == samples { Ok(()) } else { Err(unproven("WavPack")) };
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        let done = self.bytes(&bytes, packed);
        self.bytes = bytes;
        done
    }

    /// The same for a chunk that is bytes already.
    pub(crate) fn bytes(&mut self, bytes: &[u8], packed: &mut Vec<u8>) -> Result<(), Fault> {
        match self.coded(bytes, packed)? {
            back if back == bytes => Ok(()),
            _ => Err(unproven("its codec")),
        }
    }

    /// Appends the compressed chunk to `packed`. What comes back when it is decompressed is the caller's to compare.
    pub(crate) fn coded(&mut self, bytes: &[u8], packed: &mut Vec<u8>) -> Result<&[u8], Fault> {
        let from = packed.len();
        let (name, done) = match &mut self.codec {
            Codec::Stored | Codec::Wavpack(_) => {
                packed.extend_from_slice(bytes);
                self.back.clear();
                self.back.extend_from_slice(&packed[from..]);
                return Ok(&self.back);
            }
            Codec::Blosc(encoder, decoder) => {
                self.back.resize(bytes.len(), 0);
                let done = encoder.encode(bytes, packed);
                ("Blosc", done.and_then(|()| decoder.decode_into(&packed[from..], &mut self.back)))
            }
            Codec::Zstd(encoder, decoder) => {
                self.back.resize(bytes.len(), 0);
                let done = encoder.encode(bytes, packed);
                ("Zstandard", done.and_then(|()| decoder.decode_into(&packed[from..], &mut self.back)))
            }
        };
        match done {
            Err(error @ FrameError::TooLong(_)) => {
                Err(Fault::new(Class::BadInput, "a chunk is too long for the codec").because(error))
            }
            Err(error) => Err(unproven(name).because(error)),
            Ok(()) => Ok(&self.back),
        }
    }
}

pub(crate) fn unproven(codec: &str) -> Fault {
    Fault::new(Class::Bug, format!("a chunk did not come back from {codec} as it was"))
}

fn inside(name: BloscCodec) -> Result<blosc::Compressor, Fault> {
    match name {
        BloscCodec::Zstd => Ok(blosc::Compressor::Zstd),
        BloscCodec::Lz4 => Ok(blosc::Compressor::Lz4),
        _ => Err(Fault::new(Class::BadInput, "Blosc is written with zstd or lz4 only")),
    }
}

fn moved(shuffle: Shuffle) -> blosc::Shuffle {
    match shuffle {
        Shuffle::Auto => blosc::Shuffle::Auto,
        Shuffle::None => blosc::Shuffle::None,
        Shuffle::Byte => blosc::Shuffle::Byte,
        Shuffle::Bit => blosc::Shuffle::Bit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_formats::zarr::{Blosc, Wavpack};
    use rstest::rstest;

    #[rstest]
    #[case::stored(None)]
    #[case::wavpack(Some(Compressor::Wavpack(Wavpack::lossless(3))))]
    #[case::blosc(Some(Compressor::Blosc(Blosc::original())))]
    #[case::lz4(Some(Compressor::Blosc(Blosc::default())))]
    #[case::zstd(Some(Compressor::Zstd(3)))]
    fn every_codec_proves_its_chunks(#[case] compressor: Option<Compressor>) {
        let samples: Vec<i16> = (0..4000).map(|n: i16| n % 7 * 12).collect();
        let mut packer = Packer::new(compressor.as_ref(), 2).unwrap();
        for _ in 0..2 {
            let (mut spare, mut packed) = (Vec::new(), Vec::new());
            packer.samples(&samples, 4, &mut spare, &mut packed).unwrap();
            assert!(packed.len() <= 8000 && !packed.is_empty());
        }
    }

    #[rstest]
    #[case(Compressor::Wavpack(Wavpack::lossless(5)))]
    #[case(Compressor::Other("gzip".into(), serde_json::Map::new()))]
    fn what_cannot_be_written_is_refused(#[case] compressor: Compressor) {
        assert!(Packer::new(Some(&compressor), 2).is_err());
    }
}
