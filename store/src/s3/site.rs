//! Which server a bucket is at, and how its objects are addressed there.

use adt_model::Fault;
use adt_net::{
    Environment,
    aws::{self, Endpoint, Profiles},
    encode,
};

/// A server and a way to address a bucket on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) region: String,
    /// Scheme, host, port and the path of the endpoint, without a slash at the end; with the bucket in its host or not.
    base: String,
    /// What signatures and the `host` header name.
    pub(crate) host: String,
    /// The bucket is the first part of the path.
    path_style: bool,
    /// Somebody else's server, not AWS.
    pub(crate) custom: bool,
    /// The connection protects bodies (TLS), or nobody can be on it (loopback).
    pub(crate) trusted: bool,
}

/// An access point, as `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME` names it. It takes the place of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccessPoint<'a> {
    region: &'a str,
    account: &'a str,
    name: &'a str,
}

impl<'a> AccessPoint<'a> {
    /// `None` for a bucket.
    pub(crate) fn of(bucket: &'a str) -> Option<Self> {
        let mut parts = bucket.strip_prefix("arn:")?.splitn(5, ':');
        let (_partition, _service, region, account) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let name = parts.next()?.strip_prefix("accesspoint")?.strip_prefix(['/', ':'])?;
        Some(Self { region, account, name })
    }
}

impl Site {
    /// Endpoint: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, the profile's `services` section, its `endpoint_url`, AWS.
    /// Region: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`, `us-east-1`.
    pub(crate) fn choose(
        bucket: &str,
        environment: &Environment,
        profiles: &Profiles,
    ) -> Result<Self, Fault> {
        let region = aws::region(environment, profiles).unwrap_or("us-east-1");
        // An access point is in the region that its ARN names.
        let region = AccessPoint::of(bucket).map_or(region, |point| point.region);
        let endpoint = aws::configured_endpoint("s3", environment, profiles);
        match endpoint {
            Some(endpoint) => Self::custom(bucket, endpoint, region),
            None => Ok(Self::aws(bucket, region)),
        }
    }

    /// AWS in a region. The bucket goes into the host unless its name cannot be there: a dot breaks the certificate,
    /// capitals and underscores are no host's.
    pub(crate) fn aws(bucket: &str, region: &str) -> Self {
        if let Some(AccessPoint { region, account, name }) = AccessPoint::of(bucket) {
            let host = format!("{name}-{account}.s3-accesspoint.{region}.{}", aws::domain(region));
            let (region, base) = (region.to_owned(), format!("https://{host}"));
            return Self { region, base, host, path_style: false, custom: false, trusted: true };
        }
        let suffix = aws::domain(region);
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let path_style = !bucket.bytes().all(plain);
        let host = if path_style {
            format!("s3.{region}.{suffix}")
        } else {
            format!("{bucket}.s3.{region}.{suffix}")
        };
        let base = format!("https://{host}");
        Self { region: region.to_owned(), base, host, path_style, custom: false, trusted: true }
    }

    fn custom(bucket: &str, endpoint: &str, region: &str) -> Result<Self, Fault> {
        let Endpoint { base, host, trusted } = Endpoint::parse(endpoint, &format!("bucket `{bucket}`"))?;
        Ok(Self { region: region.to_owned(), base, host, path_style: true, custom: true, trusted })
    }

    /// The same bucket in another region of AWS.
    pub(crate) fn moved_to(&self, bucket: &str, region: &str) -> Self {
        if self.custom {
            return Self { region: region.to_owned(), ..self.clone() };
        }
        Self::aws(bucket, region)
    }

    /// The encoded URL without a query, of an object or of the bucket itself.
    pub(crate) fn url(&self, bucket: &str, key: Option<&str>) -> String {
        let mut url = self.base.clone();
        if self.path_style {
            url.push('/');
            match AccessPoint::of(bucket) {
                Some(AccessPoint { account, name, .. }) => url.extend([name, "-", account]),
                None => url.push_str(&encode::path(bucket)),
            }
        }
        match key {
            Some(key) => {
                url.push('/');
                url.push_str(&encode::url_path(key));
            }
            None if !self.path_style => url.push('/'),
            None => {}
        }
        url
    }

