//! What S3 says when it refuses.

use adt_net::xml::Element;
use http::{HeaderMap, StatusCode};

use crate::exchange::{Complaint, Kind, header};

/// Reads a refusal.
pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint {
    let document = Element::parse(body).ok();
    // Some services wrap the error into an envelope.
    let error = document.as_ref().map(|root| root.child("Error").unwrap_or(root));
    let value = |name: &str| error.and_then(|e| e.value(name)).map(str::to_owned);
    let message = value("Message").unwrap_or_default();
    let region = header(headers, "x-amz-bucket-region").map(str::to_owned).or_else(|| value("Region"));
    let region = region.or_else(|| expected_region(&message));
    let code = value("Code").unwrap_or_default();
    Complaint {
        kind: kind(status.as_u16(), &code, &message, region.is_some()),
        status: status.as_u16(),
        code,
        region,
        message,
        server_time: value("ServerTime"),
        request_id: header(headers, "x-amz-request-id").map(str::to_owned).or_else(|| value("RequestId")),
    }
}

fn kind(status: u16, code: &str, message: &str, has_region: bool) -> Kind {
    // Object lock, and older firmware: "Content-MD5 HTTP header is required", "Missing required header for this request: Content-MD5".
    let about_md5 = message.to_ascii_lowercase().contains("content-md5");
    match code {
        "MissingContentMD5" => Kind::WantsMd5,
        "InvalidRequest" | "InvalidArgument" | "MissingHeader" | "MissingRequiredHeader" if about_md5 => {
            Kind::WantsMd5
        }
        "InvalidObjectState" => Kind::Archived,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "ServiceUnavailable"
        | "Busy" => Kind::SlowDown,
        "RequestTimeout" | "InternalError" | "OperationAborted" | "IncompleteBody" => Kind::Passing,
        "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => Kind::Damaged,
        "ExpiredToken" | "TokenRefreshRequired" | "InvalidToken" | "RequestExpired" => Kind::Expired,
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => Kind::Elsewhere,
        "NoSuchBucket" => Kind::NoBucket,
        "NoSuchKey" | "NoSuchVersion" => Kind::NoObject,
        "NoSuchUpload" => Kind::NoUpload,
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => Kind::Denied,
        "InvalidAccessKeyId" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
            Kind::UnknownIdentity
        }
        "SignatureDoesNotMatch" => Kind::WrongSecret,
        "RequestTimeTooSkewed" => Kind::Skewed,
        "EntityTooLarge" => Kind::TooLarge,
        "InvalidBucketName" => Kind::BadBucketName,
        "KeyTooLongError" => Kind::LongKey,
        "QuotaExceeded" | "XMinioStorageFull" => Kind::Full,
        "PreconditionFailed" => Kind::Condition,
        "InvalidRequest"
        | "NotImplemented"
        | "InvalidArgument"
        | "UnsupportedArgument"
        | "MethodNotAllowed" => Kind::Features,
        // An answer to HEAD has no document; the header alone tells this from other bad requests.
        "" if status == 400 => {
            if has_region {
                Kind::Elsewhere
            } else {
                Kind::Expired
            }
        }
        _ => Kind::of_status(status),
    }
}

/// `… the region 'us-east-1' is wrong; expecting 'us-west-2'`.
fn expected_region(message: &str) -> Option<String> {
    let rest = message.split("expecting '").nth(1)?;
    let region = rest.split('\'').next()?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (!region.is_empty() && region.bytes().all(plain)).then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cure;
    use adt_model::Redactor;
    use rstest::rstest;

    fn refusal(status: u16, body: &str) -> Complaint {
        read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[rstest]
    #[case(503, "SlowDown", Cure::SlowDown)]
    #[case(429, "", Cure::SlowDown)]
    #[case(503, "", Cure::SlowDown)]
    #[case(400, "RequestTimeout", Cure::Again)]
    #[case(500, "InternalError", Cure::Again)]
    #[case(200, "InternalError", Cure::Again)]
    #[case(502, "", Cure::Again)]
    #[case(504, "", Cure::Again)]
    #[case(400, "BadDigest", Cure::SendAgain)]
    #[case(400, "ExpiredToken", Cure::Refresh)]
    #[case(301, "PermanentRedirect", Cure::Move)]
    #[case(400, "AuthorizationHeaderMalformed", Cure::Move)]
    #[case(403, "AccessDenied", Cure::None)]
    #[case(403, "SignatureDoesNotMatch", Cure::None)]
    #[case(404, "NoSuchBucket", Cure::None)]
    #[case(501, "NotImplemented", Cure::None)]
    fn cures(#[case] status: u16, #[case] code: &str, #[case] cure: Cure) {
        let body =
            if code.is_empty() { String::new() } else { format!("<Error><Code>{code}</Code></Error>") };
        assert_eq!(refusal(status, &body).kind.cure(), cure);
    }

    #[rstest]
    #[case("MissingContentMD5", "", Kind::WantsMd5)]
    #[case(
        "InvalidRequest",
        "Content-MD5 HTTP header is required for Put Object requests with Object Lock parameters",
        Kind::WantsMd5
    )]
    #[case("InvalidRequest", "Missing required header for this request: Content-MD5", Kind::WantsMd5)]
    #[case("InvalidRequest", "The value of x-amz-checksum-algorithm is not known", Kind::Features)]
    #[case("InvalidObjectState", "The operation is not valid for the object's storage class", Kind::Archived)]
    fn what_a_server_wants_is_in_its_words(#[case] code: &str, #[case] message: &str, #[case] kind: Kind) {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        assert_eq!(refusal(400, &body).kind, kind);
    }

    #[test]
    fn the_right_region_is_found_in_words_and_in_the_header() {
        let words = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The region 'us-east-1' is wrong; expecting 'us-west-2'</Message></Error>";
        assert_eq!(refusal(400, words).region.as_deref(), Some("us-west-2"));
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-bucket-region", "eu-west-1".parse().unwrap());
        let silent = read(StatusCode::BAD_REQUEST, &headers, b"");
        assert_eq!((silent.region.as_deref(), silent.kind.cure()), (Some("eu-west-1"), Cure::Move));
    }

    #[rstest]
    #[case(503, "<html><body>gateway</body></html>", "HTTP 503 Service Unavailable")]
    #[case(400, "\u{0}\u{1}", "HTTP 400 Bad Request")]
    #[case(403, "<Error><Code>X</Code><Message>a\nb.</Message></Error>", "X: a b")]
    fn any_answer_is_shown_on_one_line(#[case] status: u16, #[case] body: &str, #[case] shown: &str) {
        assert_eq!(refusal(status, body).without_secrets(&Redactor::default()).shown(), shown);
    }
}
