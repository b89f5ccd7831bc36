//! What Azure says when it refuses.

use adt_net::xml::Element;
use http::{HeaderMap, StatusCode};

use crate::exchange::{Complaint, Kind, header};

/// Reads a refusal. An answer to HEAD has no document; its code stands in a header as well.
pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Complaint {
    let document = Element::parse(body).ok();
    let value = |name: &str| document.as_ref().and_then(|root| root.value(name));
    let code = header(headers, "x-ms-error-code").or_else(|| value("Code")).unwrap_or_default().to_owned();
    let message = value("Message").unwrap_or_default();
    // What follows it, on lines of their own, are the request's id and the time.
    let mut message =
        message.split("\nRequestId:").next().unwrap_or_default().trim_end_matches('.').to_owned();
    // The message speaks of "one of the headers"; which one stands beside it.
    if let Some(name) = value("HeaderName").or_else(|| value("QueryParameterName")) {
        message = format!("{message} ({name})");
    }
    let detail = value("AuthenticationErrorDetail").unwrap_or_default();
    let kind = kind(status.as_u16(), &code, detail);
    Complaint {
        kind,
        status: status.as_u16(),
        code,
        message,
        region: None,
        server_time: header(headers, "date").filter(|_| kind == Kind::Skewed).map(str::to_owned),
        request_id: header(headers, "x-ms-request-id").map(str::to_owned),
    }
}

/// Sources: "Common REST API error codes" and "Blob Storage error codes" in Azure's REST reference.
fn kind(status: u16, code: &str, detail: &str) -> Kind {
    match code {
        "ServerBusy" | "TooManyRequests" => Kind::SlowDown,
        "OperationTimedOut" | "InternalError" | "ContainerBeingDeleted" | "PendingCopyOperation" => {
            Kind::Passing
        }
        "Crc64Mismatch" | "Md5Mismatch" => Kind::Damaged,
        "InvalidAuthenticationInfo" => Kind::Expired,
        "AuthenticationFailed" => authentication(detail),
        "AuthorizationFailure"
        | "AuthorizationPermissionMismatch"
        | "AuthorizationProtocolMismatch"
        | "AuthorizationResourceTypeMismatch"
        | "AuthorizationServiceMismatch"
        | "AuthorizationSourceIPMismatch"
        | "InsufficientAccountPermissions"
        | "NoAuthenticationInformation"
        | "PublicAccessNotPermitted"
        | "AccountIsDisabled"
        | "KeyBasedAuthenticationNotPermitted" => Kind::Denied,
        "ContainerNotFound" | "ContainerDisabled" => Kind::NoBucket,
        "BlobNotFound" | "ResourceNotFound" => Kind::NoObject,
        "InvalidBlockList" => Kind::NoUpload,
        "ConditionNotMet" | "SourceConditionNotMet" | "BlobAlreadyExists" => Kind::Condition,
        "RequestBodyTooLarge" | "RequestEntityTooLarge" => Kind::TooLarge,
        "BlockCountExceedsLimit" => Kind::TooManyBlocks,
        "InvalidResourceName" => Kind::BadBucketName,
        "BlobArchived" | "BlobBeingRehydrated" => Kind::Archived,
        "InvalidHeaderValue"
        | "UnsupportedHeader"
        | "InvalidMd5"
        | "InvalidCrc64"
        | "NotImplemented"
        | "FeatureNotSupported"
        | "APINotImplemented" => Kind::Features,
        // A lease is no condition of ours.
        "LeaseIdMissing" => Kind::Other,
        _ if status == 401 => Kind::Expired,
        "" if status == 404 => Kind::NoObject,
        _ => Kind::of_status(status),
    }
}

/// What is wrong with a signature, which only its explanation says; the explanation is not for people's eyes.
fn authentication(detail: &str) -> Kind {
    if detail.contains("not valid in the specified time frame")
        || detail.contains("Lifetime validation failed")
    {
        Kind::Expired
    } else if detail.contains("date header") {
        Kind::Skewed
    } else {
        Kind::WrongSecret
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn refusal(status: u16, code: &str, detail: &str) -> Complaint {
        let body = format!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>No.\nRequestId:1\nTime:2</Message><AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail></Error>"
        );
        read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
    }

    #[rstest]
    #[case(503, "ServerBusy", Kind::SlowDown)]
    #[case(500, "OperationTimedOut", Kind::Passing)]
    #[case(500, "InternalError", Kind::Passing)]
    #[case(502, "", Kind::Passing)]
    #[case(503, "", Kind::SlowDown)]
    #[case(400, "Crc64Mismatch", Kind::Damaged)]
    #[case(401, "InvalidAuthenticationInfo", Kind::Expired)]
    #[case(401, "", Kind::Expired)]
    #[case(403, "AuthorizationPermissionMismatch", Kind::Denied)]
    #[case(403, "", Kind::Denied)]
    #[case(404, "ContainerNotFound", Kind::NoBucket)]
    #[case(404, "BlobNotFound", Kind::NoObject)]
    #[case(404, "", Kind::NoObject)]
    #[case(400, "InvalidBlockList", Kind::NoUpload)]
    #[case(412, "ConditionNotMet", Kind::Condition)]
    #[case(412, "LeaseIdMissing", Kind::Other)]
    #[case(413, "RequestBodyTooLarge", Kind::TooLarge)]
    #[case(409, "BlockCountExceedsLimit", Kind::TooManyBlocks)]
    #[case(409, "BlobArchived", Kind::Archived)]
    #[case(400, "UnsupportedHeader", Kind::Features)]
    #[case(409, "SnapshotsPresent", Kind::Other)]
    fn codes(#[case] status: u16, #[case] code: &str, #[case] kind: Kind) {
        assert_eq!(refusal(status, code, "").kind, kind);
    }

    #[rstest]
    #[case("The MAC signature found in the HTTP request 'x' is not the same", Kind::WrongSecret)]
    #[case("Request date header too old: 'Thu, 12 Oct 2023 08:32:18 GMT'", Kind::Skewed)]
    #[case("Signature not valid in the specified time frame: Start [..]", Kind::Expired)]
    fn what_is_wrong_with_a_signature(#[case] detail: &str, #[case] kind: Kind) {
        let complaint = refusal(403, "AuthenticationFailed", detail);
        assert_eq!((complaint.kind, complaint.shown().as_str()), (kind, "AuthenticationFailed: No"));
    }

    #[test]
    fn the_header_that_is_refused_is_named() {
        let body = b"<Error><Code>InvalidHeaderValue</Code><Message>One of the headers is wrong.</Message><HeaderName>x-ms-access-tier</HeaderName></Error>";
        let shown = read(StatusCode::BAD_REQUEST, &HeaderMap::new(), body).shown();
        assert_eq!(shown, "InvalidHeaderValue: One of the headers is wrong (x-ms-access-tier)");
    }

    #[test]
    fn an_answer_without_a_document_says_its_code_in_a_header() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-error-code", "ContainerNotFound".parse().unwrap());
        assert_eq!(read(StatusCode::NOT_FOUND, &headers, b"").kind, Kind::NoBucket);
    }
}
