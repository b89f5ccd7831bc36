//! Chunks back into numbers, whatever compressed them.

use std::cell::RefCell;

use adt_codec::{blosc, wavpack, zstd};
use adt_formats::zarr::Compressor;
use adt_model::{Class, Fault};

/// What decoding needs beside the chunk; kept by each thread for the next one.
#[derive(Default)]
struct Decoders {
    blosc: Option<blosc::Decoder>,
    zstd: Option<zstd::Decoder>,
    bytes: Vec<u8>,
    samples: Vec<i16>,
}

thread_local! {
    static DECODERS: RefCell<Decoders> = RefCell::default();
}

/// The bytes of a chunk, exactly `length` of them: what [`Stored::open`](adt_formats::ephys_store::Stored::open) asks for.
///
/// `Corrupt` when the chunk does not hold them; `BadInput` when it is compressed in a way that is not known here.
pub(super) fn unpack(compressor: &Compressor, chunk: &[u8], length: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; length];
    bytes_into(Some(compressor), chunk, &mut bytes)?;
    Ok(bytes)
}

/// The same into a buffer of the length wanted, which holds anything after a fault.
pub(crate) fn bytes_into(
    compressor: Option<&Compressor>,
    chunk: &[u8],
    bytes: &mut [u8],
) -> Result<(), Fault> {
    DECODERS.with_borrow_mut(|decoders| decoders.bytes_into(compressor, chunk, bytes))
}

/// The samples of a chunk, as many as the buffer is long; it holds anything after a fault.
pub(super) fn samples_into(
    compressor: Option<&Compressor>,
    chunk: &[u8],
    samples: &mut [i16],
) -> Result<(), Fault> {
    if let Some(Compressor::Wavpack(_)) = compressor {
        return wavpack::decode_into(chunk, samples).map(drop).map_err(|e| broken().because(e));
    }
    DECODERS.with_borrow_mut(|decoders| {
        let mut bytes = std::mem::take(&mut decoders.bytes);
        bytes.resize(2 * samples.len(), 0);
        let done = decoders.bytes_into(compressor, chunk, &mut bytes);
        for (sample, bytes) in samples.iter_mut().zip(bytes.as_chunks().0) {
            *sample = i16::from_le_bytes(*bytes);
        }
        decoders.bytes = bytes;
        done
    })
}

impl Decoders {
    fn bytes_into(
        &mut self,
        compressor: Option<&Compressor>,
        chunk: &[u8],
        bytes: &mut [u8],
    ) -> Result<(), Fault> {
        match compressor {
            None if chunk.len() == bytes.len() => {
                bytes.copy_from_slice(chunk);
                Ok(())
            }
            None => {
                let what = format!("a chunk of {} bytes ought to have {}", chunk.len(), bytes.len());
                Err(Fault::new(Class::Corrupt, what))
            }
            Some(Compressor::Wavpack(_)) => self.wavpack(chunk, bytes),
            Some(Compressor::Blosc(_)) => {
                let blosc = self.blosc.get_or_insert_with(blosc::Decoder::new);
                blosc.decode_into(chunk, bytes).map_err(|e| broken().because(e))
            }
            Some(Compressor::Zstd(_)) => {
                let zstd = self.zstd.get_or_insert_with(zstd::Decoder::new);
                zstd.decode_into(chunk, bytes).map_err(|e| broken().because(e))
            }
            Some(Compressor::Other(id, _)) => {
                let what = format!("a chunk is compressed by `{id}`, which is not known here");
                Err(Fault::new(Class::BadInput, what).help("WavPack, Blosc (zstd, lz4) and zstd are"))
            }
        }
    }

    fn wavpack(&mut self, chunk: &[u8], bytes: &mut [u8]) -> Result<(), Fault> {
        if !bytes.len().is_multiple_of(2) {
            return Err(Fault::new(Class::Corrupt, "WavPack holds no items of one byte"));
        }
        self.samples.resize(bytes.len() / 2, 0);
        wavpack::decode_into(chunk, &mut self.samples).map_err(|e| broken().because(e))?;
        for (bytes, sample) in bytes.as_chunks_mut().0.iter_mut().zip(&self.samples) {
            *bytes = sample.to_le_bytes();
        }
        Ok(())
    }
}

fn broken() -> Fault {
    Fault::new(Class::Corrupt, "a chunk cannot be decoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_formats::zarr::{Blosc, Wavpack};

    fn packed(compressor: Option<&Compressor>, samples: &[i16]) -> Vec<u8> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut chunk = Vec::new();
        match compressor {
            None => chunk = bytes,
            Some(Compressor::Zstd(level)) => zstd::Encoder::new(*level).encode(&bytes, &mut chunk).unwrap(),
            Some(Compressor::Blosc(_)) => {
                let settings = blosc::Settings {
                    compressor: blosc::Compressor::Lz4,
                    level: 5,
                    shuffle: blosc::Shuffle::Byte,
                    typesize: 2,
                    block: 0,
                };
                blosc::Encoder::new(settings).encode(&bytes, &mut chunk).unwrap();
            }
            Some(_) => wavpack::encode(samples, 4, wavpack::Level::Fast, &mut chunk).unwrap(),
        }
        chunk
    }

    #[test]
    fn every_codec_comes_back_and_damage_is_told() {
        let samples: Vec<i16> = (0..4000).map(|n: i16| n % 7 * 12).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let wavpack = Compressor::Wavpack(Wavpack::lossless(1));
        let codecs =
            [None, Some(Compressor::Zstd(3)), Some(Compressor::Blosc(Blosc::default())), Some(wavpack)];
        for compressor in codecs {
            let chunk = packed(compressor.as_ref(), &samples);
            let (mut back, mut back_bytes) = (vec![9; 4000], vec![9; 8000]);
            samples_into(compressor.as_ref(), &chunk, &mut back).unwrap();
            bytes_into(compressor.as_ref(), &chunk, &mut back_bytes).unwrap();
            assert_eq!((back, back_bytes), (samples.clone(), bytes.clone()), "{compressor:?}");
            let short = samples_into(compressor.as_ref(), &chunk[..chunk.len() / 2], &mut [0; 4000]);
            assert_eq!(short.unwrap_err().class(), Class::Corrupt);
            let long = samples_into(compressor.as_ref(), &chunk, &mut [0; 4004]);
            assert_eq!(long.unwrap_err().class(), Class::Corrupt);
        }
    }

    #[test]
    fn another_compressor_is_named() {
        let other = Compressor::Other("gzip".into(), serde_json::Map::new());
        let fault = unpack(&other, &[], 4).unwrap_err();
        assert!(fault.line().contains("gzip"), "{}", fault.line());
    }
}
