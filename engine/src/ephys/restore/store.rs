use std::sync::Arc;

use adt_codec::lsb::exact::Codes;
use adt_formats::ephys_store::{Columns, FrameArray, Source, Stored, StoredSamples};
use adt_formats::session_files;
use adt_formats::zarr::{Dtype, SmallArray, Values};
use adt_model::{Class, Fault, Key, Rules};
use adt_store::Place;

/// Samples that are converted at once.
const STRIPE: usize = 1 << 16;

/// A store that can be made into recordings again.
#[derive(Clone)]
pub(super) struct Store {
    /// As a person finds it.
    pub name: String,
    pub place: Place,
    pub stored: Arc<Stored>,
    pub columns: Arc<Columns>,
    pub back: Arc<Back>,
}

/// How samples come back from what the traces hold.
pub(super) enum Back {
    Raw,
    Codes(Codes, usize),
    Corrected { step: i16, offsets: Vec<i16> },
}

impl Store {
    /// Refuses, with the reason, stores from which the files do not come back byte for byte.
    pub(super) fn new(name: String, place: Place, stored: Stored) -> Result<Self, Fault> {
        let about = stored.description();
        let Some(record) = stored.record() else {
            let what = format!(
                "`{name}` was written by another program: it has neither the SYNC columns nor the checksums of its files, \
                 so they cannot be restored byte for byte"
            );
            return Err(
                Fault::new(Class::BadInput, what).help("its traces can be loaded with spikeinterface")
            );
        };
        let channels = about.channel_ids.len();
        let back = back(&name, &StoredSamples::of(record)?, channels)?;
        for array in stored.segments().iter().flat_map(|arrays| [Some(&arrays.traces), arrays.sync.as_ref()])
        {
            array.map_or(Ok(()), |array| usable(&name, array))?;
        }
        let plain = || Columns { traces: (0..channels).collect(), sync: Vec::new(), left_out: Vec::new() };
        let columns = about.columns.clone().unwrap_or_else(plain);
        Ok(Self { name, place, columns: Arc::new(columns), back: Arc::new(back), stored: Arc::new(stored) })
    }

    /// Why its recordings cannot be restored, where columns of them were not stored.
    pub(super) fn left_out(&self) -> Option<String> {
        let first = self.columns.left_out.first()?;
        let (left, of) = (self.columns.left_out.len(), self.columns.count());
        let channels = if left == 1 { "channel was" } else { "channels were" };
        Some(format!(
            "the recordings of `{}`: {left} of {of} {channels} not chosen by `channels` (first `{}`)",
            self.name, first.name
        ))
    }

    /// Whether it was made with a list of all files of its session.
    pub(super) fn has_list(&self) -> bool {
        self.stored.record().is_some_and(|record| record.more.contains_key(session_files::MARK))
    }

    pub(super) fn sources(&self) -> &[Source] {
        self.stored.record().map_or(&[], |record| &record.sources)
    }

    /// What each chunk of an array of the segment `k` is held against; nothing where nobody noted it.
    pub(super) fn sums(&self, array: &str, k: usize, chunks: u64) -> Result<Option<&[i64]>, Fault> {
        let name = format!("checksums_{array}_seg{k}");
        match self.stored.description().tables.get(&name).map(SmallArray::values) {
            None => Ok(None),
            Some(Values::Integers(sums)) if sums.len() as u64 == chunks => Ok(Some(sums)),
            Some(_) => {
                let what =
                    format!("`{}`, segment {k}: `adt/{name}` is no table of {chunks} checksums", self.name);
                Err(Fault::new(Class::Corrupt, what))
            }
        }
    }
}

/// Whole rows of 16-bit samples, as this program writes them.
fn usable(name: &str, array: &FrameArray) -> Result<(), Fault> {
    let whole = array.meta().chunks().get(1).is_none_or(|columns| *columns == array.columns());
    if whole && array.meta().dtype() == Dtype::I16 {
        return Ok(());
    }
    let what = format!("`{name}`: `{}` is not cut into whole frames of 16-bit samples", array.path());
    Err(Fault::new(Class::Corrupt, what))
}

