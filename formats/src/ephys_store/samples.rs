use adt_codec::lsb::exact::{Column, Exception, Step};
use adt_model::{Class, Fault};
use serde::{Deserialize, Serialize};

use super::Record;

/// The attribute of [`Record::more`] that says it.
const KEY: &str = "lsb";

/// How samples of the source are had from what the traces hold.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredSamples {
    /// The traces are the samples.
    Raw {
        /// Why they were not stored otherwise, where that was wanted.
        why: Option<String>,
    },
    /// The traces are codes of the converter's step; all samples come back from them.
    Codes(Step),
    /// The traces are what spikeinterface's `correct_lsb` makes of the samples.
    Corrected {
        /// Counts of a step.
        step: i16,
        /// For each channel what was added before the division.
        offsets: Vec<i16>,
        /// Samples that do not come back from `trace * step - offset`.
        lost: u64,
    },
}

impl StoredSamples {
    /// Notes it in a record.
    pub fn note(&self, record: &mut Record) {
        let note = match self {
            Self::Raw { why } => Note::Raw { why: why.clone() },
            Self::Codes(step) => Note::Exact {
                formula: FORMULA.to_owned(),
                counts: step.counts,
                columns: step.columns.iter().map(Into::into).collect(),
            },
            Self::Corrected { step, offsets, lost } => {
                Note::Spikeinterface { step: *step, offsets: offsets.clone(), lost: *lost }
            }
        };
        let note = serde_json::to_value(note).expect("numbers, texts and lists");
        record.more.insert(KEY.to_owned(), note);
    }

    /// What a record says of it; nothing means raw.
    pub fn of(record: &Record) -> Result<Self, Fault> {
        let Some(note) = record.more.get(KEY) else { return Ok(Self::Raw { why: None }) };
        let note: Note = serde_json::from_value(note.clone()).map_err(|error| {
            let what = format!("cannot use the store: its attribute `adt.{KEY}` is not understood");
            Fault::new(Class::Corrupt, what).because(error)
        })?;
        Ok(match note {
            Note::Raw { why } => Self::Raw { why },
            Note::Exact { counts, columns, .. } => {
                Self::Codes(Step { counts, columns: columns.into_iter().map(Into::into).collect() })
            }
            Note::Spikeinterface { step, offsets, lost } => Self::Corrected { step, offsets, lost },
        })
    }
}

/// For whoever reads the attribute without this program.
const FORMULA: &str =
    "sample = numpy.rint(counts * code + zero), but for the exceptions [code, sample] of a column";

#[derive(Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
enum Note {
    Raw {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    Exact {
        formula: String,
        counts: f64,
        columns: Vec<ColumnNote>,
    },
    Spikeinterface {
        step: i16,
        offsets: Vec<i16>,
        lost: u64,
    },
}

#[derive(Serialize, Deserialize)]
struct ColumnNote {
    column: usize,
    zero: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exceptions: Vec<(i16, i16)>,
}

impl From<&Column> for ColumnNote {
    fn from(column: &Column) -> Self {
        let exceptions = column.exceptions.iter().map(|exception| (exception.code, exception.sample));
        Self { column: column.column, zero: column.zero, exceptions: exceptions.collect() }
    }
}

impl From<ColumnNote> for Column {
    fn from(note: ColumnNote) -> Self {
        let exceptions = note.exceptions.into_iter().map(|(code, sample)| Exception { code, sample });
        Self { column: note.column, zero: note.zero, exceptions: exceptions.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Map, Value};

    #[rstest]
    #[case::raw(StoredSamples::Raw { why: None })]
    #[case::refused(StoredSamples::Raw { why: Some("too few distinct values".into()) })]
    #[case::codes(StoredSamples::Codes(Step {
        counts: 12.019_230_769,
        columns: vec![
            Column { column: 0, zero: -3.5, exceptions: Vec::new() },
            Column { column: 2, zero: 7.0, exceptions: vec![Exception { code: 3, sample: 40 }] },
        ],
    }))]
    #[case::corrected(StoredSamples::Corrected { step: 3, offsets: vec![1, -2], lost: 9 })]
    fn what_is_noted_is_read_again(#[case] samples: StoredSamples) {
        let mut record = Record { program: String::new(), sources: Vec::new(), more: Map::new() };
        samples.note(&mut record);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(StoredSamples::of(&serde_json::from_str(&text).unwrap()).unwrap(), samples);
    }

    #[test]
    fn what_is_not_understood_is_no_raw_store() {
        let more = Map::from_iter([(KEY.to_owned(), Value::from("later"))]);
        let record = Record { program: String::new(), sources: Vec::new(), more };
        assert_eq!(StoredSamples::of(&record).unwrap_err().class(), Class::Corrupt);
    }
}
