//! Moving data: what a person types.

use adt_engine::moving::Deletion;
use adt_model::ByteSize;
use camino::Utf8PathBuf;
use clap::{ArgAction, ArgMatches, Args as ClapArgs, ValueEnum, ValueHint};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::Tuning;

pub(crate) const COPY_EXAMPLES: &str = "\
Examples:
  adt copy /data/session s3://bucket/session
  adt copy s3://bucket/session gs://other/session --exclude '*.tmp'
  adt copy s3://bucket/session/zarr.json .
  generate | adt copy - az://account/container/list.json
  adt copy s3://bucket/list.json - | jq .";

pub(crate) const COPY_MORE: &str = "\
Examples:
  adt copy /data/session s3://bucket/session
  adt copy s3://bucket/session gs://other/session --exclude '*.tmp'
  adt copy s3://bucket/session/zarr.json .
  generate | adt copy - az://account/container/list.json
  adt copy s3://bucket/list.json - | jq .

A place is a path, `file:///path`, `s3://bucket/prefix`, `gs://bucket/prefix` or
`az://account/container/prefix`: a file, an object, or a folder. What lies in a
folder comes below the destination; a single file or object gets the destination
as its name, or keeps its own below a destination that ends with `/` or is a folder.

An object stays as it is when the destination holds the same: the same size, and
a checksum that both sides keep; else the same modification time, which is kept
beside the object. What an earlier run sent is known without asking again.";

/// What of a place is meant
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Selecting {
    /// Take names that match; the last glob that matches decides, and what matches none is left out when the first is an `--include`
    ///
    /// `*` stays within one name, `**` goes over folders; a glob without a slash is for names in every folder, one that matches a
    /// folder is for all of it.
    #[arg(long, value_name = "GLOB", action = ArgAction::Append)]
    pub include: Vec<String>,
    /// Leave names out that match; the last glob that matches decides
    #[arg(long, value_name = "GLOB", action = ArgAction::Append)]
    pub exclude: Vec<String>,
    /// What becomes of symbolic links
    #[arg(long, value_enum, value_name = "HOW", default_value_t = LinksChoice::Follow)]
    pub links: LinksChoice,
    /// Only objects of at least this size, such as `10MiB`
    #[arg(long, value_name = "SIZE")]
    pub min_size: Option<ByteSize>,
    /// Only objects of at most this size
    #[arg(long, value_name = "SIZE")]
    pub max_size: Option<ByteSize>,
    /// Only objects changed at least this long ago (`36h`, `7d`), or before a date (`2026-11-01`)
    ///
    /// The time of a file is its modification time; of an object, the time kept beside it, else when it was uploaded.
    #[arg(long, value_name = "AGE|DATE", value_parser = age)]
    pub min_age: Option<Age>,
    /// Only objects changed at most this long ago (`36h`, `7d`), or on a date or later (`2026-11-01`)
    #[arg(long, value_name = "AGE|DATE", value_parser = age)]
    pub max_age: Option<Age>,
    /// The globs in the order they were given.
    #[arg(skip)]
    pub globs: Vec<adt_intake::Glob>,
}

/// What becomes of symbolic links
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinksChoice {
    /// What they lead to is taken; those that lead nowhere or in a circle are left out with a line
    #[default]
    Follow,
    /// They are left out, each with a line
    Skip,
    /// They stay links: in a bucket an object `name.rclonelink` that holds the target's text
    KeepAsObject,
    /// As `follow`, and links in a destination folder are written through, too; otherwise they are only ever replaced or removed
    FollowAtDestination,
}

/// A length of time before now, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// In seconds.
    Ago(i64),
    /// A date begins at midnight, local time.
    At(Timestamp),
}

impl Age {
    pub(crate) fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(seconds) => {
                now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
            }
            Self::At(moment) => moment,
        }
    }
}

fn age(text: &str) -> Result<Age, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Age::At(moment));
    }
    if let Ok(date) = text.parse::<jiff::civil::DateTime>() {
        return date
            .to_zoned(TimeZone::system())
            .map(|zoned| Age::At(zoned.timestamp()))
            .map_err(|e| e.to_string());
    }
    let help = "write an age such as `90m`, `36h`, `7d` or `2w`, or a date such as `2026-11-01`";
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let scale = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(help.to_owned()),
    };
    let number: u32 = number.trim().parse().map_err(|_| help.to_owned())?;
    Ok(Age::Ago(i64::from(number) * scale))
}

