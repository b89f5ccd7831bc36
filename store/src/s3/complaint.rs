//! What a server says when it refuses, and what can be done about it.

use adt_net::{one_line, xml::Element};
use http::{HeaderMap, StatusCode};

use super::request::header;

/// A refusal as the server put it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) status: u16,
    /// The machine's word, such as `SlowDown`; empty when the answer had no document.
    pub(crate) code: String,
    pub(crate) message: String,
    /// Where the bucket is, when the answer says so.
    pub(crate) region: Option<String>,
    /// The server's clock, when the clocks differ too much.
    pub(crate) server_time: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// What to do after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    /// Ask again later, and less often.
    SlowDown,
    /// Ask again.
    Again,
    /// The bytes arrived damaged; send them again.
    SendAgain,
    /// Get fresh credentials, then ask again.
    Refresh,
    /// Ask in the bucket's own region.
    Move,
    /// Nothing.
    None,
}

impl Complaint {
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let document = Element::parse(body).ok();
        // Some services wrap the error into an envelope.
        let error = document.as_ref().map(|root| root.child("Error").unwrap_or(root));
        let value = |name: &str| error.and_then(|e| e.value(name)).map(str::to_owned);
        let message = value("Message").unwrap_or_default();
        let region = header(headers, "x-amz-bucket-region").map(str::to_owned).or_else(|| value("Region"));
        Self {
            status: status.as_u16(),
            code: value("Code").unwrap_or_default(),
            region: region.or_else(|| expected_region(&message)),
            message: one_line(&message),
            server_time: value("ServerTime"),
            request_id: header(headers, "x-amz-request-id").map(str::to_owned).or_else(|| value("RequestId")),
        }
    }

    /// A server that answers with a whole object where a piece was asked for.
    pub(crate) fn no_ranges() -> Self {
        let message = "the server sends the whole object where a range of it was asked for".to_owned();
        Self { status: 200, message, ..Self::default() }
    }

    pub(crate) fn cure(&self) -> Cure {
        match self.code.as_str() {
            "SlowDown"
            | "Throttling"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "TooManyRequests"
            | "ServiceUnavailable"
            | "Busy" => return Cure::SlowDown,
            "RequestTimeout" | "InternalError" | "OperationAborted" | "IncompleteBody" => return Cure::Again,
            "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => {
                return Cure::SendAgain;
            }
            "ExpiredToken" | "TokenRefreshRequired" | "InvalidToken" | "RequestExpired" => {
                return Cure::Refresh;
            }
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException" => return Cure::Move,
            _ => {}
        }
        match self.status {
            429 | 503 => Cure::SlowDown,
            408 | 500 | 502 | 504 => Cure::Again,
            301 | 307 => Cure::Move,
            // An answer to HEAD has no document; the header alone tells this from other bad requests.
            400 if self.code.is_empty() && self.region.is_some() => Cure::Move,
            400 if self.code.is_empty() => Cure::Refresh,
            _ => Cure::None,
        }
    }

    /// The server does not know a header or an argument that we would like it to.
    pub(crate) fn is_about_features(&self) -> bool {
        self.status == 501
            || matches!(
                self.code.as_str(),
                "InvalidRequest"
                    | "NotImplemented"
                    | "InvalidArgument"
                    | "UnsupportedArgument"
                    | "MethodNotAllowed"
            )
    }

    /// For people: `SlowDown: reduce your request rate`.
    pub(crate) fn shown(&self) -> String {
        match (self.code.is_empty(), self.message.is_empty()) {
            (false, false) => format!("{}: {}", self.code, self.message),
            (false, true) => self.code.clone(),
            (true, false) => self.message.clone(),
            (true, true) => {
                let reason = StatusCode::from_u16(self.status).ok().and_then(|s| s.canonical_reason());
                format!("HTTP {} {}", self.status, reason.unwrap_or_default()).trim_end().to_owned()
            }
        }
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
    use rstest::rstest;

    fn read(status: u16, body: &str) -> Complaint {
        Complaint::read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes())
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
        assert_eq!(read(status, &body).cure(), cure);
    }

    #[test]
    fn the_right_region_is_found_in_words_and_in_the_header() {
        let words = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The region 'us-east-1' is wrong; expecting 'us-west-2'</Message></Error>";
        assert_eq!(read(400, words).region.as_deref(), Some("us-west-2"));
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-bucket-region", "eu-west-1".parse().unwrap());
        let silent = Complaint::read(StatusCode::BAD_REQUEST, &headers, b"");
        assert_eq!((silent.region.as_deref(), silent.cure()), (Some("eu-west-1"), Cure::Move));
    }

    #[rstest]
    #[case(503, "<html><body>gateway</body></html>", "HTTP 503 Service Unavailable")]
    #[case(400, "\u{0}\u{1}", "HTTP 400 Bad Request")]
    #[case(403, "<Error><Code>X</Code><Message>a\nb.</Message></Error>", "X: a b")]
    fn any_answer_is_shown_on_one_line(#[case] status: u16, #[case] body: &str, #[case] shown: &str) {
        assert_eq!(read(status, body).shown(), shown);
    }
}
