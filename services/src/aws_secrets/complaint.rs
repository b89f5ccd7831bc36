//! What these services say when they refuse, and what can be done about it.
//!
//! Source: "AWS JSON 1.1 protocol" of the Smithy documentation: the error's name is in `__type`, `code` or the header
//! `x-amzn-errortype`, in each of them perhaps with a namespace before a `#` and an address after a `:`.

use adt_net::said_by;
use http::StatusCode;
use serde_json::Value;

use super::attempt::Answer;

/// A refusal as the server put it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) status: u16,
    /// The error's bare name, such as `ParameterNotFound`; empty when there is none.
    pub(super) code: String,
    pub(super) message: String,
}

/// What to do after an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Ask again later.
    Again,
    /// Get fresh credentials, then ask again.
    Refresh,
    /// Nothing.
    None,
}

impl Complaint {
    pub(super) fn read(answer: &Answer) -> Self {
        let document: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let text = |names: &[&str]| {
            names.iter().find_map(|name| document.as_ref()?.get(name)?.as_str()).map(str::to_owned)
        };
        let header = || Some(answer.headers.get("x-amzn-errortype")?.to_str().ok()?.to_owned());
        let code = text(&["__type", "code"]).or_else(header).unwrap_or_default();
        Self {
            status: answer.status.as_u16(),
            code: said_by(&answer.hidden, bare(&code)),
            message: said_by(&answer.hidden, &text(&["message", "Message"]).unwrap_or_default()),
        }
    }

    pub(super) fn cure(&self) -> Cure {
        match self.code.as_str() {
            "ThrottlingException"
            | "Throttling"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "InternalServerError"
            | "InternalServiceError"
            | "InternalFailure"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "RequestTimeout" => return Cure::Again,
            "ExpiredTokenException" | "ExpiredToken" | "InvalidToken" | "RequestExpired" => {
                return Cure::Refresh;
            }
            _ => {}
        }
        match self.status {
            408 | 429 | 500 | 502..=504 => Cure::Again,
            _ => Cure::None,
        }
    }

    /// For people: `ParameterNotFound: no such thing`, `HTTP 502 Bad Gateway`.
    pub(super) fn shown(&self) -> String {
        match (self.code.is_empty(), self.message.is_empty()) {
            (false, false) => format!("{}: {}", self.code, self.message),
            (false, true) => self.code.clone(),
            (true, _) => {
                let reason = StatusCode::from_u16(self.status).ok().and_then(|s| s.canonical_reason());
                format!("HTTP {} {}", self.status, reason.unwrap_or_default()).trim_end().to_owned()
            }
        }
    }
}

/// An error's name without its namespace and its address.
fn bare(code: &str) -> &str {
    let code = code.rsplit('#').next().unwrap_or_default();
    code.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(status: u16, header: Option<&str>, body: &str) -> Complaint {
        let mut headers = http::HeaderMap::new();
        if let Some(value) = header {
            headers.insert("x-amzn-errortype", value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        Complaint::read(&Answer {
            status,
            headers,
            body: body.into(),
            hidden: adt_model::Redactor::default(),
        })
    }

    #[rstest]
    #[case(None, r#"{"__type":"ParameterNotFound"}"#, "ParameterNotFound")]
    #[case(
        None,
        r#"{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"m."}"#,
        "ParameterNotFound: m"
    )]
    #[case(None, r#"{"__type":"AccessDeniedException","Message":"a\nb"}"#, "AccessDeniedException: a b")]
    #[case(Some("ThrottlingException:http://internal.amazon.com/"), "{}", "ThrottlingException")]
    #[case(None, "<html>canary</html>", "HTTP 400 Bad Request")]
    #[case(None, r#"{"__type": 7, "message": ["canary"]}"#, "HTTP 400 Bad Request")]
    #[case(None, r#"["__type"]"#, "HTTP 400 Bad Request")]
    fn the_bare_name_is_found_in_every_form(
        #[case] header: Option<&str>,
        #[case] body: &str,
        #[case] shown: &str,
    ) {
        assert_eq!(read(400, header, body).shown(), shown);
    }

    #[rstest]
    #[case(400, "ThrottlingException", Cure::Again)]
    #[case(400, "RequestLimitExceeded", Cure::Again)]
    #[case(500, "InternalServerError", Cure::Again)]
    #[case(429, "", Cure::Again)]
    #[case(502, "", Cure::Again)]
    #[case(400, "ExpiredTokenException", Cure::Refresh)]
    #[case(400, "ParameterNotFound", Cure::None)]
    #[case(400, "AccessDeniedException", Cure::None)]
    #[case(404, "", Cure::None)]
    #[case(501, "", Cure::None)]
    fn cures(#[case] status: u16, #[case] code: &str, #[case] cure: Cure) {
        assert_eq!(Complaint { status, code: code.into(), ..Complaint::default() }.cure(), cure);
    }
}