/// How clouds are asked
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Clouds")]
pub(crate) struct Clouds {
    /// Send no credentials: for public buckets
    #[arg(long, hide_short_help = true)]
    pub no_sign_request: bool,
    /// Pay for the requests where the bucket's owner wants that
    #[arg(long, hide_short_help = true)]
    pub requester_pays: bool,
    /// Copy the tags of objects too (S3, Azure): one more request for each object, and rights to read and to write tags
    #[arg(long, hide_short_help = true)]
    pub tags: bool,
    /// Storage class (S3, Google) or access tier (Azure) of what is written
    #[arg(long, hide_short_help = true, value_name = "CLASS")]
    pub storage_class: Option<String>,
    /// Profile of AWS for S3; with `--source-profile` or `--source-endpoint-url`, for the destination only
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Server of S3; with `--source-profile` or `--source-endpoint-url`, for the destination only
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Encryption at rest of what is written: `service`, or `key:ID` with a key of the cloud's key service (Azure: an encryption scope)
    #[arg(long, hide_short_help = true, value_name = "HOW")]
    pub encryption: Option<String>,
}

/// How the source is asked, where that is another service
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Clouds")]
pub(crate) struct FromSide {
    /// Profile of AWS for a source in S3
    #[arg(long, value_name = "NAME")]
    pub source_profile: Option<String>,
    /// Server of S3 for a source
    #[arg(long, value_name = "URL")]
    pub source_endpoint_url: Option<String>,
}

/// How much is taken at once
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Rates {
    /// Most bytes a second, such as `50MiB`
    #[arg(long, value_name = "SIZE")]
    pub bandwidth: Option<ByteSize>,
    /// Bytes of each part of a large object, at least 5MiB [default: 8MiB, more for objects of more than 70 GiB]
    #[arg(long, hide_short_help = true, value_name = "SIZE")]
    pub part_size: Option<ByteSize>,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Copy {
    /// Where from: a path, a location of a cloud, or `-` for standard input
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub source: String,
    /// Where to: a path, a location of a cloud, or `-` for standard output
    #[arg(value_name = "DST", value_hint = ValueHint::AnyPath)]
    pub destination: String,
    #[command(flatten)]
    pub selecting: Selecting,
    /// Only the files named in FILE (or standard input with `-`): one relative name a line
    ///
    /// Each is looked for by itself; nothing is listed. A name that is missing is a fault, and the others go on.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["include", "exclude", "empty_dirs"])]
    pub files_from: Option<String>,
    #[command(flatten)]
    pub comparing: Comparing,
    #[command(flatten)]
    pub rates: Rates,
    #[command(flatten)]
    pub clouds: Clouds,
    #[command(flatten)]
    pub from_side: FromSide,
    #[command(flatten)]
    pub tuning: Tuning,
}

/// What need not be moved
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, and nearly any of them goes with any other"
)]
#[derive(Clone, Debug, Default, ClapArgs)]
pub(crate) struct Comparing {
    /// Write nothing; say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Keep folders in which nothing lies
    #[arg(long)]
    pub empty_dirs: bool,
    /// Compare by checksum only; files are read for it
    #[arg(long, conflicts_with = "size_only")]
    pub checksum: bool,
    /// Compare by size only
    #[arg(long)]
    pub size_only: bool,
    /// Keep every object that the destination has, whatever it is; send only what is missing
    #[arg(long, conflicts_with_all = ["checksum", "size_only"])]
    pub ignore_existing: bool,
    /// Never list or read the destination: for credentials that may only write
    ///
    /// Everything is sent, except what this computer has sent before from the same version of the source. Each object is proven by the answer
    /// to its own upload only.
    #[arg(long, conflicts_with_all = ["checksum", "size_only", "ignore_existing", "manifest", "backup_dir"])]
    pub no_list: bool,
    /// Before an object of the destination is replaced or deleted, move it to this location, under the same relative name
    #[arg(long, value_name = "LOCATION", value_hint = ValueHint::AnyPath)]
    pub backup_dir: Option<String>,
    /// Afterwards compare the destination with the source, and write the list of all objects with their checksums (JSON lines)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub manifest: Option<Utf8PathBuf>,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub copy: Copy,
    /// Delete at the destination what the source does not have; never if a listing or a copy failed
    ///
    /// Both sides are listed again after the transfer. An object is deleted only if both listings showed it as superfluous. More than half
    /// of the destination, or more than 1,000 objects, are deleted only with `--max-delete`. `--dry-run` names what would be deleted.
    #[arg(long, conflicts_with_all = ["no_list", "files_from"])]
    pub delete: bool,
    /// Delete nothing if it would be more objects than this; replaces the default limits
    #[arg(long, value_name = "N", requires = "delete")]
    pub max_delete: Option<u64>,
    /// Delete also if the source is empty, and without the default limits
    #[arg(long, requires = "delete")]
    pub delete_all: bool,
}

