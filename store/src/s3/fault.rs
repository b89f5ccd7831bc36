//! A server's refusals, and a network's, as faults that say what a person can do.

use adt_model::{Class, Fault};
use adt_net::{Said, connect, reqwest};

use super::{complaint::Complaint, request::Deed};

/// A request that has failed for good: the fault for people, the complaint for the code that sent it.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) complaint: Option<Complaint>,
    pub(crate) fault: Fault,
}

impl Trouble {
    pub(crate) fn code(&self) -> &str {
        self.complaint.as_ref().map_or("", |c| c.code.as_str())
    }

    pub(crate) fn status(&self) -> u16 {
        self.complaint.as_ref().map_or(0, |c| c.status)
    }

    /// The server does not know something that we would like it to.
    pub(crate) fn is_about_features(&self) -> bool {
        self.complaint.as_ref().is_some_and(Complaint::is_about_features)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self { complaint: None, fault }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        trouble.fault
    }
}

/// What a fault's text needs to know about the request.
pub(crate) struct Scene<'a> {
    pub(crate) deed: Deed,
    /// `s3://bucket/key`.
    pub(crate) target: String,
    pub(crate) bucket: &'a str,
    /// The server, for people.
    pub(crate) server: &'a str,
    /// Where the credentials came from.
    pub(crate) identity: &'a str,
    /// Our clock, for people.
    pub(crate) now: String,
    /// `3 tries in 181 s`; empty for a refusal that was not tried again.
    pub(crate) tries: String,
}

impl Scene<'_> {
    fn what(&self) -> String {
        let tries = if self.tries.is_empty() { String::new() } else { format!(" ({})", self.tries) };
        format!("cannot {} `{}`{tries}", self.deed.words(), self.target)
    }

    /// The fault for a refusal.
    pub(crate) fn refused(&self, complaint: &Complaint) -> Fault {
        let (class, help) = self.judge(complaint);
        let fault = Fault::new(class, self.what()).because(Said(self.said(complaint)));
        match help {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    fn said(&self, complaint: &Complaint) -> String {
        match (&*complaint.code, &complaint.server_time) {
            ("RequestTimeTooSkewed", Some(time)) => {
                format!("{} (here it is {}, there {time})", complaint.shown(), self.now)
            }
            _ => match &complaint.request_id {
                // It helps those who run the server to find out more.
                Some(id) if complaint.status >= 500 || complaint.code.is_empty() => {
                    format!("{} (request {id})", complaint.shown())
                }
                _ => complaint.shown(),
            },
        }
    }

    fn judge(&self, complaint: &Complaint) -> (Class, Option<String>) {
        let Self { bucket, identity, server, .. } = self;
        match complaint.code.as_str() {
            "NoSuchBucket" => (
                Class::Missing,
                Some(format!("check the name of bucket `{bucket}`, or create it first; asked {server}")),
            ),
            "NoSuchKey" | "NoSuchUpload" | "NoSuchVersion" => (Class::Missing, None),
            "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => {
                (Class::Refused, Some(self.permission()))
            }
            "InvalidAccessKeyId" | "UnrecognizedClientException" | "InvalidClientTokenId" => (
                Class::Refused,
                Some(format!(
                    "the access key from {identity} is not known to {server}; check it, or AWS_PROFILE"
                )),
            ),
            "SignatureDoesNotMatch" => (
                Class::Refused,
                Some(format!("the secret key from {identity} is not the one that belongs to its access key")),
            ),
            "ExpiredToken" | "TokenRefreshRequired" | "InvalidToken" | "RequestExpired" => (
                Class::Refused,
                Some(format!(
                    "the credentials from {identity} have expired; get new ones (such as `aws sso login`), then run the same command again"
                )),
            ),
            "RequestTimeTooSkewed" => (Class::Refused, Some("set this machine's clock".into())),
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect" => (
                Class::Refused,
                Some(match &complaint.region {
                    Some(region) => format!("the bucket is in region {region}: set AWS_REGION={region}"),
                    None => "set AWS_REGION to the bucket's region".into(),
                }),
            ),
            "EntityTooLarge" => {
                (Class::Refused, Some("the server takes no object or part of this size".into()))
            }
            "InvalidBucketName" => {
                (Class::BadInput, Some(format!("`{bucket}` is not a bucket's name there")))
            }
            "KeyTooLongError" => (Class::BadInput, Some("shorten the names of the folders".into())),
            "QuotaExceeded" | "XMinioStorageFull" => {
                (Class::Refused, Some("free some space there, then run the same command again".into()))
            }
            _ => (class_by_status(complaint.status), self.help_by_status(complaint.status)),
        }
    }

    fn help_by_status(&self, status: u16) -> Option<String> {
        match status {
            401 | 403 => Some(self.permission()),
            301 | 307 => Some("set AWS_REGION to the bucket's region".into()),
            400 => Some(format!("the credentials from {} may have expired", self.identity)),
            _ => None,
        }
    }

    fn permission(&self) -> String {
        let (permission, bucket, identity) = (self.deed.permission(), self.bucket, self.identity);
        format!("`{permission}` on bucket `{bucket}` must be allowed for the credentials from {identity}")
    }

    /// The fault for a connection that could not be had, or broke.
    pub(crate) fn unreachable(&self, error: reqwest::Error) -> Fault {
        connect::unreachable(self.what(), self.server, error)
    }

    /// The fault for an answer that did not come in time.
    pub(crate) fn late(&self, seconds: u64) -> Fault {
        let said = Said(format!("no answer from {} within {seconds} s", self.server));
        Fault::new(Class::Transient, self.what()).because(said)
    }

    /// The fault for bytes that do not arrive as they are sent.
    pub(crate) fn damaged(&self, times: u32) -> Fault {
        let said = Said(format!("{} found another checksum than was sent, {times} times", self.server));
        Fault::new(Class::Corrupt, self.what()).because(said)
    }
}

