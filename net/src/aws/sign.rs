//! AWS Signature Version 4, in the `Authorization` header.
//!
//! Source: "Signature Calculations for the Authorization Header" in the Amazon S3 API Reference.

use std::{
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use adt_model::Secret;
use jiff::{Timestamp, tz::TimeZone};
use ring::{digest, hmac};

use crate::hex;

/// In place of a body's hash, where the connection protects the body.
pub const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// SHA-256 of no bytes.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// SHA-256 in hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// What a signature covers.
pub struct Signable<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Encoded, with its slash.
    pub path: &'a str,
    /// Encoded and sorted, without `?`.
    pub query: &'a str,
    /// Lower-case names, sorted.
    pub headers: &'a [(&'a str, &'a str)],
    /// [`sha256_hex`] of the body, [`EMPTY_SHA256`] or [`UNSIGNED`].
    pub payload: &'a str,
}

/// Derives a day's key once and signs with it.
#[derive(Default)]
pub struct Signer {
    cached: Mutex<Option<Day>>,
}

#[derive(Clone)]
struct Day {
    secret: Secret,
    scope: String,
    key: hmac::Key,
}

impl Signer {
    /// The value of the `Authorization` header. `stamp` is [`amz_date`]'s text and must be among the headers.
    pub fn authorization(
        &self,
        (access_key, secret): (&str, &Secret),
        (region, service): (&str, &str),
        stamp: &str,
        what: &Signable<'_>,
    ) -> String {
        let day = &stamp[..8.min(stamp.len())];
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let signed = what.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let request = canonical(what, &signed);
        let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", sha256_hex(request.as_bytes()));
        let key = self.key(secret, &scope, day, region, service);
        let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
        format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"
        )
    }

    fn key(&self, secret: &Secret, scope: &str, day: &str, region: &str, service: &str) -> hmac::Key {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cached.as_ref().filter(|known| known.scope == scope && known.secret == *secret) {
            return known.key.clone();
        }
        let first = Secret::new(format!("AWS4{}", secret.expose()));
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, first.expose().as_bytes());
        for step in [day, region, service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref());
        }
        *cached = Some(Day { secret: secret.clone(), scope: scope.to_owned(), key: key.clone() });
        key
    }
}

fn canonical(what: &Signable<'_>, signed: &str) -> String {
    let mut text = format!("{}\n{}\n{}\n", what.method, what.path, what.query);
    for (name, value) in what.headers {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}:{}", value.trim());
    }
    let _ = write!(text, "\n{signed}\n{}", what.payload);
    text
}

/// The time as signatures want it: `20130524T000000Z`.
pub fn amz_date(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    // The examples of the S3 API Reference, "Examples: Signature Calculations": bucket `examplebucket`, us-east-1.
    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    const STAMP: &str = "20130524T000000Z";
    const DATE: (&str, &str) = ("x-amz-date", STAMP);
    const EMPTY: (&str, &str) = ("x-amz-content-sha256", EMPTY_SHA256);
    const TEXT: &str = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";

    #[rstest]
    #[case::get_object(
        ("GET", "/test.txt", ""),
        &[HOST, ("range", "bytes=0-9"), EMPTY, DATE],
        EMPTY_SHA256,
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )]
    #[case::put_object(
        ("PUT", "/test%24file.text", ""),
        &[("date", "Fri, 24 May 2013 00:00:00 GMT"), HOST, ("x-amz-content-sha256", TEXT), DATE,
          ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        TEXT,
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    )]
    #[case::bucket_lifecycle(
        ("GET", "/", "lifecycle="),
        &[HOST, EMPTY, DATE],
        EMPTY_SHA256,
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    )]
    #[case::list_objects(
        ("GET", "/", "max-keys=2&prefix=J"),
        &[HOST, EMPTY, DATE],
        EMPTY_SHA256,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )]
    fn signs_the_published_examples(
        #[case] (method, path, query): (&str, &str, &str),
        #[case] headers: &[(&str, &str)],
        #[case] payload: &str,
        #[case] signature: &str,
    ) {
        let signer = Signer::default();
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let what = Signable { method, path, query, headers, payload };
        for _ in 0..2 {
            let id = ("AKIAIOSFODNN7EXAMPLE", &secret);
            let value = signer.authorization(id, ("us-east-1", "s3"), STAMP, &what);
            assert!(value.ends_with(&format!("Signature={signature}")), "{value}");
        }
    }

    #[test]
    fn another_day_or_secret_has_another_key() {
        let signer = Signer::default();
        let what = Signable { method: "GET", path: "/", query: "", headers: &[HOST], payload: EMPTY_SHA256 };
        let sign = |secret: &str, stamp: &str| {
            signer.authorization(("A", &Secret::new(secret)), ("us-east-1", "s3"), stamp, &what)
        };
        let first = sign("one", STAMP);
        assert_ne!(sign("two", STAMP), first);
        assert_ne!(sign("one", "20130525T000000Z"), first);
        assert_eq!(sign("one", STAMP), first);
    }

    #[test]
    fn times_are_written_as_signatures_want_them() {
        let time: Timestamp = "2013-05-24T00:00:00.9Z".parse().unwrap();
        assert_eq!(amz_date(time), STAMP);
    }
}
