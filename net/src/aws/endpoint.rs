//! Which server is asked, and in which region.

use super::Profiles;
use crate::Environment;

/// `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`.
pub fn region<'a>(environment: &'a Environment, profiles: &'a Profiles) -> Option<&'a str> {
    environment
        .var("AWS_REGION")
        .or_else(|| environment.var("AWS_DEFAULT_REGION"))
        .or_else(|| profiles.value(profiles.current(), "region"))
}

/// The endpoint that somebody set for a service, named as in a profile (`s3`, `secrets_manager`):
/// `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the profile's `services` section, its `endpoint_url`.
pub fn configured_endpoint<'a>(
    service: &str,
    environment: &'a Environment,
    profiles: &'a Profiles,
) -> Option<&'a str> {
    let of_profile = |key| profiles.value(profiles.current(), key);
    let services = of_profile("services").map(|name| format!("services {name}"));
    environment
        .var(&format!("AWS_ENDPOINT_URL_{}", service.to_uppercase()))
        .or_else(|| environment.var("AWS_ENDPOINT_URL"))
        .or_else(|| profiles.other(services.as_deref()?, &format!("{service}.endpoint_url")))
        .or_else(|| of_profile("endpoint_url"))
}

/// What the names of AWS's servers in a region end with.
pub fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn environment(vars: &[(&str, &str)]) -> Environment {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Environment { vars, home: None }
    }

    #[rstest]
    #[case(&[("AWS_ENDPOINT_URL", "a")], "ssm", Some("a"))]
    #[case(&[("AWS_ENDPOINT_URL", "a"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "b")], "secrets_manager", Some("b"))]
    #[case(&[("AWS_ENDPOINT_URL_S3", "b")], "ssm", None)]
    fn an_endpoint_for_one_service_comes_first(
        #[case] vars: &[(&str, &str)],
        #[case] service: &str,
        #[case] expected: Option<&str>,
    ) {
        let environment = environment(vars);
        assert_eq!(configured_endpoint(service, &environment, &Profiles::default()), expected);
    }

    #[test]
    fn the_profile_says_what_the_environment_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let text = "[profile lab]\nregion = eu-west-1\nendpoint_url = https://second\nservices = m\n[services m]\nssm =\n  endpoint_url = https://first\n";
        fs_err::write(&file, text).unwrap();
        let environment = environment(&[("AWS_CONFIG_FILE", file.to_str().unwrap()), ("AWS_PROFILE", "lab")]);
        let profiles = Profiles::load(&environment);
        assert_eq!(region(&environment, &profiles), Some("eu-west-1"));
        assert_eq!(configured_endpoint("ssm", &environment, &profiles), Some("https://first"));
        assert_eq!(configured_endpoint("s3", &environment, &profiles), Some("https://second"));
    }
}
