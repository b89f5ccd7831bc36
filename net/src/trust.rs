//! Certificates that a person names, beside those of the system.

use std::sync::Arc;

use jiff::{civil::DateTime, tz::TimeZone};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring::default_provider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

/// TLS that trusts what the system trusts, and these certificates.
pub(crate) fn config(own: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(default_provider());
    let others = Verifier::new_with_extra_roots(own.clone(), Arc::clone(&provider))?;
    let verifier = Named { others: Arc::new(others), own };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// Trusts what `others` trusts, and a server that shows exactly one of the certificates in `own`.
///
/// A self-signed certificate is usually marked as an authority, and the library takes no authority for a server. A person who names such a
/// certificate means the server that has it; its names and its dates count all the same.
#[derive(Debug)]
struct Named {
    others: Arc<dyn ServerCertVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let refused = match self.others.verify_server_cert(shown, intermediates, server, ocsp, now) {
            Ok(verified) => return Ok(verified),
            Err(refused) => refused,
        };
        let may_be_own = matches!(
            refused,
            Error::InvalidCertificate(CertificateError::Other(_) | CertificateError::UnknownIssuer)
        );
        if !may_be_own || !self.own.iter().any(|own| own == shown) {
            return Err(refused);
        }
        verify_server_name(&ParsedCertificate::try_from(shown)?, server)?;
        let (begins, ends) = validity(shown).ok_or(refused)?;
        let now = now.as_secs();
        if now < begins {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > ends {
            return Err(CertificateError::Expired.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.others.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.others.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.others.supported_verify_schemes()
    }
}

/// When a certificate begins and ends, in seconds since 1970 (RFC 5280, section 4.1).
fn validity(certificate: &[u8]) -> Option<(u64, u64)> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    // A version, where there is one; then serial number, algorithm and issuer.
    if rest.first() == Some(&0xA0) {
        rest = element(rest)?.2;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, times, _) = element(rest)?;
    let (tag, begins, rest) = element(times)?;
    let begins = time(tag, begins)?;
    let (tag, ends, _) = element(rest)?;
    Some((begins, time(tag, ends)?))
}

/// The first element of DER: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) =
            rest.split_at_checked(usize::from(first & 0x7F)).filter(|(bytes, _)| bytes.len() <= 4)?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDhhmmssZ` (tag 23) or `YYYYMMDDhhmmssZ` (tag 24).
fn time(tag: u8, text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = text.split_at_checked(if tag == 24 { 4 } else { 2 })?;
    let year: i16 = year.parse().ok()?;
    let year = match tag {
        24 => year,
        23 if year < 50 => 2000 + year,
        23 => 1900 + year,
        _ => return None,
    };
    let part = |n: usize| rest.get(2 * n..2 * n + 2)?.parse::<i8>().ok();
    let time = DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0).ok()?;
    u64::try_from(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use rustls::{RootCertStore, client::WebPkiServerVerifier, pki_types::pem::PemObject};

    /// For `store.lab`, `localhost` and 127.0.0.1, from 2026-11-30 to 2126-11-06; marked as an authority.
    const OWN: &str = "-----BEGIN CERTIFICATE-----
MIIBpzCCAUygAwIBAgIUFhhkQY2JH2CJsGdT5Hpj1MEOUQ8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJc3RvcmUubGFiMCAXDTI2MTEzMDE3MjkyNloYDzIxMjYxMTA2
MTcyOTI2WjAUMRIwEAYDVQQDDAlzdG9yZS5sYWIwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASPmmV6ruKrRAdatLhSOFQcrOF4dzwerNO9vSv74wUEQ3JiIBJpJ5KO
iWnU5hlL4hqWeiVLcq8AVARj7eB403gOo3oweDAdBgNVHQ4EFgQUwBkexJrcEKBc
8APRcqsdIABEv3cwHwYDVR0jBBgwFoAUwBkexJrcEKBc8APRcqsdIABEv3cwDwYD
VR0TAQH/BAUwAwEB/zAlBgNVHREEHjAcgglzdG9yZS5sYWKCCWxvY2FsaG9zdIcE
fwAAATAKBggqhkjOPQQDAgNJADBGAiEAm5Djw3w5F2tkHUjWEJC/3L3moD7vNlcW
Uo4xNPjt1xYCIQC+kzIUXRuI1Nct9lrk72jmmen6FlSZHwFnGUuIS9iZRw==
-----END CERTIFICATE-----";
    /// Another one for `store.lab`.
    const OTHER: &str = "-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUOr0X+ctRVijQ3Us2VZ108tuqInswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJc3RvcmUubGFiMCAXDTI2MTEzMDE3MjkyNloYDzIxMjYxMTA2
MTcyOTI2WjAUMRIwEAYDVQQDDAlzdG9yZS5sYWIwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARJB4xvReH/STzFgCDOOwVVDd9Z35bUp6k0YB80CGzRAugAWCSH18VH
MxC9QnMxgqPRhhkDxuoMZ/Vpx5wMDuSBo2kwZzAdBgNVHQ4EFgQUFAxb1Y/3AqAo
7n0QOylH8XBuhTwwHwYDVR0jBBgwFoAUFAxb1Y/3AqAo7n0QOylH8XBuhTwwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglzdG9yZS5sYWIwCgYIKoZIzj0EAwID
SQAwRgIhAKsw4d7ZEfCxOAl0ebVckFDjtewrofHbmv3mnMnF/kpxAiEA8BEe7e9b
UGvSCMV47jtmKR9yn3RAtzOsYiGjiptmFos=
-----END CERTIFICATE-----";

    fn der(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    fn shows(shown: &str, server: &str, date: &str) -> Result<(), Error> {
        let own = vec![der(OWN)];
        let mut roots = RootCertStore::empty();
        roots.add(own[0].clone()).unwrap();
        let others =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
        let verifier = Named { others: others.build().unwrap(), own };
        let date: jiff::Timestamp = format!("{date}T00:00:00Z").parse().unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(date.as_second() as u64));
        let server = ServerName::try_from(server.to_owned()).unwrap();
        verifier.verify_server_cert(&der(shown), &[], &server, &[], now).map(drop)
    }

    #[rstest]
    fn a_server_with_the_very_certificate_is_trusted(
        #[values("store.lab", "localhost", "127.0.0.1")] server: &str,
    ) {
        assert_eq!(shows(OWN, server, "2027-01-01"), Ok(()));
    }

    #[rstest]
    #[case::another_name(OWN, "other.lab", "2027-01-01")]
    #[case::too_early(OWN, "store.lab", "2026-11-01")]
    #[case::too_late(OWN, "store.lab", "2127-01-01")]
    #[case::another_certificate(OTHER, "store.lab", "2027-01-01")]
    fn nothing_else_is_weakened(#[case] shown: &str, #[case] server: &str, #[case] date: &str) {
        assert!(shows(shown, server, date).is_err());
    }

    #[test]
    fn the_dates_of_a_certificate_are_read() {
        assert_eq!(validity(&der(OWN)), Some((1_796_059_766, 4_949_659_766)));
        assert_eq!(validity(&der(OWN)[..100]), None);
        assert_eq!(validity(b"0\x84\xff\xff\xff\xff"), None);
    }
}
