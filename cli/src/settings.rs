//! Flag > environment > file > default, and where each value came from.

mod file;

use std::{collections::BTreeMap, fmt, time::Duration};

use adt_model::{
    About, ByteSize, Class, Fault, LogLevel, Manner, MetadataApi, MetadataMissing, Schema, SourceLinks,
    VideoEncryption,
};
use camino::Utf8PathBuf;
use serde::Serialize;

use crate::{
    args::{Common, Tuning},
    folders,
};

use file::{LAB, LAB_SHOWN};

/// Everything that can be set, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub ledger: Utf8PathBuf,
    pub cpus: usize,
    pub lanes: usize,
    pub memory: u64,
    /// For chunks of recordings; `None` when they share `memory`.
    pub chunk_memory: Option<u64>,
    pub parallel_jobs: usize,
    pub zip_level: u8,
    pub retry_time: Duration,
    pub request_timeout: Duration,
    pub sign_payload: bool,
    /// Credentials may go to another computer without TLS.
    pub allow_http: bool,
    /// Certificates that are trusted beside those of the system.
    pub ca_file: Option<Utf8PathBuf>,
    /// What jobs do that do not say otherwise.
    pub manner: Manner,
    /// What a lab says of its data, for jobs that do not say it: `[defaults]` of the file.
    pub about: About,
    /// `None` when nobody said: then the jobs' own `log_level` counts.
    pub log_level: Option<LogLevel>,
    /// For `adt settings`.
    pub shown: Vec<Shown>,
}

