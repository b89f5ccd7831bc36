//! The first row: which column says what.

use std::fmt;

use adt_model::{Origin, Problem, ProblemKind};

use super::table::{QuoteFault, Record};
use crate::{
    draft::{Written, Wrong},
    encoding::SAVE_AS_UTF8,
    field::{self, Field, Part, REQUIRED},
    later,
};

/// `modality`, the old single form, or `modality<N>` with N as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(String);

impl Slot {
    pub(super) fn is_single(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "modality{}", self.0)
    }
}

/// What a column says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Job(Field),
    /// `modality0`, `modality0.source`, …
    Of(Slot, Part),
    /// `source`, `skip_staging`, … without a modality in front.
    Plain(Part),
}

impl Column {
    fn named(clean: &str) -> Option<Self> {
        if let Some(field) = Field::named(clean) {
            return Some(Self::Job(field));
        }
        if let Some(rest) = clean.strip_prefix("modality") {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let slot = Slot(rest[..digits].to_owned());
            let part = match rest[digits..].strip_prefix('.') {
                Some(part) => Part::named(part).filter(|part| *part != Part::Modality)?,
                None if digits == rest.len() => Part::Modality,
                None => return None,
            };
            return Some(Self::Of(slot, part));
        }
        Part::named(clean).map(Self::Plain)
    }
}

/// One column.
pub(super) struct Head {
    /// As the person wrote it; `column 7` where there is nothing.
    pub(super) shown: String,
    /// `None` for a blank header and for an unknown one.
    pub(super) column: Option<Column>,
    /// What an unknown header was probably meant to be.
    pub(super) guess: Option<Column>,
    /// Nothing stands above the column.
    pub(super) blank: bool,
}

impl Head {
    pub(super) fn is_secret(&self) -> bool {
        let column = self.column.as_ref().or(self.guess.as_ref());
        matches!(column, Some(Column::Job(field)) if field.is_secret())
    }
}

/// All columns, and what is wrong with them.
pub(super) struct Header {
    pub(super) origin: Origin,
    pub(super) heads: Vec<Head>,
    pub(super) problems: Vec<Problem>,
    pub(super) separator: u8,
    /// Columns whose lack the problems above say already.
    pub(super) excused: Vec<Column>,
}

/// An error means that the columns cannot be told at all.
pub(super) fn read(record: &Record, source: &str, separator: u8) -> Result<Header, Wrong> {
    if record.fault == Some(QuoteFault::Unclosed) {
        return Err(Wrong::new("a quote in the header row is opened and never closed", "close it with `\"`"));
    }
    let names = record
        .cells
        .iter()
        .map(|cell| std::str::from_utf8(cell).map(str::trim))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Wrong::new("the header row is not UTF-8 text", SAVE_AS_UTF8))?;
    recognise(&names)?;
    let origin = Origin { source: source.to_owned(), row: Some(record.line) };
    let (heads, problems, excused) = (Vec::new(), Vec::new(), Vec::new());
    let mut header = Header { origin, heads, problems, separator, excused };
    for name in names {
        header.add(name);
    }
    Ok(header)
}

/// How many cells of a row name a column.
pub(super) fn known(record: &Record) -> usize {
    let is_known = |cell: &&Vec<u8>| {
        std::str::from_utf8(cell).is_ok_and(|name| Column::named(&field::clean(name)).is_some())
    };
    record.cells.iter().filter(is_known).count()
}

/// Refuses a first row that is no header: its cells may be anything, so none of them is shown.
fn recognise(names: &[&str]) -> Result<(), Wrong> {
    if names.iter().any(|name| Column::named(&field::clean(name)).is_some()) {
        return Ok(());
    }
    Err(Wrong::new(
        "the first row names no column of a job list",
        "begin the file with a header row such as \
         `s3_bucket, platform, subject_id, acq_datetime, modality0, modality0.source`",
    ))
}

impl Header {
    fn add(&mut self, name: &str) {
        let number = self.heads.len() + 1;
        let clean = field::clean(name);
        let column = Column::named(&clean);
        let blank = name.is_empty();
        let shown = if blank { format!("column {number}") } else { name.to_owned() };
        let mut guess = None;
        if let Some(twin) = self.heads.iter().find(|head| !blank && field::clean(&head.shown) == clean) {
            let what = format!("column {number} has the same name as `{}` before it", twin.shown);
            self.problem(&shown, Wrong::new(what, "each column once"));
        } else if column.is_none() && !blank {
            if let Some(valid) = later::column(&clean) {
                self.problem(&shown, Wrong::new("not a column of adt's job lists", valid));
            } else {
                let (valid, near) = field::advice(&clean, &near_names(&clean), "columns");
                guess = near.and_then(|name| Column::named(&name));
                self.excused.extend(guess.clone());
                self.problem(&shown, Wrong::new("no column of that name", valid));
            }
        }
        self.heads.push(Head { shown, column, guess, blank });
    }

    /// Called when there is a row to need them.
    pub(super) fn need_columns(&mut self) {
        for field in REQUIRED {
            let column = Column::Job(field);
            let there = self.heads.iter().any(|head| head.column.as_ref() == Some(&column));
            if !there && !self.excused.contains(&column) {
                let valid = format!("add a column `{}`", field.name());
                self.problem(field.name(), Wrong::new("every list of jobs needs this column", valid));
                self.excused.push(column);
            }
        }
    }

