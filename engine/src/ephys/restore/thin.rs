//! Times and sample numbers: nothing is restored from them, and damage in them is told all the same.

use adt_codec::crc64;
use adt_formats::ephys_store::FrameArray;
use adt_model::{Class, Fault};

use super::{
    ahead::{Ahead, Reader, Window},
    damage::Damage,
    store::Store,
};
use crate::{delivery::off_the_reactor, ephys::unpack::bytes_into};

/// Chunks ahead; each is some megabytes.
const AHEAD: usize = 3;

/// Holds every chunk of the times and sample numbers of a segment against its checksum.
pub(super) async fn check(store: &Store, segment: usize, reader: &Reader) -> Result<(), Fault> {
    let arrays = &store.stored.segments()[segment];
    let thin = [("times", arrays.times.as_ref()), ("sample_numbers", arrays.sample_numbers.as_ref())];
    let mut damage = Damage::default();
    for (name, array) in thin {
        let Some(array) = array else { continue };
        let sums = store.sums(name, segment, array.meta().chunk_count())?.map(<[i64]>::to_vec);
        let mut chunks = sums_of(array, reader);
        damage = off_the_reactor(move || {
            let mut number = 0;
            while let Some(read) = chunks.next() {
                let wanted = sums.as_ref().and_then(|sums| sums.get(number));
                let fault = match read.made {
                    Ok(sum) if wanted.is_some_and(|wanted| wanted.cast_unsigned() != sum) => Some(
                        Fault::new(Class::Corrupt, "its values are not those that were recorded (CRC-64)"),
                    ),
                    made => made.err(),
                };
                fault.map_or(Ok(()), |fault| damage.add(&read.chunk.key, fault))?;
                number += 1;
            }
            Ok(damage)
        })
        .await?;
    }
    damage.end(&store.name, segment)
}

/// Decodes every chunk of the traces of a segment whose columns are not all there, so that they cannot be compared with its recording.
pub(super) async fn decode(store: &Store, segment: usize, reader: &Reader) -> Result<(), Fault> {
    let array = &store.stored.segments()[segment].traces;
    let mut chunks = sums_of(array, reader);
    let damage = off_the_reactor(move || {
        let mut damage = Damage::default();
        while let Some(read) = chunks.next() {
            read.made.map(drop).or_else(|fault| damage.add(&read.chunk.key, fault))?;
        }
        Ok(damage)
    })
    .await?;
    damage.end(&store.name, segment)
}

/// The CRC-64 of each chunk's values, without what pads the last one.
fn sums_of(array: &FrameArray, reader: &Reader) -> Ahead<u64> {
    let meta = array.meta().clone();
    let window = Window { chunks: AHEAD, account: None };
    Ahead::start(reader.clone(), array.clone(), window, move |chunk, object| {
        let (mut bytes, mut values) = (vec![0; meta.chunk_bytes()], Vec::new());
        bytes_into(meta.compressor(), object, &mut bytes)?;
        meta.crop(&chunk.region, &bytes, &mut values).map_err(|error| error.of(chunk.key.as_str()))?;
        Ok(crc64(&values))
    })
}