/// One setting as a person sees it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    pub name: &'static str,
    pub value: String,
    pub from: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    File(Utf8PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Name (in the file), flag, variable, default as text.
struct Known {
    name: &'static str,
    flag: &'static str,
    variable: &'static str,
    default: &'static str,
}

const fn known(
    name: &'static str,
    flag: &'static str,
    variable: &'static str,
    default: &'static str,
) -> Known {
    Known { name, flag, variable, default }
}

const KNOWN: [Known; 19] = [
    known("ledger", "--ledger", "ADT_LEDGER", ""),
    known("log_level", "--log-level", "ADT_LOG_LEVEL", ""),
    known("cpus", "--cpus", "ADT_CPUS", "0"),
    known("lanes", "--lanes", "ADT_LANES", "32"),
    known("memory", "--memory", "ADT_MEMORY", "96MiB"),
    known("parallel_jobs", "--parallel-jobs", "ADT_PARALLEL_JOBS", "1"),
    known("zip_level", "--zip-level", "ADT_ZIP_LEVEL", "6"),
    known("retry_time", "--retry-time", "ADT_RETRY_TIME", "3m"),
    known("request_timeout", "--request-timeout", "ADT_REQUEST_TIMEOUT", "30s"),
    known("sign_payload", "--sign-payload", "ADT_SIGN_PAYLOAD", "false"),
    known("allow_http", "--allow-http", "ADT_ALLOW_HTTP", "false"),
    known("ca_file", "--ca-file", "ADT_CA_FILE", ""),
    known("schema", "--schema", "ADT_SCHEMA", "v1"),
    known("metadata_api", "--metadata-api", "ADT_METADATA_API", "auto"),
    known("metadata_missing", "--metadata-missing", "ADT_METADATA_MISSING", "require"),
    known("video_encryption", "--video-encryption", "ADT_VIDEO_ENCRYPTION", "aes256"),
    known("strict_compat", "--strict-compat", "ADT_STRICT_COMPAT", "false"),
    known("links", "--links", "ADT_LINKS", "follow"),
    known("allow_empty", "--allow-empty", "ADT_ALLOW_EMPTY", "false"),
];

/// Resolves everything. A value that cannot be meant is `BadInput` and says where it was written.
pub(crate) fn resolve(
    common: &Common,
    tuning: &Tuning,
    vars: &BTreeMap<String, String>,
) -> Result<Settings, Fault> {
    let (path, asked_for) = config_path(common, vars);
    let (written, about) = match &path {
        Some(path) => file::read(path, asked_for)?,
        None => (BTreeMap::new(), About::default()),
    };
    let mut texts = Texts { found: BTreeMap::new(), about, file: path.clone() };
    for known in &KNOWN {
        let from_variable = vars.get(known.variable).filter(|v| !v.trim().is_empty());
        let found = if let Some(text) = from_flags(known.name, common, tuning) {
            (text, Origin::Flag(known.flag))
        } else if let Some(text) = from_variable {
            (text.trim().to_owned(), Origin::Variable(known.variable))
        } else if let (Some(text), Some(path)) = (written.get(known.name), &path) {
            (text.clone(), Origin::File(path.clone()))
        } else {
            (default(known, vars), Origin::Default)
        };
        texts.found.insert(known.name, found);
    }
    texts.settle()
}

/// Shows a value that a flag gives for every job of a list.
pub(crate) fn given(shown: &mut [Shown], name: &str, value: String) {
    let known = KNOWN.iter().find(|known| known.name == name);
    if let (Some(shown), Some(known)) = (shown.iter_mut().find(|shown| shown.name == name), known) {
        (shown.value, shown.from) = (value, Origin::Flag(known.flag));
    }
}

fn default(known: &Known, vars: &BTreeMap<String, String>) -> String {
    match known.name {
        "ledger" => folders::ledger(vars).map(Utf8PathBuf::into_string).unwrap_or_default(),
        _ => known.default.to_owned(),
    }
}

fn config_path(common: &Common, vars: &BTreeMap<String, String>) -> (Option<Utf8PathBuf>, bool) {
    let variable = vars.get("ADT_CONFIG").filter(|v| !v.is_empty()).map(Utf8PathBuf::from);
    match common.config.clone().or(variable) {
        Some(path) => (Some(path), true),
        None => (folders::config(vars), false),
    }
}

fn from_flags(name: &str, common: &Common, tuning: &Tuning) -> Option<String> {
    match name {
        "ledger" => common.ledger.clone().map(Utf8PathBuf::into_string),
        "log_level" => common.log_level.clone(),
        "cpus" => tuning.cpus.clone(),
        "lanes" => tuning.lanes.clone(),
        "memory" => tuning.memory.clone(),
        "parallel_jobs" => tuning.parallel_jobs.clone(),
        "zip_level" => tuning.zip_level.clone(),
        "retry_time" => tuning.retry_time.clone(),
        "request_timeout" => tuning.request_timeout.clone(),
        "allow_http" => common.allow_http.then(|| "true".to_owned()),
        "ca_file" => common.ca_file.clone().map(Utf8PathBuf::into_string),
        "sign_payload" => tuning.sign_payload.then(|| "true".to_owned()),
        _ => None,
    }
}

/// Each setting's text and where it came from.
struct Texts {
    found: BTreeMap<&'static str, (String, Origin)>,
    about: About,
    /// The configuration.
    file: Option<Utf8PathBuf>,
}

impl Texts {
    fn settle(self) -> Result<Settings, Fault> {
        let ledger = Utf8PathBuf::from(self.text("ledger"));
        if ledger.as_str().is_empty() {
            return Err(Fault::new(Class::Missing, "there is no home folder to keep the ledger in")
                .help("name a file with `--ledger FILE` or `ADT_LEDGER`"));
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cpus = match self.number("cpus", 0, 1024)? {
            0 => cores,
            n => n,
        };
        let settings = Settings {
            cpus,
            lanes: self.number("lanes", 1, 1024)?,
            memory: self.memory()?,
            chunk_memory: self.chunk_memory(cpus),
            parallel_jobs: self.number("parallel_jobs", 1, 256)?,
            zip_level: self.number("zip_level", 1, 9)? as u8,
            retry_time: self.duration("retry_time")?,
            request_timeout: self.duration("request_timeout")?,
            sign_payload: self.choice("sign_payload")?,
            allow_http: self.choice("allow_http")?,
            ca_file: self.ca_file()?,
            manner: self.manner()?,
            about: self.about.clone(),
            log_level: self.level()?,
            shown: self.shown(cpus),
            ledger,
        };
        Ok(settings)
    }

    fn text(&self, name: &str) -> &str {
        self.found.get(name).map_or("", |(text, _)| text.as_str())
    }

    fn refuse(&self, name: &str, valid: &str) -> Fault {
        let (text, from) = &self.found[name];
        Fault::new(Class::BadInput, format!("`{name}` = `{text}` ({from}) is not valid"))
            .help(format!("write {valid}"))
    }

    fn number(&self, name: &str, least: usize, most: usize) -> Result<usize, Fault> {
        let refused = || self.refuse(name, &format!("a whole number from {least} to {most}"));
        let n: usize = self.text(name).trim().parse().map_err(|_| refused())?;
        if (least..=most).contains(&n) { Ok(n) } else { Err(refused()) }
    }

    /// One part of an upload and one in reserve must fit.
    fn memory(&self) -> Result<u64, Fault> {
        let refused = || self.refuse("memory", "a size of at least 32MiB, such as `128MiB`");
        let size: ByteSize = self.text("memory").parse().map_err(|_| refused())?;
        if size.0 >= 32 << 20 { Ok(size.0) } else { Err(refused()) }
    }

    /// Where nobody says how much memory there is, chunks of recordings have their own: for each thread (and one more that reads ahead)
    /// a second of 384 channels, twice, and what it is compressed to.
    fn chunk_memory(&self, cpus: usize) -> Option<u64> {
        let (_, from) = &self.found["memory"];
        (*from == Origin::Default).then(|| (64 << 20) * (cpus as u64 + 1))
    }

    /// A path in the configuration is relative to the configuration's folder.
    fn ca_file(&self) -> Result<Option<Utf8PathBuf>, Fault> {
        let (text, from) = &self.found["ca_file"];
        if text.is_empty() {
            return Ok(None);
        }
        let path = match from {
            Origin::File(file) => file.parent().unwrap_or(file).join(text),
            _ => Utf8PathBuf::from(text),
        };
        let cannot = |e| Fault::io("cannot tell the working folder", e);
        let path = std::path::absolute(&path).map_err(cannot)?;
        let unclear = || self.refuse("ca_file", "a path in UTF-8");
        Utf8PathBuf::from_path_buf(path).map(Some).map_err(|_| unclear())
    }

    fn duration(&self, name: &str) -> Result<Duration, Fault> {
        let refused = || self.refuse(name, "a duration from 1s to 7d, such as `90s` or `3m`");
        let span: jiff::SignedDuration = self.text(name).parse().map_err(|_| refused())?;
        let duration = Duration::try_from(span).map_err(|_| refused())?;
        let allowed = Duration::from_secs(1)..=Duration::from_hours(7 * 24);
        if allowed.contains(&duration) { Ok(duration) } else { Err(refused()) }
    }

    fn manner(&self) -> Result<Manner, Fault> {
        Ok(Manner {
            schema: self.word("schema", Schema::WORDS)?,
            metadata_api: self.word("metadata_api", MetadataApi::WORDS)?,
            metadata_missing: self.word("metadata_missing", MetadataMissing::WORDS)?,
            video_encryption: self.word("video_encryption", VideoEncryption::WORDS)?,
            strict_compat: self.choice("strict_compat")?,
            links: self.word("links", SourceLinks::WORDS)?,
            allow_empty: self.choice("allow_empty")?,
        })
    }

    fn word<T: std::str::FromStr>(&self, name: &str, words: &[&str]) -> Result<T, Fault> {
        self.text(name).parse().map_err(|_| self.refuse(name, &format!("one of {}", words.join(", "))))
    }

    fn choice(&self, name: &str) -> Result<bool, Fault> {
        match self.text(name).trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.refuse(name, "true or false")),
        }
    }

    fn level(&self) -> Result<Option<LogLevel>, Fault> {
        let text = self.text("log_level");
        if text.is_empty() {
            return Ok(None);
        }
        text.parse()
            .map(Some)
            .map_err(|()| self.refuse("log_level", "debug, info, warning, error or critical"))
    }

    fn shown(&self, cpus: usize) -> Vec<Shown> {
        let shown = |known: &Known| {
            let (text, from) = self.found[known.name].clone();
            let value = match known.name {
                "cpus" => cpus.to_string(),
                "ca_file" if text.is_empty() => "none beside the system's".to_owned(),
                "log_level" if text.is_empty() => "warning, or what the jobs say".to_owned(),
                _ => text,
            };
            Shown { name: known.name, value, from }
        };
        let lab = |(name, value)| {
            let name = LAB_SHOWN.into_iter().zip(LAB).find(|(_, other)| *other == name)?.0;
            Some(Shown { name, value, from: Origin::File(self.file.clone()?) })
        };
        KNOWN.iter().map(shown).chain(self.about.set().filter_map(lab)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn vars(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let home = [("HOME", "/home/me"), ("LOCALAPPDATA", "/home/me")];
        home.iter().chain(pairs).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn resolved(flag: Option<&str>, variable: Option<&str>, file: Option<&str>) -> (usize, Origin) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("c.toml")).unwrap();
        fs_err::write(&path, file.unwrap_or_default()).unwrap();
        let common = Common { config: Some(path.clone()), ..Common::default() };
        let tuning = Tuning { lanes: flag.map(str::to_owned), ..Tuning::default() };
        let pairs: Vec<_> = variable.map(|v| ("ADT_LANES", v)).into_iter().collect();
        let settings = resolve(&common, &tuning, &vars(&pairs)).unwrap();
        let from = settings.shown.iter().find(|s| s.name == "lanes").unwrap().from.clone();
        (settings.lanes, if from == Origin::File(path) { Origin::File("c.toml".into()) } else { from })
    }

    #[rstest]
    #[case::default(None, None, None, 32, Origin::Default)]
    #[case::file(None, None, Some("lanes = 5"), 5, Origin::File("c.toml".into()))]
    #[case::variable_over_file(None, Some("6"), Some("lanes = 5"), 6, Origin::Variable("ADT_LANES"))]
    #[case::flag_over_all(Some("7"), Some("6"), Some("lanes = 5"), 7, Origin::Flag("--lanes"))]
    #[case::blank_variable_counts_as_not_set(None, Some(" "), None, 32, Origin::Default)]
    fn the_nearest_source_wins(
        #[case] flag: Option<&str>,
        #[case] variable: Option<&str>,
        #[case] file: Option<&str>,
        #[case] lanes: usize,
        #[case] from: Origin,
    ) {
        assert_eq!(resolved(flag, variable, file), (lanes, from));
    }

    fn from_file(text: &str) -> Result<Settings, Fault> {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("c.toml")).unwrap();
        fs_err::write(&path, text).unwrap();
        resolve(&Common { config: Some(path), ..Common::default() }, &Tuning::default(), &vars(&[]))
    }

    #[test]
    fn a_lab_says_once_what_its_data_is() {
        let file =
            "lanes = 5\n[defaults]\ninstitution = 'Columbia University'\ntags = ['a', 'b']\nlicence = 'MIT'";
        let about = from_file(file).unwrap().about;
        assert_eq!(about.institution.as_deref(), Some("Columbia University"));
        assert_eq!(
            (about.tags, about.license.as_deref(), about.group),
            (vec!["a".into(), "b".into()], Some("MIT"), None)
        );
    }

    #[rstest]
    #[case("[defaults]\ninstitute = 'x'", "there is no `institute`")]
    #[case("[defaults]\ngroup = 7", "`group` in `[defaults]` must be a text")]
    #[case("[defaults]\ntags = [1]", "`tags` must be a list of texts")]
    #[case("defaults = 1", "must be a table")]
    fn a_table_of_defaults_that_cannot_be_meant_is_named(#[case] text: &str, #[case] says: &str) {
        let line = from_file(text).unwrap_err().line();
        assert!(line.contains(says), "{line}");
    }

    #[rstest]
    #[case("[defaults]\ninstituton = 'x'", "did you mean `institution`?")]
    #[case("[defaults]\nTags = ['x']", "did you mean `tags`?")]
    #[case("[defaults]\nlanes = '5'", "`lanes` is a setting: write it above `[defaults]`")]
    #[case("[defaults]\nweather = 'x'", "its names are institution, license, group, tags, restrictions")]
    #[case("licence = 'MIT'", "`license` belongs into the table `[defaults]`")]
    #[case("ca_files = 'x'", "did you mean `ca_file`?")]
    #[case("weather = 'x'", "the settings are ledger,")]
    fn a_slip_in_a_name_is_recognised(#[case] text: &str, #[case] help: &str) {
        let fault = from_file(text).unwrap_err();
        assert!(fault.advice().unwrap().contains(help), "{fault:?}");
    }

    #[test]
    fn a_file_of_certificates_is_found_beside_the_configuration() {
        let path = from_file("ca_file = 'lab/ca.pem'").unwrap().ca_file.unwrap();
        assert!(
            path.is_absolute()
                && path.ends_with("lab/ca.pem")
                && !path.starts_with(std::env::current_dir().unwrap())
        );
        assert_eq!(from_file("lanes = 5").unwrap().ca_file, None);
    }

    #[rstest]
    #[case("ADT_LANES", "0")]
    #[case("ADT_LANES", "many")]
    #[case("ADT_MEMORY", "1MiB")]
    #[case("ADT_RETRY_TIME", "soon")]
    #[case("ADT_ZIP_LEVEL", "10")]
    #[case("ADT_SIGN_PAYLOAD", "perhaps")]
    #[case("ADT_LOG_LEVEL", "loud")]
    #[case("ADT_SCHEMA", "v3")]
    #[case("ADT_METADATA_MISSING", "perhaps")]
    fn a_value_that_cannot_be_meant_names_its_source(#[case] name: &str, #[case] value: &str) {
        let fault = resolve(&Common::default(), &Tuning::default(), &vars(&[(name, value)])).unwrap_err();
        assert_eq!(fault.class(), Class::BadInput);
        assert!(fault.line().contains(name) && fault.line().contains(value), "{}", fault.line());
    }
}
