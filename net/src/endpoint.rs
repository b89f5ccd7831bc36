use adt_model::{Class, Fault};
use reqwest::Url;

use crate::connect::is_loopback;

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

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

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
}
