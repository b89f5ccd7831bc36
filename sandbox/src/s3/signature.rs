use http::{HeaderMap, request::Parts};
use jiff::{Timestamp, civil};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};

use super::{checksum::hex, refusal::Refusal, route::decode};

/// Signature Version 4 leaves only these as they are.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// S3 refuses what was signed more than 15 minutes from its own time.
const SKEW_SECONDS: i64 = 15 * 60;

/// A request whose signature was found right: what the chunks of its body are signed with.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) key: hmac::Key,
    pub(crate) date: String,
    pub(crate) scope: String,
    pub(crate) signature: String,
}

/// The parts of the `Authorization` header.
struct Claim<'a> {
    access_key: &'a str,
    /// `date/region/service/aws4_request`.
    scope: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

/// Checks Signature Version 4 in the `Authorization` header.
pub(crate) fn verify(
    parts: &Parts,
    access_key: &str,
    secret_key: &str,
    now: Timestamp,
) -> Result<Signed, Refusal> {
    let claim = claim(&parts.headers)?;
    if claim.access_key != access_key {
        return Err(Refusal::denied("InvalidAccessKeyId", "this server does not know that access key"));
    }
    let date = header(&parts.headers, "x-amz-date")
        .ok_or_else(|| Refusal::denied("AccessDenied", "`x-amz-date` is needed"))?;
    within_skew(&date, now)?;
    let hash = header(&parts.headers, "x-amz-content-sha256")
        .ok_or_else(|| Refusal::bad("InvalidRequest", "`x-amz-content-sha256` is needed"))?;
    let canonical = canonical(parts, &claim.headers, &hash)?;
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{}\n{}", claim.scope, sha256_hex(canonical.as_bytes()));
    let key = signing_key(secret_key, claim.scope);
    if sign_hex(&key, &to_sign) != claim.signature {
        return Err(Refusal::denied(
            "SignatureDoesNotMatch",
            "the signature is not the one this server computes; check the secret key",
        ));
    }
    Ok(Signed { key, date, scope: claim.scope.to_owned(), signature: claim.signature.to_owned() })
}

fn claim(headers: &HeaderMap) -> Result<Claim<'_>, Refusal> {
    let denied = || Refusal::denied("AccessDenied", "a Signature Version 4 `Authorization` header is needed");
    let text = headers.get("authorization").and_then(|v| v.to_str().ok()).ok_or_else(denied)?;
    let fields = text.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(denied)?;
    let field = |name: &str| {
        fields.split(',').find_map(|f| f.trim().strip_prefix(name)?.strip_prefix('=')).ok_or_else(denied)
    };
    let (access_key, scope) = field("Credential")?.split_once('/').ok_or_else(denied)?;
    let headers = field("SignedHeaders")?.split(';').collect();
    Ok(Claim { access_key, scope, headers, signature: field("Signature")? })
}

fn within_skew(date: &str, now: Timestamp) -> Result<(), Refusal> {
    let at = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date)
        .and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC))
        .map_err(|e| Refusal::denied("AccessDenied", format!("`x-amz-date` cannot be read: {e}")))?;
    if (at.timestamp().as_second() - now.as_second()).abs() > SKEW_SECONDS {
        return Err(Refusal::denied(
            "RequestTimeTooSkewed",
            format!("the request was signed at {date}, the server's time is {now}"),
        ));
    }
    Ok(())
}

/// The text that stands for the whole request.
fn canonical(parts: &Parts, names: &[&str], hash: &str) -> Result<String, Refusal> {
    let path = encode(&decode(parts.uri.path())?, true);
    let mut query = Vec::new();
    for (name, value) in super::route::query_pairs(parts.uri.query().unwrap_or(""))? {
        query.push((encode(&name, false), encode(&value, false)));
    }
    query.sort();
    let query = query.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
    let mut lines = Vec::new();
    for name in names {
        lines.push(format!("{name}:{}\n", header(&parts.headers, name).unwrap_or_default()));
    }
    let headers = lines.concat();
    Ok(format!("{}\n{path}\n{query}\n{headers}\n{}\n{hash}", parts.method, names.join(";")))
}

/// A header's values, trimmed, runs of blanks as one, joined by commas.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|v| {
            let text = String::from_utf8_lossy(v.as_bytes()).into_owned();
            text.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    if values.is_empty() { None } else { Some(values.join(",")) }
}

fn encode(text: &str, keep_slashes: bool) -> String {
    let encoded = utf8_percent_encode(text, UNRESERVED).to_string();
    if keep_slashes { encoded.replace("%2F", "/") } else { encoded }
}

fn signing_key(secret_key: &str, scope: &str) -> hmac::Key {
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret_key}").as_bytes());
    scope.split('/').fold(first, |key, part| {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
    })
}

pub(crate) fn sign_hex(key: &hmac::Key, text: &str) -> String {
    hex(hmac::sign(key, text.as_bytes()).as_ref())
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// The worked example "GET Object" of Amazon's page on the `Authorization` header.
    fn amazon_example(secret: &str, now: &str) -> Result<(), &'static str> {
        let request = http::Request::builder()
            .uri("/test.txt")
            .header("host", "examplebucket.s3.amazonaws.com")
            .header("range", "bytes=0-9")
            .header("x-amz-date", "20130524T000000Z")
            .header("x-amz-content-sha256", sha256_hex(b""))
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                 SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            )
            .body(())
            .unwrap();
        let parts = request.into_parts().0;
        verify(&parts, "AKIAIOSFODNN7EXAMPLE", secret, now.parse().unwrap()).map(|_| ()).map_err(|r| r.code)
    }

    #[rstest]
    #[case::right("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "2013-05-24T00:14:59Z", Ok(()))]
    #[case::wrong_secret("other", "2013-05-24T00:00:00Z", Err("SignatureDoesNotMatch"))]
    #[case::skewed(
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "2013-05-24T00:15:01Z",
        Err("RequestTimeTooSkewed")
    )]
    fn the_published_example_is_judged(
        #[case] secret: &str,
        #[case] now: &str,
        #[case] verdict: Result<(), &'static str>,
    ) {
        assert_eq!(amazon_example(secret, now), verdict);
    }
}
