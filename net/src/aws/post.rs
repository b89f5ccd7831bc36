use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};

use super::{Keys, Signable, Signer, amz_date, sha256_hex};

/// A request to one of the services of AWS that take everything in a body of text.
pub struct Post<'a> {
    /// Scheme, host and path, without a slash at the end.
    pub base: &'a str,
    /// What is signed for.
    pub region: &'a str,
    /// What is signed for, as signatures name it: `sts`, `ssm`.
    pub service: &'a str,
    /// Lower-case names; `content-type` and whatever the service wants.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is sent.
    pub body: &'a str,
}

impl Post<'_> {
    /// The request, signed for one attempt at `now`.
    pub fn signed(&self, http: &Client, keys: &Keys, now: Timestamp) -> RequestBuilder {
        let (stamp, payload) = (amz_date(now), sha256_hex(self.body.as_bytes()));
        let place = self.base.split_once("://").map_or(self.base, |(_, place)| place);
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
        let mut all = vec![("host", host), ("x-amz-date", stamp.as_str())];
        all.extend(keys.token.as_ref().map(|token| ("x-amz-security-token", token.expose())));
        all.extend(self.headers);
        all.sort_unstable();
        let what = Signable { method: "POST", path: &path, query: "", headers: &all, payload: &payload };
        let identity = (keys.access_key.as_str(), &keys.secret);
        let authorization =
            Signer::default().authorization(identity, (self.region, self.service), &stamp, &what);
        all.retain(|(name, _)| *name != "host");
        all.push(("authorization", &authorization));
        http.post(format!("{}/", self.base)).headers(sensitive(&all)).body(self.body.to_owned())
    }
}

/// What is no header (a line end in a key from a file, say) is left out, and the server refuses the signature.
fn sensitive(all: &[(&str, &str)]) -> HeaderMap {
    all.iter()
        .filter_map(|(name, value)| {
            let mut shown: HeaderValue = value.parse().ok()?;
            shown.set_sensitive(matches!(*name, "authorization" | "x-amz-security-token"));
            Some((name.parse::<HeaderName>().ok()?, shown))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use adt_model::Secret;
    use rstest::rstest;

    #[rstest]
    #[case("http://127.0.0.1:5000", "http://127.0.0.1:5000/")]
    #[case("https://x.org/aws", "https://x.org/aws/")]
    fn what_is_signed_is_sent_and_secrets_are_not_shown(#[case] base: &str, #[case] url: &str) {
        let http = crate::connect::client(&crate::Environment::default(), 1, false).unwrap();
        let keys = Keys {
            access_key: "AKIA".into(),
            secret: Secret::new("canary"),
            token: Some(Secret::new("canary")),
            expires: None,
            source: "a test".into(),
        };
        let headers = [("x-amz-target", "T.Get"), ("content-type", "application/x-amz-json-1.1")];
        let post = Post { base, region: "us-west-2", service: "ssm", headers: &headers, body: "{}" };
        let request = post.signed(&http, &keys, Timestamp::UNIX_EPOCH).build().unwrap();
        assert_eq!(request.url().as_str(), url);
        let authorization = request.headers()["authorization"].to_str().unwrap();
        for part in [
            "Credential=AKIA/19700101/us-west-2/ssm/aws4_request",
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
        ] {
            assert!(authorization.contains(part), "{authorization}");
        }
        assert!(!format!("{request:?}").contains("canary"));
    }
}