fn class_by_status(status: u16) -> Class {
    match status {
        404 => Class::Missing,
        408 | 429 | 500 | 502..=504 => Class::Transient,
        _ => Class::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn scene() -> Scene<'static> {
        Scene {
            deed: Deed::Put,
            target: "s3://data/a".into(),
            bucket: "data",
            server: "https://s3.example",
            identity: "profile `lab`",
            now: "2026-01-01T00:00:00Z".into(),
            tries: String::new(),
        }
    }

    #[rstest]
    #[case("NoSuchBucket", 404, Class::Missing, "bucket `data`")]
    #[case("NoSuchKey", 404, Class::Missing, "")]
    #[case(
        "AccessDenied",
        403,
        Class::Refused,
        "`s3:PutObject` on bucket `data` must be allowed for the credentials from profile `lab`"
    )]
    #[case("InvalidAccessKeyId", 403, Class::Refused, "profile `lab`")]
    #[case("SignatureDoesNotMatch", 403, Class::Refused, "profile `lab`")]
    #[case("ExpiredToken", 400, Class::Refused, "get new ones")]
    #[case("RequestTimeTooSkewed", 403, Class::Refused, "clock")]
    #[case("PermanentRedirect", 301, Class::Refused, "AWS_REGION")]
    #[case("EntityTooLarge", 400, Class::Refused, "size")]
    #[case("InvalidBucketName", 400, Class::BadInput, "`data`")]
    #[case("SlowDown", 503, Class::Transient, "")]
    #[case("", 403, Class::Refused, "s3:PutObject")]
    #[case("", 500, Class::Transient, "")]
    #[case("Whatever", 409, Class::Refused, "")]
    fn refusals(#[case] code: &str, #[case] status: u16, #[case] class: Class, #[case] help: &str) {
        let complaint = Complaint { code: code.into(), status, ..Complaint::default() };
        let fault = scene().refused(&complaint);
        assert_eq!(fault.class(), class);
        assert!(fault.advice().unwrap_or_default().contains(help), "{:?}", fault.advice());
        assert!(fault.line().starts_with("cannot put `s3://data/a`: "), "{}", fault.line());
    }

    #[test]
    fn clocks_that_differ_are_both_shown() {
        let complaint = Complaint {
            code: "RequestTimeTooSkewed".into(),
            server_time: Some("2027-01-01T00:00:00Z".into()),
            ..Complaint::default()
        };
        let line = scene().refused(&complaint).line();
        assert!(line.contains("2026-01-01T00:00:00Z") && line.contains("2027-01-01T00:00:00Z"), "{line}");
    }

    #[test]
    fn how_often_it_was_tried_is_said() {
        let scene = Scene { tries: "9 tries in 180 s".into(), ..scene() };
        assert_eq!(
            scene.late(30).line(),
            "cannot put `s3://data/a` (9 tries in 180 s): no answer from https://s3.example within 30 s"
        );
    }
}