    /// For people.
    pub(crate) fn shown(&self) -> &str {
        &self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::Class;
    use rstest::rstest;

    fn environment(vars: &[(&str, &str)]) -> Environment {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Environment { vars, home: None }
    }

    fn site(bucket: &str, vars: &[(&str, &str)]) -> Site {
        let environment = environment(vars);
        Site::choose(bucket, &environment, &Profiles::load(&environment)).unwrap()
    }

    #[rstest]
    #[case::aws("data", &[], "https://data.s3.us-east-1.amazonaws.com/k")]
    #[case::region("data", &[("AWS_REGION", "us-west-2")], "https://data.s3.us-west-2.amazonaws.com/k")]
    #[case::default_region("data", &[("AWS_DEFAULT_REGION", "eu-west-1")], "https://data.s3.eu-west-1.amazonaws.com/k")]
    #[case::region_first("data", &[("AWS_DEFAULT_REGION", "x"), ("AWS_REGION", "y")], "https://data.s3.y.amazonaws.com/k")]
    #[case::china("data", &[("AWS_REGION", "cn-north-1")], "https://data.s3.cn-north-1.amazonaws.com.cn/k")]
    #[case::dots("my.data", &[], "https://s3.us-east-1.amazonaws.com/my.data/k")]
    #[case::capitals("MyData", &[], "https://s3.us-east-1.amazonaws.com/MyData/k")]
    #[case::underscore("my_data", &[], "https://s3.us-east-1.amazonaws.com/my_data/k")]
    #[case::access_point("arn:aws:s3:us-west-2:123456789012:accesspoint/rig", &[("AWS_REGION", "eu-west-1")], "https://rig-123456789012.s3-accesspoint.us-west-2.amazonaws.com/k")]
    #[case::access_point_in_china("arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/rig", &[], "https://rig-123456789012.s3-accesspoint.cn-north-1.amazonaws.com.cn/k")]
    #[case::access_point_elsewhere("arn:aws:s3:us-west-2:123456789012:accesspoint/rig", &[("AWS_ENDPOINT_URL", "http://minio:9000")], "http://minio:9000/rig-123456789012/k")]
    #[case::custom("data", &[("AWS_ENDPOINT_URL", "http://minio:9000/")], "http://minio:9000/data/k")]
    #[case::custom_path("data", &[("AWS_ENDPOINT_URL", "https://x.org/s3/")], "https://x.org/s3/data/k")]
    #[case::s3_first("data", &[("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_S3", "http://b")], "http://b/data/k")]
    fn endpoint_region_and_style(#[case] bucket: &str, #[case] vars: &[(&str, &str)], #[case] url: &str) {
        assert_eq!(site(bucket, vars).url(bucket, Some("k")), url);
    }

    #[test]
    fn the_profile_says_what_the_environment_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let text = "[profile lab]\nregion = eu-west-1\nendpoint_url = https://second\nservices = m\n[services m]\ns3 =\n  endpoint_url = https://first\n";
        fs_err::write(&file, text).unwrap();
        let vars = [("AWS_CONFIG_FILE", file.to_str().unwrap()), ("AWS_PROFILE", "lab")];
        let got = site("data", &vars);
        assert_eq!((got.region.as_str(), got.shown()), ("eu-west-1", "https://first"));
    }

    #[rstest]
    #[case("http://127.0.0.1:9000", true)]
    #[case("http://[::1]:9000", true)]
    #[case("http://localhost", true)]
    #[case("http://127.0.0.1.example.org", false)]
    #[case("http://minio:9000", false)]
    #[case("https://minio:9000", true)]
    fn bodies_are_unsigned_where_the_line_is_safe(#[case] endpoint: &str, #[case] trusted: bool) {
        assert_eq!(site("data", &[("AWS_ENDPOINT_URL", endpoint)]).trusted, trusted);
    }

    #[rstest]
    fn endpoints_that_cannot_be_meant_are_refused(
        #[values("minio:9000", "ftp://x", "https://", "not a url", "https://u:canary@x")] endpoint: &str,
    ) {
        let environment = environment(&[("AWS_ENDPOINT_URL", endpoint)]);
        let fault = Site::choose("data", &environment, &Profiles::load(&environment)).unwrap_err();
        assert_eq!(fault.class(), Class::BadInput);
        assert!(!fault.line().contains("canary"), "{fault:?}");
    }

    #[test]
    fn a_bucket_moves_to_its_region() {
        let moved = site("data", &[]).moved_to("data", "us-west-2");
        assert_eq!(moved, Site::aws("data", "us-west-2"));
    }
}