fn back(name: &str, samples: &StoredSamples, channels: usize) -> Result<Back, Fault> {
    match samples {
        StoredSamples::Raw { .. } => Ok(Back::Raw),
        StoredSamples::Codes(step) => {
            let wrong = |error| {
                Fault::new(Class::Corrupt, format!("`{name}`: cannot use its table of codes")).because(error)
            };
            Ok(Back::Codes(Codes::new(channels, step).map_err(wrong)?, channels))
        }
        StoredSamples::Corrected { lost, .. } if *lost > 0 => {
            let what = format!(
                "`{name}` is lossy: it was written with `--lsb spikeinterface`, and {lost} of its samples do not come back"
            );
            Err(Fault::new(Class::BadInput, what)
                .help("nothing can be done any more; `--lsb exact` loses nothing"))
        }
        StoredSamples::Corrected { step, offsets, .. } if offsets.len() == channels => {
            Ok(Back::Corrected { step: *step, offsets: offsets.clone() })
        }
        StoredSamples::Corrected { offsets, .. } => {
            let what = format!("`{name}` names {} offsets for {channels} channels", offsets.len());
            Err(Fault::new(Class::Corrupt, what))
        }
    }
}

impl Back {
    /// Makes samples of whole frames of traces, in place.
    pub(super) fn restore(&self, frames: &mut [i16]) -> Result<(), Fault> {
        match self {
            Self::Raw => Ok(()),
            Self::Codes(codes, width) => {
                let rows = (STRIPE / width).max(1) * width;
                let mut spare = Vec::with_capacity(rows);
                for some in frames.chunks_mut(rows) {
                    spare.clear();
                    spare.extend_from_slice(some);
                    let wrong = |error| {
                        Fault::new(Class::Corrupt, "a chunk holds a code that was never written")
                            .because(error)
                    };
                    codes.decode(&spare, some).map_err(wrong)?;
                }
                Ok(())
            }
            Self::Corrected { step, offsets } => {
                for frame in frames.chunks_exact_mut(offsets.len()) {
                    for (sample, offset) in frame.iter_mut().zip(offsets) {
                        *sample = sample.wrapping_mul(*step).wrapping_sub(*offset);
                    }
                }
                Ok(())
            }
        }
    }
}

/// Where a file goes, below the session's folder.
pub(super) fn target(store: &str, source: &Source) -> Result<Key, Fault> {
    inside(store, &source.path)
}

/// The same for a path that `by` names.
pub(super) fn inside(by: &str, path: &str) -> Result<Key, Fault> {
    let wrong =
        || Fault::new(Class::Corrupt, format!("`{by}` names the file `{path}`, which is none of a session"));
    let key = Key::parse(path).map_err(|error| wrong().because(error))?;
    // It is said before anything is read, and for buckets too: what was recorded on this kind of system has names that it keeps.
    Rules::here().parts(key.as_str()).map_err(|error| wrong().because(error))?;
    Ok(key)
}

/// What followed the last whole frame.
pub(super) fn tail(source: &Source) -> Option<Vec<u8>> {
    let digits = source.tail.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    digits.as_chunks().0.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, tail: &str) -> Source {
        Source { path: path.into(), bytes: 0, sha256: String::new(), tail: tail.into() }
    }

    #[test]
    fn files_stay_below_the_session() {
        for wrong in ["../x.dat", "/x.dat", "a/../../x.dat", "a//x.dat", "", "./x.dat"] {
            assert_eq!(target("s", &source(wrong, "")).unwrap_err().class(), Class::Corrupt, "{wrong}");
        }
        assert_eq!(target("s", &source("a/continuous.dat", "")).unwrap().as_str(), "a/continuous.dat");
    }

    #[test]
    fn tails_are_hexadecimal() {
        assert_eq!(tail(&source("", "00ff7A")), Some(vec![0, 255, 122]));
        assert_eq!(tail(&source("", "")), Some(vec![]));
        for wrong in ["0", "0g", "é"] {
            assert_eq!(tail(&source("", wrong)), None);
        }
    }

    #[test]
    fn corrected_samples_are_undone() {
        let mut frames = [2, -3, 0, 1];
        Back::Corrected { step: 12, offsets: vec![5, -7] }.restore(&mut frames).unwrap();
        assert_eq!(frames, [19, -29, -5, 19]);
    }
}