impl Sync {
    /// What may be deleted at the destination, if anything.
    pub(crate) fn deletion(&self) -> Option<Deletion> {
        self.delete.then_some(Deletion { most: self.max_delete, all: self.delete_all })
    }
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Move {
    #[command(flatten)]
    pub copy: Copy,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Verify {
    /// What ought to be there: a path or a location of a cloud; with `--manifest`, it alone is held against that list
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    pub source: String,
    /// What is there
    #[arg(value_name = "DST", value_hint = ValueHint::AnyPath)]
    pub destination: Option<String>,
    /// Read every object of both sides, also where servers keep checksums
    #[arg(long)]
    pub download: bool,
    /// List of all objects with their checksums (JSON lines): with two places it is written, with one place it is read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub manifest: Option<Utf8PathBuf>,
    #[command(flatten)]
    pub selecting: Selecting,
    #[command(flatten)]
    pub clouds: Clouds,
    #[command(flatten)]
    pub from_side: FromSide,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Ls {
    /// A path or a location of a cloud
    #[arg(value_name = "LOCATION", value_hint = ValueHint::AnyPath)]
    pub location: String,
    /// Everything below it, not only what lies directly in it
    #[arg(short, long)]
    pub recursive: bool,
    #[command(flatten)]
    pub selecting: Selecting,
    #[command(flatten)]
    pub clouds: Clouds,
    #[command(flatten)]
    pub tuning: Tuning,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Clean {
    /// A path or a location of a cloud
    #[arg(value_name = "LOCATION", value_hint = ValueHint::AnyPath)]
    pub location: String,
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub clouds: Clouds,
    #[command(flatten)]
    pub tuning: Tuning,
}

impl Selecting {
    /// Globs come as two lists; their order is known to the parser only.
    pub(super) fn in_order(&mut self, matches: &ArgMatches) {
        let of = |id: &str, texts: &[String], make: fn(String) -> adt_intake::Glob| {
            let places = matches.indices_of(id).into_iter().flatten();
            places.zip(texts).map(|(place, text)| (place, make(text.clone()))).collect::<Vec<_>>()
        };
        let mut all = of("include", &self.include, adt_intake::Glob::Include);
        all.extend(of("exclude", &self.exclude, adt_intake::Glob::Exclude));
        all.sort_by_key(|(place, _)| *place);
        self.globs = all.into_iter().map(|(_, glob)| glob).collect();
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("90m", Age::Ago(5_400))]
    #[case("36h", Age::Ago(129_600))]
    #[case("7d", Age::Ago(604_800))]
    #[case("2w", Age::Ago(1_209_600))]
    #[case("2026-11-01T00:00:00Z", Age::At(Timestamp::from_second(1_793_491_200).unwrap()))]
    fn ages(#[case] text: &str, #[case] expected: Age) {
        assert_eq!(age(text), Ok(expected));
    }

    #[test]
    fn a_date_begins_at_midnight() {
        let Ok(Age::At(moment)) = age("2026-11-01") else { panic!("no date") };
        assert_eq!(moment.to_zoned(TimeZone::system()).datetime().to_string(), "2026-11-01T00:00:00");
    }

    #[rstest]
    fn what_is_no_age_is_refused(
        #[values("", "7", "d", "-7d", "7x", "7 y", "yesterday", "2026-13-01")] text: &str,
    ) {
        assert!(age(text).unwrap_err().contains("36h"), "{text}");
    }
}
