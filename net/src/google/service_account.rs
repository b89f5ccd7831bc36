//! A service account's key signs a statement (a JWT, RFC 7523), which is exchanged for a token.

use adt_model::Fault;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use serde_json::json;

use super::file::Document;
use crate::oauth::Granted;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long a statement and its token hold, in seconds; more is refused.
const HOLDS: i64 = 3600;

pub(super) async fn granted(document: &Document<'_>, scope: &str) -> Result<(Granted, String), Fault> {
    let (email, url) = (document.need("client_email")?, document.need("token_uri")?);
    let bad = |why: &str| {
        document
            .wrong(&format!("has a `private_key` that {why}"))
            .help("download the service account's key again")
    };
    let pair = key_pair(document.need("private_key")?).map_err(bad)?;
    let statement = statement(email, url, scope, document.get("private_key_id"), document.now);
    let assertion = signed(&statement, &pair).map_err(bad)?;
    let what = format!("service account `{email}` of `{}`", document.path);
    let form = [("grant_type", GRANT), ("assertion", assertion.as_str())];
    Ok((document.exchange(url, &form, &what).await?, what))
}

/// Header and claims, encoded and joined.
fn statement(email: &str, audience: &str, scope: &str, key: Option<&str>, now: Timestamp) -> String {
    let begins = now.as_second();
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": key});
    let claims = json!({"iss": email, "scope": scope, "aud": audience, "iat": begins, "exp": begins.saturating_add(HOLDS)});
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn signed(statement: &str, pair: &KeyPair) -> Result<String, &'static str> {
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), statement.as_bytes(), &mut signature)
        .map_err(|_| "cannot sign")?;
    Ok(format!("{statement}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The key between the lines of a PEM (RFC 7468): PKCS#8, as Google writes it, or PKCS#1.
fn key_pair(pem: &str) -> Result<KeyPair, &'static str> {
    let body = |label: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
    };
    let pair = match (body("PRIVATE KEY"), body("RSA PRIVATE KEY")) {
        (Some(der), _) => KeyPair::from_pkcs8(&der),
        (None, Some(der)) => KeyPair::from_der(&der),
        (None, None) => return Err("is no key in PEM"),
    };
    pair.map_err(|_| "is no RSA key of at least 2048 bits")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use rstest::rstest;

    /// Made for these tests with `openssl genpkey`; nothing trusts it.
    pub(crate) const PEM: &str = include_str!("test_key.pem");

    #[test]
    fn a_statement_says_who_for_what_and_until_when_and_its_signature_holds() {
        let pair = key_pair(PEM).unwrap();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let jwt = signed(&statement("rig@lab", "https://t", "s", Some("k1"), now), &pair).unwrap();
        let (signable, signature) = jwt.rsplit_once('.').unwrap();
        let parts: Vec<serde_json::Value> = signable
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        let claims = json!({"iss": "rig@lab", "scope": "s", "aud": "https://t", "iat": 1_700_000_000, "exp": 1_700_003_600});
        assert_eq!(parts[1], claims);
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public());
        public.verify(signable.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    }

    #[rstest]
    #[case("canary", "is no key in PEM")]
    #[case("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "is no key in PEM")]
    #[case(
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "is no RSA key of at least 2048 bits"
    )]
    fn what_is_no_key_is_refused(#[case] pem: &str, #[case] why: &str) {
        assert_eq!(key_pair(pem).err(), Some(why));
    }
}
