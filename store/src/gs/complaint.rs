//! What Google says when it refuses.

use http::StatusCode;
use serde_json::Value;

use crate::exchange::{Complaint, Kind};

/// Reads a refusal: a document of JSON, or a line of text. A page of HTML says nothing that the status does not.
///
/// The header `x-guploader-uploadid` is not read: of a session it is the secret itself.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Complaint {
    let document = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let error = document.get("error").unwrap_or(&Value::Null);
    let first = error.get("errors").and_then(|errors| errors.get(0)).unwrap_or(&Value::Null);
    let code = first.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned();
    let message = match (error.get("message").and_then(Value::as_str), std::str::from_utf8(body)) {
        (Some(message), _) => message,
        (None, Ok(text)) if document.is_null() && !text.contains('<') => text,
        _ => error.as_str().unwrap_or_default(),
    };
    let message = message.to_owned();
    let kind = kind(status.as_u16(), &code, &message);
    Complaint { kind, status: status.as_u16(), code, message, ..Complaint::default() }
}

fn kind(status: u16, code: &str, message: &str) -> Kind {
    let says = |words: &str| message.to_ascii_lowercase().contains(words);
    match (status, code) {
        (_, "rateLimitExceeded" | "userRateLimitExceeded") => Kind::SlowDown,
        // Somebody without a name is told to get one.
        (401, "required") if says("anonymous") => Kind::Denied,
        (401, _) => Kind::Expired,
        (404, _) if says("bucket does not exist") => Kind::NoBucket,
        (404, _) => Kind::NoObject,
        (410, _) => Kind::NoUpload,
        (413, _) => Kind::TooLarge,
        (400, _) if says("provided crc32c") || says("provided md5") => Kind::Damaged,
        (400, _) if says("invalid bucket name") => Kind::BadBucketName,
        _ => Kind::of_status(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Cure;
    use adt_model::Redactor;
    use rstest::rstest;

    fn refusal(status: u16, reason: &str, message: &str) -> Complaint {
        let body = serde_json::json!({"error": {"code": status, "message": message,
            "errors": [{"domain": "global", "reason": reason, "message": message}]}});
        read(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
    }

    #[rstest]
    #[case(401, "authError", "Invalid Credentials", Kind::Expired, Cure::Refresh)]
    #[case(
        401,
        "required",
        "Anonymous caller does not have storage.objects.get access.",
        Kind::Denied,
        Cure::None
    )]
    #[case(403, "forbidden", "x does not have storage.objects.get access.", Kind::Denied, Cure::None)]
    #[case(403, "rateLimitExceeded", "", Kind::SlowDown, Cure::SlowDown)]
    #[case(403, "userRateLimitExceeded", "", Kind::SlowDown, Cure::SlowDown)]
    #[case(404, "notFound", "The specified bucket does not exist.", Kind::NoBucket, Cure::None)]
    #[case(404, "notFound", "No such object: lab/a", Kind::NoObject, Cure::None)]
    #[case(410, "", "", Kind::NoUpload, Cure::None)]
    #[case(412, "conditionNotMet", "", Kind::Condition, Cure::None)]
    #[case(413, "uploadTooLarge", "", Kind::TooLarge, Cure::None)]
    #[case(429, "", "", Kind::SlowDown, Cure::SlowDown)]
    #[case(503, "backendError", "", Kind::SlowDown, Cure::SlowDown)]
    #[case(500, "backendError", "", Kind::Passing, Cure::Again)]
    #[case(
        400,
        "invalid",
        "Provided CRC32C \"a\" doesn't match calculated CRC32C \"b\".",
        Kind::Damaged,
        Cure::SendAgain
    )]
    #[case(
        400,
        "required",
        "Bucket is a requester pays bucket but no user project provided.",
        Kind::Other,
        Cure::None
    )]
    fn refusals_are_sorted(
        #[case] status: u16,
        #[case] reason: &str,
        #[case] message: &str,
        #[case] kind: Kind,
        #[case] cure: Cure,
    ) {
        let complaint = refusal(status, reason, message);
        assert_eq!((complaint.kind, complaint.kind.cure()), (kind, cure));
    }

    #[rstest]
    #[case(403, "{\"error\": {\"message\": \"a\\nb.\", \"errors\": [{\"reason\": \"x\"}]}}", "x: a b")]
    #[case(400, "Invalid request", "Invalid request")]
    #[case(400, "{\"error\": \"invalid_grant\"}", "invalid_grant")]
    #[case(503, "<html><body>gateway</body></html>", "HTTP 503 Service Unavailable")]
    #[case(404, "no session at ?upload_id=canary", "no session at ?upload_id=***")]
    #[case(502, "\u{0}", "HTTP 502 Bad Gateway")]
    fn any_answer_is_shown_on_one_line(#[case] status: u16, #[case] body: &str, #[case] shown: &str) {
        let complaint = read(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        assert_eq!(complaint.without_secrets(&Redactor::default()).shown(), shown);
    }
}
