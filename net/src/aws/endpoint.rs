//! Which server is asked, and in which region.

use adt_model::{Class, Fault};
use reqwest::Url;

use super::Profiles;
use crate::{Environment, connect::is_loopback};

/// A server of somebody's own, as it was written in a variable or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme, host, port and path, without a slash at the end.
    pub base: String,
    /// Host and port, as signatures and the `host` header name them.
    pub host: String,
    /// The connection protects bodies (TLS), or nobody can be on it (loopback).
    pub trusted: bool,
}

impl Endpoint {
    /// `wanted` names in a fault what is to be found there: ``bucket `data` ``. What cannot be meant is refused, and so
    /// are credentials inside; they are not shown.
    pub fn parse(endpoint: &str, wanted: &str) -> Result<Self, Fault> {
        let wrong = |why: &str| {
            let what = format!("`{}` is no endpoint for {wanted}: {why}", shown(endpoint));
            Fault::new(Class::BadInput, what).help("write `https://host` or `http://host:port`")
        };
        let url = Url::parse(endpoint).map_err(|error| wrong(&error.to_string()))?;
        let (Some(name), "http" | "https") = (url.host_str(), url.scheme()) else {
            return Err(wrong("it must begin with `http://` or `https://`"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("credentials do not belong into it"));
        }
        let host = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let path = url.path().trim_end_matches('/');
        Ok(Self {
            base: format!("{}://{host}{path}", url.scheme()),
            trusted: url.scheme() == "https" || is_loopback(name),
            host,
        })
    }
}

/// An endpoint as it may be shown: without what stands before an `@`.
fn shown(endpoint: &str) -> String {
    match (endpoint.find("://"), endpoint.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://…{}", &endpoint[..scheme], &endpoint[at..]),
        _ => endpoint.to_owned(),
    }
}

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
    #[case("http://127.0.0.1:9000", true)]
    #[case("http://[::1]:9000", true)]
    #[case("http://localhost", true)]
    #[case("http://127.0.0.1.example.org", false)]
    #[case("http://minio:9000", false)]
    #[case("https://minio:9000", true)]
    fn a_line_is_safe_by_tls_or_on_loopback(#[case] endpoint: &str, #[case] trusted: bool) {
        assert_eq!(Endpoint::parse(endpoint, "a test").unwrap().trusted, trusted);
    }

    #[rstest]
    #[case("http://minio:9000/", "http://minio:9000", "minio:9000")]
    #[case("https://x.org/aws/", "https://x.org/aws", "x.org")]
    #[case("https://x.org:443", "https://x.org", "x.org")]
    fn slashes_and_usual_ports_are_left_away(#[case] text: &str, #[case] base: &str, #[case] host: &str) {
        let endpoint = Endpoint::parse(text, "a test").unwrap();
        assert_eq!((endpoint.base.as_str(), endpoint.host.as_str()), (base, host));
    }

    #[rstest]
    fn what_cannot_be_meant_is_refused(
        #[values("minio:9000", "ftp://x", "https://", "not a url", "https://u:canary@x")] endpoint: &str,
    ) {
        let fault = Endpoint::parse(endpoint, "bucket `data`").unwrap_err();
        assert_eq!(fault.class(), Class::BadInput);
        assert!(fault.line().contains("bucket `data`") && !fault.line().contains("canary"), "{fault:?}");
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