    /// The slots in the order of their own columns.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.heads.iter().filter_map(|head| match &head.column {
            Some(Column::Of(slot, Part::Modality)) => Some(slot),
            _ => None,
        })
    }

    fn problem(&mut self, column: &str, wrong: Wrong) {
        let written = Written { column: column.to_owned(), text: String::new(), hidden: true };
        self.problems.push(written.problem(&self.origin, wrong, ProblemKind::Written));
    }
}

/// The names a header may have been meant to be; a number in it is kept.
fn near_names(clean: &str) -> Vec<String> {
    let digits: String =
        clean.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    let plain = || Part::names().filter(|name| *name != "modality");
    let mut names: Vec<String> = Field::names().chain(plain()).map(str::to_owned).collect();
    names.push(format!("modality{digits}"));
    names.extend(plain().map(|part| format!("modality{digits}.{part}")));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::table::Layout;
    use rstest::rstest;

    fn header(text: &str) -> Result<Header, Wrong> {
        read(&super::super::table::first(text.as_bytes(), Layout::default()).unwrap(), "jobs.csv", b',')
    }

    #[rstest]
    #[case::hyphen("s3-bucket", Column::Job(Field::S3Bucket))]
    #[case::case("S3_Bucket", Column::Job(Field::S3Bucket))]
    #[case::later_processor("processor_full_name", Column::Job(Field::ProcessorName))]
    #[case::later_capsule("process-capsule-id", Column::Job(Field::ProcessCapsuleId))]
    #[case::single("modality", Column::Of(Slot(String::new()), Part::Modality))]
    #[case::single_source("modality.data-source", Column::Of(Slot(String::new()), Part::Source))]
    #[case::numbered("Modality12", Column::Of(Slot("12".into()), Part::Modality))]
    #[case::numbered_source("modality0.data_source", Column::Of(Slot("0".into()), Part::Source))]
    #[case::numbered_compress("modality0.compress-raw-data", Column::Of(Slot("0".into()), Part::CompressRawData))]
    #[case::later_source("modality0.input_source", Column::Of(Slot("0".into()), Part::Source))]
    #[case::mark_of_a_joined_file("\u{feff}s3_bucket", Column::Job(Field::S3Bucket))]
    #[case::plain_source("data-source", Column::Plain(Part::Source))]
    #[case::plain_configs("extra_configs", Column::Plain(Part::ExtraConfigs))]
    fn columns_are_known_by(#[case] name: &str, #[case] column: Column) {
        assert_eq!(Column::named(&field::clean(name)), Some(column));
    }

    #[test]
    fn every_field_has_its_column_in_both_spellings() {
        for name in Field::names() {
            let expected = Some(Column::Job(Field::named(name).unwrap()));
            assert_eq!(Column::named(&field::clean(name)), expected);
            assert_eq!(Column::named(&field::clean(&name.replace('_', "-").to_uppercase())), expected);
        }
    }

    #[rstest]
    #[case("modality0.sorce", "did you mean `modality0.source`?")]
    #[case("modality12_source", "did you mean `modality12.source`?")]
    #[case("modality_note", "did you mean `modality`?")]
    #[case("platfrom", "did you mean `platform`?")]
    #[case("s3 bucket", "did you mean `s3_bucket`?")]
    fn unknown_headers_are_refused_with_the_nearest_name(#[case] name: &str, #[case] valid: &str) {
        let header = header(&format!("s3_bucket,{name}")).unwrap();
        let [problem] = &header.problems[..] else { panic!("{:?}", header.problems) };
        assert_eq!((problem.column.as_str(), problem.what.as_str()), (name, "no column of that name"));
        assert_eq!(problem.valid, valid);
    }

    #[rstest]
    #[case("job_type", "remove the column")]
    #[case("user_email", "remove the column")]
    #[case("modality1.capsule_id", "`codeocean_trigger_capsule_id`")]
    #[case("derivatives_dir", "`adt copy FOLDER DESTINATION`")]
    #[case("Unnamed: 0", "index=False")]
    fn columns_of_other_programs_are_named_with_what_to_do(#[case] name: &str, #[case] valid: &str) {
        let header = header(&format!("s3_bucket,{name}")).unwrap();
        assert_eq!(header.problems[0].what, "not a column of adt's job lists");
        assert!(header.problems[0].valid.contains(valid), "{}", header.problems[0].valid);
        assert!(header.excused.is_empty());
    }

    #[test]
    fn nothing_near_gives_the_whole_list() {
        let header = header("s3_bucket,weather").unwrap();
        assert!(header.problems[0].valid.starts_with("the columns are s3_bucket, platform, "));
    }

    #[rstest]
    #[case("subject-id,SUBJECT_ID", 1)]
    #[case("source,data_source", 0)]
    #[case("weather,s3_bucket,weather", 2)]
    #[case("s3_bucket,,", 0)]
    fn equal_headers_are_refused(#[case] text: &str, #[case] problems: usize) {
        assert_eq!(header(text).unwrap().problems.len(), problems);
    }

    #[rstest]
    #[case("canary,secret", "the first row names no column of a job list")]
    #[case("\"platform", "a quote in the header row is opened and never closed")]
    fn what_is_no_header_is_recognised(#[case] text: &str, #[case] what: &str) {
        assert_eq!(header(text).err().unwrap().what, what);
    }
}
