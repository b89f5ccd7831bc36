//! `~/.aws/config` and `~/.aws/credentials`: sections, keys, and values that hold keys of their own.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use crate::Environment;

/// The AWS files of a person, as far as they can be read. A file that is not there is an empty one.
#[derive(Default)]
pub struct Profiles {
    /// Profile name, then key.
    named: BTreeMap<String, BTreeMap<String, String>>,
    /// The other sections (`sso-session x`, `services x`), by their whole heading.
    others: BTreeMap<String, BTreeMap<String, String>>,
    /// The profile that is in use.
    current: String,
    /// `AWS_CONFIG_FILE`, or the usual one.
    pub config_file: Utf8PathBuf,
    /// `AWS_SHARED_CREDENTIALS_FILE`, or the usual one.
    pub credentials_file: Utf8PathBuf,
}

impl Profiles {
    /// Reads both files, and which profile is in use (`AWS_PROFILE`, else `default`).
    pub fn load(environment: &Environment) -> Self {
        let file = |variable, usual| environment.path(environment.var(variable).unwrap_or(usual));
        let config_file = file("AWS_CONFIG_FILE", "~/.aws/config");
        let credentials_file = file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
        let current = environment.var("AWS_PROFILE").unwrap_or("default").to_owned();
        let mut loaded = Self { current, config_file, credentials_file, ..Self::default() };
        for (heading, keys) in sections(&fs_err::read_to_string(&loaded.config_file).unwrap_or_default()) {
            let name = if heading == "default" { Some("default") } else { heading.strip_prefix("profile ") };
            match name {
                Some(name) => loaded.named.entry(name.trim().to_owned()).or_default().extend(keys),
                None => loaded.others.entry(heading).or_default().extend(keys),
            }
        }
        // What both files say, the credentials file says better.
        for (name, keys) in sections(&fs_err::read_to_string(&loaded.credentials_file).unwrap_or_default()) {
            loaded.named.entry(name).or_default().extend(keys);
        }
        loaded
    }

    /// The name of the profile in use.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// Whether either file has a profile of this name.
    pub fn has(&self, profile: &str) -> bool {
        self.named.contains_key(profile)
    }

    /// A value of a profile; a nested one as `outer.inner`.
    pub fn value(&self, profile: &str, key: &str) -> Option<&str> {
        filled(self.named.get(profile), key)
    }

    /// A value of another section, such as `sso-session lab`.
    pub fn other(&self, heading: &str, key: &str) -> Option<&str> {
        filled(self.others.get(heading), key)
    }
}

fn filled<'a>(keys: Option<&'a BTreeMap<String, String>>, key: &str) -> Option<&'a str> {
    keys?.get(key).map(String::as_str).filter(|value| !value.is_empty())
}

/// The sections of an AWS file in order. Lines that are neither a heading nor `key = value` are passed over, as AWS's
/// tools do; an indented `key = value` belongs to the key above it.
fn sections(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut all: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    let mut outer = String::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(heading) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let heading = heading.split_whitespace().collect::<Vec<_>>().join(" ");
            all.push((heading.replace(['"', '\''], ""), BTreeMap::new()));
            continue;
        }
        let (Some((_, keys)), Some((key, value))) = (all.last_mut(), trimmed.split_once('=')) else {
            continue;
        };
        let (key, value) = (key.trim().to_lowercase(), without_comment(value.trim()));
        if line.starts_with([' ', '\t']) && !outer.is_empty() {
            keys.insert(format!("{outer}.{key}"), value.to_owned());
        } else {
            outer.clone_from(&key);
            keys.insert(key, value.to_owned());
        }
    }
    all
}

/// A comment after a value begins with a blank, so that a secret may hold `#`.
fn without_comment(value: &str) -> &str {
    let end = [" #", " ;", "\t#", "\t;"].iter().filter_map(|mark| value.find(mark)).min();
    value[..end.unwrap_or(value.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# a comment
[default]
region=us-west-2
[profile lab]
region = eu-west-1 ; near us
services = minio
s3 =
    addressing_style = path
[services minio]
s3 =
  endpoint_url = http://minio:9000
[sso-session corp]
sso_region = us-east-1
nonsense
";

    fn load(config: &str, credentials: &str, profile: Option<&str>) -> Profiles {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs_err::write(path("config"), config).unwrap();
        fs_err::write(path("credentials"), credentials).unwrap();
        let mut environment = Environment::default();
        environment.vars.insert("AWS_CONFIG_FILE".into(), path("config"));
        environment.vars.insert("AWS_SHARED_CREDENTIALS_FILE".into(), path("credentials"));
        environment.vars.extend(profile.map(|name| ("AWS_PROFILE".to_owned(), name.to_owned())));
        Profiles::load(&environment)
    }

    #[test]
    fn sections_values_and_nested_values_are_found() {
        let profiles = load(CONFIG, "[lab]\naws_secret_access_key = a#b/c=\n", Some("lab"));
        assert_eq!(profiles.current(), "lab");
        assert_eq!(profiles.value("default", "region"), Some("us-west-2"));
        assert_eq!(profiles.value("lab", "region"), Some("eu-west-1"));
        assert_eq!(profiles.value("lab", "s3.addressing_style"), Some("path"));
        assert_eq!(profiles.value("lab", "aws_secret_access_key"), Some("a#b/c="));
        assert_eq!(profiles.other("services minio", "s3.endpoint_url"), Some("http://minio:9000"));
        assert_eq!(profiles.other("sso-session corp", "sso_region"), Some("us-east-1"));
        assert!(!profiles.has("corp"));
    }

    #[test]
    fn files_that_are_not_there_are_empty() {
        let profiles = Profiles::load(&Environment::default());
        assert_eq!((profiles.current(), profiles.has("default")), ("default", false));
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read(text: String) {
            sections(&text);
        }
    }
}
